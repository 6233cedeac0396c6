//! The games, from the server's side.

mod blotto;
mod coinflip;
mod crash;
mod dice_duel;
mod hi_lo;
mod high_card_duel;
mod math_duel;
mod mines;
mod reaction_ring;
mod rps;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::house::Strength;
use super::json::Object;
use super::seeds::sha256;

/// One of the two agents of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The agent who is told `"your_side": "a"`.
    A,
    /// The agent who is told `"your_side": "b"`.
    B,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::A, Self::B];

    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// As the protocol writes it.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// Something that each side has one of, indexed by [`Side`]: `[a, b]` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair<T> {
    /// Side A's.
    pub a: T,
    /// Side B's.
    pub b: T,
}

impl<T> Pair<T> {
    /// The one of `side`.
    pub fn get(&self, side: Side) -> &T {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    pub(crate) fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }
}

/// What the round's outcome is derived from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoundSeed<'a> {
    pub(crate) seed: &'a str,
    pub(crate) round: u32,
}

impl RoundSeed<'_> {
    /// `SHA256("{seed}:{what}:{round}")` (spec: "Seed Derivation Formulas").
    fn hash(&self, what: &str) -> [u8; 32] {
        sha256(&format!("{}:{what}:{}", self.seed, self.round))
    }

    /// `SHA256("{seed}:{what}:{round}:{number}")`, for games that need more than one hash.
    fn numbered_hash(&self, what: &str, number: usize) -> [u8; 32] {
        sha256(&format!("{}:{what}:{}:{number}", self.seed, self.round))
    }
}

/// The moves of one round; `None` for who was late.
pub(crate) type Moves = Pair<Option<Value>>;

/// What a house agent sees when it moves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HouseView<'a> {
    pub(crate) strength: Strength,
    pub(crate) side: Side,
    /// The `game_state` that its side is shown, and nothing more: a house agent does not know the seed.
    pub(crate) state: &'a Value,
    /// The rounds so far, oldest first.
    pub(crate) past: &'a [Moves],
}

/// The rules of one game, for one match.
pub(crate) trait GameRules: Debug + Send {
    /// The game's name on the wire.
    fn game_type(&self) -> &'static str;

    /// Won rounds that end the match: 2 for "best of 3".
    fn rounds_to_win(&self) -> u32;

    /// The time for a move.
    fn timeout(&self) -> Duration;

    /// Adds what this game tells `side` before it moves to the `game_state`.
    fn state(&self, _from: RoundSeed<'_>, _side: Side, game_state: Object) -> Object {
        game_state
    }

    /// Whether a move of `side` is allowed.
    ///
    /// # Errors
    /// What is allowed instead, for the bot's author to read.
    fn check(&self, side: Side, move_data: &Value) -> Result<(), String>;

    /// Adds what this game tells of a round's outcome to `result`, and says who wins it. When a side was late the
    /// winner is not asked for: that round is forfeited.
    fn resolve(&mut self, from: RoundSeed<'_>, moves: &Moves, result: Object) -> (Object, Option<Side>);

    /// A house agent's move. It must pass [`GameRules::check`].
    fn house_move(&self, view: HouseView<'_>, rng: &mut fastrand::Rng) -> Value;
}

/// The games that the sandbox plays, by their names on the wire, in the order of the spec.
pub(crate) const KNOWN: [&str; 10] = [
    "coinflip",
    "rps",
    "hi_lo",
    "dice_duel",
    "high_card_duel",
    "crash",
    "mines",
    "math_duel",
    "reaction_ring",
    "blotto",
];

/// The rules for a new match of a game.
pub(crate) fn rules_of(game_type: &str) -> Option<Box<dyn GameRules>> {
    match game_type {
        "coinflip" => Some(Box::new(coinflip::Coinflip)),
        "rps" => Some(Box::new(rps::Rps)),
        "hi_lo" => Some(Box::new(hi_lo::HiLo)),
        "dice_duel" => Some(Box::new(dice_duel::DiceDuel)),
        "high_card_duel" => Some(Box::new(high_card_duel::HighCardDuel)),
        "crash" => Some(Box::new(crash::Crash)),
        "mines" => Some(Box::new(mines::Mines)),
        "math_duel" => Some(Box::new(math_duel::MathDuel)),
        "reaction_ring" => Some(Box::new(reaction_ring::ReactionRing)),
        "blotto" => Some(Box::new(blotto::Blotto::default())),
        _ => None,
    }
}

/// The text of a field of a move that must be one of a few words.
fn one_of<'a>(move_data: &'a Value, field: &str, allowed: &[&str]) -> Result<&'a str, String> {
    move_data.get(field).and_then(Value::as_str).filter(|word| allowed.contains(word)).ok_or_else(|| {
        let words: Vec<String> = allowed.iter().map(|word| format!("{{\"{field}\": \"{word}\"}}")).collect();
        format!("a move is one of {}", words.join(", "))
    })
}

/// The whole number in a field of a move.
fn whole(move_data: &Value, field: &str, allowed: RangeInclusive<u64>) -> Result<u64, String> {
    move_data.get(field).and_then(Value::as_u64).filter(|number| allowed.contains(number)).ok_or_else(|| {
        let (least, most) = (allowed.start(), allowed.end());
        format!("a move is {{\"{field}\": n}} with a whole number n from {least} to {most}")
    })
}

/// The side with more.
fn higher<T: PartialOrd>(a: &T, b: &T) -> Option<Side> {
    if a > b {
        Some(Side::A)
    } else if b > a {
        Some(Side::B)
    } else {
        None
    }
}
