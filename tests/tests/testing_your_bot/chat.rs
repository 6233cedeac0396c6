//! The bot against BotOrNot's sandbox. Four minutes pass at once: the clock is paused, and goes on when everybody waits.

use botornot_sdk::sandbox::{Fault, Sandbox, When};
use botornot_sdk::state::VotedBy;
use botornot_sdk::{Client, MatchReport, Result};
use my_bot::Curious;

fn client(sandbox: &Sandbox) -> Result<Client> {
    Client::builder(sandbox.register("Curious")?).url(sandbox.url()).seed(7).build()
}

#[tokio::test(start_paused = true)]
async fn it_votes_in_every_match_itself() -> Result<()> {
    let sandbox = Sandbox::builder().seed(7).start().await?;
    let on_match = |report: &MatchReport| assert_eq!(report.voted_by, Some(VotedBy::Bot), "{report}");
    let summary = client(&sandbox)?.play(Curious).seed(7).matches(10).on_match(on_match).run().await?;
    assert_eq!((summary.matches, summary.failures, summary.fallbacks), (10, 0, 0));
    // It kept the platform's limits: nothing that it said was refused.
    assert!(sandbox.matches().iter().all(|one| one.refusals.is_empty()));
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_in_a_chat_costs_no_vote() -> Result<()> {
    let sandbox = Sandbox::builder().seed(7).start().await?;
    sandbox.faults().order(Fault::DropTcp.on(When::sent("chat:message")).skip(3).times(3))?;
    let summary = client(&sandbox)?.play(Curious).seed(7).matches(3).run().await?;
    assert_eq!((summary.matches + summary.lost, summary.lost), (3, 0), "{summary}");
    assert_eq!(sandbox.faults().injected(), 3);
    sandbox.shutdown().await;
    Ok(())
}
