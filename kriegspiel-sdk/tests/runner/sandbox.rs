//! Whole games in the sandbox, against its house bots.

use std::time::Duration;

use kriegspiel_sdk::sandbox::Sandbox;
use kriegspiel_sdk::strategies::{Heuristic, Random, RandomAny};
use kriegspiel_sdk::{BoxedStrategy, Client, Ruleset, StrategyExt, Summary};

async fn played(strategy: BoxedStrategy, rulesets: &[Ruleset], events: bool) -> Summary {
    let sandbox = Sandbox::builder().seed(7).events(events).start().await.unwrap();
    let token = sandbox.register("visitor").unwrap();
    let client = Client::builder(token).url(sandbox.url().as_str()).build().unwrap();
    let games = u32::try_from(rulesets.len()).unwrap();
    let play = client.play(strategy).rulesets(rulesets.iter().cloned()).games(games).at_once(1).seed(3);
    let play = play.join_probability(0.0).run();
    let summary = tokio::time::timeout(Duration::from_secs(1_000_000), play).await.unwrap().unwrap();
    sandbox.shutdown().await;
    summary
}

#[tokio::test(start_paused = true)]
async fn one_game_in_each_ruleset() {
    let summary = played(Random::seeded(1).boxed(), &Ruleset::ALL, true).await;
    assert_eq!((summary.games, summary.unfinished, summary.fallbacks), (7, 0, 0), "{summary}");
    assert_eq!(summary.degraded, None);
}

#[tokio::test(start_paused = true)]
async fn without_events_and_with_any() {
    let summary = played(RandomAny::seeded(1).boxed(), &[Ruleset::BerkeleyAny], false).await;
    assert_eq!((summary.games, summary.unfinished, summary.fallbacks), (1, 0, 0), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn the_heuristic_strategy_plays_here_too() {
    let summary = played(Heuristic::seeded(1).imagined(4).boxed(), &[Ruleset::English], true).await;
    assert_eq!((summary.games, summary.unfinished, summary.fallbacks), (1, 0, 0), "{summary}");
}
