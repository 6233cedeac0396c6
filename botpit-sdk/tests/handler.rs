//! Handlers that misbehave: the connection and the bot go on, and what went wrong is told once.
#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use botpit_sdk::games::rps::Choice;
use botpit_sdk::{
    Client, Connected, Error, Event, EventHandler, EventHandlerExt, GameOver, Handle, MoveData,
    OpponentMoved, Result, Turn,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

const AUTHENTICATED: &str =
    r#"{"type":"authenticated","agent_id":"550e8400-e29b-41d4-a716-446655440000","agent_name":"MyAgent"}"#;

struct Server(TcpListener);

impl Server {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn client(&self) -> Client {
        Client::builder("bp_live_abc123")
            .url(format!("ws://{}", self.0.local_addr().unwrap()))
            .build()
            .unwrap()
    }

    async fn accept(&self) -> WebSocketStream<TcpStream> {
        let (stream, _) = self.0.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut peer = accept_async(stream).await.unwrap();
        assert!(peer.next().await.unwrap().unwrap().is_text());
        say(&mut peer, AUTHENTICATED).await;
        peer
    }
}

async fn run(client: Client, handler: impl EventHandler) -> Result<()> {
    client.run(handler).await
}

async fn say(peer: &mut WebSocketStream<TcpStream>, text: impl Into<String>) {
    peer.send(Message::text(text.into())).await.unwrap();
}

fn opponent_moved(match_id: &str) -> String {
    format!(r#"{{"type":"opponent_moved","match_id":"{match_id}","round":1,"move_data":{{}}}}"#)
}

/// Until the client closes.
async fn drain(mut peer: WebSocketStream<TcpStream>) {
    while let Some(Ok(_)) = peer.next().await {}
}

struct PanicsAlways(Arc<AtomicU32>);

impl EventHandler for PanicsAlways {
    async fn on_connected(&self, _: &Handle, _: Connected) {
        panic!("on_connected");
    }

    async fn on_handler_failed(&self, bot: &Handle, _: Error) {
        // After the second, the bot gives up: by then it has been asked as often as something failed.
        if self.0.fetch_add(1, Ordering::SeqCst) == 1 {
            bot.close().await.unwrap();
        }
        panic!("on_handler_failed");
    }

    async fn on_opponent_moved(&self, _: &Handle, _: OpponentMoved) {
        panic!("on_opponent_moved");
    }

    async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
        Ok(Choice::Rock.into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_over_its_own_failure_is_not_told_for_ever() {
    let server = Server::start().await;
    let told = Arc::new(AtomicU32::new(0));
    let bot = tokio::spawn(run(server.client(), PanicsAlways(told.clone())));
    let mut peer = server.accept().await;
    say(&mut peer, opponent_moved("m-1")).await;
    drain(peer).await;
    timeout(Duration::from_secs(60), bot).await.unwrap().unwrap().unwrap();
    assert_eq!(told.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_blocking_callback_that_panics_is_told_too() {
    let server = Server::start().await;
    let told = Arc::new(AtomicU32::new(0));
    let handler = PanicsAlways(told.clone()).blocking();
    let bot = tokio::spawn(run(server.client(), handler));
    let mut peer = server.accept().await;
    say(&mut peer, opponent_moved("m-1")).await;
    timeout(Duration::from_secs(5), drain(peer)).await.unwrap();
    timeout(Duration::from_secs(5), bot).await.unwrap().unwrap().unwrap();
    assert!(told.load(Ordering::SeqCst) >= 2);
}

/// Takes its time over the first event of a match; counts what it hears of its end.
struct Stuck {
    once: AtomicU32,
    lagged: Arc<AtomicU32>,
    overs: Arc<AtomicU32>,
}

impl EventHandler for Stuck {
    async fn on_opponent_moved(&self, _: &Handle, _: OpponentMoved) {
        if self.once.fetch_add(1, Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }

    async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
        Ok(Choice::Rock.into())
    }

    async fn on_game_over(&self, bot: &Handle, _: GameOver) {
        self.overs.fetch_add(1, Ordering::SeqCst);
        bot.close().await.unwrap();
    }

    async fn on_event(&self, _: &Handle, event: Event) {
        if let Event::Lagged { dropped, .. } = event {
            self.lagged.fetch_add(u32::try_from(dropped).unwrap(), Ordering::SeqCst);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_that_lags_is_told_its_end_whatever_was_dropped() {
    let server = Server::start().await;
    let (lagged, overs) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let bot = tokio::spawn(run(
        server.client(),
        Stuck { once: AtomicU32::new(0), lagged: lagged.clone(), overs: overs.clone() },
    ));
    let mut peer = server.accept().await;
    for _ in 0..3_000 {
        say(&mut peer, opponent_moved("m-1")).await;
    }
    say(
        &mut peer,
        r#"{"type":"game_over","match_id":"m-1","winner":null,"final_score":[0,0],"server_seed":"hex_seed_revealed","payout_lamports":0}"#,
    )
    .await;
    drain(peer).await;
    timeout(Duration::from_secs(60), bot).await.unwrap().unwrap().unwrap();
    assert_eq!(overs.load(Ordering::SeqCst), 1);
    assert_eq!(lagged.load(Ordering::SeqCst), 3_000 - 1_024 - 1);
}
