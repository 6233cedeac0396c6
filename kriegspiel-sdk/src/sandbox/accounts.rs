//! The accounts: bots, humans and guests, and which token or session opens which.

use std::collections::HashMap;
use std::fmt;

use sdk_core::clock::Instant;
use sdk_core::sandbox::magic;
use sdk_core::secret::Secret;
use serde_json::{Map, Value};

use super::house::HousePlayer;
use super::settings::Settings;
use crate::model::{Extra, GameCounts, Provider, Rating, RatingTrack, Ratings, Role, Ruleset};

/// At most so many accounts.
pub(super) const MAX_ACCOUNTS: usize = 10_000;

/// What a new account's ratings are.
pub(super) const FIRST_RATING: i32 = 1_200;

/// Names an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AccountKey(usize);

/// A model bot's last report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report {
    pub(super) provider: Provider,
    pub(super) ready: bool,
    pub(super) at: Instant,
}

/// A rating with its record: against everybody, humans, or bots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub(super) elo: i32,
    pub(super) peak: i32,
    pub(super) won: u32,
    pub(super) lost: u32,
    pub(super) drawn: u32,
}

impl Track {
    const fn new() -> Self {
        Self { elo: FIRST_RATING, peak: FIRST_RATING, won: 0, lost: 0, drawn: 0 }
    }

    pub(super) const fn played(&self) -> u32 {
        self.won + self.lost + self.drawn
    }

    pub(super) fn rating(&self) -> Rating {
        Rating { elo: self.elo, peak: self.peak, extra: Extra::default() }
    }

    pub(super) fn counts(&self) -> GameCounts {
        GameCounts {
            games_played: self.played(),
            games_won: self.won,
            games_lost: self.lost,
            games_drawn: self.drawn,
            extra: Extra::default(),
        }
    }
}

/// An account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: String,
    /// In small letters.
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) role: Role,
    pub(super) email: Option<String>,
    pub(super) description: String,
    pub(super) listed: bool,
    pub(super) rulesets: Vec<Ruleset>,
    /// The token's public part.
    pub(super) token_id: Option<String>,
    pub(super) created_at: Instant,
    pub(super) house: Option<HousePlayer>,
    pub(super) overall: Track,
    pub(super) vs_humans: Track,
    pub(super) vs_bots: Track,
    pub(super) report: Option<Report>,
    /// When it last joined another bot's game.
    pub(super) joined_at: Option<Instant>,
    pub(super) settings: Map<String, Value>,
}

impl Account {
    pub(super) fn is_bot(&self) -> bool {
        self.role == Role::Bot
    }

    pub(super) fn ratings(&self) -> Ratings {
        Ratings {
            overall: Some(self.overall.rating()),
            vs_humans: Some(self.vs_humans.rating()),
            vs_bots: Some(self.vs_bots.rating()),
            extra: Extra::default(),
        }
    }

    pub(super) fn track(&self, track: &RatingTrack) -> &Track {
        match track {
            RatingTrack::VsHumans => &self.vs_humans,
            RatingTrack::VsBots => &self.vs_bots,
            _ => &self.overall,
        }
    }

    pub(super) fn track_mut(&mut self, track: &RatingTrack) -> &mut Track {
        match track {
            RatingTrack::VsHumans => &mut self.vs_humans,
            RatingTrack::VsBots => &mut self.vs_bots,
            _ => &mut self.overall,
        }
    }

    /// Which of an opponent's ratings a game against this account counts for.
    pub(super) fn track_for_opponent(&self) -> RatingTrack {
        if self.is_bot() { RatingTrack::VsBots } else { RatingTrack::VsHumans }
    }

    /// Whether a human may pick it now.
    pub(super) fn is_available(&self, settings: &Settings, now: Instant) -> bool {
        let gate = settings.model_bots.iter().find(|(name, _)| *name == self.username);
        gate.is_none_or(|(_, provider)| {
            self.report.is_some_and(|report| {
                report.ready
                    && report.provider == *provider
                    && now.saturating_duration_since(report.at) <= settings.heartbeat
            })
        })
    }
}

/// What an account is made of.
pub(super) struct NewAccount {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) role: Role,
    pub(super) email: Option<String>,
    pub(super) description: String,
    pub(super) listed: bool,
    pub(super) rulesets: Vec<Ruleset>,
    pub(super) house: Option<HousePlayer>,
}

pub(super) struct Accounts {
    all: Vec<Account>,
    by_name: HashMap<String, AccountKey>,
    by_id: HashMap<String, AccountKey>,
    by_token: HashMap<String, AccountKey>,
    by_session: HashMap<String, AccountKey>,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self {
            all: Vec::new(),
            by_name: HashMap::new(),
            by_id: HashMap::new(),
            by_token: HashMap::new(),
            by_session: HashMap::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.all.len() >= MAX_ACCOUNTS
    }

    /// Adds an account. Its name must be free.
    pub(super) fn add(&mut self, new: NewAccount, now: Instant) -> AccountKey {
        let key = AccountKey(self.all.len());
        let username = new.username.to_ascii_lowercase();
        self.by_name.insert(username.clone(), key);
        self.by_id.insert(new.id.clone(), key);
        self.all.push(Account {
            id: new.id,
            username,
            display_name: new.display_name,
            role: new.role,
            email: new.email,
            description: new.description,
            listed: new.listed,
            rulesets: new.rulesets,
            token_id: None,
            created_at: now,
            house: new.house,
            overall: Track::new(),
            vs_humans: Track::new(),
            vs_bots: Track::new(),
            report: None,
            joined_at: None,
            settings: Map::new(),
        });
        key
    }

    pub(super) fn give_token(&mut self, key: AccountKey, id: String, token: &Secret) {
        self.by_token.insert(token.expose().to_owned(), key);
        if let Some(account) = self.get_mut(key) {
            account.token_id = Some(id);
        }
    }

    pub(super) fn give_session(&mut self, key: AccountKey, session: &Secret) {
        self.by_session.insert(session.expose().to_owned(), key);
    }

    pub(super) fn get(&self, key: AccountKey) -> Option<&Account> {
        self.all.get(key.0)
    }

    pub(super) fn get_mut(&mut self, key: AccountKey) -> Option<&mut Account> {
        self.all.get_mut(key.0)
    }

    pub(super) fn named(&self, username: &str) -> Option<AccountKey> {
        self.by_name.get(&username.to_ascii_lowercase()).copied()
    }

    pub(super) fn with_id(&self, id: &str) -> Option<AccountKey> {
        self.by_id.get(id).copied()
    }

    /// Whose token it is. One with `faultRevoked` is nobody's.
    pub(super) fn with_token(&self, token: &str) -> Option<AccountKey> {
        self.by_token.get(token).copied().filter(|_| !magic::is_revoked(token))
    }

    pub(super) fn with_session(&self, session: &str) -> Option<AccountKey> {
        self.by_session.get(session).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (AccountKey, &Account)> {
        self.all.iter().enumerate().map(|(index, account)| (AccountKey(index), account))
    }

    /// Forgets what everybody has played and reported.
    pub(super) fn forget_games(&mut self) {
        for account in &mut self.all {
            (account.overall, account.vs_humans, account.vs_bots) =
                (Track::new(), Track::new(), Track::new());
            account.report = None;
            account.joined_at = None;
        }
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("count", &self.all.len()).finish_non_exhaustive()
    }
}
