//! What a session is asked for.

use std::sync::Arc;

use sdk_core::error::Result;
use sdk_core::socket::Inbox;
use sdk_core::wire::Text;
use tokio::sync::oneshot;

use crate::live::event::{Challenge, ChallengeAccepted, QueueJoined};
use crate::live::ledger::TurnId;
use crate::live::lookup::Answer;
use crate::live::move_data::MoveData;
use crate::live::spectator::SpectatorEvent;
use crate::model::{ChallengeId, ClientMessage, CreateChallenge, JoinQueue, MatchId, TauntId};

/// What a handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    JoinQueue {
        request: JoinQueue,
        reply: Reply<QueueJoined>,
    },
    LeaveQueue {
        reply: Reply<()>,
    },
    CreateChallenge {
        request: CreateChallenge,
        reply: Reply<Challenge>,
    },
    AcceptChallenge {
        id: ChallengeId,
        reply: Reply<ChallengeAccepted>,
    },
    CancelChallenge {
        id: ChallengeId,
        reply: Reply<()>,
    },
    Spectate {
        match_id: MatchId,
        feed: Inbox<SpectatorEvent>,
        reader: Arc<()>,
        reply: Reply<()>,
    },
    StopSpectating {
        match_id: Option<MatchId>,
        reply: Option<Reply<()>>,
    },
    Answer {
        match_id: MatchId,
        turn: TurnId,
        decision: Result<MoveData>,
    },
    Resign {
        match_id: MatchId,
        reply: Reply<()>,
    },
    Taunt {
        match_id: MatchId,
        taunt: TauntId,
        reply: Reply<()>,
    },
    Send {
        message: ClientMessage,
        reply: Reply<()>,
    },
    SendRaw {
        text: Text,
        reply: Reply<()>,
    },
    /// REST has answered what the session wanted to know.
    Answered(Answer),
    /// There is another key.
    KeyReplaced,
    Reconnect,
    Drain,
    Close,
}
pub(crate) type Reply<T> = oneshot::Sender<Result<T>>;
