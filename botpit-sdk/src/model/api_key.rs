//! An API key or a token on the wire. It is read into a [`Secret`], and no error shows the text that it came in.

use std::borrow::Cow;

use sdk_core::error::{Error, Result, codes};
use sdk_core::secret::Secret;
use sdk_core::wire;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(key: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.expose())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// Decodes a message that holds a key or a token: an error names the field, and shows nothing of the text.
pub(super) fn decode<'a, T: Deserialize<'a>>(text: &'a str, name: &str) -> Result<T> {
    wire::decode(text, name).map_err(|error| {
        let quiet =
            Error::new(error.code(), format!("cannot decode {name}, which holds a secret and is not shown"));
        match error.field() {
            Some(field) => quiet.with_field(field),
            None => quiet,
        }
    })
}

/// As [`decode`], for a whole body.
pub(super) fn decode_body<T: DeserializeOwned>(body: &[u8], name: &str) -> Result<T> {
    match String::from_utf8_lossy(body) {
        Cow::Borrowed(text) => decode(text, name),
        Cow::Owned(_) => Err(Error::new(&codes::NOT_JSON, format!("{name} is not UTF-8"))),
    }
}
