//! A BOTPIT session as pure state: the platform's frames and the bot's commands in, frames and events out.
//!
//! It holds what the bot wants (a place in a queue), what is under way (matches, turns) and what must survive a lost
//! connection, and decides what a new connection owes:
//!
//! 1. authenticate;
//! 2. open turns come from the platform again, and get the very same move; a move that was decided during the outage and
//!    never written is sent after a short grace when the platform does not ask;
//! 3. the queue is joined again after that grace, unless a match turned up;
//! 4. a match that the platform says nothing about any more is given up for lost after a longer one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Context, Dial, Lifecycle, Protocol, Token, Verdict};
use sdk_core::wire::{RawJson, Text};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::event::{
    Connected, Event, GameOver, GameStart, MatchFound, Outcome, QueueJoined, QueueUpdate, RoundResult, Turn,
    UnknownMessage,
};
use super::ledger::{Asked, Decided, TurnId, TurnLedger};
use super::match_map::{MAX_OPEN_MATCHES, MatchMap};
use super::move_data::MoveData;
use crate::fairness::verify_commitment;
use crate::lamports::Lamports;
use crate::model::{
    self, AgentId, Authenticate, ChallengeId, ClientMessage, ErrorCode, GameType, JoinQueue, MatchId,
    ServerMessage, Side,
};

/// The timings of a session. They are the machine's own time: the transport does not scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timings {
    /// How long after a reconnect the platform may take to tell of an open match or turn.
    pub(crate) resume_grace: Duration,
    /// How long a match may stay silent after a reconnect before it is given up for lost.
    pub(crate) lost_after: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self { resume_grace: Duration::from_secs(1), lost_after: Duration::from_secs(60) }
    }
}

/// What a handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    JoinQueue { request: JoinQueue, reply: Reply<QueueJoined> },
    LeaveQueue { reply: Reply<()> },
    Answer { match_id: MatchId, turn: TurnId, decision: Result<MoveData> },
    Resign { match_id: MatchId, reply: Reply<()> },
    Send { message: ClientMessage, reply: Reply<()> },
    SendRaw { text: Text, reply: Reply<()> },
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
    key: Secret,
    timings: Timings,
    me: Option<AgentId>,
    phase: Phase,
    connections: u64,
    /// No new match is taken.
    draining: bool,
    /// The frequent events that the bot listens to.
    heard: Heard,
    /// The connection ends by itself once it is idle: a bot's own wish, as a signal is the program's.
    ends_when_idle: bool,
    queue: Option<Queue>,
    leaving: Vec<Reply<()>>,
    /// `leave_queue` was sent: until it is confirmed, or this time has come, a match may still turn up.
    leaving_until: Option<Instant>,
    matches: MatchMap<Match>,
    ledger: TurnLedger,
    /// When what the new connection owes is due: moves nobody asked for again, the place in the queue.
    resume_at: Option<Instant>,
    /// When silent matches are given up for lost.
    lost_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Down,
    Greeting,
    Ready,
}

struct Queue {
    request: JoinQueue,
    /// Whether `join_queue` was written on this connection.
    asked: bool,
    /// Whether the platform confirmed it, on any connection.
    confirmed: bool,
    waiting: Vec<Reply<QueueJoined>>,
}

struct Match {
    id: MatchId,
    game_type: Option<GameType>,
    wager: Option<Lamports>,
    side: Option<Side>,
    server_seed_hash: Option<String>,
    over: Arc<CancellationToken>,
    /// The connection on which the platform last spoke of it.
    heard_on: u64,
}

impl Session {
    pub(crate) fn new(url: Url, key: Secret, timings: Timings) -> Self {
        Self {
            url,
            key,
            timings,
            me: None,
            phase: Phase::Down,
            connections: 0,
            draining: false,
            heard: Heard::default(),
            ends_when_idle: false,
            queue: None,
            leaving: Vec::new(),
            leaving_until: None,
            matches: MatchMap::default(),
            ledger: TurnLedger::default(),
            resume_at: None,
            lost_at: None,
        }
    }

    /// Leaves out the frequent events that the bot does not listen to.
    #[must_use]
    pub(crate) fn only(mut self, heard: Heard) -> Self {
        self.heard = heard;
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
        match self.ledger.decided(match_id, turn, data.frame(match_id), ready, now) {
            Decided::Send => self.send_move(turn, cx),
            Decided::Hold => {}
            Decided::Late(late_by) => {
                tracing::warn!(%match_id, late_ms = late_by.as_millis() as u64, "a move came too late and was not sent");
                let round = self.ledger.round(match_id, turn).unwrap_or_default();
                cx.emit(Event::MoveNotSent { match_id: match_id.clone(), round, late_by: Some(late_by) });
            }
            Decided::Stale => tracing::debug!(%match_id, "a decision came for a turn that is over"),
        }
    }

    fn send_move(&mut self, turn: TurnId, cx: &mut Context<'_, Event>) {
        if let Some((_, frame)) = self.ledger.frame(turn)
            && let Err(error) = cx.send_tracked(frame.clone(), Token(turn.0))
        {
            cx.emit(Event::Error(error));
        }
    }

    /// A match that the platform speaks of. `None`, and the bot is told, when too many are open already.
    fn hear_of<T>(
        &mut self,
        match_id: &str,
        cx: &mut Context<'_, Event>,
        hear: impl FnOnce(&mut Match) -> T,
    ) -> Option<T> {
        if let Some(known) = self.matches.get_mut(match_id) {
            known.heard_on = self.connections;
            return Some(hear(known));
        }
        if self.matches.len() >= MAX_OPEN_MATCHES {
            let message =
                format!("{MAX_OPEN_MATCHES} matches are open: what is said of another one is ignored");
            cx.emit(Event::Error(Error::new(&codes::PROTOCOL_VIOLATION, message)));
            return None;
        }
        // Maybe its beginning was not seen: a match from before this client was started.
        let id = MatchId::from(match_id);
        let known = self.matches.entry(id.clone()).or_insert_with(|| Match::new(id));
        known.heard_on = self.connections;
        Some(hear(known))
    }

    fn on_message(&mut self, text: &Text, cx: &mut Context<'_, Event>) {
        let message = match ServerMessage::decode(text.as_str()) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(error = %error, "a message could not be decoded");
                cx.emit(Event::DecodeError(error));
                return;
            }
        };
        match message {
            ServerMessage::YourTurn(turn) => self.on_turn(text, &turn, cx),
            ServerMessage::RoundResult(result) => {
                let wanted = self.heard.round_result;
                let match_id = self.hear_of(&result.match_id, cx, |known| wanted.then(|| known.id.clone()));
                let Some(match_id) = match_id else { return };
                self.ledger.result(&result.match_id, result.round, result.score);
                let Some(match_id) = match_id else { return };
                let raw = result.result.map(|raw| RawJson::part_of(text, raw.get()));
                cx.emit(Event::RoundResult(RoundResult {
                    match_id,
                    round: result.round,
                    result: raw,
                    score: result.score,
                }));
            }
            ServerMessage::OpponentMoved(moved) => {
                let wanted = self.heard.opponent_moved;
                let match_id = self.hear_of(&moved.match_id, cx, |known| wanted.then(|| known.id.clone()));
                let Some(Some(match_id)) = match_id else { return };
                cx.emit(Event::OpponentMoved { match_id, round: moved.round });
            }
            ServerMessage::Pong => {}
            ServerMessage::Authenticated(greeting) => self.on_authenticated(&greeting, cx),
            ServerMessage::Error(error) => self.on_error(&error, cx),
            ServerMessage::SessionReplaced => {
                let message = "another connection with the same key took over";
                cx.end(Some(Error::new(&codes::SESSION_REPLACED, message)));
            }
            ServerMessage::QueueJoined(joined) => self.on_queue_joined(joined, cx),
            ServerMessage::QueueLeft => {
                if let Some(queue) = self.queue.take() {
                    queue.fail(&Error::new(&codes::REJECTED, "the platform took the bot out of the queue"));
                }
                self.left_queue();
                cx.emit(Event::QueueLeft);
                self.end_if_idle(cx);
            }
            ServerMessage::QueueUpdate(update) => cx.emit(Event::QueueUpdate(QueueUpdate {
                game_type: update.game_type,
                position: update.position,
                waited: update.wait_time_ms.map(Duration::from_millis),
                search_radius: update.search_radius,
                players_in_queue: update.players_in_queue,
                players_online: update.players_online,
            })),
            ServerMessage::MatchFound(found) => self.on_match_found(found, cx),
            ServerMessage::GameStart(start) => {
                let match_id = self.hear_of(&start.match_id, cx, |known| {
                    known.side = Some(start.your_side);
                    known.id.clone()
                });
                let Some(match_id) = match_id else { return };
                cx.emit(Event::GameStart(GameStart { match_id, side: start.your_side }));
            }
            ServerMessage::GameOver(over) => self.on_game_over(over, cx),
            ServerMessage::ChallengeCreated(created) => cx.emit(Event::ChallengeCreated {
                challenge_id: ChallengeId::from(&*created.challenge_id),
                game_type: created.game_type,
                wager: created.wager_lamports,
            }),
            ServerMessage::ChallengeAccepted(accepted) => cx.emit(Event::ChallengeAccepted {
                challenge_id: ChallengeId::from(&*accepted.challenge_id),
                match_id: accepted.match_id.as_deref().map(MatchId::from),
            }),
            ServerMessage::ChallengeCancelled(cancelled) => cx.emit(Event::ChallengeCancelled {
                challenge_id: ChallengeId::from(&*cancelled.challenge_id),
            }),
            ServerMessage::SpectateUpdate(update) => cx.emit(Event::SpectateUpdate {
                match_id: MatchId::from(&*update.match_id),
                event: RawJson::part_of(text, update.event.get()),
            }),
            ServerMessage::TauntReceived(taunt) => cx.emit(Event::TauntReceived {
                match_id: MatchId::from(&*taunt.match_id),
                agent_id: taunt.agent_id.as_deref().map(AgentId::from),
                taunt_id: taunt.taunt_id,
                text: taunt.taunt_text.map(Into::into),
            }),
            ServerMessage::Unknown { tag, .. } => {
                tracing::debug!(message_type = %sdk_core::wire::excerpt(&tag), "a message of an unknown type");
                cx.emit(Event::Unknown(UnknownMessage { message_type: tag.into(), text: text.clone() }));
            }
        }
    }

    fn on_turn(&mut self, text: &Text, turn: &model::YourTurn<'_>, cx: &mut Context<'_, Event>) {
        let heard = self.hear_of(&turn.match_id, cx, |known| {
            (known.id.clone(), known.game_type.clone(), known.side, known.over.clone())
        });
        let Some((match_id, game_type, side, over)) = heard else { return };
        let state = RawJson::part_of(text, turn.game_state.get());
        let deadline = cx.now() + turn.timeout().min(MAX_TURN);
        match self.ledger.asked(&match_id, turn.round, &state, deadline) {
            Asked::New(id) => cx.emit(Event::YourTurn(Turn {
                game_type,
                round: turn.round,
                side,
                state,
                timeout: turn.timeout(),
                deadline,
                id,
                over,
                match_id,
            })),
            Asked::Again(id) => self.send_move(id, cx),
            Asked::StillThinking | Asked::Duplicate => {}
            Asked::Stale => tracing::debug!(%match_id, round = turn.round, "a turn of a round that is over"),
        }
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
        self.lost_at = (!self.matches.is_empty()).then(|| now + self.timings.lost_after);
        if self.queue.as_ref().is_some_and(|queue| !queue.confirmed) && self.matches.is_empty() {
            self.join_queue_now(cx);
        }
    }

    fn on_error(&mut self, error: &model::ServerError<'_>, cx: &mut Context<'_, Event>) {
        let code = error.code.clone();
        let words = error.message.as_deref().unwrap_or("no reason was given");
        let message = format!("the platform said: {}", sdk_core::wire::excerpt(words));
        let greeting = self.phase == Phase::Greeting;
        let refused_key = match &code {
            Some(code) => code.is_auth() || (greeting && sounds_like_a_refused_key(code.as_str())),
            None => greeting,
        };
        let kind = if refused_key { &codes::AUTH_REJECTED } else { &codes::REJECTED };
        let mut refusal = Error::new(kind, message).with_sent(Sent::Yes);
        if let Some(code) = &code {
            refusal = refusal.with_platform_code(code.as_str());
        }
        if refused_key {
            cx.end(Some(refusal));
            return;
        }
        if greeting {
            cx.drop_connection(refusal); // the server has trouble of its own
            return;
        }
        // The protocol has no request ids: an error is laid at the queue's door only when it says so itself.
        if let Some(queue) = &mut self.queue
            && queue.asked
            && !queue.confirmed
            && code.as_ref().is_some_and(is_about_the_queue)
            && let Some(queue) = self.queue.take()
        {
            queue.fail(&refusal);
        }
        if code.as_ref() == Some(&ErrorCode::NotQueued) {
            self.left_queue();
        }
        cx.emit(Event::Error(refusal));
    }

    fn on_queue_joined(&mut self, joined: model::QueueJoined, cx: &mut Context<'_, Event>) {
        let joined = QueueJoined { game_type: joined.game_type, position: joined.position };
        if let Some(queue) = &mut self.queue {
            queue.confirmed = true;
            for reply in queue.waiting.drain(..) {
                let _ = reply.send(Ok(joined.clone()));
            }
        }
        cx.emit(Event::QueueJoined(joined));
    }

    fn on_match_found(&mut self, found: model::MatchFound<'_>, cx: &mut Context<'_, Event>) {
        let heard = self.hear_of(&found.match_id, cx, |known| {
            let is_known = known.server_seed_hash.is_some();
            if !is_known {
                known.game_type = Some(found.game_type.clone());
                known.wager = Some(found.wager_lamports);
                known.server_seed_hash = Some(found.server_seed_hash.clone().into_owned());
            }
            (known.id.clone(), is_known)
        });
        let Some((match_id, is_known)) = heard else { return };
        let queued = self.queue.take();
        let above_queued = queued
            .as_ref()
            .map(|queue| queue.request.wager_lamports)
            .filter(|queued| found.wager_lamports > *queued);
        if let Some(queue) = queued {
            let joined = QueueJoined { game_type: Some(found.game_type.clone()), position: None };
            for reply in queue.waiting {
                let _ = reply.send(Ok(joined.clone()));
            }
        }
        self.left_queue();
        if is_known {
            return; // a duplicate; the first commitment counts
        }
        if let Some(queued) = above_queued {
            tracing::warn!(%match_id, wager = %found.wager_lamports, %queued, "the match is for more than was queued for");
        }
        cx.emit(Event::MatchFound(MatchFound {
            match_id,
            game_type: found.game_type,
            opponent_id: AgentId::from(&*found.opponent_id),
            opponent_name: found.opponent_name.map(Into::into),
            wager: found.wager_lamports,
            server_seed_hash: found.server_seed_hash.into_owned(),
            above_queued,
        }));
    }

    fn on_game_over(&mut self, over: model::GameOver<'_>, cx: &mut Context<'_, Event>) {
        let Some((match_id, known)) = self.matches.remove_entry(&*over.match_id) else {
            tracing::debug!("game_over for a match that is not open");
            return;
        };
        self.ledger.over(match_id.as_str());
        known.over.cancel();
        let commitment = match (&known.server_seed_hash, &over.server_seed) {
            (Some(hash), Some(seed)) => Some(verify_commitment(hash, seed)),
            _ => None,
        };
        let winner = over.winner.as_deref().map(AgentId::from);
        let outcome = match &winner {
            None => Outcome::Draw,
            Some(id) if self.me.as_ref() == Some(id) => Outcome::Won,
            Some(_) => Outcome::Lost,
        };
        cx.emit(Event::GameOver(GameOver {
            match_id,
            outcome,
            winner,
            side: known.side,
            final_score: over.final_score,
            payout: over.payout_lamports,
            fee: over.fee_lamports,
            server_seed: over.server_seed.map(Into::into),
            commitment,
            is_sandbox: over.is_sandbox,
        }));
        self.end_if_idle(cx);
    }

    // ---- commands -------------------------------------------------------------------------------------------------

    fn join_queue(&mut self, request: JoinQueue, reply: Reply<QueueJoined>, cx: &mut Context<'_, Event>) {
        if self.draining {
            let _ = reply
                .send(Err(Error::new(&codes::CLIENT_CLOSED, "the bot is stopping and takes no new match")));
            return;
        }
        if let Some(queue) = &mut self.queue {
            if queue.request == request {
                queue.waiting.push(reply);
            } else {
                let message = format!("already queueing for {}", queue.request.game_type);
                let _ = reply.send(Err(Error::invalid_argument("game_type", message)));
            }
            return;
        }
        self.queue = Some(Queue { request, asked: false, confirmed: false, waiting: vec![reply] });
        if self.phase == Phase::Ready {
            self.join_queue_now(cx);
        }
    }

    fn join_queue_now(&mut self, cx: &mut Context<'_, Event>) {
        let Some(queue) = &mut self.queue else { return };
        if queue.asked {
            return;
        }
        let sent = ClientMessage::JoinQueue(queue.request.clone()).to_text().and_then(|text| cx.send(text));
        match sent {
            Ok(()) => queue.asked = true,
            Err(error) => {
                if let Some(queue) = self.queue.take() {
                    queue.fail(&error);
                }
            }
        }
    }

    fn leave_queue(&mut self, reply: Option<Reply<()>>, cx: &mut Context<'_, Event>) {
        match self.queue.take() {
            Some(queue) if queue.asked => {
                queue.fail(&Error::new(&codes::CLIENT_CLOSED, "the bot left the queue"));
                match ClientMessage::LeaveQueue.to_text().and_then(|text| cx.send(text)) {
                    Ok(()) => {
                        self.leaving_until = Some(cx.now() + self.timings.resume_grace);
                        self.leaving.extend(reply);
                    }
                    Err(error) => answer(reply, Err(error)),
                }
            }
            Some(queue) => {
                queue.fail(&Error::new(&codes::CLIENT_CLOSED, "the bot left the queue"));
                answer(reply, Ok(()));
            }
            None => answer(reply, Ok(())),
        }
    }

    fn left_queue(&mut self) {
        self.leaving_until = None;
        for reply in self.leaving.drain(..) {
            let _ = reply.send(Ok(()));
        }
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
        cx.send(message.to_text()?)
    }

    // ---- what a new connection owes -------------------------------------------------------------------------------

    fn resume(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        if self.phase != Phase::Ready {
            return;
        }
        for turn in self.ledger.owed(now) {
            self.send_move(turn, cx);
        }
        if self.matches.is_empty() && !self.draining {
            self.join_queue_now(cx);
        }
    }

    fn give_up_silent_matches(&mut self, cx: &mut Context<'_, Event>) {
        let connection = self.connections;
        let silent: Vec<MatchId> = self
            .matches
            .iter()
            .filter(|(_, known)| known.heard_on < connection)
            .map(|(id, _)| id.clone())
            .collect();
        for match_id in silent {
            self.ledger.over(match_id.as_str());
            if let Some(known) = self.matches.remove(match_id.as_str()) {
                known.over.cancel();
            }
            tracing::warn!(%match_id, "nothing was heard of the match after the reconnect");
            cx.emit(Event::MatchLost { match_id });
        }
        if self.matches.is_empty() && !self.draining {
            self.join_queue_now(cx);
        }
    }

    fn connection_lost(&mut self, cause: &Error) {
        self.phase = Phase::Down;
        self.resume_at = None;
        self.lost_at = None;
        if let Some(queue) = &mut self.queue {
            // The place is gone with the connection; what the bot wants is not.
            queue.confirmed |= queue.asked;
            queue.asked = false;
        }
        self.left_queue(); // a place in the queue does not outlive its connection
        tracing::debug!(cause = %cause, matches = self.matches.len(), "connection lost");
    }
}

impl Match {
    fn new(id: MatchId) -> Self {
        Self {
            id,
            game_type: None,
            wager: None,
            side: None,
            server_seed_hash: None,
            over: Arc::default(),
            heard_on: 0,
        }
    }
}

impl Queue {
    fn fail(self, error: &Error) {
        for reply in self.waiting {
            let _ = reply.send(Err(error.clone()));
        }
    }
}

fn answer<T>(reply: Option<Reply<T>>, result: Result<T>) {
    if let Some(reply) = reply {
        let _ = reply.send(result);
    }
}

/// A turn that is said to last longer than this is taken to last this long: no wait is the server's alone to choose.
const MAX_TURN: Duration = Duration::from_secs(24 * 3600);

/// The spec names `auth_failed`; other servers have other words for it.
fn sounds_like_a_refused_key(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    ["auth", "key", "token", "forbidden", "revoked", "banned"].iter().any(|word| code.contains(word))
}

fn is_about_the_queue(code: &ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UnknownGame
            | ErrorCode::InvalidWager
            | ErrorCode::AlreadyQueued
            | ErrorCode::AlreadyInMatch
            | ErrorCode::InvalidMessage
            | ErrorCode::RateLimited
    )
}

impl Protocol for Session {
    type Event = Event;
    type Command = Command;

    fn dial(&mut self) -> Result<Dial> {
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
        let message = format!("a binary frame of {} bytes; the protocol has text frames only", bytes.len());
        cx.emit(Event::DecodeError(Error::new(&codes::NOT_JSON, message)));
    }

    fn on_command(&mut self, command: Command, cx: &mut Context<'_, Event>) {
        match command {
            Command::JoinQueue { request, reply } => self.join_queue(request, reply, cx),
            Command::LeaveQueue { reply } => self.leave_queue(Some(reply), cx),
            Command::Answer { match_id, turn, decision } => self.answer(&match_id, turn, decision, cx),
            Command::Resign { match_id, reply } => {
                let message = ClientMessage::Resign(model::Resign::new(match_id));
                let _ = reply.send(self.send(&message, cx));
            }
            Command::Send { message, reply } => {
                let _ = reply.send(self.send(&message, cx));
            }
            Command::SendRaw { text, reply } => {
                let _ = reply.send(match self.phase {
                    Phase::Ready => cx.send(text),
                    _ => Err(Error::new(&codes::NOT_CONNECTED, "there is no authenticated connection")),
                });
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
            Ok(()) => true,
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
        match Verdict::of(cause, was_ready) {
            // A server that says goodbye in good order while a match is open or a place is held is coming back.
            Verdict::End if !self.draining && (!self.matches.is_empty() || self.queue.is_some()) => {
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
                self.connection_lost(cause);
                cx.emit(Event::Disconnected { cause: cause.clone() });
            }
            Lifecycle::Waiting { attempt, delay, cause } => {
                let host = sdk_core::secret::shown_url(&self.url);
                tracing::warn!(
                    %host,
                    "cannot stay connected: {}; try {attempt} in {:.1} s",
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
                if let Some(queue) = self.queue.take() {
                    queue.fail(&closed());
                }
                self.left_queue();
                for known in self.matches.values() {
                    known.over.cancel();
                }
                cx.emit(Event::Closed { reason: reason.cloned() });
            }
            _ => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.resume_at, self.lost_at, self.leaving_until, self.ledger.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        for (match_id, round) in self.ledger.expire(now) {
            tracing::warn!(%match_id, round, "the turn's time is over and the bot has not answered");
            cx.emit(Event::MoveNotSent { match_id, round, late_by: None });
        }
        if self.resume_at.is_some_and(|at| at <= now) {
            self.resume_at = None;
            self.resume(now, cx);
        }
        if self.leaving_until.is_some_and(|at| at <= now) {
            self.left_queue();
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
    }

    fn is_idle(&self) -> bool {
        self.matches.is_empty() && self.leaving_until.is_none()
    }
}

#[cfg(test)]
mod tests {
    use sdk_core::socket::{Driver, SocketOptions};

    use super::*;

    #[test]
    fn a_server_that_invents_matches_does_not_fill_the_memory() {
        let url = Url::parse("ws://127.0.0.1:1").unwrap();
        let session = Session::new(url, Secret::new("bp_test"), Timings::default());
        let mut driver = Driver::new(session, SocketOptions::default()).unwrap();
        for n in 0..2 * MAX_OPEN_MATCHES {
            let text = Text::from(format!(r#"{{"type":"opponent_moved","match_id":"m-{n}","round":1}}"#));
            driver.act(|session, cx| session.on_text(text, cx));
        }
        assert_eq!(driver.protocol().matches.len(), MAX_OPEN_MATCHES);
        let known = Text::from(r#"{"type":"game_over","match_id":"m-0","winner":null}"#);
        driver.act(|session, cx| session.on_text(known, cx));
        let next = Text::from(r#"{"type":"game_start","match_id":"m-new","your_side":"a"}"#);
        driver.act(|session, cx| session.on_text(next, cx));
        assert!(driver.protocol().matches.contains_key("m-new"), "there is room again");
    }
}
