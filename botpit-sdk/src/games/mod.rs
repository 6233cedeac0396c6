//! The games, typed: what each asks, what may be answered, and what came of it (spec, "Game Types").
//!
//! A [`Game`] ties one game's types together, so that a strategy for one game cannot answer another. What all of them
//! share is in [`GameState`] and [`RoundRecord`].
//!
//! ```
//! use botpit_sdk::games::rps::{Choice, Rps};
//! use botpit_sdk::games::{Game, GameState};
//!
//! fn is_decider<G: Game>(state: &G::State) -> bool {
//!     let score = state.score();
//!     score.a + 1 == state.rounds_to_win() && score.b + 1 == state.rounds_to_win()
//! }
//!
//! let state = serde_json::from_str(r#"{"round":3,"score":[1,1],"rounds_to_win":2,"history":[]}"#).unwrap();
//! assert!(is_decider::<Rps>(&state));
//! assert!(Choice::Paper.beats(Choice::Rock));
//! ```
//!
//! # Games that have no types here
//!
//! The platform's set of games is open. There are two ways to play one that is not among these modules: implement [`Game`]
//! for it, and everything that plays a typed game plays yours; or take the untyped path, where the state is any JSON and
//! so is the move. [`Client::play_untyped`](crate::Client::play_untyped) queues, plays and reports that way, with a
//! strategy for [`Untyped`](untyped::Untyped); and an [`EventHandler`](crate::EventHandler) sees every game so:
//!
//! ```
//! use botpit_sdk::{EventHandler, Handle, MoveData, Result, Turn};
//!
//! struct Anything;
//!
//! impl EventHandler for Anything {
//!     async fn on_your_turn(&self, _: &Handle, turn: Turn) -> Result<MoveData> {
//!         let state: serde_json::Value = turn.state_as()?;
//!         let first = state["options"][0].clone();
//!         MoveData::of(&serde_json::json!({ "option": first }))
//!     }
//! }
//! ```
//!
//! # Strategies
//!
//! Each game comes with at least one player that is sound: its docs say what is proven about it. A player is a
//! [`Strategy`](crate::Strategy), so it can be handed to [`Client::play`](crate::Client::play) as it is, and it has a
//! `choose` that needs no connection.
//!
//! | game | player | what it does |
//! |---|---|---|
//! | [`coinflip`] | [`Caller`](coinflip::Caller) | calls one face; knows better when a round is played again under its number |
//! | [`rps`] | [`Predictor`](rps::Predictor) | punishes habits, with a brake |
//! | [`hi_lo`] | [`ByOdds`](hi_lo::ByOdds) | the likelier guess, by the exact law of the cards |
//! | [`dice_duel`] | [`AlwaysRoll`](dice_duel::AlwaysRoll) | rolls |
//! | [`high_card_duel`] | [`AlwaysDraw`](high_card_duel::AlwaysDraw) | draws |
//! | [`crash`] | [`Equilibrium`](crash::Equilibrium) | a mix that nobody has an edge on, in closed form |
//! | [`mines`] | [`Equilibrium`](mines::Equilibrium) | a mix that nobody has an edge on, solved |
//! | [`math_duel`] | [`Solver`](math_duel::Solver) | works it out |
//! | [`reaction_ring`] | [`Median`](reaction_ring::Median) | the guess that beats every other guess |
//! | [`blotto`] | [`Equilibrium`](blotto::Equilibrium) | the whole match solved by backward induction |

use std::cmp::Ordering;
use std::fmt::{Debug, Display};
use std::time::Duration;

use sdk_core::error::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{AgentId, GameType, Score, Side};

/// The impl of [`GameState`] for a state with the fields that every game's state has.
macro_rules! game_state {
    ($state:ty, $result:ty) => {
        impl GameState for $state {
            type RoundResult = $result;

            fn round(&self) -> u32 {
                self.round
            }

            fn score(&self) -> Score {
                self.score
            }

            fn rounds_to_win(&self) -> u32 {
                self.rounds_to_win
            }

            fn history(&self) -> &[$result] {
                &self.history
            }
        }
    };
}

/// A number off the wire that has bounds: checked when it is made, and when it is read.
macro_rules! bounded_number {
    ($(#[$doc:meta])* $name:ident: $int:ty, $field:literal, $min:literal ..= $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u32", into = "u32")]
        pub struct $name($int);

        impl $name {
            /// The smallest that the rules allow.
            pub const MIN: Self = Self($min);

            /// The largest that the rules allow.
            pub const MAX: Self = Self($max);

            /// A number within the bounds.
            ///
            /// # Errors
            /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) outside of them.
            pub fn new(number: u32) -> Result<Self> {
                match <$int>::try_from(number) {
                    Ok(small) if ($min..=$max).contains(&small) => Ok(Self(small)),
                    _ => Err(Error::invalid_argument(
                        $field,
                        format!(concat!($field, " is ", $min, " to ", $max, ", not {}"), number),
                    )),
                }
            }

            /// The number.
            pub const fn get(self) -> $int {
                self.0
            }

            /// Every number that the rules allow, the smallest first.
            pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
                ($min..$max + 1).map(Self)
            }
        }

        impl TryFrom<u32> for $name {
            type Error = Error;

            /// As [`new`](Self::new).
            fn try_from(number: u32) -> Result<Self> {
                Self::new(number)
            }
        }

        impl From<$name> for u32 {
            fn from(number: $name) -> Self {
                Self::from(number.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

/// What an enum of words on the wire has beyond its serde form.
macro_rules! words {
    ($name:ident, $field:literal, $what:literal, [$($variant:ident = $word:literal),+]) => {
        impl $name {
            /// All there are.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            /// # Errors
            /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for any other word.
            fn from_str(word: &str) -> Result<Self> {
                Self::ALL
                    .into_iter()
                    .find(|known| known.as_str() == word)
                    .ok_or_else(|| Error::invalid_argument($field, $what))
            }
        }
    };
}

/// The impl of [`Strategy`](crate::Strategy) for a player whose own `choose` takes a state and a side.
macro_rules! strategy {
    ($player:ty, $game:ty) => {
        impl crate::Strategy<$game> for $player {
            fn choose(
                &mut self,
                turn: &crate::GameTurn<$game>,
            ) -> impl Future<Output = sdk_core::Result<<$game as Game>::Move>> + Send {
                std::future::ready(Ok(<$player>::choose(self, &turn.state, turn.side).into()))
            }
        }
    };
}

pub mod blotto;
pub mod coinflip;
pub mod crash;
pub mod dice_duel;
pub mod hi_lo;
pub mod high_card_duel;
pub mod math_duel;
pub mod mines;
pub mod reaction_ring;
pub mod rps;
pub mod untyped;

mod card;
pub(crate) mod chance;
mod equilibrium;
mod odds;

pub use card::Card;
pub use odds::RoundOdds;

/// Fields of a state or a result that this version does not know, kept as they came.
pub type Extra = serde_json::Map<String, serde_json::Value>;

/// One game of the platform: its name, its rules in figures, and its types.
///
/// The platform's games are implemented in this module's children. The set is open: implement it for a custom game, and
/// everything that plays a `Game` plays that one too.
pub trait Game: Debug + Send + Sync + 'static {
    /// The game's name on the wire: `rps`.
    const NAME: &'static str;

    /// How many rounds a match has at most, replayed ties not counted.
    const BEST_OF: u32;

    /// How long a move may take by the spec. What counts in a match is the `timeout_ms` of its turns.
    const TIMEOUT: Duration;

    /// What an agent answers a turn with. Its JSON form is the `move_data` of `make_move`.
    type Move: Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The `game_state` of `your_turn`.
    type State: GameState<RoundResult = Self::RoundResult>;

    /// The `result` of `round_result`, and each entry of a state's history.
    type RoundResult: RoundRecord;

    /// The game's type on the wire.
    fn game_type() -> GameType {
        GameType::from(Self::NAME)
    }

    /// How many won rounds win a match.
    fn rounds_to_win() -> u32 {
        Self::BEST_OF / 2 + 1
    }

    /// Whether the rules allow a move in this state, for what its type alone cannot rule out.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the move's field and the range. Most games'
    /// moves are right by their type, and never fail.
    fn check_move(state: &Self::State, side: Side, answer: &Self::Move) -> Result<()> {
        let _ = (state, side, answer);
        Ok(())
    }

    /// A move that the rules allow in any state and that gives nothing away, for a turn in which a strategy failed: see
    /// [`Fallback`](crate::Fallback). `None` where the game has none, so that the match is resigned.
    fn safe_move(state: &Self::State) -> Option<Self::Move> {
        let _ = state;
        None
    }
}

/// What every game's state tells.
pub trait GameState: Debug + Clone + DeserializeOwned + Send + Sync + 'static {
    /// An entry of the history.
    type RoundResult: RoundRecord;

    /// The round that is to be played, from 1.
    fn round(&self) -> u32;

    /// The score before the round.
    fn score(&self) -> Score;

    /// How many won rounds win the match.
    fn rounds_to_win(&self) -> u32;

    /// The rounds so far, oldest first. Replayed ties may be among them.
    fn history(&self) -> &[Self::RoundResult];
}

/// What every game's round result tells.
pub trait RoundRecord: Debug + Clone + DeserializeOwned + Send + Sync + 'static {
    /// The round, from 1.
    fn round(&self) -> u32;

    /// Who won by the platform's word. `None` for a tie, which is replayed.
    fn round_winner(&self) -> Option<&AgentId>;

    /// How it ended by the game's rules, worked out from the result's own fields. `None` when they do not tell, as when a
    /// side has not moved in time.
    fn by_rules(&self) -> Option<RoundEnd>;

    /// The round in a few words, from a side's view: `rock against scissors: won`.
    fn told(&self, side: Side) -> String;
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoundEnd {
    /// A side won.
    Won(Side),
    /// Nobody won; the round is replayed.
    Tie,
}

impl RoundEnd {
    /// How it ended for a side: `won`, `lost` or `tie`.
    pub fn as_seen_by(self, side: Side) -> &'static str {
        match self {
            Self::Won(winner) if winner == side => "won",
            Self::Won(_) => "lost",
            Self::Tie => "tie",
        }
    }
}

impl From<Ordering> for RoundEnd {
    /// The end of a round that more points win, from `a.cmp(&b)`.
    fn from(a_to_b: Ordering) -> Self {
        match a_to_b {
            Ordering::Greater => Self::Won(Side::A),
            Ordering::Less => Self::Won(Side::B),
            Ordering::Equal => Self::Tie,
        }
    }
}

/// How a round ended for a side, in a word or a few.
fn end_told(end: Option<RoundEnd>, side: Side) -> &'static str {
    end.map_or("not decided by the moves", |end| end.as_seen_by(side))
}

/// A move of a side that may not have made one, in words.
fn shown(answer: Option<impl Display>) -> String {
    answer.map_or_else(|| "nothing".to_owned(), |answer| answer.to_string())
}
