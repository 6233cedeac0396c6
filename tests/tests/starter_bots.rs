//! The starter bots as a stranger runs them: the program itself, its output, its exit code.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use botpit_sdk::sandbox::Sandbox;
use serde_json::Value;

/// No run takes longer than this; most take a second or two.
const LIMIT: Duration = Duration::from_secs(30);
/// How often something that happens in another process is looked at.
const LOOK: Duration = Duration::from_millis(10);

// ---- results --------------------------------------------------------------------------------------------------------

#[test]
fn the_transcripts_of_the_readme_and_the_book_are_what_it_prints() {
    let run = ended(bot(["--seed", "7"]).output().unwrap());
    assert!(run.ok, "{}", run.stderr);
    let printed = without_port(&run.stdout);
    for page in ["README.md", "docs/src/botpit/first-bot.md"] {
        assert_eq!(transcript(page, "botpit-rps"), printed, "{page}");
    }
}

#[test]
fn json_is_one_object_a_line_and_the_last_is_the_summary() {
    let run = ended(bot(["--json", "--seed", "7"]).output().unwrap());
    assert!(run.ok, "{}", run.stderr);
    matches_and_summary(&run, &["rps"], 3);
    // What a person wants to know goes elsewhere.
    assert!(run.stderr.contains("A BOTPIT of your own runs on"), "{}", run.stderr);
}

/// So many matches of each game, a line each, all fair; then the summary, which they add up to.
fn matches_and_summary(run: &Run, games: &[&str], each: usize) {
    let lines = json_lines(&run.stdout);
    let [matches @ .., summary] = lines.as_slice() else { panic!("no line") };
    let played: Vec<_> = matches.iter().map(|line| line["match"]["game"].as_str().unwrap()).collect();
    assert_eq!(played, games.iter().flat_map(|game| vec![*game; each]).collect::<Vec<_>>());
    let mut profit = 0;
    for line in matches {
        assert_eq!(keys(line), ["match"]);
        let told = &line["match"];
        assert_eq!(
            keys(told),
            ["fair", "game", "id", "opponent", "payout_lamports", "score", "verdict", "won"]
        );
        assert!(told["id"].is_string() && told["opponent"].is_string());
        assert!(told["won"].is_boolean() || told["won"].is_null());
        assert_eq!(told["fair"], true);
        // How problems are made from the seed is not told.
        let verdict = if told["game"] == "math_duel" { "consistent" } else { "verified" };
        assert_eq!(told["verdict"], verdict, "{told}");
        let score = told["score"].as_array().unwrap();
        assert!(score.len() == 2 && score.iter().all(Value::is_u64), "{score:?}");
        profit += told["payout_lamports"].as_i64().unwrap() - 10_000_000;
    }
    assert_eq!(keys(summary), ["summary"]);
    let summary = &summary["summary"];
    let names =
        ["consistent", "drawn", "fair", "lost", "matches", "profit_lamports", "verified", "violated", "won"];
    assert_eq!(keys(summary), names);
    let count = |name: &str| summary[name].as_i64().unwrap();
    let all = i64::try_from(matches.len()).unwrap();
    assert_eq!((count("matches"), count("fair"), count("violated")), (all, all, 0));
    assert_eq!(count("won") + count("lost") + count("drawn"), all);
    assert_eq!(count("verified") + count("consistent"), all);
    assert_eq!(count("profit_lamports"), profit, "it balances to the lamport");
}

#[test]
fn every_game_with_a_bot_of_its_own_is_played() {
    for (name, game) in [
        ("botpit-coinflip", "coinflip"),
        ("botpit-blotto", "blotto"),
        ("botpit-math-duel", "math_duel"),
        ("botpit-crash", "crash"),
    ] {
        let run = ended(program(name, ["--json", "--seed", "7", "--matches", "1"]).output().unwrap());
        assert!(run.ok, "{name}: {}", run.stderr);
        matches_and_summary(&run, &[game], 1);
        let run = ended(program(name, ["--seed", "7", "--matches", "1"]).output().unwrap());
        assert!(run.ok && run.stdout.contains("fair: seed matches commitment"), "{}", run.stdout);
    }
}

const GAMES: [&str; 10] = [
    "coinflip",
    "rps",
    "hi_lo",
    "dice_duel",
    "high_card_duel",
    "crash",
    "mines",
    "math_duel",
    "reaction_ring",
    "blotto",
];

#[test]
fn the_arena_plays_every_game_and_verifies_every_round() {
    let arena = ["--game", "all", "--matches", "1", "--seed", "7", "--json"];
    let run = ended(program("botpit-arena", arena).output().unwrap());
    assert!(run.ok, "{}", run.stderr);
    matches_and_summary(&run, &GAMES, 1);
}

#[test]
fn the_arena_prints_a_table() {
    for game in ["mines", "hi_lo"] {
        let arena = ["--game", game, "--matches", "2", "--seed", "7"];
        let run = ended(program("botpit-arena", arena).output().unwrap());
        assert!(run.ok, "{}", run.stderr);
        let table: Vec<_> = run.stdout.lines().skip_while(|line| !line.starts_with("game ")).collect();
        let head: Vec<_> = table[0].split_whitespace().collect();
        assert_eq!(head, ["game", "won", "lost", "drawn", "profit", "rounds", "verified"]);
        let row: Vec<_> = table[1].split_whitespace().collect();
        let [name, won, lost, drawn, _, "SOL", verified, "of", rounds] = row.as_slice() else {
            panic!("{row:?}")
        };
        let counts = [won, lost, drawn].map(|count| count.parse::<u32>().unwrap());
        assert_eq!((*name, counts.iter().sum::<u32>()), (game, 2));
        assert!(verified == rounds && rounds.parse::<u32>().unwrap() >= 4, "{row:?}");
        assert!(table.last().unwrap().starts_with("2 matches: "), "{table:?}");
    }
    refused_by_clap(&program("botpit-arena", ["--game", "chess"]).output().unwrap(), "high_card_duel");
}

/// The options' own refusal, which names what is possible.
fn refused_by_clap(output: &Output, words: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty() && told.contains(words), "{told}");
}

#[test]
fn a_loss_limit_ends_it_in_good_order() {
    // The first match that is lost without one that was won before is the last.
    let arguments = ["--json", "--seed", "7", "--matches", "60", "--loss-limit", "0.01 SOL"];
    let run = ended(program("botpit-arena", ["--game", "dice_duel"]).args(arguments).output().unwrap());
    assert!(run.ok, "{}", run.stderr);
    let lines = json_lines(&run.stdout);
    let summary = &lines.last().unwrap()["summary"];
    assert!(summary["matches"].as_u64().unwrap() < 60, "{summary}");
    assert!(summary["profit_lamports"].as_i64().unwrap() >= -10_000_000, "{summary}");
    assert!(run.stderr.contains("0.01 SOL may be lost at most"), "{}", run.stderr);
}

#[test]
fn logs_go_to_stderr_and_hold_no_key() {
    let run = ended(bot(["--json", "--matches", "1", "-vv"]).env("RUST_LOG", "trace").output().unwrap());
    assert!(run.ok, "{}", run.stderr);
    assert_eq!(json_lines(&run.stdout).len(), 2);
    assert!(run.stderr.contains("TRACE"), "there is a log");
    assert!(!run.stderr.contains("bp_live_"), "{}", run.stderr);
}

#[test]
fn it_stops_after_as_many_matches_as_it_was_told() {
    let run = ended(bot(["--matches", "1"]).output().unwrap());
    assert!(run.ok, "{}", run.stderr);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("Match ")).count(), 1);
    assert!(run.stdout.lines().last().unwrap().starts_with("1 match: "), "{}", run.stdout);
}

#[test]
fn they_are_short_enough_to_be_copied() {
    for game in ["rps", "coinflip", "blotto", "math-duel", "crash"] {
        let program = read(&format!("examples/src/bin/botpit-{game}.rs"));
        assert!(program.lines().count() < 60, "{game}: {} lines", program.lines().count());
    }
}

// ---- other servers --------------------------------------------------------------------------------------------------

#[tokio::test]
async fn it_plays_in_a_sandbox_of_another_process() {
    let sandbox = Sandbox::builder().seed(3).start().await.unwrap();
    let url = sandbox.ws_url().to_string();

    let key = sandbox.register("KeyFromTheEnvironment").unwrap();
    let mut command = bot(["--json", "--matches", "1", "--url", &url]);
    command.env("BOTPIT_API_KEY", key.expose());
    let run = wait(command).await;
    assert!(run.ok, "{}", run.stderr);
    assert_eq!(json_lines(&run.stdout).last().unwrap()["summary"]["fair"], 1);
    assert!(sandbox.matches()[0].side_of("KeyFromTheEnvironment").is_some());

    // Without a key it registers, as the platform wants it.
    let run = wait(bot(["--json", "--matches", "1", "--url", &url])).await;
    assert!(run.ok, "{}", run.stderr);
    assert_eq!(json_lines(&run.stdout).last().unwrap()["summary"]["matches"], 1);
    assert!(sandbox.matches()[1].side_of("MyAgent").is_some());
    sandbox.shutdown().await;
}

#[tokio::test]
async fn it_plays_on_a_server_of_the_protocol_alone() {
    let (url, server) = bare::server().await;
    let run = wait(bot(["--json", "--matches", "1", "--url", &url])).await;
    assert!(run.ok, "{}", run.stderr);
    let lines = json_lines(&run.stdout);
    assert_eq!(lines[0]["match"]["opponent"], "BetaBot");
    assert_eq!(lines[0]["match"]["payout_lamports"], 19_000_000);
    assert_eq!((&lines[0]["match"]["won"], &lines[0]["match"]["fair"]), (&true.into(), &true.into()));
    server.abort();
}

// ---- refusals -------------------------------------------------------------------------------------------------------

#[test]
fn another_machine_needs_live() {
    for key in [None, Some("bp_live_test")] {
        let mut command = bot(["--url", "wss://api.example.org/api/v1/ws"]);
        command.envs(key.map(|key| ("BOTPIT_API_KEY", key)));
        let run = ended(command.output().unwrap());
        refused(&run, "needs --live");
        assert!(run.stderr.contains("advice: add --live"), "{}", run.stderr);
    }
}

#[test]
fn live_names_what_is_missing() {
    refused(&ended(bot(["--live", "--host", "production"]).output().unwrap()), "BOTPIT_API_KEY");
    refused(
        &ended(bot(["--live"]).env("BOTPIT_API_KEY", "bp_live_test").output().unwrap()),
        "BOTPIT_WS_URL nor BOTPIT_URL",
    );
    // Given by the file beside the bot: the next thing that is missing is named.
    let beside = workdir().join("with-env-file");
    std::fs::create_dir_all(&beside).unwrap();
    std::fs::write(beside.join(".env"), "BOTPIT_API_KEY=bp_live_test\n").unwrap();
    refused(&ended(bot(["--live"]).current_dir(&beside).output().unwrap()), "BOTPIT_WS_URL nor BOTPIT_URL");
}

#[test]
fn a_key_that_is_refused_ends_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start().await.unwrap();
        let mut command = bot(["--url", sandbox.ws_url().as_str()]);
        command.env("BOTPIT_API_KEY", "bp_live_of_nobody");
        let run = wait(command).await;
        refused(&run, "[auth_rejected]");
        assert!(!run.stderr.contains("bp_live_of_nobody"), "{}", run.stderr);
        sandbox.shutdown().await;
    });
}

#[test]
fn a_number_without_a_unit_is_no_wager() {
    for (wager, words) in [("0.01", "unit"), ("0.0001 SOL", "0.001 SOL")] {
        let run = ended(bot(["--wager", wager]).output().unwrap());
        assert!(!run.ok && run.stderr.contains(words), "{}", run.stderr);
    }
}

// ---- trouble and signals --------------------------------------------------------------------------------------------

#[cfg(unix)]
#[test]
fn who_cannot_connect_says_so_within_two_seconds() {
    let began = Instant::now();
    let mut command = bot(["--url", &format!("ws://127.0.0.1:{}/api/v1/ws", closed_port())]);
    let mut running = Running::start(command.env("BOTPIT_API_KEY", "bp_live_test"));
    let line = running.stderr.recv_timeout(Duration::from_secs(2)).expect("a line within two seconds");
    assert!(began.elapsed() < Duration::from_secs(2));
    for part in ["127.0.0.1", "could not be reached", "refused", "; try 1 in "] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("bp_live_test") && !line.contains("panicked") && !line.contains(".rs:"), "{line}");
    running.interrupt();
    assert!(running.wait(Duration::from_secs(5)).success());
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_once_finishes_the_match() {
    let sandbox = Sandbox::builder().seed(5).house_thinks(Duration::from_millis(40)).start().await.unwrap();
    let mut running = Running::start(&mut bot(["--url", sandbox.ws_url().as_str(), "--matches", "1000"]));
    let open = open_match(&sandbox).await;
    running.interrupt();
    let running = tokio::task::spawn_blocking(move || {
        let status = running.wait(LIMIT);
        (running, status)
    });
    let (running, status) = running.await.unwrap();
    assert!(status.success());

    let matches = sandbox.matches();
    let last = matches.last().unwrap();
    assert_eq!(last.id, open, "no new match was taken");
    assert_eq!(last.ended, Some(botpit_sdk::sandbox::EndReason::Score), "and this one was played");
    let lines: Vec<_> = running.stdout.iter().collect();
    assert!(lines.iter().any(|line| line.starts_with("Finishing the match in progress")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains(&open)), "{lines:?}");
    assert!(lines.last().unwrap().starts_with(&format!("{} match", matches.len())), "{lines:?}");
    sandbox.shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_twice_ends_at_once() {
    // The opponent thinks for longer than the test lasts: this match does not end by itself.
    let sandbox = Sandbox::builder().turn_timeout(LIMIT * 4).house_thinks(LIMIT * 2).start().await.unwrap();
    let mut running = Running::start(&mut bot(["--url", sandbox.ws_url().as_str()]));
    open_match(&sandbox).await;
    running.interrupt();
    let running = tokio::task::spawn_blocking(move || {
        loop {
            let line = running.stdout.recv_timeout(LIMIT).expect("it says that it is finishing");
            if line.starts_with("Finishing the match in progress") {
                break;
            }
        }
        assert!(running.child.try_wait().unwrap().is_none(), "it is still in the match");
        running.interrupt();
        running.wait(Duration::from_secs(5));
        running
    });
    let running = running.await.unwrap();
    assert!(running.stdout.iter().any(|line| line.starts_with("0 matches: ")));
    assert_eq!(sandbox.matches()[0].ended, None);
    sandbox.shutdown().await;
}

#[cfg(unix)]
async fn open_match(sandbox: &Sandbox) -> String {
    let began = Instant::now();
    loop {
        if let Some(open) = sandbox.matches().iter().find(|game| game.ended.is_none()) {
            return open.id.clone();
        }
        assert!(began.elapsed() < LIMIT, "no match began");
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(unix)]
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

// ---- running it -----------------------------------------------------------------------------------------------------

/// Where the programs are, built as `cargo run --bin NAME` builds them.
fn programs() -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        // What cargo tells this test about itself would make it build some dependencies anew.
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy();
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| shown.starts_with(prefix)) {
                build.env_remove(&name);
            }
        }
        let built = build
            .args(["build", "--locked", "--package", "starter-bots", "--bins"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        String::from_utf8(built.stdout)
            .unwrap()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| {
                let path = PathBuf::from(message["executable"].as_str()?);
                Some((message["target"]["name"].as_str()?.to_owned(), path))
            })
            .collect()
    })
}

/// A run of `botpit-rps`.
fn bot<const N: usize>(arguments: [&str; N]) -> Command {
    program("botpit-rps", arguments)
}

/// A run of a starter bot, away from this machine's settings.
fn program<const N: usize>(name: &str, arguments: [&str; N]) -> Command {
    let path = programs().get(name).unwrap_or_else(|| panic!("there is no {name}"));
    let mut command = Command::new(path);
    command.args(arguments).current_dir(workdir()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy().to_lowercase();
        if shown.starts_with("botpit_") || shown.ends_with("_proxy") || shown == "rust_log" {
            command.env_remove(name);
        }
    }
    command
}

struct Run {
    ok: bool,
    stdout: String,
    stderr: String,
}

fn ended(output: Output) -> Run {
    Run {
        ok: output.status.success(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs to the end while the server beside it goes on.
async fn wait(mut command: Command) -> Run {
    tokio::task::spawn_blocking(move || ended(command.output().unwrap())).await.unwrap()
}

/// One readable error with its advice, nothing on stdout, and a failure.
fn refused(run: &Run, words: &str) {
    assert!(!run.ok && run.stdout.is_empty(), "{}", run.stdout);
    let lines: Vec<_> = run.stderr.lines().filter(|line| !line.trim_start().starts_with("WARN")).collect();
    let [error, advice] = lines.as_slice() else { panic!("{}", run.stderr) };
    assert!(error.starts_with("error: ") && error.contains(words), "{error}");
    assert!(advice.starts_with("advice: ") && advice.len() > "advice: ".len(), "{advice}");
}

/// A run that is watched. It never outlives its test.
struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, stdout, stderr }
    }

    #[cfg(unix)]
    fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    fn wait(&mut self, limit: Duration) -> std::process::ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < limit, "it has not ended after {limit:?}");
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

// ---- pages ----------------------------------------------------------------------------------------------------------

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A directory without an `.env` file.
fn workdir() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced block between a page's two marks, its own port left out.
fn transcript(page: &str, name: &str) -> String {
    let text = read(page);
    let inside = text
        .split_once(&format!("<!-- output:{name} -->\n"))
        .and_then(|(_, rest)| rest.split_once(&format!("<!-- /output:{name} -->")))
        .unwrap_or_else(|| panic!("{page} has no output of {name}"))
        .0;
    let block = inside.trim().strip_prefix("```text\n").and_then(|rest| rest.strip_suffix("```"));
    without_port(block.unwrap_or_else(|| panic!("{page}: the output stands in a block of text")))
}

/// The port is the system's choice; everything else repeats itself.
fn without_port(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += "127.0.0.1:PORT";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out
}

fn json_lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

mod bare {
    //! A server of the WebSocket protocol and nothing else: one match of rock paper scissors, and the bot wins it.

    use futures_util::{SinkExt, StreamExt};
    use serde_json::{Value, json};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;

    pub(crate) async fn server() -> (String, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/api/v1/ws", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A request that is no upgrade, such as a registration, is dropped here.
                if let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await {
                    play(&mut socket).await;
                }
            }
        });
        (url, task)
    }

    async fn play(socket: &mut WebSocketStream<TcpStream>) {
        // A seed's text and its SHA-256, computed with `printf f9e8d7c6 | sha256sum`.
        let (seed, hash) = ("f9e8d7c6", "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe");
        let mut round = 1;
        let turn = |round: u32| {
            json!({"type": "your_turn", "match_id": "m-1", "round": round, "timeout_ms": 10_000,
                "game_state": {"round": round, "score": [round - 1, 0], "rounds_to_win": 2}})
        };
        while let Some(Ok(frame)) = socket.next().await {
            let Message::Text(text) = frame else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            let answers = match message["type"].as_str().unwrap() {
                "authenticate" => {
                    vec![json!({"type": "authenticated", "agent_id": "a-1", "agent_name": "MyAgent"})]
                }
                "join_queue" => vec![
                    json!({"type": "queue_joined", "game_type": "rps", "position": 1}),
                    json!({"type": "match_found", "match_id": "m-1", "game_type": "rps", "opponent_id": "a-2",
                        "opponent_name": "BetaBot", "wager_lamports": 10_000_000, "server_seed_hash": hash}),
                    json!({"type": "game_start", "match_id": "m-1", "your_side": "a"}),
                    turn(1),
                ],
                "make_move" => {
                    let mine = message["move_data"]["choice"].as_str().unwrap();
                    let theirs = match mine {
                        "rock" => "scissors",
                        "paper" => "rock",
                        _ => "paper",
                    };
                    let result = json!({"type": "round_result", "match_id": "m-1", "round": round,
                        "result": {"round": round, "move_a": mine, "move_b": theirs, "round_winner": "a-1"},
                        "score": [round, 0]});
                    round += 1;
                    let next = match round {
                        2 => turn(2),
                        _ => {
                            json!({"type": "game_over", "match_id": "m-1", "winner": "a-1", "final_score": [2, 0],
                            "server_seed": seed, "payout_lamports": 19_000_000})
                        }
                    };
                    vec![result, next]
                }
                "ping" => vec![json!({"type": "pong"})],
                _ => Vec::new(),
            };
            for answer in answers {
                socket.send(Message::text(answer.to_string())).await.unwrap();
            }
        }
    }
}
