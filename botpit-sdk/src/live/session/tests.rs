//! The session played through without a socket. The frames are those of the spec ("WebSocket Protocol"), with ids of
//! their own.

mod challenges;
mod keys;
mod matches;
mod refusals;
mod spectating;

use std::time::Duration;

use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::socket::{Protocol, Rehearsal};
use sdk_core::wire::Text;
use tokio::sync::{mpsc, oneshot};

use super::{Command, Session, Timings};
use crate::live::current_key::CurrentKey;
use crate::live::lookup::Lookup;
use crate::live::{Event, QueueJoined};
use crate::model::{GameType, JoinQueue};

const AUTHENTICATED: &str =
    r#"{"type":"authenticated","agent_id":"550e8400-e29b-41d4-a716-446655440000","agent_name":"MyAgent"}"#;
const QUEUE_JOINED: &str = r#"{"type":"queue_joined","game_type":"rps","position":1}"#;
const QUEUE_LEFT: &str = r#"{"type":"queue_left"}"#;
const JOIN_QUEUE: &str = r#"{"type":"join_queue","game_type":"rps","wager_lamports":10000000}"#;
const LEAVE_QUEUE: &str = r#"{"type":"leave_queue"}"#;

const GRACE: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(60);
const LOST_AFTER: Duration = Duration::from_secs(60);

fn match_found(id: &str) -> String {
    format!(
        r#"{{"type":"match_found","match_id":"{id}","game_type":"rps","opponent_id":"opponent-agent-uuid","opponent_name":"BetaBot","wager_lamports":10000000,"server_seed_hash":"sha256hex_of_seed"}}"#
    )
}

fn game_start(id: &str) -> String {
    format!(r#"{{"type":"game_start","match_id":"{id}","your_side":"a"}}"#)
}

fn your_turn(id: &str, round: u32) -> String {
    format!(
        r#"{{"type":"your_turn","match_id":"{id}","round":{round},"game_state":{{"round":{round},"score":[0,0],"rounds_to_win":2}},"timeout_ms":10000}}"#
    )
}

fn round_result(id: &str) -> String {
    format!(
        r#"{{"type":"round_result","match_id":"{id}","round":1,"result":{{"round":1,"move_a":"rock","move_b":"scissors","round_winner":"agent-uuid-a"}},"score":[1,0]}}"#
    )
}

fn opponent_moved(id: &str) -> String {
    format!(r#"{{"type":"opponent_moved","match_id":"{id}","round":1,"move_data":{{}}}}"#)
}

fn game_over(id: &str) -> String {
    format!(
        r#"{{"type":"game_over","match_id":"{id}","winner":"agent-uuid-a","final_score":[2,0],"server_seed":"hex_seed_revealed","payout_lamports":19000000}}"#
    )
}

fn error(code: &str) -> String {
    format!(r#"{{"type":"error","code":"{code}","message":"so it is"}}"#)
}

fn lost() -> Error {
    Error::new(&codes::CONNECTION_LOST, "the connection broke")
}

struct Stage(Rehearsal<Session>, mpsc::UnboundedReceiver<Lookup>, CurrentKey);

type Joining = oneshot::Receiver<Result<QueueJoined>>;

impl Stage {
    fn new() -> Self {
        let url = "ws://127.0.0.1/api/v1/ws".parse().unwrap();
        let key = CurrentKey::new("bp_live_abc123".into());
        let (lookups, questions) = mpsc::unbounded_channel();
        let session = Session::new(url, key.clone(), Timings::default()).asking(lookups);
        Self(Rehearsal::new(session), questions, key)
    }

    fn ready() -> Self {
        let mut stage = Self::new();
        stage.reconnect();
        stage
    }

    fn reconnect(&mut self) {
        self.0.connect().unwrap();
        self.0.hear(AUTHENTICATED);
        assert!(self.0.is_ready());
    }

    fn hear(&mut self, frame: impl Into<Text>) {
        self.0.hear(frame);
    }

    fn join(&mut self) -> Joining {
        let (reply, answer) = oneshot::channel();
        let request = JoinQueue::new(GameType::Rps, "0.01 SOL".parse().unwrap());
        self.0.command(Command::JoinQueue { request, reply });
        answer
    }

    /// Asks for something, and gives the answer to come.
    fn ask<T>(
        &mut self,
        command: impl FnOnce(oneshot::Sender<Result<T>>) -> Command,
    ) -> oneshot::Receiver<Result<T>> {
        let (reply, answer) = oneshot::channel();
        self.0.command(command(reply));
        answer
    }

    /// What the REST side was asked since.
    fn questions(&mut self) -> Vec<Lookup> {
        std::iter::from_fn(|| self.1.try_recv().ok()).collect()
    }

    fn leave(&mut self) -> oneshot::Receiver<Result<()>> {
        let (reply, answer) = oneshot::channel();
        self.0.command(Command::LeaveQueue { reply });
        answer
    }

    fn written(&mut self) -> Vec<String> {
        self.0.written().iter().map(|text| text.as_str().to_owned()).collect()
    }

    fn is_idle(&self) -> bool {
        self.0.protocol().is_idle()
    }

    /// Queued, and confirmed.
    fn queued() -> Self {
        let mut stage = Self::ready();
        let mut joining = stage.join();
        stage.hear(QUEUE_JOINED);
        joining.try_recv().unwrap().unwrap();
        assert_eq!(stage.written(), [JOIN_QUEUE]);
        stage.0.events();
        stage
    }

    /// In a match, in its first round.
    fn playing(id: &str) -> Self {
        let mut stage = Self::queued();
        stage.hear(match_found(id));
        stage.hear(game_start(id));
        stage
    }

    fn turn(&mut self) -> crate::live::Turn {
        let turn = self.0.events().into_iter().find_map(|event| match event {
            Event::YourTurn(turn) => Some(turn),
            _ => None,
        });
        turn.expect("a turn")
    }
}

fn is_told(events: &[Event], is: fn(&Event) -> bool) -> bool {
    events.iter().any(is)
}

#[tokio::test(start_paused = true)]
async fn late_frames_of_a_finished_match_do_not_open_it_again() {
    let mut stage = Stage::playing("m-1");
    stage.hear(game_over("m-1"));
    stage.0.events();
    let mut joining = stage.join();
    for late in [
        game_over("m-1"),
        round_result("m-1"),
        opponent_moved("m-1"),
        your_turn("m-1", 2),
        game_start("m-1"),
        match_found("m-1"),
    ] {
        stage.hear(late.as_str());
        assert!(stage.is_idle(), "{late}");
        assert!(stage.0.events().is_empty(), "{late}");
    }
    assert!(joining.try_recv().is_err(), "the place in the queue is another matter");
    stage.hear(QUEUE_JOINED);
    joining.try_recv().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_invents_matches_does_not_fill_the_memory() {
    let mut stage = Stage::ready();
    for n in 0..5_000 {
        stage.hear(opponent_moved(&format!("m-{n}")));
    }
    let Some(Event::DecodeError(error)) = stage.0.events().pop() else { panic!("nothing was told") };
    assert!(error.to_string().contains("more than 1024 matches"), "{error}");
    stage.0.lose(lost());
    stage.reconnect();
    let events = stage.0.events();
    let connected = events.iter().find_map(|event| match event {
        Event::Connected(connected) => Some(connected.open_matches.len()),
        _ => None,
    });
    assert_eq!(connected, Some(1_024));
    // Finished ones are not remembered for ever either.
    let mut stage = Stage::ready();
    for n in 0..5_000 {
        stage.hear(game_over(&format!("m-{n}")));
    }
    stage.hear(opponent_moved("m-4999"));
    assert!(stage.is_idle());
    stage.hear(opponent_moved("m-0"));
    assert!(!stage.is_idle(), "one that was forgotten is a match like any other");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_match_whose_beginning_was_not_seen_is_told() {
    let mut stage = Stage::ready();
    stage.0.events();
    stage.hear(game_over("m-from-before"));
    assert!(is_told(&stage.0.events(), |event| matches!(event, Event::GameOver(_))));
    assert!(stage.is_idle());
}

#[tokio::test(start_paused = true)]
async fn the_place_in_the_queue_is_taken_again_after_the_grace() {
    let mut stage = Stage::queued();
    stage.0.lose(lost());
    stage.reconnect();
    assert!(stage.written().is_empty(), "a match may turn up first");
    stage.0.pass(GRACE).await;
    assert_eq!(stage.written(), [JOIN_QUEUE]);
}

#[tokio::test(start_paused = true)]
async fn a_match_that_turns_up_in_the_grace_is_what_the_queue_was_for() {
    for first in [match_found("m-1"), your_turn("m-1", 1)] {
        let mut stage = Stage::queued();
        stage.0.lose(lost());
        stage.reconnect();
        stage.hear(first.as_str());
        stage.0.pass(LOST_AFTER * 2).await;
        assert!(!stage.written().contains(&JOIN_QUEUE.to_owned()), "{first}");
        stage.hear(game_over("m-1"));
        let _joining = stage.join();
        assert_eq!(stage.written(), [JOIN_QUEUE], "the next one is a new wish");
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_from_before_does_not_cost_the_place_in_the_queue() {
    let mut stage = Stage::ready();
    stage.hear(match_found("m-challenge"));
    let _joining = stage.join();
    stage.hear(QUEUE_JOINED);
    stage.written();
    stage.0.lose(lost());
    stage.reconnect();
    stage.hear(opponent_moved("m-challenge"));
    stage.0.pass(GRACE).await;
    assert_eq!(stage.written(), [JOIN_QUEUE]);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_refused_after_a_reconnect_is_not_believed_in() {
    let mut stage = Stage::queued();
    stage.0.lose(lost());
    stage.reconnect();
    stage.0.pass(GRACE).await;
    stage.written();
    stage.hear(error("unknown_game"));
    let mut joining = stage.join();
    assert_eq!(stage.written(), [JOIN_QUEUE], "asked anew");
    stage.hear(error("invalid_wager"));
    assert_eq!(joining.try_recv().unwrap().unwrap_err().code(), &codes::REJECTED);
}

#[tokio::test(start_paused = true)]
async fn already_queued_means_queued() {
    let mut stage = Stage::queued();
    stage.0.lose(lost());
    stage.reconnect();
    stage.0.pass(GRACE).await;
    stage.hear(error("already_queued"));
    stage.written();
    let mut joining = stage.join();
    assert!(stage.written().is_empty());
    joining.try_recv().unwrap().unwrap();
    // And so it does at the first time, when an earlier run of the program had queued.
    let mut stage = Stage::ready();
    let mut joining = stage.join();
    stage.hear(error("already_queued"));
    joining.try_recv().unwrap().unwrap();
    stage.0.lose(lost());
    stage.written();
    stage.reconnect();
    stage.0.pass(GRACE).await;
    assert_eq!(stage.written(), [JOIN_QUEUE]);
}

#[tokio::test(start_paused = true)]
async fn too_fast_or_still_in_a_match_after_a_reconnect_is_tried_again_later() {
    for (code, wait) in [("rate_limited", GRACE * 5), ("already_in_match", LOST_AFTER)] {
        let mut stage = Stage::queued();
        stage.0.lose(lost());
        stage.reconnect();
        stage.0.pass(GRACE).await;
        assert_eq!(stage.written(), [JOIN_QUEUE]);
        stage.hear(error(code));
        stage.0.pass(wait).await;
        assert_eq!(stage.written(), [JOIN_QUEUE], "{code}");
    }
    // Who asks for the first time is told.
    let mut stage = Stage::ready();
    let mut joining = stage.join();
    stage.hear(error("rate_limited"));
    assert_eq!(joining.try_recv().unwrap().unwrap_err().code(), &codes::RATE_LIMITED);
}

#[tokio::test(start_paused = true)]
async fn a_wish_after_a_leave_is_not_taken_back_by_its_confirmation() {
    let mut stage = Stage::queued();
    let mut leaving = stage.leave();
    let mut joining = stage.join();
    assert_eq!(stage.written(), [LEAVE_QUEUE, JOIN_QUEUE]);
    stage.hear(QUEUE_LEFT);
    leaving.try_recv().unwrap().unwrap();
    assert!(joining.try_recv().is_err());
    stage.hear(QUEUE_JOINED);
    joining.try_recv().unwrap().unwrap();
    // Out of the queue by the platform's own will is told.
    stage.hear(QUEUE_LEFT);
    assert!(is_told(&stage.0.events(), |event| matches!(event, Event::QueueLeft)));
    let _joining = stage.join();
    assert_eq!(stage.written(), [JOIN_QUEUE]);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_of_match_found_does_not_take_the_next_place_in_the_queue() {
    let mut stage = Stage::playing("m-1");
    let mut joining = stage.join();
    stage.hear(match_found("m-1"));
    assert!(joining.try_recv().is_err());
    stage.hear(QUEUE_JOINED);
    assert_eq!(joining.try_recv().unwrap().unwrap().position, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_when_the_connection_is_lost_and_nothing_is_under_way() {
    let mut stage = Stage::queued();
    stage.0.command(Command::Drain);
    assert_eq!(stage.written(), [LEAVE_QUEUE]);
    assert!(stage.0.outcome().is_none(), "a match may still turn up");
    stage.0.lose(lost());
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn a_match_that_turns_up_while_draining_is_played_to_its_end() {
    let mut stage = Stage::queued();
    stage.0.command(Command::Drain);
    stage.hear(match_found("m-1"));
    stage.0.pass(GRACE * 5).await;
    assert!(stage.0.outcome().is_none());
    stage.hear(game_over("m-1"));
    assert!(matches!(stage.0.outcome(), Some(Ok(()))));
    let mut joining = stage.join();
    assert_eq!(joining.try_recv().unwrap().unwrap_err().code(), &codes::CLIENT_CLOSED);
}

#[tokio::test(start_paused = true)]
async fn a_move_that_found_the_outbound_queue_full_is_sent_when_there_is_room() {
    let mut stage = Stage::playing("m-1");
    stage.hear(your_turn("m-1", 1));
    let turn = stage.turn();
    stage.0.stall(true);
    let full = loop {
        let (reply, mut answer) = oneshot::channel();
        stage.0.command(Command::SendRaw { text: "{}".into(), reply });
        if let Err(full) = answer.try_recv().unwrap() {
            break full;
        }
    };
    assert_eq!(full.code(), &codes::OUTBOUND_FULL);
    let rock = crate::games::rps::Choice::Rock;
    stage.0.command(Command::Answer { match_id: turn.match_id, turn: turn.id, decision: Ok(rock.into()) });
    stage.0.stall(false);
    stage.written();
    stage.0.pass(GRACE).await;
    let written = stage.written();
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(written[0].contains(r#""make_move""#));
    stage.0.pass(GRACE * 30).await;
    assert!(stage.written().is_empty(), "and once");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_ran_out_is_told_once_even_without_a_connection() {
    let mut stage = Stage::playing("m-1");
    stage.hear(your_turn("m-1", 1));
    let turn = stage.turn();
    stage.0.lose(lost());
    stage.0.events();
    stage.0.pass(Duration::from_secs(10)).await;
    let told = stage.0.events();
    assert!(matches!(told.as_slice(), [Event::MoveNotSent { round: 1, late_by: None, .. }]), "{told:?}");
    stage.0.act(|session, cx| session.ran_out(&turn.match_id, turn.id, cx));
    assert!(stage.0.events().is_empty());
    // Asked again by a platform that gives more time, the bot is asked again.
    stage.reconnect();
    stage.hear(your_turn("m-1", 1));
    assert_ne!(stage.turn().id, turn.id);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_gave_up_before_the_platform_did_is_asked_again() {
    let mut stage = Stage::playing("m-1");
    stage.hear(your_turn("m-1", 1));
    let turn = stage.turn();
    // After a reconnect the platform asks the same and gives the whole time once more; the handler ends at its own time.
    stage.0.lose(lost());
    stage.0.pass(Duration::from_secs(5)).await;
    stage.reconnect();
    stage.hear(your_turn("m-1", 1));
    stage.0.events();
    stage.0.pass(Duration::from_secs(5)).await;
    stage.0.act(|session, cx| session.ran_out(&turn.match_id, turn.id, cx));
    assert!(is_told(&stage.0.events(), |event| matches!(event, Event::MoveNotSent { .. })));
    stage.hear(your_turn("m-1", 1));
    assert_ne!(stage.turn().id, turn.id);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_words_that_nobody_knows_is_the_queues_when_nothing_else_is_under_way() {
    for code in ["insufficient_balance", "internal_error"] {
        let mut stage = Stage::ready();
        let mut joining = stage.join();
        stage.hear(error(code));
        let refused = joining.try_recv().unwrap().unwrap_err();
        assert_eq!(refused.platform_code::<crate::ErrorCode>().unwrap().as_str(), code);
    }
    let mut stage = Stage::playing("m-1");
    let mut joining = stage.join();
    stage.hear(error("insufficient_balance"));
    stage.hear(error("invalid_move"));
    assert!(joining.try_recv().is_err(), "it may be about the match");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_never_answered_is_told_so_and_one_that_nobody_waits_for_is_asked_again() {
    let mut stage = Stage::ready();
    let mut joining = stage.join();
    stage.0.pass(ANSWER).await;
    let unanswered = joining.try_recv().unwrap().unwrap_err();
    assert_eq!((unanswered.code(), unanswered.sent()), (&codes::CALL_TIMEOUT, Sent::Maybe));

    let mut stage = Stage::queued();
    stage.0.lose(lost());
    stage.reconnect();
    stage.0.pass(GRACE).await;
    assert_eq!(stage.written(), [JOIN_QUEUE]);
    stage.0.pass(ANSWER).await;
    assert!(stage.written().is_empty(), "not soon: the platform may have taken it without a word");
    stage.0.pass(LOST_AFTER).await;
    assert_eq!(stage.written(), [JOIN_QUEUE]);
    stage.hear(QUEUE_JOINED);
    stage.0.pass(Duration::from_secs(200)).await;
    assert!(stage.written().is_empty());
}
