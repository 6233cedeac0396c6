//! Rows 11, 12, 20, 21 and 23: the server closes, restarts, flaps, or no longer wants this key.

use std::time::Duration;

use botpit_sdk::sandbox::{Fault, Sandbox, When};
use botpit_sdk::{Client, Event};
use sdk_core::error::codes;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::player::{Door, Plan, Seen, play};
use super::scene::{Baseline, Scene, bounded, seeds};
use super::scripted::{Heard, Scripted, Ws};

fn close(code: u16, reason: &str) -> Fault {
    Fault::Close { code, reason: reason.into() }
}

#[tokio::test(start_paused = true)]
async fn row_11_close_1000_with_nothing_under_way_is_the_end() {
    Scene::each(async |scene| {
        let seen = scene.watch();
        let client = scene.client().build().unwrap();
        let closing = async {
            seen.wait_for("the greeting", |event| matches!(event, Event::Connected(_))).await;
            scene.order(close(1_000, "bye"));
        };
        let (outcome, ()) = tokio::join!(play(scene.door, &client, Plan::matches(0), &seen), closing);
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(seen.delays(), [], "no dial follows");
        let closed = seen.all(|event| match event {
            Event::Closed { reason } => Some(reason.is_none()),
            _ => None,
        });
        assert_eq!(closed, [true]);
        sleep(Duration::from_secs(600)).await;
        assert_eq!(scene.sandbox.server().accepted(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_11_close_1000_before_the_greeting_is_no_end() {
    Scene::each(async |scene| {
        scene.order(close(1_000, "full").on(When::received("authenticate")).times(3));
        let played = scene.play(Plan::matches(1)).await;
        assert_eq!(played.finished(1).cause_codes(), ["closed_by_server"; 3]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_11_close_1000_in_the_queue_or_in_a_match_is_a_reason_to_come_back() {
    for moment in ["queue_joined", "match_found", "your_turn", "opponent_moved", "round_result"] {
        Scene::each(async |scene| {
            scene.order(close(1_000, "maintenance").on(When::sent(moment)));
            let played = scene.play(Plan::matches(1)).await;
            let seen = played.finished(1);
            assert_eq!(seen.causes()[0].close_code(), Some(1_000), "{seen:?}");
            assert_eq!(seen.reconnects(), 1);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_11_close_1000_while_draining_does_not_give_the_match_up() {
    Scene::each(async |scene| {
        scene.order(close(1_000, "").on(When::sent("your_turn")).skip(1));
        let seen = scene.watch();
        let client = scene.client().build().unwrap();
        let plan = Plan::matches(3).thinking(|_| Duration::from_millis(100));
        let playing = play(scene.door, &client, plan, &seen);
        let draining = async {
            seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
            let handle = seen.handle();
            handle.drain().await.unwrap();
        };
        let (outcome, ()) = tokio::join!(playing, draining);
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert_eq!((seen.finished(), seen.reconnects()), (1, 1), "{seen:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_11_going_away_and_restart_are_reasons_to_come_back() {
    for code in [1_001, 1_011, 1_012, 1_013, 4_999] {
        for moment in ["authenticated", "your_turn"] {
            Scene::each(async |scene| {
                scene.order(close(code, "").on(When::sent(moment)));
                let played = scene.play(Plan::matches(1)).await;
                let seen = &played.seen;
                assert!(played.outcome.is_ok(), "{:?} {seen:?}", played.outcome);
                assert_eq!(seen.causes()[0].close_code(), Some(code));
                assert_eq!(seen.reconnects(), 1);
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_12_a_refused_key_or_a_replaced_session_is_final() {
    for (code, reason, expected) in [
        (4_001, "", &codes::AUTH_REJECTED),
        (4_003, "no", &codes::AUTH_REJECTED),
        (4_401, "", &codes::AUTH_REJECTED),
        (4_403, "", &codes::AUTH_REJECTED),
        (1_008, "invalid API key", &codes::AUTH_REJECTED),
        (4_409, "", &codes::SESSION_REPLACED),
        (4_000, "replaced by a new session", &codes::SESSION_REPLACED),
        (4_100, "another session took over", &codes::SESSION_REPLACED),
    ] {
        for moment in ["authenticated", "your_turn"] {
            Scene::each_in(
                |sandbox| sandbox.turn_timeout(Duration::from_secs(1)),
                async |scene| {
                    scene.order(close(code, reason).on(When::sent(moment)));
                    let played = scene.play(Plan::matches(1)).await;
                    let error = played.failed();
                    assert_eq!((error.code(), error.close_code()), (expected, Some(code)), "{error:?}");
                    sleep(Duration::from_secs(600)).await;
                    assert_eq!(scene.sandbox.server().accepted(), 1, "{code} {reason}: it came back");
                },
            )
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_12_two_bots_with_one_key_do_not_fight() {
    Scene::each(async |scene| {
        let first = scene.watch();
        let client = scene.client().build().unwrap();
        let fighting = play(scene.door, &client, Plan::matches(0), &first);
        let second = async {
            first.wait_for("the first", |event| matches!(event, Event::Connected(_))).await;
            scene.play(Plan::matches(1)).await
        };
        let (outcome, second) = tokio::join!(fighting, second);
        assert_eq!(outcome.unwrap_err().code(), &codes::SESSION_REPLACED);
        second.finished(1);
        assert_eq!(scene.sandbox.server().accepted(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_20_flapping_is_met_with_growing_waits() {
    for seed in seeds() {
        for door in Door::BOTH {
            // Half of the time the server even says that it restarts.
            for restarts in [false, true] {
                let baseline = Baseline::measure().await;
                let server = Scripted::serve(move |number, socket| async move {
                    let mut ws = Ws::greet(socket).await;
                    sleep(Duration::from_secs(1)).await;
                    match number {
                        50.. => ws.close(Some(1_000), "").await,
                        _ if restarts => ws.close(Some(1_012), "").await,
                        _ => ws.reset(),
                    }
                })
                .await;
                let seen = Seen::default();
                let client = Client::builder("k").url(server.url()).seed(seed).build().unwrap();
                let outcome = bounded("flapping", play(door, &client, Plan::matches(0), &seen)).await;
                assert!(outcome.is_ok(), "{outcome:?}");
                let delays = seen.delays();
                assert_eq!(delays.len(), 50);
                assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(30)), "{delays:?}");
                // Without growth they would be half a second (or half a spread) each; at the cap they are fifteen.
                let later = delays[10..].iter().sum::<Duration>() / 40;
                assert!(later >= Duration::from_secs(10), "{later:?} on average: {delays:?}");
                server.end().await;
                baseline.restored().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_20_a_minute_of_health_starts_over_and_less_does_not() {
    for seed in seeds() {
        for (healthy, starts_over) in [(62, true), (50, false)] {
            let server = Scripted::serve(move |number, socket| async move {
                let mut ws = Ws::greet(socket).await;
                let (flaps, span) = (number < 12, Duration::from_secs(healthy));
                let _ = ws.hear_within(if flaps { Duration::from_secs(1) } else { span }).await;
                if number < 32 { ws.reset() } else { ws.close(Some(1_000), "").await }
            })
            .await;
            let seen = Seen::default();
            let client = Client::builder("k").url(server.url()).seed(seed).build().unwrap();
            let outcome = bounded("health", play(Door::Handler, &client, Plan::matches(0), &seen)).await;
            assert!(outcome.is_ok(), "{outcome:?}");
            let after = &seen.delays()[12..];
            let longest = *after.iter().max().unwrap();
            assert_eq!(longest <= Duration::from_secs(1), starts_over, "{healthy} s: {after:?}");
            server.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_20_silence_is_not_health() {
    for seed in seeds() {
        let server = Scripted::serve(|number, socket| async move {
            let mut ws = Ws::greet(socket).await;
            if number < 12 {
                return ws.reset();
            }
            if number == 32 {
                return ws.close(Some(1_000), "").await;
            }
            // Well for 45 s, and found dead at 65 s or later.
            let _ = ws.hear_within(Duration::from_secs(45)).await;
            sleep(Duration::from_secs(60)).await;
        })
        .await;
        let seen = Seen::default();
        let client = Client::builder("k").url(server.url()).seed(seed).build().unwrap();
        let outcome = bounded("silence", play(Door::Handler, &client, Plan::matches(0), &seen)).await;
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(seen.cause_codes()[12..32], ["server_silent"; 20]);
        let after = &seen.delays()[12..];
        assert!(after.iter().max() > Some(&Duration::from_secs(10)), "{after:?}");
        server.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_21_a_thousand_bots_do_not_come_back_as_one() {
    const BOTS: u64 = 1_000;
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let baseline = Baseline::measure().await;
    let mut bots = Vec::new();
    for number in 0..BOTS {
        let key = sandbox.register(&format!("Bot{number}")).unwrap();
        let client = Client::builder(key).url(sandbox.url()).seed(number).build().unwrap();
        bots.push(client.connect().await.unwrap());
    }
    assert_eq!(sandbox.connections() as u64, BOTS);
    let before = sandbox.server().accepted();
    sandbox.reset();

    // How many had dialled at each tick of fifty milliseconds.
    const TICKS_A_SECOND: usize = 20;
    let mut dialled = vec![0; TICKS_A_SECOND];
    while dialled.last() < Some(&BOTS) {
        sleep(Duration::from_millis(50)).await;
        dialled.push(sandbox.server().accepted() - before);
        assert!(dialled.len() < 60 * TICKS_A_SECOND, "{:?} of {BOTS} are back", dialled.last());
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(sandbox.server().accepted() - before, BOTS, "one dial each");
    assert_eq!(sandbox.connections() as u64, BOTS);
    let busiest = dialled.windows(TICKS_A_SECOND + 1).map(|window| window[TICKS_A_SECOND] - window[0]).max();
    assert!(busiest <= Some(BOTS / 10), "{busiest:?} dials within one second");

    for (handle, _) in &bots {
        handle.close().await.unwrap();
    }
    drop(bots);
    baseline.restored().await;
    assert_eq!(sandbox.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn row_23_a_key_that_is_rotated_while_connected_is_final() {
    let auth_failed =
        || json!({ "type": "error", "code": "auth_failed", "message": "invalid or expired API key" });
    for seed in seeds() {
        for door in Door::BOTH {
            for reconnects in [false, true] {
                let baseline = Baseline::measure().await;
                let server = Scripted::serve(move |number, socket| async move {
                    if number == 0 {
                        let mut ws = Ws::greet(socket).await;
                        ws.begin_match("m-1").await;
                        if reconnects {
                            return ws.reset();
                        }
                        ws.say(auth_failed()).await;
                        while !matches!(ws.hear().await, Heard::Gone) {}
                    } else {
                        let mut ws = Ws::accept(socket).await;
                        ws.hear().await;
                        ws.say(auth_failed()).await;
                        while !matches!(ws.hear().await, Heard::Gone) {}
                    }
                })
                .await;
                let seen = Seen::default();
                let client = Client::builder("k").url(server.url()).seed(seed).build().unwrap();
                let began = Instant::now();
                let outcome = bounded("revoked", play(door, &client, Plan::matches(1), &seen)).await;
                let error = outcome.unwrap_err();
                assert!(error.is_auth() && error.code() == &codes::AUTH_REJECTED, "{error:?}");
                assert_eq!(error.platform_code_str(), Some("auth_failed"));
                assert!(began.elapsed() <= Duration::from_secs(5), "{:?}", began.elapsed());
                sleep(Duration::from_secs(3_600)).await;
                assert_eq!(server.dials().len(), 1 + usize::from(reconnects), "one attempt");
                server.end().await;
                baseline.restored().await;
            }
        }
    }
}
