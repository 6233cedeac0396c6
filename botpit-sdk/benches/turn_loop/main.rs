//! What a turn through the SDK costs, beside a loop written by hand over the same libraries.
//!
//! ```text
//! cargo bench -p botpit-sdk --bench turn_loop             # everything, in about two minutes
//! cargo bench -p botpit-sdk --bench turn_loop -- --quick  # whether it runs at all
//! ```
//!
//! A server that speaks raw frames (`server`) sends the next turn as soon as the move has arrived. Three clients play on
//! it over loopback, each in a process of its own: the SDK, a loop written by hand with the SDK's settings, and the loop
//! that a person writes first. All processes share one core, because across cores a turn costs what waking the other core
//! costs, whatever the client does. The runs of all clients are shuffled, and medians are compared.
//!
//! | file | what it is |
//! |---|---|
//! | `script` | what the platform says, as ready-made frames |
//! | `server` | the platform's side, without any of the SDK's code |
//! | `clients` | the three clients |
//! | `process` | child processes, the core that they share, and what the operating system says of them |
//! | `report` | the runs, their medians, and the lines with the goals |
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it found")]
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a script or a frame that is wrong should stop the benchmark"
)]

mod clients;
mod process;
mod report;
mod script;
mod server;

use std::process::ExitCode;

/// What everything here returns: a benchmark has nobody to tell errors apart for.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["serve"] => server::serve(),
        ["play", client, address, scenario] => clients::play(client, address, scenario),
        ["hold", address, connections] => clients::hold(address, connections),
        // Cargo adds arguments of its own, such as `--bench`.
        other => report::run(other.contains(&"--quick")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("turn_loop: {error}");
            ExitCode::FAILURE
        }
    }
}
