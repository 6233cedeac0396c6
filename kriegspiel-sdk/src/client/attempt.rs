//! Moves and Any? that are never made twice: when an answer is lost, the state is read and compared.

use sdk_core::error::{Error, Result, Sent};
use sdk_core::wire::printable;

use super::Client;
use crate::codes;
use crate::model::{Actor, EntryKind, ErrorCode, GameState, MoveAnswer, RefereeEntry, RefereeEvent, UciMove};

/// What became of a move or of Any?.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reply {
    /// The referee answered.
    Answer(Box<MoveAnswer>),
    /// The answer was lost, and the state says what became of the attempt.
    FromState(Box<Recovered>),
}

/// What the state says of an attempt whose answer was lost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recovered {
    /// Whether the move was made. A game that ended otherwise in the meantime, by a fallen flag for one, has it false.
    pub move_done: bool,
    /// What was recorded of the attempt. `None` when nothing was: the game ended before it arrived.
    pub entry: Option<RefereeEntry>,
    /// The state that was read.
    pub state: GameState,
}

impl Reply {
    /// Whether the move was made, so that the opponent is to move or the game is over.
    pub fn is_move_done(&self) -> bool {
        match self {
            Self::Answer(answer) => answer.move_done,
            Self::FromState(recovered) => recovered.move_done,
        }
    }

    /// Whether the game is over.
    pub fn is_game_over(&self) -> bool {
        match self {
            Self::Answer(answer) => answer.game_over,
            Self::FromState(recovered) => recovered.state.is_over(),
        }
    }

    /// What the referee said.
    pub fn events(&self) -> Vec<RefereeEvent> {
        match self {
            Self::Answer(answer) => answer.events(),
            Self::FromState(recovered) => {
                recovered.entry.as_ref().map(|entry| entry.events.clone()).unwrap_or_default()
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Question {
    Move(UciMove),
    AskAny,
}

/// What a later state says of an attempt.
enum Fate {
    /// It arrived.
    Arrived { move_done: bool, entry: Option<Box<RefereeEntry>> },
    /// The game ended without it.
    Over,
    /// It did not arrive.
    Missing,
}

impl Client {
    /// Makes a move in a game whose state was just read, and never twice (spec, "Submit a move").
    ///
    /// The move is checked against the state first, and sent once. When its answer is lost (a broken connection, a timeout, a
    /// 5xx, an answer that cannot be read), the state is read and compared: a move or failed try that was recorded is what the
    /// reply tells. Only when the state shows that nothing arrived, and still offers the move, it is sent once more.
    ///
    /// An illegal move is no error: [`is_move_done`](Reply::is_move_done) is false, and a state that is read again does not
    /// offer it any more.
    ///
    /// # Errors
    /// [`NOT_POSSIBLE_NOW`](codes::NOT_POSSIBLE_NOW) when the state does not offer the move; otherwise as told at
    /// [`Client`](crate::Client#errors). An error with [`Sent::Maybe`] says that the state could not be read either.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The move may be made all the same.
    pub async fn make_move(&self, state: &GameState, uci: UciMove) -> Result<Reply> {
        if !state.allows(uci) {
            let why = if state.is_my_turn() { "is not among the allowed moves" } else { "comes out of turn" };
            return Err(Error::new(&codes::NOT_POSSIBLE_NOW, format!("{uci} {why}")).with_field("uci"));
        }
        self.ask(state, Question::Move(uci)).await
    }

    /// Asks Any? in a game whose state was just read (spec, "Ask Any?"), with the same care as
    /// [`make_move`](Self::make_move).
    ///
    /// # Errors
    /// [`NOT_POSSIBLE_NOW`](codes::NOT_POSSIBLE_NOW) when the state does not offer it; otherwise as
    /// [`make_move`](Self::make_move).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may be asked all the same.
    pub async fn ask_any(&self, state: &GameState) -> Result<Reply> {
        if !state.can_ask_any() {
            let message = "Any? is not among the possible actions";
            return Err(Error::new(&codes::NOT_POSSIBLE_NOW, message).with_field("ask_any"));
        }
        self.ask(state, Question::AskAny).await
    }

    async fn ask(&self, before: &GameState, question: Question) -> Result<Reply> {
        let lost = match self.send(before, question).await {
            Ok(answer) => return Ok(Reply::Answer(Box::new(answer))),
            Err(error) if is_lost(&error) => error,
            Err(error) => return Err(error),
        };
        tracing::warn!(game = %before.game_id, error = %printable(lost.message()), "an answer was lost: the state is read");
        if let Some(reply) = self.look(before, question, &lost).await? {
            return Ok(reply);
        }
        let again = match self.send(before, question).await {
            Ok(answer) => return Ok(Reply::Answer(Box::new(answer))),
            Err(error) => error,
        };
        // The first one may have come late, between the look and this one.
        if !is_lost(&again) && !came_late(&again) {
            return Err(again);
        }
        match self.look(before, question, &again).await? {
            Some(reply) => Ok(reply),
            None => Err(again.with_note("the state shows nothing of it")),
        }
    }

    /// What the state says of an attempt. `None`: nothing of it, and it can still be made.
    async fn look(&self, before: &GameState, question: Question, lost: &Error) -> Result<Option<Reply>> {
        let state = self.state(&before.game_id).await.map_err(|cause| {
            lost.clone()
                .with_sent(Sent::Maybe)
                .with_note("the state cannot be read either")
                .with_source(cause)
        })?;
        let (move_done, entry) = match fate(before, &state, question) {
            Fate::Missing => return Ok(None),
            Fate::Over => (false, None),
            Fate::Arrived { move_done, entry } => (move_done, entry.map(|entry| *entry)),
        };
        Ok(Some(Reply::FromState(Box::new(Recovered { move_done, entry, state }))))
    }

    async fn send(&self, before: &GameState, question: Question) -> Result<MoveAnswer> {
        match question {
            Question::Move(uci) => self.submit_move(&before.game_id, uci).await,
            Question::AskAny => self.submit_ask_any(&before.game_id).await,
        }
    }
}

/// Whether nobody knows what became of what was sent.
fn is_lost(error: &Error) -> bool {
    match error.status() {
        None => error.sent() != Sent::No,
        // An answer of success that could not be read, and what a crashed server or a proxy says.
        Some(status) => (200..300).contains(&status) || status >= 500,
    }
}

/// Whether a refusal of the second sending can mean that the first one arrived after all.
fn came_late(error: &Error) -> bool {
    matches!(
        error.platform_code(),
        Some(
            ErrorCode::NotYourTurn
                | ErrorCode::ActionNotAvailable
                | ErrorCode::GameNotActive
                | ErrorCode::GameNotFound
        )
    )
}

fn fate(before: &GameState, after: &GameState, question: Question) -> Fate {
    let known = own_entries(before, before.move_number).count();
    let fits = |entry: &&RefereeEntry| match question {
        Question::Move(uci) => entry.uci() == Some(uci),
        Question::AskAny => entry.kind == EntryKind::AskAny,
    };
    let mut new = own_entries(after, before.move_number).skip(known);
    if let Some(entry) = new.find(fits) {
        return Fate::Arrived { move_done: entry.is_move_done(), entry: Some(Box::new(entry.clone())) };
    }
    let moved_on = after.move_number > before.move_number;
    match question {
        // Nobody else moves for this side, and another move of the bot's would be recorded.
        Question::Move(_) if moved_on => {
            let others = own_entries(after, before.move_number).skip(known).any(RefereeEntry::is_move_done);
            Fate::Arrived { move_done: !others, entry: None }
        }
        _ if after.is_over() => Fate::Over,
        Question::Move(uci) if after.allows(uci) => Fate::Missing,
        Question::AskAny if after.can_ask_any() => Fate::Missing,
        // It is not offered any more, and nothing was recorded: it was refused as impossible, or others played.
        _ => Fate::Arrived { move_done: false, entry: None },
    }
}

/// What was recorded of the player's own questions in the turn of a `move_number`.
fn own_entries(state: &GameState, move_number: u32) -> impl Iterator<Item = &RefereeEntry> {
    let of_player = |entry: &&RefereeEntry| entry.actor == Actor::Own && entry.kind != EntryKind::Status;
    state.heard_in(move_number).iter().filter(of_player)
}
