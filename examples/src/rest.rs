//! Where a BOTPIT starter bot that calls the REST side does so.

use botpit_sdk::sdk_core::env::Env;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::{Client, Error, Host, Rest, Result};

use crate::Options;
use crate::botpit::HostName;
use crate::needs_live;

/// The REST side of the server that the options name; `None` when they name none, and a sandbox is meant.
///
/// # Errors
/// A host that is missing, an address that is wrong or needs `--live`.
pub fn named_server(options: &Options, host: Option<HostName>) -> Result<Option<Rest>> {
    let rest = match (&options.url, options.live, host) {
        (Some(url), false, _) => {
            if !Client::builder("none").url(url).build()?.is_local() {
                return Err(needs_live());
            }
            Rest::new(url)
        }
        (Some(url), true, _) => Rest::new(url),
        (None, true, Some(HostName::Production)) => Rest::on(Host::Production),
        (None, true, Some(HostName::Tech)) => Rest::on(Host::Tech),
        (None, true, None) => {
            let env = Env::read()?;
            let url = env.get("BOTPIT_URL").or_else(|| env.get("BOTPIT_WS_URL")).ok_or_else(|| {
                let message = "neither BOTPIT_URL nor BOTPIT_WS_URL is set, and there is no default host";
                Error::new(&codes::INVALID_ENV, message).with_field("BOTPIT_URL")
            })?;
            Rest::new(url)
        }
        (None, false, _) => return Ok(None),
    };
    rest.map(Some)
}
