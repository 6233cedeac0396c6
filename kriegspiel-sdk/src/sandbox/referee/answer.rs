//! Questions and answers.

use serde::{Serialize, Serializer};

use crate::model::{
    AnnouncedPiece, Announcement, Color, PawnNews, QuestionType, RefereeEvent, SpecialAnnouncement, Square,
    SquareSet, TranscriptAnswer, UciMove,
};

/// What a player asks the referee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// May I move so? If it is legal, the move is made.
    Move(UciMove),
    /// Any?: is there a legal pawn capture?
    Any,
}

impl Question {
    /// The move that is asked. `None` for Any?.
    pub const fn uci(self) -> Option<UciMove> {
        match self {
            Self::Move(uci) => Some(uci),
            Self::Any => None,
        }
    }

    /// The platform's word for it.
    pub const fn kind(self) -> QuestionType {
        match self {
            Self::Move(_) => QuestionType::Common,
            Self::Any => QuestionType::AskAny,
        }
    }
}

impl From<UciMove> for Question {
    fn from(uci: UciMove) -> Self {
        Self::Move(uci)
    }
}

/// The referee's answer: what was announced, as the ruleset announces it.
///
/// It has nothing that the asking player may not hear. The opponent hears it too, without the question, unless
/// [`Record::is_heard_by`] says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The main part.
    pub main: Announcement,
    /// Check, or the end.
    pub special: Option<SpecialAnnouncement>,
    /// The two single checks of a double one, in the order of the checkers' squares; empty otherwise.
    pub checks: Vec<SpecialAnnouncement>,
    /// Where a man was captured.
    pub capture_square: Option<Square>,
    /// What was captured, as exactly as the ruleset tells.
    pub captured: Option<AnnouncedPiece>,
    /// What was dropped.
    pub dropped: Option<AnnouncedPiece>,
    /// Whether an en passant capture was named as such.
    pub en_passant: bool,
    /// Whether a promotion was told.
    pub promotion: bool,
    /// How many pawn captures the next player has.
    pub pawn_tries: Option<u32>,
    /// Whether the next player has a pawn capture.
    pub has_pawn_capture: Option<bool>,
    /// From which squares the next player's pawns can capture.
    pub pawn_try_squares: Option<SquareSet>,
}

impl Answer {
    /// An answer that says nothing but this.
    pub(super) const fn plain(main: Announcement) -> Self {
        Self {
            main,
            special: None,
            checks: Vec::new(),
            capture_square: None,
            captured: None,
            dropped: None,
            en_passant: false,
            promotion: false,
            pawn_tries: None,
            has_pawn_capture: None,
            pawn_try_squares: None,
        }
    }

    /// Whether the move was made, so that the turn passed.
    pub fn is_move_done(&self) -> bool {
        self.main.is_move_done()
    }

    /// The answer as the referee's sentences, in the order of a scoresheet. What the next player is told is not among
    /// them: see [`pawn_news`](Self::pawn_news).
    pub fn events(&self) -> Vec<RefereeEvent> {
        let main = match (&self.main, self.capture_square) {
            (Announcement::CaptureDone, Some(at)) if self.en_passant => RefereeEvent::EnPassant { at },
            (Announcement::CaptureDone, Some(at)) => {
                RefereeEvent::Captured { piece: self.captured.clone(), at }
            }
            (Announcement::RegularMove, _) => RefereeEvent::MoveComplete,
            (Announcement::IllegalMove, _) => RefereeEvent::IllegalMove,
            (Announcement::HasAny, _) => RefereeEvent::HasPawnCaptures,
            (Announcement::NoAny, _) => RefereeEvent::NoPawnCaptures,
            (other, _) => RefereeEvent::Unknown(other.as_str().into()),
        };
        let checks = self.special.iter().chain(&self.checks).cloned().map(RefereeEvent::Special);
        let mut events = vec![main];
        events.extend(checks);
        events.extend(self.dropped.clone().map(RefereeEvent::Dropped));
        events.extend(self.promotion.then_some(RefereeEvent::Promotion));
        events
    }

    /// What the next player is told of pawn captures before the turn, where the ruleset tells it.
    pub fn pawn_news(&self) -> Option<PawnNews> {
        match (self.pawn_tries, self.has_pawn_capture, self.pawn_try_squares) {
            (Some(0), ..) | (_, Some(false), _) | (.., Some(SquareSet::EMPTY)) => Some(PawnNews::NoCaptures),
            (Some(count), ..) => Some(PawnNews::Tries(count)),
            (_, Some(true), _) => Some(PawnNews::HasCapture),
            (.., Some(squares)) => Some(PawnNews::TriesFrom(squares)),
            (None, None, None) => None,
        }
    }
}

/// As the recorded traces write it.
impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;

        let mut answer = serializer.serialize_struct("Answer", 12)?;
        answer.serialize_field("main", &self.main)?;
        answer.serialize_field("move_done", &self.is_move_done())?;
        answer.serialize_field("special", &self.special)?;
        answer.serialize_field("checks", &self.checks)?;
        answer.serialize_field("capture_square", &self.capture_square)?;
        answer.serialize_field("captured", &self.captured)?;
        answer.serialize_field("dropped", &self.dropped)?;
        answer.serialize_field("en_passant", &self.en_passant)?;
        answer.serialize_field("promotion", &self.promotion)?;
        answer.serialize_field("pawn_tries", &self.pawn_tries)?;
        answer.serialize_field("has_pawn_capture", &self.has_pawn_capture)?;
        answer.serialize_field("pawn_try_squares", &self.pawn_try_squares)?;
        answer.end()
    }
}

/// As the transcript of a finished game has it.
impl From<&Answer> for TranscriptAnswer {
    fn from(answer: &Answer) -> Self {
        Self {
            main: answer.main.clone(),
            capture_square: answer.capture_square,
            captured_piece_announcement: answer.captured.clone(),
            dropped_piece_announcement: answer.dropped.clone(),
            en_passant_announced: answer.en_passant.then_some(true),
            promotion_announced: answer.promotion.then_some(true),
            special: answer.special.clone(),
            checks: answer.checks.clone(),
            next_turn_pawn_tries: answer.pawn_tries,
            next_turn_has_pawn_capture: answer.has_pawn_capture,
            next_turn_pawn_try_squares: answer.pawn_try_squares,
            extra: Default::default(),
        }
    }
}

/// A question with its answer, as the referee wrote it down. What is impossible to ask, or nonsense, is not written down.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The number of the full move.
    pub turn: u32,
    /// Who asked.
    pub color: Color,
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub answer: Answer,
    /// Whether the opponent heard the answer. The question is never told, except Any?.
    pub is_public: bool,
}

impl Record {
    /// Whether a side heard the answer: its own questions' always, the opponent's unless it is an illegal attempt that the
    /// ruleset keeps private.
    pub fn is_heard_by(&self, color: Color) -> bool {
        self.is_public || self.color == color
    }
}
