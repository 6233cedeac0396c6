//! Mines: reveal as many tiles as you dare (spec, "Mines").
//!
//! Best of three, ten seconds a move. Five mines lie hidden on a grid of 25 tiles. Both sides choose how many tiles to
//! reveal, 1 to 20, and the server reveals them in one order for both. Who hits a mine busts with 0 points; who does not
//! scores its tiles. More points win the round. The spec does not say what happens where both score the same; nobody can
//! have won then.
//!
//! # The law
//!
//! With mines and order both drawn at random, `n` tiles are all safe with probability `C(25−n, 5) / C(25, 5)`:
//! [`Tiles::survival_odds`]. Four tiles score most on average, 1.53 points, but points are not what wins: see
//! [`round_odds`], [`best_response`] and [`Equilibrium`].
//!
//! ```
//! use botpit_sdk::games::mines::{Tiles, best_response, round_odds};
//!
//! let three = Tiles::new(3)?;
//! assert!((three.survival_odds() - 26_334.0 / 53_130.0).abs() < 1e-12);
//! assert!((Tiles::new(4)?.expected_score() - 1.532).abs() < 0.001);
//!
//! // Somebody who always reveals three is beaten by one who reveals four.
//! assert_eq!(best_response(&[(three, 1.0)]), Some(Tiles::new(4)?));
//! assert!(round_odds(Tiles::new(4)?, three).decided() > 0.7);
//! assert_eq!(Tiles::new(21).unwrap_err().message(), "tiles is 1 to 20, not 21");
//! # Ok::<(), botpit_sdk::Error>(())
//! ```

use std::fmt;
use std::time::Duration;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Extra, Game, GameState, RoundEnd, RoundRecord, end_told, shown};
use crate::model::{AgentId, Score, Side};

mod strategies;

pub use strategies::{Equilibrium, best_response, round_odds};

/// The game of mines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mines;

impl Mines {
    /// How many tiles the grid has.
    pub const GRID_SIZE: u32 = 25;

    /// How many of them are mines.
    pub const NUM_MINES: u32 = 5;
}

impl Game for Mines {
    const NAME: &'static str = "mines";
    const BEST_OF: u32 = 3;
    const TIMEOUT: Duration = Duration::from_secs(10);

    type Move = Move;
    type State = State;
    type RoundResult = RoundResult;

    /// At most the state's own `max_tiles`, where it has one.
    fn check_move(state: &State, _side: Side, answer: &Move) -> Result<()> {
        match state.max_tiles {
            Some(max) if u32::from(answer.tiles) > max => Err(Error::invalid_argument(
                "tiles",
                format!("this match takes 1 to {max} tiles, not {}", answer.tiles),
            )),
            _ => Ok(()),
        }
    }

    /// One tile: it busts the least.
    fn safe_move(_: &State) -> Option<Move> {
        Some(Tiles::MIN.into())
    }
}

bounded_number! {
    /// How many tiles to reveal: 1 to 20.
    Tiles: u8, "tiles", 1..=20
}

impl Tiles {
    /// The probability that all of them are safe, on the spec's grid.
    pub fn survival_odds(self) -> f64 {
        survival_odds(Mines::GRID_SIZE, Mines::NUM_MINES, self.into())
    }

    /// What they score on average, on the spec's grid: their number times the odds.
    pub fn expected_score(self) -> f64 {
        f64::from(self.get()) * self.survival_odds()
    }
}

/// The probability that so many tiles of a grid with so many mines are all safe: `C(grid − tiles, mines) / C(grid, mines)`.
///
/// It is 0 where there are fewer safe tiles than that.
///
/// ```
/// use botpit_sdk::games::mines::survival_odds;
///
/// assert_eq!(survival_odds(25, 5, 1), 0.8);
/// assert_eq!(survival_odds(25, 5, 21), 0.0);
/// ```
pub fn survival_odds(grid_size: u32, num_mines: u32, tiles: u32) -> f64 {
    let Some(safe) = grid_size.checked_sub(num_mines).filter(|safe| *safe >= tiles) else { return 0.0 };
    // The first tile is one of the safe ones, the next one of those that are left, and so on.
    (0..tiles).map(|gone| f64::from(safe - gone) / f64::from(grid_size - gone)).product()
}

/// A move: `{"tiles":8}` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Move {
    /// How many tiles to reveal.
    pub tiles: Tiles,
}

impl From<Tiles> for Move {
    fn from(tiles: Tiles) -> Self {
        Self { tiles }
    }
}

/// The `game_state` of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The round that is to be played, from 1.
    pub round: u32,
    /// The score before the round.
    pub score: Score,
    /// How many won rounds win the match: 2.
    pub rounds_to_win: u32,
    /// How many tiles the grid has: 25.
    pub grid_size: Option<u32>,
    /// How many of them are mines: 5.
    pub num_mines: Option<u32>,
    /// How many tiles may be revealed at most: 20.
    pub max_tiles: Option<u32>,
    /// The rounds so far, oldest first. Empty where the server leaves it out.
    #[serde(default)]
    pub history: Vec<RoundResult>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl State {
    /// The state of a round, for the server's side and for trying a strategy without one.
    pub fn new(round: u32, score: Score, history: Vec<RoundResult>) -> Self {
        Self {
            round,
            score,
            rounds_to_win: Mines::rounds_to_win(),
            grid_size: Some(Mines::GRID_SIZE),
            num_mines: Some(Mines::NUM_MINES),
            max_tiles: Some(Tiles::MAX.into()),
            history,
            extra: Extra::new(),
        }
    }

    /// The probability that so many tiles are all safe on this grid.
    pub fn survival_odds(&self, tiles: Tiles) -> f64 {
        let grid_size = self.grid_size.unwrap_or(Mines::GRID_SIZE);
        survival_odds(grid_size, self.num_mines.unwrap_or(Mines::NUM_MINES), tiles.into())
    }
}

game_state!(State, RoundResult);

/// The `result` of a round, and an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoundResult {
    /// The round, from 1.
    pub round: u32,
    /// How many tiles side A chose. `None` when it did not move.
    pub tiles_a: Option<u32>,
    /// How many tiles side B chose. `None` when it did not move.
    pub tiles_b: Option<u32>,
    /// How many tiles of side A were safe.
    pub safe_a: Option<u32>,
    /// How many tiles of side B were safe.
    pub safe_b: Option<u32>,
    /// Whether side A hit a mine.
    pub busted_a: Option<bool>,
    /// Whether side B hit a mine.
    pub busted_b: Option<bool>,
    /// Where the mines were: tiles from 0 to 24.
    pub mine_positions: Option<Vec<u32>>,
    /// In which order tiles were revealed: tiles from 0 to 24. It may stop at the last one that somebody chose.
    pub reveal_order: Option<Vec<u32>>,
    /// Who won. `None` for a tie.
    pub round_winner: Option<AgentId>,
    /// What else the server tells.
    #[serde(flatten)]
    pub extra: Extra,
}

impl RoundResult {
    /// A result, for the server's side and for trying a strategy without one. What was safe and who bust follows.
    pub fn new(
        round: u32,
        tiles_a: Option<Tiles>,
        tiles_b: Option<Tiles>,
        mine_positions: Vec<u32>,
        reveal_order: Vec<u32>,
        round_winner: Option<AgentId>,
    ) -> Self {
        let before_mine = reveal_order.iter().take_while(|tile| !mine_positions.contains(tile)).count();
        let before_mine = u32::try_from(before_mine).unwrap_or(u32::MAX);
        let (tiles_a, tiles_b) = (tiles_a.map(u32::from), tiles_b.map(u32::from));
        Self {
            round,
            tiles_a,
            tiles_b,
            safe_a: tiles_a.map(|tiles| tiles.min(before_mine)),
            safe_b: tiles_b.map(|tiles| tiles.min(before_mine)),
            busted_a: tiles_a.map(|tiles| tiles > before_mine),
            busted_b: tiles_b.map(|tiles| tiles > before_mine),
            mine_positions: Some(mine_positions),
            reveal_order: Some(reveal_order),
            round_winner,
            extra: Extra::new(),
        }
    }

    /// How many tiles I chose, when I am on `side`.
    pub fn mine(&self, side: Side) -> Option<u32> {
        side.pick(self.tiles_a, self.tiles_b)
    }

    /// How many tiles the opponent chose, when I am on `side`.
    pub fn theirs(&self, side: Side) -> Option<u32> {
        self.mine(side.other())
    }

    /// Whether a side hit a mine.
    pub fn busted(&self, side: Side) -> Option<bool> {
        side.pick(self.busted_a, self.busted_b)
    }

    /// What a side scored: its tiles, or 0 when it bust.
    pub fn points(&self, side: Side) -> Option<u32> {
        if self.busted(side)? { Some(0) } else { self.mine(side) }
    }
}

impl RoundRecord for RoundResult {
    fn round(&self) -> u32 {
        self.round
    }

    fn round_winner(&self) -> Option<&AgentId> {
        self.round_winner.as_ref()
    }

    fn by_rules(&self) -> Option<RoundEnd> {
        Some(RoundEnd::from(self.points(Side::A)?.cmp(&self.points(Side::B)?)))
    }

    fn told(&self, side: Side) -> String {
        let one = |side| {
            let bust = if self.busted(side) == Some(true) { " (bust)" } else { "" };
            format!("{}{bust}", shown(self.mine(side)))
        };
        format!("{} tiles against {}: {}", one(side), one(side.other()), end_told(self.by_rules(), side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiles(number: u32) -> Tiles {
        Tiles::new(number).unwrap()
    }

    #[test]
    fn the_odds_are_hypergeometric() {
        let choose = |n: u64, k: u64| (0..k).fold(1, |product, i| product * (n - i) / (i + 1));
        assert_eq!(choose(25, 5), 53_130);
        for number in Tiles::all() {
            let exact = choose(25 - u64::from(number.get()), 5) as f64 / 53_130.0;
            assert!((number.survival_odds() - exact).abs() < 1e-12, "{number}");
        }
        let best = Tiles::all().max_by(|a, b| a.expected_score().total_cmp(&b.expected_score())).unwrap();
        assert_eq!(best, tiles(4));
        assert_eq!(survival_odds(5, 6, 0), 0.0);
        assert_eq!(survival_odds(25, 0, 25), 1.0);
    }

    #[test]
    fn more_points_win_and_who_busts_has_none() {
        let mines = vec![2, 7, 14, 19, 23];
        let order = vec![0, 5, 10, 15, 20, 1, 6, 11, 2];
        let result =
            |a, b| RoundResult::new(1, Some(tiles(a)), Some(tiles(b)), mines.clone(), order.clone(), None);
        assert_eq!(result(8, 3).by_rules(), Some(RoundEnd::Won(Side::A)));
        assert_eq!(result(9, 3).by_rules(), Some(RoundEnd::Won(Side::B)));
        assert_eq!(
            (result(9, 9).by_rules(), result(4, 4).by_rules()),
            (Some(RoundEnd::Tie), Some(RoundEnd::Tie))
        );
        assert_eq!(result(9, 3).told(Side::A), "9 (bust) tiles against 3: lost");
        assert_eq!(RoundResult::new(1, None, Some(tiles(3)), mines, order, None).by_rules(), None);
    }

    #[test]
    fn the_states_own_limit_counts() {
        let mut state = State::new(1, Score::new(0, 0), Vec::new());
        assert!(Mines::check_move(&state, Side::A, &Tiles::MAX.into()).is_ok());
        state.max_tiles = Some(10);
        assert!(Mines::check_move(&state, Side::A, &tiles(10).into()).is_ok());
        let refused = Mines::check_move(&state, Side::A, &tiles(11).into()).unwrap_err();
        assert_eq!(
            (refused.field(), refused.message()),
            (Some("tiles"), "this match takes 1 to 10 tiles, not 11")
        );
        (state.grid_size, state.num_mines) = (Some(9), Some(8));
        assert!((state.survival_odds(tiles(1)) - 1.0 / 9.0).abs() < 1e-12);
    }
}
