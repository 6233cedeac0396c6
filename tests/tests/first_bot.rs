//! The four chapters on a first bot, step by step as a reader takes them: `cargo new`, the lines for `Cargo.toml`, the program,
//! `cargo run`, one function changed, `cargo run` again, and `--live` without a key.
//!
//! It costs a build of the crate as a stranger's dependency, so that BOTPIT's chapter alone is taken unless `FIRST_BOTS=all`
//! stands in the environment. The crates are those of this workspace, or those that `cargo package` has unpacked, where
//! `FIRST_BOT_CRATES` names their directory.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use family_tests::programs::{Run, root};

/// A chapter, and what its bot prints at the end whatever happened before.
struct Chapter {
    platform: &'static str,
    crate_name: &'static str,
    /// Whether a seed settles every word that it prints.
    is_repeatable: bool,
    last_words: &'static str,
}

const CHAPTERS: [Chapter; 4] = [
    Chapter { platform: "botpit", crate_name: "botpit-sdk", is_repeatable: true, last_words: "3 matches: " },
    Chapter {
        platform: "botornot",
        crate_name: "botornot-sdk",
        is_repeatable: false,
        last_words: "  rating         1000 → ",
    },
    Chapter {
        platform: "botroulette",
        crate_name: "botroulette-sdk",
        is_repeatable: true,
        last_words: "Zeph: ",
    },
    Chapter {
        platform: "kriegspiel",
        crate_name: "kriegspiel-sdk",
        is_repeatable: false,
        last_words: "1 game: ",
    },
];

#[test]
fn the_steps_of_the_chapters_lead_to_a_bot() {
    let all = std::env::var_os("FIRST_BOTS").is_some_and(|which| which == "all");
    for chapter in CHAPTERS.iter().take(if all { CHAPTERS.len() } else { 1 }) {
        follow(chapter);
    }
}

#[test]
fn the_chapters_have_the_same_parts_in_the_same_order() {
    for Chapter { platform, crate_name, .. } in CHAPTERS {
        let page = page(platform);
        let mut rest = page.as_str();
        for part in [
            "\n## Watch one ",
            "\n## Write your own\n",
            "<!-- step:new -->",
            "<!-- step:dependencies -->",
            "<!-- step:program -->",
            "<!-- step:run -->",
            "<!-- step:output -->",
            "<!-- step:change -->",
            "\n## Go live\n",
            "\n## When it goes wrong\n",
            "<!-- step:failure -->",
        ] {
            let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{platform}: no {part} here"));
            rest = after;
        }
        // What the crate's own front page says.
        let front = std::fs::read_to_string(root().join(crate_name).join("README.md")).unwrap();
        let lines = step(&page, "dependencies");
        assert!(front.contains("\n[dependencies]\n"), "{crate_name}");
        assert!(lines.contains("features = [\"sandbox\"]") && lines.contains("tokio = "), "{lines}");
    }
}

/// Takes every step of a chapter in a directory of its own.
fn follow(chapter: &Chapter) {
    let page = page(chapter.platform);
    // Away from this workspace: cargo would make the new program a member of it.
    let home = std::env::temp_dir().join(format!("first-bot-{}-{}", chapter.platform, std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    let _cleaner = Cleaner(home.clone());

    let commands = step(&page, "new");
    let mut commands = commands.lines();
    assert_eq!(commands.next(), Some("cargo new my-bot"));
    assert_eq!(commands.next(), Some("cd my-bot"));
    assert!(cargo(&home).args(["new", "my-bot"]).status().unwrap().success());
    let bot = home.join("my-bot");

    let manifest = bot.join("Cargo.toml");
    let made = std::fs::read_to_string(&manifest).unwrap();
    let dependencies = step(&page, "dependencies");
    let manifested = made.replace("[dependencies]\n", &dependencies);
    assert!(manifested.contains(chapter.crate_name), "cargo's manifest has another form:\n{made}");
    std::fs::write(&manifest, manifested).unwrap();
    // The versions that everything here is tested with.
    std::fs::copy(root().join("Cargo.lock"), bot.join("Cargo.lock")).unwrap();

    let program = shown(&step(&page, "program"));
    std::fs::write(bot.join("src/main.rs"), &program).unwrap();
    assert_eq!(step(&page, "run"), "cargo run\n");
    let run = ended(&bot, &[]).succeeded();
    told(chapter, &run);
    if chapter.is_repeatable {
        assert_eq!(run.stdout.trim_end(), step(&page, "output").trim_end(), "{}", chapter.platform);
    } else {
        let lines = step(&page, "output").lines().count();
        assert_eq!(run.stdout.trim_end().lines().count(), lines, "{}", run.stdout);
    }

    let changed = with_function(&program, &shown(&step(&page, "change")));
    assert_ne!(changed, program);
    std::fs::write(bot.join("src/main.rs"), changed).unwrap();
    told(chapter, &ended(&bot, &[]).succeeded());

    let run = ended(&bot, &["--live"]);
    assert!(!run.is_ok() && run.stdout.is_empty());
    assert_eq!(run.stderr.trim_end(), step(&page, "failure").trim_end());
}

fn told(chapter: &Chapter, run: &Run) {
    let last = run.stdout.trim_end().lines().last().unwrap_or_default();
    assert!(last.starts_with(chapter.last_words), "{}: {}", chapter.platform, run.stdout);
    assert!(!run.stderr.contains("warning"), "{}: {}", chapter.platform, run.stderr);
}

/// `cargo run` in the bot's directory: offline, with the crates at hand in place of the published ones.
fn ended(bot: &Path, arguments: &[&str]) -> Run {
    let mut command = cargo(bot);
    command.args(["run", "--quiet", "--offline"]);
    for (name, path) in crates() {
        command.arg("--config").arg(format!("patch.crates-io.{name}.path={path:?}"));
    }
    command.arg("--").args(arguments);
    Run::ended(command.stdin(Stdio::null()).output().unwrap())
}

/// Each crate with its directory.
fn crates() -> Vec<(&'static str, PathBuf)> {
    let names = ["sdk-core"].into_iter().chain(CHAPTERS.iter().map(|chapter| chapter.crate_name));
    let packaged = std::env::var_os("FIRST_BOT_CRATES").map(PathBuf::from);
    let directory = |name: &str| match &packaged {
        Some(packages) => root().join(packages).join(format!("{name}-{}", env!("CARGO_PKG_VERSION"))),
        None => root().join(name),
    };
    names.map(|name| (name, directory(name).canonicalize().unwrap())).collect()
}

/// Cargo away from this machine's settings and from those of the test; what it builds is kept for the next time.
fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy().to_uppercase();
        let is_ours =
            ["BOTPIT_", "BOTORNOT_", "BOTROULETTE_", "KRIEGSPIEL_", "CARGO_PKG_", "CARGO_MANIFEST_"]
                .iter()
                .any(|prefix| shown.starts_with(prefix));
        if is_ours || shown.ends_with("_PROXY") {
            command.env_remove(&name);
        }
    }
    let target = std::env::current_exe().unwrap().parent().unwrap().join("../../first-bot");
    command.current_dir(directory).env("CARGO_TARGET_DIR", target).env("RUST_BACKTRACE", "0");
    // As quick to build and as small as the workspace's own.
    command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
    command
}

fn page(platform: &str) -> String {
    std::fs::read_to_string(root().join(format!("docs/src/{platform}/first-bot.md"))).unwrap()
}

/// The block after a step's mark.
fn step(page: &str, name: &str) -> String {
    let mark = format!("<!-- step:{name} -->\n```");
    let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no block follows {mark}"));
    let (_, block) = rest.split_once('\n').unwrap();
    block.split("```").next().unwrap().to_owned()
}

/// A Rust block without the lines that a page hides.
fn shown(block: &str) -> String {
    block.lines().filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect()
}

/// The program with the function, and the comment on it, that has the same name.
fn with_function(program: &str, function: &str) -> String {
    let comment = function.lines().next().unwrap();
    assert!(comment.starts_with("/// "), "{function}");
    let (before, rest) = program.split_once(comment).expect("the program has that function");
    let (_, after) = rest.split_once("\n}\n").unwrap();
    format!("{before}{function}{after}")
}

/// Takes the directory away however the test ends.
struct Cleaner(PathBuf);

impl Drop for Cleaner {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
