//! Frames that nobody should send: mutations of the documentation's examples, drawn from seeds. None of them panics, none
//! ends the connection, and the bot finishes its match afterwards.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::collections::BTreeMap;

use botpit_sdk::games::Game;
use botpit_sdk::games::rps::{Choice, RoundResult, Rps};
use botpit_sdk::model::{ClientMessage, Registered, ServerMessage};
use botpit_sdk::{Client, Event};
use futures_util::{SinkExt, StreamExt};
use sdk_core::error::{Error, ErrorKind};
use sdk_core::wire;
use serde_json::value::RawValue;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// What the platform says, as its documentation has it.
const EXAMPLES: &[&str] = &[
    include_str!("fixtures/spec/authenticated.json"),
    include_str!("fixtures/spec/error.json"),
    include_str!("fixtures/spec/queue_joined.json"),
    include_str!("fixtures/spec/queue_left.json"),
    include_str!("fixtures/spec/match_found.json"),
    include_str!("fixtures/spec/game_start.jsonc"),
    include_str!("fixtures/spec/your_turn.jsonc"),
    include_str!("fixtures/spec/opponent_moved.jsonc"),
    include_str!("fixtures/spec/round_result.json"),
    include_str!("fixtures/spec/game_over.jsonc"),
    include_str!("fixtures/spec/challenge_created.json"),
    include_str!("fixtures/spec/challenge_accepted.json"),
    include_str!("fixtures/spec/challenge_cancelled.json"),
    include_str!("fixtures/spec/spectate_update.jsonc"),
];

const FRAMES: usize = 1_000;

/// Values that are of the wrong type, too large, or odd.
const ODD: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "-0.0",
    "1.5",
    "1e308",
    "1e999",
    "-1e999",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "4294967296",
    "99999999999999999999999999999999999999",
    "[]",
    "[[],[]]",
    "{}",
    r#"{"":{"":""}}"#,
    r#""""#,
    r#""\u0000""#,
    r#""\ud800""#,
    r#""\udfff\ud800""#,
    r#""\u001b[2J""#,
    "\"\u{202e}\u{feff}\u{200b}\"",
    "\"\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\"",
    "\"e\u{301}\u{301}\u{301}\u{301}\"",
    "NaN",
    "Infinity",
    "undefined",
    "'x'",
    "\"",
    "\\",
    "0x10",
    "01",
    ".5",
    "+1",
];

struct Mutator(fastrand::Rng);

impl Mutator {
    fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.0.usize(..of.len())]
    }

    fn odd_value(&mut self) -> String {
        match self.0.u8(..8) {
            0 => {
                let depth = 1 << self.0.u32(4..17);
                format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
            }
            1 => {
                let depth = 1 << self.0.u32(4..14);
                format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
            }
            2 => "[".repeat(self.0.usize(1..100_000)),
            3 => format!("{:?}", "x".repeat(1 << self.0.u32(1..18))),
            _ => self.one_of(ODD).to_owned(),
        }
    }

    fn boundary(&mut self, text: &str) -> usize {
        let at = self.0.usize(..=text.len());
        (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap()
    }

    fn frame(&mut self) -> String {
        let mut frame = without_comments(self.one_of(EXAMPLES));
        for _ in 0..self.0.u8(1..4) {
            frame = self.mutated(&frame);
        }
        frame.truncate((0..=frame.len().min(900_000)).rev().find(|&at| frame.is_char_boundary(at)).unwrap());
        frame
    }

    fn mutated(&mut self, frame: &str) -> String {
        // Once it is no object any more, only its text can be changed.
        let fields = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(frame)
            .ok()
            .filter(|fields| !fields.is_empty());
        let (Some(fields), true) = (fields, self.0.u8(..10) > 2) else { return self.mutated_text(frame) };
        let mut fields: Vec<(String, String)> = fields
            .into_iter()
            .map(|(name, value)| (serde_json::to_string(&name).unwrap(), value.get().to_owned()))
            .collect();
        let at = self.0.usize(..fields.len());
        match self.0.u8(..7) {
            0 => drop(fields.remove(at)),
            1 => fields.push((fields[at].0.clone(), self.odd_value())),
            2 => fields.insert(0, (fields[at].0.clone(), self.odd_value())),
            3 => fields.push((
                self.one_of(&[r#""""#, r#""extra""#, r#""\u0000""#, r#""match_id ""#]).to_owned(),
                self.odd_value(),
            )),
            4 => {
                let name =
                    self.one_of(&["your_turn", "game_over", "match_found", "pong", "error", "Your_Turn", ""]);
                fields.retain(|(field, _)| field != r#""type""#);
                fields.push((r#""type""#.into(), format!("{name:?}")));
            }
            5 => self.0.shuffle(&mut fields),
            _ => fields[at].1 = self.odd_value(),
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        format!("{{{}}}", fields.join(","))
    }

    fn mutated_text(&mut self, frame: &str) -> String {
        let at = self.boundary(frame);
        let (before, after) = frame.split_at(at);
        match self.0.u8(..7) {
            0 => before.to_owned(),
            1 => after.to_owned(),
            2 => before.chars().chain(after.chars().skip(1)).collect(),
            3 => format!("{before}{}{after}", self.odd_value()),
            4 => format!(
                "{before}{}{after}",
                self.one_of(&["\u{0}", "\u{feff}", "\u{202e}", "\u{10ffff}", "}", "]", ",", ":"])
            ),
            5 => format!("[{frame},{frame}]"),
            _ => format!("{frame}{frame}"),
        }
    }
}

fn without_comments(example: &str) -> String {
    example.lines().map(|line| line.split("//").next().unwrap()).collect()
}

/// `FAULT_SEEDS` in the environment multiplies them.
fn seeds() -> u64 {
    std::env::var("FAULT_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(1)
}

fn frames(seed: u64) -> Vec<String> {
    let mut mutator = Mutator(fastrand::Rng::with_seed(seed));
    (0..FRAMES).map(|_| mutator.frame()).collect()
}

/// An error about a frame is short, says what kind it is, and cannot steer a terminal.
fn check(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    for shown in [error.to_string(), error.chain(), format!("{error:?}")] {
        assert!(shown.len() < 2_000, "{} bytes: {shown}", shown.len());
        assert!(!shown.contains(|c: char| c.is_control() || c == '\u{202e}'), "{shown:?}");
    }
}

#[test]
fn no_frame_makes_the_decoder_panic() {
    let (mut read, mut refused) = (0, 0);
    for frame in (0..seeds()).flat_map(frames) {
        match ServerMessage::decode(&frame) {
            Err(error) => {
                refused += 1;
                check(&error);
            }
            Ok(message) => {
                read += 1;
                let again = message.to_text().unwrap();
                assert_eq!(ServerMessage::decode(&again).unwrap().name(), message.name(), "{again}");
                if let ServerMessage::YourTurn(turn) = &message {
                    let _ = wire::decode::<<Rps as Game>::State>(turn.game_state.get(), "game_state")
                        .map_err(|error| check(&error));
                }
                if let ServerMessage::RoundResult(botpit_result) = &message
                    && let Some(result) = botpit_result.result
                {
                    let _ =
                        wire::decode::<RoundResult>(result.get(), "result").map_err(|error| check(&error));
                }
            }
        }
        if let Err(error) = ClientMessage::decode(&frame) {
            check(&error);
        }
        if let Err(error) = Registered::decode(frame.as_bytes()) {
            check(&error);
        }
    }
    // The mutations are neither all harmless nor all hopeless.
    assert!(read > FRAMES / 20 && refused > FRAMES / 3, "{read} read, {refused} refused");
}

/// Whether a frame says, in good order, that the bot has to stop.
fn is_the_end(frame: &str) -> bool {
    match ServerMessage::decode(frame) {
        Ok(ServerMessage::SessionReplaced) => true,
        Ok(ServerMessage::Error(error)) => error.code.is_some_and(|code| code.is_auth()),
        _ => false,
    }
}

const MATCH: &str = "the-match-that-counts";

type Socket = WebSocketStream<TcpStream>;

async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text.replace("MATCH", MATCH))).await.unwrap();
}

/// Reads until the bot has said this about the match that counts; turns of matches that never were may be answered too.
async fn hear(socket: &mut Socket, kind: &str) {
    loop {
        let Some(Ok(message)) = socket.next().await else { panic!("the bot left before `{kind}`") };
        let Message::Text(text) = message else { continue };
        if text.contains(kind) && (kind == "join_queue" || text.contains(MATCH)) {
            return;
        }
    }
}

/// A platform that plays one match, and says all kinds of things in between.
async fn serve(listener: TcpListener, frames: Vec<String>) {
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut socket = accept_async(stream).await.unwrap();
    socket.next().await.unwrap().unwrap();
    say(&mut socket, r#"{"type":"authenticated","agent_id":"me","agent_name":"MyAgent"}"#).await;
    hear(&mut socket, "join_queue").await;
    say(&mut socket, r#"{"type":"queue_joined","game_type":"rps","position":1}"#).await;
    say(&mut socket, r#"{"type":"match_found","match_id":"MATCH","game_type":"rps","opponent_id":"you","opponent_name":"BotX","wager_lamports":10000000,"server_seed_hash":"hash"}"#).await;
    say(&mut socket, r#"{"type":"game_start","match_id":"MATCH","your_side":"a"}"#).await;
    for (round, frames) in (1..=2).zip(frames.chunks(frames.len().div_ceil(2))) {
        for frame in frames {
            socket.send(Message::text(frame.as_str())).await.unwrap();
        }
        let score = round - 1;
        say(&mut socket, &format!(r#"{{"type":"your_turn","match_id":"MATCH","round":{round},"game_state":{{"round":{round},"score":[{score},0],"rounds_to_win":2}},"timeout_ms":10000}}"#)).await;
        hear(&mut socket, "make_move").await;
        say(&mut socket, &format!(r#"{{"type":"round_result","match_id":"MATCH","round":{round},"result":{{"round":{round},"choice_a":"rock","choice_b":"scissors","round_winner":"me"}},"score":[{round},0]}}"#)).await;
    }
    say(&mut socket, r#"{"type":"game_over","match_id":"MATCH","winner":"me","final_score":[2,0],"server_seed":"seed","payout_lamports":19000000}"#).await;
    while let Some(Ok(_)) = socket.next().await {}
}

#[tokio::test(start_paused = true)]
async fn a_bot_finishes_its_match_whatever_else_it_is_told() {
    for seed in 0..seeds() {
        let frames: Vec<_> = frames(seed).into_iter().filter(|frame| !is_the_end(frame)).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(serve(listener, frames));

        let client = Client::builder("bp_live_abc123def456").url(url).build().unwrap();
        let (bot, mut events) = client.connect().await.unwrap();
        bot.join_queue("rps".into(), "0.01 SOL".parse().unwrap()).await.unwrap();
        let (mut undecodable, mut results, mut won) = (0, 0, false);
        while let Some(event) = events.next().await {
            let counts = event.match_id().is_some_and(|id| id.as_str() == MATCH);
            match event {
                Event::YourTurn(turn) if counts || turn.state::<Rps>().is_ok() => {
                    bot.make_move(&turn, Choice::Rock).await.unwrap();
                }
                Event::RoundResult(_) if counts => results += 1,
                Event::GameOver(over) if counts => {
                    won = over.outcome == botpit_sdk::Outcome::Won;
                    bot.close().await.unwrap();
                }
                Event::DecodeError(error) => {
                    undecodable += 1;
                    check(&error);
                }
                Event::Disconnected { cause } => panic!("seed {seed}: a frame ended the connection: {cause}"),
                Event::Closed { reason } => assert!(reason.is_none(), "seed {seed}: {reason:?}"),
                _ => {}
            }
        }
        assert!(won && results == 2, "seed {seed}: won {won}, {results} results");
        assert!(undecodable > FRAMES / 3, "seed {seed}: {undecodable}");
        server.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_of_matches_that_never_were_is_bounded() {
    const TOLD: usize = 3_000;
    let frames =
        (0..TOLD).map(|n| format!(r#"{{"type":"game_start","match_id":"m-{n}","your_side":"a"}}"#)).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener, frames));
    let client =
        Client::builder("bp_live_abc123def456").url(url).event_queue(10_000, 64 << 20).build().unwrap();
    let (bot, mut events) = client.connect().await.unwrap();
    bot.join_queue("rps".into(), "0.01 SOL".parse().unwrap()).await.unwrap();
    let (mut started, mut left_out) = (0, 0);
    while let Some(event) = events.next().await {
        match event {
            Event::YourTurn(turn) => bot.make_move(&turn, Choice::Rock).await.unwrap(),
            Event::GameStart(_) => started += 1,
            Event::DecodeError(error) => {
                assert_eq!(error.field(), Some("match_id"), "{error}");
                left_out += 1;
            }
            Event::GameOver(over) if over.match_id.as_str() == MATCH => bot.close().await.unwrap(),
            Event::Disconnected { cause } => panic!("{cause}"),
            _ => {}
        }
    }
    // The one that counts is among those that were kept.
    assert_eq!((started, left_out), (1_024, TOLD + 1 - 1_024));
    server.await.unwrap();
}
