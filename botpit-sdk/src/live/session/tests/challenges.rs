//! Challenges. The frames are the spec's ("Challenges"), with ids of their own; the lobby's list is the spec's too.

use sdk_core::clock::Instant;
use tokio::sync::oneshot::Receiver;

use super::*;
use crate::live::lookup::{Answer, MatchFacts};
use crate::live::{Challenge, ChallengeAccepted};
use crate::model::{AgentId, ChallengeId, CreateChallenge, MatchId, OpenChallenge};

const CREATE: &str = r#"{"type":"create_challenge","game_type":"coinflip","wager_lamports":50000000}"#;
const CREATED: &str = r#"{"type":"challenge_created","challenge_id":"challenge-uuid","game_type":"coinflip","wager_lamports":50000000}"#;
const ACCEPT: &str = r#"{"type":"accept_challenge","challenge_id":"challenge-uuid"}"#;
const ACCEPTED: &str =
    r#"{"type":"challenge_accepted","challenge_id":"challenge-uuid","match_id":"match-uuid"}"#;
const CANCEL: &str = r#"{"type":"cancel_challenge","challenge_id":"challenge-uuid"}"#;
const CANCELLED: &str = r#"{"type":"challenge_cancelled","challenge_id":"challenge-uuid"}"#;
const ME: &str = "550e8400-e29b-41d4-a716-446655440000";

fn coinflip_found(id: &str) -> String {
    match_found(id).replace(r#""rps""#, r#""coinflip""#).replace("10000000", "50000000")
}

/// The spec's list (`GET /api/v1/challenges`), with the bot as its creator.
fn lobby(ids: &[&str]) -> Vec<OpenChallenge> {
    let entries: Vec<String> = ids
        .iter()
        .map(|id| {
            format!(
                r#"{{"id":"{id}","creator_id":"{ME}","creator_name":"AlphaBot","game_type":"coinflip","wager_lamports":50000000,"created_at":1709500000}}"#
            )
        })
        .collect();
    serde_json::from_str(&format!("[{}]", entries.join(","))).unwrap()
}

fn id() -> ChallengeId {
    ChallengeId::from("challenge-uuid")
}

impl Stage {
    fn create(&mut self) -> Receiver<Result<Challenge>> {
        let request = CreateChallenge::new(GameType::Coinflip, "0.05 SOL".parse().unwrap());
        self.ask(|reply| Command::CreateChallenge { request, reply })
    }

    fn accept(&mut self) -> Receiver<Result<ChallengeAccepted>> {
        self.ask(|reply| Command::AcceptChallenge { id: id(), reply })
    }

    fn cancel(&mut self) -> Receiver<Result<()>> {
        self.ask(|reply| Command::CancelChallenge { id: id(), reply })
    }

    fn challenging() -> Self {
        let mut stage = Self::ready();
        let mut creating = stage.create();
        stage.hear(CREATED);
        assert_eq!(creating.try_recv().unwrap().unwrap().id, id());
        assert_eq!(stage.written(), [CREATE]);
        stage.0.events();
        stage
    }

    /// The lobby shows these.
    fn show(&mut self, connection: u64, ids: &[&str]) {
        assert_eq!(self.questions(), [Lookup::Challenges { connection }]);
        let open = Ok(lobby(ids));
        self.0.command(Command::Answered(Answer::Challenges { connection, open }));
    }
}

fn created(events: &[Event]) -> Option<&Challenge> {
    events.iter().find_map(|event| match event {
        Event::ChallengeCreated(challenge) => Some(challenge),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn each_command_is_the_specs_and_waits_for_its_answer() {
    let mut stage = Stage::ready();
    let mut creating = stage.create();
    assert!(creating.try_recv().is_err());
    stage.hear(CREATED);
    let challenge = creating.try_recv().unwrap().unwrap();
    assert_eq!((challenge.id, challenge.game_type), (id(), Some(GameType::Coinflip)));
    let mut cancelling = stage.cancel();
    assert!(cancelling.try_recv().is_err());
    stage.hear(CANCELLED);
    cancelling.try_recv().unwrap().unwrap();
    let mut accepting = stage.accept();
    assert!(accepting.try_recv().is_err());
    stage.hear(ACCEPTED);
    assert_eq!(accepting.try_recv().unwrap().unwrap().match_id, Some(MatchId::from("match-uuid")));
    assert_eq!(stage.written(), [CREATE, CANCEL, ACCEPT]);
    let told = stage.0.events();
    assert!(is_told(&told, |event| matches!(event, Event::ChallengeCreated(_))));
    assert!(is_told(&told, |event| matches!(event, Event::ChallengeCancelled { .. })));
    assert!(is_told(&told, |event| matches!(event, Event::ChallengeAccepted(_))));
}

#[tokio::test(start_paused = true)]
async fn a_match_of_a_challenge_does_not_take_the_place_in_the_queue() {
    let mut stage = Stage::challenging();
    let mut joining = stage.join();
    assert_eq!(stage.written(), [JOIN_QUEUE]);
    stage.hear(ACCEPTED);
    // Even when it is for the very game that is queued for.
    stage.hear(match_found("match-uuid"));
    let told = stage.0.events();
    let found = told.iter().find_map(|event| match event {
        Event::MatchFound(found) => Some((found.challenge_id.clone(), found.above_queued)),
        _ => None,
    });
    assert_eq!(found, Some((Some(id()), None)));
    assert!(joining.try_recv().is_err());
    stage.hear(QUEUE_JOINED);
    assert_eq!(joining.try_recv().unwrap().unwrap().position, Some(1));
    stage.hear(game_over("match-uuid"));
    stage.0.lose(lost());
    stage.reconnect();
    stage.0.pass(GRACE).await;
    assert_eq!(stage.written(), [JOIN_QUEUE], "the wish is there still");
    // Nor when the place was confirmed before, whatever of the match is heard first.
    for first in [match_found("m-2"), your_turn("m-2", 1)] {
        let mut stage = Stage::queued();
        stage.hear(ACCEPTED.replace("match-uuid", "m-2"));
        stage.hear(first);
        let mut joining = stage.join();
        assert_eq!(joining.try_recv().unwrap().unwrap().position, Some(1), "the place is there still");
        assert!(stage.written().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn neither_does_one_that_was_accepted_without_a_match_id() {
    let mut stage = Stage::challenging();
    let mut joining = stage.join();
    stage.hear(r#"{"type":"challenge_accepted","challenge_id":"challenge-uuid"}"#);
    stage.hear(coinflip_found("m-1"));
    assert!(joining.try_recv().is_err());
    stage.hear(match_found("m-2"));
    joining.try_recv().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_challenge_command_is_under_way_at_a_time_so_that_errors_find_their_way() {
    let mut stage = Stage::ready();
    let (mut first, mut second, mut accepting) = (stage.create(), stage.create(), stage.accept());
    assert_eq!(stage.written(), [CREATE]);
    stage.hear(error("invalid_wager"));
    let refused = first.try_recv().unwrap().unwrap_err();
    assert_eq!(refused.platform_code_str(), Some("invalid_wager"));
    assert!(second.try_recv().is_err());
    assert_eq!(stage.written(), [CREATE]);
    stage.hear(CREATED);
    second.try_recv().unwrap().unwrap();
    assert_eq!(stage.written(), [ACCEPT]);
    stage.hear(error("unknown_challenge"));
    assert_eq!(accepting.try_recv().unwrap().unwrap_err().code(), &codes::REJECTED);
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_a_command_ends_and_the_next_begins() {
    let mut stage = Stage::ready();
    let (mut first, _second) = (stage.create(), stage.create());
    stage.written();
    stage.0.pass(ANSWER).await;
    let unanswered = first.try_recv().unwrap().unwrap_err();
    assert_eq!((unanswered.code(), unanswered.sent()), (&codes::CALL_TIMEOUT, Sent::Maybe));
    assert_eq!(stage.written(), [CREATE]);
}

#[tokio::test(start_paused = true)]
async fn an_open_challenge_is_made_again_only_when_the_lobby_does_not_show_it() {
    for is_shown in [true, false] {
        let mut stage = Stage::challenging();
        stage.0.lose(lost());
        stage.reconnect();
        assert!(stage.questions().is_empty(), "a match may turn up first");
        stage.0.pass(GRACE).await;
        stage.show(2, if is_shown { &["challenge-uuid"] } else { &[] });
        if is_shown {
            stage.0.pass(LOST_AFTER * 3).await;
            assert!(stage.written().is_empty());
            continue;
        }
        assert_eq!(stage.written(), [CREATE]);
        stage.0.events();
        stage.hear(CREATED.replace("challenge-uuid", "challenge-2"));
        let told = stage.0.events();
        let made = created(&told).unwrap();
        assert_eq!((made.id.as_str(), &made.replaces), ("challenge-2", &Some(id())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lobby_that_cannot_be_seen_makes_nothing_again_and_is_asked_later() {
    let mut stage = Stage::challenging();
    stage.0.lose(lost());
    stage.reconnect();
    stage.0.pass(GRACE).await;
    assert_eq!(stage.questions().len(), 1);
    let open = Err(lost());
    stage.0.command(Command::Answered(Answer::Challenges { connection: 2, open }));
    assert!(stage.written().is_empty());
    stage.0.pass(LOST_AFTER).await;
    stage.show(2, &[]);
    assert_eq!(stage.written(), [CREATE]);
}

#[tokio::test(start_paused = true)]
async fn a_lobby_of_an_earlier_connection_says_nothing() {
    let mut stage = Stage::challenging();
    stage.0.lose(lost());
    stage.reconnect();
    stage.0.pass(GRACE).await;
    stage.0.lose(lost());
    stage.reconnect();
    stage.show(2, &[]);
    assert!(stage.written().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_was_accepted_during_the_outage_is_not_made_again() {
    let mut stage = Stage::challenging();
    stage.0.lose(lost());
    stage.reconnect();
    stage.hear(coinflip_found("m-1"));
    stage.0.pass(GRACE).await;
    assert!(stage.questions().is_empty() && stage.written().is_empty(), "it is known where it went");

    // The same, when only a turn of the match tells of it: REST knows what it is for.
    for knows in [true, false] {
        let mut stage = Stage::challenging();
        stage.0.lose(lost());
        stage.reconnect();
        stage.hear(opponent_moved("m-1"));
        stage.0.pass(GRACE).await;
        assert_eq!(stage.questions(), [Lookup::Match("m-1".into())]);
        let facts = MatchFacts {
            game_type: GameType::Coinflip,
            wager: "0.05 SOL".parse().unwrap(),
            agent_a: AgentId::from(ME),
            agent_b: AgentId::from("agent-uuid-b"),
        };
        let facts = if knows { Ok(facts) } else { Err(lost()) };
        stage.0.command(Command::Answered(Answer::Match("m-1".into(), facts)));
        stage.0.pass(GRACE).await;
        if knows {
            assert!(stage.questions().is_empty());
        } else {
            stage.show(2, &[]);
        }
        assert!(stage.written().is_empty(), "nothing is staked twice, whether REST knows ({knows}) or not");
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_that_has_nothing_to_do_with_a_challenge_does_not_keep_it_from_being_made_again() {
    let mut stage = Stage::challenging();
    stage.0.lose(lost());
    stage.reconnect();
    stage.hear(match_found("m-1"));
    stage.0.pass(GRACE).await;
    stage.show(2, &[]);
    assert_eq!(stage.written(), [CREATE]);
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_lost_is_found_in_the_lobby_or_made_again() {
    for is_shown in [true, false] {
        let mut stage = Stage::ready();
        let mut creating = stage.create();
        stage.written();
        stage.0.lose(lost());
        stage.reconnect();
        stage.0.pass(GRACE).await;
        stage.show(2, if is_shown { &["challenge-uuid"] } else { &[] });
        if !is_shown {
            assert_eq!(stage.written(), [CREATE]);
            stage.hear(CREATED);
        }
        assert_eq!(creating.try_recv().unwrap().unwrap().id, id());
        assert!(created(&stage.0.events()).is_some());
        assert!(stage.written().is_empty());
    }
    // Without the list, nobody knows.
    let mut stage = Stage::ready();
    let mut creating = stage.create();
    stage.0.lose(lost());
    stage.reconnect();
    stage.0.pass(GRACE).await;
    let open = Err(lost());
    stage.0.command(Command::Answered(Answer::Challenges { connection: 2, open }));
    let error = creating.try_recv().unwrap().unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, Sent::Maybe));
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_connection_means_to_each_command() {
    let mut stage = Stage::challenging();
    let (mut cancelling, mut accepting) = (stage.cancel(), {
        let other = ChallengeId::from("challenge-of-another");
        stage.ask(|reply| Command::AcceptChallenge { id: other, reply })
    });
    assert_eq!(stage.written(), [CANCEL]);
    stage.0.lose(lost());
    let error = accepting.try_recv().unwrap().unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, Sent::No));
    assert!(std::error::Error::source(&error).is_some(), "the cause");
    let mut down = stage.ask(|reply| Command::AcceptChallenge { id: "x".into(), reply });
    assert_eq!(down.try_recv().unwrap().unwrap_err().code(), &codes::NOT_CONNECTED);
    stage.reconnect();
    assert_eq!(stage.written(), [CANCEL], "again");
    stage.hear(CANCELLED);
    cancelling.try_recv().unwrap().unwrap();

    let mut accepting = stage.accept();
    stage.0.lose(lost());
    let error = accepting.try_recv().unwrap().unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, Sent::Maybe));
    stage.written();
    stage.reconnect();
    stage.0.pass(LOST_AFTER).await;
    assert!(stage.written().is_empty(), "an acceptance puts money in, and is not sent twice");
}

#[tokio::test(start_paused = true)]
async fn a_drain_takes_open_challenges_back_and_plays_what_was_accepted_on_the_way() {
    let mut stage = Stage::challenging();
    stage.0.command(Command::Drain);
    assert_eq!(stage.written(), [CANCEL]);
    assert!(stage.0.outcome().is_none());
    let mut creating = stage.create();
    assert_eq!(creating.try_recv().unwrap().unwrap_err().code(), &codes::CLIENT_CLOSED);
    stage.hear(CANCELLED);
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));

    let mut stage = Stage::challenging();
    stage.0.command(Command::Drain);
    stage.hear(ACCEPTED);
    stage.hear(error("unknown_challenge"));
    stage.hear(coinflip_found("match-uuid"));
    stage.0.pass(GRACE * 5).await;
    assert!(stage.0.outcome().is_none());
    stage.hear(game_over("match-uuid"));
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));

    // A platform that does not answer is not waited for.
    let mut stage = Stage::challenging();
    let began = Instant::now();
    stage.0.command(Command::Drain);
    stage.0.pass(GRACE).await;
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));
    assert_eq!(began.elapsed(), GRACE);
}

#[tokio::test(start_paused = true)]
async fn the_end_fails_whoever_waits_and_says_how_far_it_came() {
    let mut stage = Stage::ready();
    let (mut first, mut second) = (stage.create(), stage.create());
    stage.0.close();
    let first = first.try_recv().unwrap().unwrap_err();
    let second = second.try_recv().unwrap().unwrap_err();
    assert_eq!((first.sent(), second.sent()), (Sent::Maybe, Sent::No));
}
