//! The sandbox over real sockets, with a client that knows nothing but the spec; and with this crate's own.

mod our_client;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::*;

/// Somebody else's client: texts in, texts out.
struct Stranger {
    socket: WebSocketStream<TcpStream>,
}

impl Stranger {
    async fn try_connect(sandbox: &Sandbox, token: &str) -> Result<Self, WsError> {
        let stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let url = format!("{}?api_key={token}", sandbox.ws_url());
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await?;
        Ok(Self { socket })
    }

    async fn connect(sandbox: &Sandbox, token: &Secret) -> Self {
        Self::try_connect(sandbox, token.expose()).await.unwrap()
    }

    async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text.to_owned())).await.unwrap();
    }

    /// The next thing that arrives; `None` when the connection is lost.
    async fn next(&mut self) -> Option<Message> {
        let next = timeout(Duration::from_secs(900), self.socket.next()).await.expect("an answer");
        next.and_then(Result::ok)
    }

    async fn text(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn hear(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    async fn hear_until(&mut self, event_type: &str) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["type"] == event_type {
                return frame;
            }
        }
    }

    /// Joins the lobby, and passes the check, as the spec's "Copy-Paste JSON Examples" do.
    async fn pass_the_check(&mut self) {
        self.send(r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#).await;
        assert_eq!(
            self.text().await,
            r#"{"id":"1","room":"room:game:botornot:lobby","event":"joined","payload":{}}"#
        );
        let room = self.hear_until("room:sync").await["payload"]["room"].as_str().unwrap().to_owned();
        self.send(&format!(r#"{{"id":"2","room":"{room}","event":"join","payload":{{}}}}"#)).await;
        let token = self.hear_until("chat:message").await["payload"]["probe_token"].clone();
        self.send(&format!(
            r#"{{"id":"3","room":"{room}","type":"chat:message","payload":{{"body":{token}}}}}"#
        ))
        .await;
        assert_eq!(self.hear().await["payload"], json!({ "status": "ok" }));
    }
}

/// One HTTP call: status, and the whole answer.
async fn call(sandbox: &Sandbox, request_line: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let host = sandbox.server().addr();
    let request = format!(
        "{request_line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_we_did_not_write_plays_a_match_against_the_house() {
    let sandbox = Sandbox::builder().seed(3).house([Opponent::Human]).start().await.unwrap();
    let mut client = Stranger::connect(&sandbox, &sandbox.token(0).unwrap()).await;
    client.send(r#"{"event":"ping"}"#).await;
    assert_eq!(client.text().await, r#"{"event":"pong"}"#);
    client.pass_the_check().await;
    client.send(r#"{"id":"4","room":"room:game:botornot:lobby","type":"match:request","payload":{}}"#).await;
    assert_eq!(
        client.text().await,
        r#"{"id":"4","room":"room:game:botornot:lobby","event":"reply","payload":{"status":"queued"}}"#
    );
    let found = client.hear_until("match:found").await;
    let room = found["payload"]["room"].as_str().unwrap().to_owned();
    client.send(&format!(r#"{{"id":"5","room":"{room}","event":"join","payload":{{}}}}"#)).await;
    assert_eq!(
        client.text().await,
        format!(r#"{{"id":"5","room":"{room}","event":"joined","payload":{{}}}}"#)
    );
    assert_eq!(client.hear_until("match:started").await["payload"]["duration_sec"], 240);
    client
        .send(&format!(
            r#"{{"id":"6","room":"{room}","type":"chat:message","payload":{{"body":"you seem calm"}}}}"#
        ))
        .await;
    // The house votes in its own time; then it is our turn.
    let phase = client.hear_until("vote:phase").await;
    assert_eq!(phase["payload"], json!({ "chat_locked": false, "voted_by": "opponent", "must_vote": true }));
    client
        .send(&format!(r#"{{"id":"7","room":"{room}","type":"vote:cast","payload":{{"guess":"human"}}}}"#))
        .await;
    assert_eq!(client.hear_until("vote:ack").await["payload"], json!({ "guess": "human" }));
    let reveal = client.hear().await;
    assert_eq!(reveal["type"], "match:reveal");
    assert_eq!(
        (&reveal["payload"]["opponent_kind"], &reveal["payload"]["correct"]),
        (&json!("human"), &json!(true))
    );
    assert_eq!(client.hear_until("match:ended").await["payload"], json!({}));

    let played = sandbox.matches();
    let [played] = played.as_slice() else { panic!("{played:?}") };
    assert_eq!((played.ended, played.seat_of("agent:player_1")), (Some(EndReason::Voted), Some(Seat::First)));
    assert_eq!(played.said_by("agent:player_1").collect::<Vec<_>>(), ["you seem calm"]);
    assert_eq!(reveal["payload"]["new_rating"], sandbox.account("agent:player_1").unwrap().rating);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn two_of_them_play_each_other() {
    let sandbox = Sandbox::builder().no_house().compliance(Compliance::Off).start().await.unwrap();
    let mut clients = Vec::new();
    for agent in sandbox.agents().iter().take(2) {
        let mut client = Stranger::connect(&sandbox, &agent.token).await;
        client.send(r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#).await;
        client
            .send(r#"{"id":"2","room":"room:game:botornot:lobby","type":"match:request","payload":{}}"#)
            .await;
        clients.push(client);
    }
    let mut room = String::new();
    for client in &mut clients {
        room = client.hear_until("match:found").await["payload"]["room"].as_str().unwrap().to_owned();
        client.send(&format!(r#"{{"id":"3","room":"{room}","event":"join","payload":{{}}}}"#)).await;
    }
    for client in &mut clients {
        client.hear_until("match:started").await;
        client
            .send(&format!(
                r#"{{"id":"4","room":"{room}","type":"vote:cast","payload":{{"guess":"agent"}}}}"#
            ))
            .await;
    }
    for client in &mut clients {
        let reveal = client.hear_until("match:reveal").await;
        assert_eq!(reveal["payload"]["correct"], true);
        client.hear_until("match:ended").await;
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn four_minutes_pass_in_four_seconds_on_a_clock_sixty_times_as_fast() {
    let silent = || Sandbox::builder().house_votes(HouseVotes::Never).compliance(Compliance::Off);
    for builder in [silent().speed(60.0), silent().clock(Clock::scaled(60.0))] {
        let sandbox = builder.start().await.unwrap();
        let mut client = Stranger::connect(&sandbox, &sandbox.token(0).unwrap()).await;
        client.send(r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#).await;
        let request = r#"{"id":"2","room":"room:game:botornot:lobby","type":"match:request","payload":{}}"#;
        client.send(request).await;
        let room = client.hear_until("match:found").await["payload"]["room"].as_str().unwrap().to_owned();
        client.send(&format!(r#"{{"id":"3","room":"{room}","event":"join","payload":{{}}}}"#)).await;
        let began = tokio::time::Instant::now();
        assert_eq!(client.hear_until("match:started").await["payload"]["duration_sec"], 4);
        client.hear_until("match:ended").await;
        let took = began.elapsed().as_secs_f64();
        assert!((3.9..4.1).contains(&took), "{took}");
        assert_eq!(sandbox.matches()[0].length, Some(Duration::from_secs(240)));
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_match_takes_five_turns_and_a_vote() {
    let sandbox = Sandbox::builder().no_house().start().await.unwrap();
    let mut client = Stranger::connect(&sandbox, &sandbox.token(1).unwrap()).await;
    client.pass_the_check().await;
    client
        .send(r#"{"id":"t1","room":"room:game:botornot:lobby","type":"match:test_request","payload":{}}"#)
        .await;
    let room = client.hear_until("match:found").await["payload"]["room"].as_str().unwrap().to_owned();
    assert!(room.starts_with("room:game:botornot:test_"));
    client.send(&format!(r#"{{"id":"t2","room":"{room}","event":"join","payload":{{}}}}"#)).await;
    client.hear_until("match:started").await;
    let mut turns = 0;
    loop {
        let frame = client.hear().await;
        match frame["type"].as_str() {
            Some("chat:message") => turns += 1,
            Some("vote:phase") => break assert_eq!(frame["payload"]["must_vote"], true),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(turns, 5);
    client
        .send(&format!(r#"{{"id":"t3","room":"{room}","type":"vote:cast","payload":{{"guess":"agent"}}}}"#))
        .await;
    client.hear_until("vote:ack").await;
    assert_eq!(client.hear_until("match:reveal").await["payload"]["rating_delta"], 0);
    client.hear_until("match:ended").await;
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn bad_tokens_are_refused_at_the_upgrade() {
    let sandbox = Sandbox::start().await.unwrap();
    let status = |attempt: Result<Stranger, WsError>| match attempt {
        Err(WsError::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    };
    for token in ["", "wrong", "agt_faultRevoked"] {
        assert_eq!(status(Stranger::try_connect(&sandbox, token).await), 401, "{token}");
    }
    assert_eq!(call(&sandbox, "GET /ws", "").await, (401, r#"{"error":"unauthorized"}"#.to_owned()));
    let token = sandbox.token(0).unwrap();
    assert_eq!(call(&sandbox, &format!("GET /ws?api_key={}", token.expose()), "").await.0, 426);
    assert_eq!(call(&sandbox, "GET /socket/websocket?vsn=2.0.0", "").await.0, 404);

    let mut client = Stranger::connect(&sandbox, &token).await;
    assert!(sandbox.revoke(&token));
    let Some(Message::Close(Some(frame))) = client.next().await else { panic!("closed") };
    assert_eq!(u16::from(frame.code), 4001);
    assert_eq!(status(Stranger::try_connect(&sandbox, token.expose()).await), 401);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_cookie_mints_tokens() {
    for shape in
        [MintAnswer::Token, MintAnswer::ApiKey, MintAnswer::Nested, MintAnswer::PlainText, MintAnswer::Odd]
    {
        let sandbox = Sandbox::builder().mint_answer(shape).start().await.unwrap();
        let cookie = sandbox.owner().session_cookie.clone().unwrap();
        let (status, body) =
            call(&sandbox, "POST /api/agents/token", &format!("Cookie: theme=dark; {}\r\n", cookie.expose()))
                .await;
        assert_eq!(status, 201);
        let at = body.find("agt_").unwrap();
        let token = body.get(at..at + "agt_".len() + 32).unwrap();
        assert!(Stranger::try_connect(&sandbox, token).await.is_ok(), "{shape:?}");
        let minted = sandbox.accounts().pop().unwrap();
        assert!(minted.handle.starts_with("agent:owner_1234_"), "{}", minted.handle);
        for headers in ["", "Cookie: _botornot_session=wrong\r\n"] {
            assert_eq!(call(&sandbox, "POST /api/agents/token", headers).await.0, 401);
        }
        assert_eq!(call(&sandbox, "GET /api/agents/token", "").await.0, 405);
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_magic_word_in_the_token_drops_the_connection_at_the_vote() {
    let sandbox = Sandbox::builder()
        .house([Opponent::EasyAgent])
        .house_votes(HouseVotes::At(Duration::from_secs(2)))
        .compliance(Compliance::Off)
        .start()
        .await
        .unwrap();
    let token = Secret::from("agt_faultDropOnTurn_1");
    let mut client = Stranger::connect(&sandbox, &token).await;
    client.send(r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#).await;
    client.send(r#"{"id":"2","room":"room:game:botornot:lobby","type":"match:request","payload":{}}"#).await;
    let room = client.hear_until("match:found").await["payload"]["room"].as_str().unwrap().to_owned();
    client.send(&format!(r#"{{"id":"3","room":"{room}","event":"join","payload":{{}}}}"#)).await;
    client.hear_until("vote:phase").await;
    while client.next().await.is_some() {}
    // The match waits, and is resumed from the reply.
    let mut client = Stranger::connect(&sandbox, &token).await;
    client.send(r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#).await;
    client.send(r#"{"id":"2","room":"room:game:botornot:lobby","type":"match:request","payload":{}}"#).await;
    loop {
        let frame = client.hear().await;
        if frame["id"] == "2" {
            assert_eq!(frame["payload"]["status"], "already_active");
            assert_eq!(frame["payload"]["room"], room);
            break;
        }
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn faults_are_ordered_for_one_agent() {
    let sandbox = Sandbox::start().await.unwrap();
    let order = Fault::UnknownMessage.on(When::sending("meta:state")).only("agent:player_1");
    sandbox.faults().order(order).unwrap();
    for (index, is_hit) in [(1, false), (0, true)] {
        let mut client = Stranger::connect(&sandbox, &sandbox.token(index).unwrap()).await;
        client.send(r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#).await;
        let mut kinds = Vec::new();
        while kinds.last() != Some(&json!("room:sync")) {
            kinds.push(client.hear().await["type"].clone());
        }
        assert_eq!(kinds.contains(&json!("fault:unknown")), is_hit, "{kinds:?}");
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn it_can_be_reset_over_http_and_shut_down() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = sandbox.token(0).unwrap();
    let mut client = Stranger::connect(&sandbox, &token).await;
    client.pass_the_check().await;
    assert_eq!(sandbox.connections(), 1);
    assert_eq!(call(&sandbox, "POST /__sandbox/reset", "").await.0, 200);
    let Some(Message::Close(Some(frame))) = client.next().await else { panic!("closed") };
    assert_eq!(u16::from(frame.code), 1012);
    let mut client = Stranger::connect(&sandbox, &token).await;
    client.pass_the_check().await;
    let closing = tokio::spawn(async move { while client.next().await.is_some() {} });
    sandbox.shutdown().await;
    closing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn names_are_checked_and_ready_made_agents_are_there() {
    let sandbox = Sandbox::builder().agents(2).start().await.unwrap();
    assert_eq!(sandbox.agents().len(), 2);
    assert_eq!(sandbox.token(2).unwrap_err().field(), Some("index"));
    assert_eq!(sandbox.register_identity("sniper").unwrap().handle, "agent:sniper");
    for name in ["", "a b", "a\n", "sniper", &"x".repeat(65)] {
        assert_eq!(sandbox.register(name).unwrap_err().field(), Some("name"), "{name:?}");
    }
    let shown = format!("{sandbox:?}");
    assert!(!shown.contains("agt_") && !shown.contains("_botornot_session"), "{shown}");
    sandbox.shutdown().await;
}
