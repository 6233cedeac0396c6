//! Kriegspiel: short games, which the bot opens and a house bot joins.

use anyhow::Result;
use kriegspiel_sdk::sandbox::{HouseBot, Sandbox};
use kriegspiel_sdk::{Action, Client, Position, Ruleset};

use super::gremlin::{self, Habits};
use super::scene::Scene;

const BOT: &str = "soak";
const HABITS: Habits = Habits {
    messages: &[],
    without: None,
    paths: &[
        "/game/mine/active",
        "/game/open",
        "/game/create",
        "/state",
        "/move",
        "/ask-any",
        "/resign",
        "/events",
    ],
};
/// The half moves after which the bot resigns.
const RESIGNS_AT: u32 = 9;

pub(crate) async fn play(scene: Scene) -> Result<()> {
    let sandbox = Sandbox::builder()
        .seed(scene.seed)
        .house([HouseBot::Random])
        .house_opens(false)
        .house_wait(scene.pace.between_matches)
        .keep_games(20)
        .keep_requests(100)
        .start()
        .await?;
    let token = sandbox.register(BOT)?;
    let client = Client::builder(token).url(sandbox.url().as_str()).build()?;
    let gremlin = gremlin::run(sandbox.faults().clone(), HABITS, scene.clone());
    let bot = async {
        loop {
            let strategy = |position: &Position| match position.moves().first() {
                _ if position.move_number >= RESIGNS_AT => Action::Resign,
                _ if position.can_ask_any() => Action::AskAny,
                Some(uci) => Action::Move(*uci),
                None => Action::Resign,
            };
            let counted = scene.clone();
            let play =
                client.play(strategy).rulesets([Ruleset::BerkeleyAny]).at_once(1).join_probability(0.0);
            let ended = play.seed(scene.seed).on_game(move |_| counted.played()).run().await;
            tracing::info!(?ended, "the bot ended");
            scene.restarted();
            tokio::time::sleep(scene.pace.between_matches / 10).await;
        }
    };
    let watch = async {
        loop {
            tokio::time::sleep(scene.pace.between_matches).await;
            for game in sandbox.games() {
                if game.color_of(BOT).is_some_and(|color| !game.repeated_tries(color).is_empty()) {
                    scene.duplicated(format!("a move in {}", game.code));
                }
            }
        }
    };
    tokio::select! {
        () = bot => {}
        () = gremlin => {}
        () = watch => {}
    }
    Ok(())
}
