//! Rooms with request ids: the token in the query, no greeting, joins and pushes that other tasks wait for.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use sdk_core::backoff::BackoffPolicy;
use sdk_core::clock::Clock;
use sdk_core::correlation::{Call, Correlator, Resolved};
use sdk_core::error::{Error, ErrorKind, Result, Sent, codes};
use sdk_core::secret::Secret;
use sdk_core::shutdown::Shutdown;
use sdk_core::socket::{
    Context, Dial, Drive, Driver, Inbox, InboxEvent, InboxStream, Lifecycle, Protocol, State, Token,
};
use sdk_core::wire::Text;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use crate::host::{Host, PATIENCE, Peer};
use crate::typed::options;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq)]
enum Event {
    Push(Value),
    Connected,
    Lost { cause: String, waiting: usize },
    Ended,
    Lagged(u64),
}

impl InboxEvent for Event {
    fn weight(&self) -> usize {
        1
    }
    fn is_droppable(&self) -> bool {
        matches!(self, Self::Push(_))
    }
    fn lagged(dropped: u64) -> Self {
        Self::Lagged(dropped)
    }
}

struct Rooms {
    url: Url,
    calls: Correlator<Value>,
    joined: HashSet<String>,
}

/// A request whose id is handed out already, so that the caller waits whatever becomes of it.
struct Request {
    id: sdk_core::correlation::RequestId,
    room: String,
    what: What,
}

enum What {
    Join,
    Push { kind: &'static str, payload: Value },
}

impl Rooms {
    const LOBBY: &str = "lobby";

    fn answer(&mut self, id: &str, reply: Result<Value>) -> Resolved {
        match reply {
            Ok(reply) => self.calls.resolve(id, reply),
            Err(error) => self.calls.reject(id, error),
        }
    }
}

impl Protocol for Rooms {
    type Event = Event;
    type Command = Request;

    fn dial(&mut self) -> Result<Dial> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("api_key", "t0ken");
        Ok(Dial { url, headers: HeaderMap::new(), greeting: None, secrets: vec![Secret::new("t0ken")] })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Event>) {
        let frame: Value = serde_json::from_str(text.as_str()).unwrap();
        let room = frame["room"].as_str().unwrap_or_default().to_owned();
        let id = frame["id"].as_str().unwrap_or_default();
        match frame["event"].as_str() {
            Some("pong") => {}
            Some("joined") => {
                if room == Self::LOBBY {
                    cx.ready(); // nothing before it proves that the connection is of use
                    cx.emit(Event::Connected);
                }
                self.joined.insert(room);
                self.answer(id, Ok(frame["payload"].clone()));
            }
            Some("reply") => drop(self.answer(id, Ok(frame["payload"].clone()))),
            Some("error") => {
                let reason = frame["payload"]["reason"].as_str().unwrap_or_default();
                let refusal =
                    Error::new(&codes::REJECTED, "the platform refused it").with_platform_code(reason);
                // Of a room that was asked for, "already tracked" means that the bot is in it.
                let reply = if reason.contains("already_tracked") && room != Self::LOBBY {
                    self.joined.insert(room);
                    Ok(json!({}))
                } else {
                    Err(refusal)
                };
                self.answer(id, reply);
            }
            _ => cx.emit(Event::Push(frame)),
        }
    }

    fn on_binary(&mut self, _: Bytes, _: &mut Context<'_, Event>) {}

    fn on_command(&mut self, request: Request, cx: &mut Context<'_, Event>) {
        let (id, room) = (request.id, request.room);
        let frame = match request.what {
            What::Join => json!({ "id": id, "room": room, "event": "join", "payload": {} }),
            What::Push { .. } if !self.joined.contains(&room) => {
                self.calls.fail(id, &Error::invalid_argument("room", "the room is not joined"));
                return;
            }
            What::Push { kind, payload } => {
                json!({ "id": id, "room": room, "type": kind, "payload": payload })
            }
        };
        if let Err(error) = cx.send_tracked(frame.to_string(), id.into()) {
            self.calls.fail(id, &error);
        }
    }

    fn on_write(&mut self, token: Token, _: &mut Context<'_, Event>) -> bool {
        self.calls.mark(token.into(), Sent::Maybe)
    }

    fn ping(&mut self) -> Option<Text> {
        Some(r#"{"event":"ping"}"#.into())
    }

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, Event>) {
        match lifecycle {
            Lifecycle::Opened => {
                // The lobby is joined by the protocol itself, under an id like any other.
                if let Ok(call) = self.calls.call("join") {
                    let join =
                        json!({ "id": call.id(), "room": Self::LOBBY, "event": "join", "payload": {} });
                    let _ = cx.send(join.to_string());
                }
            }
            Lifecycle::Lost { cause } => {
                self.joined.clear();
                let waiting = self.calls.fail_all(cause);
                cx.emit(Event::Lost { cause: cause.code().id().into(), waiting });
            }
            Lifecycle::Ended { reason } => {
                let closed = Error::new(&codes::CLIENT_CLOSED, "the client was closed");
                self.calls.fail_all(reason.unwrap_or(&closed));
                cx.emit(Event::Ended);
            }
            _ => {}
        }
    }
}

/// What a caller on another task has.
#[derive(Clone)]
struct Handle {
    commands: mpsc::Sender<Request>,
    calls: Correlator<Value>,
}

impl Handle {
    async fn request(&self, room: &str, what: What, timeout: Duration) -> Result<Value> {
        let call = self.ask(room, what).await?;
        call.wait(&Clock::real(), timeout).await
    }

    async fn ask(&self, room: &str, what: What) -> Result<Call<Value>> {
        let label = match &what {
            What::Join => "join",
            What::Push { kind, .. } => kind,
        };
        let call = self.calls.call(label)?;
        let request = Request { id: call.id(), room: room.into(), what };
        let over = |_| Error::new(&codes::CLIENT_CLOSED, "the client is closed");
        self.commands.send(request).await.map_err(over)?;
        Ok(call)
    }

    async fn join(&self, room: &str) -> Result<Value> {
        self.request(room, What::Join, TIMEOUT).await
    }

    fn push(&self, room: &'static str, body: &'static str) -> JoinHandle<Result<Value>> {
        let handle = self.clone();
        let payload = json!({ "body": body });
        tokio::spawn(async move {
            handle.request(room, What::Push { kind: "chat:message", payload }, TIMEOUT).await
        })
    }
}

struct Client {
    handle: Handle,
    events: InboxStream<Event>,
    state: watch::Receiver<State>,
    shutdown: Shutdown,
    task: JoinHandle<Result<()>>,
}

fn start(host: &Host) -> Client {
    let mut options = options();
    options.backoff = BackoffPolicy::steps([1, 2, 4, 8, 10].map(Duration::from_secs).to_vec());
    let calls = Correlator::new();
    let protocol = Rooms { url: host.url(), calls: calls.clone(), joined: HashSet::new() };
    let driver = Driver::new(protocol, options).unwrap();
    let (commands, receiver) = mpsc::channel(64);
    let (inbox, events) = Inbox::new(64, 1 << 20);
    let (state, shutdown) = (driver.state(), Shutdown::new());
    let task = tokio::spawn(Drive::new(driver, inbox, receiver, &shutdown));
    Client { handle: Handle { commands, calls }, events, state, shutdown, task }
}

impl Client {
    async fn next(&mut self) -> Event {
        timeout(PATIENCE, self.events.next()).await.unwrap().unwrap()
    }

    async fn connected(&mut self) {
        while self.next().await != Event::Connected {}
    }
}

/// The next request, past the pings.
async fn request(peer: &mut Peer) -> Value {
    loop {
        let frame: Value = serde_json::from_str(&peer.hear().await).unwrap();
        if frame["event"] == "ping" {
            peer.say(r#"{"event":"pong"}"#).await;
        } else {
            return frame;
        }
    }
}

async fn answer(peer: &mut Peer, request: &Value, event: &str, payload: Value) {
    let frame = json!({ "id": request["id"], "room": request["room"], "event": event, "payload": payload });
    peer.say(frame.to_string()).await;
}

/// Accepts, and lets the lobby be joined.
async fn lobby(host: &Host) -> Peer {
    let mut peer = host.accept().await;
    assert_eq!(peer.uri, "/ws?api_key=t0ken");
    let join = request(&mut peer).await;
    assert_eq!((&join["room"], &join["event"]), (&json!("lobby"), &json!("join")));
    answer(&mut peer, &join, "joined", json!({})).await;
    peer
}

#[tokio::test(start_paused = true)]
async fn replies_reach_who_asked_and_pushes_are_events() {
    let host = Host::start().await;
    let mut client = start(&host);
    let mut peer = lobby(&host).await;
    client.connected().await;
    let (first, second) = (client.handle.push("lobby", "one"), client.handle.push("lobby", "two"));
    let (one, two) = (request(&mut peer).await, request(&mut peer).await);
    assert_ne!(one["id"], two["id"]);
    // Answered in the other order, with a push in between and a duplicate behind.
    answer(&mut peer, &two, "reply", json!({ "to": two["payload"]["body"] })).await;
    peer.say(r#"{"room":"lobby","type":"meta:state","payload":{},"meta":{"user_id":null}}"#).await;
    answer(&mut peer, &one, "reply", json!({ "to": one["payload"]["body"] })).await;
    answer(&mut peer, &one, "reply", json!({ "to": "nobody" })).await;
    assert_eq!(second.await.unwrap().unwrap(), json!({ "to": "two" }));
    assert_eq!(first.await.unwrap().unwrap(), json!({ "to": "one" }));
    assert!(matches!(client.next().await, Event::Push(push) if push["type"] == "meta:state"));
    peer.say(r#"{"room":"lobby","type":"last"}"#).await;
    client.next().await;
    // The duplicate, and the answer to the lobby's own join, for which nobody waits.
    assert_eq!((client.handle.calls.len(), client.handle.calls.stale()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn an_error_reply_is_typed_and_already_tracked_counts_as_joined() {
    let host = Host::start().await;
    let mut client = start(&host);
    let mut peer = lobby(&host).await;
    client.connected().await;
    let not_joined = client.handle.push("match", "too soon").await.unwrap().unwrap_err();
    assert_eq!((not_joined.kind(), not_joined.sent()), (ErrorKind::Misuse, Sent::No));

    for reason in ["{:already_tracked, \"match\"}", "already_tracked"] {
        let joining = tokio::spawn({
            let handle = client.handle.clone();
            async move { handle.join("match").await }
        });
        let join = request(&mut peer).await;
        answer(&mut peer, &join, "error", json!({ "reason": reason })).await;
        joining.await.unwrap().unwrap();
    }
    let chat = client.handle.push("match", "hi");
    let message = request(&mut peer).await;
    answer(&mut peer, &message, "error", json!({ "reason": ":rate_limited" })).await;
    let refused = chat.await.unwrap().unwrap_err();
    assert_eq!(refused.platform_code::<Reason>(), Some(Reason(":rate_limited".into())));
    assert_eq!((refused.sent(), refused.request_id()), (Sent::Yes, message["id"].as_str()));
}

#[derive(Debug, PartialEq)]
struct Reason(String);
impl sdk_core::error::PlatformCode for Reason {
    fn from_wire(code: &str) -> Self {
        Self(code.into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_fails_every_call_with_the_cause_and_its_own_sent() {
    let host = Host::start().await;
    let mut client = start(&host);
    let mut peer = lobby(&host).await;
    client.connected().await;
    let (asked, unheard) = (client.handle.push("lobby", "asked"), client.handle.push("lobby", "unheard"));
    request(&mut peer).await;
    request(&mut peer).await;
    // Fills the socket, so that what comes after it is not written.
    let huge = json!({ "body": "x".repeat(15 << 20) });
    let stuck = client.handle.ask("lobby", What::Push { kind: "chat:message", payload: huge }).await.unwrap();
    let never_left = client.handle.push("lobby", "never left");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(client.handle.calls.len(), 4);
    drop(peer);
    for (call, sent) in [(asked, Sent::Maybe), (unheard, Sent::Maybe), (never_left, Sent::No)] {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, sent));
        assert!(error.request_id().is_some());
    }
    let error = stuck.wait(&Clock::real(), TIMEOUT).await.unwrap_err();
    assert_eq!(error.sent(), Sent::Maybe);
    assert_eq!(client.next().await, Event::Lost { cause: "connection_lost".into(), waiting: 4 });
    assert!(client.handle.calls.is_empty());

    // Ids go on, rooms do not: after the reconnect they are joined again.
    assert_eq!(*client.state.borrow(), State::Reconnecting);
    let offline = client.handle.join("match").await.unwrap_err();
    assert_eq!((offline.code(), offline.sent()), (&codes::NOT_CONNECTED, Sent::No));
    let mut peer = lobby(&host).await;
    client.connected().await;
    let again = client.handle.push("lobby", "again");
    let message = request(&mut peer).await;
    assert!(message["id"].as_str().unwrap().parse::<u64>().unwrap() > 6);
    answer(&mut peer, &message, "reply", json!({})).await;
    again.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_times_out_by_itself_and_one_that_gave_up_before_it_left_is_taken_back() {
    let host = Host::start().await;
    let mut client = start(&host);
    let mut peer = lobby(&host).await;
    client.connected().await;
    let lost = client.handle.push("lobby", "never answered");
    request(&mut peer).await;
    let given_up = client.handle.ask("lobby", What::Join).await.unwrap();
    drop(given_up); // before the connection's task has seen it
    let error = lost.await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CALL_TIMEOUT, Sent::Maybe));
    let next = client.handle.push("lobby", "next");
    assert_eq!(request(&mut peer).await["payload"]["body"], "next");
    drop(peer);
    next.await.unwrap().unwrap_err();
    assert!(client.handle.calls.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lobby_that_is_never_joined_is_no_health_and_is_left_in_time() {
    let host = Host::start().await;
    let mut client = start(&host);
    let mut waits = Vec::new();
    for _ in 0..6 {
        let began = tokio::time::Instant::now();
        let mut peer = host.accept().await;
        waits.push(began.elapsed().as_secs());
        request(&mut peer).await;
        while let Some(message) = peer.next().await {
            if message.is_close() {
                break;
            }
        }
        assert_eq!(client.next().await, Event::Lost { cause: "greeting_timeout".into(), waiting: 0 });
    }
    assert_eq!(waits, [0, 1, 2, 4, 8, 10]);
    client.shutdown.stop();
    while client.next().await != Event::Ended {}
    timeout(PATIENCE, client.task).await.unwrap().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_token_in_the_query_is_in_no_error() {
    let host = Host::start().await;
    let client = start(&host);
    host.refuse("HTTP/1.1 401 Unauthorized\r\nContent-Length: 20\r\n\r\nt0ken is not allowed").await;
    let error = client.task.await.unwrap().unwrap_err();
    assert!(error.is_auth());
    assert!(!format!("{error} {error:?} {}", error.chain()).contains("t0ken"), "{error:?}");
}
