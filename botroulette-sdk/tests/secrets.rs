//! The key is in no log, whoever writes it and at whatever level. A program of its own with one test: it listens to every
//! target of the process, so the relay is written by hand and logs nothing.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use botroulette_sdk::{Client, Incoming, Registrar, model::Registration, responder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const KEY: &str = "kp_live_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4";
const TOKEN: &str = "dG9rZW4tY2FuYXJ5.c4n4ry";

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl log::Log for Heard {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(self.clone(), "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A client's short text frame (RFC 6455, section 5.2), unmasked.
async fn frame(stream: &mut TcpStream) -> String {
    let opcode = stream.read_u8().await.unwrap();
    let length = match stream.read_u8().await.unwrap() & 0x7f {
        126 => usize::from(stream.read_u16().await.unwrap()),
        length => usize::from(length),
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await.unwrap();
    let mut text = vec![0; length];
    stream.read_exact(&mut text).await.unwrap();
    assert_eq!(opcode, 0x81);
    text.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    String::from_utf8(text).unwrap()
}

async fn say(stream: &mut TcpStream, text: &str) {
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    stream.write_all(&[&[0x81, 126, length[0], length[1]], text.as_bytes()].concat()).await.unwrap();
}

async fn upgraded(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    let head = head(&mut stream).await;
    let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    let auth = frame(&mut stream).await;
    assert!(auth.contains(KEY), "this is where the key goes");
    stream
}

#[tokio::test(start_paused = true)]
async fn the_key_is_in_no_log_at_any_level() {
    let heard = Heard::default();
    let writer = heard.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    log::set_boxed_logger(Box::new(heard.clone())).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = Client::builder(KEY).url(format!("http://{address}")).seed(1).build().unwrap();

    // Online, asked, lost, refused.
    let polite = responder(|request: Incoming| async move { Ok(format!("{request:?}")) });
    let run = tokio::spawn(client.serve(polite).run());
    let mut relay = upgraded(&listener).await;
    say(&mut relay, r#"{"type":"auth_ok","tunnel_url":"https://zeph.example"}"#).await;
    let request = format!(
        r#"{{"type":"request","id":"r","headers":{{"X-KPATH-User-Token":"{TOKEN}"}},"body":"{{\"message\":\"hi\"}}"}}"#
    );
    say(&mut relay, &request).await;
    let answer = frame(&mut relay).await;
    assert!(answer.contains("Incoming") && !answer.contains(TOKEN), "{answer}");
    drop(relay);
    let mut relay = upgraded(&listener).await;
    say(&mut relay, include_str!("fixtures/observed/error.json")).await;
    let error = run.await.unwrap().unwrap_err();
    assert!(error.is_auth() && !format!("{error} {error:?} {}", error.chain()).contains(KEY));
    drop(relay);

    // A call that is answered with the key in the words, and a registration whose answer is one.
    let refusing = async {
        for body in [
            format!(r#"{{"error":"Invalid or expired API key {KEY}"}}"#),
            format!(r#"{{"api_key":"{KEY}"}}"#),
        ] {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            let length = body.len();
            let answer =
                format!("HTTP/1.1 401 X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let registrar = Registrar::new(format!("http://{address}")).unwrap();
    let bot = Registration::new("Zeph", "Finds recipes for leftovers", "Utilities", "zeph@botmakers.net");
    let calling = async {
        let call = client.roulette().await.unwrap_err();
        (call, registrar.register(&bot).await.unwrap_err())
    };
    let ((call, registration), ()) = tokio::join!(calling, refusing);
    for error in [call, registration] {
        assert!(!format!("{error} {error:?} {}", error.chain()).contains(KEY), "{error:?}");
        assert!(!String::from_utf8_lossy(error.body().unwrap_or_default()).contains(KEY));
    }

    let logs = String::from_utf8(heard.0.lock().unwrap().clone()).unwrap();
    assert!(logs.contains("the bot is online") && logs.contains("TRACE"), "the logs are heard");
    let leak = logs.lines().find(|line| line.contains(KEY));
    assert!(leak.is_none(), "{leak:?}");
}
