//! Guesses where the others stand, and plays what looks best on average.

use fastrand::Rng;
use sdk_core::error::Result;

use super::Random;
use super::scene::{Scene, worth};
use crate::knowledge::geometry::rank_for;
use crate::model::{PieceKind, Square, UciMove};
use crate::runner::{Action, GameStart, Position, Strategy, fallback};

/// Plays by simple rules, in every ruleset, with what the [`Tracker`](crate::knowledge::Tracker) knows.
///
/// It asks Any? when a pawn may have something to capture. Then it imagines boards that fit what it knows, and tries first the
/// move that does best on them: capture what is worth more than what is risked, promote, keep men defended, drive the king
/// into mate. Moves that are known to be illegal are not tried.
///
/// ```
/// use kriegspiel_sdk::strategies::Heuristic;
///
/// let careful = Heuristic::seeded(7).imagined(24);
/// ```
#[derive(Debug, Clone)]
pub struct Heuristic {
    chance: Random,
    imagined: u32,
}

impl Heuristic {
    /// Different in every run.
    pub fn new() -> Self {
        Self { chance: Random::new(), imagined: 12 }
    }

    /// The same in every run, and another in each game of it.
    pub fn seeded(seed: u64) -> Self {
        Self { chance: Random::seeded(seed), ..Self::new() }
    }

    /// How many boards it imagines in each turn, from 1: more is stronger, and slower. Default: 12.
    #[must_use]
    pub fn imagined(mut self, boards: u32) -> Self {
        self.imagined = boards.max(1);
        self
    }

    fn best(&mut self, position: &Position) -> Option<UciMove> {
        let tracker = position.knowledge.tracker();
        let hopeful: Vec<UciMove> = position.knowledge.hopeful(position.moves()).collect();
        let moves = if hopeful.is_empty() { position.moves() } else { &hopeful };
        let color = position.color();
        let boards = self.imagined;
        let rng = self.chance.rng();
        let scenes: Vec<Scene> = (0..boards).map(|_| Scene::guess(tracker, color, rng)).collect();
        let score = |uci: UciMove, rng: &mut Rng| {
            let mut sum = 0.0;
            let mut possible = 0.0_f64;
            for scene in &scenes {
                if let Some((after, captured)) = scene.after(uci) {
                    sum += value(&after, captured);
                    possible += 1.0;
                }
            }
            let average = if possible > 0.0 { sum / possible } else { -5.0 };
            average + manners(uci, position) + 0.05 * rng.f64()
        };
        let mut best: Option<(f64, UciMove)> = None;
        for &uci in moves {
            // Under-promotion is for the wise.
            if uci.promotion().is_some_and(|piece| piece != PieceKind::Queen) {
                continue;
            }
            let score = score(uci, rng);
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, uci));
            }
        }
        best.map(|(_, uci)| uci)
    }
}

impl Default for Heuristic {
    fn default() -> Self {
        Self::new()
    }
}

/// How good a board is after an own move, in pawns.
fn value(scene: &Scene, captured: Option<PieceKind>) -> f64 {
    let mut value =
        captured.filter(|kind| *kind != PieceKind::King).map_or(0.0, |kind| f64::from(worth(kind)));
    let attacks = scene.attacks();
    // They take one man: the one that brings most.
    let mut loss = 0.0_f64;
    for (square, kind) in scene.own_men() {
        let attacker = attacks.theirs.at(square);
        if attacker == 0 {
            continue;
        }
        if kind == PieceKind::King {
            // Left in check: illegal on this board.
            return -3.0;
        }
        let gain = if attacks.own.at(square) > 0 {
            f64::from(worth(kind)) - f64::from(attacker.min(20))
        } else {
            f64::from(worth(kind))
        };
        loss = loss.max(gain);
    }
    value -= 0.9 * loss;
    let Some(king) = scene.their_king() else { return value };
    let checked = attacks.own.at(king) > 0;
    let moves = scene.their_king_moves(king, &attacks);
    let alone = scene.their_men() == 1;
    value += match (checked, moves) {
        (true, 0) => 25.0,
        (true, _) => 0.2,
        (false, 0) if alone => -15.0,
        (false, _) => 0.0,
    };
    // The fewer they have, the more it is about the king.
    let weight =
        if alone { 0.5 } else { 0.6 / (1.0 + f64::from(u32::try_from(scene.their_men()).unwrap_or(16))) };
    value -= weight * f64::from(moves);
    if scene.their_men() < 5 {
        value += 0.15 * f64::from(off_centre(king));
        let own = scene.own_men().find(|(_, kind)| *kind == PieceKind::King);
        if let Some((own, _)) = own {
            value -= 0.1 * f64::from(distance(own, king));
        }
    }
    value
}

/// What speaks for a move whatever stands where.
fn manners(uci: UciMove, position: &Position) -> f64 {
    let to = uci.to();
    let tracker = position.knowledge.tracker();
    let mut value = 0.0;
    if uci.promotion() == Some(PieceKind::Queen) {
        value += 8.0;
    }
    let kind = uci.from().and_then(|from| tracker.own_at(from)).or(uci.dropped());
    let color = position.color();
    match (kind, uci.from()) {
        (Some(PieceKind::Pawn), from) => {
            // Ahead it becomes a queen.
            let rank = f64::from(rank_for(color, to));
            value += if from.is_some() { 0.02 * rank * rank } else { 0.01 * rank };
        }
        (Some(PieceKind::Knight | PieceKind::Bishop), Some(from)) if rank_for(color, from) == 0 => {
            value += 0.25
        }
        (Some(PieceKind::King), Some(from)) => {
            let castles = from.file().abs_diff(to.file()) == 2;
            value += if castles { 0.4 } else { -0.1 };
        }
        (_, None) => value += 0.3,
        _ => {}
    }
    if position.knowledge.just_captured() == Some(to) {
        value += 0.3;
    }
    value - 0.03 * f64::from(off_centre(to))
}

/// How far a square is from the middle: 0 to 6.
fn off_centre(square: Square) -> u8 {
    let away = |line: u8| if line < 4 { 3 - line } else { line - 4 };
    away(square.file()) + away(square.rank())
}

fn distance(a: Square, b: Square) -> u8 {
    a.file().abs_diff(b.file()).max(a.rank().abs_diff(b.rank()))
}

impl Strategy for Heuristic {
    async fn choose(&mut self, position: &Position) -> Result<Action> {
        if position.can_ask_any() {
            let knowledge = &position.knowledge;
            let mut captures = knowledge.pawn_captures(position.moves());
            if captures.any(|uci| knowledge.tracker().may_capture(uci)) {
                return Ok(Action::AskAny);
            }
        }
        Ok(match self.best(position) {
            Some(uci) => Action::Move(uci),
            None => fallback(position, self.chance.rng()),
        })
    }

    fn on_game_start(&mut self, game: &GameStart) {
        self.chance.begin(game);
    }
}
