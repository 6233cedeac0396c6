//! Good citizenship, measured as requests per minute.

use std::time::Duration;

use kriegspiel_sdk::runner::{Pace, PlayEvent};
use kriegspiel_sdk::sdk_core::shutdown::Shutdown;
use kriegspiel_sdk::strategies::Random;
use kriegspiel_sdk::{Color, Ruleset};
use serde_json::json;
use tokio::time::Instant;

use super::platform::Platform;

/// Runs the bot for so many minutes, and counts the calls in each.
async fn per_minute(platform: &Platform, pace: Pace, minutes: usize) -> Vec<usize> {
    let shutdown = Shutdown::new();
    let play = platform
        .client()
        .play(Random::seeded(1))
        .create_games(false)
        .pace(pace)
        .seed(1)
        .shutdown(&shutdown)
        .run();
    let began = Instant::now();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(60) * u32::try_from(minutes).unwrap()).await;
        shutdown.stop();
    };
    let (summary, ()) = tokio::join!(play, stop);
    summary.unwrap();
    let mut counts = vec![0; minutes];
    for call in &platform.world().calls {
        let minute = usize::try_from(call.at.duration_since(began).as_secs() / 60).unwrap();
        if let Some(count) = counts.get_mut(minute) {
            *count += 1;
        }
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn an_idle_bot_asks_less_and_less() {
    let platform = Platform::start().await;
    let counts = per_minute(&platform, Pace::default(), 5).await;
    assert!(counts[0] <= 20, "{counts:?}");
    assert!(counts[2..].iter().all(|count| (6..=12).contains(count)), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_game_whose_opponent_thinks_is_polled_gently_and_with_events_hardly_at_all() {
    for (events, at_most) in [(false, 17), (true, 11)] {
        let platform = Platform::start().await;
        platform.world().opponent_thinks = None;
        platform.world().events = events;
        platform.begin(Ruleset::BerkeleyAny, Color::White);
        let counts = per_minute(&platform, Pace::default(), 5).await;
        assert!(counts[0] <= 45, "{events}: {counts:?}");
        assert!(counts[2..].iter().all(|count| *count <= at_most), "{events}: {counts:?}");
        let states = platform.world().calls.iter().filter(|call| call.line.ends_with("/state")).count();
        assert!(states <= 3, "the state is not polled: {states}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_games_share_one_budget() {
    let platform = Platform::start().await;
    platform.world().opponent_thinks = None;
    for _ in 0..8 {
        platform.begin(Ruleset::BerkeleyAny, Color::Black);
    }
    let pace = Pace::default().slowest(Duration::from_secs(2)).polls_a_minute(30);
    let counts = per_minute(&platform, pace, 4).await;
    assert!(counts[1..].iter().all(|count| *count <= 32), "{counts:?}");
    assert!(counts[1..].iter().all(|count| *count >= 20), "and no game is forgotten: {counts:?}");
}

/// After a 429 nobody asks before its time is over.
#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for() {
    let platform = Platform::start().await;
    let slow = (429, json!("slow down"), "Retry-After: 40\r\n");
    platform.instead("GET /game/mine/active", [slow, (200, json!({"games": []}), "")]);
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(120)).await;
        stop.stop();
    });
    let play = platform.client().play(Random::seeded(1)).create_games(false).shutdown(&shutdown);
    let mut told = false;
    let play = play.on_event(move |event| {
        if let PlayEvent::Trouble(error) = event {
            assert!(error.is_rate_limited() && !told);
            told = true;
        }
    });
    play.run().await.unwrap();
    let at: Vec<Instant> = platform
        .world()
        .calls
        .iter()
        .filter(|call| call.line == "GET /game/mine/active")
        .map(|call| call.at)
        .collect();
    let pause = at[1].duration_since(at[0]);
    assert!(pause >= Duration::from_secs(40), "{pause:?}");
}

/// With events on, the bot answers as soon as it is told: the event, the state, the move.
#[tokio::test(start_paused = true)]
async fn an_event_wakes_it_at_once() {
    let platform = Platform::start().await;
    {
        let mut world = platform.world();
        world.events = true;
        world.opponent_thinks = Some(Duration::from_secs(7));
    }
    platform.begin(Ruleset::BerkeleyAny, Color::Black);
    let summary = platform.client().play(Random::seeded(1)).create_games(false).games(1).run().await.unwrap();
    assert_eq!(summary.games, 1);
    let world = platform.world();
    let took = world.calls.last().unwrap().at.duration_since(world.calls[0].at);
    // Seven moves of the opponent's, of seven seconds each, and hardly anything else.
    assert!(took < Duration::from_secs(7 * 7 + 3), "{took:?}");
}
