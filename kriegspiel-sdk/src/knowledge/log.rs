//! What was heard, in order, and what it came to.

use super::tracker::Tracker;
use crate::model::{
    Actor, AnnouncedPiece, Board, Color, GameState, PawnNews, RefereeEntry, RefereeEvent, Reserve, Ruleset,
    Scoresheet, Square,
};

/// Something that was heard.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogEntry {
    /// The number of the full move.
    pub turn: u32,
    /// Whose turn it was.
    pub side: Color,
    /// The question and its answer, or what was told before the turn.
    pub entry: RefereeEntry,
}

/// A man that was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capture {
    /// The number of the full move.
    pub turn: u32,
    /// Who captured.
    pub by: Color,
    /// Where, as it was told: of an unnamed en passant capture the captured pawn's square.
    pub at: Square,
    /// What, as exactly as it was told. `None` where the ruleset tells only the square.
    pub piece: Option<AnnouncedPiece>,
}

/// Everything that one side knows of a game, in the making.
///
/// It is read from states, which hold all that was ever heard: a bot that was restarted knows as much as one that was not.
#[derive(Debug, Clone)]
pub struct Knowledge {
    ruleset: Ruleset,
    color: Color,
    log: Vec<LogEntry>,
    captures: Vec<Capture>,
    tracker: Tracker,
    reserves: [Reserve; 2],
}

impl Knowledge {
    /// At the beginning of a game.
    pub fn new(ruleset: Ruleset, color: Color) -> Self {
        Self {
            tracker: Tracker::new(&ruleset, color),
            ruleset,
            color,
            log: Vec::new(),
            captures: Vec::new(),
            reserves: [Reserve::default(), Reserve::default()],
        }
    }

    /// Learns what a state of the game has that is new. A state of a game that is over is not looked at: it tells everything.
    pub fn observe(&mut self, state: &GameState) {
        if state.is_over() {
            return;
        }
        self.reserves = [state.reserve_summary.white.clone(), state.reserve_summary.black.clone()];
        self.hear(&state.scoresheet);
        if let Ok(board) = state.your_fen.board() {
            self.compare(&board, state.material_summary.of(!self.color).pieces_remaining);
        }
    }

    /// Learns what a scoresheet has that is new.
    pub fn hear(&mut self, scoresheet: &Scoresheet) {
        for (turn, side, entry) in scoresheet.entries().skip(self.log.len()) {
            self.tracker.hear(entry);
            for event in &entry.events {
                let (at, piece) = match event {
                    RefereeEvent::Captured { piece, at } => (*at, piece.clone()),
                    RefereeEvent::EnPassant { at } => (*at, Some(AnnouncedPiece::Pawn)),
                    _ => continue,
                };
                self.captures.push(Capture { turn, by: side, at, piece });
            }
            self.log.push(LogEntry { turn, side, entry: entry.clone() });
        }
    }

    /// Compares with the own men and the number of the others, as the referee has them. What was not understood shows here.
    pub fn compare(&mut self, board: &Board, opponents_men: u32) {
        self.tracker.compare(board, opponents_men);
    }

    /// The ruleset.
    pub fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// Whose knowledge it is.
    pub fn color(&self) -> Color {
        self.color
    }

    /// Everything that was heard, in order.
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// What can and must stand where.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// Every capture of both sides, in order.
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// What a side can drop: public in crazykrieg, nothing elsewhere.
    pub fn reserve(&self, color: Color) -> &Reserve {
        let [white, black] = &self.reserves;
        if color == Color::White { white } else { black }
    }

    /// Where the opponent captured in the move before: where to recapture.
    pub fn just_captured(&self) -> Option<Square> {
        let last = self.log.iter().rev().find(|heard| heard.entry.is_move_done())?;
        let theirs = last.entry.actor == Actor::Opponent;
        let at = last.entry.events.iter().find_map(|event| match event {
            RefereeEvent::Captured { at, .. } | RefereeEvent::EnPassant { at } => Some(*at),
            _ => None,
        });
        at.filter(|_| theirs)
    }

    /// What this side was told of its pawn captures in its turn: before it, or as the answer to Any?. `None` where nothing
    /// was told, or the last move was this side's.
    pub fn pawn_news(&self) -> Option<PawnNews> {
        let heard = self.log.iter().rev().take_while(|heard| !heard.entry.is_move_done());
        let mut own = heard.filter(|heard| heard.side == self.color && heard.entry.actor == Actor::Own);
        own.find_map(|heard| {
            heard.entry.events.iter().find_map(|event| match event {
                RefereeEvent::BeforeTurn(news) => Some(*news),
                RefereeEvent::HasPawnCaptures => Some(PawnNews::HasCapture),
                RefereeEvent::NoPawnCaptures => Some(PawnNews::NoCaptures),
                _ => None,
            })
        })
    }

    /// In how many tries of this turn the opponent failed, where that is told. Since the last move.
    pub fn opponents_failed_tries(&self) -> usize {
        let last_own =
            self.log.iter().rposition(|heard| heard.entry.is_move_done() && heard.side == self.color);
        let since = last_own.map_or(0, |index| index + 1);
        let illegal = |heard: &&LogEntry| heard.entry.events.contains(&RefereeEvent::IllegalMove);
        self.log.iter().skip(since).filter(|heard| heard.side != self.color).filter(illegal).count()
    }
}
