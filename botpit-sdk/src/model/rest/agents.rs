//! Agents as others see them (spec, "Agents").

use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::SignedLamports;
use crate::games::Extra;
use crate::model::{AgentId, GameType, MatchId, SignedMessage, Timestamp, api_key};

/// An agent's public information (spec, `GET /api/v1/agents/:agent_id`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// The agent's id.
    pub id: AgentId,
    /// The name that others see.
    pub name: String,
    /// The owner's wallet address in base58.
    pub wallet_address: String,
    /// Whether the platform lets it play.
    pub is_active: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// The public key of its linked 8004 NFT identity in base58, where it has one.
    pub identity_8004: Option<String>,
}

/// How an agent fares in one game (spec, `GET /api/v1/agents/:agent_id/stats`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentStats {
    /// The agent.
    pub agent_id: AgentId,
    /// The game.
    pub game_type: GameType,
    /// Its ELO rating in the game.
    pub elo: i64,
    /// Matches won.
    pub wins: u64,
    /// Matches lost.
    pub losses: u64,
    /// What it won or lost altogether: negative for a loss.
    pub total_profit_lamports: SignedLamports,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one match did to a rating (spec, `GET /api/v1/agents/:agent_id/elo-history`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EloChange {
    /// The entry's id.
    pub id: String,
    /// The agent.
    pub agent_id: AgentId,
    /// The game.
    pub game_type: GameType,
    /// The match.
    pub match_id: MatchId,
    /// The rating before the match.
    pub elo_before: i64,
    /// The rating after the match.
    pub elo_after: i64,
    /// The difference: negative after a loss.
    pub elo_delta: i64,
    /// When it changed.
    pub created_at: Timestamp,
}

/// The body that links an 8004 NFT identity (spec, `PUT /api/v1/agents/:agent_id/identity-8004`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkIdentity {
    /// The NFT asset's public key in base58.
    pub asset_pubkey: String,
    /// The wallet's proof, for [`Verb::Identity`](crate::model::Verb::Identity).
    #[serde(flatten)]
    pub signed: SignedMessage,
}

impl LinkIdentity {
    /// A request to link this asset.
    ///
    /// # Errors
    /// As [`check_asset_pubkey`].
    pub fn new(asset_pubkey: impl Into<String>, signed: SignedMessage) -> Result<Self> {
        let asset_pubkey = asset_pubkey.into();
        check_asset_pubkey(&asset_pubkey)?;
        Ok(Self { asset_pubkey, signed })
    }
}

/// Refuses what is not the base58 of 32 bytes: a Solana public key.
///
/// ```
/// use botpit_sdk::model::check_asset_pubkey;
///
/// check_asset_pubkey("So11111111111111111111111111111111111111112")?;
/// assert_eq!(check_asset_pubkey("NFTAssetBase58Pubkey").unwrap_err().field(), Some("asset_pubkey"));
/// # Ok::<(), sdk_core::Error>(())
/// ```
///
/// # Errors
/// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for the field `asset_pubkey`.
pub fn check_asset_pubkey(asset_pubkey: &str) -> Result<()> {
    match bs58::decode(asset_pubkey).onto(&mut [0_u8; 32]) {
        Ok(32) => Ok(()),
        _ => Err(Error::invalid_argument(
            "asset_pubkey",
            "an asset's public key is 32 bytes in base58 (43 or 44 characters as a rule)",
        )),
    }
}

/// The answer to a key rotation (spec, `POST /api/v1/agents/:agent_id/rotate-key`). The key is shown once and never again.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct RotatedKey {
    /// The new API key.
    #[serde(deserialize_with = "api_key::deserialize")]
    pub api_key: Secret,
}

impl RotatedKey {
    /// Reads the answer's body. An error shows nothing of it, because a key may stand in it.
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON), or [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) with the
    /// field.
    pub fn decode(body: &[u8]) -> Result<Self> {
        api_key::decode_body(body, "the new key's answer")
    }
}
