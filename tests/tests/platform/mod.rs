//! A BOTPIT server that does what a test says, message by message, and shows what a client sends.
#![allow(dead_code, reason = "each test program uses its part")]

use std::time::Duration;

use botpit_sdk::{Client, ClientBuilder, Event, Events, Handle};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub(crate) const KEY: &str = "bp_live_a1b2c3d4e5f6";
pub(crate) const ME: &str = "550e8400-e29b-41d4-a716-446655440000";
pub(crate) const MATCH: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// On the paused clock: long enough for whatever is going to happen.
const LONG: Duration = Duration::from_secs(600);

/// The listening side.
pub(crate) struct Platform(TcpListener);

impl Platform {
    pub(crate) async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/api/v1/ws", self.0.local_addr().unwrap())
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(KEY).url(self.url()).seed(1)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// The next TCP connection.
    pub(crate) async fn dialled(&self) -> TcpStream {
        let (socket, _) = timeout(LONG, self.0.accept()).await.expect("a dial").unwrap();
        socket.set_nodelay(true).unwrap();
        socket
    }

    /// The next connection, upgraded.
    pub(crate) async fn upgraded(&self) -> Seat {
        Seat(tokio_tungstenite::accept_async(self.dialled().await).await.unwrap())
    }

    /// The next connection, authenticated.
    pub(crate) async fn seated(&self) -> Seat {
        let mut seat = self.upgraded().await;
        seat.hears("authenticate").await;
        seat.welcome().await;
        seat
    }

    /// Nobody dials for so long.
    pub(crate) async fn is_left_alone(&self, span: Duration) {
        assert!(timeout(span, self.0.accept()).await.is_err(), "nobody was to dial");
    }

    /// A client with a stream of events, and its seat.
    pub(crate) async fn meet(&self, client: &Client) -> (Handle, Events, Seat) {
        let (connected, seat) = tokio::join!(client.connect(), self.seated());
        let (handle, events) = connected.unwrap();
        (handle, events, seat)
    }
}

/// One connection, from the server's side.
pub(crate) struct Seat(pub(crate) WebSocketStream<TcpStream>);

impl Seat {
    pub(crate) async fn says(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    pub(crate) async fn sends(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn welcome(&mut self) {
        self.says(format!(r#"{{"type":"authenticated","agent_id":"{ME}","agent_name":"Tester"}}"#)).await;
    }

    pub(crate) async fn starts(&mut self, id: &str) {
        self.says(format!(
            r#"{{"type":"match_found","match_id":"{id}","game_type":"rps","opponent_id":"agent-uuid-b","opponent_name":"Opponent","wager_lamports":10000000,"server_seed_hash":"a1b2c3"}}"#
        ))
        .await;
        self.says(format!(r#"{{"type":"game_start","match_id":"{id}","your_side":"a"}}"#)).await;
    }

    pub(crate) async fn asks(&mut self, id: &str, round: u32, timeout_ms: u64) {
        self.says(your_turn(id, round, timeout_ms)).await;
    }

    pub(crate) async fn ends(&mut self, id: &str) {
        self.says(format!(
            r#"{{"type":"game_over","match_id":"{id}","winner":"{ME}","final_score":[2,0],"server_seed":"f9e8d7c6","payout_lamports":19000000}}"#
        ))
        .await;
    }

    /// The next message of the client; the platform's pings are answered on the way. `None` when the connection is over.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) if text.contains(r#""type":"ping""#) => {
                    let _ = self.0.send(Message::text(r#"{"type":"pong"}"#)).await;
                }
                Ok(message) => return Some(message),
                Err(_) => return None,
            }
        }
    }

    /// The next message, which must be of this type.
    pub(crate) async fn hears(&mut self, kind: &str) -> Value {
        match timeout(LONG, self.next()).await {
            Ok(Some(Message::Text(text))) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(message["type"], kind, "{text}");
                message
            }
            other => panic!("{other:?} instead of {kind}"),
        }
    }

    /// Nothing but pings comes for so long, and the connection stays.
    pub(crate) async fn hears_nothing(&mut self, span: Duration) {
        if let Ok(heard) = timeout(span, self.next()).await {
            panic!("{heard:?} instead of silence");
        }
    }

    /// The client ends the connection.
    pub(crate) async fn is_left(&mut self) -> Option<CloseFrame> {
        match timeout(LONG, self.next()).await.expect("the client ends the connection") {
            Some(Message::Close(frame)) => frame,
            None => None,
            other => panic!("{other:?} instead of an end"),
        }
    }

    /// Ends without a close frame.
    pub(crate) fn vanishes(self) {
        let _ = self.0.get_ref().set_zero_linger();
    }

    pub(crate) async fn closes(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.0.close(Some(frame)).await.unwrap();
        while self.next().await.is_some() {}
    }
}

pub(crate) fn your_turn(id: &str, round: u32, timeout_ms: u64) -> String {
    format!(
        r#"{{"type":"your_turn","match_id":"{id}","round":{round},"game_state":{{"round":{round},"score":[0,0],"rounds_to_win":2,"history":[]}},"timeout_ms":{timeout_ms}}}"#
    )
}

/// The next event that is wanted; others pass by.
pub(crate) async fn until<T>(events: &mut Events, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.next().await.expect("the events go on");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    timeout(LONG, found).await.expect("the event comes")
}

/// How it ended.
pub(crate) async fn the_end(events: &mut Events) -> Option<botpit_sdk::Error> {
    let reason = until(events, |event| match event {
        Event::Closed { reason } => Some(reason.clone()),
        _ => None,
    })
    .await;
    assert!(events.next().await.is_none(), "nothing comes after the end");
    reason
}
