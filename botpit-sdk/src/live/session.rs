//! A BOTPIT session as pure state: the platform's frames and the bot's commands in, frames and events out.
//!
//! It holds what the bot wants (a place in a queue), what is under way (matches, turns) and what must survive a lost
//! connection, and decides what a new connection owes:
//!
//! 1. authenticate;
//! 2. open turns come from the platform again, and get the very same move; a move that was decided during the outage and
//!    never written is sent after a short grace when the platform does not ask;
//! 3. the queue is joined again after that grace, unless a match turned up that the place was for;
//! 4. a match that the platform says nothing about any more is given up for lost after a longer one.

mod books;
mod fairness;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, Sent, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Context, Dial, Lifecycle, Protocol, Token, Verdict};
use sdk_core::wire::{RawJson, Text, printable};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::fairness::Witness;
use super::event::{
    Connected, Event, GameOver, GameStart, MatchFound, Outcome, QueueJoined, QueueUpdate, RoundResult, Turn,
    UnknownMessage,
};
use super::ledger::{Asked, Decided, TurnId, TurnLedger};
use super::match_map::MatchMap;
use super::move_data::MoveData;
use crate::bankroll::{BankrollRefusal, SharedGuard};
use crate::fairness::{Readings, host_of, verify_commitment};
use crate::lamports::Lamports;
use crate::model::{
    self, AgentId, Authenticate, ChallengeId, ClientMessage, ErrorCode, GameType, JoinQueue, MatchId,
    ServerMessage, Side,
};

/// How long until the queue is tried again, in graces, when the platform finds it too soon after a reconnect.
const RETRY_GRACES: u32 = 5;

/// The timings of a session. They are the machine's own time: the transport does not scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timings {
    /// How long after a reconnect the platform may take to tell of an open match or turn.
    pub(crate) resume_grace: Duration,
    /// How long a match may stay silent after a reconnect before it is given up for lost.
    pub(crate) lost_after: Duration,
    /// How long the platform may take to answer `join_queue`. Longer than a dead connection stays undetected: then the wish
    /// goes on after the reconnect, and a match may be waiting there.
    pub(crate) queue_answer: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            resume_grace: Duration::from_secs(1),
            lost_after: Duration::from_secs(60),
            queue_answer: Duration::from_secs(60),
        }
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
    /// The connection ends by itself once it is idle: a bot's own wish, as a signal is the program's.
    ends_when_idle: bool,
    queue: Option<Queue>,
    leaving: Vec<Reply<()>>,
    /// `leave_queue` was sent: until it is confirmed, or this time has come, a match may still turn up.
    leaving_until: Option<Instant>,
    matches: MatchMap<Match>,
    /// The last matches that ended: a late repetition of theirs must not open them again.
    ended: VecDeque<MatchId>,
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Down,
    Greeting,
    Ready,
}

struct Queue {
    request: JoinQueue,
    /// Whether `join_queue` was given to be written on this connection.
    asked: bool,
    /// What the platform confirmed on this connection.
    joined: Option<QueueJoined>,
    /// Until when it must be.
    due: Option<Instant>,
    /// Whether it was asked for on an earlier connection: a match may turn up for it, or the platform may hold the place.
    held: bool,
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
    /// The guard did not allow it: it is resigned, and the bot is not asked.
    refused: bool,
    witness: Witness,
}

impl Session {
    pub(crate) fn new(url: Url, key: Secret, timings: Timings) -> Self {
        Self {
            host: host_of(&url),
            readings: Readings::new(),
            url,
            key,
            timings,
            me: None,
            phase: Phase::Down,
            connections: 0,
            draining: false,
            ends_when_idle: false,
            queue: None,
            leaving: Vec::new(),
            leaving_until: None,
            matches: MatchMap::default(),
            ended: VecDeque::new(),
            stays: false,
            heard: Heard::default(),
            guard: SharedGuard::default(),
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

    /// The match's own copy of its id, and the note that the platform spoke of it. `None` for a match that is over,
    /// and for one more than can be under way.
    fn hear_of(&mut self, match_id: &str, cx: &mut Context<'_, Event>) -> Option<MatchId> {
        let connection = self.connections;
        if let Some(known) = self.matches.get_mut(match_id) {
            known.heard_on = connection;
            return Some(known.id.clone());
        }
        if self.has_ended(match_id) {
            tracing::debug!("a late message of a match that is over");
            return None;
        }
        if self.matches.len() >= MAX_MATCHES {
            let message = format!(
                "the platform speaks of more than {MAX_MATCHES} matches at once; this one is left out"
            );
            cx.emit(Event::DecodeError(Error::new(&codes::DECODE_FAILED, message).with_field("match_id")));
            return None;
        }
        // The beginning was not seen: a match from before this client was started, or one whose `match_found` was lost
        // or broken. Then the place in the queue went with it.
        if self.queue.as_ref().is_some_and(|queue| queue.held || queue.joined.is_some()) {
            self.leave_for_match(None);
        }
        let id = MatchId::from(match_id);
        self.matches.insert(id.clone(), Match::unseen(id.clone(), connection, self.me.clone()));
        Some(id)
    }

    fn has_ended(&self, match_id: &str) -> bool {
        self.ended.iter().any(|ended| ended.as_str() == match_id)
    }

    /// A match turned up: nobody waits in the queue any more. What was queued for, if it is known.
    fn leave_for_match(&mut self, game_type: Option<&GameType>) -> Option<Lamports> {
        let mut queue = self.queue.take()?;
        let game_type = game_type.unwrap_or(&queue.request.game_type).clone();
        queue.join(QueueJoined { game_type: Some(game_type), position: None });
        Some(queue.request.wager_lamports)
    }

    /// A message could not be read. It may have been the end of a match, or the news that only comes once: what the
    /// platform does not speak of any more is given up for lost after a while, as after a reconnect.
    fn doubt(&mut self, now: Instant) {
        for known in self.matches.values_mut() {
            known.heard_on = 0;
            known.witness.interrupted();
        }
        if !self.matches.is_empty() {
            self.lost_at.get_or_insert(now + self.timings.lost_after);
        }
    }

    fn on_undecodable(&mut self, text: &str, cx: &mut Context<'_, Event>) {
        let tag = sdk_core::wire::tag(text, "type");
        if tag.as_deref() == Some("game_over")
            && let Some(match_id) = sdk_core::wire::tag(text, "match_id")
            && let Some((match_id, known)) = self.matches.remove_entry(&*match_id)
        {
            // How it ended cannot be read; that it did can.
            self.close_match(&match_id, &known);
            self.book(&match_id, &known, None);
            cx.emit(Event::MatchLost { match_id });
            self.after_match(cx);
            return;
        }
        self.doubt(cx.now());
    }

    fn close_match(&mut self, match_id: &MatchId, known: &Match) {
        self.ledger.over(match_id.as_str());
        known.over.cancel();
        if self.ended.len() >= REMEMBERED_MATCHES {
            self.ended.pop_front();
        }
        self.ended.push_back(match_id.clone());
    }

    fn after_match(&mut self, cx: &mut Context<'_, Event>) {
        // The bot may still want a place in the queue that it lost with a connection.
        if self.phase == Phase::Ready && self.resume_at.is_none() {
            self.resume(cx.now(), cx);
        }
        self.end_if_idle(cx);
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
            ServerMessage::RoundResult(result) => {
                let Some(match_id) = self.hear_of(&result.match_id, cx) else { return };
                if let Some(known) = self.matches.get_mut(match_id.as_str()) {
                    known.witness.resolved(&result);
                }
                if let Some(round) = self.ledger.result(match_id.as_str(), result.round, result.score) {
                    // The platform's clock was a little ahead of ours.
                    cx.emit(Event::MoveNotSent { match_id: match_id.clone(), round, late_by: None });
                }
                if !self.heard.round_result {
                    return;
                }
                let raw = result.result.map(|raw| RawJson::part_of(text, raw.get()));
                cx.emit(Event::RoundResult(RoundResult {
                    match_id,
                    round: result.round,
                    result: raw,
                    score: result.score,
                }));
            }
            ServerMessage::OpponentMoved(moved) => {
                let Some(match_id) = self.hear_of(&moved.match_id, cx) else { return };
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
            ServerMessage::QueueLeft => {
                if self.leaving_until.is_some() {
                    self.left_queue(); // what was asked for since then is another place
                } else if let Some(queue) = self.queue.take_if(|queue| queue.asked) {
                    queue.fail(&Error::new(&codes::REJECTED, "the platform took the bot out of the queue"));
                }
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
                let Some(match_id) = self.hear_of(&start.match_id, cx) else { return };
                if let Some(known) = self.matches.get_mut(match_id.as_str()) {
                    known.side = Some(start.your_side);
                    known.witness.started(&start);
                }
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

    fn on_turn(&mut self, text: &Text, turn: &model::YourTurn<'_>, cx: &mut Context<'_, Event>) {
        let Some(match_id) = self.hear_of(&turn.match_id, cx) else { return };
        if self.matches.get(match_id.as_str()).is_some_and(|known| known.refused) {
            self.resign_refused(match_id, cx);
            return;
        }
        let state = RawJson::part_of(text, turn.game_state.get());
        let deadline = cx.now() + turn.timeout().min(MAX_TURN);
        match self.ledger.asked(&match_id, turn.round, &state, deadline) {
            Asked::New(id) => {
                let Some(known) = self.matches.get_mut(match_id.as_str()) else { return };
                known.witness.asked(turn.round, &state);
                cx.emit(Event::YourTurn(Turn {
                    game_type: known.game_type.clone(),
                    round: turn.round,
                    side: known.side,
                    state,
                    timeout: turn.timeout(),
                    deadline,
                    id,
                    over: known.over.clone(),
                    match_id,
                }));
            }
            Asked::Again(id) => self.send_move(id, cx),
            Asked::StillThinking | Asked::Duplicate => {}
            Asked::Stale => {
                tracing::debug!(match_id = %printable(match_id.as_str()), round = turn.round, "a turn of a round that is over")
            }
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
        if self.queue.as_ref().is_some_and(|queue| !queue.held) {
            self.join_queue_now(cx);
        }
    }

    fn on_error(&mut self, error: &model::ServerError<'_>, cx: &mut Context<'_, Event>) {
        let code = error.code.as_ref().map(|code| ErrorCode::from(&*self.without_key(code.as_str())));
        let words = self.without_key(error.message.as_deref().unwrap_or("no reason was given"));
        let message = format!("the platform said: {}", sdk_core::wire::excerpt(&words));
        let greeting = self.phase == Phase::Greeting;
        let refused_key = match &code {
            Some(code) => code.is_auth() || (greeting && sounds_like_a_refused_key(code.as_str())),
            None => greeting,
        };
        let kind = match &code {
            _ if refused_key => &codes::AUTH_REJECTED,
            Some(ErrorCode::RateLimited) => &codes::RATE_LIMITED,
            _ => &codes::REJECTED,
        };
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
        self.on_queue_refused(code.as_ref(), &refusal, cx);
        if code.as_ref() == Some(&ErrorCode::NotQueued) {
            self.left_queue();
        }
        cx.emit(Event::Error(refusal));
    }

    /// The protocol has no request ids: an error is laid at the queue's door only while the queue waits for its answer, and
    /// when it says so itself, or may mean many things and no match is open that it could be about.
    fn on_queue_refused(&mut self, code: Option<&ErrorCode>, refusal: &Error, cx: &Context<'_, Event>) {
        let alone = self.matches.is_empty();
        let Some(queue) = self.queue.as_mut().filter(|queue| queue.asked && queue.joined.is_none()) else {
            return;
        };
        let again_in = match code {
            // The platform held the place through the outage, or an earlier run of the program took it.
            Some(ErrorCode::AlreadyQueued) => {
                queue.join(QueueJoined { game_type: None, position: None });
                return;
            }
            // The match that the place was for is going on, and has not been spoken of yet.
            Some(ErrorCode::AlreadyInMatch) if queue.held => self.timings.lost_after,
            Some(ErrorCode::RateLimited | ErrorCode::Internal) if queue.held => {
                self.timings.resume_grace * RETRY_GRACES
            }
            code if is_about_the_queue(code, alone) => {
                if let Some(queue) = self.queue.take() {
                    queue.fail(refusal);
                }
                return;
            }
            _ => return,
        };
        queue.asked = false;
        queue.due = None;
        self.resume_at.get_or_insert(cx.now() + again_in);
    }

    /// The platform did not answer `join_queue`.
    fn on_queue_unanswered(&mut self, now: Instant) {
        let Some(mut queue) = self.queue.take() else { return };
        let span = self.timings.queue_answer.as_secs_f64();
        let message = format!("no answer to join_queue within {span:.1} s");
        let error = Error::new(&codes::CALL_TIMEOUT, message).with_sent(Sent::Maybe);
        for reply in queue.waiting.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
        if queue.held {
            // Nobody else would ask again. The platform may have taken the wish without a word, so not soon.
            self.queue = Some(Queue { asked: false, due: None, ..queue });
            self.resume_at.get_or_insert(now + self.timings.lost_after);
        }
    }

    fn on_queue_joined(&mut self, joined: model::QueueJoined, cx: &mut Context<'_, Event>) {
        let joined = QueueJoined { game_type: joined.game_type, position: joined.position };
        if let Some(queue) = self.queue.as_mut().filter(|queue| queue.asked) {
            queue.join(joined.clone());
        }
        cx.emit(Event::QueueJoined(joined));
    }

    fn on_match_found(&mut self, found: model::MatchFound<'_>, cx: &mut Context<'_, Event>) {
        if self.matches.get(&*found.match_id).is_some_and(|known| known.server_seed_hash.is_some()) {
            self.hear_of(&found.match_id, cx);
            return; // a duplicate; the first commitment counts
        }
        let queued =
            if self.has_ended(&found.match_id) { None } else { self.leave_for_match(Some(&found.game_type)) };
        let Some(match_id) = self.hear_of(&found.match_id, cx) else { return };
        let above_queued = queued.filter(|queued| found.wager_lamports > *queued);
        self.left_queue();
        if let Some(known) = self.matches.get_mut(match_id.as_str()) {
            known.game_type = Some(found.game_type.clone());
            known.wager = Some(found.wager_lamports);
            known.server_seed_hash = Some(found.server_seed_hash.clone().into_owned());
            known.witness.found(&match_id, &found);
        }
        if let Some(queued) = above_queued {
            tracing::warn!(match_id = %printable(match_id.as_str()), wager = %found.wager_lamports, %queued, "the match is for more than was queued for");
        }
        cx.emit(Event::MatchFound(MatchFound {
            match_id: match_id.clone(),
            game_type: found.game_type,
            opponent_id: AgentId::from(&*found.opponent_id),
            opponent_name: found.opponent_name.map(Into::into),
            wager: found.wager_lamports,
            server_seed_hash: found.server_seed_hash.into_owned(),
            above_queued,
        }));
        self.hold_against_bankroll(match_id, found.wager_lamports, cx);
    }

    fn on_game_over(&mut self, over: model::GameOver<'_>, cx: &mut Context<'_, Event>) {
        let (match_id, mut known) = match self.matches.remove_entry(&*over.match_id) {
            Some(open) => open,
            None if self.has_ended(&over.match_id) => {
                tracing::debug!("game_over for a match that is over");
                return;
            }
            None => {
                let match_id = MatchId::from(&*over.match_id);
                (match_id.clone(), Match::unseen(match_id, self.connections, self.me.clone()))
            }
        };
        self.close_match(&match_id, &known);
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
        let fairness = self.check_fairness(&match_id, &mut known, &over, cx);
        let profit = self.book(&match_id, &known, Some((outcome, &over))).profit();
        cx.emit(Event::GameOver(GameOver {
            match_id,
            outcome,
            winner,
            side: known.side,
            final_score: over.final_score,
            payout: over.payout_lamports,
            fee: over.fee_lamports,
            profit,
            server_seed: over.server_seed.map(Into::into),
            commitment,
            fairness,
            is_sandbox: over.is_sandbox,
        }));
        self.after_match(cx);
    }

    // ---- commands -------------------------------------------------------------------------------------------------

    fn join_queue(&mut self, request: JoinQueue, reply: Reply<QueueJoined>, cx: &mut Context<'_, Event>) {
        if self.draining {
            let _ = reply
                .send(Err(Error::new(&codes::CLIENT_CLOSED, "the bot is stopping and takes no new match")));
            return;
        }
        if let Some(queue) = &mut self.queue {
            if queue.request != request {
                let message = format!("already queueing for {}", queue.request.game_type);
                let _ = reply.send(Err(Error::invalid_argument("game_type", message)));
            } else if let Some(joined) = &queue.joined {
                let _ = reply.send(Ok(joined.clone()));
            } else {
                queue.waiting.push(reply);
            }
            return;
        }
        if let Err(refused) = self.may_send(&ClientMessage::JoinQueue(request.clone())) {
            let _ = reply.send(Err(refused.clone()));
            cx.emit(Event::Error(refused));
            return;
        }
        self.queue =
            Some(Queue { request, asked: false, joined: None, due: None, held: false, waiting: vec![reply] });
        if self.phase == Phase::Ready {
            self.join_queue_now(cx);
        }
    }

    fn join_queue_now(&mut self, cx: &mut Context<'_, Event>) {
        let Some(queue) = &mut self.queue else { return };
        if queue.asked {
            return;
        }
        let message = ClientMessage::JoinQueue(queue.request.clone());
        // Asked for again after an outage, in which a match may have been lost.
        let queue = self.queue.take();
        let allowed = self.may_send(&message);
        self.queue = queue;
        let Some(queue) = &mut self.queue else { return };
        let sent = allowed.and_then(|()| message.to_text()).and_then(|text| cx.send(text));
        match sent {
            Ok(()) => {
                queue.asked = true;
                queue.due = Some(cx.now() + self.timings.queue_answer);
            }
            Err(error) => {
                if let Some(queue) = self.queue.take() {
                    queue.fail(&error);
                }
                if BankrollRefusal::of(&error).is_some() {
                    cx.emit(Event::Error(error)); // perhaps nobody waits for the answer any more
                }
            }
        }
    }

    fn leave_queue(&mut self, reply: Option<Reply<()>>, cx: &mut Context<'_, Event>) {
        match self.queue.take() {
            // A place of before may still be held.
            Some(queue) if queue.asked || (queue.held && self.phase == Phase::Ready) => {
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

    fn give_up_silent_matches(&mut self, cx: &mut Context<'_, Event>) {
        let now = cx.now();
        let connection = self.connections;
        let mut silent = Vec::new();
        for (match_id, known) in &self.matches {
            if known.heard_on >= connection {
                continue;
            }
            // While a turn's time runs, the platform need not say anything.
            match self.ledger.deadline(match_id).map(|deadline| deadline + self.timings.lost_after) {
                Some(due) if due > now => {
                    self.lost_at = Some(self.lost_at.map_or(due, |at| at.min(due)));
                }
                _ => silent.push(match_id.clone()),
            }
        }
        for match_id in silent {
            self.ledger.over(match_id.as_str());
            if let Some(known) = self.matches.remove(match_id.as_str()) {
                known.over.cancel();
                self.book(&match_id, &known, None);
            }
            tracing::warn!(match_id = %printable(match_id.as_str()), "the platform says nothing more about the match");
            cx.emit(Event::MatchLost { match_id });
        }
    }

    fn connection_lost(&mut self, cause: &Error) {
        self.phase = Phase::Down;
        self.resume_at = None;
        self.lost_at = None;
        if let Some(queue) = &mut self.queue {
            // The place is gone with the connection; what the bot wants is not.
            queue.held |= queue.asked;
            queue.asked = false;
            queue.joined = None;
            queue.due = None;
        }
        self.left_queue(); // a place in the queue does not outlive its connection
        for known in self.matches.values_mut() {
            known.witness.interrupted();
        }
        tracing::debug!(cause = %cause, matches = self.matches.len(), "connection lost");
    }
}

impl Match {
    fn unseen(id: MatchId, connection: u64, me: Option<AgentId>) -> Self {
        Self {
            id,
            game_type: None,
            wager: None,
            side: None,
            server_seed_hash: None,
            over: Arc::default(),
            heard_on: connection,
            refused: false,
            witness: Witness::of(me),
        }
    }
}

impl Queue {
    /// The platform has given the place.
    fn join(&mut self, joined: QueueJoined) {
        for reply in self.waiting.drain(..) {
            let _ = reply.send(Ok(joined.clone()));
        }
        self.joined = Some(joined);
        self.due = None;
    }

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

/// So many matches that ended are remembered, to know a late message of theirs.
const REMEMBERED_MATCHES: usize = 64;

/// A turn that is said to last longer than this is taken to last this long: no wait is the server's alone to choose.
const MAX_TURN: Duration = Duration::from_secs(24 * 3600);

/// So many matches may be open at once. Ids are the platform's to choose, and what is kept of them is bounded.
const MAX_MATCHES: usize = 1_024;

/// A shorter key could be a part of any word, and is not looked for in what the platform says.
const SHORTEST_KEY: usize = 8;

/// The spec names `auth_failed`; other servers have other words for it.
fn sounds_like_a_refused_key(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    ["auth", "key", "token", "forbidden", "revoked", "banned"].iter().any(|word| code.contains(word))
}

fn is_about_the_queue(code: Option<&ErrorCode>, alone: bool) -> bool {
    match code {
        Some(
            ErrorCode::UnknownGame
            | ErrorCode::InvalidWager
            | ErrorCode::AlreadyInMatch
            | ErrorCode::InvalidMessage
            | ErrorCode::RateLimited,
        ) => true,
        // The spec does not list the codes: an empty wallet, for one, has a word that nobody knows here.
        Some(ErrorCode::Internal | ErrorCode::UnknownType | ErrorCode::Other(_)) | None => alone,
        Some(_) => false,
    }
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
            Command::Resign { match_id, reply } => {
                let message = ClientMessage::Resign(model::Resign::new(match_id));
                let _ = reply.send(self.send(&message, cx));
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
        match Verdict::of(cause, was_ready) {
            // A server that says goodbye in good order while a match is open or a place is held is coming back.
            Verdict::End
                if !self.matches.is_empty() || (!self.draining && (self.stays || self.queue.is_some())) =>
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
                self.connection_lost(cause);
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
                if let Some(queue) = self.queue.take() {
                    let sent = if queue.asked || queue.held { Sent::Maybe } else { Sent::No };
                    queue.fail(&closed().with_sent(sent));
                }
                self.left_queue();
                for known in self.matches.values() {
                    known.over.cancel();
                    self.book(&known.id, known, None);
                }
                cx.emit(Event::Closed { reason: reason.cloned() });
            }
            _ => {}
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let queue_due = self.queue.as_ref().and_then(|queue| queue.due);
        [self.resume_at, self.lost_at, self.leaving_until, queue_due, self.ledger.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn on_deadline(&mut self, now: Instant, cx: &mut Context<'_, Event>) {
        for (match_id, round) in self.ledger.expire(now) {
            tracing::warn!(match_id = %printable(match_id.as_str()), round, "the turn's time is over and the bot has not answered");
            cx.emit(Event::MoveNotSent { match_id, round, late_by: None });
        }
        if self.queue.as_ref().and_then(|queue| queue.due).is_some_and(|at| at <= now) {
            self.on_queue_unanswered(now);
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

#[cfg(all(test, feature = "sandbox"))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]
mod tests;
