//! The whole match of blotto, solved.

use std::sync::LazyLock;

use fastrand::Rng;

use super::{Bid, Blotto, Budgets, State};
use crate::games::Game;
use crate::games::chance::seeded;
use crate::games::equilibrium::{Solution, solve};
use crate::model::Side;

/// Plays an equilibrium of the whole match.
///
/// The match is solved backwards, once in a process, when the first player is made (3,328 small linear programmes, well
/// under a second): for every number of rounds left, every lead and every pair of budgets, what each side should do with
/// which probability. Side A has a mix for each terrain, side B one for all, because it does not see it. What is won is
/// the probability to win the match, a draw counted as one half.
///
/// What is proven, and tested for every such position to seven digits: no opponent gets more than the value of the
/// position against it, even one that knows the whole strategy and answers it in the best way. For side A that value is
/// [`Equilibrium::value`] at the start; for side B it is the rest.
///
/// What it takes for granted, because the spec does not say: a round with equal powers is nobody's and is not replayed,
/// and after five rounds the higher score wins. Where the platform replays such a round, the strategy is still a sensible
/// one, but nothing is proven. It is made for budgets of 15; where a match begins with more, it plays as if all were
/// scaled down.
///
/// ```
/// use botpit_sdk::games::blotto::{Budgets, Equilibrium};
///
/// // The terrain is worth nearly everything: as side B, a draw or a lucky win is all that can be had.
/// let of_a = Equilibrium::value(1, 0, Budgets::FULL);
/// assert!((of_a - 0.948).abs() < 0.001, "{of_a}");
/// ```
#[derive(Debug, Clone)]
pub struct Equilibrium {
    rng: Rng,
}

impl Equilibrium {
    /// A player with a seed of its own. The first one solves the match, so that no turn waits for it.
    pub fn new() -> Self {
        Self::with(Rng::new())
    }

    /// A player that makes the same choices for the same seed. The first one solves the match.
    pub fn seeded(seed: u64) -> Self {
        Self::with(seeded(seed))
    }

    fn with(rng: Rng) -> Self {
        LazyLock::force(&TABLE);
        Self { rng }
    }

    /// What side A wins before a round, from 1: the probability to win the match and half of that to draw, when both play
    /// the equilibrium. `lead` is A's score minus B's. Budgets above 15 count as 15.
    pub fn value(round: u32, lead: i32, budgets: Budgets) -> f64 {
        let left = rounds_left(round);
        TABLE.value(left, lead, capped(budgets))
    }

    /// The mix of bids for a turn: the probability of each bid, from 0. They add up to 1. Where a match begins with more
    /// than 15, the bids are those of a budget of 15.
    pub fn mix(state: &State, side: Side) -> Vec<f64> {
        let total = total(state);
        let scaled =
            |budget: u32| u32::try_from(u64::from(budget) * u64::from(Blotto::BUDGET) / total).unwrap_or(0);
        let Budgets { a, b } = state.budgets(side);
        let budgets = capped(Budgets { a: scaled(a), b: scaled(b) });
        let lead = i64::from(state.score.a) - i64::from(state.score.b);
        let left = rounds_left(state.round);
        // A decided match is played on as if the next round could still turn it.
        let farthest = i32::try_from(left).unwrap_or(0);
        let lead = i32::try_from(lead).unwrap_or(0).clamp(-farthest, farthest);
        let mix = match (side, TABLE.solve(left, lead, budgets)) {
            (Side::A, Some(solution)) => {
                let terrain = state.terrain_bonus_a.unwrap_or(0).min(Blotto::MAX_TERRAIN);
                solution.rows.into_iter().nth(usize::try_from(terrain).unwrap_or(0))
            }
            (Side::B, Some(solution)) => Some(solution.columns),
            (_, None) => None,
        };
        mix.unwrap_or_else(|| vec![1.0])
    }

    /// The bid for a turn.
    pub fn choose(&mut self, state: &State, side: Side) -> Bid {
        let mut rest = self.rng.f64();
        let mut points = 0_u64;
        for (bid, p) in (0..).zip(Self::mix(state, side)) {
            if p > 0.0 {
                points = bid;
                rest -= p;
            }
            if rest < 0.0 {
                break;
            }
        }
        let points = points * total(state) / u64::from(Blotto::BUDGET);
        Bid(u32::try_from(points).unwrap_or(u32::MAX).min(state.your_budget))
    }
}

impl Default for Equilibrium {
    fn default() -> Self {
        Self::new()
    }
}

strategy!(Equilibrium, Blotto);

/// How many rounds are left before a round. A round beyond the fifth is the last one, for all we know.
fn rounds_left(round: u32) -> u32 {
    (Blotto::BEST_OF + 1).saturating_sub(round.max(1)).max(1)
}

/// What a side has at the beginning, 15 at least.
fn total(state: &State) -> u64 {
    let known = state.total_budget.unwrap_or(0).max(state.your_budget).max(state.opponent_budget);
    known.max(Blotto::BUDGET).into()
}

fn capped(budgets: Budgets) -> Budgets {
    Budgets { a: budgets.a.min(Blotto::BUDGET), b: budgets.b.min(Blotto::BUDGET) }
}

/// The values of all positions, from the last round to the first.
struct Table {
    /// By rounds left (from 0), then by A's lead from −5 to 5, then by A's budget, then by B's.
    values: Vec<f64>,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// Leads from −5 to 5.
const LEADS: usize = 11;

/// Budgets from 0 to 15.
const BUDGETS: usize = 16;

impl Table {
    fn new() -> Self {
        let mut table = Self { values: Vec::with_capacity(5 * LEADS * BUDGETS * BUDGETS) };
        for left in 0..Blotto::BEST_OF {
            let mut next = Vec::with_capacity(LEADS * BUDGETS * BUDGETS);
            for lead in -5..=5 {
                for a in 0..=Blotto::BUDGET {
                    for b in 0..=Blotto::BUDGET {
                        next.push(table.worked_out(left, lead, Budgets { a, b }));
                    }
                }
            }
            table.values.extend(next);
        }
        table
    }

    fn worked_out(&self, left: u32, lead: i32, budgets: Budgets) -> f64 {
        let played = i32::try_from(Blotto::BEST_OF - left).unwrap_or(0);
        let to_play = i32::try_from(left).unwrap_or(0);
        if lead.abs() > to_play || left == 0 {
            return f64::from(lead.signum() + 1) / 2.0;
        }
        // Nobody can be ahead by more than there were rounds.
        if lead.abs() > played {
            return 0.5;
        }
        if left == 1 {
            // What is left over is wasted, so both bid everything.
            let worth = |terrain| self.after(left, lead, budgets, terrain, (budgets.a, budgets.b));
            return (0..=Blotto::MAX_TERRAIN).map(worth).sum::<f64>() / f64::from(Blotto::MAX_TERRAIN + 1);
        }
        self.solve(left, lead, budgets).map_or(0.5, |solution| solution.value)
    }

    /// What a position is worth once the round is played.
    fn after(&self, left: u32, lead: i32, budgets: Budgets, terrain: u32, (bid_a, bid_b): (u32, u32)) -> f64 {
        let round = (bid_a + terrain).cmp(&bid_b) as i32;
        self.value(left.saturating_sub(1), lead + round, budgets.after(bid_a, bid_b))
    }

    fn value(&self, left: u32, lead: i32, budgets: Budgets) -> f64 {
        let index = || {
            let lead = usize::try_from(lead.clamp(-5, 5) + 5).ok()?;
            let (left, a, b) = (
                usize::try_from(left).ok()?,
                usize::try_from(budgets.a).ok()?,
                usize::try_from(budgets.b).ok()?,
            );
            Some(((left * LEADS + lead) * BUDGETS + a) * BUDGETS + b)
        };
        match index().and_then(|index| self.values.get(index)) {
            Some(value) => *value,
            // The start of a match is not kept: nothing comes before it.
            None => self.solve(left, lead, budgets).map_or(0.5, |solution| solution.value),
        }
    }

    fn solve(&self, left: u32, lead: i32, budgets: Budgets) -> Option<Solution> {
        solve(&self.payoffs(left, lead, budgets))
    }

    /// What A wins by the terrain, its bid and B's bid.
    ///
    /// Bids that are higher than what surely wins the round are left out: more left over is never worse.
    fn payoffs(&self, left: u32, lead: i32, budgets: Budgets) -> Vec<Vec<Vec<f64>>> {
        let most_b = budgets.b.min(budgets.a + Blotto::MAX_TERRAIN + 1);
        let of_terrain = |terrain: u32| {
            let most_a = budgets.a.min((budgets.b + 1).saturating_sub(terrain));
            let of_bid = |bid_a: u32| {
                let worth = |bid_b: u32| self.after(left, lead, budgets, terrain, (bid_a, bid_b));
                (0..=most_b).map(worth).collect()
            };
            (0..=most_a).map(of_bid).collect()
        };
        (0..=Blotto::MAX_TERRAIN).map(of_terrain).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::games::equilibrium::best_answers;
    use crate::model::Score;

    /// Every position that can come up, with its rounds left.
    fn positions() -> impl Iterator<Item = (u32, i32, Budgets)> {
        (1..=5_u32).flat_map(|left| {
            let farthest = left.min(5 - left) as i32;
            (-farthest..=farthest).flat_map(move |lead| {
                let budgets = (0..=15).flat_map(|a| (0..=15).map(move |b| Budgets { a, b }));
                budgets.map(move |budgets| (left, lead, budgets))
            })
        })
    }

    #[test]
    fn no_answer_gets_more_than_the_value_in_any_position() {
        // The first round is only ever played with full budgets.
        let open = positions().filter(|(left, _, budgets)| *left < 5 || *budgets == Budgets::FULL);
        for (left, lead, budgets) in open {
            let payoffs = TABLE.payoffs(left, lead, budgets);
            let solution = solve(&payoffs).unwrap();
            let (at_most, at_least) = best_answers(&payoffs, &solution);
            let value = TABLE.value(left, lead, budgets);
            assert!((at_most - value).abs() < 1e-7, "{left} {lead} {budgets:?}: {at_most} {value}");
            assert!((at_least - value).abs() < 1e-7, "{left} {lead} {budgets:?}: {at_least} {value}");
        }
    }

    #[test]
    fn more_left_over_is_never_worse() {
        for (left, lead, budgets) in positions().filter(|(left, ..)| *left < 5) {
            let value = TABLE.value(left, lead, budgets);
            assert!((-1e-9..=1.0 + 1e-9).contains(&value));
            if budgets.a > 0 {
                let poorer = Budgets { a: budgets.a - 1, ..budgets };
                assert!(TABLE.value(left, lead, poorer) <= value + 1e-7, "{left} {lead} {budgets:?}");
            }
            if budgets.b > 0 {
                let poorer = Budgets { b: budgets.b - 1, ..budgets };
                assert!(TABLE.value(left, lead, poorer) >= value - 1e-7, "{left} {lead} {budgets:?}");
            }
        }
    }

    #[test]
    fn unspent_budget() {
        // It is wasted when the match ends: in the last round, the richer side that sees no terrain wins with what it
        // has, and nobody who can still win by bidding more keeps anything back.
        let last = |a, b, side| State::new(5, Score::new(2, 2), side, 0, Budgets { a, b }, Vec::new());
        assert_eq!(Equilibrium::value(5, 0, Budgets { a: 0, b: 4 }), 0.0);
        let poor = last(0, 4, Side::B);
        for seed in 0..50 {
            assert_eq!(Equilibrium::seeded(seed).choose(&poor, Side::B).points(), 4);
        }
        // Level in budget, the terrain decides: three times in four for A, and a draw the fourth time.
        assert!((Equilibrium::value(5, 0, Budgets { a: 6, b: 6 }) - 0.875).abs() < 1e-9);
        let level = last(6, 6, Side::A);
        assert!((Equilibrium::mix(&level, Side::A)[6] - 1.0).abs() < 1e-9);
    }

    /// Plays a match to its end: A's result, 1 for won, 0.5 for a draw.
    fn play(rng: &mut Rng, mut a: impl FnMut(&State) -> Bid, mut b: impl FnMut(&State) -> Bid) -> f64 {
        let (mut budgets, mut score) = (Budgets::FULL, Score::new(0, 0));
        for round in 1..=5 {
            let terrain = rng.u32(0..4);
            let seen = |side| State::new(round, score, side, terrain, budgets, Vec::new());
            let (bid_a, bid_b) = (a(&seen(Side::A)), b(&seen(Side::B)));
            assert!(bid_a.points() <= budgets.a && bid_b.points() <= budgets.b);
            budgets = budgets.after(bid_a.points(), bid_b.points());
            match (bid_a.points() + terrain).cmp(&bid_b.points()) {
                std::cmp::Ordering::Greater => score.a += 1,
                std::cmp::Ordering::Less => score.b += 1,
                std::cmp::Ordering::Equal => {}
            }
            if score.a == 3 || score.b == 3 {
                break;
            }
        }
        f64::from(score.a.cmp(&score.b) as i32 + 1) / 2.0
    }

    #[test]
    fn whole_matches_are_worth_what_was_worked_out() {
        let mut rng = Rng::with_seed(11);
        let (mut a, mut b) = (Equilibrium::seeded(1), Equilibrium::seeded(2));
        let mut a = |state: &State| a.choose(state, Side::A);
        let mut b = |state: &State| b.choose(state, Side::B);
        let mean = |results: &mut dyn FnMut() -> f64| (0..400).map(|_| results()).sum::<f64>() / 400.0;
        let of_a = Equilibrium::value(1, 0, Budgets::FULL);
        // Four standard errors of a mean of 400 such results are below 0.045.
        let of_both = mean(&mut || play(&mut rng, &mut a, &mut b));
        assert!((of_both - of_a).abs() < 0.045, "{of_both} {of_a}");

        let evenly = |state: &State| Bid(state.your_budget / rounds_left(state.round));
        let thirds = |state: &State| Bid(state.your_budget.min(5));
        for opponent in [evenly, thirds] {
            let of_opponent = mean(&mut || play(&mut rng, &mut a, opponent));
            assert!(of_opponent > of_a - 0.045, "{of_opponent} {of_a}");
            let of_opponent = mean(&mut || play(&mut rng, opponent, &mut b));
            assert!(of_opponent < of_a + 0.045, "{of_opponent} {of_a}");
        }
    }

    #[test]
    fn odd_states_get_a_bid_within_the_budget() {
        let mut player = Equilibrium::seeded(5);
        for (round, score, your, theirs) in [
            (9, (2, 2), 3, 1),
            (4, (2, 0), 7, 7),
            (5, (0, 2), 7, 7),
            (1, (0, 0), 100, 100),
            (0, (9, 0), 0, 0),
        ] {
            for side in [Side::A, Side::B] {
                let budgets = Budgets { a: side.pick(your, theirs), b: side.pick(theirs, your) };
                let mut state = State::new(round, Score::new(score.0, score.1), side, 3, budgets, Vec::new());
                for terrain in [None, Some(0), Some(99)] {
                    state.terrain_bonus_a = terrain;
                    assert!(player.choose(&state, side).points() <= your);
                    assert!((Equilibrium::mix(&state, side).iter().sum::<f64>() - 1.0).abs() < 1e-9);
                }
            }
        }
    }
}
