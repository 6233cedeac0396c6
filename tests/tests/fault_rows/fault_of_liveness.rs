//! Rows 8, 9 and 22: the server is there no more, or does not listen, or the machine slept.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::sandbox::{Fault, When};
use botpit_sdk::{Client, Event};
use sdk_core::error::{ErrorKind, codes};
use sdk_core::heartbeat::HeartbeatPolicy;
use tokio::time::{Instant, advance, sleep};

use super::player::{Door, Plan, Seen, play};
use super::scene::{Baseline, Scene, bounded, seeds};
use super::scripted::{Heard, Scripted, Ws};

const TICK: Duration = Duration::from_millis(10);

fn lost_at(seen: &Seen) -> Instant {
    seen.times(|event| matches!(event, Event::Disconnected { .. }))[0]
}

#[tokio::test(start_paused = true)]
async fn row_08_half_open_is_found_in_time() {
    for (interval, silence) in [(10, 20), (5, 5), (1, 30)] {
        for moment in ["authenticated", "queue_joined", "match_found", "your_turn", "round_result"] {
            Scene::each(async |scene| {
                scene.order(Fault::HalfOpen.on(When::sent(moment)));
                let policy =
                    HeartbeatPolicy::new(Duration::from_secs(interval), Duration::from_secs(silence))
                        .unwrap();
                let played = scene.play_with(scene.client().heartbeat(policy), Plan::matches(1)).await;
                let seen = &played.seen;
                assert!(played.outcome.is_ok(), "{:?} {seen:?}", played.outcome);
                assert_eq!(seen.cause_codes(), ["server_silent"], "{seen:?}");
                let lost = lost_at(seen);
                let events = seen.events();
                // Callbacks are events too, but what the server said last is the one before the loss, or sooner.
                let heard = events
                    .iter()
                    .take_while(|(_, event)| !matches!(event, Event::Disconnected { .. }))
                    .filter(|(_, event)| !matches!(event, Event::MoveNotSent { .. }))
                    .last()
                    .unwrap()
                    .0;
                let found = lost - heard;
                assert!(found <= policy.detects_within() + TICK, "{moment}: found after {found:?}");
                assert!(found + TICK >= policy.silence(), "{moment}: too soon, after {found:?}");
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_08_pongs_that_are_missing_or_late_do_not_hurt_while_something_comes() {
    Scene::each(async |scene| {
        scene.order(Fault::DelayPongs { delay_ms: 4_000 }.on(When::NextConnection));
        let played = scene.play(Plan::matches(2).thinking(|_| Duration::from_secs(9))).await;
        assert_eq!(played.finished(2).reconnects(), 0, "{:?}", played.seen);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_08_a_silent_server_is_told_why_it_is_left() {
    let baseline = Baseline::measure().await;
    let codes = Arc::<Mutex<Vec<Option<u16>>>>::default();
    let server = Scripted::serve({
        let codes = codes.clone();
        move |_, socket| {
            let codes = codes.clone();
            async move {
                let mut ws = Ws::greet(socket).await;
                // Reads, and says nothing: no pong either.
                let code = loop {
                    match ws.next_frame().await {
                        Some(tokio_tungstenite::tungstenite::Message::Close(frame)) => {
                            break frame.map(|frame| u16::from(frame.code));
                        }
                        Some(_) => {}
                        None => break None,
                    }
                };
                codes.lock().unwrap().push(code);
            }
        }
    })
    .await;
    let (seen, client) = (Seen::default(), Client::builder("k").url(server.url()).seed(1).build().unwrap());
    let mut playing = Box::pin(play(Door::Handler, &client, Plan::matches(0), &seen));
    tokio::select! {
        outcome = &mut playing => panic!("it gave up: {outcome:?}"),
        () = sleep(Duration::from_secs(45)) => {}
    }
    assert_eq!(codes.lock().unwrap()[..], [Some(1_001)], "{seen:?}");
    seen.let_go();
    drop(playing);
    server.end().await;
    baseline.restored().await;
}

#[tokio::test(start_paused = true)]
async fn row_09_a_server_that_stops_reading_is_left_at_the_write_deadline() {
    for write_timeout in [10, 3] {
        Scene::each(async |scene| {
            let span = Duration::from_secs(write_timeout);
            scene.order(Fault::StopReading.on(When::sent("your_turn")));
            let seen = scene.watch();
            let client = scene.client().write_timeout(span).build().unwrap();
            let playing = play(scene.door, &client, Plan::matches(1), &seen);
            let flooding = async {
                seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
                flood(&seen).await
            };
            let (outcome, flood) = tokio::join!(playing, flooding);
            assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
            assert_eq!(seen.cause_codes(), ["write_stalled"], "{seen:?}");
            let cause = &seen.causes()[0];
            assert_eq!((cause.code(), cause.kind()), (&codes::WRITE_STALLED, ErrorKind::Connection));
            let (full, accepted) = flood;
            assert!(accepted <= 64 << 20, "{accepted} bytes were taken");
            let stalled = lost_at(&seen) - full;
            assert!(stalled <= span + TICK && stalled + Duration::from_secs(1) >= span, "{stalled:?}");
        })
        .await;
    }
}

/// Sends until the queue is full; when that was, and how many bytes were taken until then.
async fn flood(seen: &Seen) -> (Instant, usize) {
    const LINE: usize = 16 << 10;
    let handle = seen.handle();
    let text = format!("{{\"type\":\"ping\",\"padding\":\"{}\"}}", "x".repeat(LINE));
    let mut accepted = 0;
    loop {
        match handle.send_raw(text.as_str()).await {
            Ok(()) => accepted += text.len(),
            Err(error) => {
                assert_eq!(error.code(), &codes::OUTBOUND_FULL, "{error:?}");
                return (Instant::now(), accepted);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_09_a_message_beyond_what_may_wait_is_refused_and_costs_no_connection() {
    Scene::each(async |scene| {
        let seen = scene.watch();
        let client = scene.client().build().unwrap();
        let playing = play(scene.door, &client, Plan::matches(1).thinking(|_| Duration::from_secs(1)), &seen);
        let sending = async {
            seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
            let handle = seen.handle();
            handle.send_raw("x".repeat((16 << 20) + 1)).await
        };
        let (outcome, sent) = tokio::join!(playing, sending);
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert_eq!(sent.unwrap_err().code(), &codes::OUTBOUND_FULL);
        assert_eq!(seen.reconnects(), 0, "{seen:?}");
    })
    .await;
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn row_22_an_hour_of_sleep_is_one_dial_and_no_stale_move() {
    for seed in seeds() {
        for door in Door::BOTH {
            // The lid is closed while the bot thinks, and when its move waits for a lost connection to come back.
            for loses_first in [false, true] {
                let baseline = Baseline::measure().await;
                let (turn_open, mut asleep) = tokio::sync::mpsc::channel(1);
                let server = Scripted::serve(move |number, socket| {
                    let turn_open = turn_open.clone();
                    async move {
                        let mut ws = Ws::greet(socket).await;
                        if number == 0 {
                            ws.begin_match("m-1").await;
                            ws.ask("m-1", 1, 10_000).await;
                            turn_open.send(()).await.unwrap();
                            if loses_first {
                                return ws.reset();
                            }
                            match ws.hear().await {
                                Heard::Gone | Heard::Close(_) => return,
                                Heard::Message(message) => panic!("{message} is stale"),
                            }
                        }
                        // The old turn is void: nothing of it is sent, asked or unasked.
                        assert!(ws.hear_within(Duration::from_secs(5)).await.is_none(), "a stale move");
                        ws.ask("m-1", 1, 10_000).await;
                        ws.hear_move().await;
                        ws.end_match("m-1").await;
                        ws.goodbye().await;
                    }
                })
                .await;
                let seen = Seen::default();
                let client = Client::builder("k").url(server.url()).seed(seed).build().unwrap();
                let plan = Plan::matches(1).thinking(|_| Duration::from_millis(2));
                let playing = play(door, &client, plan, &seen);
                let sleeping = async {
                    asleep.recv().await.unwrap();
                    if loses_first {
                        seen.wait_for("the loss", |event| matches!(event, Event::Disconnected { .. })).await;
                    } else {
                        tokio::task::yield_now().await;
                    }
                    advance(HOUR).await;
                    Instant::now()
                };
                let (outcome, awake) = bounded("sleep", async { tokio::join!(playing, sleeping) }).await;
                assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
                let dials = server.dials();
                assert_eq!(dials.len(), 2, "one dial after the sleep: {seen:?}");
                assert!(dials[1] - awake <= Duration::from_secs(2), "{:?}", dials[1] - awake);
                server.end().await;
                baseline.restored().await;
            }
        }
    }
}
