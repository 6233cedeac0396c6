//! What the platform pushes about a game: hints to read its state.

use sdk_core::error::Result;
use sdk_core::wire;

use super::open_struct::open_struct;
use super::{Color, GameCode, GameId, GameStatus, Timestamp};

/// A message of a game's event stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GameEvent {
    /// The stream is open: how the game stands now.
    Connected(GameHint),
    /// Something happened: somebody joined, tried, asked or resigned, or a flag fell. Read the state.
    Changed(GameHint),
    /// The server stops, and the stream ends.
    Shutdown,
    /// A message that this version does not know.
    Unknown {
        /// Its type.
        event: String,
        /// Its text.
        data: String,
    },
}

impl GameEvent {
    /// Reads a message of the stream: its type, and its data.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) or [`NOT_JSON`](sdk_core::error::codes::NOT_JSON) when the
    /// type is known and the data is not as it should be.
    pub fn decode(event: &str, data: &str) -> Result<Self> {
        let hint = || -> Result<GameHint> {
            let mut hint: GameHint = wire::decode(data, event)?;
            // The type once more.
            hint.extra.0.remove("type");
            Ok(hint)
        };
        Ok(match event {
            "connected" => Self::Connected(hint()?),
            "game_changed" => Self::Changed(hint()?),
            "shutdown" => Self::Shutdown,
            _ => Self::Unknown { event: event.to_owned(), data: data.to_owned() },
        })
    }

    /// How the game stands, where it is told.
    pub fn hint(&self) -> Option<&GameHint> {
        match self {
            Self::Connected(hint) | Self::Changed(hint) => Some(hint),
            Self::Shutdown | Self::Unknown { .. } => None,
        }
    }
}

open_struct! {
    /// How a game stood when an event was sent. It is a hint: what counts is the state.
    pub struct GameHint {
        /// The internal id.
        pub game_id: GameId,
        /// The public code.
        pub game_code: Option<GameCode>,
        /// Whether it waits, is played or is over.
        pub state: GameStatus,
        /// Whose turn it is.
        pub turn: Option<Color>,
        /// The moves of both sides that are done, plus one.
        pub move_number: u32,
        /// When it changed.
        pub updated_at: Option<Timestamp>,
    }
}
