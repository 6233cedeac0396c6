//! A Solana wallet that signs what the platform asks for (spec, "Wallet Signature Auth").
//!
//! ```
//! use botpit_sdk::model::Verb;
//! use botpit_sdk::wallet::{Wallet, verify};
//!
//! let wallet = Wallet::generate()?;
//! let signed = wallet.sign(Verb::Register, 1_709_500_000);
//! assert_eq!(signed.message, format!("BOTPIT:register:{}:1709500000", wallet.address()));
//! verify(&signed.wallet_address, &signed.message, &signed.signature)?;
//! # Ok::<(), sdk_core::Error>(())
//! ```
//!
//! A key that lives elsewhere needs no `Wallet`: implement [`Signer`].

use std::fmt;
use std::io::Read;
use std::path::Path;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sdk_core::error::{Error, Result, codes};
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::model::{SignedMessage, Verb, WalletMessage};
use crate::signer::Signer;

/// A keypair file has a few hundred bytes: what is larger is another file.
const MAX_FILE: usize = 4 * 1024;

/// A key pair. Its secret bytes are wiped from memory when it is dropped, and never print.
#[derive(Clone)]
pub struct Wallet {
    key: SigningKey,
    address: String,
}

impl Wallet {
    /// The wallet of a 32-byte seed. The caller's copy of the seed stays the caller's to wipe.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::from_key(SigningKey::from_bytes(seed))
    }

    /// A new wallet from the operating system's random numbers. It holds no money, and it is gone when it is dropped.
    ///
    /// # Errors
    /// [`codes::LOCAL_IO`] when the system gives no random numbers.
    pub fn generate() -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|cause| {
            Error::new(&codes::LOCAL_IO, "the system gives no random numbers for a new wallet")
                .with_source(cause)
        })?;
        Ok(Self::from_seed(&seed))
    }

    /// The wallet of a secret key in base58, as Solana wallets export it: 64 bytes, the seed and the public key.
    ///
    /// # Errors
    /// [`codes::INVALID_ARGUMENT`] when it is not that, or when its halves do not belong together. The text is not shown.
    pub fn from_base58(secret: &str) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 64]);
        match bs58::decode(secret.trim()).onto(bytes.as_mut_slice()) {
            Ok(64) => Self::from_key_pair(&bytes),
            _ => Err(Error::invalid_argument("wallet", "a secret key in base58 is 64 bytes long")),
        }
    }

    /// The wallet of a keypair file's text (`id.json` of the Solana tools): a JSON array of 64 bytes.
    ///
    /// # Errors
    /// [`codes::INVALID_ARGUMENT`] when it is not that, or when its halves do not belong together. The text is not shown.
    pub fn from_keypair_json(text: &str) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 64]);
        let mut json = serde_json::Deserializer::from_str(text);
        Bytes(&mut bytes)
            .deserialize(&mut json)
            .and_then(|()| json.end())
            .map_err(|_| Error::invalid_argument("wallet", "a keypair file is a JSON array of 64 bytes"))?;
        Self::from_key_pair(&bytes)
    }

    /// The wallet of a keypair file (`id.json` of the Solana tools). The text is wiped from memory once it is read.
    ///
    /// ```no_run
    /// let wallet = botpit_sdk::wallet::Wallet::from_keypair_file("id.json")?;
    /// println!("{}", wallet.address());
    /// # Ok::<(), botpit_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`codes::LOCAL_IO`] when it cannot be read; [`codes::INVALID_ARGUMENT`] as in
    /// [`from_keypair_json`](Self::from_keypair_json), also for a file of more than 4 KiB.
    pub fn from_keypair_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut text = Zeroizing::new([0; MAX_FILE]);
        let mut length = 0;
        let read = std::fs::File::open(path).and_then(|mut file| {
            while let Some(room) = text.get_mut(length..).filter(|room| !room.is_empty()) {
                match file.read(room)? {
                    0 => break,
                    more => length += more,
                }
            }
            Ok(())
        });
        read.map_err(|cause| {
            Error::new(&codes::LOCAL_IO, format!("the keypair file {} cannot be read", path.display()))
                .with_field("wallet")
                .with_source(cause)
        })?;
        // A larger file fills the room, and is cut off: no JSON, so it is refused.
        let text = text.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        Self::from_keypair_json(text)
    }

    fn from_key_pair(bytes: &[u8; 64]) -> Result<Self> {
        SigningKey::from_keypair_bytes(bytes).map(Self::from_key).map_err(|_| {
            Error::invalid_argument(
                "wallet",
                "the public key in the key pair does not belong to its secret key",
            )
        })
    }

    fn from_key(key: SigningKey) -> Self {
        let address = bs58::encode(key.verifying_key().as_bytes()).into_string();
        Self { key, address }
    }

    /// The wallet's address: its public key in base58.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Signs `BOTPIT:<verb>:<wallet>:<timestamp>`. The timestamp is in seconds since 1970; how old the platform lets it be
    /// is not documented, so take the time of sending.
    pub fn sign(&self, verb: Verb, unix_ts: u64) -> SignedMessage {
        let message =
            WalletMessage { verb, wallet_address: self.address.clone(), timestamp: unix_ts }.to_string();
        let signature = bs58::encode(self.key.sign(message.as_bytes()).to_bytes()).into_string();
        SignedMessage { wallet_address: self.address.clone(), signature, message }
    }
}

impl Signer for Wallet {
    fn address(&self) -> &str {
        &self.address
    }

    async fn signature(&self, message: &str) -> Result<[u8; 64]> {
        Ok(self.key.sign(message.as_bytes()).to_bytes())
    }
}

/// Reads an array of exactly 64 bytes in place: a list that grows would leave copies of the secret behind.
struct Bytes<'a>(&'a mut [u8; 64]);

impl<'de> DeserializeSeed<'de> for Bytes<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Bytes<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of 64 bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let wrong = || serde::de::Error::custom("not 64 bytes");
        for byte in self.0.iter_mut() {
            *byte = array.next_element()?.ok_or_else(wrong)?;
        }
        match array.next_element::<u8>()? {
            None => Ok(()),
            Some(_) => Err(wrong()),
        }
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Whether `signature` is the wallet's for `message`. It does not look into the message: parse it as a
/// [`WalletMessage`], and compare the verb, the wallet and the time.
///
/// # Errors
/// [`codes::INVALID_ARGUMENT`] with the field `wallet_address` when the address is no public key, with `signature` when
/// the signature is none, or not this wallet's for this message.
pub fn verify(wallet_address: &str, message: &str, signature: &str) -> Result<()> {
    let wrong_address =
        || Error::invalid_argument("wallet_address", "the address is not a public key in base58");
    let wrong_signature =
        || Error::invalid_argument("signature", "the signature is not this wallet's for this message");

    let mut key = [0; 32];
    let length = bs58::decode(wallet_address).onto(&mut key).map_err(|_| wrong_address())?;
    let key = VerifyingKey::from_bytes(&key).ok().filter(|_| length == 32).ok_or_else(wrong_address)?;

    let mut bytes = [0; 64];
    let length = bs58::decode(signature).onto(&mut bytes).map_err(|_| wrong_signature())?;
    if length != 64 {
        return Err(wrong_signature());
    }
    // Strict: a signature that also fits other messages (of a weak key) is refused.
    key.verify_strict(message.as_bytes(), &Signature::from_bytes(&bytes)).map_err(|_| wrong_signature())
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8032, section 7.1, test 1: the secret key and its public key.
    const SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
        0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    const PUBLIC: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
        0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];

    fn key_pair() -> Vec<u8> {
        SEED.iter().chain(&PUBLIC).copied().collect()
    }

    #[test]
    fn the_address_is_the_public_key_in_base58() {
        let address = bs58::encode(PUBLIC).into_string();
        assert_eq!(Wallet::from_seed(&SEED).address(), address);
        assert_eq!(Wallet::from_base58(&bs58::encode(key_pair()).into_string()).unwrap().address(), address);
        assert_eq!(Wallet::from_keypair_json(&format!("{:?}", key_pair())).unwrap().address(), address);
    }

    #[test]
    fn a_signature_is_good_for_its_own_message_and_wallet_alone() {
        let wallet = Wallet::from_seed(&SEED);
        let other = Wallet::generate().unwrap();
        for verb in Verb::ALL {
            let signed = wallet.sign(verb, 1_709_500_000);
            assert_eq!(signed.message.parse::<WalletMessage>().unwrap().verb, verb);
            verify(&signed.wallet_address, &signed.message, &signed.signature).unwrap();

            let later = signed.message.replace("1709500000", "1709500001");
            assert_eq!(
                verify(wallet.address(), &later, &signed.signature).unwrap_err().field(),
                Some("signature")
            );
            let error = verify(other.address(), &signed.message, &signed.signature).unwrap_err();
            assert_eq!(error.field(), Some("signature"));
        }
    }

    #[test]
    fn what_is_no_key_or_signature_is_refused() {
        let wallet = Wallet::from_seed(&SEED);
        let signed = wallet.sign(Verb::Auth, 1);
        for address in ["", "1", "0OIl", "YourSolanaWalletBase58", &"1".repeat(10_000)] {
            let error = verify(address, &signed.message, &signed.signature).unwrap_err();
            assert_eq!(error.field(), Some("wallet_address"), "{address}");
        }
        for signature in ["", "1", "base58_encoded_signature", &"1".repeat(64), &"z".repeat(10_000)] {
            let error = verify(wallet.address(), &signed.message, signature).unwrap_err();
            assert_eq!(error.field(), Some("signature"), "{signature}");
        }
        // The all-zero key is of small order: a forged all-zero signature would fit it without the strict check.
        let weak = bs58::encode([0; 32]).into_string();
        assert!(verify(&weak, "anything", &bs58::encode([0; 64]).into_string()).is_err());
    }

    #[test]
    fn the_secret_is_never_shown() {
        let wallet = Wallet::from_seed(&SEED);
        assert_eq!(format!("{wallet:?}"), format!("Wallet {{ address: {:?}, .. }}", wallet.address()));

        let mut mixed = key_pair();
        mixed[40] ^= 1;
        let secret = bs58::encode(&mixed).into_string();
        let (beginning, rest) = secret.split_at(20);
        for error in [
            Wallet::from_base58(&secret).unwrap_err(),
            Wallet::from_base58(rest).unwrap_err(),
            Wallet::from_keypair_json(&format!("{mixed:?}")).unwrap_err(),
            Wallet::from_keypair_json("[157, 97, 177, 999]").unwrap_err(),
        ] {
            let shown = format!("{error} {error:?} {}", error.chain());
            assert!(
                !shown.contains(beginning)
                    && !shown.contains(rest)
                    && !shown.contains("157")
                    && !shown.contains("999"),
                "{shown}"
            );
            assert_eq!(error.field(), Some("wallet"));
        }
    }

    #[test]
    fn two_new_wallets_differ() {
        assert_ne!(Wallet::generate().unwrap().address(), Wallet::generate().unwrap().address());
    }
}
