//! Whole matches, from the queue to the summary.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botornot_sdk::model::Reveal;
use botornot_sdk::player::{
    Chat, Line, MatchLog, Pacing, Persona, Player, PlayerExt, Replies, Speaker, Stats,
};
use botornot_sdk::sdk_core::clock::Instant;
use botornot_sdk::sdk_core::error::codes;
use botornot_sdk::sdk_core::shutdown::Shutdown;
use botornot_sdk::state::WhyVote;
use botornot_sdk::{Client, Guess, Result};
use serde_json::json;

use super::host::{Host, LOBBY};
use super::script::{Diary, Echo, playing, room};

#[tokio::test(start_paused = true)]
async fn a_match_is_played_from_the_queue_to_the_summary() {
    let host = Host::start().await;
    let diary = Diary::default();
    let player = Echo { diary: diary.clone(), opens_with: Some("hey"), ..Echo::default() };
    let reports = Arc::new(Mutex::new(Vec::new()));
    let told = reports.clone();
    let run =
        playing(&host, player, |play| play.on_match(move |report| told.lock().unwrap().push(report.clone())));
    let mut peer = host.lobby().await;
    peer.push(LOBBY, "meta:state", json!({ "seal_integrity": 0.7, "breach_count": 3, "last_reason": "x" }))
        .await;
    peer.push(LOBBY, "leaderboard:state", json!({ "top": [{ "name": "ORACLE" }] })).await;
    peer.begin("m1", 240).await;
    assert_eq!(peer.text().await, "hey");
    // The platform repeats what the bot says: it is said once all the same.
    peer.push(&room("m1"), "chat:message", json!({ "from": "self", "body": "hey" })).await;
    peer.says("m1", "hello").await;
    assert_eq!(peer.text().await, "re: hello");
    peer.opponent_votes("m1").await;
    assert_eq!(peer.vote("m1").await, "agent");
    peer.end("m1").await;
    assert_eq!(peer.close_code().await, 1000);
    let summary = run.await.unwrap().unwrap();

    assert_eq!((summary.matches, summary.correct, summary.passed, summary.caught), (1, 1, 0, 1));
    assert_eq!(
        (summary.rating_before, summary.rating_after, summary.fallbacks),
        (Some(1124.0), Some(1142.0), 0)
    );
    let reports = reports.lock().unwrap();
    assert_eq!(
        serde_json::to_value(&reports[0]).unwrap(),
        json!({
            "id": "m1", "opponent_kind": "agent", "opponent_tier": "hard", "guess": "agent", "opponent_vote": "agent",
            "correct": true, "rating_before": 1124.0, "rating_after": 1142.0, "rating_delta": 18.0,
        })
    );
    assert_eq!(
        reports[0].to_string(),
        "Match m1 against ORACLE: it was an agent (hard); guessed agent, right; it took us for an agent; rating 1124 → 1142 (+18)"
    );
    let lines = reports[0].transcript.lines();
    let said: Vec<(Speaker, &str)> = lines.iter().map(|line| (line.who, &*line.text)).collect();
    assert_eq!(said, [(Speaker::Me, "hey"), (Speaker::Opponent, "hello"), (Speaker::Me, "re: hello")]);
    assert_eq!(
        diary.entries(),
        [
            "meta Some(0.7) Steady",
            "board 1",
            "start m1",
            "message hello",
            "answers",
            "vote MustVote",
            "reveal Some(\"ORACLE\") after Me:hey|Opponent:hello|Me:re: hello",
            "end m1 Some(Agent) Some(Bot)",
        ]
    );
}

/// Says nothing, and writes down what it is told of where the match is.
struct Watcher(Diary);

impl Watcher {
    fn note(&self, what: &str, chat: &Chat) {
        let left = chat.time_left().as_secs_f64().round();
        assert!((chat.deadline - Instant::now()).as_secs_f64() - left < 0.5);
        self.0.note(format!("{what} {:?} {left} {:?}", chat.phase, chat.voted));
    }
}

impl Player for Watcher {
    async fn on_match_start(&mut self, chat: &Chat) -> Result<Replies> {
        self.note("start", chat);
        Ok(Replies::none())
    }

    async fn on_message(&mut self, chat: &Chat, _: &Line) -> Result<Replies> {
        self.note("message", chat);
        Ok(Replies::none())
    }

    async fn vote(&mut self, chat: &Chat, _: WhyVote) -> Result<Guess> {
        self.note("vote", chat);
        Ok(Guess::Agent)
    }

    fn on_typing(&mut self, chat: &Chat, typing: bool) {
        self.note(&format!("typing {typing}"), chat);
    }

    fn on_reveal(&mut self, chat: &Chat, _: &Reveal) {
        self.note("reveal", chat);
    }
}

#[tokio::test(start_paused = true)]
async fn a_player_is_told_the_phase_the_time_left_its_vote_and_who_types() {
    let host = Host::start().await;
    let diary = Diary::default();
    let run = playing(&host, Watcher(diary.clone()), |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    let later = |seconds| tokio::time::sleep(Duration::from_secs(seconds));
    later(10).await;
    for typing in [true, false] {
        peer.push(&room("m1"), "chat:typing", json!({ "from": "opponent", "typing": typing })).await;
        later(5).await;
    }
    peer.says("m1", "hello").await;
    later(10).await;
    peer.opponent_votes("m1").await;
    assert_eq!(peer.vote("m1").await, "agent");
    later(10).await;
    peer.says("m1", "what now?").await;
    later(10).await;
    peer.push(&room("m1"), "vote:phase", json!({ "chat_locked": true, "voted_by": "opponent" })).await;
    peer.push(&room("m1"), "chat:typing", json!({ "from": "opponent", "typing": true })).await;
    later(10).await;
    peer.end("m1").await;
    peer.close_code().await;
    run.await.unwrap().unwrap();
    assert_eq!(
        diary.entries(),
        [
            "start Chatting 240 None",
            "typing true Chatting 230 None",
            "typing false Chatting 225 None",
            "message Chatting 220 None",
            "vote Voting 210 None",
            "message Voting 200 Some(Agent)",
            "typing true Locked 190 Some(Agent)",
            "reveal Over 180 Some(Agent)",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn matches_follow_each_other_and_are_written_down() {
    let host = Host::start().await;
    let path = std::env::temp_dir().join(format!("botornot-play-{:016x}.jsonl", fastrand::u64(..)));
    let log = MatchLog::append_to(&path).unwrap();
    let run = playing(&host, Echo::default(), |play| play.matches(2).log(log));
    let mut peer = host.lobby().await;
    for id in ["m1", "m2"] {
        peer.begin(id, 240).await;
        peer.says(id, "a secret").await;
        assert_eq!(peer.text().await, "re: a secret");
        peer.opponent_votes(id).await;
        peer.vote(id).await;
        peer.end(id).await;
    }
    peer.close_code().await;
    assert_eq!(run.await.unwrap().unwrap().ratings, [1142.0, 1142.0]);
    let records: Vec<_> = MatchLog::read(&path).unwrap().map(|record| record.unwrap()).collect();
    assert_eq!(
        records.iter().map(|record| record.id.clone().unwrap().to_string()).collect::<Vec<_>>(),
        ["m1", "m2"]
    );
    assert_eq!(records[1].voted_by.as_deref(), Some("player"));
    assert_eq!(records[1].transcript.lines().len(), 2);
    let stats = Stats::read(&path).unwrap();
    assert_eq!((stats.matches, stats.win_rate.hits), (2, 2));
    std::fs::remove_file(path).unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_written_is_told_and_stops_nothing() {
    let host = Host::start().await;
    // A file on a full disk.
    let log = MatchLog::append_to("/dev/full").unwrap();
    let run = playing(&host, Echo::default(), |play| play.log(log));
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.opponent_votes("m1").await;
    peer.vote("m1").await;
    peer.end("m1").await;
    assert_eq!(peer.close_code().await, 1000);
    let summary = run.await.unwrap().unwrap();
    assert_eq!(summary.matches, 1);
    assert!(summary.log_failed.as_ref().unwrap().contains("/dev/full"), "{summary}");
    assert!(summary.to_string().contains("is not complete"), "{summary}");
}

#[tokio::test(start_paused = true)]
async fn a_reveal_after_the_end_still_counts() {
    let host = Host::start().await;
    let run = playing(&host, Echo::default(), |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.opponent_votes("m1").await;
    peer.vote("m1").await;
    peer.push(&room("m1"), "match:ended", json!({})).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    peer.push(&room("m1"), "match:reveal", json!({ "correct": true, "new_rating": 7, "rating_delta": 1 }))
        .await;
    assert_eq!(peer.close_code().await, 1000);
    let summary = run.await.unwrap().unwrap();
    assert_eq!((summary.correct, summary.rating_after), (1, Some(7.0)));
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_connection_the_match_goes_on_where_it_was() {
    let host = Host::start().await;
    let diary = Diary::default();
    let player = Echo { diary: diary.clone(), answer_takes: Duration::from_secs(1), ..Echo::default() };
    let run = playing(&host, player, |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "hello").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(peer); // while it thinks
    let mut peer = host.lobby().await;
    let request = peer.request().await;
    let active = json!({ "status": "already_active", "room": room("m1"), "match_id": "m1" });
    peer.answer(&request, "reply", active).await;
    let join = peer.request().await;
    peer.answer(&join, "joined", json!({})).await;
    // What it was asked is still owed, and it still knows what was said.
    assert_eq!(peer.text().await, "re: hello");
    peer.opponent_votes("m1").await;
    peer.vote("m1").await;
    peer.end("m1").await;
    peer.close_code().await;
    assert_eq!(run.await.unwrap().unwrap().matches, 1);
    assert_eq!((diary.count("start"), diary.count("message hello"), diary.count("answers")), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_test_harness_and_a_persona_in_every_form() {
    // Spec, "Test Match Endpoint": five turns, then the vote that must be cast.
    let forms: [fn(&Host) -> tokio::task::JoinHandle<_>; 2] = [
        |host| playing(host, Persona::new(7), |play| play.test_mode(true).pacing(Pacing::default())),
        |host| playing(host, Persona::new(7).boxed(), |play| play.test_mode(true).pacing(Pacing::default())),
    ];
    for form in forms {
        let host = Host::start().await;
        let run = form(&host);
        let mut peer = host.lobby().await;
        let request = peer.request().await;
        assert_eq!(request["type"], "match:test_request");
        peer.answer(&request, "reply", json!({ "status": "queued" })).await;
        let found = json!({ "room": room("test_x7YvQ"), "match_id": "test_x7YvQ" });
        peer.push(LOBBY, "match:found", found).await;
        let join = peer.request().await;
        peer.answer(&join, "joined", json!({})).await;
        peer.push(&room("test_x7YvQ"), "match:started", json!({ "duration_sec": 240 })).await;
        for line in ["hi", "how are you?", "where are you from?", "are you a bot?", "ok, bye"] {
            peer.says("test_x7YvQ", line).await;
            tokio::time::sleep(Duration::from_secs(8)).await;
        }
        peer.opponent_votes("test_x7YvQ").await;
        let mut texts = 0;
        loop {
            let request = peer.heard().await;
            if request["type"] == "vote:cast" {
                break;
            }
            texts += 1;
        }
        assert!(texts >= 3, "{texts} texts");
        peer.push(&room("test_x7YvQ"), "match:reveal", json!({ "rating_delta": 0, "new_rating": 1142 }))
            .await;
        peer.push(&room("test_x7YvQ"), "match:ended", json!({})).await;
        peer.close_code().await;
        let summary = run.await.unwrap().unwrap();
        assert_eq!((summary.matches, summary.fallbacks, summary.rating_delta), (1, 0, 0.0));
    }
}

#[tokio::test(start_paused = true)]
async fn asked_once_it_finishes_the_match_and_asked_twice_it_ends_now() {
    for twice in [false, true] {
        let host = Host::start().await;
        let shutdown = Shutdown::new();
        let client = host.client().shutdown(&shutdown).build().unwrap();
        let run = tokio::spawn(client.play(Echo::default()).pacing(Pacing::off()).run());
        let mut peer = host.lobby().await;
        peer.begin("m1", 240).await;
        peer.says("m1", "hello").await;
        peer.text().await;
        shutdown.request();
        if twice {
            shutdown.request();
        } else {
            peer.says("m1", "still there?").await;
            assert_eq!(peer.text().await, "re: still there?");
            peer.opponent_votes("m1").await;
            peer.vote("m1").await;
            peer.end("m1").await;
        }
        assert_eq!(peer.close_code().await, 1000);
        let summary = run.await.unwrap().unwrap();
        assert_eq!((summary.matches, summary.lost), if twice { (0, 1) } else { (1, 0) });
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_settings_and_a_refused_token_are_errors_with_a_name() {
    let client = Client::builder("t").url("ws://127.0.0.1:1").build().unwrap();
    let mut pacing = Pacing::default();
    pacing.burst = 0;
    let error = client.play(Echo::default()).pacing(pacing).run().await.unwrap_err();
    assert_eq!((error.error().code(), error.error().field()), (&codes::INVALID_CONFIG, Some("burst")));
    let error = client.play(Echo::default()).vote_margin(Duration::ZERO).run().await.unwrap_err();
    assert_eq!(error.error().field(), Some("vote_margin"));
    assert_eq!(client.play(Echo::default()).matches(0).run().await.unwrap().matches, 0);

    let host = Host::start().await;
    let run = playing(&host, Echo::default(), |play| play.fallback(Guess::Agent));
    host.answer_http("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await;
    assert!(run.await.unwrap().unwrap_err().error().is_auth());
}
