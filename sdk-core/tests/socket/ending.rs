//! How it ends.

use std::error::Error as _;
use std::time::Duration;

use sdk_core::backoff::BackoffPolicy;
use sdk_core::error::{Error, codes};
use sdk_core::socket::{Drive, Driver, Inbox, State};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::host::Host;
use crate::typed::{Bot, Command, Event, Knobs, options};

fn no_task_is_left() -> bool {
    Handle::current().metrics().num_alive_tasks() == 0
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_what_is_under_way_and_closes_in_good_order() {
    let host = Host::start().await;
    let knobs = Knobs::default();
    let mut bot = Bot::start(&host, knobs.clone(), options());
    let mut peer = host.greet().await;
    bot.ready().await;
    bot.shutdown.drain();
    peer.say("still playing").await;
    bot.until(&Event::Heard("still playing".into())).await;
    *knobs.idle.lock().unwrap() = true;
    peer.say("over").await;
    assert_eq!(peer.close_code().await, 1000);
    assert_eq!(peer.next().await, None);
    assert_eq!(bot.rest().await, [Event::Heard("over".into()), Event::Ended(None)]);
    bot.outcome().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_protocol_may_end_it_when_the_connection_is_lost() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs { end_when_lost: true, ..Knobs::default() }, options());
    let peer = host.greet().await;
    bot.ready().await;
    drop(peer);
    assert_eq!(bot.rest().await, [Event::Lost("connection_lost".into()), Event::Ended(None)]);
    assert_eq!(*bot.state.borrow(), State::Closed);
    bot.outcome().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_beats_a_reconnect_whichever_came_first() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let mut peer = host.greet().await;
    bot.ready().await;
    let (reconnect, close) = (bot.commands.send(Command::Drop), bot.commands.send(Command::End(None)));
    let (_, _) = tokio::join!(reconnect, close);
    assert_eq!(peer.close_code().await, 1000);
    drop(bot.commands.send(Command::Drop).await); // while the close is on its way
    drop(peer);
    assert_eq!(bot.rest().await, [Event::Ended(None)]);
    assert!(host.is_left_alone(Duration::from_secs(60)).await);
    bot.outcome().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_last_sender_closes_even_right_after_a_reconnect() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let mut peer = host.greet().await;
    bot.ready().await;
    bot.command(Command::Drop).await;
    let Bot { commands, task, .. } = bot;
    drop(commands);
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    task.await.unwrap().unwrap();
    assert!(no_task_is_left());
}

#[tokio::test(start_paused = true)]
async fn a_close_writes_what_was_sent_before_it_even_against_a_slow_reader() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let mut peer = host.greet().await;
    bot.ready().await;
    // Far more than the kernel's buffers take at once.
    let big = "x".repeat(200_000);
    for _ in 0..60 {
        bot.say(&big).await.unwrap();
    }
    bot.shutdown.stop();
    tokio::task::yield_now().await;
    for _ in 0..60 {
        assert_eq!(peer.hear().await.len(), big.len());
    }
    assert_eq!(peer.close_code().await, 1000);
    assert_eq!(peer.next().await, None);
    // On a busy machine so many bytes may take longer at once than a poll should.
    let told = bot.rest().await.into_iter().filter(|event| *event != Event::Life("blocked"));
    assert_eq!(told.collect::<Vec<_>>(), [Event::Ended(None)]);
    bot.outcome().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_waits_a_bounded_time_even_for_a_server_that_floods() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let mut peer = host.greet().await;
    bot.ready().await;
    let began = Instant::now();
    bot.shutdown.stop();
    // It never answers the close frame, and never stops talking.
    let flood = tokio::spawn(async move {
        use futures_util::SinkExt;
        use tokio_tungstenite::tungstenite::Message;
        while peer.ws.feed(Message::text("x".repeat(500_000))).await.is_ok() && peer.ws.flush().await.is_ok()
        {
            tokio::time::advance(Duration::from_millis(10)).await;
        }
    });
    assert_eq!(bot.rest().await.last(), Some(&Event::Ended(None)));
    let took = began.elapsed();
    assert!(took >= options().close_timeout && took < options().close_timeout * 2, "{took:?}");
    bot.outcome().await.unwrap();
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_while_dialling_waiting_or_greeting_ends_at_once() {
    // Dialling: accepted by the kernel, never answered.
    let host = Host::start().await;
    let began = Instant::now();
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let stream = host.accept_tcp().await;
    bot.command(Command::End(None)).await;
    assert_eq!(bot.rest().await, [Event::Life("connecting"), Event::Ended(None)]);
    bot.outcome().await.unwrap();
    drop(stream);

    // Waiting for the next dial.
    let mut options = options();
    options.backoff = BackoffPolicy::steps(vec![Duration::from_secs(3_600)]);
    let mut bot = Bot::start(&host, Knobs::default(), options.clone());
    drop(host.accept_tcp().await);
    let delay = Duration::from_secs(3_600);
    bot.until(&Event::Waiting { attempt: 1, delay }).await;
    assert_eq!(*bot.state.borrow(), State::Reconnecting);
    bot.command(Command::End(None)).await;
    assert_eq!(bot.rest().await, [Event::Ended(None)]);
    bot.outcome().await.unwrap();

    // In the greeting: the server hears a close frame, and is not waited for.
    let mut bot = Bot::start(&host, Knobs::default(), options);
    let mut peer = host.accept().await;
    bot.until(&Event::Life("opened")).await;
    bot.command(Command::End(None)).await;
    assert_eq!(bot.rest().await, [Event::Ended(None)]);
    bot.outcome().await.unwrap();
    assert_eq!(peer.hear().await, "hello s3cr3t");
    assert_eq!(peer.close_code().await, 1000);
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_drive_leaves_no_socket_and_no_task() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let mut peer = host.greet().await;
    bot.ready().await;
    bot.task.abort();
    assert_eq!(peer.close_code().await, 1006);
    assert_eq!(bot.next().await, None, "the stream ends too");
    assert!(no_task_is_left());
    assert!(host.is_left_alone(Duration::from_secs(600)).await);
}

#[tokio::test(start_paused = true)]
async fn a_dial_that_cannot_be_made_is_the_end() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs { dial_fails: true, ..Knobs::default() }, options());
    assert_eq!(bot.rest().await, [Event::Life("connecting"), Event::Ended(Some("invalid_config".into()))]);
    assert_eq!(bot.outcome().await.unwrap_err().field(), Some("url"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_the_end_and_does_not_wait_for_the_server() {
    let host = Host::start().await;
    let began = Instant::now();
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let mut peer = host.accept().await;
    peer.say("go away").await;
    let events = bot.rest().await;
    assert_eq!(events.last(), Some(&Event::Ended(Some("auth_rejected".into()))));
    assert!(!events.iter().any(|event| matches!(event, Event::Lost(_))));
    assert!(bot.outcome().await.unwrap_err().is_auth());
    assert!(began.elapsed() < Duration::from_millis(100));
    assert!(host.is_left_alone(Duration::from_secs(600)).await);
}

#[tokio::test(start_paused = true)]
async fn the_attempt_cap_gives_up_with_the_cause() {
    let host = Host::start().await;
    let mut options = options();
    options.backoff = BackoffPolicy::default().with_max_attempts(Some(2));
    let mut bot = Bot::start(&host, Knobs::default(), options);
    for _ in 0..3 {
        drop(host.accept_tcp().await);
    }
    let events = bot.rest().await;
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Waiting { .. })).count(), 2);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Ended(_))).count(), 1);
    assert_eq!(events.last(), Some(&Event::Ended(Some("gave_up".into()))));
    let error = bot.outcome().await.unwrap_err();
    assert!(error.to_string().contains("after 3 attempts"), "{error}");
    let source = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_ne!(source.code(), &codes::GAVE_UP);
}

#[tokio::test(start_paused = true)]
async fn the_cap_counts_connections_that_were_accepted_and_did_not_last() {
    let host = Host::start().await;
    let mut options = options();
    options.backoff = BackoffPolicy::default().with_max_attempts(Some(2));
    let mut bot = Bot::start(&host, Knobs::default(), options);
    for _ in 0..3 {
        drop(host.greet().await);
    }
    let events = bot.rest().await;
    let attempts: Vec<u32> = events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { attempt, .. } => Some(*attempt),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [1, 2], "they go on counting: it was never healthy");
    let error = bot.outcome().await.unwrap_err();
    assert!(error.to_string().contains("after 3 attempts"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_of_the_server_ends_it_without_an_error() {
    let host = Host::start().await;
    let mut bot = Bot::start(&host, Knobs::default(), options());
    let peer = host.greet().await;
    bot.ready().await;
    peer.close(1000, "bye").await;
    assert_eq!(bot.rest().await, [Event::Lost("closed_by_server".into()), Event::Ended(None)]);
    bot.outcome().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_protocol_says_at_the_end_is_delivered_and_nothing_after_it() {
    /// Acts on the connection's last event, as a careless consumer does.
    struct Careless(Inbox<Event>);
    impl sdk_core::socket::Consumer<crate::typed::Typed> for Careless {
        fn on_event(
            &mut self,
            event: Event,
            driver: &mut Driver<crate::typed::Typed>,
            _: &mut std::task::Context<'_>,
        ) {
            if matches!(event, Event::Ended(_)) {
                driver.act(|_, cx| {
                    cx.emit(Event::Life("after the end"));
                    cx.drop_connection(Error::new(&codes::CONNECTION_LOST, "too late"));
                });
                driver.close();
            }
            self.0.push(event);
        }
    }
    let host = Host::start().await;
    let (commands, receiver) = tokio::sync::mpsc::channel(1);
    let (inbox, events) = Inbox::new(100, 10_000);
    let shutdown = sdk_core::shutdown::Shutdown::new();
    let driver = crate::typed::driver(&host, Knobs::default(), options());
    let state = driver.state();
    let task = tokio::spawn(Drive::new(driver, Careless(inbox), receiver, &shutdown));
    let mut bot = Bot { commands, events, state, shutdown, task };
    let _peer = host.accept().await;
    bot.command(Command::End(None)).await;
    let events = bot.rest().await;
    assert_eq!(events.last(), Some(&Event::Ended(None)), "{events:?}");
    bot.outcome().await.unwrap();
    assert!(host.is_left_alone(Duration::from_secs(600)).await);
}
