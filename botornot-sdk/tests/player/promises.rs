//! What holds for a pace whatever happens, in whichever order.

use std::collections::BTreeSet;
use std::time::Duration;

use botornot_sdk::Reason;
use botornot_sdk::player::pacing::{PacerAction, PacerEvent};
use botornot_sdk::player::{Pacing, TooLong, fit};
use botornot_sdk::state::{NotSent, SayId, SayOutcome};
use proptest::prelude::*;

use super::pace::Pace;

#[derive(Debug, Clone)]
enum Step {
    Event(PacerEvent),
    /// What became of one of the texts that were said, the youngest first.
    Outcome(usize, SayOutcome),
    Pass(u64),
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z 🙂é\u{301}]{0,60}", 0..5)
}

fn step() -> impl Strategy<Value = Step> {
    let event = prop_oneof![
        4 => Just(PacerEvent::Heard),
        4 => texts().prop_map(PacerEvent::Answer),
        1 => Just(PacerEvent::Begin),
        1 => any::<bool>().prop_map(PacerEvent::OpponentTyping),
        1 => prop::bool::weighted(0.3).prop_map(PacerEvent::Locked),
        1 => prop::bool::weighted(0.7).prop_map(PacerEvent::Connected),
        1 => Just(PacerEvent::Tick),
    ];
    let outcome = prop_oneof![
        4 => Just(SayOutcome::Delivered),
        2 => Just(SayOutcome::Refused(Reason::RateLimited)),
        2 => Just(SayOutcome::Refused(Reason::MessageTooLong)),
        1 => Just(SayOutcome::Refused(Reason::ChatClosed)),
        1 => Just(SayOutcome::NotSent(NotSent::NotConnected)),
        1 => Just(SayOutcome::Unanswered),
    ];
    prop_oneof![
        5 => event.prop_map(Step::Event),
        3 => (0..4_usize, outcome).prop_map(|(which, outcome)| Step::Outcome(which, outcome)),
        4 => (0..4_000_u64).prop_map(Step::Pass),
    ]
}

fn pacing() -> impl Strategy<Value = Pacing> {
    (any::<bool>(), 1..80_usize, any::<bool>()).prop_map(|(human, chars, split)| {
        let pacing = if human { Pacing::default() } else { Pacing::off() };
        pacing.max_chars(chars).too_long(if split { TooLong::Split } else { TooLong::Shorten })
    })
}

/// Plays the steps through, and checks each promise as it goes.
fn play(pacing: &Pacing, steps: &[Step], seed: u64) -> Vec<(Duration, PacerAction)> {
    let mut pace = Pace::new(pacing.clone(), seed);
    pace.delivers = false;
    let (mut locked, mut connected) = (false, true);
    let (mut asked, mut typing) = (false, false);
    let mut seen = 0;
    let mut limit = pacing.max_chars;
    let mut open: BTreeSet<SayId> = BTreeSet::new();
    let mut last_said: Option<Duration> = None;
    for step in steps {
        match step {
            Step::Pass(millis) => pace.pass(Duration::from_millis(*millis)),
            Step::Outcome(which, outcome) => {
                let Some(say) = open.iter().rev().nth(*which).copied() else { continue };
                open.remove(&say);
                pace.event(PacerEvent::Outcome(say, outcome.clone()));
            }
            Step::Event(event) => {
                match event {
                    PacerEvent::Locked(now) => locked = *now,
                    PacerEvent::Connected(now) => connected = *now,
                    PacerEvent::Answer(_) => asked = false,
                    _ => {}
                }
                pace.event(event.clone());
            }
        }
        for (at, action) in &pace.done[seen..] {
            let may_speak = connected && !locked;
            match action {
                PacerAction::Ask => {
                    assert!(!asked, "two questions at once");
                    assert!(may_speak, "asked while nothing can be said");
                    asked = true;
                }
                PacerAction::Withdraw => {
                    assert!(asked, "nothing to withdraw");
                    asked = false;
                }
                PacerAction::Typing(now) => {
                    assert_ne!(*now, typing, "typing shown twice, or taken back twice");
                    assert!(may_speak || !now, "typing while nothing can be said");
                    typing = *now;
                }
                PacerAction::Say(say, text) => {
                    assert!(may_speak, "said while nothing can be said");
                    assert!(!text.trim().is_empty() && text.trim() == text);
                    assert!(text.chars().count() <= limit, "{text:?} is longer than {limit}");
                    assert!(open.insert(*say), "a number twice");
                    if let Some(last) = last_said {
                        assert!(*at - last >= pacing.gap, "{:?} after the last", *at - last);
                    }
                    last_said = Some(*at);
                    typing = false;
                }
                PacerAction::Unsaid(..) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(pace.pacer.limit() <= limit);
        limit = pace.pacer.limit();
        seen = pace.done.len();
        assert!(!typing || (connected && !locked), "typing stays shown");
    }
    // The platform's limit: three at once, and one more a second.
    let said = pace.said();
    for (nth, (at, ..)) in said.iter().enumerate() {
        let within =
            said[nth..].iter().take_while(|(later, ..)| *later - *at < Duration::from_secs(2)).count();
        assert!(within <= 3 + 2, "{within} messages within two seconds");
    }
    // Left alone, it comes to rest.
    if connected && !locked {
        pace.delivers = true;
        for say in std::mem::take(&mut open) {
            pace.event(PacerEvent::Outcome(say, SayOutcome::Delivered));
        }
        for _ in 0..4 {
            pace.pass(Duration::from_secs(200));
            pace.event(PacerEvent::Answer(Vec::new()));
        }
        assert!(pace.pacer.is_idle(), "{:?}", pace.pacer);
    }
    pace.done
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_pace_keeps_its_promises_in_any_order_of_events(
        pacing in pacing(),
        steps in prop::collection::vec(step(), 1..80),
        seed in any::<u64>(),
    ) {
        let done = play(&pacing, &steps, seed);
        prop_assert_eq!(done, play(&pacing, &steps, seed), "the same seed, the same events, other actions");
    }

    #[test]
    fn a_text_that_is_split_is_still_all_there(text in "\\PC{0,300}", limit in 1..50_usize) {
        let pieces = fit(&text, limit, TooLong::Split);
        for piece in &pieces {
            prop_assert!(piece.chars().count() <= limit && !piece.trim().is_empty());
        }
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(letters(&pieces.concat()), letters(&text));
        let shortened = fit(&text, limit, TooLong::Shorten);
        prop_assert_eq!(shortened.first(), pieces.first());
        prop_assert!(shortened.len() <= 1);
    }
}
