//! Every starter bot, with marked keys, at its most talkative: in a sandbox of its own, in one of another process, and refused
//! there. All that it prints, logs and writes is searched.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use family_tests::marks::{MARK, Marks, marked_key, refused_key};
use family_tests::programs::{names, program};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::directory::Directory;

/// No run takes longer than this; most take a second or two.
const LIMIT: Duration = Duration::from_secs(120);
/// How often something that happens in another process is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How many bots run at once.
const AT_ONCE: usize = 3;
/// What a bot may keep its key in: it is asked to.
const KEPT: &str = "kept.key";
/// Where the bot finds its key, when it is not in its environment.
const ENV_FILE: &str = ".env";

// ---- the bots -------------------------------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    BotPit,
    BotOrNot,
    BotRoulette,
    Kriegspiel,
}

/// How a bot is run here.
#[derive(Clone, Copy)]
struct Bot {
    name: &'static str,
    /// What makes a short run, and writes every file that it can write: into the working directory.
    alone: &'static str,
    /// The same in a sandbox of another process; for those that take one.
    beside: Option<(Platform, &'static str)>,
    /// The standard options, `-vv` and `--json` among them.
    options: bool,
    /// Whether it shows its key when it is refused: it has one.
    has_key: bool,
}

const fn player(name: &'static str, platform: Platform, alone: &'static str, beside: &'static str) -> Bot {
    Bot { name, alone, beside: Some((platform, beside)), options: true, has_key: true }
}

/// One that needs no key.
const fn keyless(name: &'static str, platform: Platform, alone: &'static str, beside: &'static str) -> Bot {
    Bot { has_key: false, ..player(name, platform, alone, beside) }
}

/// One that plays with nobody.
const fn alone(name: &'static str, alone: &'static str, options: bool) -> Bot {
    Bot { name, alone, beside: None, options, has_key: false }
}

const RECORDED: &str = "--matches 1 --record record.jsonl";
const MODEL: &str = "--model marked --model-url MODEL";

/// All of them: a new bot is not forgotten, because the directory is compared.
const BOTS: [Bot; 29] = [
    player(
        "botornot-chat",
        Platform::BotOrNot,
        "--matches 1 --log log.jsonl --record record.jsonl",
        "--matches 1 --log log.jsonl --record record.jsonl --speed 100",
    ),
    alone("botornot-selfplay", "--matches 3 --log log.jsonl", true),
    player("botpit-arena", Platform::BotPit, "--matches 1 --record record.jsonl --game rps", RECORDED),
    player("botpit-blotto", Platform::BotPit, RECORDED, RECORDED),
    player("botpit-challenge", Platform::BotPit, RECORDED, RECORDED),
    player("botpit-coinflip", Platform::BotPit, RECORDED, RECORDED),
    player("botpit-crash", Platform::BotPit, RECORDED, RECORDED),
    keyless("botpit-explorer", Platform::BotPit, "--matches 1", ""),
    alone("botpit-lab", "--matches 200 --html page.html", true),
    player("botpit-math-duel", Platform::BotPit, RECORDED, RECORDED),
    keyless("botpit-register", Platform::BotPit, "--save kept.key", "--save kept.key"),
    alone("botpit-replay", "record.jsonl", true),
    player("botpit-rps", Platform::BotPit, RECORDED, RECORDED),
    player("botpit-spectate", Platform::BotPit, RECORDED, RECORDED),
    alone("botpit-verify", "", true),
    player(
        "botroulette-persona",
        Platform::BotRoulette,
        "--messages 1 --record record.jsonl",
        "--messages 1 --record record.jsonl",
    ),
    keyless(
        "botroulette-register",
        Platform::BotRoulette,
        "--name Nova --yes --save kept.key",
        "--name Nova --yes --save kept.key --description Riddles-and-rhymes --category Utilities --email nova@botmakers.net",
    ),
    player("botroulette-talk", Platform::BotRoulette, "--turns 1", "--turns 1"),
    player(
        "botroulette-tunnel",
        Platform::BotRoulette,
        "--messages 1",
        "--messages 1 --show --to 127.0.0.1:1",
    ),
    alone("kriegspiel-arena", "--games 2 --plies 20", false),
    player("kriegspiel-heuristics", Platform::Kriegspiel, "--boards 2", "--boards 2"),
    player("kriegspiel-random", Platform::Kriegspiel, "", ""),
    player("kriegspiel-random-any", Platform::Kriegspiel, "", ""),
    alone("kriegspiel-referee", "", false),
    keyless("kriegspiel-register", Platform::Kriegspiel, "--save kept.key", "--save kept.key"),
    alone("doctor", "-vv", false),
    player("botornot-llm", Platform::BotOrNot, "--matches 1", "--matches 1 --speed 100"),
    player("botroulette-llm", Platform::BotRoulette, "--messages 1", "--messages 1"),
    player("kriegspiel-llm", Platform::Kriegspiel, "", ""),
];

impl Bot {
    fn asks_a_model(&self) -> bool {
        self.name.ends_with("-llm")
    }
}

#[test]
fn no_starter_bot_is_forgotten() {
    let here: BTreeSet<String> = BOTS.iter().map(|bot| bot.name.to_owned()).collect();
    // `sandbox` prints keys of its own on purpose, and its tests say where.
    assert_eq!(here, names().into_iter().filter(|name| name != "sandbox").collect::<BTreeSet<_>>());
}

// ---- a run ----------------------------------------------------------------------------------------------------------

/// Every variable that a bot reads a secret from, with the prefix of its secrets.
const SECRETS: [(&str, &str); 9] = [
    ("BOTPIT_API_KEY", "bp_live_"),
    ("BOTORNOT_API_KEY", ""),
    ("BOTORNOT_AGENT_TOKEN", ""),
    ("BOTROULETTE_API_KEY", "kp_live_"),
    ("KRIEGSPIEL_BOT_TOKEN", "ksbot_"),
    ("KRIEGSPIEL_BOT_REGISTRATION_KEY", "register_"),
    ("OPENAI_API_KEY", "sk-"),
    ("ANTHROPIC_API_KEY", "sk-ant-"),
    ("OLLAMA_API_KEY", "ol-"),
];

/// How loud a bot is asked to be.
#[derive(Clone, Copy)]
enum Loud {
    /// `-vv`, in prose.
    Options,
    /// `-vv --json`, and everything that the programs' log can show.
    Everything,
}

/// The program with its arguments in a directory of its own.
fn command(bot: &Bot, arguments: &str, directory: &Directory, loud: Loud) -> Command {
    let mut all: Vec<&str> = arguments.split_whitespace().collect();
    if bot.options {
        all.extend(["-vv", "--seed", "7"]);
    }
    let mut command = program(bot.name, all);
    command.current_dir(directory.path()).env("RUST_BACKTRACE", "full");
    if matches!(loud, Loud::Everything) {
        command.env("RUST_LOG", "trace").env("LOG_LEVEL", "trace");
        if bot.options || bot.name == "kriegspiel-arena" {
            command.arg("--json");
        }
    }
    // A proxy that nobody answers at: loopback is reached all the same.
    let proxy = format!("http://bot:{MARK}@127.0.0.1:1");
    command.envs(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, &proxy)));
    command
}

/// Runs it to its end, or until there is enough of it; a bot that does neither is a failure. Its output is in files beside
/// those that it writes, so that all is searched alike.
async fn ended(
    mut command: Command,
    bot: &Bot,
    directory: &Directory,
    is_enough: impl Fn() -> bool,
) -> Ended {
    let into = |name: &str| File::create(directory.path().join(name)).unwrap();
    let mut child = command.stdout(into("stdout")).stderr(into("stderr")).spawn().unwrap();
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return if status.success() { Ended::Well } else { Ended::Badly };
        }
        let is_late = began.elapsed() > LIMIT;
        if is_late || is_enough() {
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(!is_late, "{} did not end", bot.name);
            return Ended::Enough;
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    Badly,
    Enough,
}

/// Nothing marked, and nothing that was handed out in the run, is in what it printed, logged and wrote.
#[track_caller]
fn searched(bot: &Bot, directory: &Directory) -> String {
    let read = |name: &str| {
        String::from_utf8_lossy(&std::fs::read(directory.path().join(name)).unwrap_or_default()).into_owned()
    };
    let mut marks = Marks::new();
    for key in handed_out(&read(KEPT)) {
        marks = marks.and(&key);
    }
    let count = marks.none_below(directory.path(), &[ENV_FILE, KEPT]).unwrap();
    assert!(count >= 2, "{}: stdout and stderr at least", bot.name);
    let text = format!("{}\n{}", read("stdout"), read("stderr"));
    assert_eq!(handed_out(&text), Vec::<String>::new(), "{}", bot.name);
    assert!(!text.contains("panicked"), "{}: {text}", bot.name);
    text
}

/// Whatever looks like a key that a sandbox has handed out.
fn handed_out(text: &str) -> Vec<String> {
    let found = ["bp_live_", "kp_live_", "ksbot_"].into_iter().flat_map(|prefix| {
        text.match_indices(prefix).filter_map(move |(at, _)| {
            let key = &text[at..];
            let ends =
                key.find(|c: char| !c.is_ascii_alphanumeric() && !"_.-".contains(c)).unwrap_or(key.len());
            (ends >= prefix.len() + 16).then(|| key[..ends].to_owned())
        })
    });
    found.collect()
}

#[test]
fn a_key_that_was_handed_out_is_known_by_its_look() {
    let text = "key bp_live_0123456789abcdef0123 (shown this once), ksbot_65f0a1b2c3d4e5f6a7b8.cGFkZGluZw\" kp_live_";
    let keys = ["bp_live_0123456789abcdef0123", "ksbot_65f0a1b2c3d4e5f6a7b8.cGFkZGluZw"];
    assert_eq!(handed_out(text), keys);
    assert!(handed_out("beginning with kp_live_. bp_live_... ksbot_[redacted]").is_empty());
}

// ---- in a sandbox of its own ----------------------------------------------------------------------------------------

#[tokio::test]
async fn no_bot_tells_a_key_in_a_sandbox_of_its_own() {
    of_each(|bot| async move {
        let directory = Directory::new();
        if bot.name == "botpit-replay" {
            // What it reads is what another one has written.
            let recorder = BOTS.iter().find(|bot| bot.name == "botpit-rps").unwrap();
            let run = command(recorder, RECORDED, &directory, Loud::Options);
            assert_eq!(ended(run, recorder, &directory, || false).await, Ended::Well);
        }
        let model = Model::start(Manner::Answers).await;
        let arguments =
            if bot.asks_a_model() { format!("{} {MODEL}", bot.alone) } else { bot.alone.to_owned() };
        let mut run = command(&bot, &arguments.replace("MODEL", &model.0), &directory, Loud::Options);
        // All keys are in the environment; the bot has no use for those of the platforms, here.
        run.envs(SECRETS.map(|(name, prefix)| (name, marked_key(prefix))));
        let how = ended(run, &bot, &directory, || false).await;
        let text = searched(&bot, &directory);
        assert_eq!(how, Ended::Well, "{}: {text}", bot.name);
    })
    .await;
}

// ---- in a sandbox of another process --------------------------------------------------------------------------------

#[tokio::test]
async fn no_bot_tells_the_key_that_it_plays_with() {
    of_each(|bot| async move {
        let Some((platform, arguments)) = bot.beside else { return };
        let (directory, place) = (Directory::new(), Place::start(platform).await);
        // A model that refuses repeats its key. Without a model the bot of Kriegspiel takes no game.
        let is_kriegspiel = platform == Platform::Kriegspiel;
        let manner = if is_kriegspiel { Manner::Answers } else { Manner::Refuses };
        let model = Model::start(manner).await;
        let arguments =
            if bot.asks_a_model() { format!("{arguments} {MODEL}") } else { arguments.to_owned() };
        let arguments = format!("--url {} {}", place.url(), arguments.replace("MODEL", &model.0));
        let run = command(&bot, &arguments, &directory, Loud::Everything);
        // All keys are in the file.
        let lines: Vec<_> =
            SECRETS.iter().map(|(name, prefix)| format!("{name}={}\n", marked_key(prefix))).collect();
        std::fs::write(directory.path().join(ENV_FILE), lines.concat()).unwrap();
        let how = ended(run, &bot, &directory, || place.has_seen_enough()).await;
        let text = searched(&bot, &directory);
        let expected = if is_kriegspiel && bot.has_key { Ended::Enough } else { Ended::Well };
        assert_eq!(how, expected, "{}: {text}", bot.name);
        // Its log is there to be searched, and so is what it wrote.
        assert!(text.contains("TRACE") || text.contains("DEBUG"), "{}: {text}", bot.name);
        for file in arguments.split_whitespace().filter(|word| word.ends_with(".jsonl")) {
            let written = std::fs::read_to_string(directory.path().join(file)).unwrap();
            assert!(written.lines().count() >= 1, "{}: {file}", bot.name);
        }
        place.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn no_bot_tells_the_key_that_is_refused_or_meant_for_elsewhere() {
    of_each(|bot| async move {
        let Some((platform, arguments)) = bot.beside else { return };
        let place = Place::start(platform).await;
        let here = format!("--url {} {arguments}", place.url());
        let elsewhere = format!("--url wss://bot:{MARK}@192.0.2.1/ws?api_key={MARK}#{MARK} {arguments}");
        let in_the_clear = format!("--live --url ws://bot:{MARK}@192.0.2.1/ws?token={MARK} {arguments}");
        for (arguments, key) in [
            (&here, refused_key as fn(&str) -> String),
            (&here, |prefix| format!("{prefix}{MARK} with {MARK} blanks")),
            (&here, |prefix| format!("{prefix}{MARK}\u{1b}[2J\u{7f}{MARK}")),
            (&elsewhere, marked_key),
            (&in_the_clear, marked_key),
        ] {
            // Who has no key is refused nowhere but elsewhere.
            if !bot.has_key && arguments != &elsewhere {
                continue;
            }
            let directory = Directory::new();
            let mut run = command(&bot, arguments, &directory, Loud::Everything);
            run.envs(SECRETS.map(|(name, prefix)| (name, key(prefix))));
            let how = ended(run, &bot, &directory, || false).await;
            let text = searched(&bot, &directory);
            assert_eq!(how, Ended::Badly, "{} {arguments}: {text}", bot.name);
            assert!(text.contains("error: "), "{} {arguments}: {text}", bot.name);
        }
        place.shutdown().await;
    })
    .await;
}

/// Some bots at once, until all have had their turn.
async fn of_each<F: Future<Output = ()> + Send + 'static>(run: fn(Bot) -> F) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut runs = JoinSet::new();
    for bot in BOTS {
        let room = room.clone();
        runs.spawn(async move {
            let _permit = room.acquire_owned().await.unwrap();
            run(bot).await;
        });
    }
    while let Some(run) = runs.join_next().await {
        if let Err(failed) = run {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

// ---- the other side -------------------------------------------------------------------------------------------------

/// A platform of this process.
enum Place {
    BotPit(botpit_sdk::sandbox::Sandbox),
    BotOrNot(botornot_sdk::sandbox::Sandbox),
    BotRoulette(botroulette_sdk::sandbox::Sandbox),
    Kriegspiel(kriegspiel_sdk::sandbox::Sandbox),
}

impl Place {
    async fn start(platform: Platform) -> Self {
        use {botornot_sdk as botornot, botpit_sdk as botpit, botroulette_sdk as botroulette};
        const SOON: Duration = Duration::from_millis(1);
        match platform {
            Platform::BotPit => {
                let sandbox = botpit::sandbox::Sandbox::builder().seed(7).house_wait(SOON);
                Self::BotPit(sandbox.house_thinks(Duration::ZERO).start().await.unwrap())
            }
            Platform::BotOrNot => {
                let sandbox = botornot::sandbox::Sandbox::builder().seed(7).speed(100.0);
                Self::BotOrNot(sandbox.start().await.unwrap())
            }
            Platform::BotRoulette => {
                let sandbox = botroulette::sandbox::Sandbox::builder().seed(7).speed(20.0);
                let sandbox = sandbox.heartbeat_scales(false).house_calls(u32::MAX);
                Self::BotRoulette(sandbox.start().await.unwrap())
            }
            Platform::Kriegspiel => {
                let sandbox = kriegspiel_sdk::sandbox::Sandbox::builder().seed(7).speed(50.0);
                Self::Kriegspiel(sandbox.start().await.unwrap())
            }
        }
    }

    fn url(&self) -> String {
        match self {
            Self::BotPit(sandbox) => sandbox.ws_url().to_string(),
            Self::BotOrNot(sandbox) => sandbox.ws_url().to_string(),
            Self::BotRoulette(sandbox) => sandbox.url().to_string(),
            Self::Kriegspiel(sandbox) => sandbox.url().to_string(),
        }
    }

    /// A game of Kriegspiel takes the bot's own time: some requests of it are enough.
    fn has_seen_enough(&self) -> bool {
        matches!(self, Self::Kriegspiel(sandbox) if sandbox.requests().len() > 20)
    }

    async fn shutdown(self) {
        match self {
            Self::BotPit(sandbox) => sandbox.shutdown().await,
            Self::BotOrNot(sandbox) => sandbox.shutdown().await,
            Self::BotRoulette(sandbox) => sandbox.shutdown().await,
            Self::Kriegspiel(sandbox) => sandbox.shutdown().await,
        }
    }
}

/// A server that speaks the OpenAI chat format: its address.
struct Model(String);

#[derive(Clone, Copy)]
enum Manner {
    Answers,
    /// With words that repeat the key that it was given.
    Refuses,
}

impl Model {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answered(stream, manner));
            }
        });
        Self(url)
    }
}

async fn answered(mut stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            break String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let length: usize = header("content-length").unwrap_or("0").parse().unwrap();
    while request.len() < head.len() + 4 + length {
        stream.read_buf(&mut request).await?;
    }
    let key = header("authorization").unwrap_or("none").trim_start_matches("bearer ");
    assert!(key.contains(MARK), "the key is sent: {key}");
    let (status, body) = match manner {
        Manner::Answers => (
            200,
            r#"{"id":"chatcmpl-123","object":"chat.completion","created":1677652288,"model":"marked","choices":[{"index":0,"message":{"role":"assistant","content":"e2e4 d2d4 not sure, you?"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#.to_owned(),
        ),
        Manner::Refuses => {
            (401, format!(r#"{{"error":{{"message":"Incorrect API key provided: {key}","code":"{key}"}}}}"#))
        }
    };
    let head = "Content-Type: application/json\r\nConnection: close";
    let answer = format!("HTTP/1.1 {status} X\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
