//! The starter bots as programs: built once, run away from this machine's settings, and read.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The environment of a bot begins with these: a test's own must not reach it.
const SETTINGS: [&str; 6] = ["botpit_", "botornot_", "botroulette_", "kriegspiel_", "openai_", "anthropic_"];

/// The workspace's directory.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A directory without an `.env` file.
pub fn workdir() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        // Beside the programs, where cargo's own files are.
        let any = built().values().next().expect("there is a program");
        let path = any.parent().unwrap().join("../tmp/programs");
        std::fs::create_dir_all(&path).unwrap();
        path.canonicalize().unwrap()
    })
}

/// Every starter bot, built as `cargo run --bin` builds it.
fn built() -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(|| binaries("starter-bots"))
}

/// The ones with a language model, whose package is built by itself.
fn built_with_model() -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(|| binaries("llm-bots"))
}

fn binaries(package: &str) -> HashMap<String, PathBuf> {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells a test about itself would make it build some dependencies anew.
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| shown.starts_with(prefix)) {
            build.env_remove(&name);
        }
    }
    let output = build
        .args(["build", "--locked", "--package", package, "--bins"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let path = PathBuf::from(message.get("executable")?.as_str()?);
            Some((message.get("target")?.get("name")?.as_str()?.to_owned(), path))
        })
        .collect()
}

/// The names of all starter bots, by the files that there are: those without and those with a language model.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = ["examples/src/bin", "llm-bots/src/bin"]
        .iter()
        .flat_map(|directory| std::fs::read_dir(root().join(directory)).unwrap())
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names
}

/// A run of a starter bot, away from this machine's settings.
pub fn program<S: AsRef<str>>(name: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let with_model = || built_with_model().get(name);
    let path = built().get(name).or_else(with_model).unwrap_or_else(|| panic!("there is no {name}"));
    let mut command = Command::new(path);
    for argument in arguments {
        command.arg(argument.as_ref());
    }
    command.current_dir(workdir()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy().to_lowercase();
        if SETTINGS.iter().any(|prefix| shown.starts_with(prefix))
            || shown.ends_with("_proxy")
            || shown == "rust_log"
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a starter bot to its end.
pub fn run<S: AsRef<str>>(name: &str, arguments: impl IntoIterator<Item = S>) -> Run {
    Run::ended(program(name, arguments).output().unwrap())
}

/// The same while a server beside it goes on.
pub async fn wait(mut command: Command) -> Run {
    tokio::task::spawn_blocking(move || Run::ended(command.output().unwrap())).await.unwrap()
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; −1 after a signal.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it logged and noted.
    pub stderr: String,
}

impl Run {
    /// From its output.
    pub fn ended(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Whether it went well.
    pub fn is_ok(&self) -> bool {
        self.code == 0
    }

    /// The run, which went well.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.is_ok(), "{}", self.stderr);
        self
    }

    /// What it printed, one JSON value a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }

    /// One readable error with its advice, nothing on stdout, and this exit code.
    #[track_caller]
    pub fn refused(&self, code: i32, words: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        let lines: Vec<_> =
            self.stderr.lines().filter(|line| !line.trim_start().starts_with("WARN")).collect();
        let [error, advice] = lines.as_slice() else { panic!("{}", self.stderr) };
        assert!(error.starts_with("error: ") && error.contains(words), "{error}");
        assert!(advice.starts_with("advice: ") && advice.len() > "advice: ".len(), "{advice}");
    }
}

/// The one key of a `--json` line.
#[track_caller]
pub fn only_key(line: &Value) -> &str {
    let mut keys = line.as_object().unwrap().keys();
    let key = keys.next().unwrap();
    assert_eq!(keys.next(), None);
    key
}
