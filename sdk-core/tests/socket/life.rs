//! A connection's life: its states, its heartbeat, its deadlines, and what makes it start over.

use std::time::Duration;

use futures_util::SinkExt;
use sdk_core::backoff::BackoffPolicy;
use sdk_core::heartbeat::HeartbeatPolicy;
use sdk_core::socket::{SocketOptions, State};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::host::Host;
use crate::typed::{Bot, Command, Event, Knobs, options};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Pings every 10 s, dead after 20 s; redials after exactly 1 s.
fn steady() -> SocketOptions {
    let mut options = options();
    options.heartbeat = HeartbeatPolicy::new(seconds(10), seconds(20)).unwrap();
    options.backoff = BackoffPolicy::steps(vec![seconds(1)]);
    options
}

#[tokio::test(start_paused = true)]
async fn the_lifecycle_is_told_in_order_and_the_state_follows() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let mut states = bot.state.clone();
    assert_eq!(*states.borrow_and_update(), State::Connecting);
    let peer = host.greet().await;
    states.changed().await.unwrap();
    assert_eq!(*states.borrow_and_update(), State::Connected);
    drop(peer);
    states.changed().await.unwrap();
    assert_eq!(*states.borrow_and_update(), State::Reconnecting);
    let mut peer = host.greet().await;
    states.changed().await.unwrap();
    assert_eq!(*states.borrow_and_update(), State::Connected);
    bot.command(Command::End(None)).await;
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    states.changed().await.unwrap();
    assert_eq!(*states.borrow_and_update(), State::Closed);
    let life = Event::Life;
    assert_eq!(
        bot.rest().await,
        [
            life("connecting"),
            life("opened"),
            life("ready"),
            Event::Lost("connection_lost".into()),
            Event::Waiting { attempt: 1, delay: seconds(1) },
            life("connecting"),
            life("opened"),
            life("ready"),
            Event::Ended(None),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_state_is_connected_when_the_bot_learns_that_it_is() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let _peer = host.greet().await;
    bot.ready().await;
    assert_eq!(*bot.state.borrow(), State::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_dial_that_takes_long_is_told_once_and_given_up_in_time() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let began = Instant::now();
    let silent = host.accept_tcp().await;
    let slow =
        Event::Slow { waited: Duration::from_millis(1_500), gives_up_in: Duration::from_millis(8_500) };
    assert_eq!(bot.next().await, Some(Event::Life("connecting")));
    assert_eq!(bot.next().await, Some(slow));
    assert!(began.elapsed() < seconds(2));
    assert_eq!(bot.next().await, Some(Event::Lost("connect_timeout".into())));
    assert!(began.elapsed() >= seconds(10) && began.elapsed() < seconds(11));
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_the_greeting_is_left_in_time() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let mut peer = host.accept().await;
    let began = Instant::now();
    assert_eq!(peer.hear().await, "hello s3cr3t");
    assert_eq!(peer.close_code().await, 1001);
    assert!(began.elapsed() >= seconds(10) && began.elapsed() < seconds(11), "{:?}", began.elapsed());
    bot.until(&Event::Lost("greeting_timeout".into())).await;
}

#[tokio::test(start_paused = true)]
async fn the_platforms_own_ping_goes_out_at_every_interval_and_its_pong_is_life() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs { ping: Some("ping"), ..Knobs::default() }, steady());
    let mut peer = host.greet().await;
    bot.ready().await;
    let mut last = Instant::now();
    for beat in 0..30 {
        assert_eq!(peer.next().await, Some(Message::text("ping")));
        let waited = last.elapsed();
        assert!(waited <= seconds(10) + Duration::from_millis(5), "{waited:?}");
        assert!(beat == 0 || waited >= seconds(10), "{waited:?}");
        last = Instant::now();
        peer.say("pong").await;
    }
    assert_eq!(*bot.state.borrow(), State::Connected);
}

#[tokio::test(start_paused = true)]
async fn without_one_a_websocket_ping_goes_out_and_its_pong_is_life() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let mut peer = host.greet().await;
    bot.ready().await;
    for _ in 0..30 {
        // Reading it is what makes the library answer.
        assert!(matches!(peer.next().await, Some(Message::Ping(_))));
        peer.ws.flush().await.unwrap();
    }
    assert_eq!(*bot.state.borrow(), State::Connected);
}

#[tokio::test(start_paused = true)]
async fn any_frame_is_life_and_a_server_that_falls_silent_is_found_in_time() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs { ping: Some("ping"), ..Knobs::default() }, steady());
    let mut peer = host.greet().await;
    bot.ready().await;
    for _ in 0..20 {
        tokio::time::sleep(seconds(15)).await;
        peer.say("never a pong").await;
    }
    assert_eq!(*bot.state.borrow(), State::Connected);
    let silent_since = Instant::now();
    bot.until(&Event::Lost("server_silent".into())).await;
    let found = silent_since.elapsed();
    assert!(found >= seconds(20) && found <= seconds(30), "{found:?}");
    host.greet().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_slowly_is_life_long_before_it_is_whole() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let mut peer = host.greet().await;
    bot.ready().await;
    // One text frame of 100 bytes (RFC 6455, section 5.2) over 75 s, beside a silence of 20 s that means death.
    let frame = [&[0x81, 100][..], &[b'x'; 100]].concat();
    for piece in frame.chunks(20) {
        tokio::time::sleep(seconds(15)).await;
        peer.ws.get_mut().write_all(piece).await.unwrap();
    }
    assert_eq!(bot.next().await, Some(Event::Heard("x".repeat(100))));
}

#[tokio::test(start_paused = true)]
async fn the_servers_ping_is_answered_at_once() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let mut peer = host.greet().await;
    bot.ready().await;
    let asked = Instant::now();
    peer.ws.send(Message::Ping("are you there".into())).await.unwrap();
    loop {
        match peer.next().await {
            Some(Message::Pong(echo)) => break assert_eq!(echo, "are you there"),
            Some(Message::Ping(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(asked.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn silence_is_no_health() {
    let host = Host::start().await;
    let mut options = steady();
    options.backoff = BackoffPolicy::steps(vec![seconds(1), seconds(2)]).with_reset_after(seconds(60));
    let mut bot = Bot::start(&host, Knobs::default(), options);
    drop(host.accept_tcp().await);
    bot.until(&Event::Waiting { attempt: 1, delay: seconds(1) }).await;
    // Accepted, alive for 50 s, silent until it is found dead: 70 s in all, of which 50 s count.
    let mut peer = host.greet().await;
    for _ in 0..5 {
        tokio::time::sleep(seconds(10)).await;
        peer.say("still here").await;
    }
    bot.until(&Event::Lost("server_silent".into())).await;
    assert_eq!(bot.next().await, Some(Event::Waiting { attempt: 2, delay: seconds(2) }));
    // A whole minute of health starts over.
    let mut peer = host.greet().await;
    for _ in 0..7 {
        tokio::time::sleep(seconds(10)).await;
        peer.say("still here").await;
    }
    drop(peer);
    bot.until(&Event::Lost("connection_lost".into())).await;
    assert_eq!(bot.next().await, Some(Event::Waiting { attempt: 1, delay: seconds(1) }));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_no_bytes_is_left_in_time_and_one_that_takes_few_is_not() {
    let host = Host::start().await;
    let mut options = steady();
    options.heartbeat = HeartbeatPolicy::new(seconds(600), seconds(600)).unwrap();
    options.max_outbound_bytes = 64 << 20;
    let mut bot = Bot::start(&host, Knobs::default(), options);
    let mut peer = host.greet().await;
    bot.ready().await;
    // More than what it reads and all that the kernel's buffers hold.
    bot.say(&"x".repeat(48 << 20)).await.unwrap();
    // It reads a part at a time, for far longer than the write deadline in all. (The kernel wakes a writer only when a good
    // part of its buffer is free, so the parts are not small.)
    let stream = peer.ws.get_mut();
    let mut part = vec![0; 2 << 20];
    for _ in 0..4 {
        tokio::time::sleep(seconds(8)).await;
        stream.read_exact(&mut part).await.unwrap();
        // The clock goes on as soon as nobody has work, and a busy kernel tells the writer later than that.
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(*bot.state.borrow(), State::Connected);
    let stopped = Instant::now();
    bot.until(&Event::Lost("write_stalled".into())).await;
    let found = stopped.elapsed();
    assert!(found <= seconds(11), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn the_protocols_deadline_comes_whether_or_not_there_is_a_connection() {
    let host = Host::start().await;
    let mut options = steady();
    options.backoff = BackoffPolicy::steps(vec![seconds(100)]);
    options.handshake_timeout = seconds(100);
    options.slow_notice = seconds(50);
    let mut bot = Bot::start(&host, Knobs::default(), options);
    let began = Instant::now();
    let at = |after| Command::Deadline(Some(began + seconds(after)));
    let told = |event: Option<Event>| match event {
        Some(Event::Deadline(when)) => when.as_secs(),
        other => panic!("{other:?}"),
    };
    // Dialling: asked for late, then moved to sooner.
    assert_eq!(bot.next().await, Some(Event::Life("connecting")));
    let silent = host.accept_tcp().await;
    bot.command(at(30)).await;
    bot.command(at(10)).await;
    assert_eq!(told(bot.next().await), 10);
    // Moved to later, past a timer that was armed for sooner.
    bot.command(at(20)).await;
    tokio::task::yield_now().await;
    bot.command(at(40)).await;
    assert_eq!(told(bot.next().await), 40);
    drop(silent);
    // Waiting.
    bot.until(&Event::Waiting { attempt: 1, delay: seconds(100) }).await;
    bot.command(at(60)).await;
    assert_eq!(told(bot.next().await), 60);
    // Connected; and a moment that has passed already comes at once.
    let _peer = host.greet().await;
    bot.ready().await;
    let now = began.elapsed().as_secs();
    bot.command(at(now + 5)).await;
    bot.command(at(now + 3)).await;
    assert_eq!(told(bot.next().await), now + 3);
    bot.command(at(1)).await;
    assert_eq!(told(bot.next().await), now + 3);
    bot.command(at(now + 30)).await;
    tokio::task::yield_now().await;
    bot.command(Command::Deadline(None)).await;
    tokio::time::sleep(seconds(100)).await;
    assert!(!matches!(bot.next().await, Some(Event::Deadline(_))));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_is_refused_with_a_wait_is_tried_again_not_sooner() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    host.refuse("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 33\r\nContent-Length: 0\r\n\r\n").await;
    let refused = Instant::now();
    bot.until(&Event::Waiting { attempt: 1, delay: seconds(33) }).await;
    let _peer = host.greet().await;
    bot.ready().await;
    assert!(refused.elapsed() >= seconds(33) && refused.elapsed() < seconds(34));
}

#[tokio::test(start_paused = true)]
async fn a_401_and_a_404_at_the_first_upgrade_are_final_and_a_502_is_not() {
    for (answer, status) in
        [("401 Unauthorized", Some(401)), ("404 Not Found", Some(404)), ("502 Bad Gateway", None)]
    {
        let host = Host::start().await;
        let mut bot = Bot::start(&host, Knobs::default(), steady());
        host.refuse(&format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n")).await;
        match status {
            Some(status) => {
                assert!(matches!(bot.rest().await.last(), Some(Event::Ended(Some(_)))));
                assert_eq!(bot.outcome().await.unwrap_err().status(), Some(status));
            }
            None => {
                let _peer = host.greet().await;
                bot.ready().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_spread_and_a_replaced_session_is_final() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let peer = host.greet().await;
    bot.ready().await;
    tokio::spawn(peer.close(1012, "restart"));
    bot.until(&Event::Lost("closed_by_server".into())).await;
    let Some(Event::Waiting { attempt: 1, delay }) = bot.next().await else { panic!("no wait") };
    assert!(delay < seconds(15) && delay != seconds(1), "{delay:?}");
    let peer = host.greet().await;
    bot.ready().await;
    tokio::spawn(peer.close(4000, "session replaced by another connection"));
    let ended = Event::Ended(Some("session_replaced".into()));
    assert_eq!(bot.rest().await, [Event::Lost("session_replaced".into()), ended]);
}

#[tokio::test(start_paused = true)]
async fn the_servers_close_frame_is_answered() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), steady());
    let mut peer = host.greet().await;
    bot.ready().await;
    peer.ws.send(Message::Close(None)).await.unwrap();
    assert_eq!(peer.close_code().await, 1005);
    bot.until(&Event::Lost("closed_by_server".into())).await;
    let _peer = host.greet().await;
}

#[test]
fn options_that_cannot_work_are_refused_by_field() {
    let error = |change: fn(&mut SocketOptions)| {
        let mut options = SocketOptions::default();
        change(&mut options);
        options.check().unwrap_err().field().unwrap().to_owned()
    };
    assert_eq!(error(|options| options.handshake_timeout = Duration::ZERO), "handshake_timeout");
    assert_eq!(error(|options| options.slow_notice = Duration::MAX), "slow_notice");
    assert_eq!(error(|options| options.write_timeout = Duration::MAX), "write_timeout");
    assert_eq!(error(|options| options.max_outbound = 0), "max_outbound");
    assert_eq!(error(|options| options.max_outbound_bytes = 0), "max_outbound_bytes");
    assert!(SocketOptions::default().check().is_ok());
}
