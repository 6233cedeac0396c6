//! Typed messages with a secret greeting: the platform speaks first about everything, and commands are fire-and-forget.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::shutdown::Shutdown;
use sdk_core::socket::{
    Context, Dial, Drive, Driver, Inbox, InboxEvent, InboxStream, Lifecycle, Protocol, SocketOptions, State,
    Token, Verdict,
};
use sdk_core::wire::Text;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::host::{Host, PATIENCE};

/// What the bot sees, as words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Life(&'static str),
    Waiting { attempt: u32, delay: Duration },
    Slow { waited: Duration, gives_up_in: Duration },
    Lost(String),
    Ended(Option<String>),
    Heard(String),
    Turn(String),
    Wrote(u64),
    Deadline(Duration),
    Lagged(u64),
}

impl InboxEvent for Event {
    fn weight(&self) -> usize {
        10
    }
    fn is_droppable(&self) -> bool {
        matches!(self, Self::Heard(_))
    }
    fn lagged(dropped: u64) -> Self {
        Self::Lagged(dropped)
    }
}

pub(crate) enum Command {
    Say(String, oneshot::Sender<Result<()>>),
    Track(String, u64),
    Withdraw(u64),
    Deadline(Option<Instant>),
    Drop,
    End(Option<Error>),
}

/// What a test may set.
#[derive(Clone, Default)]
pub(crate) struct Knobs {
    /// The platform's own ping; without it a WebSocket ping goes out.
    pub(crate) ping: Option<&'static str>,
    pub(crate) dial_fails: bool,
    pub(crate) end_when_lost: bool,
    pub(crate) idle: Arc<Mutex<bool>>,
}

pub(crate) struct Typed {
    url: Url,
    knobs: Knobs,
    withdrawn: HashSet<u64>,
    deadline: Option<Instant>,
    began: Instant,
}

impl Protocol for Typed {
    type Event = Event;
    type Command = Command;

    fn dial(&mut self) -> Result<Dial> {
        if self.knobs.dial_fails {
            return Err(Error::invalid_config("url", "this cannot be dialled"));
        }
        Ok(Dial {
            url: self.url.clone(),
            headers: HeaderMap::new(),
            greeting: Some(Secret::new("hello s3cr3t")),
            secrets: vec![Secret::new("s3cr3t")],
        })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Event>) {
        match text.as_str() {
            "welcome" => {
                cx.ready();
                cx.emit(Event::Life("ready"));
            }
            "go away" => cx.end(Some(Error::new(&codes::AUTH_REJECTED, "the key was refused"))),
            "pong" => {}
            text => match text.strip_prefix("turn ") {
                Some(turn) => cx.emit(Event::Turn(turn.into())),
                None => cx.emit(Event::Heard(text.into())),
            },
        }
    }

    fn on_binary(&mut self, bytes: Bytes, cx: &mut Context<'_, Event>) {
        cx.emit(Event::Heard(format!("{} bytes", bytes.len())));
    }

    fn on_command(&mut self, command: Command, cx: &mut Context<'_, Event>) {
        match command {
            Command::Say(text, reply) => {
                let _ = reply.send(cx.send(text));
            }
            Command::Track(text, token) => drop(cx.send_tracked(text, Token(token))),
            Command::Withdraw(token) => {
                self.withdrawn.insert(token);
            }
            Command::Deadline(at) => self.deadline = at,
            Command::Drop => cx.drop_connection(Error::new(&codes::CONNECTION_LOST, "the bot dropped it")),
            Command::End(reason) => cx.end(reason),
        }
    }

    fn on_write(&mut self, token: Token, cx: &mut Context<'_, Event>) -> bool {
        let goes = !self.withdrawn.contains(&token.0);
        if goes {
            cx.emit(Event::Wrote(token.0));
        }
        goes
    }

    fn ping(&mut self) -> Option<Text> {
        self.knobs.ping.map(Text::from)
    }

    fn classify(&mut self, cause: &Error, was_ready: bool) -> Verdict {
        Verdict::of(cause, was_ready)
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        self.deadline = None;
        cx.emit(Event::Deadline(now - self.began));
    }

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Event>) {
        let event = match lifecycle {
            Lifecycle::Connecting { .. } => Event::Life("connecting"),
            Lifecycle::Slow { waited, gives_up_in } => Event::Slow { waited, gives_up_in },
            Lifecycle::Opened => Event::Life("opened"),
            Lifecycle::Lost { cause } => {
                if self.knobs.end_when_lost {
                    cx.end(None);
                }
                Event::Lost(cause.code().id().into())
            }
            Lifecycle::Waiting { attempt, delay, .. } => Event::Waiting { attempt, delay },
            Lifecycle::Blocked { .. } => Event::Life("blocked"),
            Lifecycle::Ended { reason } => Event::Ended(reason.map(|reason| reason.code().id().into())),
            _ => return,
        };
        cx.emit(event);
    }

    fn is_idle(&self) -> bool {
        *self.knobs.idle.lock().unwrap()
    }
}

/// A bot that is connected, or on its way.
pub(crate) struct Bot {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) events: InboxStream<Event>,
    pub(crate) state: watch::Receiver<State>,
    pub(crate) shutdown: Shutdown,
    pub(crate) task: JoinHandle<Result<()>>,
}

pub(crate) fn options() -> SocketOptions {
    let mut options = SocketOptions::default();
    options.seed = Some(7);
    options
}

pub(crate) fn driver(host: &Host, knobs: Knobs, options: SocketOptions) -> Driver<Typed> {
    let (url, began) = (host.url(), Instant::now());
    let protocol = Typed { url, knobs, withdrawn: HashSet::new(), deadline: None, began };
    Driver::new(protocol, options).unwrap()
}

impl Bot {
    pub(crate) fn start(host: &Host, knobs: Knobs, options: SocketOptions) -> Self {
        Self::start_with_inbox(host, knobs, options, 10_000)
    }

    pub(crate) fn start_with_inbox(
        host: &Host,
        knobs: Knobs,
        options: SocketOptions,
        max_events: usize,
    ) -> Self {
        let driver = driver(host, knobs, options);
        let (commands, receiver) = mpsc::channel(256);
        let (inbox, events) = Inbox::new(max_events, 1 << 20);
        let state = driver.state();
        let shutdown = Shutdown::new();
        let task = tokio::spawn(Drive::new(driver, inbox, receiver, &shutdown));
        Self { commands, events, state, shutdown, task }
    }

    pub(crate) async fn next(&mut self) -> Option<Event> {
        timeout(PATIENCE, self.events.next()).await.expect("an event, or the end")
    }

    /// Skips to an event.
    pub(crate) async fn until(&mut self, wanted: &Event) {
        while let Some(event) = self.next().await {
            if event == *wanted {
                return;
            }
        }
        panic!("it ended without {wanted:?}");
    }

    pub(crate) async fn ready(&mut self) {
        self.until(&Event::Life("ready")).await;
    }

    /// All events that are still to come.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    pub(crate) async fn command(&self, command: Command) {
        assert!(self.commands.send(command).await.is_ok(), "the bot is gone");
    }

    pub(crate) async fn say(&self, text: &str) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Say(text.into(), reply)).await;
        timeout(PATIENCE, answer).await.expect("commands are answered").unwrap()
    }

    pub(crate) async fn outcome(self) -> Result<()> {
        timeout(PATIENCE, self.task).await.expect("it ends").unwrap()
    }
}
