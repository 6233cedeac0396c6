//! The BotRoulette starter bots as a person runs them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

use std::io::Write;
use std::process::Stdio;

use botroulette_sdk::sandbox::Sandbox;
use family_tests::programs::{Run, only_key, program, run, workdir};

#[test]
fn the_tunnel_forwards_what_house_bots_say_and_sums_up() {
    let lines =
        run("botroulette-tunnel", ["--json", "--seed", "7", "--messages", "4"]).succeeded().json_lines();
    let (summary, turns) = lines.split_last().unwrap();
    assert_eq!(turns.len(), 4);
    for turn in turns {
        assert_eq!(only_key(turn), "turn");
        let turn = &turn["turn"];
        let message = turn["message"].as_str().unwrap();
        assert_eq!((turn["direction"].as_str(), turn["status"].as_u64()), (Some("in"), Some(200)));
        assert_eq!(turn["reply"], format!("You said: {message}"));
        assert!(turn["session"].is_string());
    }
    assert_eq!(summary["summary"], serde_json::json!({"answered": 4, "errors": 0}));
}

#[test]
fn the_tunnel_tells_of_a_server_that_is_not_there_and_goes_on() {
    // Nobody listens on port 1 of this machine.
    let run = run("botroulette-tunnel", ["--json", "--to", "127.0.0.1:1", "--messages", "2"]).succeeded();
    let lines = run.json_lines();
    assert_eq!(lines.last().unwrap()["summary"], serde_json::json!({"answered": 0, "errors": 2}));
    assert!(run.stderr.contains("127.0.0.1:1") && run.stderr.contains("local_unreachable"), "{}", run.stderr);
}

#[test]
fn the_tunnel_goes_to_another_machine_only_when_told_so() {
    run("botroulette-tunnel", ["--url", "https://api.example.org"]).refused(1, "--live");
    run("botroulette-tunnel", ["--to", "10.0.0.1:8900"]).refused(1, "another machine");
    run("botroulette-tunnel", ["--live"]).refused(1, "BOTROULETTE_API_KEY");
}

/// What a program says until a line holds these words.
#[cfg(unix)]
fn until(says: &mut impl Iterator<Item = std::io::Result<String>>, words: &str) {
    assert!(says.any(|line| line.unwrap().contains(words)), "it never said {words}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_finishes_what_is_said_and_sums_up() {
    for (name, arguments, begun, finishing, last) in [
        (
            "botroulette-tunnel",
            ["--messages", "100000"],
            "they:",
            "Finishing what is being answered and taking nothing new",
            " requests forwarded, ",
        ),
        (
            "botroulette-talk",
            ["--turns", "100000"],
            "they:",
            "Finishing what is being said and taking nothing new",
            " asked, ",
        ),
        (
            "botroulette-persona",
            ["--messages", "100000"],
            "they:",
            "Finishing what is being said and taking nothing new",
            " asked, ",
        ),
    ] {
        let mut child =
            program(name, arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut says = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        until(&mut says, begun);
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        until(&mut says, finishing);
        until(&mut says, last);
        assert!(says.next().is_none(), "the summary is the last line of {name}");
        assert!(child.wait().unwrap().success(), "{name}");
    }
}

// ---- the persona ----------------------------------------------------------------------------------------------------

#[test]
fn the_persona_answers_house_bots_and_talks_with_one_it_meets() {
    let lines =
        run("botroulette-persona", ["--json", "--seed", "7", "--messages", "5"]).succeeded().json_lines();
    let (summary, turns) = lines.split_last().unwrap();
    let of = |direction: &str| {
        let turns = turns.iter().map(|line| {
            assert_eq!(only_key(line), "turn");
            &line["turn"]
        });
        turns.filter(|turn| turn["direction"] == direction).collect::<Vec<_>>()
    };
    let (incoming, outgoing) = (of("in"), of("out"));
    assert_eq!(incoming.len() + outgoing.len(), turns.len());
    assert!(incoming.len() >= 5 && outgoing.len() == 3, "{} and {}", incoming.len(), outgoing.len());
    for turn in &incoming {
        let peer = turn["peer"].as_str().unwrap();
        assert!(["rosie", "professor", "webster", "goliath", "mallory"].contains(&peer), "{peer}");
    }
    for turn in turns {
        let turn = turn["turn"].as_object().unwrap();
        let mut fields: Vec<_> = turn.keys().collect();
        fields.sort_unstable();
        assert_eq!(fields, ["direction", "message", "peer", "reply", "session"]);
        for (field, value) in turn {
            assert!(!value.as_str().unwrap().is_empty(), "{field}");
        }
        assert!(turn["message"].as_str().unwrap().chars().count() <= 1_000);
    }
    // One conversation of three turns, with one bot that roulette gave.
    for field in ["peer", "session"] {
        assert!(outgoing.iter().all(|turn| turn[field] == outgoing[0][field]), "{field}");
    }
    let told = serde_json::json!({"answered": incoming.len(), "asked": 3, "errors": 0});
    assert_eq!(summary["summary"], told);
}

#[test]
fn the_persona_prints_both_sides_and_no_key() {
    let run = run("botroulette-persona", ["--messages", "2", "-vv"]).succeeded();
    for words in [
        "Zeph is online",
        " calls (",
        "  they:  ",
        "  I:     ",
        "I call ",
        " messages answered, 3 asked, 0 errors",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    let holds_key = |text: &str| {
        text.split("kp_live_").skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()))
    };
    assert!(!holds_key(&run.stdout) && !holds_key(&run.stderr), "{}", run.stderr);
}

// ---- talking --------------------------------------------------------------------------------------------------------

#[test]
fn talk_keeps_one_session_and_says_what_it_is_told_to() {
    let options = ["--json", "--seed", "7", "--turns", "2", "--say", "Do you know a song?"];
    let lines = run("botroulette-talk", options).succeeded().json_lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["turn"]["message"], "Do you know a song?");
    assert_eq!(lines[0]["turn"]["session"], lines[1]["turn"]["session"]);
    assert_eq!(lines[2]["summary"], serde_json::json!({"answered": 0, "asked": 2, "errors": 0}));
}

#[test]
fn talk_searches_and_passes_by_whoever_is_not_there() {
    let found = run("botroulette-talk", ["--json", "--search", "gardens", "--turns", "1"]).succeeded();
    assert_eq!(found.json_lines()[0]["turn"]["peer"], "rosie");
    // The one who tells ghost stories is offline, and nobody else tells any.
    run("botroulette-talk", ["--search", "ghost"]).told_and_failed("offline");
    run("botroulette-talk", ["--search", "zeppelins"]).told_and_failed("nobody was found");
}

#[test]
fn the_self_test_passes_for_a_bot_that_is_there_and_shows_where_another_is_not() {
    let lines = run("botroulette-talk", ["--json", "--self-test"]).succeeded().json_lines();
    let (summary, checks) = lines.split_last().unwrap();
    let names: Vec<_> = checks.iter().map(|line| line["check"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["health", "local", "tunnel", "proxy"]);
    assert!(checks.iter().all(|line| line["check"]["ok"] == true));
    assert_eq!(summary["summary"], serde_json::json!({"passed": 4, "failed": 0, "left_out": 0}));

    // Nobody listens on port 1 of this machine.
    let broken = run("botroulette-talk", ["--json", "--self-test", "--local", "127.0.0.1:1"]);
    assert_eq!(broken.code, 1);
    let lines = broken.json_lines();
    assert_eq!(
        lines.last().unwrap()["summary"],
        serde_json::json!({"passed": 0, "failed": 4, "left_out": 0})
    );
}

#[test]
fn nobody_goes_live_by_accident() {
    for bot in ["botroulette-persona", "botroulette-talk"] {
        run(bot, ["--live"]).refused(1, "BOTROULETTE_API_KEY");
        run(bot, ["--url", "https://api.example.org"]).refused(1, "--live");
    }
    run("botroulette-register", ["--url", "https://api.example.org"]).refused(1, "--live");
}

/// A server of another process, which this test is to the bot: a bot without a key gets one there.
#[tokio::test]
async fn another_server_on_this_machine_gives_a_key() {
    let sandbox = Sandbox::builder().seed(5).start().await.unwrap();
    let url = sandbox.url().to_string();
    let talk = move || run("botroulette-talk", ["--url", &url, "--turns", "1", "--json"]).succeeded();
    let told = tokio::task::spawn_blocking(talk).await.unwrap();
    assert_eq!(told.json_lines().last().unwrap()["summary"]["asked"], 1);
    let registered = sandbox.bots().into_iter().find(|bot| bot.service_code.starts_with("zeph"));
    assert!(registered.is_some() && !told.stdout.contains("kp_live_"), "{:?}", sandbox.bots());
    sandbox.shutdown().await;
}

// ---- registering ----------------------------------------------------------------------------------------------------

/// Registers with these answers on stdin.
fn answered(arguments: &[&str], answers: &str) -> Run {
    let mut command = program("botroulette-register", arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    Run::ended(child.wait_with_output().unwrap())
}

#[test]
fn register_asks_again_until_an_answer_keeps_the_rules() {
    let answers = "my bot\nNova\nshort\nTells riddles to whoever likes them\nAstrology\nEducation\nnobody\n\
                   nova@botmakers.net\n\nMars\nEurope, Asia\n\nNova\n";
    let run = answered(&["--json"], answers).succeeded();
    for words in ["Categories: ", "Regions: ", "a blank", "10 to 300", "Astrology", "`@`", "Mars"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let summary = &run.json_lines()[0]["summary"];
    assert_eq!((&summary["name"], &summary["service_code"]), (&"Nova".into(), &"nova".into()));
    let key = summary["api_key"].as_str().unwrap();
    assert!(key.starts_with("kp_live_") && !run.stderr.contains(key));
}

#[test]
fn register_asks_once_more_because_a_name_is_for_ever() {
    let answers = "Nova\n\n\n\n\n\n\nnova\n";
    let run = answered(&[], answers);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("was not repeated; nothing was registered"), "{}", run.stderr);
    assert!(!run.stdout.contains("kp_live_"));
}

#[test]
fn register_warns_of_what_will_be_regretted() {
    let run = run("botroulette-register", ["--name", "TestBot", "--yes"]).succeeded();
    assert!(run.stdout.contains("Mind: ") && run.stdout.contains("forgettable"), "{}", run.stdout);
}

#[test]
fn register_keeps_the_key_for_its_owner_alone_and_overwrites_nothing() {
    let path = workdir().join(format!("register-{}.env", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let save = path.to_str().unwrap();
    let done = run("botroulette-register", ["--name", "Nova", "--yes", "--save", save, "--json"]).succeeded();
    let summary = &done.json_lines()[0]["summary"];
    assert_eq!((summary["saved"].as_str(), summary.get("api_key")), (Some(save), None));
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept.starts_with("BOTROULETTE_API_KEY=kp_live_") && kept.contains("\nBOTROULETTE_URL=http://127")
    );
    assert!(!done.stdout.contains("kp_live_") && !done.stderr.contains("kp_live_"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = run("botroulette-register", ["--name", "Nova", "--yes", "--save", save]);
    assert!(again.code == 1 && again.stderr.contains(save), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn register_refuses_an_option_that_breaks_a_rule() {
    let long = "n".repeat(26);
    for (option, value, words) in [
        ("--name", long.as_str(), "at most 25"),
        ("--name", "my_bot", "underscore"),
        ("--category", "Astrology", "Utilities"),
    ] {
        run("botroulette-register", [option, value, "--yes"]).told_and_failed(words);
    }
}

/// A run that told something first, and then failed.
trait ToldAndFailed {
    fn told_and_failed(&self, words: &str);
}

impl ToldAndFailed for Run {
    #[track_caller]
    fn told_and_failed(&self, words: &str) {
        let error = self.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(self.code == 1 && error.contains(words), "{}", self.stderr);
    }
}
