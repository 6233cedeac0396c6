//! Registers a bot on BotRoulette: asks for what is missing, shows what there is to choose from, and asks once more, because the
//! name is for ever. The key is shown once, and never again; `--save .env` keeps it instead.
//!
//! `cargo run --bin botroulette-register` tries it in a BotRoulette of its own. Without a person to ask, everything is an option.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use botroulette_sdk::model::{RegisterOptions, Registered, Registration};
use botroulette_sdk::sdk_core::env::Env;
use botroulette_sdk::sdk_core::private_file;
use botroulette_sdk::sdk_core::wire::printable;
use botroulette_sdk::{Error, Host, Registrar, Result};
use clap::Parser;
use serde::Serialize;
use starter_bots::botroulette::{here, sandbox};
use starter_bots::{Options, Report, exit};

/// Registers a bot on BotRoulette: in a sandbox of its own, unless told otherwise. Asks for what is not given.
#[derive(Parser)]
struct Args {
    /// The bot's name, for ever: at most 25 letters, digits and hyphens.
    #[arg(long)]
    name: Option<String>,
    /// What the bot does, in 10 to 300 characters. Others find it by these words.
    #[arg(long)]
    description: Option<String>,
    /// One of the platform's categories.
    #[arg(long)]
    category: Option<String>,
    /// Where the login to the dashboard is sent.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Some of the platform's industries, with commas.
    #[arg(long, value_name = "LIST")]
    industries: Option<String>,
    /// Some of the platform's regions, with commas.
    #[arg(long, value_name = "LIST")]
    regions: Option<String>,
    /// The bot's own server, `https://…`, for one that needs no tunnel.
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Keep the key in this new file, which only you can read (mode 0600), instead of printing it.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Do not ask once more.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: Options,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(register(Args::parse()).await)
}

async fn register(args: Args) -> Result<()> {
    let report = args.options.begin();
    let own = match (&args.options.url, args.options.live) {
        (None, false) => Some(sandbox(args.options.seed_or_random(), false).await?),
        (Some(url), false) => {
            here(url)?;
            None
        }
        (_, true) => None,
    };
    let url = match (&own, &args.options.url) {
        (Some(sandbox), _) => sandbox.url().to_string(),
        (None, Some(url)) => url.clone(),
        (None, None) => {
            Env::read()?.get("BOTROULETTE_URL").unwrap_or_else(|| Host::Production.url().to_owned())
        }
    };
    report.note(format_args!("Registering on {}.", printable(&url)));
    let registrar = Registrar::new(&url)?;
    let options = registrar.options().await?;
    let mut form = Form::new(&options, own.is_some(), report);
    let mut bot = form.fill(&args)?;
    bot.endpoint_url.clone_from(&args.endpoint_url);
    bot.check_against(&options)?;
    let save = form.where_to_save(&args)?;
    form.confirm(&bot, args.yes)?;

    // Made first: a key that finds no place would be lost.
    let file = save.as_deref().map(private_file::create_new).transpose()?;
    let registered = match registrar.register(&bot).await {
        Ok(registered) => registered,
        Err(error) => {
            if let Some(path) = &save {
                // It is empty.
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
    };
    let key = registered.api_key.expose();
    let saved = file.zip(save).and_then(|(mut file, path)| {
        let text = format!("BOTROULETTE_API_KEY={key}\nBOTROULETTE_URL={}\n", url.trim_end_matches('/'));
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        match written {
            Ok(()) => Some(path),
            Err(error) => {
                report.note(format_args!("{} could not be written: {error}", path.display()));
                None
            }
        }
    });
    report.result("summary", &Done::new(&bot, &registered, saved.as_deref()));
    if let Some(sandbox) = own {
        sandbox.shutdown().await;
    }
    Ok(())
}

// ---- what is asked --------------------------------------------------------------------------------------------------

/// A question: the field, the option that answers it, and its words.
const QUESTIONS: [(&str, &str, &str); 6] = [
    ("name", "name", "The bot's name, for ever (one word, such as Zeph)"),
    ("description", "description", "What it does, in 10 to 300 characters"),
    ("category", "category", "Its category"),
    ("contact_email", "email", "Your e-mail address, for the dashboard"),
    ("industries", "industries", "Its industries, with commas (none is fine)"),
    ("regions", "regions", "Its regions, with commas (none is fine)"),
];

struct Form<'a> {
    options: &'a RegisterOptions,
    /// What nobody answers is answered with this: in a sandbox alone.
    example: Option<Registration>,
    report: Report,
    has_asked: bool,
}

impl<'a> Form<'a> {
    fn new(options: &'a RegisterOptions, in_sandbox: bool, report: Report) -> Self {
        Self { options, example: in_sandbox.then(|| example(options)), report, has_asked: false }
    }

    /// A registration of what was given, and of what is answered.
    fn fill(&mut self, args: &Args) -> Result<Registration> {
        let mut bot = example(self.options);
        for (field, option, question) in QUESTIONS {
            let given = match field {
                "name" => &args.name,
                "description" => &args.description,
                "category" => &args.category,
                "contact_email" => &args.email,
                "industries" => &args.industries,
                _ => &args.regions,
            };
            match given {
                Some(text) => {
                    put(&mut bot, field, text);
                    // The rest of it is an example, which keeps the rules.
                    bot.check_against(self.options)?;
                }
                None => self.ask(&mut bot, field, option, question)?,
            }
        }
        Ok(bot)
    }

    /// Asks until the answer keeps the rules.
    fn ask(&mut self, bot: &mut Registration, field: &str, option: &str, question: &str) -> Result<()> {
        let known = match field {
            "category" => &self.options.categories[..],
            "industries" => &self.options.industries,
            "regions" => &self.options.regions,
            _ => &[],
        };
        let may_be_empty = matches!(field, "industries" | "regions");
        if !known.is_empty() {
            self.report.note(format_args!("{}: {}", plural(field), printable(&known.join(", "))));
        }
        let example = self.example.as_ref().map(|example| match field {
            "name" => example.name.clone(),
            "description" => example.description.clone(),
            "category" => example.category.clone(),
            "contact_email" => example.contact_email.clone(),
            _ => String::new(),
        });
        let example = example.as_deref();
        loop {
            let hint = example.filter(|text| !text.is_empty()).map(|text| format!(" [{text}]"));
            let answer = self.line(&format!("{question}{}: ", hint.unwrap_or_default()))?;
            let is_over = answer.is_none();
            let text = match answer.filter(|text| !text.is_empty()) {
                Some(text) => text,
                None if may_be_empty => String::new(),
                None => match example {
                    Some(example) => example.to_owned(),
                    None if is_over => {
                        let what = format!("nobody is there to be asked: give --{option}");
                        return Err(Error::invalid_argument(field, what));
                    }
                    None => continue,
                },
            };
            let mut tried = bot.clone();
            put(&mut tried, field, &text);
            match tried.check_against(self.options) {
                Ok(()) => {
                    *bot = tried;
                    return Ok(());
                }
                Err(error) if is_over => return Err(error),
                Err(error) => self.report.note(error.chain()),
            }
        }
    }

    fn where_to_save(&mut self, args: &Args) -> Result<Option<PathBuf>> {
        if args.save.is_some() || args.yes || !self.has_asked {
            return Ok(args.save.clone());
        }
        let answer =
            self.line("Keep the key in which new file? (.env, for example; empty: it is printed once) ")?;
        Ok(answer.filter(|path| !path.is_empty()).map(PathBuf::from))
    }

    /// Asks once more.
    fn confirm(&mut self, bot: &Registration, is_sure: bool) -> Result<()> {
        self.report.note(format_args!(
            "{}: {} ({}, {})",
            bot.name,
            printable(&bot.description),
            printable(&bot.category),
            printable(&bot.contact_email)
        ));
        for warning in bot.warnings() {
            self.report.note(format_args!("Mind: {warning}."));
        }
        if is_sure {
            return Ok(());
        }
        let question = format!("A name can never be changed. Type {} once more to register it: ", bot.name);
        match self.line(&question)? {
            Some(answer) if answer == bot.name => Ok(()),
            // Nothing is for ever in a sandbox.
            None if self.example.is_some() => Ok(()),
            None => Err(Error::invalid_argument("name", "nobody is there to be asked once more: give --yes")),
            Some(_) => {
                Err(Error::invalid_argument("name", "the name was not repeated; nothing was registered"))
            }
        }
    }

    /// An answer; `None` when there is nobody to answer.
    fn line(&mut self, question: &str) -> Result<Option<String>> {
        let broken = |cause: std::io::Error| {
            Error::invalid_argument("stdin", "the answer could not be read").with_source(cause)
        };
        let is_terminal = std::io::stdin().is_terminal();
        let mut shown = std::io::stderr().lock();
        let _ = write!(shown, "{question}");
        let _ = shown.flush();
        let mut answer = String::new();
        // It blocks the thread, on which nothing else is to be done meanwhile.
        let read = std::io::stdin().read_line(&mut answer).map_err(broken)?;
        if !is_terminal {
            let _ = writeln!(shown);
        }
        self.has_asked |= read > 0;
        Ok((read > 0).then(|| answer.trim().to_owned()))
    }
}

/// A registration that keeps the rules.
fn example(options: &RegisterOptions) -> Registration {
    let category = options.categories.first().map_or("Utilities", String::as_str);
    let description = "Finds a recipe for whatever is left over in your fridge";
    Registration::new("Zeph", description, category, "zeph@botmakers.net")
}

fn put(bot: &mut Registration, field: &str, text: &str) {
    let list = || text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    match field {
        "name" => text.clone_into(&mut bot.name),
        "description" => text.clone_into(&mut bot.description),
        "category" => text.clone_into(&mut bot.category),
        "contact_email" => text.clone_into(&mut bot.contact_email),
        "industries" => bot.industries = list(),
        _ => bot.regions = list(),
    }
}

fn plural(field: &str) -> &str {
    match field {
        "category" => "Categories",
        "industries" => "Industries",
        _ => "Regions",
    }
}

// ---- what is told ---------------------------------------------------------------------------------------------------

/// What has been registered.
#[derive(Serialize)]
struct Done {
    name: String,
    service_code: String,
    proxy_url: Option<String>,
    tunnel_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl Done {
    fn new(bot: &Registration, registered: &Registered, saved: Option<&Path>) -> Self {
        // The one place where a key is printed: it would be lost otherwise.
        let api_key = saved.is_none().then(|| registered.api_key.expose().to_owned());
        Self {
            name: bot.name.clone(),
            service_code: registered.service_code.to_string(),
            proxy_url: registered.proxy_url.clone(),
            tunnel_url: registered.tunnel_url.clone(),
            saved: saved.map(|path| path.display().to_string()),
            api_key,
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is registered.", self.name)?;
        write!(f, "  code    {}", printable(&self.service_code))?;
        if let Some(url) = &self.proxy_url {
            write!(f, "\n  proxy   {}", printable(url))?;
        }
        if let Some(url) = &self.tunnel_url {
            write!(f, "\n  tunnel  {}", printable(url))?;
        }
        if let Some(path) = &self.saved {
            write!(f, "\n  key     in {path}; named .env, the starter bots take it")?;
        }
        if let Some(key) = &self.api_key {
            write!(f, "\n  key     {} (shown this once; --save FILE keeps it)", printable(key))?;
        }
        Ok(())
    }
}
