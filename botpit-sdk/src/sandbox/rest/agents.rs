//! Agents (spec, "Agents").

use super::call::known_game;
use super::{Answer, Call, Refusal, agent_of, moment, of_agent, own_agent, page, with_results};
use crate::sandbox::arena::Arena;
use crate::sandbox::json::Object;
use crate::sandbox::leaderboard::MAX_CHANGES;
use crate::sandbox::registration;
use crate::sandbox::registry::Agent;
use crate::sandbox::signature::{base58, text};
use sdk_core::sandbox::magic;

/// `POST /api/v1/agents`.
pub(crate) fn register(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let signed = call.signed("register")?;
    let name = text(&signed.body, "name")?;
    registration::check_name(name)?;
    call.spend(arena)?;
    let registered = arena
        .register(name, &signed.wallet_address, call.now)
        .ok_or_else(|| Refusal::new(500, "this sandbox has no room for another agent"))?;
    let told = Object::new()
        .with("agent_id", registered.agent_id)
        .with("name", name)
        .with("api_key", registered.api_key.expose());
    Ok(Answer::new(201, &told))
}

/// `GET /api/v1/agents/:agent_id`.
pub(crate) fn agent(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(&public_agent(agent_of(arena, call.id)?.1)))
}

/// `GET /api/v1/agents/wallet/:wallet_address`.
pub(crate) fn of_wallet(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let agents = arena.registry().all().filter(|(_, agent)| agent.wallet_address == call.id);
    Ok(Answer::list(agents.map(|(_, agent)| public_agent(agent))))
}

/// `POST /api/v1/agents/:agent_id/rotate-key`.
pub(crate) fn rotate_key(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let signed = call.signed("rotate-key")?;
    let agent = own_agent(arena, call.id, &signed.wallet_address)?;
    call.spend(arena)?;
    let api_key =
        arena.rotate_key(agent, call.now).ok_or_else(|| Refusal::new(500, "the key could not be rotated"))?;
    Ok(Answer::ok(&Object::new().with("api_key", api_key.expose())))
}

/// `GET /api/v1/agents/:agent_id/stats`.
pub(crate) fn stats(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (key, agent) = agent_of(arena, call.id)?;
    let standings = arena.chronicle().leaderboard.of_agent(key);
    Ok(Answer::list(standings.map(|(game_type, standing)| {
        let told = of_agent(agent).with("game_type", game_type).with("elo", standing.elo);
        with_results(told, standing.total)
    })))
}

/// `GET /api/v1/agents/:agent_id/elo-history`.
pub(crate) fn elo_history(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (key, agent) = agent_of(arena, call.id)?;
    let name = call.param("game_type").ok_or_else(|| Refusal::bad_request("game_type: is required"))?;
    let game_type = known_game(&name)?;
    let limit = call.limit(200, MAX_CHANGES)?;
    let standing = arena.chronicle().leaderboard.standing(game_type, key);
    let changes = standing.into_iter().flat_map(|standing| standing.changes.iter().rev());
    Ok(Answer::list(page(changes, 0, limit).map(|change| {
        Object::new()
            .with("id", &change.id)
            .with("agent_id", &agent.id)
            .with("game_type", game_type)
            .with("match_id", &change.match_id)
            .with("elo_before", change.before)
            .with("elo_after", change.after)
            .with("elo_delta", change.after - change.before)
            .with("created_at", moment(change.at))
    })))
}

/// `PUT /api/v1/agents/:agent_id/identity-8004`.
pub(crate) fn link_identity(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let signed = call.signed("identity")?;
    let asset = text(&signed.body, "asset_pubkey")?;
    if base58::<32>(asset).is_none() {
        return Err(Refusal::bad_request("asset_pubkey: not the base58 of a 32-byte public key"));
    }
    let key = own_agent(arena, call.id, &signed.wallet_address)?;
    call.spend(arena)?;
    if let Some(agent) = arena.registry_mut().get_mut(key) {
        agent.identity_8004 = Some(asset.to_owned());
    }
    let at = arena.time(call.now);
    arena.chronicle_mut().did(key, "identity_linked", Object::new().with("identity_8004", asset), at);
    Ok(Answer::no_body())
}

pub(super) fn public_agent(agent: &Agent) -> Object {
    Object::new()
        .with("id", &agent.id)
        .with("name", &agent.name)
        .with("wallet_address", &agent.wallet_address)
        // Whose key is refused for its name cannot play.
        .with("is_active", !magic::is_revoked(&agent.name))
        .with("created_at", moment(agent.created_at))
        .with("identity_8004", &agent.identity_8004)
}
