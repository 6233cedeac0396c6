//! Users, their games and ratings, and the leaderboard.

use std::ops::RangeInclusive;

use sdk_core::error::{Error, Result};

use super::Client;
use crate::model::{Leaderboard, RatingHistory, RatingTrack, User, UserGames};

/// Refuses a number that is out of its range.
pub(super) fn check_range(field: &str, number: Option<u32>, range: RangeInclusive<u32>) -> Result<()> {
    match number {
        Some(number) if !range.contains(&number) => {
            let (low, high) = (range.start(), range.end());
            let message = match high {
                &u32::MAX => format!("{field} is at least {low}, not {number}"),
                _ => format!("{field} is from {low} to {high}, not {number}"),
            };
            Err(Error::invalid_argument(field, message))
        }
        _ => Ok(()),
    }
}

impl Client {
    /// A user. Whether somebody who opened a lobby game is a bot is told here.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors): status 404 when there is no such user.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn user(&self, username: &str) -> Result<User> {
        self.get(["user", username]).send_json().await
    }

    /// A user's finished games, in pages.
    ///
    /// ```no_run
    /// # async fn example(client: kriegspiel_sdk::Client) -> kriegspiel_sdk::Result<()> {
    /// for game in client.user_games("randobot").per_page(10).send().await?.games {
    ///     println!("{} {} {}", game.played_at, game.opponent, game.result);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn user_games(&self, username: impl Into<String>) -> UserGamesQuery {
        UserGamesQuery { client: self.clone(), username: username.into(), page: None, per_page: None }
    }

    /// How a user's rating came to be.
    pub fn rating_history(&self, username: impl Into<String>) -> RatingHistoryQuery {
        RatingHistoryQuery { client: self.clone(), username: username.into(), track: None, limit: None }
    }

    /// The leaderboard, in pages.
    pub fn leaderboard(&self) -> LeaderboardQuery {
        LeaderboardQuery { client: self.clone(), page: None, per_page: None }
    }
}

/// A request for a user's finished games, by [`Client::user_games`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct UserGamesQuery {
    client: Client,
    username: String,
    page: Option<u32>,
    per_page: Option<u32>,
}

impl UserGamesQuery {
    /// Which page, from 1. Default: the first.
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// How many games a page has: 1 to 100. Default: 100, by the platform.
    pub fn per_page(mut self, games: u32) -> Self {
        self.per_page = Some(games);
        self
    }

    /// The page.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a number out of range; otherwise as told at
    /// [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<UserGames> {
        check_range("page", self.page, 1..=u32::MAX)?;
        check_range("per_page", self.per_page, 1..=100)?;
        let request = self.client.get(["user", &self.username, "games"]);
        request.query_opt("page", self.page).query_opt("per_page", self.per_page).send_json().await
    }
}

/// A request for a rating's history, by [`Client::rating_history`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct RatingHistoryQuery {
    client: Client,
    username: String,
    track: Option<RatingTrack>,
    limit: Option<u32>,
}

impl RatingHistoryQuery {
    /// Which rating. Default: the overall one.
    pub fn track(mut self, track: RatingTrack) -> Self {
        self.track = Some(track);
        self
    }

    /// How many points: 10 to 100.
    pub fn limit(mut self, points: u32) -> Self {
        self.limit = Some(points);
        self
    }

    /// The history.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a limit out of range; otherwise as told at
    /// [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<RatingHistory> {
        check_range("limit", self.limit, 10..=100)?;
        let request = self.client.get(["user", &self.username, "rating-history"]);
        request.query_opt("track", self.track.as_ref()).query_opt("limit", self.limit).send_json().await
    }
}

/// A request for the leaderboard, by [`Client::leaderboard`].
#[derive(Debug, Clone)]
#[must_use = "nothing happens until the request is sent"]
pub struct LeaderboardQuery {
    client: Client,
    page: Option<u32>,
    per_page: Option<u32>,
}

impl LeaderboardQuery {
    /// Which page, from 1. Default: the first.
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// How many places a page has: 1 to 100. Default: 20, by the platform.
    pub fn per_page(mut self, places: u32) -> Self {
        self.per_page = Some(places);
        self
    }

    /// The page.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a number out of range; otherwise as told at
    /// [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn send(&self) -> Result<Leaderboard> {
        check_range("page", self.page, 1..=u32::MAX)?;
        check_range("per_page", self.per_page, 1..=100)?;
        let request = self.client.get(["leaderboard"]);
        request.query_opt("page", self.page).query_opt("per_page", self.per_page).send_json().await
    }
}
