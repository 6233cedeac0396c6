//! The referee as a program: one command a line, one output a line.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helper fails by panicking"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What the program writes for these lines, and that it ends well when nothing more comes.
fn outputs(lines: &[String]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kriegspiel-referee"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_recorded_game_gets_the_recorded_outputs() {
    let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kriegspiel-sdk/tests/fixtures/traces");
    for name in ["english.jsonl", "crazykrieg.jsonl"] {
        let text = std::fs::read_to_string(traces.join(name)).unwrap();
        let game: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let steps = game["steps"].as_array().unwrap();
        let commands: Vec<String> = steps.iter().map(|step| step["cmd"].to_string()).collect();
        let expected: Vec<Value> = steps.iter().map(|step| step["out"].clone()).collect();
        assert_eq!(outputs(&commands), expected, "{name}");
    }
}

#[test]
fn what_is_no_command_is_told_and_changes_nothing() {
    let lines = [
        r#"{"any":true}"#,
        r#"{"new":"english"}"#,
        "nonsense",
        r#"{"ask":"E2E4"}"#,
        r#"{"new":"dark"}"#,
        r#"{"new":"rand","fen":"8/8/8/8/8/8/8/8 w - - 0 1"}"#,
        r#"{"ask":"e2e4","any":true}"#,
        r#"{"ask":"e2e4"}"#,
    ];
    let outputs = outputs(&lines.map(str::to_owned));
    let told: Vec<&Value> = outputs.iter().map(|output| &output["error"]["code"]).collect();
    let refused = json!("invalid_argument");
    let none = Value::Null;
    assert_eq!(told, [&refused, &none, &refused, &refused, &refused, &refused, &refused, &none]);
    assert_eq!(outputs[7]["answer"]["main"], "REGULAR_MOVE");
    assert_eq!(outputs[7]["can_ask_any"], true);
}
