//! The platform's ten games in the lab. Luck is drawn as the spec's formulas draw it from a hash, bias included: a byte
//! modulo 13 for a card, 32 bits for a crash point (spec, "Seed Derivation Formulas").

use std::fmt::Write as _;
use std::mem::take;

use fastrand::Rng;

use super::{Ids, LabGame};
use crate::games::blotto::{self, Blotto, Budgets};
use crate::games::coinflip::{self, Coinflip, Face};
use crate::games::crash::{self, CashOut, Crash};
use crate::games::dice_duel::{self, DiceDuel};
use crate::games::hi_lo::{self, HiLo};
use crate::games::high_card_duel::{self, HighCardDuel};
use crate::games::math_duel::{self, MathDuel};
use crate::games::mines::{self, Mines};
use crate::games::reaction_ring::{self, ReactionRing};
use crate::games::rps::{self, Choice, Rps};
use crate::games::{Card, RoundEnd, RoundRecord as _};
use crate::model::{Score, Side};

/// Who won by the game's own rules, written into the result too.
macro_rules! settled {
    ($result:expr, $ids:expr) => {{
        let mut result = $result;
        let winner = match result.by_rules() {
            Some(RoundEnd::Won(side)) => Some(side),
            Some(RoundEnd::Tie) | None => None,
        };
        result.round_winner = winner.map(|side| $ids.of(side).clone());
        (result, winner)
    }};
}

/// What is the same in every game.
macro_rules! history {
    ($result:ty) => {
        fn take_history(state: &mut Self::State) -> Vec<$result> {
            take(&mut state.history)
        }
    };
}

fn names<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|kind| kind.to_string()).collect()
}

/// A number from the first byte of a hash, modulo `sides`.
fn by_byte(rng: &mut Rng, sides: u8) -> u8 {
    rng.u8(..) % sides
}

fn card(rng: &mut Rng) -> Card {
    Card::of_byte(rng.u8(..))
}

impl LabGame for Rps {
    type Deal = ();

    fn kinds() -> Vec<String> {
        names(Choice::ALL)
    }

    fn kind_of(_state: &rps::State, answer: &rps::Move) -> usize {
        match answer.choice {
            Choice::Rock => 0,
            Choice::Paper => 1,
            Choice::Scissors => 2,
        }
    }

    fn deal(_rng: &mut Rng, _round: u32) {}

    fn state((): &(), round: u32, score: Score, _side: Side, history: Vec<rps::RoundResult>) -> rps::State {
        rps::State::new(round, score, history)
    }

    fn resolve(
        (): (),
        before: &rps::State,
        a: &rps::Move,
        b: &rps::Move,
        ids: &Ids,
    ) -> (rps::RoundResult, Option<Side>) {
        settled!(rps::RoundResult::new(before.round, Some(a.choice), Some(b.choice), None), ids)
    }

    history!(rps::RoundResult);
}

impl LabGame for Coinflip {
    type Deal = Face;

    fn kinds() -> Vec<String> {
        names(Face::ALL)
    }

    fn kind_of(_state: &coinflip::State, answer: &coinflip::Move) -> usize {
        match answer.choice {
            Face::Heads => 0,
            Face::Tails => 1,
        }
    }

    fn deal(rng: &mut Rng, _round: u32) -> Face {
        if by_byte(rng, 2) == 0 { Face::Heads } else { Face::Tails }
    }

    fn state(
        _flip: &Face,
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<coinflip::RoundResult>,
    ) -> coinflip::State {
        coinflip::State::new(round, score, history)
    }

    fn resolve(
        flip: Face,
        before: &coinflip::State,
        a: &coinflip::Move,
        b: &coinflip::Move,
        ids: &Ids,
    ) -> (coinflip::RoundResult, Option<Side>) {
        settled!(coinflip::RoundResult::new(before.round, flip, Some(a.choice), Some(b.choice), None), ids)
    }

    history!(coinflip::RoundResult);
}

impl LabGame for HiLo {
    /// The dealer's card and the hidden one.
    type Deal = [Card; 2];

    fn kinds() -> Vec<String> {
        names(hi_lo::Guess::ALL)
    }

    fn kind_of(_state: &hi_lo::State, answer: &hi_lo::Move) -> usize {
        match answer.guess {
            hi_lo::Guess::Higher => 0,
            hi_lo::Guess::Lower => 1,
        }
    }

    fn deal(rng: &mut Rng, _round: u32) -> [Card; 2] {
        [card(rng), card(rng)]
    }

    fn state(
        [dealer, _]: &[Card; 2],
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<hi_lo::RoundResult>,
    ) -> hi_lo::State {
        hi_lo::State::new(round, score, *dealer, history)
    }

    fn resolve(
        [dealer, hidden]: [Card; 2],
        before: &hi_lo::State,
        a: &hi_lo::Move,
        b: &hi_lo::Move,
        ids: &Ids,
    ) -> (hi_lo::RoundResult, Option<Side>) {
        let result =
            hi_lo::RoundResult::new(before.round, dealer, hidden, Some(a.guess), Some(b.guess), None);
        settled!(result, ids)
    }

    history!(hi_lo::RoundResult);
}

impl LabGame for DiceDuel {
    /// What A rolls, and B.
    type Deal = [u32; 2];

    fn kinds() -> Vec<String> {
        names(["roll"])
    }

    fn kind_of(_state: &dice_duel::State, _answer: &dice_duel::Move) -> usize {
        0
    }

    fn deal(rng: &mut Rng, _round: u32) -> [u32; 2] {
        [0; 2].map(|_| u32::from(by_byte(rng, 6)) + 1)
    }

    fn state(
        _rolls: &[u32; 2],
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<dice_duel::RoundResult>,
    ) -> dice_duel::State {
        dice_duel::State::new(round, score, history)
    }

    fn resolve(
        [a, b]: [u32; 2],
        before: &dice_duel::State,
        _a: &dice_duel::Move,
        _b: &dice_duel::Move,
        ids: &Ids,
    ) -> (dice_duel::RoundResult, Option<Side>) {
        settled!(dice_duel::RoundResult::new(before.round, Some(a), Some(b), None), ids)
    }

    history!(dice_duel::RoundResult);
}

impl LabGame for HighCardDuel {
    /// What A draws, and B.
    type Deal = [Card; 2];

    fn kinds() -> Vec<String> {
        names(["draw"])
    }

    fn kind_of(_state: &high_card_duel::State, _answer: &high_card_duel::Move) -> usize {
        0
    }

    fn deal(rng: &mut Rng, _round: u32) -> [Card; 2] {
        [card(rng), card(rng)]
    }

    fn state(
        _cards: &[Card; 2],
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<high_card_duel::RoundResult>,
    ) -> high_card_duel::State {
        high_card_duel::State::new(round, score, history)
    }

    fn resolve(
        [a, b]: [Card; 2],
        before: &high_card_duel::State,
        _a: &high_card_duel::Move,
        _b: &high_card_duel::Move,
        ids: &Ids,
    ) -> (high_card_duel::RoundResult, Option<Side>) {
        settled!(high_card_duel::RoundResult::new(before.round, Some(a), Some(b), None), ids)
    }

    history!(high_card_duel::RoundResult);
}

/// The cash-outs at which a kind of moves of crash begins, in hundredths.
const CASH_OUTS: [u16; 8] = [101, 120, 150, 200, 300, 400, 600, 800];

impl LabGame for Crash {
    /// The crash point, cut to hundredths.
    type Deal = f64;

    fn kinds() -> Vec<String> {
        let ends = CASH_OUTS.iter().skip(1).map(|next| next - 1).chain([1_000]);
        let shown = |hundredths: u16| format!("{}.{:02}", hundredths / 100, hundredths % 100);
        CASH_OUTS.iter().zip(ends).map(|(from, to)| format!("{}–{}", shown(*from), shown(to))).collect()
    }

    fn kind_of(_state: &crash::State, answer: &crash::Move) -> usize {
        CASH_OUTS.partition_point(|from| *from <= answer.cashout.hundredths()).saturating_sub(1)
    }

    fn deal(rng: &mut Rng, _round: u32) -> f64 {
        let x = f64::from(rng.u32(..)) / f64::from(u32::MAX);
        // x is 1 once in 2³², and the crash point then without end: the clamp makes it 100.
        ((1.0 / (1.0 - x)).min(100.0) * 100.0).floor() / 100.0
    }

    fn state(
        _crash_point: &f64,
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<crash::RoundResult>,
    ) -> crash::State {
        crash::State::new(round, score, history)
    }

    fn resolve(
        crash_point: f64,
        before: &crash::State,
        a: &crash::Move,
        b: &crash::Move,
        ids: &Ids,
    ) -> (crash::RoundResult, Option<Side>) {
        let cash_outs: [Option<CashOut>; 2] = [Some(a.cashout), Some(b.cashout)];
        let [a, b] = cash_outs;
        settled!(crash::RoundResult::new(before.round, crash_point, a, b, None), ids)
    }

    history!(crash::RoundResult);
}

impl LabGame for Mines {
    /// The tiles in the order in which they are revealed, and which of them are mines.
    type Deal = [Vec<u32>; 2];

    fn kinds() -> Vec<String> {
        names(mines::Tiles::all())
    }

    fn kind_of(_state: &mines::State, answer: &mines::Move) -> usize {
        usize::from(answer.tiles.get() - mines::Tiles::MIN.get())
    }

    fn deal(rng: &mut Rng, _round: u32) -> [Vec<u32>; 2] {
        let mut order: Vec<u32> = (0..Self::GRID_SIZE).collect();
        rng.shuffle(&mut order);
        let mut mined: Vec<u32> = rng.choose_multiple(0..Self::GRID_SIZE, Self::NUM_MINES as usize);
        mined.sort_unstable();
        [order, mined]
    }

    fn state(
        _deal: &[Vec<u32>; 2],
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<mines::RoundResult>,
    ) -> mines::State {
        mines::State::new(round, score, history)
    }

    fn resolve(
        [order, mined]: [Vec<u32>; 2],
        before: &mines::State,
        a: &mines::Move,
        b: &mines::Move,
        ids: &Ids,
    ) -> (mines::RoundResult, Option<Side>) {
        let result = mines::RoundResult::new(before.round, Some(a.tiles), Some(b.tiles), mined, order, None);
        settled!(result, ids)
    }

    history!(mines::RoundResult);
}

impl LabGame for MathDuel {
    /// The expression and what it comes to.
    type Deal = (String, i64);

    fn kinds() -> Vec<String> {
        names(["right", "wrong"])
    }

    fn kind_of(state: &math_duel::State, answer: &math_duel::Move) -> usize {
        let is_right = state.solution().is_ok_and(|solution| solution == i128::from(answer.answer));
        usize::from(!is_right)
    }

    /// The spec does not say how expressions are made. Here two operands in the first round and one more each round,
    /// joined by `+`, `-` and `*`, in parentheses from the fourth on; from the third on a division that leaves nothing.
    fn deal(rng: &mut Rng, round: u32) -> (String, i64) {
        let level = round.min(4);
        let mut text = rng.u32(1..=50 * level).to_string();
        for operand in 0..level {
            let operator = rng.choice(["+", "-", "*"]).unwrap_or("+");
            // Writing into a string does not fail.
            let _ = write!(text, " {operator} {}", rng.u32(1..=50 * level));
            if operand == 0 && round >= 4 {
                text = format!("({text})");
            }
        }
        if round >= 3 {
            let (quotient, divisor) = (rng.u32(1..=20), rng.u32(2..=12));
            let _ = write!(text, " + {} / {divisor}", quotient * divisor);
        }
        // At most five factors of 200: it fits, and it divides without remainder.
        let solution = math_duel::evaluate(&text).ok().and_then(|solution| i64::try_from(solution).ok());
        (text, solution.unwrap_or_default())
    }

    fn state(
        (expression, _): &(String, i64),
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<math_duel::RoundResult>,
    ) -> math_duel::State {
        math_duel::State::new(round, score, expression.as_str(), history)
    }

    fn resolve(
        (expression, correct): (String, i64),
        before: &math_duel::State,
        a: &math_duel::Move,
        b: &math_duel::Move,
        ids: &Ids,
    ) -> (math_duel::RoundResult, Option<Side>) {
        let (a, b) = (Some(a.answer), Some(b.answer));
        settled!(math_duel::RoundResult::new(before.round, expression, correct, a, b, None), ids)
    }

    history!(math_duel::RoundResult);
}

impl LabGame for ReactionRing {
    /// The hidden number.
    type Deal = u32;

    fn kinds() -> Vec<String> {
        (0..10).map(|hundred| format!("{}–{}", hundred * 100 + 1, (hundred + 1) * 100)).collect()
    }

    fn kind_of(_state: &reaction_ring::State, answer: &reaction_ring::Move) -> usize {
        usize::from((answer.guess.get() - 1) / 100)
    }

    fn deal(rng: &mut Rng, _round: u32) -> u32 {
        u32::from(rng.u16(..)) % 1_000 + 1
    }

    fn state(
        _target: &u32,
        round: u32,
        score: Score,
        _side: Side,
        history: Vec<reaction_ring::RoundResult>,
    ) -> reaction_ring::State {
        reaction_ring::State::new(round, score, history)
    }

    fn resolve(
        target: u32,
        before: &reaction_ring::State,
        a: &reaction_ring::Move,
        b: &reaction_ring::Move,
        ids: &Ids,
    ) -> (reaction_ring::RoundResult, Option<Side>) {
        let result =
            reaction_ring::RoundResult::new(before.round, target, Some(a.guess), Some(b.guess), None);
        settled!(result, ids)
    }

    history!(reaction_ring::RoundResult);
}

/// What is left to both, from the rounds before.
fn budgets_left(history: &[blotto::RoundResult]) -> Budgets {
    history
        .last()
        .and_then(|last| Some(Budgets { a: last.budget_a_remaining?, b: last.budget_b_remaining? }))
        .unwrap_or(Budgets::FULL)
}

impl LabGame for Blotto {
    /// A's terrain bonus.
    type Deal = u32;

    fn kinds() -> Vec<String> {
        names(0..=Self::BUDGET)
    }

    fn kind_of(_state: &blotto::State, answer: &blotto::Move) -> usize {
        answer.bid.points() as usize
    }

    fn deal(rng: &mut Rng, _round: u32) -> u32 {
        u32::from(rng.u8(..)) % (Self::MAX_TERRAIN + 1)
    }

    fn state(
        terrain: &u32,
        round: u32,
        score: Score,
        side: Side,
        history: Vec<blotto::RoundResult>,
    ) -> blotto::State {
        blotto::State::new(round, score, side, *terrain, budgets_left(&history), history)
    }

    fn resolve(
        terrain: u32,
        before: &blotto::State,
        a: &blotto::Move,
        b: &blotto::Move,
        ids: &Ids,
    ) -> (blotto::RoundResult, Option<Side>) {
        let left = budgets_left(&before.history);
        settled!(blotto::RoundResult::new(before.round, left, Some(a.bid), Some(b.bid), terrain, None), ids)
    }

    history!(blotto::RoundResult);
}
