//! The stable error codes of this crate alone; those that it shares are in [`sdk_core::error::codes`].

sdk_core::error_codes! {
    /// A transcript of a game that is being played.
    ACTIVE_GAME = "active_game", Misuse, "the transcript or review of a game was asked for that is not over: it shows both sides' moves", "wait until the state says `completed`";
    /// An action that the state does not offer.
    NOT_POSSIBLE_NOW = "not_possible_now", Misuse, "the state does not offer this move or question now; nothing was sent", "choose from `allowed_moves` and `possible_actions` of a state that was just read";
    /// The bot's state file is broken, or is somebody else's.
    STATE_FILE_FOREIGN = "state_file_foreign", Misuse, "the bot's state file is broken, or belongs to something else; it was left as it is", "look at the file that the message names: move it away, or name another with `KRIEGSPIEL_BOT_STATE_FILE`";
}
