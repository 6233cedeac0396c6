//! What a bot asks for.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::socket::{InboxStream, State};
use sdk_core::wire::Text;
use tokio::sync::{mpsc, oneshot, watch};

use super::event::{Event, QueueJoined, Turn};
use super::move_data::MoveData;
use super::session::{Command, Reply};
use crate::lamports::Lamports;
use crate::model::{ClientMessage, GameType, JoinQueue, MatchId};
use crate::wager::WagerBucket;

/// Sends commands over one connection. Cheap to clone.
///
/// When the last handle is dropped, the connection closes in good order.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
}

impl Handle {
    pub(crate) fn new(commands: mpsc::Sender<Command>, state: watch::Receiver<State>) -> Self {
        Self(Arc::new(Shared { commands, state }))
    }

    /// Joins the queue for a game (spec, "Matchmaking") and waits for the platform's confirmation.
    ///
    /// The wish survives a lost connection: the bot joins again after it, unless a match turns up first, and this call
    /// goes on waiting. A bot is in one queue at a time; matches beside it come from challenges.
    ///
    /// # Errors
    /// Before anything is sent: [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) for a wager below 0.001 SOL, or while
    /// queueing for something else. From the platform: [`REJECTED`](codes::REJECTED) or
    /// [`RATE_LIMITED`](codes::RATE_LIMITED), with its code; that the agent is queued already is none. Without an answer
    /// within 60 s: [`CALL_TIMEOUT`](codes::CALL_TIMEOUT); a match may turn up even so.
    ///
    /// # Cancel safety
    /// Dropping the future does not leave the queue.
    pub async fn join_queue(&self, game_type: GameType, wager: Lamports) -> Result<QueueJoined> {
        WagerBucket::of(wager)?;
        self.call(|reply| Command::JoinQueue { request: JoinQueue::new(game_type, wager), reply }).await
    }

    /// Joins the queue for free play. The platform's own SDKs know it; the spec does not.
    ///
    /// # Errors
    /// As [`join_queue`](Self::join_queue).
    pub async fn join_free_play(&self, game_type: GameType) -> Result<QueueJoined> {
        let request = JoinQueue::new(game_type, Lamports::ZERO).in_sandbox();
        self.call(|reply| Command::JoinQueue { request, reply }).await
    }

    /// Leaves the queue and waits for the confirmation. Without effect when in none.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over.
    pub async fn leave_queue(&self) -> Result<()> {
        self.call(|reply| Command::LeaveQueue { reply }).await
    }

    /// Answers a turn. It returns when the decision is recorded; whether it was sent, or came too late, is told by
    /// events. A second answer to the same turn is ignored.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over.
    pub async fn make_move(&self, turn: &Turn, answer: impl Into<MoveData>) -> Result<()> {
        let (match_id, turn) = (turn.match_id.clone(), turn.id);
        self.push(Command::Answer { match_id, turn, decision: Ok(answer.into()) }).await
    }

    /// Gives a match up (spec, "Gameplay"). Its `GameOver` follows.
    ///
    /// # Errors
    /// [`NOT_CONNECTED`](codes::NOT_CONNECTED) when there is no connection now.
    pub async fn resign(&self, match_id: &MatchId) -> Result<()> {
        let match_id = match_id.clone();
        self.call(|reply| Command::Resign { match_id, reply }).await
    }

    /// Sends any message of the protocol. Turns are better answered with [`make_move`](Self::make_move): this one goes
    /// past the ledger that keeps a move from being sent twice.
    ///
    /// # Errors
    /// [`NOT_CONNECTED`](codes::NOT_CONNECTED) when there is no connection now.
    pub async fn send(&self, message: ClientMessage) -> Result<()> {
        self.call(|reply| Command::Send { message, reply }).await
    }

    /// Sends a text as it is, for what is not typed yet.
    ///
    /// # Errors
    /// [`NOT_CONNECTED`](codes::NOT_CONNECTED) when there is no connection now,
    /// [`OUTBOUND_FULL`](codes::OUTBOUND_FULL) when more would wait to be written than may.
    pub async fn send_raw(&self, text: impl Into<Text>) -> Result<()> {
        let text = text.into();
        self.call(|reply| Command::SendRaw { text, reply }).await
    }

    /// Drops the connection and makes a new one.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over.
    pub async fn reconnect(&self) -> Result<()> {
        self.push(Command::Reconnect).await
    }

    /// The connection's state, to watch.
    pub fn state(&self) -> watch::Receiver<State> {
        self.0.state.clone()
    }

    /// Finishes the matches in progress, takes no new one, and closes.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over already.
    pub async fn drain(&self) -> Result<()> {
        self.push(Command::Drain).await
    }

    /// Closes now: a close frame, and a bounded wait for the server's.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over already.
    pub async fn close(&self) -> Result<()> {
        self.push(Command::Close).await
    }

    /// Waits until the connection is over.
    pub async fn closed(&self) {
        // An error means that the connection's task is gone, and with it the connection.
        let _ = self.0.state.clone().wait_for(|state| *state == State::Closed).await;
    }

    async fn push(&self, command: Command) -> Result<()> {
        self.0.commands.send(command).await.map_err(|_| gone())
    }

    async fn call<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.push(command(reply)).await?;
        // Nobody is left who knows how far it came.
        answer.await.unwrap_or_else(|_| Err(gone().with_sent(Sent::Maybe)))
    }
}

fn gone() -> Error {
    Error::new(&codes::CLIENT_CLOSED, "the connection is over").with_sent(Sent::No)
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("state", &*self.0.state.borrow()).finish_non_exhaustive()
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
