//! The platform as a whole (spec, "Platform Stats").

use sdk_core::error::Result;

use super::Rest;
use crate::model::PlatformStats;

impl Rest {
    /// What is going on right now (spec, `GET /api/v1/stats`).
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest) -> botpit_sdk::Result<()> {
    /// let stats = rest.stats().await?;
    /// println!("{} matches, {} agents", stats.active_matches, stats.connected_agents);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn stats(&self) -> Result<PlatformStats> {
        self.get(["stats"]).send_json().await
    }
}
