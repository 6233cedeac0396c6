//! The three clients: the SDK, the loop written by hand with the SDK's settings, and the loop that a person writes first.
//!
//! All of them decode every message into the same types, and every turn's state into the game's own type.

use std::sync::OnceLock;
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps, State};
use botpit_sdk::model::ServerMessage;
use botpit_sdk::{Bankroll, Client, Connected, EventHandler, Handle, MoveData, Turn};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::Outcome;
use crate::process::{Played, Usage, peak_kib, resident_kib};

/// Plays a scenario to its end and prints what it took.
pub(crate) fn play(client: &str, address: &str, scenario: &str) -> Outcome<()> {
    let url = format!("ws://{address}{scenario}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let used = runtime.block_on(async {
        match client {
            "sdk" => sdk(&url, Instant {}).await,
            "sdk-slow" => sdk(&url, NotAtOnce {}).await,
            "by-hand" => by_hand(&url, address, Some(same_settings())).await,
            "first" => by_hand(&url, address, None).await,
            other => Err(format!("there is no client {other}").into()),
        }
    })?;
    println!("{}", Played { used, peak_kib: peak_kib() });
    Ok(())
}

/// What a bot would think about; it must look at the state, or the decoding could be left out.
fn choose(state: &State) -> Choice {
    Choice::ALL[(state.round as usize + state.history.len()) % 3]
}

// ---- (a) the SDK ------------------------------------------------------------------------------------------------------

/// When a decision is ready.
trait Pace: Send + Sync + 'static {
    fn think(&self) -> impl Future<Output = ()> + Send;
}

struct Instant {}

impl Pace for Instant {
    async fn think(&self) {}
}

/// Not at the first poll: the turn takes the way of slow handlers.
struct NotAtOnce {}

impl Pace for NotAtOnce {
    async fn think(&self) {
        tokio::task::yield_now().await;
    }
}

struct Bot<P> {
    pace: P,
    began: &'static OnceLock<Usage>,
}

impl<P: Pace> EventHandler for Bot<P> {
    async fn on_connected(&self, _bot: &Handle, _connected: Connected) {
        self.began.get_or_init(Usage::now);
    }

    async fn on_your_turn(&self, _bot: &Handle, turn: Turn) -> botpit_sdk::Result<MoveData> {
        let state = turn.state::<Rps>()?;
        self.pace.think().await;
        Ok(choose(&state).into())
    }
}

async fn sdk(url: &str, pace: impl Pace) -> Outcome<Usage> {
    static BEGAN: OnceLock<Usage> = OnceLock::new();
    // These matches are not queued for, and their wagers are lost by the thousand.
    let bankroll = Bankroll::new().without_loss_limit();
    let client = Client::builder("bp_bench_key").url(url).bankroll(bankroll).build()?;
    client.run(Bot { pace, began: &BEGAN }).await?;
    Ok(BEGAN.get().ok_or("the SDK never connected")?.elapsed())
}

// ---- (b) and (c): loops written by hand ------------------------------------------------------------------------------

/// The SDK's own settings, as far as they matter here.
fn same_settings() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .max_message_size(Some(1 << 20))
        .max_frame_size(Some(1 << 20))
}

/// With `settings`, what somebody writes who has measured; without, what `connect_async` gives: a read buffer of 128 KiB,
/// and Nagle's algorithm.
async fn by_hand(url: &str, address: &str, settings: Option<WebSocketConfig>) -> Outcome<Usage> {
    let stream = TcpStream::connect(address).await?;
    if settings.is_some() {
        stream.set_nodelay(true)?;
    }
    let (mut socket, _) = client_async_with_config(url, stream, settings).await?;
    socket.send(Message::text(r#"{"type":"authenticate","api_key":"bp_bench_key"}"#)).await?;
    let mut began = None;
    while let Some(message) = socket.next().await {
        let text = match message? {
            Message::Text(text) => text,
            Message::Close(_) => break,
            _ => continue,
        };
        match ServerMessage::decode(&text)? {
            ServerMessage::YourTurn(turn) => {
                let state: State = serde_json::from_str(turn.game_state.get())?;
                let (id, choice) = (&turn.match_id, choose(&state));
                let answer = format!(
                    r#"{{"type":"make_move","match_id":"{id}","move_data":{{"choice":"{choice}"}}}}"#
                );
                socket.send(Message::text(answer)).await?;
            }
            ServerMessage::Authenticated(_) => began = Some(Usage::now()),
            _ => {}
        }
    }
    Ok(began.ok_or("the key was not accepted")?.elapsed())
}

// ---- many idle connections -------------------------------------------------------------------------------------------

/// Opens idle connections through the SDK and prints by how many bytes the process grew for each.
pub(crate) fn hold(address: &str, connections: &str) -> Outcome<()> {
    let connections: usize = connections.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let grown_kib = runtime.block_on(async {
        let client = Client::builder("bp_bench_key").url(format!("ws://{address}/idle")).build()?;
        // The first ones pay for what all of them share.
        let mut held = Vec::with_capacity(connections + 8);
        for _ in 0..8 {
            held.push(client.connect().await?);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before = resident_kib();
        for _ in 0..connections {
            held.push(client.connect().await?);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let after = resident_kib();
        Outcome::Ok(before.zip(after).map(|(before, after)| after.saturating_sub(before)))
    })?;
    match grown_kib {
        Some(kib) => println!("{}", kib as f64 / connections as f64),
        None => println!("unknown"),
    }
    Ok(())
}
