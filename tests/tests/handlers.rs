//! Handlers that are slow, that block, that panic; a consumer that takes nothing; and the ways to stop.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod platform;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::model::GameType;
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::{
    BoxedHandler, Client, Connected, Error, Event, EventHandler, EventHandlerExt, GameTurn, Handle,
    MatchFound, MoveData, Result, RoundResult, Turn,
};
use platform::{MATCH, Platform, the_end, until};
use sdk_core::error::codes;
use sdk_core::shutdown::Shutdown;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Message};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn result(id: &str, round: u32) -> String {
    format!(r#"{{"type":"round_result","match_id":"{id}","round":{round},"result":{{}},"score":[0,0]}}"#)
}

/// What a handler went through, in order.
type Diary = Arc<Mutex<Vec<String>>>;

fn pages(diary: &Diary) -> Vec<String> {
    diary.lock().unwrap().clone()
}

/// Answers every turn with rock, and does what its fields say.
#[derive(Default, Clone)]
struct Bot {
    diary: Diary,
    /// How long `on_round_result` sleeps, without blocking.
    sleeps: Duration,
    /// How long `on_your_turn` blocks its thread.
    blocks: Duration,
    /// The rounds whose turn panics.
    panics_in: Vec<u32>,
    panics_when_found: bool,
    panics_when_it_failed: bool,
    queues: bool,
}

impl Bot {
    fn writes(&self, page: impl Into<String>) {
        self.diary.lock().unwrap().push(page.into());
    }
}

impl EventHandler for Bot {
    async fn on_connected(&self, bot: &Handle, _: Connected) {
        if self.queues {
            let joined = bot.join_queue(GameType::Rps, "0.01 SOL".parse().unwrap()).await;
            self.writes(if joined.is_ok() { "queued" } else { "not queued" });
        }
    }

    async fn on_match_found(&self, _: &Handle, found: MatchFound) {
        assert!(!self.panics_when_found, "no match was to be found");
        self.writes(format!("found {}", found.match_id));
    }

    async fn on_your_turn(&self, _: &Handle, turn: Turn) -> Result<MoveData> {
        std::thread::sleep(self.blocks);
        assert!(!self.panics_in.contains(&turn.round), "round {} was too much", turn.round);
        self.writes(format!("turn {}", turn.round));
        Ok(Choice::Rock.into())
    }

    async fn on_round_result(&self, _: &Handle, result: RoundResult) {
        sleep(self.sleeps).await;
        self.writes(format!("result {}", result.round));
    }

    async fn on_handler_failed(&self, _: &Handle, error: Error) {
        assert!(!self.panics_when_it_failed, "and so was the report");
        assert_eq!(*error.code(), codes::HANDLER_FAILED);
        self.writes(format!("failed: {error}"));
    }

    async fn on_event(&self, _: &Handle, event: Event) {
        if let Event::HandlerBlocked { took } = event {
            assert!(took >= self.blocks);
            self.writes("blocked");
        }
    }
}

fn run(client: Client, handler: impl EventHandler) -> tokio::task::JoinHandle<Result<()>> {
    tokio::spawn(async move { client.run(handler).await })
}

// ---- slow, blocking, panicking ------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_handler_that_sleeps_for_30_s_costs_neither_the_connection_nor_another_match() {
    let platform = Platform::open().await;
    let bot = Bot { sleeps: secs(30), ..Bot::default() };
    let diary = bot.diary.clone();
    let task = run(platform.client(), bot);
    let mut seat = platform.seated().await;
    seat.starts("slow").await;
    seat.starts("quick").await;
    seat.says(result("slow", 1)).await;
    seat.asks("slow", 2, 120_000).await;
    let began = Instant::now();

    seat.asks("quick", 7, 10_000).await;
    assert_eq!(seat.hears("make_move").await["match_id"], "quick");
    assert_eq!(began.elapsed(), Duration::ZERO, "the other match waited");
    // `hears` answers the platform's pings on the way: a connection that was not looked after would be dropped.
    for ping in 0..29_u8 {
        seat.sends(Message::Ping(Bytes::copy_from_slice(&[ping]))).await;
        let pong = timeout(ms(10), seat.next()).await.expect("a pong at once");
        assert_eq!(pong, Some(Message::Pong(Bytes::copy_from_slice(&[ping]))));
        sleep(secs(1)).await;
    }
    assert_eq!(seat.hears("make_move").await["match_id"], "slow");
    assert_eq!(began.elapsed().as_secs(), 30);
    assert_eq!(pages(&diary), ["found slow", "found quick", "turn 7", "result 1", "turn 2"]);
    task.abort();
}

/// In real time: what blocks a thread blocks a paused clock too.
#[tokio::test]
async fn a_handler_that_blocks_its_thread_is_reported() {
    let platform = Platform::open().await;
    let bot = Bot { blocks: ms(70), ..Bot::default() };
    let diary = bot.diary.clone();
    let task = run(platform.client(), bot);
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 10_000).await;
    seat.hears("make_move").await;
    let told = async {
        while !pages(&diary).contains(&"blocked".to_owned()) {
            sleep(ms(1)).await;
        }
    };
    timeout(ms(100), told).await.expect("it is told");
    assert_eq!(pages(&diary), [format!("found {MATCH}"), "turn 1".into(), "blocked".into()]);
    task.abort();
}

/// In real time, as above. The handler blocks until the test lets it go, so that order tells what time need not.
#[tokio::test]
async fn a_handler_that_is_declared_blocking_costs_nothing() {
    struct Stuck {
        diary: Diary,
        go: Mutex<std::sync::mpsc::Receiver<()>>,
    }

    impl EventHandler for Stuck {
        async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
            let freed = self.go.lock().unwrap().recv_timeout(secs(5)).is_ok();
            self.diary.lock().unwrap().push(if freed { "freed" } else { "nobody came" }.into());
            Ok(Choice::Rock.into())
        }

        async fn on_event(&self, _: &Handle, event: Event) {
            if let Event::HandlerBlocked { .. } = event {
                self.diary.lock().unwrap().push("blocked".into());
            }
        }
    }

    let platform = Platform::open().await;
    let (free, go) = std::sync::mpsc::channel();
    let diary = Diary::default();
    let task = run(platform.client(), Stuck { diary: diary.clone(), go: Mutex::new(go) }.blocking());
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 10_000).await;
    for _ in 0..8 {
        seat.sends(Message::Ping(Bytes::from_static(b"?"))).await;
        assert_eq!(seat.next().await, Some(Message::Pong(Bytes::from_static(b"?"))));
        sleep(ms(10)).await;
    }
    free.send(()).unwrap();
    seat.hears("make_move").await;
    assert_eq!(pages(&diary), ["freed"]);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_reported_and_the_bot_plays_on() {
    let platform = Platform::open().await;
    let bot = Bot { panics_in: vec![1], panics_when_found: true, ..Bot::default() };
    let diary = bot.diary.clone();
    let task = run(platform.client(), bot);
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 10_000).await;
    seat.says(result(MATCH, 1)).await;
    seat.asks(MATCH, 2, 10_000).await;
    seat.hears("make_move").await;
    let pages = pages(&diary);
    assert_eq!(pages.len(), 4, "{pages:?}");
    assert!(pages[0].contains("no match was to be found"), "{pages:?}");
    assert!(pages[1].contains("round 1 was too much"), "{pages:?}");
    assert_eq!(pages[2..], ["result 1", "turn 2"]);
    task.abort();
}

/// In real time: the handler has a thread of its own.
#[tokio::test]
async fn a_blocking_handler_that_panics_is_reported_and_the_bot_plays_on() {
    let platform = Platform::open().await;
    let bot = Bot { panics_in: vec![1], panics_when_found: true, ..Bot::default() };
    let diary = bot.diary.clone();
    let task = run(platform.client(), bot.blocking());
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 10_000).await;
    seat.says(result(MATCH, 1)).await;
    seat.asks(MATCH, 2, 10_000).await;
    seat.hears("make_move").await;
    let pages = pages(&diary);
    assert!(pages.iter().any(|page| page.contains("no match was to be found")), "{pages:?}");
    assert!(pages.iter().any(|page| page.contains("round 1 was too much")), "{pages:?}");
    assert!(pages.contains(&"turn 2".to_owned()), "{pages:?}");
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_report_that_panics_itself_is_not_reported_for_ever() {
    let platform = Platform::open().await;
    let bot = Bot { panics_in: vec![1], panics_when_it_failed: true, ..Bot::default() };
    let task = run(platform.client(), bot);
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 10_000).await;
    seat.says(result(MATCH, 1)).await;
    seat.asks(MATCH, 2, 10_000).await;
    seat.hears("make_move").await;
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_be_chosen_at_run_time() {
    struct Cautious;

    impl EventHandler for Cautious {
        async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
            Ok(Choice::Paper.into())
        }
    }

    fn choose(name: &str) -> BoxedHandler {
        if name == "cautious" { Cautious.boxed() } else { Bot::default().boxed() }
    }

    for (name, choice) in [("cautious", "paper"), ("bold", "rock")] {
        let platform = Platform::open().await;
        let task = run(platform.client(), choose(name));
        let mut seat = platform.seated().await;
        seat.starts(MATCH).await;
        seat.asks(MATCH, 1, 10_000).await;
        assert_eq!(seat.hears("make_move").await["move_data"]["choice"], choice);
        task.abort();
    }
}

// ---- the stream of events -----------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_consumer_that_takes_nothing_during_a_flood_misses_chatter_and_no_turn() {
    const TURNS: u32 = 80;
    const CHATTER: u32 = 100;
    let platform = Platform::open().await;
    let client = platform.builder().event_queue(100, 1 << 20).build().unwrap();
    let (bot, mut events, mut seat) = platform.meet(&client).await;
    for turn in 0..TURNS {
        let id = format!("match-{turn}");
        for round in 0..CHATTER {
            seat.says(format!(
                r#"{{"type":"opponent_moved","match_id":"{id}","round":{round},"move_data":{{}}}}"#
            ))
            .await;
        }
        seat.asks(&id, 1, 60_000).await;
    }
    // Their beginnings were not seen: each turn waits a moment for what the REST side may know, and it knows nothing.
    sleep(secs(5)).await;
    let (mut turns, mut chatter, mut missing) = (Vec::new(), 0, 0);
    while turns.len() < TURNS as usize {
        match timeout(secs(1), events.next()).await.expect("a turn is missing") {
            Some(Event::YourTurn(turn)) => turns.push(turn),
            Some(Event::OpponentMoved { .. }) => chatter += 1,
            Some(Event::Lagged { dropped, .. }) => missing += dropped,
            _ => {}
        }
    }
    assert!(missing >= u64::from(TURNS * CHATTER) - chatter, "{missing} missing, {chatter} told");
    for (at, turn) in turns.iter().enumerate() {
        assert_eq!(turn.match_id.as_str(), format!("match-{at}"));
        bot.make_move(turn, Choice::Rock).await.unwrap();
        assert_eq!(seat.hears("make_move").await["match_id"], turn.match_id.as_str());
    }
}

// ---- stopping -----------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_first_wish_to_stop_finishes_the_match_and_takes_no_other() {
    let sandbox = Sandbox::builder().between_rounds(secs(2)).start().await.unwrap();
    let key = sandbox.register("drained").unwrap();
    let shutdown = Shutdown::new();
    let client = Client::builder(key).url(sandbox.url()).shutdown(&shutdown).build().unwrap();
    let stop_in_the_first_turn = shutdown.clone();
    let strategy = move |turn: &GameTurn<Rps>| {
        if turn.round == 1 {
            stop_in_the_first_turn.request();
        }
        Choice::Rock
    };
    let play = client.play::<Rps, _>(strategy).wager("0.01 SOL".parse().unwrap()).run();
    let summary = timeout(secs(300), play).await.expect("it ends").unwrap();
    assert_eq!(summary.matches, 1);
    sleep(secs(60)).await;
    let matches = sandbox.matches();
    assert_eq!(matches.len(), 1);
    let side = matches[0].side_of("drained").unwrap();
    assert!(matches[0].rounds.len() >= 2);
    assert!(matches[0].rounds.iter().all(|round| round.moves.get(side).is_some()), "a round was forfeited");
    assert_eq!(sandbox.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_second_wish_to_stop_ends_in_the_middle_of_a_match() {
    let platform = Platform::open().await;
    let shutdown = Shutdown::new();
    let client = platform.builder().shutdown(&shutdown).build().unwrap();
    let task = run(client, Bot { sleeps: secs(3_600), ..Bot::default() });
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    seat.says(result(MATCH, 1)).await;
    seat.hears_nothing(secs(1)).await;
    shutdown.request();
    seat.hears_nothing(secs(50)).await;
    assert!(!task.is_finished(), "the match is not over");
    let asked = Instant::now();
    shutdown.request();
    let goodbye = seat.is_left().await.expect("a close frame");
    assert_eq!((u16::from(goodbye.code), asked.elapsed()), (1000, Duration::ZERO));
    task.await.unwrap().unwrap();
    assert!(
        asked.elapsed() <= secs(6),
        "a handler that hangs does not hold up the end: {:?}",
        asked.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn draining_leaves_the_queue_and_then_the_platform() {
    for confirms in [true, false] {
        let platform = Platform::open().await;
        let shutdown = Shutdown::new();
        let client = platform.builder().shutdown(&shutdown).build().unwrap();
        let task = run(client, Bot { queues: true, ..Bot::default() });
        let mut seat = platform.seated().await;
        seat.hears("join_queue").await;
        seat.says(r#"{"type":"queue_joined","game_type":"rps","position":1}"#).await;
        seat.hears_nothing(secs(5)).await;
        shutdown.drain();
        seat.hears("leave_queue").await;
        let asked = Instant::now();
        if confirms {
            seat.says(r#"{"type":"queue_left"}"#).await;
        }
        assert_eq!(seat.is_left().await.map(|frame| u16::from(frame.code)), Some(1000));
        assert!(asked.elapsed() <= if confirms { ms(10) } else { secs(2) }, "{:?}", asked.elapsed());
        task.await.unwrap().unwrap();
        platform.is_left_alone(secs(600)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_match_that_turns_up_while_draining_is_played_to_its_end() {
    let platform = Platform::open().await;
    let shutdown = Shutdown::new();
    let client = platform.builder().shutdown(&shutdown).build().unwrap();
    let bot = Bot { queues: true, ..Bot::default() };
    let diary = bot.diary.clone();
    let task = run(client, bot);
    let mut seat = platform.seated().await;
    seat.hears("join_queue").await;
    seat.says(r#"{"type":"queue_joined","game_type":"rps","position":1}"#).await;
    seat.hears_nothing(secs(5)).await;
    shutdown.drain();
    // The wish to leave and the news of the match cross on the way.
    seat.starts(MATCH).await;
    seat.hears("leave_queue").await;
    seat.says(r#"{"type":"error","code":"not_queued","message":"you are not in a queue"}"#).await;
    for round in 1..=2 {
        seat.asks(MATCH, round, 10_000).await;
        seat.hears("make_move").await;
        seat.says(result(MATCH, round)).await;
        seat.hears_nothing(secs(30)).await;
    }
    seat.ends(MATCH).await;
    assert_eq!(seat.is_left().await.map(|frame| u16::from(frame.code)), Some(1000));
    task.await.unwrap().unwrap();
    let found = format!("found {MATCH}");
    assert_eq!(pages(&diary), ["queued", &found, "turn 1", "result 1", "turn 2", "result 2"]);
}

#[tokio::test(start_paused = true)]
async fn draining_during_an_outage_waits_for_the_match_and_not_for_nothing() {
    let platform = Platform::open().await;
    let (bot, mut events, seat) = platform.meet(&platform.client()).await;
    seat.vanishes();
    until(&mut events, |event| matches!(event, Event::Disconnected { .. }).then_some(())).await;
    bot.drain().await.unwrap();
    assert!(the_end(&mut events).await.is_none());

    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.starts(MATCH).await;
    until(&mut events, |event| matches!(event, Event::GameStart(_)).then_some(())).await;
    seat.vanishes();
    until(&mut events, |event| matches!(event, Event::Disconnected { .. }).then_some(())).await;
    bot.drain().await.unwrap();
    let mut seat = platform.seated().await;
    seat.asks(MATCH, 1, 10_000).await;
    let turn = until(&mut events, |event| match event {
        Event::YourTurn(turn) => Some(turn.clone()),
        _ => None,
    })
    .await;
    bot.make_move(&turn, Choice::Rock).await.unwrap();
    seat.hears("make_move").await;
    seat.ends(MATCH).await;
    seat.is_left().await;
    assert!(the_end(&mut events).await.is_none());
}
