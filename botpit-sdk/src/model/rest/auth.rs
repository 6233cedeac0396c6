//! The dashboard's token (spec, "JWT Token Auth").

use sdk_core::error::Result;
use sdk_core::secret::Secret;
use serde::Deserialize;

use crate::model::api_key;

/// The answer with a token (spec, `POST /api/v1/auth/token`).
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct AuthToken {
    /// A JSON Web Token.
    #[serde(deserialize_with = "api_key::deserialize")]
    pub token: Secret,
}

impl AuthToken {
    /// Reads the answer's body. An error shows nothing of it, because the token may stand in it.
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON), or [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) with the
    /// field.
    pub fn decode(body: &[u8]) -> Result<Self> {
        api_key::decode_body(body, "the token's answer")
    }
}
