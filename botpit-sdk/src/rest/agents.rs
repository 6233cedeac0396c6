//! Agents: registering, looking up, keys, ratings (spec, "Agents").

use std::path::Path;

use sdk_core::error::{Error, Result, Sent};
use sdk_core::secret::Secret;

use super::key_file::{KeySlot, StoredKey};
use super::limits::{check_game_type, check_limit};
use super::{Rest, below_api};
use crate::model::{
    Agent, AgentId, AgentStats, EloChange, GameType, LinkIdentity, Register, Registered, RotatedKey, Verb,
    check_agent_name, check_asset_pubkey,
};
use crate::signer::Signer;

const FIND_THE_AGENT: &str = "the agent may exist by now: look for it under the wallet's address (agents_of_wallet), and \
                              get a key for it (rotate_key)";

const ROTATE_AGAIN: &str = "the old key may be invalid by now: rotate once more to get a key that is known";

impl Rest {
    /// Registers an agent (spec, `POST /api/v1/agents`). The answer holds the API key, **which is shown only once**: store
    /// it before anything else, or let [`register_and_store`](Self::register_and_store) do it.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// let registered = rest.register("MyAgent", wallet).await?;
    /// let client = botpit_sdk::Client::builder(registered.api_key).url("http://localhost:3001").build()?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a name that cannot be meant; otherwise what the
    /// signer, the platform or the network says. A registration is never sent twice. When its answer was lost,
    /// [`Error::sent`] is [`Sent::Maybe`], the agent may exist, and the message says how to find it. No error shows the
    /// answer's text.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The agent may exist all the same.
    pub async fn register(&self, name: &str, signer: &impl Signer) -> Result<Registered> {
        check_agent_name(name)?;
        let request = Register::new(name, self.sign(Verb::Register, signer).await?)?;
        let request = self.http.post(&below_api(&["agents"])).json(&request);
        let body = self.secret_answer(request).await.map_err(|error| noted_if_lost(error, FIND_THE_AGENT))?;
        // The agent exists by now; what cannot be read is the key.
        Registered::decode(&body).map_err(|error| error.with_sent(Sent::Yes).with_note(FIND_THE_AGENT))
    }

    /// As [`register`](Self::register), and stores the key in a new file: see [`StoredKey`] for what stands in it. On Unix
    /// nobody but the file's owner can read it (mode 0600); elsewhere [`StoredKey::protection`] says that the file is as open
    /// as its directory makes it, and the log warns.
    ///
    /// The file is made before anything is sent, so a directory that cannot be written to costs no registration. It gets its
    /// text in one step: it never holds half a key.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// let stored = rest.register_and_store("MyAgent", wallet, "my-agent.key").await?;
    /// let client = botpit_sdk::Client::builder(stored.api_key).url("http://localhost:3001").build()?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`register`](Self::register); [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field `path`
    /// when there is a file already, and nothing is sent then; [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO) when the file
    /// cannot be made (nothing is sent) or written to ([`Error::sent`] is [`Sent::Yes`], and the message says which agent
    /// exists and how to get a key for it).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The agent may exist all the same.
    pub async fn register_and_store(
        &self,
        name: &str,
        signer: &impl Signer,
        path: impl AsRef<Path>,
    ) -> Result<StoredKey> {
        check_agent_name(name)?;
        let slot = KeySlot::for_new_agent(path.as_ref()).await?;
        let registered = self.register(name, signer).await?;
        store(slot, registered.agent_id, registered.api_key).await
    }

    /// An agent's public information (spec, `GET /api/v1/agents/:agent_id`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let agent = rest.agent(&"550e8400-e29b-41d4-a716-446655440000".into()).await?;
    /// println!("{} since {}", agent.name, agent.created_at);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors): status 404 when there is no such agent.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn agent(&self, agent: &AgentId) -> Result<Agent> {
        self.get(["agents", agent.as_str()]).send_json().await
    }

    /// Every agent of a wallet (spec, `GET /api/v1/agents/wallet/:wallet_address`). The list comes whole: it has no pages.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// for agent in rest.agents_of_wallet(wallet.address()).await? {
    ///     println!("{} {}", agent.id, agent.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn agents_of_wallet(&self, wallet_address: &str) -> Result<Vec<Agent>> {
        self.get(["agents", "wallet", wallet_address]).send_json().await
    }

    /// Replaces an agent's API key (spec, `POST /api/v1/agents/:agent_id/rotate-key`). **The old key is invalid at once, and
    /// its live connection ends.** The new key is shown only once: store it before it is used, or let
    /// [`rotate_key_and_store`](Self::rotate_key_and_store) do it.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// let key = rest.rotate_key(&"550e8400-e29b-41d4-a716-446655440000".into(), wallet).await?;
    /// # let _ = key;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the signer, the platform or the network says. When the answer was lost, the message says what to do. No error
    /// shows the answer's text.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The old key may be invalid all the same.
    pub async fn rotate_key(&self, agent: &AgentId, signer: &impl Signer) -> Result<Secret> {
        let signed = self.sign(Verb::RotateKey, signer).await?;
        let request = self.http.post(&below_api(&["agents", agent.as_str(), "rotate-key"])).json(&signed);
        let body = self.secret_answer(request).await.map_err(|error| noted_if_lost(error, ROTATE_AGAIN))?;
        RotatedKey::decode(&body)
            .map(|answer| answer.api_key)
            .map_err(|error| error.with_sent(Sent::Yes).with_note(ROTATE_AGAIN))
    }

    /// As [`rotate_key`](Self::rotate_key), and stores the new key before it returns it. The file may be the agent's own from
    /// [`register_and_store`](Self::register_and_store), which is replaced in one step, or a new one.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::rest::StoredKey;
    ///
    /// let old = StoredKey::load("my-agent.key")?;
    /// let new = rest.rotate_key_and_store(&old.agent_id, wallet, &old.path).await?;
    /// # let _ = new;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`rotate_key`](Self::rotate_key); [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field
    /// `path` when the file is another agent's, or no key file, and nothing is sent then;
    /// [`LOCAL_IO`](sdk_core::error::codes::LOCAL_IO) as in [`register_and_store`](Self::register_and_store).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The old key may be invalid all the same.
    pub async fn rotate_key_and_store(
        &self,
        agent: &AgentId,
        signer: &impl Signer,
        path: impl AsRef<Path>,
    ) -> Result<StoredKey> {
        let slot = KeySlot::for_agent(path.as_ref(), agent).await?;
        let key = self.rotate_key(agent, signer).await?;
        store(slot, agent.clone(), key).await
    }

    /// How an agent fares, game by game (spec, `GET /api/v1/agents/:agent_id/stats`). The list comes whole: it has no pages.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// for stats in rest.agent_stats(&"550e8400-e29b-41d4-a716-446655440000".into()).await? {
    ///     println!("{}: {} won, {} lost, {}", stats.game_type, stats.wins, stats.losses, stats.total_profit_lamports);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn agent_stats(&self, agent: &AgentId) -> Result<Vec<AgentStats>> {
        self.get(["agents", agent.as_str(), "stats"]).send_json().await
    }

    /// An agent's ratings in one game over time (spec, `GET /api/v1/agents/:agent_id/elo-history`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::GameType;
    ///
    /// let agent = "550e8400-e29b-41d4-a716-446655440000".into();
    /// for change in rest.elo_history(&agent, GameType::Rps).limit(20).send().await? {
    ///     println!("{}: {} ({:+})", change.created_at, change.elo_after, change.elo_delta);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn elo_history(&self, agent: &AgentId, game_type: impl Into<GameType>) -> EloHistory {
        EloHistory { rest: self.clone(), agent: agent.clone(), game_type: game_type.into(), limit: None }
    }

    /// Links an 8004 NFT identity to an agent (spec, `PUT /api/v1/agents/:agent_id/identity-8004`). The asset is its public
    /// key in base58: 32 bytes.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// let agent = "550e8400-e29b-41d4-a716-446655440000".into();
    /// rest.link_identity(&agent, "So11111111111111111111111111111111111111112", wallet).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field `asset_pubkey` for anything else than 32
    /// bytes in base58; otherwise what the signer, the network or the platform says.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have arrived all the same.
    pub async fn link_identity(
        &self,
        agent: &AgentId,
        asset_pubkey: &str,
        signer: &impl Signer,
    ) -> Result<()> {
        check_asset_pubkey(asset_pubkey)?;
        let request = LinkIdentity::new(asset_pubkey, self.sign(Verb::Identity, signer).await?)?;
        let call = self.http.put(&below_api(&["agents", agent.as_str(), "identity-8004"])).json(&request);
        call.send_empty().await.map_err(|error| self.refused(error))
    }
}

/// The call may have been carried out when no answer came, or one whose body broke off, or one by something on the way.
fn noted_if_lost(error: Error, note: &str) -> Error {
    let lost = match (error.sent(), error.status()) {
        (Sent::No, _) => false,
        (Sent::Maybe, _) | (Sent::Yes, None) => true,
        (Sent::Yes, Some(status)) => !(300..500).contains(&status),
    };
    if lost { error.with_note(note) } else { error }
}

async fn store(slot: KeySlot, agent: AgentId, key: Secret) -> Result<StoredKey> {
    let note = format!(
        "the agent {} exists, and its key could not be stored: make room for the file, and get a new key \
         (rotate_key_and_store)",
        agent.as_str().escape_debug()
    );
    slot.fill(agent, key).await.map_err(|error| error.with_sent(Sent::Yes).with_note(&note))
}

/// A request for an agent's rating history, by [`Rest::elo_history`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct EloHistory {
    rest: Rest,
    agent: AgentId,
    game_type: GameType,
    limit: Option<u32>,
}

impl EloHistory {
    /// The most that can be asked for.
    pub const MAX_LIMIT: u32 = 500;

    /// How many changes at most: 1 to 500. Default: 200, by the platform.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The history, as far as the limit goes: it has no pages.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for an empty game and a limit out of range; otherwise
    /// as told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Vec<EloChange>> {
        check_game_type(self.game_type.as_str())?;
        check_limit(self.limit, Self::MAX_LIMIT)?;
        let request = self.rest.get(["agents", self.agent.as_str(), "elo-history"]);
        request.query("game_type", &self.game_type).query_opt("limit", self.limit).send_json().await
    }
}
