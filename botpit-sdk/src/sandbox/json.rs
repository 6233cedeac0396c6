//! JSON objects whose fields stay in the order of the specification, `"type"` first.
//!
//! `serde_json::Map` sorts its keys. A client may look for the type at the start of a frame, so the sandbox writes frames
//! as the platform does.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON object under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    fields: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A frame of the WebSocket protocol.
    pub(crate) fn message(kind: &str) -> Self {
        Self::new().with("type", kind)
    }

    /// The `error` message.
    pub(crate) fn error(code: &str, message: &str) -> Self {
        Self::message("error").with("code", code).with("message", message)
    }

    pub(crate) fn with(mut self, key: &str, value: impl Serialize) -> Self {
        if !self.fields.is_empty() {
            self.fields.push(',');
        }
        self.fields.push_str(&text_of(&key));
        self.fields.push(':');
        self.fields.push_str(&text_of(&value));
        self
    }

    pub(crate) fn text(&self) -> String {
        format!("{{{}}}", self.fields)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.text()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// What the sandbox writes are strings, numbers and objects made here: none of them can fail to serialise.
fn text_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stay_in_order_and_nest() {
        let inner = Object::new().with("z", 1).with("a", "qu\"ote");
        let outer = Object::message("x").with("inner", &inner).with("list", [&inner, &Object::new()]);
        assert_eq!(
            outer.text(),
            r#"{"type":"x","inner":{"z":1,"a":"qu\"ote"},"list":[{"z":1,"a":"qu\"ote"},{}]}"#
        );
    }
}
