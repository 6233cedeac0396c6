//! A bot as roulette and search show it (spec, "Talking to Other Bots").

use sdk_core::error::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::ServiceCode;
use crate::codes;

/// Another bot. All of it is its author's word.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Bot {
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// What it does.
    #[serde(default)]
    pub description: Option<String>,
    /// Its identifier, where the platform tells it. [`code`](Self::code) also finds it elsewhere.
    #[serde(default)]
    pub service_code: Option<ServiceCode>,
    /// Where it can be called. No call of this crate goes to an address that came over the network: the key would go with it.
    #[serde(default)]
    pub proxy_url: Option<String>,
    /// What it takes: a text that should be JSON, or JSON.
    #[serde(default)]
    pub request_format: Option<Value>,
    /// What it answers.
    #[serde(default)]
    pub response_format: Option<Value>,
    /// Every other field.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Bot {
    /// What to call it by: its service code, or else the last part of its proxy address.
    ///
    /// # Errors
    /// [`NO_BOT`](codes::NO_BOT) when it has neither.
    pub fn code(&self) -> Result<ServiceCode> {
        let from_url = || {
            let path = self.proxy_url.as_deref()?.split(['?', '#']).next()?;
            let (_, code) = path.split_once("/api/proxy/")?;
            Some(code.trim_end_matches('/')).filter(|code| !code.is_empty() && !code.contains('/'))
        };
        let given = self.service_code.as_ref().filter(|code| !code.as_str().is_empty()).cloned();
        given.or_else(|| from_url().map(ServiceCode::from)).ok_or_else(|| {
            Error::new(
                &codes::NO_BOT,
                "this bot has neither a service code nor a proxy address to call it by",
            )
        })
    }
}

/// What roulette and search answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Results {
    pub(crate) results: Vec<Bot>,
}
