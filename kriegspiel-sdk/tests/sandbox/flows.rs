//! Whole flows with the crate's own client.

use std::time::Duration;

use kriegspiel_sdk::model::{
    Availability, CreateGame, EndReason, GameEvent, GameStatus, Outcome, Provider, RegisterBot,
};
use kriegspiel_sdk::sandbox::{Fault, HOUSE_HUMAN, HouseBot, Registration, Sandbox, When};
use kriegspiel_sdk::sdk_core::clock::Clock;
use kriegspiel_sdk::sdk_core::http::RetryPolicy;
use kriegspiel_sdk::{Client, Color, ErrorCode, Ruleset};

pub(crate) fn client(sandbox: &Sandbox, name: &str) -> Client {
    let token = sandbox.register(name).unwrap();
    Client::builder(token).url(sandbox.url().as_str()).retry(RetryPolicy::none()).build().unwrap()
}

pub(crate) async fn quiet() -> Sandbox {
    Sandbox::builder().no_house().start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_bots_meet_play_and_are_rated() {
    let sandbox = quiet().await;
    let (white, black) = (client(&sandbox, "first"), client(&sandbox, "second"));
    let created =
        white.create_game(&CreateGame::open(Ruleset::Berkeley).play_as(Color::White)).await.unwrap();
    assert_eq!(created.state, GameStatus::Waiting);
    let open = black.open_games().await.unwrap();
    assert_eq!((open.len(), &*open[0].created_by), (1, "first"));
    let joined = black.join(&open[0].game_code).await.unwrap();
    assert_eq!(joined.play_as, Color::Black);
    let mut events = white.events(&created.game_code).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(GameEvent::Connected(_)))));

    // The fool's mate.
    for (index, uci) in ["f2f3", "e7e5", "g2g4", "d8h4"].into_iter().enumerate() {
        let mover = if index % 2 == 0 { &white } else { &black };
        let answer = mover.submit_move(&created.game_code, uci.parse().unwrap()).await.unwrap();
        assert!(answer.move_done, "{uci}");
    }
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        seen.push(event.unwrap().hint().unwrap().move_number);
    }
    assert_eq!(seen, [2, 3, 4, 5]);

    let state = white.state(&created.game_code).await.unwrap();
    let result = state.result.clone().unwrap();
    assert_eq!((result.winner, result.reason), (Some(Color::Black), EndReason::Checkmate));
    assert!(state.is_over() && state.turn == Some(Color::White));
    assert!(white.active_games().await.unwrap().is_empty());
    let archived = black.archived_games().await.unwrap();
    let snapshot = archived[0].rating_snapshot.as_ref().unwrap();
    assert_eq!((snapshot.white_delta, snapshot.black_delta), (-16, 16));
    let transcript = black.transcript(&created.game_code).await.unwrap();
    assert_eq!(transcript.moves.len(), 4);
    let review = white.review(&created.game_code).await.unwrap();
    assert_eq!(review.transcript.moves.len(), 4);

    let user = white.user("SECOND").await.unwrap();
    assert_eq!((user.stats.elo, user.stats.games_won), (1_216, 1));
    assert_eq!(user.bot_metrics.unwrap().vs_bots.wins, 1);
    let games = white.user_games("first").send().await.unwrap();
    assert_eq!((&games.games[0].result, games.games[0].turn_count), (&Outcome::Loss, 2));
    let board = white.leaderboard().send().await.unwrap();
    assert_eq!((board.players[0].rank, &*board.players[0].username), (1, "second"));
    assert_eq!(white.rating_history("second").send().await.unwrap().series.game.len(), 1);
    assert_eq!(white.recent_games(None).await.unwrap().len(), 1);
    assert_eq!(white.platform_stats().await.unwrap().completed_total, 1);
    assert!(white.health().await.unwrap().is_ok());
    assert_eq!(white.me().await.unwrap().username, "first");

    // And what the owner of the sandbox can see.
    let record = sandbox.game(&created.game_code).unwrap();
    let moves: Vec<String> = record.moves().map(|uci| uci.to_string()).collect();
    assert_eq!(moves, ["f2f3", "e7e5", "g2g4", "d8h4"]);
    assert_eq!(record.boards.full, state.your_fen);
    assert_eq!(record.boards.white.board().unwrap().men(Color::Black).len(), 0);
    assert_eq!(record.color_of("First"), Some(Color::White));
    let asked = sandbox.requests();
    assert!(asked.iter().any(|request| request.path == "/game/create" && request.status == 201));
    assert!(asked.iter().all(|request| request.username.is_some()
        || request.path.starts_with("/user/")
        || request.path == "/health"
        || request.path == "/leaderboard"));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_whole_game_against_the_house_in_every_ruleset() {
    let sandbox = Sandbox::builder().seed(3).house_opens(false).start().await.unwrap();
    let client = client(&sandbox, "visitor");
    for ruleset in Ruleset::ALL {
        let game = client.create_game(&CreateGame::open(ruleset.clone())).await.unwrap();
        let mut events = client.events(&game.game_code).await.unwrap();
        let state = loop {
            let state = client.state(&game.game_code).await.unwrap();
            if state.is_over() || state.move_number > 40 {
                break state;
            }
            if !state.is_my_turn() {
                events.next().await;
                continue;
            }
            if state.can_ask_any() {
                client.submit_ask_any(&game.game_code).await.unwrap();
                continue;
            }
            let uci = state.allowed_moves[state.move_number as usize * 7 % state.allowed_moves.len()];
            client.submit_move(&game.game_code, uci).await.unwrap();
        };
        assert!(state.move_number > 4, "{ruleset}: {state:?}");
        if !state.is_over() {
            client.resign(&game.game_code).await.unwrap();
        }
    }
    let records = sandbox.games();
    assert_eq!(records.len(), 7);
    for record in &records {
        assert!(record.result.is_some());
        for color in Color::BOTH {
            // The heuristic's and everybody's refused tries leave the list; only a release brings them back.
            let repeated = record.repeated_tries(color);
            assert!(
                repeated.is_empty() || record.ruleset.surface().unwrap().ask_any.is_some(),
                "{repeated:?}"
            );
        }
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_game() {
    let mut games = Vec::new();
    for _ in 0..2 {
        let clock = Clock::paused();
        let sandbox = Sandbox::builder()
            .seed(11)
            .house([HouseBot::Heuristic])
            .house_opens(false)
            .clock(clock.clone())
            .start()
            .await
            .unwrap();
        let client = client(&sandbox, "visitor");
        let game = client.create_game(&CreateGame::open(Ruleset::Wild16)).await.unwrap();
        clock.advance(Duration::from_secs(1));
        while sandbox.game(&game.game_code).unwrap().attempts.len() < 40 {
            let state = client.state(&game.game_code).await.unwrap();
            if state.is_my_turn() {
                client.submit_move(&game.game_code, state.allowed_moves[0]).await.unwrap();
            } else {
                clock.advance(Duration::from_secs(1));
            }
        }
        let record = sandbox.game(&game.game_code).unwrap();
        games.push(record.attempts.iter().map(|one| (one.color, one.uci)).collect::<Vec<_>>());
        sandbox.shutdown().await;
    }
    assert_eq!(games[0], games[1]);
}

#[tokio::test(start_paused = true)]
async fn registration_open_and_gated() {
    let sandbox = Sandbox::builder().registration(Registration::Gated("k3y".into())).start().await.unwrap();
    let anonymous =
        Client::anonymous().url(sandbox.url().as_str()).retry(RetryPolicy::none()).build().unwrap();
    let bot = RegisterBot::new("Gate_Crasher", "Gate Crasher", "owner@bots.example");
    let error = anonymous.register(&bot, None).await.unwrap_err();
    assert!(error.is_auth() && error.status() == Some(401), "{error}");
    let registered = anonymous.register(&bot, Some(&"k3y".into())).await.unwrap();
    assert_eq!(registered.username, "gate_crasher");
    let client = Client::builder(registered.api_token).url(sandbox.url().as_str()).build().unwrap();
    assert_eq!(client.me().await.unwrap().username, "gate_crasher");
    let error = anonymous.register(&bot, Some(&"k3y".into())).await.unwrap_err();
    assert_eq!(error.platform_code(), Some(ErrorCode::UsernameTaken));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_bot_is_listed_while_it_reports() {
    let clock = Clock::paused();
    let sandbox = Sandbox::builder()
        .no_house()
        .clock(clock.clone())
        .model_bot("thinker", Provider::Anthropic)
        .start()
        .await
        .unwrap();
    let thinker = client(&sandbox, "thinker");
    let listed = async || thinker.bots().await.unwrap().len();
    assert_eq!(listed().await, 0);
    thinker.report_availability(&Availability::ready(Provider::OpenAi)).await.unwrap();
    assert_eq!(listed().await, 0, "another's model does not count");
    thinker.report_availability(&Availability::ready(Provider::Anthropic)).await.unwrap();
    assert_eq!(listed().await, 1);
    clock.advance(Duration::from_secs(120));
    assert_eq!(listed().await, 1);
    clock.advance(Duration::from_millis(1));
    assert_eq!(listed().await, 0);
    let error = sandbox.human_picks("thinker", Ruleset::Rand, Color::White).unwrap_err();
    assert!(error.message().contains("BOT_UNAVAILABLE"), "{error}");
    thinker.report_availability(&Availability::not_ready(Provider::Anthropic, "quota")).await.unwrap();
    assert_eq!(listed().await, 0);
    thinker.report_availability(&Availability::ready(Provider::Anthropic)).await.unwrap();
    let code = sandbox.human_picks("thinker", Ruleset::Rand, Color::White).unwrap();
    let game = &thinker.active_games().await.unwrap()[0];
    assert_eq!((&game.game_code, &*game.white.as_ref().unwrap().username), (&code, HOUSE_HUMAN));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_again() {
    let sandbox = quiet().await;
    let (white, black) = (client(&sandbox, "first"), client(&sandbox, "second"));
    let game = white.create_game(&CreateGame::open(Ruleset::Rand).play_as(Color::White)).await.unwrap();
    black.join(&game.game_code).await.unwrap();
    sandbox.faults().order(Fault::DropTcp.on(When::answered("/move"))).unwrap();
    let state = white.state(&game.game_code).await.unwrap();
    white.make_move(&state, "e2e4".parse().unwrap()).await.unwrap();
    let record = sandbox.game(&game.game_code).unwrap();
    assert_eq!(record.moves().count(), 1);
    assert_eq!(record.attempts.len(), 1, "it was sent once");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn every_code_can_be_met() {
    let sandbox = quiet().await;
    let client = client(&sandbox, "first");
    for code in [
        ErrorCode::GameNotJoinable,
        ErrorCode::ArchiveWriteMismatch,
        ErrorCode::LlmBotTierRequired,
        ErrorCode::BotTierRequired,
        ErrorCode::from("A_CODE_TO_COME"),
    ] {
        sandbox.refuse_next("/game/join", code.clone());
        let error = client.join(&"ZZZZZZ".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.platform_code(), Some(code));
        let error = client.join(&"ZZZZZZ".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.platform_code(), Some(ErrorCode::GameNotFound), "an order holds once");
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn proxies_faults_and_magic_words() {
    let sandbox = Sandbox::builder().no_house().rate_limit(3, 1).start().await.unwrap();
    let first = client(&sandbox, "first");
    for _ in 0..3 {
        first.health().await.unwrap();
    }
    let error = first.health().await.unwrap_err();
    assert!(error.is_rate_limited() && error.retry_after().is_some(), "{error}");
    tokio::time::advance(Duration::from_secs(60)).await;
    sandbox.faults().order(Fault::Html { status: 502 }.on(When::Now)).unwrap();
    assert_eq!(first.health().await.unwrap_err().status(), Some(502));
    tokio::time::advance(Duration::from_secs(60)).await;
    let revoked = client(&sandbox, "rocky_faultRevoked");
    for _ in 0..2 {
        assert!(revoked.me().await.unwrap_err().is_auth());
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    let unlucky = client(&sandbox, "rocky_faultHtml503");
    assert_eq!(unlucky.me().await.unwrap_err().status(), Some(503));
    assert_eq!(unlucky.me().await.unwrap().username, "rocky_faulthtml503");
    let token = "ksbot_0123456789abcdef.faultUnavailable2-by-hand";
    let stranger =
        Client::builder(token).url(sandbox.url().as_str()).retry(RetryPolicy::none()).build().unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(stranger.me().await.unwrap_err().retry_after(), Some(Duration::from_secs(2)));
    assert!(stranger.me().await.unwrap().username.starts_with("magic_"));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_games_and_keeps_accounts() {
    let sandbox = quiet().await;
    let client = client(&sandbox, "first");
    let game = client.create_game(&CreateGame::open(Ruleset::Rand)).await.unwrap();
    let mut events = client.events(&game.game_code).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(GameEvent::Connected(_)))));
    sandbox.reset();
    assert!(matches!(events.next().await, Some(Ok(GameEvent::Shutdown))));
    assert!(events.next().await.is_none());
    assert!(sandbox.games().is_empty());
    assert_eq!(client.me().await.unwrap().username, "first");
    assert!(client.active_games().await.unwrap().is_empty());
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_ends_its_streams() {
    let sandbox = quiet().await;
    let client = client(&sandbox, "first");
    let game = client.create_game(&CreateGame::open(Ruleset::Rand)).await.unwrap();
    let mut events = client.events(&game.game_code).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(GameEvent::Connected(_)))));
    let reading = tokio::spawn(async move { events.next().await });
    sandbox.shutdown().await;
    assert!(matches!(reading.await.unwrap(), Some(Ok(GameEvent::Shutdown))));
}
