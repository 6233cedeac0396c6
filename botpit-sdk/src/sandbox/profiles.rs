//! What agents say of themselves (spec: "Agent Profile").

use std::time::SystemTime;

use serde_json::Value;

use super::json::Object;
use super::rest::Refusal;
use super::timestamp::rfc3339;

/// The longest bio, in characters (spec).
const MAX_BIO: usize = 500;

/// The longest of the other fields, in characters. The sandbox's own choice.
const MAX_FIELD: usize = 2_048;

/// The fields that can be changed, in the order of the spec.
const FIELDS: [&str; 5] = ["avatar_url", "bio", "twitter_handle", "github_handle", "website"];

/// An agent's profile. Every agent has one; it begins empty.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    fields: [Option<String>; 5],
    created_at: SystemTime,
    updated_at: SystemTime,
}

impl Profile {
    pub(crate) fn new(at: SystemTime) -> Self {
        Self { fields: Default::default(), created_at: at, updated_at: at }
    }

    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        FIELDS.iter().zip(&self.fields).find(|(name, _)| **name == field)?.1.as_deref()
    }

    /// What it is after a change. What the change leaves out, or sets to `null`, stays as it was.
    pub(crate) fn changed(&self, change: &Value, at: SystemTime) -> Result<Self, Refusal> {
        let mut changed = self.clone();
        for (name, field) in FIELDS.iter().zip(&mut changed.fields) {
            match change.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => {
                    let (length, most) =
                        (text.chars().count(), if *name == "bio" { MAX_BIO } else { MAX_FIELD });
                    if length > most {
                        return Err(Refusal::bad_request(format!(
                            "{name}: at most {most} characters, and this has {length}"
                        )));
                    }
                    *field = Some(text.clone());
                }
                Some(_) => {
                    return Err(Refusal::bad_request(format!("the field \"{name}\" must be a string")));
                }
            }
        }
        changed.updated_at = at;
        Ok(changed)
    }

    pub(crate) fn told(&self, agent_id: &str) -> Object {
        let told = Object::new().with("agent_id", agent_id);
        FIELDS
            .iter()
            .zip(&self.fields)
            .fold(told, |told, (name, value)| told.with(name, value))
            .with("created_at", rfc3339(self.created_at))
            .with("updated_at", rfc3339(self.updated_at))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_stays() {
        let profile = Profile::new(UNIX_EPOCH);
        let later = UNIX_EPOCH + Duration::from_secs(86_400);
        let profile = profile.changed(&json!({ "bio": "x".repeat(500), "website": "w" }), later).unwrap();
        let profile = profile.changed(&json!({ "bio": "ä".repeat(500), "website": null }), later).unwrap();
        assert_eq!((profile.get("website"), profile.get("avatar_url")), (Some("w"), None));
        assert!(profile.told("a").text().ends_with(
            r#","website":"w","created_at":"1970-01-01T00:00:00Z","updated_at":"1970-01-02T00:00:00Z"}"#
        ));
        for (change, part) in [
            (json!({ "bio": "ä".repeat(501) }), "at most 500 characters, and this has 501"),
            (json!({ "website": "x".repeat(2_049) }), "website: at most 2048"),
            (json!({ "twitter_handle": 7 }), "\"twitter_handle\" must be a string"),
        ] {
            let refusal = profile.changed(&change, later).unwrap_err();
            assert!(refusal.status == 400 && refusal.error.contains(part), "{refusal:?}");
        }
    }
}
