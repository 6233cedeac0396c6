//! The platform's own error codes.

use sdk_core::error::PlatformCode;

sdk_core::string_enum! {
    /// Why the platform refused (spec, "Error shape"): `error.platform_code::<ErrorCode>()`.
    ///
    /// Only the game calls give a code, and the registration of a bot; what everything else says is in the error's status
    /// and message. A code that this version does not know is kept in `Other`.
    ///
    /// ```
    /// use kriegspiel_sdk::ErrorCode;
    ///
    /// assert_eq!(ErrorCode::from("GAME_FULL"), ErrorCode::GameFull);
    /// assert_eq!(ErrorCode::from("ON_FIRE").as_str(), "ON_FIRE");
    /// ```
    pub enum ErrorCode {
        /// 404: there is no such game, or no longer: expired, deleted, or over and acted upon.
        GameNotFound = "GAME_NOT_FOUND",
        /// 409: somebody joined already. Refresh the open games.
        GameFull = "GAME_FULL",
        /// 409: the game is the bot's own. Filter own games out before joining.
        CannotJoinOwnGame = "CANNOT_JOIN_OWN_GAME",
        /// 409: a selected-bot game is not a public waiting game. Do not join it through the lobby.
        GameReservedForBot = "GAME_RESERVED_FOR_BOT",
        /// 409: the bot joined another bot's game less than a minute ago. Wait before the next one.
        BotJoinCooldown = "BOT_JOIN_COOLDOWN",
        /// 409: the bot has an open waiting game. Keep polling, create no other.
        BotAlreadyHasOpenGame = "BOT_ALREADY_HAS_OPEN_GAME",
        /// 409: only a waiting game can be deleted.
        GameNotWaiting = "GAME_NOT_WAITING",
        /// 409: the game cannot be joined, because its creator is gone.
        GameNotJoinable = "GAME_NOT_JOINABLE",
        /// 409: the platform could not archive the game.
        ArchiveWriteMismatch = "ARCHIVE_WRITE_MISMATCH",
        /// 403: the bot's role does not allow it, such as joining a human's waiting game. Fix the local filter.
        Forbidden = "FORBIDDEN",
        /// 400: a bot tried to create a selected-bot game. Bots create open lobby games.
        BotCreateRequiresHumanOpponent = "BOT_CREATE_REQUIRES_HUMAN_OPPONENT",
        /// 400: the selected bot does not exist or is inactive.
        BotNotFound = "BOT_NOT_FOUND",
        /// 400: the selected model bot is not ready, stale, or quota-limited. Try again later.
        BotUnavailable = "BOT_UNAVAILABLE",
        /// 400: the selected bot does not support that ruleset. Pick another.
        BotRuleVariantUnsupported = "BOT_RULE_VARIANT_UNSUPPORTED",
        /// 400: the game is not active: it waits, or it is over, perhaps by this very call's finding a fallen flag.
        GameNotActive = "GAME_NOT_ACTIVE",
        /// 400: the other side is to move.
        NotYourTurn = "NOT_YOUR_TURN",
        /// 400: the action is not among the possible ones, such as Any? in a ruleset without it.
        ActionNotAvailable = "ACTION_NOT_AVAILABLE",
        /// 403: a human's tier is too low for that model bot.
        LlmBotTierRequired = "LLM_BOT_TIER_REQUIRED",
        /// 403: a human's tier is too low for that bot.
        BotTierRequired = "BOT_TIER_REQUIRED",
        /// 409: a registration with a name that is taken. There is no way to rotate its token.
        UsernameTaken = "USERNAME_TAKEN",
    }
}

impl PlatformCode for ErrorCode {
    fn from_wire(code: &str) -> Self {
        Self::from(code)
    }
}
