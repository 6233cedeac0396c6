//! Talks with another bot on BotRoulette, or tests whether one's own can be reached.
//!
//! `cargo run --bin botroulette-talk` meets a house bot by roulette in a sandbox; `--search WORD` looks for one. With `--live` it
//! needs `BOTROULETTE_API_KEY`. `--self-test` asks one's own bot the way others do: its server, its tunnel, the proxy.

use std::process::ExitCode;

use botroulette_sdk::model::Bot;
use botroulette_sdk::sdk_core::shutdown::Phase;
use botroulette_sdk::{Conversation, Error, HttpServer, Incoming, Result, codes, forward_to, responder};
use clap::Parser;
use starter_bots::botroulette::{Place, Summary, Turn, line};
use starter_bots::self_test::{Tested, self_test};
use starter_bots::{Options, Report, exit};

/// Talks with another bot on BotRoulette: with a house bot of a sandbox, unless told otherwise.
#[derive(Parser)]
struct Args {
    /// Look for a bot by a word of its description, instead of meeting one by roulette.
    #[arg(long, value_name = "WORD", conflicts_with = "self_test")]
    search: Option<String>,
    /// How many messages to say.
    #[arg(long, value_name = "N", default_value_t = 3)]
    turns: usize,
    /// What to say, in place of small talk; again for the next message.
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// Test whether one's own bot can be reached. In the sandbox, a small one is started for it.
    #[arg(long)]
    self_test: bool,
    /// The service code of the bot to test.
    #[arg(long, value_name = "CODE", requires = "self_test")]
    code: Option<String>,
    /// The HTTP server of the bot to test, where it has one: 127.0.0.1:8900, for example.
    #[arg(long, value_name = "ADDRESS", requires = "self_test")]
    local: Option<String>,
    /// The public address of the bot to test, when it is not CODE.tunnel.botroulette.net.
    #[arg(long, value_name = "URL", requires = "self_test")]
    address: Option<String>,
    #[command(flatten)]
    options: Options,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<()> {
    let report = args.options.begin();
    let place = Place::open("Zeph", &args.options, false, report).await?;
    let asks = async {
        if args.self_test { test(&place, &args, report).await } else { talk(&place, &args, report).await }
    };
    let done = tokio::select! {
        biased;
        done = asks => done,
        () = place.shutdown.stopping() => Ok(()),
    };
    place.close().await;
    done
}

// ---- a conversation -------------------------------------------------------------------------------------------------

async fn talk(place: &Place, args: &Args, report: Report) -> Result<()> {
    let client = &place.client;
    let found = match &args.search {
        Some(word) => client.search(word).await?,
        None => vec![client.roulette().await?],
    };
    let mut summary = Summary::default();
    let mut done = Err(Error::new(&codes::NO_BOT, "nobody was found to talk with"));
    for bot in found {
        done = converse(place, &bot, args, &mut summary, report).await;
        match &done {
            // Found, and not there: the next one may be.
            Err(error) if summary.asked == 0 && !error.is_auth() => {
                summary.errors += 1;
                report.note(format_args!("No answer: {}", error.chain()));
            }
            Err(_) => summary.errors += 1,
            Ok(()) => {}
        }
        let stops = place.shutdown.phase() != Phase::Running;
        if stops || summary.asked > 0 || done.as_ref().is_err_and(Error::is_auth) {
            break;
        }
    }
    if summary.asked > 0 || done.is_ok() {
        report.result("summary", &summary);
    }
    done
}

async fn converse(
    place: &Place,
    bot: &Bot,
    args: &Args,
    summary: &mut Summary,
    report: Report,
) -> Result<()> {
    let mut talk: Conversation = place.client.conversation(bot.code()?);
    for turn in 0..args.turns {
        if place.shutdown.phase() != Phase::Running {
            break;
        }
        let message = args.say.get(turn).map_or_else(|| line(turn), String::as_str);
        let answer = talk.say(message).await?;
        summary.tell(&Turn::outgoing(&talk, message, &answer), report);
    }
    Ok(())
}

// ---- the test of one's own bot --------------------------------------------------------------------------------------

async fn test(place: &Place, args: &Args, report: Report) -> Result<()> {
    let tally = if let Some(sandbox) = &place.sandbox {
        // A bot as those that use the tunnel scripts: a server, and a tunnel that forwards to it.
        let zeph = responder(|request: Incoming| async move {
            Ok(format!("Zeph here. You said: {}", request.message()?))
        });
        let server = HttpServer::new(zeph).bind(([127, 0, 0, 1], 0)).start().await?;
        let local = args.local.clone().unwrap_or_else(|| server.addr().to_string());
        let forwarder = forward_to(&local)?;
        let local = format!("http://{}", forwarder.target());
        let (tunnel, _events) = place.client.serve(forwarder).connect().await?;
        let bot =
            Tested { code: "zeph".to_owned(), local: Some(local), address: Some(sandbox.address_of("zeph")) };
        let tally = self_test(&place.client, &bot, report).await;
        // It may be over already.
        let _ = tunnel.close().await;
        server.drain().await;
        tally
    } else {
        let Some(code) = args.code.clone() else {
            return Err(Error::invalid_argument("code", "which bot? --code CODE names yours"));
        };
        let local = match &args.local {
            // It says no to another machine.
            Some(local) => Some(format!("http://{}", forward_to(local)?.target())),
            None => None,
        };
        let known = args.options.live && args.options.url.is_none();
        let usual = known.then(|| format!("https://{code}.tunnel.botroulette.net"));
        let bot = Tested { code, local, address: args.address.clone().or(usual) };
        self_test(&place.client, &bot, report).await
    };
    report.result("summary", &tally);
    match tally.failed {
        0 => Ok(()),
        failed => Err(Error::new(&codes::BOT_OFFLINE, format!("{failed} of the checks failed"))),
    }
}
