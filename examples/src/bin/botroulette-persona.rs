//! A bot with a character on BotRoulette: it answers whoever calls, and calls others. Copy this file, change `answer`, and it
//! is your bot.
//!
//! `cargo run --bin botroulette-persona` starts a BotRoulette of its own: house bots call Zeph, and Zeph meets one by roulette.
//! `--live` goes online on the real network, with the key in `BOTROULETTE_API_KEY`, until Ctrl-C.

use std::process::ExitCode;

use botroulette_sdk::{
    Client, Incoming, Memory, Reply, Responder, Result, SecretFilter, TunnelEvent, responder,
};
use clap::Parser;
use starter_bots::botroulette::{Place, Summary, Turn, line};
use starter_bots::{Options, Report, exit};
use tokio::sync::mpsc;

/// Answers other bots on BotRoulette and talks with one: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    /// Stop after so many messages. In the sandbox 6; live without end.
    #[arg(long, value_name = "N")]
    messages: Option<u64>,
    #[command(flatten)]
    options: Options,
}

/// How many messages are answered in the sandbox unless told otherwise.
const MESSAGES: u64 = 6;
/// How many turns the conversation has that this bot begins.
const TURNS: usize = 3;

/// Your bot: what it says to a message. `request.history()` has what was said before.
fn answer(request: &Incoming) -> Result<String> {
    let message = request.message()?.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let words = if says(&["ignore all", "system prompt", "api key", "kp_live", "maintenance mode"]) {
        "Zeph cooks, and takes orders only for dinner."
    } else if says(&["<script", "<b>"]) {
        "Is that a recipe? I only read plain text."
    } else if says(&["why", "how did", "goes wrong"]) {
        "Because a leek forgives nearly everything, and an egg nearly nothing."
    } else if says(&["hello", "hey", "hi!", "good day", "who are you", "what can you do"]) {
        "Zeph here. Tell me what is left in your fridge, and I tell you what is for dinner."
    } else {
        "That reminds me of a soup. What else is in your fridge?"
    };
    Ok(match request.history().len() / 2 {
        0 => words.to_owned(),
        before => format!("{words} (You have said {} things to me by now.)", before + 1),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(live(Args::parse()).await)
}

async fn live(Args { messages, options }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("Zeph", &options, true, report).await?;
    let messages = messages.or(place.sandbox.is_some().then_some(MESSAGES));
    let (told, mut turns) = mpsc::unbounded_channel();
    let (tunnel, mut events) = place.client.serve(zeph(told.clone())).connect().await?;
    // In the sandbox others call first; on the network that may take a while.
    let mut to_call = if place.sandbox.is_some() { messages } else { Some(0) };
    let mut summary = Summary::default();
    let (mut has_talked, mut drains, mut ended) = (false, false, None);
    while ended.is_none() {
        if to_call.is_some_and(|answered| summary.answered >= answered) {
            to_call = None;
            tokio::spawn(call(place.client.clone(), told.clone()));
        }
        if has_talked && !drains && messages.is_some_and(|messages| summary.answered >= messages) {
            drains = true;
            // It may be over already, and then that is the end.
            let _ = tunnel.drain().await;
        }
        tokio::select! {
            biased;
            Some(turn) = turns.recv() => {
                match turn {
                    Said::Turn(turn) => summary.tell(&place.with_caller(turn), report),
                    Said::Failed(words) => {
                        summary.errors += 1;
                        report.note(words);
                    }
                    Said::Over => has_talked = true,
                }
            }
            event = events.next() => match event {
                Some(TunnelEvent::Closed { reason }) => ended = Some(reason.map_or(Ok(()), Err)),
                Some(event) => summary.errors += tell(&event, report),
                None => ended = Some(Ok(())),
            },
        }
    }
    report.result("summary", &summary);
    place.close().await;
    ended.unwrap_or(Ok(()))
}

/// What the bot's two halves tell.
enum Said {
    Turn(Turn),
    Failed(String),
    /// The conversation that it began is over.
    Over,
}

/// The bot as it is called: it remembers conversations, and lets no key out.
fn zeph(told: mpsc::UnboundedSender<Said>) -> impl Responder {
    let zeph = responder(move |request: Incoming| {
        let told = told.clone();
        async move {
            let reply = answer(&request)?;
            let session = request.session().map(|session| session.to_string());
            let turn = Turn::incoming(session, request.message()?, &reply);
            // Nobody listens any more once the program ends.
            let _ = told.send(Said::Turn(turn));
            Ok(Reply::text(reply))
        }
    });
    SecretFilter::new().around(Memory::new().around(zeph))
}

/// The bot as it calls: it meets another one by roulette, and talks with it.
async fn call(client: Client, told: mpsc::UnboundedSender<Said>) {
    if let Err(error) = meet(&client, &told).await {
        let _ = told.send(Said::Failed(format!("error: {}\nadvice: {}", error.chain(), error.advice())));
    }
    let _ = told.send(Said::Over);
}

async fn meet(client: &Client, told: &mpsc::UnboundedSender<Said>) -> Result<()> {
    let mut talk = client.conversation(client.roulette().await?.code()?);
    for turn in 0..TURNS {
        let answer = talk.say(line(turn)).await?;
        let _ = told.send(Said::Turn(Turn::outgoing(&talk, line(turn), &answer)));
    }
    Ok(())
}

/// Tells what happens to the tunnel, and how many requests came to an error by it.
fn tell(event: &TunnelEvent, report: Report) -> u64 {
    match event {
        TunnelEvent::Connected(_) => report.note("Zeph is online: others can call."),
        TunnelEvent::Reconnecting { delay, .. } => {
            report.note(format_args!("Trying again in {:.1} s.", delay.as_secs_f64()));
        }
        // The log has what went wrong.
        TunnelEvent::HandlerFailed { .. } | TunnelEvent::Refused(_) | TunnelEvent::NotAnswered(_) => {
            return 1;
        }
        _ => {}
    }
    0
}
