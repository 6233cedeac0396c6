//! Who may register: a name, and a wallet that proves itself by a signature (spec: "Register an Agent").

use std::time::{Duration, SystemTime};

use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;

use super::timestamp::unix_seconds;

/// How far a signed timestamp may be from the server's time. The spec does not say; this is the sandbox's own choice.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(300);

/// The longest name of an agent, in characters. The sandbox's own choice.
pub(crate) const MAX_NAME: usize = 64;

/// Why a REST call was refused: status, and the text of `{"error": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) error: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }

    fn bad_request(error: impl Into<String>) -> Self {
        Self::new(400, error)
    }

    fn unauthorized(error: impl Into<String>) -> Self {
        Self::new(401, error)
    }
}

/// A registration whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) name: String,
    pub(crate) wallet_address: String,
}

/// Checks the body of `POST /api/v1/agents`. The timestamp may be near any of `times`: the machine's time, and the
/// sandbox's own where that runs faster.
pub(crate) fn check(body: &[u8], times: &[SystemTime]) -> Result<Registration, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the body is not JSON: {error}")))?;
    let name = text(&body, "name")?;
    check_name(name)?;
    let wallet_address = text(&body, "wallet_address")?;
    check_signature("register", wallet_address, text(&body, "message")?, text(&body, "signature")?, times)?;
    Ok(Registration { name: name.to_owned(), wallet_address: wallet_address.to_owned() })
}

pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Refusal::bad_request(format!(
            "name: 1 to {MAX_NAME} characters, without control characters"
        )));
    }
    Ok(())
}

fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    body.get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::bad_request(format!("the field \"{field}\" must be a string")))
}

/// Checks `BOTPIT:<verb>:<wallet>:<timestamp>` and its signature.
fn check_signature(
    verb: &str,
    wallet_address: &str,
    message: &str,
    signature: &str,
    times: &[SystemTime],
) -> Result<(), Refusal> {
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
    Ok(())
}

fn base58<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Decoding takes time that grows with the square of the length.
    if text.len() > 2 * N {
        return None;
    }
    bs58::decode(text).into_vec().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use ed25519_dalek::{Signer, SigningKey};
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_709_500_000;

    fn wallet() -> (SigningKey, String) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let address = bs58::encode(key.verifying_key().as_bytes()).into_string();
        (key, address)
    }

    fn body(timestamp: u64) -> Value {
        let (key, address) = wallet();
        let message = format!("BOTPIT:register:{address}:{timestamp}");
        let signature = bs58::encode(key.sign(message.as_bytes()).to_bytes()).into_string();
        json!({ "name": "MyAgent", "wallet_address": address, "signature": signature, "message": message })
    }

    fn checked(body: &Value) -> Result<Registration, Refusal> {
        check(body.to_string().as_bytes(), &[UNIX_EPOCH + Duration::from_secs(NOW)])
    }

    #[test]
    fn a_good_signature_passes_within_five_minutes() {
        for timestamp in [NOW, NOW - 300, NOW + 300] {
            let registration = checked(&body(timestamp)).unwrap();
            assert_eq!((registration.name.as_str(), registration.wallet_address), ("MyAgent", wallet().1));
        }
        for timestamp in [NOW - 301, NOW + 301, 0, u64::MAX] {
            let refusal = checked(&body(timestamp)).unwrap_err();
            assert_eq!(refusal.status, 401);
            assert!(refusal.error.contains("timestamp"), "{}", refusal.error);
        }
        // Near the sandbox's own time is as good as near the machine's.
        let times = [UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(NOW)];
        assert!(check(body(NOW).to_string().as_bytes(), &times).is_ok());
    }

    #[test]
    fn each_mistake_is_named() {
        let other = SigningKey::from_bytes(&[8; 32]);
        let forged = bs58::encode(other.sign(b"BOTPIT:register").to_bytes()).into_string();
        for (field, value, status, part) in [
            ("name", json!(null), 400, "\"name\""),
            ("name", json!(""), 400, "name"),
            ("name", json!("x".repeat(65)), 400, "64"),
            ("name", json!("a\nb"), 400, "control"),
            ("wallet_address", json!(7), 400, "\"wallet_address\""),
            ("wallet_address", json!("0OIl"), 400, "base58"),
            ("wallet_address", json!("1".repeat(100_000)), 400, "base58"),
            ("message", json!("BOTPIT:rotate-key:x:1"), 400, "BOTPIT:register:"),
            ("message", json!("hello"), 400, "BOTPIT:register:"),
            ("signature", json!("abc"), 400, "64-byte"),
            ("signature", json!(forged), 401, "signature"),
        ] {
            let mut body = body(NOW);
            body[field] = value.clone();
            let refusal = checked(&body).unwrap_err();
            assert_eq!(refusal.status, status, "{field}: {}", refusal.error);
            assert!(refusal.error.contains(part), "{field}: {}", refusal.error);
        }
        assert_eq!(check(b"{", &[]).unwrap_err().status, 400);
    }

    #[test]
    fn a_message_for_another_wallet_is_refused() {
        let mut body = body(NOW);
        let other = SigningKey::from_bytes(&[9; 32]);
        body["wallet_address"] = json!(bs58::encode(other.verifying_key().as_bytes()).into_string());
        assert_eq!(checked(&body).unwrap_err().status, 400);
    }
}
