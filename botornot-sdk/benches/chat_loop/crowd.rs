//! A thousand matches at the same time: the bots in one process, the sandbox in another.

use std::io::BufRead;
use std::time::{Duration, Instant};

use botornot_sdk::player::{Chat, Line, Player, Replies};
use botornot_sdk::sandbox::{HouseVotes, Sandbox};
use botornot_sdk::state::WhyVote;
use botornot_sdk::{Client, Error, Guess};
use futures_util::future::try_join_all;

use crate::process::{Core, Server, peak_kib, resident_kib};
use crate::{Outcome, runtime};

/// A match takes twenty seconds: time enough to bring all of them in.
const SPEED: f64 = 12.0;

/// Plays, and asks the sandbox afterwards what it has seen.
pub(crate) fn measure(matches: usize) -> Outcome<()> {
    let core = Core::any();
    let began = Instant::now();
    let mut server = Server::start(&core, &["sandbox", &matches.to_string()])?;
    let (url, tokens) = (server.line()?, server.line()?);
    let told = core.run(&["crowd", &url, &tokens])?;
    println!("{}, in {:.0} s", server.ask()?, began.elapsed().as_secs_f64());
    println!("match_kib {told}");
    Ok(())
}

/// Prints where it is and its tokens, then waits to be asked.
pub(crate) fn sandbox(matches: &str) -> Outcome<()> {
    let matches: usize = matches.parse()?;
    // The questions are read beside the sandbox, which goes on.
    let (asked, mut questions) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        std::io::stdin().lock().lines().map_while(Result::ok).try_for_each(|_| asked.blocking_send(()))
    });
    runtime()?.block_on(async {
        let sandbox = Sandbox::builder()
            .seed(7)
            .speed(SPEED)
            .agents(matches)
            .keep_matches(matches * 2)
            .clients_meet(false)
            .house_wait(Duration::ZERO)
            // So that every match goes on until its time is almost up, and all are open at once.
            .house_votes(HouseVotes::AfterTheClient)
            .start()
            .await?;
        println!("{}", sandbox.ws_url());
        let tokens: Vec<&str> = sandbox.agents().iter().map(|agent| agent.token.expose()).collect();
        println!("{}", tokens.join(","));
        while questions.recv().await.is_some() {
            println!("{}", seen(&sandbox));
        }
        Ok(())
    })
}

/// What became of the matches, as the server saw them.
fn seen(sandbox: &Sandbox) -> String {
    let matches = sandbox.matches();
    let ended = matches.iter().filter(|one| one.ended.is_some()).count();
    let voted = matches.iter().filter(|one| one.players.first.vote.is_some()).count();
    let last_began = matches.iter().map(|one| one.created_at).max();
    let first_ended = matches.iter().filter_map(|one| one.ended_at).min();
    let at_once = last_began.zip(first_ended).is_some_and(|(began, ended)| began < ended);
    let at_once = if at_once { "all at once" } else { "NOT all at once" };
    format!("matches {} ({at_once}), ended {ended}, voted {voted}", matches.len())
}

struct Talker;

impl Player for Talker {
    async fn on_match_start(&mut self, _: &Chat) -> botornot_sdk::Result<Replies> {
        Ok("hey".into())
    }

    async fn on_message(&mut self, _: &Chat, message: &Line) -> botornot_sdk::Result<Replies> {
        Ok(if message.text.ends_with('?') { "not sure, you?" } else { "makes sense" }.into())
    }

    async fn vote(&mut self, _: &Chat, _: WhyVote) -> botornot_sdk::Result<Guess> {
        Ok(Guess::Agent)
    }
}

/// One match with each token, all at once, on one thread. Prints by how many KiB the process grew for each.
pub(crate) fn play(url: &str, tokens: &str) -> Outcome<()> {
    let tokens: Vec<&str> = tokens.split(',').collect();
    runtime()?.block_on(async {
        let before = resident_kib();
        let matches = tokens.iter().map(|token| async move {
            let client = Client::builder(*token).url(url).build()?;
            Ok::<_, Error>(client.play(Talker).speed(SPEED).matches(1).run().await?)
        });
        let summaries = try_join_all(matches).await?;
        let finished = summaries.iter().filter(|summary| summary.matches == 1).count();
        let in_place = summaries.iter().filter(|summary| summary.fallbacks > 0).count();
        if (finished, in_place) != (tokens.len(), 0) {
            return Err(format!("{finished} of {} finished, {in_place} voted late", tokens.len()).into());
        }
        match before.zip(peak_kib()) {
            Some((before, peak)) => {
                println!("{}", peak.saturating_sub(before) / u64::try_from(tokens.len())?);
            }
            None => println!("unknown"),
        }
        Ok(())
    })
}
