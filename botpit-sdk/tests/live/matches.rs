//! Several matches at once, taunts, resigning, and what a queue tells.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::games::rps::Choice;
use botpit_sdk::model::{GameType, MatchId, TauntId};
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::{
    Client, Event, EventHandler, GameOver, Handle, MoveData, Outcome, Result, RoundResult, TauntReceived,
    Turn,
};
use tokio::time::{Instant, sleep};

use super::{Agent, empty, wager};

/// Answers the first of its matches slowly, and notes what it is told, match by match.
struct TwoHands {
    log: Arc<Mutex<Vec<(MatchId, &'static str)>>>,
    slow: MatchId,
}

impl TwoHands {
    fn note(&self, match_id: &MatchId, what: &'static str) {
        self.log.lock().unwrap().push((match_id.clone(), what));
    }
}

impl EventHandler for TwoHands {
    async fn on_your_turn(&self, _: &Handle, turn: Turn) -> Result<MoveData> {
        self.note(&turn.match_id, "turn");
        if turn.match_id == self.slow {
            sleep(Duration::from_secs(8)).await;
        }
        self.note(&turn.match_id, "move");
        Ok(Choice::Rock.into())
    }

    async fn on_round_result(&self, _: &Handle, result: RoundResult) {
        self.note(&result.match_id, "result");
    }

    async fn on_game_over(&self, bot: &Handle, over: GameOver) {
        self.note(&over.match_id, "over");
        if over.match_id == self.slow {
            bot.close().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_matches_run_beside_each_other_each_in_its_order() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let mut beta = Agent::join(&sandbox, "BetaBot").await;
    let gamma = Agent::join(&sandbox, "GammaBot").await;
    // Both are begun, and then a handler takes them over.
    let (first, second) = (
        alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap(),
        beta.bot.create_challenge(GameType::Rps, wager()).await.unwrap(),
    );
    let slow = gamma.bot.accept_challenge(&first.id).await.unwrap().match_id.unwrap();
    let quick = gamma.bot.accept_challenge(&second.id).await.unwrap().match_id.unwrap();
    let client: Client = gamma.client.clone();
    gamma.bot.close().await.unwrap();
    gamma.bot.closed().await;

    let log = Arc::new(Mutex::new(Vec::new()));
    let handler = TwoHands { log: log.clone(), slow: slow.clone() };
    let began = Instant::now();
    let quick_over = async {
        let over = beta.play(Choice::Scissors).await;
        (over.outcome, began.elapsed())
    };
    let (ended, lost, (other, took)) =
        tokio::join!(client.run(handler), alpha.play(Choice::Scissors), quick_over);
    ended.unwrap();
    assert_eq!((lost.outcome, other), (Outcome::Lost, Outcome::Lost));
    assert!(took < Duration::from_secs(5), "the slow match does not hold up the other: {took:?}");
    assert!(began.elapsed() >= Duration::from_secs(16));
    let log = log.lock().unwrap();
    for match_id in [&slow, &quick] {
        let of_match: Vec<_> = log.iter().filter(|(id, _)| id == match_id).map(|(_, what)| *what).collect();
        assert_eq!(of_match, ["turn", "move", "result", "turn", "move", "result", "over"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_taunt_arrives_typed_and_the_second_of_a_round_is_not_sent() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let beta = Agent::join(&sandbox, "BetaBot").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    let match_id = beta.bot.accept_challenge(&challenge.id).await.unwrap().match_id.unwrap();
    let mut beta = beta;
    beta.until(|event| matches!(event, Event::YourTurn(_)).then_some(())).await;
    beta.bot.send_taunt(&match_id, TauntId::GlHf).await.unwrap();
    let again = beta.bot.send_taunt(&match_id, TauntId::Gg).await.unwrap_err();
    assert_eq!(again.code(), &codes::LIMIT_REACHED);
    let taunt = alpha
        .until(|event| match event {
            Event::TauntReceived { taunt_id, agent_id, .. } => Some((taunt_id.clone(), agent_id.clone())),
            _ => None,
        })
        .await;
    assert_eq!(taunt, (Some(TauntId::GlHf), Some(beta.id.clone())));
}

#[tokio::test(start_paused = true)]
async fn resigning_waits_for_the_end() {
    let sandbox = empty().start().await.unwrap();
    let mut alpha = Agent::join(&sandbox, "AlphaBot").await;
    let beta = Agent::join(&sandbox, "BetaBot").await;
    let challenge = alpha.bot.create_challenge(GameType::Rps, wager()).await.unwrap();
    let match_id = beta.bot.accept_challenge(&challenge.id).await.unwrap().match_id.unwrap();
    beta.bot.resign(&match_id).await.unwrap();
    beta.bot.resign(&match_id).await.unwrap();
    assert_eq!(alpha.play(Choice::Rock).await.outcome, Outcome::Won);
    let unknown = beta.bot.resign(&"no-such-match".into()).await.unwrap_err();
    assert_eq!(unknown.platform_code_str(), Some("unknown_match"));
}

/// Leaves as soon as it has heard how the waiting goes, and from whom.
struct Waiting(Arc<Mutex<Vec<String>>>);

impl EventHandler for Waiting {
    async fn on_connected(&self, bot: &Handle, _: botpit_sdk::Connected) {
        bot.join_free_play(GameType::Rps).await.unwrap();
    }

    async fn on_queue_update(&self, bot: &Handle, update: botpit_sdk::QueueUpdate) {
        self.0.lock().unwrap().push(format!("{:?} {:?}", update.game_type, update.position));
        bot.leave_queue().await.unwrap();
        bot.close().await.unwrap();
    }

    async fn on_taunt_received(&self, _: &Handle, _: TauntReceived) {}

    async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
        Ok(Choice::Rock.into())
    }
}

#[tokio::test(start_paused = true)]
async fn how_the_waiting_goes_reaches_a_handler_and_free_play_costs_nothing() {
    let sandbox = empty().start().await.unwrap();
    let alpha = Agent::join(&sandbox, "AlphaBot").await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    alpha.client.run(Waiting(heard.clone())).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), ["Some(Rps) Some(1)"]);

    let mut beta = Agent::join(&sandbox, "BetaBot").await;
    let mut gamma = Agent::join(&sandbox, "GammaBot").await;
    beta.bot.join_free_play(GameType::Rps).await.unwrap();
    gamma.bot.join_free_play(GameType::Rps).await.unwrap();
    let (won, _) = tokio::join!(beta.play(Choice::Rock), gamma.play(Choice::Scissors));
    assert_eq!((won.outcome, won.is_sandbox), (Outcome::Won, Some(true)));
    assert!(won.payout.is_none_or(|payout| payout.is_zero()));
}
