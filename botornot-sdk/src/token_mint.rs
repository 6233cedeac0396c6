//! Making a token from a signed-in user's session (spec, "Auth + Token Management").

use std::fmt;

use bytes::Bytes;
use http::header::COOKIE;
use sdk_core::error::{Error, Result};
use sdk_core::http::Http;
use sdk_core::network::Network;
use sdk_core::secret::Secret;
use serde_json::Value;

use crate::client::rest_url;

/// The fields in which a token may stand, the likeliest first.
const FIELDS: [&str; 8] =
    ["token", "api_key", "agent_token", "api_token", "key", "access_token", "plaintext", "value"];
/// The objects that may be around it.
const WRAPPERS: [&str; 5] = ["data", "agent", "result", "token", "agent_token"];

/// What the platform answered to [`mint_token`].
///
/// The answer's shape is not documented. The likely ones are understood; of any other there is the body itself. Neither is
/// shown by `Debug`.
#[derive(Clone)]
#[non_exhaustive]
pub enum MintedToken {
    /// A token.
    Token(Secret),
    /// An answer of success in which no token was recognised. The body may hold one: [`Secret::expose`] shows it.
    Unrecognised(Secret),
}

impl MintedToken {
    /// The token, if one was recognised.
    pub fn token(&self) -> Option<&Secret> {
        match self {
            Self::Token(token) => Some(token),
            Self::Unrecognised(_) => None,
        }
    }

    fn read(body: &Bytes) -> Self {
        let text = String::from_utf8_lossy(body);
        let found = match serde_json::from_slice::<Value>(body) {
            Ok(value) => find(&value, 0).map(str::to_owned),
            // A bare text, as long as it can be nothing else.
            Err(_) => Some(text.trim().to_owned()).filter(|text| {
                text.len() >= 16 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:~+/=".contains(c))
            }),
        };
        match found.map(Secret::new).filter(|token| token.check("token").is_ok()) {
            Some(token) => Self::Token(token),
            None => Self::Unrecognised(Secret::new(text)),
        }
    }
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token([redacted])",
            Self::Unrecognised(_) => "Unrecognised([redacted])",
        })
    }
}

/// The token in an answer: a text by itself, or in a field of its own, at most two objects deep.
fn find(value: &Value, depth: u8) -> Option<&str> {
    match value {
        Value::String(text) if depth == 0 => Some(text),
        Value::Object(object) => {
            let here = FIELDS.iter().find_map(|field| object.get(*field)?.as_str());
            here.or_else(|| {
                let inner = WRAPPERS.iter().filter_map(|wrapper| object.get(*wrapper));
                if depth < 2 { inner.filter_map(|value| find(value, depth + 1)).next() } else { None }
            })
        }
        _ => None,
    }
}

/// Makes a new API token: `POST /api/agents/token` as the user whose session cookie it is (`name=value`, as a browser sends
/// it). It is sent once, never again by itself. `host` is the platform's address, as for
/// [`ClientBuilder::url`](crate::ClientBuilder::url).
///
/// ```no_run
/// # async fn example() -> botornot_sdk::Result<()> {
/// use botornot_sdk::{Client, Host, mint_token};
///
/// let minted = mint_token(Host::Production.ws_url(), "_session=…").await?;
/// if let Some(token) = minted.token() {
///     let client = Client::builder(token.clone()).host(Host::Production).build()?;
///     # let _ = client;
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG) for a malformed address or cookie; then nothing was sent.
/// Otherwise as told in [`sdk_core::http`]: [`Error::is_auth`] when the session is no longer good. An error's
/// [`sent`](Error::sent) of `Maybe` means that a token may have been made.
pub async fn mint_token(host: impl AsRef<str>, session_cookie: impl Into<Secret>) -> Result<MintedToken> {
    mint_token_over(Network::new(), host, session_cookie).await
}

/// As [`mint_token`], over a network of one's own: proxy, certificate roots.
///
/// # Errors
/// As [`mint_token`].
pub async fn mint_token_over(
    network: Network,
    host: impl AsRef<str>,
    session_cookie: impl Into<Secret>,
) -> Result<MintedToken> {
    let (base, cookie) = (rest_url(host.as_ref())?, session_cookie.into());
    let text = cookie.expose();
    let is_pair =
        text.split_once('=').is_some_and(|(name, value)| !name.trim().is_empty() && !value.is_empty());
    if !is_pair || text.chars().any(char::is_control) {
        let message = "the session cookie is not of the form `name=value`";
        return Err(Error::invalid_config("session_cookie", message));
    }
    network.check_url(&base)?;
    let network = network.user_agent(concat!("botornot-sdk/", env!("CARGO_PKG_VERSION")));
    let http = Http::builder(base).network(network).build()?;
    let response = http.post(&["api", "agents", "token"]).secret_header(COOKIE, &cookie).send().await?;
    Ok(MintedToken::read(response.body()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likely_shapes_are_understood_and_the_others_kept() {
        for body in [
            r#"{"token":"agt_0123456789abcdef"}"#,
            r#"{"api_key":"agt_0123456789abcdef","id":7}"#,
            r#"{"data":{"token":"agt_0123456789abcdef"}}"#,
            r#"{"ok":true,"agent":{"id":1,"agent_token":"agt_0123456789abcdef"}}"#,
            r#"{"token":{"id":"7","value":"agt_0123456789abcdef"}}"#,
            r#"{"data":{"agent":{"key":"agt_0123456789abcdef"}}}"#,
            r#""agt_0123456789abcdef""#,
            "agt_0123456789abcdef\n",
        ] {
            let minted = MintedToken::read(&Bytes::from_static(body.as_bytes()));
            assert_eq!(minted.token().map(Secret::expose), Some("agt_0123456789abcdef"), "{body}");
            assert!(!format!("{minted:?}").contains("agt_"));
        }
        for body in [
            "",
            "{}",
            "[]",
            "null",
            "7",
            "<html>a page</html>",
            r#"{"token":""}"#,
            r#"{"token":"a b"}"#,
            "ok",
        ] {
            let minted = MintedToken::read(&Bytes::from_static(body.as_bytes()));
            let MintedToken::Unrecognised(raw) = &minted else { panic!("{body}") };
            assert_eq!(raw.expose(), body);
        }
    }
}
