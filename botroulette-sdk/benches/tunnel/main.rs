//! What a request through the tunnel costs, beside what a person writes by hand over the same libraries.
//!
//! ```text
//! cargo bench -p botroulette-sdk --bench tunnel             # everything, in about four minutes
//! cargo bench -p botroulette-sdk --bench tunnel -- --quick  # whether it runs at all
//! ```
//!
//! A relay that speaks raw frames (`relay`) keeps 1, 32 or 256 requests outstanding, 5,000 in all. Clients answer them over
//! loopback, each in a process of its own: the SDK with a responder in process, two socket loops written by hand, the SDK's
//! forwarder, and a forwarder written by hand with tokio-tungstenite and reqwest; behind both forwarders stands the same
//! trivial hyper server. All processes share one core, because across cores a request costs what waking the other core
//! costs, whatever the client does. The runs are shuffled, and medians are compared.
//!
//! # Why a ratio is above 1
//!
//! The loop by hand is no straw man: `TCP_NODELAY`, the SDK's own buffer sizes (the library's default read buffer costs
//! more), frames read into borrowed fields, one write for each answer as it is made, as in every example of the library. The
//! SDK answers every request that has arrived, and writes the answers together once there is nothing more to read: with 32
//! outstanding that is one system call in place of 32, here and, because the requests that follow come together too, at the
//! relay. `by hand, in bursts` does that as well: against it the SDK is what it costs, with its deadlines, its memory of
//! ids, its filter and its events.
//!
//! # Head of line
//!
//! Two SDK clients live at the same time. One is asked something that takes 10 s; meanwhile both are asked quick ones, 255
//! outstanding, in turn, a block of 5,000 each, so that whatever else the machine does meets both. Of each pair of clients
//! the medians of the blocks' 99th percentiles are compared; the line is the median over the pairs, with their spread.
//!
//! | file | what it is |
//! |---|---|
//! | `relay` | the platform's side, without any of the SDK's code |
//! | `local` | the server behind the forwarders |
//! | `clients` | the five clients |
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
