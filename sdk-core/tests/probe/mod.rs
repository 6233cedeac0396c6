//! A bot of no platform, which tells what happens to its connection.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::task;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::network::Network;
use sdk_core::shutdown::Shutdown;
use sdk_core::socket::{Consumer, Context, Dial, Drive, Driver, Lifecycle, Protocol, SocketOptions};
use sdk_core::wire::Text;
use sdk_core::{Error, Result};
use tokio::sync::mpsc;

/// What happened.
#[derive(Debug)]
pub(crate) enum Told {
    Opened,
    Text(String),
    Lost(Error),
    Waiting(Duration),
    Ended(Result<()>),
}

struct Probe(Dial);

impl Protocol for Probe {
    type Event = Told;
    type Command = ();

    fn dial(&mut self) -> Result<Dial> {
        Ok(self.0.clone())
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Told>) {
        cx.emit(Told::Text(text.as_str().to_owned()));
    }

    fn on_binary(&mut self, _: Bytes, _: &mut Context<'_, Told>) {}

    fn on_command(&mut self, (): (), _: &mut Context<'_, Told>) {}

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Told>) {
        match lifecycle {
            Lifecycle::Opened => {
                cx.ready();
                cx.emit(Told::Opened);
            }
            Lifecycle::Lost { cause } => cx.emit(Told::Lost(cause.clone())),
            Lifecycle::Waiting { delay, .. } => cx.emit(Told::Waiting(delay)),
            _ => {}
        }
    }
}

struct Forward(mpsc::UnboundedSender<Told>);

impl Consumer<Probe> for Forward {
    // Nobody listens any more when the test has seen enough.
    fn on_event(&mut self, told: Told, _: &mut Driver<Probe>, _: &mut task::Context<'_>) {
        let _ = self.0.send(told);
    }

    fn on_end(&mut self, outcome: &Result<()>) {
        let _ = self.0.send(Told::Ended(outcome.clone()));
    }
}

/// The bot. Its connection is closed when it is dropped.
pub(crate) struct Bot {
    told: mpsc::UnboundedReceiver<Told>,
    _commands: mpsc::Sender<()>,
}

impl Bot {
    pub(crate) fn new(dial: Dial, network: Network) -> Self {
        let mut options = SocketOptions::default();
        options.network = network;
        options.seed = Some(1);
        let driver = Driver::new(Probe(dial), options).unwrap();
        let (sender, told) = mpsc::unbounded_channel();
        let (commands, receiver) = mpsc::channel(1);
        tokio::spawn(Drive::new(driver, Forward(sender), receiver, &Shutdown::new()));
        Self { told, _commands: commands }
    }

    pub(crate) async fn next(&mut self) -> Told {
        self.told.recv().await.unwrap()
    }

    /// Why the connection, or the dial, was lost. Nothing else may come before it.
    pub(crate) async fn lost(&mut self) -> Error {
        match self.next().await {
            Told::Lost(cause) => cause,
            other => panic!("not lost, but {other:?}"),
        }
    }
}

/// A dial of that address, with nothing secret.
pub(crate) fn dial(url: &str) -> Dial {
    Dial { url: url.parse().unwrap(), headers: HeaderMap::new(), greeting: None, secrets: Vec::new() }
}
