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
//! | `protocol` | the session as the driver sees it |
//! | `frames` | what the platform says |
//! | `command` | what a handle asks for |
//! | `moves` | the bot's decisions on their way |
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
mod command;
mod fairness;
mod frames;
mod matches;
mod moves;
mod protocol;
mod queue;
mod refusals;
mod resigning;
mod spectating;
mod taunts;

use std::collections::VecDeque;
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Context, Protocol};
use sdk_core::wire::Text;
use tokio::sync::mpsc;
use url::Url;

use self::challenges::Challenges;
pub(crate) use self::command::{Command, Reply};
use self::matches::Match;
use self::queue::Queue;
use self::refusals::{Culprit, Suspicion};
use self::resigning::Resigning;
use self::spectating::Watched;
use super::current_key::CurrentKey;
use super::event::{Connected, Event};
use super::ledger::TurnLedger;
use super::lookup::Lookup;
use super::match_map::MatchMap;
use crate::bankroll::SharedGuard;
use crate::fairness::{Readings, host_of};
use crate::model::{self, AgentId, ClientMessage, MatchId};

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

#[cfg(all(test, feature = "sandbox"))]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]
mod tests;
