//! A client in a process of its own, which shows all that it has, and writes all that `tracing` and `log` carry, at TRACE, to
//! stderr: the tests in `tests/secrets` start it and search what it writes.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failure here fails the test")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what it writes is what is searched")]

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Client, Rest};
use family_tests::marks::{marked_key, refused_key};
use sdk_core::backoff::{BackoffPolicy, Jitter};
use sdk_core::env::Env;
use sdk_core::error::Error;
use sdk_core::http::{Auth, Http};
use sdk_core::secret::Secret;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const SEED: [u8; 32] = [0xb7; 32];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    write_everything();
    let marked = std::env::var("MARKED_KEY").unwrap();
    let part = std::env::args().nth(1);
    let running = async {
        match part.as_deref() {
            Some("plays") => plays(&marked).await,
            Some("is-refused") => is_refused(&marked).await,
            Some("botornot") => botornot().await,
            Some("botroulette") => botroulette().await,
            Some("kriegspiel") => kriegspiel().await,
            other => panic!("{other:?} is no part of this"),
        }
    };
    tokio::time::timeout(LIMIT, running).await.expect("it ends");
}

/// A part that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

struct Everything;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn put(metadata: &Metadata<'_>, write: impl FnOnce(&mut Fields)) {
    let mut fields = Fields(format!("[{} {}]", metadata.target(), metadata.level()));
    write(&mut fields);
    eprintln!("{}", fields.0);
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        put(span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields("[span]".into());
        values.record(&mut fields);
        eprintln!("{}", fields.0);
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        put(event.metadata(), |fields| event.record(fields));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        eprintln!("[{} {}] {}", record.target(), record.level(), record.args());
    }
    fn flush(&self) {}
}

fn write_everything() {
    tracing::subscriber::set_global_default(Everything).unwrap();
    log::set_logger(&Everything).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

fn quick() -> BackoffPolicy {
    BackoffPolicy::steps(vec![Duration::from_millis(10)]).with_jitter(Jitter::None)
}

async fn plays(marked: &str) {
    // The key is in `.env`, the address in the environment, and another one in `.env`: the environment wins.
    let env = Env::read().unwrap();
    println!("{env:?}");
    let before: Vec<_> = std::env::vars_os().collect();
    let client =
        Client::builder_from_env(&env).unwrap().backoff(quick()).resume_grace(Duration::from_millis(20));
    let client = client.build().unwrap();
    let after: Vec<_> = std::env::vars_os().collect();
    assert!(before == after && std::env::var_os("BOTPIT_API_KEY").is_none(), "the key is in the environment");
    println!("{client:?}");
    let summary = client
        .play::<Rps, _>(|_: &_| Choice::Paper)
        .wager("0.01 SOL".parse().unwrap())
        .matches(2)
        .on_match(|report| println!("{report}\n{report:?}"))
        .run()
        .await
        .unwrap();
    assert_eq!(summary.matches, 2);

    // An agent of its own, whose key comes in an answer.
    let url = std::env::var("BOTPIT_WS_URL").unwrap();
    let wallet = Wallet::from_seed(&SEED);
    let registered = Rest::new(&url).unwrap().register("MyAgent", &wallet).await.unwrap();
    println!("{wallet:?} {registered:?}");
    std::fs::write("new.key", registered.api_key.expose()).unwrap();
    let (handle, _events) =
        Client::builder(registered.api_key.clone()).url(&url).build().unwrap().connect().await.unwrap();
    handle.close().await.unwrap();
    handle.closed().await;

    // Keys in headers, and keys that are refused.
    let base: url::Url = url.replace("ws://", "http://").parse().unwrap();
    for auth in [
        Auth::Bearer(Secret::new(marked)),
        Auth::Header { name: "x-api-key".parse().unwrap(), key: Secret::new(marked) },
    ] {
        let http = Http::builder(base.join("/").unwrap()).auth(auth).build().unwrap();
        let answer = http.get(&["api", "v1", "stats"]).query("token", marked).send().await.unwrap();
        let refused = http.post(&["api", "v1", "agents"]).json(marked).send().await.unwrap_err();
        println!("{http:?} {answer:?} {refused:?} {}", refused.chain());
    }
    let refused = Client::builder(marked).url(&url).build().unwrap().connect().await.unwrap_err();
    println!("{refused:?} {}", refused.chain());
}

async fn is_refused(marked: &str) {
    let url = std::env::var("BOTPIT_WS_URL").unwrap();
    let client = Client::builder(marked).url(url).backoff(quick()).build().unwrap();
    let error = client
        .play::<Rps, _>(|_: &_| Choice::Paper)
        .wager("0.01 SOL".parse().unwrap())
        .run()
        .await
        .unwrap_err();
    println!("{error:?} {error} {}", error.error().chain());
}

/// In both forms.
fn show(value: &impl Debug) {
    println!("{value:?} {value:#?}");
}

fn show_error(error: &Error) {
    show(error);
    println!("{error} {} {:?}", error.chain(), error.body().map(String::from_utf8_lossy));
}

/// Settings and keys that are wrong.
fn wrong(prefix: &str) -> [String; 3] {
    let key = marked_key(prefix);
    [format!("{key} {key}"), format!("{key}\n"), format!("{key}\u{7f}\u{20ac}")]
}

async fn botornot() {
    use botornot_sdk::player::Persona;
    use botornot_sdk::{Client, Event};
    let url = std::env::var("MARKED_URL").unwrap();
    let builder = Client::builder(marked_key("")).url(&url).backoff(quick());
    show(&builder);
    let client = builder.build().unwrap();
    show(&client);
    show(&client.play(Persona::new(1)));
    let (handle, mut events) = client.connect().await.unwrap();
    show(&(&handle, &events, handle.state()));
    show(&handle.request_match().await);
    let mut connected = 0;
    while let Some(event) = events.next().await {
        show(&event);
        if matches!(event, Event::Connected { .. }) {
            connected += 1;
            match connected {
                1 => handle.reconnect().await.unwrap(),
                _ => handle.close().await.unwrap(),
            }
        }
    }
    let summary = client.play(Persona::new(1)).matches(1).speed(200.0).run().await.unwrap();
    show(&summary);
    for key in wrong("") {
        show_error(&Client::builder(key).url(&url).build().unwrap_err());
    }
    for address in [format!("ws://{0}@h/?{0}", marked_key("")), format!("{url}?api_key={}", marked_key(""))] {
        let builder = Client::builder(marked_key("")).url(address);
        show(&builder);
        show(&builder.build());
    }
    let client = Client::builder(refused_key("")).url(&url).backoff(quick()).build().unwrap();
    show_error(&client.connect().await.unwrap_err());
}

async fn botroulette() {
    use botroulette_sdk::{Client, Incoming, responder};
    let url = std::env::var("MARKED_URL").unwrap();
    let builder = Client::builder(marked_key("kp_live_")).url(&url).backoff(quick());
    show(&builder);
    let client = builder.build().unwrap();
    show(&client);
    show(client.http());
    let (asked, mut questions) = tokio::sync::mpsc::unbounded_channel();
    let polite = responder(move |request: Incoming| {
        show(&request);
        let _ = asked.send(());
        async move { Ok(format!("You said: {}", request.message()?)) }
    });
    let serve = client.serve(polite);
    show(&serve);
    let (tunnel, mut events) = serve.connect().await.unwrap();
    show(&(&tunnel, &events));
    let bot = client.roulette().await.unwrap();
    show(&bot);
    let mut talk = client.conversation(bot.code().unwrap());
    show(&talk.say("Hey, what are you about?").await);
    show(&(&talk, client.search("gardens").await));
    questions.recv().await.unwrap();
    tunnel.drain().await.unwrap();
    while let Some(event) = events.next().await {
        show(&event);
    }
    for key in wrong("kp_live_") {
        show_error(&Client::builder(key).url(&url).build().unwrap_err());
    }
    let client = Client::builder(refused_key("kp_live_")).url(&url).backoff(quick()).build().unwrap();
    show_error(&client.roulette().await.unwrap_err());
    let polite = responder(|_: Incoming| async { Ok("Hi.".to_owned()) });
    show_error(&client.serve(polite).connect().await.map(drop).unwrap_err());
}

async fn kriegspiel() {
    use kriegspiel_sdk::model::{CreateGame, RegisterBot};
    use kriegspiel_sdk::{Client, Knobs, Ruleset, UciMove};
    let url = std::env::var("MARKED_URL").unwrap();
    let builder = Client::builder(marked_key("ksbot_")).url(&url);
    show(&builder);
    let client = builder.build().unwrap();
    show(&client);
    show(client.http());
    show(&(client.me().await, client.bots().await));
    let game = client.create_game(&CreateGame::open(Ruleset::BerkeleyAny)).await.unwrap();
    show(&game);
    show(&(client.my_games().await, client.state(game.game_id.clone()).await));
    let moved = client.submit_move(game.game_id.clone(), "e2e4".parse::<UciMove>().unwrap()).await;
    show(&(moved, client.events(game.game_id.clone()).await.map(drop)));
    let bot = RegisterBot::new("marked_bot", "Marked", "owner@sandbox.example");
    let key = Secret::new(marked_key("register_"));
    let registered = client.register(&bot, Some(&key)).await;
    show(&registered);
    show(&client.register(&bot, Some(&key)).await);
    show(&Knobs::from_env(&Env::from_text(&format!(
        "KRIEGSPIEL_BOT_REGISTRATION_KEY={0}\nOPENAI_API_KEY={0}\nANTHROPIC_API_KEY={0}\n",
        marked_key("sk-")
    ))));
    for key in wrong("ksbot_") {
        show(&Client::builder(key).url(&url).build());
    }
    let client = Client::builder(refused_key("ksbot_")).url(&url).build().unwrap();
    show_error(&client.me().await.unwrap_err());
}
