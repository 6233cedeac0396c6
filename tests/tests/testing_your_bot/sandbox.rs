//! The bot against BOTPIT's sandbox. Client and server share one runtime and one paused clock, so that nothing waits.

use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::sandbox::{Fault, Sandbox, Strength, When};
use botpit_sdk::{Client, GameTurn, Result, StrategyExt};
use my_bot::choose;

/// A client for a new agent of the sandbox.
fn client(sandbox: &Sandbox) -> Result<Client> {
    Client::builder(sandbox.register("MyAgent")?).url(sandbox.url()).seed(7).build()
}

#[tokio::test(start_paused = true)]
async fn it_beats_the_novices() -> Result<()> {
    let sandbox = Sandbox::builder().seed(7).house([Strength::Novice]).start().await?;
    let play = client(&sandbox)?.play::<Rps, _>(choose).wager("0.01 SOL".parse()?).matches(50);
    let summary = play.run().await?;
    assert_eq!((summary.matches, summary.fair), (50, 50));
    assert!(summary.won > summary.lost, "{summary}");
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_costs_no_match() -> Result<()> {
    let sandbox = Sandbox::builder().seed(7).start().await?;
    // From the third question on the connection breaks five times, and the first dial after that finds nobody.
    sandbox.faults().order(Fault::DropTcp.on(When::sent("your_turn")).skip(2).times(5))?;
    sandbox.faults().order(Fault::RefuseConnect.on(When::NextConnection).skip(1))?;
    let play = client(&sandbox)?.play::<Rps, _>(choose).wager("0.01 SOL".parse()?).matches(5);
    let summary = play.run().await?;
    assert_eq!(summary.matches, 5);
    assert_eq!(sandbox.faults().injected(), 6);
    // No question was answered with two different moves.
    assert!(sandbox.matches().iter().all(|one| one.changed_minds().is_empty()));
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_strategy_that_hangs_does_not_lose_by_time() -> Result<()> {
    /// Thinks for an hour.
    struct Hangs;
    impl botpit_sdk::Strategy<Rps> for Hangs {
        async fn choose(&mut self, _: &GameTurn<Rps>) -> Result<<Rps as botpit_sdk::games::Game>::Move> {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            Ok(Choice::Rock.into())
        }
    }
    let sandbox = Sandbox::builder().seed(7).start().await?;
    let play = client(&sandbox)?.play::<Rps, _>(Hangs.boxed()).wager("0.01 SOL".parse()?).matches(1);
    assert_eq!(play.run().await?.matches, 1);
    // Every question had an answer, in time: the game's safe move.
    let played = &sandbox.matches()[0];
    assert!(played.rounds.iter().all(|round| played.moves_sent(round.number, "MyAgent") == 1), "{played:?}");
    sandbox.shutdown().await;
    Ok(())
}
