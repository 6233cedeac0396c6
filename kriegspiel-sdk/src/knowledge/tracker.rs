//! What can and must stand where.

use super::geometry::{CheckKinds, between, rank_for};
use super::kings::CheckLine;
use super::occupants::{Grid, Occupants};
use crate::model::{
    ActionSurface, Actor, AnnouncedPiece, Board, Color, EntryKind, PawnNews, PieceKind, RefereeEntry,
    RefereeEvent, Ruleset, SpecialAnnouncement, Square, SquareSet, UciMove,
};

/// What is known of the other side's men, square by square, from what the referee said.
///
/// It is *sound*: the true position is never excluded. It is not complete: what follows only from several facts together may
/// be missed. In a ruleset that this version does not know, and when what is heard contradicts itself, everything is possible
/// that the own men leave room for.
#[derive(Debug, Clone)]
pub struct Tracker {
    pub(super) color: Color,
    pub(super) surface: Option<&'static ActionSurface>,
    pub(super) own: Grid<Option<PieceKind>>,
    pub(super) may: Grid<Occupants>,
    /// How many men the other side has on the board.
    pub(super) men: u32,
    /// Where the own pawn stands that has just passed two squares.
    pub(super) just_passed: Option<Square>,
    /// Where an own pawn may capture en passant now.
    pub(super) passed_over: SquareSet,
    pub(super) checks: Vec<CheckLine>,
    pub(super) in_double_check: bool,
    /// What the other side heard of pawn captures in its turn.
    pub(super) their_news: Option<PawnNews>,
    pub(super) their_any: Option<bool>,
    pub(super) their_try_failed: bool,
    contradicted: bool,
    /// Something was not understood.
    lost: bool,
    /// And since then the own men were not compared with the referee's.
    blind: bool,
}

/// What was said of a move that was made.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) captured: Option<(Option<AnnouncedPiece>, Square)>,
    pub(super) en_passant: Option<Square>,
    pub(super) dropped: Option<PieceKind>,
    pub(super) promoted: bool,
    pub(super) specials: Vec<SpecialAnnouncement>,
    understood: bool,
}

impl Told {
    fn read(events: &[RefereeEvent]) -> Self {
        let mut told = Self::default();
        for event in events {
            match event {
                RefereeEvent::MoveComplete => told.understood = true,
                RefereeEvent::Captured { piece, at } => {
                    told.understood = true;
                    told.captured = Some((piece.clone(), *at));
                }
                RefereeEvent::EnPassant { at } => {
                    told.understood = true;
                    told.en_passant = Some(*at);
                }
                RefereeEvent::Dropped(piece) => {
                    told.dropped = piece.kind();
                    told.understood &= told.dropped.is_some();
                }
                RefereeEvent::Promotion => told.promoted = true,
                RefereeEvent::Special(special) => told.specials.push(special.clone()),
                _ => {}
            }
        }
        told
    }

    pub(super) fn checks(&self) -> CheckKinds {
        CheckKinds::announced(&self.specials)
    }

    pub(super) fn is_end(&self) -> bool {
        self.specials.iter().any(|special| special.is_end() || !special.is_known())
    }

    pub(super) fn is_double_check(&self) -> bool {
        self.specials.contains(&SpecialAnnouncement::CheckDouble)
    }
}

impl Tracker {
    /// At the beginning of a game.
    pub(super) fn new(ruleset: &Ruleset, color: Color) -> Self {
        let mut tracker = Self {
            color,
            surface: ruleset.surface(),
            own: Grid::filled(None),
            may: Grid::filled(Occupants::EMPTY),
            men: 16,
            just_passed: None,
            passed_over: SquareSet::EMPTY,
            checks: Vec::new(),
            in_double_check: false,
            their_news: None,
            their_any: None,
            their_try_failed: false,
            contradicted: false,
            lost: false,
            blind: false,
        };
        for square in Square::all() {
            let kind = match rank_for(color, square) {
                0 | 7 => home(square.file()),
                1 | 6 => PieceKind::Pawn,
                _ => continue,
            };
            if rank_for(color, square) < 2 {
                tracker.own.set(square, Some(kind));
            } else {
                tracker.may.set(square, Occupants::of(kind));
            }
        }
        if tracker.surface.is_none() {
            tracker.know_nothing();
        }
        tracker
    }

    /// Whether everything that was heard was understood, from the first move on. When not, what is told is still sound, and
    /// less than could be known.
    pub fn is_on_track(&self) -> bool {
        !self.lost
    }

    /// What may stand on a square, of the other side.
    pub fn at(&self, square: Square) -> Occupants {
        self.may.at(square)
    }

    /// Where a man of the other side may stand.
    pub fn may_be_occupied(&self) -> SquareSet {
        self.may.squares(Occupants::may_be_occupied)
    }

    /// Where a man of the other side must stand.
    pub fn must_be_occupied(&self) -> SquareSet {
        self.may.squares(|may| !may.may_be_empty())
    }

    /// Where no man of the other side can stand: the own men's squares among them.
    pub fn cannot_be_occupied(&self) -> SquareSet {
        !self.may_be_occupied()
    }

    /// Where a man of this kind may stand.
    pub fn may_hold(&self, kind: PieceKind) -> SquareSet {
        self.may.squares(|may| may.may_be(kind))
    }

    /// Where the king stands, when that is known.
    pub fn king(&self) -> Option<Square> {
        let squares = self.may_hold(PieceKind::King);
        squares.iter().next().filter(|_| squares.len() == 1)
    }

    /// How many men the other side has on the board.
    pub fn men_left(&self) -> u32 {
        self.men
    }

    /// A guess at how likely a man of the other side stands on a square, from 0 to 1: the men whose squares are not known are
    /// spread evenly over where they may stand.
    pub fn chance_of_a_man(&self, square: Square) -> f64 {
        let may = self.may.at(square);
        if !may.may_be_occupied() {
            return 0.0;
        }
        if !may.may_be_empty() {
            return 1.0;
        }
        let must = self.must_be_occupied().len();
        let places = self.may_be_occupied().len().saturating_sub(must).max(1);
        (f64::from(self.men.saturating_sub(must)) / f64::from(places)).clamp(0.0, 1.0)
    }

    /// The checks against the own king now, with the squares from which they may come.
    pub fn checks(&self) -> &[CheckLine] {
        &self.checks
    }

    /// The own man on a square.
    pub fn own_at(&self, square: Square) -> Option<PieceKind> {
        self.own.at(square)
    }

    /// The squares of the own men.
    pub fn own_men(&self) -> SquareSet {
        self.own.squares(|man| man.is_some())
    }

    /// Where the own king stands.
    pub fn own_king(&self) -> Option<Square> {
        self.own.squares(|man| man == Some(PieceKind::King)).iter().next()
    }

    /// Something was heard in the turn of a side.
    pub(super) fn hear(&mut self, entry: &RefereeEntry) {
        let own = match entry.actor {
            Actor::Own => true,
            Actor::Opponent => false,
            Actor::Other(_) => return self.lose_track(),
        };
        match (&entry.kind, own) {
            (EntryKind::Status, own) => {
                for event in &entry.events {
                    if let RefereeEvent::BeforeTurn(news) = event {
                        if own {
                            self.own_pawn_news(*news);
                        } else {
                            self.their_news = Some(*news);
                            self.their_pawn_news(*news);
                        }
                    }
                }
            }
            (EntryKind::AskAny, own) => {
                let has = entry.events.contains(&RefereeEvent::HasPawnCaptures);
                if !has && !entry.events.contains(&RefereeEvent::NoPawnCaptures) {
                    return;
                }
                let news = if has { PawnNews::HasCapture } else { PawnNews::NoCaptures };
                if own {
                    self.own_pawn_news(news);
                } else {
                    (self.their_any, self.their_try_failed) = (Some(has), false);
                    self.their_pawn_news(news);
                }
            }
            (EntryKind::IllegalMove, true) => {
                if let Some(uci) = entry.uci() {
                    self.refused(uci);
                }
            }
            (EntryKind::IllegalMove, false) => self.their_try_failed = true,
            (EntryKind::Move | EntryKind::Capture, own) => {
                let told = Told::read(&entry.events);
                match (own, entry.uci()) {
                    _ if !told.understood => self.lose_track(),
                    (true, Some(uci)) => self.own_moved(uci, &told),
                    (true, None) => self.lose_track(),
                    (false, _) => self.they_moved(&told),
                }
            }
            (EntryKind::Other(_), _) => self.lose_track(),
        }
        self.settle();
    }

    /// The own men and the number of the others, as a state has them: what was heard must agree.
    pub(super) fn compare(&mut self, board: &Board, men: u32) {
        let mut own = Grid::filled(None);
        for (square, man) in board.iter().filter(|(_, man)| man.color == self.color) {
            own.set(square, Some(man.kind));
        }
        if own != self.own || men != self.men {
            (self.own, self.men) = (own, men);
            self.lose_track();
        }
        self.blind = false;
        self.settle();
    }

    fn own_moved(&mut self, uci: UciMove, told: &Told) {
        let to = uci.to();
        self.just_passed = None;
        let man = match (uci.from(), uci.dropped()) {
            (Some(from), _) => {
                let Some(kind) = self.own.at(from) else { return self.lose_track() };
                for square in self.path(uci, kind).iter() {
                    self.restrict(square, Occupants::EMPTY);
                }
                if kind == PieceKind::King && from.file().abs_diff(to.file()) == 2 {
                    let short = to.file() > from.file();
                    let rook = Square::new(if short { 7 } else { 0 }, from.rank());
                    let stands = Square::new(if short { 5 } else { 3 }, from.rank());
                    if let (Some(rook), Some(stands)) = (rook, stands) {
                        self.own.set(rook, None);
                        self.own.set(stands, Some(PieceKind::Rook));
                    }
                }
                if kind == PieceKind::Pawn && from.rank().abs_diff(to.rank()) == 2 {
                    self.just_passed = Some(to);
                }
                self.own.set(from, None);
                uci.promotion().unwrap_or(kind)
            }
            (None, Some(kind)) => kind,
            (None, None) => return self.lose_track(),
        };
        let taken = match (told.en_passant, &told.captured, uci.from()) {
            (Some(_), _, Some(from)) => {
                Square::new(to.file(), from.rank()).map(|at| (at, Some(PieceKind::Pawn)))
            }
            (_, Some((_, at)), _) if *at != to => Some((*at, Some(PieceKind::Pawn))),
            (_, Some((piece, at)), _) => {
                Some((*at, piece.as_ref().and_then(|piece| self.announced_kind(piece))))
            }
            _ => None,
        };
        if let Some((at, kind)) = taken {
            self.restrict(
                at,
                kind.map_or(Occupants::MEN.without(Occupants::of(PieceKind::King)), Occupants::of),
            );
            self.may.set(at, Occupants::EMPTY);
            self.men = self.men.saturating_sub(1);
        }
        self.restrict(to, Occupants::EMPTY);
        self.own.set(to, Some(man));
        (self.their_news, self.their_any, self.their_try_failed) = (None, None, false);
        self.passed_over = SquareSet::EMPTY;
        self.checks.clear();
        self.in_double_check = false;
        self.no_attack_on_own_king(CheckKinds::NONE);
        if !told.is_end() {
            self.their_king_is_attacked(told.checks());
        }
    }

    /// What a captured man was, where the announcement says it exactly: in crazykrieg a promoted man is told as a pawn.
    fn announced_kind(&self, piece: &AnnouncedPiece) -> Option<PieceKind> {
        let drops = self.surface.is_some_and(|surface| surface.drops);
        piece.kind().filter(|kind| !(drops && *kind == PieceKind::Pawn))
    }

    /// The squares that must be free for an own move, its goal left out.
    pub(super) fn path(&self, uci: UciMove, kind: PieceKind) -> SquareSet {
        let Some(from) = uci.from() else { return SquareSet::EMPTY };
        let to = uci.to();
        match kind {
            PieceKind::Knight => SquareSet::EMPTY,
            PieceKind::King if from.file().abs_diff(to.file()) == 2 => {
                let rook = Square::new(if to.file() > from.file() { 7 } else { 0 }, from.rank());
                rook.map_or(SquareSet::EMPTY, |rook| between(from, rook))
            }
            _ => between(from, to),
        }
    }

    /// Nothing but these may stand there.
    pub(super) fn restrict(&mut self, square: Square, to: Occupants) {
        let left = self.may.at(square).and(to);
        self.contradicted |= left.is_none();
        self.may.set(square, left);
    }

    /// What is told contradicts what was known.
    pub(super) fn contradiction(&mut self) {
        self.contradicted = true;
    }

    /// At least one of these squares holds a man.
    pub(super) fn at_least_one(&mut self, squares: SquareSet) {
        let possible = squares & self.may_be_occupied();
        match (possible.len(), possible.iter().next()) {
            (1, Some(square)) => self.restrict(square, Occupants::MEN),
            (0, _) => self.contradicted = true,
            _ => {}
        }
    }

    /// Something was not understood: everything is possible that the own men leave room for.
    fn lose_track(&mut self) {
        (self.lost, self.blind) = (true, true);
        self.know_nothing();
    }

    fn know_nothing(&mut self) {
        for square in Square::all() {
            let edge = matches!(square.rank(), 0 | 7);
            let may = match (self.own.at(square), edge) {
                (Some(_), _) => Occupants::EMPTY,
                (None, true) => Occupants::ANY.without(Occupants::of(PieceKind::Pawn)),
                (None, false) => Occupants::ANY,
            };
            self.may.set(square, may);
        }
        // A pawn may have passed any square where it can be taken for it.
        self.passed_over = Square::all().filter(|square| rank_for(self.color, *square) == 5).collect();
        self.checks.clear();
        self.contradicted = false;
    }

    /// Draws what follows from numbers: one king, and so many men.
    fn settle(&mut self) {
        if self.surface.is_none() || self.blind {
            return self.know_nothing();
        }
        while !self.contradicted && self.count_kings() | self.count_men() {}
        if self.contradicted {
            self.lose_track();
        }
    }

    fn count_kings(&mut self) -> bool {
        let king = Occupants::of(PieceKind::King);
        let squares = self.may_hold(PieceKind::King);
        let certain = squares.iter().find(|square| self.may.at(*square) == king);
        let mut changed = false;
        match (squares.len(), certain, squares.iter().next()) {
            (0, ..) => self.contradicted = true,
            (1, None, Some(square)) => {
                self.restrict(square, king);
                changed = true;
            }
            (2.., Some(certain), _) => {
                for square in squares.iter().filter(|square| *square != certain) {
                    let others = self.may.at(square).without(king);
                    self.restrict(square, others);
                }
                changed = true;
            }
            _ => {}
        }
        changed
    }

    fn count_men(&mut self) -> bool {
        let (may, must) = (self.may_be_occupied(), self.must_be_occupied());
        let mut changed = false;
        if must.len() > self.men || may.len() < self.men {
            self.contradicted = true;
        } else if must.len() == self.men && must != may {
            for square in (may - must).iter() {
                self.restrict(square, Occupants::EMPTY);
            }
            changed = true;
        } else if may.len() == self.men && must != may {
            for square in (may - must).iter() {
                self.restrict(square, Occupants::MEN);
            }
            changed = true;
        }
        // The last man is the king.
        if self.men == 1 {
            let alone = Occupants::EMPTY.or(Occupants::of(PieceKind::King));
            let others = self.may.squares(|may| !may.without(alone).is_none());
            for square in others.iter() {
                self.restrict(square, alone);
            }
            changed |= !others.is_empty();
        }
        changed
    }
}

const fn home(file: u8) -> PieceKind {
    match file {
        0 | 7 => PieceKind::Rook,
        1 | 6 => PieceKind::Knight,
        2 | 5 => PieceKind::Bishop,
        3 => PieceKind::Queen,
        _ => PieceKind::King,
    }
}
