//! A server that does what a script says: for what a sandbox cannot do, and to see every byte that a client sends.

use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};

use super::log_capture;

pub(crate) const AGENT: &str = "550e8400-e29b-41d4-a716-446655440000";

/// A port on which nobody listens, and nobody else can meanwhile.
pub(crate) struct DeadPort(TcpSocket);

impl DeadPort {
    pub(crate) fn find() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self(socket)
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }
}

/// A listening socket whose connections each run a script.
pub(crate) struct Scripted {
    addr: SocketAddr,
    dials: Arc<Mutex<Vec<Instant>>>,
    server: JoinHandle<()>,
}

impl Scripted {
    /// Serves on a free port; `script` gets the number of the connection, from 0, and its socket.
    pub(crate) async fn serve<F>(script: impl Fn(usize, TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        log_capture::install();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let dials = Arc::<Mutex<Vec<Instant>>>::default();
        let server = tokio::spawn({
            let dials = dials.clone();
            async move {
                let mut connections = JoinSet::new();
                loop {
                    tokio::select! {
                        accepted = listener.accept() => {
                            let (socket, _) = accepted.unwrap();
                            socket.set_nodelay(true).unwrap();
                            let number = dials.lock().unwrap().len();
                            dials.lock().unwrap().push(Instant::now());
                            connections.spawn(script(number, socket));
                        }
                        Some(ended) = connections.join_next() => passed_on(ended),
                    }
                }
            }
        });
        Self { addr, dials, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/api/v1/ws", self.addr)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// When each connection was accepted.
    pub(crate) fn dials(&self) -> Vec<Instant> {
        self.dials.lock().unwrap().clone()
    }

    /// Ends it; what a script panicked with is passed on.
    pub(crate) async fn end(self) {
        // A script that failed ends the server.
        tokio::task::yield_now().await;
        self.server.abort();
        passed_on(self.server.await);
    }
}

fn passed_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        resume_unwind(error.into_panic());
    }
}

/// Reads a request's head, and answers with these bytes.
pub(crate) async fn answer(mut socket: TcpStream, response: &str) {
    let mut head = Vec::new();
    let mut chunk = [0; 1_024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match socket.read(&mut chunk).await {
            Ok(count) if count > 0 => head.extend_from_slice(&chunk[..count]),
            _ => return,
        }
    }
    if socket.write_all(response.as_bytes()).await.is_ok() {
        let _ = socket.shutdown().await;
        while matches!(socket.read(&mut chunk).await, Ok(count) if count > 0) {}
    }
}

/// Ends a connection with a reset.
pub(crate) fn reset(socket: &TcpStream) {
    socket.set_zero_linger().unwrap();
}

/// What a client said.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A message.
    Message(Value),
    /// A close frame with this code.
    Close(Option<u16>),
    /// The connection broke.
    Gone,
}

/// The server's side of a WebSocket. The client's pings are answered while it listens.
pub(crate) struct Ws(WebSocketStream<TcpStream>);

impl Ws {
    pub(crate) async fn accept(socket: TcpStream) -> Self {
        let config = WebSocketConfig::default().max_write_buffer_size(8 << 20);
        Self(tokio_tungstenite::accept_async_with_config(socket, Some(config)).await.unwrap())
    }

    /// Accepts, and answers `authenticate`.
    pub(crate) async fn greet(socket: TcpStream) -> Self {
        let mut ws = Self::accept(socket).await;
        ws.authenticate().await;
        ws
    }

    pub(crate) async fn authenticate(&mut self) {
        match self.hear().await {
            Heard::Message(message) => assert_eq!(message["type"], "authenticate"),
            other => panic!("{other:?} came first"),
        }
        self.say(json!({ "type": "authenticated", "agent_id": AGENT, "agent_name": "MyAgent" })).await;
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.frame(Message::text(message.to_string())).await;
    }

    /// Sends a frame; a client that is gone is noticed by the next reading.
    pub(crate) async fn frame(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// Sends bytes past the WebSocket library.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes).await
    }

    /// The next message that is no ping of the platform.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ping" {
                        return Heard::Message(message);
                    }
                    self.say(json!({ "type": "pong" })).await;
                }
                Some(Ok(Message::Close(frame))) => {
                    return Heard::Close(frame.map(|frame| u16::from(frame.code)));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Gone,
            }
        }
    }

    /// The next frame, pings and pongs included.
    pub(crate) async fn next_frame(&mut self) -> Option<Message> {
        self.0.next().await.and_then(Result::ok)
    }

    /// What comes within a span, if anything.
    pub(crate) async fn hear_within(&mut self, span: Duration) -> Option<Heard> {
        tokio::time::timeout(span, self.hear()).await.ok()
    }

    /// The next message, which is a move.
    pub(crate) async fn hear_move(&mut self) -> Value {
        match self.hear().await {
            Heard::Message(message) if message["type"] == "make_move" => message,
            other => panic!("{other:?} instead of a move"),
        }
    }

    /// Answers `join_queue`, and lets a match begin.
    pub(crate) async fn begin_match(&mut self, match_id: &str) {
        match self.hear().await {
            Heard::Message(message) => assert_eq!(message["type"], "join_queue"),
            other => panic!("{other:?} instead of join_queue"),
        }
        self.say(json!({ "type": "queue_joined", "game_type": "rps", "position": 1 })).await;
        self.find_match(match_id).await;
    }

    pub(crate) async fn find_match(&mut self, match_id: &str) {
        self.say(json!({
            "type": "match_found", "match_id": match_id, "game_type": "rps",
            "opponent_id": "opponent-agent-uuid", "opponent_name": "BetaBot",
            "wager_lamports": 10_000_000, "server_seed_hash": "sha256hex_of_seed",
        }))
        .await;
        self.say(json!({ "type": "game_start", "match_id": match_id, "your_side": "a" })).await;
    }

    pub(crate) async fn ask(&mut self, match_id: &str, round: u32, timeout_ms: u64) {
        self.say(json!({
            "type": "your_turn", "match_id": match_id, "round": round,
            "game_state": { "round": round, "score": [0, 0], "rounds_to_win": 2, "history": [] },
            "timeout_ms": timeout_ms,
        }))
        .await;
    }

    pub(crate) async fn end_match(&mut self, match_id: &str) {
        self.say(json!({
            "type": "game_over", "match_id": match_id, "winner": AGENT, "final_score": [2, 0],
            "server_seed": "hex_seed_revealed", "payout_lamports": 19_000_000,
        }))
        .await;
    }

    pub(crate) async fn close(&mut self, code: Option<u16>, reason: &'static str) {
        let frame = code.map(|code| CloseFrame { code: code.into(), reason: reason.into() });
        let _ = self.0.close(frame).await;
    }

    /// The connection ends with a reset.
    pub(crate) fn reset(self) {
        reset(self.0.get_ref());
    }

    /// Listens until the client's close frame, and acknowledges it.
    pub(crate) async fn goodbye(&mut self) -> Option<u16> {
        match self.hear().await {
            Heard::Close(code) => {
                while !matches!(self.hear().await, Heard::Gone) {}
                code
            }
            other => panic!("{other:?} instead of a close frame"),
        }
    }
}
