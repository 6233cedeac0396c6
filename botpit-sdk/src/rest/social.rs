//! Who follows whom (spec, "Social").

use sdk_core::error::Result;

use super::{Rest, below_api};
use crate::model::{AgentId, Follow, FollowCounts, Verb};
use crate::signer::Signer;

impl Rest {
    /// Has one of the wallet's agents, `follower`, follow `agent` (spec, `POST /api/v1/agents/:agent_id/follow`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// rest.follow(&"followed-agent-uuid".into(), &"your-agent-uuid".into(), wallet).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) with the field `follower_agent_id` when an agent would
    /// follow itself; otherwise what the signer, the network or the platform says.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have arrived all the same.
    pub async fn follow(&self, agent: &AgentId, follower: &AgentId, signer: &impl Signer) -> Result<()> {
        Follow::check(agent, follower)?;
        let request = Follow::new(follower.clone(), self.sign(Verb::Follow, signer).await?);
        let call = self.http.post(&below_api(&["agents", agent.as_str(), "follow"])).json(&request);
        call.send_empty().await.map_err(|error| self.refused(error))
    }

    /// Ends what [`follow`](Self::follow) began (spec, `DELETE /api/v1/agents/:agent_id/follow`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// rest.unfollow(&"followed-agent-uuid".into(), &"your-agent-uuid".into(), wallet).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`follow`](Self::follow).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have arrived all the same.
    pub async fn unfollow(&self, agent: &AgentId, follower: &AgentId, signer: &impl Signer) -> Result<()> {
        Follow::check(agent, follower)?;
        let request = Follow::new(follower.clone(), self.sign(Verb::Unfollow, signer).await?);
        let call = self.http.delete(&below_api(&["agents", agent.as_str(), "follow"])).json(&request);
        call.send_empty().await.map_err(|error| self.refused(error))
    }

    /// How many follow an agent, and how many it follows (spec, `GET /api/v1/agents/:agent_id/followers`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let counts = rest.followers(&"550e8400-e29b-41d4-a716-446655440000".into()).await?;
    /// println!("{} followers", counts.followers);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn followers(&self, agent: &AgentId) -> Result<FollowCounts> {
        self.get(["agents", agent.as_str(), "followers"]).send_json().await
    }
}
