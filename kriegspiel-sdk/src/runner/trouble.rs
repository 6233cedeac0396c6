//! What a failed call means for the bot.

use sdk_core::error::{Error, ErrorKind};

use crate::codes;
use crate::model::ErrorCode;

/// What to do after a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Stop: the token is refused, or the client is misbuilt. Trying again cannot help.
    Fatal,
    /// There is no such game any more: expired, deleted, or over and archived.
    Gone,
    /// The platform does not let the bot do this.
    Forbidden,
    /// What the bot knew is old: read the state.
    Stale,
    /// The network or the platform is in trouble: back off, and poll again.
    Wait,
}

/// What a failed call means.
pub(super) fn of(error: &Error) -> Trouble {
    match error.platform_code() {
        Some(ErrorCode::GameNotFound) => return Trouble::Gone,
        Some(ErrorCode::GameNotActive | ErrorCode::NotYourTurn | ErrorCode::ActionNotAvailable) => {
            return Trouble::Stale;
        }
        Some(ErrorCode::Forbidden) => return Trouble::Forbidden,
        _ => {}
    }
    if *error.code() == codes::NOT_POSSIBLE_NOW {
        return Trouble::Stale;
    }
    match (error.status(), error.kind()) {
        (Some(401), _) => Trouble::Fatal,
        (Some(403), _) => Trouble::Forbidden,
        (Some(404), _) => Trouble::Gone,
        (None, ErrorKind::Misuse | ErrorKind::Closed) => Trouble::Fatal,
        _ => Trouble::Wait,
    }
}

#[cfg(test)]
mod tests {
    use sdk_core::error::codes as shared;

    use super::*;

    #[test]
    fn every_kind_of_failure_has_its_answer() {
        let rejected = |status: u16, code: &str| {
            Error::new(&shared::REJECTED, "no").with_status(status).with_platform_code(code)
        };
        for (error, trouble) in [
            (rejected(404, "GAME_NOT_FOUND"), Trouble::Gone),
            (rejected(400, "GAME_NOT_ACTIVE"), Trouble::Stale),
            (rejected(400, "NOT_YOUR_TURN"), Trouble::Stale),
            (rejected(400, "ACTION_NOT_AVAILABLE"), Trouble::Stale),
            (rejected(403, "FORBIDDEN"), Trouble::Forbidden),
            (rejected(409, "ARCHIVE_WRITE_MISMATCH"), Trouble::Wait),
            (Error::new(&shared::AUTH_REJECTED, "no").with_status(401), Trouble::Fatal),
            (Error::new(&shared::HTTP_STATUS, "no").with_status(403), Trouble::Forbidden),
            (Error::new(&shared::HTTP_STATUS, "no").with_status(404), Trouble::Gone),
            (Error::new(&shared::HTTP_STATUS, "no").with_status(500), Trouble::Wait),
            (Error::new(&shared::RATE_LIMITED, "no").with_status(429), Trouble::Wait),
            (Error::new(&shared::NOT_JSON, "no").with_status(200), Trouble::Wait),
            (Error::new(&shared::CONNECT_FAILED, "no"), Trouble::Wait),
            (Error::new(&shared::HTTP_TIMEOUT, "no"), Trouble::Wait),
            (Error::new(&codes::NOT_POSSIBLE_NOW, "no"), Trouble::Stale),
            (Error::invalid_config("url", "no"), Trouble::Fatal),
        ] {
            assert_eq!(of(&error), trouble, "{error}");
        }
    }
}
