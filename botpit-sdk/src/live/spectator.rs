//! A watched match, as a stream of its own.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use sdk_core::error::Error;
use sdk_core::socket::{InboxEvent, InboxStream};
use sdk_core::wire::{RawJson, Text};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::event::RoundResult;
use super::session::Command;
use crate::lamports::Lamports;
use crate::model::{AgentId, MatchId, Score};

/// A match that is watched (spec, "Spectating"), by [`Handle::spectate`](crate::Handle::spectate): a stream of what happens
/// in it. Its last item is [`SpectatorEvent::Ended`].
///
/// Dropping it stops watching. It does not keep the connection open: that ends with the last handle. A reader that is too
/// slow misses what it can do without, and is told so by [`SpectatorEvent::Lagged`]; the bounds are those of
/// [`ClientBuilder::event_queue`](crate::ClientBuilder::event_queue).
///
/// ```no_run
/// use botpit_sdk::{Handle, SpectatorEvent, model::MatchId};
///
/// # async fn example(bot: Handle, id: MatchId) -> botpit_sdk::Result<()> {
/// let mut watched = bot.spectate(&id).await?;
/// while let Some(event) = watched.next().await {
///     match event {
///         SpectatorEvent::RoundResult(result) => println!("round {} ended", result.round),
///         SpectatorEvent::GameOver(over) => println!("it went to {:?}", over.winner),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Spectator {
    match_id: MatchId,
    events: InboxStream<SpectatorEvent>,
    commands: mpsc::WeakSender<Command>,
    /// The session looks whether it is still there.
    _alive: Arc<()>,
}

impl Spectator {
    pub(super) fn new(
        match_id: MatchId,
        events: InboxStream<SpectatorEvent>,
        commands: mpsc::WeakSender<Command>,
        alive: Arc<()>,
    ) -> Self {
        Self { match_id, events, commands, _alive: alive }
    }

    /// The match that is watched.
    pub fn match_id(&self) -> &MatchId {
        &self.match_id
    }

    /// The next event; `None` after the last one.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<SpectatorEvent> {
        std::future::poll_fn(|cx| Pin::new(&mut self.events).poll_next(cx)).await
    }
}

impl Stream for Spectator {
    type Item = SpectatorEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SpectatorEvent>> {
        Pin::new(&mut self.events).poll_next(cx)
    }
}

impl Drop for Spectator {
    fn drop(&mut self) {
        if let Some(commands) = self.commands.upgrade() {
            let match_id = Some(self.match_id.clone());
            // With too many commands under way, the session sees at the next update that nobody reads any more.
            let _ = commands.try_send(Command::StopSpectating { match_id, reply: None });
        }
    }
}

impl fmt::Debug for Spectator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spectator").field("match_id", &self.match_id).finish_non_exhaustive()
    }
}

/// What happens in a watched match. The spec does not say more of it than "Round results, game over, etc.", so whatever is
/// neither is [`Other`](Self::Other).
///
/// New events may come: match with a `_` arm.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SpectatorEvent {
    /// A round ended.
    RoundResult(RoundResult),
    /// The match ended. Nobody's side is taken: the winner is told by its id. `Ended` follows.
    GameOver(WatchedGameOver),
    /// Something else.
    Other {
        /// Its `type`, where it has one.
        event_type: Option<String>,
        /// The event as it came.
        event: RawJson,
    },
    /// The connection was lost and made again, and the match is watched again: what happened meanwhile is missing here.
    Resumed,
    /// The reader does not take events as fast as they come, and these many are missing here.
    Lagged {
        /// How many.
        dropped: u64,
    },
    /// No event comes after this one.
    Ended {
        /// Why: `None` after the end of the match, and when the bot stopped watching. Otherwise the platform's refusal, a
        /// [`CALL_TIMEOUT`](sdk_core::error::codes::CALL_TIMEOUT) when it said nothing of the match for too long, or the
        /// connection's own end.
        reason: Option<Error>,
    },
}

/// The payload of [`SpectatorEvent::GameOver`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchedGameOver {
    /// The match.
    pub match_id: MatchId,
    /// The winner's id; `None` for a draw, and where the platform does not say.
    pub winner: Option<AgentId>,
    /// The final score, `[a, b]` on the wire.
    pub final_score: Option<Score>,
    /// The revealed seed.
    pub server_seed: Option<String>,
    /// What the platform pays out, where it says.
    pub payout: Option<Lamports>,
    /// The platform's fee, where it says.
    pub fee: Option<Lamports>,
    /// Whether it was free play, where the platform says.
    pub is_sandbox: Option<bool>,
}

/// The fields by which an event is known. The spec gives it no shape: the message that the players get, or its fields.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(rename = "type", default)]
    event_type: Option<String>,
    #[serde(default)]
    round: Option<u32>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    score: Option<Score>,
    #[serde(default, deserialize_with = "told")]
    round_winner: bool,
    #[serde(default)]
    winner: Option<String>,
    #[serde(default)]
    final_score: Option<Score>,
    #[serde(default)]
    server_seed: Option<String>,
    #[serde(default)]
    payout_lamports: Option<Lamports>,
    #[serde(default)]
    fee_lamports: Option<Lamports>,
    #[serde(default)]
    is_sandbox: Option<bool>,
}

/// Whether a field is there at all, `null` included.
fn told<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl SpectatorEvent {
    /// Reads the `event` of a `spectate_update`; what cannot be read is given as it came.
    pub(super) fn read(frame: &Text, match_id: &MatchId, event: &str) -> Self {
        let raw = RawJson::part_of(frame, event);
        let Ok(peek) = serde_json::from_str::<Peek<'_>>(event) else {
            let event_type = sdk_core::wire::tag(event, "type").map(std::borrow::Cow::into_owned);
            return Self::Other { event_type, event: raw };
        };
        let is_over = match peek.event_type.as_deref() {
            Some(name) => name == "game_over",
            None => peek.final_score.is_some() || peek.server_seed.is_some(),
        };
        if is_over {
            return Self::GameOver(WatchedGameOver {
                match_id: match_id.clone(),
                winner: peek.winner.map(AgentId::from),
                final_score: peek.final_score.or(peek.score),
                server_seed: peek.server_seed,
                payout: peek.payout_lamports,
                fee: peek.fee_lamports,
                is_sandbox: peek.is_sandbox,
            });
        }
        let is_result = match peek.event_type.as_deref() {
            Some(name) => name == "round_result",
            None => peek.result.is_some() || peek.round_winner,
        };
        match peek.round {
            Some(round) if is_result => Self::RoundResult(RoundResult {
                match_id: match_id.clone(),
                round,
                // The fields themselves, or below `result`.
                result: match peek.result {
                    Some(result) => Some(RawJson::part_of(frame, result.get())),
                    None => peek.round_winner.then_some(raw),
                },
                score: peek.score,
            }),
            _ => Self::Other { event_type: peek.event_type, event: raw },
        }
    }
}

impl InboxEvent for SpectatorEvent {
    fn weight(&self) -> usize {
        let raw = match self {
            Self::RoundResult(result) => result.result.as_ref().map_or(0, |raw| raw.as_str().len()),
            Self::Other { event, .. } => event.as_str().len(),
            _ => 0,
        };
        size_of::<Self>() + raw
    }

    fn is_droppable(&self) -> bool {
        matches!(self, Self::RoundResult(_) | Self::Other { .. } | Self::Resumed)
    }

    fn lagged(dropped: u64) -> Self {
        Self::Lagged { dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &str) -> SpectatorEvent {
        let frame =
            Text::from(format!(r#"{{"type":"spectate_update","match_id":"match-uuid","event":{event}}}"#));
        SpectatorEvent::read(&frame, &MatchId::from("match-uuid"), event)
    }

    #[test]
    fn a_round_result_is_one_in_every_shape() {
        // The result is the spec's ("Gameplay"); the spec does not say how it stands in an event.
        let result = r#"{"round":1,"move_a":"rock","move_b":"scissors","round_winner":"agent-uuid-a"}"#;
        for event in [
            format!(
                r#"{{"type":"round_result","match_id":"match-uuid","round":1,"result":{result},"score":[1,0]}}"#
            ),
            format!(r#"{{"round":1,"result":{result},"score":[1,0]}}"#),
            result.to_owned(),
            result.replace(r#""agent-uuid-a""#, "null"),
        ] {
            let SpectatorEvent::RoundResult(read) = read(&event) else { panic!("{event}") };
            assert_eq!(read.round, 1, "{event}");
            let record = read.result::<crate::games::rps::Rps>().unwrap().unwrap();
            assert_eq!(record.move_a.map(|shown| shown.to_string()).as_deref(), Some("rock"), "{event}");
        }
    }

    #[test]
    fn an_end_is_one_in_both_shapes_and_null_is_a_draw() {
        for event in [
            r#"{"type":"game_over","match_id":"match-uuid","winner":"agent-uuid-a","final_score":[2,0],"server_seed":"hex_seed_revealed","payout_lamports":19000000}"#,
            r#"{"winner":"agent-uuid-a","final_score":[2,0],"server_seed":"hex_seed_revealed"}"#,
        ] {
            let SpectatorEvent::GameOver(over) = read(event) else { panic!("{event}") };
            assert_eq!(over.winner, Some(AgentId::from("agent-uuid-a")));
            assert_eq!(over.final_score, Some(Score { a: 2, b: 0 }));
        }
        let SpectatorEvent::GameOver(draw) = read(r#"{"winner":null,"final_score":[1,1]}"#) else { panic!() };
        assert_eq!(draw.winner, None);
    }

    #[test]
    fn whatever_else_comes_is_given_as_it_came() {
        for event in
            [r#"{}"#, r#"{"type":"opponent_moved","round":1}"#, "[]", "7", r#"{"round":"one","result":{}}"#]
        {
            let SpectatorEvent::Other { event: raw, .. } = read(event) else { panic!("{event}") };
            assert_eq!(raw.as_str(), event);
        }
    }
}
