//! The referee: it knows both sides' men, answers what a player asks, and says only what the ruleset lets it say.
//!
//! Pure code: no I/O, no clock, no chance. The same questions in the same order get the same answers, and no question makes
//! it panic. Games on the platform are refereed by the same rules; where these are silent, as the recorded [traces](trace)
//! have it.
//!
//! ```
//! use kriegspiel_sdk::model::{Announcement, Color};
//! use kriegspiel_sdk::sandbox::referee::{Question, Referee};
//! use kriegspiel_sdk::{Result, Ruleset, UciMove};
//!
//! # fn main() -> Result<()> {
//! let mut referee = Referee::new(Ruleset::BerkeleyAny)?;
//! assert_eq!(referee.ask(Question::Any).main, Announcement::NoAny);
//! assert!(referee.ask("e2e4".parse::<UciMove>()?).is_move_done());
//!
//! // Black may ask what the own men could do; that a pawn can take on d4 is not ruled out by them alone.
//! let hopeful: UciMove = "e7d6".parse()?;
//! assert!(referee.allowed(Color::Black).contains(&hopeful));
//! assert_eq!(referee.ask(hopeful).main, Announcement::IllegalMove);
//! assert!(!referee.allowed(Color::Black).contains(&hopeful));
//!
//! assert_eq!(referee.private_fen(Color::White).as_str(), "8/8/8/8/4P3/8/PPPP1PPP/RNBQKBNR b - - 0 1");
//! # Ok(()) }
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | `mod` | a turn: what may be asked, what is answered, what follows |
//! | `askable` | which moves may be asked at the start of a turn |
//! | `board`, `orthodox`, `crazyhouse` | what is legal: one board for ordinary chess, one for drops |
//! | `check`, `ending` | how a check is told, how a game ends |
//! | `position`, `scoresheet` | what is written: FENs and scoresheets |
//!
//! In what the rulesets differ is data: [`ActionSurface`].

mod answer;
mod askable;
mod attacks;
mod board;
mod castling;
mod check;
mod crazyhouse;
mod ending;
mod men;
mod orthodox;
mod position;
mod scoresheet;
mod sides;
pub mod trace;

use sdk_core::error::{Error, Result};

pub use self::answer::{Answer, Question, Record};
use self::askable::{Diagonals, askable};
use self::board::{PawnCaptures, Taken};
use self::position::Position;
pub(in crate::sandbox) use self::scoresheet::hear;
use self::sides::Sides;
use crate::model::{
    ActionSurface, AnnouncedPiece, Announcement, BeforeTheTurn, CaptureNews, Color, DutyToCapture, EndReason,
    Extra, Fen, GameResult, Man, Material, MaterialSummary, OutsideAnswer, PieceKind, PossibleAction,
    Reserve, ReserveSummary, Ruleset, Scoresheet, SpecialAnnouncement, Square, SquareSet, UciMove,
};

/// The referee of one game.
#[derive(Debug, Clone)]
pub struct Referee {
    ruleset: Ruleset,
    surface: &'static ActionSurface,
    position: Position,
    /// What the side to move may ask now.
    allowed: Vec<UciMove>,
    any_is_open: bool,
    must_capture: bool,
    /// Each side's men that were taken.
    lost: Sides<Lost>,
    move_number: u32,
    result: Option<GameResult>,
    records: Vec<Record>,
    /// The full move of the last question on each side's scoresheet. Nonsense counts here, though no entry is made of it.
    last_heard: Sides<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Lost {
    men: u32,
    pawns: u32,
}

impl Referee {
    /// A new game.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a ruleset that this version does not know.
    pub fn new(ruleset: Ruleset) -> Result<Self> {
        let surface = known(&ruleset)?;
        Ok(Self::begin(ruleset, surface, Position::start(surface.drops)?))
    }

    /// A game that starts from a position: a whole FEN of six fields, in crazykrieg with or without `[pockets]`.
    ///
    /// Captures are counted from there. A position in which a game would be over is not looked at: the next move does that.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a ruleset that this version does not know, and for
    /// a text that is no position: not one king a side, a pawn on the first or last rank, the waiting side in check, castling
    /// without king and rook at home, en passant without a pawn that has just passed; outside crazykrieg also more men than a
    /// side starts with.
    pub fn from_fen(ruleset: Ruleset, fen: &str) -> Result<Self> {
        let surface = known(&ruleset)?;
        Ok(Self::begin(ruleset, surface, Position::parse(fen, surface.drops)?))
    }

    fn begin(ruleset: Ruleset, surface: &'static ActionSurface, position: Position) -> Self {
        let move_number = match position.board().turn() {
            Color::White => 1,
            Color::Black => 2,
        };
        let mut referee = Self {
            ruleset,
            surface,
            position,
            allowed: Vec::new(),
            any_is_open: false,
            must_capture: false,
            lost: Sides::default(),
            move_number,
            result: None,
            records: Vec::new(),
            last_heard: Sides::default(),
        };
        let captures = referee.captures_of_the_turn();
        referee.begin_turn(captures);
        referee
    }

    /// The ruleset.
    pub const fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// The side that may ask. When the game is over on the board, the side that would move.
    pub fn turn(&self) -> Color {
        self.position.board().turn()
    }

    /// The moves of both sides that are done, plus one, as the platform's `move_number`.
    pub const fn move_number(&self) -> u32 {
        self.move_number
    }

    /// Whether the game is over.
    pub const fn is_over(&self) -> bool {
        self.result.is_some()
    }

    /// How the game ended. `None` before that.
    pub const fn result(&self) -> Option<&GameResult> {
        self.result.as_ref()
    }

    /// What a side may ask now, in the order of the UCI texts: nothing when it is not its turn, or the game is over.
    ///
    /// A move that is listed can be illegal on the true board. Every legal one is listed, except those that an answer to Any?
    /// has ruled out: when a pawn capture is due, everything else; when there is none, every pawn's diagonal.
    pub fn allowed(&self, color: Color) -> &[UciMove] {
        if color == self.turn() { &self.allowed } else { &[] }
    }

    /// Whether a side may ask Any? now.
    pub fn can_ask_any(&self, color: Color) -> bool {
        self.any_is_open && color == self.turn()
    }

    /// What a side can do now, as the platform lists it: nothing when it is not its turn, or the game is over.
    pub fn possible_actions(&self, color: Color) -> Vec<PossibleAction> {
        let may_move = !self.is_over() && color == self.turn();
        let actions = [
            may_move.then_some(PossibleAction::Move),
            self.can_ask_any(color).then_some(PossibleAction::AskAny),
        ];
        actions.into_iter().flatten().collect()
    }

    /// Whether the side to move has heard of a pawn capture, and must try one.
    pub const fn must_capture(&self) -> bool {
        self.must_capture
    }

    /// Answers a question of the side to move.
    ///
    /// Whatever is asked gets an answer. When the game is over nothing may be asked, and nothing is written down.
    pub fn ask(&mut self, question: impl Into<Question>) -> Answer {
        let question = question.into();
        let (color, turn) = (self.turn(), self.position.full_move());
        let over = self.is_over();
        let answer = match question {
            Question::Move(uci) => self.answer_move(uci),
            Question::Any => self.answer_any(),
        };
        if !over && answer.main != Announcement::ImpossibleToAsk {
            let is_public = self.surface.illegal_is_public || answer.main != Announcement::IllegalMove;
            *self.last_heard.of_mut(color) = turn;
            if is_public {
                *self.last_heard.of_mut(!color) = turn;
            }
            if answer.main != Announcement::Nonsense {
                self.records.push(Record { turn, color, question, answer: answer.clone(), is_public });
            }
        }
        answer
    }

    fn answer_move(&mut self, uci: UciMove) -> Answer {
        let Some(index) = self.allowed.iter().position(|allowed| *allowed == uci) else {
            return Answer::plain(self.answer_outside());
        };
        if self.position.board().is_legal(uci) {
            return self.make(uci);
        }
        let released =
            self.must_capture && self.surface.ask_any.is_some_and(|any| any.duty == DutyToCapture::OneTry);
        if released {
            // The whole turn is free again, the tries that were refused before included.
            let captures = self.captures_of_the_turn();
            self.begin_turn(captures);
            self.any_is_open = false;
            self.allowed.retain(|allowed| *allowed != uci);
        } else {
            self.allowed.remove(index);
        }
        Answer::plain(Announcement::IllegalMove)
    }

    const fn answer_outside(&self) -> Announcement {
        if self.must_capture {
            return Announcement::ImpossibleToAsk;
        }
        match self.surface.outside {
            OutsideAnswer::ImpossibleToAsk => Announcement::ImpossibleToAsk,
            OutsideAnswer::Nonsense => Announcement::Nonsense,
            OutsideAnswer::IllegalMove => Announcement::IllegalMove,
        }
    }

    fn answer_any(&mut self) -> Answer {
        if !self.any_is_open {
            return Answer::plain(Announcement::ImpossibleToAsk);
        }
        self.any_is_open = false;
        let board = self.position.board();
        let pawns = board.pieces(board.turn(), PieceKind::Pawn);
        let is_pawn_capture = |uci: &UciMove| {
            uci.from().is_some_and(|from| pawns.contains(from) && from.file() != uci.to().file())
        };
        if board.legal_pawn_captures().count > 0 {
            self.must_capture = true;
            self.allowed.retain(is_pawn_capture);
            Answer::plain(Announcement::HasAny)
        } else {
            self.allowed.retain(|uci| !is_pawn_capture(uci));
            Answer::plain(Announcement::NoAny)
        }
    }

    /// Makes a legal move, and announces it.
    fn make(&mut self, uci: UciMove) -> Answer {
        let mover = self.turn();
        let taken = self.position.play(uci);
        self.move_number = self.move_number.saturating_add(1);
        let mut answer = Answer::plain(Announcement::RegularMove);
        if let Some(taken) = taken {
            self.announce_capture(&mut answer, taken, uci);
        }
        answer.dropped = uci.dropped().map(announced);
        answer.promotion = self.surface.promotion_told && uci.promotion().is_some();
        if let Some((special, reason)) = ending::ending(&self.position, self.surface) {
            self.end(special.winner(), reason);
            answer.special = Some(special);
            return answer;
        }
        (answer.special, answer.checks) = self.announced_check(!mover);
        let captures = self.captures_of_the_turn();
        match self.surface.before_turn {
            BeforeTheTurn::Nothing => {}
            BeforeTheTurn::HasPawnCapture => answer.has_pawn_capture = Some(captures.count > 0),
            BeforeTheTurn::PawnTries => answer.pawn_tries = Some(captures.count),
            BeforeTheTurn::PawnTrySquares => answer.pawn_try_squares = Some(captures.sources),
        }
        self.begin_turn(captures);
        answer
    }

    fn announce_capture(&mut self, answer: &mut Answer, taken: Taken, uci: UciMove) {
        let Taken { at, man, en_passant } = taken;
        let lost = self.lost.of_mut(man.color);
        lost.men = lost.men.saturating_add(1);
        lost.pawns = lost.pawns.saturating_add(u32::from(man.kind == PieceKind::Pawn));
        answer.main = Announcement::CaptureDone;
        answer.en_passant = en_passant && self.surface.en_passant_named;
        answer.capture_square = Some(if answer.en_passant { uci.to() } else { at });
        answer.captured = match self.surface.capture {
            CaptureNews::SquareOnly => None,
            CaptureNews::PawnOrPiece if man.kind == PieceKind::Pawn => Some(AnnouncedPiece::Pawn),
            CaptureNews::PawnOrPiece => Some(AnnouncedPiece::Piece),
            CaptureNews::ExactKind if man.promoted => Some(AnnouncedPiece::Pawn),
            CaptureNews::ExactKind => Some(announced(man.kind)),
        };
    }

    fn announced_check(&self, checked: Color) -> (Option<SpecialAnnouncement>, Vec<SpecialAnnouncement>) {
        let board = self.position.board();
        let king = board.pieces(checked, PieceKind::King).iter().next();
        let check = king.and_then(|king| check::check(king, board.checkers()));
        check.map_or((None, Vec::new()), |(special, checks)| (Some(special), checks))
    }

    /// The legal pawn captures of the side to move, where the ruleset needs them before the turn.
    fn captures_of_the_turn(&self) -> PawnCaptures {
        match self.surface.before_turn {
            BeforeTheTurn::Nothing => PawnCaptures::default(),
            _ => self.position.board().legal_pawn_captures(),
        }
    }

    fn begin_turn(&mut self, captures: PawnCaptures) {
        let diagonals = match self.surface.before_turn {
            BeforeTheTurn::HasPawnCapture | BeforeTheTurn::PawnTries if captures.count == 0 => {
                Diagonals::From(SquareSet::EMPTY)
            }
            BeforeTheTurn::PawnTrySquares => Diagonals::From(captures.sources),
            _ => Diagonals::All,
        };
        self.allowed = askable(self.position.board(), diagonals);
        self.any_is_open = self.surface.ask_any.is_some();
        self.must_capture = false;
    }

    fn end(&mut self, winner: Option<Color>, reason: EndReason) {
        self.result = Some(GameResult { winner, reason, extra: Extra::default() });
        self.allowed.clear();
        self.any_is_open = false;
        self.must_capture = false;
    }

    /// A side resigns, whoever is to move. A game that is over stays as it ended, and `false` comes back.
    pub fn resign(&mut self, color: Color) -> bool {
        self.lose(color, EndReason::Resignation)
    }

    /// A side's time has run out: it loses, whatever men the other side has. A game that is over stays as it ended, and
    /// `false` comes back.
    pub fn run_out_of_time(&mut self, color: Color) -> bool {
        self.lose(color, EndReason::Timeout)
    }

    fn lose(&mut self, color: Color, reason: EndReason) -> bool {
        let open = !self.is_over();
        if open {
            self.end(Some(!color), reason);
        }
        open
    }

    /// The whole position, in crazykrieg with the reserves in brackets. No player may see it before the end.
    ///
    /// An en passant square is there only when a capture on it is legal.
    pub fn fen(&self) -> Fen {
        self.position.fen().into()
    }

    /// What a player's FEN tells during the game: the own men and the side to move.
    pub fn private_fen(&self, color: Color) -> Fen {
        self.position.private_fen(color).into()
    }

    /// The squares of one side's men.
    pub fn men(&self, color: Color) -> SquareSet {
        self.position.board().men(color)
    }

    /// What stands on a square.
    pub fn man_at(&self, square: Square) -> Option<Man> {
        self.position.board().man_at(square)
    }

    /// Every move that the side to move could make, whether or not it may be asked now: the truth, which no player is told.
    /// Empty when the game is over.
    pub fn legal_moves(&self) -> Vec<UciMove> {
        if self.is_over() {
            return Vec::new();
        }
        let board = self.position.board();
        let mut moves = askable(board, Diagonals::All);
        moves.retain(|uci| board.is_legal(*uci));
        moves
    }

    /// How many men each side has left, as far as it is public: on the board in crazykrieg; elsewhere what the sides started
    /// with, less what was captured.
    pub fn material(&self) -> MaterialSummary {
        let of = |color: Color| {
            let lost = self.lost.of(color);
            let pieces_remaining =
                if self.surface.drops { self.men(color).len() } else { 16_u32.saturating_sub(lost.men) };
            let pawns_captured = self.surface.pawns_counted.then_some(lost.pawns);
            Material { pieces_remaining, pawns_captured, extra: Extra::default() }
        };
        MaterialSummary { white: of(Color::White), black: of(Color::Black), extra: Extra::default() }
    }

    /// What both sides can drop. It is public.
    pub fn reserves(&self) -> ReserveSummary {
        let pockets = self.position.board().pockets();
        let of = |color| pockets.map_or_else(Reserve::default, |pockets| pockets.of(color).clone());
        ReserveSummary { white: of(Color::White), black: of(Color::Black), extra: Extra::default() }
    }

    /// Everything that was asked and written down, from the first question.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The full move of the last question on a side's scoresheet.
    pub(in crate::sandbox) fn last_heard(&self, viewer: Color) -> u32 {
        *self.last_heard.of(viewer)
    }

    /// What a side has heard: the own questions with their answers, and the answers to the opponent's.
    pub fn scoresheet(&self, viewer: Color) -> Scoresheet {
        scoresheet::scoresheet(&self.records, viewer, self.last_heard(viewer))
    }
}

fn known(ruleset: &Ruleset) -> Result<&'static ActionSurface> {
    ruleset.surface().ok_or_else(|| {
        Error::invalid_argument("ruleset", format!("the referee knows {}", Ruleset::KNOWN.join(", ")))
    })
}

const fn announced(kind: PieceKind) -> AnnouncedPiece {
    match kind {
        PieceKind::Pawn => AnnouncedPiece::Pawn,
        PieceKind::Knight => AnnouncedPiece::Knight,
        PieceKind::Bishop => AnnouncedPiece::Bishop,
        PieceKind::Rook => AnnouncedPiece::Rook,
        PieceKind::Queen => AnnouncedPiece::Queen,
        // No king is captured or dropped.
        PieceKind::King => AnnouncedPiece::Piece,
    }
}
