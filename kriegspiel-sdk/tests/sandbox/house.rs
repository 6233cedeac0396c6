//! The house players.

use std::time::Duration;

use kriegspiel_sdk::model::{CreateGame, GameStatus, OpponentType, Role};
use kriegspiel_sdk::sandbox::{HOUSE_HUMAN, HouseBot, Sandbox};
use kriegspiel_sdk::sdk_core::clock::Clock;
use kriegspiel_sdk::{Color, ErrorCode, Ruleset};

use crate::flows::client;

#[tokio::test(start_paused = true)]
async fn house_bots_are_listed_and_keep_a_game_each_in_the_lobby() {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder().clock(clock.clone()).start().await.unwrap();
    let client = client(&sandbox, "visitor");
    let names: Vec<String> = client.bots().await.unwrap().into_iter().map(|bot| bot.username).collect();
    assert_eq!(names, ["housebot_heuristic", "housebot_random", "housebot_random_any", "visitor"]);
    assert!(client.open_games().await.unwrap().is_empty());
    clock.advance(Duration::from_millis(250));
    assert_eq!(client.open_games().await.unwrap().len(), 3);
    // They expire, and others follow.
    let before = client.open_games().await.unwrap();
    clock.advance(Duration::from_secs(601));
    let after = client.open_games().await.unwrap();
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|game| before.iter().all(|other| other.game_code != game.game_code)));
    // One is joined, and the bot answers; another takes its place in the lobby.
    let joined = client.join(&after[0].game_code).await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(client.open_games().await.unwrap().len(), 3);
    let state = client.state(&joined.game_code).await.unwrap();
    assert!(state.is_my_turn());
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_house_bot_joins_a_bot_s_game_and_keeps_the_cooldown() {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder()
        .clock(clock.clone())
        .house([HouseBot::Random, HouseBot::Random])
        .house_opens(false)
        .start()
        .await
        .unwrap();
    let client = client(&sandbox, "visitor");
    let waits = async |span: Duration| {
        let game = client.create_game(&CreateGame::open(Ruleset::Cincinnati)).await.unwrap();
        clock.advance(span);
        let waits = client.game(&game.game_code).await.unwrap().state == GameStatus::Waiting;
        (game.game_code, waits)
    };
    let (code, is_waiting) = waits(Duration::from_millis(249)).await;
    assert!(is_waiting);
    clock.advance(Duration::from_millis(1));
    let game = client.game(&code).await.unwrap();
    assert_eq!(game.state, GameStatus::Active);
    assert!(game.color_of("housebot_random").is_some());
    let (code, is_waiting) = waits(Duration::from_secs(59)).await;
    assert!(is_waiting, "a minute has not passed");
    clock.advance(Duration::from_secs(1));
    assert_eq!(client.game(&code).await.unwrap().state, GameStatus::Active);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_house_s_human_picks_a_listed_bot_and_plays_on() {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder()
        .clock(clock.clone())
        .no_house()
        .house_human(true)
        .human_wait(Duration::from_secs(5))
        .start()
        .await
        .unwrap();
    let client = client(&sandbox, "visitor");
    clock.advance(Duration::from_secs(5));
    let game = client.active_games().await.unwrap().remove(0);
    assert_eq!(game.opponent_type, OpponentType::Bot);
    let human = game.player(!game.color_of("visitor").unwrap()).unwrap();
    assert_eq!((&*human.username, &human.role), (HOUSE_HUMAN, &Role::User));
    for _ in 0..10 {
        let state = client.state(&game.game_code).await.unwrap();
        if state.is_my_turn() {
            client.submit_move(&game.game_code, state.allowed_moves[0]).await.unwrap();
        } else {
            clock.advance(Duration::from_secs(1));
        }
    }
    assert!(client.state(&game.game_code).await.unwrap().move_number > 3);
    client.resign(&game.game_code).await.unwrap();
    clock.advance(Duration::from_secs(5));
    let next = client.active_games().await.unwrap();
    assert_eq!(next.len(), 1);
    assert_ne!(next[0].game_code, game.game_code);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_human_s_open_game_is_not_for_bots() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let client = client(&sandbox, "visitor");
    let code = sandbox.human_opens(Ruleset::Rand).unwrap();
    let error = client.join(&code).await.unwrap_err();
    assert_eq!(error.platform_code(), Some(ErrorCode::Forbidden));
    assert_eq!(client.user(HOUSE_HUMAN).await.unwrap().role, Role::User);
    assert!(sandbox.human_opens(Ruleset::from("chess960")).is_err());
    assert!(sandbox.human_picks("nobody", Ruleset::Rand, Color::White).is_err());
    let code = sandbox.human_picks("visitor", Ruleset::Rand, Color::Black).unwrap();
    assert!(client.state(&code).await.unwrap().is_my_turn());
    sandbox.shutdown().await;
}

/// Impatient settings do not make time stand still.
#[tokio::test(start_paused = true)]
async fn spans_of_zero_are_no_endless_loop() {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder()
        .clock(clock.clone())
        .house_wait(Duration::ZERO)
        .house_thinks(Duration::ZERO)
        .house_human(true)
        .human_wait(Duration::ZERO)
        .waiting_expires(Duration::ZERO)
        .unstarted_expires(Duration::ZERO)
        .flag_sweep(Duration::ZERO)
        .start()
        .await
        .unwrap();
    let client = client(&sandbox, "visitor");
    for _ in 0..10 {
        clock.advance(Duration::from_millis(100));
        client.open_games().await.unwrap();
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_whole_game_of_the_house_s_comes_to_its_end() {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder()
        .seed(3)
        .clock(clock.clone())
        .house([HouseBot::Heuristic])
        .house_opens(false)
        .start()
        .await
        .unwrap();
    let client = client(&sandbox, "visitor");
    let game = client.create_game(&CreateGame::open(Ruleset::BerkeleyAny)).await.unwrap();
    let mut tried = 0;
    let state = loop {
        let state = client.state(&game.game_code).await.unwrap();
        if state.is_over() {
            break state;
        }
        if state.is_my_turn() {
            tried += 1;
            let uci = state.allowed_moves[tried * 31 % state.allowed_moves.len()];
            client.submit_move(&game.game_code, uci).await.unwrap();
        } else {
            clock.advance(Duration::from_millis(250));
        }
    };
    let record = sandbox.game(&game.game_code).unwrap();
    assert_eq!(record.moves().count(), state.move_number as usize - 1);
    assert!(record.boards.full.board().unwrap().king(Color::White).is_some());
    assert_eq!(record.result, state.result);
    sandbox.shutdown().await;
}
