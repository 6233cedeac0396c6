//! Where BOTPIT is: its known hosts, and one address from the other.

use sdk_core::error::{Error, Result};
use sdk_core::network::parse_url;
use url::Url;

/// The path of the WebSocket (spec, "Connection").
const WS_PATH: &str = "/api/v1/ws";

/// The platform's known hosts. There is no default: playing for money is never an accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `api.botpit.com`, the production host of the spec.
    Production,
    /// `api.botpit.tech`, the host of the platform's newer SDKs.
    Tech,
    /// `localhost:3001`, the spec's host for local development.
    Local,
}

impl Host {
    /// The base of the REST API, without `/api/v1`.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Production => "https://api.botpit.com",
            Self::Tech => "https://api.botpit.tech",
            Self::Local => "http://localhost:3001",
        }
    }

    /// The WebSocket's address.
    pub const fn ws_url(self) -> &'static str {
        match self {
            Self::Production => "wss://api.botpit.com/api/v1/ws",
            Self::Tech => "wss://api.botpit.tech/api/v1/ws",
            Self::Local => "ws://localhost:3001/api/v1/ws",
        }
    }
}

/// The WebSocket's address, from itself or from the REST base.
pub(super) fn ws_url(text: &str) -> Result<Url> {
    let mut url = parse_url(text, "url", &["wss", "https", "ws", "http"])?;
    let is_rest = url.scheme().starts_with("http");
    let scheme = if matches!(url.scheme(), "wss" | "https") { "wss" } else { "ws" };
    url.set_scheme(scheme).map_err(|()| Error::invalid_config("url", "the scheme cannot be changed"))?;
    if is_rest || matches!(url.path(), "" | "/") {
        let base = url.path().trim_end_matches('/').to_owned();
        let base = base.strip_suffix(WS_PATH).unwrap_or(&base);
        url.set_path(&format!("{base}{WS_PATH}"));
    }
    Ok(url)
}

/// The REST base, from itself or from the WebSocket's address.
pub(crate) fn rest_url(text: &str) -> Result<Url> {
    let mut url = ws_url(text)?;
    let base = url.path().strip_suffix(WS_PATH).unwrap_or_default().to_owned();
    url.set_path(&base);
    url.set_query(None);
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    url.set_scheme(scheme).map_err(|()| Error::invalid_config("url", "the address cannot be a REST base"))?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gives_the_other() {
        for (given, ws) in [
            ("ws://127.0.0.1:3001", "ws://127.0.0.1:3001/api/v1/ws"),
            ("ws://127.0.0.1:3001/", "ws://127.0.0.1:3001/api/v1/ws"),
            ("ws://127.0.0.1:3001/somewhere", "ws://127.0.0.1:3001/somewhere"),
            ("http://localhost:3001", "ws://localhost:3001/api/v1/ws"),
            ("https://api.botpit.com/", "wss://api.botpit.com/api/v1/ws"),
            (" https://api.botpit.com/api/v1/ws ", "wss://api.botpit.com/api/v1/ws"),
            (Host::Production.ws_url(), "wss://api.botpit.com/api/v1/ws"),
        ] {
            assert_eq!(ws_url(given).unwrap().as_str(), ws, "{given}");
        }
        for wrong in ["", "api.botpit.com", "ftp://x", "ws://", "unix:/x"] {
            assert_eq!(ws_url(wrong).unwrap_err().field(), Some("url"), "{wrong}");
        }
    }
}
