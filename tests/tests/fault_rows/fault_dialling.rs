//! Rows 1 to 5: the connection does not come about.

use std::time::Duration;

use botpit_sdk::sandbox::{Fault, Sandbox, Strength, When};
use botpit_sdk::{Client, ErrorKind, Event};
use sdk_core::error::codes;
use sdk_core::network::Network;
use sdk_core::socket::State;
use tokio::time::{Instant, sleep};

use super::log_capture::Log;
use super::player::{Door, Plan, Seen, play};
use super::scene::{Baseline, Scene, bounded, seeds};
use super::scripted::{DeadPort, Scripted, answer};

const KEY: &str = "bp_live_never-shown";
const CAP: Duration = Duration::from_secs(30);

fn is_told(event: &Event) -> bool {
    matches!(event, Event::Reconnecting { .. } | Event::StillConnecting { .. })
}

#[tokio::test(start_paused = true)]
async fn row_01_refused_connects_are_told_and_tried_again_fast_then_up_to_the_cap() {
    for seed in seeds() {
        let dead = DeadPort::find();
        let port = dead.port();
        let log = Log::of_this_thread();
        let baseline = Baseline::measure().await;
        let client = Client::builder(KEY).url(format!("ws://127.0.0.1:{port}")).seed(seed).build().unwrap();
        let seen = Seen::default();
        let began = Instant::now();
        let mut playing = Box::pin(play(Door::Handler, &client, Plan::matches(0), &seen));
        tokio::select! {
            outcome = &mut playing => panic!("it gave up: {outcome:?}"),
            () = sleep(Duration::from_secs(3_600)) => {}
        }

        let told = seen.times(is_told)[0] - began;
        assert!(told <= Duration::from_secs(2), "told after {told:?}");
        let (dials, delays) = (seen.times(|event| matches!(event, Event::Connecting { .. })), seen.delays());
        let soon = dials.iter().filter(|at| **at - began <= Duration::from_secs(60)).count();
        assert!(soon >= 4, "three retries within a minute at least: {delays:?}");
        assert!(delays.iter().all(|delay| *delay <= CAP), "{delays:?}");
        assert!(delays.iter().any(|delay| *delay > CAP * 2 / 3), "they grow to the cap: {delays:?}");
        assert!(delays[6..].iter().any(|delay| *delay < CAP / 3), "the jitter is full: {delays:?}");
        assert!(seen.cause_codes().iter().all(|code| *code == "connect_failed"), "{seen:?}");
        assert_eq!(*seen.handle().state().borrow(), State::Reconnecting);

        // A machine that is busy may have more to say: that the thread was blocked.
        let lines: Vec<_> = log.lines().into_iter().filter(|line| line.contains(" try ")).collect();
        let line = &lines[0];
        for part in ["WARN", &format!("127.0.0.1:{port}"), "could not be reached", "try 1 in "] {
            assert!(line.contains(part), "{line:?} does not say {part:?}");
        }
        assert!(lines.iter().all(|line| !line.contains(KEY) && line.contains("WARN")), "one line each");
        assert_eq!(lines.len(), delays.len());

        seen.let_go();
        drop(playing);
        baseline.restored().await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_01_a_name_that_does_not_resolve_is_told_too() {
    let baseline = Baseline::measure().await;
    // No label of a name is longer than 63 characters: no resolver has to be asked.
    let host = format!("{}.invalid", "x".repeat(64));
    let network = Network::new().allow_plaintext(true);
    let client = Client::builder(KEY).url(format!("ws://{host}")).network(network).seed(1).build().unwrap();
    let (seen, began) = (Seen::default(), Instant::now());
    let mut playing = Box::pin(play(Door::Handler, &client, Plan::matches(0), &seen));
    let wait = async {
        while seen.delays().len() < 3 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        outcome = &mut playing => panic!("it gave up: {outcome:?}"),
        () = wait => {}
    }
    assert!(seen.times(is_told)[0] - began <= Duration::from_secs(2));
    let cause = &seen.causes()[0];
    assert_eq!((cause.code(), cause.kind()), (&codes::CONNECT_FAILED, ErrorKind::Connection));
    assert!(cause.chain().contains("name could not be resolved"), "{}", cause.chain());
    seen.let_go();
    drop(playing);
    baseline.restored().await;
}

#[tokio::test(start_paused = true)]
async fn row_01_a_server_that_comes_up_late_is_found() {
    for door in Door::BOTH {
        let dead = DeadPort::find();
        let port = dead.port();
        let baseline = Baseline::measure().await;
        let seen = Seen::default();
        let key = "bp_live_faultUnknown";
        let client = Client::builder(key).url(format!("ws://127.0.0.1:{port}")).seed(2).build().unwrap();
        let playing = play(door, &client, Plan::matches(1), &seen);
        let late = async {
            sleep(Duration::from_secs(300)).await;
            drop(dead);
            let sandbox = Sandbox::builder().port(port).house([Strength::Novice]).start().await.unwrap();
            (sandbox, Instant::now())
        };
        let (outcome, (sandbox, up)) =
            bounded("the late server", async { tokio::join!(playing, late) }).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert_eq!(seen.finished(), 1);
        let found = seen.times(|event| matches!(event, Event::Connected(_)))[0] - up;
        assert!(found <= CAP + Duration::from_secs(10), "found after {found:?}");
        sandbox.shutdown().await;
        baseline.restored().await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_02_a_server_that_accepts_and_says_nothing_is_given_up_at_ten_seconds() {
    Scene::each(async |scene| {
        scene.order(Fault::NeverAnswer.on(When::NextConnection));
        let (began, played) = (Instant::now(), scene.play(Plan::matches(1)).await);
        let seen = played.finished(1);
        assert_eq!(seen.cause_codes(), ["connect_timeout"]);
        if scene.door == Door::Handler {
            let slow = seen.times(|event| matches!(event, Event::StillConnecting { .. }))[0] - began;
            assert!(slow <= Duration::from_secs(2), "told after {slow:?}");
            let lost = seen.times(|event| matches!(event, Event::Disconnected { .. }))[0] - began;
            assert!((Duration::from_secs(10)..=Duration::from_millis(10_010)).contains(&lost), "{lost:?}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_03_a_refused_key_at_the_upgrade_is_final() {
    Scene::each(async |scene| {
        for (index, fault) in [Fault::Unauthorized, Fault::Forbidden].into_iter().enumerate() {
            scene.order(fault.on(When::NextConnection));
            let played = scene.play(Plan::matches(1)).await;
            let error = played.failed();
            assert!(error.is_auth() && !error.is_retryable(), "{error:?}");
            assert_eq!(error.status(), Some([401, 403][index]));
            sleep(Duration::from_secs(3_600)).await;
            assert_eq!(scene.sandbox.server().accepted(), index as u64 + 1, "one attempt each");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_03_a_key_that_is_refused_at_a_later_upgrade_is_final_too() {
    Scene::each(async |scene| {
        scene.order(Fault::DropTcp.on(When::sent("your_turn")));
        scene.order(Fault::Forbidden.on(When::NextConnection).skip(1).times(100));
        let played = scene.play(Plan::matches(1)).await;
        assert!(played.failed().is_auth(), "{:?}", played.outcome);
        sleep(Duration::from_secs(3_600)).await;
        assert_eq!(scene.sandbox.server().accepted(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_04_retry_after_is_honoured_and_clamped() {
    let seconds = Duration::from_secs;
    for (value, at_least, at_most) in [
        ("7", seconds(7), seconds(7)),
        ("120", seconds(120), seconds(120)),
        ("86400", seconds(600), seconds(600)),
        ("99999999999999999999", seconds(600), seconds(600)),
        ("Tue, 31 Dec 2999 23:59:59 GMT", seconds(600), seconds(600)),
        ("-5", Duration::ZERO, seconds(1)),
        ("-99999999999999999999", Duration::ZERO, seconds(1)),
        ("soon", Duration::ZERO, seconds(1)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Duration::ZERO, seconds(1)),
    ] {
        for limited in [true, false] {
            Scene::each(async |scene| {
                let retry_after = value.to_owned();
                scene.order(match limited {
                    true => Fault::RateLimited { retry_after }.on(When::NextConnection),
                    false => Fault::Unavailable { retry_after }.on(When::NextConnection),
                });
                let played = scene.play(Plan::matches(1)).await;
                let seen = played.finished(1);
                let (cause, delay) = (&seen.causes()[0], seen.delays()[0]);
                assert_eq!(cause.status(), Some(if limited { 429 } else { 503 }));
                assert_eq!(cause.is_rate_limited(), limited, "{cause:?}");
                assert!((at_least..=at_most).contains(&delay), "{value}: {delay:?}");
                assert_eq!(seen.dials(), 2);
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_05_a_redirect_is_typed_and_never_followed() {
    let decoy = Scripted::serve(|_, _| async {}).await;
    for status in [301, 302, 303, 307, 308] {
        Scene::each(async |scene| {
            let location = format!("http://{}/api/v1/ws", decoy.addr());
            scene.order(Fault::Redirect { status, location }.on(When::NextConnection));
            let played = scene.play(Plan::matches(1)).await;
            let seen = played.finished(1);
            let cause = &seen.causes()[0];
            assert_eq!((cause.code(), cause.status()), (&codes::REDIRECT_REFUSED, Some(status)));
        })
        .await;
    }
    assert_eq!(decoy.dials(), [], "the redirect was followed");
    decoy.end().await;
}

#[tokio::test(start_paused = true)]
async fn row_05_an_upgrade_answered_with_a_page_is_typed() {
    Scene::each(async |scene| {
        scene.order(Fault::Html { status: 502 }.on(When::NextConnection));
        scene.order(Fault::ServerError.on(When::NextConnection));
        let played = scene.play(Plan::matches(1)).await;
        assert_eq!(played.finished(1).cause_codes(), ["upgrade_refused"; 2]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_05_an_answer_without_proof_or_sense_is_typed_and_tried_again() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: c29tZWJvZHkgZWxzZQ==\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "",
    ];
    let baseline = Baseline::measure().await;
    let server = Scripted::serve(move |number, socket| answer(socket, answers[number % answers.len()])).await;
    let client = Client::builder(KEY).url(server.url()).seed(3).build().unwrap();
    let seen = Seen::default();
    let mut playing = Box::pin(play(Door::Handler, &client, Plan::matches(0), &seen));
    tokio::select! {
        outcome = &mut playing => panic!("it gave up: {outcome:?}"),
        () = sleep(Duration::from_secs(120)) => {}
    }
    let codes = seen.cause_codes();
    assert_eq!(codes[..2], ["upgrade_refused", "protocol_violation"]);
    assert!(codes[2..4].iter().all(|code| *code == "connection_lost"), "{codes:?}");
    assert!(seen.causes().iter().all(|cause| !format!("{cause:?} {}", cause.chain()).contains(KEY)));
    seen.let_go();
    drop(playing);
    server.end().await;
    baseline.restored().await;
}
