//! A whole board as it may be: the own men, and a guess at the others.

use fastrand::Rng;

use crate::knowledge::Tracker;
use crate::knowledge::geometry::{pawn_attacks, ray, slides, steps};
use crate::knowledge::occupants::Grid;
use crate::model::{Color, PieceKind, Square, SquareSet, UciMove};

/// A man: whether it is one's own, and what it is.
pub(super) type SceneMan = Option<(bool, PieceKind)>;

/// A board as it may be.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    men: Grid<SceneMan>,
    occupied: SquareSet,
    color: Color,
}

/// What each side attacks, and with the cheapest man.
#[derive(Debug)]
pub(super) struct Attacks {
    pub(super) own: Grid<u8>,
    /// Per square the value of the cheapest of their men that attacks it; zero: none does.
    pub(super) theirs: Grid<u8>,
}

/// What a man is worth, in pawns.
pub(super) const fn worth(kind: PieceKind) -> u8 {
    match kind {
        PieceKind::Pawn => 1,
        PieceKind::Knight | PieceKind::Bishop => 3,
        PieceKind::Rook => 5,
        PieceKind::Queen => 9,
        PieceKind::King => 100,
    }
}

impl Scene {
    /// The own men, and the others where the tracker lets them stand, by chance.
    pub(super) fn guess(tracker: &Tracker, color: Color, rng: &mut Rng) -> Self {
        let mut scene = Self { men: Grid::filled(None), occupied: SquareSet::EMPTY, color };
        for square in tracker.own_men().iter() {
            scene.put(square, tracker.own_at(square).map(|kind| (true, kind)));
        }
        let kings: Vec<Square> = tracker.may_hold(PieceKind::King).iter().collect();
        if let Some(&king) = rng.choice(&kings) {
            scene.put(king, Some((false, PieceKind::King)));
        }
        let mut left = tracker.men_left().saturating_sub(1);
        let mut store = [8_u8, 2, 2, 2, 1];
        let must = tracker.must_be_occupied();
        let mut open: Vec<Square> = (tracker.may_be_occupied() - must).iter().collect();
        rng.shuffle(&mut open);
        for square in must.iter().chain(open) {
            if left == 0 {
                break;
            }
            if scene.occupied.contains(square) {
                continue;
            }
            if let Some(kind) = pick(tracker, square, &mut store, rng) {
                scene.put(square, Some((false, kind)));
                left -= 1;
            }
        }
        scene
    }

    fn put(&mut self, square: Square, man: SceneMan) {
        self.men.set(square, man);
        if man.is_some() { self.occupied.insert(square) } else { self.occupied.remove(square) }
    }

    pub(super) fn at(&self, square: Square) -> SceneMan {
        self.men.at(square)
    }

    pub(super) fn their_king(&self) -> Option<Square> {
        self.occupied.iter().find(|square| self.at(*square) == Some((false, PieceKind::King)))
    }

    pub(super) fn their_men(&self) -> usize {
        self.occupied.iter().filter(|square| self.at(*square).is_some_and(|(own, _)| !own)).count()
    }

    /// The board after an own move, and what it captured. `None`: on this board it is not possible.
    pub(super) fn after(&self, uci: UciMove) -> Option<(Self, Option<PieceKind>)> {
        let to = uci.to();
        let mut scene = self.clone();
        let target = self.at(to);
        let man = match (uci.from(), uci.dropped()) {
            (None, Some(kind)) => (target.is_none()).then_some(kind)?,
            (Some(from), _) => {
                let (_, kind) = self.at(from).filter(|(own, _)| *own)?;
                let diagonal = from.file() != to.file();
                if kind == PieceKind::Pawn && diagonal != target.is_some() {
                    return None;
                }
                let path = crate::knowledge::geometry::between(from, to);
                if kind != PieceKind::Knight && !(path & self.occupied).is_empty() {
                    return None;
                }
                scene.put(from, None);
                uci.promotion().unwrap_or(kind)
            }
            (None, None) => return None,
        };
        scene.put(to, Some((true, man)));
        Some((scene, target.map(|(_, kind)| kind)))
    }

    /// What each man attacks. Men behind others on a line do not count.
    pub(super) fn attacks(&self) -> Attacks {
        let mut attacks = Attacks { own: Grid::filled(0), theirs: Grid::filled(0) };
        for from in self.occupied.iter() {
            let Some((own, kind)) = self.at(from) else { continue };
            let (grid, side) =
                if own { (&mut attacks.own, self.color) } else { (&mut attacks.theirs, !self.color) };
            let mut note = |square: Square| {
                let before = grid.at(square);
                if before == 0 || before > worth(kind) {
                    grid.set(square, worth(kind));
                }
            };
            if kind == PieceKind::Pawn {
                pawn_attacks(side, from).for_each(&mut note);
            }
            for &(files, ranks) in steps(kind) {
                from.offset(files, ranks).into_iter().for_each(&mut note);
            }
            for &direction in slides(kind) {
                for square in ray(from, direction) {
                    note(square);
                    if self.occupied.contains(square) {
                        break;
                    }
                }
            }
        }
        attacks
    }

    /// Where their king can go, and whether it must.
    pub(super) fn their_king_moves(&self, king: Square, attacks: &Attacks) -> u32 {
        let mut moves = 0;
        for &(files, ranks) in steps(PieceKind::King) {
            let Some(square) = king.offset(files, ranks) else { continue };
            let free = self.at(square).is_none_or(|(own, _)| own);
            moves += u32::from(free && attacks.own.at(square) == 0 && !self.seen_through(king, square));
        }
        moves
    }

    /// Whether a line that ends at their king goes on to a square behind it.
    fn seen_through(&self, king: Square, square: Square) -> bool {
        let (files, ranks) = (signum(square.file(), king.file()), signum(square.rank(), king.rank()));
        ray(king, (-files, -ranks))
            .find_map(|from| self.at(from))
            .is_some_and(|(own, kind)| own && slides(kind).contains(&(files, ranks)))
    }

    /// The own men with their squares.
    pub(super) fn own_men(&self) -> impl Iterator<Item = (Square, PieceKind)> {
        self.occupied.iter().filter_map(|square| match self.at(square) {
            Some((true, kind)) => Some((square, kind)),
            _ => None,
        })
    }
}

const fn signum(a: u8, b: u8) -> i8 {
    if a > b {
        1
    } else if a < b {
        -1
    } else {
        0
    }
}

/// A kind that may stand there and of which there is one left, if it can be.
fn pick(tracker: &Tracker, square: Square, store: &mut [u8; 5], rng: &mut Rng) -> Option<PieceKind> {
    let kinds: Vec<PieceKind> = tracker.at(square).kinds().filter(|kind| *kind != PieceKind::King).collect();
    let index = |kind: &PieceKind| PieceKind::ALL.iter().position(|other| other == kind);
    let stock =
        |kind: &PieceKind| index(kind).and_then(|index| store.get(index)).copied().unwrap_or_default();
    let total: u32 = kinds.iter().map(|kind| u32::from(stock(kind))).sum();
    let kind = if total == 0 {
        rng.choice(&kinds).copied()?
    } else {
        let mut ticket = rng.u32(0..total);
        *kinds.iter().find(|kind| {
            let stock = u32::from(stock(kind));
            let mine = ticket < stock;
            ticket = ticket.saturating_sub(stock);
            mine
        })?
    };
    if let Some(left) = index(&kind).and_then(|index| store.get_mut(index)) {
        *left = left.saturating_sub(1);
    }
    Some(kind)
}
