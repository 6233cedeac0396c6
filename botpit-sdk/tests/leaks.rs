//! Whoever lets go of a client, in whatever phase, leaves no task and no socket behind. A program of its own with one
//! test: tasks and open files are counted for the whole process.
#![cfg(feature = "sandbox")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::sandbox::{Fault, Order, Sandbox, When};
use botpit_sdk::{Bankroll, Client, Event, Events, Handle};
use sdk_core::backoff::{BackoffPolicy, Jitter};
use sdk_core::secret::Secret;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const TIMES: usize = 50;

/// How far a client gets before it is let go of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// The server takes the connection and never answers the upgrade.
    Dialling,
    /// It opens the WebSocket and never answers the key.
    Greeting,
    /// Every dial is refused; the next one waits.
    Waiting,
    Queued,
    MyTurn,
}

const PHASES: [Phase; 5] = [Phase::Dialling, Phase::Greeting, Phase::Waiting, Phase::Queued, Phase::MyTurn];

/// How it is let go of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// Everything of it is dropped.
    Dropped,
    /// It is asked to close.
    Closed,
}

fn fault(phase: Phase) -> Option<Order> {
    match phase {
        Phase::Greeting => Some(Fault::Silence.on(When::NextConnection)),
        Phase::Waiting => Some(Fault::RefuseConnect.on(When::NextConnection)),
        Phase::Dialling | Phase::Queued | Phase::MyTurn => None,
    }
}

/// Tasks of this runtime that are alive, and files that this process has open where that can be known.
fn alive() -> (usize, Option<usize>) {
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    (tasks, std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count))
}

/// Waits until everything is as it was, for a bounded time.
async fn settled(before: (usize, Option<usize>), what: &str) {
    let until = Instant::now() + Duration::from_secs(30);
    while alive() != before {
        assert!(Instant::now() < until, "{what}: (tasks, files) were {before:?} and are {:?}", alive());
        sleep(Duration::from_millis(50)).await;
    }
}

impl Phase {
    fn connects(self) -> bool {
        matches!(self, Self::Queued | Self::MyTurn)
    }
}

/// A server that reads what it is sent until there is no more, and says nothing.
async fn mute() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await });
        }
    });
    (url, server)
}

fn client(url: &str, key: &Secret) -> Client {
    let backoff = BackoffPolicy::steps(vec![Duration::from_secs(5)]).with_jitter(Jitter::None);
    // What is left in the middle counts as lost.
    let bankroll = Bankroll::new().without_loss_limit();
    Client::builder(key.clone()).url(url).backoff(backoff).bankroll(bankroll).build().unwrap()
}

async fn reach(phase: Phase, bot: &Handle, events: &mut Events) {
    bot.join_queue("rps".into(), "0.01 SOL".parse().unwrap()).await.unwrap();
    if phase != Phase::MyTurn {
        return;
    }
    loop {
        match events.next().await {
            Some(Event::YourTurn(_)) => return,
            Some(_) => {}
            None => panic!("it is over before its turn"),
        }
    }
}

/// One life of a connected client, or as much of one as the phase allows.
async fn connect_and_let_go(client: &Client, phase: Phase, end: End) {
    let mut connecting = Box::pin(client.connect());
    let (bot, mut events) = match timeout(Duration::from_secs(1), &mut connecting).await {
        Err(_) => return assert!(!phase.connects(), "{phase:?}: no connection"),
        Ok(connected) => connected.unwrap(),
    };
    assert!(phase.connects(), "{phase:?}: it connected all the same");
    reach(phase, &bot, &mut events).await;
    if end == End::Closed {
        bot.close().await.unwrap();
        bot.closed().await;
    }
}

/// The same for a client that runs a handler, whose future is dropped.
async fn run_and_let_go(client: &Client, phase: Phase) {
    let play = client.play::<Rps, _>(|_: &_| Choice::Rock).wager("0.01 SOL".parse().unwrap()).run();
    let outcome = timeout(Duration::from_millis(700), play).await;
    assert!(outcome.is_err(), "{phase:?}: it ended by itself: {outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn fault_or_not_nothing_is_left_in_any_phase() {
    for phase in PHASES {
        // Nobody to play against keeps a bot in the queue; whose turn it is stays so for a long time.
        let builder = Sandbox::builder().seed(1).turn_timeout(Duration::from_secs(3_600));
        let builder = if phase == Phase::Queued { builder.no_house() } else { builder };
        let sandbox = builder.start().await.unwrap();
        let key = sandbox.register("MyAgent").unwrap();
        let (mute_url, mute) = mute().await;
        let url = if phase == Phase::Dialling { &mute_url } else { sandbox.ws_url().as_str() };
        let client = client(url, &key);
        let order = async || {
            if let Some(order) = fault(phase) {
                sandbox.faults().clear();
                sandbox.faults().order(order.times(1_000)).unwrap();
            }
        };
        // Once before it is counted: what a process opens only once is none of a connection's.
        order().await;
        connect_and_let_go(&client, phase, End::Dropped).await;
        sleep(Duration::from_secs(30)).await;
        let before = alive();
        for time in 0..TIMES {
            let end = if time % 2 == 0 { End::Dropped } else { End::Closed };
            connect_and_let_go(&client, phase, end).await;
        }
        settled(before, &format!("{phase:?}, connected")).await;
        for _ in 0..TIMES {
            run_and_let_go(&client, phase).await;
        }
        settled(before, &format!("{phase:?}, run")).await;
        assert_eq!(sandbox.connections(), 0, "{phase:?}");
        sandbox.shutdown().await;
        mute.abort();
    }
}
