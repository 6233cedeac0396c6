//! What a chat through the SDK costs, beside a loop written by hand over the same libraries; what a thousand matches take; and how
//! fast the state machine is.
//!
//! ```text
//! cargo bench -p botornot-sdk --features sandbox --bench chat_loop             # everything, in about a minute
//! cargo bench -p botornot-sdk --features sandbox --bench chat_loop -- --quick  # whether it runs at all
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `chat` | a message in, a reply out: the SDK and the loop by hand, on a server that speaks ready-made frames |
//! | `crowd` | a thousand matches at the same time in one process, against the sandbox in another |
//! | `machine` | events of the pure state machine |
//! | `process` | child processes, and what the operating system says of them |
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it found")]

mod chat;
mod crowd;
mod machine;
mod process;

use std::process::ExitCode;

/// What everything here returns: a benchmark has nobody to tell errors apart for.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["serve"] => chat::serve(),
        ["chat", client, address, matches] => chat::play(client, address, matches),
        ["sandbox", matches] => crowd::sandbox(matches),
        ["crowd", url, tokens] => crowd::play(url, tokens),
        // Cargo adds arguments of its own, such as `--bench`.
        other => run(other.contains(&"--quick")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat_loop: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(quick: bool) -> Outcome<()> {
    chat::compare(quick)?;
    crowd::measure(if quick { 20 } else { 1_000 })?;
    machine::measure(if quick { 1_000 } else { 50_000 })
}

/// A runtime as a bot has it.
fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
