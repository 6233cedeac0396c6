//! What a machine asks for.

use sdk_core::clock::Instant;

use crate::model::{
    ChatMessage, ClientMessage, Guess, LeaderboardState, MatchId, MetaDelta, MetaState, Push, Reason, Reveal,
    Room, Timestamp, VotePhase,
};

use super::event::{RequestNo, SayId};
use super::phase::Phase;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Join a room. [`Event::Joined`](super::Event::Joined) or [`Event::JoinRefused`](super::Event::JoinRefused) is to follow.
    Join {
        /// The room.
        room: Room,
        /// Whether it is to be asked for even when it is joined already.
        anew: bool,
    },
    /// Send a message. [`Event::Answered`](super::Event::Answered) is to follow.
    Send {
        /// Names the request.
        request: RequestNo,
        /// Where.
        room: Room,
        /// What.
        message: ClientMessage,
    },
    /// Tell the bot something.
    Tell(Notice),
    /// End the connection for good: the compliance check was tried as often as
    /// [`Settings::compliance_tries`](super::Settings::compliance_tries) allows. Nothing more is asked for.
    GiveUp {
        /// How often it was tried.
        tries: u32,
    },
    /// Make a new connection. [`Event::Closed`](super::Event::Closed) is to follow. The check of a compliance room never began,
    /// and asking for it again has not helped.
    Reconnect,
}

/// What a bot is told. Those of one match come in the order in which they happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The machine's phase changed.
    Phase(Phase),
    /// The compliance challenge was answered with its token.
    ProbeEchoed {
        /// The compliance room.
        room: Room,
    },
    /// The compliance check has not been passed. It is tried again, after a wait that grows.
    ProbeFailed {
        /// The compliance room.
        room: Room,
        /// Why the platform refused the token's echo; `None` when no challenge came.
        reason: Option<Reason>,
        /// How often in a row it has failed.
        tries: u32,
    },
    /// The platform refused the request for a match. It is repeated after a growing wait.
    QueueRefused {
        /// Why.
        reason: Reason,
    },
    /// A match was found, or one from before is to be resumed.
    MatchFound {
        /// The match.
        match_id: MatchId,
        /// Its room.
        room: Room,
        /// Where the opponent comes from, where the platform says.
        source: Option<String>,
        /// Whether the platform says that it is under way already (`already_active`).
        resumed: bool,
    },
    /// The platform found a match that the bot no longer wants. It was not entered.
    MatchDeclined {
        /// The match.
        match_id: MatchId,
    },
    /// The match's room was joined: for the first time, or again after a lost connection.
    MatchJoined {
        /// The match.
        match_id: MatchId,
        /// Whether it was under way already.
        resumed: bool,
    },
    /// The match's clock runs. Once for each match.
    MatchStarted {
        /// The match.
        match_id: MatchId,
        /// When it ends.
        ends_at: Instant,
        /// Whether the end is only assumed: the platform's `match:started` was not seen.
        assumed: bool,
    },
    /// More is known of when the match ends.
    EndsAt {
        /// The match.
        match_id: MatchId,
        /// When it ends.
        ends_at: Instant,
    },
    /// Somebody said something. A message that was delivered twice is told once.
    Chat {
        /// The match.
        match_id: MatchId,
        /// Whether it is the bot's own text that the platform repeats.
        own: bool,
        /// It.
        message: ChatMessage,
        /// When, by the platform's clock.
        at: Option<Timestamp>,
    },
    /// The opponent types, or stopped.
    Typing {
        /// The match.
        match_id: MatchId,
        /// Which.
        typing: bool,
    },
    /// Chatting is over, or possible again.
    ChatLocked {
        /// The match.
        match_id: MatchId,
        /// Which.
        locked: bool,
    },
    /// Somebody voted.
    VotePhase {
        /// The match.
        match_id: MatchId,
        /// What the platform says.
        phase: VotePhase,
    },
    /// The bot's vote is asked for. It may come again for a more pressing reason.
    VoteWanted {
        /// The match.
        match_id: MatchId,
        /// Why.
        why: WhyVote,
        /// When the machine votes by itself.
        decide_by: Instant,
    },
    /// The vote goes out. Once for each match, unless the connection breaks or the platform does not answer: then the very
    /// same vote goes out again.
    VoteCast {
        /// The match.
        match_id: MatchId,
        /// What.
        guess: Guess,
        /// Who decided it.
        by: VotedBy,
    },
    /// The platform counted the vote.
    VoteCounted {
        /// The match.
        match_id: MatchId,
        /// What.
        guess: Guess,
    },
    /// The platform refused the vote.
    VoteRefused {
        /// The match.
        match_id: MatchId,
        /// Why.
        reason: Reason,
        /// Whether it is sent again when that may help.
        retried: bool,
    },
    /// What became of a text that the bot wanted said. Once for each.
    Said {
        /// The match that it was meant for.
        match_id: MatchId,
        /// Which.
        say: SayId,
        /// What became of it.
        outcome: SayOutcome,
    },
    /// Who the opponent was. It may come right after [`MatchEnded`](Self::MatchEnded), when the platform turns the two around.
    Reveal {
        /// The match.
        match_id: MatchId,
        /// What the platform reveals.
        reveal: Reveal,
    },
    /// The match is over.
    MatchEnded {
        /// The match.
        match_id: MatchId,
        /// How.
        ending: Ending,
        /// What was voted, as far as it was sent.
        vote: Option<Guess>,
    },
    /// As many matches as wanted have been played.
    Done,
    /// How well agents pass.
    MetaState(MetaState),
    /// How a match changed that.
    MetaDelta(MetaDelta),
    /// The leaderboard.
    Leaderboard(LeaderboardState),
    /// An event that the machine has no use for: of a direct room, or unknown.
    Other(Box<Push>),
}

/// Why the bot's vote is asked for, the more pressing the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WhyVote {
    /// The opponent has voted.
    OpponentVoted,
    /// The match is about to end, or may be: of a resumed one the end is not known.
    DeadlineNear,
    /// The platform waits for nothing else.
    MustVote,
}

/// Who decided a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VotedBy {
    /// The bot.
    Bot,
    /// The machine, as the bot last leaned.
    Leaning,
    /// The machine, as its settings say.
    Fallback,
}

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SayOutcome {
    /// The platform took it.
    Delivered,
    /// The platform refused it: `rate_limited`, `message_too_long`, …
    Refused(Reason),
    /// It was not sent.
    NotSent(NotSent),
    /// It was sent, and the platform did not say what became of it.
    Unanswered,
}

/// Why a text was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotSent {
    /// Its match is over, or another one: the answer came too late.
    MatchOver,
    /// The match has not begun.
    NotStarted,
    /// Chatting is locked.
    ChatLocked,
    /// There is no connection, or the match's room was not entered again yet.
    NotConnected,
    /// It has no text.
    Empty,
}

/// How a match ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The platform ended it.
    Ended,
    /// The platform no longer knows it, or put the bot into another one. How it ended is not known.
    Lost,
}
