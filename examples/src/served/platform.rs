//! One platform that is being served, whichever it is.

use botpit_sdk::Result;
use botpit_sdk::sdk_core::sandbox::{Fault, Faults, Progress, Server, When};
use botpit_sdk::sdk_core::secret::Secret;

use super::{KEYS, Name, Settings};

enum Sandbox {
    Botpit(botpit_sdk::sandbox::Sandbox),
    Botornot(botornot_sdk::sandbox::Sandbox),
    Botroulette(botroulette_sdk::sandbox::Sandbox),
    Kriegspiel(kriegspiel_sdk::sandbox::Sandbox),
}

/// A platform that is being served, with its keys.
pub struct Platform {
    name: Name,
    sandbox: Sandbox,
    keys: Vec<Secret>,
    registration_key: Option<Secret>,
}

impl Platform {
    pub(super) async fn start(name: Name, settings: &Settings) -> Result<Self> {
        let (seed, speed, server) = (settings.seed, settings.speed, settings.options(name.offset()));
        let agents = (1..=KEYS).map(|number| format!("agent-{number}"));
        let (sandbox, keys) = match name {
            Name::Botpit => {
                let builder = botpit_sdk::sandbox::Sandbox::builder().seed(seed).speed(speed).server(server);
                let builder = if settings.house { builder } else { builder.no_house().house_challenges(0) };
                let sandbox = builder.start().await?;
                let keys = agents.map(|name| sandbox.register(&name)).collect::<Result<Vec<_>>>()?;
                (Sandbox::Botpit(sandbox), keys)
            }
            Name::Botornot => {
                let builder =
                    botornot_sdk::sandbox::Sandbox::builder().seed(seed).speed(speed).server(server);
                let builder = builder.agents(KEYS).echo_chat(settings.echo);
                let sandbox = if settings.house { builder } else { builder.no_house() }.start().await?;
                let keys = sandbox.agents().iter().map(|agent| agent.token.clone()).collect();
                (Sandbox::Botornot(sandbox), keys)
            }
            Name::Botroulette => {
                let builder =
                    botroulette_sdk::sandbox::Sandbox::builder().seed(seed).speed(speed).server(server);
                // A client that pings every 25 s, as the platform's own do, is alive at every speed.
                let builder = builder.heartbeat_scales(false);
                let sandbox = if settings.house { builder } else { builder.no_house() }.start().await?;
                let keys = agents.map(|name| sandbox.register(&name)).collect::<Result<Vec<_>>>()?;
                (Sandbox::Botroulette(sandbox), keys)
            }
            Name::Kriegspiel => {
                let builder =
                    kriegspiel_sdk::sandbox::Sandbox::builder().seed(seed).speed(speed).server(server);
                let builder = builder.registration(settings.registration());
                let sandbox = if settings.house { builder } else { builder.no_house() }.start().await?;
                // A name there has no hyphen.
                let keys = agents.map(|name| sandbox.register(&name.replace('-', "_")));
                let keys = keys.collect::<Result<Vec<_>>>()?;
                (Sandbox::Kriegspiel(sandbox), keys)
            }
        };
        let registration_key = settings.registration_key.clone().filter(|_| name == Name::Kriegspiel);
        let platform = Self { name, sandbox, keys, registration_key };
        for key in platform.keys.iter().chain(&platform.registration_key) {
            platform.server().hide(key);
        }
        Ok(platform)
    }

    /// Which one it is.
    pub fn name(&self) -> Name {
        self.name
    }

    /// Keys that are good there.
    pub fn keys(&self) -> &[Secret] {
        &self.keys
    }

    /// The key without which nobody registers, where there is one.
    pub fn registration_key(&self) -> Option<&Secret> {
        self.registration_key.as_ref()
    }

    /// The base of its REST side, without a slash at its end.
    pub fn rest_url(&self) -> String {
        trimmed(self.server().base_url().as_str())
    }

    /// Its WebSocket; `None` where it has none.
    pub fn ws_url(&self) -> Option<String> {
        let url = match &self.sandbox {
            Sandbox::Botpit(sandbox) => sandbox.ws_url(),
            Sandbox::Botornot(sandbox) => sandbox.ws_url(),
            Sandbox::Botroulette(sandbox) => sandbox.tunnel_url(),
            Sandbox::Kriegspiel(_) => return None,
        };
        Some(trimmed(url.as_str()))
    }

    /// The server underneath.
    pub fn server(&self) -> &Server {
        match &self.sandbox {
            Sandbox::Botpit(sandbox) => sandbox.server(),
            Sandbox::Botornot(sandbox) => sandbox.server(),
            Sandbox::Botroulette(sandbox) => sandbox.server(),
            Sandbox::Kriegspiel(sandbox) => sandbox.server(),
        }
    }

    /// What goes on there.
    pub fn progress(&self) -> Vec<Progress> {
        match &self.sandbox {
            Sandbox::Botpit(sandbox) => sandbox.progress(),
            Sandbox::Botornot(sandbox) => sandbox.progress(),
            Sandbox::Botroulette(sandbox) => sandbox.progress(),
            Sandbox::Kriegspiel(sandbox) => sandbox.progress(),
        }
    }

    /// Whether a fault can happen there: without WebSockets there are no messages to break.
    pub fn can_have(&self, fault: &Fault) -> bool {
        self.ws_url().is_some() || kind_of(fault) != Kind::Message
    }

    /// The moment right after a bot has come, before anything was said.
    pub fn first_moment(&self, fault: &Fault) -> When {
        match (kind_of(fault), self.ws_url()) {
            // Of these, now is the next time.
            (Kind::Connect | Kind::Http, _) => When::Now,
            (Kind::Connection | Kind::Message, Some(_)) => When::NextConnection,
            (Kind::Connection | Kind::Message, None) => When::request("/"),
        }
    }

    /// Closes every connection, and ends.
    pub async fn shutdown(self) {
        match self.sandbox {
            Sandbox::Botpit(sandbox) => sandbox.shutdown().await,
            Sandbox::Botornot(sandbox) => sandbox.shutdown().await,
            Sandbox::Botroulette(sandbox) => sandbox.shutdown().await,
            Sandbox::Kriegspiel(sandbox) => sandbox.shutdown().await,
        }
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform")
            .field("name", &self.name)
            .field("rest_url", &self.rest_url())
            .finish_non_exhaustive()
    }
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// What a fault breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The connect.
    Connect,
    /// The answer to a request or an upgrade.
    Http,
    /// A connection that is there.
    Connection,
    /// The WebSocket or one of its messages.
    Message,
}

/// What a fault breaks: it follows from the moments at which it can be ordered.
pub fn kind_of(fault: &Fault) -> Kind {
    let can_be = |when: When| Faults::new().order(fault.clone().on(when)).is_ok();
    match (can_be(When::request("/")), can_be(When::sent("*"))) {
        (false, false) => Kind::Connect,
        (true, false) => Kind::Http,
        (true, true) => Kind::Connection,
        (false, true) => Kind::Message,
    }
}
