//! The tunnel's frames: JSON texts with a `type` (spec, step 4).

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;
use sdk_core::wire;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::codes;

/// What keeps the tunnel alive, every 25 s.
pub const PING: &str = r#"{"type":"ping"}"#;

/// An id with more bytes is not echoed.
pub const MAX_ID: usize = 1_024;
/// A request with more headers is refused.
pub const MAX_HEADERS: usize = 64;
/// A request whose headers hold more bytes is refused.
pub const MAX_HEADER_BYTES: usize = 32 * 1_024;

/// The first frame of a connection.
pub fn auth(key: &Secret) -> Secret {
    #[derive(Serialize)]
    struct Auth<'a> {
        r#type: &'static str,
        api_key: &'a str,
    }
    // Two strings are always JSON.
    Secret::new(serde_json::to_string(&Auth { r#type: "auth", api_key: key.expose() }).unwrap_or_default())
}

/// The key was accepted: the bot is online.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct AuthOk {
    /// The bot's public address.
    pub tunnel_url: Option<String>,
    /// The bot's name.
    pub agent_name: Option<String>,
    /// The bot's identifier.
    pub service_code: Option<String>,
    /// Every other field, and these where they are no texts.
    pub extra: Map<String, Value>,
}

impl AuthOk {
    /// Reads the frame. A field that is not as documented does not make the greeting invalid: it is in
    /// [`extra`](Self::extra).
    ///
    /// # Errors
    /// [`NOT_JSON`](sdk_core::error::codes::NOT_JSON) or [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED) for
    /// anything but a JSON object.
    pub fn decode(text: &str) -> Result<Self> {
        let mut extra: Map<String, Value> = wire::decode(text, "auth_ok")?;
        extra.remove("type");
        let mut take = |name: &str| match extra.get(name) {
            Some(Value::String(text)) => {
                let text = text.clone();
                extra.remove(name);
                Some(text)
            }
            _ => None,
        };
        let (tunnel_url, agent_name, service_code) =
            (take("tunnel_url"), take("agent_name"), take("service_code"));
        Ok(Self { tunnel_url, agent_name, service_code, extra })
    }
}

/// The words of an `error` frame, or of whatever else came instead of `auth_ok`.
pub fn error_words(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Words {
        message: Option<Value>,
        error: Option<Value>,
        reason: Option<Value>,
    }
    let words: Words = serde_json::from_str(text).ok()?;
    [words.message, words.error, words.reason].into_iter().flatten().find_map(|value| match value {
        Value::String(text) => Some(text),
        Value::Null => None,
        other => Some(other.to_string()),
    })
}

/// A request's id, as it came: a text or a number. It goes back the same.
#[derive(Clone)]
pub struct FrameId(Arc<RawValue>);

impl FrameId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`BAD_FRAME`](codes::BAD_FRAME) with the field `id`, when it is neither a text nor a number, or longer than
    /// [`MAX_ID`].
    pub fn read(raw: &RawValue) -> Result<Self> {
        let text = raw.get();
        let refused = |what: String| Error::new(&codes::BAD_FRAME, what).with_field("id");
        if text.len() > MAX_ID {
            return Err(refused(format!("the request's id is longer than {MAX_ID} bytes")));
        }
        match text.as_bytes().first() {
            // The same text can be written in several ways; one of them is the key.
            Some(b'"') if text.contains('\\') => {
                let word: String = wire::decode(text, "id")?;
                let canonical = serde_json::value::to_raw_value(&word)
                    .map_err(|cause| refused("the request's id cannot be read".into()).with_source(cause))?;
                Ok(Self(canonical.into()))
            }
            Some(b'"' | b'-' | b'0'..=b'9') => Ok(Self(raw.to_owned().into())),
            _ => Err(refused("the request's id is neither a text nor a number".into())),
        }
    }

    /// The id as JSON.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for FrameId {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Eq for FrameId {}

impl Hash for FrameId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_json().hash(state);
    }
}

impl fmt::Debug for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameId({})", self.as_json())
    }
}

/// A request that came through the tunnel.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TunnelRequest {
    /// Goes back with the answer.
    pub id: FrameId,
    /// As it came; `POST` where there was none.
    pub method: String,
    /// As it came, without its query; `/` where there was none.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// The request's headers. Those that no HTTP message may hold are left out.
    pub headers: HeaderMap,
    /// The body as text. One that came as an object is its JSON.
    pub body: String,
}

/// A request frame that cannot be used.
#[derive(Debug, Clone)]
pub struct BadRequest {
    /// Where it can be told, so that it can be answered.
    pub id: Option<FrameId>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What is wrong with it.
    pub error: Error,
}

impl TunnelRequest {
    /// Reads a `request` frame. What is missing gets the default of the platform's own clients: method `POST`, path `/`, no
    /// query, no headers, an empty body.
    ///
    /// # Errors
    /// A [`BadRequest`], with the id where there is one.
    pub fn decode(text: &str) -> Result<Self, BadRequest> {
        #[derive(Deserialize)]
        struct Frame<'a> {
            #[serde(borrow)]
            id: Option<&'a RawValue>,
            #[serde(borrow)]
            method: Option<&'a RawValue>,
            #[serde(borrow)]
            path: Option<&'a RawValue>,
            #[serde(borrow)]
            query_string: Option<&'a RawValue>,
            #[serde(borrow)]
            headers: Option<&'a RawValue>,
            #[serde(borrow)]
            body: Option<&'a RawValue>,
        }
        let without_id = |error| BadRequest { id: None, status: 400, error };
        let frame: Frame<'_> = wire::decode(text, "request").map_err(without_id)?;
        let missing = || Error::new(&codes::BAD_FRAME, "the request has no id").with_field("id");
        let id = frame.id.ok_or_else(missing).and_then(FrameId::read).map_err(without_id)?;
        let refused = |status, error| BadRequest { id: Some(id.clone()), status, error };

        let word = |raw: Option<&RawValue>, field: &'static str, default: &str| match raw.map(string) {
            None => Ok(default.to_owned()),
            Some(Some(text)) => Ok(text.into_owned()),
            Some(None) => {
                let what = format!("the request's {field} is not a text");
                Err(refused(400, Error::new(&codes::BAD_FRAME, what).with_field(field)))
            }
        };
        let method = word(frame.method, "method", "POST")?;
        let mut path = word(frame.path, "path", "/")?;
        let mut query = word(frame.query_string, "query_string", "")?;
        if query.starts_with('?') {
            query.remove(0);
        }
        if let Some((before, after)) = path.split_once('?') {
            if query.is_empty() {
                query = after.to_owned();
            }
            path = before.to_owned();
        }
        if path.is_empty() {
            path.push('/');
        }
        let headers = match frame.headers {
            None => HeaderMap::new(),
            Some(raw) => read_headers(raw).map_err(|(status, error)| refused(status, error))?,
        };
        let body = match frame.body {
            None => String::new(),
            Some(raw) => string(raw).map_or_else(|| raw.get().to_owned(), Cow::into_owned),
        };
        Ok(Self { id, method, path, query, headers, body })
    }
}

/// A JSON string's text; `None` for every other value.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Word<'a>(#[serde(borrow)] Cow<'a, str>);
    let word: Result<Word<'_>, _> = serde_json::from_str(raw.get());
    word.ok().map(|Word(text)| text)
}

fn read_headers(raw: &RawValue) -> Result<HeaderMap, (u16, Error)> {
    let wrong = |what: &str| Error::new(&codes::BAD_FRAME, what).with_field("headers");
    let too_many = || {
        let what = format!(
            "the request has more than {MAX_HEADERS} headers, or more than {MAX_HEADER_BYTES} bytes of them"
        );
        (431, wrong(&what))
    };
    if raw.get().len() > 2 * MAX_HEADER_BYTES {
        return Err(too_many());
    }
    let Headers { map, count, bytes } =
        serde_json::from_str(raw.get()).map_err(|_| (400, wrong("the request's headers are no object")))?;
    if count > MAX_HEADERS || bytes > MAX_HEADER_BYTES { Err(too_many()) } else { Ok(map) }
}

struct Headers {
    map: HeaderMap,
    count: usize,
    bytes: usize,
}

impl Headers {
    fn add(&mut self, name: &str, value: &str) {
        self.count += 1;
        self.bytes += name.len() + value.len();
        if self.count > MAX_HEADERS || self.bytes > MAX_HEADER_BYTES {
            return;
        }
        if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            let is_secret = name == super::header::USER_TOKEN
                || name == http::header::AUTHORIZATION
                || name == http::header::COOKIE
                || name == super::header::API_KEY;
            value.set_sensitive(is_secret);
            self.map.append(name, value);
        }
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        #[derive(Deserialize)]
        struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

        impl<'de> Visitor<'de> for Pairs {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = Headers { map: HeaderMap::new(), count: 0, bytes: 0 };
                while let Some((Word(name), raw)) = map.next_entry::<Word<'de>, &'de RawValue>()? {
                    match string(raw) {
                        Some(value) => headers.add(&name, &value),
                        None => match serde_json::from_str(raw.get()) {
                            Ok(Value::Array(values)) => {
                                values
                                    .iter()
                                    .filter_map(Value::as_str)
                                    .for_each(|value| headers.add(&name, value));
                            }
                            Ok(Value::Number(number)) => headers.add(&name, &number.to_string()),
                            Ok(Value::Bool(flag)) => headers.add(&name, &flag.to_string()),
                            _ => {}
                        },
                    }
                }
                Ok(headers)
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// The answer to a request, ready to be written.
#[derive(Debug, Clone)]
pub struct TunnelResponse<'a> {
    /// The request's id.
    pub id: &'a FrameId,
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers. The frame has one place for each name: several of one are joined with a comma and a blank, but for
    /// `Set-Cookie`, which may not be joined (RFC 9110, section 5.3): the first one stands.
    pub headers: &'a HeaderMap,
    /// The answer's body.
    pub body: &'a str,
}

impl TunnelResponse<'_> {
    /// The frame's text.
    pub fn encode(&self) -> String {
        // Texts, numbers and an id that came as JSON are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for TunnelResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("type", "response")?;
        map.serialize_entry("id", &*self.id.0)?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("headers", &Joined(self.headers))?;
        map.serialize_entry("body", self.body)?;
        map.end()
    }
}

struct Joined<'a>(&'a HeaderMap);

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.keys_len()))?;
        for name in self.0.keys() {
            let mut values = self.0.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let Some(first) = values.next() else { continue };
            match values.next().filter(|_| name != http::header::SET_COOKIE) {
                None => map.serialize_entry(name.as_str(), first)?,
                Some(second) => {
                    let all: Vec<_> = [first, second].into_iter().chain(values).collect();
                    map.serialize_entry(name.as_str(), &all.join(", "))?;
                }
            }
        }
        map.end()
    }
}
