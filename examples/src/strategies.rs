//! Strategies by name: what the lab lets play against each other, and what a replay asks again.

use botpit_sdk::games::blotto::{self, Blotto};
use botpit_sdk::games::coinflip::{Caller, Coinflip, Face};
use botpit_sdk::games::crash::{self, CashOut, Crash};
use botpit_sdk::games::dice_duel::{AlwaysRoll, DiceDuel};
use botpit_sdk::games::hi_lo::{self, ByOdds, HiLo};
use botpit_sdk::games::high_card_duel::{AlwaysDraw, HighCardDuel};
use botpit_sdk::games::math_duel::{MathDuel, Solver};
use botpit_sdk::games::mines::{self, Mines, Tiles};
use botpit_sdk::games::reaction_ring::{self, Median, ReactionRing};
use botpit_sdk::games::rps::{Choice, Predictor, Rps, UniformRandom};
use botpit_sdk::lab::LabGame;
use botpit_sdk::{BoxedStrategy, GameTurn, StrategyExt};
use fastrand::Rng;

/// A game whose strategies have names. Add yours here, and the lab plays it.
pub trait Named: LabGame + Sized {
    /// The names and what each of them does, the best first.
    const STRATEGIES: &'static [(&'static str, &'static str)];

    /// The strategy of a name. What it does by chance follows from the seed.
    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>>;
}

/// Runs `$body` with `$game` as the type of the game that is called so on the wire; `None` for any other name.
#[macro_export]
macro_rules! with_game {
    ($name:expr, $game:ident => $body:expr) => {
        $crate::with_game!(@ $name, $game => $body;
            blotto::Blotto, coinflip::Coinflip, crash::Crash, dice_duel::DiceDuel, hi_lo::HiLo,
            high_card_duel::HighCardDuel, math_duel::MathDuel, mines::Mines, reaction_ring::ReactionRing, rps::Rps)
    };
    (@ $name:expr, $game:ident => $body:expr; $($module:ident::$known:ident),+) => {
        match $name {
            $(known if known == <botpit_sdk::games::$module::$known as botpit_sdk::games::Game>::NAME => {
                type $game = botpit_sdk::games::$module::$known;
                Some($body)
            })+
            _ => None,
        }
    };
}

impl Named for Rps {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[
        ("predictor", "guesses the next choice from patterns, and is random without one"),
        ("random", "any of the three alike: nobody has an edge on it"),
        ("rock", "always rock"),
        ("cycle", "rock, paper, scissors, and again"),
        ("copycat", "what the opponent showed last"),
    ];

    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>> {
        Some(match name {
            "predictor" => Predictor::seeded(seed).boxed(),
            "random" => UniformRandom::seeded(seed).boxed(),
            "rock" => (|_: &GameTurn<Self>| Choice::Rock).boxed(),
            "cycle" => (|turn: &GameTurn<Self>| match turn.state.round % 3 {
                1 => Choice::Rock,
                2 => Choice::Paper,
                _ => Choice::Scissors,
            })
            .boxed(),
            "copycat" => (|turn: &GameTurn<Self>| {
                let last = turn.state.history.last().and_then(|round| round.theirs(turn.side));
                last.unwrap_or(Choice::Rock)
            })
            .boxed(),
            _ => return None,
        })
    }
}

impl Named for Coinflip {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[
        ("heads", "always heads"),
        ("tails", "always tails"),
        ("random", "heads or tails alike"),
        ("streak", "how the coin fell last"),
    ];

    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>> {
        let mut rng = Rng::with_seed(seed);
        Some(match name {
            "heads" => Caller::new(Face::Heads).boxed(),
            "tails" => Caller::new(Face::Tails).boxed(),
            "random" => {
                (move |_: &GameTurn<Self>| if rng.bool() { Face::Heads } else { Face::Tails }).boxed()
            }
            "streak" => (|turn: &GameTurn<Self>| {
                turn.state.history.last().and_then(|round| round.flip).unwrap_or(Face::Heads)
            })
            .boxed(),
            _ => return None,
        })
    }
}

impl Named for HiLo {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[
        ("by-odds", "the likelier of the two"),
        ("higher", "always higher"),
        ("random", "higher or lower alike"),
    ];

    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>> {
        let mut rng = Rng::with_seed(seed);
        Some(match name {
            "by-odds" => ByOdds.boxed(),
            "higher" => (|_: &GameTurn<Self>| hi_lo::Guess::Higher).boxed(),
            "random" => (move |_: &GameTurn<Self>| {
                if rng.bool() { hi_lo::Guess::Higher } else { hi_lo::Guess::Lower }
            })
            .boxed(),
            _ => return None,
        })
    }
}

impl Named for DiceDuel {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[("roll", "rolls: there is no choice")];

    fn strategy(name: &str, _seed: u64) -> Option<BoxedStrategy<Self>> {
        (name == "roll").then(|| AlwaysRoll.boxed())
    }
}

impl Named for HighCardDuel {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[("draw", "draws: there is no choice")];

    fn strategy(name: &str, _seed: u64) -> Option<BoxedStrategy<Self>> {
        (name == "draw").then(|| AlwaysDraw.boxed())
    }
}

impl Named for Crash {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[
        ("equilibrium", "a mix that nobody wins more than 503 of 1000 rounds against"),
        ("careful", "cashes out at 1.2"),
        ("bold", "cashes out at 5"),
        ("random", "any cash-out from 1.01 to 10 alike"),
    ];

    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>> {
        let at = |hundredths| {
            let cash_out = CashOut::from_hundredths(hundredths).unwrap_or(CashOut::MIN);
            (move |_: &GameTurn<Self>| cash_out).boxed()
        };
        let mut rng = Rng::with_seed(seed);
        Some(match name {
            "equilibrium" => crash::Equilibrium::seeded(seed).boxed(),
            "careful" => at(120),
            "bold" => at(500),
            "random" => (move |_: &GameTurn<Self>| {
                CashOut::from_hundredths(rng.u32(101..=1_000)).unwrap_or(CashOut::MIN)
            })
            .boxed(),
            _ => return None,
        })
    }
}

impl Named for Mines {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[
        ("equilibrium", "a mix that nobody has an edge on"),
        ("careful", "one tile"),
        ("bold", "eight tiles"),
        ("random", "any number of tiles alike"),
    ];

    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>> {
        let tiles = |number| {
            let tiles = Tiles::new(number).unwrap_or(Tiles::MIN);
            (move |_: &GameTurn<Self>| tiles).boxed()
        };
        let mut rng = Rng::with_seed(seed);
        Some(match name {
            "equilibrium" => mines::Equilibrium::seeded(seed).boxed(),
            "careful" => tiles(1),
            "bold" => tiles(8),
            "random" => (move |_: &GameTurn<Self>| Tiles::new(rng.u32(1..=20)).unwrap_or(Tiles::MIN)).boxed(),
            _ => return None,
        })
    }
}

impl Named for MathDuel {
    const STRATEGIES: &'static [(&'static str, &'static str)] =
        &[("solver", "works it out"), ("zero", "always answers 0")];

    fn strategy(name: &str, _seed: u64) -> Option<BoxedStrategy<Self>> {
        Some(match name {
            "solver" => Solver.boxed(),
            "zero" => (|_: &GameTurn<Self>| 0_i64).boxed(),
            _ => return None,
        })
    }
}

impl Named for ReactionRing {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[
        ("median", "497, the middle of the law: wins more than it loses against every other guess"),
        ("middle", "500"),
        ("random", "any number alike"),
    ];

    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>> {
        use reaction_ring::Guess;
        let mut rng = Rng::with_seed(seed);
        Some(match name {
            "median" => Median.boxed(),
            "middle" => (|_: &GameTurn<Self>| Guess::new(500).unwrap_or(Guess::MIN)).boxed(),
            "random" => {
                (move |_: &GameTurn<Self>| Guess::new(rng.u32(1..=1_000)).unwrap_or(Guess::MIN)).boxed()
            }
            _ => return None,
        })
    }
}

impl Named for Blotto {
    const STRATEGIES: &'static [(&'static str, &'static str)] = &[
        ("equilibrium", "the equilibrium of the whole match, computed once"),
        ("even", "a third of the budget in each of the first three rounds"),
        ("all-in", "everything at once"),
        ("random", "anything within what is left"),
    ];

    fn strategy(name: &str, seed: u64) -> Option<BoxedStrategy<Self>> {
        let bid = |state: &blotto::State, points: u32| {
            state.bid(points.min(state.your_budget)).unwrap_or(blotto::Bid::ZERO)
        };
        let mut rng = Rng::with_seed(seed);
        Some(match name {
            "equilibrium" => blotto::Equilibrium::seeded(seed).boxed(),
            "even" => (move |turn: &GameTurn<Self>| bid(&turn.state, 5)).boxed(),
            "all-in" => (move |turn: &GameTurn<Self>| bid(&turn.state, 15)).boxed(),
            "random" => {
                (move |turn: &GameTurn<Self>| bid(&turn.state, rng.u32(0..=turn.state.your_budget))).boxed()
            }
            _ => return None,
        })
    }
}
