//! Honest matches, one a game, written down as a server would tell them, to be tampered with. The seed and what it gives are
//! the vectors that the crate's own tests check.

use botpit_sdk::fairness::derivation::Sheet;
use botpit_sdk::fairness::{FairnessReport, MatchEvidence, Readings};
use botpit_sdk::model::{GameType, Score, Side};
use botpit_sdk::{Lamports, MoveData};
use serde_json::{Value, json};

pub(crate) const SEED: &str = "f9e8d7c6";
pub(crate) const HASH: &str = "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe";
pub(crate) const A: &str = "agent-a";
pub(crate) const B: &str = "agent-b";
pub(crate) const GAMES: &[&str] = GameType::KNOWN;

/// A match as a whole, seen by side A.
pub(crate) fn honest(game: &str) -> Value {
    let rounds = match game {
        "coinflip" => rounds(
            3,
            |_| json!({}),
            |number| {
                let coin = Sheet::of(SEED, number).coin;
                (
                    json!({"choice": coin}),
                    json!({"flip": coin, "move_a": coin, "move_b": coin.other()}),
                    Some(A),
                )
            },
        ),
        "rps" => rounds(
            2,
            |_| json!({}),
            |number| match number {
                1 => (json!({"choice": "rock"}), json!({"move_a": "rock", "move_b": "rock"}), None),
                _ => (json!({"choice": "rock"}), json!({"move_a": "rock", "move_b": "scissors"}), Some(A)),
            },
        ),
        "hi_lo" => rounds(
            3,
            |number| json!({"dealer_card": Sheet::of(SEED, number).dealer}),
            |number| {
                let Sheet { dealer, hidden, .. } = Sheet::of(SEED, number);
                let (right, wrong) = if hidden > dealer { ("higher", "lower") } else { ("lower", "higher") };
                let winner = (hidden != dealer).then_some(A);
                let cards =
                    json!({"dealer_card": dealer, "hidden_card": hidden, "guess_a": right, "guess_b": wrong});
                (json!({"guess": right}), cards, winner)
            },
        ),
        "dice_duel" => rounds(
            3,
            |_| json!({}),
            |number| {
                let [a, b] = Sheet::of(SEED, number).dice;
                (json!({"action": "roll"}), json!({"roll_a": a, "roll_b": b}), higher(a, b))
            },
        ),
        "high_card_duel" => rounds(
            3,
            |_| json!({}),
            |number| {
                let [a, b] = Sheet::of(SEED, number).cards;
                let name = |rank: u8| botpit_sdk::games::Card::new(rank.into()).unwrap().name();
                let cards = json!({"card_a": a, "card_b": b, "card_a_name": name(a), "card_b_name": name(b)});
                (json!({"action": "draw"}), cards, higher(a, b))
            },
        ),
        "crash" => rounds(
            2,
            |_| json!({"min_cashout": 1.01, "max_cashout": 10.0}),
            |number| {
                let point = (Sheet::of(SEED, number).crash_be * 100.0).floor() / 100.0;
                let told = json!({"crash_point": point, "cashout_a": 1.05, "cashout_b": 9.5,
                "survived_a": true, "survived_b": false});
                (json!({"cashout": 1.05}), told, Some(A))
            },
        ),
        // By one of the readings: eight bytes big-endian from n = 0, and four bytes big-endian from the end.
        "mines" => rounds(
            2,
            |_| json!({"grid_size": 25, "num_mines": 5, "max_tiles": 20}),
            |number| {
                let (mines, order) = match number {
                    1 => ([1, 10, 11, 17, 24], [5, 14, 21, 22, 2, 24]),
                    _ => ([8, 9, 13, 17, 19], [18, 23, 0, 21, 14, 1]),
                };
                let before = order.iter().take_while(|tile| !mines.contains(tile)).count();
                let told = json!({"tiles_a": 4, "tiles_b": 3, "safe_a": 4, "safe_b": 3, "busted_a": before < 4,
                "busted_b": before < 3, "mine_positions": mines, "reveal_order": order[..5]});
                (json!({"tiles": 4}), told, Some(A))
            },
        ),
        "math_duel" => rounds(
            2,
            |number| json!({"expression": format!("42 + 17 * {number}")}),
            |number| {
                let right = 42 + 17 * i64::from(number);
                let told = json!({"expression": format!("42 + 17 * {number}"), "correct_answer": right,
                "answer_a": right, "answer_b": 87, "a_correct": true, "b_correct": false});
                (json!({"answer": right}), told, Some(A))
            },
        ),
        "reaction_ring" => rounds(
            2,
            |_| json!({"min_guess": 1, "max_guess": 1000}),
            |number| {
                let target = Sheet::of(SEED, number).target_be;
                let told = json!({"target": target, "guess_a": target + 1, "guess_b": target + 100,
                "distance_a": 1, "distance_b": 100});
                (json!({"guess": target + 1}), told, Some(A))
            },
        ),
        "blotto" => rounds(
            3,
            |number| {
                let spent = |bid| 15 - bid * (number - 1);
                json!({"terrain_bonus_a": Sheet::of(SEED, number).terrain, "your_budget": spent(5),
                    "opponent_budget": spent(4), "total_budget": 15})
            },
            |number| {
                let terrain = Sheet::of(SEED, number).terrain;
                let told = json!({"bid_a": 5, "bid_b": 4, "terrain_bonus_a": terrain, "power_a": 5 + terrain,
                    "power_b": 4, "budget_a_remaining": 15 - 5 * number, "budget_b_remaining": 15 - 4 * number});
                (json!({"bid": 5}), told, Some(A))
            },
        ),
        other => panic!("{other}"),
    };
    let last = rounds.last().unwrap()["score"].clone();
    let winner = if last[0].as_u64() > last[1].as_u64() { A } else { B };
    let (payout, fee) = if winner == A { (19_000_000, 1_000_000) } else { (0, 1_000_000) };
    json!({"game": game, "side": "a", "id": "m-1", "hash": HASH, "seed": SEED, "wager": 10_000_000, "rounds": rounds,
        "winner": winner, "final_score": last, "payout": payout, "fee": fee, "is_sandbox": null})
}

fn higher(a: u8, b: u8) -> Option<&'static str> {
    match a.cmp(&b) {
        std::cmp::Ordering::Greater => Some(A),
        std::cmp::Ordering::Less => Some(B),
        std::cmp::Ordering::Equal => None,
    }
}

/// Rounds until somebody has won enough: the state's own fields, and my move, the result's own fields and the winner.
fn rounds(
    to_win: u64,
    state: impl Fn(u32) -> Value,
    play: impl Fn(u32) -> (Value, Value, Option<&'static str>),
) -> Vec<Value> {
    let (mut rounds, mut history, mut score) = (Vec::new(), Vec::new(), [0_u64, 0]);
    for number in 1.. {
        let mut state = state(number);
        for (name, value) in [
            ("round", json!(number)),
            ("score", json!(score)),
            ("rounds_to_win", json!(to_win)),
            ("history", json!(history)),
        ] {
            state[name] = value;
        }
        let (mine, mut result, winner) = play(number);
        result["round"] = json!(number);
        result["round_winner"] = json!(winner);
        score[0] += u64::from(winner == Some(A));
        score[1] += u64::from(winner == Some(B));
        history.push(result.clone());
        rounds.push(json!({"round": number, "state": state, "mine": mine, "result": result, "score": score}));
        if score.contains(&to_win) {
            break;
        }
    }
    rounds
}

/// What somebody sees of it.
pub(crate) fn seen(scene: &Value) -> MatchEvidence {
    let mut evidence = MatchEvidence::new();
    evidence.me(A.into());
    let found = |evidence: &mut MatchEvidence| {
        let wager = Lamports::from_lamports(scene["wager"].as_u64().unwrap());
        let game = GameType::from(scene["game"].as_str().unwrap());
        if let Some(hash) = scene["hash"].as_str() {
            evidence.found(scene["id"].as_str().unwrap().into(), game, B.into(), wager, hash);
        }
    };
    let is_late = scene["hash_is_late"] == true;
    if !is_late {
        found(&mut evidence);
    }
    evidence.started(Side::A);
    for round in scene["rounds"].as_array().unwrap() {
        let number = u32::try_from(round["round"].as_u64().unwrap()).unwrap();
        if !round["state"].is_null() {
            evidence.turn(number, &round["state"].to_string());
        }
        if !round["mine"].is_null() {
            evidence.on_move(number, &MoveData::of(&round["mine"]).unwrap());
        }
        if round["unresolved"] == true {
            continue;
        }
        evidence.resolved(number, Some(&round["result"].to_string()), score(&round["score"]));
    }
    if is_late {
        found(&mut evidence);
    }
    let winner = scene["winner"].as_str().map(Into::into);
    evidence.ended(winner, score(&scene["final_score"]), scene["seed"].as_str().map(str::to_owned));
    let lamports = |name: &str| scene[name].as_u64().map(Lamports::from_lamports);
    evidence.paid(lamports("payout"), lamports("fee"), scene["is_sandbox"].as_bool());
    evidence
}

fn score(told: &Value) -> Option<Score> {
    serde_json::from_value(told.clone()).ok()
}

pub(crate) fn verify(scene: &Value) -> FairnessReport {
    seen(scene).verify()
}

pub(crate) fn verify_on(readings: &Readings, scene: &Value) -> FairnessReport {
    readings.verify("sandbox", seen(scene))
}

/// The codes of everything that was found, the match's first.
pub(crate) fn codes(report: &FairnessReport) -> Vec<String> {
    let told = serde_json::to_value(report).unwrap();
    let rounds =
        told["rounds"].as_array().unwrap().iter().flat_map(|round| round["violations"].as_array().unwrap());
    let all = told["violations"].as_array().unwrap().iter().chain(rounds);
    all.map(|violation| violation["code"].as_str().unwrap().to_owned()).collect()
}

/// The codes of all notes, the match's first.
pub(crate) fn notes(report: &FairnessReport) -> Vec<String> {
    let told = serde_json::to_value(report).unwrap();
    let rounds =
        told["rounds"].as_array().unwrap().iter().flat_map(|round| round["notes"].as_array().unwrap());
    let all = told["notes"].as_array().unwrap().iter().chain(rounds);
    all.map(|note| note["code"].as_str().unwrap().to_owned()).collect()
}
