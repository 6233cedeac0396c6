//! What the starter bots share: their options, where they play, and how they tell what happened.
//!
//! A starter bot is one file in `src/bin`, and that file is what a person copies. Here is only what would be the same in
//! all of them.

pub mod botornot;
pub mod botpit;
pub mod botroulette;
pub mod doctor;
pub mod elo;
pub mod kriegspiel;
pub mod kriegspiel_duel;
mod kriegspiel_told;
mod lab_page;
mod options;
mod report;
pub mod rest;
pub mod rival;
pub mod self_test;
pub mod served;
pub mod status;
pub mod strategies;
mod table;

pub use kriegspiel_told::Told;
pub use lab_page::LabPage;
pub use options::Options;
pub use report::{Report, counted, exit};
pub use table::{Shown, Table};
