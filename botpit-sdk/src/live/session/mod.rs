//! A BOTPIT session as pure state: the platform's frames and the bot's commands in, frames and events out.
//!
//! It holds what the bot wants (a place in a queue, challenges, a match to watch), what is under way (matches, turns) and
//! what must survive a lost connection, and decides what a new connection owes:
//!
//! 1. authenticate, with the key of now;
//! 2. open turns come from the platform again, and get the very same move; a move that was decided during the outage and
//!    never written is sent after a short grace when the platform does not ask; a match that is being given up is given up
//!    again;
//! 3. the watched match is watched again at once;
//! 4. the queue is joined again after the grace, unless a match turned up that the place was for; a challenge is made
//!    again when the lobby shows that it is gone, unless a match turned up that may have come of it;
//! 5. a match that the platform says nothing about any more is given up for lost after a longer one.
//!
//! | file | what it is |
//! |---|---|
//! | `queue` | the place in the queue |
//! | `matches` | the matches under way, and those that fell silent |
//! | `resigning` | matches that are being given up |
//! | `challenges` | offers in the lobby, and what comes of them |
//! | `spectating` | the match that is watched |
//! | `taunts` | one a round |
//! | `refusals` | whose error it is |
//! | `books` | what passes the bankroll's guard, and what is written down |
//! | `fairness` | what is seen of a match, and its check |

mod books;
mod challenges;
mod fairness;
mod matches;
mod queue;
mod refusals;
mod resigning;
mod spectating;
mod taunts;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Context, Dial, Inbox, Lifecycle, Protocol, Token, Verdict};
use sdk_core::wire::{Text, printable};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use self::challenges::Challenges;
use self::matches::Match;
use self::queue::Queue;
use self::refusals::{Culprit, Suspicion};
use self::resigning::Resigning;
use self::spectating::Watched;
use super::current_key::CurrentKey;
use super::event::{
    Challenge, ChallengeAccepted, Connected, Event, QueueJoined, QueueUpdate, UnknownMessage,
};
use super::ledger::{Decided, TurnId, TurnLedger};
use super::lookup::{Answer, Lookup};
use super::match_map::MatchMap;
use super::move_data::MoveData;
use super::spectator::SpectatorEvent;
use crate::bankroll::SharedGuard;
use crate::fairness::{Readings, host_of};
use crate::model::{
    self, AgentId, Authenticate, ChallengeId, ClientMessage, CreateChallenge, JoinQueue, MatchId,
    ServerMessage, TauntId,
};

/// The timings of a session. They are the machine's own time: the transport does not scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timings {
    /// How long after a reconnect the platform may take to tell of an open match or turn.
    pub(crate) resume_grace: Duration,
    /// How long a match may stay silent before it is given up for lost.
    pub(crate) lost_after: Duration,
    /// How long the platform may take to answer a command. Longer than a dead connection stays undetected: then the wish
    /// goes on after the reconnect, and a match may be waiting there.
    pub(crate) answer: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            resume_grace: Duration::from_secs(1),
            lost_after: Duration::from_secs(60),
            answer: Duration::from_secs(60),
        }
    }
}

/// What a handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    JoinQueue {
        request: JoinQueue,
        reply: Reply<QueueJoined>,
    },
    LeaveQueue {
        reply: Reply<()>,
    },
    CreateChallenge {
        request: CreateChallenge,
        reply: Reply<Challenge>,
    },
    AcceptChallenge {
        id: ChallengeId,
        reply: Reply<ChallengeAccepted>,
    },
    CancelChallenge {
        id: ChallengeId,
        reply: Reply<()>,
    },
    Spectate {
        match_id: MatchId,
        feed: Inbox<SpectatorEvent>,
        reader: Arc<()>,
        reply: Reply<()>,
    },
    StopSpectating {
        match_id: Option<MatchId>,
        reply: Option<Reply<()>>,
    },
    Answer {
        match_id: MatchId,
        turn: TurnId,
        decision: Result<MoveData>,
    },
    Resign {
        match_id: MatchId,
        reply: Reply<()>,
    },
    Taunt {
        match_id: MatchId,
        taunt: TauntId,
        reply: Reply<()>,
    },
    Send {
        message: ClientMessage,
        reply: Reply<()>,
    },
    SendRaw {
        text: Text,
        reply: Reply<()>,
    },
    /// REST has answered what the session wanted to know.
    Answered(Answer),
    /// There is another key.
    KeyReplaced,
    Reconnect,
    Drain,
    Close,
}
pub(crate) type Reply<T> = oneshot::Sender<Result<T>>;

/// Which frequent events the bot listens to: the others are not even made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) opponent_moved: bool,
    pub(crate) round_result: bool,
}

impl Default for Heard {
    fn default() -> Self {
        Self { opponent_moved: true, round_result: true }
    }
}

pub(crate) struct Session {
    url: Url,
    /// The key that every dial begins with.
    current: CurrentKey,
    /// The key of the last dial.
    key: Secret,
    timings: Timings,
    me: Option<AgentId>,
    phase: Phase,
    connections: u64,
    /// No new match is taken.
    draining: bool,
    /// The connection ends by itself once it is idle: a bot's own wish, as a signal is the program's.
    ends_when_idle: bool,
    queue: Option<Queue>,
    leaving: Vec<Reply<()>>,
    /// `leave_queue` was sent, or a challenge accepted while draining: until the one is confirmed, or this time has come, a
    /// match may still turn up.
    leaving_until: Option<Instant>,
    challenges: Challenges,
    watched: Option<Watched>,
    /// The last match that was watched: late news of it is nobody's.
    unwatched: Option<MatchId>,
    resigning: Vec<Resigning>,
    suspicion: Option<Suspicion>,
    matches: MatchMap<Match>,
    /// The last matches that ended: a late repetition of theirs must not open them again.
    ended: VecDeque<MatchId>,
    /// The last matches that were given up, should they turn up again.
    lost: VecDeque<Match>,
    /// Where questions to the REST side go.
    lookups: Option<mpsc::UnboundedSender<Lookup>>,
    /// How many of them are about matches.
    asked_about_matches: u32,
    /// A server that says goodbye in good order is dialled again: the bot wants to play on.
    stays: bool,
    /// The frequent events that the bot listens to.
    heard: Heard,
    /// What may be risked, and what was won and lost.
    guard: SharedGuard,
    /// How the platform derives what chance decides, as far as it is known.
    readings: Readings,
    /// The name under which the readings know the platform.
    host: String,
    ledger: TurnLedger,
    /// When what the new connection owes is due: moves nobody asked for again, the place in the queue.
    resume_at: Option<Instant>,
    /// When silent matches are given up for lost.
    lost_at: Option<Instant>,
    /// When a drain without a connection gives its matches up.
    gone_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Down,
    Greeting,
    Ready,
}

impl Session {
    pub(crate) fn new(url: Url, current: CurrentKey, timings: Timings) -> Self {
        Self {
            host: host_of(&url),
            url,
            key: current.get(),
            current,
            timings,
            me: None,
            phase: Phase::Down,
            connections: 0,
            draining: false,
            ends_when_idle: false,
            queue: None,
            leaving: Vec::new(),
            leaving_until: None,
            challenges: Challenges::default(),
            watched: None,
            unwatched: None,
            resigning: Vec::new(),
            suspicion: None,
            matches: MatchMap::default(),
            ended: VecDeque::new(),
            lost: VecDeque::new(),
            lookups: None,
            asked_about_matches: 0,
            stays: false,
            heard: Heard::default(),
            guard: SharedGuard::default(),
            readings: Readings::new(),
            ledger: TurnLedger::default(),
            resume_at: None,
            lost_at: None,
            gone_at: None,
        }
    }

    /// Asks the REST side what the live side does not tell.
    #[must_use]
    pub(crate) fn asking(mut self, lookups: mpsc::UnboundedSender<Lookup>) -> Self {
        self.lookups = Some(lookups);
        self
    }

    /// Whether somebody will answer. At most one question a match, and one about the lobby a connection, is under way.
    fn look_up(&self, question: Lookup) -> bool {
        self.lookups.as_ref().is_some_and(|lookups| lookups.send(question).is_ok())
    }
    /// Leaves out the frequent events that the bot does not listen to.
    #[must_use]
    pub(crate) fn only(mut self, heard: Heard) -> Self {
        self.heard = heard;
        self
    }

    /// Holds every wager against a guard that others may share.
    #[must_use]
    pub(crate) fn guarded(mut self, guard: SharedGuard) -> Self {
        self.guard = guard;
        self
    }

    /// Checks matches with what others have learnt of the platform.
    #[must_use]
    pub(crate) fn reading(mut self, readings: Readings) -> Self {
        self.readings = readings;
        self
    }

    /// Dials again also when the server ends the session in good order with nothing under way.
    pub(crate) fn staying(mut self) -> Self {
        self.stays = true;
        self
    }

    /// The bot's decision for a turn.
    pub(crate) fn answer(
        &mut self,
        match_id: &MatchId,
        turn: TurnId,
        decision: Result<MoveData>,
        cx: &mut Context<'_, Event>,
    ) {
        let data = match decision {
            Ok(data) => data,
            Err(error) => {
                self.ledger.failed(match_id, turn);
                cx.emit(Event::HandlerFailed(error));
                return;
            }
        };
        let ready = self.phase == Phase::Ready;
        let now = cx.now();
        let round = self.ledger.round(match_id, turn).unwrap_or_default();
        let decided = self.ledger.decided(match_id, turn, data.frame(match_id), ready, now);
        if matches!(decided, Decided::Send | Decided::Hold)
            && let Some(known) = self.matches.get_mut(match_id.as_str())
        {
            known.witness.decided(turn, round, data);
        }
        match decided {
            Decided::Send => self.send_move(turn, cx),
            Decided::Hold => {}
            Decided::Late(late_by) => {
                tracing::warn!(match_id = %printable(match_id.as_str()), late_ms = late_by.as_millis() as u64, "a move came too late and was not sent");
                cx.emit(Event::MoveNotSent { match_id: match_id.clone(), round, late_by: Some(late_by) });
            }
            Decided::Stale => {
                tracing::debug!(match_id = %printable(match_id.as_str()), "a decision came for a turn that is over")
            }
        }
    }

    /// The bot's handler has ended without an answer, because its time was over.
    pub(crate) fn ran_out(&mut self, match_id: &MatchId, turn: TurnId, cx: &mut Context<'_, Event>) {
        if let Some(round) = self.ledger.ran_out(match_id, turn) {
            cx.emit(Event::MoveNotSent { match_id: match_id.clone(), round, late_by: None });
        }
    }

    fn send_move(&mut self, turn: TurnId, cx: &mut Context<'_, Event>) {
        if let Some((_, frame)) = self.ledger.frame(turn)
            && let Err(error) = cx.send_tracked(frame.clone(), Token(turn.0))
        {
            self.ledger.not_queued(turn); // still owed
            self.resume_at.get_or_insert(cx.now() + self.timings.resume_grace);
            cx.emit(Event::Error(error));
        }
    }

    fn on_message(&mut self, text: &Text, cx: &mut Context<'_, Event>) {
        let message = match ServerMessage::decode(text.as_str()) {
            Ok(message) => message,
            Err(error) => {
                let error = match self.without_key(text.as_str()) {
                    Cow::Borrowed(_) => error,
                    Cow::Owned(clean) => self.undecodable(&clean, &error),
                };
                tracing::warn!(error = %error, "a message could not be decoded");
                cx.emit(Event::DecodeError(error));
                self.on_undecodable(text.as_str(), cx);
                return;
            }
        };
        match message {
            ServerMessage::YourTurn(turn) => self.on_turn(text, &turn, cx),
            ServerMessage::RoundResult(result) => self.on_round_result(text, &result, cx),
            ServerMessage::OpponentMoved(moved) => {
                let Some(match_id) = self.hear_of(&moved.match_id, 0, cx) else { return };
                if self.heard.opponent_moved {
                    cx.emit(Event::OpponentMoved { match_id, round: moved.round });
                }
            }
            ServerMessage::Pong => {}
            ServerMessage::Authenticated(greeting) => self.on_authenticated(&greeting, cx),
            ServerMessage::Error(error) => self.on_error(&error, cx),
            ServerMessage::SessionReplaced => {
                let message = "another connection with the same key took over";
                cx.end(Some(Error::new(&codes::SESSION_REPLACED, message)));
            }
            ServerMessage::QueueJoined(joined) => self.on_queue_joined(joined, cx),
            ServerMessage::QueueLeft => self.on_queue_left(cx),
            ServerMessage::QueueUpdate(update) => cx.emit(Event::QueueUpdate(QueueUpdate {
                game_type: update.game_type,
                position: update.position,
                waited: update.wait_time_ms.map(Duration::from_millis),
                search_radius: update.search_radius,
                players_in_queue: update.players_in_queue,
                players_online: update.players_online,
            })),
            ServerMessage::MatchFound(found) => self.on_match_found(found, cx),
            ServerMessage::GameStart(start) => self.on_game_start(&start, cx),
            ServerMessage::GameOver(over) => self.on_game_over(over, cx),
            ServerMessage::ChallengeCreated(created) => self.on_challenge_created(&created, cx),
            ServerMessage::ChallengeAccepted(accepted) => self.on_challenge_accepted(&accepted, cx),
            ServerMessage::ChallengeCancelled(cancelled) => self.on_challenge_cancelled(&cancelled, cx),
            ServerMessage::SpectateUpdate(update) => self.on_spectate_update(text, &update, cx),
            ServerMessage::TauntReceived(taunt) => cx.emit(Event::TauntReceived {
                match_id: MatchId::from(&*taunt.match_id),
                agent_id: taunt.agent_id.as_deref().map(AgentId::from),
                taunt_id: taunt.taunt_id,
                text: taunt.taunt_text.map(Into::into),
            }),
            ServerMessage::Unknown { tag, .. } => {
                let tag = self.without_key(&tag);
                tracing::debug!(message_type = %sdk_core::wire::excerpt(&tag), "a message of an unknown type");
                let text = match self.without_key(text.as_str()) {
                    Cow::Borrowed(_) => text.clone(),
                    Cow::Owned(clean) => Text::from(clean),
                };
                cx.emit(Event::Unknown(UnknownMessage { message_type: tag.into_owned(), text }));
            }
        }
    }

    /// A text of the platform's without the bot's own key: some servers repeat what they refuse.
    fn without_key<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.holds_key(text) { Cow::Owned(self.key.redact(text)) } else { Cow::Borrowed(text) }
    }

    fn holds_key(&self, text: &str) -> bool {
        let key = self.key.expose();
        key.len() >= SHORTEST_KEY && text.contains(key)
    }

    /// Why a message that repeats the key cannot be decoded: told from its text without the key, because an excerpt may
    /// end in the middle of it.
    fn undecodable(&self, clean: &str, error: &Error) -> Error {
        ServerMessage::decode(clean).err().unwrap_or_else(|| {
            Error::new(error.code(), "a message that repeats the API key cannot be decoded, and is not shown")
        })
    }

    fn on_authenticated(&mut self, greeting: &model::Authenticated<'_>, cx: &mut Context<'_, Event>) {
        if self.phase != Phase::Greeting {
            return; // a duplicate
        }
        self.phase = Phase::Ready;
        self.connections += 1;
        self.ledger.reconnected();
        let agent_id = AgentId::from(&*greeting.agent_id);
        self.me = Some(agent_id.clone());
        cx.ready();
        cx.emit(Event::Connected(Connected {
            agent_id,
            agent_name: greeting.agent_name.as_deref().map(str::to_owned),
            is_reconnect: self.connections > 1,
            open_matches: self.matches.keys().cloned().collect(),
        }));
        let now = cx.now();
        self.resume_at = Some(now + self.timings.resume_grace);
        self.listen_anew(now);
        if self.queue.as_ref().is_some_and(|queue| !queue.held) {
            self.join_queue_now(cx);
        }
        self.resign_again(cx);
        self.spectate_again(cx);
        self.challenges_again(cx);
    }

    /// Whether there is a reason to be connected beside the matches under way.
    fn wants_something(&self) -> bool {
        self.queue.is_some() || !self.challenges.is_idle() || self.watched.is_some()
    }

    fn end_if_idle(&self, cx: &mut Context<'_, Event>) {
        if self.ends_when_idle && self.is_idle() {
            cx.end(None);
        }
    }

    fn send(&self, message: &ClientMessage, cx: &mut Context<'_, Event>) -> Result<()> {
        if self.phase != Phase::Ready {
            return Err(Error::new(
                &codes::NOT_CONNECTED,
                format!("{} needs a live connection", message.name()),
            ));
        }
        self.may_send(message)?;
        self.send_text(message.to_text()?.into(), cx)
    }

    /// The WebSocket library logs what goes through it, so the key does not.
    fn send_text(&self, text: Text, cx: &mut Context<'_, Event>) -> Result<()> {
        if self.holds_key(text.as_str()) {
            let message = "the message holds the API key; the client authenticates by itself";
            return Err(Error::invalid_argument("message", message));
        }
        cx.send(text)
    }

    // ---- what a new connection owes -------------------------------------------------------------------------------

    fn resume(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        if self.phase != Phase::Ready {
            return;
        }
        for turn in self.ledger.owed(now) {
            self.send_move(turn, cx);
        }
        if !self.draining {
            self.join_queue_now(cx);
        }
    }

    fn connection_lost(&mut self, cause: &Error, cx: &mut Context<'_, Event>) {
        self.phase = Phase::Down;
        self.resume_at = None;
        self.lost_at = None;
        self.suspicion = None;
        self.queue_lost();
        self.challenges_lost(cause);
        self.resigns_lost();
        self.watching_lost();
        self.witnesses_interrupted();
        if self.draining {
            self.forget_challenges(cause);
            self.wait_for_matches_at_most(cx);
        }
        tracing::debug!(cause = %cause, matches = self.matches.len(), "connection lost");
    }

    /// A drain waits for its matches; without a connection it does so for a while.
    fn wait_for_matches_at_most(&mut self, cx: &mut Context<'_, Event>) {
        if self.phase == Phase::Down && !self.matches.is_empty() {
            self.gone_at.get_or_insert(cx.now() + self.timings.lost_after);
        }
    }
}

fn answer<T>(reply: Option<Reply<T>>, result: Result<T>) {
    if let Some(reply) = reply {
        let _ = reply.send(result);
    }
}

/// So many matches that ended are remembered, to know a late message of theirs.
const REMEMBERED_MATCHES: usize = 64;

/// A turn that is said to last longer than this is taken to last this long: no wait is the server's alone to choose.
const MAX_TURN: Duration = Duration::from_secs(24 * 3600);

/// So many matches may be open at once. Ids are the platform's to choose, and what is kept of them is bounded.
const MAX_MATCHES: usize = 1_024;

/// A shorter key could be a part of any word, and is not looked for in what the platform says.
const SHORTEST_KEY: usize = 8;

impl Protocol for Session {
    type Event = Event;
    type Command = Command;

    fn dial(&mut self) -> Result<Dial> {
        self.key = self.current.get();
        let greeting = ClientMessage::Authenticate(Authenticate::new(self.key.clone())).to_text()?;
        Ok(Dial {
            url: self.url.clone(),
            headers: HeaderMap::new(),
            greeting: Some(Secret::new(greeting)),
            secrets: vec![self.key.clone()],
        })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Event>) {
        self.on_message(&text, cx);
    }

    fn on_binary(&mut self, bytes: Bytes, cx: &mut Context<'_, Event>) {
        // The protocol has text frames only; a message in the other kind of frame is a message all the same.
        if let Ok(text) = std::str::from_utf8(&bytes) {
            self.on_message(&Text::from(text), cx);
            return;
        }
        let message = format!("a binary frame of {} bytes that is no text", bytes.len());
        cx.emit(Event::DecodeError(Error::new(&codes::NOT_JSON, message)));
        self.doubt(cx.now());
    }

    fn on_command(&mut self, command: Command, cx: &mut Context<'_, Event>) {
        match command {
            Command::JoinQueue { request, reply } => self.join_queue(request, reply, cx),
            Command::LeaveQueue { reply } => self.leave_queue(Some(reply), cx),
            Command::Answer { match_id, turn, decision } => self.answer(&match_id, turn, decision, cx),
            Command::CreateChallenge { request, reply } => self.create_challenge(request, reply, cx),
            Command::AcceptChallenge { id, reply } => self.accept_challenge(id, reply, cx),
            Command::CancelChallenge { id, reply } => self.cancel_challenge(id, Some(reply), cx),
            Command::Spectate { match_id, feed, reader, reply } => {
                self.spectate(match_id, feed, &reader, reply, cx);
            }
            Command::StopSpectating { match_id, reply } => {
                self.stop_spectating(match_id.as_ref(), reply, cx);
            }
            Command::Resign { match_id, reply } => self.resign(match_id, reply, cx),
            Command::Taunt { match_id, taunt, reply } => {
                let _ = reply.send(self.send_taunt(&match_id, taunt, cx));
            }
            Command::Send { message, reply } => {
                let _ = reply.send(self.send(&message, cx));
            }
            Command::SendRaw { text, reply } => {
                let _ = reply.send(match self.phase {
                    // What is not one of the protocol's own messages is nothing that the guard knows.
                    Phase::Ready => ClientMessage::decode(text.as_str())
                        .map_or(Ok(()), |message| self.may_send(&message))
                        .and_then(|()| self.send_text(text, cx)),
                    _ => Err(Error::new(&codes::NOT_CONNECTED, "there is no authenticated connection")),
                });
            }
            Command::Answered(Answer::Match(match_id, facts)) => self.on_match_facts(&match_id, facts, cx),
            Command::Answered(Answer::Challenges { connection, open }) => self.on_lobby(connection, open, cx),
            Command::KeyReplaced => {
                if self.phase != Phase::Down && self.key.expose() != self.current.get().expose() {
                    let message = "the key was replaced; the next connection uses the new one";
                    cx.drop_connection(Error::new(&codes::CONNECTION_LOST, message));
                }
            }
            Command::Drain => {
                self.ends_when_idle = true;
                self.on_drain(cx);
                self.end_if_idle(cx);
            }
            Command::Close => cx.end(None),
            Command::Reconnect => {
                cx.drop_connection(Error::new(&codes::CONNECTION_LOST, "the bot asked for a new connection"));
            }
        }
    }

    fn on_write(&mut self, token: Token, cx: &mut Context<'_, Event>) -> bool {
        match self.ledger.writing(TurnId(token.0), cx.now()) {
            Ok(()) => {
                self.witness_written(TurnId(token.0));
                true
            }
            Err(Some((match_id, round, late_by))) => {
                cx.emit(Event::MoveNotSent { match_id, round, late_by: Some(late_by) });
                false
            }
            Err(None) => false,
        }
    }

    fn ping(&mut self) -> Option<Text> {
        // Before `authenticate` has been answered, nothing else may be said.
        (self.phase == Phase::Ready).then(|| Text::from(r#"{"type":"ping"}"#))
    }

    fn classify(&mut self, cause: &Error, was_ready: bool) -> Verdict {
        if cause.is_auth() && self.current.is_settling(&self.key) {
            return Verdict::RETRY; // the next dial has the new key
        }
        match Verdict::of(cause, was_ready) {
            // A server that says goodbye in good order while a match is open or a place is held is coming back.
            Verdict::End
                if !self.matches.is_empty() || (!self.draining && (self.stays || self.wants_something())) =>
            {
                Verdict::RETRY
            }
            verdict => verdict,
        }
    }

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Event>) {
        match lifecycle {
            Lifecycle::Connecting { attempt } => cx.emit(Event::Connecting { attempt }),
            Lifecycle::Slow { waited, gives_up_in } => {
                let host = sdk_core::secret::shown_url(&self.url);
                tracing::warn!(
                    %host,
                    "no answer yet after {:.1} s; this try is given up in {:.1} s",
                    waited.as_secs_f64(),
                    gives_up_in.as_secs_f64()
                );
                cx.emit(Event::StillConnecting { waited, gives_up_in });
            }
            Lifecycle::Opened => self.phase = Phase::Greeting,
            Lifecycle::Lost { cause } => {
                self.connection_lost(cause, cx);
                cx.emit(Event::Disconnected { cause: cause.clone() });
                self.end_if_idle(cx);
            }
            Lifecycle::Waiting { attempt, delay, cause } => {
                let host = sdk_core::secret::shown_url(&self.url);
                let what = if self.connections == 0 { "cannot connect" } else { "disconnected" };
                tracing::warn!(
                    %host,
                    "{what}: {}; try {attempt} in {:.1} s",
                    cause.chain(),
                    delay.as_secs_f64()
                );
                cx.emit(Event::Reconnecting { attempt, delay, cause: cause.clone() });
            }
            Lifecycle::Blocked { took } => {
                tracing::warn!(
                    took_ms = took.as_millis() as u64,
                    "the bot's code blocked the connection's thread; declare it blocking"
                );
                cx.emit(Event::HandlerBlocked { took });
            }
            Lifecycle::Ended { reason } => {
                self.phase = Phase::Down;
                let closed = || {
                    reason
                        .cloned()
                        .unwrap_or_else(|| Error::new(&codes::CLIENT_CLOSED, "the client was closed"))
                };
                let closed = closed();
                self.queue_ended(&closed);
                self.forget_challenges(&closed);
                self.resigns_ended(&closed);
                self.watching_ended(reason);
                for known in self.matches.values() {
                    known.over.cancel();
                    self.book(known, None);
                }
                cx.emit(Event::Closed { reason: reason.cloned() });
            }
            _ => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [
            self.resume_at,
            self.lost_at,
            self.gone_at,
            self.leaving_until,
            self.queue_due(),
            self.challenges.next_deadline(),
            self.resign_due(),
            self.watching_due(),
            self.ledger.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        for (match_id, round) in self.ledger.expire(now) {
            tracing::warn!(match_id = %printable(match_id.as_str()), round, "the turn's time is over and the bot has not answered");
            cx.emit(Event::MoveNotSent { match_id, round, late_by: None });
        }
        if self.queue_due().is_some_and(|at| at <= now) {
            self.on_queue_unanswered(now);
        }
        self.on_challenges_due(now, cx);
        self.on_resign_due(now);
        self.on_watching_due(now, cx);
        if self.resume_at.is_some_and(|at| at <= now) {
            self.resume_at = None;
            self.resume(now, cx);
        }
        if self.leaving_until.is_some_and(|at| at <= now) {
            self.left_queue();
        }
        if self.gone_at.is_some_and(|at| at <= now) {
            self.gone_at = None;
            self.give_up_all_matches(cx);
        }
        if self.lost_at.is_some_and(|at| at <= now) {
            self.lost_at = None;
            self.give_up_silent_matches(cx);
        }
        self.end_if_idle(cx);
    }

    fn on_drain(&mut self, cx: &mut Context<'_, Event>) {
        self.draining = true;
        self.leave_queue(None, cx);
        self.drain_challenges(cx);
        self.stop_spectating(None, None, cx);
        self.wait_for_matches_at_most(cx);
    }

    fn is_idle(&self) -> bool {
        self.matches.is_empty()
            && self.leaving_until.is_none()
            && (!self.draining || self.challenges.is_idle())
    }
}

#[cfg(all(test, feature = "sandbox"))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]
mod tests;
