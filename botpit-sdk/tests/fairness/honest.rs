//! Matches against the sandbox, which is honest: all ten games, whatever is left open.

use std::time::Duration;

use botpit_sdk::fairness::{FairnessReport, MatchEvidence, Readings, Verdict};
use botpit_sdk::games::{
    Game, blotto, coinflip, crash, dice_duel, hi_lo, high_card_duel, math_duel, mines, reaction_ring, rps,
};
use botpit_sdk::model::{GameType, Side};
use botpit_sdk::sandbox::{OnTimeout, Sandbox, SandboxBuilder, TieNumbering};
use botpit_sdk::{Client, Event, Lamports, MoveData, Turn};

use super::scenes::{GAMES, codes, notes};

/// A sound answer to a turn.
fn answer(game: &str, turn: &Turn) -> MoveData {
    fn state<G: Game>(turn: &Turn) -> (G::State, Side) {
        (turn.state::<G>().unwrap(), turn.side.unwrap())
    }
    macro_rules! by {
        ($game:ty, $player:expr) => {{
            let (state, side) = state::<$game>(turn);
            $player.choose(&state, side).into()
        }};
    }
    match game {
        "coinflip" => by!(coinflip::Coinflip, coinflip::Caller::default()),
        "rps" => by!(rps::Rps, rps::Predictor::seeded(u64::from(turn.round))),
        "hi_lo" => by!(hi_lo::HiLo, hi_lo::ByOdds),
        "dice_duel" => by!(dice_duel::DiceDuel, dice_duel::AlwaysRoll),
        "high_card_duel" => by!(high_card_duel::HighCardDuel, high_card_duel::AlwaysDraw),
        "crash" => by!(crash::Crash, crash::Equilibrium::seeded(u64::from(turn.round))),
        "mines" => by!(mines::Mines, mines::Equilibrium::seeded(u64::from(turn.round))),
        "math_duel" => by!(math_duel::MathDuel, math_duel::Solver),
        "reaction_ring" => by!(reaction_ring::ReactionRing, reaction_ring::Median),
        "blotto" => by!(blotto::Blotto, blotto::Equilibrium::seeded(u64::from(turn.round))),
        other => panic!("{other}"),
    }
}

/// Plays matches of a game and checks each. `misses` says which questions get no answer.
async fn play(
    sandbox: &Sandbox,
    game: &str,
    matches: usize,
    misses: impl Fn(&Turn) -> bool,
) -> Vec<FairnessReport> {
    let key = sandbox.register(&format!("player-of-{game}")).unwrap();
    let client = Client::builder(key).url(sandbox.url()).build().unwrap();
    let (bot, mut events) = client.connect().await.unwrap();
    let (readings, mut reports) = (Readings::new(), Vec::new());
    let (mut evidence, mut me) = (MatchEvidence::new(), None);
    let queue = || bot.join_queue(GameType::from(game), Lamports::MIN_WAGER);
    queue().await.unwrap();
    while let Some(event) = events.next().await {
        evidence.on_event(&event);
        match event {
            Event::YourTurn(turn) if !misses(&turn) => {
                let answer = answer(game, &turn);
                evidence.on_move(turn.round, &answer);
                bot.make_move(&turn, answer).await.unwrap();
            }
            Event::Connected(connected) => me = Some(connected.agent_id),
            Event::GameOver(_) => {
                reports.push(readings.verify("sandbox", std::mem::take(&mut evidence)));
                evidence.me(me.clone().unwrap());
                if reports.len() == matches {
                    bot.close().await.unwrap();
                } else {
                    queue().await.unwrap();
                }
            }
            Event::Closed { reason } => assert!(reason.is_none(), "{reason:?}"),
            _ => {}
        }
    }
    reports
}

fn builder() -> SandboxBuilder {
    Sandbox::builder().house_wait(Duration::from_millis(1)).house_thinks(Duration::from_millis(1))
}

#[tokio::test(start_paused = true)]
async fn all_ten_games_are_verified() {
    let sandbox = builder().seed(11).start().await.unwrap();
    for game in GAMES {
        for report in play(&sandbox, game, 3, |_| false).await {
            assert_eq!(codes(&report), [""; 0], "{report}");
            let expected = if *game == "math_duel" { Verdict::Consistent } else { Verdict::Verified };
            assert_eq!(report.verdict(), &expected, "{report}");
            assert!(!report.rounds().is_empty() && report.fair() == Some(true), "{report}");
        }
    }
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_the_server_chooses_where_the_spec_is_silent() {
    for (number, builder) in [
        builder().tie_numbering(TieNumbering::SameNumber).tell_fee(true),
        builder().same_payout_for_both(true).fee_bps(250),
        builder().max_rounds(2).tell_fee(true),
    ]
    .into_iter()
    .enumerate()
    {
        let sandbox = builder.seed(20 + number as u64).start().await.unwrap();
        for game in GAMES {
            for report in play(&sandbox, game, 2, |_| false).await {
                assert_eq!(codes(&report), [""; 0], "{report}");
            }
        }
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_bot_has_no_reason_to_complain() {
    for rule in [OnTimeout::ForfeitRound, OnTimeout::ForfeitGame] {
        let builder = builder().on_timeout(rule).turn_timeout(Duration::from_millis(50));
        let sandbox = builder.seed(30).start().await.unwrap();
        for game in GAMES {
            for report in play(&sandbox, game, 2, |turn| turn.round % 2 == 0).await {
                assert_eq!(codes(&report), [""; 0], "{report}");
                assert_eq!(report.fair(), Some(true));
                if rule == OnTimeout::ForfeitRound && report.rounds().len() > 1 {
                    assert!(notes(&report).contains(&"no_move".to_owned()), "{report}");
                }
            }
        }
        sandbox.shutdown().await;
    }
}
