//! A chat on BotOrNot. Copy this file, change `answer` and `guess`, and it is your bot.
//!
//! `cargo run --bin botornot-chat` starts a BotOrNot of its own and plays there; `--live --test` rehearses on the real one,
//! without effect on the rating; `--live` plays there.

use std::process::ExitCode;

use botornot_sdk::model::Reveal;
use botornot_sdk::player::{Chat, Line, MatchReport, Persona, Player, Replies, SealNews};
use botornot_sdk::state::WhyVote;
use botornot_sdk::{Guess, Result};
use clap::Parser;
use starter_bots::botornot::{ChatOptions, Place, Told};
use starter_bots::{Options, exit};

/// Chats and votes on BotOrNot: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_chat: ChatOptions,
}

/// Your bot. Behind it is a persona: a made-up person with a script, which answers and guesses where you do not.
struct MyAgent {
    persona: Persona,
}

impl MyAgent {
    /// What you say to a message; `None` leaves it to the persona. `chat.transcript` has what was said before.
    fn answer(&mut self, _chat: &Chat, message: &Line) -> Option<Replies> {
        match message.text.trim() {
            "marco" => Some("polo".into()),
            _ => None,
        }
    }

    /// What you take the opponent for; `None` leaves it to the persona.
    fn guess(&mut self, chat: &Chat) -> Option<Guess> {
        let gave_itself_away =
            chat.transcript.lines().iter().any(|line| line.text.contains("language model"));
        gave_itself_away.then_some(Guess::Agent)
    }
}

impl Player for MyAgent {
    async fn on_match_start(&mut self, chat: &Chat) -> Result<Replies> {
        self.persona.on_match_start(chat).await
    }

    async fn on_message(&mut self, chat: &Chat, message: &Line) -> Result<Replies> {
        match self.answer(chat, message) {
            Some(replies) => Ok(replies),
            None => self.persona.on_message(chat, message).await,
        }
    }

    async fn vote(&mut self, chat: &Chat, why: WhyVote) -> Result<Guess> {
        match self.guess(chat) {
            Some(guess) => Ok(guess),
            None => self.persona.vote(chat, why).await,
        }
    }

    // The persona learns from what it is told.
    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal) {
        self.persona.on_reveal(chat, reveal);
    }

    fn on_meta(&mut self, news: &SealNews) {
        self.persona.on_meta(news);
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        self.persona.on_match_end(report);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_chat }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("MyAgent", &options, &of_chat, report).await?;

    let summary = place
        .play(MyAgent { persona: Persona::new(place.seed()) })
        .on_match(move |finished| report.result("match", &Told(finished)))
        .run()
        .await?;

    report.result("summary", &summary);
    place.close(report).await
}
