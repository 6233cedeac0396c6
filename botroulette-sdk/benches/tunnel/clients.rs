//! The clients: the SDK with a responder in process, two socket loops by hand, the SDK's forwarder, and a forwarder by hand.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use botroulette_sdk::{Client, Incoming, Reply, Responder, forward_to};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Outcome;
use crate::process::{Played, Usage, peak_kib};
use crate::relay::SLOW;

/// When the first request came: dialling is not measured.
static BEGAN: OnceLock<Usage> = OnceLock::new();

/// Plays a scenario to its end and prints what it took.
pub(crate) fn play(client: &str, relay: &str, scenario: &str, local: &str) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let url = format!("ws://{relay}{scenario}");
        match client {
            "sdk" => sdk(&url, Echo).await,
            "by-hand" => by_hand(&url, relay).await,
            "by-hand-bursts" => by_hand_in_bursts(&url, relay).await,
            "forward" => sdk(&url, Noticed(forward_to(local)?)).await,
            "forward-by-hand" => forward_by_hand(&url, relay, local).await,
            other => Err(format!("there is no client {other}").into()),
        }
    })?;
    let used = BEGAN.get().ok_or("no request came")?.elapsed();
    println!("{}", Played { used, peak_kib: peak_kib() });
    Ok(())
}

// ---- the SDK ----------------------------------------------------------------------------------------------------------

async fn sdk(url: &str, responder: impl Responder) -> Outcome<()> {
    // One more than outstanding at most: the slow one.
    Ok(Client::builder("kp_bench").tunnel_url(url).build()?.serve(responder).max_at_once(512).run().await?)
}

struct Echo;

impl Responder for Echo {
    async fn reply(&self, request: Incoming) -> botroulette_sdk::Result<Reply> {
        BEGAN.get_or_init(Usage::now);
        let message = request.message()?.to_owned();
        if message == SLOW {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        Ok(Reply::text(message))
    }
}

struct Noticed<R>(R);

impl<R: Responder> Responder for Noticed<R> {
    async fn reply(&self, request: Incoming) -> botroulette_sdk::Result<Reply> {
        BEGAN.get_or_init(Usage::now);
        self.0.reply(request).await
    }

    fn takes_every_path(&self) -> bool {
        self.0.takes_every_path()
    }
}

// ---- by hand ----------------------------------------------------------------------------------------------------------

/// What an answer in process needs of a request, borrowed from its frame as far as that goes.
#[derive(Deserialize)]
struct Asked<'a> {
    r#type: &'a str,
    #[serde(default)]
    id: &'a str,
    #[serde(default, borrow)]
    body: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

#[derive(Serialize)]
struct Answer<'a> {
    reply: &'a str,
}

/// What a task that forwards it needs of a request.
#[derive(Deserialize)]
struct Request {
    r#type: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: String,
}

#[derive(Serialize)]
struct Response<'a> {
    r#type: &'static str,
    id: &'a str,
    status: u16,
    headers: HashMap<&'static str, String>,
    body: String,
}

impl<'a> Response<'a> {
    fn new(id: &'a str, status: u16, body: String) -> Self {
        let headers = HashMap::from([("content-type", "application/json".to_owned())]);
        Self { r#type: "response", id, status, headers, body }
    }
}

/// With the SDK's own settings, as far as they matter here.
async fn dialled(url: &str, relay: &str) -> Outcome<WebSocketStream<TcpStream>> {
    let settings = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .max_message_size(Some(20 << 20))
        .max_frame_size(Some(20 << 20));
    let stream = TcpStream::connect(relay).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async_with_config(url, stream, Some(settings)).await?;
    socket.send(Message::text(r#"{"type":"auth","api_key":"kp_bench"}"#)).await?;
    Ok(socket)
}

/// The answer to a frame, when it is a request.
fn answered(text: &str) -> Outcome<Option<String>> {
    let request: Asked<'_> = serde_json::from_str(text)?;
    if request.r#type != "request" {
        return Ok(None);
    }
    BEGAN.get_or_init(Usage::now);
    let said: Said<'_> = serde_json::from_str(&request.body)?;
    let body = serde_json::to_string(&Answer { reply: &said.message })?;
    Ok(Some(serde_json::to_string(&Response::new(request.id, 200, body))?))
}

/// A loop that answers each request as it comes, as everybody writes it.
async fn by_hand(url: &str, relay: &str) -> Outcome<()> {
    let mut socket = dialled(url, relay).await?;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Text(text) => {
                if let Some(answer) = answered(&text)? {
                    socket.send(Message::text(answer)).await?;
                }
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    Ok(())
}

/// The same by somebody who has measured it: answers are written together while requests are ready to be read.
async fn by_hand_in_bursts(url: &str, relay: &str) -> Outcome<()> {
    let mut socket = dialled(url, relay).await?;
    'connection: while let Some(first) = socket.next().await {
        let mut next = Some(first);
        while let Some(message) = next {
            match message? {
                Message::Text(text) => {
                    if let Some(answer) = answered(&text)? {
                        socket.feed(Message::text(answer)).await?;
                    }
                }
                Message::Close(_) => break 'connection,
                _ => {}
            }
            next = socket.next().now_or_never().flatten();
        }
        socket.flush().await?;
    }
    Ok(())
}

/// A task for each request, and one client for all of them.
async fn forward_by_hand(url: &str, relay: &str, local: &str) -> Outcome<()> {
    // reqwest wants to know who does its TLS, although there is none here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tcp_nodelay(true).build()?;
    let mut socket = dialled(url, relay).await?;
    let (answers, mut answered) = mpsc::channel::<String>(1_024);
    loop {
        let message = tokio::select! {
            Some(answer) = answered.recv() => {
                socket.send(Message::text(answer)).await?;
                continue;
            }
            message = socket.next() => message,
        };
        let text = match message.transpose()? {
            Some(Message::Text(text)) => text,
            Some(Message::Close(_)) | None => break,
            _ => continue,
        };
        let request: Request = serde_json::from_str(&text)?;
        if request.r#type != "request" {
            continue;
        }
        BEGAN.get_or_init(Usage::now);
        let (http, answers, local) = (http.clone(), answers.clone(), local.to_owned());
        tokio::spawn(async move {
            let answer = match forwarded(&http, &local, request).await {
                Ok(answer) => answer,
                Err(error) => {
                    eprintln!("tunnel: {error}");
                    return;
                }
            };
            let _ = answers.send(answer).await;
        });
    }
    Ok(())
}

async fn forwarded(http: &reqwest::Client, local: &str, request: Request) -> Outcome<String> {
    let mut builder = http.request(request.method.parse()?, format!("http://{local}{}", request.path));
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let response = builder.body(request.body).send().await?;
    let status = response.status().as_u16();
    let body = String::from_utf8(response.bytes().await?.into())?;
    Ok(serde_json::to_string(&Response::new(&request.id, status, body))?)
}
