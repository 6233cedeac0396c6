//! Recorded matches, played again: what would this strategy have done?
//!
//! A record is written by a client that was told to ([`ClientBuilder::record`](crate::ClientBuilder::record)). From it, a
//! strategy is asked every question again, in the same order, with the same rounds in between, offline. Where it decides
//! otherwise than what was sent then, the report says so: for a changed strategy that is what the change does, and for the
//! same strategy under the same seed there is none.
//!
//! ```
//! use botpit_sdk::games::rps::{Choice, Rps};
//! use botpit_sdk::{GameTurn, replay};
//!
//! # let directory = std::env::temp_dir().join(format!("replay-{:016x}", std::process::id()));
//! # std::fs::create_dir_all(&directory).unwrap();
//! # let path = directory.join("bot.jsonl");
//! # std::fs::write(&path, concat!(
//! #     r#"{"record":1,"by":"doc","unix_ms":1}"#, "\n",
//! #     r#"{"ms":1,"dir":"in","frame":{"type":"authenticated","agent_id":"me","name":"Me"}}"#, "\n",
//! #     r#"{"ms":2,"dir":"in","frame":{"type":"match_found","match_id":"m","game_type":"rps","opponent_id":"o","opponent_name":"O","wager_lamports":1000000,"server_seed_hash":"h"}}"#, "\n",
//! #     r#"{"ms":3,"dir":"in","frame":{"type":"game_start","match_id":"m","your_side":"a"}}"#, "\n",
//! #     r#"{"ms":4,"dir":"in","frame":{"type":"your_turn","match_id":"m","round":1,"game_state":{"round":1,"score":[0,0],"rounds_to_win":2,"history":[]},"timeout_ms":10000}}"#, "\n",
//! #     r#"{"ms":5,"dir":"out","frame":{"type":"make_move","match_id":"m","move_data":{"choice":"rock"}}}"#, "\n",
//! # )).unwrap();
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> botpit_sdk::Result<()> {
//! # let directory = std::env::temp_dir().join(format!("replay-{:016x}", std::process::id()));
//! # let path = directory.join("bot.jsonl");
//! let mut always_paper = |_: &GameTurn<Rps>| Choice::Paper;
//! for recorded in replay::read(&path)?.matches {
//!     let replayed = recorded.play::<Rps, _>(&mut always_paper).await?;
//!     println!("{replayed}");
//! #   assert_eq!(replayed.differing().count(), 1);
//! }
//! # std::fs::remove_dir_all(directory).unwrap();
//! # Ok(())
//! # }
//! ```

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result, codes};
use sdk_core::record::{Direction, Entry, read as read_record};
use sdk_core::wire::{RawJson, printable};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::fairness::MatchEvidence;
use crate::games::{Game, RoundRecord as _};
use crate::live::{Turn, TurnId};
use crate::model::{AgentId, GameType, MatchId, Score, ServerMessage, Side};
use crate::play::{GameTurn, MatchReport, Strategy};

/// The fields of messages that name the opponent: for [`Recording::leave_out`](sdk_core::record::Recording::leave_out).
pub const OPPONENTS: [&str; 2] = ["opponent_id", "opponent_name"];

/// What a record has of matches.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// The matches whose beginning was seen, in the order in which they were found.
    pub matches: Vec<RecordedMatch>,
    /// What could not be read, and lines that the record itself says are missing. The rest is there all the same.
    pub warnings: Vec<String>,
}

/// One recorded match.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedMatch {
    /// The match.
    pub id: MatchId,
    /// The game.
    pub game: GameType,
    /// The opponent.
    pub opponent_id: AgentId,
    /// The side that was played, where `game_start` was seen.
    pub side: Option<Side>,
    steps: Vec<Step>,
    ending: Option<Ending>,
}

#[derive(Debug, Clone)]
enum Step {
    Asked { round: u32, state: RawJson, timeout: Duration, answer: Option<RawJson> },
    Round(RawJson),
}

#[derive(Debug, Clone)]
struct Ending {
    /// `None` for a draw, and where the record does not tell who the agent was.
    won: Option<bool>,
    score: Option<Score>,
}

/// Reads the matches of a record. The record of a bot that played several games has matches of several.
///
/// # Errors
/// [`LOCAL_IO`](codes::LOCAL_IO) when the file cannot be read; [`DECODE_FAILED`](codes::DECODE_FAILED) when nothing in it is a
/// record's.
pub fn read(path: impl AsRef<Path>) -> Result<Recorded> {
    let path = path.as_ref();
    let mut reader = Reader::default();
    let mut first_error = None;
    for entry in read_record(path)? {
        match entry {
            Ok(Entry::Began { .. }) => reader.began = true,
            Ok(Entry::Frame { direction: Direction::In, text, .. }) => reader.heard(&text),
            Ok(Entry::Frame { direction: Direction::Out, text, .. }) => reader.said(&text),
            Ok(Entry::Missing { lines }) => {
                reader.warnings.push(format!("{lines} lines are missing: the disk was too slow"));
            }
            Ok(_) => {}
            Err(error) if error.code() == &codes::LOCAL_IO => return Err(error),
            Err(error) => {
                reader.warnings.push(error.message().to_owned());
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if !reader.began => Err(error),
        None if !reader.began => {
            let message = format!("{} is no record: no recording begins in it", path.display());
            Err(Error::new(&codes::DECODE_FAILED, message).with_field("record"))
        }
        _ => Ok(Recorded { matches: reader.matches, warnings: reader.warnings }),
    }
}

#[derive(Default)]
struct Reader {
    began: bool,
    me: Option<String>,
    matches: Vec<RecordedMatch>,
    by_id: HashMap<String, usize>,
    warnings: Vec<String>,
}

/// What of an own message matters here.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "type")]
    name: String,
    match_id: Option<String>,
    move_data: Option<Value>,
}

impl Reader {
    fn open(&mut self, id: &str) -> Option<&mut RecordedMatch> {
        let index = *self.by_id.get(id)?;
        self.matches.get_mut(index)
    }

    fn heard(&mut self, text: &str) {
        let message = match ServerMessage::decode(text) {
            Ok(message) => message,
            Err(error) => {
                self.warnings.push(error.message().to_owned());
                return;
            }
        };
        match message {
            ServerMessage::Authenticated(who) => self.me = Some(who.agent_id.to_string()),
            ServerMessage::MatchFound(found) => {
                let id = found.match_id.to_string();
                // The platform may tell again after a reconnect.
                if !self.by_id.contains_key(&id) {
                    self.by_id.insert(id.clone(), self.matches.len());
                    self.matches.push(RecordedMatch {
                        id: id.into(),
                        game: found.game_type.clone(),
                        opponent_id: AgentId::from(&*found.opponent_id),
                        side: None,
                        steps: Vec::new(),
                        ending: None,
                    });
                }
            }
            ServerMessage::GameStart(start) => {
                if let Some(open) = self.open(&start.match_id) {
                    open.side = Some(start.your_side);
                }
            }
            ServerMessage::YourTurn(turn) => {
                let (round, timeout) = (turn.round, turn.timeout());
                let state = RawJson::from(turn.game_state.get().to_owned());
                let Some(open) = self.open(&turn.match_id) else { return };
                // Asked again after a reconnect: the very same question.
                let is_repeated = matches!(
                    open.steps.last(),
                    Some(Step::Asked { round: before, state: asked, .. })
                        if *before == round && same_json(asked.as_str(), state.as_str())
                );
                if !is_repeated {
                    open.steps.push(Step::Asked { round, state, timeout, answer: None });
                }
            }
            ServerMessage::RoundResult(round) => {
                let Some(result) = round.result else { return };
                let result = RawJson::from(result.get().to_owned());
                if let Some(open) = self.open(&round.match_id) {
                    open.steps.push(Step::Round(result));
                }
            }
            ServerMessage::GameOver(over) => {
                let me = self.me.clone();
                let won = over.winner.as_deref().zip(me).map(|(winner, me)| winner == me);
                if let Some(open) = self.open(&over.match_id) {
                    open.ending = Some(Ending { won, score: over.final_score });
                }
            }
            _ => {}
        }
    }

    fn said(&mut self, text: &str) {
        let Ok(Said { name, match_id: Some(id), move_data: Some(data) }) = serde_json::from_str(text) else {
            return;
        };
        if name == "make_move"
            && let Some(open) = self.open(&id)
            && let Some(Step::Asked { answer, .. }) =
                open.steps.iter_mut().rev().find(|step| matches!(step, Step::Asked { .. }))
        {
            *answer = Some(RawJson::from(data.to_string()));
        }
    }
}

/// Whether two texts mean the same JSON.
fn same_json(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let read = |text| serde_json::from_str::<Value>(text).ok();
    read(a).is_some_and(|a| Some(a) == read(b))
}

/// A decision then and now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// The round.
    pub round: u32,
    /// What was sent then; `None` when nothing was.
    pub then: Option<RawJson>,
    /// What the strategy decides now.
    pub now: RawJson,
}

impl Decision {
    /// Whether they mean the same move.
    pub fn is_same(&self) -> bool {
        self.then.as_ref().is_some_and(|then| same_json(then.as_str(), self.now.as_str()))
    }
}

/// A match, played again. `Display` tells it in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplayedMatch {
    /// The match.
    pub id: MatchId,
    /// The game.
    pub game: GameType,
    /// Every turn's decision, in order.
    pub decisions: Vec<Decision>,
}

impl ReplayedMatch {
    /// The decisions that are not what was sent then.
    pub fn differing(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| !decision.is_same())
    }
}

impl fmt::Display for ReplayedMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (turns, differing) = (self.decisions.len(), self.differing().count());
        write!(f, "Match {} ({}): ", printable(self.id.as_str()), printable(self.game.as_str()))?;
        write!(f, "{turns} turn{}, {differing} decided otherwise", if turns == 1 { "" } else { "s" })?;
        for decision in self.differing() {
            let then = decision.then.as_ref().map_or("nothing", RawJson::as_str);
            write!(
                f,
                "\n  round {}: {} then, {} now",
                decision.round,
                printable(then),
                printable(decision.now.as_str())
            )?;
        }
        Ok(())
    }
}

impl RecordedMatch {
    /// How many turns were asked.
    pub fn turns(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Asked { .. })).count()
    }

    /// Asks a strategy everything again. The rounds and the match's end are told to it as they were; that its decisions
    /// would have changed them is not pretended.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](codes::INVALID_ARGUMENT) when the match is of another game, or its side was not recorded;
    /// [`DECODE_FAILED`](codes::DECODE_FAILED) for a state that has not the game's shape; what the strategy fails with.
    ///
    /// # Cancel safety
    /// Dropping the future ends the replay.
    pub async fn play<G: Game, S: Strategy<G>>(&self, strategy: &mut S) -> Result<ReplayedMatch> {
        if self.game != G::game_type() {
            let message = format!("the match is one of {}, and the strategy plays {}", self.game, G::NAME);
            return Err(Error::invalid_argument("game_type", message));
        }
        let Some(side) = self.side else {
            let message = format!("the record does not tell which side was played in match {}", self.id);
            return Err(Error::invalid_argument("your_side", message));
        };
        let mut decisions = Vec::new();
        for (number, step) in (1..).zip(&self.steps) {
            match step {
                Step::Asked { round, state, timeout, answer } => {
                    let turn = GameTurn::<G>::new(Turn {
                        match_id: self.id.clone(),
                        game_type: Some(self.game.clone()),
                        round: *round,
                        side: Some(side),
                        state: state.clone(),
                        timeout: *timeout,
                        deadline: Instant::now() + *timeout,
                        id: TurnId(number),
                        over: Arc::new(CancellationToken::new()),
                    })?;
                    let choice = strategy.choose(&turn).await?;
                    let now = serde_json::to_string(&choice).map_err(|cause| {
                        Error::invalid_argument("move_data", "the move cannot be written as JSON")
                            .with_source(cause)
                    })?;
                    decisions.push(Decision { round: *round, then: answer.clone(), now: now.into() });
                }
                Step::Round(result) => {
                    let result: G::RoundResult = result.decode("result")?;
                    tracing::debug!(round = result.round(), "a recorded round ended");
                    strategy.on_round(&result, side);
                }
            }
        }
        if let Some(Ending { won, score }) = self.ending {
            let (id, game, opponent) = (self.id.clone(), self.game.clone(), self.opponent_id.clone());
            // What the match looked like then is not judged again: `fairness` does that, from the platform's own records.
            let unverified = Arc::new(MatchEvidence::new().verify());
            strategy.on_match_end(&MatchReport::of_lab(id, game, opponent, side, won, score, unverified));
        }
        Ok(ReplayedMatch { id: self.id.clone(), game: self.game.clone(), decisions })
    }
}
