//! The pace of one match as a state machine.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use sdk_core::clock::Instant;
use sdk_core::limit::TokenBucket;

use super::{Pacing, fit};
use crate::model::Reason;
use crate::state::{NotSent, SayId, SayOutcome};

/// So many messages of one answer are taken.
const MAX_QUEUED: usize = 32;
/// How long a message waits for what became of the one before it, so that a rejected one does not change places with it.
const ORDER_WAIT: Duration = Duration::from_millis(600);
/// When a rejected message is tried again, where the platform's own limit is not known.
const RETRY: Duration = Duration::from_secs(1);
/// The longest wait doubles this often.
const MAX_DOUBLINGS: u32 = 3;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacerEvent {
    /// The match began: the player is asked how to open it.
    Begin,
    /// The opponent said something.
    Heard,
    /// The opponent types, or stopped.
    OpponentTyping(bool),
    /// The player, asked by [`PacerAction::Ask`], wants these texts said, or none.
    Answer(Vec<String>),
    /// What became of a text of [`PacerAction::Say`].
    Outcome(SayId, SayOutcome),
    /// Chatting is locked, or possible again.
    Locked(bool),
    /// The match's room was entered, or lost with the connection.
    Connected(bool),
    /// The match ends then.
    EndsAt(Instant),
    /// The match is over.
    Over,
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacerAction {
    /// Ask the player for an answer to what it has not answered. [`PacerEvent::Answer`] is to follow.
    Ask,
    /// The question is void: what the player still answers to it is dropped.
    Withdraw,
    /// Show, or no longer show, that the bot types.
    Typing(bool),
    /// Say a text. [`PacerEvent::Outcome`] is to follow.
    Say(SayId, String),
    /// A text cannot be said.
    Unsaid(String, SayOutcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    None,
    /// The opponent may go on.
    Settling {
        since: Instant,
        due: Instant,
    },
    Asked,
}

#[derive(Debug, Clone)]
struct Text {
    body: String,
    /// How often the platform rejected it.
    rejected: u32,
}

/// When the next text is typed and said.
#[derive(Debug, Clone, Copy)]
struct Step {
    type_at: Option<Instant>,
    say_at: Instant,
}

/// The pace of one match. See the [module](super).
///
/// What holds, whatever the order of events:
/// - at most one question is open, and one is put for several messages in quick succession;
/// - messages keep the minimum gap and the platform's limit, and their order; a rejected one is sent again before anything
///   that was planned after it;
/// - typing is shown before a message, and taken back when none follows;
/// - nothing is asked, typed or said while chatting is locked, without connection, or after the end;
/// - a lost connection costs no words: what was planned is said, or asked for again, on the next one;
/// - with the same seed the same events lead to the same actions.
#[derive(Debug, Clone)]
pub struct Pacer {
    pacing: Pacing,
    rng: Rng,
    bucket: TokenBucket,
    /// The longest text that the platform takes, as far as is known.
    limit: usize,
    locked: bool,
    connected: bool,
    over: bool,
    ends_at: Option<Instant>,
    /// There is something that no question has covered.
    owed: bool,
    question: Question,
    opponent_types: bool,
    heard_at: Option<Instant>,
    replanned: u32,
    queue: VecDeque<Text>,
    step: Option<Step>,
    /// Whether something of the answer in the queue was said.
    begun: bool,
    typing: bool,
    /// What was said and when, until its outcome is known: oldest first.
    in_flight: VecDeque<(SayId, Text, Instant)>,
    last_said: Option<Instant>,
    last_id: u64,
}

impl Pacer {
    /// The pace of a match that has not begun. The same seed gives the same delays.
    pub fn new(pacing: Pacing, seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            bucket: TokenBucket::new(pacing.burst, pacing.refill),
            limit: pacing.max_chars.max(1),
            locked: false,
            connected: true,
            over: false,
            ends_at: None,
            owed: false,
            question: Question::None,
            opponent_types: false,
            heard_at: None,
            replanned: 0,
            queue: VecDeque::new(),
            step: None,
            begun: false,
            typing: false,
            in_flight: VecDeque::new(),
            last_said: None,
            last_id: 0,
            pacing,
        }
    }

    /// Takes an event, and says what is to be done. `now` never goes back.
    pub fn handle(&mut self, event: PacerEvent, now: Instant) -> Vec<PacerAction> {
        let mut out = Vec::new();
        self.handle_into(event, now, &mut out);
        out
    }

    /// As [`handle`](Self::handle), where the actions are added to a list whose memory lasts.
    pub(crate) fn handle_into(&mut self, event: PacerEvent, now: Instant, out: &mut Vec<PacerAction>) {
        match event {
            PacerEvent::Begin => {
                if self.may_speak() && self.question == Question::None {
                    self.ask(out);
                }
            }
            PacerEvent::Heard => self.on_heard(now, out),
            PacerEvent::OpponentTyping(typing) => self.opponent_types = typing,
            PacerEvent::Answer(texts) => self.on_answer(texts, now, out),
            PacerEvent::Outcome(say, outcome) => self.on_outcome(say, outcome, now, out),
            PacerEvent::Locked(locked) => {
                self.locked = locked;
                self.changed(now, out);
            }
            PacerEvent::Connected(connected) => {
                self.connected = connected;
                self.changed(now, out);
            }
            PacerEvent::EndsAt(at) => {
                self.ends_at = Some(at);
                self.hurry(now);
            }
            PacerEvent::Over => {
                self.over = true;
                self.changed(now, out);
            }
            PacerEvent::Tick => {}
        }
        self.advance(now, out);
    }

    /// When [`PacerEvent::Tick`] is due, if time alone can change anything. After a tick at that time it lies ahead.
    pub fn next_deadline(&self) -> Option<Instant> {
        let settled = match self.question {
            Question::Settling { since, due } => Some(self.settled_at(since, due)),
            _ => None,
        };
        let step = self.step.map(|step| step.type_at.unwrap_or_else(|| self.say_at(step)));
        [settled, step].into_iter().flatten().min()
    }

    /// Whether nothing is planned, asked or under way.
    pub fn is_idle(&self) -> bool {
        self.question == Question::None && self.queue.is_empty() && self.in_flight.is_empty() && !self.owed
    }

    /// The longest text that is sent, in characters: as set, or as the platform has taught since.
    pub fn limit(&self) -> usize {
        self.limit
    }

    fn may_speak(&self) -> bool {
        self.connected && !self.locked && !self.over
    }

    // ---- questions ------------------------------------------------------------------------------------------------

    fn on_heard(&mut self, now: Instant, out: &mut Vec<PacerAction>) {
        self.owed = true;
        self.heard_at = Some(now);
        self.opponent_types = false;
        if self.may_speak() {
            self.plan_question(now, out);
        }
    }

    /// Something is owed: the player is asked once the opponent has settled.
    fn plan_question(&mut self, now: Instant, out: &mut Vec<PacerAction>) {
        let has_room = self.replanned < self.pacing.replans;
        match &mut self.question {
            Question::Settling { due, .. } => {
                *due = now + self.pacing.settle;
                return;
            }
            Question::Asked if !has_room => return,
            Question::Asked => {
                out.push(PacerAction::Withdraw);
                self.replanned += 1;
            }
            Question::None => {
                let is_planned = self.queue.iter().any(|text| text.rejected == 0);
                if is_planned && !has_room {
                    return;
                }
                self.replanned += u32::from(is_planned);
                self.drop_planned(out);
            }
        }
        self.question = Question::Settling { since: now, due: now + self.pacing.settle };
    }

    /// Forgets what was planned. What the platform has rejected is said all the same: it was decided.
    fn drop_planned(&mut self, out: &mut Vec<PacerAction>) {
        self.queue.retain(|text| text.rejected > 0);
        self.step = None;
        if self.queue.is_empty() {
            self.stop_typing(out);
        }
    }

    fn settled_at(&self, since: Instant, due: Instant) -> Instant {
        let at_most = since + self.pacing.settle_max;
        if self.opponent_types { at_most } else { due.min(at_most) }
    }

    fn ask(&mut self, out: &mut Vec<PacerAction>) {
        self.question = Question::Asked;
        self.owed = false;
        out.push(PacerAction::Ask);
    }

    fn on_answer(&mut self, texts: Vec<String>, now: Instant, out: &mut Vec<PacerAction>) {
        if self.question != Question::Asked {
            return;
        }
        self.question = Question::None;
        self.begun = false;
        for text in texts {
            let pieces = fit(&text, self.limit, self.pacing.too_long);
            if pieces.is_empty() {
                out.push(PacerAction::Unsaid(text, SayOutcome::NotSent(NotSent::Empty)));
                continue;
            }
            let room = MAX_QUEUED.saturating_sub(self.queue.len());
            self.queue.extend(pieces.into_iter().take(room).map(|body| Text { body, rejected: 0 }));
        }
        if self.queue.is_empty() {
            self.replanned = 0;
            self.stop_typing(out);
        }
        self.plan_step(now);
    }

    /// Whether the bot may speak has changed.
    fn changed(&mut self, now: Instant, out: &mut Vec<PacerAction>) {
        if self.may_speak() {
            if self.owed {
                self.plan_question(now, out);
            }
            return;
        }
        match self.question {
            Question::Asked => {
                out.push(PacerAction::Withdraw);
                // An opening is no longer one; anything else is asked again.
                self.owed |= self.heard_at.is_some();
            }
            Question::Settling { .. } => self.owed = true,
            Question::None => self.owed |= !self.queue.is_empty() && !self.begun && self.heard_at.is_some(),
        }
        self.question = Question::None;
        // What will not be asked again (an opening, the rest of an answer) is said once the connection is back.
        let goes_on = !self.owed && !self.locked && !self.over;
        if !goes_on {
            self.queue.clear();
        }
        self.step = None;
        self.replanned = 0;
        self.stop_typing(out);
    }

    fn stop_typing(&mut self, out: &mut Vec<PacerAction>) {
        if std::mem::take(&mut self.typing) {
            out.push(PacerAction::Typing(false));
        }
    }

    // ---- speaking -------------------------------------------------------------------------------------------------

    /// Plans the first text in the queue.
    fn plan_step(&mut self, now: Instant) {
        let Some(text) = self.queue.front() else { return };
        let after_gap = self.last_said.map_or(now, |said| (said + self.pacing.gap).max(now));
        if text.rejected > 0 {
            // It was typed once. When the platform takes it, the bucket knows.
            self.step = Some(Step { type_at: None, say_at: after_gap });
            return;
        }
        let chars = text.body.chars().count();
        let thinking = self.thinking();
        let typed_from = if self.begun {
            now + thinking / 3
        } else {
            // What the player took to answer counts: a person thinks while reading.
            self.heard_at.map_or(now, |heard| (heard + thinking).max(now))
        };
        let typing = self.typing_for(chars);
        let is_shown = self.rng.f64() < self.pacing.typing_chance && !typing.is_zero();
        let say_at = (typed_from + typing).max(after_gap);
        let type_at = is_shown.then(|| say_at.checked_sub(typing).unwrap_or(now).max(now));
        self.step = Some(Step { type_at, say_at });
        self.hurry(now);
    }

    /// Short times are more frequent than long ones.
    fn thinking(&mut self) -> Duration {
        let share = self.rng.f64();
        let span = self.pacing.think_max.saturating_sub(self.pacing.think_min);
        self.pacing.think_min + span.mul_f64(share * share)
    }

    fn typing_for(&mut self, chars: usize) -> Duration {
        let speed = self.pacing.chars_per_second * (0.75 + 0.5 * self.rng.f64());
        if speed <= 0.0 {
            return Duration::ZERO;
        }
        let chars = f64::from(u32::try_from(chars).unwrap_or(u32::MAX));
        Duration::try_from_secs_f64(chars / speed)
            .unwrap_or(self.pacing.typing_max)
            .min(self.pacing.typing_max)
    }

    /// Near the end there is no time for the whole delay.
    fn hurry(&mut self, now: Instant) {
        let Some(ends_at) = self.ends_at else { return };
        let Some(step) = &mut self.step else { return };
        let latest = ends_at.checked_sub(self.pacing.gap).unwrap_or(now).max(now);
        if step.say_at > latest {
            step.say_at = latest.max(self.last_said.map_or(now, |said| said + self.pacing.gap));
            step.type_at = step.type_at.map(|at| at.min(step.say_at));
        }
    }

    /// When a text is said: not before what became of the one before it is known, or has taken too long.
    fn say_at(&self, step: Step) -> Instant {
        let unsettled = self.in_flight.back().map(|(.., said)| *said + ORDER_WAIT);
        unsettled.map_or(step.say_at, |settled| settled.max(step.say_at))
    }

    fn advance(&mut self, now: Instant, out: &mut Vec<PacerAction>) {
        if !self.may_speak() {
            return;
        }
        while self.speak(now, out) {}
        // What came while the answer was said comes next.
        if self.owed && self.queue.is_empty() && self.question == Question::None {
            self.plan_question(now, out);
        }
        if let Question::Settling { since, due } = self.question
            && self.settled_at(since, due) <= now
        {
            self.ask(out);
        }
    }

    /// Types or says what is due. Whether there may be more.
    fn speak(&mut self, now: Instant, out: &mut Vec<PacerAction>) -> bool {
        if self.step.is_none() {
            self.plan_step(now);
        }
        let Some(step) = &mut self.step else { return false };
        if step.type_at.take_if(|at| *at <= now).is_some() && !self.typing {
            self.typing = true;
            out.push(PacerAction::Typing(true));
        }
        let step = *step;
        if step.type_at.is_some() || self.say_at(step) > now {
            return false;
        }
        if self.ends_at.is_some_and(|ends_at| ends_at <= now) {
            self.queue.clear();
            self.step = None;
            self.stop_typing(out);
            return false;
        }
        if let Err(wait) = self.bucket.try_take(now) {
            self.step = Some(Step { type_at: None, say_at: now + wait });
            return false;
        }
        let Some(text) = self.queue.pop_front() else { return false };
        self.step = None;
        self.last_id += 1;
        let id = SayId(self.last_id);
        out.push(PacerAction::Say(id, text.body.clone()));
        self.in_flight.push_back((id, text, now));
        self.last_said = Some(now);
        self.begun = true;
        self.typing = false;
        self.replanned = 0;
        true
    }

    fn on_outcome(&mut self, say: SayId, outcome: SayOutcome, now: Instant, out: &mut Vec<PacerAction>) {
        let at = self.in_flight.iter().position(|(id, ..)| *id == say);
        let Some((_, mut text, _)) = at.and_then(|at| self.in_flight.remove(at)) else { return };
        let may_come_later = match &outcome {
            SayOutcome::Delivered | SayOutcome::Unanswered => return,
            SayOutcome::Refused(Reason::MessageTooLong) => {
                self.on_too_long(text, outcome, out);
                return;
            }
            SayOutcome::Refused(reason) => matches!(reason, Reason::RateLimited | Reason::NotJoined),
            SayOutcome::NotSent(why) => *why == NotSent::NotConnected,
        };
        text.rejected += 1;
        if !self.may_speak() || !may_come_later || text.rejected > self.pacing.resends {
            out.push(PacerAction::Unsaid(text.body, outcome));
            return;
        }
        let unit = if self.pacing.refill.is_zero() { RETRY } else { self.pacing.refill };
        // Its count is ahead of ours.
        self.bucket.learn(now, unit * (1 << (text.rejected - 1).min(MAX_DOUBLINGS)));
        // The limit may have been learned since.
        let pieces = self.fitted(&text);
        self.again(pieces, out);
    }

    fn on_too_long(&mut self, text: Text, outcome: SayOutcome, out: &mut Vec<PacerAction>) {
        let chars = text.body.chars().count();
        if chars <= 1 || !self.may_speak() {
            out.push(PacerAction::Unsaid(text.body, outcome));
            return;
        }
        self.limit = self.limit.min((chars * 2 / 3).max(1));
        let pieces = self.fitted(&Text { body: text.body, rejected: 1 });
        // What waits is no shorter for that.
        let waiting = std::mem::take(&mut self.queue);
        self.queue = waiting.iter().flat_map(|text| self.fitted(text)).collect();
        self.again(pieces, out);
    }

    /// A text as messages that the platform takes.
    fn fitted(&self, text: &Text) -> Vec<Text> {
        let pieces = fit(&text.body, self.limit, self.pacing.too_long);
        pieces.into_iter().map(|body| Text { body, rejected: text.rejected }).collect()
    }

    /// Texts that the platform has rejected go first.
    fn again(&mut self, texts: Vec<Text>, out: &mut Vec<PacerAction>) {
        for text in texts.into_iter().rev() {
            self.queue.push_front(text);
        }
        while self.queue.len() > MAX_QUEUED {
            if let Some(text) = self.queue.pop_back() {
                let outcome = SayOutcome::Refused(Reason::MessageTooLong);
                out.push(PacerAction::Unsaid(text.body, outcome));
            }
        }
        self.step = None;
    }
}
