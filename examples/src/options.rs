//! The options that every starter bot has.

use std::io::IsTerminal;

use botpit_sdk::sdk_core::shutdown::{Phase, Shutdown};
use clap::{ArgAction, Args};
use tracing_subscriber::EnvFilter;

use crate::Report;

/// The options that every starter bot has. Flatten them into a bot's own.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Play on the real platform: your money and your account. The key comes from the environment or a .env file.
    #[arg(long)]
    pub live: bool,
    /// Play on another server on this machine; elsewhere only together with --live.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Repeat the very same sandbox and bot.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print one JSON object a line instead of prose; the last is the summary. Logs go to stderr.
    #[arg(long)]
    pub json: bool,
    /// Log more; twice for everything that is not a secret.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
}

impl Options {
    /// Starts logging to stderr, and tells results as the options say.
    pub fn begin(&self) -> Report {
        Self::log(self.verbose);
        Report::new(self.json)
    }

    /// Starts logging to stderr, as much as `-v` was given so many times.
    pub fn log(verbose: u8) {
        let level = match verbose {
            0 => "warn",
            1 => "info",
            _ => "debug",
        };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        // The client for language models logs a refusing server's whole answer, and some servers repeat the key that they refuse.
        let filter = match "genai=off".parse() {
            Ok(off) => filter.add_directive(off),
            Err(_) => filter,
        };
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(verbose > 1)
            .without_time()
            .init();
    }

    /// The seed, or one by chance.
    pub fn seed_or_random(&self) -> u64 {
        // Small enough to be typed again.
        self.seed.unwrap_or_else(|| fastrand::u64(1..1_000_000))
    }

    /// Ctrl-C or SIGTERM once finishes what is under way, twice ends now. What that is, the bot says: `the match in progress`.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn stop_on_signals(&self, report: Report, under_way: &'static str) -> botpit_sdk::Result<Shutdown> {
        let shutdown = Shutdown::new();
        shutdown.on_signals()?;
        let mut phases = shutdown.subscribe();
        tokio::spawn(async move {
            if phases.wait_for(|phase| *phase != Phase::Running).await.is_ok() {
                report.note(format_args!(
                    "Finishing {under_way} and taking nothing new; Ctrl-C again to end now."
                ));
            }
        });
        Ok(shutdown)
    }
}
