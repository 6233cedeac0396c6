//! What a request through the tunnel costs, beside what a person writes by hand over the same libraries.
//!
//! ```text
//! cargo bench -p botroulette-sdk --bench tunnel             # everything, in about two minutes
//! cargo bench -p botroulette-sdk --bench tunnel -- --quick  # whether it runs at all
//! ```
//!
//! A relay that speaks raw frames (`relay`) keeps 1, 32 or 256 requests outstanding, 5,000 in all. Four clients answer them
//! over loopback, each in a process of its own: the SDK with a responder in process, a socket loop written by hand, the SDK's
//! forwarder, and a forwarder written by hand with tokio-tungstenite and reqwest; behind both forwarders stands the same
//! trivial hyper server. All processes share one core, because across cores a request costs what waking the other core
//! costs, whatever the client does. The runs are shuffled, and medians are compared.
//!
//! | file | what it is |
//! |---|---|
//! | `relay` | the platform's side, without any of the SDK's code |
//! | `local` | the server behind the forwarders |
//! | `clients` | the four clients |
//! | `process` | child processes, the core that they share, and what the operating system says of them |
//! | `report` | the runs, their medians, and the lines with the goals |
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it found")]
#![allow(clippy::indexing_slicing, reason = "a frame that is wrong should stop the benchmark")]

mod clients;
mod local;
mod process;
mod relay;
mod report;

use std::process::ExitCode;

/// What everything here returns: a benchmark has nobody to tell errors apart for.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["relay"] => relay::serve(),
        ["local"] => local::serve(),
        ["play", client, relay, scenario, local] => clients::play(client, relay, scenario, local),
        // Cargo adds arguments of its own, such as `--bench`.
        other => report::run(other.contains(&"--quick")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tunnel: {error}");
            ExitCode::FAILURE
        }
    }
}
