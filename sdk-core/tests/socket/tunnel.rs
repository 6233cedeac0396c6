//! A tunnel: the platform asks, handlers answer beside each other. Exactly one answer to each request, on the connection
//! that it came from, and none before the key was accepted.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use sdk_core::backoff::BackoffPolicy;
use sdk_core::dispatch::{Dispatched, Dispatcher, caught};
use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::shutdown::Shutdown;
use sdk_core::socket::{Consumer, Context, Dial, Drive, Driver, Lifecycle, Protocol};
use sdk_core::wire::Text;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use url::Url;

use crate::host::{Host, PATIENCE, Peer};
use crate::typed::options;

/// A request of the platform, with the connection that it came on.
struct Request {
    connection: u64,
    id: String,
    body: String,
}

struct Tunnel {
    url: Url,
    accepted: bool,
    draining: bool,
    /// Requests of this connection that are not answered yet.
    open: HashMap<String, ()>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    /// The one place where an answer leaves.
    fn answer(&mut self, connection: u64, id: &str, status: u16, body: &str, cx: &mut Context<'_, Request>) {
        if connection != cx.connection() || self.open.remove(id).is_none() {
            self.refused.lock().unwrap().push(id.to_owned());
            return;
        }
        let frame = json!({ "type": "response", "id": id, "status": status, "headers": {}, "body": body });
        if cx.send(frame.to_string()).is_err() {
            self.refused.lock().unwrap().push(id.to_owned());
        }
    }
}

impl Protocol for Tunnel {
    type Event = Request;
    type Command = ();

    fn dial(&mut self) -> Result<Dial> {
        let auth = json!({ "type": "auth", "api_key": "s3cr3t" }).to_string();
        let secrets = vec![Secret::new("s3cr3t")];
        Ok(Dial {
            url: self.url.clone(),
            headers: HeaderMap::new(),
            greeting: Some(Secret::new(auth)),
            secrets,
        })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, Request>) {
        let frame: Value = serde_json::from_str(text.as_str()).unwrap_or_default();
        let kind = frame["type"].as_str().unwrap_or_default();
        match kind {
            "auth_ok" => {
                self.accepted = true;
                cx.ready();
            }
            _ if !self.accepted => {
                let words = frame["message"].as_str().unwrap_or("something else than auth_ok came first");
                cx.end(Some(Error::new(&codes::AUTH_REJECTED, words)));
            }
            "request" => {
                let Some(id) = frame["id"].as_str() else { return };
                if self.open.insert(id.to_owned(), ()).is_some() {
                    return; // a duplicate: it is answered once
                }
                let (connection, body) = (cx.connection(), frame["body"].as_str().unwrap_or_default());
                if self.draining {
                    self.answer(connection, id, 503, "stopping", cx);
                } else {
                    cx.emit(Request { connection, id: id.into(), body: body.into() });
                }
            }
            _ => {}
        }
    }

    fn on_binary(&mut self, _: Bytes, _: &mut Context<'_, Request>) {}

    fn on_command(&mut self, (): (), cx: &mut Context<'_, Request>) {
        cx.drop_connection(Error::new(&codes::CONNECTION_LOST, "asked for"));
    }

    fn ping(&mut self) -> Option<Text> {
        self.accepted.then(|| r#"{"type":"ping"}"#.into())
    }

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, _: &mut Context<'_, Request>) {
        if let Lifecycle::Lost { .. } = lifecycle {
            self.accepted = false;
            self.open.clear();
        }
    }

    fn on_drain(&mut self, _: &mut Context<'_, Request>) {
        self.draining = true;
    }

    fn is_idle(&self) -> bool {
        self.open.is_empty()
    }
}

type Answer = Pin<Box<dyn Future<Output = (Key, Result<String>)> + Send>>;
/// Requests do not wait for one another: each is a key of its own.
type Key = (u64, String);

/// Runs a handler for each request: `sleep N` answers after N seconds, `panic` panics, everything else is echoed.
struct Responder {
    dispatcher: Dispatcher<Key, Request, Answer>,
    at_once: usize,
}

fn respond(request: Request) -> Answer {
    Box::pin(async move {
        let key = (request.connection, request.id);
        let answer = caught(async move {
            if let Some(seconds) = request.body.strip_prefix("sleep ") {
                sleep(Duration::from_secs(seconds.parse().unwrap())).await;
            }
            assert_ne!(request.body, "panic", "as it was told to");
            request.body
        });
        (key, answer.await)
    })
}

fn deliver((key, answer): (Key, Result<String>), driver: &mut Driver<Tunnel>) {
    let (connection, id) = key;
    driver.act(|tunnel, cx| match answer {
        Ok(body) => tunnel.answer(connection, &id, 200, &body, cx),
        Err(_) => tunnel.answer(connection, &id, 500, "the responder failed", cx),
    });
}

impl Consumer<Tunnel> for Responder {
    fn on_event(&mut self, request: Request, driver: &mut Driver<Tunnel>, cx: &mut task::Context<'_>) {
        let key = (request.connection, request.id.clone());
        if self.dispatcher.running() >= self.at_once {
            driver.act(|tunnel, cx| tunnel.answer(key.0, &key.1, 503, "too many at once", cx));
            return;
        }
        match self.dispatcher.dispatch(cx, key, request, respond) {
            Dispatched::Done(answer) => deliver(answer, driver),
            Dispatched::Deferred => {}
            Dispatched::Full(request) => {
                driver.act(|tunnel, cx| tunnel.answer(request.connection, &request.id, 503, "busy", cx));
            }
        }
    }

    fn poll(&mut self, driver: &mut Driver<Tunnel>, cx: &mut task::Context<'_>) {
        while let Poll::Ready((_, answer)) = self.dispatcher.poll_next(cx, respond) {
            deliver(answer, driver);
        }
    }

    fn is_idle(&self) -> bool {
        self.dispatcher.running() == 0
    }
}

struct Client {
    commands: mpsc::Sender<()>,
    shutdown: Shutdown,
    refused: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<Result<()>>,
}

fn start(host: &Host, at_once: usize) -> Client {
    let mut options = options();
    options.backoff = BackoffPolicy::steps(vec![Duration::from_secs(1)]);
    let refused = Arc::default();
    let tunnel = Tunnel {
        url: host.url(),
        accepted: false,
        draining: false,
        open: HashMap::new(),
        refused: Arc::clone(&refused),
    };
    let driver = Driver::new(tunnel, options).unwrap();
    let (commands, receiver) = mpsc::channel(1);
    let shutdown = Shutdown::new();
    let responder = Responder { dispatcher: Dispatcher::new(0), at_once };
    let task = tokio::spawn(Drive::new(driver, responder, receiver, &shutdown));
    Client { commands, shutdown, refused, task }
}

async fn authenticate(host: &Host) -> Peer {
    let mut peer = host.accept().await;
    // The order of the fields depends on a feature of serde_json that any other crate may turn on.
    let greeting: Value = serde_json::from_str(&peer.hear().await).unwrap();
    assert_eq!(greeting, json!({ "type": "auth", "api_key": "s3cr3t" }));
    peer.say(r#"{"type":"auth_ok","tunnel_url":"https://bot.example"}"#).await;
    peer
}

async fn ask(peer: &mut Peer, id: &str, body: &str) {
    peer.say(json!({ "type": "request", "id": id, "method": "POST", "path": "/", "body": body }).to_string())
        .await;
}

/// The next answer, past the pings: id, status, body.
async fn answer(peer: &mut Peer) -> (String, u64, String) {
    loop {
        let frame: Value = serde_json::from_str(&peer.hear().await).unwrap();
        if frame["type"] == "ping" {
            peer.say(r#"{"type":"pong"}"#).await;
            continue;
        }
        let word = |field: &str| frame[field].as_str().unwrap().to_owned();
        return (word("id"), frame["status"].as_u64().unwrap(), word("body"));
    }
}

fn is(id: &str, status: u64, body: &str) -> (String, u64, String) {
    (id.into(), status, body.into())
}

#[tokio::test(start_paused = true)]
async fn requests_are_answered_beside_each_other_and_each_once() {
    let host = Host::start().await;
    let client = start(&host, 100);
    let mut peer = authenticate(&host).await;
    ask(&mut peer, "slow", "sleep 9").await;
    ask(&mut peer, "bad", "panic").await;
    ask(&mut peer, "slow", "sleep 1").await;
    for n in 0..50 {
        ask(&mut peer, &format!("fast-{n}"), "now").await;
    }
    assert_eq!(answer(&mut peer).await, is("bad", 500, "the responder failed"));
    for n in 0..50 {
        assert_eq!(answer(&mut peer).await, is(&format!("fast-{n}"), 200, "now"));
    }
    assert_eq!(answer(&mut peer).await, is("slow", 200, "sleep 9"));
    // The same id after its answer is a request like any other; the duplicate before it was answered once.
    ask(&mut peer, "slow", "again").await;
    assert_eq!(answer(&mut peer).await, is("slow", 200, "again"));
    assert!(client.refused.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_answer_goes_to_another_connection_than_its_request_came_from() {
    let host = Host::start().await;
    let client = start(&host, 100);
    let mut peer = authenticate(&host).await;
    ask(&mut peer, "r-1", "sleep 5").await;
    ask(&mut peer, "r-2", "now").await;
    assert_eq!(answer(&mut peer).await.0, "r-2");
    client.commands.send(()).await.unwrap();
    assert_eq!(peer.close_code().await, 1006);
    drop(peer);
    let mut peer = authenticate(&host).await;
    // The very same id on the new connection, answered by its own handler alone.
    ask(&mut peer, "r-1", "sleep 20").await;
    assert_eq!(answer(&mut peer).await, is("r-1", 200, "sleep 20"));
    assert_eq!(*client.refused.lock().unwrap(), ["r-1"], "the old one's answer was kept back");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_before_the_key_is_accepted() {
    let host = Host::start().await;
    let client = start(&host, 100);
    let mut peer = host.accept().await;
    peer.hear().await;
    ask(&mut peer, "r-1", "now").await;
    assert_eq!(peer.close_code().await, 1000);
    assert!(timeout(PATIENCE, client.task).await.unwrap().unwrap().unwrap_err().is_auth());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_at_once_is_told_so() {
    let host = Host::start().await;
    let _client = start(&host, 2);
    let mut peer = authenticate(&host).await;
    for id in ["a", "b", "c"] {
        ask(&mut peer, id, "sleep 3").await;
    }
    assert_eq!(answer(&mut peer).await, is("c", 503, "too many at once"));
    assert_eq!(answer(&mut peer).await.0, "a");
    assert_eq!(answer(&mut peer).await.0, "b");
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_came_in_refuses_what_comes_and_closes() {
    let host = Host::start().await;
    let client = start(&host, 100);
    let mut peer = authenticate(&host).await;
    ask(&mut peer, "before", "sleep 5").await;
    peer.say(r#"{"type":"pong"}"#).await;
    sleep(Duration::from_secs(1)).await;
    client.shutdown.drain();
    sleep(Duration::from_secs(1)).await;
    ask(&mut peer, "after", "now").await;
    assert_eq!(answer(&mut peer).await, is("after", 503, "stopping"));
    assert_eq!(answer(&mut peer).await, is("before", 200, "sleep 5"));
    assert_eq!(peer.close_code().await, 1000);
    drop(peer);
    timeout(PATIENCE, client.task).await.unwrap().unwrap().unwrap();
}
