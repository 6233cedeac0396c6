//! The platforms on your laptop, for clients in any language.
//!
//! `cargo run --bin sandbox -- all` serves all four on loopback until Ctrl-C. The first line on stdout is one JSON object with
//! their addresses and keys; beside it is a status page, to be kept open while you write a bot.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use botpit_sdk::sdk_core::secret::Secret;
use botpit_sdk::sdk_core::shutdown::Shutdown;
use botpit_sdk::{Error, Result};
use clap::{ArgAction, Parser, ValueEnum};
use starter_bots::served::{self, DEFAULT_PORT, Name, STATUS, Settings, Wanted};
use starter_bots::status::StatusPage;
use starter_bots::{Options, botornot, exit};

/// Serves BOTPIT, BotOrNot, BotRoulette and Kriegspiel.org on this machine, for clients in any language.
///
/// The first line on stdout is one JSON object with addresses and keys. Ctrl-C ends it.
#[derive(Parser)]
struct Args {
    /// Which platforms.
    #[arg(value_enum, default_value_t = Which::All)]
    platform: Which,
    /// The port of BOTPIT; BotOrNot, BotRoulette, Kriegspiel and the status page have the four after it. 0 for free ones.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PORT, value_parser = clap::value_parser!(u16).range(..=65_531))]
    port: u16,
    /// The seed of everything that looks random, the keys included.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many times as fast matches pass.
    #[arg(long, value_name = "FACTOR", value_parser = botornot::speed, default_value = "1")]
    speed: f64,
    /// What goes wrong: names of faults, magic words such as faultDropOnTurn, an order as JSON, or random, from the seed.
    /// With a platform's name and a colon in front it goes wrong there alone. Several with commas, or the option again.
    #[arg(long, value_name = "FAULTS", value_parser = wanted)]
    faults: Vec<Wishes>,
    /// Another address to listen on than loopback: everybody who reaches it can use the sandbox.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// A further host name by which clients call the sandbox, such as a container's.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// No opponents of the house: your bots meet one another.
    #[arg(long)]
    no_house: bool,
    /// Kriegspiel: whether a bot needs a key to register. The key is in the first line.
    #[arg(long, value_enum, default_value_t = Registration::Open)]
    registration: Registration,
    /// BotOrNot: whether one hears one's own chat.
    #[arg(long, value_enum, default_value_t = Switch::On)]
    echo: Switch,
    /// Log more; twice for everything that is not a secret.
    #[arg(short, long, action = ArgAction::Count)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Registration {
    Open,
    Gated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// What one `--faults` holds.
#[derive(Debug, Clone)]
struct Wishes(Vec<Wanted>);

fn wanted(text: &str) -> Result<Wishes, String> {
    Wanted::read(text).map(Wishes).map_err(|error| error.message().to_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<()> {
    Options::log(args.verbose);
    let settings = settings(&args);
    // Asked for before anything is served: no signal comes too early.
    let shutdown = Shutdown::new();
    shutdown.on_signals()?;
    let platforms = served::start(&settings).await?;
    let wanted: Vec<Wanted> = args.faults.into_iter().flat_map(|Wishes(wishes)| wishes).collect();
    served::order(&wanted, &platforms)?;
    for platform in &platforms {
        if wanted.iter().any(|wish| wish.is_random_on(platform)) {
            platform.let_chance_rule(settings.seed);
        }
    }
    let page = StatusPage::serve(platforms, &settings, settings.options(STATUS)).await?;
    tell(&page)?;
    shutdown.draining().await;
    page.shutdown().await;
    Ok(())
}

fn settings(args: &Args) -> Settings {
    let one = |name: &Which| match name {
        Which::Botpit => vec![Name::Botpit],
        Which::Botornot => vec![Name::Botornot],
        Which::Botroulette => vec![Name::Botroulette],
        Which::Kriegspiel => vec![Name::Kriegspiel],
        Which::All => Name::ALL.to_vec(),
    };
    let key =
        || Secret::new(format!("sandbox-registration-{:016x}", fastrand::Rng::with_seed(args.seed).u64(..)));
    Settings {
        platforms: one(&args.platform),
        bind: args.bind,
        hosts: args.host.clone(),
        port: args.port,
        seed: args.seed,
        speed: args.speed,
        house: !args.no_house,
        registration_key: (args.registration == Registration::Gated).then(key),
        echo: args.echo == Switch::On,
    }
}

/// The JSON line on stdout, and words for a person on stderr.
fn tell(page: &StatusPage) -> Result<()> {
    let cannot =
        |error| Error::invalid_argument("stdout", "the first line cannot be written").with_source(error);
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", page.line()).and_then(|()| stdout.flush()).map_err(cannot)?;
    let mut stderr = std::io::stderr().lock();
    for platform in page.platforms() {
        let _ = writeln!(stderr, "{:<15} {}", platform.name().title(), platform.rest_url());
    }
    let _ = writeln!(stderr, "{:<15} {}\nCtrl-C ends it.", "Status page", page.url());
    Ok(())
}
