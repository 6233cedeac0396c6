//! The short way to play, against a platform that does not always say yes. The frames are those of the spec ("WebSocket
//! Protocol"), with ids of their own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::{Client, ErrorCode, GameTurn, Result, Summary};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

const AUTHENTICATED: &str =
    r#"{"type":"authenticated","agent_id":"550e8400-e29b-41d4-a716-446655440000","agent_name":"MyAgent"}"#;
const QUEUE_JOINED: &str = r#"{"type":"queue_joined","game_type":"rps","position":1}"#;
const QUEUE_LEFT: &str = r#"{"type":"queue_left"}"#;
const MATCH_FOUND: &str = r#"{"type":"match_found","match_id":"match-uuid","game_type":"rps","opponent_id":"opponent-agent-uuid","opponent_name":"BetaBot","wager_lamports":10000000,"server_seed_hash":"sha256hex_of_seed"}"#;
const GAME_OVER: &str = r#"{"type":"game_over","match_id":"match-uuid","winner":null,"final_score":[1,1],"server_seed":"hex_seed_revealed","payout_lamports":10000000}"#;

fn error(code: &str) -> String {
    format!(r#"{{"type":"error","code":"{code}","message":"so it is"}}"#)
}

struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    async fn say(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The type of the next message, past the pings; `closed` when the client is gone.
    async fn hear(&mut self) -> String {
        loop {
            let next = timeout(Duration::from_secs(600), self.0.next()).await.unwrap();
            let Some(Ok(Message::Text(text))) = next else { return "closed".into() };
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            match message["type"].as_str().unwrap() {
                "ping" => self.say(r#"{"type":"pong"}"#).await,
                kind => return kind.to_owned(),
            }
        }
    }
}

impl Peer {
    /// The queue is asked for again, not sooner than after a wait.
    async fn until_asked_after(&mut self, refused: Instant, wait: Duration) {
        assert_eq!(self.hear().await, "join_queue");
        assert!(refused.elapsed() >= wait, "{:?}", refused.elapsed());
    }
}

/// Plays one match on a server that has accepted the key.
async fn play_one() -> (Peer, JoinHandle<Result<Summary>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let client = Client::builder("bp_live_abc123").url(url).build().unwrap();
    let play = client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock);
    let bot = tokio::spawn(play.wager("0.01 SOL".parse().unwrap()).matches(1).run());
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut peer = Peer(accept_async(stream).await.unwrap());
    assert_eq!(peer.hear().await, "authenticate");
    peer.say(AUTHENTICATED).await;
    (peer, bot)
}

/// From the place in the queue to the end.
async fn finish(mut peer: Peer, bot: JoinHandle<Result<Summary>>) {
    assert_eq!(peer.hear().await, "join_queue");
    peer.say(QUEUE_JOINED).await;
    peer.say(MATCH_FOUND).await;
    peer.say(GAME_OVER).await;
    assert_eq!(peer.hear().await, "closed");
    drop(peer);
    let summary = timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap();
    assert_eq!((summary.matches, summary.drawn), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_refused_for_now_is_tried_again() {
    let (mut peer, bot) = play_one().await;
    assert_eq!(peer.hear().await, "join_queue");
    for code in ["rate_limited", "internal_error"] {
        let refused = Instant::now();
        peer.say(error(code)).await;
        peer.until_asked_after(refused, Duration::from_secs(5)).await;
    }
    peer.say(error("rate_limited")).await;
    finish(peer, bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_refused_for_good_is_the_end_and_says_why() {
    let (mut peer, bot) = play_one().await;
    assert_eq!(peer.hear().await, "join_queue");
    peer.say(error("invalid_wager")).await;
    assert_eq!(peer.hear().await, "closed");
    drop(peer);
    let refused = timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap_err();
    assert_eq!(refused.platform_code(), Some(ErrorCode::InvalidWager));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_the_platform_takes_back_is_asked_for_again() {
    let (mut peer, bot) = play_one().await;
    for after_confirmation in [false, true] {
        assert_eq!(peer.hear().await, "join_queue");
        if after_confirmation {
            peer.say(QUEUE_JOINED).await;
        }
        peer.say(QUEUE_LEFT).await;
    }
    finish(peer, bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_match_of_an_earlier_run_is_waited_for() {
    let (mut peer, bot) = play_one().await;
    assert_eq!(peer.hear().await, "join_queue");
    peer.say(error("already_in_match")).await;
    peer.say(r#"{"type":"opponent_moved","match_id":"match-uuid","round":1,"move_data":{}}"#).await;
    peer.say(GAME_OVER).await;
    assert_eq!(peer.hear().await, "closed");
    drop(peer);
    let summary = timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap();
    assert_eq!((summary.matches, summary.drawn), (1, 1));
}
