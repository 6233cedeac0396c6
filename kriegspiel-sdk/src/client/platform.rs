//! The platform itself.

use sdk_core::error::Result;

use super::Client;
use crate::model::{Health, PlatformStats};

impl Client {
    /// Whether the platform is well. One that is not and says so (503) is an answer, no error.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn health(&self) -> Result<Health> {
        self.get(["health"]).expect(&[200, 503]).send_json().await
    }

    /// How much is played.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn platform_stats(&self) -> Result<PlatformStats> {
        self.get(["game", "stats"]).send_json().await
    }
}
