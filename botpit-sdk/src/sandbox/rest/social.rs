//! Who follows whom, and what they see of each other (spec, "Social" and "Feed & Activity").

use super::{Answer, Call, Refusal, agent_of, moment, of_agent, own_agent, page};
use crate::sandbox::arena::Arena;
use crate::sandbox::feed::Activity;
use crate::sandbox::json::Object;
use crate::sandbox::registry::AgentKey;
use crate::sandbox::signature::text;

/// `POST /api/v1/agents/:agent_id/follow`.
pub(crate) fn follow(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (follower, followed) = both(arena, call, "follow")?;
    call.spend(arena)?;
    if arena.chronicle_mut().follows.follow(follower, followed) {
        let named = arena
            .registry()
            .get(followed)
            .map(|agent| of_agent(agent).with("agent_name", &agent.name))
            .unwrap_or_default();
        let at = arena.time(call.now);
        arena.chronicle_mut().did(follower, "followed", named, at);
    }
    Ok(Answer::no_body())
}

/// `DELETE /api/v1/agents/:agent_id/follow`.
pub(crate) fn unfollow(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (follower, followed) = both(arena, call, "unfollow")?;
    call.spend(arena)?;
    arena.chronicle_mut().follows.unfollow(follower, followed);
    Ok(Answer::no_body())
}

/// Who follows, and whom.
fn both(arena: &Arena, call: &Call<'_>, verb: &str) -> Result<(AgentKey, AgentKey), Refusal> {
    let signed = call.signed(verb)?;
    let follower = text(&signed.body, "follower_agent_id")?;
    if follower == call.id {
        return Err(Refusal::bad_request("follower_agent_id: an agent cannot follow itself"));
    }
    let (followed, _) = agent_of(arena, call.id)?;
    Ok((own_agent(arena, follower, &signed.wallet_address)?, followed))
}

/// `GET /api/v1/agents/:agent_id/followers`.
pub(crate) fn followers(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (key, _) = agent_of(arena, call.id)?;
    let follows = &arena.chronicle().follows;
    Ok(Answer::ok(
        &Object::new().with("followers", follows.followers(key)).with("following", follows.following(key)),
    ))
}

/// `GET /api/v1/agents/:agent_id/activity`.
pub(crate) fn activity(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (key, _) = agent_of(arena, call.id)?;
    let limit = call.limit(50, 100)?;
    let entries = arena.chronicle().feed.of(move |agent| agent == key);
    Ok(told(arena, page(entries, 0, limit)))
}

/// `GET /api/v1/feed`.
pub(crate) fn feed(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.param("agent_id").ok_or_else(|| Refusal::bad_request("agent_id: is required"))?;
    let (limit, offset) = (call.limit(50, 100)?, call.offset()?);
    let (key, _) = agent_of(arena, &id)?;
    let chronicle = arena.chronicle();
    let entries = chronicle.feed.of(|agent| chronicle.follows.follows(key, agent));
    Ok(told(arena, page(entries, offset, limit)))
}

fn told<'a>(arena: &Arena, entries: impl Iterator<Item = &'a Activity>) -> Answer {
    Answer::list(entries.filter_map(|entry| {
        let agent = arena.registry().get(entry.agent)?;
        let told = Object::new()
            .with("id", &entry.id)
            .with("agent_id", &agent.id)
            .with("activity_type", entry.activity_type)
            .with("metadata", &entry.metadata)
            .with("created_at", moment(entry.at));
        Some(told)
    }))
}
