//! The short way to play, against a platform that does not always say yes. The frames are those of the spec ("WebSocket
//! Protocol"), with ids of their own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::games::Game;
use botpit_sdk::games::rps::{self, Choice, Rps};
use botpit_sdk::games::untyped::Untyped;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::{
    BoxedStrategy, Client, Error, ErrorCode, Fallback, GameTurn, MatchReport, Play, PlayError, Result,
    Strategy, StrategyExt, StrategyFailure, Summary,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

const AUTHENTICATED: &str =
    r#"{"type":"authenticated","agent_id":"550e8400-e29b-41d4-a716-446655440000","agent_name":"MyAgent"}"#;
const QUEUE_JOINED: &str = r#"{"type":"queue_joined","game_type":"rps","position":1}"#;
const QUEUE_LEFT: &str = r#"{"type":"queue_left"}"#;
const MATCH_FOUND: &str = r#"{"type":"match_found","match_id":"match-uuid","game_type":"rps","opponent_id":"opponent-agent-uuid","opponent_name":"BetaBot","wager_lamports":10000000,"server_seed_hash":"sha256hex_of_seed"}"#;
const GAME_OVER: &str = r#"{"type":"game_over","match_id":"match-uuid","winner":null,"final_score":[1,1],"server_seed":"hex_seed_revealed","payout_lamports":10000000}"#;

fn error(code: &str) -> String {
    format!(r#"{{"type":"error","code":"{code}","message":"so it is"}}"#)
}

struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    async fn say(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The type of the next message, past the pings; `closed` when the client is gone.
    async fn hear(&mut self) -> String {
        self.hear_all().await["type"].as_str().unwrap().to_owned()
    }

    /// The next message, past the pings.
    async fn hear_all(&mut self) -> serde_json::Value {
        loop {
            let next = timeout(Duration::from_secs(600), self.0.next()).await.unwrap();
            let Some(Ok(Message::Text(text))) = next else { return json!({ "type": "closed" }) };
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            match message["type"].as_str().unwrap() {
                "ping" => self.say(r#"{"type":"pong"}"#).await,
                _ => return message,
            }
        }
    }

    /// Nothing but pings comes for so long.
    async fn silent_for(&mut self, span: Duration) {
        if let Ok(heard) = timeout(span, self.hear()).await {
            panic!("{heard} instead of silence");
        }
    }
}

impl Peer {
    /// The queue is asked for again, not sooner than after a wait.
    async fn until_asked_after(&mut self, refused: Instant, wait: Duration) {
        assert_eq!(self.hear().await, "join_queue");
        assert!(refused.elapsed() >= wait, "{:?}", refused.elapsed());
    }
}

/// Plays one match on a server that has accepted the key.
async fn play_one() -> (Peer, JoinHandle<Result<Summary, PlayError>>) {
    begin(|client| client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock)).await
}

/// The same as the test likes it.
async fn begin<G: Game, S: Strategy<G>>(
    play: impl FnOnce(&Client) -> Play<G, S>,
) -> (Peer, JoinHandle<Result<Summary, PlayError>>) {
    begin_many(1, play).await
}

/// The same for more than one match.
async fn begin_many<G: Game, S: Strategy<G>>(
    matches: u32,
    play: impl FnOnce(&Client) -> Play<G, S>,
) -> (Peer, JoinHandle<Result<Summary, PlayError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let client = Client::builder("bp_live_abc123").url(url).build().unwrap();
    let bot = tokio::spawn(play(&client).wager("0.01 SOL".parse().unwrap()).matches(matches).run());
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut peer = Peer(accept_async(stream).await.unwrap());
    assert_eq!(peer.hear().await, "authenticate");
    peer.say(AUTHENTICATED).await;
    (peer, bot)
}

/// From the place in the queue to the end.
async fn finish(mut peer: Peer, bot: JoinHandle<Result<Summary, PlayError>>) {
    assert_eq!(peer.hear().await, "join_queue");
    peer.say(QUEUE_JOINED).await;
    peer.say(MATCH_FOUND).await;
    peer.say(GAME_OVER).await;
    assert_eq!(peer.hear().await, "closed");
    drop(peer);
    let summary = timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap();
    assert_eq!((summary.matches, summary.drawn), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_refused_for_now_is_tried_again() {
    let (mut peer, bot) = play_one().await;
    assert_eq!(peer.hear().await, "join_queue");
    for code in ["rate_limited", "internal_error"] {
        let refused = Instant::now();
        peer.say(error(code)).await;
        peer.until_asked_after(refused, Duration::from_secs(5)).await;
    }
    peer.say(error("rate_limited")).await;
    finish(peer, bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_refused_for_good_is_the_end_and_says_why() {
    let (mut peer, bot) = play_one().await;
    assert_eq!(peer.hear().await, "join_queue");
    peer.say(error("invalid_wager")).await;
    assert_eq!(peer.hear().await, "closed");
    drop(peer);
    let refused = timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap_err();
    assert_eq!(refused.error().platform_code(), Some(ErrorCode::InvalidWager));
    assert_eq!(refused.summary(), &Summary::default());
}

#[tokio::test(start_paused = true)]
async fn what_was_played_before_a_failure_is_told_with_it() {
    let rock = |client: &Client| client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock);
    let (mut peer, bot) = begin_many(3, rock).await;
    assert_eq!(peer.hear().await, "join_queue");
    for frame in [QUEUE_JOINED, MATCH_FOUND, GAME_OVER] {
        peer.say(frame).await;
    }
    assert_eq!(peer.hear().await, "join_queue");
    peer.say(r#"{"type":"session_replaced"}"#).await;
    assert_eq!(peer.hear().await, "closed");
    drop(peer);
    let ended = timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap_err();
    assert_eq!(*ended.error().code(), codes::SESSION_REPLACED);
    assert_eq!((ended.summary().matches, ended.summary().drawn), (1, 1));
    // In a function that returns an `Error`, `?` makes one of it; in words they are the same.
    let (words, error) = (ended.to_string(), Error::from(ended));
    assert_eq!(words, error.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_the_platform_takes_back_is_asked_for_again() {
    let (mut peer, bot) = play_one().await;
    for after_confirmation in [false, true] {
        assert_eq!(peer.hear().await, "join_queue");
        if after_confirmation {
            peer.say(QUEUE_JOINED).await;
        }
        peer.say(QUEUE_LEFT).await;
    }
    finish(peer, bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_match_of_an_earlier_run_is_waited_for() {
    let (mut peer, bot) = play_one().await;
    assert_eq!(peer.hear().await, "join_queue");
    peer.say(error("already_in_match")).await;
    peer.say(r#"{"type":"opponent_moved","match_id":"match-uuid","round":1,"move_data":{}}"#).await;
    peer.say(GAME_OVER).await;
    assert_eq!(peer.hear().await, "closed");
    drop(peer);
    let summary = timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap();
    assert_eq!((summary.matches, summary.drawn), (1, 1));
}

// ---- what is played when a strategy does not decide ---------------------------------------------------------------------

const TURN: &str = r#"{"type":"your_turn","match_id":"match-uuid","round":1,"game_state":{"round":1,"score":[0,0],"rounds_to_win":2,"history":[]},"timeout_ms":10000}"#;
const GAME_START: &str = r#"{"type":"game_start","match_id":"match-uuid","your_side":"a"}"#;

impl Peer {
    /// From the place in the queue to the first turn.
    async fn first_turn(&mut self) -> Instant {
        assert_eq!(self.hear().await, "join_queue");
        for text in [QUEUE_JOINED, MATCH_FOUND, GAME_START, TURN] {
            self.say(text).await;
        }
        Instant::now()
    }

    async fn last(mut self, bot: JoinHandle<Result<Summary, PlayError>>) -> Summary {
        self.say(GAME_OVER).await;
        assert_eq!(self.hear().await, "closed");
        drop(self);
        timeout(Duration::from_secs(600), bot).await.unwrap().unwrap().unwrap()
    }
}

/// What a strategy was told of its failures.
type Told = Arc<Mutex<Vec<String>>>;

/// Fails in the way that it is told to.
struct Failing {
    how: &'static str,
    told: Told,
}

impl Strategy<Rps> for Failing {
    async fn choose(&mut self, _: &GameTurn<Rps>) -> Result<rps::Move> {
        match self.how {
            "panics" => panic!("that was too much"),
            "fails" => Err(Error::invalid_argument("book", "the opening book is gone")),
            _ => std::future::pending().await,
        }
    }

    fn on_failure(&mut self, failure: &StrategyFailure) {
        self.told.lock().unwrap().push(failure.to_string());
        assert_ne!(self.how, "panics", "and so was the report");
    }
}

#[tokio::test(start_paused = true)]
async fn a_strategy_that_fails_panics_or_is_too_slow_is_reported_and_a_safe_move_is_played() {
    for (how, words, within) in [
        ("fails", "the opening book is gone", 0..=0),
        ("panics", "that was too much", 0..=0),
        ("hangs", "not decided in time", 9_000..=9_001),
    ] {
        let told = Told::default();
        let reports: Arc<Mutex<Vec<MatchReport>>> = Arc::default();
        let (kept, strategy) = (reports.clone(), Failing { how, told: told.clone() });
        let (mut peer, bot) = begin(|client| {
            client.play::<Rps, _>(strategy).on_match(move |report| kept.lock().unwrap().push(report.clone()))
        })
        .await;
        let asked = peer.first_turn().await;
        assert_eq!(peer.hear().await, "make_move", "{how}");
        let took = asked.elapsed().as_millis();
        assert!(within.contains(&took), "{how}: {took} ms, and the turn has 10 s");
        let summary = peer.last(bot).await;
        assert_eq!(summary.matches, 1, "it plays on: {how}");
        let told = told.lock().unwrap().clone();
        assert!(told.len() == 1 && told[0].contains(words) && told[0].contains("a safe move"), "{told:?}");
        assert_eq!(reports.lock().unwrap()[0].fallbacks, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_fallback_is_the_bots_to_choose() {
    let cases: [(Fallback<Rps>, &str); 3] = [
        (Fallback::Resign, "resign"),
        (Fallback::with(|_| Some(Choice::Paper.into())), "make_move"),
        (Fallback::with(|_| None), "resign"),
    ];
    for (fallback, heard) in cases {
        let strategy = Failing { how: "fails", told: Told::default() };
        let (mut peer, bot) = begin(|client| client.play::<Rps, _>(strategy).fallback(fallback)).await;
        peer.first_turn().await;
        assert_eq!(peer.hear().await, heard);
        peer.last(bot).await;
    }
    let strategy = Failing { how: "fails", told: Told::default() };
    let (mut peer, bot) = begin(|client| client.play::<Rps, _>(strategy).fallback(Fallback::Forfeit)).await;
    peer.first_turn().await;
    peer.silent_for(Duration::from_secs(30)).await;
    peer.last(bot).await;
}

#[tokio::test(start_paused = true)]
async fn more_time_is_kept_for_the_fallback_where_a_bot_asks_for_it() {
    let strategy = Failing { how: "hangs", told: Told::default() };
    let (mut peer, bot) =
        begin(|client| client.play::<Rps, _>(strategy).fallback_before(Duration::from_secs(4))).await;
    let asked = peer.first_turn().await;
    assert_eq!(peer.hear().await, "make_move");
    assert_eq!(asked.elapsed().as_secs(), 6);
    peer.last(bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_game_without_a_safe_move_is_resigned() {
    let strategy = |_: &GameTurn<Untyped>| -> serde_json::Value { panic!("no idea") };
    let (mut peer, bot) = begin(|client| client.play_untyped("rps", strategy)).await;
    peer.first_turn().await;
    assert_eq!(peer.hear().await, "resign");
    peer.last(bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_turn_without_a_side_still_gets_a_safe_move() {
    let (mut peer, bot) = begin(|client| client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock)).await;
    assert_eq!(peer.hear().await, "join_queue");
    for text in [QUEUE_JOINED, MATCH_FOUND, TURN] {
        peer.say(text).await;
    }
    assert_eq!(peer.hear().await, "make_move");
    peer.last(bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_does_not_end_the_run() {
    let (mut peer, bot) = begin(|client| {
        client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock).on_match(|_| panic!("no ink"))
    })
    .await;
    peer.first_turn().await;
    assert_eq!(peer.hear().await, "make_move");
    assert_eq!(peer.last(bot).await.matches, 1);
}

/// In real time: the strategy has a thread of its own.
#[tokio::test]
async fn a_blocking_strategy_holds_up_nothing_and_is_replaced_in_time() {
    let (free, go) = std::sync::mpsc::channel::<()>();
    let strategy = move |_: &GameTurn<Rps>| {
        let _ = go.recv_timeout(Duration::from_secs(5));
        Choice::Rock
    };
    let (mut peer, bot) = begin(|client| {
        let play = client.play::<Rps, _>(strategy.blocking());
        play.fallback(Fallback::with(|_| Some(Choice::Paper.into())))
            .fallback_before(Duration::from_millis(9_980))
    })
    .await;
    peer.first_turn().await;
    assert_eq!(peer.hear_all().await["move_data"]["choice"], "paper", "the thread is still busy");
    drop(free);
    peer.last(bot).await;
}

#[tokio::test]
async fn a_blocking_strategy_that_is_quick_decides_and_its_panic_is_caught() {
    for (round, heard) in [(1, "scissors"), (2, "paper")] {
        let strategy = move |_: &GameTurn<Rps>| {
            assert_eq!(round, 1, "the second time it panics");
            Choice::Scissors
        };
        let (mut peer, bot) = begin(|client| {
            let play = client.play::<Rps, _>(strategy.blocking());
            play.fallback(Fallback::with(|_| Some(Choice::Paper.into())))
        })
        .await;
        peer.first_turn().await;
        assert_eq!(peer.hear_all().await["move_data"]["choice"], heard);
        peer.last(bot).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_strategy_can_be_chosen_at_run_time() {
    for name in ["rock", "paper"] {
        let strategy: BoxedStrategy<Rps> = match name {
            "rock" => (|_: &GameTurn<Rps>| Choice::Rock).boxed(),
            _ => (|_: &GameTurn<Rps>| Choice::Paper).boxed(),
        };
        let (mut peer, bot) = begin(|client| client.play(strategy)).await;
        peer.first_turn().await;
        assert_eq!(peer.hear_all().await["move_data"]["choice"], name);
        peer.last(bot).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_game_that_nobody_knows_here_is_played_untyped() {
    let strategy = |turn: &GameTurn<Untyped>| json!({ "column": turn.state.value["free"][1] });
    let (mut peer, bot) = begin(|client| client.play_untyped("connect_four", strategy)).await;
    assert_eq!(peer.hear_all().await["game_type"], "connect_four");
    peer.say(r#"{"type":"queue_joined","game_type":"connect_four","position":1}"#).await;
    peer.say(MATCH_FOUND.replace(r#""rps""#, r#""connect_four""#)).await;
    peer.say(GAME_START).await;
    peer.say(r#"{"type":"your_turn","match_id":"match-uuid","round":1,"game_state":{"free":[0,3],"score":"none"},"timeout_ms":10000}"#).await;
    assert_eq!(peer.hear_all().await["move_data"], json!({ "column": 3 }));
    assert_eq!(peer.last(bot).await.drawn, 1);
}
