//! Whatever a server says, a check comes to an end.

use botpit_sdk::fairness::{MatchEvidence, Readings, from_json};
use botpit_sdk::model::{Score, Side};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::scenes::{GAMES, honest, seen};

fn odd_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        (-2_i64..30).prop_map(Value::from),
        prop::sample::select(vec![
            "heads", "rock", "agent-a", "agent-b", "1/0", "((", "9e999", "Ace", "\u{0}", "☃"
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// The places in a match where something can stand.
fn places(scene: &mut Value) -> Vec<&mut Value> {
    let mut places = Vec::new();
    let Some(rounds) = scene["rounds"].as_array_mut() else { return places };
    for round in rounds {
        for (part, value) in round.as_object_mut().into_iter().flatten() {
            if part == "score" {
                places.push(value);
            } else if let (Value::Object(fields), true) = (value, part != "mine") {
                places.extend(fields.iter_mut().map(|(_, value)| value));
            }
        }
    }
    places
}

proptest! {
    #[test]
    fn no_field_is_too_odd(
        game in prop::sample::select(GAMES.to_vec()),
        odd in prop::collection::vec((any::<prop::sample::Index>(), odd_value()), 1..6),
    ) {
        let mut scene = honest(game);
        for (at, value) in odd {
            let mut places = places(&mut scene);
            let at = at.index(places.len());
            *places[at] = value;
        }
        let evidence = seen(&scene);
        let written = serde_json::to_string(&evidence).unwrap();
        let report = evidence.verify();
        let _ = (report.to_string(), serde_json::to_string(&report).unwrap());
        // What was written down comes to the same.
        prop_assert_eq!(&from_json(&written).unwrap().verify().verdict().as_str(), &report.verdict().as_str());
    }

    #[test]
    fn no_event_comes_at_a_bad_time(
        game in prop::sample::select(GAMES.to_vec()),
        events in prop::collection::vec((0_u8..8, 0_u32..4, odd_value(), any::<[u32; 2]>()), 0..24),
    ) {
        let mut evidence = MatchEvidence::new();
        for (kind, round, value, [a, b]) in events {
            let text = value.to_string();
            match kind {
                0 => evidence.me("agent-a".into()),
                1 => evidence.found("m".into(), game.into(), "agent-b".into(), botpit_sdk::Lamports::from_lamports(u64::MAX), &text),
                2 => evidence.started(if round % 2 == 0 { Side::A } else { Side::B }),
                3 => evidence.turn(round, &text),
                4 => evidence.moved(round, &text),
                5 => evidence.resolved(round, Some(&text), Some(Score::new(a, b))),
                6 => evidence.ended(value.as_str().map(Into::into), Some(Score::new(a, b)), Some(text)),
                _ => evidence.on_interruption(),
            }
        }
        evidence.paid(Some(botpit_sdk::Lamports::from_lamports(u64::MAX)), Some(botpit_sdk::Lamports::from_lamports(u64::MAX)), None);
        let readings = Readings::new();
        let _ = readings.verify("host", evidence).to_string();
    }

    #[test]
    fn no_file_is_too_odd(value in odd_value(), text in ".{0,80}") {
        let _ = from_json(&text);
        for name in ["proof", "replay", "match", "evidence", "hash_seen", "rounds"] {
            if let Ok(evidence) = from_json(&json!({ name: value }).to_string()) {
                let _ = evidence.verify().to_string();
            }
        }
    }
}
