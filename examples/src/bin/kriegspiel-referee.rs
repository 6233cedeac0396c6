//! The referee of all seven rulesets of Kriegspiel.org, for programs in any language.
//!
//! `cargo run --bin kriegspiel-referee` reads one JSON object a line from stdin and writes one a line to stdout:
//!
//! ```text
//! {"new":"rand"}     a new game; {"new":"rand","fen":"…"} from a position
//! {"ask":"e2e4"}     a move
//! {"any":true}       Any?
//! ```
//!
//! Each gets how things stand after it, or `{"error":{"code":…,"message":…}}`, which changes nothing.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use clap::Parser;
use kriegspiel_sdk::sandbox::referee::trace::Session;
use serde_json::json;

/// Referees games of Kriegspiel.org's seven rulesets: one JSON object a line on stdin, one on stdout.
///
/// {"new":"rand"} starts a game, {"new":"rand","fen":"…"} one from a position; {"ask":"e2e4"} tries a move,
/// {"any":true} asks Any?.
#[derive(Parser)]
struct Args {}

fn main() -> ExitCode {
    let Args {} = Args::parse();
    match serve(std::io::stdin().lock(), std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Who asked has heard enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(commands: impl BufRead, mut outputs: impl Write) -> std::io::Result<()> {
    let mut session = Session::default();
    for line in commands.lines() {
        let output = match session.run(&line?) {
            Ok(output) => output.to_json(),
            Err(error) => json!({"error": {"code": error.code().id(), "message": error.chain()}}).to_string(),
        };
        writeln!(outputs, "{output}")?;
        outputs.flush()?;
    }
    Ok(())
}
