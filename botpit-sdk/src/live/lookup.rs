//! What the live side has to ask the REST side: the lobby after a reconnect, and whose a match is whose beginning was not
//! seen.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sdk_core::error::{Error, Result, codes};
use tokio::sync::mpsc;

use super::session::Command;
use crate::lamports::Lamports;
use crate::model::{AgentId, GameType, Match, MatchId, OpenChallenge, Side};
use crate::rest::{Rest, RestBuilder};

/// How long an answer may take. A turn may wait for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Who plays this match, and for what?
    Match(MatchId),
    /// Which challenges are open?
    Challenges {
        /// The connection that wants to know.
        connection: u64,
    },
}

/// Its answer.
#[derive(Debug)]
pub(crate) enum Answer {
    Match(MatchId, Result<MatchFacts>),
    Challenges { connection: u64, open: Result<Vec<OpenChallenge>> },
}

/// What REST knows of a match.
#[derive(Debug, Clone)]
pub(crate) struct MatchFacts {
    pub(crate) game_type: GameType,
    pub(crate) wager: Lamports,
    pub(crate) agent_a: AgentId,
    pub(crate) agent_b: AgentId,
}

impl MatchFacts {
    pub(crate) fn side_of(&self, agent: &AgentId) -> Option<Side> {
        if *agent == self.agent_a {
            Some(Side::A)
        } else if *agent == self.agent_b {
            Some(Side::B)
        } else {
            None
        }
    }
}

/// Answers questions until nobody is left who asks. The REST client is made for the first one.
pub(crate) async fn answer_lookups(
    rest: RestBuilder,
    mut questions: mpsc::UnboundedReceiver<Lookup>,
    answers: mpsc::WeakSender<Command>,
) {
    let mut builder = Some(rest);
    let mut client: Option<Result<Rest>> = None;
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            question = questions.recv() => {
                let Some(question) = question else { return };
                if let Some(builder) = builder.take() {
                    client = Some(builder.call_timeout(PATIENCE).build());
                }
                running.push(ask(client.clone(), question));
            }
            Some(answer) = running.next(), if !running.is_empty() => {
                let Some(commands) = answers.upgrade() else { return };
                if commands.send(Command::Answered(answer)).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn ask(rest: Option<Result<Rest>>, question: Lookup) -> Answer {
    let rest = rest.unwrap_or_else(|| Err(Error::new(&codes::CLIENT_CLOSED, "there is no REST client")));
    match question {
        Lookup::Match(id) => {
            let facts = match &rest {
                Ok(rest) => rest.match_by_id(&id).await.and_then(facts_of),
                Err(error) => Err(error.clone()),
            };
            Answer::Match(id, facts)
        }
        Lookup::Challenges { connection } => {
            let open = match &rest {
                Ok(rest) => rest.challenges().send().await,
                Err(error) => Err(error.clone()),
            };
            Answer::Challenges { connection, open }
        }
    }
}

fn facts_of(found: Match) -> Result<MatchFacts> {
    match found {
        Match::Active(active) => Ok(MatchFacts {
            game_type: active.game_type,
            wager: active.wager_lamports,
            agent_a: active.agent_a,
            agent_b: active.agent_b,
        }),
        Match::Completed(record) => Ok(MatchFacts {
            game_type: record.game_type,
            wager: record.wager_lamports,
            agent_a: record.agent_a,
            agent_b: record.agent_b,
        }),
        _ => Err(Error::new(&codes::DECODE_FAILED, "the match has a status that is not known here")),
    }
}
