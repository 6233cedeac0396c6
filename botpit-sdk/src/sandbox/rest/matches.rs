//! Matches, replays and proofs (spec, "Matches").

use super::{Answer, Call, Refusal, agent_of, moment, page};
use crate::sandbox::arena::Arena;
use crate::sandbox::games::{Pair, Side};
use crate::sandbox::json::Object;
use crate::sandbox::match_state::Match;
use crate::sandbox::replay::Finished;

/// What to do with a proof, in the words of the spec.
const INSTRUCTIONS: &str = "Hash the server_seed with SHA-256 and compare to server_seed_hash. Replay each round using seed + \
                            moves to verify outcome.";

/// `GET /api/v1/agents/:agent_id/matches`.
pub(crate) fn of_agent(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let (key, _) = agent_of(arena, call.id)?;
    let (limit, offset) = (call.limit(50, 100)?, call.offset()?);
    Ok(Answer::list(page(arena.chronicle().replays.of_agent(key), offset, limit).map(completed)))
}

/// `GET /api/v1/matches`.
pub(crate) fn active(arena: &mut Arena, _: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::list(arena.open_matches().into_iter().map(|open| {
        let told = Object::new().with("id", &open.record.id);
        being_played(told, open)
    })))
}

/// `GET /api/v1/matches/:match_id`.
pub(crate) fn one(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    if let Some(open) = arena.match_in_progress(call.id) {
        let told = Object::new().with("id", &open.record.id).with("status", "active");
        return Ok(Answer::ok(&being_played(told, open)));
    }
    Ok(Answer::ok(&completed(finished(arena, call)?)))
}

/// `GET /api/v1/matches/:match_id/replay`.
pub(crate) fn replay(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let finished = finished(arena, call)?;
    let agents = &finished.agents;
    let record = head(finished)
        .with("agent_a_name", &agents.a.1)
        .with("agent_b_name", &agents.b.1)
        .with("winner", finished.winner_id())
        .with("wager_lamports", finished.wager_lamports)
        .with("server_seed_hash", &finished.server_seed_hash);
    let told = Object::new()
        .with("match", with_times(record, finished))
        .with("moves", moves(finished))
        .with("rounds", &finished.rounds);
    Ok(Answer::ok(&told))
}

/// `GET /api/v1/matches/:match_id/proof`.
pub(crate) fn proof(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let finished = finished(arena, call)?;
    let verification = Object::new()
        .with("server_seed_hash", &finished.server_seed_hash)
        .with("server_seed", &finished.server_seed)
        .with("instructions", INSTRUCTIONS);
    let told = Object::new()
        .with("match", completed(finished))
        .with("moves", moves(finished))
        .with("verification", verification);
    Ok(Answer::ok(&told))
}

fn finished<'a>(arena: &'a Arena, call: &Call<'_>) -> Result<&'a Finished, Refusal> {
    arena.chronicle().replays.find(call.id).ok_or_else(|| {
        if arena.match_in_progress(call.id).is_some() {
            Refusal::not_found("this match is being played: replay and proof are there after its end")
        } else {
            Refusal::not_found("match not found")
        }
    })
}

/// The rest of an active match, after its id, and its status where that is told.
fn being_played(told: Object, open: &Match) -> Object {
    let record = &open.record;
    let Pair { a, b } = &record.players;
    told.with("game_type", &record.game_type)
        .with("agent_a", &a.agent_id)
        .with("agent_b", &b.agent_id)
        .with("wager_lamports", record.wager_lamports)
        .with("round", open.round())
        .with("is_showcase", a.is_house && b.is_house)
}

/// A completed match, with its seed.
fn completed(finished: &Finished) -> Object {
    let told = head(finished)
        .with("winner", finished.winner_id())
        .with("wager_lamports", finished.wager_lamports)
        .with("server_seed_hash", &finished.server_seed_hash)
        .with("server_seed", &finished.server_seed);
    with_times(told, finished)
}

fn head(finished: &Finished) -> Object {
    Object::new()
        .with("id", &finished.id)
        .with("game_type", &finished.game_type)
        .with("status", "completed")
        .with("agent_a", &finished.agents.a.0)
        .with("agent_b", &finished.agents.b.0)
}

fn with_times(told: Object, finished: &Finished) -> Object {
    told.with("created_at", moment(finished.created_at)).with("completed_at", moment(finished.completed_at))
}

fn moves(finished: &Finished) -> Vec<Object> {
    let mover = |side: Side| &finished.agents.get(side).0;
    finished
        .moves
        .iter()
        .map(|made| {
            Object::new()
                .with("id", &made.id)
                .with("match_id", &finished.id)
                .with("agent_id", mover(made.side))
                .with("round", made.round)
                .with("move_data", &made.move_data)
                .with("created_at", moment(made.at))
        })
        .collect()
}
