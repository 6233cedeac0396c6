//! What checks say, and what their absence says.

use super::geometry::{CheckKinds, DIAGONAL, STRAIGHT, ahead, pawn_attacks, ray, slides, steps};
use super::occupants::{Grid, Occupants};
use super::tracker::{Told, Tracker};
use crate::model::{PieceKind, SpecialAnnouncement, Square, SquareSet};

/// A check against the own king: where it may come from, and where it may be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckLine {
    /// How it was announced.
    pub announced: SpecialAnnouncement,
    /// Where the man may stand that gives it.
    pub attackers: SquareSet,
    /// Where a man may be put between.
    pub between: SquareSet,
}

impl CheckLine {
    /// Where it may be answered by another man than the king: by capturing, or between.
    pub fn squares(&self) -> SquareSet {
        self.attackers | self.between
    }
}

/// The directions, and what attacks along each.
fn lines() -> impl Iterator<Item = ((i8, i8), Occupants)> {
    let queen = Occupants::of(PieceKind::Queen);
    let straight = Occupants::of(PieceKind::Rook).or(queen);
    let diagonal = Occupants::of(PieceKind::Bishop).or(queen);
    let straight = STRAIGHT.into_iter().map(move |direction| (direction, straight));
    straight.chain(DIAGONAL.into_iter().map(move |direction| (direction, diagonal)))
}

impl Tracker {
    /// What of theirs attacks a neighbouring square along a direction, beside what slides: pawns, where they look this way.
    fn next_to(&self, (_, ranks): (i8, i8), diagonal: bool) -> Occupants {
        if diagonal && ranks == ahead(self.color) { Occupants::of(PieceKind::Pawn) } else { Occupants::NONE }
    }

    /// Where a man may stand that attacks a square along a direction, and where that may be stopped.
    fn attackers_along(
        &self,
        target: Square,
        direction: (i8, i8),
        sliders: Occupants,
        own: &Grid<Option<PieceKind>>,
    ) -> (SquareSet, SquareSet) {
        let diagonal = direction.0 != 0 && direction.1 != 0;
        let (mut attackers, mut passed) = (SquareSet::EMPTY, SquareSet::EMPTY);
        let mut between = SquareSet::EMPTY;
        for (distance, square) in ray(target, direction).enumerate() {
            if own.at(square).is_some() {
                break;
            }
            let may = self.may.at(square);
            let pawns = if distance == 0 { self.next_to(direction, diagonal) } else { Occupants::NONE };
            if !may.and(sliders.or(pawns)).is_none() {
                attackers.insert(square);
                between = between | passed;
            }
            if !may.may_be_empty() {
                break;
            }
            passed.insert(square);
        }
        (attackers, between)
    }

    /// Whether one of their men may attack a square, if the own men stood so.
    pub(super) fn may_attack(&self, target: Square, own: &Grid<Option<PieceKind>>) -> bool {
        let slid = lines()
            .any(|(direction, kinds)| !self.attackers_along(target, direction, kinds, own).0.is_empty());
        let stepped = [PieceKind::Knight, PieceKind::King].into_iter().any(|kind| {
            steps(kind)
                .iter()
                .filter_map(|&(files, ranks)| target.offset(files, ranks))
                .any(|square| own.at(square).is_none() && self.may.at(square).may_be(kind))
        });
        slid || stepped
    }

    /// Whether one of their men may attack a square, the own men standing as they do.
    pub fn may_be_attacked(&self, square: Square) -> bool {
        self.may_attack(square, &self.own)
    }

    /// The opponent moved, and these checks were announced against the own king.
    pub(super) fn own_king_is_attacked(&mut self, told: &Told) {
        self.checks.clear();
        let announced = told.checks();
        self.no_attack_on_own_king(announced);
        let Some(king) = self.own_king() else { return };
        if told.is_double_check() && announced.is_empty() {
            return;
        }
        for special in &told.specials {
            let kind = CheckKinds::announced(std::slice::from_ref(special));
            if kind.is_empty() {
                continue;
            }
            let line = self.check_line(king, kind, special.clone());
            match (line.attackers.len(), line.attackers.iter().next()) {
                (0, _) => self.contradiction(),
                (1, Some(square)) => {
                    let kinds = attacking(kind, king, square);
                    self.restrict(square, kinds);
                    for square in line.between.iter() {
                        self.restrict(square, Occupants::EMPTY);
                    }
                }
                _ => {}
            }
            self.checks.push(line);
        }
    }

    fn check_line(&self, king: Square, kind: CheckKinds, announced: SpecialAnnouncement) -> CheckLine {
        let (mut attackers, mut between) = (SquareSet::EMPTY, SquareSet::EMPTY);
        if kind == CheckKinds::KNIGHT {
            let squares =
                steps(PieceKind::Knight).iter().filter_map(|&(files, ranks)| king.offset(files, ranks));
            attackers = squares.filter(|square| self.may.at(*square).may_be(PieceKind::Knight)).collect();
        } else {
            for (direction, sliders) in lines() {
                if CheckKinds::along(direction, king) == kind {
                    let (from, stopped) = self.attackers_along(king, direction, sliders, &self.own);
                    (attackers, between) = (attackers | from, between | stopped);
                }
            }
        }
        CheckLine { announced, attackers, between }
    }

    /// The own king is attacked in these ways at most: it is the opponent's turn, or checks were announced. Their king is
    /// never next to it.
    pub(super) fn no_attack_on_own_king(&mut self, but: CheckKinds) {
        let Some(king) = self.own_king() else { return };
        for &(files, ranks) in steps(PieceKind::King) {
            self.rule_out(king.offset(files, ranks), Occupants::of(PieceKind::King));
        }
        if !but.contains(CheckKinds::KNIGHT) {
            for &(files, ranks) in steps(PieceKind::Knight) {
                self.rule_out(king.offset(files, ranks), Occupants::of(PieceKind::Knight));
            }
        }
        for (direction, sliders) in lines() {
            if but.contains(CheckKinds::along(direction, king)) {
                continue;
            }
            let diagonal = direction.0 != 0 && direction.1 != 0;
            for (distance, square) in ray(king, direction).enumerate() {
                if self.own.at(square).is_some() {
                    break;
                }
                let pawns = if distance == 0 { self.next_to(direction, diagonal) } else { Occupants::NONE };
                self.rule_out(Some(square), sliders.or(pawns));
                if self.may.at(square) != Occupants::EMPTY {
                    break;
                }
            }
        }
    }

    fn rule_out(&mut self, square: Option<Square>, what: Occupants) {
        if let Some(square) = square.filter(|square| self.own.at(*square).is_none()) {
            let left = self.may.at(square).without(what);
            self.restrict(square, left);
        }
    }

    /// Their king is attacked in exactly these ways: none after their own move, as announced after ours.
    pub(super) fn their_king_is_attacked(&mut self, announced: CheckKinds) {
        let candidates = self.may_hold(PieceKind::King);
        let (mut certain, mut possible) = (Grid::filled(CheckKinds::NONE), Grid::filled(CheckKinds::NONE));
        for from in self.own_men().iter() {
            let Some(kind) = self.own.at(from) else { continue };
            let mut note = |square: Square, check: CheckKinds, sure: bool| {
                possible.set(square, possible.at(square).or(check));
                if sure {
                    certain.set(square, certain.at(square).or(check));
                }
            };
            if kind == PieceKind::Pawn {
                for square in pawn_attacks(self.color, from) {
                    let direction = (if square.file() > from.file() { 1 } else { -1 }, ahead(self.color));
                    note(square, CheckKinds::along(direction, square), true);
                }
            }
            if kind == PieceKind::Knight {
                for square in steps(kind).iter().filter_map(|&(files, ranks)| from.offset(files, ranks)) {
                    note(square, CheckKinds::KNIGHT, true);
                }
            }
            for &direction in slides(kind) {
                let mut sure = true;
                for square in ray(from, direction) {
                    if self.own.at(square).is_some() {
                        break;
                    }
                    note(square, CheckKinds::along(direction, square), sure);
                    let may = self.may.at(square);
                    sure &= may == Occupants::EMPTY;
                    // Behind the king himself nothing is reached either.
                    if !may.may_be_empty() {
                        break;
                    }
                }
            }
        }
        let king = Occupants::of(PieceKind::King);
        for square in candidates.iter() {
            let fits = possible.at(square).contains(announced) && announced.contains(certain.at(square));
            if !fits {
                self.rule_out(Some(square), king);
            }
        }
        if let Some(own) = self.own_king() {
            for &(files, ranks) in steps(PieceKind::King) {
                self.rule_out(own.offset(files, ranks), king);
            }
        }
    }
}

/// What gives a check of a kind from a square.
fn attacking(kind: CheckKinds, king: Square, from: Square) -> Occupants {
    let queen = Occupants::of(PieceKind::Queen);
    if kind == CheckKinds::KNIGHT {
        Occupants::of(PieceKind::Knight)
    } else if kind == CheckKinds::FILE || kind == CheckKinds::RANK {
        Occupants::of(PieceKind::Rook).or(queen)
    } else {
        let near = king.file().abs_diff(from.file()) == 1;
        let bishop = Occupants::of(PieceKind::Bishop).or(queen);
        if near { bishop.or(Occupants::of(PieceKind::Pawn)) } else { bishop }
    }
}
