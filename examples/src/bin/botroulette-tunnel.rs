//! Brings a bot online that is an HTTP server already, in whatever language: the drop-in replacement for the platform's
//! `tunnel.js` and `tunnel.py`, with the same environment variables.
//!
//! `cargo run --bin botroulette-tunnel` tries it out in a sandbox, with a small server that says everything back.
//! `cargo run --bin botroulette-tunnel -- --live` forwards what strangers say to `127.0.0.1:8900`, or to the port in
//! `LOCAL_PORT`, until Ctrl-C. The key is in `BOTROULETTE_API_KEY`.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use botroulette_sdk::sandbox::Sandbox;
use botroulette_sdk::sdk_core::env::Env;
use botroulette_sdk::{
    Client, ClientBuilder, Forwarder, HttpServer, Incoming, Reply, Responder, Result, TunnelEvent,
    forward_to, responder,
};
use clap::Parser;
use serde::Serialize;
use starter_bots::botroulette::elsewhere;
use starter_bots::{Options, Report, exit};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Forwards what other bots say to an HTTP server on this machine.
#[derive(Parser)]
struct Args {
    /// The server that requests go to. Without it, the port in LOCAL_PORT, or else 8900; in the sandbox, a server that says
    /// everything back.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Stop after so many messages. In the sandbox 3, live without end.
    #[arg(long, value_name = "N")]
    messages: Option<u64>,
    /// Print what was said, too. Always so in the sandbox; live these are other people's words.
    #[arg(long)]
    show: bool,
    #[command(flatten)]
    options: Options,
}

/// One request that was forwarded.
#[derive(Debug, Serialize)]
struct Turn {
    direction: &'static str,
    /// Nobody knows: a caller's token is a claim.
    peer: Option<String>,
    session: Option<String>,
    message: Option<String>,
    reply: Option<String>,
    status: u16,
    millis: u64,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.session.as_deref().unwrap_or("a new session");
        write!(f, "{session}: {} after {} ms", self.status, self.millis)?;
        if let Some(message) = &self.message {
            write!(f, "\n  they:  {}", one_line(message))?;
        }
        if let Some(reply) = &self.reply {
            write!(f, "\n  I:     {}", one_line(reply))?;
        }
        Ok(())
    }
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    answered: u64,
    errors: u64,
}

impl Summary {
    fn count(&mut self, turn: &Turn) {
        if turn.status < 400 { self.answered += 1 } else { self.errors += 1 }
    }

    fn requests(&self) -> u64 {
        self.answered + self.errors
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests forwarded, {} of them came to an error", self.requests(), self.errors)
    }
}

/// Tells of every request that goes through it.
struct Told {
    forwarder: Forwarder,
    show: bool,
    turns: mpsc::UnboundedSender<Turn>,
}

impl Responder for Told {
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        let began = Instant::now();
        let message = request.message().ok().filter(|_| self.show).map(str::to_owned);
        let session = request.session().map(|session| session.to_string());
        let reply = self.forwarder.reply(request).await?;
        let turn = Turn {
            direction: "in",
            peer: None,
            session,
            message,
            reply: reply.main_text().filter(|_| self.show).map(Into::into),
            status: reply.status(),
            millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        // Nobody listens any more once the program ends.
        let _ = self.turns.send(turn);
        Ok(reply)
    }

    fn takes_every_path(&self) -> bool {
        true
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<()> {
    let report = args.options.begin();
    if args.options.live || args.options.url.is_some() {
        return live(&args, report).await;
    }
    let seed = args.options.seed_or_random();
    // House bots call by themselves: soon, and often enough for whatever is asked for.
    let sandbox = Sandbox::builder()
        .seed(seed)
        .house_calls(u32::MAX)
        .house_calls_every(Duration::from_millis(200))
        .house_thinks(Duration::from_millis(50))
        .start()
        .await?;
    let client = Client::builder(sandbox.register("Zeph")?).url(sandbox.url());
    let echo = responder(|request: Incoming| async move { Ok(format!("You said: {}", request.message()?)) });
    let local = HttpServer::new(echo).bind(([127, 0, 0, 1], 0)).start().await?;
    let to = args.to.clone().unwrap_or_else(|| local.addr().to_string());
    let forwarder = forward_to(&to)?;
    report
        .note(format_args!("A sandbox with house bots that call (seed {seed}); what they say goes to {to}."));
    let messages = Some(args.messages.unwrap_or(3));
    let show = true;
    forward(client, forwarder, &args.options, show, messages, report).await?;
    local.drain().await;
    sandbox.shutdown().await;
    Ok(())
}

/// On the platform, or in a sandbox of another process.
async fn live(args: &Args, report: Report) -> Result<()> {
    let env = Env::read()?;
    let client = elsewhere("Zeph", &args.options, &env).await?;
    let forwarder = match &args.to {
        Some(to) => forward_to(to)?,
        None => Forwarder::with_env(&env)?,
    };
    report.note(format_args!("What others say goes to {}.", forwarder.target()));
    forward(client, forwarder, &args.options, args.show, args.messages, report).await
}

/// Forwards until the messages have come, the tunnel is over, or Ctrl-C.
async fn forward(
    client: ClientBuilder,
    forwarder: Forwarder,
    options: &Options,
    show: bool,
    messages: Option<u64>,
    report: Report,
) -> Result<()> {
    let shutdown = options.stop_on_signals(report, "what is being answered")?;
    let client = client.seed(options.seed_or_random()).shutdown(&shutdown).build()?;
    let (sender, mut turns) = mpsc::unbounded_channel();
    let (tunnel, mut events) = client.serve(Told { forwarder, show, turns: sender }).connect().await?;
    let mut summary = Summary::default();
    let mut ended = None;
    while ended.is_none() {
        tokio::select! {
            biased;
            Some(turn) = turns.recv() => {
                summary.count(&turn);
                report.result("turn", &turn);
                if messages.is_some_and(|messages| summary.requests() >= messages) {
                    // It may be over already, and then that is the end.
                    let _ = tunnel.drain().await;
                }
            }
            event = events.next() => match event {
                Some(TunnelEvent::Closed { reason }) => ended = Some(reason.map_or(Ok(()), Err)),
                Some(event) => tell(&event, report),
                None => ended = Some(Ok(())),
            },
        }
    }
    // What was answered while the tunnel closed.
    while let Ok(turn) = turns.try_recv() {
        summary.count(&turn);
        report.result("turn", &turn);
    }
    report.result("summary", &summary);
    ended.unwrap_or(Ok(()))
}

fn tell(event: &TunnelEvent, report: Report) {
    match event {
        TunnelEvent::Connected(connected) => {
            let address =
                connected.tunnel_url.as_deref().unwrap_or("an address that the platform did not tell");
            report.note(format_args!("Online at {}.", one_line(address)));
        }
        TunnelEvent::Reconnecting { delay, .. } => {
            report.note(format_args!("Trying again in {:.1} s.", delay.as_secs_f64()));
        }
        // The log has what went wrong.
        _ => {}
    }
}

/// A stranger's words as one short line.
fn one_line(text: &str) -> String {
    const SHOWN: usize = 200;
    let shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() { format!("{shown}…") } else { shown }
}
