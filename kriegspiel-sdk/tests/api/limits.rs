//! Limits are checked before anything is sent.

use kriegspiel_sdk::model::{Availability, CreateGame, OpponentType, Provider, RegisterBot};
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::{Error, Ruleset};

use crate::server::Server;

fn is_refused(error: &Error, field: &str) {
    assert_eq!((error.code(), error.field()), (&codes::INVALID_ARGUMENT, Some(field)), "{error}");
}

#[tokio::test]
async fn nothing_leaves_that_is_out_of_its_limits() {
    let server = Server::start([]).await;
    let client = server.client();
    let bot = || RegisterBot::new("a", "abc", "a@b");
    let with = |change: &dyn Fn(&mut RegisterBot)| {
        let mut bot = bot();
        change(&mut bot);
        bot
    };
    for (bot, field) in [
        (with(&|bot| bot.username = String::new()), "username"),
        (with(&|bot| bot.username = "a".repeat(34)), "username"),
        (with(&|bot| bot.username = "rando-bot".into()), "username"),
        (with(&|bot| bot.username = "Юля".into()), "username"),
        (with(&|bot| bot.display_name = "ab".into()), "display_name"),
        (with(&|bot| bot.display_name = "♞".repeat(41)), "display_name"),
        (with(&|bot| bot.display_name = "  a  ".into()), "display_name"),
        (with(&|bot| bot.owner_email = "nomail".into()), "owner_email"),
        (with(&|bot| bot.owner_email = "@x.y".into()), "owner_email"),
        (with(&|bot| bot.owner_email = "x.y@".into()), "owner_email"),
        (with(&|bot| bot.owner_email = format!("{}@b", "a".repeat(320))), "owner_email"),
        (bot().description("d".repeat(281)), "description"),
        (bot().rulesets([]), "supported_rule_variants"),
    ] {
        is_refused(&client.register(&bot, None).await.unwrap_err(), field);
    }
    bot().description("♞".repeat(280)).check().unwrap();
    is_refused(&client.sync_profile([]).await.unwrap_err(), "supported_rule_variants");
    let mut game = CreateGame::open(Ruleset::Rand);
    game.opponent_type = Some(OpponentType::Bot);
    is_refused(&client.create_game(&game).await.unwrap_err(), "bot_id");
    for limit in [0, 51] {
        is_refused(&client.recent_games(Some(limit)).await.unwrap_err(), "limit");
    }
    for limit in [9, 101] {
        is_refused(&client.rating_history("a").limit(limit).send().await.unwrap_err(), "limit");
    }
    for per_page in [0, 101] {
        is_refused(&client.user_games("a").per_page(per_page).send().await.unwrap_err(), "per_page");
        is_refused(&client.leaderboard().per_page(per_page).send().await.unwrap_err(), "per_page");
    }
    is_refused(&client.user_games("a").page(0).send().await.unwrap_err(), "page");
    is_refused(&client.leaderboard().page(0).send().await.unwrap_err(), "page");
    is_refused(&client.user("").await.unwrap_err(), "path");
    let report = Availability::not_ready(Provider::Anthropic, "r".repeat(501));
    is_refused(&client.report_availability(&report).await.unwrap_err(), "reason");
    assert!(server.calls().is_empty());
}
