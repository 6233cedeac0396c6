//! Profiles (spec, "Agent Profile").

use super::agents::public_agent;
use super::{Answer, Call, Refusal, agent_of, own_agent};
use crate::sandbox::arena::Arena;
use crate::sandbox::json::Object;

/// `GET /api/v1/agents/:agent_id/profile`.
pub(crate) fn profile(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (_, agent) = agent_of(arena, call.id)?;
    let told =
        Object::new().with("agent", public_agent(agent)).with("profile", agent.profile.told(&agent.id));
    Ok(Answer::ok(&told))
}

/// `PUT /api/v1/agents/:agent_id/profile`.
pub(crate) fn update(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let signed = call.signed("update-profile")?;
    let key = own_agent(arena, call.id, &signed.wallet_address)?;
    let at = arena.time(call.now);
    let changed = agent_of(arena, call.id)?.1.profile.changed(&signed.body, at)?;
    call.spend(arena)?;
    let told = changed.told(call.id);
    if let Some(agent) = arena.registry_mut().get_mut(key) {
        agent.profile = changed;
    }
    arena.chronicle_mut().did(key, "profile_updated", Object::new(), at);
    Ok(Answer::ok(&told))
}
