//! What a bot asks for.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use sdk_core::clock::Clock;
use sdk_core::correlation::Correlator;
use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{InboxStream, State};
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::event::Event;
use super::session::Command;
use crate::model::{ClientMessage, Guess, Reply, Room, check_chat};
use crate::state::Wish;

/// The requests that wait for their replies.
pub(crate) type Calls = Correlator<Reply>;

/// Sends requests over one connection. Cheap to clone.
///
/// When the last handle is dropped, the connection closes in good order.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    timeout: Duration,
}

struct Shared {
    commands: mpsc::Sender<Command>,
    calls: Calls,
    state: watch::Receiver<State>,
    max_chat_chars: usize,
    has_machine: bool,
}

impl Handle {
    pub(crate) fn new(
        commands: mpsc::Sender<Command>,
        calls: Calls,
        state: watch::Receiver<State>,
        timeout: Duration,
        max_chat_chars: usize,
        has_machine: bool,
    ) -> Self {
        Self { shared: Arc::new(Shared { commands, calls, state, max_chat_chars, has_machine }), timeout }
    }

    /// The same connection, where replies may take so long: the default is the client's.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Joins a room, and waits for the confirmation. A room that is joined already is confirmed at once; while a join is
    /// under way, later ones share it. After a reconnect the room is joined again by itself, until
    /// [`Event::RoomLost`] says that it cannot be.
    ///
    /// That the platform says `already_tracked` of this very room counts as joined.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) for what is no topic; [`NOT_CONNECTED`](codes::NOT_CONNECTED);
    /// [`CALL_TIMEOUT`](codes::CALL_TIMEOUT); from the platform [`REJECTED`](codes::REJECTED) with its
    /// [`Reason`](crate::Reason).
    ///
    /// # Cancel safety
    /// Dropping the future does not take the join back.
    pub async fn join(&self, room: &Room) -> Result<Reply> {
        room.check()?;
        self.call("join", |id| Command::Join { id, room: room.clone() }).await
    }

    /// Sends an event into a room, and waits for its reply: the way for what is not typed yet.
    ///
    /// ```no_run
    /// # async fn example(handle: botornot_sdk::Handle) -> botornot_sdk::Result<()> {
    /// use botornot_sdk::model::{ReplyStatus, Room};
    ///
    /// let reply = handle.push(&Room::lobby(), "match:request", &serde_json::json!({})).await?;
    /// assert_eq!(reply.status, Some(ReplyStatus::Queued));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Before anything is sent: [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT), with the field: a room that is not joined, a
    /// type with blanks, a payload that is no object, an empty or oversize text, a vote that is neither `human` nor
    /// `agent`. [`NOT_CONNECTED`](codes::NOT_CONNECTED) without a connection. From the platform:
    /// [`REJECTED`](codes::REJECTED) or [`RATE_LIMITED`](codes::RATE_LIMITED), with its [`Reason`](crate::Reason). Without
    /// a reply in time: [`CALL_TIMEOUT`](codes::CALL_TIMEOUT); [`Error::sent`] says whether it had left.
    ///
    /// # Cancel safety
    /// Dropping the future takes the event back if it has not left yet.
    pub async fn push(
        &self,
        room: &Room,
        event_type: &str,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<Reply> {
        self.send(room, ClientMessage::new(event_type, payload)?).await
    }

    /// As [`push`](Self::push), for a typed message.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    ///
    /// # Cancel safety
    /// As [`push`](Self::push).
    pub async fn send(&self, room: &Room, message: ClientMessage) -> Result<Reply> {
        self.check(room, &message)?;
        let label = message.event_type().to_owned();
        self.call(label, |id| Command::Push { id, room: room.clone(), message }).await
    }

    /// Sends a message without waiting for a reply; what the platform refuses comes as [`Event::Refused`]. For
    /// `chat:typing`, whose reply is not documented.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) as [`push`](Self::push), except that a room that is not joined comes as
    /// [`Event::Refused`] too; [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over.
    pub async fn cast(&self, room: &Room, message: ClientMessage) -> Result<()> {
        self.check(room, &message)?;
        self.command(Command::Cast { room: room.clone(), message }).await
    }

    /// Queues for a match (spec, `match:request`). The reply's status says what is next; a match is told of by a push.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn request_match(&self) -> Result<Reply> {
        self.send(&Room::lobby(), ClientMessage::MatchRequest).await
    }

    /// Queues for a match of the deterministic harness (spec, "Test Match Endpoint").
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn request_test_match(&self) -> Result<Reply> {
        self.send(&Room::lobby(), ClientMessage::MatchTestRequest).await
    }

    /// Says something in a room: a match's or a direct one.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn say(&self, room: &Room, body: impl Into<String>) -> Result<Reply> {
        self.send(room, ClientMessage::Chat { body: body.into() }).await
    }

    /// Shows, or no longer shows, that the bot types.
    ///
    /// # Errors
    /// As [`cast`](Self::cast).
    pub async fn typing(&self, room: &Room, typing: bool) -> Result<()> {
        self.cast(room, ClientMessage::Typing { typing }).await
    }

    /// Votes.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn vote(&self, room: &Room, guess: Guess) -> Result<Reply> {
        self.send(room, ClientMessage::Vote { guess }).await
    }

    /// Tells the state machine what the bot wants. What becomes of it comes as notices. Only of a client that
    /// [entered](crate::Client::enter).
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) for an empty or oversize text, or when this connection has no state
    /// machine; [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over.
    pub async fn wish(&self, wish: Wish) -> Result<()> {
        if !self.shared.has_machine {
            let message = "this connection was made by `connect`, without a state machine; `enter` makes one";
            return Err(Error::invalid_argument("wish", message));
        }
        if let Wish::Say { body, .. } = &wish {
            check_chat(body, self.shared.max_chat_chars)?;
        }
        self.command(Command::Wish(wish)).await
    }

    /// Drops the connection, and makes a new one with another token: after the old one leaked and was revoked. It counts
    /// for this connection's life; the [`Client`](crate::Client) keeps the one that it was built with.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG) for a malformed token; [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the
    /// connection is over, because the old token was refused.
    pub async fn replace_token(&self, token: impl Into<Secret>) -> Result<()> {
        let token = token.into();
        token.check("token")?;
        self.command(Command::ReplaceToken(token)).await
    }

    /// Drops the connection and makes a new one.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over.
    pub async fn reconnect(&self) -> Result<()> {
        self.command(Command::Reconnect).await
    }

    /// The connection's state, to watch. Connected means that the lobby is joined.
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared.state.clone()
    }

    /// Finishes the match in progress and what waits for replies, takes no new match, and closes.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over already.
    pub async fn drain(&self) -> Result<()> {
        self.command(Command::Drain).await
    }

    /// Closes now: a close frame, and a bounded wait for the server's.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over already.
    pub async fn close(&self) -> Result<()> {
        self.command(Command::Close).await
    }

    /// Waits until the connection is over.
    pub async fn closed(&self) {
        // An error means that the connection's task is gone, and with it the connection.
        let _ = self.shared.state.clone().wait_for(|state| *state == State::Closed).await;
    }

    fn check(&self, room: &Room, message: &ClientMessage) -> Result<()> {
        room.check()?;
        match message {
            ClientMessage::Chat { body } => check_chat(body, self.shared.max_chat_chars),
            _ => Ok(()),
        }
    }

    async fn command(&self, command: Command) -> Result<()> {
        self.shared.commands.send(command).await.map_err(|_| gone())
    }

    async fn call(
        &self,
        label: impl Into<std::borrow::Cow<'static, str>>,
        command: impl FnOnce(sdk_core::correlation::RequestId) -> Command,
    ) -> Result<Reply> {
        let call = self.shared.calls.call(label)?;
        self.command(command(call.id())).await?;
        call.wait(&Clock::real(), self.timeout).await
    }
}

fn gone() -> Error {
    Error::new(&codes::CLIENT_CLOSED, "the connection is over")
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("state", &*self.shared.state.borrow()).finish_non_exhaustive()
    }
}

/// The events of one connection, in order. The last one is [`Event::Closed`].
///
/// A bot that does not take them fast enough misses the least important ones and is told so by [`Event::Lagged`]; the
/// connection itself is never held up. See [`sdk_core::socket::Inbox`] for the bounds.
#[derive(Debug)]
pub struct Events(pub(crate) InboxStream<Event>);

impl Events {
    /// The next event; `None` after the last one.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx)).await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}
