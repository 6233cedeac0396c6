//! A server that plays matches by the spec's frames, and players that write down what they are asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botornot_sdk::model::{LeaderboardState, Reveal};
use botornot_sdk::player::PlayError;
use botornot_sdk::player::{
    Chat, Line, MatchReport, Pacing, Play, Player, PlayerFailure, Replies, SealNews, Summary,
};
use botornot_sdk::state::WhyVote;
use botornot_sdk::{Guess, Result};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::host::{Host, LOBBY, Peer};

/// What a player was asked and told, in order.
#[derive(Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    pub(crate) fn note(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.entries().iter().filter(|entry| entry.starts_with(prefix)).count()
    }
}

/// Answers with what it heard, and votes agent. How long it takes for which is set.
#[derive(Clone, Default)]
pub(crate) struct Echo {
    pub(crate) diary: Diary,
    pub(crate) opens_with: Option<&'static str>,
    pub(crate) answer_takes: Duration,
    pub(crate) vote_takes: Duration,
    pub(crate) leans: Option<Guess>,
    pub(crate) panics: bool,
}

impl Player for Echo {
    async fn on_match_start(&mut self, chat: &Chat) -> Result<Replies> {
        self.diary.note(format!("start {}", chat.match_id));
        Ok(self.opens_with.into())
    }

    async fn on_message(&mut self, chat: &Chat, message: &Line) -> Result<Replies> {
        let heard: Vec<&str> = chat.transcript.unanswered().iter().map(|line| &*line.text).collect();
        self.diary.note(format!("message {}", heard.join("+")));
        if let Some(guess) = self.leans {
            chat.lean(guess, 0.8);
        }
        assert!(!self.panics, "this player is broken");
        tokio::time::sleep(self.answer_takes).await;
        self.diary.note("answers");
        Ok(format!("re: {}", message.text).into())
    }

    async fn vote(&mut self, _: &Chat, why: WhyVote) -> Result<Guess> {
        self.diary.note(format!("vote {why:?}"));
        assert!(!self.panics, "this player is broken");
        tokio::time::sleep(self.vote_takes).await;
        Ok(Guess::Agent)
    }

    fn on_typing(&mut self, _: &Chat, typing: bool) {
        self.diary.note(format!("typing {typing}"));
    }

    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal) {
        let lines = chat.transcript.lines().iter().map(|line| format!("{:?}:{}", line.who, line.text));
        let said: Vec<String> = lines.collect();
        self.diary.note(format!("reveal {:?} after {}", reveal.opponent_label.as_deref(), said.join("|")));
    }

    fn on_meta(&mut self, news: &SealNews) {
        self.diary.note(format!("meta {:?} {:?}", news.seal_integrity, news.trend));
    }

    fn on_leaderboard(&mut self, board: &LeaderboardState) {
        self.diary.note(format!("board {}", board.top.len()));
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        self.diary.note(format!("end {} {:?} {:?}", report.id, report.guess, report.voted_by));
    }

    fn on_failure(&mut self, failure: &PlayerFailure) {
        self.diary.note(format!("failure {:?}", failure.during));
    }
}

/// Starts to play on a host.
pub(crate) fn playing<P: Player>(
    host: &Host,
    player: P,
    change: impl FnOnce(Play<P>) -> Play<P>,
) -> JoinHandle<Result<Summary, PlayError>> {
    let client = host.client().build().unwrap();
    let play = change(client.play(player).matches(1).pacing(Pacing::off()).seed(1));
    tokio::spawn(play.run())
}

pub(crate) fn room(id: &str) -> String {
    format!("room:game:botornot:{id}")
}

impl Peer {
    /// Answers the request for a match, and lets one begin.
    pub(crate) async fn begin(&mut self, id: &str, seconds: u64) {
        let request = self.request().await;
        assert_eq!(request["type"], "match:request", "{request}");
        self.answer(&request, "reply", json!({ "status": "queued" })).await;
        self.push(LOBBY, "match:found", json!({ "room": room(id), "match_id": id })).await;
        let join = self.request().await;
        assert_eq!((&join["event"], &join["room"]), (&json!("join"), &json!(room(id))));
        self.answer(&join, "joined", json!({})).await;
        self.push(&room(id), "match:started", json!({ "duration_sec": seconds })).await;
    }

    /// The opponent says something. Each line is dated, and so no repetition of another.
    pub(crate) async fn says(&mut self, id: &str, body: &str) {
        let at = Instant::now().elapsed().as_nanos() + u128::from(fastrand::u32(..));
        let frame = json!({
            "room": room(id), "type": "chat:message", "payload": { "from": "opponent", "body": body },
            "meta": { "user_id": 42, "timestamp": format!("2026-03-02T00:00:00.{:09}Z", at % 1_000_000_000) },
        });
        self.say(frame.to_string()).await;
    }

    /// Time passes, in which only pings come.
    pub(crate) async fn idle(&mut self, span: Duration) {
        let request = tokio::time::timeout(span, self.request()).await;
        assert!(request.is_err(), "{request:?}");
    }

    /// The next request that is no typing, which is taken.
    pub(crate) async fn heard(&mut self) -> Value {
        loop {
            let request = self.request().await;
            if request["type"] != "chat:typing" {
                return request;
            }
        }
    }

    /// The next text, which is taken.
    pub(crate) async fn text(&mut self) -> String {
        let request = self.heard().await;
        assert_eq!(request["type"], "chat:message", "{request}");
        self.answer(&request, "reply", json!({ "status": "ok" })).await;
        request["payload"]["body"].as_str().unwrap().to_owned()
    }

    /// The vote, which is counted.
    pub(crate) async fn vote(&mut self, id: &str) -> String {
        let request = self.heard().await;
        assert_eq!(request["type"], "vote:cast", "{request}");
        let guess = request["payload"]["guess"].as_str().unwrap().to_owned();
        self.push(&room(id), "vote:ack", json!({ "guess": guess })).await;
        guess
    }

    /// The opponent has voted: the bot must.
    pub(crate) async fn opponent_votes(&mut self, id: &str) {
        let phase = json!({ "chat_locked": false, "voted_by": "opponent", "must_vote": true });
        self.push(&room(id), "vote:phase", phase).await;
    }

    /// The reveal of the spec, and the end.
    pub(crate) async fn end(&mut self, id: &str) {
        let reveal = json!({
            "opponent_kind": "agent", "opponent_label": "ORACLE", "agent_tier": "hard", "correct": true,
            "no_contest": false, "opponent_vote": "agent", "seconds_remaining": 91, "rating_delta": 18,
            "new_rating": 1142,
        });
        self.push(&room(id), "match:reveal", reveal).await;
        self.push(&room(id), "match:ended", json!({})).await;
    }
}
