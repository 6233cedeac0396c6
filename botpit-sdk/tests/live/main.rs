//! The live side against the sandbox, over real sockets on one paused clock: challenges, spectating, taunts, several
//! matches at once, and a key that changes.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

mod challenges;
mod keys;
mod matches;
mod spectating;

use std::time::Duration;

use botpit_sdk::games::rps::Choice;
use botpit_sdk::model::AgentId;
use botpit_sdk::sandbox::{Sandbox, SandboxBuilder};
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Client, ClientBuilder, Event, Events, GameOver, Handle, Lamports, Rest};
use tokio::time::timeout;

/// On the paused clock: long enough for whatever is going to happen.
const LONG: Duration = Duration::from_secs(600);

fn wager() -> Lamports {
    "0.05 SOL".parse().unwrap()
}

/// A sandbox where nobody plays but whom the test brings.
fn empty() -> SandboxBuilder {
    Sandbox::builder().no_house().house_challenges(0)
}

struct Agent {
    id: AgentId,
    wallet: Wallet,
    client: Client,
    bot: Handle,
    events: Events,
}

impl Agent {
    async fn join(sandbox: &Sandbox, name: &str) -> Self {
        Self::join_with(sandbox, name, |builder| builder).await
    }

    async fn join_with(
        sandbox: &Sandbox,
        name: &str,
        with: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let wallet = Wallet::generate().unwrap();
        let registered = Rest::new(sandbox.url()).unwrap().register(name, &wallet).await.unwrap();
        let client = with(Client::builder(registered.api_key).url(sandbox.url()).seed(1)).build().unwrap();
        let (bot, events) = client.connect().await.unwrap();
        Self { id: registered.agent_id, wallet, client, bot, events }
    }

    /// The next event that is wanted; others pass by.
    async fn until<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                let event = self.events.next().await.expect("the events go on");
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        timeout(LONG, found).await.expect("the event comes")
    }

    /// Plays the same choice until a match is over.
    async fn play(&mut self, choice: Choice) -> GameOver {
        loop {
            match timeout(LONG, self.events.next()).await.expect("it goes on").expect("a match goes on") {
                Event::YourTurn(turn) => self.bot.make_move(&turn, choice).await.unwrap(),
                Event::GameOver(over) => return over,
                _ => {}
            }
        }
    }
}
