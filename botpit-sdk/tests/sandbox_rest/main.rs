//! The sandbox's REST side over sockets on loopback: by this crate's own client, and by one that knows nothing but the bytes.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's helper fails by panicking"
)]

mod bytes;
mod typed;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::model::MatchId;
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::sdk_core::secret::Secret;
use botpit_sdk::{Client, GameTurn};
use serde_json::Value;

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Plays one match of rock paper scissors against a house agent, and says which.
async fn play_one(sandbox: &Sandbox, key: Secret) -> MatchId {
    let client = Client::builder(key).url(sandbox.url()).seed(3).build().unwrap();
    let summary = client
        .play::<Rps, _>(|turn: &GameTurn<Rps>| [Choice::Rock, Choice::Paper][turn.round as usize % 2])
        .wager("0.01 SOL".parse().unwrap())
        .matches(1)
        .run();
    summary.await.unwrap();
    sandbox.matches().last().unwrap().id.as_str().into()
}

/// A sandbox in which a round lasts.
async fn slow_house() -> Sandbox {
    Sandbox::builder().seed(7).house_thinks(Duration::from_secs(5)).start().await.unwrap()
}
