//! A client that knows nothing but the documentation.

use std::fmt;
use std::time::Duration;

use botpit_sdk::sandbox::Sandbox;
use futures_util::{SinkExt, StreamExt};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) const WAGER: u64 = 10_000_000;

pub(crate) struct Agent {
    socket: WebSocketStream<TcpStream>,
    pub(crate) id: String,
    pub(crate) key: String,
}

/// One frame: as it came, and as JSON.
pub(crate) struct Frame {
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl std::ops::Index<&str> for Frame {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.json[field]
    }
}

impl Frame {
    pub(crate) fn kind(&self) -> &str {
        self["type"].as_str().unwrap()
    }

    pub(crate) fn text_of(&self, field: &str) -> String {
        self[field].as_str().unwrap().to_owned()
    }

    /// That the fields, and their order, are those of an example of the documentation.
    pub(crate) fn is_shaped_like(&self, example: &str) {
        assert_eq!(fields(&self.text), fields(example), "{}", self.text);
        assert_eq!(self["type"], serde_json::from_str::<Value>(example).unwrap()["type"]);
    }
}

/// The names of an object's fields, in order.
pub(crate) fn fields(text: &str) -> Vec<String> {
    struct Names(Vec<String>);
    struct Reader;

    impl<'de> Visitor<'de> for Reader {
        type Value = Names;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
            let mut names = Vec::new();
            while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                names.push(name);
            }
            Ok(Names(names))
        }
    }

    impl<'de> Deserialize<'de> for Names {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Reader)
        }
    }

    serde_json::from_str::<Names>(text).unwrap().0
}

impl Agent {
    /// A new agent, connected.
    pub(crate) async fn new(sandbox: &Sandbox, name: &str) -> Self {
        let key = sandbox.register(name).unwrap().expose().to_owned();
        Self::login(sandbox, &key).await
    }

    pub(crate) async fn login(sandbox: &Sandbox, key: &str) -> Self {
        let stream = TcpStream::connect(sandbox.server().addr()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = tokio_tungstenite::client_async(sandbox.ws_url().as_str(), stream).await.unwrap();
        let mut agent = Self { socket, id: String::new(), key: key.to_owned() };
        agent.say(json!({ "type": "authenticate", "api_key": key })).await;
        let authenticated = agent.hear().await;
        authenticated.is_shaped_like(include_str!("../fixtures/spec/authenticated.json"));
        agent.id = authenticated.text_of("agent_id");
        agent
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Says an example of the documentation, with an id of this sandbox in the place of the example's.
    pub(crate) async fn say_example(&mut self, example: &str, placeholder: &str, id: &str) {
        assert!(example.contains(placeholder));
        self.say_text(&example.replace(placeholder, id)).await;
    }

    /// The next thing that arrives; `None` when the connection is lost.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let next = timeout(Duration::from_secs(3_600), self.socket.next()).await;
        next.unwrap_or_else(|_| panic!("nothing arrives")).and_then(Result::ok)
    }

    pub(crate) async fn hear(&mut self) -> Frame {
        match self.next().await {
            Some(Message::Text(text)) => {
                Frame { text: text.to_string(), json: serde_json::from_str(&text).unwrap() }
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn hear_until(&mut self, kind: &str) -> Frame {
        loop {
            let frame = self.hear().await;
            if frame.kind() == kind {
                return frame;
            }
        }
    }

    /// The next frames are of these types.
    pub(crate) async fn hears(&mut self, kinds: &[&str]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for kind in kinds {
            let frame = self.hear().await;
            assert_eq!(frame.kind(), *kind, "{}", frame.text);
            frames.push(frame);
        }
        frames
    }

    /// Says something that is refused, and returns the error's code.
    pub(crate) async fn error(&mut self, message: Value) -> String {
        self.say(message).await;
        let error = self.hear().await;
        error.is_shaped_like(include_str!("../fixtures/spec/error.json"));
        error.text_of("code")
    }

    /// That the sandbox has nothing more to say: the next thing it says answers a ping.
    pub(crate) async fn hears_nothing(&mut self) {
        self.say(json!({ "type": "ping" })).await;
        let frame = self.hear().await;
        assert_eq!(frame.text, r#"{"type":"pong"}"#);
    }

    /// The code with which the sandbox closes, after whatever it says before.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Text(_)) => {}
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn queue(&mut self) {
        self.say(json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": WAGER })).await;
    }

    pub(crate) async fn play(&mut self, match_id: &str, choice: &str) {
        self.say(json!({ "type": "make_move", "match_id": match_id, "move_data": { "choice": choice } }))
            .await;
    }

    /// Offers a match of rock paper scissors, and says the challenge's id.
    pub(crate) async fn challenge(&mut self) -> String {
        self.say(json!({ "type": "create_challenge", "game_type": "rps", "wager_lamports": WAGER })).await;
        self.hear_until("challenge_created").await.text_of("challenge_id")
    }
}

/// A match of rock paper scissors between two new agents, side A first, and its id. Both have been asked for a move.
pub(crate) async fn seated(sandbox: &Sandbox) -> ([Agent; 2], String) {
    let (mut x, mut y) = (Agent::new(sandbox, "Alpha").await, Agent::new(sandbox, "Beta").await);
    x.queue().await;
    x.hear_until("queue_joined").await;
    y.queue().await;
    let started = x.hear_until("game_start").await;
    let id = started.text_of("match_id");
    for agent in [&mut x, &mut y] {
        agent.hear_until("your_turn").await;
    }
    (if started["your_side"] == "a" { [x, y] } else { [y, x] }, id)
}
