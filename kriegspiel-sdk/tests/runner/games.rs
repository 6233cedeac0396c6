//! Playing: whole games, what is asked and what is not, strategies that fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kriegspiel_sdk::model::Outcome;
use kriegspiel_sdk::runner::{Complaint, FailureCause, Pace, PlayEvent, StrategyFailure};
use kriegspiel_sdk::strategies::{Random, RandomAny};
use kriegspiel_sdk::{
    Action, Color, GameReport, GameStart, Position, Result, Ruleset, Strategy, StrategyExt,
};

use super::platform::Platform;

#[tokio::test(start_paused = true)]
async fn a_whole_game_is_played_with_and_without_events() {
    for events in [true, false] {
        let platform = Platform::start().await;
        platform.world().events = events;
        let reports: Arc<Mutex<Vec<GameReport>>> = Arc::default();
        let kept = reports.clone();
        let heard = Arc::new(Mutex::new(0));
        let counted = heard.clone();
        let summary = platform
            .client()
            .play(RandomAny::seeded(1))
            .games(1)
            .on_game(move |report| kept.lock().unwrap().push(report.clone()))
            .on_event(move |event| {
                *counted.lock().unwrap() += u32::from(matches!(event, PlayEvent::Heard { .. }))
            })
            .run()
            .await
            .unwrap();
        assert_eq!((summary.games, summary.won, summary.unfinished), (1, 1, 0), "events: {events}");
        let report = reports.lock().unwrap().pop().unwrap();
        assert_eq!(report.outcome(), Some(Outcome::Win));
        assert_eq!(report.reason().map(ToString::to_string).as_deref(), Some("resignation"));
        assert_eq!(
            report.board.as_ref().unwrap().men(Color::Black).len(),
            16,
            "the whole board is seen at the end"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["result"], "win");
        assert_eq!(json["ruleset"], "berkeley_any");
        assert_eq!(json["plies"], report.plies);
        assert!(*heard.lock().unwrap() >= 12);

        let lines = platform.lines();
        assert_eq!(lines[..3], ["GET /auth/me", "POST /bots/profile", "GET /game/mine/active"]);
        assert_eq!(platform.count("POST /bots/profile"), 1, "the rulesets are stored once, before polling");
        assert_eq!(platform.count("POST /bots/availability"), 0, "this is no model bot");
        let undue: Vec<_> = platform.world().calls.iter().filter(|call| !call.was_due).cloned().collect();
        assert!(undue.is_empty(), "a state is read in the own turn alone: {undue:?}");
    }
}

/// Listings lag behind in games between bots: they say the wrong turn here, all the time.
#[tokio::test(start_paused = true)]
async fn surprise_05_the_listing_is_never_trusted_for_whose_turn_it_is() {
    let platform = Platform::start().await;
    platform.begin(Ruleset::Wild16, Color::Black);
    let summary = platform
        .client()
        .play(Random::seeded(1))
        .rulesets([Ruleset::Wild16])
        .create_games(false)
        .games(1)
        .run()
        .await
        .unwrap();
    assert_eq!(summary.games, 1);
    assert!(platform.world().calls.iter().all(|call| call.was_due));
}

/// The list of the bot's own games holds its waiting game too: it is no game to play yet, and no second one is created.
#[tokio::test(start_paused = true)]
async fn surprise_06_the_own_waiting_game_is_listed_among_the_active_ones() {
    let platform = Platform::start().await;
    platform.world().joined_after = Some(Duration::from_secs(120));
    let summary = platform.client().play(Random::seeded(1)).games(1).run().await.unwrap();
    assert_eq!(summary.games, 1);
    assert_eq!(platform.count("POST /game/create"), 1);
}

#[tokio::test(start_paused = true)]
async fn seven_rulesets_in_turn() {
    let platform = Platform::start().await;
    let rulesets: Arc<Mutex<Vec<Ruleset>>> = Arc::default();
    let seen = rulesets.clone();
    let summary = platform
        .client()
        .play(Random::seeded(1))
        .rulesets(Ruleset::ALL)
        .at_once(1)
        .games(7)
        .on_game(move |report| seen.lock().unwrap().push(report.game.ruleset.clone()))
        .run()
        .await
        .unwrap();
    assert_eq!(summary.games, 7);
    assert_eq!(*rulesets.lock().unwrap(), Ruleset::ALL);
}

/// Tries what is not allowed, and what was refused, until it is told better.
#[derive(Clone, Default)]
struct Stubborn {
    complaints: Arc<Mutex<Vec<Complaint>>>,
    failures: Arc<Mutex<Vec<StrategyFailure>>>,
    last: Option<Action>,
}

impl Strategy for Stubborn {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        self.complaints.lock().unwrap().extend(position.complaint());
        if position.refused().is_empty() && position.move_number < 4 {
            // Nonsense three times: then the fallback is played.
            return Ok(Action::Move("a1a8".parse()?));
        }
        let again = !position.refused().is_empty() && position.complaint().is_none();
        if let Some(last) = self.last.filter(|_| again) {
            return Ok(last);
        }
        let diagonal = position.knowledge.pawn_captures(position.moves()).next();
        let action = diagonal.or(position.moves().first().copied()).map_or(Action::Resign, Action::Move);
        self.last = Some(action);
        Ok(action)
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        self.failures.lock().unwrap().push(failure.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_asked_again_then_the_fallback_is_played_and_no_try_is_repeated() {
    let platform = Platform::start().await;
    let strategy = Stubborn::default();
    let summary = platform.client().play(strategy.clone()).games(1).run().await.unwrap();
    assert_eq!(summary.games, 1);
    assert!(summary.fallbacks >= 1);
    let failures = strategy.failures.lock().unwrap();
    let played: Vec<bool> = failures.iter().map(|failure| failure.played.is_some()).take(3).collect();
    assert_eq!(played, [false, false, true], "asked again twice, with the reason");
    assert!(matches!(failures[0].cause, FailureCause::Nonsense(Complaint::NotAllowed(_))));
    let complaints = strategy.complaints.lock().unwrap();
    assert!(
        complaints.iter().any(|complaint| matches!(complaint, Complaint::TriedBefore(_))),
        "{complaints:?}"
    );
    // No try is sent twice in one turn: a move's number changes only when one was made.
    let world = platform.world();
    let mut turn = Vec::new();
    for record in world.games[0].referee.records() {
        if record.color != Color::White {
            continue;
        }
        assert!(!turn.contains(&record.question), "{:?} twice", record.question);
        turn.push(record.question);
        if record.answer.is_move_done() {
            turn.clear();
        }
    }
    assert!(world.tries(0).iter().all(|uci| uci != "a1a8"), "nothing that is not allowed is sent");
}

/// Thinks for ever in its first game.
#[derive(Clone, Default)]
struct SlowInTheFirst(bool);

impl Strategy for SlowInTheFirst {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        if self.0 {
            std::future::pending::<()>().await;
        }
        Ok(position.moves()[0].into())
    }

    fn on_game_start(&mut self, game: &GameStart) {
        self.0 = game.number == 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_strategy_delays_no_other_game_and_loses_its_turn_to_the_fallback() {
    let platform = Platform::start().await;
    platform.begin(Ruleset::Berkeley, Color::White);
    platform.begin(Ruleset::Berkeley, Color::White);
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    let ended = order.clone();
    let started = tokio::time::Instant::now();
    let first: Arc<Mutex<Option<Duration>>> = Arc::default();
    let first_end = first.clone();
    let summary = platform
        .client()
        .play(SlowInTheFirst::default())
        .rulesets([Ruleset::Berkeley])
        .create_games(false)
        .think_at_most(Duration::from_secs(60))
        .games(2)
        .on_game(move |report| {
            ended.lock().unwrap().push(report.game.number);
            first_end.lock().unwrap().get_or_insert(started.elapsed());
        })
        .run()
        .await
        .unwrap();
    assert_eq!(*order.lock().unwrap(), [2, 1]);
    assert!(first.lock().unwrap().unwrap() < Duration::from_secs(60));
    assert!(summary.fallbacks >= 6, "{}", summary.fallbacks);
}

/// A strategy that panics, chosen at run time, with nothing else to lose.
#[tokio::test(start_paused = true)]
async fn a_strategy_that_panics_is_replaced_move_by_move() {
    let platform = Platform::start().await;
    let broken = |position: &Position| -> Action { panic!("at move {}", position.move_number) };
    let summary = platform.client().play(broken.boxed()).games(1).run().await.unwrap();
    assert_eq!(summary.games, 1);
    assert!(summary.fallbacks >= 6);
    assert!(summary.degraded.unwrap().contains("the strategy failed"));
}

/// A strategy on a thread of its own plays as well as any.
#[tokio::test]
async fn a_blocking_strategy_plays_on_a_thread_of_its_own() {
    let platform = Platform::start().await;
    {
        let mut world = platform.world();
        world.events = true;
        world.opponent_thinks = Some(Duration::ZERO);
        world.joined_after = Some(Duration::ZERO);
    }
    let here = std::thread::current().id();
    let strategy = move |position: &Position| {
        assert_ne!(std::thread::current().id(), here);
        Action::from(position.moves()[0])
    };
    let summary = platform.client().play(strategy.blocking()).games(1).run().await.unwrap();
    assert_eq!((summary.games, summary.fallbacks), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_strategy_may_wait_and_resign() {
    #[derive(Clone, Default)]
    struct Hesitant(u32);
    impl Strategy for Hesitant {
        async fn choose(&mut self, _: &Position) -> Result<Action> {
            self.0 += 1;
            Ok(if self.0 < 4 { Action::Wait(Duration::from_secs(10)) } else { Action::Resign })
        }
    }
    let platform = Platform::start().await;
    platform.begin(Ruleset::BerkeleyAny, Color::White);
    let before = tokio::time::Instant::now();
    let summary =
        platform.client().play(Hesitant::default()).create_games(false).games(1).run().await.unwrap();
    assert_eq!(summary.lost, 1);
    assert!(before.elapsed() >= Duration::from_secs(30));
}

/// The opponent's time is over: reading the state is what ends the game.
#[tokio::test(start_paused = true)]
async fn the_opponents_flag_is_claimed_by_reading_the_state() {
    let platform = Platform::start().await;
    platform.world().opponent_thinks = None;
    let index = platform.begin(Ruleset::BerkeleyAny, Color::White);
    platform.world().games[index].opponents_clock = 90.0;
    let watching = platform.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(91)).await;
        watching.world().games[index].referee.run_out_of_time(Color::Black);
    });
    let pace = Pace::default().slowest(Duration::from_secs(3_000));
    let summary = platform
        .client()
        .play(Random::seeded(1))
        .create_games(false)
        .pace(pace)
        .games(1)
        .run()
        .await
        .unwrap();
    assert_eq!(summary.won, 1);
}

/// A finished game may still have a turn, and its board is the whole one: the state says that it is over.
#[tokio::test(start_paused = true)]
async fn surprise_10_a_finished_game_with_a_turn_is_over() {
    let platform = Platform::start().await;
    let index = platform.begin(Ruleset::BerkeleyAny, Color::White);
    let state = {
        let world = platform.world();
        format!("GET /game/{}/state", world.games[index].id())
    };
    platform.world().games[index].referee.run_out_of_time(Color::Black);
    platform.instead(
        "GET /game/mine/active",
        [listing(&platform, index), (200, serde_json::json!({"games": []}), "")],
    );
    let summary = platform.client().play(Random::seeded(1)).create_games(false).games(1).run().await.unwrap();
    assert_eq!(summary.won, 1);
    assert_eq!(platform.count(&state), 1);
    assert!(platform.world().tries(index).is_empty());
}

fn listing(platform: &Platform, index: usize) -> super::platform::Reply {
    let world = platform.world();
    let game = &world.games[index];
    let player = |name: &str| serde_json::json!({"username": name, "connected": true, "role": "bot", "elo": 1200, "ratings": {}});
    let game = serde_json::json!({"game_id": game.id(), "game_code": game.code, "rule_variant": "berkeley_any",
        "state": "active", "opponent_type": "human", "white": player("me"), "black": player("rival"), "turn": "white",
        "move_number": 1, "created_at": "2026-11-20T11:26:22", "updated_at": "2026-11-20T11:26:22", "result": null,
        "rating_snapshot": null});
    (200, serde_json::json!({"games": [game]}), "")
}
