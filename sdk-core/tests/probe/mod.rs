//! A bot of no platform, which tells what happens to its connection.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::network::Network;
use sdk_core::socket::{Context, Dial, Driver, Lifecycle, Protocol, SocketOptions, Step};
use sdk_core::wire::Text;
use sdk_core::{Error, Result};

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

/// The bot.
pub(crate) struct Bot(Driver<Probe>);

impl Bot {
    pub(crate) fn new(dial: Dial, network: Network) -> Self {
        let mut options = SocketOptions::default();
        options.network = network;
        options.seed = Some(1);
        Self(Driver::new(Probe(dial), options).unwrap())
    }

    pub(crate) async fn next(&mut self) -> Told {
        match poll_fn(|cx| self.0.poll_step(cx)).await {
            Step::Event(told) => told,
            Step::Ended(outcome) => Told::Ended(outcome),
        }
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
