//! Watching a match. The frames are the spec's ("Spectating").

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use sdk_core::socket::{Inbox, InboxStream};

use super::*;
use crate::live::SpectatorEvent;
use crate::model::MatchId;

const SPECTATE: &str = r#"{"type":"spectate_match","match_id":"match-uuid"}"#;
const STOP: &str = r#"{"type":"stop_spectating"}"#;

fn update(event: &str) -> String {
    format!(r#"{{"type":"spectate_update","match_id":"match-uuid","event":{event}}}"#)
}

fn watched_result() -> String {
    update(&round_result("match-uuid"))
}

struct Watching {
    events: InboxStream<SpectatorEvent>,
    _reader: Arc<()>,
}

impl Watching {
    fn seen(&mut self) -> Vec<SpectatorEvent> {
        let mut seen = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(event)) = Pin::new(&mut self.events).poll_next(&mut cx) {
            seen.push(event);
        }
        seen
    }
}

impl Stage {
    fn watch(&mut self, id: &str) -> Result<Watching> {
        let (feed, events) = Inbox::new(4, 1 << 20);
        let reader = Arc::new(());
        let (match_id, held) = (MatchId::from(id), reader.clone());
        let mut answer = self.ask(|reply| Command::Spectate { match_id, feed, reader: held, reply });
        answer.try_recv().unwrap()?;
        Ok(Watching { events, _reader: reader })
    }

    fn unwatch(&mut self) {
        let match_id = Some(MatchId::from("match-uuid"));
        self.0.command(Command::StopSpectating { match_id, reply: None });
    }
}

#[tokio::test(start_paused = true)]
async fn a_watched_match_is_a_stream_of_its_own_until_it_ends() {
    let mut stage = Stage::ready();
    let mut watching = stage.watch("match-uuid").unwrap();
    assert_eq!(stage.written(), [SPECTATE]);
    stage.0.events();
    stage.hear(watched_result());
    stage.hear(update(&game_over("match-uuid")));
    let seen = watching.seen();
    let [
        SpectatorEvent::RoundResult(result),
        SpectatorEvent::GameOver(over),
        SpectatorEvent::Ended { reason: None },
    ] = seen.as_slice()
    else {
        panic!("{seen:?}")
    };
    assert_eq!((result.round, over.winner.as_ref().unwrap().as_str()), (1, "agent-uuid-a"));
    assert!(stage.0.events().is_empty(), "it is nobody else's news");
    assert!(stage.is_idle(), "and no match of the bot's own");
    assert!(stage.written().is_empty(), "the platform has stopped by itself");
    stage.hear(watched_result());
    assert!(stage.0.events().is_empty(), "a late word");
}

#[tokio::test(start_paused = true)]
async fn one_match_is_watched_at_a_time_and_stop_spectating_has_no_id() {
    let mut stage = Stage::ready();
    let watching = stage.watch("match-uuid").unwrap();
    assert_eq!(stage.watch("m-2").err().unwrap().field(), Some("match_id"));
    drop(watching);
    stage.unwatch();
    assert_eq!(stage.written(), [SPECTATE, STOP]);
    let mut watching = stage.watch("m-2").unwrap();
    stage.unwatch();
    assert!(watching.seen().is_empty(), "a stream that was dropped late stops no other");
    let mut answer = stage.ask(|reply| Command::StopSpectating { match_id: None, reply: Some(reply) });
    answer.try_recv().unwrap().unwrap();
    assert!(matches!(watching.seen().as_slice(), [SpectatorEvent::Ended { reason: None }]));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_went_without_a_word_is_noticed() {
    let mut stage = Stage::ready();
    drop(stage.watch("match-uuid").unwrap());
    stage.written();
    stage.hear(watched_result());
    assert_eq!(stage.written(), [STOP]);
    assert!(!is_told(&stage.0.events(), |event| matches!(event, Event::SpectateUpdate { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_lags_is_told_so() {
    let mut stage = Stage::ready();
    let mut watching = stage.watch("match-uuid").unwrap();
    for _ in 0..10 {
        stage.hear(watched_result());
    }
    let seen = watching.seen();
    assert!(matches!(seen.first(), Some(SpectatorEvent::Lagged { dropped: 6 })), "{seen:?}");
    assert_eq!(seen.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn watching_goes_on_after_a_reconnect_and_the_gap_is_told() {
    let mut stage = Stage::ready();
    let mut watching = stage.watch("match-uuid").unwrap();
    stage.0.lose(lost());
    stage.written();
    stage.reconnect();
    assert_eq!(stage.written(), [SPECTATE]);
    stage.hear(watched_result());
    let seen = watching.seen();
    assert!(matches!(seen.as_slice(), [SpectatorEvent::Resumed, SpectatorEvent::RoundResult(_)]), "{seen:?}");
    // While there is no connection, too, one may begin to watch.
    let mut stage = Stage::new();
    let _watching = stage.watch("match-uuid").unwrap();
    stage.reconnect();
    assert_eq!(stage.written(), [SPECTATE]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_stream_unless_it_may_be_about_a_match_of_the_bots_own() {
    let mut stage = Stage::ready();
    let mut watching = stage.watch("match-uuid").unwrap();
    stage.hear(error("unknown_match"));
    let seen = watching.seen();
    let [SpectatorEvent::Ended { reason: Some(reason) }] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(reason.platform_code_str(), Some("unknown_match"));

    let mut stage = Stage::playing("m-1");
    let mut watching = stage.watch("match-uuid").unwrap();
    stage.hear(error("unknown_match"));
    assert!(watching.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_match_that_is_never_spoken_of_is_not_watched_for_ever() {
    let mut stage = Stage::ready();
    let mut watching = stage.watch("match-uuid").unwrap();
    stage.hear(watched_result());
    watching.seen();
    stage.written();
    stage.0.pass(LOST_AFTER * 2).await;
    let seen = watching.seen();
    let [SpectatorEvent::Ended { reason: Some(reason) }] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(reason.code(), &codes::CALL_TIMEOUT);
    assert_eq!(stage.written(), [STOP]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_connection_ends_the_stream_with_its_reason() {
    let mut stage = Stage::ready();
    let mut watching = stage.watch("match-uuid").unwrap();
    stage.hear(r#"{"type":"session_replaced"}"#);
    let seen = watching.seen();
    let [SpectatorEvent::Ended { reason: Some(reason) }] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(reason.code(), &codes::SESSION_REPLACED);
}
