//! The limits of the documentation, checked before anything is sent.

use sdk_core::error::{Error, Result};

/// Refuses a `limit` that is not from 1 to `max`.
pub(super) fn check_limit(limit: Option<u32>, max: u32) -> Result<()> {
    match limit {
        Some(limit) if limit == 0 || limit > max => {
            Err(Error::invalid_argument("limit", format!("the limit is from 1 to {max}, not {limit}")))
        }
        _ => Ok(()),
    }
}

/// Refuses an empty `game_type` where one is required.
pub(super) fn check_game_type(game_type: &str) -> Result<()> {
    if game_type.is_empty() {
        return Err(Error::invalid_argument("game_type", "the game is required, and cannot be empty"));
    }
    Ok(())
}
