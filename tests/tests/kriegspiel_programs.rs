//! The Kriegspiel starter bots as a stranger runs them: the programs themselves, their output, their exit codes.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "these are tests")]

use family_tests::programs::{Run, only_key, program, root, run, wait, workdir};
use kriegspiel_sdk::Ruleset;
use kriegspiel_sdk::sandbox::Sandbox;
use serde_json::Value;

/// A file of this test's own, which is not there.
fn file(name: &str) -> String {
    let path = workdir().join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path.to_str().unwrap().to_owned()
}

/// The games of a `--json` run, and its summary.
#[track_caller]
fn games(run: &Run) -> (Vec<Value>, Value) {
    let lines = run.json_lines();
    let [games @ .., summary] = lines.as_slice() else { panic!("no line") };
    assert!(games.iter().all(|line| only_key(line) == "game"), "{games:?}");
    assert_eq!(only_key(summary), "summary");
    (games.iter().map(|line| line["game"].clone()).collect(), summary["summary"].clone())
}

// ---- the book ------------------------------------------------------------------------------------------------------

/// The page shows this output between the marks of this name. A line of its own with an ellipsis stands for what is left out.
#[track_caller]
fn is_in_the_book(name: &str, output: &str) {
    let page = std::fs::read_to_string(root().join("docs/src/kriegspiel/first-bot.md")).unwrap();
    let (start, end) =
        (format!("<!-- output:{name} -->\n```text\n"), format!("```\n<!-- /output:{name} -->"));
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page has no output of {name}"));
    let shown = without_port(rest.split_once(&end).unwrap().0);
    let output = without_port(output);
    let (mut parts, mut left) = (shown.split(" …\n").peekable(), output.as_str());
    let first = parts.next().unwrap();
    left = left.strip_prefix(first).unwrap_or_else(|| panic!("{name} begins otherwise:\n{output}"));
    while let Some(part) = parts.next() {
        let at = if parts.peek().is_none() {
            left.ends_with(part).then(|| left.len() - part.len())
        } else {
            left.find(part)
        };
        let at = at.unwrap_or_else(|| panic!("{name} does not print this any more:\n{part}\nbut:\n{output}"));
        left = left.get(at + part.len()..).unwrap();
    }
    assert!(left.is_empty(), "{name} also prints:\n{left}");
}

/// The port is the system's choice; everything else repeats itself.
fn without_port(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out += "127.0.0.1:PORT";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    out
}

// ---- the players ----------------------------------------------------------------------------------------------------

#[test]
fn a_whole_game_is_played_and_told_with_its_boards() {
    let told = run("kriegspiel-random", ["--seed", "7"]).succeeded().stdout;
    for words in [
        "A Kriegspiel of your own runs on http://127.0.0.1:",
        "starter_random has registered there and got its token.",
        " waits in the lobby (berkeley_any)",
        "   1. white  ",
        "   1. black  ",
        "Any?: ",
        "Illegal move",
        "Capture done at ",
        "White's board           Black's board           the whole board",
        "    a b c d e f g h         a b c d e f g h         a b c d e f g h",
        " against housebot_",
        "1 game: ",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(told.contains('♔') && told.contains('♚') && !told.contains("ksbot_"), "{told}");
    is_in_the_book("kriegspiel-random", &told);
}

#[test]
fn one_game_in_each_ruleset_and_the_summary_last() {
    let played = run("kriegspiel-random", ["--games", "7", "--ruleset", "all", "--seed", "7", "--json"]);
    let (games, summary) = games(&played.succeeded());
    let rulesets: Vec<_> = games.iter().map(|game| game["ruleset"].as_str().unwrap()).collect();
    assert_eq!(rulesets, Ruleset::ALL.iter().map(Ruleset::as_str).collect::<Vec<_>>());
    for game in &games {
        let mut keys: Vec<_> = game.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["color", "id", "plies", "reason", "result", "ruleset"]);
        assert!(["win", "loss", "draw"].contains(&game["result"].as_str().unwrap()), "{game}");
        assert!(game["plies"].as_u64().unwrap() >= 4, "{game}");
    }
    assert_eq!(
        (&summary["games"], &summary["unfinished"], &summary["fallbacks"]),
        (&7.into(), &0.into(), &0.into())
    );
}

#[test]
fn a_seed_repeats_the_game() {
    let game = || {
        games(&run("kriegspiel-random-any", ["--seed", "9", "--ruleset", "crazykrieg", "--json"]).succeeded())
    };
    assert_eq!(game(), game());
}

#[test]
fn the_heuristic_bot_plays_a_game() {
    let played = run("kriegspiel-heuristics", ["--seed", "7", "--boards", "3", "--json"]).succeeded();
    let (games, summary) = games(&played);
    assert_eq!((games.len(), &summary["games"], &summary["fallbacks"]), (1, &1.into(), &0.into()));
}

#[test]
fn what_cannot_be_played_is_refused() {
    let wrong = run("kriegspiel-random", ["--ruleset", "chess"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("berkeley_any, cincinnati"), "{}", wrong.stderr);
    run("kriegspiel-random", ["--url", "https://kriegspiel.example"]).refused(1, "needs --live");
    run("kriegspiel-random", ["--live"]).refused(1, "KRIEGSPIEL_BOT_TOKEN");
    run("kriegspiel-register", ["--url", "https://kriegspiel.example"]).refused(1, "needs --live");
}

/// A server of another process, which this test is to the bot: a bot without a token gets one there.
#[tokio::test]
async fn another_server_on_this_machine_is_played_on() {
    let sandbox = Sandbox::builder().seed(5).speed(50.0).start().await.unwrap();
    let mut bot = program("kriegspiel-random", ["--url", sandbox.url().as_str(), "--json", "--seed", "5"]);
    // A game takes the bot's own time here: it is asked to stop as soon as one is under way.
    let mut child =
        bot.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let began = || sandbox.games().iter().any(|game| game.moves().count() > 4 && game.color_of_starter());
    tokio::time::timeout(std::time::Duration::from_secs(30), async {
        while !began() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    sandbox.shutdown().await;
}

/// Whether a starter bot plays in a game.
trait OfStarter {
    fn color_of_starter(&self) -> bool;
}

impl OfStarter for kriegspiel_sdk::sandbox::SandboxGame {
    fn color_of_starter(&self) -> bool {
        let players = [&self.white, &self.black].into_iter().flatten();
        players.into_iter().any(|player| player.username.starts_with("starter_random_"))
    }
}

// ---- registering ----------------------------------------------------------------------------------------------------

#[test]
fn a_bot_is_registered_unlisted_and_its_token_shown_once() {
    let told = run::<&str>("kriegspiel-register", []).succeeded().stdout;
    for words in [
        "my_bot is registered (unlisted; --listed lets humans pick it).",
        "plays  berkeley_any",
        "token  ksbot_",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let listed =
        run("kriegspiel-register", ["--listed", "--ruleset", "all", "--name", "Other_Bot", "--json"]);
    let summary = listed.succeeded().json_lines()[0]["summary"].clone();
    assert_eq!((&summary["username"], &summary["listed"]), (&"other_bot".into(), &true.into()));
    assert_eq!(summary["rulesets"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn the_token_goes_into_a_file_of_its_owner_s_alone_and_a_taken_name_is_explained() {
    let sandbox = Sandbox::builder().seed(5).start().await.unwrap();
    let url = sandbox.url().to_string();
    let path = file("state.json");
    let register = ["--url", &url, "--name", "keeper", "--save", &path];
    let told = wait(program("kriegspiel-register", register)).await.succeeded().stdout;
    assert!(told.contains(&path) && !told.contains("ksbot_"), "{told}");
    let state: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(state["token"].as_str().unwrap().starts_with("ksbot_"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A token that is kept is never lost to another.
    wait(program("kriegspiel-register", register)).await.refused(1, "holds the token of another bot");
    let again = wait(program("kriegspiel-register", ["--url", &url, "--name", "Keeper"])).await;
    again.refused(1, "registering again gives no new token");
    std::fs::remove_file(path).unwrap();
    sandbox.shutdown().await;
}

#[test]
fn registering_for_real_needs_an_address_and_a_file() {
    let run = run("kriegspiel-register", ["--live"]);
    assert!(run.code == 2 && run.stderr.contains("--save"), "{}", run.stderr);
    let path = file("never.json");
    family_tests::programs::run("kriegspiel-register", ["--live", "--save", &path])
        .refused(1, "contact address");
    assert!(!std::path::Path::new(&path).exists());
}

// ---- the arena ------------------------------------------------------------------------------------------------------

#[test]
fn the_arena_says_who_is_stronger_and_how_sure_that_is() {
    let arguments = ["--games", "6", "--boards", "3", "--plies", "200", "--seed", "7", "heuristic", "random"];
    let told = run("kriegspiel-arena", arguments).succeeded().stdout;
    is_in_the_book("kriegspiel-arena", &told);
    for words in
        ["berkeley_any: 6 games a pair (seed 7)", "Elo against the others (95 %)", "heuristic", "random"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn the_arena_s_json_adds_up_and_a_seed_repeats_it() {
    let arguments = [
        "--games",
        "4",
        "--plies",
        "60",
        "--seed",
        "7",
        "--ruleset",
        "all",
        "random",
        "random-any",
        "random",
        "--json",
    ];
    let arena = || games(&run("kriegspiel-arena", arguments).succeeded());
    let (games, summary) = arena();
    assert_eq!((games.clone(), summary.clone()), arena());
    assert_eq!((games.len(), &summary["games"]), (12, &12.into()));
    for player in summary["players"].as_array().unwrap() {
        let count = |name: &str| player[name].as_u64().unwrap();
        assert_eq!(count("won") + count("drawn") + count("lost"), 8, "{player}");
    }
    let points: f64 =
        summary["players"].as_array().unwrap().iter().map(|player| player["points"].as_f64().unwrap()).sum();
    assert!((points - 12.0).abs() < 1e-9, "{summary}");
}

#[test]
fn what_the_arena_does_not_know_is_told_with_what_it_knows() {
    run("kriegspiel-arena", ["random", "magic"]).refused(1, "random, random-any and heuristic");
    run("kriegspiel-arena", ["random"]).refused(1, "two strategies or more");
}
