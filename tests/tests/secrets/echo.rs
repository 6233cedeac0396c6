//! A server that repeats the key that it was given, wherever a server can say something.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// A key that is easy to find.
pub(crate) const KEY: &str = "bp_live_m4rk3d-m4rk3d-m4rk3d-m4rk3d";

/// What the server says once it has read the key.
#[derive(Clone)]
pub(crate) enum Say {
    Text(String),
    Binary(String),
    Close(u16, String),
}

const AUTHENTICATED: &str =
    r#"{"type":"authenticated","agent_id":"550e8400-e29b-41d4-a716-446655440000","agent_name":"MyAgent"}"#;

/// Connections, one after the other, that all end with an echo. The last one is final.
pub(crate) fn script() -> Vec<Vec<Say>> {
    let text = |text: &str| Say::Text(text.replace("KEY", KEY));
    let close = |code| Say::Close(code, format!("no good: {KEY}"));
    let far = " ".repeat(130);
    vec![
        // Trouble of the server's own, before the key was looked at.
        vec![text(r#"{"type":"error","code":"KEY","message":"not now, KEY"}"#)],
        vec![close(1011)],
        vec![text(r#"{"type":"error","message":7,"api_key":"KEY"}"#), close(1012)],
        // In use.
        vec![
            text(AUTHENTICATED),
            text(r#"{"type":"error","code":"KEY","message":"bad KEY"}"#),
            text(r#"{"type":"error","message":"it was KEY"}"#),
            text(r#"{"type":"error","code":7,"message":"KEY"}"#),
            text("KEY"),
            text(r#"["KEY"]"#),
            text(r#"{"api_key":"KEY"}"#),
            text(r#"{"type":"KEY"}"#),
            text(r#"{"type":"authenticate","api_key":"KEY"}"#),
            text(r#"{"type":"queue_joined","position":"KEY"}"#),
            text(r#"{"type":"your_turn","match_id":["KEY"],"round":"KEY"}"#),
            text(r#"{"type":"game_over","match_id":"m","winner":{"KEY":1}}"#),
            // An excerpt of 160 bytes ends in the middle of it.
            text(&format!(r#"{{"type":"match_found",{far}"KEY":1}}"#)),
            text(&format!(r#"{far}"KEY"#)),
            Say::Binary(KEY.into()),
            close(1008),
        ],
        vec![text(AUTHENTICATED), close(4000)],
        vec![text(r#"{"type":"error","code":"auth_failed","message":"who is KEY?"}"#), close(4001)],
    ]
}

/// Serves the script on loopback; the last connection's part repeats. Gives the address.
pub(crate) async fn start(script: Vec<Vec<Say>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/api/v1/ws", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for part in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            let says = script.get(part).or(script.last()).unwrap().clone();
            tokio::spawn(serve(stream, says));
        }
    });
    url
}

async fn serve(stream: TcpStream, says: Vec<Say>) {
    stream.set_nodelay(true).unwrap();
    let Ok(mut socket) = accept_async(stream).await else { return };
    let Some(Ok(Message::Text(greeting))) = socket.next().await else { return };
    assert_eq!(greeting.as_str(), format!(r#"{{"type":"authenticate","api_key":"{KEY}"}}"#));
    for say in says {
        let message = match say {
            Say::Text(text) => Message::text(text),
            Say::Binary(text) => Message::binary(text.into_bytes()),
            Say::Close(code, reason) => {
                Message::Close(Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() }))
            }
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    while let Some(Ok(_)) = socket.next().await {}
}
