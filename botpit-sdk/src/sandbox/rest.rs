//! The REST side: what each endpoint answers, without a socket.

use std::time::SystemTime;

use sdk_core::clock::Instant;

use super::arena::Arena;
use super::json::Object;
use super::registration::{self, Refusal};
use super::registry::Agent;
use super::timestamp::rfc3339;

/// A status and a JSON body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    fn new(status: u16, body: &Object) -> Self {
        Self { status, body: body.text() }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, &Object::new().with("error", refusal.error))
    }
}

/// `POST /api/v1/agents`.
pub(crate) fn register(arena: &mut Arena, body: &[u8], now: Instant, times: &[SystemTime]) -> Answer {
    let registration = match registration::check(body, times) {
        Ok(registration) => registration,
        Err(refusal) => return refusal.into(),
    };
    match arena.register(&registration.name, &registration.wallet_address, now) {
        Some(registered) => Answer::new(
            201,
            &Object::new()
                .with("agent_id", registered.agent_id)
                .with("name", registration.name)
                .with("api_key", registered.api_key.expose()),
        ),
        None => Refusal::new(500, "this sandbox has no room for another agent").into(),
    }
}

/// `GET /api/v1/agents/:agent_id`.
pub(crate) fn agent(arena: &Arena, agent_id: &str) -> Answer {
    match arena.agent(agent_id) {
        Some(agent) => Answer::new(200, &public_agent(agent)),
        None => Refusal::new(404, "agent not found").into(),
    }
}

fn public_agent(agent: &Agent) -> Object {
    Object::new()
        .with("id", &agent.id)
        .with("name", &agent.name)
        .with("wallet_address", &agent.wallet_address)
        .with("is_active", true)
        .with("created_at", rfc3339(agent.created_at))
        .with("identity_8004", None::<&str>)
}

/// `GET /api/v1/stats`.
pub(crate) fn stats(arena: &Arena) -> Answer {
    let (active_matches, connected_agents) = arena.stats();
    Answer::new(
        200,
        &Object::new().with("active_matches", active_matches).with("connected_agents", connected_agents),
    )
}

/// A body that is too long, or that ended early.
pub(crate) fn unreadable_body(limit: usize) -> Answer {
    Refusal::new(400, format!("the body could not be read; it may have {limit} bytes")).into()
}

/// Everything else.
pub(crate) fn not_found(method: &str, path: &str) -> Answer {
    Refusal::new(404, format!("there is no {method} {path} in this sandbox")).into()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use ed25519_dalek::{Signer, SigningKey};
    use sdk_core::clock::Clock;
    use serde_json::{Value, json};

    use super::super::settings::Settings;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_registered_agent_can_be_looked_up() {
        let now = Instant::now();
        let mut arena = Arena::new(Settings::default(), 1, Clock::real(), now, UNIX_EPOCH);
        let wallet = SigningKey::from_bytes(&[7; 32]);
        let address = bs58::encode(wallet.verifying_key().as_bytes()).into_string();
        let message = format!("BOTPIT:register:{address}:0");
        let signature = bs58::encode(wallet.sign(message.as_bytes()).to_bytes()).into_string();
        let body = json!({ "name": "MyAgent", "wallet_address": address, "signature": signature, "message": message });

        let answer = register(&mut arena, body.to_string().as_bytes(), now, &[UNIX_EPOCH]);
        assert_eq!(answer.status, 201);
        let registered: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(registered["name"], "MyAgent");
        assert!(registered["api_key"].as_str().unwrap().starts_with("bp_live_"));
        let id = registered["agent_id"].as_str().unwrap();
        let answer = agent(&arena, id);
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            format!(
                r#"{{"id":"{id}","name":"MyAgent","wallet_address":"{address}","is_active":true,"created_at":"1970-01-01T00:00:00Z","identity_8004":null}}"#
            )
        );
        let answer = agent(&arena, "nobody");
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"error":"agent not found"}"#));
        assert_eq!(stats(&arena).body, r#"{"active_matches":0,"connected_agents":0}"#);
        assert_eq!(register(&mut arena, b"nonsense", now, &[]).status, 400);
    }
}
