//! An API key on the wire. It is read into a [`Secret`], and no error shows the text that it came in.

use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;
use sdk_core::wire;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(key: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// Decodes a message that holds a key: an error names the field, and shows nothing of the text.
pub(super) fn decode<'a, T: Deserialize<'a>>(text: &'a str, name: &str) -> Result<T> {
    wire::decode(text, name).map_err(|error| {
        let quiet =
            Error::new(error.code(), format!("cannot decode {name}, which holds a key and is not shown"));
        match error.field() {
            Some(field) => quiet.with_field(field),
            None => quiet,
        }
    })
}
