//! Stopping cleanly.

use std::time::Duration;

use kriegspiel_sdk::runner::Leaving;
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::strategies::Random;
use kriegspiel_sdk::{Color, Ruleset, Summary};

use super::platform::Platform;

/// A game and a waiting game are going on; it is asked to stop so many times after 30 s.
async fn stopped(leaving: Leaving, times: u32) -> (Platform, Summary) {
    let platform = Platform::start().await;
    platform.world().opponent_thinks = Some(Duration::from_secs(8));
    platform.world().joined_after = None;
    platform.begin(Ruleset::BerkeleyAny, Color::White);
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        for _ in 0..times {
            stop.request();
        }
    });
    let play = platform.client().play(Random::seeded(1)).leaving(leaving).shutdown(&shutdown);
    let summary = play.run().await.unwrap();
    (platform, summary)
}

#[tokio::test(start_paused = true)]
async fn asked_once_it_finishes_its_games_and_takes_no_new_ones() {
    let (platform, summary) = stopped(Leaving::Finish, 1).await;
    assert_eq!((summary.won, summary.unfinished), (1, 0));
    let lines = platform.lines();
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("DELETE")).count(),
        1,
        "the waiting game is deleted"
    );
    let last_list = lines.iter().rposition(|line| line == "GET /game/mine/active").unwrap();
    let deleted = lines.iter().position(|line| line.starts_with("DELETE")).unwrap();
    assert!(last_list < deleted, "and nothing new is looked for");
}

#[tokio::test(start_paused = true)]
async fn asked_once_it_resigns_where_that_is_configured() {
    let (platform, summary) = stopped(Leaving::Resign, 1).await;
    assert_eq!((summary.lost, summary.unfinished), (1, 0));
    assert_eq!(platform.lines().iter().filter(|line| line.ends_with("/resign")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn asked_twice_it_ends_now_and_the_game_goes_on_when_it_comes_back() {
    let (platform, summary) = stopped(Leaving::Finish, 2).await;
    assert_eq!((summary.games, summary.unfinished), (0, 1));
    assert!(!platform.world().games[0].referee.is_over());
    let summary = platform.client().play(Random::seeded(2)).create_games(false).games(1).run().await.unwrap();
    assert_eq!(summary.won, 1);
}

#[tokio::test(start_paused = true)]
async fn no_task_and_no_game_is_left_behind() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let platform = Platform::start().await;
    let before = tasks();
    platform.client().play(Random::seeded(1)).games(2).run().await.unwrap();
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert!(tasks() <= before, "{} tasks, and {before} before", tasks());
    assert!(platform.world().games.iter().all(|game| game.deleted || game.referee.is_over()));
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_before_anything_is_sent() {
    let platform = Platform::start().await;
    let play = || platform.client().play(Random::seeded(1));
    for (play, field) in [
        (play().rulesets([]), "rulesets"),
        (play().create_rulesets([Ruleset::Rand]), "create_rulesets"),
        (play().join_probability(1.5), "join_probability"),
        (play().join_probability(f64::NAN), "join_probability"),
        (play().at_once(0), "at_once"),
    ] {
        let error = play.run().await.unwrap_err();
        assert_eq!((error.error().code(), error.error().field()), (&codes::INVALID_CONFIG, Some(field)));
    }
    assert_eq!(play().games(0).run().await.unwrap(), Summary::default());
    assert!(platform.lines().is_empty());
}
