//! The guard that every wager passes, and the ledger it is held against. The frames are those of the spec ("Matchmaking",
//! "Gameplay"), with ids of their own.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::codes::BANKROLL_REFUSED;
use botpit_sdk::fairness::FairnessReport;
use botpit_sdk::games::rps::{self, Choice, Rps};
use botpit_sdk::ledger::LedgerNote;
use botpit_sdk::model::{ClientMessage, CreateChallenge, GameType, JoinQueue};
use botpit_sdk::sandbox::{Sandbox, WagerRule};
use botpit_sdk::{
    Bankroll, BankrollRefusal, Client, Connected, Error, Event, EventHandler, Events, GameOver, GameTurn,
    Handle, Lamports, MatchRefused, MatchReport, MoveData, Outcome, Result, Strategy, Turn,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

const ME: &str = "550e8400-e29b-41d4-a716-446655440000";
const LONG: Duration = Duration::from_secs(600);

fn sol(text: &str) -> Lamports {
    text.parse().unwrap()
}

struct Peer {
    listener: TcpListener,
    socket: Option<WebSocketStream<TcpStream>>,
}

impl Peer {
    async fn open() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), socket: None }
    }

    fn client(&self, bankroll: Bankroll) -> Client {
        let url = format!("ws://{}", self.listener.local_addr().unwrap());
        Client::builder("bp_live_abc123").url(url).bankroll(bankroll).build().unwrap()
    }

    async fn seat(&mut self) {
        let (stream, _) = timeout(LONG, self.listener.accept()).await.unwrap().unwrap();
        stream.set_nodelay(true).unwrap();
        self.socket = Some(accept_async(stream).await.unwrap());
        assert_eq!(self.hear().await["type"], "authenticate");
        self.say(format!(r#"{{"type":"authenticated","agent_id":"{ME}","agent_name":"MyAgent"}}"#)).await;
    }

    async fn meet(&mut self, client: &Client) -> (Handle, Events) {
        let (connected, ()) = tokio::join!(client.connect(), self.seat());
        connected.unwrap()
    }

    async fn say(&mut self, text: impl Into<String>) {
        self.socket.as_mut().unwrap().send(Message::text(text.into())).await.unwrap();
    }

    async fn hear(&mut self) -> serde_json::Value {
        loop {
            let next = timeout(LONG, self.socket.as_mut().unwrap().next()).await.unwrap();
            let Some(Ok(Message::Text(text))) = next else { return serde_json::json!({"type": "closed"}) };
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            match message["type"].as_str().unwrap() {
                "ping" => self.say(r#"{"type":"pong"}"#).await,
                _ => return message,
            }
        }
    }

    async fn hear_nothing(&mut self, span: Duration) {
        if let Ok(heard) = timeout(span, self.hear()).await {
            panic!("{heard} instead of silence");
        }
    }

    async fn joined(&mut self) {
        self.say(r#"{"type":"queue_joined","game_type":"rps","position":1}"#).await;
    }

    async fn finds(&mut self, id: &str, lamports: u64) {
        self.say(format!(r#"{{"type":"match_found","match_id":"{id}","game_type":"rps","opponent_id":"agent-uuid-b","opponent_name":"BetaBot","wager_lamports":{lamports},"server_seed_hash":"sha256hex_of_seed"}}"#)).await;
        self.say(format!(r#"{{"type":"game_start","match_id":"{id}","your_side":"a"}}"#)).await;
    }

    async fn asks(&mut self, id: &str) {
        self.say(format!(r#"{{"type":"your_turn","match_id":"{id}","round":1,"game_state":{{"round":1,"score":[0,0],"rounds_to_win":2,"history":[]}},"timeout_ms":10000}}"#)).await;
    }

    async fn ends(&mut self, id: &str, rest: &str) {
        self.say(format!(r#"{{"type":"game_over","match_id":"{id}",{rest}}}"#)).await;
    }

    /// A match that the bot loses, from the place in the queue to its end.
    async fn loses_one(&mut self, id: &str) {
        assert_eq!(self.hear().await["type"], "join_queue");
        self.joined().await;
        self.finds(id, 10_000_000).await;
        self.ends(
            id,
            r#""winner":"agent-uuid-b","final_score":[0,2],"server_seed":"seed","payout_lamports":0"#,
        )
        .await;
    }
}

async fn until<T>(events: &mut Events, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = wanted(&events.next().await.expect("the events go on")) {
                return found;
            }
        }
    };
    timeout(LONG, found).await.expect("the event comes")
}

fn refusal(result: Result<impl std::fmt::Debug>) -> BankrollRefusal {
    let error = result.unwrap_err();
    assert_eq!(error.code(), &BANKROLL_REFUSED);
    BankrollRefusal::of(&error).unwrap().clone()
}

// ---- the guard --------------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn nothing_that_wagers_gets_past_the_guard() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new().max_wager(sol("0.05 SOL")));
    let (bot, mut events) = peer.meet(&client).await;
    let (wager, max_wager) = (sol("0.06 SOL"), sol("0.05 SOL"));
    let too_high = BankrollRefusal::WagerTooHigh { wager, max_wager };
    assert_eq!(refusal(bot.join_queue(GameType::Rps, wager).await), too_high);
    let told = until(&mut events, |event| match event {
        Event::Error(error) => Some(error.clone()),
        _ => None,
    });
    assert_eq!(BankrollRefusal::of(&told.await), Some(&too_high), "a handler is told too");
    let join = ClientMessage::JoinQueue(JoinQueue::new(GameType::Rps, wager));
    assert_eq!(refusal(bot.send_raw(join.to_text().unwrap()).await), too_high);
    assert_eq!(refusal(bot.send(join).await), too_high);
    let create = ClientMessage::CreateChallenge(CreateChallenge::new(GameType::Rps, wager));
    assert_eq!(refusal(bot.send(create).await), too_high);
    assert_eq!(refusal(bot.create_challenge(GameType::Rps, wager).await), too_high);
    peer.hear_nothing(Duration::from_secs(5)).await;
    bot.send_raw(r#"{"type":"create_challenge","game_type":"rps","wager_lamports":50000000}"#).await.unwrap();
    assert_eq!(peer.hear().await["type"], "create_challenge");
}

#[tokio::test(start_paused = true)]
async fn open_challenges_count_and_one_that_is_accepted_is_held_against_what_is_left() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new().loss_limit(sol("0.03 SOL")));
    let (bot, mut events) = peer.meet(&client).await;
    for id in ["c-1", "c-2"] {
        let creating = tokio::spawn({
            let bot = bot.clone();
            async move { bot.create_challenge(GameType::Rps, sol("0.01 SOL")).await }
        });
        assert_eq!(peer.hear().await["type"], "create_challenge");
        peer.say(format!(r#"{{"type":"challenge_created","challenge_id":"{id}","game_type":"rps","wager_lamports":10000000}}"#)).await;
        creating.await.unwrap().unwrap();
    }
    let too_much = refusal(bot.join_queue(GameType::Rps, sol("0.02 SOL")).await);
    assert!(
        matches!(too_much, BankrollRefusal::LossLimit { at_stake, .. } if at_stake == sol("0.02 SOL")),
        "{too_much}"
    );
    // Somebody else's challenge: what it is for is known when the match is found.
    let accepting = tokio::spawn({
        let bot = bot.clone();
        async move { bot.accept_challenge(&"c-3".into()).await }
    });
    assert_eq!(peer.hear().await["type"], "accept_challenge");
    peer.say(r#"{"type":"challenge_accepted","challenge_id":"c-3","match_id":"m-3"}"#).await;
    accepting.await.unwrap().unwrap();
    peer.finds("m-3", 20_000_000).await;
    assert_eq!(peer.hear().await["type"], "resign");
    until(&mut events, |event| matches!(event, Event::MatchRefused { .. }).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn a_match_for_more_than_was_queued_for_is_told_and_played_within_the_limit() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new());
    let (bot, mut events) = peer.meet(&client).await;
    let queued =
        tokio::spawn(async move { bot.join_queue(GameType::Rps, sol("0.01 SOL")).await.map(|_| bot) });
    assert_eq!(peer.hear().await["type"], "join_queue");
    peer.finds("m-1", 99_000_000).await;
    let _bot = queued.await.unwrap().unwrap();
    let above = until(&mut events, |event| match event {
        Event::MatchFound(found) => Some(found.above_queued),
        _ => None,
    });
    assert_eq!(above.await, Some(sol("0.01 SOL")));
    peer.asks("m-1").await;
    until(&mut events, |event| matches!(event, Event::YourTurn(_)).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn a_match_beyond_the_limit_is_resigned_and_never_played() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new());
    let (bot, mut events) = peer.meet(&client).await;
    let queued =
        tokio::spawn(async move { bot.join_queue(GameType::Rps, sol("0.01 SOL")).await.map(|_| bot) });
    assert_eq!(peer.hear().await["type"], "join_queue");
    peer.finds("m-1", 101_000_000).await;
    let _bot = queued.await.unwrap().unwrap();
    let resigned = peer.hear().await;
    assert_eq!((resigned["type"].as_str(), resigned["match_id"].as_str()), (Some("resign"), Some("m-1")));
    let reason = until(&mut events, |event| match event {
        Event::MatchRefused { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    let reason = reason.await;
    let (wager, limit) = (sol("0.101 SOL"), sol("0.1 SOL"));
    let expected =
        BankrollRefusal::LossLimit { wager, lost: Lamports::ZERO, at_stake: Lamports::ZERO, limit };
    assert_eq!(BankrollRefusal::of(&reason), Some(&expected));
    // A platform that asks all the same: the bot is not asked, and the resignation stands.
    peer.asks("m-1").await;
    peer.hear_nothing(Duration::from_secs(5)).await;
    peer.ends("m-1", r#""winner":"agent-uuid-b","final_score":[0,0],"payout_lamports":0"#).await;
    until(&mut events, |event| match event {
        Event::YourTurn(_) => panic!("it was asked"),
        Event::GameOver(over) => Some(over.outcome),
        _ => None,
    })
    .await;
    assert_eq!(client.ledger().profit().to_string(), "-0.101 SOL");
}

/// A handler as a beginner writes it: it queues after every match, whatever was said.
struct Again(Arc<Mutex<Vec<String>>>);

impl EventHandler for Again {
    async fn on_connected(&self, bot: &Handle, _: Connected) {
        let _ = bot.join_queue(GameType::Rps, sol("0.01 SOL")).await;
    }

    async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
        Ok(Choice::Rock.into())
    }

    async fn on_match_refused(&self, _: &Handle, refused: MatchRefused) {
        self.0.lock().unwrap().push(refused.reason.chain());
    }

    async fn on_game_over(&self, bot: &Handle, _: GameOver) {
        let _ = bot.join_queue(GameType::Rps, sol("0.01 SOL")).await;
    }

    async fn on_error(&self, bot: &Handle, error: Error) {
        self.0.lock().unwrap().push(error.chain());
        let _ = bot.drain().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_queues_for_ever_stops_when_ten_wagers_are_lost() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::default());
    let told = Arc::default();
    let handler = Again(Arc::clone(&told));
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.run(handler).await }
    });
    peer.seat().await;
    for number in 0..10 {
        peer.loses_one(&number.to_string()).await;
    }
    assert_eq!(peer.hear().await["type"], "closed", "an eleventh match was asked for");
    drop(peer);
    timeout(LONG, running).await.unwrap().unwrap().unwrap();
    assert_eq!(client.ledger().profit().to_string(), "-0.1 SOL");
    let told = told.lock().unwrap().join("\n");
    assert!(
        told.contains("0.1 SOL may be lost at most; 0.1 SOL is lost, and 0.01 SOL would be added"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_queue_that_is_joined_again_after_an_outage_passes_the_guard_too() {
    for wagers in [1, 2] {
        let mut peer = Peer::open().await;
        let client = peer.client(Bankroll::new().loss_limit_in_wagers(wagers));
        let (bot, _events) = peer.meet(&client).await;
        let queued =
            tokio::spawn(async move { bot.join_queue(GameType::Rps, sol("0.01 SOL")).await.map(|_| bot) });
        assert_eq!(peer.hear().await["type"], "join_queue");
        peer.joined().await;
        let _bot = queued.await.unwrap().unwrap();
        // Another connection of the client loses a match meanwhile.
        let first = peer.socket.take();
        let (other, mut events) = peer.meet(&client).await;
        peer.finds("m-1", 10_000_000).await;
        peer.ends("m-1", r#""winner":"agent-uuid-b","payout_lamports":0"#).await;
        until(&mut events, |event| matches!(event, Event::GameOver(_)).then_some(())).await;
        other.close().await.unwrap();
        assert_eq!(peer.hear().await["type"], "closed");
        drop((first, other));
        peer.seat().await;
        match wagers {
            1 => peer.hear_nothing(Duration::from_secs(30)).await,
            _ => assert_eq!(peer.hear().await["type"], "join_queue"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_strategy_is_stopped_in_good_order_and_says_why() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new().loss_limit_in_wagers(2));
    let play = client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock).wager(sol("0.01 SOL"));
    let running = tokio::spawn(play.run());
    peer.seat().await;
    for number in 0..2 {
        peer.loses_one(&number.to_string()).await;
    }
    assert_eq!(peer.hear().await["type"], "closed");
    peer.socket = None;
    let summary = timeout(LONG, running).await.unwrap().unwrap().unwrap();
    assert_eq!((summary.matches, summary.lost), (2, 2));
    assert!(matches!(summary.stopped, Some(BankrollRefusal::LossLimit { .. })));
    assert_eq!(summary.profit_lamports.to_string(), "-0.02 SOL");
    assert!(summary.to_string().contains("stopped: 0.02 SOL may be lost at most"), "{summary}");

    // The same client has nothing left to lose.
    let play = client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock).wager(sol("0.01 SOL"));
    let (refused, ()) = tokio::join!(play.run(), peer.seat());
    assert!(matches!(refusal(refused.map_err(Into::into)), BankrollRefusal::LossLimit { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_cap_on_matches_holds() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new().max_matches(1));
    let play = client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Rock).wager(sol("0.01 SOL"));
    let running = tokio::spawn(play.run());
    peer.seat().await;
    peer.loses_one("only").await;
    assert_eq!(peer.hear().await["type"], "closed");
    drop(peer);
    let summary = timeout(LONG, running).await.unwrap().unwrap().unwrap();
    assert_eq!(summary.stopped, Some(BankrollRefusal::MatchesPlayed { max_matches: 1 }));
}

// ---- the ledger -------------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn what_was_not_told_is_noted_and_never_made_up() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new());
    let (_bot, mut events) = peer.meet(&client).await;
    peer.finds("told", 10_000_000).await;
    peer.ends("told", &format!(r#""winner":"{ME}","payout_lamports":19500000,"fee_lamports":500000"#)).await;
    peer.finds("silent", 10_000_000).await;
    peer.ends("silent", &format!(r#""winner":"{ME}""#)).await;
    peer.finds("both", 10_000_000).await;
    peer.ends("both", r#""winner":"agent-uuid-b","payout_lamports":19000000"#).await;
    peer.finds("drawn", 10_000_000).await;
    peer.ends("drawn", r#""winner":null,"payout_lamports":10000000"#).await;
    peer.finds("free", 10_000_000).await;
    peer.ends("free", r#""winner":"agent-uuid-b","payout_lamports":0,"is_sandbox":true"#).await;
    peer.finds("unreadable", 10_000_000).await;
    peer.ends("unreadable", r#""winner":7"#).await;
    until(&mut events, |event| matches!(event, Event::MatchLost { .. }).then_some(())).await;

    let ledger = client.ledger();
    let of = |id: &str| ledger.entry(&id.into()).unwrap_or_else(|| panic!("{id}"));
    let notes = |id: &str| of(id).notes().collect::<Vec<_>>();
    let profit = |id: &str| of(id).profit().map(|profit| profit.as_lamports());
    assert_eq!((profit("told"), notes("told")), (Some(9_500_000), vec![]));
    assert_eq!((profit("silent"), notes("silent")), (None, vec![LedgerNote::PayoutNotTold]));
    assert_eq!((profit("both"), notes("both")), (Some(-10_000_000), vec![LedgerNote::PayoutToldToLoser]));
    assert_eq!((profit("drawn"), notes("drawn")), (Some(0), vec![]));
    assert_eq!((profit("free"), notes("free")), (Some(0), vec![]));
    assert_eq!((profit("unreadable"), notes("unreadable")), (None, vec![LedgerNote::EndNotSeen]));
    assert_eq!(ledger.profit().as_lamports(), -500_000);
    assert_eq!((ledger.fees().as_lamports(), ledger.missing()), (500_000, 2));
    assert_eq!(ledger.profit_at_worst().as_lamports(), -20_500_000);
}

#[tokio::test(start_paused = true)]
async fn it_balances_to_the_lamport_with_what_the_server_paid() {
    for (tell_fee, same_payout, wager_rule) in [
        (false, false, WagerRule::Smaller),
        (true, false, WagerRule::Larger),
        (true, true, WagerRule::Smaller),
    ] {
        let sandbox = Sandbox::builder()
            .seed(11)
            .fee_bps(333)
            .tell_fee(tell_fee)
            .same_payout_for_both(same_payout)
            .wager_rule(wager_rule)
            .start()
            .await
            .unwrap();
        let key = sandbox.register("Bookkeeper").unwrap();
        let client = Client::builder(key)
            .url(sandbox.url())
            .bankroll(Bankroll::new().without_loss_limit())
            .build()
            .unwrap();
        let wager = sol("12345679 lamports");
        let play = client.play::<Rps, _>(|_: &GameTurn<Rps>| Choice::Paper).wager(wager).matches(12);
        let summary = play.run().await.unwrap();

        let (mut staked, mut paid, mut fees) = (0_i64, 0_i64, 0_i64);
        for record in sandbox.matches() {
            let side = record.side_of("Bookkeeper").unwrap();
            staked += i64::try_from(record.wager_lamports).unwrap();
            paid += i64::try_from(*record.payouts.get(side)).unwrap();
            fees += i64::try_from(record.fee_lamports).unwrap();
        }
        let ledger = client.ledger();
        assert_eq!((ledger.matches(), ledger.missing()), (12, 0));
        assert_eq!(ledger.staked().as_lamports(), staked.unsigned_abs());
        assert_eq!(ledger.profit().as_lamports(), paid - staked);
        assert_eq!(summary.profit_lamports, ledger.profit());
        assert_eq!(ledger.fees().as_lamports(), if tell_fee { fees.unsigned_abs() } else { 0 });
        assert!(ledger.entries().any(|entry| entry.outcome == Some(Outcome::Won)));
        assert!(ledger.entries().any(|entry| entry.outcome == Some(Outcome::Lost)));
        sandbox.shutdown().await;
    }
}

// ---- fairness -----------------------------------------------------------------------------------------------------------

/// Keeps what it was told of the check of each match, before the match's end was told.
#[derive(Default)]
struct Checked(Arc<Mutex<Vec<&'static str>>>);

impl Strategy<Rps> for Checked {
    async fn choose(&mut self, _: &GameTurn<Rps>) -> Result<rps::Move> {
        Ok(Choice::Rock.into())
    }

    fn on_fairness(&mut self, report: &FairnessReport) {
        self.0.lock().unwrap().push(report.verdict().as_str());
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        assert_eq!((report.fair, &report.verdict), (Some(false), report.fairness.verdict()));
        self.0.lock().unwrap().push("over");
    }
}

impl EventHandler for Checked {
    async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
        Ok(Choice::Rock.into())
    }

    async fn on_fairness(&self, _: &Handle, report: Arc<FairnessReport>) {
        self.0.lock().unwrap().push(report.verdict().as_str());
    }

    async fn on_game_over(&self, bot: &Handle, over: GameOver) {
        assert!(over.fairness.verdict().is_violated());
        self.0.lock().unwrap().push("over");
        let _ = bot.drain().await;
    }
}

/// The scripted platform reveals a seed that its commitment is no hash of.
#[tokio::test(start_paused = true)]
async fn a_platform_that_is_caught_is_told_of_and_left_when_that_was_asked_for() {
    for (bankroll, played) in [(Bankroll::new(), 2), (Bankroll::new().stop_on_violation(), 1)] {
        let mut peer = Peer::open().await;
        let client = peer.client(bankroll);
        let told = Arc::default();
        let play = client.play::<Rps, _>(Checked(Arc::clone(&told))).wager(sol("0.01 SOL")).matches(2);
        let running = tokio::spawn(play.run());
        peer.seat().await;
        for number in 0..played {
            peer.loses_one(&number.to_string()).await;
        }
        assert_eq!(peer.hear().await["type"], "closed");
        drop(peer);
        let summary = timeout(LONG, running).await.unwrap().unwrap().unwrap();
        assert_eq!((summary.matches, summary.violated, summary.fair), (played, played, 0));
        let stopped = (played == 1).then(|| BankrollRefusal::Violated { match_id: "0".into() });
        assert_eq!(summary.stopped, stopped);
        assert!(summary.to_string().contains("NOT FAIR"), "{summary}");
        assert_eq!(*told.lock().unwrap(), ["violated", "over"].repeat(played as usize));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_told_of_the_check_without_asking() {
    let mut peer = Peer::open().await;
    let client = peer.client(Bankroll::new());
    let told = Arc::default();
    let handler = Checked(Arc::clone(&told));
    let running = tokio::spawn(async move { client.run(handler).await });
    peer.seat().await;
    peer.finds("m-1", 10_000_000).await;
    peer.ends("m-1", r#""winner":"agent-uuid-b","final_score":[0,2],"server_seed":"seed""#).await;
    assert_eq!(peer.hear().await["type"], "closed");
    drop(peer);
    timeout(LONG, running).await.unwrap().unwrap().unwrap();
    assert_eq!(*told.lock().unwrap(), ["violated", "over"]);
}
