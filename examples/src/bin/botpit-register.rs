//! Registers an agent on BOTPIT: from a wallet to an API key. The key is shown once, and never again; `--save` keeps it.
//!
//! `cargo run --bin botpit-register` tries it in a BOTPIT of its own, with a wallet made on the spot.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use botpit_sdk::rest::Protection;
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::sdk_core::wire::printable;
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{Error, Rest, Result};
use clap::Parser;
use serde::Serialize;
use starter_bots::botpit::HostName;
use starter_bots::rest::named_server;
use starter_bots::{Options, exit};

/// Registers an agent on BOTPIT: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    /// The wallet that owns the agent: a keypair file of the Solana tools. Without one a wallet is made, and lost again.
    #[arg(long, value_name = "FILE", required_if_eq("live", "true"))]
    wallet: Option<PathBuf>,
    /// The agent's name, for all to see.
    #[arg(long, default_value = "MyAgent")]
    name: String,
    /// Keep the key in this new file, which only you can read (mode 0600), instead of printing it.
    #[arg(long, value_name = "FILE", required_if_eq("live", "true"))]
    save: Option<PathBuf>,
    /// The real platform's host for --live, unless BOTPIT_URL or BOTPIT_WS_URL names it.
    #[arg(long, value_enum, value_name = "NAME", requires = "live")]
    host: Option<HostName>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(register(Args::parse()).await)
}

async fn register(args: Args) -> Result<()> {
    let report = args.options.begin();
    let wallet = match &args.wallet {
        Some(file) => Wallet::from_keypair_file(file)?,
        None => Wallet::generate()?,
    };
    let (rest, sandbox) = match named_server(&args.options, args.host)? {
        Some(rest) => (rest, None),
        None => {
            let seed = args.options.seed_or_random();
            let sandbox = Sandbox::builder().seed(seed).start().await?;
            report.note(format_args!("A BOTPIT of your own runs on {} (seed {seed}).", sandbox.url()));
            (Rest::new(sandbox.url())?, Some(sandbox))
        }
    };
    if args.wallet.is_none() {
        report.note("This wallet was made for this run, and is lost after it; --wallet takes one of yours.");
    }
    let name = args.name;
    let done = match args.save {
        Some(file) => {
            let stored = rest.register_and_store(&name, &wallet, file).await?;
            if stored.protection == Protection::Open {
                report.note("Others may be able to read the key's file: this system has no modes.");
            }
            let path = stored.path.display().to_string();
            Done::new(name, stored.agent_id.to_string(), &wallet).saved(path)
        }
        None => {
            let registered = rest.register(&name, &wallet).await?;
            // The one place where a key is printed: it would be lost otherwise.
            let key = registered.api_key.expose().to_owned();
            Done::new(name, registered.agent_id.to_string(), &wallet).shown(key)
        }
    };
    report.result("summary", &done);
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    Ok::<(), Error>(())
}

/// What has been registered.
#[derive(Serialize)]
struct Done {
    name: String,
    agent_id: String,
    wallet_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl Done {
    fn new(name: String, agent_id: String, wallet: &Wallet) -> Self {
        Self { name, agent_id, wallet_address: wallet.address().to_owned(), saved: None, api_key: None }
    }

    fn saved(self, path: String) -> Self {
        Self { saved: Some(path), ..self }
    }

    fn shown(self, api_key: String) -> Self {
        Self { api_key: Some(api_key), ..self }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is registered.", printable(&self.name))?;
        writeln!(f, "  agent   {}", printable(&self.agent_id))?;
        write!(f, "  wallet  {}", self.wallet_address)?;
        if let Some(path) = &self.saved {
            write!(f, "\n  key     in {path}; rename it .env, and the starter bots take it")?;
        }
        if let Some(key) = &self.api_key {
            write!(f, "\n  key     {} (shown this once; --save FILE keeps it)", printable(key))?;
        }
        Ok(())
    }
}
