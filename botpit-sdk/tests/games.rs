//! The ten games against the examples of the platform's API documentation ("BOTPIT API Documentation", "Game Types").
//!
//! Each file under `fixtures/spec` is one example, to the character.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking"
)]

use std::fmt::Debug;

use botpit_sdk::games::blotto::{Bid, Blotto, Budgets};
use botpit_sdk::games::coinflip::{Coinflip, Face};
use botpit_sdk::games::crash::{CashOut, Crash};
use botpit_sdk::games::dice_duel::DiceDuel;
use botpit_sdk::games::hi_lo::HiLo;
use botpit_sdk::games::high_card_duel::HighCardDuel;
use botpit_sdk::games::math_duel::MathDuel;
use botpit_sdk::games::mines::{Mines, Tiles};
use botpit_sdk::games::reaction_ring::{Guess, ReactionRing};
use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::games::{
    Card, Game, GameState, RoundEnd, RoundRecord, blotto, coinflip, crash, dice_duel, hi_lo, high_card_duel,
    math_duel, mines, reaction_ring, rps,
};
use botpit_sdk::model::{AgentId, GameType, MakeMove, Score, Side};
use botpit_sdk::{MoveData, Strategy};
use proptest::prelude::*;
use serde_json::{Value, json};

macro_rules! spec {
    ($file:literal) => {
        include_str!(concat!("fixtures/spec/", $file, ".json"))
    };
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An example of a move is read, and written to the same JSON on every way that there is.
fn assert_move<G: Game>(example: &str, answer: impl Into<G::Move> + Into<MoveData> + Clone)
where
    MoveData: From<G::Move>,
{
    let typed: G::Move = answer.clone().into();
    assert_eq!(serde_json::from_str::<G::Move>(example).unwrap(), typed);
    let compact = example.split_whitespace().collect::<String>();
    assert_eq!(serde_json::to_string(&typed).unwrap(), compact);
    assert_eq!(MoveData::of(&typed).unwrap().as_json(), compact);
    assert_eq!(MoveData::from(typed.clone()).as_json(), compact);
    assert_eq!(Into::<MoveData>::into(answer).as_json(), compact);
    let message = MakeMove::text("match-uuid", &typed).unwrap();
    assert_eq!(message, format!(r#"{{"type":"make_move","match_id":"match-uuid","move_data":{compact}}}"#));
}

/// An example of a state is read whole: nothing ends up among the unknown fields, and what a server would write is equal.
fn assert_state<G: Game>(example: &str, built: &G::State) -> G::State
where
    G::State: PartialEq + serde::Serialize,
{
    let state: G::State = serde_json::from_str(example).unwrap_or_else(|error| panic!("{error}: {example}"));
    assert_eq!(&state, built);
    assert_eq!(serde_json::to_value(built).unwrap(), value(example));
    assert_eq!(state.rounds_to_win(), G::rounds_to_win());
    assert!(state.history().len() < state.round() as usize);

    // What the platform adds tomorrow is kept.
    let mut more = value(example);
    more["weather"] = json!({ "wind": [1, 2] });
    let state: G::State = serde_json::from_value(more.clone()).unwrap();
    assert_eq!(serde_json::to_value(&state).unwrap(), more);
    for required in ["round", "score", "rounds_to_win"] {
        let mut less = value(example);
        less.as_object_mut().unwrap().remove(required);
        assert!(serde_json::from_value::<G::State>(less).is_err(), "{required}");
    }
    state
}

/// An example of a result is read whole, and its winner follows from its own fields.
fn assert_result<G: Game>(example: &str, built: &G::RoundResult)
where
    G::RoundResult: PartialEq + serde::Serialize,
{
    let result: G::RoundResult =
        serde_json::from_str(example).unwrap_or_else(|error| panic!("{error}: {example}"));
    assert_eq!(&result, built);
    assert_eq!(serde_json::to_value(built).unwrap(), value(example));
    assert_eq!(result.round(), 1);
    assert_eq!(result.round_winner(), Some(&AgentId::from("agent-a-uuid")));
    assert_eq!(result.by_rules(), Some(RoundEnd::Won(Side::A)));
    assert!(result.told(Side::A).ends_with("won") && result.told(Side::B).ends_with("lost"), "{built:?}");
    assert_tolerant::<G>(example);
}

/// Whatever a result leaves out or has as null, it is read, and nothing is made up.
fn assert_tolerant<G: Game>(example: &str)
where
    G::RoundResult: serde::Serialize,
{
    let full = value(example);
    for field in full.as_object().unwrap().keys().filter(|field| *field != "round") {
        let (mut less, mut null, mut more) = (full.clone(), full.clone(), full.clone());
        less.as_object_mut().unwrap().remove(field);
        null[field] = Value::Null;
        more["weather"] = json!("fine");
        for odd in [&less, &null, &more] {
            let result: G::RoundResult = serde_json::from_value(odd.clone())
                .unwrap_or_else(|error| panic!("{} without {field}: {error}", G::NAME));
            let again = serde_json::to_value(&result).unwrap();
            for (name, value) in odd.as_object().unwrap() {
                assert_eq!(&again[name], value, "{}", G::NAME);
            }
            assert!(!result.told(Side::B).is_empty());
        }
    }
}

fn winner() -> Option<AgentId> {
    Some("agent-a-uuid".into())
}

const EVEN: Score = Score::new(0, 0);

#[test]
fn every_move_of_the_spec_is_read_and_produced() {
    assert_move::<Coinflip>(spec!("coinflip_move_heads"), Face::Heads);
    assert_move::<Coinflip>(spec!("coinflip_move_tails"), Face::Tails);
    assert_move::<Rps>(spec!("rps_move_rock"), Choice::Rock);
    assert_move::<Rps>(spec!("rps_move_paper"), Choice::Paper);
    assert_move::<Rps>(spec!("rps_move_scissors"), Choice::Scissors);
    assert_move::<HiLo>(spec!("hi_lo_move_higher"), hi_lo::Guess::Higher);
    assert_move::<HiLo>(spec!("hi_lo_move_lower"), hi_lo::Guess::Lower);
    assert_move::<DiceDuel>(spec!("dice_duel_move"), dice_duel::Action::Roll);
    assert_move::<HighCardDuel>(spec!("high_card_duel_move"), high_card_duel::Action::Draw);
    assert_move::<Crash>(spec!("crash_move"), "2.5".parse::<CashOut>().unwrap());
    assert_move::<Mines>(spec!("mines_move"), Tiles::new(8).unwrap());
    assert_move::<MathDuel>(spec!("math_duel_move"), math_duel::Move::from(93));
    assert_move::<ReactionRing>(spec!("reaction_ring_move"), Guess::new(500).unwrap());
    assert_move::<Blotto>(spec!("blotto_move"), Bid::within(5, 15).unwrap());
}

#[test]
fn a_move_is_never_the_shape_that_the_official_readmes_show() {
    fn refused<G: Game>(text: &str) {
        assert!(serde_json::from_str::<G::Move>(text).is_err(), "{} took {text}", G::NAME);
    }
    refused::<HiLo>(r#"{"choice":"higher"}"#);
    refused::<DiceDuel>(r#"{"choice":"roll"}"#);
    refused::<HighCardDuel>(r#"{"choice":"draw"}"#);
    refused::<Crash>(r#"{"cashout_at":2.5}"#);
    refused::<Mines>(r#"{"tiles":[0,7,24],"cashout":true}"#);
    refused::<Blotto>(r#"{"allocations":[3,3,3,3,3]}"#);
}

#[test]
fn every_state_of_the_spec_is_read_and_produced() {
    let first = coinflip::RoundResult::new(1, Face::Heads, Some(Face::Heads), Some(Face::Tails), winner());
    let state = assert_state::<Coinflip>(
        spec!("coinflip_state"),
        &coinflip::State::new(2, Score::new(1, 0), vec![first]),
    );
    assert_eq!(state.history[0].by_rules(), Some(RoundEnd::Won(Side::A)));
    assert_state::<Rps>(spec!("rps_state"), &rps::State::new(1, EVEN, Vec::new()));
    assert_state::<HiLo>(
        spec!("hi_lo_state"),
        &hi_lo::State::new(1, EVEN, Card::new(7).unwrap(), Vec::new()),
    );
    assert_state::<Crash>(spec!("crash_state"), &crash::State::new(1, EVEN, Vec::new()));
    assert_state::<Mines>(spec!("mines_state"), &mines::State::new(1, EVEN, Vec::new()));
    assert_state::<MathDuel>(
        spec!("math_duel_state"),
        &math_duel::State::new(1, EVEN, "42 + 17 * 3", Vec::new()),
    );
    assert_state::<ReactionRing>(
        spec!("reaction_ring_state"),
        &reaction_ring::State::new(1, EVEN, Vec::new()),
    );
    // The spec shows no states of these two: what all games' states have, as in rock paper scissors.
    let common = r#"{"round":1,"score":[0,0],"rounds_to_win":3,"history":[]}"#;
    assert_state::<DiceDuel>(common, &dice_duel::State::new(1, EVEN, Vec::new()));
    assert_state::<HighCardDuel>(common, &high_card_duel::State::new(1, EVEN, Vec::new()));
}

#[test]
fn side_bs_null_terrain() {
    let state = |side| blotto::State::new(1, EVEN, side, 2, Budgets::FULL, Vec::new());
    let a = assert_state::<Blotto>(spec!("blotto_state_a"), &state(Side::A));
    let b = assert_state::<Blotto>(spec!("blotto_state_b"), &state(Side::B));
    assert_eq!((a.terrain_bonus_a, b.terrain_bonus_a), (Some(2), None));
    assert_eq!((a.budgets(Side::A), b.budgets(Side::B)), (Budgets::FULL, Budgets::FULL));
}

#[test]
fn unspent_budget() {
    let result: blotto::RoundResult = serde_json::from_str(spec!("blotto_round_result")).unwrap();
    assert_eq!((result.remaining(Side::A), result.remaining(Side::B)), (Some(10), Some(11)));
    assert_eq!(Budgets::FULL.after(5, 4), Budgets { a: 10, b: 11 });
    // A budget may be kept to the end, and then it is worth nothing: bidding nothing is allowed, bidding it is too.
    let last = blotto::State::new(5, Score::new(2, 2), Side::B, 0, Budgets { a: 0, b: 11 }, vec![result]);
    for points in [0, 11] {
        assert!(Blotto::check_move(&last, Side::B, &last.bid(points).unwrap().into()).is_ok());
    }
    let beyond = blotto::Move { bid: Bid::within(12, 15).unwrap() };
    let refused = Blotto::check_move(&last, Side::B, &beyond).unwrap_err();
    assert_eq!((refused.field(), refused.code().id()), (Some("bid"), "invalid_argument"));
    assert!(refused.message().contains("0 to 11"), "{refused}");
}

#[test]
fn every_round_result_of_the_spec_is_read_and_produced() {
    let card = |rank| Card::new(rank).ok();
    let tiles = |number| Tiles::new(number).ok();
    let guess = |number| Guess::new(number).ok();
    let bid = |points| Bid::within(points, 15).ok();
    let cash_out = |text: &str| text.parse().ok();

    assert_result::<DiceDuel>(
        spec!("dice_duel_round_result"),
        &dice_duel::RoundResult::new(1, Some(5), Some(3), winner()),
    );
    assert_result::<HighCardDuel>(
        spec!("high_card_duel_round_result"),
        &high_card_duel::RoundResult::new(1, card(11), card(5), winner()),
    );
    assert_result::<Crash>(
        spec!("crash_round_result"),
        &crash::RoundResult::new(1, 3.42, cash_out("2.5"), cash_out("5.0"), winner()),
    );
    let (mine_positions, order) = (vec![2, 7, 14, 19, 23], vec![0, 5, 10, 15, 20, 1, 6, 11]);
    assert_result::<Mines>(
        spec!("mines_round_result"),
        &mines::RoundResult::new(1, tiles(8), tiles(3), mine_positions, order, winner()),
    );
    assert_result::<MathDuel>(
        spec!("math_duel_round_result"),
        &math_duel::RoundResult::new(1, "42 + 17 * 3", 93, Some(93), Some(87), winner()),
    );
    assert_result::<ReactionRing>(
        spec!("reaction_ring_round_result"),
        &reaction_ring::RoundResult::new(1, 372, guess(350), guess(600), winner()),
    );
    assert_result::<Blotto>(
        spec!("blotto_round_result"),
        &blotto::RoundResult::new(1, Budgets::FULL, bid(5), bid(4), 2, winner()),
    );
    // Coinflip's stands in its state's history; the spec has none for hi-lo.
    let state = value(spec!("coinflip_state"));
    assert_tolerant::<Coinflip>(&state["history"][0].to_string());
    assert_tolerant::<HiLo>(r#"{"round":1,"hidden_card":9,"guess_a":"higher","guess_b":"lower"}"#);
}

#[test]
fn format_and_time_are_the_specs() {
    fn assert_format<G: Game>(known: &GameType) {
        assert_eq!(&G::game_type(), known);
        assert!(G::game_type().is_known());
        assert_eq!(G::game_type().best_of(), Some(G::BEST_OF), "{}", G::NAME);
        assert_eq!(G::game_type().timeout(), Some(G::TIMEOUT), "{}", G::NAME);
    }
    assert_format::<Coinflip>(&GameType::Coinflip);
    assert_format::<Rps>(&GameType::Rps);
    assert_format::<HiLo>(&GameType::HiLo);
    assert_format::<DiceDuel>(&GameType::DiceDuel);
    assert_format::<HighCardDuel>(&GameType::HighCardDuel);
    assert_format::<Crash>(&GameType::Crash);
    assert_format::<Mines>(&GameType::Mines);
    assert_format::<MathDuel>(&GameType::MathDuel);
    assert_format::<ReactionRing>(&GameType::ReactionRing);
    assert_format::<Blotto>(&GameType::Blotto);
}

#[test]
fn every_player_is_a_strategy_of_its_game() {
    fn assert_plays<G: Game>(_: impl Strategy<G>) {}
    assert_plays::<Coinflip>(coinflip::Caller::default());
    assert_plays::<Rps>(rps::Predictor::seeded(1));
    assert_plays::<Rps>(rps::UniformRandom::seeded(1));
    assert_plays::<HiLo>(hi_lo::ByOdds);
    assert_plays::<DiceDuel>(dice_duel::AlwaysRoll);
    assert_plays::<HighCardDuel>(high_card_duel::AlwaysDraw);
    assert_plays::<Crash>(crash::Equilibrium::seeded(1));
    assert_plays::<Mines>(mines::Equilibrium::seeded(1));
    assert_plays::<MathDuel>(math_duel::Solver);
    assert_plays::<ReactionRing>(reaction_ring::Median);
    assert_plays::<Blotto>(blotto::Equilibrium::seeded(1));
}

#[test]
fn a_game_of_your_own_is_a_game() {
    /// Rock paper scissors under a custom name.
    #[derive(Debug)]
    struct House;

    impl Game for House {
        const NAME: &'static str = "house-rps";
        const BEST_OF: u32 = 7;
        const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
        type Move = rps::Move;
        type State = rps::State;
        type RoundResult = rps::RoundResult;
    }

    assert_eq!(House::game_type(), GameType::Other("house-rps".into()));
    assert_eq!((House::rounds_to_win(), House::game_type().best_of()), (4, None));
}

/// The move whose only field holds `json`, if it is one.
fn read<G: Game>(field: &str, json: impl Debug) -> Option<G::Move> {
    serde_json::from_str(&format!(r#"{{"{field}":{json:?}}}"#)).ok()
}

proptest! {
    #[test]
    fn exactly_what_is_out_of_range_is_refused(number in prop_oneof![0_u32..2_000, any::<u32>()], budget in 0_u32..40) {
        for (made, least, most, field) in [
            (Tiles::new(number).map(u32::from), 1, 20, "tiles"),
            (Guess::new(number).map(u32::from), 1, 1_000, "guess"),
            (CashOut::from_hundredths(number).map(|made| made.hundredths().into()), 101, 1_000, "cashout"),
            (Card::new(number).map(|made| made.rank().into()), 1, 13, "card"),
            (Bid::within(number, budget).map(Bid::points), 0, budget, "bid"),
        ] {
            match made {
                Ok(made) => prop_assert!(made == number && (least..=most).contains(&number)),
                Err(refused) => {
                    prop_assert!(!(least..=most).contains(&number), "{refused}");
                    prop_assert_eq!(refused.field(), Some(field));
                    let most = if field == "cashout" { "10.00".to_owned() } else { most.to_string() };
                    prop_assert!(refused.message().contains(&most), "{}", refused);
                }
            }
        }
    }

    #[test]
    fn what_is_read_is_what_may_be_made(number in prop_oneof![-5_i64..1_100, any::<i64>()]) {
        let small = u32::try_from(number).ok();
        let tiles = small.and_then(|number| Tiles::new(number).ok()).map(mines::Move::from);
        prop_assert_eq!(read::<Mines>("tiles", number), tiles);
        let guess = small.and_then(|number| Guess::new(number).ok()).map(reaction_ring::Move::from);
        prop_assert_eq!(read::<ReactionRing>("guess", number), guess);
        prop_assert_eq!(read::<MathDuel>("answer", number), Some(math_duel::Move { answer: number }));
    }

    #[test]
    fn a_number_off_the_wire_is_a_cash_out_or_refused(number in prop_oneof![-1.0..12.0_f64, any::<f64>()]) {
        let hundredths = (number * 100.0).round();
        let whole = (number * 100.0 - hundredths).abs() < 1e-3 && (101.0..=1_000.0).contains(&hundredths);
        let made = CashOut::from_f64(number);
        prop_assert_eq!(made.is_ok(), whole);
        if let Ok(made) = made {
            prop_assert_eq!(f64::from(made.hundredths()), hundredths);
        }
    }

    #[test]
    fn every_cash_out_comes_back(hundredths in 101_u32..=1_000) {
        let cash_out = CashOut::from_hundredths(hundredths).unwrap();
        let data = MoveData::from(cash_out);
        let again: crash::Move = serde_json::from_str(data.as_json()).unwrap();
        prop_assert_eq!(again.cashout, cash_out);
        prop_assert_eq!(MoveData::of(&again).unwrap(), data);
        // What a strict server reads: a number within the limits.
        let number = value(&serde_json::to_string(&again).unwrap())["cashout"].as_f64().unwrap();
        prop_assert!((1.01..=10.0).contains(&number));
    }

    #[test]
    fn the_players_answer_within_the_rules(seed: u64, round in 1_u32..8, a in 0_u32..=15, b in 0_u32..=15, terrain in 0_u32..4) {
        let score = Score::new(round % 3, (round / 2) % 3);
        for side in [Side::A, Side::B] {
            let state = blotto::State::new(round, score, side, terrain, Budgets { a, b }, Vec::new());
            let bid = blotto::Equilibrium::seeded(seed).choose(&state, side);
            prop_assert!(Blotto::check_move(&state, side, &bid.into()).is_ok());
            let state = crash::State::new(round, score, Vec::new());
            let cash_out = crash::Equilibrium::seeded(seed).choose(&state, side);
            prop_assert!(Crash::check_move(&state, side, &cash_out.into()).is_ok());
            let state = mines::State::new(round, score, Vec::new());
            let tiles = mines::Equilibrium::seeded(seed).choose(&state, side);
            prop_assert!(Mines::check_move(&state, side, &tiles.into()).is_ok());
        }
    }
}
