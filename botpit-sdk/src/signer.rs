//! Whoever can sign for a wallet.

use sdk_core::error::{Error, Result};

use crate::model::{SignedMessage, Verb, WalletMessage};

/// A Solana wallet that can sign: `wallet::Wallet` in this process (feature `wallet`), or one's own for a
/// key that lives elsewhere, such as a hardware wallet, a key service or another process.
///
/// ```
/// use botpit_sdk::{Result, Signer};
///
/// struct KeyService {
///     address: String,
/// }
///
/// impl Signer for KeyService {
///     fn address(&self) -> &str {
///         &self.address
///     }
///
///     async fn signature(&self, message: &str) -> Result<[u8; 64]> {
///         // Ask the service to sign `message.as_bytes()` with ed25519.
/// #       let _ = message;
/// #       Ok([0; 64])
///     }
/// }
/// ```
pub trait Signer: Send + Sync {
    /// The wallet's address: its public key in base58.
    fn address(&self) -> &str;

    /// The wallet's ed25519 signature of the message's UTF-8 bytes. The message is a [`WalletMessage`]; it holds the time, and
    /// the platform takes it only while it is fresh.
    ///
    /// # Errors
    /// Whatever keeps it from signing. The call that asked fails with it, and nothing is sent.
    fn signature(&self, message: &str) -> impl Future<Output = Result<[u8; 64]>> + Send;
}

impl<S: Signer> Signer for &S {
    fn address(&self) -> &str {
        (**self).address()
    }

    async fn signature(&self, message: &str) -> Result<[u8; 64]> {
        (**self).signature(message).await
    }
}

/// Has `BOTPIT:<verb>:<wallet>:<timestamp>` signed.
pub(crate) async fn sign(signer: &impl Signer, verb: Verb, timestamp: u64) -> Result<SignedMessage> {
    let wallet_address = signer.address().to_owned();
    if wallet_address.is_empty() || !wallet_address.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::invalid_argument(
            "wallet_address",
            "a wallet's address is its public key in base58",
        ));
    }
    let message = WalletMessage { verb, wallet_address: wallet_address.clone(), timestamp }.to_string();
    let signature = bs58::encode(signer.signature(&message).await?).into_string();
    Ok(SignedMessage { wallet_address, signature, message })
}
