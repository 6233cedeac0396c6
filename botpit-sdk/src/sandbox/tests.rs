//! The sandbox over real sockets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer, SigningKey};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::model::GameType;
use crate::{
    Client, Connected, EventHandler, GameOver, Handle, Lamports, MoveData, Outcome, RoundResult, Turn,
};

const WAGER: u64 = 10_000_000;

/// A client that knows nothing but the spec.
struct Player {
    socket: WebSocketStream<TcpStream>,
}

impl Player {
    async fn connect(sandbox: &Sandbox) -> Self {
        let stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(sandbox.ws_url().as_str(), stream).await.unwrap();
        Self { socket }
    }

    async fn login(sandbox: &Sandbox, key: &str) -> Self {
        let mut player = Self::connect(sandbox).await;
        player.say(json!({ "type": "authenticate", "api_key": key })).await;
        assert_eq!(player.hear().await["type"], "authenticated");
        player
    }

    async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next thing that arrives; `None` when the connection is lost.
    async fn next(&mut self) -> Option<Message> {
        let next = timeout(Duration::from_secs(10), self.socket.next()).await.expect("an answer");
        next.and_then(|message| message.ok())
    }

    async fn hear(&mut self) -> Value {
        match self.next().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn hear_until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    async fn queue(&mut self) {
        self.say(json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": WAGER })).await;
    }

    async fn play(&mut self, turn: &Value, choice: &str) {
        self.say(
            json!({ "type": "make_move", "match_id": turn["match_id"], "move_data": { "choice": choice } }),
        )
        .await;
    }
}

/// One REST call: status and body.
async fn call(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
    let host = sandbox.server().addr();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn an_agent_registers_and_plays_as_the_spec_says() {
    let sandbox = Sandbox::builder().speed(20.0).house([Strength::Novice]).start().await.unwrap();
    let wallet = SigningKey::from_bytes(&[7; 32]);
    let address = bs58::encode(wallet.verifying_key().as_bytes()).into_string();
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let message = format!("BOTPIT:register:{address}:{timestamp}");
    let signature = bs58::encode(wallet.sign(message.as_bytes()).to_bytes()).into_string();
    let body =
        json!({ "name": "MyAgent", "wallet_address": address, "signature": signature, "message": message });
    let (status, registered) = call(&sandbox, "POST", "/api/v1/agents", &body.to_string()).await;
    assert_eq!(status, 201);
    let path = format!("/api/v1/agents/{}", registered["agent_id"].as_str().unwrap());
    let (status, agent) = call(&sandbox, "GET", &path, "").await;
    assert_eq!((status, &agent["wallet_address"]), (200, &json!(address)));
    let mut forged = body;
    forged["name"] = json!("Other");
    forged["message"] = json!(format!("BOTPIT:register:{address}:{}", timestamp + 1));
    assert_eq!(call(&sandbox, "POST", "/api/v1/agents", &forged.to_string()).await.0, 401);
    for (method, path, body, expected) in [
        ("GET", "/api/v1/nothing", String::new(), 404),
        ("DELETE", "/api/v1/agents", String::new(), 404),
        ("GET", "/api/v1/agents/%ff", String::new(), 404),
        ("POST", "/api/v1/agents", "x".repeat(70_000), 400),
        ("POST", "/api/v1/agents", "{".into(), 400),
        ("GET", "/api/v1/ws", String::new(), 426),
    ] {
        let (status, error) = call(&sandbox, method, path, &body).await;
        assert_eq!((status, error["error"].is_string()), (expected, true), "{method} {path}: {error}");
    }

    let mut player = Player::login(&sandbox, registered["api_key"].as_str().unwrap()).await;
    let (_, stats) = call(&sandbox, "GET", "/api/v1/stats", "").await;
    assert_eq!(stats, json!({ "active_matches": 0, "connected_agents": 1 }));
    player.queue().await;
    let found = player.hear_until("match_found").await;
    let over = loop {
        let frame = player.hear().await;
        match frame["type"].as_str().unwrap() {
            "your_turn" => {
                assert!(frame["timeout_ms"].as_u64().unwrap() <= 500, "ten seconds, twenty times as fast");
                player.play(&frame, "paper").await;
            }
            "game_over" => break frame,
            _ => {}
        }
    };
    assert_eq!(over["winner"], registered["agent_id"]);
    assert_eq!(over["payout_lamports"], 19_000_000);
    let seed = over["server_seed"].as_str().unwrap();
    assert_eq!(seeds::hex(&seeds::sha256(seed)), found["server_seed_hash"].as_str().unwrap());
    let played = &sandbox.matches()[0];
    assert_eq!(played.moves_sent(1, "MyAgent"), 1);
    let stopping = tokio::spawn(sandbox.shutdown());
    match player.next().await {
        Some(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1001),
        other => panic!("{other:?}"),
    }
    // Reading on answers the close; then there is nothing left to wait for.
    while player.next().await.is_some() {}
    timeout(Duration::from_millis(900), stopping).await.expect("all tasks end at once").unwrap();
}

#[tokio::test]
async fn a_lost_connection_does_not_lose_the_turn() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    sandbox.faults().order(Fault::DropTcp.on(When::sent("your_turn")).only("Alpha")).unwrap();
    let key = sandbox.register("Alpha").unwrap();
    let other = sandbox.register("Beta").unwrap();
    let mut beta = Player::login(&sandbox, other.expose()).await;
    let mut alpha = Player::login(&sandbox, key.expose()).await;
    alpha.queue().await;
    beta.queue().await;
    beta.hear_until("your_turn").await;
    while let Some(Message::Text(_)) = alpha.next().await {}
    let mut alpha = Player::login(&sandbox, key.expose()).await;
    assert_eq!(alpha.hear().await["type"], "game_start");
    let turn = alpha.hear().await;
    assert_eq!(turn["type"], "your_turn");
    assert!(turn["timeout_ms"].as_u64().unwrap() <= 10_000);
    alpha.play(&turn, "rock").await;
    beta.play(&turn, "scissors").await;
    let result = beta.hear_until("round_result").await;
    let winner = result["result"]["round_winner"].as_str().unwrap();
    let played = &sandbox.matches()[0];
    assert_eq!(played.players.get(played.side_of("Alpha").unwrap()).agent_id, winner);
    assert_eq!(sandbox.faults().injected(), 1);
}

#[tokio::test]
async fn a_move_that_never_arrived_leaves_the_turn_open() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let (key, other) =
        (sandbox.register("Alpha faultDropOnMove").unwrap(), sandbox.register("Beta").unwrap());
    let mut alpha = Player::login(&sandbox, key.expose()).await;
    let mut beta = Player::login(&sandbox, other.expose()).await;
    alpha.queue().await;
    beta.queue().await;
    let turn = alpha.hear_until("your_turn").await;
    alpha.play(&turn, "rock").await;
    while let Some(Message::Text(_)) = alpha.next().await {}
    let mut alpha = Player::login(&sandbox, key.expose()).await;
    let again = alpha.hear_until("your_turn").await;
    assert_eq!((&again["match_id"], &again["round"]), (&turn["match_id"], &turn["round"]));
    alpha.play(&again, "rock").await;
    assert_eq!(beta.hear_until("opponent_moved").await["round"], 1);
    assert_eq!(sandbox.matches()[0].moves_sent(1, "Alpha faultDropOnMove"), 1);
}

#[tokio::test]
async fn a_magic_key_needs_no_registration() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = "bp_live_faultClose4123OnTurn";
    let mut player = Player::login(&sandbox, key).await;
    player.queue().await;
    let turn = player.hear_until("your_turn").await;
    let code = loop {
        match player.next().await {
            Some(Message::Text(_)) => {}
            Some(Message::Close(Some(frame))) => break u16::from(frame.code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 4123);
    // The word holds once: the match can be played to its end.
    let mut player = Player::login(&sandbox, key).await;
    assert_eq!(player.hear_until("your_turn").await["match_id"], turn["match_id"]);
    player.say(json!({ "type": "resign", "match_id": turn["match_id"] })).await;
    player.hear_until("game_over").await;
    let mut revoked = Player::connect(&sandbox).await;
    revoked.say(json!({ "type": "authenticate", "api_key": "bp_live_faultRevoked" })).await;
    assert_eq!(revoked.hear().await["code"], "auth_failed");
}

#[tokio::test]
async fn a_reset_keeps_keys_and_forgets_the_rest() {
    let sandbox = Sandbox::builder().house([Strength::Regular]).speed(20.0).start().await.unwrap();
    let key = sandbox.register("Alpha").unwrap();
    let first_hash = async || {
        let mut player = Player::login(&sandbox, key.expose()).await;
        player.queue().await;
        let hash = player.hear_until("match_found").await["server_seed_hash"].clone();
        (player, hash)
    };
    let (mut player, before) = first_hash().await;
    let (status, _) = call(&sandbox, "POST", "/__sandbox/reset", "").await;
    assert_eq!(status / 100, 2);
    loop {
        match player.next().await {
            Some(Message::Text(_)) => {}
            Some(Message::Close(Some(frame))) => break assert_eq!(u16::from(frame.code), 1012),
            other => panic!("{other:?}"),
        }
    }
    assert!(sandbox.matches().is_empty());
    assert_eq!(first_hash().await.1, before);
}

#[tokio::test]
async fn nothing_is_left_after_the_clients() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = sandbox.register("Alpha").unwrap();
    let mut wrong = Player::connect(&sandbox).await;
    wrong.say(json!({ "type": "authenticate", "api_key": "bp_live_wrong" })).await;
    assert_eq!(wrong.hear().await["code"], "auth_failed");
    assert!(matches!(wrong.next().await, Some(Message::Close(Some(frame))) if u16::from(frame.code) == 4001));
    let first = Player::login(&sandbox, key.expose()).await;
    let second = Player::login(&sandbox, key.expose()).await;
    drop((wrong, first, second));
    timeout(Duration::from_secs(5), async {
        while sandbox.connections() > 0 || sandbox.server().connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("every connection ends");
    assert!(sandbox.register("").is_err());
    assert!(!format!("{sandbox:?} {:?}", sandbox.floor).contains(key.expose()));
    let floor = Arc::downgrade(&sandbox.floor);
    drop(sandbox);
    timeout(Duration::from_secs(5), async {
        while floor.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("no task outlives the sandbox");
}

/// What an agent without any type of a game has seen.
#[derive(Default)]
struct Notes {
    states: Vec<Value>,
    results: Vec<Value>,
    over: Option<GameOver>,
    problems: Vec<String>,
}

/// An agent that reads states and writes moves as JSON, for one match of any game.
struct Untyped {
    game_type: &'static str,
    notes: Arc<std::sync::Mutex<Notes>>,
}

impl Untyped {
    /// A move by the spec's "Game Types".
    fn answer(&self, state: &Value, round: u64) -> String {
        match self.game_type {
            "coinflip" => r#"{ "choice": "heads" }"#.to_owned(),
            "rps" => format!(r#"{{ "choice": "{}" }}"#, ["rock", "paper", "scissors"][round as usize % 3]),
            "hi_lo" if state["dealer_card"].as_u64().unwrap() <= 7 => r#"{ "guess": "higher" }"#.to_owned(),
            "hi_lo" => r#"{ "guess": "lower" }"#.to_owned(),
            "dice_duel" => r#"{ "action": "roll" }"#.to_owned(),
            "high_card_duel" => r#"{ "action": "draw" }"#.to_owned(),
            "crash" => format!(r#"{{ "cashout": {} }}"#, state["min_cashout"].as_f64().unwrap() + 0.5),
            "mines" => r#"{ "tiles": 2 }"#.to_owned(),
            "math_duel" => {
                let expression = state["expression"].as_str().unwrap();
                let answer = crate::games::math_duel::evaluate(expression).unwrap();
                format!(r#"{{ "answer": {answer} }}"#)
            }
            "reaction_ring" => r#"{ "guess": 500 }"#.to_owned(),
            "blotto" => format!(r#"{{ "bid": {} }}"#, state["your_budget"].as_u64().unwrap().min(4)),
            other => panic!("{other}"),
        }
    }
}

impl EventHandler for Untyped {
    async fn on_connected(&self, bot: &Handle, _connected: Connected) {
        let game: GameType = serde_json::from_value(json!(self.game_type)).unwrap();
        bot.join_queue(game, Lamports::from_lamports(WAGER)).await.unwrap();
    }

    async fn on_your_turn(&self, _bot: &Handle, turn: Turn) -> Result<MoveData> {
        let state: Value = turn.state_as()?;
        let answer = self.answer(&state, turn.round.into());
        self.notes.lock().unwrap().states.push(state);
        MoveData::raw(&answer)
    }

    async fn on_round_result(&self, _bot: &Handle, result: RoundResult) {
        let text = result.result.unwrap();
        self.notes.lock().unwrap().results.push(serde_json::from_str(text.as_str()).unwrap());
    }

    async fn on_game_over(&self, bot: &Handle, over: GameOver) {
        self.notes.lock().unwrap().over = Some(over);
        bot.close().await.unwrap();
    }

    async fn on_event(&self, _bot: &Handle, event: crate::Event) {
        use crate::Event::{DecodeError, Error, HandlerFailed, MoveNotSent, Unknown};
        if matches!(event, DecodeError(_) | Error(_) | HandlerFailed(_) | MoveNotSent { .. } | Unknown(_)) {
            self.notes.lock().unwrap().problems.push(format!("{event:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_game_is_played_over_the_socket_by_an_agent_without_types() {
    for strength in [Strength::Novice, Strength::Regular, Strength::Expert] {
        let sandbox = Sandbox::builder().seed(11).house([strength]).start().await.unwrap();
        for game_type in games::KNOWN {
            let key = sandbox.register(&format!("Untyped {game_type}")).unwrap();
            let client = Client::builder(key).url(sandbox.url()).build().unwrap();
            let notes = Arc::new(std::sync::Mutex::new(Notes::default()));
            client.run(Untyped { game_type, notes: Arc::clone(&notes) }).await.unwrap();
            let notes = notes.lock().unwrap();
            assert_eq!(notes.problems, Vec::<String>::new(), "{game_type}");
            let over = notes.over.as_ref().unwrap();
            let played = sandbox.matches().pop().unwrap();
            let side = played.side_of(&format!("Untyped {game_type}")).unwrap();
            let outcome = match played.winner {
                None => Outcome::Draw,
                Some(winner) if winner == side => Outcome::Won,
                Some(_) => Outcome::Lost,
            };
            assert_eq!((over.match_id.as_str(), over.outcome), (played.id.as_str(), outcome), "{game_type}");
            assert_eq!(over.payout, Some(Lamports::from_lamports(*played.payouts.get(side))));
            assert!(matches!(played.ended, Some(EndReason::Score | EndReason::RoundLimit)), "{game_type}");
            assert_eq!(notes.states.len(), played.rounds.len(), "{game_type}: one question a round");
            assert_eq!(notes.results.len(), played.rounds.len(), "{game_type}");
            let told = &notes.states.last().unwrap()["history"];
            assert_eq!(told.as_array().unwrap()[..], notes.results[..notes.results.len() - 1], "{game_type}");
            assert!(played.moves_received.iter().all(|received| received.accepted), "{game_type}");
        }
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_move_leaves_the_turn_open_and_names_what_is_allowed() {
    let sandbox = Sandbox::builder().seed(5).house([Strength::Regular]).start().await.unwrap();
    let key = sandbox.register("Alpha").unwrap();
    let mut player = Player::login(&sandbox, key.expose()).await;
    player.say(json!({ "type": "join_queue", "game_type": "blotto", "wager_lamports": WAGER })).await;
    let turn = player.hear_until("your_turn").await;
    assert_eq!(turn["timeout_ms"], 15_000);
    let bid =
        |bid: u64| json!({ "type": "make_move", "match_id": turn["match_id"], "move_data": { "bid": bid } });
    player.say(bid(16)).await;
    let error = player.hear_until("error").await;
    assert_eq!(error["code"], "invalid_move");
    let message = "a move is {\"bid\": n} with a whole number n from 0 to 15, your remaining budget";
    assert_eq!(error["message"], message);
    player.say(bid(15)).await;
    let result = player.hear_until("round_result").await;
    let mine = if sandbox.matches()[0].side_of("Alpha") == Some(Side::A) { "a" } else { "b" };
    assert_eq!(result["result"][format!("bid_{mine}")], 15);
    assert_eq!(result["result"][format!("budget_{mine}_remaining")], 0);
    let next = player.hear_until("your_turn").await;
    assert_eq!(next["game_state"]["your_budget"], 0);
    let message = "a move is {\"bid\": n} with a whole number n from 0 to 0, your remaining budget";
    player.say(bid(1)).await;
    assert_eq!(player.hear_until("error").await["message"], message);
}
