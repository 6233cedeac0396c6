//! Whether a bot could play now, and what would stop it.
//!
//! `cargo run --bin doctor` looks at sandboxes of its own, and shows what a healthy report looks like. `--live` looks at the
//! real platforms, with the keys of the environment or a `.env` file. It only reads: it queues nowhere, sends no move and no
//! message, opens no game and spends nothing.

use std::process::ExitCode;

use botpit_sdk::{Error, Result};
use botroulette_sdk::{Client, Incoming, responder};
use clap::{Parser, ValueEnum};
use starter_bots::botpit::HostName;
use starter_bots::doctor::{self, Chart, Patient, Tally};
use starter_bots::served::{self, Name, Settings};
use starter_bots::{Options, exit};

/// Checks keys, hosts, clock and limits, and says in a line each what is well and what is not. It only reads.
///
/// Exits with 0 unless something fails.
#[derive(Parser)]
struct Args {
    /// Which platforms.
    #[arg(value_enum, default_value_t = Which::All)]
    platform: Which,
    /// Look at the real platforms. Keys come from the environment or a .env file.
    #[arg(long)]
    live: bool,
    /// Look at another server on this machine; elsewhere only together with --live.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// With --live: try the key where only a connection shows whether it is good (BOTPIT, BotOrNot). A bot that runs with
    /// the same key may lose its own connection by that.
    #[arg(long, requires = "live")]
    connect: bool,
    /// BOTPIT's host for --live, unless BOTPIT_WS_URL or BOTPIT_URL names it.
    #[arg(long, value_enum, value_name = "NAME", requires = "live")]
    host: Option<HostName>,
    /// BotRoulette: the bot's service code, to see whether it is online.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Print one JSON object a line instead of prose; the last is the summary.
    #[arg(long)]
    json: bool,
    /// Log more; twice for everything that is not a secret.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Botpit,
    Botornot,
    Botroulette,
    Kriegspiel,
    All,
}

impl Which {
    fn names(self) -> Vec<Name> {
        match self {
            Self::Botpit => vec![Name::Botpit],
            Self::Botornot => vec![Name::Botornot],
            Self::Botroulette => vec![Name::Botroulette],
            Self::Kriegspiel => vec![Name::Kriegspiel],
            Self::All => Name::ALL.to_vec(),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(Tally { fail: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => exit(Err(error)),
    }
}

async fn run(args: Args) -> Result<Tally> {
    let options = Options {
        live: args.live,
        url: args.url.clone(),
        seed: None,
        json: args.json,
        verbose: args.verbose,
    };
    let report = options.begin();
    let mut chart = Chart::new(report);
    if args.live || args.url.is_some() {
        let names = args.platform.names();
        if args.url.is_some() && names.len() > 1 {
            let message = "an address is one platform's: name the platform too";
            return Err(Error::invalid_argument("url", message));
        }
        for name in names {
            match named(name, &args) {
                Ok(patient) => doctor::examine(&mut chart, &patient).await,
                // The others can be looked at all the same.
                Err(error) if error.field() != Some("url") => doctor::nowhere(&mut chart, name, &error),
                Err(error) => return Err(error),
            }
        }
    } else {
        in_sandboxes(&args, &mut chart).await?;
    }
    let tally = chart.tally();
    report.result("summary", &tally);
    Ok(tally)
}

/// What the options and the environment name.
fn named(name: Name, args: &Args) -> Result<Patient> {
    let key = doctor::from_env(name)?;
    let mut patient = doctor::elsewhere(name, args.url.as_deref(), args.live, args.host, key)?;
    // Live there may be a bot that plays for money, and it must not lose its connection.
    patient.may_connect = args.connect || !args.live;
    patient.code.clone_from(&args.code);
    Ok(patient)
}

/// Sandboxes in this process, with a bot of each, as well as can be.
async fn in_sandboxes(args: &Args, chart: &mut Chart) -> Result<()> {
    const CODE: &str = "agent-1";
    let settings = Settings { platforms: args.platform.names(), ..Settings::default() };
    for platform in served::start(&settings).await? {
        let patient = doctor::in_sandbox(&platform, Some(CODE.to_owned()))?;
        let online = match (platform.name(), platform.keys().first()) {
            (Name::Botroulette, Some(key)) => {
                let client = Client::builder(key.clone()).url(platform.rest_url()).build()?;
                let parrot = responder(async |request: Incoming| Ok(request.message()?.to_owned()));
                Some(client.serve(parrot).connect().await?)
            }
            _ => None,
        };
        doctor::examine(chart, &patient).await;
        if let Some((tunnel, _events)) = online {
            tunnel.close().await?;
        }
        platform.shutdown().await;
    }
    Ok(())
}
