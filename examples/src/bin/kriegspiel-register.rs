//! Registers a bot on Kriegspiel.org: from a name to a token. The token is given once, and never again; `--save` keeps it.
//!
//! `cargo run --bin kriegspiel-register` tries it in a Kriegspiel of its own. The bot is unlisted, so that no human meets it
//! before it is ready, unless `--listed` is there.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use kriegspiel_sdk::model::RegisterBot;
use kriegspiel_sdk::runner::StateFile;
use kriegspiel_sdk::sandbox::Sandbox;
use kriegspiel_sdk::sdk_core::env::Env;
use kriegspiel_sdk::sdk_core::private_file::Protection;
use kriegspiel_sdk::sdk_core::wire::printable;
use kriegspiel_sdk::{Client, Error, Knobs, Result, Ruleset};
use serde::Serialize;
use starter_bots::kriegspiel::{Pick, here, on_host, pick};
use starter_bots::{Options, Report, exit};

/// Registers a bot on Kriegspiel.org: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    /// The bot's name: 1 to 33 letters, digits or underscores. Default: KRIEGSPIEL_BOT_USERNAME, or my_bot.
    #[arg(long, value_name = "USERNAME")]
    name: Option<String>,
    /// The name that is shown, of 3 to 40 characters. Default: KRIEGSPIEL_BOT_DISPLAY_NAME, or the bot's name.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Your e-mail address, which the platform shows to everybody. For --live it is needed, unless KRIEGSPIEL_BOT_OWNER_EMAIL
    /// has it.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// What the bot is, in at most 280 characters.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Let humans pick it right away.
    #[arg(long)]
    listed: bool,
    /// Which ruleset it plays: one by its name, or all. Default: berkeley_any.
    #[arg(long, value_name = "NAME|all", value_parser = pick)]
    ruleset: Option<Pick>,
    /// Keep the token in this file, which only you can read (mode 0600), instead of printing it. `.bot-state.json` is what
    /// the starter bots read.
    #[arg(long, value_name = "FILE", required_if_eq("live", "true"))]
    save: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(register(Args::parse()).await)
}

async fn register(args: Args) -> Result<()> {
    let report = args.options.begin();
    let env = Env::read()?;
    let knobs = Knobs::from_env(&env)?;
    let bot = bot(&args, &knobs)?;
    // Before there is a token, there is a place for it.
    let mut kept = args.save.clone().map(reserved).transpose()?;

    let mut sandbox = None;
    let client = match (&args.options.url, args.options.live) {
        (url, true) => on_host(Client::anonymous(), url.as_deref(), &env)?.build()?,
        (Some(url), false) => here(url)?,
        (None, false) => {
            let seed = args.options.seed_or_random();
            let own = Sandbox::builder().seed(seed).start().await?;
            report.note(format_args!("A Kriegspiel of your own runs on {} (seed {seed}).", own.url()));
            let client = Client::anonymous().url(own.url()).build()?;
            sandbox = Some(own);
            client
        }
    };
    let registered = client.register(&bot, knobs.registration_key.as_ref()).await?;
    let token = registered.api_token;
    let mut done = Done {
        username: registered.username,
        bot_id: registered.bot_id.to_string(),
        listed: args.listed,
        rulesets: bot.supported_rule_variants.unwrap_or_default(),
        saved: None,
        api_token: None,
    };
    match &mut kept {
        Some(file) => {
            if let Err(error) = file.store_token(&client, &token) {
                // It would be lost otherwise, and the name with it.
                let mut stderr = std::io::stderr().lock();
                let _ = writeln!(
                    stderr,
                    "The token could not be kept. This is it: {}",
                    printable(token.expose())
                );
                return Err(error);
            }
            warn_if_open(file, report)?;
            done.saved = Some(file.path().display().to_string());
        }
        // The one place where a token is printed: it would be lost otherwise.
        None => done.api_token = Some(token.expose().to_owned()),
    }
    report.result("summary", &done);
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    Ok(())
}

/// The bot as the options and the environment say.
fn bot(args: &Args, knobs: &Knobs) -> Result<RegisterBot> {
    let or = |given: &Option<String>, known: &Option<String>| given.clone().or_else(|| known.clone());
    let name = or(&args.name, &knobs.username).unwrap_or_else(|| "my_bot".to_owned());
    let shown = or(&args.display_name, &knobs.display_name).unwrap_or_else(|| name.clone());
    let email = match or(&args.email, &knobs.owner_email) {
        Some(email) => email,
        None if args.options.live => {
            let message = "the platform wants a real contact address: --email, or KRIEGSPIEL_BOT_OWNER_EMAIL";
            return Err(Error::invalid_argument("owner_email", message));
        }
        None => "owner@sandbox.example".to_owned(),
    };
    let rulesets =
        args.ruleset.as_ref().map(Pick::rulesets).or_else(|| knobs.supported_rule_variants.clone());
    let rulesets = rulesets.unwrap_or_else(|| vec![Ruleset::BerkeleyAny]);
    let bot = RegisterBot::new(name, shown, email).listed(args.listed).rulesets(rulesets);
    let bot = match or(&args.description, &knobs.description) {
        Some(description) => bot.description(description),
        None => bot,
    };
    bot.check()?;
    Ok(bot)
}

/// A state file that can be written, and holds no bot's token yet.
fn reserved(path: PathBuf) -> Result<StateFile> {
    let file = StateFile::open(path)?;
    if file.token().is_some() {
        let message =
            format!("{} holds the token of another bot, which would be lost", file.path().display());
        return Err(Error::invalid_argument("save", message));
    }
    file.save()?;
    Ok(file)
}

fn warn_if_open(file: &StateFile, report: Report) -> Result<()> {
    if StateFile::open(file.path())?.protection() == Some(Protection::Open) {
        report.note("Others may be able to read the token's file: this system has no modes.");
    }
    Ok(())
}

/// What has been registered.
#[derive(Serialize)]
struct Done {
    username: String,
    bot_id: String,
    listed: bool,
    rulesets: Vec<Ruleset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_token: Option<String>,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rulesets: Vec<&str> = self.rulesets.iter().map(Ruleset::as_str).collect();
        let listed =
            if self.listed { "humans can pick it" } else { "unlisted; --listed lets humans pick it" };
        writeln!(f, "{} is registered ({listed}).", printable(&self.username))?;
        writeln!(f, "  bot    {}", printable(&self.bot_id))?;
        write!(f, "  plays  {}", printable(&rulesets.join(", ")))?;
        if let Some(path) = &self.saved {
            write!(f, "\n  token  in {path}; KRIEGSPIEL_BOT_STATE_FILE names it to the starter bots")?;
        }
        if let Some(token) = &self.api_token {
            write!(f, "\n  token  {} (shown this once; --save FILE keeps it)", printable(token))?;
        }
        Ok(())
    }
}
