//! The names of games and bots. A game has two, and they are two types: joining takes the code only.

use std::fmt;
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use sdk_core::wire::excerpt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! checked_id {
    ($(#[$meta:meta])* pub struct $name:ident($field:literal, $check:expr, $fold:expr, $rule:literal);) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let check: fn(&str) -> bool = $check;
                let fold: fn(&str) -> String = $fold;
                let folded = fold(text);
                if !check(&folded) {
                    let message = format!("{} is not {}", excerpt(text), $rule);
                    return Err(Error::invalid_argument($field, message));
                }
                Ok(Self(folded.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            // What the platform says is taken as it is: its ids may change their form.
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|text| Self(text.into()))
            }
        }
    };
}

fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_code(text: &str) -> bool {
    let known = |byte: u8| matches!(byte, b'2'..=b'9' | b'A'..=b'Z') && !b"ILO".contains(&byte);
    text.len() == 6 && text.bytes().all(known)
}

checked_id! {
    /// A game's internal id, 24 hexadecimal digits: every call takes it but [`join`](crate::Client::join).
    ///
    /// ```
    /// use kriegspiel_sdk::model::GameId;
    ///
    /// let id: GameId = "67eb10247d7e92c4e2f9c456".parse()?;
    /// assert!("K2Q9MJ".parse::<GameId>().is_err());
    /// # Ok::<(), kriegspiel_sdk::Error>(())
    /// ```
    pub struct GameId("game_id", is_object_id, str::to_owned, "a game id of 24 hexadecimal digits");
}

checked_id! {
    /// A game's public code, six letters and digits without `0`, `1`, `I`, `L` and `O`: every call takes it. Small letters
    /// are made capital.
    ///
    /// ```
    /// use kriegspiel_sdk::model::GameCode;
    ///
    /// let code: GameCode = "k2q9mj".parse()?;
    /// assert_eq!(code.as_str(), "K2Q9MJ");
    /// assert!("67eb10247d7e92c4e2f9c456".parse::<GameCode>().is_err());
    /// # Ok::<(), kriegspiel_sdk::Error>(())
    /// ```
    pub struct GameCode("game_code", is_code, str::to_ascii_uppercase, "a game code of six letters and digits");
}

checked_id! {
    /// A bot's id, 24 hexadecimal digits.
    pub struct BotId("bot_id", is_object_id, str::to_owned, "a bot id of 24 hexadecimal digits");
}

/// Either name of a game: what the spec calls `game_ref`.
///
/// ```
/// use kriegspiel_sdk::model::GameRef;
///
/// assert!(matches!("K2Q9MJ".parse()?, GameRef::Code(_)));
/// assert!(matches!("67eb10247d7e92c4e2f9c456".parse()?, GameRef::Id(_)));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GameRef {
    /// By its internal id.
    Id(GameId),
    /// By its public code.
    Code(GameCode),
}

impl GameRef {
    /// Its text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Code(code) => code.as_str(),
        }
    }
}

impl FromStr for GameRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self::Id).or_else(|_| text.parse().map(Self::Code)).map_err(|_: Error| {
            let message = format!("{} is neither a game id nor a game code", excerpt(text));
            Error::invalid_argument("game_ref", message)
        })
    }
}

impl fmt::Display for GameRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<GameId> for GameRef {
    fn from(id: GameId) -> Self {
        Self::Id(id)
    }
}

impl From<GameCode> for GameRef {
    fn from(code: GameCode) -> Self {
        Self::Code(code)
    }
}

impl From<&GameId> for GameRef {
    fn from(id: &GameId) -> Self {
        Self::Id(id.clone())
    }
}

impl From<&GameCode> for GameRef {
    fn from(code: &GameCode) -> Self {
        Self::Code(code.clone())
    }
}

impl From<&GameRef> for GameRef {
    fn from(game: &GameRef) -> Self {
        game.clone()
    }
}
