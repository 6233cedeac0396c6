//! What a bot asks for.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Inbox, InboxStream, State};
use sdk_core::wire::Text;
use tokio::sync::{mpsc, oneshot, watch};

use super::current_key::CurrentKey;
use super::event::{Challenge, ChallengeAccepted, Event, QueueJoined, Turn};
use super::move_data::MoveData;
use super::session::{Command, Reply};
use super::spectator::Spectator;
use crate::lamports::Lamports;
use crate::model::{ChallengeId, ClientMessage, CreateChallenge, GameType, JoinQueue, MatchId, TauntId};
use crate::wager::WagerBucket;

/// Sends commands over one connection. Cheap to clone.
///
/// When the last handle is dropped, the connection closes in good order.
///
/// The protocol has no request ids. So an error of the platform reaches the command that caused it only where no other can
/// be meant; it always comes as [`Event::Error`] too. A command that gets no answer fails after 60 s with
/// [`CALL_TIMEOUT`](codes::CALL_TIMEOUT), whose source is the error that it or another command may have caused.
///
/// What a lost connection means to a command that waits:
///
/// | command | |
/// |---|---|
/// | [`join_queue`](Self::join_queue), [`join_free_play`](Self::join_free_play) | goes on waiting; the queue is joined again, unless a match turns up first |
/// | [`leave_queue`](Self::leave_queue) | is done: a place does not outlive its connection |
/// | [`create_challenge`](Self::create_challenge) | goes on waiting; made again only if the lobby does not show it |
/// | [`accept_challenge`](Self::accept_challenge) | fails with the cause, and whether it was [`Sent`] |
/// | [`cancel_challenge`](Self::cancel_challenge), [`resign`](Self::resign) | goes on waiting, and is sent again |
/// | [`spectate`](Self::spectate) | its stream goes on: the match is watched again |
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
    key: CurrentKey,
    /// How much a spectator holds: events, and bytes.
    bounds: (usize, usize),
}

impl Handle {
    pub(crate) fn new(
        commands: mpsc::Sender<Command>,
        state: watch::Receiver<State>,
        key: CurrentKey,
        bounds: (usize, usize),
    ) -> Self {
        Self(Arc::new(Shared { commands, state, key, bounds }))
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

    /// Offers a match in the lobby (spec, "Challenges") and waits for the confirmation. Anybody may accept it; then
    /// [`Event::ChallengeAccepted`] and [`Event::MatchFound`] come. The open challenges of everybody are
    /// [`Rest::challenges`](crate::Rest::challenges).
    ///
    /// The wish survives a lost connection, before the confirmation and after it: the lobby is asked whether the challenge is
    /// still there, and only if it is not is it made again, under a new id ([`Challenge::replaces`]). It is not made again
    /// when a match turned up meanwhile that may have come of it, nor while the bot stops.
    ///
    /// ```no_run
    /// # async fn example(bot: botpit_sdk::Handle) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::GameType;
    ///
    /// let challenge = bot.create_challenge(GameType::Coinflip, "0.05 SOL".parse()?).await?;
    /// println!("{} waits for somebody", challenge.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Before anything is sent: [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) for a wager below 0.001 SOL,
    /// [`LIMIT_REACHED`](codes::LIMIT_REACHED) for more than 256 challenges at once. From the platform:
    /// [`REJECTED`](codes::REJECTED) or [`RATE_LIMITED`](codes::RATE_LIMITED), with its code.
    /// [`CONNECTION_LOST`](codes::CONNECTION_LOST) with [`Sent::Maybe`] when the connection was lost before the
    /// confirmation, and the lobby cannot be asked or somebody may have accepted already.
    ///
    /// # Cancel safety
    /// Dropping the future does not take the challenge back.
    pub async fn create_challenge(&self, game_type: GameType, wager: Lamports) -> Result<Challenge> {
        WagerBucket::of(wager)?;
        let request = CreateChallenge::new(game_type, wager);
        self.call(|reply| Command::CreateChallenge { request, reply }).await
    }

    /// Takes somebody else's challenge (spec, "Challenges") and waits for the confirmation. `MatchFound` follows.
    ///
    /// ```no_run
    /// # async fn example(bot: botpit_sdk::Handle, rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::GameType;
    ///
    /// if let Some(open) = rest.challenges().game_type(GameType::Coinflip).send().await?.first() {
    ///     let accepted = bot.accept_challenge(&open.id).await?;
    ///     println!("the match is {:?}", accepted.match_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Before anything is sent: [`NOT_CONNECTED`](codes::NOT_CONNECTED) when there is no connection now,
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) for one's own challenge. From the platform:
    /// [`REJECTED`](codes::REJECTED), with its code, when somebody else was faster. On a lost connection
    /// [`CONNECTION_LOST`](codes::CONNECTION_LOST) with the cause: it is never sent twice, because it puts money in.
    ///
    /// # Cancel safety
    /// Dropping the future does not take it back.
    pub async fn accept_challenge(&self, id: &ChallengeId) -> Result<ChallengeAccepted> {
        let id = id.clone();
        self.call(|reply| Command::AcceptChallenge { id, reply }).await
    }

    /// Takes one's own challenge back (spec, "Challenges") and waits for the confirmation.
    ///
    /// # Errors
    /// From the platform: [`REJECTED`](codes::REJECTED), with its code, when it is gone: somebody may have accepted it.
    ///
    /// # Cancel safety
    /// Dropping the future does not keep the challenge open.
    pub async fn cancel_challenge(&self, id: &ChallengeId) -> Result<()> {
        let id = id.clone();
        self.call(|reply| Command::CancelChallenge { id, reply }).await
    }

    /// Watches a match (spec, "Spectating"). The protocol watches one at a time, and does not confirm it: a refusal comes as
    /// the stream's [`Ended`](crate::SpectatorEvent::Ended), and so does the silence of
    /// [`match_lost_after`](crate::ClientBuilder::match_lost_after). The matches of now are
    /// [`Rest::active_matches`](crate::Rest::active_matches).
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) while another [`Spectator`] is there: drop it first.
    ///
    /// # Cancel safety
    /// Dropping the future stops watching.
    pub async fn spectate(&self, match_id: &MatchId) -> Result<Spectator> {
        let (max_events, max_bytes) = self.0.bounds;
        let (feed, events) = Inbox::new(max_events, max_bytes);
        let alive = Arc::new(());
        let (reader, watched) = (alive.clone(), match_id.clone());
        self.call(|reply| Command::Spectate { match_id: watched, feed, reader, reply }).await?;
        Ok(Spectator::new(match_id.clone(), events, self.0.commands.downgrade(), alive))
    }

    /// Stops watching (spec, "Spectating": `stop_spectating` has no id). The stream of it ends. Dropping the [`Spectator`]
    /// does the same. Without effect when nothing is watched.
    ///
    /// # Errors
    /// [`CLIENT_CLOSED`](codes::CLIENT_CLOSED) when the connection is over.
    pub async fn stop_spectating(&self) -> Result<()> {
        self.call(|reply| Command::StopSpectating { match_id: None, reply: Some(reply) }).await
    }

    /// Teases the opponent, at most once a round. The platform's own SDKs know it; the spec does not. It is not confirmed.
    ///
    /// # Errors
    /// Nothing is sent for a match that is not open ([`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT)), a second time in one
    /// round ([`LIMIT_REACHED`](codes::LIMIT_REACHED)), or when there is no connection now
    /// ([`NOT_CONNECTED`](codes::NOT_CONNECTED)).
    pub async fn send_taunt(&self, match_id: &MatchId, taunt: TauntId) -> Result<()> {
        let match_id = match_id.clone();
        self.call(|reply| Command::Taunt { match_id, taunt, reply }).await
    }

    /// Replaces the API key that this connection, its client and all of the client's connections authenticate with. Each
    /// of them is made anew with it. To rotate the key on the platform as well, see
    /// [`Client::rotate_key`](crate::Client::rotate_key).
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](codes::INVALID_CONFIG) with the field `key` for one that is empty or holds blanks.
    pub fn replace_key(&self, key: impl Into<Secret>) -> Result<()> {
        self.0.key.replace(key.into())
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

    /// Gives a match up (spec, "Gameplay"), and waits until the platform has ended it: its [`Event::GameOver`] comes too.
    /// For a match that is over it returns at once.
    ///
    /// The wish survives a lost connection. In a handler, the callbacks of the same match wait until this returns.
    ///
    /// # Errors
    /// [`REJECTED`](codes::REJECTED), with the platform's code; [`CALL_TIMEOUT`](codes::CALL_TIMEOUT) when the match does not
    /// end within 60 s.
    ///
    /// # Cancel safety
    /// Dropping the future does not take it back.
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
