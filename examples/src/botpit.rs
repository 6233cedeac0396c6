//! Where a BOTPIT starter bot plays.

use std::path::{Path, PathBuf};

use botpit_sdk::bankroll::DEFAULT_LOSS_LIMIT_IN_WAGERS;
use botpit_sdk::replay::OPPONENTS;
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::sdk_core::env::Env;
use botpit_sdk::sdk_core::record::Recording;
use botpit_sdk::sdk_core::secret::Secret;
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Bankroll, Client, ClientBuilder, Host, Lamports, Rest, Result};
use clap::{Args, ValueEnum};

use crate::{Options, Report, needs_live};

/// The options of a bot that plays matches on BOTPIT.
#[derive(Debug, Clone, Args)]
pub struct MatchOptions {
    /// Stop after so many matches.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub matches: u32,
    /// What to put into each match, with its unit.
    #[arg(long, value_name = "AMOUNT", default_value = "0.01 SOL")]
    pub wager: Lamports,
    /// How much may be lost at most, with its unit. Ten wagers unless something else is said.
    #[arg(long, value_name = "AMOUNT")]
    pub loss_limit: Option<Lamports>,
    /// Write every frame to a file, as lines of JSON without the key, for botpit-replay.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Leave other people's names out of the record.
    #[arg(long, requires = "record")]
    pub without_opponents: bool,
    /// The real platform's host for --live, unless BOTPIT_WS_URL or BOTPIT_URL names it.
    #[arg(long, value_enum, value_name = "NAME", requires = "live")]
    pub host: Option<HostName>,
}

impl MatchOptions {
    /// So many matches for so much each, and nothing else.
    pub const fn new(matches: u32, wager: Lamports, host: Option<HostName>) -> Self {
        Self { matches, wager, loss_limit: None, record: None, without_opponents: false, host }
    }

    fn recording(&self, path: &Path) -> Result<Recording> {
        let recording = Recording::append_to(path, concat!("starter-bots/", env!("CARGO_PKG_VERSION")))?;
        Ok(if self.without_opponents { recording.leave_out(OPPONENTS) } else { recording })
    }

    /// The bankroll for matches of so many games: no more may be lost than all stakes together, and no more than the limit,
    /// which is ten wagers a game where none is given.
    pub fn bankroll(&self, games: u32) -> Bankroll {
        let limit = self.loss_limit.or_else(|| {
            self.wager.checked_mul(u64::from(DEFAULT_LOSS_LIMIT_IN_WAGERS).saturating_mul(u64::from(games)))
        });
        let matches = u64::from(self.matches).saturating_mul(u64::from(games));
        match [limit, self.wager.checked_mul(matches)].into_iter().flatten().min() {
            Some(limit) => Bankroll::new().loss_limit(limit),
            None => Bankroll::new(),
        }
    }
}

/// The real platform's hosts by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum HostName {
    /// api.botpit.com
    Production,
    /// api.botpit.tech
    Tech,
}

/// Where a bot plays: a client, and the sandbox that it plays in when there is no other place.
#[derive(Debug)]
pub struct Place {
    /// The client.
    pub client: Client,
    sandbox: Option<Sandbox>,
}

impl Place {
    /// A sandbox in this process, unless `--live` or `--url` says otherwise.
    ///
    /// # Errors
    /// A key or host that is missing, an address that needs `--live`, a sandbox that cannot be started.
    pub async fn open(
        name: &str,
        options: &Options,
        of_match: &MatchOptions,
        report: Report,
    ) -> Result<Self> {
        Self::open_for(name, options, of_match, 1, report).await
    }

    /// The same for a bot that plays its matches in each of so many games.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_for(
        name: &str,
        options: &Options,
        of_match: &MatchOptions,
        games: u32,
        report: Report,
    ) -> Result<Self> {
        let shutdown = options.stop_on_signals(report, "the match in progress")?;
        let seed = options.seed_or_random();
        let (builder, sandbox) = match (&options.url, options.live) {
            (url, true) => (live(url.as_deref(), of_match.host)?, None),
            (Some(url), false) => (elsewhere(name, url).await?, None),
            (None, false) => {
                let sandbox = Sandbox::builder().seed(seed).start().await?;
                report.note(format_args!("A BOTPIT of your own runs on {} (seed {seed}).", sandbox.ws_url()));
                let key = Rest::new(sandbox.url())?.register(name, &Wallet::generate()?).await?.api_key;
                report.note(format_args!("{name} has registered there and got its key."));
                (Client::builder(key).url(sandbox.url()), Some(sandbox))
            }
        };
        let bankroll = of_match.bankroll(games);
        let builder = match &of_match.record {
            Some(path) => builder.record(of_match.recording(path)?),
            None => builder,
        };
        let client = builder.seed(seed).shutdown(&shutdown).bankroll(bankroll.clone()).build()?;
        if !options.live && !client.is_local() {
            return Err(needs_live());
        }
        if options.live {
            let at_most = bankroll.at_most(of_match.wager, of_match.matches.checked_mul(games));
            let at_most =
                at_most.map_or_else(|| "more than there is".to_owned(), |at_most| at_most.to_string());
            report.note(format_args!("Playing on {}: {at_most} may be lost at most.", client.shown_url()));
        }
        Ok(Self { client, sandbox })
    }

    /// Ends the sandbox, where there is one.
    pub async fn close(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await;
        }
    }
}

fn live(url: Option<&str>, host: Option<HostName>) -> Result<ClientBuilder> {
    let env = Env::read()?;
    let key = || env.require("BOTPIT_API_KEY").map(Client::builder);
    match (url, host) {
        (Some(url), _) => Ok(key()?.url(url)),
        (None, Some(HostName::Production)) => Ok(key()?.host(Host::Production)),
        (None, Some(HostName::Tech)) => Ok(key()?.host(Host::Tech)),
        (None, None) => Client::builder_from_env(&env),
    }
}

/// A server on this machine: with the key from the environment, or one that it gives to a new agent.
async fn elsewhere(name: &str, url: &str) -> Result<ClientBuilder> {
    let key = match Env::read()?.get("BOTPIT_API_KEY") {
        Some(key) => Secret::new(key),
        // Checked first: nothing is registered on a machine that was not meant.
        None if Client::builder("none").url(url).build()?.is_local() => {
            match Rest::new(url)?.register(name, &Wallet::generate()?).await {
                Ok(registered) => registered.api_key,
                // A server of the WebSocket protocol alone: it may take any key.
                Err(error)
                    if matches!(error.status(), Some(404 | 405 | 426 | 501)) || error.status().is_none() =>
                {
                    Secret::new("bp_live_starter_bot")
                }
                Err(error) => return Err(error),
            }
        }
        None => {
            return Err(needs_live());
        }
    };
    Ok(Client::builder(key).url(url))
}
