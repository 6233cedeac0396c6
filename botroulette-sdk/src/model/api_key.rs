//! An API key on the wire. It is read into a [`Secret`], and no error shows the text that it came in.

use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;
use sdk_core::wire;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// Decodes a body that holds a key: an error names the field, and shows nothing of the text.
pub(super) fn decode<T: DeserializeOwned>(body: &[u8], name: &str) -> Result<T> {
    wire::decode_slice(body, name).map_err(|error| {
        let quiet =
            Error::new(error.code(), format!("cannot decode {name}, which holds a secret and is not shown"));
        match error.field() {
            Some(field) => quiet.with_field(field),
            None => quiet,
        }
    })
}
