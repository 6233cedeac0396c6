//! The BotRoulette chapters say what the code says, and show what the programs print.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use botroulette_sdk::sandbox::Sandbox;
use family_tests::programs::{root, run};

fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The block of text between a page's two marks.
fn shown(page: &str, name: &str) -> String {
    let text = read(page);
    let inside = text
        .split_once(&format!("<!-- output:{name} -->\n"))
        .and_then(|(_, rest)| rest.split_once(&format!("<!-- /output:{name} -->")))
        .unwrap_or_else(|| panic!("{page} has no output of {name}"))
        .0;
    let block = inside.trim().strip_prefix("```text\n").and_then(|rest| rest.strip_suffix("```"));
    without_port(block.unwrap_or_else(|| panic!("{page}: the output stands in a block of text")))
}

/// The port is the system's choice, and how long a thing takes the machine's; everything else repeats itself.
fn without_port(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += "127.0.0.1:PORT";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let mut words = out.split(" after ");
    let mut plain = words.next().unwrap_or_default().to_owned();
    for word in words {
        plain += " after N";
        plain += word.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    plain
}

const FIRST_BOT: &str = "docs/src/botroulette/first-bot.md";

#[test]
fn the_first_page_shows_how_the_persona_begins() {
    let shown = shown(FIRST_BOT, "botroulette-persona");
    let begins = shown.trim_end().strip_suffix('…').expect("the rest is left out").trim_end();
    let told = without_port(&run("botroulette-persona", ["--seed", "14"]).succeeded().stdout);
    assert!(told.starts_with(begins), "it says\n{told}\nand not\n{begins}");
    assert!(begins.matches(" calls (").count() >= 2, "{begins}");
}

#[test]
fn the_first_page_shows_what_talk_says_and_what_the_self_test_finds() {
    for (mark, arguments) in [
        ("botroulette-talk", &["--seed", "7", "--turns", "2"][..]),
        ("botroulette-self-test", &["--seed", "7", "--self-test"]),
    ] {
        let told = without_port(&run("botroulette-talk", arguments).succeeded().stdout);
        assert_eq!(told, shown(FIRST_BOT, mark), "{mark}");
    }
}

#[test]
fn the_chapter_on_the_sandbox_has_every_setting_and_every_bot_of_the_house() {
    let page = read("docs/src/botroulette/sandbox.md");
    let builder = read("botroulette-sdk/src/sandbox/builder.rs");
    let settings: Vec<_> =
        builder.split("    pub fn ").skip(1).map(|rest| rest.split('(').next().unwrap()).collect();
    assert!(settings.len() > 20, "{settings:?}");
    for setting in settings {
        assert!(page.contains(&format!("`{setting}(")), "{setting} is not in the table");
    }
    let house = read("botroulette-sdk/src/sandbox/house.rs");
    let rows: Vec<_> = house.lines().filter_map(|line| line.strip_prefix("/// | [`")).collect();
    assert!(rows.len() >= 9, "{rows:?}");
    for row in rows {
        let (bot, code) =
            row.split_once("`](").map(|(bot, rest)| (bot, rest.split('`').nth(1).unwrap())).unwrap();
        assert!(page.contains(&format!("| `{bot}` | `{code}` |")), "{bot} is not on the page");
    }
}

#[tokio::test]
async fn the_chapter_on_the_sandbox_names_who_is_there() {
    let sandbox = Sandbox::start().await.unwrap();
    let page = read("docs/src/botroulette/sandbox.md");
    for bot in sandbox.bots() {
        assert!(page.contains(&format!("| `{}` |", bot.service_code)), "{bot:?}");
    }
    sandbox.shutdown().await;
}

#[test]
fn the_front_page_has_a_bot_of_fifteen_lines() {
    let page = read("botroulette-sdk/README.md");
    let program = page.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let lines = program.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# "));
    assert!(
        lines.clone().any(|line| line.contains("fn main")) && lines.clone().count() <= 15,
        "{}",
        lines.count()
    );
}
