//! Whose error it is.

use super::*;
use crate::live::Challenge;
use crate::model::{CreateChallenge, MatchId, TauntId};

const CHALLENGE_CREATED: &str = r#"{"type":"challenge_created","challenge_id":"challenge-uuid","game_type":"coinflip","wager_lamports":50000000}"#;

impl Stage {
    fn challenge(&mut self) -> oneshot::Receiver<Result<Challenge>> {
        let request = CreateChallenge::new(GameType::Coinflip, "0.05 SOL".parse().unwrap());
        self.ask(|reply| Command::CreateChallenge { request, reply })
    }

    fn resign(&mut self, id: &str) -> oneshot::Receiver<Result<()>> {
        let match_id = MatchId::from(id);
        self.ask(|reply| Command::Resign { match_id, reply })
    }

    fn taunt(&mut self, id: &str) -> oneshot::Receiver<Result<()>> {
        let match_id = MatchId::from(id);
        self.ask(|reply| Command::Taunt { match_id, taunt: TauntId::Gg, reply })
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_two_commands_may_have_caused_is_nobodys_until_one_is_answered() {
    for queue_first in [true, false] {
        let mut stage = Stage::ready();
        let (mut joining, mut creating) = (stage.join(), stage.challenge());
        stage.0.events();
        stage.hear(error("invalid_wager"));
        assert!(joining.try_recv().is_err() && creating.try_recv().is_err());
        assert!(is_told(&stage.0.events(), |event| matches!(event, Event::Error(_))), "but it is told");
        // One of them was right, so the other was not.
        let code = if queue_first {
            stage.hear(QUEUE_JOINED);
            joining.try_recv().unwrap().unwrap();
            creating.try_recv().unwrap().unwrap_err()
        } else {
            stage.hear(CHALLENGE_CREATED);
            creating.try_recv().unwrap().unwrap();
            joining.try_recv().unwrap().unwrap_err()
        };
        assert_eq!(code.platform_code_str(), Some("invalid_wager"));
    }
    // Neither is answered: each is told what it may have been.
    let mut stage = Stage::ready();
    let (mut joining, _creating) = (stage.join(), stage.challenge());
    stage.hear(error("invalid_wager"));
    stage.0.pass(ANSWER).await;
    let unanswered = joining.try_recv().unwrap().unwrap_err();
    assert_eq!(unanswered.code(), &codes::CALL_TIMEOUT);
    assert!(unanswered.chain().to_string().contains("so it is"), "{}", unanswered.chain());
}

#[tokio::test(start_paused = true)]
async fn an_error_that_no_waiting_command_can_have_caused_reaches_the_bot_alone() {
    let mut stage = Stage::ready();
    let (mut joining, mut creating) = (stage.join(), stage.challenge());
    for code in ["unknown_challenge", "not_your_turn", "invalid_move", "unknown_match", "not_queued"] {
        stage.0.events();
        stage.hear(error(code));
        assert!(is_told(&stage.0.events(), |event| matches!(event, Event::Error(_))), "{code}");
        assert!(joining.try_recv().is_err() && creating.try_recv().is_err(), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_resignation_is_answered_by_the_end_of_the_match() {
    let mut stage = Stage::playing("m-1");
    let mut resigning = stage.resign("m-1");
    assert_eq!(stage.written(), [r#"{"type":"resign","match_id":"m-1"}"#]);
    assert!(resigning.try_recv().is_err());
    stage.hear(game_over("m-1"));
    resigning.try_recv().unwrap().unwrap();
    stage.resign("m-1").try_recv().unwrap().unwrap();
    assert!(stage.written().is_empty(), "what is over is not resigned");

    let mut refused = stage.resign("m-2");
    stage.hear(error("not_your_match"));
    assert_eq!(refused.try_recv().unwrap().unwrap_err().platform_code_str(), Some("not_your_match"));
    let mut unanswered = stage.resign("m-2");
    stage.0.pass(ANSWER).await;
    assert_eq!(unanswered.try_recv().unwrap().unwrap_err().code(), &codes::CALL_TIMEOUT);
    let (mut two, mut three) = (stage.resign("m-2"), stage.resign("m-3"));
    stage.hear(error("unknown_match"));
    assert!(two.try_recv().is_err() && three.try_recv().is_err(), "either may be meant");
}

#[tokio::test(start_paused = true)]
async fn a_resignation_survives_the_connection() {
    let mut stage = Stage::playing("m-1");
    let mut resigning = stage.resign("m-1");
    stage.0.lose(lost());
    stage.written();
    let mut again = stage.resign("m-1");
    assert!(stage.written().is_empty());
    stage.reconnect();
    assert_eq!(stage.written(), [r#"{"type":"resign","match_id":"m-1"}"#]);
    stage.hear(game_over("m-1"));
    resigning.try_recv().unwrap().unwrap();
    again.try_recv().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_second_taunt_of_a_round_is_refused_before_it_is_sent() {
    let mut stage = Stage::playing("m-1");
    stage.hear(your_turn("m-1", 1));
    stage.taunt("m-1").try_recv().unwrap().unwrap();
    assert_eq!(stage.written(), [r#"{"type":"send_taunt","match_id":"m-1","taunt_id":"gg"}"#]);
    let refused = stage.taunt("m-1").try_recv().unwrap().unwrap_err();
    assert_eq!((refused.code(), refused.sent()), (&codes::LIMIT_REACHED, Sent::No));
    assert_eq!(refused.field(), Some("taunt_id"));
    // A tie that is replayed under the same number is the same round.
    stage.hear(round_result("m-1"));
    stage.taunt("m-1").try_recv().unwrap().unwrap();
    stage.hear(your_turn("m-1", 2));
    assert!(stage.taunt("m-1").try_recv().unwrap().is_err());
    assert_eq!(stage.taunt("m-2").try_recv().unwrap().unwrap_err().field(), Some("match_id"));
    stage.0.lose(lost());
    stage.0.events();
    stage.written();
    stage.reconnect();
    stage.hear(your_turn("m-1", 3));
    stage.0.lose(lost());
    assert_eq!(stage.taunt("m-1").try_recv().unwrap().unwrap_err().code(), &codes::NOT_CONNECTED);
    stage.reconnect();
    stage.taunt("m-1").try_recv().unwrap().unwrap();
}
