//! What is not documented, was not seen, or can have an honest reason is noted and never a violation.

use botpit_sdk::fairness::{MAX_ROUNDS, MatchEvidence, Verdict};
use botpit_sdk::model::{Score, Side};
use serde_json::{Value, json};

use super::scenes::{A, B, GAMES, HASH, SEED, codes, honest, notes, seen, verify};

#[track_caller]
fn noted(game: &str, change: impl Fn(&mut Value), expected: &str) {
    let mut scene = honest(game);
    change(&mut scene);
    let report = verify(&scene);
    assert_eq!(codes(&report), [""; 0], "{report}");
    assert!(notes(&report).contains(&expected.to_owned()), "{report}");
}

#[test]
fn the_money() {
    noted("rps", |scene| scene["fee"] = Value::Null, "fee_not_told");
    noted(
        "rps",
        |scene| (scene["fee"], scene["payout"]) = (Value::Null, json!(30_000_000)),
        "payout_above_wagers",
    );
    // A loser's payout, with and without a fee.
    for fee in [Value::Null, json!(5)] {
        noted(
            "rps",
            |scene| {
                lose(scene);
                (scene["payout"], scene["fee"]) = (json!(19_000_000), fee.clone());
            },
            "payout_of_loser",
        );
    }
    noted(
        "rps",
        |scene| {
            scene["rounds"].as_array_mut().unwrap().truncate(1);
            (scene["final_score"], scene["winner"]) = (json!([0, 0]), Value::Null);
        },
        "payout_of_draw",
    );
    // Free play pays nothing.
    let mut scene = honest("rps");
    (scene["is_sandbox"], scene["payout"]) = (json!(true), json!(0));
    assert_eq!(codes(&verify(&scene)), [""; 0]);
}

/// Side B shows paper from the second round on.
fn lose(scene: &mut Value) {
    for (at, score) in [(1, [0, 1]), (2, [0, 2])] {
        let round = &mut scene["rounds"][at];
        round["state"]["history"] = json!([]);
        round["state"]["score"] = json!([0, score[1] - 1]);
        (round["result"]["move_b"], round["result"]["round_winner"]) = (json!("paper"), json!(B));
        round["score"] = json!(score);
    }
    (scene["final_score"], scene["winner"]) = (json!([0, 2]), json!(B));
}

#[test]
fn the_numbers_of_replayed_ties() {
    noted("rps", |_| {}, "tie_takes_the_next_number");
    noted(
        "rps",
        |scene| {
            for (at, number) in [(1, 1), (2, 2)] {
                let round = &mut scene["rounds"][at];
                (round["round"], round["state"]["round"]) = (json!(number), json!(number));
                round["result"]["round"] = json!(number);
                round["state"]["history"] = json!([]);
            }
        },
        "tie_keeps_its_number",
    );
}

#[test]
fn no_seed_and_no_commitment() {
    for game in GAMES {
        let mut scene = honest(game);
        scene["seed"] = Value::Null;
        let report = verify(&scene);
        assert_eq!((report.fair(), report.verdict()), (None, &Verdict::Consistent), "{report}");
        assert!(notes(&report).contains(&"seed_not_revealed".to_owned()));
    }
    let mut evidence = MatchEvidence::new();
    evidence.ended(None, None, Some(SEED.into()));
    let report = evidence.verify();
    assert_eq!((report.fair(), report.verdict()), (None, &Verdict::Consistent));
    assert_eq!(notes(&report), ["commitment_not_seen"]);
}

#[test]
fn a_game_that_is_not_known_has_its_commitment_checked() {
    let mut scene = honest("rps");
    scene["game"] = json!("my-custom-game");
    // Its rules are its own.
    (scene["rounds"][1]["score"], scene["winner"]) = (json!([7, 7]), json!(B));
    let report = verify(&scene);
    assert_eq!((report.fair(), report.verdict(), report.consistent()), (Some(true), &Verdict::Consistent, 3));
    assert!(notes(&report).contains(&"unknown_game".to_owned()));
    scene["seed"] = json!("another");
    assert_eq!(codes(&verify(&scene)), ["commitment_differs"]);
}

#[test]
fn who_is_late_may_lose_the_round_or_the_match() {
    // Side A sends nothing, and side B wins whatever the dice say.
    noted(
        "dice_duel",
        |scene| {
            let rounds = scene["rounds"].as_array_mut().unwrap();
            rounds.truncate(2);
            rounds[0]["mine"] = json!({"action": "roll"});
            rounds[1]["mine"] = Value::Null;
            // 4 against 2.
            rounds[1]["result"]["round_winner"] = json!(B);
            rounds[1]["score"] = json!([0, 2]);
            (scene["final_score"], scene["winner"]) = (json!([0, 2]), json!(B));
        },
        "no_move",
    );
    // Side B's missing move is null.
    noted("rps", |scene| scene["rounds"][2]["result"]["move_b"] = Value::Null, "no_move");
    // A round that was asked for and led to nothing: the match was forfeited, or resigned.
    noted(
        "math_duel",
        |scene| {
            scene["rounds"][1]["unresolved"] = json!(true);
            (scene["final_score"], scene["winner"], scene["payout"]) = (json!([1, 0]), json!(B), json!(0));
        },
        "ended_early",
    );
    noted(
        "math_duel",
        |scene| {
            scene["rounds"].as_array_mut().unwrap().truncate(1);
            (scene["final_score"], scene["winner"]) = (json!([1, 0]), Value::Null);
        },
        "draw_at_unequal_score",
    );
    // A move that is told although none was sent.
    noted("math_duel", |scene| scene["rounds"][1]["mine"] = Value::Null, "move_not_sent");
}

#[test]
fn equal_cards_and_divisions() {
    // Round 10 has an eight under an eight.
    let mut evidence = MatchEvidence::new();
    evidence.me(A.into());
    evidence.found("m-1".into(), "hi_lo".into(), B.into(), botpit_sdk::Lamports::MIN_WAGER, HASH);
    evidence.started(Side::A);
    evidence.turn(10, r#"{"round":10,"score":[2,2],"rounds_to_win":3,"dealer_card":8,"history":[]}"#);
    evidence.moved(10, r#"{"guess":"higher"}"#);
    evidence.resolved(
        10,
        Some(r#"{"round":10,"dealer_card":8,"hidden_card":8,"guess_a":"higher","guess_b":"lower","round_winner":"agent-b"}"#),
        Some(Score::new(2, 3)),
    );
    evidence.ended(Some(B.into()), Some(Score::new(2, 3)), Some(SEED.into()));
    let report = evidence.verify();
    assert_eq!(codes(&report), [""; 0], "{report}");
    assert!(
        notes(&report).contains(&"equal_cards".to_owned())
            && notes(&report).contains(&"began_late".to_owned())
    );

    noted(
        "math_duel",
        |scene| {
            let round = &mut scene["rounds"][1];
            (round["state"]["expression"], round["result"]["expression"]) = (json!("7 / 2"), json!("7 / 2"));
            (round["result"]["correct_answer"], round["result"]["answer_a"]) = (json!(3), json!(3));
            round["mine"]["answer"] = json!(3);
        },
        "no_exact_value",
    );
}

#[test]
fn nothing_needs_to_be_revealed_beyond_the_mine() {
    // Round 1 has five safe tiles. Both took more, and the sixth was the last that anybody saw.
    let mut scene = honest("mines");
    let round = &mut scene["rounds"][0];
    round["mine"]["tiles"] = json!(8);
    for (field, value) in [
        ("tiles_a", json!(8)),
        ("tiles_b", json!(9)),
        ("safe_a", json!(0)),
        ("safe_b", json!(5)),
        ("busted_a", json!(true)),
        ("busted_b", json!(true)),
        ("reveal_order", json!([5, 14, 21, 22, 2, 24])),
        ("round_winner", Value::Null),
    ] {
        round["result"][field] = value;
    }
    round["score"] = json!([0, 0]);
    let next = &mut scene["rounds"][1];
    (next["state"]["history"], next["state"]["score"], next["score"]) =
        (json!([]), json!([0, 0]), json!([1, 0]));
    (scene["final_score"], scene["winner"], scene["payout"]) = (json!([1, 0]), json!(A), Value::Null);
    let report = verify(&scene);
    assert_eq!((report.verdict(), codes(&report).len()), (&Verdict::Verified, 0), "{report}");
}

#[test]
fn scores_may_have_the_reader_first() {
    let mut evidence = MatchEvidence::new();
    evidence.me(B.into());
    evidence.found("m-1".into(), "rps".into(), A.into(), botpit_sdk::Lamports::MIN_WAGER, HASH);
    evidence.started(Side::B);
    for number in [1, 2] {
        evidence.turn(
            number,
            &json!({"round": number, "score": [0, number - 1], "rounds_to_win": 2}).to_string(),
        );
        evidence.moved(number, r#"{"choice":"scissors"}"#);
        let result = json!({"round": number, "move_a": "rock", "move_b": "scissors", "round_winner": A});
        evidence.resolved(number, Some(&result.to_string()), Some(Score::new(0, number)));
    }
    evidence.ended(Some(A.into()), Some(Score::new(0, 2)), Some(SEED.into()));
    let report = evidence.verify();
    assert_eq!((report.verdict(), codes(&report).len()), (&Verdict::Verified, 0), "{report}");
    assert!(notes(&report).contains(&"score_is_mine_first".to_owned()));
}

#[test]
fn a_gap_in_what_was_seen_is_no_gap_in_the_match() {
    let mut scene = honest("coinflip");
    scene["rounds"].as_array_mut().unwrap().remove(1);
    // Nothing excuses it.
    assert!(codes(&verify(&scene)).contains(&"round_out_of_order".to_owned()));
    let mut evidence = MatchEvidence::new();
    evidence.on_interruption();
    let whole = serde_json::to_value(seen(&scene)).unwrap();
    let mut whole = whole.as_object().unwrap().clone();
    whole.insert("interrupted".into(), json!(true));
    let evidence: MatchEvidence = serde_json::from_value(Value::Object(whole)).unwrap();
    let report = evidence.verify();
    assert_eq!((codes(&report).len(), report.verdict()), (0, &Verdict::Consistent), "{report}");
    assert_eq!((report.verified(), report.fair()), (2, Some(true)));
}

#[test]
fn a_lost_connection_that_cost_no_message_costs_no_verdict() {
    for game in ["rps", "dice_duel", "crash"] {
        let mut evidence = seen(&honest(game));
        evidence.on_interruption();
        let report = evidence.verify();
        assert_eq!(report.verdict(), &Verdict::Verified, "{report}");
        // The last round is missing: the final score shows it.
        let mut scene = honest(game);
        scene["rounds"].as_array_mut().unwrap().pop();
        let mut evidence = seen(&scene);
        evidence.on_interruption();
        let report = evidence.verify();
        assert_eq!((report.verdict(), codes(&report).len()), (&Verdict::Consistent, 0), "{report}");
    }
}

#[test]
fn a_field_of_another_type_hides_no_other() {
    noted("math_duel", |scene| scene["rounds"][1]["result"]["answer_b"] = json!("many"), "unreadable");
    let mut scene = honest("dice_duel");
    (scene["rounds"][0]["result"]["roll_a"], scene["rounds"][0]["result"]["roll_b"]) =
        (json!("two"), json!(6));
    assert!(codes(&verify(&scene)).contains(&"derived_differs".to_owned()));
}

#[test]
fn a_match_without_end_is_truncated() {
    let mut evidence = MatchEvidence::new();
    evidence.me(A.into());
    evidence.found("m-1".into(), "rps".into(), B.into(), botpit_sdk::Lamports::MIN_WAGER, HASH);
    evidence.started(Side::A);
    for number in 1..=5_000 {
        evidence.turn(number, r#"{"score":[0,0],"rounds_to_win":2}"#);
        evidence.moved(number, r#"{"choice":"rock"}"#);
        evidence.resolved(number, Some(r#"{"move_a":"rock","move_b":"rock","round_winner":null}"#), None);
    }
    evidence.ended(Some(A.into()), Some(Score::new(2, 0)), Some(SEED.into()));
    let report = evidence.verify();
    assert!(report.is_truncated() && report.rounds().len() == MAX_ROUNDS);
    assert_eq!((report.verdict(), codes(&report).len()), (&Verdict::Consistent, 0));

    // Nor by a file.
    let mut file = serde_json::to_value(seen(&honest("rps"))).unwrap();
    let round = file["rounds"][0].clone();
    file["rounds"] = Value::from(vec![round; 5_000]);
    let report = serde_json::from_value::<MatchEvidence>(file).unwrap().verify();
    assert!(report.is_truncated() && report.rounds().len() == MAX_ROUNDS);

    // Nor does a server fill the memory with words.
    let mut evidence = MatchEvidence::new();
    let long = format!(r#"{{"words":"{}"}}"#, "x".repeat(1_024 * 1_024));
    for number in 1..=20 {
        evidence.resolved(number, Some(&long), None);
    }
    let report = evidence.verify();
    assert!(
        report.is_truncated() && report.rounds().is_empty() || report.rounds().len() <= 8,
        "{}",
        report.rounds().len()
    );
}

#[test]
fn a_question_asked_twice_counts_once() {
    let scene = honest("math_duel");
    let mut evidence = MatchEvidence::new();
    evidence.me(A.into());
    evidence.found("m-1".into(), "math_duel".into(), B.into(), botpit_sdk::Lamports::MIN_WAGER, HASH);
    evidence.started(Side::A);
    for round in scene["rounds"].as_array().unwrap() {
        let number = u32::try_from(round["round"].as_u64().unwrap()).unwrap();
        for _ in 0..2 {
            evidence.turn(number, &round["state"].to_string());
            evidence.moved(number, &round["mine"].to_string());
        }
        evidence.on_interruption();
        for _ in 0..2 {
            evidence.resolved(number, Some(&round["result"].to_string()), None);
        }
    }
    evidence.ended(Some(A.into()), None, Some(SEED.into()));
    let report = evidence.verify();
    assert_eq!((report.rounds().len(), codes(&report).len()), (2, 0), "{report}");
}

#[test]
fn a_result_that_is_told_again_late_is_no_round_of_its_own() {
    let mut evidence = MatchEvidence::new();
    evidence.me(A.into());
    evidence.started(Side::A);
    let result = |round: u32| {
        json!({"round": round, "move_a": "rock", "move_b": "scissors", "round_winner": A}).to_string()
    };
    let state = |round: u32| {
        json!({"round": round, "score": [round - 1, 0], "rounds_to_win": 2, "history": []}).to_string()
    };
    evidence.turn(1, &state(1));
    evidence.moved(1, r#"{"choice":"rock"}"#);
    evidence.resolved(1, Some(&result(1)), Some(Score::new(1, 0)));
    evidence.resolved(1, Some(&result(1)), Some(Score::new(1, 0)));
    evidence.turn(2, &state(2));
    evidence.moved(2, r#"{"choice":"rock"}"#);
    evidence.resolved(1, Some(&result(1)), Some(Score::new(1, 0)));
    evidence.resolved(2, Some(&result(2)), Some(Score::new(2, 0)));
    evidence.ended(Some(A.into()), Some(Score::new(2, 0)), Some(SEED.into()));
    let report = evidence.verify();
    assert_eq!((codes(&report).len(), report.rounds().len()), (0, 2), "{report}");
}
