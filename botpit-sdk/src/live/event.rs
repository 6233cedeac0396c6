//! What a bot is told, in order.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::error::{Error, Result};
use sdk_core::socket::InboxEvent;
use sdk_core::wire::{RawJson, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::ledger::TurnId;
use crate::fairness::{CommitmentCheck, FairnessReport};
use crate::games::Game;
use crate::lamports::{Lamports, SignedLamports};
use crate::model::{AgentId, ChallengeId, GameType, MatchId, Score, Side, TauntId};

/// Something happened. Events of one match come in the order in which they happened.
///
/// New events may come: match with a `_` arm.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A dial begins.
    Connecting {
        /// How many dials came before it without a healthy connection.
        attempt: u32,
    },
    /// A dial takes long.
    StillConnecting {
        /// How long it has taken.
        waited: Duration,
        /// How long until it is given up and tried anew.
        gives_up_in: Duration,
    },
    /// Authenticated (spec, "Authentication"). It comes again after every reconnect.
    Connected(Connected),
    /// The connection, or an attempt to make one, is over.
    Disconnected {
        /// Why.
        cause: Error,
    },
    /// The next dial comes after a wait.
    Reconnecting {
        /// Which attempt it will be, from 1.
        attempt: u32,
        /// How long the wait is.
        delay: Duration,
        /// Why the connection is gone.
        cause: Error,
    },
    /// The place in the queue (spec, "Matchmaking").
    QueueJoined(QueueJoined),
    /// No longer in the queue.
    QueueLeft,
    /// How the waiting goes.
    QueueUpdate(QueueUpdate),
    /// An opponent was found (spec, "Matchmaking").
    MatchFound(MatchFound),
    /// The bankroll's guard did not allow the match that was found, and it is resigned. The bot is not asked for moves in
    /// it; its `GameOver` follows.
    MatchRefused {
        /// The match.
        match_id: MatchId,
        /// Why: [`BankrollRefusal::of`](crate::BankrollRefusal::of) has the limit.
        reason: Error,
    },
    /// The match begins.
    GameStart(GameStart),
    /// A move is asked for (spec, "Gameplay").
    YourTurn(Turn),
    /// A turn's time is over without a move: the bot's answer came too late and was not sent, or none came.
    MoveNotSent {
        /// The match.
        match_id: MatchId,
        /// The round.
        round: u32,
        /// By how much the answer was late; `None` when the time ran out without one. Whatever comes after that is not
        /// sent.
        late_by: Option<Duration>,
    },
    /// The opponent has moved; what, stays hidden until the round ends.
    OpponentMoved {
        /// The match.
        match_id: MatchId,
        /// The round, where the platform says.
        round: Option<u32>,
    },
    /// A round ended.
    RoundResult(RoundResult),
    /// A match that is over was checked against its revealed seed. It comes just before the match's `GameOver`, without
    /// being asked for.
    Fairness(Arc<FairnessReport>),
    /// The match ended.
    GameOver(GameOver),
    /// The platform says nothing more about a match, so it is given up for lost: after a reconnect or a message that could
    /// not be read, once [`match_lost_after`](crate::ClientBuilder::match_lost_after) has passed without a word of it; on a
    /// live connection after once to twice that span; at once when it was the match's `game_over` that could not be read.
    /// The time of an open turn is not counted. How it ended is not known here: ask the platform. Should the platform speak
    /// of it again, it goes on.
    MatchLost {
        /// The match.
        match_id: MatchId,
    },
    /// One's own challenge is in the lobby (spec, "Challenges").
    ChallengeCreated(Challenge),
    /// A challenge was accepted; `MatchFound` follows.
    ChallengeAccepted(ChallengeAccepted),
    /// A challenge was cancelled; after a reconnect, also one that the lobby no longer shows.
    ChallengeCancelled {
        /// The challenge.
        challenge_id: ChallengeId,
    },
    /// Something happened in a match that is watched (spec, "Spectating") without a [`Spectator`](crate::Spectator): asked
    /// for by a message of the bot's own making.
    SpectateUpdate {
        /// The match.
        match_id: MatchId,
        /// What happened.
        event: RawJson,
    },
    /// The opponent says something. The words are a stranger's.
    TauntReceived {
        /// The match.
        match_id: MatchId,
        /// Who says it.
        agent_id: Option<AgentId>,
        /// What.
        taunt_id: Option<TauntId>,
        /// In words.
        text: Option<String>,
    },
    /// The platform refused something: [`Error::platform_code`] has its code. The protocol does not say which command it was
    /// about: where only one can be meant, that one fails with the error too. Or the bankroll's guard refused:
    /// [`BankrollRefusal::of`](crate::BankrollRefusal::of) has its reason.
    Error(Error),
    /// A message of a known type could not be decoded, or is no message at all. The connection goes on.
    DecodeError(Error),
    /// A message of a type that this version does not know.
    Unknown(UnknownFrame),
    /// The bot's own code failed or panicked.
    HandlerFailed(Error),
    /// The bot's code kept the connection's thread for longer than it should. Declare it blocking, or make it wait
    /// without blocking.
    HandlerBlocked {
        /// For how long.
        took: Duration,
    },
    /// The bot does not take events as fast as they come, and these many are missing here.
    Lagged {
        /// How many.
        dropped: u64,
        /// The match that all of them belong to; `None` when they belong to several, or to none.
        match_id: Option<MatchId>,
    },
    /// It is over: no event comes after this one.
    Closed {
        /// Why; `None` when the bot wanted it.
        reason: Option<Error>,
    },
}

impl Event {
    /// The match that it belongs to.
    pub fn match_id(&self) -> Option<&MatchId> {
        match self {
            Self::MatchFound(MatchFound { match_id, .. })
            | Self::MatchRefused { match_id, .. }
            | Self::GameStart(GameStart { match_id, .. })
            | Self::YourTurn(Turn { match_id, .. })
            | Self::MoveNotSent { match_id, .. }
            | Self::OpponentMoved { match_id, .. }
            | Self::RoundResult(RoundResult { match_id, .. })
            | Self::GameOver(GameOver { match_id, .. })
            | Self::MatchLost { match_id }
            | Self::SpectateUpdate { match_id, .. }
            | Self::TauntReceived { match_id, .. }
            | Self::ChallengeAccepted(ChallengeAccepted { match_id: Some(match_id), .. })
            | Self::Lagged { match_id: Some(match_id), .. } => Some(match_id),
            Self::Fairness(report) => report.match_id(),
            _ => None,
        }
    }
}

impl InboxEvent for Event {
    fn weight(&self) -> usize {
        let raw = match self {
            Self::YourTurn(turn) => turn.state.as_str().len(),
            Self::RoundResult(result) => result.result.as_ref().map_or(0, |raw| raw.as_str().len()),
            Self::SpectateUpdate { event, .. } => event.as_str().len(),
            Self::Unknown(message) => message.text.len(),
            // A round's check, with what was seen of it.
            Self::Fairness(report) => report.rounds().len() * 512,
            _ => 0,
        };
        size_of::<Self>() + raw
    }

    fn is_droppable(&self) -> bool {
        matches!(
            self,
            Self::Connecting { .. }
                | Self::StillConnecting { .. }
                | Self::QueueUpdate(_)
                | Self::OpponentMoved { .. }
                | Self::RoundResult(_)
                | Self::SpectateUpdate { .. }
                | Self::TauntReceived { .. }
                | Self::DecodeError(_)
                | Self::Unknown(_)
                | Self::HandlerBlocked { .. }
        )
    }

    fn lagged(dropped: u64) -> Self {
        Self::Lagged { dropped, match_id: None }
    }

    fn is_akin(&self, other: &Self) -> bool {
        self.match_id().is_some() && self.match_id() == other.match_id()
    }

    fn lagged_like(dropped: u64, one: &Self) -> Self {
        Self::Lagged { dropped, match_id: one.match_id().cloned() }
    }
}

/// The payload of [`Event::Connected`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connected {
    /// The agent's own id: the one that `winner` names when it won.
    pub agent_id: AgentId,
    /// Its name.
    pub agent_name: Option<String>,
    /// Whether it was connected before.
    pub is_reconnect: bool,
    /// The matches that it believes are still open.
    pub open_matches: Vec<MatchId>,
}

/// The payload of [`Event::QueueJoined`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueJoined {
    /// The game.
    pub game_type: Option<GameType>,
    /// The place in the queue, from 1.
    pub position: Option<u64>,
}

/// The payload of [`Event::QueueUpdate`]. The platform's own SDKs know it; the spec does not.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QueueUpdate {
    /// The game.
    pub game_type: Option<GameType>,
    /// The place in the queue, from 1.
    pub position: Option<u64>,
    /// How long it has taken.
    pub waited: Option<Duration>,
    /// How far from one's own rating an opponent may be.
    pub search_radius: Option<f64>,
    /// How many wait in this queue.
    pub players_in_queue: Option<u64>,
    /// How many are online.
    pub players_online: Option<u64>,
}

/// The payload of [`Event::MatchFound`] (spec, "Matchmaking").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatchFound {
    /// The match.
    pub match_id: MatchId,
    /// The game.
    pub game_type: GameType,
    /// The opponent's id.
    pub opponent_id: AgentId,
    /// The opponent's name. A stranger's words.
    pub opponent_name: Option<String>,
    /// What each side puts in.
    pub wager: Lamports,
    /// SHA-256 of the seed that the match's outcomes come from, as hex.
    pub server_seed_hash: String,
    /// The challenge that the match came of (spec, "Challenges"), where that is known.
    pub challenge_id: Option<ChallengeId>,
    /// What was asked for in the queue, when the match is for more than that.
    pub above_queued: Option<Lamports>,
}

/// The payload of [`Event::ChallengeCreated`]: an offer in the lobby (spec, "Challenges").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The challenge: what somebody else accepts, and what one cancels oneself.
    pub id: ChallengeId,
    /// Its game.
    pub game_type: Option<GameType>,
    /// What each side puts in.
    pub wager: Option<Lamports>,
    /// The challenge that did not outlive a lost connection, and that this one stands for.
    pub replaces: Option<ChallengeId>,
}

/// The payload of [`Event::ChallengeAccepted`] (spec, "Challenges").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChallengeAccepted {
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// The match that comes of it, where the platform says. Its `MatchFound` follows.
    pub match_id: Option<MatchId>,
}

/// The payload of [`Event::GameStart`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GameStart {
    /// The match.
    pub match_id: MatchId,
    /// The agent's side.
    pub side: Side,
}

/// A move is asked for (spec, "Gameplay").
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Turn {
    /// The match.
    pub match_id: MatchId,
    /// The game, where the match's beginning was seen.
    pub game_type: Option<GameType>,
    /// The round, from 1.
    pub round: u32,
    /// The agent's side, where the match's beginning was seen.
    pub side: Option<Side>,
    /// The game's state as it came. [`Turn::state`] decodes it.
    pub state: RawJson,
    /// How long the platform gave.
    pub timeout: Duration,
    /// Until when a move is sent; a later one is reported and kept back.
    pub deadline: Instant,
    /// Names this turn.
    pub id: TurnId,
    pub(crate) over: Arc<CancellationToken>,
}

impl Turn {
    /// The state in the game's own type: `turn.state::<Rps>()?`.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED), naming the field.
    pub fn state<G: Game>(&self) -> Result<G::State> {
        self.state_as()
    }

    /// The state in a type of your own.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED), naming the field.
    pub fn state_as<T: DeserializeOwned>(&self) -> Result<T> {
        self.state.decode("game_state")
    }

    /// How much of the time is left.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Ends when the match does: an answer is of no use any more. For work that the handler has handed to another task;
    /// the handler itself is simply dropped.
    pub async fn match_over(&self) {
        self.over.cancelled().await;
    }
}

/// The payload of [`Event::RoundResult`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RoundResult {
    /// The match.
    pub match_id: MatchId,
    /// The round.
    pub round: u32,
    /// What happened, as it came. [`RoundResult::result`] decodes it.
    pub result: Option<RawJson>,
    /// The score after it.
    pub score: Option<Score>,
}

impl RoundResult {
    /// The result in the game's own type. `None` when the platform sent none.
    ///
    /// # Errors
    /// [`DECODE_FAILED`](sdk_core::error::codes::DECODE_FAILED), naming the field.
    pub fn result<G: Game>(&self) -> Result<Option<G::RoundResult>> {
        self.result.as_ref().map(|raw| raw.decode("result")).transpose()
    }
}

/// How a match ended for this agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It won.
    Won,
    /// It lost.
    Lost,
    /// Nobody won.
    Draw,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Draw => "drawn",
        })
    }
}

/// The payload of [`Event::GameOver`] (spec, "Gameplay").
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GameOver {
    /// The match.
    pub match_id: MatchId,
    /// How it ended for this agent, from the winner's id.
    pub outcome: Outcome,
    /// The winner's id; `None` for a draw.
    pub winner: Option<AgentId>,
    /// The agent's side, where the match's beginning was seen.
    pub side: Option<Side>,
    /// The final score, `[a, b]` on the wire.
    pub final_score: Option<Score>,
    /// What the platform pays out, where it says.
    pub payout: Option<Lamports>,
    /// The platform's fee, where it says.
    pub fee: Option<Lamports>,
    /// What the match brought, or cost, by the [ledger](crate::ledger); `None` where a figure was not told.
    pub profit: Option<SignedLamports>,
    /// The revealed seed.
    pub server_seed: Option<String>,
    /// Whether the seed matches the commitment from the match's beginning. `None` where no seed was revealed, or the
    /// beginning was not seen.
    pub commitment: Option<CommitmentCheck>,
    /// What came of the check of the whole match.
    pub fairness: Arc<FairnessReport>,
    /// Whether it was free play, where the platform says.
    pub is_sandbox: Option<bool>,
}

/// A message of a type that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownFrame {
    /// Its `type`.
    pub message_type: String,
    /// The whole frame.
    pub text: Text,
}
