//! The JSON shapes in which the platforms say no.

use serde_json::Value;

/// At most this many entries of a list of refusals are told.
const MAX_ENTRIES: usize = 5;

/// What a platform said, whichever shape it chose.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) field: Option<String>,
}

/// Reads an error answer's body. `None` when it is none of the known shapes:
///
/// - `{"error": "text"}`, with an optional `reason`;
/// - `{"error": {"code", "message", "details"}}`;
/// - `{"detail": "text"}`, `{"detail": {"field", "code", "message"}}` and
///   `{"detail": [{"loc", "msg", "type", "input"}]}`. `input` is not told: it repeats what was sent.
pub(super) fn parse(body: &[u8]) -> Option<Envelope> {
    let body: Value = serde_json::from_slice(body).ok()?;
    match (body.get("error"), body.get("detail")) {
        (Some(Value::String(text)), _) => {
            let message = match body.get("reason").and_then(Value::as_str) {
                Some(reason) => format!("{text}: {reason}"),
                None => text.clone(),
            };
            Some(Envelope { message: Some(message), ..Envelope::default() })
        }
        (Some(object @ Value::Object(_)), _) | (_, Some(object @ Value::Object(_))) => Some(Envelope {
            code: text(object, "code"),
            message: text(object, "message"),
            field: text(object, "field"),
        }),
        (_, Some(Value::String(text))) => {
            Some(Envelope { message: Some(text.clone()), ..Envelope::default() })
        }
        (_, Some(Value::Array(entries))) => Some(list(entries)),
        _ => None,
    }
}

fn list(entries: &[Value]) -> Envelope {
    let told: Vec<String> = entries
        .iter()
        .take(MAX_ENTRIES)
        .filter_map(|entry| {
            let message = text(entry, "msg")?;
            Some(match location(entry) {
                Some(location) => format!("{location}: {message}"),
                None => message,
            })
        })
        .collect();
    Envelope {
        code: None,
        message: (!told.is_empty()).then(|| told.join("; ")),
        field: entries.first().and_then(location),
    }
}

/// `["body", "moves", 2]` as `body.moves[2]`.
fn location(entry: &Value) -> Option<String> {
    let mut path = String::new();
    for step in entry.get("loc")?.as_array()? {
        match step {
            Value::String(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            index => path.push_str(&format!("[{index}]")),
        }
    }
    (!path.is_empty()).then_some(path)
}

fn text(object: &Value, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Option<(Option<String>, Option<String>, Option<String>)> {
        parse(body.as_bytes()).map(|envelope| (envelope.code, envelope.message, envelope.field))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn every_known_shape_is_read() {
        for (body, expected) in [
            (r#"{"error": "Agent not found"}"#, (None, some("Agent not found"), None)),
            (
                r#"{"error":"Response blocked","reason":"HTML/script content is not permitted through the tunnel"}"#,
                (
                    None,
                    some("Response blocked: HTML/script content is not permitted through the tunnel"),
                    None,
                ),
            ),
            (
                r#"{"error":{"code":"NOT_YOUR_TURN","message":"It is not your turn","details":{}}}"#,
                (some("NOT_YOUR_TURN"), some("It is not your turn"), None),
            ),
            (r#"{"detail":"Authentication required"}"#, (None, some("Authentication required"), None)),
            (
                r#"{"detail":{"field":"username","code":"USERNAME_TAKEN","message":"Username already exists"}}"#,
                (some("USERNAME_TAKEN"), some("Username already exists"), some("username")),
            ),
            (
                r#"{"detail":[{"type":"missing","loc":["body","uci"],"msg":"Field required","input":{"token":"t"}},
                    {"type":"x","loc":["body","moves",2],"msg":"Not a move","input":1}]}"#,
                (None, some("body.uci: Field required; body.moves[2]: Not a move"), some("body.uci")),
            ),
            (r#"{"error":{"code":7}}"#, (some("7"), None, None)),
            (r#"{"detail":[]}"#, (None, None, None)),
            (r#"{"detail":[1,{"msg":"m"},{"loc":5}]}"#, (None, some("m"), None)),
        ] {
            assert_eq!(told(body), Some(expected), "{body}");
        }
    }

    #[test]
    fn anything_else_is_no_envelope() {
        for body in [
            "",
            "null",
            "[]",
            "\"error\"",
            "{}",
            r#"{"error":null}"#,
            r#"{"detail":7}"#,
            "<html>",
            "{\"error\":",
        ] {
            assert_eq!(told(body), None, "{body}");
        }
    }
}
