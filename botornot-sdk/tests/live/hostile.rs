//! Frames that nobody should send: mutations of the spec's, drawn from seeds. None of them panics, none ends the
//! connection, and the bot finishes its match afterwards.

use std::collections::BTreeMap;

use botornot_sdk::model::{ClientFrame, ServerFrame};
use botornot_sdk::sdk_core::error::{Error, ErrorKind};
use botornot_sdk::state::{Notice, Settings, Wish};
use botornot_sdk::{Event, Guess};
use serde_json::json;
use serde_json::value::RawValue;

use super::host::{Host, LOBBY};

const SPEC: &str = include_str!("../fixtures/spec/frames.txt");
const FRAMES: usize = 1_000;
const MATCH: &str = "room:game:botornot:counts";

/// Values that are of the wrong type, too large, or odd.
const ODD: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "1.5",
    "1e308",
    "1e999",
    "18446744073709551616",
    "-9223372036854775809",
    "[]",
    "{}",
    r#"{"":{"":""}}"#,
    r#""""#,
    r#""\u0000""#,
    r#""\ud83d""#,
    r#""\udfff\ud800""#,
    r#""\u001b[2J""#,
    "\"\u{202e}\u{feff}\"",
    "NaN",
    "undefined",
    "'x'",
    "\"",
    "\\",
    "01",
    "+1",
    r#""room:game:botornot:lobby""#,
    r#""room:""#,
    r#""{:already_tracked, \"room:game:botornot:lobby\"}""#,
    r#"":not_joined""#,
    r#""9999-99-99T99:99:99Z""#,
];

struct Mutator(fastrand::Rng);

impl Mutator {
    fn odd_value(&mut self) -> String {
        match self.0.u8(..8) {
            0 => {
                let depth = 1 << self.0.u32(4..17);
                format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
            }
            1 => "[".repeat(self.0.usize(1..50_000)),
            2 => format!("{:?}", "x".repeat(1 << self.0.u32(1..17))),
            _ => ODD[self.0.usize(..ODD.len())].to_owned(),
        }
    }

    fn frame(&mut self) -> String {
        let examples: Vec<&str> = SPEC.lines().filter_map(|line| line.strip_prefix("< ")).collect();
        let mut frame = examples[self.0.usize(..examples.len())].to_owned();
        for _ in 0..self.0.u8(1..4) {
            frame = self.mutated(&frame);
        }
        frame.truncate((0..=frame.len().min(900_000)).rev().find(|&at| frame.is_char_boundary(at)).unwrap());
        frame
    }

    fn mutated(&mut self, frame: &str) -> String {
        let fields = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(frame).ok();
        let Some(fields) = fields.filter(|fields| !fields.is_empty() && self.0.u8(..10) > 1) else {
            return self.mutated_text(frame);
        };
        let mut fields: Vec<(String, String)> = fields
            .into_iter()
            .map(|(name, value)| (serde_json::to_string(&name).unwrap(), value.get().to_owned()))
            .collect();
        let at = self.0.usize(..fields.len());
        match self.0.u8(..8) {
            0 => drop(fields.remove(at)),
            1 => fields.push((fields[at].0.clone(), self.odd_value())),
            2 => fields[at].1 = self.odd_value(),
            3 => fields.push((r#""id""#.into(), format!("\"{}\"", self.0.u8(..20)))),
            4 => self.0.shuffle(&mut fields),
            // Into the payload: that is where the meaning is.
            _ => {
                if let Some(payload) = fields.iter_mut().find(|(name, _)| name == r#""payload""#) {
                    payload.1 = self.mutated(&payload.1.clone());
                }
            }
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        format!("{{{}}}", fields.join(","))
    }

    fn mutated_text(&mut self, frame: &str) -> String {
        let at = self.0.usize(..=frame.len());
        let at = (0..=at).rev().find(|&at| frame.is_char_boundary(at)).unwrap();
        let (before, after) = frame.split_at(at);
        match self.0.u8(..5) {
            0 => before.to_owned(),
            1 => after.to_owned(),
            2 => format!("{before}{}{after}", self.odd_value()),
            3 => format!("[{frame},{frame}]"),
            _ => format!("{before}\u{0}\u{202e}{after}"),
        }
    }
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
    for frame in frames(1) {
        match ServerFrame::decode(&frame.as_str().into()) {
            Ok(_) => read += 1,
            Err(error) => {
                refused += 1;
                check(&error);
            }
        }
        if let Err(error) = ClientFrame::decode(&frame).and_then(|frame| frame.message()) {
            check(&error);
        }
    }
    assert!(read > FRAMES / 20 && refused > FRAMES / 5, "{read} read, {refused} refused");
}

#[tokio::test(start_paused = true)]
async fn a_bot_finishes_its_match_whatever_else_it_is_told() {
    for seed in 0..2 {
        let host = Host::start().await;
        let serve = async {
            let mut peer = host.lobby().await;
            for frame in frames(seed) {
                peer.say(frame).await;
            }
            // Whatever the bot was led to believe, the platform sets it right.
            peer.push(LOBBY, "match:found", json!({ "room": MATCH, "match_id": "counts" })).await;
            loop {
                let request = peer.request().await;
                match (request["event"].as_str(), request["type"].as_str(), request["room"].as_str()) {
                    (Some("join"), _, Some(MATCH)) => {
                        peer.answer(&request, "joined", json!({})).await;
                        peer.push(MATCH, "match:started", json!({ "duration_sec": 240 })).await;
                        let phase = json!({ "voted_by": "opponent", "must_vote": true });
                        peer.push(MATCH, "vote:phase", phase).await;
                    }
                    (Some("join"), ..) => {
                        peer.answer(&request, "error", json!({ "reason": ":not_found" })).await
                    }
                    (_, Some("match:request"), _) => {
                        let active =
                            json!({ "status": "already_active", "room": MATCH, "match_id": "counts" });
                        peer.answer(&request, "reply", active).await;
                    }
                    (_, Some("vote:cast"), Some(MATCH)) => {
                        peer.answer(&request, "reply", json!({ "status": "ok" })).await;
                        peer.push(MATCH, "match:ended", json!({})).await;
                        break;
                    }
                    _ => peer.answer(&request, "error", json!({ "reason": ":forbidden" })).await,
                }
            }
            peer.close_code().await
        };
        let play = async {
            let client = host.client().event_queue(20_000, 64 << 20).build().unwrap();
            let (handle, mut events) = client.enter(Settings::default()).await.unwrap();
            let (mut undecodable, mut ended) = (0, false);
            while let Some(event) = events.next().await {
                match event {
                    Event::Notice(Notice::VoteWanted { match_id, .. }) => {
                        handle.wish(Wish::Vote { match_id, guess: Guess::Agent }).await.unwrap();
                    }
                    Event::Notice(Notice::MatchEnded { match_id, vote, .. })
                        if match_id.as_str() == "counts" =>
                    {
                        assert_eq!(vote, Some(Guess::Agent));
                        ended = true;
                        handle.close().await.unwrap();
                    }
                    Event::DecodeError(error) => {
                        undecodable += 1;
                        check(&error);
                    }
                    Event::Disconnected { cause } => {
                        panic!("seed {seed}: a frame ended the connection: {cause}")
                    }
                    Event::Closed { reason } => assert!(reason.is_none(), "{reason:?}"),
                    _ => {}
                }
            }
            assert!(ended && undecodable > FRAMES / 5, "seed {seed}: {undecodable}");
        };
        tokio::join!(serve, play);
    }
}
