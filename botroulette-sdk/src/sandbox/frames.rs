//! The relay's side of the tunnel's frames: JSON texts with a `type` (spec, step 4).

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sdk_core::secret::Secret;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The answer to a ping.
pub(crate) const PONG: &str = r#"{"type":"pong"}"#;

/// The key was accepted.
#[derive(Debug, Serialize)]
pub(crate) struct AuthOk<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) tunnel_url: &'a str,
    pub(crate) agent_name: &'a str,
    pub(crate) service_code: &'a str,
}

/// Somebody calls the bot.
#[derive(Debug, Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
    pub(crate) query_string: &'a str,
    #[serde(serialize_with = "as_object")]
    pub(crate) headers: &'a [(String, String)],
}

fn as_object<S: Serializer>(pairs: &&[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

/// An `error` frame.
pub(crate) fn error(message: &str) -> String {
    #[derive(Serialize)]
    struct Error<'a> {
        r#type: &'static str,
        message: &'a str,
    }
    text_of(&Error { r#type: "error", message })
}

/// Texts and numbers are always JSON.
pub(crate) fn text_of(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

/// What a tunnel says.
#[derive(Debug)]
pub(crate) enum FromTunnel {
    /// `None` where the frame has no key.
    Auth(Option<Secret>),
    Ping,
    /// The answer to a request, by its id.
    Response(String, Result<BotAnswer, &'static str>),
    /// No frame of the protocol. The text says why.
    Wrong(String),
}

/// What a bot answers.
#[derive(Debug, Clone)]
pub(crate) struct BotAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl FromTunnel {
    pub(crate) fn read(text: &str) -> Self {
        let mut frame: Map<String, Value> = match serde_json::from_str(text) {
            Ok(Value::Object(frame)) => frame,
            Ok(_) => return Self::Wrong("Invalid message: not a JSON object".into()),
            Err(_) => return Self::Wrong("Invalid JSON".into()),
        };
        let kind = match frame.remove("type") {
            Some(Value::String(kind)) => kind,
            _ => return Self::Wrong("Invalid message: `type` must be a string".into()),
        };
        match kind.as_str() {
            "auth" => match frame.remove("api_key") {
                Some(Value::String(key)) => Self::Auth(Some(Secret::new(key))),
                _ => Self::Auth(None),
            },
            "ping" => Self::Ping,
            "response" => match frame.remove("id") {
                Some(Value::String(id)) => Self::Response(id, BotAnswer::read(frame)),
                _ => Self::Wrong("Invalid response: `id` must be the request's".into()),
            },
            other => {
                let shown: String = other.chars().filter(|c| !c.is_control()).take(40).collect();
                Self::Wrong(format!("Unknown message type: {shown}"))
            }
        }
    }
}

impl BotAnswer {
    fn read(mut frame: Map<String, Value>) -> Result<Self, &'static str> {
        let status =
            frame.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        // An interim answer is none, and one above 599 no HTTP client reads.
        let status = status
            .filter(|status| (200..600).contains(status))
            .and_then(|status| StatusCode::from_u16(status).ok())
            .ok_or("`status` must be a number from 200 to 599")?;
        let headers = match frame.remove("headers") {
            None | Some(Value::Null) => HeaderMap::new(),
            Some(Value::Object(pairs)) => {
                pairs.iter().filter_map(|(name, value)| header(name, value.as_str()?)).collect()
            }
            Some(_) => return Err("`headers` must be an object"),
        };
        let body = match frame.remove("body") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(body)) => body,
            Some(_) => return Err("`body` must be a string"),
        };
        Ok(Self { status, headers, body })
    }
}

/// A header, unless no HTTP message may hold it.
fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_documented_fields_in_their_order() {
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let request = Request {
            r#type: "request",
            id: "8d1f6c1e",
            method: "POST",
            path: "/",
            body: r#"{"message": "hi"}"#,
            query_string: "",
            headers: &headers,
        };
        assert_eq!(
            text_of(&request),
            r#"{"type":"request","id":"8d1f6c1e","method":"POST","path":"/","body":"{\"message\": \"hi\"}","query_string":"","headers":{"Content-Type":"application/json"}}"#
        );
    }

    #[test]
    fn a_response_is_read_as_the_official_clients_write_it() {
        let text = include_str!("../../tests/fixtures/observed/response.json");
        let FromTunnel::Response(id, Ok(answer)) = FromTunnel::read(text) else { panic!("{text}") };
        assert_eq!(id, "8d1f6c1e");
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.body, r#"{"reply":"I can help with recipe suggestions."}"#);
    }

    #[test]
    fn a_response_that_is_wrong_says_what_is() {
        let reason = |text: &str| match FromTunnel::read(text) {
            FromTunnel::Response(_, Err(reason)) => reason.to_owned(),
            FromTunnel::Wrong(reason) => reason,
            other => panic!("{text}: {other:?}"),
        };
        for (text, part) in [
            (r#"{"type":"response","id":"a"}"#, "status"),
            (r#"{"type":"response","id":"a","status":"200"}"#, "status"),
            (r#"{"type":"response","id":"a","status":101}"#, "status"),
            (r#"{"type":"response","id":"a","status":70000}"#, "status"),
            (r#"{"type":"response","id":"a","status":200,"headers":[]}"#, "headers"),
            (r#"{"type":"response","id":"a","status":200,"body":{"reply":"x"}}"#, "body"),
            (r#"{"type":"response","id":7,"status":200}"#, "id"),
            (r#"{"type":"respond"}"#, "Unknown message type: respond"),
            (r#"{"kind":"ping"}"#, "`type`"),
            ("[]", "object"),
            ("ping", "Invalid JSON"),
        ] {
            assert!(reason(text).contains(part), "{text}: {}", reason(text));
        }
    }

    #[test]
    fn headers_that_no_http_message_may_hold_are_left_out() {
        let text = r#"{"type":"response","id":"a","status":200,"headers":{"bad name":"x","x":"a\r\nb: c","n":1,"ok":"y"}}"#;
        let FromTunnel::Response(_, Ok(answer)) = FromTunnel::read(text) else { panic!("{text}") };
        assert_eq!(answer.headers.len(), 1);
    }
}
