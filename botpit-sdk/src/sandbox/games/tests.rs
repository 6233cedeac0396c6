//! What holds in every game.

use std::fmt;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use sdk_core::clock::Instant;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};

use super::*;
use crate::sandbox::match_state::Match;
use crate::sandbox::records::{EndReason, SandboxMatch, SandboxPlayer};
use crate::sandbox::registry::AgentKey;
use crate::sandbox::settings::{Settings, TieNumbering};

fn new_match(game_type: &str, server_seed: &str) -> Match {
    let player = |name: &str| SandboxPlayer {
        agent_id: format!("agent-{name}-uuid"),
        name: name.to_owned(),
        is_house: false,
    };
    let record = SandboxMatch {
        id: "match-uuid".to_owned(),
        game_type: game_type.to_owned(),
        players: Pair { a: player("a"), b: player("b") },
        wager_lamports: 10_000_000,
        is_free_play: false,
        server_seed: server_seed.to_owned(),
        server_seed_hash: String::new(),
        rounds: Vec::new(),
        score: Pair::default(),
        moves_received: Vec::new(),
        moves_after_end: 0,
        ended: None,
        winner: None,
        payouts: Pair::default(),
        fee_lamports: 0,
        created_at: SystemTime::UNIX_EPOCH,
        completed_at: None,
    };
    let players = Pair { a: AgentKey::new(0), b: AgentKey::new(1) };
    let [first, second, ..] = sha256(server_seed);
    let rng = fastrand::Rng::with_seed(u64::from(first) * 256 + u64::from(second));
    Match::new(1, players, record, rules_of(game_type).unwrap(), rng)
}

/// The text of the `game_state` of the open turn.
fn shown(played: &Match, side: Side) -> String {
    let (_, frame) = played.question(side).unwrap();
    let frame: Value = serde_json::from_str(&frame.text()).unwrap();
    frame["game_state"].to_string()
}

/// Any move that the rules allow.
fn legal(game_type: &str, state: &Value, rng: &mut fastrand::Rng) -> Value {
    match game_type {
        "coinflip" => json!({ "choice": (["heads", "tails"][rng.usize(0..2)]) }),
        "rps" => json!({ "choice": (["rock", "paper", "scissors"][rng.usize(0..3)]) }),
        "hi_lo" => json!({ "guess": (["higher", "lower"][rng.usize(0..2)]) }),
        "dice_duel" => json!({ "action": "roll" }),
        "high_card_duel" => json!({ "action": "draw" }),
        "crash" => json!({ "cashout": rng.f64() * 8.99 + 1.01 }),
        "mines" => json!({ "tiles": rng.u64(1..=20) }),
        "math_duel" if rng.bool() => {
            let expression = state["expression"].as_str().unwrap();
            json!({ "answer": crate::games::math_duel::evaluate(expression).unwrap() as i64 })
        }
        "math_duel" => json!({ "answer": rng.i64(..) }),
        "reaction_ring" => json!({ "guess": rng.u64(1..=1_000) }),
        "blotto" => json!({ "bid": rng.u64(0..=state["your_budget"].as_u64().unwrap()) }),
        other => panic!("{other}"),
    }
}

/// Moves that are allowed in no game.
fn illegal(state: &Value) -> [Value; 7] {
    [
        json!(null),
        json!([]),
        json!({}),
        json!({ "choice": "lizard", "guess": 0, "action": "wait", "cashout": 1.0, "tiles": 21, "answer": "?",
                "bid": state["your_budget"].as_u64().unwrap_or(0) + 1 }),
        json!({ "choice": 1, "guess": 1001, "action": "ROLL", "cashout": 10.001, "tiles": 0, "answer": 0.5, "bid": -1 }),
        json!({ "choice": null, "guess": "1", "action": true, "cashout": "2", "tiles": 2.5, "answer": null, "bid": 0.5 }),
        json!({ "allocations": [3, 3, 3, 3, 3], "cashout_at": 2.0 }),
    ]
}

fn check_match(game_type: &str, seed: u64, late_per_16: u8, settings: &Settings) {
    let rng = &mut fastrand::Rng::with_seed(seed);
    let mut played = new_match(game_type, &format!("{seed:x}"));
    let mut spent = [0, 0];
    let mut tally = [0_u64, 0];
    let ending = loop {
        played.open_turn(Instant::now());
        for side in Side::BOTH {
            let before = shown(&played, side);
            let state: Value = serde_json::from_str(&before).unwrap();
            assert_eq!(state["score"], json!(tally));
            for wrong in illegal(&state) {
                let problem = played.play(side, wrong.clone(), SystemTime::UNIX_EPOCH).unwrap_err();
                assert_eq!(problem.code, "invalid_move", "{game_type}: {wrong}");
                assert!(problem.message.starts_with("a move is "), "{}", problem.message);
                assert_eq!(shown(&played, side), before, "{game_type}: {wrong}");
            }
            if rng.u8(0..16) < late_per_16 {
                continue;
            }
            let move_data = legal(game_type, &state, rng);
            assert!(
                played.play(side, move_data.clone(), SystemTime::UNIX_EPOCH).is_ok(),
                "{game_type}: {move_data}"
            );
            spent[side as usize] += move_data["bid"].as_u64().unwrap_or(0);
            assert_eq!(
                played.play(side, move_data, SystemTime::UNIX_EPOCH).unwrap_err().code,
                "already_moved"
            );
        }
        let resolved = played.resolve(settings).unwrap();
        let frame: Value = serde_json::from_str(&resolved.round_result.unwrap().text()).unwrap();
        match frame["result"]["round_winner"].as_str() {
            Some("agent-a-uuid") => tally[0] += 1,
            Some("agent-b-uuid") => tally[1] += 1,
            other => assert_eq!(other, None),
        }
        assert_eq!(frame["score"], json!(tally));
        assert_eq!(frame["round"], frame["result"]["round"]);
        assert!(played.resolve(settings).is_none(), "a round is resolved once");
        if let Some(ending) = resolved.ending {
            break ending;
        }
    };
    assert_eq!(played.play(Side::A, json!({}), SystemTime::UNIX_EPOCH).unwrap_err().code, "not_your_turn");
    assert!(spent.iter().all(|spent| *spent <= 15), "{spent:?}");
    let to_win = u64::from(rules_of(game_type).unwrap().rounds_to_win());
    let leader = higher(&tally[0], &tally[1]);
    match ending.reason {
        EndReason::Score => {
            assert_eq!(tally[0].max(tally[1]), to_win);
            assert_ne!(tally[0], tally[1]);
            assert_eq!(ending.winner, leader);
        }
        EndReason::RoundLimit => {
            assert_eq!(played.record.rounds.len(), settings.max_rounds as usize);
            assert!(tally[0].max(tally[1]) < to_win);
            assert_eq!(ending.winner, leader);
        }
        EndReason::NobodyMoved => assert_eq!(ending.winner, None),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_match_has_one_end_and_a_consistent_score(
        seed in any::<u64>(),
        late_per_16 in prop_oneof![Just(0_u8), 1..4_u8, Just(16)],
        same_number in any::<bool>(),
        max_rounds in 1..40_u32,
    ) {
        let tie_numbering = if same_number { TieNumbering::SameNumber } else { TieNumbering::NextNumber };
        let settings = Settings { tie_numbering, max_rounds, ..Settings::default() };
        for game_type in KNOWN {
            check_match(game_type, seed, late_per_16, &settings);
        }
    }
}

/// Plays the same moves until the match is over or somebody wins a round; says the last result.
fn last_result(played: &mut Match, moves: [&Value; 2], settings: &Settings) -> (String, u32) {
    for rounds in 1.. {
        played.open_turn(Instant::now());
        for (side, move_data) in Side::BOTH.into_iter().zip(moves) {
            played.play(side, move_data.clone(), SystemTime::UNIX_EPOCH).unwrap();
        }
        let resolved = played.resolve(settings).unwrap();
        let frame = resolved.round_result.unwrap().text();
        if resolved.ending.is_some() || played.record.rounds.last().unwrap().winner.is_some() {
            return (frame, rounds);
        }
    }
    unreachable!()
}

#[test]
fn blotto_with_nothing_left_ends_by_the_round_limit() {
    // Seed and round give no bonus, and the same round number gives none again.
    let settings =
        Settings { tie_numbering: TieNumbering::SameNumber, max_rounds: 20, ..Settings::default() };
    let seed = (0..).map(|n: u32| format!("seed {n}")).find(|seed| {
        let from = RoundSeed { seed, round: 1 };
        from.hash("terrain")[0].is_multiple_of(4)
    });
    let mut played = new_match("blotto", &seed.unwrap());
    played.open_turn(Instant::now());
    for side in Side::BOTH {
        played.play(side, json!({ "bid": 15 }), SystemTime::UNIX_EPOCH).unwrap();
    }
    assert!(played.resolve(&settings).unwrap().ending.is_none());
    let nothing = json!({ "bid": 0 });
    let (_, rounds) = last_result(&mut played, [&nothing, &nothing], &settings);
    assert_eq!(rounds, 19);
    // With a number of its own each round has its own bonus, and side A wins three of them.
    let settings = Settings::default();
    let mut played = new_match("blotto", "any");
    let all = json!({ "bid": 15 });
    let (_, first) = last_result(&mut played, [&all, &all], &settings);
    assert_eq!(first, 1, "this seed's first round has a bonus");
    for _ in 0..2 {
        last_result(&mut played, [&nothing, &nothing], &settings);
    }
    assert_eq!(played.record.score, Pair { a: 3, b: 0 });
}

/// Keys in the order of the text, and values.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Each field's name and type, in the order of the text.
fn shape(json: &str) -> Vec<(String, String)> {
    fn kind(value: &Value) -> String {
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "boolean".to_owned(),
            Value::Number(number) if number.is_f64() => "float".to_owned(),
            Value::Number(_) => "integer".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(list) => format!("list of {}", list.first().map_or("nothing".to_owned(), kind)),
            Value::Object(_) => "object".to_owned(),
        }
    }
    let Fields(fields) = serde_json::from_str(json).unwrap();
    fields.into_iter().map(|(name, value)| (name, kind(&value))).collect()
}

/// The raw text of a field, without losing the order of what is inside.
fn raw(json: &str, field: &str) -> String {
    let whole: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(json).unwrap();
    whole[field].get().to_owned()
}

#[test]
fn states_and_results_have_the_fields_of_the_spec() {
    // Verbatim from the spec's "Game Types"; none where it shows none.
    let with_history = r#"{ "round": 1, "score": [0, 0], "rounds_to_win": 2, "history": [] }"#;
    let crash = r#"{
  "round": 1,
  "score": [0, 0],
  "rounds_to_win": 2,
  "min_cashout": 1.01,
  "max_cashout": 10.0,
  "history": []
}"#;
    let crash_result = r#"{
  "round": 1,
  "crash_point": 3.42,
  "cashout_a": 2.5,
  "cashout_b": 5.0,
  "survived_a": true,
  "survived_b": false,
  "round_winner": "agent-a-uuid"
}"#;
    let mines = r#"{
  "round": 1,
  "score": [0, 0],
  "rounds_to_win": 2,
  "grid_size": 25,
  "num_mines": 5,
  "max_tiles": 20,
  "history": []
}"#;
    let mines_result = r#"{
  "round": 1,
  "tiles_a": 8,
  "tiles_b": 3,
  "safe_a": 8,
  "safe_b": 3,
  "busted_a": false,
  "busted_b": false,
  "mine_positions": [2, 7, 14, 19, 23],
  "reveal_order": [0, 5, 10, 15, 20, 1, 6, 11],
  "round_winner": "agent-a-uuid"
}"#;
    let math = r#"{
  "round": 1,
  "score": [0, 0],
  "rounds_to_win": 2,
  "expression": "42 + 17 * 3",
  "history": []
}"#;
    let math_result = r#"{
  "round": 1,
  "expression": "42 + 17 * 3",
  "correct_answer": 93,
  "answer_a": 93,
  "answer_b": 87,
  "a_correct": true,
  "b_correct": false,
  "round_winner": "agent-a-uuid"
}"#;
    let ring = r#"{
  "round": 1,
  "score": [0, 0],
  "rounds_to_win": 2,
  "min_guess": 1,
  "max_guess": 1000,
  "history": []
}"#;
    let ring_result = r#"{
  "round": 1,
  "target": 372,
  "guess_a": 350,
  "guess_b": 600,
  "distance_a": 22,
  "distance_b": 228,
  "round_winner": "agent-a-uuid"
}"#;
    let blotto = r#"{
  "round": 1,
  "score": [0, 0],
  "rounds_to_win": 3,
  "terrain_bonus_a": 2,
  "your_budget": 15,
  "opponent_budget": 15,
  "total_budget": 15,
  "history": []
}"#;
    let blotto_result = r#"{
  "round": 1,
  "bid_a": 5,
  "bid_b": 4,
  "terrain_bonus_a": 2,
  "power_a": 7,
  "power_b": 4,
  "budget_a_remaining": 10,
  "budget_b_remaining": 11,
  "round_winner": "agent-a-uuid"
}"#;
    let hi_lo = r#"{
  "round": 1,
  "score": [0, 0],
  "rounds_to_win": 3,
  "dealer_card": 7,
  "history": []
}"#;
    let coin_result = r#"{ "round": 1, "flip": "heads", "move_a": "heads",
      "move_b": "tails", "round_winner": "agent-a-uuid" }"#;
    let rps_result = r#"{
    "round": 1,
    "move_a": "rock",
    "move_b": "scissors",
    "round_winner": "agent-uuid-a"
  }"#;
    let dice_result = r#"{
  "round": 1,
  "roll_a": 5,
  "roll_b": 3,
  "round_winner": "agent-a-uuid"
}"#;
    let cards_result = r#"{
  "round": 1,
  "card_a": 11,
  "card_b": 5,
  "card_a_name": "Jack",
  "card_b_name": "5",
  "round_winner": "agent-a-uuid"
}"#;
    let choice = |field: &str, word: &str| json!({ field: word });
    let (roll, draw) = (choice("action", "roll"), choice("action", "draw"));
    for (game_type, state, result, a, b) in [
        ("coinflip", with_history, Some(coin_result), choice("choice", "heads"), choice("choice", "tails")),
        ("rps", with_history, Some(rps_result), choice("choice", "rock"), choice("choice", "scissors")),
        ("hi_lo", hi_lo, None, choice("guess", "higher"), choice("guess", "lower")),
        ("dice_duel", with_history, Some(dice_result), roll.clone(), roll),
        ("high_card_duel", with_history, Some(cards_result), draw.clone(), draw),
        ("crash", crash, Some(crash_result), json!({ "cashout": 1.5 }), json!({ "cashout": 5 })),
        ("mines", mines, Some(mines_result), json!({ "tiles": 3 }), json!({ "tiles": 1 })),
        ("math_duel", math, Some(math_result), json!({ "answer": -23 }), json!({ "answer": 87 })),
        ("reaction_ring", ring, Some(ring_result), json!({ "guess": 350 }), json!({ "guess": 600 })),
        ("blotto", blotto, Some(blotto_result), json!({ "bid": 5 }), json!({ "bid": 4 })),
    ] {
        // Nothing but the seed decides, so the first round that somebody wins is always the same.
        let mut played = new_match(game_type, "f9e8d7c6");
        played.open_turn(Instant::now());
        for side in Side::BOTH {
            let ours = raw(&played.question(side).unwrap().1.text(), "game_state");
            if (game_type, side) == ("blotto", Side::B) {
                let hidden = state.replace("\"terrain_bonus_a\": 2", "\"terrain_bonus_a\": null");
                assert_eq!(shape(&ours), shape(&hidden));
            } else {
                assert_eq!(shape(&ours), shape(state), "{game_type}");
            }
        }
        let (frame, _) = last_result(&mut played, [&a, &b], &Settings::default());
        let ours = raw(&frame, "result");
        match result {
            Some(result) => assert_eq!(shape(&ours), shape(result), "{game_type}"),
            None => assert_eq!(
                ours,
                r#"{"round":1,"dealer_card":7,"hidden_card":11,"guess_a":"higher","guess_b":"lower","round_winner":"agent-a-uuid"}"#
            ),
        }
        // The history is a list of results.
        played.open_turn(Instant::now());
        let history = raw(&raw(&played.question(Side::A).unwrap().1.text(), "game_state"), "history");
        assert!(history.ends_with(&format!("{ours}]")), "{game_type}: {history}");
    }
}

#[test]
fn formats_and_times_are_those_of_the_spec() {
    // The spec's table in "Game Types".
    for (game_type, best_of, seconds) in [
        ("coinflip", 5, 10),
        ("rps", 3, 10),
        ("hi_lo", 5, 10),
        ("dice_duel", 5, 10),
        ("high_card_duel", 5, 10),
        ("crash", 3, 10),
        ("mines", 3, 10),
        ("math_duel", 3, 15),
        ("reaction_ring", 3, 10),
        ("blotto", 5, 15),
    ] {
        let rules = rules_of(game_type).unwrap();
        assert_eq!(rules.game_type(), game_type);
        assert_eq!(rules.rounds_to_win() * 2 - 1, best_of, "{game_type}");
        assert_eq!(rules.timeout(), Duration::from_secs(seconds), "{game_type}");
    }
    assert!(rules_of("RPS").is_none());
}

/// Plays matches of two house agents, and says how many each side has won.
fn house_matches(game_type: &str, a: Strength, b: Strength, matches: u64) -> Pair<u32> {
    let mut won = Pair::default();
    for number in 0..matches {
        let mut played = new_match(game_type, &format!("{game_type} {number}"));
        // The sides change, because blotto favours side A.
        let strengths = if number % 2 == 0 { [a, b] } else { [b, a] };
        let ending = loop {
            played.open_turn(Instant::now());
            for (side, strength) in Side::BOTH.into_iter().zip(strengths) {
                let move_data = played.house_move(side, strength);
                let taken = played.play(side, move_data.clone(), SystemTime::UNIX_EPOCH);
                assert!(taken.is_ok(), "{game_type}, {strength:?}: {move_data}: {taken:?}");
            }
            if let Some(ending) = played.resolve(&Settings::default()).unwrap().ending {
                break ending;
            }
        };
        if let Some(winner) = ending.winner {
            *won.get_mut(if number % 2 == 0 { winner } else { winner.other() }) += 1;
        }
    }
    won
}

#[test]
fn house_moves_are_allowed_and_the_same_again() {
    let all = [Strength::Novice, Strength::Regular, Strength::Expert];
    for game_type in KNOWN {
        for (a, b) in all.into_iter().flat_map(|a| all.map(|b| (a, b))) {
            let won = house_matches(game_type, a, b, 2);
            assert_eq!(won, house_matches(game_type, a, b, 2), "{game_type}");
        }
    }
}

#[test]
fn a_stronger_house_agent_wins_more_where_skill_counts() {
    for game_type in ["hi_lo", "crash", "mines", "math_duel", "reaction_ring", "blotto"] {
        let won = house_matches(game_type, Strength::Expert, Strength::Novice, 200);
        assert!(won.a > won.b * 3 / 2, "{game_type}: {won:?}");
    }
    for game_type in ["crash", "mines", "math_duel", "reaction_ring", "blotto"] {
        let won = house_matches(game_type, Strength::Expert, Strength::Regular, 200);
        assert!(won.a > won.b, "{game_type}: {won:?}");
    }
}

#[test]
fn a_house_agent_sees_what_its_side_is_shown() {
    // There is no match and no seed here: the state is all that a move is made from.
    let state = json!({ "score": [0, 0], "rounds_to_win": 3, "terrain_bonus_a": null, "your_budget": 15,
                        "opponent_budget": 15, "dealer_card": 2, "expression": "2 + 3 * 4" });
    let view = HouseView { strength: Strength::Expert, side: Side::B, state: &state, past: &[] };
    for game_type in KNOWN {
        let rules = rules_of(game_type).unwrap();
        let seen = |seed| rules.house_move(view, &mut fastrand::Rng::with_seed(seed));
        for seed in 0..20 {
            assert_eq!(seen(seed), seen(seed), "{game_type}");
            assert_eq!(rules.check(Side::B, &seen(seed)), Ok(()), "{game_type}");
        }
    }
    let hi_lo = rules_of("hi_lo").unwrap().house_move(view, &mut fastrand::Rng::with_seed(1));
    assert_eq!(hi_lo, json!({ "guess": "higher" }));
}
