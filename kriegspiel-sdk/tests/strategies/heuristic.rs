//! The heuristic strategy knows more than chance.

use kriegspiel_sdk::strategies::{Heuristic, Random, RandomAny};
use kriegspiel_sdk::{Color, Ruleset, StrategyExt};

use super::arena::play;

/// Points of the heuristic strategy: a draw counts half.
async fn points(ruleset: &Ruleset, games: u32) -> f64 {
    let mut points = 0.0;
    for number in 1..=games {
        let heuristic = Heuristic::seeded(1).boxed();
        let random = Random::seeded(2).boxed();
        let color = if number % 2 == 0 { Color::White } else { Color::Black };
        let players = if color == Color::White { [heuristic, random] } else { [random, heuristic] };
        let (winner, plies) = play(ruleset.clone(), number, players, 600).await;
        points += winner.map_or(0.5, |winner| if winner == color { 1.0 } else { 0.0 });
        println!("{ruleset} {number}: {winner:?} after {plies} plies");
    }
    points
}

/// Six games, or as many as `KRIEGSPIEL_ARENA_GAMES` says.
#[tokio::test]
async fn it_beats_chance_in_berkeley_any() {
    let games = std::env::var("KRIEGSPIEL_ARENA_GAMES").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let points = points(&Ruleset::BerkeleyAny, games).await;
    println!("{points} of {games}");
    assert!(points >= 0.75 * f64::from(games), "{points} of {games}");
}

#[tokio::test]
async fn every_strategy_plays_every_ruleset() {
    for ruleset in Ruleset::ALL {
        let players = [Heuristic::seeded(3).imagined(3).boxed(), RandomAny::seeded(4).boxed()];
        let (_, plies) = play(ruleset.clone(), 1, players, 60).await;
        assert!(plies >= 4, "{ruleset}");
    }
}
