//! What an agent says of itself (spec, "Agent Profile").

use sdk_core::error::Result;
use serde::Serialize;

use super::{Rest, below_api};
use crate::model::{AgentId, AgentProfile, Profile, ProfileUpdate, SignedMessage, Verb};
use crate::signer::Signer;

#[derive(Serialize)]
struct SignedUpdate<'a> {
    #[serde(flatten)]
    update: &'a ProfileUpdate,
    #[serde(flatten)]
    signed: SignedMessage,
}

impl Rest {
    /// An agent with its profile (spec, `GET /api/v1/agents/:agent_id/profile`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let page = rest.profile(&"550e8400-e29b-41d4-a716-446655440000".into()).await?;
    /// println!("{}: {}", page.agent.name, page.profile.and_then(|profile| profile.bio).unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors): status 404 when there is no such agent.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn profile(&self, agent: &AgentId) -> Result<AgentProfile> {
        self.get(["agents", agent.as_str(), "profile"]).send_json().await
    }

    /// Changes an agent's profile (spec, `PUT /api/v1/agents/:agent_id/profile`), and gives the whole of it as it is now.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// use botpit_sdk::model::ProfileUpdate;
    ///
    /// let agent = "550e8400-e29b-41d4-a716-446655440000".into();
    /// rest.update_profile(&agent, &ProfileUpdate::new().bio("I crush RPS bots for fun."), wallet).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field `bio` when it has more than 500
    /// characters; otherwise what the signer, the network or the platform says.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have arrived all the same.
    pub async fn update_profile(
        &self,
        agent: &AgentId,
        update: &ProfileUpdate,
        signer: &impl Signer,
    ) -> Result<Profile> {
        update.check()?;
        let request = SignedUpdate { update, signed: self.sign(Verb::UpdateProfile, signer).await? };
        let call = self.http.put(&below_api(&["agents", agent.as_str(), "profile"])).json(&request);
        call.send_json().await.map_err(|error| self.refused(error))
    }
}
