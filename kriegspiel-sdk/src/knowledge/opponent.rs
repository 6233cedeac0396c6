//! What the opponent's unseen move can have been, and what may stand where after it.

use super::geometry::{ahead, pawn_attacks, rank_for, ray, slides, steps};
use super::occupants::{Grid, Occupants};
use super::tracker::{Told, Tracker};
use crate::model::{Color, DutyToCapture, PawnNews, PieceKind, Square, SquareSet};

/// Gathers every move that may have been made, and what each leaves behind.
struct Moves {
    after: Grid<Occupants>,
    touched: Grid<u32>,
    count: u32,
    passed_over: SquareSet,
}

impl Moves {
    fn new() -> Self {
        Self {
            after: Grid::filled(Occupants::NONE),
            touched: Grid::filled(0),
            count: 0,
            passed_over: SquareSet::EMPTY,
        }
    }

    /// A man goes from here to there, as one of these kinds.
    fn add(&mut self, from: Square, to: Square, kinds: Occupants) {
        self.count += 1;
        self.leave(from, Occupants::EMPTY);
        self.leave(to, kinds);
    }

    fn leave(&mut self, square: Square, what: Occupants) {
        self.after.set(square, self.after.at(square).or(what));
        self.touched.set(square, self.touched.at(square) + 1);
    }
}

/// What the opponent may have moved with.
#[derive(Clone, Copy)]
struct Limits {
    /// It captured with a pawn, because it had to.
    pawn_capture: bool,
    /// Where pawns that captured can have come from.
    capturing_pawns: SquareSet,
    /// Whether the move was a promotion, where that is told.
    promotion: Option<bool>,
}

impl Tracker {
    /// The opponent made a move.
    pub(super) fn they_moved(&mut self, told: &Told) {
        let them = !self.color;
        let limits = self.limits(told);
        let mut moves = Moves::new();
        let mut lost_at = None;
        let passed = self.just_passed;
        match (told.dropped, told.en_passant, &told.captured) {
            (Some(kind), ..) => {
                self.they_dropped(kind);
                return self.after_their_move(told, SquareSet::EMPTY);
            }
            (None, Some(landing), _) => {
                lost_at = passed;
                self.en_passant(them, landing, limits, &mut moves);
            }
            (None, None, Some((_, at))) => {
                lost_at = Some(*at);
                self.captures(them, *at, limits, &mut moves);
                let named = self.surface.is_some_and(|surface| surface.en_passant_named);
                let landing = at.offset(0, ahead(them)).filter(|_| !named && passed == Some(*at));
                if let Some(landing) = landing {
                    self.en_passant(them, landing, limits, &mut moves);
                }
            }
            (None, None, None) => {
                if !limits.pawn_capture {
                    self.quiet_moves(them, limits, &mut moves);
                }
            }
        }
        if let Some(at) = lost_at {
            if self.own.at(at).is_none() {
                return self.contradiction();
            }
            self.own.set(at, None);
        }
        if moves.count == 0 {
            return self.contradiction();
        }
        for square in Square::all() {
            // Moves that do not touch it leave it as it was.
            let stays = moves.touched.at(square) < moves.count;
            let before = if stays { self.may.at(square) } else { Occupants::NONE };
            self.may.set(square, before.or(moves.after.at(square)));
        }
        self.after_their_move(told, moves.passed_over);
    }

    fn after_their_move(&mut self, told: &Told, passed_over: SquareSet) {
        self.just_passed = None;
        self.passed_over = passed_over;
        (self.their_news, self.their_any, self.their_try_failed) = (None, None, false);
        if told.is_end() {
            return;
        }
        self.in_double_check = told.is_double_check();
        self.own_king_is_attacked(told);
        self.their_king_is_attacked(super::geometry::CheckKinds::NONE);
    }

    fn limits(&self, told: &Told) -> Limits {
        let duty = self.surface.and_then(|surface| surface.ask_any).map(|any| any.duty);
        let bound = match duty {
            Some(DutyToCapture::UntilOneSucceeds) => true,
            Some(DutyToCapture::OneTry) => !self.their_try_failed,
            None => false,
        };
        let capturing_pawns = match (self.their_any, self.their_news) {
            (Some(false), _) | (_, Some(PawnNews::NoCaptures)) => SquareSet::EMPTY,
            (_, Some(PawnNews::TriesFrom(squares))) => squares,
            _ => SquareSet::FULL,
        };
        let tells = self.surface.is_some_and(|surface| surface.promotion_told);
        Limits {
            pawn_capture: bound && self.their_any == Some(true),
            capturing_pawns,
            promotion: tells.then_some(told.promoted),
        }
    }

    /// A man from the reserve, anywhere.
    fn they_dropped(&mut self, kind: PieceKind) {
        self.men += 1;
        for square in Square::all() {
            let fits = kind != PieceKind::Pawn || !matches!(square.rank(), 0 | 7);
            if fits && self.own.at(square).is_none() && self.may.at(square).may_be_empty() {
                self.may.set(square, self.may.at(square).or(Occupants::of(kind)));
            }
        }
    }

    /// Whether one of their men may pass a square.
    fn may_pass(&self, square: Square) -> bool {
        self.own.at(square).is_none() && self.may.at(square).may_be_empty()
    }

    /// What a pawn is after it arrived, if it may arrive so.
    fn arrived(them: Color, to: Square, limits: Limits) -> Option<Occupants> {
        let promotes = rank_for(them, to) == 7;
        if limits.promotion.is_some_and(|told| told != promotes) {
            return None;
        }
        Some(if promotes { Occupants::PROMOTED } else { Occupants::of(PieceKind::Pawn) })
    }

    fn captures(&self, them: Color, at: Square, limits: Limits, moves: &mut Moves) {
        for from in self.may_be_occupied().iter() {
            for kind in self.may.at(from).kinds() {
                if kind == PieceKind::Pawn {
                    let attacks = limits.capturing_pawns.contains(from)
                        && pawn_attacks(them, from).any(|square| square == at);
                    if let (true, Some(kinds)) = (attacks, Self::arrived(them, at, limits)) {
                        moves.add(from, at, kinds);
                    }
                } else if !limits.pawn_capture
                    && limits.promotion != Some(true)
                    && self.reaches(kind, from, at)
                {
                    moves.add(from, at, Occupants::of(kind));
                }
            }
        }
    }

    /// Whether a piece of theirs may go from here to there: what stands in between may not be there.
    fn reaches(&self, kind: PieceKind, from: Square, to: Square) -> bool {
        let stepped = steps(kind).iter().any(|&(files, ranks)| from.offset(files, ranks) == Some(to));
        stepped
            || slides(kind).iter().any(|&direction| {
                for square in ray(from, direction) {
                    if square == to {
                        return true;
                    }
                    if !self.may_pass(square) {
                        return false;
                    }
                }
                false
            })
    }

    fn en_passant(&self, them: Color, landing: Square, limits: Limits, moves: &mut Moves) {
        if !self.may_pass(landing) || limits.promotion == Some(true) {
            return;
        }
        for from in pawn_attacks(self.color, landing) {
            let pawn = self.may.at(from).may_be(PieceKind::Pawn) && limits.capturing_pawns.contains(from);
            if pawn && pawn_attacks(them, from).any(|square| square == landing) {
                moves.add(from, landing, Occupants::of(PieceKind::Pawn));
            }
        }
    }

    fn quiet_moves(&self, them: Color, limits: Limits, moves: &mut Moves) {
        for from in self.may_be_occupied().iter() {
            for kind in self.may.at(from).kinds() {
                if kind == PieceKind::Pawn {
                    self.pawn_steps(them, from, limits, moves);
                    continue;
                }
                if limits.promotion == Some(true) {
                    continue;
                }
                for &(files, ranks) in steps(kind) {
                    if let Some(to) = from.offset(files, ranks).filter(|to| self.may_pass(*to)) {
                        moves.add(from, to, Occupants::of(kind));
                    }
                }
                for &direction in slides(kind) {
                    for to in ray(from, direction).take_while(|to| self.may_pass(*to)) {
                        moves.add(from, to, Occupants::of(kind));
                    }
                }
                if kind == PieceKind::King {
                    self.castles(them, from, moves);
                }
            }
        }
    }

    fn pawn_steps(&self, them: Color, from: Square, limits: Limits, moves: &mut Moves) {
        let Some(to) = from.offset(0, ahead(them)).filter(|to| self.may_pass(*to)) else { return };
        if let Some(kinds) = Self::arrived(them, to, limits) {
            moves.add(from, to, kinds);
        }
        // In crazykrieg a dropped pawn on its home rank may pass two squares as well.
        if rank_for(them, from) != 1 || limits.promotion == Some(true) {
            return;
        }
        if let Some(two) = to.offset(0, ahead(them)).filter(|two| self.may_pass(*two)) {
            moves.add(from, two, Occupants::of(PieceKind::Pawn));
            moves.passed_over.insert(to);
        }
    }

    fn castles(&self, them: Color, king: Square, moves: &mut Moves) {
        if rank_for(them, king) != 0 || king.file() != 4 {
            return;
        }
        for (rook, between, king_to, rook_to) in [(7, &[5, 6][..], 6, 5), (0, &[1, 2, 3], 2, 3)] {
            let on = |file: u8| Square::new(file, king.rank());
            let free = between.iter().all(|&file| on(file).is_some_and(|square| self.may_pass(square)));
            let rook = on(rook).filter(|rook| free && self.may.at(*rook).may_be(PieceKind::Rook));
            if let (Some(rook), Some(king_to), Some(rook_to)) = (rook, on(king_to), on(rook_to)) {
                moves.add(king, king_to, Occupants::of(PieceKind::King));
                moves.leave(rook, Occupants::EMPTY);
                moves.leave(rook_to, Occupants::of(PieceKind::Rook));
            }
        }
    }
}
