//! BotOrNot: a persona chats and votes. The platform itself refuses a second vote.

use anyhow::Result;
use botornot_sdk::Client;
use botornot_sdk::player::Persona;
use botornot_sdk::sandbox::Sandbox;

use super::gremlin::{self, Habits};
use super::scene::Scene;

const HABITS: Habits = Habits {
    messages: &[
        "join",
        "joined",
        "room:sync",
        "match:request",
        "match:found",
        "match:started",
        "chat:message",
        "chat:typing",
        "vote:phase",
        "vote:cast",
        "vote:ack",
        "match:reveal",
        "match:ended",
    ],
    without: None,
    paths: &[],
};

pub(crate) async fn play(scene: Scene) -> Result<()> {
    let sandbox = Sandbox::builder()
        .seed(scene.seed)
        .match_length(scene.pace.chat)
        .house_wait(scene.pace.between_matches)
        .keep_matches(20)
        .start()
        .await?;
    let client = Client::builder(sandbox.token(0)?).url(sandbox.url()).seed(scene.seed).build()?;
    let gremlin = gremlin::run(sandbox.faults().clone(), HABITS, scene.clone());
    let bot = async {
        loop {
            let counted = scene.clone();
            let play = client.play(Persona::new(scene.seed)).seed(scene.seed);
            let ended = play.on_match(move |_| counted.played()).run().await;
            tracing::info!(?ended, "the bot ended");
            scene.restarted();
            tokio::time::sleep(scene.pace.between_matches / 10).await;
        }
    };
    tokio::select! {
        () = bot => {}
        () = gremlin => {}
    }
    Ok(())
}
