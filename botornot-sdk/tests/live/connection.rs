//! The life of a connection, weakness by weakness of the platform's own starter.

use std::time::Duration;

use botornot_sdk::model::{ReplyStatus, Room};
use botornot_sdk::sdk_core::error::codes;
use botornot_sdk::sdk_core::heartbeat::HeartbeatPolicy;
use botornot_sdk::sdk_core::shutdown::Shutdown;
use botornot_sdk::state::{Settings, Wish};
use botornot_sdk::{ErrorKind, Event, Events, Guess, Reason, Sent};
use serde_json::json;
use tokio::time::Instant;

use super::host::{Host, LOBBY, TOKEN};

async fn until(events: &mut Events, is: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = events.next().await.expect("an event");
        if is(&event) {
            return event;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_in_the_query_and_requests_get_their_replies() {
    let host = Host::start().await;
    let client = host.client().build().unwrap();
    let (connected, mut peer) = tokio::join!(client.connect(), host.lobby());
    let (handle, mut events) = connected.unwrap();
    assert_eq!(peer.uri, "/ws?api_key=agt_s3cr3t%2Ft0ken");
    let serve = async {
        let request = peer.request().await;
        assert_eq!(request["type"], "match:request");
        peer.push(LOBBY, "match:found", json!({ "match_id": "m1" })).await;
        peer.answer(&request, "reply", json!({ "status": "queued" })).await;
    };
    let (reply, ()) = tokio::join!(handle.request_match(), serve);
    assert_eq!(reply.unwrap().status, Some(ReplyStatus::Queued));
    until(&mut events, |event| matches!(event, Event::Push(_))).await;

    // Mistakes are told before anything is sent.
    let room = Room::lobby();
    for (error, field) in [
        (handle.say(&room, "").await.unwrap_err(), "body"),
        (handle.say(&room, "x".repeat(2_001)).await.unwrap_err(), "body"),
        (handle.push(&room, "vote:cast", &json!({ "guess": "maybe" })).await.unwrap_err(), "guess"),
        (handle.vote(&"room:game:botornot:m1".into(), Guess::Human).await.unwrap_err(), "room"),
        (handle.join(&"lobby".into()).await.unwrap_err(), "room"),
        (handle.wish(Wish::Drain).await.unwrap_err(), "wish"),
        (handle.replace_token("a b").await.unwrap_err(), "token"),
    ] {
        assert_eq!((error.kind(), error.field(), error.sent()), (ErrorKind::Misuse, Some(field), Sent::No));
    }

    // A request that nobody answers ends, and says that it had left.
    let impatient = handle.clone().with_timeout(Duration::from_secs(3));
    let began = Instant::now();
    let error = impatient.request_test_match().await.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CALL_TIMEOUT, Sent::Maybe));
    assert_eq!(began.elapsed().as_secs(), 3);
    assert_eq!(peer.request().await["type"], "match:test_request");

    handle.close().await.unwrap();
    assert_eq!(peer.close_code().await, 1000);
    assert!(matches!(
        until(&mut events, |event| matches!(event, Event::Closed { .. })).await,
        Event::Closed { reason: None }
    ));
}

#[tokio::test(start_paused = true)]
async fn weakness_7_a_refused_token_is_final_typed_and_never_shown() {
    let host = Host::start().await;
    let client = host.client().build().unwrap();
    let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 33\r\n\r\nbad token agt_s3cr3t%2Ft0ken here";
    let (connected, request) = tokio::join!(client.connect(), host.answer_http(answer));
    let error = connected.unwrap_err();
    assert!(request.starts_with("GET /ws?api_key="));
    assert!(error.is_auth() && !error.is_retryable());
    assert_eq!((error.code(), error.status()), (&codes::AUTH_REJECTED, Some(401)));
    let body = String::from_utf8_lossy(error.body().unwrap_or_default()).into_owned();
    for shown in [error.chain(), format!("{error:?}"), body] {
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    assert!(host.is_left_alone(Duration::from_secs(120)).await);
}

#[tokio::test(start_paused = true)]
async fn weakness_18_an_upgrade_that_is_never_answered_is_given_up() {
    let host = Host::start().await;
    let client = host.client().handshake_timeout(Duration::from_secs(4)).build().unwrap();
    let connecting = tokio::spawn(async move { client.connect().await.unwrap() });
    let silent = host.accept_tcp().await;
    let began = Instant::now();
    let _peer = host.lobby().await;
    let waited = began.elapsed().as_secs_f64();
    assert!((4.5..=5.5).contains(&waited), "{waited}");
    let (_handle, mut events) = connecting.await.unwrap();
    let lost = until(&mut events, |event| matches!(event, Event::Disconnected { .. })).await;
    assert!(matches!(lost, Event::Disconnected { cause } if *cause.code() == codes::CONNECT_TIMEOUT));
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn weakness_6_the_backoff_starts_over_only_after_a_lobby_that_stayed() {
    let host = Host::start().await;
    let client = host.client().build().unwrap();
    let connecting = tokio::spawn(async move { client.connect().await });
    let mut waits = Vec::new();
    let mut left = Instant::now();
    for round in 0..8 {
        let peer = if round % 2 == 0 { host.accept().await } else { host.lobby().await };
        if round > 0 {
            waits.push(left.elapsed().as_secs_f64().round() as u64);
        }
        drop(peer); // accepted, even let into the lobby, and dropped at once
        left = Instant::now();
    }
    assert_eq!(waits, [1, 2, 4, 8, 10, 10, 10]);
    let mut peer = host.lobby().await;
    let (_handle, _events) = connecting.await.unwrap().unwrap();
    // Pings are answered all the while.
    let _ = tokio::time::timeout(Duration::from_secs(100), peer.request()).await;
    drop(peer);
    left = Instant::now();
    host.lobby().await;
    assert_eq!(left.elapsed().as_secs_f64().round() as u64, 1);
}

#[tokio::test(start_paused = true)]
async fn weakness_4_silence_is_death_and_a_lobby_that_is_never_joined_is_left() {
    let host = Host::start().await;
    let client = host.client().build().unwrap();
    let connecting = tokio::spawn(async move { client.connect().await.unwrap() });
    // The confirmation is lost.
    let mut wedged = host.accept().await;
    let began = Instant::now();
    wedged.request().await;
    let peer = host.lobby().await;
    assert!((10.0..=12.0).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
    let (handle, mut events) = connecting.await.unwrap();
    // From now on the server says nothing. The pings are not even read.
    let began = Instant::now();
    let lost = until(
        &mut events,
        |event| matches!(event, Event::Disconnected { cause } if *cause.code() == codes::SERVER_SILENT),
    );
    lost.await;
    assert!((59.0..=91.0).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
    drop(peer);
    let _peer = host.lobby().await;
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn the_platforms_ping_goes_out_every_thirty_seconds_or_as_configured() {
    for (policy, span) in [
        (None, 30.0),
        (Some(HeartbeatPolicy::new(Duration::from_secs(7), Duration::from_secs(14)).unwrap()), 7.0),
    ] {
        let host = Host::start().await;
        let mut builder = host.client();
        if let Some(policy) = policy {
            builder = builder.heartbeat(policy);
        }
        let client = builder.build().unwrap();
        let connecting = tokio::spawn(async move { client.connect().await.unwrap() });
        let mut peer = host.lobby().await;
        let _connected = connecting.await.unwrap();
        let mut beats = Vec::new();
        while beats.len() < 4 {
            let text = peer.next().await.unwrap().into_text().unwrap().to_string();
            assert_eq!(text, r#"{"event":"ping"}"#);
            peer.say(r#"{"event":"pong"}"#).await;
            beats.push(Instant::now());
        }
        for pair in beats.windows(2) {
            let gap = (pair[1] - pair[0]).as_secs_f64();
            assert!((gap - span).abs() < 0.5, "{gap}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn weakness_17_a_signal_closes_in_good_order_after_the_match() {
    let host = Host::start().await;
    let shutdown = Shutdown::new();
    let client = host.client().shutdown(&shutdown).build().unwrap();
    let entering = tokio::spawn(async move { client.enter(Settings::default()).await.unwrap() });
    let mut peer = host.lobby().await;
    let request = peer.request().await;
    peer.answer(&request, "reply", json!({ "status": "queued" })).await;
    peer.push(LOBBY, "match:found", json!({ "match_id": "m1" })).await;
    let join = peer.request().await;
    peer.answer(&join, "joined", json!({})).await;
    peer.push("room:game:botornot:m1", "match:started", json!({ "duration_sec": 240 })).await;
    let (_handle, mut events) = entering.await.unwrap();
    shutdown.request();
    // The match in progress is finished, its vote included.
    assert_eq!(peer.request().await["payload"], json!({ "guess": "human" }));
    peer.push("room:game:botornot:m1", "match:ended", json!({})).await;
    assert_eq!(peer.close_code().await, 1000);
    until(&mut events, |event| matches!(event, Event::Closed { reason: None })).await;
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn another_token_takes_over_and_a_dropped_handle_closes() {
    let host = Host::start().await;
    let client = host.client().build().unwrap();
    let connecting = tokio::spawn(async move { client.connect().await.unwrap() });
    let first = host.lobby().await;
    assert!(first.uri.ends_with("agt_s3cr3t%2Ft0ken"));
    let (handle, events) = connecting.await.unwrap();
    handle.replace_token("agt_another").await.unwrap();
    let mut second = host.lobby().await;
    assert!(second.uri.ends_with("api_key=agt_another"), "{}", second.uri);
    drop((handle, events));
    assert_eq!(second.close_code().await, 1000);
}

#[tokio::test(start_paused = true)]
async fn direct_rooms_are_joined_and_joined_again_after_a_reconnect() {
    let host = Host::start().await;
    let client = host.client().build().unwrap();
    let connecting = tokio::spawn(async move { client.connect().await.unwrap() });
    let mut peer = host.lobby().await;
    let (handle, mut events) = connecting.await.unwrap();
    let room = Room::direct("agent:sniper").unwrap();
    let serve = async {
        let join = peer.request().await;
        assert_eq!(join["room"], "room:agent:direct:agent:sniper");
        peer.answer(&join, "joined", json!({})).await;
    };
    let (joined, ()) = tokio::join!(handle.join(&room), serve);
    joined.unwrap();
    drop(peer);
    let mut peer = host.lobby().await;
    let join = peer.request().await;
    assert_eq!(join["room"], "room:agent:direct:agent:sniper");
    peer.answer(&join, "error", json!({ "reason": ":agent_offline" })).await;
    let lost = until(&mut events, |event| matches!(event, Event::RoomLost { .. })).await;
    assert!(
        matches!(lost, Event::RoomLost { cause, .. } if cause.platform_code() == Some(Reason::AgentOffline))
    );
    assert!(!format!("{events:?}{handle:?}").contains(TOKEN));
}
