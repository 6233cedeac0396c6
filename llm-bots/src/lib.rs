//! What the starter bots with a language model share: the model behind one call, and the caps on what it may cost.
//!
//! A package of its own, because a client for many providers brings many crates along, and a bot without a model should not
//! pay for them: `cargo run -p llm-bots --bin botornot-llm`.
//!
//! No model is asked unless `--model` names one: without it the bots play with their built-in personas, offline.

mod budget;
mod model;
mod prompt;

pub use budget::{Budget, Limits, Reserved};
pub use model::{Model, ModelOptions, Provider};
pub use prompt::{Prompt, Speaker, fenced};
