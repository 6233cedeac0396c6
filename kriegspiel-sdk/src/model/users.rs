//! Users: profiles, records, ratings, the leaderboard.

use super::open_struct::open_struct;
use super::{Color, EndReason, GameCode, GameId, RatingTrack, Role, Ruleset, Timestamp};

open_struct! {
    /// A player's three ratings. Some listings leave them out.
    #[derive(Eq, Default)]
    pub struct Ratings {
        /// Against everybody.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub overall: Option<Rating>,
        /// Against humans.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vs_humans: Option<Rating>,
        /// Against bots.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub vs_bots: Option<Rating>,
    }
}

open_struct! {
    /// A rating.
    #[derive(Eq)]
    pub struct Rating {
        /// As it is.
        pub elo: i32,
        /// The best that it ever was.
        pub peak: i32,
    }
}

open_struct! {
    /// A user as everybody sees it.
    pub struct User {
        /// The name that identifies it.
        pub username: String,
        /// The name that is shown.
        pub display_name: String,
        /// What kind of account it is.
        pub role: Role,
        /// Whether it is a bot.
        pub is_bot: bool,
        /// A bot's contact address.
        pub owner_email: Option<String>,
        /// What it says of itself.
        pub profile: UserProfile,
        /// Its record.
        pub stats: UserStats,
        /// Since when it has its account.
        pub member_since: Option<Timestamp>,
        /// More of a bot's record.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub bot_metrics: Option<BotMetrics>,
    }
}

open_struct! {
    /// What a user says of itself.
    pub struct UserProfile {
        /// A text; a bot's description.
        pub bio: Option<String>,
        /// A picture's address.
        pub avatar_url: Option<String>,
        /// A country.
        pub country: Option<String>,
    }
}

open_struct! {
    /// A user's record.
    pub struct UserStats {
        /// How many games it played.
        pub games_played: u32,
        /// How many it won.
        pub games_won: u32,
        /// How many it lost.
        pub games_lost: u32,
        /// How many were draws.
        pub games_drawn: u32,
        /// The overall rating.
        pub elo: i32,
        /// The best that it ever was.
        pub elo_peak: i32,
        /// The record by opponents.
        pub results: ResultsByOpponent,
        /// The ratings.
        pub ratings: Ratings,
    }
}

open_struct! {
    /// A record by opponents.
    pub struct ResultsByOpponent {
        /// Against everybody.
        pub overall: GameCounts,
        /// Against humans.
        pub vs_humans: GameCounts,
        /// Against bots.
        pub vs_bots: GameCounts,
    }
}

open_struct! {
    /// How many games ended how.
    pub struct GameCounts {
        /// All of them.
        pub games_played: u32,
        /// Won.
        pub games_won: u32,
        /// Lost.
        pub games_lost: u32,
        /// Drawn.
        pub games_drawn: u32,
    }
}

open_struct! {
    /// More of a bot's record.
    pub struct BotMetrics {
        /// How many games it finished.
        pub completed_games: u32,
        /// How long they took in all, in seconds.
        pub total_duration_seconds: f64,
        /// How long one took on average, in seconds.
        pub average_duration_seconds: f64,
        /// How many full moves one had on average.
        pub average_turn_count: f64,
        /// When the last one ended.
        pub last_completed_at: Option<Timestamp>,
        /// Against everybody.
        pub overall: WinLoss,
        /// Against humans.
        pub vs_humans: WinLoss,
        /// Against bots.
        pub vs_bots: WinLoss,
        /// With the white men.
        pub as_white: WinLoss,
        /// With the black men.
        pub as_black: WinLoss,
        /// Against single opponents, at most ten.
        pub opponents: Vec<OpponentRecord>,
        /// By ruleset.
        pub rulesets: Vec<RulesetRecord>,
    }
}

open_struct! {
    /// A record as wins and losses.
    pub struct WinLoss {
        /// How many games.
        pub total_games: u32,
        /// Won.
        pub wins: u32,
        /// Lost.
        pub losses: u32,
        /// Drawn.
        pub draws: u32,
        /// The part that was won.
        pub win_rate: f64,
    }
}

open_struct! {
    /// A record against one opponent.
    pub struct OpponentRecord {
        /// Who.
        pub username: String,
        /// What kind of account it is.
        pub role: Role,
        /// How many games.
        pub total_games: u32,
        /// Won.
        pub wins: u32,
        /// Lost.
        pub losses: u32,
        /// Drawn.
        pub draws: u32,
        /// The part that was won.
        pub win_rate: f64,
    }
}

open_struct! {
    /// A record in one ruleset.
    pub struct RulesetRecord {
        /// Which.
        pub rule_variant: Ruleset,
        /// How many games.
        pub total_games: u32,
        /// Won.
        pub wins: u32,
        /// Lost.
        pub losses: u32,
        /// Drawn.
        pub draws: u32,
        /// The part that was won.
        pub win_rate: f64,
    }
}

sdk_core::string_enum! {
    /// How a game ended for a player.
    pub enum Outcome {
        /// Won.
        Win = "win",
        /// Lost.
        Loss = "loss",
        /// Drawn.
        Draw = "draw",
    }
}

open_struct! {
    /// A page of a user's finished games.
    pub struct UserGames {
        /// The games, the newest first.
        pub games: Vec<UserGame>,
        /// Which page it is.
        pub pagination: Pagination,
    }
}

open_struct! {
    /// A finished game from one player's side.
    pub struct UserGame {
        /// The internal id.
        pub game_id: GameId,
        /// The public code.
        pub game_code: GameCode,
        /// The ruleset.
        pub rule_variant: Ruleset,
        /// The opponent's name.
        pub opponent: String,
        /// What kind of account the opponent has.
        pub opponent_role: Role,
        /// The side that the player had.
        pub play_as: Color,
        /// How it ended for the player.
        pub result: Outcome,
        /// Why it ended.
        pub reason: EndReason,
        /// How many attempts were recorded, failed ones and Any? included.
        pub move_count: u32,
        /// How many full moves it had.
        pub turn_count: u32,
        /// When it was played.
        pub played_at: Timestamp,
        /// The overall rating before.
        pub elo_before: Option<i32>,
        /// The overall rating after.
        pub elo_after: Option<i32>,
        /// The difference.
        pub elo_delta: Option<i32>,
        /// What it did to each rating.
        pub rating_snapshot: Option<RatingSteps>,
    }
}

open_struct! {
    /// What a game did to a player's three ratings.
    pub struct RatingSteps {
        /// Against everybody.
        pub overall: RatingStep,
        /// Against humans.
        pub vs_humans: RatingStep,
        /// Against bots.
        pub vs_bots: RatingStep,
    }
}

open_struct! {
    /// What a game did to a rating: nothing where the opponent is of the other kind.
    pub struct RatingStep {
        /// Before.
        pub elo_before: Option<i32>,
        /// After.
        pub elo_after: Option<i32>,
        /// The difference.
        pub elo_delta: Option<i32>,
    }
}

open_struct! {
    /// Which page of a list it is.
    pub struct Pagination {
        /// Its number, from 1.
        pub page: u32,
        /// How many entries a page has.
        pub per_page: u32,
        /// How many entries there are.
        pub total: u32,
        /// How many pages there are.
        pub pages: u32,
    }
}

open_struct! {
    /// How a rating came to be.
    pub struct RatingHistory {
        /// Which rating it is.
        pub track: RatingTrack,
        /// The points.
        pub series: RatingSeries,
    }
}

open_struct! {
    /// The points of a rating's history.
    pub struct RatingSeries {
        /// Game by game.
        pub game: Vec<RatingPoint>,
        /// Day by day.
        pub date: Vec<RatingPoint>,
    }
}

open_struct! {
    /// A point of a rating's history.
    pub struct RatingPoint {
        /// What it is called.
        pub label: String,
        /// The rating.
        pub elo: i32,
        /// The difference to the point before.
        pub delta: Option<i32>,
        /// When.
        pub played_at: Option<Timestamp>,
        /// After which game.
        pub game_number: Option<u32>,
    }
}

open_struct! {
    /// A page of the leaderboard.
    pub struct Leaderboard {
        /// The players, from the first place on.
        pub players: Vec<LeaderboardEntry>,
        /// Which page it is.
        pub pagination: Pagination,
    }
}

open_struct! {
    /// A place on the leaderboard.
    pub struct LeaderboardEntry {
        /// The place, from 1.
        pub rank: u32,
        /// The name that identifies the player.
        pub username: String,
        /// The name that is shown.
        pub display_name: String,
        /// What kind of account it is.
        pub role: Role,
        /// Whether it is a bot.
        pub is_bot: bool,
        /// Where the player's page is, below the site's address.
        pub profile_path: String,
        /// The overall rating.
        pub elo: i32,
        /// The ratings.
        pub ratings: Ratings,
        /// How many games it played.
        pub games_played: u32,
        /// The part that it won.
        pub win_rate: f64,
    }
}
