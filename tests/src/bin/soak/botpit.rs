//! BOTPIT: rock paper scissors, from the queue.

use std::collections::BTreeSet;

use anyhow::Result;
use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::{Bankroll, Client, GameTurn};

use super::gremlin::{self, Habits};
use super::scene::Scene;

const BOT: &str = "soak";
const HABITS: Habits = Habits {
    messages: &[
        "authenticated",
        "queue_joined",
        "match_found",
        "your_turn",
        "make_move",
        "round_result",
        "game_over",
    ],
    without: None,
    paths: &[],
};

pub(crate) async fn play(scene: Scene) -> Result<()> {
    let sandbox = Sandbox::builder()
        .seed(scene.seed)
        .house_wait(scene.pace.between_matches)
        .live_showcase(None)
        .keep_matches(50)
        .start()
        .await?;
    let key = sandbox.register(BOT)?;
    let client = Client::builder(key).url(sandbox.url()).seed(scene.seed).build()?;
    let gremlin = gremlin::run(sandbox.faults().clone(), HABITS, scene.clone());
    let wager: botpit_sdk::Lamports = "0.01 SOL".parse()?;
    let bot = async {
        loop {
            let mut asked = 0_usize;
            // A bot that changes its mind every time it is asked: a question that is put to it twice would show.
            let strategy = move |_: &GameTurn<Rps>| {
                asked += 1;
                match asked % 3 {
                    0 => Choice::Rock,
                    1 => Choice::Paper,
                    _ => Choice::Scissors,
                }
            };
            let counted = scene.clone();
            let play =
                client.play::<Rps, _>(strategy).wager(wager).bankroll(Bankroll::new().without_loss_limit());
            let ended = play.on_match(move |_| counted.played()).run().await;
            tracing::info!(?ended, "the bot ended");
            scene.restarted();
            tokio::time::sleep(scene.pace.between_matches / 10).await;
        }
    };
    let watch = async {
        let mut known = BTreeSet::new();
        loop {
            tokio::time::sleep(scene.pace.between_matches).await;
            let matches = sandbox.matches();
            known.retain(|id| matches.iter().any(|record| record.id == *id));
            for record in matches.iter().filter(|record| record.ended.is_some()) {
                if !known.insert(record.id.clone()) {
                    continue;
                }
                let side = record.side_of(BOT);
                if record.changed_minds().iter().any(|(_, who)| Some(*who) == side)
                    || record.moves_after_end > 0
                {
                    scene.duplicated(format!("a move in {}", record.id));
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
