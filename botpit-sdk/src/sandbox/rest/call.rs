//! One REST call, and what is read from it.

use std::time::SystemTime;

use sdk_core::clock::Instant;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Refusal;
use crate::sandbox::arena::Arena;
use crate::sandbox::games::KNOWN;
use crate::sandbox::signature;

/// One REST call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// What the path holds in place of `:agent_id`, `:match_id`, …, decoded; empty when it has no such part.
    pub(crate) id: &'a str,
    /// The query as it came, without the `?`.
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) now: Instant,
    /// What a signed timestamp may be near to.
    pub(crate) times: &'a [SystemTime],
}

/// A body that a wallet has signed.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) body: Value,
    pub(super) wallet_address: String,
}

impl Call<'_> {
    /// A parameter of the query.
    pub(super) fn param(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The `limit`, from 1 to `most`.
    pub(super) fn limit(&self, default: usize, most: usize) -> Result<usize, Refusal> {
        let Some(text) = self.param("limit") else { return Ok(default) };
        text.parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| Refusal::bad_request(format!("limit: a whole number from 1 to {most}")))
    }

    /// The `offset`; none counts as 0.
    pub(super) fn offset(&self) -> Result<usize, Refusal> {
        let Some(text) = self.param("offset") else { return Ok(0) };
        text.parse().map_err(|_| Refusal::bad_request("offset: a whole number, not negative"))
    }

    /// The `game_type`, if there is one. It must be a game of this sandbox.
    pub(super) fn game_type(&self) -> Result<Option<&'static str>, Refusal> {
        self.param("game_type").map(|name| known_game(&name)).transpose()
    }

    /// The body, signed for a verb.
    pub(super) fn signed(&self, verb: &str) -> Result<Signed, Refusal> {
        let body: Value = serde_json::from_slice(self.body)
            .map_err(|error| Refusal::bad_request(format!("the body is not JSON: {error}")))?;
        let wallet_address = signature::check(verb, &body, self.times)?.to_owned();
        Ok(Signed { body, wallet_address })
    }

    /// Sees to it that this call, which changes something, is obeyed once.
    pub(super) fn spend(&self, arena: &mut Arena) -> Result<(), Refusal> {
        let request =
            Sha256::new().chain_update(self.id).chain_update([0]).chain_update(self.body).finalize();
        if arena.chronicle_mut().spent.spend(request.into()) {
            Ok(())
        } else {
            Err(Refusal::unauthorized(
                "this signed request has been used already: sign the message anew, with the present time",
            ))
        }
    }
}

/// A game by its name on the wire.
pub(super) fn known_game(name: &str) -> Result<&'static str, Refusal> {
    KNOWN
        .into_iter()
        .find(|known| *known == name)
        .ok_or_else(|| Refusal::bad_request(format!("game_type: this sandbox plays {}", KNOWN.join(", "))))
}
