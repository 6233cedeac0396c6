//! The account that a token belongs to.

use sdk_core::error::Result;
use sdk_core::wire;
use serde_json::Value;

use super::Role;
use super::open_struct::open_struct;

open_struct! {
    /// The account that the client's token belongs to. What the platform tells of the token itself is left out.
    pub struct Account {
        /// The name.
        pub username: String,
        /// What kind of account it is.
        pub role: Option<Role>,
    }
}

impl Account {
    /// Reads the answer's body, and drops the token's id and digest.
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON), or [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) with the
    /// field.
    pub fn decode(body: &[u8]) -> Result<Self> {
        let mut account: Self = wire::decode_slice(body, "the account")?;
        account.extra.0.values_mut().for_each(drop_token);
        account.extra.0.retain(|name, _| !is_of_the_token(name));
        Ok(account)
    }
}

fn is_of_the_token(name: &str) -> bool {
    name.contains("token")
}

fn drop_token(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !is_of_the_token(name));
            fields.values_mut().for_each(drop_token);
        }
        Value::Array(values) => values.iter_mut().for_each(drop_token),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_token_is_left_out() {
        let body = br#"{"username":"u","role":"bot","bot_profile":{"listed":true,"api_token_id":"s3cr3t",
            "api_token_digest":"s3cr3t"},"token":"s3cr3t"}"#;
        let account = Account::decode(body).unwrap();
        assert!(!format!("{account:?}").contains("s3cr3t"));
        assert_eq!(account.extra.get("bot_profile").unwrap()["listed"], true);
    }
}
