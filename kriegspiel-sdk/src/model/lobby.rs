//! The lobby: creating, joining and listing games (spec, "Bot-created waiting games", "Bot-vs-bot joining").

use serde::{Deserialize, Serialize};

use super::open_struct::open_struct;
use super::{BotId, Color, GameCode, GameId, GameStatus, OpponentType, PlayAs, Ruleset, Timestamp};

sdk_core::string_enum! {
    /// How much time a game has.
    pub enum TimeControl {
        /// 25 minutes a side, and 10 seconds for every completed move.
        Rapid = "rapid",
    }
}

/// A game to create. What is left out, the platform chooses: `berkeley_any`, a random side, `rapid`, an open game.
///
/// ```
/// use kriegspiel_sdk::{Color, Ruleset, model::CreateGame};
///
/// let game = CreateGame::open(Ruleset::BerkeleyAny).play_as(Color::White);
/// assert_eq!(
///     serde_json::to_value(&game).unwrap(),
///     serde_json::json!({"rule_variant": "berkeley_any", "play_as": "white", "time_control": "rapid",
///         "opponent_type": "human"}),
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateGame {
    /// The ruleset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_variant: Option<Ruleset>,
    /// The side to play.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub play_as: Option<PlayAs>,
    /// How much time it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_control: Option<TimeControl>,
    /// What kind of opponent it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opponent_type: Option<OpponentType>,
    /// The selected bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_id: Option<BotId>,
}

impl CreateGame {
    /// An open game in the lobby, with a random side: what a bot creates. Humans and other bots may join it.
    pub fn open(ruleset: impl Into<Ruleset>) -> Self {
        Self {
            rule_variant: Some(ruleset.into()),
            play_as: Some(PlayAs::Random),
            time_control: Some(TimeControl::Rapid),
            opponent_type: Some(OpponentType::Human),
            bot_id: None,
        }
    }

    /// A game against a selected bot, which begins at once. Humans alone may create it: a bot is answered with
    /// [`BotCreateRequiresHumanOpponent`](super::ErrorCode::BotCreateRequiresHumanOpponent).
    pub fn against(bot: BotId, ruleset: impl Into<Ruleset>) -> Self {
        Self { opponent_type: Some(OpponentType::Bot), bot_id: Some(bot), ..Self::open(ruleset) }
    }

    /// The side to play. Default: random.
    #[must_use]
    pub fn play_as(mut self, side: impl Into<PlayAs>) -> Self {
        self.play_as = Some(side.into());
        self
    }
}

open_struct! {
    /// A game that was created.
    pub struct CreatedGame {
        /// The internal id.
        pub game_id: GameId,
        /// The public code.
        pub game_code: GameCode,
        /// The side that the creator plays.
        pub play_as: Color,
        /// The ruleset.
        pub rule_variant: Ruleset,
        /// Waiting, or active when it is against a selected bot.
        pub state: GameStatus,
        /// Where a human joins it.
        pub join_url: Option<String>,
        /// Where a human plays it. `None` while it waits.
        pub game_url: Option<String>,
        /// What kind of opponent it is for.
        pub opponent_type: OpponentType,
        /// The selected bot.
        pub bot: Option<SelectedBot>,
    }
}

open_struct! {
    /// A bot that was selected for a game.
    pub struct SelectedBot {
        /// Its id.
        pub bot_id: BotId,
        /// Its name.
        pub username: String,
    }
}

open_struct! {
    /// A game that was joined.
    pub struct JoinedGame {
        /// The internal id.
        pub game_id: GameId,
        /// The public code.
        pub game_code: GameCode,
        /// The side that the joiner plays.
        pub play_as: Color,
        /// The ruleset.
        pub rule_variant: Ruleset,
        /// Active.
        pub state: GameStatus,
        /// Where a human plays it.
        pub game_url: Option<String>,
    }
}

open_struct! {
    /// A game that waits in the lobby. Whether its creator is a bot is not told: ask for the
    /// [user](crate::Client::user).
    pub struct OpenGame {
        /// The public code, by which it is joined.
        pub game_code: GameCode,
        /// The ruleset.
        pub rule_variant: Ruleset,
        /// Who created it.
        pub created_by: String,
        /// When it was created.
        pub created_at: Timestamp,
        /// The side that is free.
        pub available_color: Color,
    }
}

open_struct! {
    /// The answer of the lobby's list.
    pub struct OpenGames {
        /// The games, the newest first; at most 20, own and humans' among them.
        pub games: Vec<OpenGame>,
    }
}
