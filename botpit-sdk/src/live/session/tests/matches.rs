//! Matches that fall silent, and matches whose beginning was missed.

use super::*;
use crate::live::Turn;
use crate::live::lookup::{Answer, MatchFacts};
use crate::model::{AgentId, MatchId, Side};

const ME: &str = "550e8400-e29b-41d4-a716-446655440000";

fn is_lost(events: &[Event]) -> bool {
    is_told(events, |event| matches!(event, Event::MatchLost { .. }))
}

fn turns(events: Vec<Event>) -> Vec<Turn> {
    let turn = |event| match event {
        Event::YourTurn(turn) => Some(turn),
        _ => None,
    };
    events.into_iter().filter_map(turn).collect()
}

fn facts() -> Result<MatchFacts> {
    Ok(MatchFacts {
        game_type: GameType::Rps,
        wager: "0.01 SOL".parse().unwrap(),
        agent_a: AgentId::from("opponent-agent-uuid"),
        agent_b: AgentId::from(ME),
    })
}

impl Stage {
    fn told(&mut self, id: &str, facts: Result<MatchFacts>) {
        assert_eq!(self.questions(), [Lookup::Match(id.into())]);
        self.0.command(Command::Answered(Answer::Match(id.into(), facts)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_that_falls_silent_on_a_live_connection_is_given_up() {
    let mut stage = Stage::playing("m-1");
    stage.0.pass(LOST_AFTER / 2).await;
    stage.hear(opponent_moved("m-1"));
    stage.0.events();
    stage.0.pass(LOST_AFTER).await;
    assert!(!is_lost(&stage.0.events()));
    stage.0.pass(LOST_AFTER).await;
    assert!(is_lost(&stage.0.events()) && stage.is_idle());
}

#[tokio::test(start_paused = true)]
async fn one_that_goes_on_is_not_and_neither_is_one_whose_turn_runs() {
    let mut stage = Stage::playing("m-1");
    for _ in 0..20 {
        stage.hear(opponent_moved("m-1"));
        stage.0.pass(LOST_AFTER / 2).await;
    }
    assert!(!is_lost(&stage.0.events()));
    stage.hear(your_turn("m-1", 1).replace("10000}", "600000}"));
    stage.0.pass(Duration::from_secs(600)).await;
    assert!(!is_lost(&stage.0.events()));
    stage.0.pass(LOST_AFTER).await;
    assert!(is_lost(&stage.0.events()));
}

#[tokio::test(start_paused = true)]
async fn a_match_that_was_given_up_comes_back_with_all_that_is_known() {
    let mut stage = Stage::playing("m-1");
    stage.0.pass(LOST_AFTER * 2).await;
    assert!(is_lost(&stage.0.events()));
    stage.hear(your_turn("m-1", 1));
    let turn = stage.turn();
    assert_eq!((turn.side, turn.game_type), (Some(Side::A), Some(GameType::Rps)));
    stage.hear(game_over("m-1"));
    let over = stage.0.events().into_iter().find_map(|event| match event {
        Event::GameOver(over) => Some(over),
        _ => None,
    });
    assert!(over.unwrap().commitment.is_some(), "its commitment was kept");

    // Given up, and over without another word.
    let mut stage = Stage::playing("m-1");
    stage.0.pass(LOST_AFTER * 2).await;
    stage.0.events();
    stage.hear(game_over("m-1"));
    let told = stage.0.events();
    assert!(
        matches!(told.as_slice(), [Event::Fairness(_), Event::GameOver(over)] if over.side == Some(Side::A)),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missed_beginning_is_asked_for_and_the_turn_waits_for_it() {
    let mut stage = Stage::ready();
    stage.0.events();
    stage.hear(your_turn("m-1", 1));
    assert!(stage.0.events().is_empty());
    stage.told("m-1", facts());
    let told = stage.0.events();
    assert!(matches!(told.first(), Some(Event::GameStart(start)) if start.side == Side::B), "{told:?}");
    let turn = turns(told).pop().unwrap();
    assert_eq!((turn.side, turn.game_type), (Some(Side::B), Some(GameType::Rps)));
    // The next one has nothing to wait for.
    stage.hear(round_result("m-1"));
    stage.hear(your_turn("m-1", 2));
    assert_eq!(stage.turn().side, Some(Side::B));
    assert!(stage.questions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_beginning_that_nobody_knows_costs_no_turn() {
    let mut stage = Stage::ready();
    stage.hear(your_turn("m-1", 1));
    stage.told("m-1", Err(lost()));
    assert_eq!(turns(stage.0.events()).pop().unwrap().side, None);
    stage.hear(round_result("m-1"));
    stage.hear(your_turn("m-1", 2));
    assert_eq!(stage.turn().side, None);
    assert!(stage.questions().is_empty(), "asked once");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_over_before_the_answer_is_not_brought() {
    for end in [round_result("m-1"), game_over("m-1")] {
        let mut stage = Stage::ready();
        stage.hear(your_turn("m-1", 1));
        stage.hear(end);
        stage.told("m-1", facts());
        assert!(turns(stage.0.events()).is_empty());
    }
    let mut stage = Stage::ready();
    stage.hear(your_turn("m-1", 1));
    stage.0.pass(Duration::from_secs(10)).await;
    stage.told("m-1", facts());
    let told = stage.0.events();
    assert!(is_told(&told, |event| matches!(event, Event::MoveNotSent { .. })));
    assert!(turns(told).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_drain_with_a_match_open_ends_by_itself_when_the_server_is_gone() {
    let mut stage = Stage::playing("m-1");
    stage.0.command(Command::Drain);
    stage.0.lose(lost());
    stage.0.pass(LOST_AFTER - GRACE).await;
    assert!(stage.0.outcome().is_none());
    stage.0.pass(GRACE).await;
    assert!(is_lost(&stage.0.events()));
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));

    // Asked for while it is gone already.
    let mut stage = Stage::playing("m-1");
    stage.0.lose(lost());
    stage.0.command(Command::Drain);
    stage.0.pass(LOST_AFTER).await;
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));

    // Back in time, the match is played on.
    let mut stage = Stage::playing("m-1");
    stage.0.command(Command::Drain);
    stage.0.lose(lost());
    stage.0.pass(LOST_AFTER / 2).await;
    stage.reconnect();
    stage.hear(opponent_moved("m-1"));
    stage.0.pass(LOST_AFTER).await;
    assert!(stage.0.outcome().is_none());
    stage.hear(game_over("m-1"));
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn a_match_of_another_game_is_not_what_the_queue_was_for() {
    let mut stage = Stage::ready();
    let mut joining = stage.join();
    stage.hear(match_found("m-1").replace(r#""rps""#, r#""blotto""#));
    assert!(joining.try_recv().is_err());
    stage.hear(match_found("m-2"));
    joining.try_recv().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_matches_at_once_keep_their_turns_and_ends_apart() {
    let mut stage = Stage::playing("m-1");
    stage.hear(r#"{"type":"challenge_accepted","challenge_id":"challenge-uuid","match_id":"m-2"}"#);
    stage.hear(match_found("m-2"));
    stage.hear(r#"{"type":"game_start","match_id":"m-2","your_side":"b"}"#);
    stage.hear(your_turn("m-1", 1));
    stage.hear(your_turn("m-2", 1));
    stage.written();
    let asked = turns(stage.0.events());
    let sides: Vec<_> = asked.iter().map(|turn| (turn.match_id.as_str(), turn.side)).collect();
    assert_eq!(sides, [("m-1", Some(Side::A)), ("m-2", Some(Side::B))]);
    for turn in asked.into_iter().rev() {
        let rock = crate::games::rps::Choice::Rock;
        stage.0.command(Command::Answer {
            match_id: turn.match_id,
            turn: turn.id,
            decision: Ok(rock.into()),
        });
    }
    let written = stage.written();
    assert!(written[0].contains("m-2") && written[1].contains("m-1"), "{written:?}");
    stage.hear(game_over("m-1"));
    stage.hear(round_result("m-2"));
    let told = stage.0.events();
    let of: Vec<_> = told.iter().filter_map(|event| event.match_id().map(MatchId::as_str)).collect();
    assert_eq!(of, ["m-1", "m-1", "m-2"], "the check and the end of one, a round of the other");
    assert!(!stage.is_idle());
}
