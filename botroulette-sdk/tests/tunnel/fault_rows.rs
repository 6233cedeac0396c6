//! The table of faults, row by row, as a tunnel lives through them. Row 3 is for the key too (12, 23), rows 15 and 17 are in
//! `hostile_frames`, and row 25, a local server that is down, is in `forwarding`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use botroulette_sdk::sdk_core::backoff::BackoffPolicy;
use botroulette_sdk::{Client, Error, Incoming, TunnelEvent, responder};
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::answering::Parrot;
use crate::relay::{Bot, KEY, PATIENCE, Peer, Relay, seconds};

impl Bot {
    /// Why the connection was lost the next time.
    async fn lost(&mut self) -> Error {
        self.until(|event| match event {
            TunnelEvent::Disconnected { cause } => Some(cause),
            _ => None,
        })
        .await
    }

    async fn waits(&mut self) -> (u32, Duration) {
        self.until(|event| match event {
            TunnelEvent::Reconnecting { attempt, delay, .. } => Some((attempt, delay)),
            _ => None,
        })
        .await
    }
}

/// Answers, and is on the connection that counts.
async fn answers(peer: &mut Peer) {
    peer.ask("ok?", "yes").await;
    let answer = peer.answer().await;
    assert_eq!((answer.id.as_str(), answer.reply().as_str()), (Some("ok?"), "yes"));
}

/// What a first dial came to, when the relay does this with it.
async fn first_dial(relay: &Relay, answer: &str) -> Bot {
    let connecting = relay.client().serve(Parrot).connect();
    let serving = async {
        relay.refuse(answer).await;
        relay.online().await
    };
    let (connected, mut peer) = tokio::join!(connecting, serving);
    let (handle, events) = connected.unwrap();
    answers(&mut peer).await;
    Bot { handle, events }
}

#[tokio::test(start_paused = true)]
async fn row_01_a_relay_that_is_not_there_is_tried_again_with_waits_up_to_30_s() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("ws://{}", socket.local_addr().unwrap());
    let client = Client::builder(KEY).tunnel_url(url).seed(1).build().unwrap();
    let connecting = tokio::spawn(client.serve(Parrot).connect());
    sleep(seconds(300)).await;
    let relay = Relay::from(socket.listen(16).unwrap());
    let mut peer = relay.online().await;
    answers(&mut peer).await;
    let (handle, events) = connecting.await.unwrap().unwrap();
    let mut bot = Bot { handle, events };
    let (mut attempts, mut waited) = (0, Duration::ZERO);
    loop {
        match bot.next().await {
            TunnelEvent::Connecting { attempt } => assert_eq!(attempt, attempts),
            TunnelEvent::Disconnected { cause } => assert_eq!(cause.code().id(), "connect_failed"),
            TunnelEvent::Reconnecting { attempt, delay, .. } => {
                attempts += 1;
                waited += delay;
                assert_eq!(attempt, attempts);
                assert!(delay <= seconds(30), "{delay:?}");
            }
            TunnelEvent::Connected(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!((9..60).contains(&attempts) && waited >= seconds(290), "{attempts} in {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn row_02_a_relay_without_a_handshake_is_given_up_after_10_s() {
    let relay = Relay::start().await;
    let began = Instant::now();
    let serving = async {
        let silent = relay.accept_tcp().await;
        let peer = relay.online().await;
        drop(silent);
        peer
    };
    let (connected, _peer) = tokio::join!(relay.client().serve(Parrot).connect(), serving);
    let (handle, events) = connected.unwrap();
    assert_eq!(Bot { handle, events }.lost().await.code().id(), "connect_timeout");
    assert!((10..=12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn row_03_a_401_or_403_at_the_upgrade_is_final() {
    for status in [401, 403] {
        let relay = Relay::start().await;
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        let serve = relay.client().serve(Parrot);
        let (ended, ()) = tokio::join!(serve.run(), relay.refuse(&answer));
        let error = ended.unwrap_err();
        assert!(error.is_auth() && error.status() == Some(status), "{error}");
        assert!(relay.is_left_alone(PATIENCE).await);
    }
}

#[tokio::test(start_paused = true)]
async fn row_04_retry_after_is_kept_and_clamped() {
    for (header, least, most) in [("7", 7, 8), ("999999999", 600, 601), ("-5", 0, 2)] {
        for status in [429, 503] {
            let relay = Relay::start().await;
            let began = Instant::now();
            let answer = format!("HTTP/1.1 {status} X\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n");
            let mut bot = first_dial(&relay, &answer).await;
            assert_eq!(bot.lost().await.status(), Some(status));
            let took = began.elapsed().as_secs();
            assert!((least..=most).contains(&took), "{header}: {took} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_05_a_redirect_is_not_followed() {
    let (relay, elsewhere) = (Relay::start().await, Relay::start().await);
    let to = elsewhere.url().replace("ws://", "http://");
    let answer = format!("HTTP/1.1 307 X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let mut bot = first_dial(&relay, &answer).await;
    let cause = bot.lost().await;
    assert_eq!((cause.code().id(), cause.status()), ("redirect_refused", Some(307)));
    assert!(elsewhere.is_left_alone(seconds(60)).await, "the key stays here");
}

/// Counts its calls, and how many of them came to their end; each takes 5 s.
fn counting() -> (Arc<[AtomicUsize; 2]>, impl botroulette_sdk::Responder) {
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let counted = counts.clone();
    let responder = responder(move |request: Incoming| {
        let counts = counted.clone();
        async move {
            counts[0].fetch_add(1, Ordering::SeqCst);
            if request.message()? != "yes" {
                sleep(seconds(5)).await;
            }
            counts[1].fetch_add(1, Ordering::SeqCst);
            Ok(request.message()?.to_owned())
        }
    });
    (counts, responder)
}

fn read(counts: &[AtomicUsize; 2]) -> (usize, usize) {
    (counts[0].load(Ordering::SeqCst), counts[1].load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn rows_06_and_19_requests_of_a_lost_connection_are_given_up_and_nothing_is_replayed() {
    let relay = Relay::start().await;
    let (counts, responder) = counting();
    let (mut bot, mut peer) = relay.bot(responder).await;
    for n in 0..32 {
        peer.ask(&format!("r-{n}"), "slow").await;
    }
    sleep(seconds(1)).await;
    assert_eq!(read(&counts), (32, 0));
    peer.0.get_mut().set_zero_linger().unwrap();
    drop(peer);
    assert_eq!(bot.lost().await.code().id(), "connection_lost");
    let mut peer = relay.online().await;
    assert!(peer.hears_nothing(seconds(60)).await, "no stale answer on another connection");
    assert_eq!(read(&counts), (32, 0), "each was dropped, and none called again");
    answers(&mut peer).await;
    let told = bot
        .until(|event| match event {
            TunnelEvent::NotAnswered(error) => Some(error),
            _ => None,
        })
        .await;
    assert!(told.code().id() == "unanswered" && told.message().starts_with("32 requests"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn row_07_an_answer_that_was_lost_on_its_way_is_not_made_again() {
    let relay = Relay::start().await;
    let (counts, responder) = counting();
    let (_bot, mut peer) = relay.bot(responder).await;
    peer.ask("r-1", "yes").await;
    // It is written, and the relay is gone before it has read it.
    sleep(seconds(1)).await;
    peer.0.get_mut().set_zero_linger().unwrap();
    drop(peer);
    let mut peer = relay.online().await;
    assert!(peer.hears_nothing(seconds(60)).await);
    assert_eq!(read(&counts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn row_08_a_relay_that_falls_silent_is_found_within_85_s() {
    let relay = Relay::start().await;
    let (mut bot, _peer) = relay.bot(Parrot).await;
    let began = Instant::now();
    // Nobody reads the relay's end, so nothing answers a ping of any kind.
    assert_eq!(bot.lost().await.code().id(), "server_silent");
    let took = began.elapsed();
    assert!(took >= seconds(60) && took <= seconds(85), "{took:?}");
    drop(_peer);
    answers(&mut relay.online().await).await;
}

#[tokio::test(start_paused = true)]
async fn row_09_a_relay_that_takes_no_bytes_is_left_and_the_rest_goes_on() {
    let relay = Relay::start().await;
    let long = responder(|request: Incoming| async move {
        Ok(if request.message()? == "yes" { "yes".to_owned() } else { "x".repeat(9 << 20) })
    });
    let (mut bot, mut peer) = relay.bot(long).await;
    for n in 0..8 {
        peer.ask(&format!("r-{n}"), "long").await;
    }
    let began = Instant::now();
    assert_eq!(bot.lost().await.code().id(), "write_stalled");
    assert!(began.elapsed() <= seconds(12), "{:?}", began.elapsed());
    drop(peer);
    answers(&mut relay.online().await).await;
}

#[tokio::test(start_paused = true)]
async fn row_10_a_slow_responder_stops_no_ping() {
    let relay = Relay::start().await;
    let serve = relay.client().serve(Parrot).deadline(seconds(200));
    let (_bot, mut peer) = relay.serve(serve).await;
    let began = Instant::now();
    peer.ask("slow", "sleep 100").await;
    let mut pings = Vec::new();
    loop {
        let text = peer.text().await;
        if text != r#"{"type":"ping"}"# {
            assert!(text.contains("sleep 100"), "{text}");
            break;
        }
        pings.push(began.elapsed().as_secs());
    }
    assert!(pings.len() >= 4 && pings.windows(2).all(|pair| pair[1] - pair[0] == 25), "{pings:?}");
}

#[tokio::test(start_paused = true)]
async fn row_11_close_codes_mean_what_they_say() {
    let relay = Relay::start().await;
    let (mut bot, peer) = relay.bot(Parrot).await;
    peer.close(1000, "bye").await;
    assert!(bot.reason().await.is_none(), "in good order is the end");
    assert!(relay.is_left_alone(PATIENCE).await);

    let (mut bot, peer) = relay.serve(relay.client().serve(Parrot).stay_online()).await;
    peer.close(1000, "bye").await;
    answers(&mut relay.online().await).await;
    bot.lost().await;
    drop(bot);

    for (code, most) in [(1001, 1), (1011, 1), (1012, 15), (1013, 15)] {
        let (mut bot, peer) = relay.bot(Parrot).await;
        let began = Instant::now();
        peer.close(code, "restart").await;
        answers(&mut relay.online().await).await;
        assert!(began.elapsed() <= seconds(most), "{code}: {:?}", began.elapsed());
        assert_eq!(bot.lost().await.close_code(), Some(code));
    }
}

#[tokio::test(start_paused = true)]
async fn row_12_a_refused_key_and_another_tunnel_are_final() {
    for (code, reason, id) in [
        (4401, "", "auth_rejected"),
        (4001, "auth", "auth_rejected"),
        (1008, "invalid api key", "auth_rejected"),
        (4000, "replaced by another connection", "session_replaced"),
    ] {
        let relay = Relay::start().await;
        let (mut bot, peer) = relay.bot(Parrot).await;
        peer.close(code, reason).await;
        assert_eq!(bot.reason().await.unwrap().code().id(), id, "{code} {reason}");
        assert!(relay.is_left_alone(PATIENCE).await);
    }
}

#[tokio::test(start_paused = true)]
async fn row_13_a_torn_frame_never_surfaces() {
    let relay = Relay::start().await;
    let (counts, responder) = counting();
    let (mut bot, mut peer) = relay.bot(responder).await;
    let text = br#"{"type":"request","id":"half","body":"{\"message\":\"yes\"}"}"#;
    let frame = [&[0x81, u8::try_from(text.len()).unwrap()][..], text].concat();
    peer.0.get_mut().write_all(&frame[..frame.len() - 1]).await.unwrap();
    drop(peer);
    bot.lost().await;
    let mut peer = relay.online().await;
    assert_eq!(read(&counts), (0, 0));
    peer.0.send(Message::Close(None)).await.unwrap();
    assert_eq!(bot.lost().await.code().id(), "closed_by_server");
    drop(peer);
    answers(&mut relay.online().await).await;
}

#[tokio::test(start_paused = true)]
async fn row_14_garbage_ends_the_connection_and_not_the_bot() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    for (bytes, code) in [
        (&[0x81, 2, 0xff, 0xfe][..], 1007),      // not UTF-8
        (&[0x83, 0], 1002),                      // an opcode that does not exist
        (&[0xc1, 1, b'x'], 1002),                // a reserved bit
        (&[0x81, 0x81, 1, 2, 3, 4, b'x'], 1002), // masked, which a server's frame is not
    ] {
        peer.0.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(peer.close_code().await, code, "{bytes:?}");
        drop(peer);
        assert_eq!(bot.lost().await.code().id(), "protocol_violation");
        peer = relay.online().await;
        answers(&mut peer).await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_16_a_frame_beyond_the_limit_closes_with_1009() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.serve(relay.client().serve(Parrot).max_body(1_000)).await;
    // The head alone says it all: nothing of that size is read.
    peer.0.get_mut().write_all(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(peer.close_code().await, 1009);
    drop(peer);
    assert_eq!(bot.lost().await.code().id(), "message_too_large");
    answers(&mut relay.online().await).await;
}

#[tokio::test(start_paused = true)]
async fn row_18_an_answer_that_comes_late_goes_to_nobody() {
    let relay = Relay::start().await;
    let (bot, mut peer) = relay.bot(Parrot).await;
    peer.ask("r-1", "sleep 20").await;
    sleep(seconds(1)).await;
    bot.handle.reconnect().await.unwrap();
    peer.close_code().await;
    drop(peer);
    let mut peer = relay.online().await;
    // The very same id on the new connection is answered by its own responder alone.
    peer.ask("r-1", "sleep 24").await;
    assert_eq!(peer.answer().await.reply(), "sleep 24");
    assert!(peer.hears_nothing(seconds(60)).await);
}

#[tokio::test(start_paused = true)]
async fn row_20_flapping_does_not_reset_the_backoff() {
    let relay = Relay::start().await;
    let client =
        relay.builder().backoff(BackoffPolicy::exponential(seconds(1), seconds(30))).build().unwrap();
    let (mut bot, mut peer) = relay.serve(client.serve(Parrot)).await;
    for attempt in 1..=12 {
        sleep(seconds(1)).await;
        drop(peer);
        let (told, delay) = bot.waits().await;
        assert_eq!(told, attempt);
        assert!(delay <= seconds(30));
        peer = relay.online().await;
    }
    // A minute of health, and it begins anew.
    assert!(peer.hears_nothing(seconds(61)).await);
    drop(peer);
    assert_eq!(bot.waits().await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn row_21_bots_of_a_restarted_relay_do_not_come_back_at_once() {
    let mut delays = Vec::new();
    for seed in 0..16 {
        let relay = Relay::start().await;
        let client = relay.builder().seed(seed).build().unwrap();
        let (mut bot, peer) = relay.serve(client.serve(Parrot)).await;
        peer.close(1012, "restart").await;
        delays.push(bot.waits().await.1);
    }
    delays.sort();
    assert!(delays.iter().all(|delay| *delay <= seconds(15)), "{delays:?}");
    assert!(delays[15] - delays[0] > seconds(8), "{delays:?}");
    delays.dedup();
    assert_eq!(delays.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn row_22_a_laptop_that_slept_dials_once() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    peer.ask("old", "sleep 20").await;
    sleep(seconds(1)).await;
    advance(seconds(3_600)).await;
    let lost = bot.lost().await;
    assert_eq!(lost.code().id(), "server_silent");
    let mut peer = relay.online().await;
    assert!(peer.hears_nothing(seconds(60)).await, "no answer of before");
    answers(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn row_23_a_key_that_is_revoked_while_connected_is_final() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(Parrot).await;
    peer.say(include_str!("../fixtures/observed/error.json")).await;
    let error = bot.reason().await.unwrap();
    assert!(error.is_auth() && error.message().contains("Invalid or expired API key"), "{error}");
    drop(peer);
    assert!(relay.is_left_alone(PATIENCE).await);
}

#[tokio::test(start_paused = true)]
async fn row_24_a_stop_without_work_is_quick_and_says_goodbye() {
    let relay = Relay::start().await;
    let (bot, mut peer) = relay.bot(Parrot).await;
    let began = Instant::now();
    bot.handle.drain().await.unwrap();
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    bot.handle.closed().await;
    assert!(began.elapsed() < seconds(2));
}

#[tokio::test(start_paused = true)]
async fn a_large_request_on_a_slow_line_arrives() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Parrot).await;
    let text = format!(r#"{{"type":"request","id":"r","body":"{{\"message\":\"{}\"}}"}}"#, "x".repeat(4_000));
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    let frame = [&[0x81, 126, length[0], length[1]][..], text.as_bytes()].concat();
    // 200 s for one message, beside a silence of 60 s that means death.
    for piece in frame.chunks(frame.len().div_ceil(5)) {
        sleep(seconds(40)).await;
        peer.0.get_mut().write_all(piece).await.unwrap();
    }
    assert_eq!(peer.answer().await.reply().len(), 4_000);
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_goes_to_the_documented_path_and_without_the_key() {
    let relay = Relay::start().await;
    let run = tokio::spawn(relay.client().serve(Parrot).run());
    let mut stream = relay.accept_tcp().await;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let request = String::from_utf8(request).unwrap();
    assert!(request.starts_with("GET /ws HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("kp_live"), "the key travels in the first frame alone");
    assert!(request.contains("botroulette-sdk/"), "{request}");
    run.abort();
    assert!(timeout(seconds(1), run).await.unwrap().unwrap_err().is_cancelled());
}
