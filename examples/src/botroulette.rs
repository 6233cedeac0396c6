//! Where a BotRoulette starter bot lives, and how a conversation is told.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use botroulette_sdk::sandbox::{Caller, Sandbox};
use botroulette_sdk::sdk_core::env::Env;
use botroulette_sdk::sdk_core::record::Recording;
use botroulette_sdk::sdk_core::secret::Secret;
use botroulette_sdk::sdk_core::shutdown::Shutdown;
use botroulette_sdk::sdk_core::wire::printable;
use botroulette_sdk::{
    Answer, Client, ClientBuilder, Conversation, Host, Registrar, Result, Untrusted,
    limits::MAX_ANSWER_CHARS, model::Registration,
};
use serde::Serialize;

use crate::{Options, Report, needs_live};

/// How much faster than the clock on the wall the sandbox's time runs.
const SPEED: f64 = 10.0;
/// How long the slow house bot thinks, in the sandbox's time.
const SLOW: Duration = Duration::from_secs(4);

/// How many calls the sandbox remembers.
const KEPT: usize = 64;

/// Where a bot lives: a client, and the sandbox that it is in when there is no other place.
#[derive(Debug)]
pub struct Place {
    /// The client.
    pub client: Client,
    /// The sandbox in this process.
    pub sandbox: Option<Sandbox>,
    /// What Ctrl-C asks for.
    pub shutdown: Shutdown,
}

impl Place {
    /// A sandbox in this process, unless `--live` or `--url` says otherwise. House bots call there, or do not.
    ///
    /// # Errors
    /// A key that is missing, an address that needs `--live`, a sandbox that cannot be started.
    pub async fn open(name: &str, options: &Options, house_calls: bool, report: Report) -> Result<Self> {
        Self::open_recorded(name, options, house_calls, None, report).await
    }

    /// The same, with every frame of its tunnel written to a file.
    ///
    /// # Errors
    /// As [`open`](Self::open); a file that cannot be written.
    pub async fn open_recorded(
        name: &str,
        options: &Options,
        house_calls: bool,
        record: Option<&Path>,
        report: Report,
    ) -> Result<Self> {
        let seed = options.seed_or_random();
        let (builder, sandbox) = if options.live || options.url.is_some() {
            (elsewhere(name, options, &Env::read()?).await?, None)
        } else {
            let sandbox = sandbox(seed, house_calls).await?;
            report.note(format_args!("A BotRoulette of your own runs on {} (seed {seed}).", sandbox.url()));
            let key = sandbox.register(name)?;
            report.note(format_args!("{name} has registered there and got its key."));
            (Client::builder(key).url(sandbox.url()).clock(sandbox.clock().clone()), Some(sandbox))
        };
        let shutdown = options.stop_on_signals(report, "what is being said")?;
        let builder = match record {
            Some(path) => {
                let by = concat!("starter-bots/", env!("CARGO_PKG_VERSION"));
                builder.record(Recording::append_to(path, by)?)
            }
            None => builder,
        };
        let client = builder.seed(seed).shutdown(&shutdown).build()?;
        Ok(Self { client, sandbox, shutdown })
    }

    /// The turn with the name of whoever called, which the sandbox knows. On the platform nobody does: a caller's token is a
    /// claim.
    #[must_use]
    pub fn with_caller(&self, mut turn: Turn) -> Turn {
        let calls = self.sandbox.as_ref().filter(|_| turn.direction == "in").map(Sandbox::calls);
        let call = calls.iter().flatten().rev().find(|call| call.session == turn.session);
        if let Some(Caller::Bot(code) | Caller::House(code)) = call.map(|call| &call.from) {
            turn.peer = Some(code.clone());
        }
        turn
    }

    /// Ends the sandbox, where there is one.
    pub async fn close(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await;
        }
    }
}

/// A quick sandbox, in which a bot that pings as on the platform stays online.
///
/// # Errors
/// When no port can be had.
pub async fn sandbox(seed: u64, house_calls: bool) -> Result<Sandbox> {
    let sandbox = Sandbox::builder().seed(seed).speed(SPEED).heartbeat_scales(false).house_slow(SLOW);
    let sandbox = sandbox.keep_calls(KEPT);
    sandbox.house_calls(if house_calls { u32::MAX } else { 0 }).start().await
}

/// The platform with `--live`, where the environment names no other host; or a server on this machine. The key is the one in
/// `BOTROULETTE_API_KEY`; a server on this machine gives one to a bot that has none.
///
/// # Errors
/// A key that is missing, an address that needs `--live`, an address that is none.
pub async fn elsewhere(name: &str, options: &Options, env: &Env) -> Result<ClientBuilder> {
    let at_url = |key: Secret, url: &str| Client::builder(key).url(url);
    if let Some(url) = &options.url {
        // Checked first: no key leaves for a machine that was not meant.
        if options.live {
            return Ok(at_url(env.require("BOTROULETTE_API_KEY")?.into(), url));
        }
        here(url)?;
        let key = match env.get("BOTROULETTE_API_KEY") {
            Some(key) => key.into(),
            None => registered(name, url).await?,
        };
        return Ok(at_url(key, url));
    }
    if ["BOTROULETTE_URL", "BOTROULETTE_TUNNEL_URL"].iter().any(|name| env.get(name).is_some()) {
        return Client::builder_from_env(env);
    }
    Ok(Client::builder(env.require("BOTROULETTE_API_KEY")?).host(Host::Production))
}

/// Refuses an address of another machine.
///
/// # Errors
/// An address that is wrong, or not of this machine.
pub fn here(url: &str) -> Result<()> {
    if Client::builder("none").url(url).build()?.is_local() { Ok(()) } else { Err(needs_live()) }
}

/// A key for a new bot, from a server on this machine. A name is given once, so that this one gets a number.
async fn registered(name: &str, url: &str) -> Result<Secret> {
    let name = format!("{name}{:06}", fastrand::u32(..1_000_000));
    let registrar = Registrar::new(url)?;
    let category = registrar.options().await?.categories.into_iter().next().unwrap_or_default();
    let bot = Registration::new(
        name,
        "A starter bot, on a server of this machine",
        category,
        "starter@bots.example",
    );
    Ok(registrar.register(&bot).await?.api_key)
}

/// A message and the answer to it.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    /// Who began: `in` when another bot said the message, `out` when this one did.
    pub direction: &'static str,
    /// The other bot, where that is known.
    pub peer: Option<String>,
    /// The conversation.
    pub session: Option<String>,
    /// What was said, cut to a length.
    pub message: String,
    /// The answer to it, cut to a length.
    pub reply: String,
}

impl Turn {
    /// One that another bot began.
    pub fn incoming(session: Option<String>, message: &str, reply: &str) -> Self {
        Self { direction: "in", peer: None, session, message: capped(message), reply: capped(reply) }
    }

    /// One that this bot began.
    pub fn outgoing(talk: &Conversation, message: &str, answer: &Answer) -> Self {
        Self {
            direction: "out",
            peer: Some(talk.with().to_string()),
            session: talk.session().map(ToString::to_string),
            message: capped(message),
            reply: capped(answer.text.as_deref().unwrap_or(answer.json.as_str())),
        }
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peer = self.peer.as_deref().unwrap_or("somebody");
        let session = self.session.as_deref().unwrap_or("a new session");
        let (message, reply) = (one_line(&self.message), one_line(&self.reply));
        if self.direction == "in" {
            write!(
                f,
                "{} calls ({})\n  they:  {message}\n  I:     {reply}",
                printable(peer),
                printable(session)
            )
        } else {
            let (peer, session) = (printable(peer), printable(session));
            write!(f, "I call {peer} ({session})\n  I:     {message}\n  they:  {reply}")
        }
    }
}

/// What became of a bot's conversations.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Summary {
    /// Messages of others that were answered.
    pub answered: u64,
    /// Messages of this bot that were answered.
    pub asked: u64,
    /// Messages, of whichever side, that came to an error.
    pub errors: u64,
}

impl Summary {
    /// Counts a turn, and tells it.
    pub fn tell(&mut self, turn: &Turn, report: Report) {
        if turn.direction == "in" {
            self.answered += 1
        } else {
            self.asked += 1
        }
        report.result("turn", turn);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, asked, errors } = self;
        write!(f, "{answered} messages answered, {asked} asked, {errors} errors")
    }
}

/// What to say when one has nothing to say: the first is a greeting.
const LINES: [&str; 5] = [
    "Hey, what are you about?",
    "Tell me more.",
    "What is the best thing that another bot ever told you?",
    "Why is that?",
    "What should I ask you next?",
];

/// What to say at a turn, counted from 0: a greeting first, and then the rest over and over.
pub fn line(turn: usize) -> &'static str {
    let (greeting, rest) = LINES.split_first().unwrap_or((&"Hello.", &[]));
    match turn.checked_sub(1) {
        None => greeting,
        Some(turn) => rest.get(turn % rest.len().max(1)).copied().unwrap_or_default(),
    }
}

fn capped(text: &str) -> String {
    Untrusted::new(text).capped(MAX_ANSWER_CHARS).text().to_owned()
}

/// A stranger's words as one short line.
fn one_line(text: &str) -> String {
    const SHOWN: usize = 200;
    let shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let dots = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("{}{dots}", printable(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn place(options: &[&str], env: &str) -> Result<(String, String)> {
        #[derive(clap::Parser)]
        struct Args {
            #[command(flatten)]
            options: Options,
        }
        let args: Args = clap::Parser::parse_from([&["bot"], options].concat());
        let client = elsewhere("Zeph", &args.options, &Env::from_text(env)).await?.build()?;
        Ok((client.shown_url(), client.shown_tunnel_url()))
    }

    #[tokio::test]
    async fn live_alone_is_the_platform_unless_the_environment_names_another() {
        let key = "BOTROULETTE_API_KEY=k";
        let production = (Host::Production.url(), Host::Production.tunnel_url());
        let (api, tunnel) = place(&["--live"], key).await.unwrap();
        assert_eq!((api.trim_end_matches('/'), tunnel.as_str()), production);

        for named in
            ["BOTROULETTE_URL=http://127.0.0.1:4000", "BOTROULETTE_TUNNEL_URL=ws://127.0.0.1:4000/ws"]
        {
            let (api, tunnel) = place(&["--live"], &format!("{key}\n{named}")).await.unwrap();
            assert_eq!(
                (api.trim_end_matches('/'), tunnel.as_str()),
                ("http://127.0.0.1:4000", "ws://127.0.0.1:4000/ws")
            );
        }
        // What is typed wins.
        let env = format!("{key}\nBOTROULETTE_URL=http://127.0.0.1:4000");
        assert!(place(&["--url", "http://127.0.0.1:5000"], &env).await.unwrap().0.contains(":5000"));

        let needs_live = place(&["--url", "https://api.example.org"], key).await.unwrap_err();
        assert_eq!(needs_live.code().id(), "needs_live", "{needs_live}");
        assert_eq!(place(&["--live"], "").await.unwrap_err().field(), Some("BOTROULETTE_API_KEY"));
    }
}
