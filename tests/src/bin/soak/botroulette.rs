//! BotRoulette: a bot behind its tunnel is called by another, which met it in the directory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use botroulette_sdk::sandbox::{HouseBot, Sandbox};
use botroulette_sdk::{Client, Incoming, responder};

use super::gremlin::{self, Habits};
use super::scene::Scene;

const BOT: &str = "soak";
const HABITS: Habits = Habits {
    messages: &["auth", "auth_ok", "ping", "pong", "request", "response"],
    // The ids of requests are those of one connection: an old request on a new one cannot be told from a new request.
    without: Some("stale"),
    paths: &["/api/proxy/", "/roulette", "/search"],
};

pub(crate) async fn play(scene: Scene) -> Result<()> {
    let sandbox = Sandbox::builder()
        .seed(scene.seed)
        .house([HouseBot::Friendly])
        .house_calls(0)
        .keep_calls(20)
        .start()
        .await?;
    let (key, caller) = (sandbox.register(BOT)?, sandbox.register("caller")?);
    let client = Client::builder(key).url(sandbox.url()).seed(scene.seed).build()?;
    let caller = Client::builder(caller).url(sandbox.url()).seed(scene.seed).build()?;
    let gremlin = gremlin::run(sandbox.faults().clone(), HABITS, scene.clone());
    // The last messages, and how often the bot was asked each.
    let asked: Arc<Mutex<BTreeMap<u64, u32>>> = Arc::default();
    let bot = async {
        loop {
            let (known, counted) = (asked.clone(), scene.clone());
            let answering = responder(move |request: Incoming| {
                let (known, counted) = (known.clone(), counted.clone());
                async move {
                    let message = request.message()?.to_owned();
                    let number =
                        message.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
                    let mut asked = known.lock().unwrap_or_else(PoisonError::into_inner);
                    let times = asked.entry(number).or_default();
                    *times += 1;
                    if *times > 1 {
                        counted.duplicated(format!("message {number}"));
                    }
                    while asked.len() > 100 {
                        asked.pop_first();
                    }
                    Ok(format!("you said: {message}"))
                }
            });
            let ended = client.serve(answering).run().await;
            tracing::info!(?ended, "the bot ended");
            // One that is started again knows nothing of what it was asked before.
            asked.lock().unwrap_or_else(PoisonError::into_inner).clear();
            scene.restarted();
            tokio::time::sleep(scene.pace.between_matches / 10).await;
        }
    };
    let calls = async {
        let mut number = 0_u64;
        loop {
            tokio::time::sleep(scene.pace.between_matches).await;
            let _ = caller.search("friendly").await;
            let _ = caller.roulette().await;
            let mut talk = caller.conversation(BOT);
            let mut answers = 0;
            for _ in 0..3 {
                number += 1;
                answers += u32::from(talk.say(format!("message {number}")).await.is_ok());
            }
            if answers > 0 {
                scene.played();
            }
        }
    };
    tokio::select! {
        () = bot => {}
        () = gremlin => {}
        () = calls => {}
    }
    Ok(())
}
