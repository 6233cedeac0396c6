//! Where the platform is: the address of its API, and that of its tunnel.

use sdk_core::error::{Error, Result};
use sdk_core::network::parse_url;
use url::Url;

/// The path of the tunnel's WebSocket (spec, step 4).
const WS_PATH: &str = "/ws";

/// The platform's known hosts. There is no default: going live is never an accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// `api.botroulette.net` and `tunnel.botroulette.net`.
    Production,
}

impl Host {
    /// The address of the API.
    pub const fn url(self) -> &'static str {
        match self {
            Self::Production => "https://api.botroulette.net",
        }
    }

    /// The address of the tunnel's WebSocket.
    pub const fn tunnel_url(self) -> &'static str {
        match self {
            Self::Production => "wss://tunnel.botroulette.net/ws",
        }
    }
}

/// The address of the API, from what was given.
pub(crate) fn api_url(text: &str) -> Result<Url> {
    parse_url(text, "url", &["https", "http"])
}

/// The address of the tunnel, from what was given. An address without a path means the documented one.
pub(crate) fn tunnel_url(text: &str) -> Result<Url> {
    let mut url = parse_url(text, "tunnel_url", &["wss", "ws"])?;
    if matches!(url.path(), "" | "/") {
        url.set_path(WS_PATH);
    }
    Ok(url)
}

/// The tunnel that belongs to an API: `tunnel.…` beside `api.…`, or else the same host.
pub(crate) fn tunnel_of(api: &Url) -> Result<Url> {
    let mut url = beside(api, "api.", "tunnel.", if api.scheme() == "https" { "wss" } else { "ws" })?;
    url.set_path(WS_PATH);
    Ok(url)
}

/// The API that belongs to a tunnel.
pub(crate) fn api_of(tunnel: &Url) -> Result<Url> {
    let mut url = beside(tunnel, "tunnel.", "api.", if tunnel.scheme() == "wss" { "https" } else { "http" })?;
    url.set_path("");
    Ok(url)
}

fn beside(known: &Url, from: &str, to: &str, scheme: &str) -> Result<Url> {
    let mut url = known.clone();
    url.set_query(None);
    url.set_fragment(None);
    let wrong = || Error::invalid_config("url", "the other address cannot be told from this one: give both");
    url.set_scheme(scheme).map_err(|()| wrong())?;
    if let Some(rest) = known.domain().and_then(|name| name.strip_prefix(from)) {
        url.set_host(Some(&format!("{to}{rest}"))).map_err(|_| wrong())?;
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gives_the_other() {
        for (api, tunnel) in [
            (Host::Production.url(), Host::Production.tunnel_url()),
            ("http://127.0.0.1:3000", "ws://127.0.0.1:3000/ws"),
            ("http://localhost:8080", "ws://localhost:8080/ws"),
        ] {
            let (api, tunnel) = (api_url(api).unwrap(), tunnel_url(tunnel).unwrap());
            assert_eq!(tunnel_of(&api).unwrap(), tunnel);
            assert_eq!(api_of(&tunnel).unwrap(), api);
        }
        assert_eq!(tunnel_url("ws://127.0.0.1:1").unwrap().as_str(), "ws://127.0.0.1:1/ws");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        for text in ["", "kp_live_s3cr3t", "ftp://s3cr3t", "http://", "unix:/s3cr3t"] {
            for error in [api_url(text).unwrap_err(), tunnel_url(text).unwrap_err()] {
                assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
            }
        }
        assert_eq!(api_url("wss://h.example").unwrap_err().field(), Some("url"));
        assert_eq!(tunnel_url("https://h.example").unwrap_err().field(), Some("tunnel_url"));
    }
}
