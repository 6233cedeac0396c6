//! Each check has a lie that it alone finds, told in a match that is honest otherwise.

use botpit_sdk::fairness::{Readings, Verdict};
use serde_json::{Value, json};

use super::scenes::{A, B, GAMES, codes, honest, verify, verify_on};

#[test]
fn untouched_nothing_is_found() {
    for game in GAMES {
        let report = verify(&honest(game));
        assert_eq!(codes(&report), [""; 0], "{game}: {report}");
        // The formula of math duel is not told.
        let expected = if *game == "math_duel" { Verdict::Consistent } else { Verdict::Verified };
        assert_eq!(report.verdict(), &expected, "{game}: {report}");
        assert_eq!(report.fair(), Some(true));
    }
}

/// The lie is found, by its code and by nothing else unless `also` says so.
#[track_caller]
fn found(game: &str, tamper: impl Fn(&mut Value), expected: &[&str]) {
    let mut scene = honest(game);
    tamper(&mut scene);
    assert_ne!(scene, honest(game), "{game}: nothing was tampered with");
    let report = verify(&scene);
    assert_eq!(codes(&report), expected, "{game}: {report}");
    assert!(report.verdict().is_violated() && report.fair() == Some(false), "{game}: {report}");
    // It can be told to a person.
    assert!(report.to_string().contains("violat") || report.to_string().contains("VIOLATION"));
}

/// A field of the first round's result.
fn result(field: &str, value: impl Into<Value>) -> impl Fn(&mut Value) {
    let (field, value) = (field.to_owned(), value.into());
    move |scene| {
        assert!(!scene["rounds"][0]["result"][&field].is_null(), "{field}");
        scene["rounds"][0]["result"][&field] = value.clone();
        // Later states tell it alike: the lie is kept up.
        for round in scene["rounds"].as_array_mut().unwrap().iter_mut().skip(1) {
            round["state"]["history"][0][&field] = value.clone();
        }
    }
}

/// A field of the first round's state.
fn state(field: &str, value: impl Into<Value>) -> impl Fn(&mut Value) {
    let (field, value) = (field.to_owned(), value.into());
    move |scene| scene["rounds"][0]["state"][&field] = value.clone()
}

// ---- every match ----------------------------------------------------------------------------------------------------

#[test]
fn a_seed_that_was_not_committed_to() {
    for game in GAMES {
        found(game, |scene| scene["seed"] = json!("f9e8d7c7"), &["commitment_differs"]);
    }
    // The hash of the bytes 61 62 63: no pass, and told apart.
    let decoded = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    found(
        "rps",
        |scene| (scene["seed"], scene["hash"]) = (json!("616263"), json!(decoded)),
        &["commitment_of_decoded_bytes"],
    );
}

#[test]
fn a_commitment_after_the_first_move() {
    found("rps", |scene| scene["hash_is_late"] = json!(true), &["commitment_after_move"]);
}

#[test]
fn a_commitment_that_serves_two_matches() {
    let readings = Readings::new();
    let mut scene = honest("dice_duel");
    assert_eq!(codes(&verify_on(&readings, &scene)), [""; 0]);
    // The same match again is the same match.
    assert_eq!(codes(&verify_on(&readings, &scene)), [""; 0]);
    scene["id"] = json!("m-2");
    let kept: Readings = serde_json::from_str(&serde_json::to_string(&readings).unwrap()).unwrap();
    for readings in [readings, kept] {
        assert_eq!(codes(&verify_on(&readings, &scene)), ["commitment_reused"]);
    }
    assert_eq!(codes(&verify_on(&Readings::new(), &scene)), [""; 0]);
}

#[test]
fn round_numbers_go_on_from_each_other() {
    // The last round is told under a number that skips one.
    found(
        "math_duel",
        |scene| {
            let last = &mut scene["rounds"][1];
            (last["round"], last["state"]["round"], last["result"]["round"]) = (json!(3), json!(3), json!(3));
        },
        &["round_out_of_order"],
    );
    // A round that was won is not played again under its number.
    found(
        "math_duel",
        |scene| {
            let last = &mut scene["rounds"][1];
            (last["round"], last["state"]["round"], last["result"]["round"]) = (json!(1), json!(1), json!(1));
        },
        &["round_out_of_order"],
    );
    found("rps", state("round", 2), &["round_numbers_differ"]);
    found("rps", |scene| scene["rounds"][2]["result"]["round"] = json!(2), &["round_numbers_differ"]);
}

#[test]
fn a_move_is_told_as_it_was_sent() {
    for (game, field, mine) in [
        ("coinflip", "choice", json!("tails")),
        ("hi_lo", "guess", json!("lower")),
        ("rps", "choice", json!("paper")),
        ("crash", "cashout", json!(1.02)),
        ("mines", "tiles", json!(5)),
        ("math_duel", "answer", json!(58)),
        ("reaction_ring", "guess", json!(34)),
        ("blotto", "bid", json!(4)),
    ] {
        found(game, |scene| scene["rounds"][0]["mine"][field] = mine.clone(), &["move_altered"]);
    }
}

#[test]
fn the_rounds_winner_is_who_won() {
    for game in GAMES {
        let lie = |winner: Value| {
            move |scene: &mut Value| {
                let rounds = scene["rounds"].as_array_mut().unwrap();
                let at = rounds.len() - 1;
                rounds[at]["result"]["round_winner"] = winner.clone();
            }
        };
        let mut scene = honest(game);
        let last = scene["rounds"].as_array().unwrap().len() - 1;
        let right = scene["rounds"][last]["result"]["round_winner"].clone();
        let wrong = if right == A { B } else { A };
        for winner in [json!(wrong), Value::Null] {
            lie(winner)(&mut scene);
            let codes = codes(&verify(&scene));
            assert!(codes.contains(&"wrong_round_winner".to_owned()), "{game}: {codes:?}");
        }
        lie(json!("agent-c"))(&mut scene);
        assert!(codes(&verify(&scene)).contains(&"unknown_winner".to_owned()), "{game}");
    }
}

#[test]
fn scores_are_the_rounds_won() {
    found("rps", |scene| scene["rounds"][1]["score"] = json!([0, 1]), &["wrong_score"]);
    found("rps", |scene| scene["rounds"][2]["state"]["score"] = json!([0, 0]), &["wrong_score"]);
    found("rps", |scene| scene["final_score"] = json!([2, 1]), &["wrong_final_score"]);
}

#[test]
fn the_match_ends_when_it_is_won() {
    for winner in [json!(B), Value::Null] {
        found(
            "rps",
            |scene| {
                (scene["winner"], scene["payout"], scene["fee"]) = (winner.clone(), Value::Null, Value::Null);
            },
            &["wrong_match_winner"],
        );
    }
    found("rps", |scene| scene["winner"] = json!("agent-c"), &["unknown_winner"]);
    found(
        "math_duel",
        |scene| {
            let mut again = scene["rounds"][1].clone();
            (again["round"], again["score"]) = (json!(3), json!([3, 0]));
            again["result"]["round"] = json!(3);
            again["state"] = Value::Null;
            scene["rounds"].as_array_mut().unwrap().push(again);
            scene["final_score"] = json!([3, 0]);
        },
        &["played_on"],
    );
    found("rps", |scene| scene["rounds"][2]["state"]["rounds_to_win"] = json!(3), &["rounds_to_win_changed"]);
}

#[test]
fn the_history_is_what_happened() {
    found(
        "coinflip",
        |scene| scene["rounds"][2]["state"]["history"][0]["flip"] = json!("tails"),
        &["history_rewritten"],
    );
    found(
        "rps",
        |scene| scene["rounds"][2]["state"]["history"][1]["move_b"] = json!("paper"),
        &["history_rewritten"],
    );
}

#[test]
fn payout_and_fee_make_up_both_wagers() {
    found("rps", |scene| scene["payout"] = json!(18_999_999), &["wrong_payout"]);
    found("rps", |scene| scene["fee"] = json!(0), &["wrong_payout"]);
}

// ---- the games ------------------------------------------------------------------------------------------------------

#[test]
fn coinflip() {
    // The winner was right about the coin as it fell: a lie about it is one about who won, too.
    found("coinflip", result("flip", "tails"), &["derived_differs", "wrong_round_winner"]);
    // Nobody tells how it fell: the winner gives it away.
    found(
        "coinflip",
        |scene| {
            for round in scene["rounds"].as_array_mut().unwrap() {
                round["result"]["flip"] = Value::Null;
                round["state"]["history"] = json!([]);
            }
            scene["rounds"][2]["result"]["round_winner"] = json!(B);
            scene["rounds"][2]["score"] = json!([2, 1]);
            scene["final_score"] = json!([2, 1]);
        },
        &["wrong_round_winner"],
    );
}

#[test]
fn rps() {
    found(
        "rps",
        |scene| {
            scene["rounds"][0]["result"]["move_b"] = json!("well");
            for round in [1, 2] {
                scene["rounds"][round]["state"]["history"] = json!([]);
            }
        },
        &["out_of_range"],
    );
}

#[test]
fn hi_lo() {
    // 7, and 11 is hidden: who was right is still right.
    found(
        "hi_lo",
        |scene| {
            state("dealer_card", 6)(scene);
            result("dealer_card", 6)(scene);
        },
        &["derived_differs"],
    );
    found("hi_lo", state("dealer_card", 6), &["contradiction", "derived_differs"]);
    found("hi_lo", result("hidden_card", 12), &["derived_differs"]);
    for other_name in ["next_card", "card"] {
        found("hi_lo", |scene| scene["rounds"][2]["result"][other_name] = json!(1), &["derived_differs"]);
    }
    let without_seed = |scene: &mut Value| scene["seed"] = Value::Null;
    found(
        "hi_lo",
        |scene| {
            without_seed(scene);
            result("hidden_card", 14)(scene);
        },
        &["out_of_range"],
    );
    // Neither hidden card nor guesses are told: my own guess and the derived card are enough.
    found(
        "hi_lo",
        |scene| {
            for round in scene["rounds"].as_array_mut().unwrap() {
                round["state"]["history"] = json!([]);
                for field in ["dealer_card", "hidden_card", "guess_a", "guess_b"] {
                    round["result"].as_object_mut().unwrap().remove(field);
                }
            }
            scene["rounds"][0]["result"]["round_winner"] = json!(B);
            for round in scene["rounds"].as_array_mut().unwrap() {
                (round["score"], round["state"]["score"]) = (Value::Null, Value::Null);
            }
            (scene["final_score"], scene["winner"]) = (Value::Null, Value::Null);
        },
        &["wrong_round_winner"],
    );
}

#[test]
fn dice_and_cards() {
    // Round 1: 2 against 5 for the dice, 11 against 1 for the cards. Who won stays the same.
    found("dice_duel", result("roll_b", 6), &["derived_differs"]);
    found("dice_duel", result("roll_a", 1), &["derived_differs"]);
    found(
        "high_card_duel",
        |scene| {
            result("card_a", 12)(scene);
            result("card_a_name", "Queen")(scene);
        },
        &["derived_differs"],
    );
    found("high_card_duel", result("card_a_name", "King"), &["contradiction"]);
    for (game, field, value) in [("dice_duel", "roll_b", 7), ("high_card_duel", "card_a", 14)] {
        let lie = |scene: &mut Value| {
            scene["seed"] = Value::Null;
            result(field, value)(scene);
            if game == "high_card_duel" {
                result("card_a_name", "Joker")(scene);
            }
        };
        found(game, lie, &["out_of_range"]);
    }
}

#[test]
fn crash() {
    // Round 1 crashes at 1.06.
    found("crash", result("survived_b", true), &["contradiction"]);
    found("crash", result("survived_a", false), &["contradiction"]);
    // At the crash point is not above it, by every reading that gives this point.
    let at_the_point = |survived: bool| {
        move |scene: &mut Value| {
            scene["rounds"][0]["mine"]["cashout"] = json!(1.06);
            result("cashout_a", 1.06)(scene);
            result("survived_a", survived)(scene);
        }
    };
    let mut scene = honest("crash");
    at_the_point(true)(&mut scene);
    assert_eq!(codes(&verify(&scene)), [""; 0]);
    found("crash", at_the_point(false), &["contradiction"]);
    found(
        "crash",
        |scene| {
            result("crash_point", 100.5)(scene);
            result("survived_b", true)(scene);
            result("cashout_b", 1.04)(scene);
        },
        &["out_of_range"],
    );
    found("crash", result("cashout_b", 10.5), &["out_of_range"]);
}

#[test]
fn mines() {
    for wrong in [
        json!([1, 10, 11, 17, 17]),
        json!([1, 10, 11, 17]),
        json!([1, 10, 11, 17, 25]),
        json!([-1, 10, 11, 17, 24]),
    ] {
        found("mines", result("mine_positions", wrong), &["out_of_range"]);
    }
    found("mines", result("reveal_order", json!([5, 14, 21, 22, 5])), &["out_of_range"]);
    found("mines", result("reveal_order", json!([5, 14, 21])), &["contradiction"]);
    found("mines", result("busted_b", true), &["contradiction"]);
    found("mines", result("safe_b", 2), &["contradiction"]);
    found("mines", result("tiles_b", 0), &["out_of_range", "contradiction"]);
    // Round 1 has five safe tiles: whoever takes six has bust, and scores nothing.
    let six = |busted: bool, winner: &'static str| {
        move |scene: &mut Value| {
            scene["rounds"][0]["mine"]["tiles"] = json!(6);
            for (field, value) in [
                ("tiles_a", json!(6)),
                ("safe_a", json!(5)),
                ("busted_a", json!(busted)),
                ("reveal_order", json!([5, 14, 21, 22, 2, 24])),
                ("round_winner", json!(winner)),
            ] {
                result(field, value)(scene);
            }
            if winner == B {
                (scene["rounds"][0]["score"], scene["rounds"][1]["state"]["score"]) =
                    (json!([0, 1]), json!([0, 1]));
                (scene["rounds"][1]["score"], scene["final_score"]) = (json!([1, 1]), json!([1, 1]));
                scene["winner"] = Value::Null;
            }
        }
    };
    let mut scene = honest("mines");
    six(true, B)(&mut scene);
    assert_eq!(codes(&verify(&scene)), [""; 0]);
    found("mines", six(false, B), &["contradiction"]);
    found("mines", six(true, A), &["wrong_round_winner"]);
}

#[test]
fn math_duel() {
    found("math_duel", state("expression", "42 + 17 * 2"), &["contradiction"]);
    found("math_duel", result("correct_answer", 60), &["contradiction"]);
    found("math_duel", result("a_correct", false), &["contradiction"]);
    found("math_duel", result("b_correct", true), &["contradiction"]);
    // A wrong answer that is called right wins nothing.
    found(
        "math_duel",
        |scene| {
            scene["rounds"][0]["mine"]["answer"] = json!(60);
            result("answer_a", 60)(scene);
            result("answer_b", 59)(scene);
            result("a_correct", false)(scene);
            result("b_correct", true)(scene);
        },
        &["wrong_round_winner"],
    );
}

#[test]
fn reaction_ring() {
    found("reaction_ring", result("distance_a", 2), &["contradiction"]);
    found("reaction_ring", result("distance_b", 1), &["contradiction"]);
    found(
        "reaction_ring",
        |scene| {
            result("guess_b", 1_001)(scene);
            result("distance_b", 1_001 - 32)(scene);
        },
        &["out_of_range"],
    );
    found(
        "reaction_ring",
        |scene| {
            result("target", 0)(scene);
            result("distance_a", 33)(scene);
            result("distance_b", 132)(scene);
        },
        &["out_of_range"],
    );
}

#[test]
fn blotto() {
    // Round 1 has a bonus of 1.
    found(
        "blotto",
        |scene| {
            state("terrain_bonus_a", 2)(scene);
            result("terrain_bonus_a", 2)(scene);
            result("power_a", 7)(scene);
        },
        &["derived_differs"],
    );
    found("blotto", state("terrain_bonus_a", 2), &["contradiction"]);
    found("blotto", result("power_a", 7), &["contradiction"]);
    found("blotto", result("power_b", 5), &["contradiction"]);
    found("blotto", result("budget_a_remaining", 11), &["contradiction"]);
    found("blotto", |scene| scene["rounds"][1]["state"]["your_budget"] = json!(9), &["contradiction"]);
    found("blotto", |scene| scene["rounds"][1]["state"]["opponent_budget"] = json!(15), &["contradiction"]);
    // B bids 13 when 7 are left, and nothing else is wrong.
    found(
        "blotto",
        |scene| {
            let last = &mut scene["rounds"][2];
            for (field, value) in [("bid_b", 13), ("power_b", 13), ("budget_b_remaining", 0)] {
                last["result"][field] = json!(value);
            }
            (last["result"]["round_winner"], last["score"]) = (json!(B), json!([2, 1]));
            (scene["final_score"], scene["winner"]) = (json!([2, 1]), Value::Null);
        },
        &["over_budget"],
    );
    found(
        "blotto",
        |scene| {
            result("bid_b", -1)(scene);
            result("power_b", -1)(scene);
            for (round, left) in [(0, 16), (1, 12), (2, 8)] {
                scene["rounds"][round]["result"]["budget_b_remaining"] = json!(left);
                if round > 0 {
                    scene["rounds"][round]["state"]["opponent_budget"] = json!(left + 4);
                    scene["rounds"][round]["state"]["history"] = json!([]);
                }
            }
        },
        &["out_of_range"],
    );
}

#[test]
fn side_b_does_not_see_the_terrain() {
    use botpit_sdk::fairness::MatchEvidence;
    use botpit_sdk::model::Side;

    let mut evidence = MatchEvidence::new();
    evidence.me(B.into());
    evidence.found(
        "m-1".into(),
        "blotto".into(),
        A.into(),
        botpit_sdk::Lamports::MIN_WAGER,
        super::scenes::HASH,
    );
    evidence.started(Side::B);
    evidence.turn(1, r#"{"round":1,"score":[0,0],"rounds_to_win":3,"terrain_bonus_a":1,"your_budget":15,"opponent_budget":15}"#);
    evidence.ended(None, None, None);
    assert_eq!(codes(&evidence.verify()), ["contradiction"]);
}
