//! Players that take too long, fail, panic or block: the connection goes on, and no vote is lost.

use std::time::Duration;

use botornot_sdk::player::{Chat, Line, Pacing, Player, PlayerExt, Replies};
use botornot_sdk::sdk_core::error::{Error, codes};
use botornot_sdk::state::WhyVote;
use botornot_sdk::{Guess, Result};
use serde_json::json;
use tokio::time::Instant;

use super::host::Host;
use super::script::{Diary, Echo, playing, room};

const NEVER: Duration = Duration::from_secs(100_000);

#[tokio::test(start_paused = true)]
async fn a_player_that_never_decides_votes_as_it_leaned_or_by_the_fallback() {
    for (leans, fallback, expected, by) in [
        (Some(Guess::Agent), Guess::Human, "agent", "Leaning"),
        (None, Guess::Agent, "agent", "Fallback"),
        (None, Guess::Human, "human", "Fallback"),
    ] {
        let host = Host::start().await;
        let diary = Diary::default();
        let player =
            Echo { diary: diary.clone(), leans, answer_takes: NEVER, vote_takes: NEVER, ..Echo::default() };
        let run = playing(&host, player, |play| play.fallback(fallback).vote_margin(Duration::from_secs(5)));
        let mut peer = host.lobby().await;
        peer.begin("m1", 240).await;
        let began = Instant::now();
        peer.says("m1", "hello").await;
        assert_eq!(peer.vote("m1").await, expected);
        let voted = began.elapsed().as_secs_f64();
        assert!((234.5..=235.5).contains(&voted), "{voted}: five seconds before the end");
        peer.end("m1").await;
        peer.close_code().await;
        let summary = run.await.unwrap().unwrap();
        assert_eq!((summary.fallbacks, summary.matches), (1, 1));
        // It is said so: the question that kept it from voting, and the vote itself.
        assert_eq!((diary.count("failure Answer"), diary.count("failure Vote")), (1, 1));
        assert_eq!(
            diary.entries().last().unwrap(),
            &format!("end m1 Some({}) Some({by})", if expected == "agent" { "Agent" } else { "Human" })
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_vote_does_not_wait_for_an_answer_that_never_comes() {
    let host = Host::start().await;
    let diary = Diary::default();
    let player = Echo { diary: diary.clone(), answer_takes: NEVER, ..Echo::default() };
    let run = playing(&host, player, |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "hello").await;
    tokio::time::sleep(Duration::from_secs(32)).await;
    peer.opponent_votes("m1").await;
    // 200 s are left until the vote would be cast in its place: after half of them the player is asked.
    let asked = Instant::now();
    assert_eq!(peer.vote("m1").await, "agent");
    assert!((99.0..=101.0).contains(&asked.elapsed().as_secs_f64()), "{:?}", asked.elapsed());
    peer.end("m1").await;
    peer.close_code().await;
    assert_eq!(run.await.unwrap().unwrap().fallbacks, 0);
    assert_eq!(diary.count("vote MustVote"), 1);
}

#[tokio::test(start_paused = true)]
async fn panics_and_errors_are_reported_and_cost_their_answer_alone() {
    let host = Host::start().await;
    let diary = Diary::default();
    let player = Echo { diary: diary.clone(), panics: true, leans: Some(Guess::Agent), ..Echo::default() };
    let run = playing(&host, player, |play| play.matches(2));
    let mut peer = host.lobby().await;
    for id in ["m1", "m2"] {
        peer.begin(id, 240).await;
        peer.says(id, "hello").await;
        assert_eq!(peer.vote(id).await, "agent", "as it leaned");
        peer.end(id).await;
    }
    peer.close_code().await;
    let summary = run.await.unwrap().unwrap();
    assert_eq!((summary.matches, summary.fallbacks, summary.failures), (2, 2, 4));
    assert_eq!((diary.count("failure Answer"), diary.count("failure Vote")), (2, 2));

    struct Fails;
    impl Player for Fails {
        async fn on_message(&mut self, _: &Chat, _: &Line) -> Result<Replies> {
            Err(Error::new(&codes::HANDLER_FAILED, "the model is gone"))
        }
        async fn vote(&mut self, _: &Chat, _: WhyVote) -> Result<Guess> {
            Err(Error::new(&codes::HANDLER_FAILED, "the model is gone"))
        }
        fn on_failure(&mut self, _: &botornot_sdk::player::PlayerFailure) {
            panic!("even this one");
        }
    }
    let host = Host::start().await;
    let run = playing(&host, Fails, |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "hello").await;
    assert_eq!(peer.vote("m1").await, "human");
    peer.end("m1").await;
    peer.close_code().await;
    assert_eq!(run.await.unwrap().unwrap().fallbacks, 1);
}

#[tokio::test(start_paused = true)]
async fn a_match_that_ends_while_it_thinks_drops_the_answer() {
    let host = Host::start().await;
    let diary = Diary::default();
    let player = Echo { diary: diary.clone(), answer_takes: Duration::from_secs(3), ..Echo::default() };
    let run = playing(&host, player, |play| play.matches(2));
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "for m1").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.push(&room("m1"), "match:ended", json!({})).await;
    peer.begin("m2", 240).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    peer.says("m2", "for m2").await;
    assert_eq!(peer.text().await, "re: for m2");
    peer.opponent_votes("m2").await;
    peer.vote("m2").await;
    peer.end("m2").await;
    peer.close_code().await;
    assert_eq!(run.await.unwrap().unwrap().matches, 2);
    assert_eq!((diary.count("message for m1"), diary.count("answers")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_slow_player_does_not_delay_the_connection() {
    let host = Host::start().await;
    let run = playing(&host, Echo { answer_takes: NEVER, ..Echo::default() }, |play| play);
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "hello").await;
    // Its pings go on all the while: one every thirty seconds.
    for _ in 0..3 {
        let began = Instant::now();
        let ping = peer.next().await.unwrap().into_text().unwrap();
        assert_eq!(ping.as_str(), r#"{"event":"ping"}"#);
        assert!(began.elapsed() < Duration::from_secs(31));
        peer.say(r#"{"event":"pong"}"#).await;
    }
    run.abort();
}

/// Keeps its thread, until it is told to go on.
struct Blocks(std::sync::mpsc::Receiver<()>, Diary);

/// Waits for another thread without letting the paused clock move.
async fn until(diary: &Diary, entry: &str) {
    while diary.count(entry) == 0 {
        tokio::task::yield_now().await;
    }
}

impl Player for Blocks {
    async fn on_message(&mut self, chat: &Chat, _: &Line) -> Result<Replies> {
        chat.lean(Guess::Agent, 0.9);
        self.1.note("leans");
        let _ = self.0.recv();
        Ok("at last".into())
    }

    async fn vote(&mut self, _: &Chat, _: WhyVote) -> Result<Guess> {
        Ok(Guess::Human)
    }

    fn on_failure(&mut self, failure: &botornot_sdk::player::PlayerFailure) {
        self.1.note(format!("failure {:?}", failure.during));
    }
}

#[tokio::test(start_paused = true)]
async fn a_player_that_blocks_runs_on_a_thread_of_its_own_and_leans_from_there() {
    let host = Host::start().await;
    let (go_on, waits) = std::sync::mpsc::channel();
    let diary = Diary::default();
    let player = Blocks(waits, diary.clone()).blocking();
    let run = playing(&host, player, |play| play.pacing(Pacing::off()));
    let mut peer = host.lobby().await;
    peer.begin("m1", 240).await;
    peer.says("m1", "hello").await;
    until(&diary, "leans").await;
    assert_eq!(peer.vote("m1").await, "agent", "as it leaned before it blocked");
    go_on.send(()).unwrap();
    peer.end("m1").await;
    peer.close_code().await;
    assert_eq!(run.await.unwrap().unwrap().fallbacks, 1);
}
