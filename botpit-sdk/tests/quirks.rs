//! The quirks of the specification that have no home elsewhere, each played in the sandbox by a test that names it.
//!
//! Two have their tests beside others of their kind: lists without pages
//! (`lists_without_pages_are_asked_for_once_and_given_whole`) and `stop_spectating` without an id.
#![cfg(feature = "sandbox")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use botpit_sdk::games::blotto::{self, Blotto};
use botpit_sdk::games::hi_lo::{self, ByOdds, HiLo};
use botpit_sdk::games::rps::{self, Choice, Rps};
use botpit_sdk::games::{Game, RoundEnd, RoundRecord};
use botpit_sdk::model::{ErrorCode, Follow, GameType, Period, Side, Verb};
use botpit_sdk::sandbox::{EndReason, OnTimeout, Sandbox, SandboxBuilder, SandboxMatch, Strength};
use botpit_sdk::sdk_core::clock::Clock;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::wallet::Wallet;
use botpit_sdk::{
    Bankroll, Client, Event, Fallback, GameTurn, Lamports, MatchReport, Rest, Result, Strategy, Summary,
};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(3_600);

fn wager() -> Lamports {
    "0.01 SOL".parse().unwrap()
}

/// Plays matches in a sandbox of its own.
async fn play<G: Game>(
    sandbox: SandboxBuilder,
    matches: u32,
    fallback: Fallback<G>,
    strategy: impl Strategy<G>,
) -> (Summary, Vec<SandboxMatch>) {
    let sandbox = sandbox.start().await.unwrap();
    let key = sandbox.register("Tester").unwrap();
    let client = Client::builder(key)
        .url(sandbox.url())
        .bankroll(Bankroll::new().without_loss_limit())
        .build()
        .unwrap();
    let play = client.play::<G, _>(strategy).wager(wager()).matches(matches).fallback(fallback).run();
    let summary = timeout(LONG, play).await.expect("it ends").unwrap();
    let matches = sandbox.matches();
    sandbox.shutdown().await;
    (summary, matches)
}

// ---- "If you fail to move in time, you forfeit the round or the game" (spec, "Gameplay") -----------------------------------

/// Says nothing in the first round, and wins the others against who always shows rock.
struct LateOnce;

impl Strategy<Rps> for LateOnce {
    async fn choose(&mut self, turn: &GameTurn<Rps>) -> Result<rps::Move> {
        if turn.round == 1 {
            std::future::pending::<()>().await;
        }
        Ok(Choice::Paper.into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_forfeits_the_round() {
    let sandbox = Sandbox::builder().house([Strength::Novice]).on_timeout(OnTimeout::ForfeitRound);
    let (summary, matches) = play(sandbox, 1, Fallback::Forfeit, LateOnce).await;
    let [only] = matches.as_slice() else { panic!("one match") };
    let me = only.side_of("Tester").unwrap();
    assert_eq!(only.rounds[0].moves.get(me), &None);
    assert!(only.rounds[0].winner.is_some_and(|winner| winner != me), "{:?}", only.rounds[0]);
    assert_eq!((only.ended, only.winner, only.rounds.len()), (Some(EndReason::Score), Some(me), 3));
    assert_eq!((summary.won, summary.violated), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_forfeits_the_game() {
    let sandbox = Sandbox::builder().house([Strength::Novice]).on_timeout(OnTimeout::ForfeitGame);
    let (summary, matches) = play(sandbox, 1, Fallback::Forfeit, LateOnce).await;
    let [only] = matches.as_slice() else { panic!("one match") };
    let me = only.side_of("Tester").unwrap();
    assert_eq!(only.ended, Some(EndReason::TimedOut));
    assert!(only.winner.is_some_and(|winner| winner != me));
    assert_eq!((summary.lost, summary.violated), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn by_default_neither_forfeit_happens_to_a_strategy_that_hangs() {
    for rule in [OnTimeout::ForfeitRound, OnTimeout::ForfeitGame] {
        let sandbox = Sandbox::builder().house([Strength::Novice]).on_timeout(rule);
        let (_, matches) = play(sandbox, 1, Fallback::default(), LateOnce).await;
        let me = matches[0].side_of("Tester").unwrap();
        assert!(
            matches[0].rounds.iter().all(|round| round.moves.get(me).is_some()),
            "{:?}",
            matches[0].rounds
        );
        assert_eq!(matches[0].ended, Some(EndReason::Score));
    }
}

// ---- "higher or lower than the dealer card": equal cards (spec, "Hi-Lo") ----------------------------------------------------

/// Plays by the odds and keeps the rounds.
struct Watching(ByOdds, Arc<Mutex<Vec<hi_lo::RoundResult>>>);

impl Strategy<HiLo> for Watching {
    async fn choose(&mut self, turn: &GameTurn<HiLo>) -> Result<hi_lo::Move> {
        Ok(self.0.choose(&turn.state, turn.side).into())
    }

    fn on_round(&mut self, result: &hi_lo::RoundResult, _: Side) {
        self.1.lock().unwrap().push(result.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn equal_cards_in_hi_lo_are_a_tie_that_is_replayed() {
    let rounds = Arc::default();
    let watching = Watching(ByOdds, Arc::clone(&rounds));
    let (summary, _) = play(Sandbox::builder().seed(4), 12, Fallback::default(), watching).await;
    let rounds = rounds.lock().unwrap();
    let equal: Vec<_> =
        rounds.iter().filter(|round| round.dealer().is_some() && round.dealer() == round.hidden()).collect();
    assert!(!equal.is_empty(), "{} rounds without equal cards", rounds.len());
    for round in equal {
        assert_eq!((round.by_rules(), round.round_winner()), (Some(RoundEnd::Tie), None), "{round:?}");
    }
    assert_eq!((summary.matches, summary.violated), (12, 0));
}

// ---- "Unspent budget is wasted", "does NOT see terrain bonus" (spec, "Blotto") -----------------------------------------------

/// What was seen of Blotto: by side, the terrain in the state, the budget left; and the terrain that the result told.
#[derive(Default)]
struct Seen {
    states: Vec<(Side, Option<u32>, u32)>,
    told: Vec<Option<u32>>,
    reports: Vec<MatchReport>,
}

/// Bids one point a round and keeps the rest.
struct Saver(Arc<Mutex<Seen>>);

impl Strategy<Blotto> for Saver {
    async fn choose(&mut self, turn: &GameTurn<Blotto>) -> Result<blotto::Move> {
        let state = &turn.state;
        self.0.lock().unwrap().states.push((turn.side, state.terrain_bonus_a, state.your_budget));
        Ok(state.bid(state.your_budget.min(1))?.into())
    }

    fn on_round(&mut self, result: &blotto::RoundResult, _: Side) {
        self.0.lock().unwrap().told.push(result.terrain_bonus_a);
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        self.0.lock().unwrap().reports.push(report.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn blottos_side_b_sees_null_terrain_and_unspent_budget_is_worth_nothing() {
    let seen = Arc::<Mutex<Seen>>::default();
    let (summary, matches) =
        play(Sandbox::builder().seed(2), 12, Fallback::default(), Saver(seen.clone())).await;
    let seen = seen.lock().unwrap();
    for side in [Side::A, Side::B] {
        let mut of_side = seen.states.iter().filter(|(seat, ..)| *seat == side).peekable();
        assert!(of_side.peek().is_some(), "never on side {side}");
        assert!(of_side.all(|(_, terrain, _)| terrain.is_some() == (side == Side::A)), "{:?}", seen.states);
    }
    assert!(seen.told.iter().all(|terrain| terrain.is_some_and(|bonus| bonus <= 3)), "{:?}", seen.told);
    // It never spent more than a point a round, and was paid what everybody is paid.
    assert!(seen.states.iter().all(|(.., left)| *left >= 5), "{:?}", seen.states);
    let paid: Vec<_> = matches
        .iter()
        .flat_map(|over| {
            let me = over.side_of("Tester").unwrap();
            over.winner.map(|winner| (winner == me, *over.payouts.get(me)))
        })
        .collect();
    assert!(paid.iter().all(|(won, paid)| *paid == if *won { 19_000_000 } else { 0 }), "{paid:?}");
    assert_eq!((summary.matches as usize, summary.violated), (seen.reports.len(), 0));
}

// ---- "micro (0.001-0.01 SOL)" (spec, "Matchmaking") -------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_minimum_wager_is_0_001_sol() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = Client::builder(sandbox.register("Tester").unwrap()).url(sandbox.url()).build().unwrap();
    let (bot, mut events) = client.connect().await.unwrap();
    let short = bot.join_queue(GameType::Rps, "999999 lamports".parse().unwrap()).await.unwrap_err();
    assert_eq!((short.code(), short.field()), (&codes::INVALID_ARGUMENT, Some("wager_lamports")));
    // The platform says so too to who goes past the check.
    bot.send_raw(r#"{"type":"join_queue","game_type":"rps","wager_lamports":999999}"#).await.unwrap();
    let refused = loop {
        if let Event::Error(error) = timeout(LONG, events.next()).await.unwrap().unwrap() {
            break error;
        }
    };
    assert_eq!(refused.platform_code(), Some(ErrorCode::InvalidWager));
    assert_eq!(Lamports::MIN_WAGER, "0.001 SOL".parse().unwrap());
    bot.join_queue(GameType::Rps, Lamports::MIN_WAGER).await.unwrap();
    sandbox.shutdown().await;
}

// ---- "You cannot follow yourself" (spec, "Social") --------------------------------------------------------------------------

#[tokio::test]
async fn nobody_follows_itself() {
    let sandbox = Sandbox::start().await.unwrap();
    let rest = Rest::new(sandbox.url()).unwrap();
    let wallet = Wallet::generate().unwrap();
    let me = rest.register("Tester", &wallet).await.unwrap().agent_id;
    let before = sandbox.server().accepted();
    for refused in [rest.follow(&me, &me, &wallet).await, rest.unfollow(&me, &me, &wallet).await] {
        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), refused.field()), (&codes::INVALID_ARGUMENT, Some("follower_agent_id")));
    }
    assert_eq!(sandbox.server().accepted(), before, "nothing was sent");
    // The platform says so too to who goes past the check.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let request = Follow::new(me.clone(), wallet.sign(Verb::Follow, now));
    let call = rest.http().post(&["api", "v1", "agents", me.as_str(), "follow"]).json(&request);
    assert_eq!(call.send_empty().await.unwrap_err().status(), Some(400));
    assert_eq!(rest.followers(&me).await.unwrap().followers, 0);
    sandbox.shutdown().await;
}

// ---- `"weekly" | "monthly" | omit for all-time` (spec, "Leaderboard") --------------------------------------------------------

#[tokio::test]
async fn a_leaderboard_is_weekly_or_monthly_and_nothing_else() {
    assert_eq!("weekly".parse::<Period>().unwrap().as_str(), "weekly");
    assert_eq!("monthly".parse::<Period>().unwrap().as_str(), "monthly");
    for other in ["daily", "yearly", "all", "all-time", "WEEKLY", ""] {
        assert_eq!(other.parse::<Period>().unwrap_err().field(), Some("period"), "{other:?}");
    }
    let sandbox = Sandbox::start().await.unwrap();
    let rest = Rest::new(sandbox.url()).unwrap();
    for period in [Period::Weekly, Period::Monthly] {
        rest.leaderboard(GameType::Rps).period(period).send().await.unwrap();
    }
    let daily = rest.http().get(&["api", "v1", "leaderboard", "rps"]).query("period", "daily");
    assert_eq!(daily.send_json::<serde_json::Value>().await.unwrap_err().status(), Some(400));
    sandbox.shutdown().await;
}

// ---- `BOTPIT:register:<wallet>:<unix_timestamp>` and a clock that is off (spec, "Wallet Signature Auth") -----------------------

#[tokio::test]
async fn a_clock_that_is_off_is_found_by_a_signature_that_the_sandbox_refuses() {
    let sandbox = Sandbox::start().await.unwrap();
    let clock = Clock::paused();
    let rest = Rest::builder(sandbox.url()).clock(clock.clone()).build().unwrap();
    let wallet = Wallet::generate().unwrap();
    rest.register("OnTime", &wallet).await.unwrap();
    clock.advance(Duration::from_secs(600));
    let refused = rest.register("Early", &wallet).await.unwrap_err();
    assert_eq!(refused.status(), Some(401));
    let told = refused.to_string();
    assert!(told.contains("this machine's clock is") && told.contains("ahead of the server's"), "{told}");
    sandbox.shutdown().await;
}
