//! What a player may know of a game (spec, "Read private game state").

use std::fmt;
use std::ops::Deref;

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::open_struct::open_struct;
use super::{
    Color, Fen, GameClock, GameId, GameResult, GameStatus, MaterialSummary, RefereeEntry, RefereeLogItem,
    RefereeTurn, ReserveSummary, Scoresheet, UciMove, Written,
};

sdk_core::string_enum! {
    /// What the player can do now.
    pub enum PossibleAction {
        /// Try a move.
        Move = "move",
        /// Ask Any?
        AskAny = "ask_any",
    }
}

open_struct! {
    /// A game as one of its players sees it.
    ///
    /// It has neither the ruleset nor the code nor the players' names: those are in the
    /// [metadata](super::GameMetadata).
    pub struct GameState {
        /// The game's internal id.
        pub game_id: GameId,
        /// Whether it waits, is played or is over.
        pub state: GameStatus,
        /// Whose turn it is. A finished game may still have one: ask [`is_my_turn`](Self::is_my_turn).
        pub turn: Option<Color>,
        /// The moves of both sides that are done, plus one: White is to move at odd numbers.
        pub move_number: u32,
        /// The side that this bot plays.
        pub your_color: Color,
        /// The position: the own men while the game is played, the whole board when it is over.
        pub your_fen: Fen,
        /// What may be asked now: nothing unless it is the player's turn. One that is listed can be illegal on the true
        /// board.
        pub allowed_moves: AllowedMoves,
        /// What the player can do now: nothing unless it is the player's turn.
        pub possible_actions: Vec<PossibleAction>,
        /// How many men each side has left.
        pub material_summary: MaterialSummary,
        /// The reserves of both sides.
        pub reserve_summary: ReserveSummary,
        /// What the player has heard.
        pub scoresheet: Scoresheet,
        /// The same as lines, one after the other.
        pub referee_log: Vec<RefereeLogItem>,
        /// The same as the scoresheet's turns.
        pub referee_turns: Vec<RefereeTurn>,
        /// How it ended. `None` before that.
        pub result: Option<GameResult>,
        /// Both clocks.
        pub clock: GameClock,
        /// How many moves of both sides are done, where the platform says it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ply_count: Option<u32>,
        /// The tier of a model bot, where the platform says it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub llm_bot_tier: Option<String>,
        /// After how many moves of both sides a model bot's game is cut off, where the platform says it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub llm_bot_ply_limit: Option<u32>,
        /// The same in full moves.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub llm_bot_turn_limit: Option<u32>,
    }
}

impl GameState {
    /// Whether the game is being played, and the player is to move.
    pub fn is_my_turn(&self) -> bool {
        self.state == GameStatus::Active && self.turn == Some(self.your_color)
    }

    /// Whether the game is over.
    pub fn is_over(&self) -> bool {
        self.state == GameStatus::Completed
    }

    /// Whether a move may be tried now.
    pub fn can_move(&self) -> bool {
        self.is_my_turn() && self.possible_actions.contains(&PossibleAction::Move)
    }

    /// Whether Any? may be asked now.
    pub fn can_ask_any(&self) -> bool {
        self.is_my_turn() && self.possible_actions.contains(&PossibleAction::AskAny)
    }

    /// Whether this move may be tried now.
    pub fn allows(&self, uci: UciMove) -> bool {
        self.can_move() && self.allowed_moves.contains(&uci)
    }

    /// The number of the full move that is being played: two `move_number`s are one full move.
    pub fn full_move_number(&self) -> u32 {
        self.move_number.saturating_add(1) / 2
    }

    /// What was heard in the turn of a `move_number`, from first to last.
    pub fn heard_in(&self, move_number: u32) -> &[RefereeEntry] {
        let full = move_number.saturating_add(1) / 2;
        let turn = self.scoresheet.turns.iter().find(|turn| turn.turn == full);
        turn.map(|turn| turn.of(Color::to_move(move_number))).unwrap_or_default()
    }
}

/// The moves that may be asked now. It is a slice of them; what this version cannot read is kept beside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedMoves {
    moves: Vec<UciMove>,
    unreadable: Vec<Box<str>>,
}

impl AllowedMoves {
    /// The texts that this version cannot read as moves. They cannot be tried.
    pub fn unreadable(&self) -> &[Box<str>] {
        &self.unreadable
    }
}

impl Deref for AllowedMoves {
    type Target = [UciMove];

    fn deref(&self) -> &[UciMove] {
        &self.moves
    }
}

impl FromIterator<UciMove> for AllowedMoves {
    fn from_iter<I: IntoIterator<Item = UciMove>>(moves: I) -> Self {
        Self { moves: moves.into_iter().collect(), unreadable: Vec::new() }
    }
}

impl<'a> IntoIterator for &'a AllowedMoves {
    type Item = &'a UciMove;
    type IntoIter = std::slice::Iter<'a, UciMove>;

    fn into_iter(self) -> Self::IntoIter {
        self.moves.iter()
    }
}

impl Serialize for AllowedMoves {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.moves.len() + self.unreadable.len()))?;
        for uci in &self.moves {
            list.serialize_element(uci)?;
        }
        for text in &self.unreadable {
            list.serialize_element(text)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for AllowedMoves {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Moves;

        impl<'de> Visitor<'de> for Moves {
            type Value = AllowedMoves;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of moves")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<AllowedMoves, A::Error> {
                let mut allowed = AllowedMoves { moves: Vec::with_capacity(32), unreadable: Vec::new() };
                while let Some(text) = texts.next_element::<Written<UciMove>>()? {
                    match text {
                        Written::Known(uci) => allowed.moves.push(uci),
                        Written::Unreadable(text) => allowed.unreadable.push(text),
                    }
                }
                Ok(allowed)
            }
        }

        deserializer.deserialize_seq(Moves)
    }
}
