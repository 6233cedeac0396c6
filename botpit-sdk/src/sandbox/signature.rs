//! What a wallet proves by a signature (spec: "Wallet Signature Auth").

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, SystemTime};

use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;

use super::rest::Refusal;
use super::timestamp::unix_seconds;

/// How far a signed timestamp may be from the server's time. The spec does not say; this is the sandbox's own choice.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(300);

/// At most this many signed requests are remembered. More than are made within the tolerance, as a rule.
const MAX_SPENT: usize = 4_096;

/// Checks `BOTPIT:<verb>:<wallet>:<timestamp>` and its signature in a request's body, and gives the wallet's address. The
/// timestamp may be near any of `times`: the machine's time, and the sandbox's own where that runs faster.
pub(crate) fn check<'a>(verb: &str, body: &'a Value, times: &[SystemTime]) -> Result<&'a str, Refusal> {
    let wallet_address = text(body, "wallet_address")?;
    let (message, signature) = (text(body, "message")?, text(body, "signature")?);
    let wallet = base58::<32>(wallet_address)
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .ok_or_else(|| Refusal::bad_request("wallet_address: not the base58 of a 32-byte public key"))?;
    let timestamp = message
        .strip_prefix("BOTPIT:")
        .and_then(|rest| rest.strip_prefix(verb))
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|rest| rest.strip_prefix(wallet_address))
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|digits| digits.parse::<u64>().ok())
        .ok_or_else(|| {
            Refusal::bad_request(format!(
                "message: must be \"BOTPIT:{verb}:<wallet_address>:<unix_timestamp>\""
            ))
        })?;
    let signature = base58::<64>(signature)
        .ok_or_else(|| Refusal::bad_request("signature: not the base58 of a 64-byte ed25519 signature"))?;
    wallet
        .verify_strict(message.as_bytes(), &Signature::from_bytes(&signature))
        .map_err(|_| Refusal::unauthorized("the signature does not match the message and the wallet"))?;
    let nearest = times.iter().map(|now| unix_seconds(*now).abs_diff(timestamp)).min().unwrap_or(u64::MAX);
    if nearest > TOLERANCE.as_secs() {
        return Err(Refusal::unauthorized(format!(
            "the timestamp in the message is {nearest} s away from the server's time; {} s are allowed",
            TOLERANCE.as_secs()
        )));
    }
    Ok(wallet_address)
}

/// A field of a body that must be there.
pub(crate) fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    body.get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::bad_request(format!("the field \"{field}\" must be a string")))
}

/// The bytes of a base58 text that must have so many.
pub(crate) fn base58<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Decoding takes time that grows with the square of the length.
    if text.len() > 2 * N {
        return None;
    }
    bs58::decode(text).into_vec().ok()?.try_into().ok()
}

/// The signed requests that were obeyed.
///
/// A request is known by its whole text. Not by its signature alone: ed25519 gives the same signature for the same message,
/// so an honest wallet that follows two agents within one second sends one signature twice.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    known: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Spent {
    /// Remembers a request by the hash of its text. `false` when it was there before.
    pub(crate) fn spend(&mut self, request: [u8; 32]) -> bool {
        if !self.known.insert(request) {
            return false;
        }
        self.order.push_back(request);
        if self.order.len() > MAX_SPENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use ed25519_dalek::{Signer, SigningKey};
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_709_500_000;

    fn body(verb: &str, timestamp: u64) -> Value {
        let key = SigningKey::from_bytes(&[7; 32]);
        let address = bs58::encode(key.verifying_key().as_bytes()).into_string();
        let message = format!("BOTPIT:{verb}:{address}:{timestamp}");
        let signature = bs58::encode(key.sign(message.as_bytes()).to_bytes()).into_string();
        json!({ "wallet_address": address, "signature": signature, "message": message })
    }

    fn checked(body: &Value) -> Result<&str, Refusal> {
        check("follow", body, &[UNIX_EPOCH + Duration::from_secs(NOW)])
    }

    #[test]
    fn a_good_signature_passes_within_five_minutes() {
        for timestamp in [NOW, NOW - 300, NOW + 300] {
            let body = body("follow", timestamp);
            assert_eq!(checked(&body).unwrap(), body["wallet_address"]);
        }
        for timestamp in [NOW - 301, NOW + 301, 0, u64::MAX] {
            let body = body("follow", timestamp);
            let refusal = checked(&body).unwrap_err();
            assert_eq!(refusal.status, 401);
            assert!(refusal.error.contains("timestamp"), "{}", refusal.error);
        }
        // Near the sandbox's own time is as good as near the machine's.
        let times = [UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(NOW)];
        assert!(check("follow", &body("follow", NOW), &times).is_ok());
    }

    #[test]
    fn each_mistake_is_named() {
        let other = SigningKey::from_bytes(&[8; 32]);
        let forged = bs58::encode(other.sign(b"BOTPIT:follow").to_bytes()).into_string();
        for (field, value, status, part) in [
            ("wallet_address", json!(7), 400, "\"wallet_address\""),
            ("wallet_address", json!("0OIl"), 400, "base58"),
            ("wallet_address", json!("1".repeat(100_000)), 400, "base58"),
            ("message", json!("BOTPIT:rotate-key:x:1"), 400, "BOTPIT:follow:"),
            ("message", json!("hello"), 400, "BOTPIT:follow:"),
            ("signature", json!("abc"), 400, "64-byte"),
            ("signature", json!(null), 400, "\"signature\""),
            ("signature", json!(forged), 401, "signature"),
        ] {
            let mut body = body("follow", NOW);
            body[field] = value.clone();
            let refusal = checked(&body).unwrap_err();
            assert_eq!(refusal.status, status, "{field}: {}", refusal.error);
            assert!(refusal.error.contains(part), "{field}: {}", refusal.error);
        }
    }

    #[test]
    fn a_signature_is_of_no_use_for_another_verb_or_wallet() {
        assert_eq!(checked(&body("unfollow", NOW)).unwrap_err().status, 400);
        let mut body = body("follow", NOW);
        let other = SigningKey::from_bytes(&[9; 32]);
        body["wallet_address"] = json!(bs58::encode(other.verifying_key().as_bytes()).into_string());
        assert_eq!(checked(&body).unwrap_err().status, 400);
    }

    #[test]
    fn a_request_is_spent_once_and_the_oldest_are_forgotten() {
        let mut spent = Spent::default();
        let request = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            bytes
        };
        for number in 0..MAX_SPENT {
            assert!(spent.spend(request(number)));
        }
        assert!(!spent.spend(request(0)));
        assert!(spent.spend(request(MAX_SPENT)));
        assert!(spent.spend(request(0)), "forgotten by now");
        assert_eq!((spent.known.len(), spent.order.len()), (MAX_SPENT, MAX_SPENT));
    }
}
