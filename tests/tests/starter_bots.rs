//! The starter bots as a stranger runs them: the program itself, its output, its exit code.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::borrow::BorrowMut;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use botpit_sdk::sandbox::Sandbox;
use family_tests::programs::{Run, only_key, program, root, run, wait, workdir};
use serde_json::Value;

/// No run takes longer than this; most take a second or two.
const LIMIT: Duration = Duration::from_secs(30);
/// How often something that happens in another process is looked at.
const LOOK: Duration = Duration::from_millis(10);

// ---- results --------------------------------------------------------------------------------------------------------

#[test]
fn the_transcripts_of_the_readme_and_the_book_are_what_it_prints() {
    let run = ended(bot(["--seed", "7"])).succeeded();
    let printed = without_port(&run.stdout);
    for page in ["README.md", "docs/src/botpit/first-bot.md"] {
        assert_eq!(transcript(page, "botpit-rps"), printed, "{page}");
    }
}

#[test]
fn json_is_one_object_a_line_and_the_last_is_the_summary() {
    let run = ended(bot(["--json", "--seed", "7"])).succeeded();
    matches_and_summary(&run, &["rps"], 3);
    // What a person wants to know goes elsewhere.
    assert!(run.stderr.contains("A BOTPIT of your own runs on"), "{}", run.stderr);
}

/// So many matches of each game, a line each, all fair; then the summary, which they add up to.
fn matches_and_summary(run: &Run, games: &[&str], each: usize) {
    let lines = run.json_lines();
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
        let run = ended(program(name, ["--json", "--seed", "7", "--matches", "1"]));
        assert!(run.is_ok(), "{name}: {}", run.stderr);
        matches_and_summary(&run, &[game], 1);
        let run = ended(program(name, ["--seed", "7", "--matches", "1"]));
        assert!(run.is_ok() && run.stdout.contains("fair: seed matches commitment"), "{}", run.stdout);
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
    let run = ended(program("botpit-arena", arena)).succeeded();
    matches_and_summary(&run, &GAMES, 1);
}

#[test]
fn the_arena_prints_a_table() {
    for game in ["mines", "hi_lo"] {
        let arena = ["--game", game, "--matches", "2", "--seed", "7"];
        let run = ended(program("botpit-arena", arena)).succeeded();
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
    refused_by_clap(&run("botpit-arena", ["--game", "chess"]), "high_card_duel");
}

/// The options' own refusal, which names what is possible.
fn refused_by_clap(run: &Run, words: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains(words), "{}", run.stderr);
}

#[test]
fn a_loss_limit_ends_it_in_good_order() {
    // The first match that is lost without one that was won before is the last.
    let arguments = ["--json", "--seed", "7", "--matches", "60", "--loss-limit", "0.01 SOL"];
    let run = ended(program("botpit-arena", ["--game", "dice_duel"]).args(arguments)).succeeded();
    let lines = run.json_lines();
    let summary = &lines.last().unwrap()["summary"];
    assert!(summary["matches"].as_u64().unwrap() < 60, "{summary}");
    assert!(summary["profit_lamports"].as_i64().unwrap() >= -10_000_000, "{summary}");
    assert!(run.stderr.contains("0.01 SOL may be lost at most"), "{}", run.stderr);
}

#[test]
fn logs_go_to_stderr_and_hold_no_key() {
    let run = ended(bot(["--json", "--matches", "1", "-vv"]).env("RUST_LOG", "trace")).succeeded();
    assert_eq!(run.json_lines().len(), 2);
    assert!(run.stderr.contains("TRACE"), "there is a log");
    assert!(!run.stderr.contains("bp_live_"), "{}", run.stderr);
}

#[test]
fn it_stops_after_as_many_matches_as_it_was_told() {
    let run = ended(bot(["--matches", "1"])).succeeded();
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

/// The commands of the book, a chapter's in their order: one may need what another has written. Those of `--live` are not run.
#[test]
fn the_commands_of_the_book_run() {
    let chapters = ["games", "fairness", "recording", "lab", "beyond-the-queue"];
    let mut run = 0;
    for chapter in chapters {
        let directory = workdir().join(format!("book-{chapter}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let page = read(&format!("docs/src/botpit/{chapter}.md"));
        let shell = page.split("```sh\n").skip(1).flat_map(|rest| rest.split("```").next().unwrap().lines());
        for line in shell {
            let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
            let at = words.iter().position(|word| *word == "--bin").unwrap_or_else(|| panic!("{line}"));
            let arguments = words.iter().skip(at + 2).skip_while(|word| **word == "--").copied();
            if words.contains(&"--live") {
                continue;
            }
            // As many matches as show that it runs: these programs are not built for speed.
            let arguments =
                arguments.map(|word| if word.len() > 4 && is_number(word) { "500" } else { word });
            ended(program(words[at + 1], arguments).current_dir(&directory)).succeeded();
            run += 1;
        }
        std::fs::remove_dir_all(directory).unwrap();
    }
    assert!(run >= 15, "{run} commands");
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

// ---- other servers --------------------------------------------------------------------------------------------------

#[tokio::test]
async fn it_plays_in_a_sandbox_of_another_process() {
    let sandbox = Sandbox::builder().seed(3).start().await.unwrap();
    let url = sandbox.ws_url().to_string();

    let key = sandbox.register("KeyFromTheEnvironment").unwrap();
    let mut command = bot(["--json", "--matches", "1", "--url", &url]);
    command.env("BOTPIT_API_KEY", key.expose());
    let run = wait(command).await.succeeded();
    assert_eq!(run.json_lines().last().unwrap()["summary"]["fair"], 1);
    assert!(sandbox.matches()[0].side_of("KeyFromTheEnvironment").is_some());

    // Without a key it registers, as the platform wants it.
    let run = wait(bot(["--json", "--matches", "1", "--url", &url])).await.succeeded();
    assert_eq!(run.json_lines().last().unwrap()["summary"]["matches"], 1);
    assert!(sandbox.matches()[1].side_of("MyAgent").is_some());
    sandbox.shutdown().await;
}

#[tokio::test]
async fn it_plays_on_a_server_of_the_protocol_alone() {
    let (url, server) = bare::server(Some(bare::SEED)).await;
    let run = wait(bot(["--json", "--matches", "1", "--url", &url])).await.succeeded();
    let lines = run.json_lines();
    assert_eq!(lines[0]["match"]["opponent"], "BetaBot");
    assert_eq!(lines[0]["match"]["payout_lamports"], 19_000_000);
    assert_eq!((&lines[0]["match"]["won"], &lines[0]["match"]["fair"]), (&true.into(), &true.into()));
    server.abort();
}

#[tokio::test]
async fn fair_is_false_only_after_a_violation_and_null_where_it_cannot_be_said() {
    for (seed, fair, verdict) in
        [(Some("another seed"), Value::Bool(false), "violated"), (None, Value::Null, "consistent")]
    {
        let (url, server) = bare::server(seed).await;
        let run = wait(bot(["--json", "--matches", "1", "--url", &url])).await.succeeded();
        let lines = run.json_lines();
        assert_eq!((&lines[0]["match"]["fair"], &lines[0]["match"]["verdict"]), (&fair, &verdict.into()));
        assert_eq!(lines[1]["summary"][verdict], 1);
        assert_eq!(lines[1]["summary"]["fair"], 0);
        server.abort();
    }
}

/// The second time the bot wants to play, another session takes over.
#[tokio::test]
async fn what_was_played_before_a_failure_is_told() {
    for name in ["botpit-rps", "botpit-arena"] {
        let (url, server) = bare::server(Some(bare::SEED)).await;
        let mut command = program(name, ["--json", "--matches", "2", "--url", &url]);
        if name == "botpit-arena" {
            command.args(["--game", "rps"]);
        }
        let run = wait(command).await;
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(
            run.stderr.contains("[session_replaced]") && run.stderr.contains("advice: "),
            "{}",
            run.stderr
        );
        let lines = run.json_lines();
        assert_eq!((only_key(&lines[0]), only_key(&lines[1])), ("match", "summary"));
        assert_eq!((&lines[1]["summary"]["matches"], &lines[1]["summary"]["won"]), (&1.into(), &1.into()));
        server.abort();
    }
}

#[tokio::test]
async fn live_says_what_may_be_lost_before_it_plays() {
    let (url, server) = bare::server(Some(bare::SEED)).await;
    for (wager, matches, at_most) in [("0.01 SOL", "1", "0.01 SOL"), ("0.02 SOL", "100", "0.2 SOL")] {
        let mut command = bot(["--live", "--url", &url, "--wager", wager, "--matches", matches]);
        let run = wait({
            command.env("BOTPIT_API_KEY", "bp_live_test");
            command
        })
        .await;
        let (before, _) = run.stdout.split_once("\nMatch ").unwrap();
        assert!(before.starts_with("Playing on ws://127.0.0.1:"), "{before}");
        assert!(before.contains(&format!(": {at_most} may be lost at most.")), "{before}");
    }
    server.abort();
}

// ---- refusals -------------------------------------------------------------------------------------------------------

#[test]
fn another_machine_needs_live() {
    for key in [None, Some("bp_live_test")] {
        let mut command = bot(["--url", "wss://api.example.org/api/v1/ws"]);
        command.envs(key.map(|key| ("BOTPIT_API_KEY", key)));
        let run = ended(command);
        run.refused(1, "needs --live");
        assert!(run.stderr.contains("advice: add --live"), "{}", run.stderr);
    }
}

#[test]
fn live_names_what_is_missing() {
    ended(bot(["--live", "--host", "production"])).refused(1, "BOTPIT_API_KEY");
    let run = ended(bot(["--live"]).env("BOTPIT_API_KEY", "bp_live_test"));
    run.refused(1, "BOTPIT_WS_URL nor BOTPIT_URL");
    // Given by the file beside the bot: the next thing that is missing is named.
    let beside = workdir().join("with-env-file");
    std::fs::create_dir_all(&beside).unwrap();
    std::fs::write(beside.join(".env"), "BOTPIT_API_KEY=bp_live_test\n").unwrap();
    ended(bot(["--live"]).current_dir(&beside)).refused(1, "BOTPIT_WS_URL nor BOTPIT_URL");
}

#[test]
fn a_key_that_is_refused_ends_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start().await.unwrap();
        let mut command = bot(["--url", sandbox.ws_url().as_str()]);
        command.env("BOTPIT_API_KEY", "bp_live_of_nobody");
        let run = wait(command).await;
        run.refused(1, "[auth_rejected]");
        assert!(!run.stderr.contains("bp_live_of_nobody"), "{}", run.stderr);
        sandbox.shutdown().await;
    });
}

#[test]
fn a_number_without_a_unit_is_no_wager() {
    for (wager, words) in [("0.01", "unit"), ("0.0001 SOL", "0.001 SOL")] {
        let run = ended(bot(["--wager", wager]));
        assert!(!run.is_ok() && run.stderr.contains(words), "{}", run.stderr);
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

/// A run of `botpit-rps`.
fn bot<const N: usize>(arguments: [&str; N]) -> Command {
    program("botpit-rps", arguments)
}

/// Runs it to its end.
fn ended(mut command: impl BorrowMut<Command>) -> Run {
    Run::ended(command.borrow_mut().output().unwrap())
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

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

mod bare {
    //! A server of the WebSocket protocol and nothing else: one match of rock paper scissors, and the bot wins it. Then
    //! another session takes over.

    use futures_util::{SinkExt, StreamExt};
    use serde_json::{Value, json};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;

    pub(crate) const SEED: &str = "f9e8d7c6";
    /// The SHA-256 of its text, computed with `printf f9e8d7c6 | sha256sum`.
    const HASH: &str = "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe";

    /// It reveals this seed in the end, or none.
    pub(crate) async fn server(seed: Option<&'static str>) -> (String, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/api/v1/ws", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A request that is no upgrade, such as a registration, is dropped here.
                if let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await {
                    play(&mut socket, seed).await;
                }
            }
        });
        (url, task)
    }

    async fn play(socket: &mut WebSocketStream<TcpStream>, seed: Option<&str>) {
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
                "join_queue" if round > 1 => vec![json!({"type": "session_replaced"})],
                "join_queue" => vec![
                    json!({"type": "queue_joined", "game_type": "rps", "position": 1}),
                    json!({"type": "match_found", "match_id": "m-1", "game_type": "rps", "opponent_id": "a-2",
                        "opponent_name": "BetaBot", "wager_lamports": 10_000_000, "server_seed_hash": HASH}),
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
