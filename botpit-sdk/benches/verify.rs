//! What checking a finished match costs, as every finished match is: from its events, as they come, to the verdict.
//!
//! `cargo bench -p botpit-sdk --bench verify`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures, and fails by panicking"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use botpit_sdk::Lamports;
use botpit_sdk::fairness::derivation::{self, LayoutReading, OrderReading, Sheet};
use botpit_sdk::fairness::{FairnessReport, MatchEvidence, Readings, Verdict, commitment};
use botpit_sdk::model::{GameType, Score, Side};

const RUNS: usize = 7;
/// So much is measured in a run.
const SPAN: Duration = Duration::from_millis(200);
/// Which readings of the two formulas of mines this server follows.
const READINGS_OF_MINES: (usize, usize) = (3, 5);

/// A match as it is told.
struct Told {
    name: &'static str,
    game: GameType,
    seed: String,
    hash: String,
    /// State, move and result of each round.
    rounds: Vec<[String; 3]>,
}

impl Told {
    /// So many rounds, which A wins, under the first seed that lets it. `round` gives what is in the state, A's move, and
    /// what is in the result.
    fn new(
        name: &'static str,
        game: &GameType,
        number: u32,
        round: impl Fn(&str, u32) -> [String; 3],
    ) -> Self {
        let seeds = (0..=u8::MAX).map(|last| format!("5f1d7e0c9b2a48d6a3c4e8f70b1926{last:02x}"));
        let mut told = seeds.map(|seed| Self::under(seed, name, game.clone(), number, &round));
        told.find(|told| *told.check(&Readings::new()).verdict() == Verdict::Verified).unwrap()
    }

    fn under(
        seed: String,
        name: &'static str,
        game: GameType,
        number: u32,
        round: impl Fn(&str, u32) -> [String; 3],
    ) -> Self {
        let mut history = String::new();
        let rounds = (1..=number).map(|at| {
            let [state, answer, result] = round(&seed, at);
            let state = format!(
                r#"{{"round":{at},"score":[{},0],"rounds_to_win":{number}{state},"history":[{history}]}}"#,
                at - 1
            );
            let result = format!(r#"{{"round":{at},{result},"round_winner":"a"}}"#);
            if at > 1 {
                history.push(',');
            }
            history.push_str(&result);
            [state, answer, result]
        });
        let rounds = rounds.collect();
        Self { name, game, hash: commitment(&seed), seed, rounds }
    }

    fn check(&self, readings: &Readings) -> FairnessReport {
        let mut evidence = MatchEvidence::new();
        evidence.me("a".into());
        evidence.found("m".into(), self.game.clone(), "b".into(), Lamports::MIN_WAGER, &self.hash);
        evidence.started(Side::A);
        let mut score = Score::new(0, 0);
        for (round, [state, answer, result]) in (1..).zip(&self.rounds) {
            evidence.turn(round, state);
            evidence.moved(round, answer);
            score.a += 1;
            evidence.resolved(round, Some(result), Some(score));
        }
        evidence.ended(Some("a".into()), Some(score), Some(self.seed.clone()));
        readings.verify("bench", evidence)
    }

    /// Matches a second.
    fn run(&self, readings: &Readings) -> f64 {
        let (from, mut matches) = (Instant::now(), 0_u32);
        while from.elapsed() < SPAN {
            for _ in 0..16 {
                black_box(self.check(readings));
            }
            matches += 16;
        }
        f64::from(matches) / from.elapsed().as_secs_f64()
    }
}

fn matches() -> [Told; 4] {
    let rps = |_: &str, _| {
        [String::new(), r#"{"choice":"rock"}"#.into(), r#""move_a":"rock","move_b":"scissors""#.into()]
    };
    let coinflip = |seed: &str, round| {
        let coin = Sheet::of(seed, round).coin;
        let result = format!(r#""flip":"{coin}","move_a":"{coin}","move_b":"{}""#, coin.other());
        [String::new(), format!(r#"{{"choice":"{coin}"}}"#), result]
    };
    let crash = |seed: &str, round| {
        let point = (Sheet::of(seed, round).crash_be * 100.0).floor() / 100.0;
        let survived = |cash_out: f64| cash_out <= point;
        let result = format!(
            r#""crash_point":{point},"cashout_a":1.01,"cashout_b":10.0,"survived_a":{},"survived_b":{}"#,
            survived(1.01),
            survived(10.0)
        );
        let state = r#","min_cashout":1.01,"max_cashout":10.0"#.to_owned();
        [state, r#"{"cashout":1.01}"#.into(), result]
    };
    let mines = |seed: &str, round| {
        let (layout, order) = READINGS_OF_MINES;
        let mines = derivation::mine_positions(seed, round, LayoutReading::all().nth(layout).unwrap());
        let order = derivation::reveal_order(seed, round, OrderReading::all().nth(order).unwrap());
        let before = order.iter().take_while(|tile| !mines.contains(tile)).count();
        let safe = |tiles: usize| tiles <= before;
        let (a, b) = (before.max(1), before.max(1) + 1);
        let result = format!(
            r#""tiles_a":{a},"tiles_b":{b},"safe_a":{before},"safe_b":{before},"busted_a":{},"busted_b":{},"mine_positions":{mines:?},"reveal_order":{:?}"#,
            !safe(a),
            !safe(b),
            order.get(..b).unwrap()
        );
        let state = r#","grid_size":25,"num_mines":5,"max_tiles":20"#.to_owned();
        [state, format!(r#"{{"tiles":{a}}}"#), result]
    };
    [
        Told::new("rps", &GameType::Rps, 2, rps),
        Told::new("coinflip", &GameType::Coinflip, 3, coinflip),
        Told::new("crash", &GameType::Crash, 2, crash),
        Told::new("mines", &GameType::Mines, 2, mines),
    ]
}

fn main() {
    for told in matches() {
        let readings = Readings::new();
        let mut figures: Vec<f64> = (0..RUNS).map(|_| told.run(&readings)).collect();
        figures.sort_by(f64::total_cmp);
        let median = figures.get(RUNS / 2).copied().unwrap_or_default();
        println!("verify {:<10}{median:>10.0} matches/s ({} rounds each)", told.name, told.rounds.len());
    }
}
