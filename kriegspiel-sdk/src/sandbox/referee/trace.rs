//! The language of recorded traces: what a referee is asked, one JSON object a line, and what it answers, one a line.
//!
//! | command | what it asks |
//! |---|---|
//! | `{"new":"rand"}` | a new game; with `"fen"` from a position |
//! | `{"ask":"e2e4"}` | a move |
//! | `{"any":true}` | Any? |
//!
//! ```
//! use kriegspiel_sdk::sandbox::referee::trace::Session;
//!
//! let mut session = Session::default();
//! session.run(r#"{"new":"rand"}"#)?;
//! let output = session.run(r#"{"ask":"e2e4"}"#)?;
//! assert!(output.to_json().starts_with(r#"{"answer":{"main":"REGULAR_MOVE","move_done":true,"#));
//! assert_eq!(session.run(r#"{"ask":"e9e4"}"#).unwrap_err().field(), Some("command"));
//! # Ok::<(), kriegspiel_sdk::Error>(())
//! ```

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize, Serializer};

use super::{Answer, Question, Referee};
use crate::model::{Color, Fen, MaterialSummary, PieceKind, ReserveSummary, Ruleset, UciMove};

/// What the referee is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Start a game.
    New {
        /// The ruleset.
        ruleset: Ruleset,
        /// The position to start from, when it is not the usual one.
        fen: Option<Fen>,
    },
    /// Answer a question.
    Ask(Question),
}

impl Command {
    /// Reads a command.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) when the text is none of the three commands.
    pub fn parse(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Line {
            new: Option<Ruleset>,
            fen: Option<Fen>,
            ask: Option<UciMove>,
            any: Option<bool>,
        }

        let refused =
            |message: &str| Error::invalid_argument("command", format!("{message}: new, ask or any"));
        let line: Line = serde_json::from_str(json)
            .map_err(|error| refused("a command is one object of a known shape").with_source(error))?;
        match line {
            Line { new: Some(ruleset), fen, ask: None, any: None } => Ok(Self::New { ruleset, fen }),
            Line { new: None, fen: None, ask: Some(uci), any: None } => Ok(Self::Ask(Question::Move(uci))),
            Line { new: None, fen: None, ask: None, any: Some(true) } => Ok(Self::Ask(Question::Any)),
            _ => Err(refused("a command says one thing")),
        }
    }
}

/// A referee that takes commands. It has none before the first game.
#[derive(Debug, Clone, Default)]
pub struct Session {
    referee: Option<Referee>,
}

impl Session {
    /// Reads a command, does it, and says how things stand.
    ///
    /// # Errors
    /// As [`Command::parse`] and [`execute`](Self::execute).
    pub fn run(&mut self, json: &str) -> Result<Output> {
        self.execute(Command::parse(json)?)
    }

    /// Does a command, and says how things stand.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a question before the first game, and for a
    /// ruleset or position that [`Referee::new`] or [`Referee::from_fen`] refuses. The game that was played goes on.
    pub fn execute(&mut self, command: Command) -> Result<Output> {
        match command {
            Command::New { ruleset, fen } => {
                let referee = match fen {
                    Some(fen) => Referee::from_fen(ruleset, fen.as_str())?,
                    None => Referee::new(ruleset)?,
                };
                Ok(Output::of(self.referee.insert(referee), None))
            }
            Command::Ask(question) => {
                let referee = self.referee.as_mut().ok_or_else(|| {
                    Error::invalid_argument("command", "there is no game yet: new is first")
                })?;
                let answer = referee.ask(question);
                Ok(Output::of(referee, Some(answer)))
            }
        }
    }

    /// The game that is played.
    pub const fn referee(&self) -> Option<&Referee> {
        self.referee.as_ref()
    }
}

/// How things stand after a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Output {
    /// The answer to a question. `None` after a new game.
    pub answer: Option<Answer>,
    /// Whose turn it is.
    pub turn: Color,
    /// Whether the game is over.
    pub over: bool,
    /// Whether a pawn capture is due.
    pub must_use_pawns: bool,
    /// What the side to move may ask, in the order of the texts.
    pub allowed: Vec<UciMove>,
    /// Whether it may ask Any?.
    pub can_ask_any: bool,
    /// The whole position.
    pub fen: Fen,
    /// The public material: for each side the men that are left, and the pawns that were captured.
    #[serde(serialize_with = "material")]
    pub material: MaterialSummary,
    /// The reserves: for each side pawns, knights, bishops, rooks and queens.
    #[serde(serialize_with = "reserves")]
    pub reserve: ReserveSummary,
}

impl Output {
    /// How things stand with a referee, after this answer.
    pub fn of(referee: &Referee, answer: Option<Answer>) -> Self {
        let turn = referee.turn();
        Self {
            answer,
            turn,
            over: referee.is_over(),
            must_use_pawns: referee.must_capture(),
            allowed: referee.allowed(turn).to_vec(),
            can_ask_any: referee.can_ask_any(turn),
            fen: referee.fen(),
            material: referee.material(),
            reserve: referee.reserves(),
        }
    }

    /// The line that a trace has of it.
    pub fn to_json(&self) -> String {
        // Texts, numbers and lists: nothing of it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct BySide<T> {
    white: T,
    black: T,
}

fn material<S: Serializer>(material: &MaterialSummary, serializer: S) -> Result<S::Ok, S::Error> {
    let of = |color| {
        let side = material.of(color);
        (side.pieces_remaining, side.pawns_captured)
    };
    BySide { white: of(Color::White), black: of(Color::Black) }.serialize(serializer)
}

fn reserves<S: Serializer>(reserves: &ReserveSummary, serializer: S) -> Result<S::Ok, S::Error> {
    let of = |color| {
        let kinds = PieceKind::ALL.into_iter().filter(|kind| kind.is_droppable());
        kinds.map(|kind| reserves.of(color).count(kind)).collect::<Vec<_>>()
    };
    BySide { white: of(Color::White), black: of(Color::Black) }.serialize(serializer)
}
