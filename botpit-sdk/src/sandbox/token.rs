//! The dashboard's token (spec: "JWT Token Auth"): HS256, good for a day. No documented endpoint takes it.

use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::json::Object;
use super::timestamp::unix_seconds;

/// For how long a token is good. The sandbox's own choice.
const SECONDS: u64 = 86_400;

/// A token for whoever owns a wallet.
pub(crate) fn issue(secret: &[u8; 32], wallet_address: &str, now: SystemTime) -> String {
    let now = unix_seconds(now);
    let claims =
        Object::new().with("sub", wallet_address).with("iat", now).with("exp", now.saturating_add(SECONDS));
    signed(secret, &claims.text())
}

fn signed(secret: &[u8], claims: &str) -> String {
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let text = format!("{}.{}", part(br#"{"alg":"HS256","typ":"JWT"}"#), part(claims.as_bytes()));
    let signature = part(&hmac_sha256(secret, text.as_bytes()));
    format!("{text}.{signature}")
}

/// RFC 2104, for keys of at most 64 bytes.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|index| key.get(index).copied().unwrap_or_default() ^ with).collect()
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::seeds::hex;
    use super::*;

    #[test]
    fn the_signature_is_a_jwt_s() {
        // RFC 4231, test case 2.
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        // The example of jwt.io.
        let claims = r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#;
        assert_eq!(
            signed(b"your-256-bit-secret", claims),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
        );
        // The spec's example begins so.
        assert!(issue(&[7; 32], "W", UNIX_EPOCH).starts_with("eyJhbGciOiJIUzI1NiIs"));
    }
}
