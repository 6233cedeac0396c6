//! The tests of the chapter on testing a bot run here, file by file as they stand there.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "these are tests, and a reader's bot"
)]

mod chat;
mod player;
mod sandbox;
mod strategy;

// What is one package for a reader is one program here.
extern crate self as my_bot;
pub use player::Curious;
pub use strategy::choose;

#[test]
fn the_page_shows_these_files() {
    let page = include_str!("../../../docs/src/testing-your-bot.md");
    for file in [
        include_str!("strategy.rs"),
        include_str!("sandbox.rs"),
        include_str!("player.rs"),
        include_str!("chat.rs"),
    ] {
        let shown: String =
            page.lines().filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect();
        assert!(shown.contains(file), "the page does not show this:\n{file}");
    }
}
