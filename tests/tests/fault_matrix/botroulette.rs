//! BotRoulette: a bot behind its tunnel is called while one fault happens to it; it stops in good order while one does; and a
//! bot calls out.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use botroulette_sdk::model::{ListingUpdate, Registration};
use botroulette_sdk::sandbox::{Caller, HouseBot, Outcome, Sandbox};
use botroulette_sdk::{Client, Error, Incoming, Registrar, Result, Sent, TunnelEvent, responder};
use sdk_core::sandbox::{Fault, Order, When};

use super::cell::{
    Cell, Platform, State, Told, book, boxed, faults, is_of_accepting, is_of_connecting, is_of_http,
    is_of_the_line, product, state,
};

pub(crate) const PLATFORM: Platform = Platform { name: "botroulette", sample: 500, cells, impossible, play };

const BOT: &str = "matrix";
const SERVING: &str = "serving";
const STOPPING: &str = "graceful stop";
const CALLING: &str = "calling out";
/// No cell needs longer than this, on the paused clock.
const BOUND: Duration = Duration::from_secs(20 * 60);
/// How long the bot thinks about an answer.
const THINKS: Duration = Duration::from_millis(700);
const ANSWERS: usize = 3;

fn serving() -> Vec<State> {
    let mut states = vec![
        state("tunnel: upgraded", When::NextConnection, 0),
        state("auth: the key has arrived", When::received("auth"), 0),
        state("auth: the answer leaves", When::sending("auth_ok"), 0),
        state("online", When::sent("auth_ok"), 0),
        state("idle: the ping has arrived", When::received("ping"), 0),
        state("idle: the pong leaves", When::sending("pong"), 0),
        state("idle", When::sent("pong"), 0),
    ];
    for skip in [0, 1] {
        states.extend([
            state("a request leaves", When::sending("request"), skip),
            state("request in hand", When::sent("request"), skip),
            state("the answer has arrived", When::received("response"), skip),
            state("the answer is taken", When::handled("response"), skip),
        ]);
    }
    states
}

fn stopping() -> Vec<State> {
    vec![
        state("request in hand", When::Now, 0),
        state("the answer has arrived", When::received("response"), 0),
        state("the answer is taken", When::handled("response"), 0),
    ]
}

fn calling() -> Vec<State> {
    let paths = [
        ("options: the request has arrived", "options: the answer leaves", "/register/options", 0),
        ("register: the request has arrived", "register: the answer leaves", "/agents/register", 1),
        ("roulette: the request has arrived", "roulette: the answer leaves", "/roulette", 0),
        ("search: the request has arrived", "search: the answer leaves", "/search", 0),
        ("listing: the request has arrived", "listing: the answer leaves", "/agents/me", 0),
        ("first message: the request has arrived", "first message: the answer leaves", "/api/proxy/", 0),
        ("next message: the request has arrived", "next message: the answer leaves", "/api/proxy/", 1),
    ];
    paths
        .into_iter()
        .flat_map(|(before, after, path, skip)| {
            [state(before, When::request(path), skip), state(after, When::answered(path), skip)]
        })
        .collect()
}

fn cells(seed: u64) -> Vec<Cell> {
    // One that announces a restart, and those that say that it is for good.
    let closes =
        [(1001, "going away"), (1013, ""), (4001, "key refused"), (4000, "replaced"), (4008, "silent")];
    let faults = faults(&closes);
    let scene = |scene, states: Vec<State>| product("botroulette", scene, &states, &faults, seed);
    let mut cells = scene(SERVING, serving());
    cells.extend(scene(STOPPING, stopping()));
    cells.extend(scene(CALLING, calling()));
    cells
}

fn impossible(cell: &Cell) -> Option<&'static str> {
    let fault = &cell.fault;
    let first_words = cell.state.starts_with("auth") || cell.state == "online";
    match cell.scene {
        CALLING if !(is_of_accepting(fault) || is_of_http(fault) || is_of_the_line(fault)) => {
            Some("an HTTP call has no messages")
        }
        STOPPING if is_of_connecting(fault) => Some("a bot that stops does not connect again"),
        STOPPING if is_of_one_message(fault) => Some("nothing more is sent to a bot that stops"),
        SERVING if *fault == Fault::Stale && first_words => {
            Some("there is no earlier message that could come again")
        }
        _ => None,
    }
}

/// Faults of one outgoing message, which wait for one.
fn is_of_one_message(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::TornFrame
            | Fault::Binary
            | Fault::BrokenField { .. }
            | Fault::Duplicate
            | Fault::Fragments { .. }
    )
}

/// The faults that are final refusals of a tunnel, and the reason that the bot ends with.
fn final_refusal(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Unauthorized => Some("auth_rejected"),
        Fault::Forbidden => Some("rejected"),
        Fault::Close { code: 4001, .. } => Some("auth_rejected"),
        Fault::Close { code: 4000, .. } => Some("session_replaced"),
        _ => None,
    }
}

fn play(cell: Cell) -> Pin<Box<dyn Future<Output = Told>>> {
    match cell.scene {
        SERVING => boxed(serve(cell)),
        STOPPING => boxed(stop(cell)),
        _ => boxed(call(cell)),
    }
}

async fn open(seed: u64) -> Sandbox {
    let sandbox = Sandbox::builder().seed(seed).house([HouseBot::Friendly]).house_calls(0).rate_limits(false);
    sandbox.start().await.expect("a port on loopback")
}

fn client(sandbox: &Sandbox, name: &str, seed: u64) -> Client {
    let key = sandbox.register(name).expect("a name");
    let client = Client::builder(key).url(sandbox.url()).seed(seed);
    client.build().expect("a valid client")
}

/// How often the bot was asked each message.
type Asked = Arc<Mutex<BTreeMap<String, u32>>>;

/// What the caller and the sandbox's books say of the calls.
fn check_calls(sandbox: &Sandbox, asked: &Asked, events: &[TunnelEvent], told: &mut Told) {
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    for (message, times) in &asked {
        if *times > 1 {
            told.duplicated.push(format!("{message:?} was put to the bot {times} times"));
        }
    }
    let calls = sandbox.calls();
    let calls = calls.iter().filter(|call| call.to == BOT && call.from == Caller::Bot("caller".into()));
    for call in calls {
        let message = call.request.body.clone();
        let was_asked = asked.keys().any(|key| message.contains(&format!("\"{key}\"")));
        match (call.outcome, &call.response) {
            (None, _) => told.lost.push(format!("the call {message} is still open")),
            (Some(Outcome::Answered), Some(response)) => {
                let number = message.chars().filter(char::is_ascii_digit).collect::<String>();
                if response.status == 200 && !response.body.contains(&format!("answer {number}\"")) {
                    told.wrong.push(format!("{message} was answered with {}", response.body));
                }
            }
            (Some(_), _) if was_asked => {
                // The bot had it in hand, and must know that its answer came to nothing.
                let knows = events.iter().any(|event| {
                    matches!(event, TunnelEvent::NotAnswered(_) | TunnelEvent::Disconnected { .. })
                        || matches!(event, TunnelEvent::RelayError(_) | TunnelEvent::Closed { .. })
                });
                if !knows {
                    told.lost.push(format!("{message} was not answered, and the bot does not know"));
                }
            }
            _ => {}
        }
    }
    if sandbox.stray_responses() > 0 {
        told.duplicated.push(format!("{} answers to no open request", sandbox.stray_responses()));
    }
}

async fn serve(cell: Cell) -> Told {
    let mut told = Told::default();
    let sandbox = open(cell.seed).await;
    let caller = client(&sandbox, "caller", cell.seed);
    // The caller has its connection, so that the bot's dials can be counted.
    caller.search("rosie").await.expect("a search");
    let bot = client(&sandbox, BOT, cell.seed);
    let order = book(sandbox.faults(), cell.socket_orders(1, None));
    let asked = Asked::default();
    let answering = responder({
        let asked = asked.clone();
        move |request: Incoming| {
            let asked = asked.clone();
            async move {
                let message = request.message()?.to_owned();
                *asked.lock().unwrap().entry(message.clone()).or_default() += 1;
                tokio::time::sleep(THINKS).await;
                Ok(message.replace("message", "answer"))
            }
        }
    });
    let mut seen: Vec<TunnelEvent> = Vec::new();
    let mut answers = 0;
    let mut called = 0;
    let mut untyped = Vec::new();
    let both = async {
        let (handle, mut events) = bot.serve(answering).stay_online().connect().await?;
        let calling = async {
            // Long enough for a ping and its pong.
            tokio::time::sleep(Duration::from_secs(40)).await;
            let mut talk = caller.conversation(BOT);
            while answers < ANSWERS && called < 60 {
                called += 1;
                match talk.say(format!("message {called}")).await {
                    Ok(answer) if answer.text.as_deref() == Some(&format!("answer {called}")) => answers += 1,
                    Ok(answer) => untyped.push(format!("message {called} was answered {:?}", answer.text)),
                    Err(_) => tokio::time::sleep(Duration::from_secs(5)).await,
                }
            }
        };
        let watching = async {
            while let Some(event) = events.next().await {
                seen.push(event);
            }
            match seen.last() {
                Some(TunnelEvent::Closed { reason: Some(reason) }) => Err(reason.clone()),
                other => Ok(format!("{other:?}")),
            }
        };
        let ended: Result<Option<String>> = tokio::select! {
            ended = watching => ended.map(Some),
            () = calling => Ok(None),
        };
        let is_online = sandbox.is_online(BOT);
        let _ = handle.close().await;
        ended.map(|ended| (ended, is_online))
    };
    let ended = told.within(BOUND, both).await;
    told.injected = sandbox.faults().injected_by(order);
    let code = final_refusal(&cell.fault);
    if let Some(ended) = ended {
        told.expect_end(&ended, code);
        match ended {
            Ok((Some(how), _)) => told.wrong.push(format!("the tunnel ended with {how}")),
            Ok((None, false)) => told.lost.push("the bot is not online".into()),
            Ok((None, true)) if answers < ANSWERS => {
                told.lost.push(format!("{called} messages brought {answers} answers"));
            }
            _ => {}
        }
    }
    told.wrong.extend(untyped);
    // A call whose tunnel ended for good has its answer by then.
    tokio::time::sleep(Duration::from_secs(40)).await;
    check_calls(&sandbox, &asked, &seen, &mut told);
    drop((bot, caller));
    sandbox.shutdown().await;
    told
}

/// The bot is asked to stop while it has a request in hand, and the fault happens then.
async fn stop(cell: Cell) -> Told {
    let mut told = Told::default();
    let sandbox = open(cell.seed).await;
    let caller = client(&sandbox, "caller", cell.seed);
    let bot = client(&sandbox, BOT, cell.seed);
    let asked = Asked::default();
    let answering = responder({
        let asked = asked.clone();
        move |request: Incoming| {
            let asked = asked.clone();
            async move {
                let message = request.message()?.to_owned();
                *asked.lock().unwrap().entry(message.clone()).or_default() += 1;
                tokio::time::sleep(Duration::from_secs(5)).await;
                Ok(message.replace("message", "answer"))
            }
        }
    });
    let (handle, mut events) = bot.serve(answering).connect().await.expect("online");
    let mut talk = caller.conversation(BOT);
    let saying = talk.say("message 1");
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let order = Order::from(cell.fault.clone());
        let order = match &cell.when {
            When::Now => order.only(BOT),
            when => cell.fault.clone().on(when.clone()).only(BOT),
        };
        let order = book(sandbox.faults(), vec![order]);
        handle.drain().await.expect("it is online");
        handle.closed().await;
        order
    };
    let both = told.within(BOUND, async { tokio::join!(saying, stopping) }).await;
    let mut seen = Vec::new();
    if let Some((said, order)) = both {
        told.injected = sandbox.faults().injected_by(order);
        while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(60), events.next()).await {
            seen.push(event);
        }
        if !matches!(seen.last(), Some(TunnelEvent::Closed { .. })) {
            told.wrong.push(format!("the last event is {:?}", seen.last()));
        }
        if let Ok(answer) = &said
            && answer.text.as_deref() != Some("answer 1")
        {
            told.wrong.push(format!("message 1 was answered {:?}", answer.text));
        }
        // A relay that reads nothing does not see it go.
        let is_deaf = matches!(cell.fault, Fault::HalfOpen | Fault::StopReading);
        if sandbox.is_online(BOT) && !is_deaf {
            told.wrong.push("the bot is online, and was to stop".into());
        }
    }
    check_calls(&sandbox, &asked, &seen, &mut told);
    drop((bot, caller, handle, events));
    sandbox.shutdown().await;
    told
}

/// What an error of a call that must not be made twice says of it is true.
fn check_sent(what: &str, error: &Error, arrived: usize, told: &mut Told) {
    match (error.sent(), arrived) {
        (_, 2..) => told.duplicated.push(format!("{what} arrived {arrived} times")),
        (Sent::No, 1) => told.wrong.push(format!("{what} arrived, and {error} says that it was not sent")),
        _ => {}
    }
}

/// Every call once; one that only reads or sets is to work again right after the fault.
async fn call(cell: Cell) -> Told {
    let mut told = Told::default();
    let sandbox = open(cell.seed).await;
    // The registrar has the first connection, the client the second.
    let before = if cell.state.starts_with("options") || cell.state.starts_with("register") { 1 } else { 2 };
    let order = book(sandbox.faults(), cell.http_orders(before));
    // A fault of accepting comes after a drop.
    let faults = if is_of_accepting(&cell.fault) { 2 } else { 1 };
    let calls = async {
        let registrar = Registrar::new(sandbox.url()).expect("a registrar");
        if registrar.options().await.is_err() {
            registrar.options().await?;
        }
        let listing =
            Registration::new("outbound", "It calls others", "Entertainment", "owner@sandbox.example");
        let mut key = None;
        for _ in 0..3 {
            let registered = registrar.register(&listing).await;
            let exists = sandbox.bots().iter().filter(|bot| bot.service_code == "outbound").count();
            match registered {
                Ok(registered) => key = Some(registered.api_key),
                Err(error) => {
                    check_sent("the registration", &error, exists, &mut told);
                    if exists == 0 {
                        continue;
                    }
                    // The key is lost with the answer: the error says so.
                    key = Some(sandbox.register("another")?);
                }
            }
            break;
        }
        let key =
            key.ok_or_else(|| Error::invalid_argument("key", "three registrations failed for one fault"))?;
        let client = Client::builder(key).url(sandbox.url()).build()?;
        // It is never tried again by itself: each try counts against the limit.
        let mut tries = 0;
        while let Err(error) = client.roulette().await {
            tries += 1;
            if tries > faults {
                return Err(error);
            }
        }
        if client.search("rosie").await.is_err() {
            client.search("rosie").await?;
        }
        let update = ListingUpdate::new().description("It calls others, by day and by night");
        if client.update_listing(&update).await.is_err() {
            client.update_listing(&update).await?;
        }
        let mut talk = client.conversation("rosie");
        let mut failed = 0;
        for number in 0..4 {
            let message = format!("message {number}");
            let said = talk.say(&message).await;
            let calls = sandbox.calls();
            let arrived = calls.iter().filter(|call| call.request.body.contains(&message)).count();
            match said {
                Ok(_) if arrived != 1 => told.duplicated.push(format!("{message} arrived {arrived} times")),
                Ok(_) => {}
                Err(error) => {
                    failed += 1;
                    check_sent(&message, &error, arrived, &mut told);
                }
            }
        }
        if failed > faults {
            told.lost.push(format!("{failed} messages failed for {faults} faults"));
        }
        Ok::<_, Error>(())
    };
    let ended = tokio::time::timeout(BOUND, calls).await;
    told.injected = sandbox.faults().injected_by(order);
    match ended {
        Ok(ended) => told.expect_end(&ended, None),
        Err(_) => told.hung.push(format!("nothing came of it within {BOUND:?}")),
    }
    sandbox.shutdown().await;
    told
}
