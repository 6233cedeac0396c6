//! Ready-made strategies: to start from, and to play against.

mod heuristic;
mod random;
mod random_any;
mod scene;

pub use self::heuristic::Heuristic;
pub use self::random::Random;
pub use self::random_any::RandomAny;
