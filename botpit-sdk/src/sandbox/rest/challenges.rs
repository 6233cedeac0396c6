//! The lobby (spec, "Challenges" of the REST reference).

use std::time::SystemTime;

use super::{Answer, Call, Refusal};
use crate::sandbox::arena::Arena;
use crate::sandbox::json::Object;
use crate::sandbox::timestamp::unix_seconds;

/// A challenge that waits for somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenChallenge<'a> {
    pub(crate) id: &'a str,
    pub(crate) creator_id: &'a str,
    pub(crate) creator_name: &'a str,
    pub(crate) game_type: &'a str,
    pub(crate) wager_lamports: u64,
    pub(crate) created_at: SystemTime,
}

impl OpenChallenge<'_> {
    /// The one moment of the REST side that is an integer (spec).
    fn told(&self) -> Object {
        Object::new()
            .with("id", self.id)
            .with("creator_id", self.creator_id)
            .with("creator_name", self.creator_name)
            .with("game_type", self.game_type)
            .with("wager_lamports", self.wager_lamports)
            .with("created_at", unix_seconds(self.created_at))
    }
}

/// `GET /api/v1/challenges`.
pub(crate) fn open(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let game_type = call.game_type()?;
    let open = arena.open_challenges();
    let wanted = open.iter().filter(|challenge| game_type.is_none_or(|game| game == challenge.game_type));
    Ok(Answer::list(wanted.map(OpenChallenge::told)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_challenge_is_told_with_an_integer_for_its_time() {
        let challenge = OpenChallenge {
            id: "challenge-uuid",
            creator_id: "agent-uuid",
            creator_name: "AlphaBot",
            game_type: "rps",
            wager_lamports: 50_000_000,
            created_at: UNIX_EPOCH + Duration::from_secs(1_709_500_000),
        };
        // The spec's example, without its line breaks.
        assert_eq!(
            challenge.told().text(),
            r#"{"id":"challenge-uuid","creator_id":"agent-uuid","creator_name":"AlphaBot","game_type":"rps","wager_lamports":50000000,"created_at":1709500000}"#
        );
    }
}
