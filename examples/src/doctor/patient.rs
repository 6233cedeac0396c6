//! Where a platform is, and with which key: what is examined.

use std::time::Duration;

use botpit_sdk::sdk_core::env::Env;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::sdk_core::http::{Auth, Http, RetryPolicy};
use botpit_sdk::sdk_core::network::Network;
use botpit_sdk::sdk_core::secret::is_loopback;
use botpit_sdk::{Error, Result};
use url::Url;

use super::key::Key;
use crate::botpit::{HostName, needs_live};
use crate::served::{Name, Platform};

/// How long each look may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A platform as a bot would meet it.
#[derive(Debug, Clone)]
pub struct Patient {
    /// Which platform.
    pub name: Name,
    /// The base of its REST side.
    pub rest: Url,
    /// Its WebSocket.
    pub ws: Option<Url>,
    /// The bot's key.
    pub key: Option<Key>,
    /// Whether a WebSocket may be opened with the key: on some platforms that ends the connection of a bot that runs with it.
    pub may_connect: bool,
    /// BotRoulette's: the service code of the bot.
    pub code: Option<String>,
}

impl Patient {
    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.rest) && self.ws.as_ref().is_none_or(is_loopback)
    }

    /// A caller of its REST side that asks once.
    pub(super) fn http(&self, auth: Auth) -> Result<Http> {
        let network = Network::new().connect_timeout(PATIENCE);
        let builder = Http::builder(self.rest.clone()).network(network).auth(auth);
        builder.timeout(PATIENCE).retry(RetryPolicy::none()).build()
    }
}

/// A platform of this process, with one of its keys.
///
/// # Errors
/// When its address is none.
pub fn in_sandbox(platform: &Platform, code: Option<String>) -> Result<Patient> {
    let key = platform
        .keys()
        .first()
        .map(|secret| Key { secret: secret.clone(), from: "made by the sandbox in this process".to_owned() });
    Ok(Patient {
        name: platform.name(),
        rest: parsed(&platform.rest_url())?,
        ws: platform.ws_url().map(|url| parsed(&url)).transpose()?,
        key,
        may_connect: true,
        code,
    })
}

/// A platform at an address, or, with `live`, where the environment says, or else at the platform's own host.
///
/// # Errors
/// An address that is wrong, that is missing, or that is another machine's without `live`.
pub fn elsewhere(
    name: Name,
    url: Option<&str>,
    live: bool,
    host: Option<HostName>,
    key: Option<Key>,
) -> Result<Patient> {
    let env = Env::read()?;
    let given = |variables: &[&str]| variables.iter().find_map(|variable| env.get(variable));
    let (rest, ws) = match (url, name) {
        (Some(url), _) => (url.to_owned(), None),
        (None, Name::Botpit) => match host {
            Some(HostName::Production) => (botpit_sdk::Host::Production.ws_url().to_owned(), None),
            Some(HostName::Tech) => (botpit_sdk::Host::Tech.ws_url().to_owned(), None),
            None => {
                let ws = given(&["BOTPIT_WS_URL"]);
                let rest = given(&["BOTPIT_URL"]).or_else(|| ws.clone()).ok_or_else(|| {
                    let message = "neither BOTPIT_URL nor BOTPIT_WS_URL is set, and there is no default host";
                    Error::new(&codes::INVALID_ENV, message).with_field("BOTPIT_URL")
                })?;
                (rest, ws)
            }
        },
        (None, Name::Botornot) => {
            let url = given(&["BOTORNOT_URL", "BOTORNOT_BASE_URL"]);
            (url.unwrap_or_else(|| botornot_sdk::Host::Production.ws_url().to_owned()), None)
        }
        (None, Name::Botroulette) => {
            let tunnel = given(&["BOTROULETTE_TUNNEL_URL"]);
            let rest = given(&["BOTROULETTE_URL"]);
            let host = botroulette_sdk::Host::Production;
            let tunnel = tunnel.or_else(|| rest.is_none().then(|| host.tunnel_url().to_owned()));
            (rest.unwrap_or_else(|| host.url().to_owned()), tunnel)
        }
        (None, Name::Kriegspiel) => {
            let url = given(&["KRIEGSPIEL_API_BASE"]);
            (url.unwrap_or_else(|| kriegspiel_sdk::Host::Production.url().to_owned()), None)
        }
    };
    let (rest, ws) = addresses(name, &rest, ws.as_deref())?;
    let patient = Patient { name, rest, ws, key, may_connect: true, code: None };
    if !live && !patient.is_local() {
        return Err(needs_live());
    }
    Ok(patient)
}

/// The REST base and the WebSocket, each from the other where only one is given.
fn addresses(name: Name, rest: &str, ws: Option<&str>) -> Result<(Url, Option<Url>)> {
    let path = match name {
        Name::Botpit => Some("/api/v1/ws"),
        Name::Botornot | Name::Botroulette => Some("/ws"),
        Name::Kriegspiel => None,
    };
    let ws = match (path, ws) {
        (None, _) => None,
        (Some(_), Some(ws)) => Some(with_scheme(parsed(ws)?, "ws")?),
        (Some(path), None) => {
            let mut url = with_scheme(parsed(rest)?, "ws")?;
            url.set_path(path);
            Some(url)
        }
    };
    let mut base = with_scheme(parsed(rest)?, "http")?;
    if name != Name::Kriegspiel {
        base.set_path("/");
    }
    base.set_query(None);
    Ok((base, ws))
}

fn with_scheme(mut url: Url, scheme: &str) -> Result<Url> {
    let is_secure = matches!(url.scheme(), "https" | "wss");
    let scheme = format!("{scheme}{}", if is_secure { "s" } else { "" });
    let known = matches!(url.scheme(), "http" | "https" | "ws" | "wss");
    if !known || url.set_scheme(&scheme).is_err() {
        return Err(wrong_url());
    }
    Ok(url)
}

fn parsed(url: &str) -> Result<Url> {
    // The text is not shown: a token may stand in it.
    Url::parse(url).ok().filter(Url::has_host).ok_or_else(wrong_url)
}

fn wrong_url() -> Error {
    Error::invalid_argument("url", "the address is none: it must be like https://host or wss://host/path")
}
