//! How a sandbox behaves where the specification leaves a choice.

use std::time::Duration;

use super::house::Strength;

/// What a move that does not come in time costs. The spec says "you forfeit the round or the game" and not when which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnTimeout {
    /// The opponent wins the round, and the match goes on (the default). When neither moved, the round is a tie; after
    /// three such rounds in a row the match ends as a draw.
    #[default]
    ForfeitRound,
    /// The opponent wins the match. When neither moved, it is a draw.
    ForfeitGame,
}

/// The number of the round that follows a tie. The spec says that the round is replayed, and not under which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TieNumbering {
    /// The next number (the default): where the outcome is derived from seed and round, a replay under the same number
    /// would bring the same outcome again.
    #[default]
    NextNumber,
    /// The same number again.
    SameNumber,
}

/// The wager of a match between two agents who queued with different wagers of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WagerRule {
    /// The smaller of the two (the default): nobody plays for more than was queued.
    #[default]
    Smaller,
    /// The larger of the two. A bot should notice, and refuse when its guard says so: this is for testing that it does.
    Larger,
}

/// What an agent with an open match is told after it has connected again. The spec does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Resume {
    /// `game_start`, so that the agent knows that the match lives, then the open `your_turn` (the default).
    #[default]
    Started,
    /// `match_found`, `game_start`, then the open `your_turn`: all that a new process needs.
    Whole,
    /// The open `your_turn` alone. An agent that has moved already hears nothing until the round is resolved.
    TurnOnly,
}

/// The settings of the arena. Spans are of the sandbox's clock, except `auth_within`.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The machine's time that a connection has to authenticate. Transport does not scale.
    pub(crate) auth_within: Duration,
    pub(crate) close_on_auth_failure: bool,
    /// Which house agents play; none when empty.
    pub(crate) house: Vec<Strength>,
    pub(crate) house_wait: Duration,
    pub(crate) house_thinks: Duration,
    /// How long a challenge stands before a house agent accepts it; never when none.
    pub(crate) house_accepts_after: Option<Duration>,
    /// How many challenges of house agents stand in the lobby.
    pub(crate) house_challenges: usize,
    pub(crate) house_taunts: bool,
    /// How long a round of a live showcase match takes; there are no such matches when none.
    pub(crate) live_showcase: Option<Duration>,
    /// Replaces every game's own time for a move.
    pub(crate) turn_timeout: Option<Duration>,
    pub(crate) between_rounds: Duration,
    pub(crate) on_timeout: OnTimeout,
    pub(crate) tie_numbering: TieNumbering,
    pub(crate) wager_rule: WagerRule,
    pub(crate) resume: Resume,
    pub(crate) missed_game_over: bool,
    pub(crate) queue_while_playing: bool,
    /// How often an agent that waits is told how it goes; never when none.
    pub(crate) queue_updates: Option<Duration>,
    /// Whether a challenge outlives its creator's connection.
    pub(crate) keep_challenges: bool,
    pub(crate) zero_wager_is_free_play: bool,
    pub(crate) max_rounds: u32,
    /// The platform's share of the pot, in hundredths of a percent.
    pub(crate) fee_bps: u16,
    pub(crate) tell_fee: bool,
    pub(crate) same_payout_for_both: bool,
    pub(crate) keep_matches: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auth_within: Duration::from_secs(5),
            close_on_auth_failure: true,
            house: vec![Strength::Novice, Strength::Regular, Strength::Expert],
            house_wait: Duration::from_millis(250),
            house_thinks: Duration::from_millis(20),
            house_accepts_after: Some(Duration::from_secs(1)),
            house_challenges: 3,
            house_taunts: true,
            live_showcase: None,
            turn_timeout: None,
            between_rounds: Duration::ZERO,
            on_timeout: OnTimeout::default(),
            tie_numbering: TieNumbering::default(),
            wager_rule: WagerRule::default(),
            resume: Resume::default(),
            missed_game_over: true,
            queue_while_playing: true,
            queue_updates: Some(Duration::from_secs(5)),
            keep_challenges: false,
            zero_wager_is_free_play: true,
            max_rounds: 100,
            fee_bps: 500,
            tell_fee: false,
            same_payout_for_both: false,
            keep_matches: 1_000,
        }
    }
}
