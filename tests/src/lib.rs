//! Tests across the family. Nothing here is published; a bot never depends on it.
//!
//! A crate's own tests live in that crate. Here is what no single crate can say:
//!
//! | where | what it shows |
//! |---|---|
//! | [`house`] and the `house-rules` program | the rules of the house: arrows go down only, the client side never imports the sandbox, licences, the oldest Rust, how many crates a bot pays for |
//! | [`fuzz`] | what the fuzz targets do with bytes; `tests/fuzz.rs` runs them on stable Rust |
//! | [`marks`] | marked keys, and the search for them in every form in which they could leak |
//! | [`programs`] | the starter bots as programs, for the tests that run them |
//! | `tests/book.rs` | the book: every chapter is in its summary, its code compiles here, and its index of errors is the code's own |
//! | `tests/first_bot.rs` | the chapters on a first bot, step by step: a new program, built against the crates as a stranger's dependency, and run |
//! | `tests/book_commands.rs` | the commands that the pages show: the programs are there, and take the options that they are shown with |
//! | `tests/front_page.rs` | the README: its length, its two commands, and that its lists agree with the workspace |
//! | `tests/starter_bots.rs` | the starter bots as programs: what they print, refuse and survive, and that the pages show their real output |
//! | `tests/fault_matrix` | every fault of the sandbox in every state of every platform's protocol: nothing lost, nothing twice, nothing hung |
//! | `tests/soak.rs` and the `soak` program | days and months of virtual time with random faults: memory, sockets and tasks stay flat |
//! | `tests/determinism.rs` | the same seed twice prints the same, on every platform |
//! | `tests/secrets/` | no key in any output, file, log, error or `{:?}`: of every starter bot and of every client |
//! | further files of `tests/` | the crates against their platforms' contracts, and against every fault of their sandboxes |
//!
//! Run all of it with `cargo test -p family-tests`, the house rules with `cargo run -p family-tests --bin house-rules`.

pub mod fuzz;
pub mod house;
pub mod marks;
pub mod programs;

/// The README's program and the book's chapters: their Rust blocks are doctests of this crate.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../sdk-core/README.md")]
    mod readme_of_sdk_core {}
    #[doc = include_str!("../../docs/src/introduction.md")]
    mod introduction {}
    #[doc = include_str!("../../docs/src/choosing.md")]
    mod choosing {}
    #[doc = include_str!("../../docs/src/botpit/first-bot.md")]
    mod botpit_first_bot {}
    #[doc = include_str!("../../docs/src/botpit/games.md")]
    mod botpit_games {}
    #[doc = include_str!("../../docs/src/botpit/money.md")]
    mod botpit_money {}
    #[doc = include_str!("../../docs/src/botpit/fairness.md")]
    mod botpit_fairness {}
    #[doc = include_str!("../../docs/src/botpit/recording.md")]
    mod botpit_recording {}
    #[doc = include_str!("../../docs/src/botpit/lab.md")]
    mod botpit_lab {}
    #[doc = include_str!("../../docs/src/botpit/beyond-the-queue.md")]
    mod botpit_beyond_the_queue {}
    #[doc = include_str!("../../docs/src/botornot/first-bot.md")]
    mod botornot_first_bot {}
    #[doc = include_str!("../../docs/src/botornot/player.md")]
    mod botornot_player {}
    #[doc = include_str!("../../docs/src/botornot/machine.md")]
    mod botornot_machine {}
    #[doc = include_str!("../../docs/src/botroulette/first-bot.md")]
    mod botroulette_first_bot {}
    #[doc = include_str!("../../docs/src/botroulette/tunnel.md")]
    mod botroulette_tunnel {}
    #[doc = include_str!("../../docs/src/botroulette/safety.md")]
    mod botroulette_safety {}
    #[doc = include_str!("../../docs/src/botroulette/sandbox.md")]
    mod botroulette_sandbox {}
    #[doc = include_str!("../../docs/src/botroulette/service.md")]
    mod botroulette_service {}
    #[doc = include_str!("../../docs/src/kriegspiel/first-bot.md")]
    mod kriegspiel_first_bot {}
    #[doc = include_str!("../../docs/src/kriegspiel/knowledge.md")]
    mod kriegspiel_knowledge {}
    #[doc = include_str!("../../docs/src/migrate/botpit-typescript.md")]
    mod migrate_botpit_typescript {}
    #[doc = include_str!("../../docs/src/migrate/botpit-python.md")]
    mod migrate_botpit_python {}
    #[doc = include_str!("../../docs/src/migrate/botornot-starter.md")]
    mod migrate_botornot_starter {}
    #[doc = include_str!("../../docs/src/migrate/botroulette-scripts.md")]
    mod migrate_botroulette_scripts {}
    #[doc = include_str!("../../docs/src/migrate/kriegspiel-bots.md")]
    mod migrate_kriegspiel_bots {}
    #[doc = include_str!("../../docs/src/sandbox.md")]
    mod sandbox {}
    #[doc = include_str!("../../docs/src/doctor.md")]
    mod doctor {}
    #[doc = include_str!("../../docs/src/handlers.md")]
    mod handlers {}
    #[doc = include_str!("../../docs/src/pacing-and-memory.md")]
    mod pacing_and_memory {}
    #[doc = include_str!("../../docs/src/architecture.md")]
    mod architecture {}
    #[doc = include_str!("../../docs/src/protocol-notes.md")]
    mod protocol_notes {}
    #[doc = include_str!("../../docs/src/reconnects.md")]
    mod reconnects {}
    #[doc = include_str!("../../docs/src/faults.md")]
    mod faults {}
    #[doc = include_str!("../../docs/src/errors.md")]
    mod errors {}
    #[doc = include_str!("../../docs/src/secrets.md")]
    mod secrets {}
    #[doc = include_str!("../../docs/src/dependencies.md")]
    mod dependencies {}
    #[doc = include_str!("../../docs/src/testing-your-bot.md")]
    mod testing_your_bot {}
    #[doc = include_str!("../../docs/src/running-many-bots.md")]
    mod running_many_bots {}
    #[doc = include_str!("../../docs/src/habits.md")]
    mod habits {}
    #[doc = include_str!("../../docs/src/measured.md")]
    mod measured {}
}
