//! What stands around a responder: memory, cost guard, filter for secrets, and all of them together.

use botroulette_sdk::sdk_core::error::{Error, codes as core_codes};
use botroulette_sdk::{
    CostGuard, InMemory, Incoming, Memory, MemoryKey, MemoryStore, PastMessage, Reply, Responder, Result,
    SecretFilter, Speaker, responder,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::relay::{Peer, Relay, seconds};

/// Says what it remembers.
fn telling() -> impl Responder {
    responder(|request: Incoming| async move {
        let said: Vec<String> = request
            .history()
            .iter()
            .map(|past| match past.by {
                Speaker::Caller => format!("you: {}", past.text),
                Speaker::Bot => "me".to_owned(),
            })
            .collect();
        if request.message()? == "fail" {
            return Err(Error::new(&core_codes::CONNECT_FAILED, "no model"));
        }
        Ok(said.join(", "))
    })
}

impl Peer {
    async fn ask_as(&mut self, token: &str, session: &str, message: &str) -> String {
        let headers = json!({"X-KPATH-User-Token": token, "X-KPATH-Session-ID": session});
        let body = json!({ "message": message }).to_string();
        self.say(json!({"type": "request", "id": "r", "headers": headers, "body": body}).to_string()).await;
        self.answer().await.reply()
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_remembered_for_its_session_and_its_caller_alone() {
    let relay = Relay::start().await;
    let (_bot, mut peer) = relay.bot(Memory::new().around(telling())).await;
    assert_eq!(peer.ask_as("ann", "s-1", "one").await, "");
    assert_eq!(peer.ask_as("ann", "s-1", "two").await, "you: one, me");
    // Another session, another caller with a guessed session, and nobody's session.
    assert_eq!(peer.ask_as("ann", "s-2", "x").await, "");
    assert_eq!(peer.ask_as("eve", "s-1", "x").await, "");
    assert_eq!(peer.ask_as("ann", "", "x").await, "");
    assert_eq!(peer.ask_as("ann", "", "x").await, "");
    assert_eq!(peer.ask_as("ann", "s-1", "three").await, "you: one, me, you: two, me");
    // What failed was not said.
    peer.ask_as("ann", "s-2", "fail").await;
    assert_eq!(peer.ask_as("ann", "s-2", "y").await, "you: x, me");
    assert!(peer.hears_nothing(seconds(600)).await);
    assert_eq!(peer.ask_as("ann", "s-1", "later").await, "");
}

#[tokio::test(start_paused = true)]
async fn a_memory_is_bounded_in_messages_and_sessions() {
    let store = InMemory::new();
    let bot = Memory::in_store(store.clone()).around(telling());
    let ask = |session: usize| {
        Incoming::new(r#"{"message": "hi"}"#).with_header("X-KPATH-Session-ID", &session.to_string())
    };
    for _ in 0..30 {
        bot.reply(ask(0)).await.unwrap();
    }
    let reply = bot.reply(ask(0)).await.unwrap();
    assert_eq!(reply.main_text().unwrap().matches("you: hi").count(), 10, "20 messages");
    for session in 1..2_000 {
        bot.reply(ask(session)).await.unwrap();
    }
    assert_eq!(store.len(), 1_000);
    assert!(!format!("{bot:?} {store:?}").contains("hi"));
    store.clear();
    assert!(store.is_empty());
}

struct Broken {
    load: bool,
}

impl MemoryStore for Broken {
    async fn load(&self, _: &MemoryKey) -> Result<Vec<PastMessage>> {
        if self.load { Err(Error::new(&core_codes::LOCAL_IO, "the disk is gone")) } else { Ok(Vec::new()) }
    }

    async fn append(&self, _: &MemoryKey, _: [PastMessage; 2]) -> Result<()> {
        Err(Error::new(&core_codes::LOCAL_IO, "the disk is full"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_told_of() {
    let relay = Relay::start().await;
    for (load, status) in [(true, 500), (false, 200)] {
        let (mut bot, mut peer) = relay.bot(Memory::in_store(Broken { load }).around(telling())).await;
        let headers = json!({"X-KPATH-Session-ID": "s"});
        let body = r#"{"message":"hi"}"#;
        peer.say(json!({"type": "request", "id": "r", "headers": headers, "body": body}).to_string()).await;
        let answer = peer.answer().await;
        assert_eq!(answer.status, status);
        assert!(!answer.body.contains("disk"));
        assert_eq!(bot.failure().await.code().id(), "local_io");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_above_the_limit_is_an_honest_429_and_the_next_minute_is_free() {
    let relay = Relay::start().await;
    let (mut bot, mut peer) = relay.bot(CostGuard::new().per_minute(3).per_caller(2).around(telling())).await;
    assert_eq!(peer.ask_as("ann", "", "1").await, "");
    assert_eq!(peer.ask_as("ann", "", "2").await, "");
    sleep(seconds(10)).await;
    peer.ask_as("ann", "", "3").await;
    let error = bot.failure().await;
    assert_eq!((error.code().id(), error.field()), ("too_many_calls", Some("per_caller")));
    peer.ask_as("bob", "", "4").await;
    peer.ask("r", "5").await;
    let answer = peer.answer().await;
    assert_eq!((answer.status, &answer.json()["error"]), (429, &json!("rate limited")));
    assert_eq!(answer.headers["retry-after"], "50");
    assert_eq!(bot.failure().await.field(), Some("per_minute"));
    sleep(seconds(50)).await;
    assert_eq!(peer.ask_as("ann", "", "6").await, "");
}

#[tokio::test(start_paused = true)]
async fn keys_leave_neither_in_text_nor_in_json_nor_in_headers() {
    const KEY: &str = "sk-proj-4f9aQ2xP7mK1vB8nR3tY6w";
    let relay = Relay::start().await;
    let careless = responder(|request: Incoming| async move {
        Ok(match request.message()? {
            "text" => Reply::text(format!("it is {KEY}, <b>really</b>")),
            "json" => Reply::json(&json!({"reply": "x", KEY: [{"deep": format!("{KEY}\n")}]})),
            "header" => Reply::text("x").with_header("X-Debug", KEY).with_header("X-Fine", "fine"),
            "pem" => {
                Reply::json(&json!({"k": "-----BEGIN PRIVATE KEY-----\nMHcC\n-----END PRIVATE KEY-----\n"}))
            }
            "own" => Reply::text("the word is hunter2"),
            _ => Reply::text("nothing to see"),
        })
    });
    let (mut bot, mut peer) = relay.bot(SecretFilter::new().secret("hunter2").around(careless)).await;
    for (message, body) in [
        ("text", r#"{"reply":"it is [hidden], \u003cb>really\u003c/b>"}"#),
        ("json", r#"{"[hidden]":[{"deep":"[hidden]\n"}],"reply":"x"}"#),
        ("header", r#"{"reply":"x"}"#),
        ("pem", r#"{"k":"[hidden]\n"}"#),
        ("own", r#"{"reply":"the word is [hidden]"}"#),
    ] {
        peer.ask("r", message).await;
        let answer = peer.answer().await;
        assert_eq!(answer.json(), serde_json::from_str::<Value>(body).unwrap());
        assert!(!answer.body.contains('<'));
        assert!(!answer.headers.to_string().contains(KEY));
        let error = bot.failure().await;
        assert_eq!(error.code().id(), "secret_in_reply");
        assert!(!format!("{error} {error:?}").contains(KEY));
    }
    peer.ask("r", "else").await;
    assert_eq!(peer.answer().await.reply(), "nothing to see");
}

#[test]
fn a_pattern_may_be_anything_and_never_panics() {
    let filter = SecretFilter::empty()
        .finder(|text| vec![1..2, 0..1, 3..usize::MAX, 5..5, text.len() + 7..text.len() + 9])
        .secret("")
        .secret("éé");
    assert_eq!(filter.hide("éxyz"), "[hidden]x[hidden]");
    assert_eq!(SecretFilter::empty().secret("éé").hide("aéééb"), "a[hidden]éb");
    #[expect(clippy::reversed_empty_ranges, reason = "a pattern may be wrong")]
    let wrong = SecretFilter::empty().finder(|_| vec![9..2, 7..3]);
    assert_eq!(wrong.hide("as it is"), "as it is");
    assert!(!format!("{filter:?}").contains("éé"));
}

#[tokio::test(start_paused = true)]
async fn they_stand_around_each_other_and_around_a_forwarder() {
    let relay = Relay::start().await;
    let local = crate::local::Local::start(|request| {
        let words = format!("{} kp_live_0123456789abcdef0123456789abcdef", request.line);
        crate::local::response("200 OK", "text/plain", words)
    })
    .await;
    let bot = Memory::new().around(botroulette_sdk::forward_to(&local.address).unwrap());
    let bot = SecretFilter::new().around(CostGuard::new().per_minute(1).around(bot));
    assert!(bot.takes_every_path());
    let (_bot, mut peer) = relay.bot(bot).await;
    peer.say(json!({"type": "request", "id": "r", "method": "GET", "path": "/any"}).to_string()).await;
    assert_eq!(peer.answer().await.reply(), "GET /any HTTP/1.1 [hidden]");
    peer.ask("r", "hi").await;
    assert_eq!(peer.answer().await.status, 429);
}
