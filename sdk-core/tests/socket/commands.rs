//! What the bot asks for, and what becomes of it: bounds, withdrawals, floods, a bot that lags or blocks.

use std::time::Duration;

use futures_util::SinkExt;
use sdk_core::error::codes;
use sdk_core::heartbeat::HeartbeatPolicy;
use sdk_core::socket::{Consumer, Drive, Driver, Inbox};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::host::Host;
use crate::typed::{Bot, Command, Event, Knobs, Typed, driver, options};

#[tokio::test(start_paused = true)]
async fn commands_without_a_connection_are_answered_so() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let silent = host.accept_tcp().await;
    assert_eq!(bot.say("too soon").await.unwrap_err().code(), &codes::NOT_CONNECTED);
    drop(silent);
    let mut peer = host.greet().await;
    bot.ready().await;
    bot.say("now").await.unwrap();
    assert_eq!(peer.hear().await, "now");
    // Given up on purpose: what was not written goes with it, and the next connection is clean.
    bot.command(Command::Drop).await;
    assert_eq!(bot.say("in between").await.unwrap_err().code(), &codes::NOT_CONNECTED);
    let mut peer = host.greet().await;
    bot.ready().await;
    bot.say("again").await.unwrap();
    assert_eq!(peer.hear().await, "again");
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_written_is_bounded_in_messages_and_in_bytes() {
    let host = Host::start().await;
    let mut options = options();
    options.max_outbound = 4;
    options.max_outbound_bytes = 24 << 20;
    let mut bot = Bot::start(&host, Knobs::default(), options);
    let peer = host.greet().await;
    bot.ready().await;
    let too_big = bot.say(&"x".repeat((24 << 20) + 1)).await.unwrap_err();
    assert_eq!(too_big.code(), &codes::OUTBOUND_FULL);
    // The peer does not read: the first message fills the kernel's buffers.
    let big = "x".repeat(16 << 20);
    bot.say(&big).await.unwrap();
    bot.say(&big).await.unwrap();
    let full = bot.say(&big).await.unwrap_err();
    assert_eq!(full.code(), &codes::OUTBOUND_FULL);
    assert!(full.to_string().contains("bytes"), "{full}");
    for _ in 0..3 {
        bot.say("small").await.unwrap();
    }
    let full = bot.say("small").await.unwrap_err();
    assert!(full.to_string().contains("4 messages"), "{full}");
    // The connection breaks: nothing of it comes on the next one.
    drop(peer);
    let mut peer = host.greet().await;
    bot.until(&Event::Lost("connection_lost".into())).await;
    bot.ready().await;
    bot.say("fresh").await.unwrap();
    assert_eq!(peer.hear().await, "fresh");
}

#[tokio::test(start_paused = true)]
async fn a_tracked_frame_is_told_before_it_is_written_and_can_be_taken_back() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let mut peer = host.greet().await;
    bot.ready().await;
    // In one go, so that all wait to be written when the second is withdrawn.
    for command in [
        Command::Track("one".into(), 1),
        Command::Track("two".into(), 2),
        Command::Track("three".into(), 3),
        Command::Withdraw(2),
    ] {
        bot.commands.try_send(command).map_err(drop).unwrap();
    }
    assert_eq!(peer.hear().await, "one");
    assert_eq!(peer.hear().await, "three");
    assert_eq!(bot.next().await, Some(Event::Wrote(1)));
    assert_eq!(bot.next().await, Some(Event::Wrote(3)));
}

#[tokio::test(start_paused = true)]
async fn answers_to_frames_that_arrive_together_leave_together() {
    struct Echo;
    impl Consumer<Typed> for Echo {
        fn on_event(&mut self, event: Event, driver: &mut Driver<Typed>, _: &mut std::task::Context<'_>) {
            if let Event::Heard(text) = event {
                driver.act(|_, cx| cx.send(text).unwrap());
            }
        }
    }
    let host = Host::start().await;
    let (_commands, receiver) = mpsc::channel(1);
    let drive = Drive::new(
        driver(&host, Knobs::default(), options()),
        Echo,
        receiver,
        &sdk_core::shutdown::Shutdown::new(),
    );
    let task = tokio::spawn(drive);
    let mut peer = host.greet().await;
    for n in 0..16 {
        peer.ws.feed(Message::text(format!("frame {n:02}"))).await.unwrap();
    }
    peer.ws.flush().await.unwrap();
    // One read takes all sixteen answers: each a frame of 8 bytes behind a header of 2 and a mask of 4.
    let stream = peer.ws.get_mut();
    let mut bytes = vec![0; 4_096];
    assert_eq!(stream.read(&mut bytes).await.unwrap(), 16 * (8 + 2 + 4));
    task.abort();
}

/// Floods with frames of a size, and sees to it that commands, pings and the protocol's deadline go on meanwhile.
async fn floods(frames: usize, size: usize) {
    let host = Host::start().await;
    let mut options = options();
    options.heartbeat = HeartbeatPolicy::new(Duration::from_secs(1), Duration::from_secs(100)).unwrap();
    let knobs = Knobs { ping: Some("ping"), ..Knobs::default() };
    let mut bot = Bot::start_with_inbox(&host, knobs, options, 2 * frames);
    let peer = host.greet().await;
    bot.ready().await;
    let (mut sink, mut stream) = futures_util::StreamExt::split(peer.ws);
    let heard = tokio::spawn(async move {
        let (mut pings, mut texts) = (0, 0);
        while let Some(Ok(message)) = futures_util::StreamExt::next(&mut stream).await {
            match message {
                Message::Text(text) if text == "ping" => pings += 1,
                Message::Text(_) => texts += 1,
                _ => break,
            }
        }
        (pings, texts)
    });
    let (over, mut is_over) = tokio::sync::watch::channel(false);
    let flood = tokio::spawn(async move {
        let frame = Message::text("x".repeat(size));
        for n in 0..frames {
            sink.feed(frame.clone()).await.unwrap();
            if n % (frames / 100) == 0 {
                tokio::time::advance(Duration::from_millis(100)).await;
            }
        }
        sink.flush().await.unwrap();
        over.send(true).unwrap();
        sink
    });
    let deadline = tokio::time::Instant::now() + Duration::from_secs(2);
    bot.command(Command::Deadline(Some(deadline))).await;
    let mut answered = 0;
    while !*is_over.borrow() {
        bot.say("command").await.unwrap();
        answered += 1;
        tokio::select! {
            _ = is_over.changed() => {}
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
    assert!(answered >= 10, "{answered} commands were answered during the flood");
    let (mut deadline_after, mut received) = (None, 0);
    let sink = flood.await.unwrap();
    bot.command(Command::End(None)).await;
    drop(sink);
    for event in bot.rest().await {
        match event {
            Event::Heard(_) => received += 1,
            Event::Deadline(_) => deadline_after = Some(received),
            _ => {}
        }
    }
    let deadline_after = deadline_after.expect("the deadline came");
    assert!(deadline_after < frames / 2, "the deadline came after {deadline_after} frames");
    let (pings, texts) = heard.await.unwrap();
    assert!(pings >= 8, "{pings} pings in 10 s of flood");
    assert_eq!(texts, answered);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_small_frames_starves_nothing() {
    floods(100_000, 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_large_frames_starves_nothing() {
    floods(200, 1 << 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_lags_keeps_its_turns_and_the_connection_goes_on() {
    let host = Host::start().await;
    let mut bot = Bot::start_with_inbox(&host, Knobs::default(), options(), 8);
    let mut peer = host.greet().await;
    bot.ready().await;
    for n in 0..1_000 {
        peer.say(if n % 250 == 0 { format!("turn {n}") } else { "chatter".into() }).await;
    }
    peer.ws.send(Message::Ping("are you there".into())).await.unwrap();
    assert!(matches!(peer.next().await, Some(Message::Pong(_))));
    let (mut turns, mut chatter, mut lagged) = (Vec::new(), 0, 0);
    while turns.len() < 4 || chatter + lagged < 996 {
        match bot.next().await.unwrap() {
            Event::Turn(n) => turns.push(n),
            Event::Heard(_) => chatter += 1,
            Event::Lagged(dropped) => lagged += dropped,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(turns, ["0", "250", "500", "750"]);
    assert_eq!(chatter + lagged, 996, "nothing is dropped in silence");
    assert!(chatter <= 8);
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_blocks_is_told_so_and_a_bot_that_blocks_over_that_news_is_not_told_for_ever() {
    struct Blocks(Inbox<Event>);
    impl Consumer<Typed> for Blocks {
        fn on_event(&mut self, event: Event, _: &mut Driver<Typed>, _: &mut std::task::Context<'_>) {
            if matches!(event, Event::Heard(_) | Event::Life("blocked")) {
                std::thread::sleep(Duration::from_millis(12));
            }
            self.0.push(event);
        }
    }
    let host = Host::start().await;
    let (commands, receiver) = mpsc::channel(1);
    let (inbox, events) = Inbox::new(100, 10_000);
    let shutdown = sdk_core::shutdown::Shutdown::new();
    let mut options = options();
    options.block_notice = Duration::from_millis(10);
    let driver = driver(&host, Knobs::default(), options);
    let state = driver.state();
    let task = tokio::spawn(Drive::new(driver, Blocks(inbox), receiver, &shutdown));
    let mut bot = Bot { commands, events, state, shutdown, task };
    let mut peer = host.greet().await;
    bot.ready().await;
    for _ in 0..2 {
        peer.say("think hard").await;
        assert_eq!(bot.next().await, Some(Event::Heard("think hard".into())));
        assert_eq!(bot.next().await, Some(Event::Life("blocked")));
    }
    // Nothing more is told while nothing more happens.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    peer.say("turn 1").await;
    assert_eq!(bot.next().await, Some(Event::Turn("1".into())));
}

#[tokio::test(start_paused = true)]
async fn who_asks_after_the_end_learns_at_once_that_it_is_over() {
    /// A handler that is still busy when the connection has ended.
    struct Busy(std::pin::Pin<Box<tokio::time::Sleep>>);
    impl Consumer<Typed> for Busy {
        fn on_event(&mut self, _: Event, _: &mut Driver<Typed>, _: &mut std::task::Context<'_>) {}
        fn poll(&mut self, _: &mut Driver<Typed>, cx: &mut std::task::Context<'_>) {
            let _ = self.0.as_mut().poll(cx);
        }
        fn is_idle(&self) -> bool {
            self.0.is_elapsed()
        }
    }
    let host = Host::start().await;
    let (commands, receiver) = mpsc::channel(1);
    let shutdown = sdk_core::shutdown::Shutdown::new();
    let driver = driver(&host, Knobs { dial_fails: true, ..Knobs::default() }, options());
    let mut state = driver.state();
    let busy = Busy(Box::pin(tokio::time::sleep(Duration::from_secs(3))));
    let task = tokio::spawn(Drive::new(driver, busy, receiver, &shutdown));
    state.wait_for(|state| *state == sdk_core::socket::State::Closed).await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(commands.send(Command::Drop).await.is_err());
    assert!(began.elapsed().is_zero());
    assert!(task.await.unwrap().is_err());
    assert_eq!(began.elapsed().as_secs(), 3, "the handler may finish");
}
