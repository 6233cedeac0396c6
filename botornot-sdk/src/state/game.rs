//! One match: its time, its chat, its vote.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime};

use sdk_core::clock::Instant;

use crate::model::{ChatFrom, ChatMessage, Guess, MatchId, MatchStarted, Meta, Room};

use super::action::{VotedBy, WhyVote};
use super::event::{RequestNo, SayId};
use super::probe::Entry;
use super::settings::Settings;

/// So many messages are remembered, to tell a repeated delivery.
const REMEMBERED_MESSAGES: usize = 512;
/// So many of the bot's own texts are remembered, to tell the platform's echo of them.
const REMEMBERED_TEXTS: usize = 64;
/// The same words of the same speaker without a date are a repeated delivery within this span.
const UNDATED_REPEAT: Duration = Duration::from_secs(2);
/// No match lasts longer: a date beyond it is a mistake.
const LONGEST_MATCH: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the vote is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ballot {
    /// Not sent, or to be sent again.
    Idle,
    /// To be sent again at this time.
    Later { at: Instant },
    /// Sent and not answered.
    Sent { request: RequestNo, due: Instant, phase_seen: bool },
    /// Refused because voting is not open: it waits for `vote:phase`, or for the end.
    Held,
    /// Counted.
    Counted,
    /// The platform does not take it.
    Impossible,
}

/// When what is due in a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) ends_at: Instant,
    pub(super) ask_at: Instant,
    pub(super) force_at: Instant,
    pub(super) over_at: Instant,
}

impl Plan {
    /// For a match of some length of which `left` is left.
    fn new(settings: &Settings, now: Instant, left: Duration, length: Duration) -> Self {
        let before_end = |margin: Duration| now + left.saturating_sub(margin);
        Self {
            ends_at: now + left,
            ask_at: before_end(settings.ask_margin.min(length / 4)),
            force_at: before_end(settings.vote_margin.min(length / 8)),
            over_at: now + left + settings.over_grace,
        }
    }
}

/// A text that was sent and is not answered.
#[derive(Debug, Clone)]
pub(super) struct Say {
    pub(super) request: RequestNo,
    pub(super) say: SayId,
    pub(super) due: Instant,
}

#[derive(Debug, Clone)]
pub(super) struct Game {
    pub(super) id: MatchId,
    pub(super) room: Room,
    pub(super) resumed: bool,
    pub(super) entry: Entry,
    /// How often the room was asked for in vain.
    pub(super) tries: u32,
    /// Whether the platform must first say that it still knows the match.
    pub(super) in_doubt: bool,
    pub(super) started: bool,
    /// Whether the end is known from the platform.
    timed: bool,
    pub(super) plan: Option<Plan>,
    pub(super) chat_locked: bool,
    /// Whether `vote:phase` was seen: then voting is open in a test match too.
    pub(super) phase_seen: bool,
    pub(super) decided: Option<(Guess, VotedBy)>,
    pub(super) leaning: Option<Guess>,
    pub(super) ballot: Ballot,
    /// What left for the platform at least once. It does not change any more.
    pub(super) cast: Option<Guess>,
    /// The last requests that carried it: an answer to any of them counts.
    pub(super) votes: VecDeque<RequestNo>,
    pub(super) forced: bool,
    asked: Option<WhyVote>,
    pub(super) revealed: bool,
    /// When the match counts as ended after its reveal.
    pub(super) reveal_due: Option<Instant>,
    /// When the platform is asked about a match that says nothing.
    pub(super) silent_at: Option<Instant>,
    /// The texts whose answers are awaited, oldest first.
    pub(super) says: VecDeque<Say>,
    own_texts: VecDeque<String>,
    own_words: Vec<ChatFrom>,
    opponent_named: bool,
    seen: VecDeque<(u64, Instant, bool)>,
}

impl Game {
    pub(super) fn new(id: MatchId, room: Room, resumed: bool) -> Self {
        Self {
            id,
            room,
            resumed,
            entry: Entry::Out,
            tries: 0,
            in_doubt: false,
            started: false,
            timed: false,
            plan: None,
            chat_locked: false,
            phase_seen: false,
            decided: None,
            leaning: None,
            ballot: Ballot::Idle,
            cast: None,
            votes: VecDeque::new(),
            forced: false,
            asked: None,
            revealed: false,
            reveal_due: None,
            silent_at: None,
            says: VecDeque::new(),
            own_texts: VecDeque::new(),
            own_words: Vec::new(),
            opponent_named: false,
            seen: VecDeque::new(),
        }
    }

    /// The room was entered. Until more is known, the match is taken for one that begins now; one that was under way
    /// already may end soon.
    pub(super) fn entered(&mut self, settings: &Settings, now: Instant) {
        self.entry = Entry::In;
        self.tries = 0;
        if !self.started {
            self.silent_at = Some(now + settings.silent_after);
        }
        if self.plan.is_none() {
            let mut plan = Plan::new(settings, now, settings.match_length, settings.match_length);
            if self.resumed {
                plan.force_at = plan.force_at.min(now + settings.resumed_vote_after);
                plan.ask_at = plan.ask_at.min(now + settings.resumed_vote_after / 2);
            }
            self.plan = Some(plan);
        }
    }

    /// The platform says when the match ends. Whether that changed what was known.
    pub(super) fn timed(
        &mut self,
        settings: &Settings,
        started: &MatchStarted,
        meta: &Meta,
        wall: Option<SystemTime>,
        now: Instant,
    ) -> bool {
        let length = started
            .duration_sec
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|length| !length.is_zero() && *length <= LONGEST_MATCH);
        // By the platform's own clock where it dates the event: a machine whose clock is wrong votes in time all the same.
        let sent_at = meta.timestamp.as_ref().and_then(|at| at.to_system_time()).or(wall);
        let until_end = started
            .ends_at
            .as_ref()
            .and_then(|end| end.to_system_time())
            .zip(sent_at)
            .and_then(|(end, sent)| end.duration_since(sent).ok())
            .filter(|left| !left.is_zero() && *left <= LONGEST_MATCH);
        let length_or_default = length.unwrap_or(settings.match_length);
        let left = match (until_end, length) {
            (Some(left), Some(length)) => left.min(length),
            (Some(left), None) => left,
            (None, _) => length_or_default,
        };
        let plan = Plan::new(settings, now, left, length_or_default);
        // A repeated or late one never moves the end away.
        let is_news = match &self.plan {
            Some(known) if self.timed => plan.ends_at < known.ends_at,
            _ => true,
        };
        if is_news {
            self.plan = Some(plan);
            self.timed = true;
        }
        is_news
    }

    /// Whether the machine decides now.
    pub(super) fn must_decide(&self, now: Instant) -> bool {
        !self.forced && self.plan.is_some_and(|plan| plan.force_at <= now)
    }

    /// Whether the vote is settled, one way or the other.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.ballot, Ballot::Counted | Ballot::Impossible) || self.revealed
    }

    /// The vote to send now.
    pub(super) fn owed_vote(&self) -> Option<(Guess, VotedBy)> {
        let is_open = self.forced || (self.started && (self.phase_seen || !self.id.is_test()));
        let is_free = self.ballot == Ballot::Idle;
        self.decided.filter(|_| is_open && is_free && !self.revealed && self.entry == Entry::In)
    }

    /// Whether the bot is to be asked for its vote for this reason, and was not for one as pressing.
    pub(super) fn ask(&mut self, why: WhyVote) -> bool {
        if self.is_settled() || self.decided.is_some() || self.asked.is_some_and(|asked| asked >= why) {
            return false;
        }
        self.asked = Some(why);
        true
    }

    /// Whether a message was delivered before.
    pub(super) fn is_repeated(&mut self, message: &ChatMessage, meta: &Meta, now: Instant) -> bool {
        let mut hasher = DefaultHasher::new();
        message.from.hash(&mut hasher);
        message.body.hash(&mut hasher);
        match meta.timestamp.as_ref().map(|at| at.to_system_time().ok_or(at)) {
            Some(Ok(moment)) => moment.hash(&mut hasher),
            Some(Err(odd)) => odd.to_string().hash(&mut hasher),
            None => {}
        }
        let (key, is_dated) = (hasher.finish(), meta.timestamp.is_some());
        let repeated = self
            .seen
            .iter()
            .any(|(seen, at, _)| *seen == key && (is_dated || now.duration_since(*at) < UNDATED_REPEAT));
        if !repeated {
            if self.seen.len() >= REMEMBERED_MESSAGES {
                self.seen.pop_front();
            }
            self.seen.push_back((key, now, is_dated));
        }
        repeated
    }

    /// The text that a request carried, if its answer is awaited.
    pub(super) fn take_say(&mut self, request: RequestNo) -> Option<Say> {
        let at = self.says.iter().position(|said| said.request == request)?;
        self.says.remove(at)
    }

    pub(super) fn note_own_text(&mut self, text: &str) {
        if self.own_texts.len() >= REMEMBERED_TEXTS {
            self.own_texts.pop_front();
        }
        self.own_texts.push_back(text.trim().to_owned());
    }

    /// Whether it is the bot's own text. The spec does not say what `from` holds: `opponent` is the opponent; another word
    /// is the bot when it repeats what the bot said, or when it stands beside `opponent`.
    pub(super) fn is_own(&mut self, message: &ChatMessage) -> bool {
        let word = match &message.from {
            Some(ChatFrom::Opponent) => {
                self.opponent_named = true;
                return false;
            }
            Some(ChatFrom::Me) => {
                self.take_own_text(&message.body);
                return true;
            }
            word => word.as_ref(),
        };
        let repeats = self.take_own_text(&message.body);
        let Some(word) = word else { return repeats };
        if repeats && !self.own_words.contains(word) {
            self.own_words.push(word.clone());
        }
        repeats || self.opponent_named || self.own_words.contains(word)
    }

    fn take_own_text(&mut self, body: &str) -> bool {
        let at = self.own_texts.iter().position(|text| text == body.trim());
        at.and_then(|at| self.own_texts.remove(at)).is_some()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let ballot = match self.ballot {
            Ballot::Sent { due, .. } => Some(due),
            Ballot::Later { at } => Some(at),
            _ => None,
        };
        let plan = self.plan.as_ref();
        let undecided = self.decided.is_none() && !self.is_settled();
        let ask_at = plan.map(|plan| plan.ask_at).filter(|_| {
            undecided && self.asked.is_none_or(|asked| asked < WhyVote::DeadlineNear) && self.ask_is_due()
        });
        let force_at = plan.map(|plan| plan.force_at).filter(|_| !self.forced);
        let over_at = plan.map(|plan| plan.over_at);
        let says = self.says.front().map(|said| said.due);
        [self.entry.due(), ballot, ask_at, force_at, over_at, self.reveal_due, self.silent_at, says]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether the bot can be asked at all: there is a match to look at.
    pub(super) fn ask_is_due(&self) -> bool {
        self.entry == Entry::In && !self.forced
    }
}
