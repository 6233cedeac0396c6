//! Challenges on BOTPIT: makes one, accepts one, and plays what comes of them. Copy this file and it is your bot.
//!
//! `cargo run --bin botpit-challenge` starts a BOTPIT of its own, with a rival in it; `--live` plays for real.

use std::fmt;
use std::process::ExitCode;

use botpit_sdk::games::rps::{Choice, Predictor, Rps};
use botpit_sdk::model::{AgentId, ChallengeId, GameType, MatchId, Score};
use botpit_sdk::sdk_core::wire::printable;
use botpit_sdk::{Event, Events, GameTurn, Handle, Lamports, Outcome, Rest, Result};
use clap::Parser;
use serde::Serialize;
use starter_bots::botpit::{MatchOptions, Place};
use starter_bots::{Options, exit, rival};

/// Makes a challenge, accepts the next one, and so on: in a sandbox of its own, unless told otherwise.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    of_match: MatchOptions,
}

/// Your strategy: what to show in this round. `turn.state.history` has the rounds before.
fn choose(predictor: &mut Predictor, turn: &GameTurn<Rps>) -> Choice {
    predictor.choose(&turn.state, turn.side)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    exit(play(Args::parse()).await)
}

async fn play(Args { options, of_match }: Args) -> Result<()> {
    let report = options.begin();
    let place = Place::open("MyAgent", &options, &of_match, report).await?;
    let rest = place.client.rest()?;
    let mut me = Player::sit_down(place.client.connect().await?, options.seed).await;
    // On the real platform somebody else is the rival.
    let mut rival = match options.live {
        true => None,
        false => {
            let client = rival::another("Rival", &place).await?;
            Some(Player::sit_down(client.connect().await?, options.seed.map(|seed| seed + 1)).await)
        }
    };

    let mut summary = Summary::default();
    while summary.matches < of_match.matches {
        let challenge = if summary.matches % 2 == 0 {
            let challenge = me.bot.create_challenge(GameType::Rps, of_match.wager).await?;
            report.note(format_args!("\nMy challenge for {} stands in the lobby.", of_match.wager));
            if let Some(rival) = &rival {
                rival.bot.accept_challenge(&challenge.id).await?;
            }
            challenge.id
        } else {
            if let Some(rival) = &rival {
                rival.bot.create_challenge(GameType::Rps, of_match.wager).await?;
            }
            let by = rival.as_ref().and_then(|rival| rival.id.clone());
            let Some(id) = find(&rest, by.as_ref(), me.id.as_ref(), of_match.wager).await? else {
                report.note("\nNobody in the lobby plays rock paper scissors for that much.");
                break;
            };
            report.note("\nSomebody else's challenge stands in the lobby; I accept it.");
            me.bot.accept_challenge(&id).await?;
            id
        };
        let finished = match &mut rival {
            Some(rival) => {
                let (mine, theirs) = tokio::join!(me.play_one(), rival.play_one());
                theirs?;
                mine?
            }
            None => me.play_one().await?,
        };
        let Some(finished) = finished else { break }; // the bot was stopped
        summary.add(&finished);
        report.result("match", &Finished { challenge, ..finished });
    }

    report.result("summary", &summary);
    me.leave().await;
    if let Some(rival) = rival {
        rival.leave().await;
    }
    place.close().await;
    Ok(())
}

/// A challenge of the rival's, or of anybody's but one's own, for the same wager.
async fn find(
    rest: &Rest,
    by: Option<&AgentId>,
    me: Option<&AgentId>,
    wager: Lamports,
) -> Result<Option<ChallengeId>> {
    let lobby = rest.challenges().game_type(GameType::Rps).send().await?;
    let fits = lobby.into_iter().filter(|open| open.wager_lamports == wager);
    let mut fits = fits.filter(|open| match by {
        Some(by) => open.creator_id == *by,
        None => Some(&open.creator_id) != me,
    });
    Ok(fits.next().map(|open| open.id))
}

/// One agent, its connection and what it knows.
struct Player {
    bot: Handle,
    events: Events,
    id: Option<AgentId>,
    predictor: Predictor,
}

impl Player {
    async fn sit_down((bot, mut events): (Handle, Events), seed: Option<u64>) -> Self {
        let mut id = None;
        while let Some(event) = events.next().await {
            if let Event::Connected(connected) = event {
                id = Some(connected.agent_id);
                break;
            }
        }
        let predictor = seed.map_or_else(Predictor::new, Predictor::seeded);
        Self { bot, events, id, predictor }
    }

    /// Plays until a match is over. `None` when the bot was stopped before.
    async fn play_one(&mut self) -> Result<Option<Finished>> {
        let mut opponent = "somebody".to_owned();
        while let Some(event) = self.events.next().await {
            match event {
                Event::MatchFound(found) => {
                    opponent = found.opponent_name.unwrap_or_else(|| found.opponent_id.to_string());
                }
                Event::YourTurn(turn) => {
                    let turn = GameTurn::<Rps>::new(turn)?;
                    let choice = choose(&mut self.predictor, &turn);
                    self.bot.make_move(&turn, choice).await?;
                }
                Event::GameOver(over) => {
                    return Ok(Some(Finished {
                        id: over.match_id,
                        game: GameType::Rps,
                        opponent,
                        challenge: ChallengeId::from(""),
                        won: match over.outcome {
                            Outcome::Won => Some(true),
                            Outcome::Lost => Some(false),
                            Outcome::Draw => None,
                        },
                        score: over.final_score,
                        payout_lamports: over.payout,
                        fair: over.commitment.map(|check| check.is_match()),
                    }));
                }
                Event::Closed { reason: Some(reason) } => return Err(reason),
                _ => {}
            }
        }
        Ok(None)
    }

    async fn leave(self) {
        // An error means that it is over already.
        let _ = self.bot.close().await;
        self.bot.closed().await;
    }
}

/// How a match went.
#[derive(Serialize)]
struct Finished {
    id: MatchId,
    game: GameType,
    opponent: String,
    challenge: ChallengeId,
    won: Option<bool>,
    score: Option<Score>,
    payout_lamports: Option<Lamports>,
    fair: Option<bool>,
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.won {
            Some(true) => "won",
            Some(false) => "lost",
            None => "drawn",
        };
        // The opponent chose its name: nothing in it may steer somebody's terminal.
        write!(f, "The match against {}: {outcome}", printable(&self.opponent))?;
        if let Some(payout) = self.payout_lamports {
            write!(f, ", payout {payout}")?;
        }
        match self.fair {
            Some(true) => write!(f, "; the seed matches its commitment"),
            Some(false) => write!(f, "; NOT FAIR: the seed does not match its commitment"),
            None => write!(f, "; no seed was revealed"),
        }
    }
}

/// How all of them went.
#[derive(Default, Serialize)]
struct Summary {
    matches: u32,
    won: u32,
    lost: u32,
    drawn: u32,
    fair: u32,
}

impl Summary {
    fn add(&mut self, finished: &Finished) {
        self.matches += 1;
        match finished.won {
            Some(true) => self.won += 1,
            Some(false) => self.lost += 1,
            None => self.drawn += 1,
        }
        self.fair += u32::from(finished.fair == Some(true));
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matches, won, lost, drawn, fair } = self;
        write!(
            f,
            "{matches} from challenges: {won} won, {lost} lost, {drawn} drawn; {fair} with a seed that matches its commitment"
        )
    }
}
