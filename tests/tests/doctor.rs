//! The `doctor` command: what it says of bots that are well, and of everything that is not.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod served;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use family_tests::programs::{Run, program, run, workdir};
use serde_json::Value;
use served::Served;

/// A platform, and the variable with its key.
const PLATFORMS: [(&str, &str); 4] = [
    ("botpit", "BOTPIT_API_KEY"),
    ("botornot", "BOTORNOT_API_KEY"),
    ("botroulette", "BOTROULETTE_API_KEY"),
    ("kriegspiel", "KRIEGSPIEL_BOT_TOKEN"),
];

/// What a healthy report looks at, platform by platform.
const LOOKS: [(&str, &[&str]); 4] = [
    ("botpit", &["sdk", "key", "host", "tls", "clock", "accepted", "limits", "account", "bankroll"]),
    ("botornot", &["sdk", "key", "host", "tls", "clock", "accepted", "limits", "account"]),
    ("botroulette", &["sdk", "key", "host", "tls", "clock", "accepted", "limits", "tunnel", "online"]),
    (
        "kriegspiel",
        &["sdk", "key", "host", "tls", "clock", "accepted", "limits", "listed", "rulesets", "games"],
    ),
];

/// The looks of a platform up to the clock: what needs no key.
const KEYLESS: [&str; 4] = ["ok sdk", "ok host", "ok tls", "ok clock"];

fn at(served: &Served, platform: &str) -> Command {
    program("doctor", ["--json", platform, "--url", served.text(platform, "rest")])
}

/// `level name` of every check, and the checks; the summary must be their sum.
#[track_caller]
fn checks(run: &Run) -> (Vec<String>, Vec<Value>) {
    let lines = run.json_lines();
    let (summary, checks) = lines.split_last().unwrap();
    let checks: Vec<Value> = checks.iter().map(|line| line["check"].clone()).collect();
    let shown =
        |check: &Value| format!("{} {}", check["level"].as_str().unwrap(), check["name"].as_str().unwrap());
    let count = |level: &str| checks.iter().filter(|check| check["level"] == level).count();
    assert_eq!(
        summary["summary"],
        serde_json::json!({"ok": count("ok"), "warn": count("warn"), "fail": count("fail")})
    );
    assert_eq!(run.code, i32::from(count("fail") > 0), "{}", run.stdout);
    for check in &checks {
        let advice = check["advice"].as_str().unwrap_or_default();
        assert_eq!(advice.is_empty(), check["level"] == "ok", "{check}");
        assert!(!advice.contains('\n') && !check["message"].as_str().unwrap().is_empty(), "{check}");
    }
    (checks.iter().map(shown).collect(), checks)
}

#[track_caller]
fn message<'a>(checks: &'a [Value], name: &str) -> &'a str {
    let check =
        checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {checks:?}"));
    check["message"].as_str().unwrap()
}

fn ok(looks: &[&str]) -> Vec<String> {
    looks.iter().map(|name| format!("ok {name}")).collect()
}

// ---- well -----------------------------------------------------------------------------------------------------------

#[test]
fn without_options_it_shows_a_healthy_report() {
    let report = run("doctor", ["--json"]).succeeded();
    let (shown, checks) = checks(&report);
    assert_eq!(shown, LOOKS.iter().flat_map(|(_, looks)| ok(looks)).collect::<Vec<_>>());
    let platforms: Vec<_> = checks.iter().map(|check| check["platform"].as_str().unwrap()).collect();
    let expected = LOOKS.iter().flat_map(|(platform, looks)| vec![*platform; looks.len()]);
    assert_eq!(platforms, expected.collect::<Vec<_>>());

    let prose = run("doctor", ["kriegspiel"]).succeeded().stdout;
    let lines: Vec<_> = prose.lines().collect();
    assert!(lines[0].starts_with("ok    kriegspiel   sdk       kriegspiel-sdk "), "{prose}");
    assert_eq!(lines[lines.len() - 2..], ["", "10 ok, 0 warn, 0 fail"]);
}

#[test]
fn the_lines_in_the_book_are_what_it_prints() {
    let book = std::fs::read_to_string(family_tests::programs::root().join("docs/src/doctor.md")).unwrap();
    let told = book.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let prose = run("doctor", ["botpit"]).succeeded().stdout;
    let blurred = |text: &str| {
        let lines = text.lines().take(6).map(|line| match line.split_once("http://") {
            Some((before, _)) => before.to_owned(),
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(blurred(told), blurred(&prose));
}

#[test]
fn a_good_key_is_accepted_and_nothing_is_played() {
    let served = Served::anywhere(&["all", "--seed", "7"]);
    for ((platform, variable), (_, looks)) in PLATFORMS.into_iter().zip(LOOKS) {
        let mut command = at(&served, platform);
        command.env(variable, served.key(platform, 0));
        let report = Run::ended(command.output().unwrap());
        let (shown, checks) = checks(&report);
        let expected: Vec<String> = ok(looks)
            .into_iter()
            .map(|look| if look == "ok online" { "warn online".to_owned() } else { look })
            .collect();
        assert_eq!(shown, expected, "{platform}");
        assert_eq!(message(&checks, "key"), format!("{variable} of the environment, well-formed"));
        assert!(message(&checks, "clock").contains("within seconds"));
        // Neither on stdout nor in the log.
        assert!(
            !report.stdout.contains(served.key(platform, 0))
                && !report.stderr.contains(served.key(platform, 0))
        );
    }
    // Only reads: no message but the greeting, no request but GETs.
    let told = served.ask("status", "GET", "/status.json", &[], "").json();
    for platform in told["platforms"].as_array().unwrap() {
        assert_eq!(
            platform["progress"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["agents"].to_string().contains("agent"))
                .count(),
            0
        );
        for one in platform["recent"].as_array().unwrap() {
            let (kind, head) = (one["kind"].as_str().unwrap(), one["head"].as_str().unwrap());
            if one["from"] == "client" {
                let only_reads = match kind {
                    "request" => head.starts_with("GET "),
                    "message" => head == "authenticate",
                    _ => kind == "close",
                };
                assert!(only_reads, "{one}");
            }
        }
    }
}

#[test]
fn a_key_may_come_from_a_file() {
    let served = Served::anywhere(&["kriegspiel"]);
    let directory = workdir().join("doctor-env");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join(".env"), format!("KRIEGSPIEL_BOT_TOKEN={}\n", served.key("kriegspiel", 0)))
        .unwrap();
    let mut command = at(&served, "kriegspiel");
    command.current_dir(&directory);
    let (shown, checks) = checks(&Run::ended(command.output().unwrap()));
    assert_eq!(shown, ok(LOOKS[3].1));
    assert_eq!(message(&checks, "key"), "KRIEGSPIEL_BOT_TOKEN of the .env file, well-formed");
}

// ---- keys -----------------------------------------------------------------------------------------------------------

#[test]
fn no_key_and_keys_that_are_none_fail() {
    let served = Served::anywhere(&["all"]);
    for (platform, variable) in PLATFORMS {
        for (key, words) in [
            (None, "neither in the environment nor in .env"),
            (Some("two words"), "a blank"),
            (Some("YOUR_API_KEY"), "placeholder"),
        ] {
            let mut command = at(&served, platform);
            if let Some(key) = key {
                command.env(variable, key);
            }
            let (shown, checks) = checks(&Run::ended(command.output().unwrap()));
            let mut expected: Vec<String> = KEYLESS.map(str::to_owned).to_vec();
            expected.insert(1, "fail key".to_owned());
            assert_eq!(shown, expected, "{platform}");
            assert!(message(&checks, "key").contains(words), "{checks:?}");
        }
    }
}

#[test]
fn a_wrong_key_is_refused_and_never_shown() {
    let served = Served::anywhere(&["all"]);
    for (platform, variable) in PLATFORMS {
        let mut command = at(&served, platform);
        command.env(variable, "m4rked-wrong-key");
        let report = Run::ended(command.output().unwrap());
        let (shown, checks) = checks(&report);
        let key = if platform == "botornot" { "ok key" } else { "warn key" };
        assert_eq!(shown, ["ok sdk", key, "ok host", "ok tls", "ok clock", "fail accepted"], "{platform}");
        let accepted = checks.iter().find(|check| check["name"] == "accepted").unwrap();
        assert!(accepted["advice"].as_str().unwrap().contains("check the key"), "{accepted}");
        assert!(!report.stdout.contains("m4rked") && !report.stderr.contains("m4rked"), "{}", report.stdout);
    }
}

// ---- hosts ----------------------------------------------------------------------------------------------------------

#[test]
fn a_server_that_is_gone_fails() {
    for (platform, variable) in PLATFORMS {
        let mut command = program("doctor", ["--json", platform, "--url", "http://127.0.0.1:1"]);
        command.env(variable, "bp_kp_live_ksbot_key");
        let (shown, checks) = checks(&Run::ended(command.output().unwrap()));
        assert_eq!(shown.last().unwrap(), "fail host", "{platform}");
        assert_eq!(shown.len(), 3);
        assert!(message(&checks, "host").contains("connect_failed"), "{checks:?}");
    }
}

#[test]
fn a_page_of_html_is_not_the_platform() {
    let served = Served::anywhere(&["all"]);
    for (platform, variable) in PLATFORMS {
        served.press(&format!("/{platform}/fault"), "fault=html&when=now");
        let mut command = at(&served, platform);
        command.env(variable, served.key(platform, 0));
        let (shown, checks) = checks(&Run::ended(command.output().unwrap()));
        assert_eq!(shown, ["ok sdk", "ok key", "fail host"], "{platform}");
        let words = if platform == "botornot" { "502" } else { "a page of HTML" };
        assert!(message(&checks, "host").contains(words), "{checks:?}");
    }
    // Behind a host that is well, where the key is shown.
    for (platform, path) in [("botroulette", "/search"), ("kriegspiel", "/auth/me")] {
        let order = format!(r#"{{"fault":"html","status":200,"when":{{"request":"{path}"}}}}"#);
        assert_eq!(served.ask(platform, "POST", "/__sandbox/faults", &[], &order).status, 201);
        let mut command = at(&served, platform);
        command.env(PLATFORMS.iter().find(|(name, _)| *name == platform).unwrap().1, served.key(platform, 0));
        let (shown, _) = checks(&Run::ended(command.output().unwrap()));
        assert_eq!(shown.last().unwrap(), "fail accepted", "{platform}");
    }
}

#[test]
fn limits_and_outages_are_told_for_what_they_are() {
    let served = Served::anywhere(&["botroulette"]);
    let order = r#"{"fault":"rateLimited","retryAfter":"7","when":{"request":"/search"}}"#;
    assert_eq!(served.ask("botroulette", "POST", "/__sandbox/faults", &[], order).status, 201);
    let examine = || {
        let mut command = at(&served, "botroulette");
        command.env("BOTROULETTE_API_KEY", served.key("botroulette", 0));
        checks(&Run::ended(command.output().unwrap()))
    };
    let (shown, checks) = examine();
    assert_eq!(shown.last().unwrap(), "warn limits");
    assert!(checks.last().unwrap()["advice"].as_str().unwrap().starts_with("wait for 7 s"), "{checks:?}");
    served.press("/botroulette/fault", "fault=unavailable&when=now");
    assert_eq!(examine().0.last().unwrap(), "fail host");
}

#[test]
fn botroulette_says_whether_the_bot_is_online() {
    let served = Served::anywhere(&["botroulette", "--seed", "7"]);
    let with = |code: &str| {
        let url = served.text("botroulette", "rest");
        let mut command = program("doctor", ["--json", "botroulette", "--url", url, "--code", code]);
        command.env("BOTROULETTE_API_KEY", served.key("botroulette", 0));
        checks(&Run::ended(command.output().unwrap()))
    };
    let (shown, offline) = with("agent-1");
    assert_eq!(shown.last().unwrap(), "warn online");
    assert_eq!(message(&offline, "online"), "agent-1 is offline");
    let (shown, _) = with("rosie");
    assert_eq!(shown.last().unwrap(), "ok online", "a bot of the house");
    let (shown, _) = with("nobody");
    assert_eq!(shown.last().unwrap(), "warn online");
}

#[test]
fn kriegspiel_says_whether_the_bot_can_be_picked() {
    let served = Served::anywhere(&["kriegspiel"]);
    let body = r#"{"username":"hidden_one","display_name":"Hidden","owner_email":"a@b.example","listed":false,"supported_rule_variants":["wild16"]}"#;
    let headers = [("Content-Type", "application/json")];
    let registered = served.ask("kriegspiel", "POST", "/auth/bots/register", &headers, body).json();
    let mut command = at(&served, "kriegspiel");
    command.env("KRIEGSPIEL_BOT_TOKEN", registered["api_token"].as_str().unwrap());
    let (shown, checks) = checks(&Run::ended(command.output().unwrap()));
    assert_eq!(shown[7..], ["warn listed", "ok rulesets", "ok games"]);
    assert_eq!(message(&checks, "rulesets"), "1 in the bot's profile");
}

// ---- the clock ------------------------------------------------------------------------------------------------------

#[test]
fn a_clock_that_is_off_warns_and_one_that_is_far_off_fails() {
    // A server that lives in 1994, and one that does not say when it lives.
    for (date, level) in [(Some("Sun, 06 Nov 1994 08:49:37 GMT"), "fail clock"), (None, "warn clock")] {
        let (shown, checks) = examined_at(date.map(str::to_owned));
        assert_eq!(shown[..4], ["ok sdk".to_owned(), "ok host".into(), "ok tls".into(), level.to_owned()]);
        if level == "fail clock" {
            assert!(message(&checks, "clock").contains("ahead of the server's"), "{checks:?}");
        }
    }
    let minute_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let (shown, checks) = examined_at(Some(http_date(minute_ago)));
    assert_eq!(shown[3], "warn clock");
    let words = message(&checks, "clock");
    assert!(["60 s", "61 s", "62 s"].iter().any(|seconds| words.contains(seconds)), "{words}");
}

/// The report on a BotOrNot whose server answers everything with 404 and this date.
fn examined_at(date: Option<String>) -> (Vec<String>, Vec<Value>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).unwrap();
        let date = date.map_or_else(String::new, |date| format!("Date: {date}\r\n"));
        write!(socket, "HTTP/1.1 404 Not Found\r\n{date}Content-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
    });
    let report = run("doctor", ["--json", "botornot", "--url", &url]);
    answers.join().unwrap();
    let (mut shown, checks) = checks(&report);
    // There is no key in these runs, which is another test's matter.
    shown.retain(|look| look != "fail key");
    (shown, checks)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, by Howard Hinnant's days.
fn http_date(at: std::time::SystemTime) -> String {
    let seconds = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days % 7).unwrap()];
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[usize::try_from(month - 1).unwrap()];
    format!(
        "{weekday}, {day:02} {month} {year} {:02}:{:02}:{:02} GMT",
        time / 3_600,
        time / 60 % 60,
        time % 60
    )
}

// ---- options --------------------------------------------------------------------------------------------------------

#[test]
fn another_machine_needs_live_and_live_needs_a_host() {
    run("doctor", ["botpit", "--url", "https://api.example.org"]).refused(1, "--live");
    run("doctor", ["--url", "http://127.0.0.1:1"]).refused(1, "name the platform");
    // No default host for what is played for money; the others of the same run would be looked at.
    let report = run("doctor", ["--json", "--live", "botpit"]);
    let (shown, checks) = checks(&report);
    assert_eq!(shown, ["fail host"]);
    assert!(message(&checks, "host").contains("BOTPIT_URL"), "{checks:?}");
    assert_eq!(run("doctor", ["--connect"]).code, 2);
}

#[test]
fn live_leaves_a_running_bot_its_connection_unless_told_otherwise() {
    // What is live by name is on this machine: nothing else is ever contacted by a test.
    let served = Served::anywhere(&["all"]);
    for (platform, variable, address, left_out) in [
        ("botpit", "BOTPIT_API_KEY", "BOTPIT_WS_URL", 4),
        ("botornot", "BOTORNOT_API_KEY", "BOTORNOT_URL", 3),
    ] {
        let with = |options: &[&str]| {
            let mut command = program("doctor", [&["--json", "--live", platform], options].concat());
            command.env(variable, served.key(platform, 0)).env(address, served.text(platform, "ws"));
            checks(&Run::ended(command.output().unwrap()))
        };
        let looks = LOOKS.iter().find(|(name, _)| *name == platform).unwrap().1;
        let (shown, checks) = with(&[]);
        let mut expected = ok(&looks[..looks.len() - left_out]);
        expected.extend(["ok socket".to_owned(), "warn accepted".to_owned()]);
        assert_eq!(shown, expected);
        assert!(checks.last().unwrap()["advice"].as_str().unwrap().contains("--connect"), "{checks:?}");
        assert_eq!(with(&["--connect"]).0, ok(looks));
    }
    // Nothing was shown to the WebSocket of BOTPIT but with `--connect`.
    let told = served.ask("status", "GET", "/status.json", &[], "").json();
    let recent = told["platforms"][0]["recent"].as_array().unwrap();
    assert_eq!(recent.iter().filter(|one| one["head"] == "authenticate").count(), 1);
}
