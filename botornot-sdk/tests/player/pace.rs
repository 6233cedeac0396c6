//! The pace of one match, step by step.

use std::time::Duration;

use botornot_sdk::Reason;
use botornot_sdk::player::pacing::{Pacer, PacerAction, PacerEvent};
use botornot_sdk::player::{Pacing, TooLong};
use botornot_sdk::sdk_core::clock::Instant;
use botornot_sdk::state::{NotSent, SayId, SayOutcome};

/// A pacer and its time, which only a test moves.
pub(crate) struct Pace {
    pub(crate) pacer: Pacer,
    pub(crate) now: Instant,
    pub(crate) began: Instant,
    /// What happened, and when.
    pub(crate) done: Vec<(Duration, PacerAction)>,
    /// Texts are taken at once.
    pub(crate) delivers: bool,
}

impl Pace {
    pub(crate) fn new(pacing: Pacing, seed: u64) -> Self {
        let now = Instant::now();
        Self { pacer: Pacer::new(pacing, seed), now, began: now, done: Vec::new(), delivers: true }
    }

    pub(crate) fn event(&mut self, event: PacerEvent) {
        let actions = self.pacer.handle(event, self.now);
        for action in actions {
            self.done.push((self.now - self.began, action.clone()));
            if let (PacerAction::Say(say, _), true) = (&action, self.delivers) {
                self.event(PacerEvent::Outcome(*say, SayOutcome::Delivered));
            }
        }
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(due) = self.pacer.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.event(PacerEvent::Tick);
            assert!(
                self.pacer.next_deadline().is_none_or(|next| next > due),
                "a tick at its time does nothing"
            );
        }
        self.now = end;
    }

    fn answer(&mut self, texts: &[&str]) {
        self.event(PacerEvent::Answer(texts.iter().map(ToString::to_string).collect()));
    }

    fn refuse(&mut self, say: SayId, reason: Reason) {
        self.event(PacerEvent::Outcome(say, SayOutcome::Refused(reason)));
    }

    pub(crate) fn said(&self) -> Vec<(Duration, SayId, String)> {
        let say = |(at, action): &(Duration, PacerAction)| match action {
            PacerAction::Say(say, text) => Some((*at, *say, text.clone())),
            _ => None,
        };
        self.done.iter().filter_map(say).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.said().into_iter().map(|(_, _, text)| text).collect()
    }

    pub(crate) fn count(&self, wanted: &PacerAction) -> usize {
        self.done.iter().filter(|(_, action)| action == wanted).count()
    }

    fn last_at(&self) -> Duration {
        self.said().last().map(|(at, ..)| *at).unwrap()
    }
}

const MS: fn(u64) -> Duration = Duration::from_millis;
const FAR: Duration = Duration::from_secs(60);

#[test]
fn thinking_is_within_its_limits_and_longer_texts_take_longer() {
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for seed in 0..200 {
        for (text, times) in [("ok", &mut short), ("that is a bit more to type", &mut long)] {
            let mut pace = Pace::new(Pacing::default(), seed);
            pace.event(PacerEvent::Heard);
            pace.pass(MS(300));
            assert_eq!(pace.count(&PacerAction::Ask), 1);
            pace.answer(&[text]);
            pace.pass(FAR);
            times.push(pace.last_at());
        }
    }
    // 2 characters at 7 a second, a quarter more or less, after 300 to 1,800 ms.
    assert!(short.iter().all(|at| (MS(300 + 220)..=MS(1_800 + 390)).contains(at)), "{short:?}");
    assert!(short.iter().min().unwrap() < &MS(700) && short.iter().max().unwrap() > &MS(1_500));
    let mean = |times: &[Duration]| times.iter().sum::<Duration>() / 200;
    assert!(mean(&long) > mean(&short) + MS(2_500), "{:?} {:?}", mean(&long), mean(&short));
}

#[test]
fn a_slow_player_has_thought_long_enough() {
    let mut pace = Pace::new(Pacing::default(), 1);
    pace.event(PacerEvent::Heard);
    pace.pass(Duration::from_secs(5));
    pace.answer(&["ok"]);
    pace.pass(FAR);
    assert!(pace.last_at() < MS(5_400), "{:?}", pace.last_at());
}

#[test]
fn typing_is_shown_before_a_message_and_taken_back_when_none_follows() {
    let mut pacing = Pacing::default();
    pacing.typing_chance = 1.0;
    let mut pace = Pace::new(pacing, 1);
    pace.event(PacerEvent::Heard);
    pace.pass(MS(300));
    pace.answer(&["a text of some length"]);
    pace.pass(FAR);
    let actions: Vec<&PacerAction> = pace.done.iter().map(|(_, action)| action).collect();
    assert!(
        matches!(actions[..], [PacerAction::Ask, PacerAction::Typing(true), PacerAction::Say(..)]),
        "{actions:?}"
    );
    // While it types, the opponent goes on, and then there is nothing left to say.
    pace.event(PacerEvent::Heard);
    pace.pass(MS(300));
    pace.answer(&["another text of some length"]);
    while pace.count(&PacerAction::Typing(true)) < 2 {
        pace.pass(MS(50));
    }
    pace.event(PacerEvent::Heard);
    assert_eq!(pace.count(&PacerAction::Typing(false)), 1);
    pace.pass(MS(300));
    pace.answer(&[]);
    pace.pass(FAR);
    assert_eq!((pace.said().len(), pace.pacer.is_idle()), (1, true));
    pacing = Pacing::default();
    pacing.typing_chance = 0.0;
    let mut hidden = Pace::new(pacing, 1);
    hidden.event(PacerEvent::Heard);
    hidden.pass(MS(300));
    hidden.answer(&["hi"]);
    hidden.pass(FAR);
    assert_eq!(hidden.count(&PacerAction::Typing(true)), 0);
}

#[test]
fn several_quick_messages_are_one_question_and_new_ones_plan_anew() {
    let mut pace = Pace::new(Pacing::default(), 1);
    for _ in 0..6 {
        pace.event(PacerEvent::Heard);
        pace.pass(MS(50));
    }
    pace.pass(MS(300));
    assert_eq!(pace.count(&PacerAction::Ask), 1);
    // The player still thinks as the opponent goes on …
    pace.event(PacerEvent::Heard);
    assert_eq!(pace.count(&PacerAction::Withdraw), 1);
    pace.answer(&["out of date"]);
    pace.pass(MS(300));
    pace.answer(&["also out of date"]);
    // … and again before the answer is out.
    pace.event(PacerEvent::Heard);
    pace.pass(MS(300));
    pace.answer(&["this one"]);
    pace.pass(FAR);
    assert_eq!(pace.texts(), ["this one"]);
    assert_eq!(pace.count(&PacerAction::Ask), 3);
}

#[test]
fn an_opponent_who_never_stops_is_answered_all_the_same() {
    let mut pace = Pace::new(Pacing::default(), 1);
    for _ in 0..240 {
        pace.event(PacerEvent::Heard);
        pace.pass(MS(250));
        if matches!(pace.done.last(), Some((_, PacerAction::Ask))) {
            pace.answer(&["hm"]);
        }
    }
    assert!(pace.said().len() >= 4, "{} in a minute", pace.said().len());
}

#[test]
fn somebody_who_types_is_waited_for_a_while() {
    let mut pace = Pace::new(Pacing::default(), 1);
    pace.event(PacerEvent::Heard);
    pace.event(PacerEvent::OpponentTyping(true));
    pace.pass(MS(2_900));
    assert_eq!(pace.count(&PacerAction::Ask), 0);
    pace.pass(MS(200));
    assert_eq!(pace.count(&PacerAction::Ask), 1);
}

#[test]
fn the_platforms_limit_is_kept_and_messages_keep_their_gap() {
    let mut pace = Pace::new(Pacing::off(), 1);
    pace.event(PacerEvent::Heard);
    pace.answer(&["1", "2", "3", "4", "5"]);
    assert_eq!(pace.texts(), ["1", "2", "3"]);
    pace.pass(FAR);
    let at: Vec<Duration> = pace.said().iter().map(|(at, ..)| *at).collect();
    assert_eq!(at, [MS(0), MS(0), MS(0), MS(1_000), MS(2_000)]);

    let mut pace = Pace::new(Pacing::default(), 1);
    pace.event(PacerEvent::Heard);
    pace.pass(MS(300));
    pace.answer(&["a", "b", "c", "d"]);
    pace.pass(FAR);
    let said = pace.said();
    assert!(said.windows(2).all(|pair| pair[1].0 - pair[0].0 >= MS(1_200)), "{said:?}");
}

#[test]
fn what_the_platform_rejected_for_now_is_sent_again_first_and_the_bucket_learns() {
    let mut pace = Pace::new(Pacing::off(), 1);
    pace.delivers = false;
    pace.event(PacerEvent::Heard);
    pace.answer(&["one", "two"]);
    assert_eq!(pace.texts(), ["one"], "the second waits for what became of the first");
    pace.refuse(SayId(1), Reason::RateLimited);
    pace.pass(MS(999));
    assert_eq!(pace.texts(), ["one"]);
    pace.pass(MS(1));
    assert_eq!(pace.texts(), ["one", "one"]);
    pace.refuse(SayId(2), Reason::RateLimited);
    pace.pass(MS(1_999));
    assert_eq!(pace.texts().len(), 2, "it waits longer each time");
    pace.pass(MS(1));
    pace.delivers = true;
    pace.event(PacerEvent::Outcome(SayId(3), SayOutcome::Delivered));
    pace.pass(FAR);
    assert_eq!(pace.texts(), ["one", "one", "one", "two"]);
    // Not for ever.
    let mut pace = Pace::new(Pacing::off(), 1);
    pace.delivers = false;
    pace.event(PacerEvent::Heard);
    pace.answer(&["never"]);
    for say in 1..=9 {
        pace.refuse(SayId(say), Reason::RateLimited);
        pace.pass(Duration::from_secs(10));
    }
    let refused = SayOutcome::Refused(Reason::RateLimited);
    assert_eq!(pace.said().len(), 9);
    assert_eq!(pace.count(&PacerAction::Unsaid("never".into(), refused)), 1);
}

#[test]
fn a_text_that_is_too_long_is_split_or_shortened_and_the_limit_is_learned() {
    for (too_long, expected) in [
        (TooLong::Split, vec!["aaaa bbbb cccc dddd", "aaaa bbbb", "cccc dddd", "eeee ffff"]),
        (TooLong::Shorten, vec!["aaaa bbbb cccc dddd", "aaaa bbbb", "eeee ffff"]),
    ] {
        let mut pace = Pace::new(Pacing::off().too_long(too_long), 1);
        pace.delivers = false;
        pace.event(PacerEvent::Heard);
        pace.answer(&["aaaa bbbb cccc dddd"]);
        pace.refuse(SayId(1), Reason::MessageTooLong);
        assert_eq!(pace.pacer.limit(), 12);
        pace.delivers = true;
        pace.event(PacerEvent::Outcome(SayId(2), SayOutcome::Delivered));
        pace.event(PacerEvent::Heard);
        pace.answer(&["eeee ffff"]);
        pace.pass(FAR);
        assert_eq!(pace.texts(), expected);
    }
    // One character is as short as it gets.
    let mut pace = Pace::new(Pacing::off().max_chars(1), 1);
    pace.delivers = false;
    pace.event(PacerEvent::Heard);
    pace.answer(&["x"]);
    pace.refuse(SayId(1), Reason::MessageTooLong);
    assert!(matches!(pace.done.last(), Some((_, PacerAction::Unsaid(..)))));
}

#[test]
fn everything_is_cancelled_when_chat_locks_and_when_the_match_ends() {
    for (end, says_no_more) in
        [(PacerEvent::Locked(true), true), (PacerEvent::Over, true), (PacerEvent::Connected(false), true)]
    {
        let mut pacing = Pacing::default();
        pacing.typing_chance = 1.0;
        let mut pace = Pace::new(pacing, 1);
        pace.event(PacerEvent::Heard);
        pace.pass(MS(300));
        pace.answer(&["one text", "another text"]);
        while pace.count(&PacerAction::Typing(true)) == 0 {
            pace.pass(MS(20));
        }
        pace.event(end.clone());
        assert_eq!(pace.count(&PacerAction::Typing(false)), 1);
        let before = pace.done.len();
        pace.event(PacerEvent::Heard);
        pace.answer(&["too late"]);
        pace.pass(FAR);
        assert_eq!(pace.done.len() == before, says_no_more, "{end:?}: {:?}", &pace.done[before..]);
        // A question that is still open is void.
        let mut pace = Pace::new(Pacing::off(), 1);
        pace.event(PacerEvent::Heard);
        pace.event(end);
        assert!(matches!(pace.done.last(), Some((_, PacerAction::Withdraw))));
    }
}

#[test]
fn an_opening_and_the_rest_of_an_answer_survive_a_lost_connection() {
    let mut pace = Pace::new(Pacing::default(), 1);
    pace.event(PacerEvent::Begin);
    pace.answer(&["hello", "anybody there?"]);
    pace.event(PacerEvent::Connected(false));
    pace.pass(FAR);
    assert!(pace.texts().is_empty());
    pace.event(PacerEvent::Connected(true));
    while pace.texts().is_empty() {
        pace.pass(MS(20));
    }
    pace.event(PacerEvent::Connected(false));
    pace.pass(FAR);
    assert_eq!(pace.texts(), ["hello"]);
    pace.event(PacerEvent::Connected(true));
    pace.pass(FAR);
    assert_eq!(pace.texts(), ["hello", "anybody there?"]);
    assert_eq!(pace.count(&PacerAction::Ask), 1);
}

#[test]
fn what_is_owed_is_asked_again_once_it_can_be_said() {
    for (end, again) in [
        (PacerEvent::Locked(true), PacerEvent::Locked(false)),
        (PacerEvent::Connected(false), PacerEvent::Connected(true)),
    ] {
        let mut pace = Pace::new(Pacing::default(), 1);
        pace.event(PacerEvent::Heard);
        pace.pass(MS(300));
        pace.answer(&["not said yet"]);
        pace.event(end);
        pace.pass(FAR);
        pace.event(again);
        pace.pass(MS(300));
        assert_eq!(pace.count(&PacerAction::Ask), 2);
        pace.answer(&["now"]);
        pace.pass(FAR);
        assert_eq!(pace.texts(), ["now"]);
    }
}

#[test]
fn near_the_end_it_hurries_and_after_it_nothing_is_said() {
    let mut pace = Pace::new(Pacing::default(), 1);
    pace.event(PacerEvent::EndsAt(pace.now + Duration::from_secs(4)));
    pace.event(PacerEvent::Heard);
    pace.pass(MS(300));
    pace.answer(&["a text that takes longer to type than there is time"]);
    pace.pass(FAR);
    assert_eq!(pace.last_at(), MS(4_000 - 1_200));
    pace.event(PacerEvent::Heard);
    pace.pass(MS(300));
    pace.answer(&["too late"]);
    pace.pass(FAR);
    assert_eq!(pace.said().len(), 1);
}

#[test]
fn blank_texts_are_told_and_not_sent() {
    let mut pace = Pace::new(Pacing::off(), 1);
    pace.event(PacerEvent::Heard);
    pace.answer(&["  ", "hi", "\n"]);
    pace.pass(FAR);
    let empty = |text: &str| PacerAction::Unsaid(text.into(), SayOutcome::NotSent(NotSent::Empty));
    assert_eq!((pace.texts(), pace.count(&empty("  ")), pace.count(&empty("\n"))), (vec!["hi".into()], 1, 1));
}

#[test]
fn settings_outside_their_limits_are_named() {
    let field = |change: fn(&mut Pacing)| {
        let mut pacing = Pacing::default();
        change(&mut pacing);
        pacing.check().unwrap_err().field().map(str::to_owned)
    };
    assert_eq!(field(|p| p.think_min = Duration::from_secs(5)).as_deref(), Some("think_min"));
    assert_eq!(field(|p| p.settle = Duration::from_secs(5)).as_deref(), Some("settle"));
    assert_eq!(field(|p| p.gap = Duration::from_secs(9_999)).as_deref(), Some("gap"));
    assert_eq!(field(|p| p.chars_per_second = f64::NAN).as_deref(), Some("chars_per_second"));
    assert_eq!(field(|p| p.typing_chance = 1.5).as_deref(), Some("typing_chance"));
    assert_eq!(field(|p| p.burst = 0).as_deref(), Some("burst"));
    assert_eq!(field(|p| p.max_chars = 0).as_deref(), Some("max_chars"));
    assert!(Pacing::off().check().is_ok());
}
