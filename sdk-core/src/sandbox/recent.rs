//! The last messages and requests of a sandbox, without keys: what a status page shows.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SEC_WEBSOCKET_KEY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::stream;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::io::Line;
use super::upgrade::is_upgrade;
use crate::secret::{REDACTED, Secret};

/// The most messages and requests that [`ServerOptions::recent`](super::ServerOptions::recent) keeps.
pub const MAX_RECENT: usize = 10_000;
/// The most characters of a text that is kept; the rest is cut off.
pub const MAX_RECENT_TEXT: usize = 2_000;

/// Bodies up to this size are shown; of larger ones only the size is.
const MAX_SHOWN_BODY: usize = 16 * 1024;
/// The most values that are remembered as secrets, beside those that were told.
const MAX_LEARNT: usize = 4_096;
/// A shorter value is no key, and hiding it would hide words.
const MIN_SECRET: usize = 8;
/// JSON within JSON is looked into so deep.
const MAX_DEPTH: usize = 64;

/// A field, parameter or header whose name holds one of these holds a secret. Names are compared by their letters alone.
const SECRET_NAMES: [&str; 11] = [
    "key",
    "token",
    "secret",
    "password",
    "passphrase",
    "seedphrase",
    "mnemonic",
    "private",
    "signature",
    "authorization",
    "cookie",
];
/// What keys of the platforms, and of the usual services, begin with.
const KEY_PREFIXES: [&str; 6] = ["bp_", "agt_", "kp_", "ksbot_", "sk-", "sk_"];
/// A word longer than this is no word: a private key in base58 has 87 or 88 characters.
const LONGEST_WORD: usize = 80;
/// So many plain words in a row may be a wallet's seed phrase.
const SEED_PHRASE: usize = 12;

/// Who sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Sender {
    /// The bot.
    Client,
    /// The platform.
    Sandbox,
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum RecentKind {
    /// A message of a WebSocket.
    Message,
    /// A WebSocket's close frame.
    Close,
    /// An HTTP request: method, path, query and body.
    Request,
    /// The answer to one: status and body.
    Answer,
}

/// A message or request that went through a sandbox, without keys, tokens, signatures and seed phrases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Recent {
    /// They are numbered from 1 in their order.
    pub number: u64,
    /// The connection's number.
    pub connection: u64,
    /// Whose connection it is, once the platform knows: the last of its labels.
    pub agent: Option<String>,
    /// Who sent it.
    pub from: Sender,
    /// What it is.
    pub kind: RecentKind,
    /// When, by the machine's clock. In JSON `atMs`, milliseconds since 1970.
    #[serde(rename = "atMs", serialize_with = "unix_ms")]
    pub at: SystemTime,
    /// What it is called: a message's type, a request's method and path, an answer's status, a close code.
    pub head: String,
    /// What it says, at most [`MAX_RECENT_TEXT`] characters of it. Something that is no JSON is told by its length alone.
    pub text: String,
}

fn unix_ms<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Something that goes on in a sandbox now: a match, a game, a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// What it is, in the platform's own word.
    pub kind: &'static str,
    /// Its id or code on the platform.
    pub id: String,
    /// Who takes part, by the names that others see.
    pub agents: Vec<String>,
    /// How it stands, in words.
    pub state: String,
}

impl Progress {
    /// What goes on, who takes part, and how it stands.
    pub fn new(
        kind: &'static str,
        id: impl Into<String>,
        agents: impl IntoIterator<Item = String>,
        state: impl Into<String>,
    ) -> Self {
        Self { kind, id: id.into(), agents: agents.into_iter().collect(), state: state.into() }
    }
}

/// Keeps the last of them.
pub(crate) struct Recorder {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    kept: VecDeque<Recent>,
    secrets: Secrets,
}

impl Recorder {
    /// `None` where nothing is to be kept.
    pub(crate) fn new(limit: usize) -> Option<Self> {
        (limit > 0).then(|| Self { limit: limit.min(MAX_RECENT), state: Mutex::default() })
    }

    /// `kind` is the message's type.
    pub(crate) fn message(&self, line: &Line, from: Sender, kind: &str, text: &str) {
        self.keep(line, from, RecentKind::Message, |secrets| {
            (secrets.hidden(kind), secrets.removed_from(text))
        });
    }

    pub(crate) fn bytes(&self, line: &Line, from: Sender, length: usize) {
        self.keep(line, from, RecentKind::Message, |_| (String::new(), format!("[{length} bytes, binary]")));
    }

    pub(crate) fn close(&self, line: &Line, from: Sender, code: Option<u16>, reason: &str) {
        let head = code.map_or_else(|| "close".to_owned(), |code| format!("close {code}"));
        self.keep(line, from, RecentKind::Close, |secrets| (head, secrets.hidden(reason)));
    }

    /// Keeps a request, and hands it on as it was.
    pub(crate) async fn request(&self, line: &Line, request: Request) -> Request {
        let (parts, body) = request.into_parts();
        let length = body.size_hint().exact();
        let (body, shown) = read(body).await;
        self.keep(line, Sender::Client, RecentKind::Request, |secrets| {
            secrets.learn_headers(&parts.headers);
            let mut head = format!("{} {}", parts.method, secrets.hidden(parts.uri.path()));
            if let Some(query) = parts.uri.query() {
                head.push('?');
                head.push_str(&secrets.query(query));
            }
            if is_upgrade(&parts.headers) {
                head.push_str(" (WebSocket)");
            }
            (head, secrets.body(shown.as_deref(), length))
        });
        Request::from_parts(parts, body)
    }

    /// Keeps an answer, and hands it on as it was.
    pub(crate) async fn answer(&self, line: &Line, answer: Response) -> Response {
        let (parts, body) = answer.into_parts();
        let length = body.size_hint().exact();
        let (body, shown) = read(body).await;
        self.keep(line, Sender::Sandbox, RecentKind::Answer, |secrets| {
            secrets.learn_headers(&parts.headers);
            let text = match parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
                _ if parts.status == StatusCode::SWITCHING_PROTOCOLS => String::new(),
                Some(kind) if length.is_none() => format!("[{}, as it comes]", secrets.hidden(kind)),
                _ => secrets.body(shown.as_deref(), length),
            };
            (parts.status.to_string(), text)
        });
        Response::from_parts(parts, body)
    }

    /// What must not be shown from now on, and of what was kept before.
    pub(crate) fn hide(&self, secret: &Secret) {
        self.state().secrets.learn(secret.expose());
    }

    /// The oldest first.
    pub(crate) fn all(&self) -> Vec<Recent> {
        let state = self.state();
        let mut kept: Vec<Recent> = state.kept.iter().cloned().collect();
        // A key may have shown itself as one only after it was written.
        for recent in &mut kept {
            recent.head = state.secrets.without_learnt(&recent.head);
            recent.text = state.secrets.without_learnt(&recent.text);
            recent.agent = recent.agent.take().map(|agent| state.secrets.hidden(&agent));
        }
        kept
    }

    pub(crate) fn clear(&self) {
        self.state().kept.clear();
    }

    fn keep(
        &self,
        line: &Line,
        from: Sender,
        kind: RecentKind,
        words: impl FnOnce(&mut Secrets) -> (String, String),
    ) {
        let at = SystemTime::now();
        let (connection, agent) = (line.id(), line.labels().pop());
        let mut state = self.state();
        let (head, text) = words(&mut state.secrets);
        let (head, text) = (cut(head), cut(text));
        state.last += 1;
        let number = state.last;
        if state.kept.len() == self.limit {
            state.kept.pop_front();
        }
        state.kept.push_back(Recent { number, connection, agent, from, kind, at, head, text });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("limit", &self.limit).finish_non_exhaustive()
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_RECENT_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A body that is small enough, and the same body again.
async fn read(body: Body) -> (Body, Option<Bytes>) {
    if body.size_hint().exact().is_none_or(|length| length > MAX_SHOWN_BODY as u64) {
        return (body, None);
    }
    match to_bytes(body, MAX_SHOWN_BODY).await {
        Ok(bytes) => (Body::from(bytes.clone()), Some(bytes)),
        // Whoever reads it is to meet the same end.
        Err(error) => (Body::from_stream(stream::iter([Err::<Bytes, _>(error)])), None),
    }
}

/// What was seen to be secret.
#[derive(Default)]
struct Secrets(HashSet<String>);

impl Secrets {
    fn learn(&mut self, text: &str) {
        if text.len() >= MIN_SECRET && self.0.len() < MAX_LEARNT {
            self.0.insert(text.to_owned());
        }
    }

    fn learn_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            let is_secret = name == AUTHORIZATION || name == COOKIE || is_secret_name(name.as_str());
            if is_secret && name != SEC_WEBSOCKET_KEY && !name.as_str().starts_with("sec-websocket") {
                self.learn_header(value);
            }
        }
    }

    fn learn_header(&mut self, value: &HeaderValue) {
        let Ok(value) = value.to_str() else { return };
        self.learn(value);
        // `Bearer KEY`, `name=KEY; name=KEY`.
        for part in value.split([' ', ';', '=', ',']) {
            self.learn(part);
        }
    }

    /// A text as it may be shown: JSON without the values that are secret, and nothing of what is no JSON.
    fn removed_from(&mut self, text: &str) -> String {
        match serde_json::from_str::<Value>(text) {
            Ok(mut value) => {
                self.hide_in(&mut value, 0);
                self.hidden(&value.to_string())
            }
            Err(_) => format!("[{} bytes, no JSON]", text.len()),
        }
    }

    fn body(&mut self, body: Option<&[u8]>, length: Option<u64>) -> String {
        match (body, length) {
            (Some([]), _) | (None, Some(0)) => String::new(),
            (Some(body), _) => match std::str::from_utf8(body) {
                Ok(text) => self.removed_from(text),
                Err(_) => format!("[{} bytes]", body.len()),
            },
            (None, Some(length)) => format!("[{length} bytes]"),
            (None, None) => "[as it comes]".to_owned(),
        }
    }

    fn query(&mut self, query: &str) -> String {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| {
            if is_secret_name(&name) {
                self.learn(&value);
                format!("{name}={REDACTED}")
            } else {
                format!("{name}={value}")
            }
        });
        let text = pairs.collect::<Vec<_>>().join("&");
        self.hidden(&text)
    }

    fn hide_in(&mut self, value: &mut Value, depth: usize) {
        if depth > MAX_DEPTH {
            *value = Value::from("[too deep]");
            return;
        }
        match value {
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    if is_secret_name(name)
                        && !matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
                    {
                        self.learn_all(value, depth);
                        *value = Value::from(REDACTED);
                    } else {
                        self.hide_in(value, depth + 1);
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.hide_in(value, depth + 1)),
            // A body that travels as a text.
            Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
                if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                    self.hide_in(&mut inner, depth + 1);
                    *text = inner.to_string();
                }
            }
            _ => {}
        }
    }

    fn learn_all(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) => self.learn(text),
            Value::Array(values) if depth <= MAX_DEPTH => {
                values.iter().for_each(|value| self.learn_all(value, depth + 1));
            }
            Value::Object(fields) if depth <= MAX_DEPTH => {
                fields.values().for_each(|value| self.learn_all(value, depth + 1));
            }
            _ => {}
        }
    }

    /// Without what was learnt, and without what looks like a key.
    fn hidden(&self, text: &str) -> String {
        without_phrases(&without_keys(&self.without_learnt(text)))
    }

    fn without_learnt(&self, text: &str) -> String {
        let holds = |secret: &&String| text.contains(secret.as_str());
        // The longest first: one may be the beginning of another.
        let mut found: Vec<&String> = self.0.iter().filter(holds).collect();
        found.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        found.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), REDACTED))
    }
}

fn is_secret_name(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// Without words that begin as keys do, and without endless ones.
fn without_keys(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let between = rest.find(in_word).unwrap_or(rest.len());
        let (gap, tail) = rest.split_at_checked(between).unwrap_or((rest, ""));
        shown.push_str(gap);
        let end = tail.find(|c| !in_word(c)).unwrap_or(tail.len());
        let (word, tail) = tail.split_at_checked(end).unwrap_or((tail, ""));
        let is_key = KEY_PREFIXES
            .iter()
            .any(|prefix| word.starts_with(prefix) && word.len() >= prefix.len() + MIN_SECRET);
        shown.push_str(if is_key || word.len() > LONGEST_WORD { REDACTED } else { word });
        rest = tail;
    }
    shown
}

/// Without runs of plain words as long as a seed phrase.
fn without_phrases(text: &str) -> String {
    let is_plain =
        |word: &str| (3..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let mut parts: Vec<&str> = Vec::new();
    let mut run = 0;
    // Quotes and commas of JSON end a word without a blank.
    let words = text.split_inclusive(|c: char| !c.is_ascii_lowercase());
    for part in words {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_lowercase());
        let goes_on = part.len() == word.len() || part.ends_with(' ');
        if is_plain(word) {
            run += 1;
        } else if !word.is_empty() || !part.ends_with(' ') {
            close_run(&mut parts, &mut run);
        }
        parts.push(part);
        if !goes_on {
            // The mark at the end of the last word is of the text around.
            close_run(&mut parts, &mut run);
        }
    }
    close_run(&mut parts, &mut run);
    parts.concat()
}

/// Ends a run of plain words: a long one is replaced.
fn close_run(parts: &mut Vec<&str>, run: &mut usize) {
    if *run >= SEED_PHRASE {
        let last = parts.last().copied().unwrap_or_default();
        let mark = last.trim_start_matches(|c: char| c.is_ascii_lowercase());
        parts.truncate(parts.len().saturating_sub(*run));
        parts.push(REDACTED);
        parts.push(mark);
    }
    *run = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secrets: &mut Secrets, text: &str) -> String {
        secrets.removed_from(text)
    }

    #[test]
    fn values_with_secret_names_are_hidden_and_then_known_everywhere() {
        let mut secrets = Secrets::default();
        let text = shown(&mut secrets, r#"{"api_key":"m4rked-one","type":"authenticate"}"#);
        assert_eq!(text, r#"{"api_key":"[redacted]","type":"authenticate"}"#);
        // A bot that says its own key to another.
        assert_eq!(
            shown(&mut secrets, r#"{"body":"my key is m4rked-one!"}"#),
            r#"{"body":"my key is [redacted]!"}"#
        );
        // JSON in a string in JSON, and lists.
        let nested = r#"{"body":"{\"apiToken\":\"m4rked-two\"}","headers":{"X-Some-Token":"m4rked-three"}}"#;
        assert!(!shown(&mut secrets, nested).contains("m4rked"));
        assert!(!shown(&mut secrets, r#"{"keys":["m4rked-four",{"a":"m4rked-five"}]}"#).contains("m4rked"));
        for marked in ["two", "three", "four", "five"] {
            assert!(!shown(&mut secrets, &format!(r#"["m4rked-{marked}"]"#)).contains("m4rked"));
        }
        // What is no JSON is not shown at all.
        assert_eq!(shown(&mut secrets, "m4rked-six"), "[10 bytes, no JSON]");
        // A query's, and a header's.
        assert_eq!(secrets.query("api_key=m4rked-seven&limit=5"), "api_key=[redacted]&limit=5");
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer m4rked-eight"));
        headers.insert(COOKIE, HeaderValue::from_static("sid=m4rked-nine"));
        secrets.learn_headers(&headers);
        assert_eq!(
            shown(&mut secrets, r#"["m4rked-eight","m4rked-nine"]"#),
            r#"["[redacted]","[redacted]"]"#
        );
    }

    #[test]
    fn what_looks_like_a_key_is_hidden_wherever_it_stands() {
        let mut secrets = Secrets::default();
        let long = "5".repeat(88);
        for (text, expected) in [
            (r#"["bp_live_m4rked00"]"#, r#"["[redacted]"]"#),
            (r#"["try kp_live_0123456789abcdef, please"]"#, r#"["try [redacted], please"]"#),
            (r#"["ksbot_0011.m4rked_0"]"#, r#"["[redacted]"]"#),
            (r#"["bp_ is how they begin"]"#, r#"["bp_ is how they begin"]"#),
            (r#"["task-force"]"#, r#"["task-force"]"#),
            (&format!(r#"["{long}"]"#), r#"["[redacted]"]"#),
        ] {
            assert_eq!(shown(&mut secrets, text), expected);
        }
        let hash = "a1".repeat(32);
        assert_eq!(
            shown(&mut secrets, &format!(r#"["{hash}"]"#)),
            format!(r#"["{hash}"]"#),
            "a commitment is public"
        );
    }

    #[test]
    fn a_seed_phrase_is_hidden_and_a_sentence_is_not() {
        let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        let mut secrets = Secrets::default();
        let text = shown(&mut secrets, &format!(r#"{{"body":"{phrase}","n":1}}"#));
        assert_eq!(text, r#"{"body":"[redacted]","n":1}"#);
        let text = shown(&mut secrets, &format!(r#"{{"body":"Mine: {phrase} OK?"}}"#));
        assert!(!text.contains("winner"), "{text}");
        let sentence =
            r#"{"body":"I am a bot, and you? It is a fine day to go out, and I do not know why."}"#;
        assert_eq!(shown(&mut secrets, sentence), sentence);
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_wanted() {
        assert!(Recorder::new(0).is_none());
    }
}
