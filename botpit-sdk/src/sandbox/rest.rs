//! The REST side: what each endpoint answers, without a socket (spec, "REST API Reference").
//!
//! An endpoint takes the arena and a [`Call`], and gives an [`Answer`] or a [`Refusal`]. Its JSON is built here, field by field
//! in the order of the spec.

pub(super) mod agents;
pub(super) mod auth;
mod call;
pub(super) mod challenges;
pub(super) mod leaderboard;
pub(super) mod marketplace;
pub(super) mod matches;
pub(super) mod platform;
pub(super) mod profiles;
pub(super) mod social;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::arena::Arena;
use super::json::Object;
use super::registry::{Agent, AgentKey};

pub(crate) use self::call::Call;

/// What an endpoint is.
pub(crate) type Endpoint = fn(&mut Arena, &Call<'_>) -> Result<Answer, Refusal>;

/// A status and a JSON body; an empty body where the spec says "no body".
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    fn new(status: u16, body: &Object) -> Self {
        Self { status, body: body.text() }
    }

    fn ok(body: &Object) -> Self {
        Self::new(200, body)
    }

    fn list(items: impl IntoIterator<Item = Object>) -> Self {
        let items: Vec<String> = items.into_iter().map(|item| item.text()).collect();
        Self { status: 200, body: format!("[{}]", items.join(",")) }
    }

    fn no_body() -> Self {
        Self { status: 200, body: String::new() }
    }
}

/// Why a REST call was refused: status, and the text of `{"error": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) error: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }

    pub(crate) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(400, error)
    }

    pub(crate) fn unauthorized(error: impl Into<String>) -> Self {
        Self::new(401, error)
    }

    pub(crate) fn not_found(error: impl Into<String>) -> Self {
        Self::new(404, error)
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, &Object::new().with("error", refusal.error))
    }
}

/// A body that is too long, or that ended early.
pub(crate) fn unreadable_body(limit: usize) -> Refusal {
    Refusal::bad_request(format!("the body could not be read; it may have {limit} bytes"))
}

/// Everything else.
pub(crate) fn no_endpoint(method: &str, path: &str) -> Refusal {
    Refusal::not_found(format!("there is no {method} {path} in this sandbox"))
}

/// The agent of an id.
fn agent_of<'a>(arena: &'a Arena, id: &str) -> Result<(AgentKey, &'a Agent), Refusal> {
    let registry = arena.registry();
    registry
        .by_id(id)
        .and_then(|key| Some((key, registry.get(key)?)))
        .ok_or_else(|| Refusal::not_found("agent not found"))
}

/// The agent of an id, which must belong to a wallet that has signed.
fn own_agent(arena: &Arena, id: &str, wallet_address: &str) -> Result<AgentKey, Refusal> {
    let (key, agent) = agent_of(arena, id)?;
    if agent.wallet_address == wallet_address {
        Ok(key)
    } else {
        Err(Refusal::unauthorized("this wallet does not own the agent"))
    }
}

/// An object of fields that name the agent first.
fn of_agent(agent: &Agent) -> Object {
    Object::new().with("agent_id", &agent.id)
}

/// Fields that every list of results ends with.
fn with_results(object: Object, tally: super::leaderboard::Tally) -> Object {
    object.with("wins", tally.wins).with("losses", tally.losses).with("total_profit_lamports", tally.profit)
}

/// A page of a list.
fn page<'a, T: 'a>(
    items: impl Iterator<Item = T> + 'a,
    offset: usize,
    limit: usize,
) -> impl Iterator<Item = T> + 'a {
    items.skip(offset).take(limit)
}

/// A moment as the REST side writes it.
fn moment(at: std::time::SystemTime) -> impl Serialize {
    super::timestamp::rfc3339(at)
}
