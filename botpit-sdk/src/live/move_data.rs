//! A move, ready to be sent.

use sdk_core::error::{Error, Result};
use sdk_core::wire::Text;
use serde::Serialize;

use crate::games::{
    blotto, coinflip, crash, dice_duel, hi_lo, high_card_duel, math_duel, mines, reaction_ring, rps,
};
use crate::model::MatchId;

/// A move as JSON: what a turn is answered with.
///
/// Every typed move turns into one, so a handler for rock paper scissors ends with `Ok(Choice::Rock.into())`. For a game
/// that has no types here, use [`MoveData::raw`].
///
/// ```
/// use botpit_sdk::MoveData;
/// use botpit_sdk::games::rps::Choice;
///
/// assert_eq!(MoveData::from(Choice::Rock).as_json(), r#"{"choice":"rock"}"#);
/// assert_eq!(MoveData::raw(r#"{"tiles":8}"#)?.as_json(), r#"{"tiles":8}"#);
/// # Ok::<(), botpit_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveData(Box<str>);

impl MoveData {
    /// A move of any type that serialises.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) when it does not serialise.
    pub fn of(answer: &impl Serialize) -> Result<Self> {
        let json = serde_json::to_string(answer).map_err(|cause| {
            Error::invalid_argument("move_data", "the move cannot be written as JSON").with_source(cause)
        })?;
        Ok(Self(json.into()))
    }

    /// A move as JSON text.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) when it is not JSON.
    pub fn raw(json: &str) -> Result<Self> {
        serde_json::from_str::<serde::de::IgnoredAny>(json).map_err(|cause| {
            Error::invalid_argument("move_data", "a raw move is not JSON").with_source(cause)
        })?;
        Ok(Self(json.trim().into()))
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The whole `make_move` message (spec, "Gameplay").
    pub(crate) fn frame(&self, match_id: &MatchId) -> Text {
        const HEAD: &str = r#"{"type":"make_move","match_id":"#;
        const DATA: &str = r#","move_data":"#;
        let id = match_id.as_str();
        let mut text = String::with_capacity(HEAD.len() + DATA.len() + id.len() + self.0.len() + 3);
        text.push_str(HEAD);
        if id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
            text.push('"');
            text.push_str(id);
            text.push('"');
        } else {
            // A text always serialises.
            text.push_str(&serde_json::to_string(id).unwrap_or_default());
        }
        text.push_str(DATA);
        text.push_str(&self.0);
        text.push('}');
        text.into()
    }
}

/// The JSON form of a game's choice, written down rather than serialised: it cannot fail.
macro_rules! from_choice {
    ($choice:ty, $answer:ty, $field:ident, $template:literal) => {
        impl From<$choice> for MoveData {
            fn from($field: $choice) -> Self {
                Self(format!($template).into())
            }
        }

        impl From<$answer> for MoveData {
            fn from(answer: $answer) -> Self {
                answer.$field.into()
            }
        }
    };
}

from_choice!(rps::Choice, rps::Move, choice, r#"{{"choice":"{choice}"}}"#);
from_choice!(coinflip::Face, coinflip::Move, choice, r#"{{"choice":"{choice}"}}"#);
from_choice!(hi_lo::Guess, hi_lo::Move, guess, r#"{{"guess":"{guess}"}}"#);
from_choice!(dice_duel::Action, dice_duel::Move, action, r#"{{"action":"{action}"}}"#);
from_choice!(high_card_duel::Action, high_card_duel::Move, action, r#"{{"action":"{action}"}}"#);
from_choice!(crash::CashOut, crash::Move, cashout, r#"{{"cashout":{cashout}}}"#);
from_choice!(mines::Tiles, mines::Move, tiles, r#"{{"tiles":{tiles}}}"#);
from_choice!(reaction_ring::Guess, reaction_ring::Move, guess, r#"{{"guess":{guess}}}"#);
from_choice!(blotto::Bid, blotto::Move, bid, r#"{{"bid":{bid}}}"#);

impl From<math_duel::Move> for MoveData {
    fn from(math_duel::Move { answer }: math_duel::Move) -> Self {
        Self(format!(r#"{{"answer":{answer}}}"#).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_the_specs() {
        // spec, "Gameplay": "Client -> Server: Submit your move", without its blanks
        let expected = r#"{"type":"make_move","match_id":"match-uuid","move_data":{"choice":"rock"}}"#;
        let data = MoveData::raw(r#"{"choice":"rock"}"#).unwrap();
        assert_eq!(data.frame(&MatchId::from("match-uuid")).as_str(), expected);
    }

    #[test]
    fn an_id_that_needs_escapes_gets_them() {
        let data = MoveData::raw("{}").unwrap();
        let frame = data.frame(&MatchId::from("a\"b\\c\n"));
        let value: serde_json::Value = serde_json::from_str(frame.as_str()).unwrap();
        assert_eq!(value["match_id"], "a\"b\\c\n");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        assert_eq!(MoveData::raw("{").unwrap_err().field(), Some("move_data"));
    }
}
