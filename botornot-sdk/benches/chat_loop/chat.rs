//! A message in, a reply out: through the SDK with its pace off, and by hand.
//!
//! The server says the next message as soon as the reply to the last has arrived. Both clients decode every frame into the same
//! types, keep what was said, and vote in every match. The loop by hand is there twice: with the ping that the spec asks of every
//! client (every 30 s, so that none is due here, but a timer runs), and bare, without any timer at all.

use std::time::{Duration, Instant};

use botornot_sdk::model::{ChatFrom, PING, Room, ServerEvent, ServerFrame};
use botornot_sdk::player::{Chat, Line, Pacing, Player, Replies};
use botornot_sdk::state::WhyVote;
use botornot_sdk::{Client, Guess};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async_with_config};

use crate::process::{Core, Server};
use crate::{Outcome, runtime};

/// The messages of one match: more than anybody types in four minutes.
const MESSAGES: u32 = 100;
/// The spec: "every ~30s".
const PING_EVERY: Duration = Duration::from_secs(30);
/// What the ratio is to be at least.
const GOAL: f64 = 0.90;
/// What plays, by name.
const CLIENTS: [&str; 3] = ["sdk", "by-hand", "bare"];
const LOBBY: &str = "room:game:botornot:lobby";

// ---- the runs -----------------------------------------------------------------------------------------------------------

/// Runs the clients in turn, and compares their medians.
pub(crate) fn compare(quick: bool) -> Outcome<()> {
    let (runs, matches) = if quick { (1, 2) } else { (12, 100) };
    let core = Core::pick();
    let mut server = Server::start(&core, &["serve"])?;
    let address = server.line()?;
    let mut rates = CLIENTS.map(|_| Vec::new());
    for run in 0..runs {
        // Whoever is first changes from run to run.
        for turn in 0..CLIENTS.len() {
            let which = (run + turn) % CLIENTS.len();
            let client = CLIENTS.get(which).copied().unwrap_or_default();
            core.run(&["chat", client, &address, &matches.to_string()])?;
            let took: u64 = server.line()?.parse()?;
            let messages = f64::from(matches) * f64::from(MESSAGES);
            if let Some(rates) = rates.get_mut(which) {
                rates.push(messages / Duration::from_nanos(took).as_secs_f64());
            }
        }
    }
    let [sdk, by_hand, bare] = rates.map(median);
    println!("chat sdk {sdk:.0}/s, by hand {by_hand:.0}/s, bare {bare:.0}/s");
    println!("chat ratio {:.2} (goal {GOAL:.2})", sdk / by_hand);
    println!("chat vs_bare {:.2}", sdk / bare);
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Plays so many matches.
pub(crate) fn play(client: &str, address: &str, matches: &str) -> Outcome<()> {
    let (url, matches) = (format!("ws://{address}/ws"), matches.parse()?);
    runtime()?.block_on(async {
        match client {
            "sdk" => sdk(&url, matches).await,
            "by-hand" => by_hand(&url, address, matches, true).await,
            "bare" => by_hand(&url, address, matches, false).await,
            other => Err(format!("there is no client {other}").into()),
        }
    })
}

// ---- the SDK ------------------------------------------------------------------------------------------------------------

struct Agreeable;

impl Player for Agreeable {
    async fn on_message(&mut self, _: &Chat, message: &Line) -> botornot_sdk::Result<Replies> {
        Ok(answer(&message.text).into())
    }

    async fn vote(&mut self, _: &Chat, _: WhyVote) -> botornot_sdk::Result<Guess> {
        Ok(Guess::Agent)
    }
}

/// What a bot would think about; it must look at the text, or the decoding could be left out.
fn answer(text: &str) -> &'static str {
    if text.ends_with('?') { "haha yes" } else { "oh nice" }
}

async fn sdk(url: &str, matches: u32) -> Outcome<()> {
    let client = Client::builder("bench-token").url(url).build()?;
    let pacing = Pacing::off().limit(u32::MAX, Duration::ZERO);
    let summary = client.play(Agreeable).pacing(pacing).matches(matches).run().await?;
    if summary.matches == matches { Ok(()) } else { Err(format!("not all matches: {summary}").into()) }
}

// ---- by hand ------------------------------------------------------------------------------------------------------------

/// What somebody writes who has measured, with the SDK's settings of the socket.
async fn by_hand(url: &str, address: &str, matches: u32, pings: bool) -> Outcome<()> {
    let settings = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .max_message_size(Some(1 << 20))
        .max_frame_size(Some(1 << 20));
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("{url}?api_key=bench-token");
    let (mut socket, _) = client_async_with_config(url, stream, Some(settings)).await?;
    let mut id = 0_u64;
    let mut next = || {
        id += 1;
        id
    };
    let mut left = matches;
    let mut said: Vec<(ChatFrom, String)> = Vec::new();
    socket.send(join(next(), LOBBY)).await?;
    socket.send(event(next(), LOBBY, "match:request", "{}")).await?;
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
    loop {
        let message = tokio::select! {
            biased;
            message = socket.next() => message,
            _ = beat.tick(), if pings => {
                socket.send(Message::text(PING)).await?;
                continue;
            }
        };
        let Some(message) = message else { break };
        let text = match message? {
            Message::Text(text) => text,
            Message::Close(_) => break,
            _ => continue,
        };
        let ServerFrame::Push(push) = ServerFrame::decode(&text.as_str().into())? else { continue };
        let room: &Room = &push.room;
        match push.event {
            ServerEvent::MatchFound(found) => {
                said.clear();
                socket.send(join(next(), found.room.as_str())).await?;
            }
            ServerEvent::Chat(chat) => {
                let answer = answer(&chat.body);
                said.push((ChatFrom::Opponent, chat.body));
                said.push((ChatFrom::Me, answer.to_owned()));
                let payload = format!(r#"{{"body":"{answer}"}}"#);
                socket.send(event(next(), room.as_str(), "chat:message", &payload)).await?;
            }
            ServerEvent::VotePhase(_) => {
                socket.send(event(next(), room.as_str(), "vote:cast", r#"{"guess":"agent"}"#)).await?;
            }
            ServerEvent::MatchEnded => {
                left = left.saturating_sub(1);
                if left == 0 {
                    break;
                }
                socket.send(event(next(), LOBBY, "match:request", "{}")).await?;
            }
            _ => {}
        }
    }
    socket.close(None).await?;
    Ok(())
}

fn join(id: u64, room: &str) -> Message {
    Message::text(format!(r#"{{"id":"{id}","room":"{room}","event":"join","payload":{{}}}}"#))
}

fn event(id: u64, room: &str, event_type: &str, payload: &str) -> Message {
    Message::text(format!(r#"{{"id":"{id}","room":"{room}","type":"{event_type}","payload":{payload}}}"#))
}

// ---- the server ---------------------------------------------------------------------------------------------------------

/// Serves one client after the other. Prints its address first, and then for each client how many nanoseconds it was there after
/// its first request.
pub(crate) fn serve() -> Outcome<()> {
    runtime()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let took = host(accept_async(stream).await?).await?;
            println!("{}", took.as_nanos());
        }
    })
}

/// Plays one match after the other for as long as the client asks. The spec's frames, put together without the SDK's code.
async fn host(mut socket: WebSocketStream<TcpStream>) -> Outcome<Duration> {
    let (mut began, mut ended) = (None, Instant::now());
    let (mut number, mut left) = (0_u32, 0_u32);
    // A client that is done may leave without a farewell.
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let text = text.as_str();
        let id = text.split('"').nth(3).unwrap_or_default();
        let room = format!("room:game:botornot:m{number}");
        let push = |event_type: &str, payload: &str| {
            Message::text(format!(
                r#"{{"room":"{room}","type":"{event_type}","payload":{payload},"meta":{{"user_id":42,"timestamp":"2026-03-02T00:02:00Z"}}}}"#
            ))
        };
        let ok = |room: &str, status: &str| {
            Message::text(format!(
                r#"{{"id":"{id}","room":"{room}","event":"reply","payload":{{"status":"{status}"}}}}"#
            ))
        };
        if text.contains(r#""chat:message""#) {
            socket.feed(ok(&room, "ok")).await?;
            left = left.saturating_sub(1);
            socket.feed(next_push(left, push)).await?;
        } else if text.contains(r#""match:request""#) {
            began.get_or_insert_with(Instant::now);
            number += 1;
            left = MESSAGES;
            socket.feed(ok(LOBBY, "queued")).await?;
            socket
                .feed(Message::text(format!(
                    r#"{{"room":"{LOBBY}","type":"match:found","payload":{{"room":"room:game:botornot:m{number}","match_id":"m{number}"}},"meta":{{"user_id":42,"timestamp":"2026-03-02T00:00:00Z"}}}}"#
                )))
                .await?;
        } else if text.contains(r#""vote:cast""#) {
            socket.feed(ok(&room, "ok")).await?;
            socket.feed(push("vote:ack", r#"{"guess":"agent"}"#)).await?;
            let reveal = r#"{"opponent_kind":"agent","opponent_label":"ORACLE","agent_tier":"hard","correct":true,"no_contest":false,"opponent_vote":"human","seconds_remaining":91,"rating_delta":18,"new_rating":1142}"#;
            socket.feed(push("match:reveal", reveal)).await?;
            socket.feed(push("match:ended", "{}")).await?;
            ended = Instant::now();
        } else if text.contains(r#""event":"join""#) {
            let is_lobby = text.contains(LOBBY);
            let joined = if is_lobby { LOBBY } else { &room };
            socket
                .feed(Message::text(format!(
                    r#"{{"id":"{id}","room":"{joined}","event":"joined","payload":{{}}}}"#
                )))
                .await?;
            if !is_lobby {
                socket.feed(push("match:started", r#"{"duration_sec":3600}"#)).await?;
                socket.feed(next_push(left, push)).await?;
            }
        } else if text.contains(r#""ping""#) {
            socket.feed(Message::text(r#"{"event":"pong"}"#)).await?;
        } else {
            socket.feed(ok(&room, "ok")).await?;
        }
        socket.flush().await?;
    }
    Ok(ended.saturating_duration_since(began.unwrap_or(ended)))
}

/// The opponent's next message, or the vote when it has said everything.
fn next_push(left: u32, push: impl Fn(&str, &str) -> Message) -> Message {
    if left == 0 {
        return push("vote:phase", r#"{"chat_locked":false,"voted_by":"opponent","must_vote":true}"#);
    }
    push(
        "chat:message",
        &format!(r#"{{"from":"opponent","body":"and what do you think of number {left}?"}}"#),
    )
}
