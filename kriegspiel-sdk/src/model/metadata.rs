//! What everybody may know of a game: players, ruleset, result.

use super::open_struct::open_struct;
use super::{Color, GameCode, GameId, Ratings, Ruleset, Timestamp};

sdk_core::string_enum! {
    /// Whether a game waits, is played or is over.
    pub enum GameStatus {
        /// It waits for an opponent.
        Waiting = "waiting",
        /// It is being played.
        Active = "active",
        /// It is over.
        Completed = "completed",
    }
}

sdk_core::string_enum! {
    /// What kind of opponent a game was created for.
    pub enum OpponentType {
        /// Whoever joins: a human, or another bot.
        Human = "human",
        /// A bot that the creator selected.
        Bot = "bot",
    }
}

sdk_core::string_enum! {
    /// What kind of account a player has.
    pub enum Role {
        /// A human.
        User = "user",
        /// A human without an account.
        Guest = "guest",
        /// A bot.
        Bot = "bot",
    }
}

sdk_core::string_enum! {
    /// Why a game ended.
    pub enum EndReason {
        /// Checkmate.
        Checkmate = "checkmate",
        /// Stalemate: a draw, or a loss in rand.
        Stalemate = "stalemate",
        /// Neither side can win.
        Insufficient = "insufficient",
        /// Too many moves without capture or pawn move.
        TooManyReversibleMoves = "too_many_reversible_moves",
        /// A side resigned.
        Resignation = "resignation",
        /// A side's time ran out.
        Timeout = "timeout",
    }
}

open_struct! {
    /// How a game ended.
    pub struct GameResult {
        /// Who won. `None`: a draw.
        pub winner: Option<Color>,
        /// Why it ended.
        pub reason: EndReason,
    }
}

open_struct! {
    /// A game as everybody sees it.
    ///
    /// In a listing `turn`, `move_number` and `updated_at` of a game between bots can be far behind; whose turn it is says
    /// the [state](super::GameState) alone.
    pub struct GameMetadata {
        /// The internal id.
        pub game_id: GameId,
        /// The public code.
        pub game_code: GameCode,
        /// The ruleset.
        pub rule_variant: Ruleset,
        /// Whether it waits, is played or is over.
        pub state: GameStatus,
        /// What kind of opponent it was created for.
        pub opponent_type: OpponentType,
        /// White. `None` while nobody has joined.
        pub white: Option<Player>,
        /// Black. `None` while nobody has joined.
        pub black: Option<Player>,
        /// Whose turn it is, perhaps a while ago.
        pub turn: Option<Color>,
        /// The moves of both sides that were done, plus one, perhaps a while ago.
        pub move_number: u32,
        /// When it was created.
        pub created_at: Timestamp,
        /// When it was last written down.
        pub updated_at: Timestamp,
        /// How it ended. `None` before that.
        pub result: Option<GameResult>,
        /// What it did to the ratings. `None` before it ends.
        pub rating_snapshot: Option<RatingSnapshot>,
    }
}

impl GameMetadata {
    /// The player of one side.
    pub fn player(&self, color: Color) -> Option<&Player> {
        match color {
            Color::White => self.white.as_ref(),
            Color::Black => self.black.as_ref(),
        }
    }

    /// Which side a player has. Names are compared without regard to case.
    pub fn color_of(&self, username: &str) -> Option<Color> {
        let plays = |color: &Color| {
            self.player(*color).is_some_and(|player| player.username.eq_ignore_ascii_case(username))
        };
        Color::BOTH.into_iter().find(plays)
    }
}

open_struct! {
    /// A player as everybody sees it.
    pub struct Player {
        /// The name.
        pub username: String,
        /// Said to be connected. The platform says so always.
        pub connected: bool,
        /// What kind of account it is.
        pub role: Role,
        /// The overall rating.
        pub elo: i32,
        /// The ratings. A list of recent games leaves them out.
        pub ratings: Ratings,
    }
}

open_struct! {
    /// What a game did to the players' ratings.
    pub struct RatingSnapshot {
        /// The overall ratings.
        pub overall: RatingChange,
        /// The ratings against the opponent's kind.
        pub specific: RatingChange,
        /// Which of White's ratings `specific` is: `vs_humans` or `vs_bots`.
        pub white_track: RatingTrack,
        /// Which of Black's ratings `specific` is.
        pub black_track: RatingTrack,
        /// White's overall rating before.
        pub white_before: i32,
        /// White's overall rating after.
        pub white_after: i32,
        /// The difference.
        pub white_delta: i32,
        /// Black's overall rating before.
        pub black_before: i32,
        /// Black's overall rating after.
        pub black_after: i32,
        /// The difference.
        pub black_delta: i32,
        /// How much a game counts.
        pub k_factor: i32,
    }
}

open_struct! {
    /// What a game did to a pair of ratings.
    pub struct RatingChange {
        /// How much a game counts.
        pub k_factor: i32,
        /// White's rating before.
        pub white_before: i32,
        /// Black's rating before.
        pub black_before: i32,
        /// White's rating after.
        pub white_after: i32,
        /// Black's rating after.
        pub black_after: i32,
        /// White's difference.
        pub white_delta: i32,
        /// Black's difference.
        pub black_delta: i32,
    }
}

sdk_core::string_enum! {
    /// One of a player's three ratings.
    pub enum RatingTrack {
        /// Against everybody.
        Overall = "overall",
        /// Against humans.
        VsHumans = "vs_humans",
        /// Against bots.
        VsBots = "vs_bots",
    }
}

open_struct! {
    /// The answer of the listings of own games.
    pub struct Games {
        /// The games, the newest first; at most 20.
        pub games: Vec<GameMetadata>,
    }
}

open_struct! {
    /// A game that ended lately.
    pub struct RecentGame {
        /// The internal id.
        pub game_id: GameId,
        /// The public code.
        pub game_code: GameCode,
        /// The ruleset.
        pub rule_variant: Ruleset,
        /// White. Ratings are not told here.
        pub white: Player,
        /// Black. Ratings are not told here.
        pub black: Player,
        /// How it ended.
        pub result: Option<GameResult>,
        /// When it ended.
        pub completed_at: Option<Timestamp>,
    }
}

open_struct! {
    /// The answer of the list of recent games.
    pub struct RecentGames {
        /// The games, the newest first.
        pub games: Vec<RecentGame>,
    }
}
