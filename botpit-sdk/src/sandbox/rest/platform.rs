//! The platform as a whole (spec, "Platform Stats").

use super::{Answer, Call, Refusal};
use crate::sandbox::arena::Arena;
use crate::sandbox::json::Object;

/// `GET /api/v1/stats`.
pub(crate) fn stats(arena: &mut Arena, _: &Call<'_>) -> Result<Answer, Refusal> {
    let (active_matches, connected_agents) = arena.stats();
    Ok(Answer::ok(
        &Object::new().with("active_matches", active_matches).with("connected_agents", connected_agents),
    ))
}
