//! What the sandbox does where the specification leaves it open.

use std::time::Duration;

use super::house::Opponent;

/// When the compliance check is asked for (spec, "Opaque Compliance Room").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compliance {
    /// By `room:sync` when the lobby is joined (the default). A request that comes first is answered `probe_required`.
    #[default]
    AtJoin,
    /// By `probe_required` at the first request, and never by `room:sync`.
    AtRequest,
    /// By `probe_required` at the first request, and by `room:sync` right after it.
    AtRequestWithSync,
    /// Never.
    Off,
}

/// What happens after a compliance token was echoed wrongly. The refusal is always `:invalid_probe_token`. Nothing else follows an
/// echo of an older token, because the newer one has been pushed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AfterWrongEcho {
    /// A new challenge with a new token (the default).
    #[default]
    NewToken,
    /// The same challenge again, with the same token.
    SameToken,
    /// Nothing: the token stays good. A client that echoes no token twice gets on only by joining the room again, where
    /// [`challenge_on_rejoin`](super::SandboxBuilder::challenge_on_rejoin) is set.
    Nothing,
}

/// How many connections a token may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Connections {
    /// Any number; each hears what happens in the rooms that it has joined (the default).
    #[default]
    Several,
    /// One: the newest. An older one is closed with code 4000.
    NewestReplaces,
    /// One: the oldest. A newer one cannot join the lobby (`already_tracked`) until the older one is gone.
    OldestStays,
}

/// What a join is answered when the connection is in the room already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Rejoin {
    /// `joined`, as the first time (the default).
    #[default]
    Joined,
    /// The error `:already_tracked`.
    TrackedAtom,
    /// The error `{:already_tracked, #PID<…>}`.
    TrackedPair,
    /// The error `{:already_tracked, #PID<…>, "<room>", "<user_id>"}`.
    TrackedWithRoom,
}

/// How an accepted vote is confirmed. The spec shows `vote:ack`; a reply is what some clients wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum VoteAnswer {
    /// The reply `ok`, then `vote:ack` (the default).
    #[default]
    ReplyAndAck,
    /// `vote:ack` alone.
    AckOnly,
    /// The reply `ok` alone.
    ReplyOnly,
}

/// When house opponents vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HouseVotes {
    /// Each in its own time, mostly in the second half of a match (the default).
    #[default]
    InTime,
    /// So long after the start of the match.
    At(Duration),
    /// A moment after the client has voted, and never before.
    AfterTheClient,
    /// Never.
    Never,
}

/// How `meta.user_id` is written. The spec shows all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UserIds {
    /// `42` (the default).
    #[default]
    Numbers,
    /// `"42"`.
    Texts,
    /// `null`.
    Null,
}

/// What a frame is answered in which no request can be made out. The spec: it may be ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MalformedFrames {
    /// Nothing (the default).
    #[default]
    Ignored,
    /// An error `invalid_envelope` without an id.
    Answered,
}

/// Whom the chat budget belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ChatBudget {
    /// To a user in a room: it is full when a match starts (the default).
    #[default]
    PerRoom,
    /// To a user: what is said in one match is missing in the next.
    PerUser,
}

/// Where `meta:delta` is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MetaDeltaRoom {
    /// In the match's room, between `match:reveal` and `match:ended` (the default).
    #[default]
    Match,
    /// In the lobby, after `match:ended`.
    Lobby,
}

/// What the undocumented answer to `POST /api/agents/token` looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MintAnswer {
    /// `{"token":"…"}` (the default).
    #[default]
    Token,
    /// `{"api_key":"…"}`.
    ApiKey,
    /// `{"data":{"id":…,"handle":"…","token":"…"}}`.
    Nested,
    /// The token alone, as plain text.
    PlainText,
    /// `{"credential":["…"]}`: a shape that nobody expects.
    Odd,
}

/// The settings of the arena. Spans are of the sandbox's clock, except `idle_timeout`.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) match_length: Duration,
    /// How long a match waits for both to come into its room.
    pub(crate) join_within: Duration,
    pub(crate) house: Vec<Opponent>,
    pub(crate) house_wait: Duration,
    pub(crate) house_chats: bool,
    pub(crate) house_votes: HouseVotes,
    pub(crate) clients_meet: bool,
    pub(crate) compliance: Compliance,
    pub(crate) compliance_per_connection: bool,
    /// After so many matches of an account the check is due again; never when 0.
    pub(crate) compliance_every: u32,
    pub(crate) after_wrong_echo: AfterWrongEcho,
    /// So many right echoes are refused first.
    pub(crate) refused_echoes: u32,
    /// So many challenges follow the first at once, each with a newer token.
    pub(crate) probe_rotations: u32,
    pub(crate) probe_lifetime: Option<Duration>,
    pub(crate) compliance_small_talk: bool,
    pub(crate) challenge_on_rejoin: bool,
    pub(crate) connections: Connections,
    pub(crate) rejoin: Rejoin,
    pub(crate) echo_chat: bool,
    pub(crate) own_from: String,
    pub(crate) acknowledge: bool,
    pub(crate) relay_typing: bool,
    pub(crate) max_chat_chars: usize,
    pub(crate) chat_burst: u32,
    pub(crate) chat_refill: Duration,
    pub(crate) chat_budget: ChatBudget,
    pub(crate) lock_chat_on_vote: bool,
    pub(crate) voted_by_list: bool,
    pub(crate) vote_phase_to_voter: bool,
    pub(crate) vote_answer: VoteAnswer,
    /// Votes are refused with `:vote_not_open` for so long after the start of an ordinary match.
    pub(crate) votes_open_after: Duration,
    pub(crate) agents_may_vote: bool,
    pub(crate) started_on_resume: bool,
    pub(crate) started_names_match: bool,
    pub(crate) tell_source: bool,
    pub(crate) found_again_on_resume: bool,
    pub(crate) test_turn_gap: Duration,
    pub(crate) meta_delta_room: MetaDeltaRoom,
    pub(crate) leaderboard_after_match: bool,
    pub(crate) user_ids: UserIds,
    pub(crate) malformed: MalformedFrames,
    pub(crate) mint_answer: MintAnswer,
    pub(crate) close_on_revoke: bool,
    /// The machine's time that a connection may be silent. Transport does not scale.
    pub(crate) idle_timeout: Option<Duration>,
    /// One push in so many is sent twice; none when 0.
    pub(crate) duplicate_one_in: u32,
    /// One push in so many changes places with the next; none when 0.
    pub(crate) reorder_one_in: u32,
    /// One answer (`joined`, `reply`, `error`) in so many is lost; none when 0.
    pub(crate) lose_one_in: u32,
    pub(crate) keep_matches: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            match_length: Duration::from_secs(240),
            join_within: Duration::from_secs(30),
            house: Opponent::ALL.to_vec(),
            house_wait: Duration::from_secs(3),
            house_chats: true,
            house_votes: HouseVotes::default(),
            clients_meet: true,
            compliance: Compliance::default(),
            compliance_per_connection: true,
            compliance_every: 0,
            after_wrong_echo: AfterWrongEcho::default(),
            refused_echoes: 0,
            probe_rotations: 0,
            probe_lifetime: None,
            compliance_small_talk: false,
            challenge_on_rejoin: false,
            connections: Connections::default(),
            rejoin: Rejoin::default(),
            echo_chat: true,
            own_from: "self".to_owned(),
            acknowledge: true,
            relay_typing: true,
            max_chat_chars: 500,
            chat_burst: 3,
            chat_refill: Duration::from_secs(1),
            chat_budget: ChatBudget::default(),
            lock_chat_on_vote: false,
            voted_by_list: false,
            vote_phase_to_voter: true,
            vote_answer: VoteAnswer::default(),
            votes_open_after: Duration::ZERO,
            agents_may_vote: true,
            started_on_resume: true,
            started_names_match: false,
            tell_source: false,
            found_again_on_resume: false,
            test_turn_gap: Duration::from_secs(2),
            meta_delta_room: MetaDeltaRoom::default(),
            leaderboard_after_match: true,
            user_ids: UserIds::default(),
            malformed: MalformedFrames::default(),
            mint_answer: MintAnswer::default(),
            close_on_revoke: true,
            idle_timeout: None,
            duplicate_one_in: 0,
            reorder_one_in: 0,
            lose_one_in: 0,
            keep_matches: 1_000,
        }
    }
}
