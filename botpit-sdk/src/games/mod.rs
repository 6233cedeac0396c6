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

use std::fmt::Debug;
use std::time::Duration;

use sdk_core::error::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{AgentId, GameType, Score, Side};

pub mod rps;

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
