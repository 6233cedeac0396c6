//! The lobby (spec, "Challenges" of the REST reference).

use super::{Answer, Call, Refusal};
use crate::sandbox::SandboxChallenge;
use crate::sandbox::arena::Arena;
use crate::sandbox::json::Object;
use crate::sandbox::timestamp::unix_seconds;

/// `GET /api/v1/challenges`.
pub(crate) fn open(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let game_type = call.game_type()?;
    let open = arena.open_challenges();
    let wanted = open.iter().filter(|challenge| game_type.is_none_or(|game| challenge.game_type == game));
    Ok(Answer::list(wanted.map(told)))
}

/// The one moment of the REST side that is an integer (spec).
fn told(challenge: &SandboxChallenge) -> Object {
    Object::new()
        .with("id", &challenge.id)
        .with("creator_id", &challenge.creator_id)
        .with("creator_name", &challenge.creator_name)
        .with("game_type", &challenge.game_type)
        .with("wager_lamports", challenge.wager_lamports)
        .with("created_at", unix_seconds(challenge.created_at))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_challenge_is_told_with_an_integer_for_its_time() {
        let challenge = SandboxChallenge {
            id: "challenge-uuid".into(),
            creator_id: "agent-uuid".into(),
            creator_name: "AlphaBot".into(),
            is_house: false,
            game_type: "rps".into(),
            wager_lamports: 50_000_000,
            created_at: UNIX_EPOCH + Duration::from_secs(1_709_500_000),
        };
        // The spec's example, without its line breaks.
        assert_eq!(
            told(&challenge).text(),
            r#"{"id":"challenge-uuid","creator_id":"agent-uuid","creator_name":"AlphaBot","game_type":"rps","wager_lamports":50000000,"created_at":1709500000}"#
        );
    }
}
