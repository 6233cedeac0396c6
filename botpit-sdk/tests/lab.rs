//! The lab: two strategies against each other without a socket, by the platform's rules and odds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use botpit_sdk::games::blotto::{self, Blotto};
use botpit_sdk::games::coinflip::{Caller, Coinflip, Face};
use botpit_sdk::games::crash::{self, CashOut, Crash};
use botpit_sdk::games::dice_duel::{AlwaysRoll, DiceDuel};
use botpit_sdk::games::hi_lo::{ByOdds, HiLo};
use botpit_sdk::games::high_card_duel::{AlwaysDraw, HighCardDuel};
use botpit_sdk::games::math_duel::{MathDuel, Solver};
use botpit_sdk::games::mines::{self, Mines, Tiles};
use botpit_sdk::games::reaction_ring::{self, Median, ReactionRing};
use botpit_sdk::games::rps::{Choice, Predictor, RoundResult, Rps, UniformRandom};
use botpit_sdk::games::{Game, GameState, RoundRecord};
use botpit_sdk::lab::{Interval, Lab, LabGame, LabReport};
use botpit_sdk::model::Side;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::{Error, GameTurn, MatchReport, Result, Strategy};

async fn versus<G: LabGame>(matches: u64, first: impl Strategy<G>, second: impl Strategy<G>) -> LabReport {
    Lab::<G>::new().matches(matches).seed(11).run(first, second).await.unwrap()
}

/// Sees that every state and result is one that the rules allow, and passes on what another strategy chooses.
struct Watched<S> {
    strategy: S,
    last_round: u32,
}

impl<G: Game, S: Strategy<G>> Strategy<G> for Watched<S> {
    async fn choose(&mut self, turn: &GameTurn<G>) -> Result<G::Move> {
        assert_eq!(turn.state.round(), self.last_round + 1);
        assert_eq!(turn.state.history().len(), self.last_round as usize);
        assert_eq!(turn.state.rounds_to_win(), G::rounds_to_win());
        let tally = |side| {
            let won = turn
                .state
                .history()
                .iter()
                .filter(|round| round.by_rules() == Some(botpit_sdk::games::RoundEnd::Won(side)));
            u32::try_from(won.count()).unwrap()
        };
        assert_eq!((tally(Side::A), tally(Side::B)), (turn.state.score().a, turn.state.score().b));
        assert_eq!((turn.round, turn.timeout), (turn.state.round(), G::TIMEOUT));
        self.strategy.choose(turn).await
    }

    fn on_round(&mut self, result: &G::RoundResult, side: Side) {
        self.last_round += 1;
        assert_eq!(result.round(), self.last_round);
        // The id in the result and the rules say the same.
        let won = matches!(result.by_rules(), Some(botpit_sdk::games::RoundEnd::Won(_)));
        assert_eq!(result.round_winner().is_some(), won);
        self.strategy.on_round(result, side);
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        let score = report.score.unwrap();
        if let Some(won) = report.won {
            let side = report.side.unwrap();
            assert_eq!(won, score.mine(side) > score.theirs(side));
        } else {
            assert_eq!(score.a, score.b);
        }
        self.last_round = 0;
        self.strategy.on_match_end(report);
    }
}

fn watched<S>(strategy: S) -> Watched<S> {
    Watched { strategy, last_round: 0 }
}

#[tokio::test]
async fn all_ten_games_are_played_by_their_rules() {
    async fn even<G: LabGame>(first: impl Strategy<G>, second: impl Strategy<G>) -> LabReport {
        let report = versus::<G>(300, watched(first), watched(second)).await;
        assert_eq!((report.game, report.matches, report.result.total()), (G::NAME, 300, 300));
        assert_eq!(report.as_side_a.total(), 150);
        assert!(report.rounds >= 300 * u64::from(G::rounds_to_win()) || G::NAME == "blotto");
        let of_table: u64 = report.payoffs().iter().map(|row| row.rounds.total()).sum();
        assert_eq!(of_table, report.rounds, "every round is in the payoff table");
        report
    }
    let (heads, tails) = (Caller::new(Face::Heads), Caller::new(Face::Tails));
    even::<Coinflip>(heads, tails).await;
    even::<Rps>(UniformRandom::seeded(1), UniformRandom::seeded(2)).await;
    even::<HiLo>(ByOdds, |_: &GameTurn<HiLo>| botpit_sdk::games::hi_lo::Guess::Higher).await;
    even::<DiceDuel>(AlwaysRoll, AlwaysRoll).await;
    even::<HighCardDuel>(AlwaysDraw, AlwaysDraw).await;
    even::<Crash>(crash::Equilibrium::seeded(1), crash::Equilibrium::seeded(2)).await;
    even::<Mines>(mines::Equilibrium::seeded(1), mines::Equilibrium::seeded(2)).await;
    even::<ReactionRing>(Median, |_: &GameTurn<ReactionRing>| reaction_ring::Guess::MIN).await;
    even::<Blotto>(blotto::Equilibrium::seeded(1), blotto::Equilibrium::seeded(2)).await;
    let math = even::<MathDuel>(Solver, |_: &GameTurn<MathDuel>| 0_i64).await;
    assert!(math.win_rate().low > 0.95, "the solver is always right: {math}");
    assert!(math.first_moves().iter().all(|tally| tally.kind == "right"));
}

#[tokio::test]
async fn who_always_shows_rock_loses_to_paper_from_both_sides() {
    let paper = |_: &GameTurn<Rps>| Choice::Paper;
    let rock = |_: &GameTurn<Rps>| Choice::Rock;
    let report = versus::<Rps>(100, paper, rock).await;
    assert_eq!((report.result.won, report.as_side_a.won, report.as_side_b.won), (100, 50, 50));
    assert_eq!(report.rounds, 200);
    let payoffs = report.payoffs();
    assert_eq!(payoffs.len(), 1);
    assert_eq!((payoffs[0].first.as_str(), payoffs[0].second.as_str()), ("paper", "rock"));
    assert_eq!(payoffs[0].rounds.won, 200);
    assert_eq!(report.second_moves()[0].rounds.lost, 200);
    assert!((report.edge(5.0) - 0.9).abs() < 1e-12);
    let report = versus::<Rps>(100, rock, paper).await;
    assert_eq!((report.result.lost, report.edge(5.0)), (100, -1.0));
}

#[tokio::test]
async fn the_same_seeds_give_the_same_report() {
    let run =
        |seed| Lab::<Rps>::new().matches(400).seed(seed).run(Predictor::seeded(3), UniformRandom::seeded(4));
    assert_eq!(run(1).await.unwrap(), run(1).await.unwrap());
    let crash = |seed| {
        let (a, b) = (crash::Equilibrium::seeded(3), crash::Equilibrium::seeded(4));
        Lab::<Crash>::new().matches(400).seed(seed).run(a, b)
    };
    assert_ne!(crash(1).await.unwrap(), crash(2).await.unwrap());
}

#[tokio::test]
async fn two_who_only_tie_come_to_an_end() {
    let rock = |_: &GameTurn<Rps>| Choice::Rock;
    let report = versus::<Rps>(2, rock, rock).await;
    assert_eq!((report.result.drawn, report.rounds), (2, 2 * u64::from(botpit_sdk::lab::MAX_ROUNDS)));
    assert_eq!(report.win_rate().rate, 0.5);
}

#[tokio::test]
async fn luck_has_the_odds_of_the_formulas() {
    // At 2.00 against nothing bold: the crash point reaches 2 half of the time.
    let high = CashOut::from_hundredths(200).unwrap();
    let low = CashOut::MIN;
    let report =
        versus::<Crash>(4_000, move |_: &GameTurn<Crash>| high, move |_: &GameTurn<Crash>| low).await;
    let rounds: u64 = report.payoffs().iter().map(|row| row.rounds.won).sum();
    let seen = Interval::of(rounds as f64, report.rounds as f64);
    assert!((seen.rate - high.survival_odds()).abs() < 0.02, "{seen}");

    let tiles = Tiles::new(5).unwrap();
    let report =
        versus::<Mines>(4_000, move |_: &GameTurn<Mines>| tiles, |_: &GameTurn<Mines>| Tiles::MIN).await;
    let rounds: u64 = report.payoffs().iter().map(|row| row.rounds.won).sum();
    assert!((rounds as f64 / report.rounds as f64 - tiles.survival_odds()).abs() < 0.02);
}

#[tokio::test]
async fn a_move_that_the_rules_refuse_ends_the_run_with_its_reason() {
    /// Bids all it had at first, in every round.
    struct Spender;
    impl Strategy<Blotto> for Spender {
        async fn choose(&mut self, _turn: &GameTurn<Blotto>) -> Result<blotto::Move> {
            Ok(blotto::Bid::within(15, 15)?.into())
        }
    }
    let error = Lab::<Blotto>::new().run(blotto::Equilibrium::seeded(1), Spender).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (&codes::INVALID_ARGUMENT, Some("bid")));
    assert!(error.message().starts_with("the second strategy, round 2: "), "{error}");
}

#[tokio::test]
async fn what_a_strategy_fails_with_ends_the_run() {
    struct Broken;
    impl Strategy<Rps> for Broken {
        async fn choose(&mut self, _turn: &GameTurn<Rps>) -> Result<botpit_sdk::games::rps::Move> {
            Err(Error::invalid_argument("mood", "not today"))
        }
    }
    let error = Lab::<Rps>::new().run(Broken, UniformRandom::new()).await.unwrap_err();
    assert_eq!(error.field(), Some("mood"));
}

#[tokio::test]
async fn a_strategy_may_wait_and_hears_of_every_round_and_match() {
    /// Counts what it hears, and is slow to answer.
    struct Listener(Arc<AtomicU64>);
    impl Strategy<Rps> for Listener {
        async fn choose(&mut self, _turn: &GameTurn<Rps>) -> Result<botpit_sdk::games::rps::Move> {
            tokio::task::yield_now().await;
            Ok(Choice::Paper.into())
        }
        fn on_round(&mut self, _result: &RoundResult, _side: Side) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn on_match_end(&mut self, _report: &MatchReport) {
            self.0.fetch_add(1_000, Ordering::Relaxed);
        }
    }
    let heard = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicU64::new(0));
    let progress = Arc::clone(&done);
    let rock = |_: &GameTurn<Rps>| Choice::Rock;
    let lab = Lab::<Rps>::new().matches(10).on_progress(move |now| progress.store(now, Ordering::Relaxed));
    lab.run(Listener(Arc::clone(&heard)), rock).await.unwrap();
    assert_eq!((heard.load(Ordering::Relaxed), done.load(Ordering::Relaxed)), (10_020, 10));
}

#[test]
fn intervals_are_wilsons() {
    // 10 of 10: the lower end is n / (n + z²), and the upper is 1.
    let all = Interval::of(10.0, 10.0);
    assert!((all.low - 0.722_467).abs() < 1e-6 && all.high == 1.0);
    let none = Interval::of(0.0, 10.0);
    assert!(none.low == 0.0 && (none.high - 0.277_533).abs() < 1e-6);
    assert_eq!(Interval::of(0.0, 0.0), Interval::of(0.0, -1.0));
    assert_eq!(Interval::of(1.0, 2.0).to_string(), "50.0 % (9.5 to 90.5)");
}

#[tokio::test]
async fn the_report_as_json_has_what_a_page_needs() {
    let report = versus::<Rps>(100, UniformRandom::seeded(1), UniformRandom::seeded(2)).await;
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["game"], "rps");
    assert_eq!(json["matches"], 100);
    assert!(json["win_rate"]["low"].as_f64().unwrap() < json["win_rate"]["high"].as_f64().unwrap());
    assert_eq!(json["payoffs"].as_array().unwrap().len(), 9);
    assert_eq!(json["first_moves"][0]["kind"], "rock");
}
