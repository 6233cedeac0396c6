//! What everybody may know of users: profiles, games, ratings, the leaderboard, and how much is played.

use std::collections::BTreeMap;
use std::time::Duration;

use sdk_core::clock::Instant;
use serde_json::{Map, Value, json};

use super::accounts::{Account, AccountKey, FIRST_RATING};
use super::form::{Form, Query};
use super::game::Game;
use super::platform::Platform;
use super::ratings::outcome;
use super::refusal::{Answer, Outcome, Refusal};
use super::views::recorded;
use crate::model::{
    BotMetrics, Color, EndReason, Extra, Leaderboard, LeaderboardEntry, OpponentRecord, Outcome as Ended,
    Pagination, PlatformStats, Player, RatingHistory, RatingPoint, RatingSeries, RatingStep, RatingSteps,
    RatingTrack, Ratings, RecentGame, RecentGames, ResultsByOpponent, RulesetRecord, User, UserGame,
    UserGames, UserProfile, UserStats, WinLoss,
};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// A human is on the leaderboard from so many games on.
const HUMAN_GAMES: u32 = 5;
/// A bot's metrics name so many opponents.
const OPPONENTS: usize = 10;

/// A record that is being counted.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    wins: u32,
    losses: u32,
    draws: u32,
}

impl Tally {
    fn add(&mut self, ended: &Ended) {
        match ended {
            Ended::Win => self.wins += 1,
            Ended::Loss => self.losses += 1,
            _ => self.draws += 1,
        }
    }

    const fn total(self) -> u32 {
        self.wins + self.losses + self.draws
    }

    fn rate(self) -> f64 {
        win_rate(self.wins, self.total())
    }

    fn shown(self) -> WinLoss {
        WinLoss {
            total_games: self.total(),
            wins: self.wins,
            losses: self.losses,
            draws: self.draws,
            win_rate: self.rate(),
            extra: Extra::default(),
        }
    }
}

fn win_rate(wins: u32, total: u32) -> f64 {
    if total == 0 { 0.0 } else { f64::from(wins) / f64::from(total) }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A page of a list, from the number on the wire.
fn page<T>(all: Vec<T>, page: i64, per_page: i64) -> (Vec<T>, Pagination) {
    let (number, size) = (usize::try_from(page).unwrap_or(1), usize::try_from(per_page).unwrap_or(1));
    let total = all.len();
    let shown = all.into_iter().skip(number.saturating_sub(1).saturating_mul(size)).take(size).collect();
    let pagination = Pagination {
        page: count(number),
        per_page: count(size),
        total: count(total),
        pages: count(total.div_ceil(size.max(1))),
        extra: Extra::default(),
    };
    (shown, pagination)
}

/// A finished game from one player's side.
struct Finished<'a> {
    game: &'a Game,
    color: Color,
    opponent: &'a Account,
    ended: Ended,
    at: Instant,
}

impl Finished<'_> {
    fn full_turns(&self) -> u32 {
        self.game.plies().div_ceil(2)
    }

    /// What the game did to one of the player's ratings; nothing when the opponent is of the other kind.
    fn step(&self, track: &RatingTrack) -> Option<(i32, i32, i32)> {
        let snapshot = self.game.snapshot.as_ref()?;
        let own_track = match self.color {
            Color::White => &snapshot.white_track,
            Color::Black => &snapshot.black_track,
        };
        let change = match track {
            RatingTrack::Overall => &snapshot.overall,
            track if track == own_track => &snapshot.specific,
            _ => return None,
        };
        Some(match self.color {
            Color::White => (change.white_before, change.white_after, change.white_delta),
            Color::Black => (change.black_before, change.black_after, change.black_delta),
        })
    }

    fn shown_step(&self, track: &RatingTrack) -> RatingStep {
        let step = self.step(track);
        RatingStep {
            elo_before: step.map(|(before, ..)| before),
            elo_after: step.map(|(_, after, _)| after),
            elo_delta: step.map(|(.., delta)| delta),
            extra: Extra::default(),
        }
    }
}

impl Platform {
    fn user_named(&self, name: &str) -> Outcome<(AccountKey, &Account)> {
        let found = self.accounts.named(name).and_then(|key| Some((key, self.accounts.get(key)?)));
        found.ok_or_else(|| Refusal::detail(404, "User not found"))
    }

    /// A player's finished games, the newest first.
    fn finished(&self, who: AccountKey) -> Vec<Finished<'_>> {
        let mut all: Vec<Finished<'_>> = self
            .archive
            .values()
            .filter_map(|game| {
                let color = game.color_of(who)?;
                let opponent = self.accounts.get(game.seat(!color)?)?;
                let ended = outcome(game.referee.result()?.winner, color);
                Some(Finished { game, color, opponent, ended, at: game.completed_at? })
            })
            .collect();
        all.sort_by_key(|finished| std::cmp::Reverse((finished.at, finished.game.key)));
        all
    }

    /// `GET /user/{username}`.
    pub(super) fn show_user(&self, name: &str) -> Outcome {
        let (key, account) = self.user_named(name)?;
        let overall = &account.overall;
        let user = User {
            username: account.username.clone(),
            display_name: account.display_name.clone(),
            role: account.role.clone(),
            is_bot: account.is_bot(),
            owner_email: account.email.clone().filter(|_| account.is_bot()),
            profile: UserProfile {
                bio: Some(account.description.clone()),
                avatar_url: None,
                country: None,
                extra: Extra::default(),
            },
            stats: UserStats {
                games_played: overall.played(),
                games_won: overall.won,
                games_lost: overall.lost,
                games_drawn: overall.drawn,
                elo: overall.elo,
                elo_peak: overall.peak,
                results: ResultsByOpponent {
                    overall: overall.counts(),
                    vs_humans: account.vs_humans.counts(),
                    vs_bots: account.vs_bots.counts(),
                    extra: Extra::default(),
                },
                ratings: account.ratings(),
                extra: Extra::default(),
            },
            member_since: Some(self.calendar.stored(account.created_at)),
            bot_metrics: account.is_bot().then(|| self.metrics(key)),
            extra: Extra::default(),
        };
        Ok(Answer::json(200, &user))
    }

    fn metrics(&self, who: AccountKey) -> BotMetrics {
        let finished = self.finished(who);
        let [mut all, mut humans, mut bots, mut white, mut black] = [Tally::default(); 5];
        let mut opponents: BTreeMap<&str, (Tally, &Account)> = BTreeMap::new();
        let mut rulesets: BTreeMap<&str, (Tally, &Game)> = BTreeMap::new();
        let (mut seconds, mut turns) = (0, 0);
        for one in &finished {
            all.add(&one.ended);
            if one.opponent.is_bot() { &mut bots } else { &mut humans }.add(&one.ended);
            match one.color {
                Color::White => &mut white,
                Color::Black => &mut black,
            }
            .add(&one.ended);
            opponents
                .entry(&one.opponent.username)
                .or_insert((Tally::default(), one.opponent))
                .0
                .add(&one.ended);
            rulesets
                .entry(one.game.ruleset.as_str())
                .or_insert((Tally::default(), one.game))
                .0
                .add(&one.ended);
            seconds += one.at.saturating_duration_since(one.game.created_at).as_secs();
            turns += one.full_turns();
        }
        let games = all.total();
        let mut opponents: Vec<_> = opponents.into_values().collect();
        opponents.sort_by(|(a, one), (b, other)| {
            b.total().cmp(&a.total()).then_with(|| one.username.cmp(&other.username))
        });
        let each = |whole: f64| if games == 0 { 0.0 } else { whole / f64::from(games) };
        // Whole seconds, as the platform counts them.
        let total_seconds = f64::from(u32::try_from(seconds).unwrap_or(u32::MAX));
        BotMetrics {
            completed_games: games,
            total_duration_seconds: total_seconds,
            average_duration_seconds: each(total_seconds).round(),
            average_turn_count: each(f64::from(turns)),
            last_completed_at: finished.first().map(|one| self.calendar.stored_zoned(one.at)),
            overall: all.shown(),
            vs_humans: humans.shown(),
            vs_bots: bots.shown(),
            as_white: white.shown(),
            as_black: black.shown(),
            opponents: opponents
                .into_iter()
                .take(OPPONENTS)
                .map(|(tally, account)| OpponentRecord {
                    username: account.username.clone(),
                    role: account.role.clone(),
                    total_games: tally.total(),
                    wins: tally.wins,
                    losses: tally.losses,
                    draws: tally.draws,
                    win_rate: tally.rate(),
                    extra: Extra::default(),
                })
                .collect(),
            rulesets: rulesets
                .into_values()
                .map(|(tally, game)| RulesetRecord {
                    rule_variant: game.ruleset.clone(),
                    total_games: tally.total(),
                    wins: tally.wins,
                    losses: tally.losses,
                    draws: tally.draws,
                    win_rate: tally.rate(),
                    extra: Extra::default(),
                })
                .collect(),
            extra: Extra::default(),
        }
    }

    /// `GET /user/{username}/games`.
    pub(super) fn show_user_games(&self, name: &str, query: &Query<'_>) -> Outcome {
        let number = query.number("page", 1..=i64::MAX, 1)?;
        let per_page = query.number("per_page", 1..=100, 100)?;
        let (key, _) = self.user_named(name)?;
        let (finished, pagination) = page(self.finished(key), number, per_page);
        let games = finished.iter().map(|one| {
            let overall = one.step(&RatingTrack::Overall);
            UserGame {
                game_id: one.game.id.clone(),
                game_code: one.game.code.clone(),
                rule_variant: one.game.ruleset.clone(),
                opponent: one.opponent.username.clone(),
                opponent_role: one.opponent.role.clone(),
                play_as: one.color,
                result: one.ended.clone(),
                reason: one.game.referee.result().map_or(EndReason::Timeout, |result| result.reason.clone()),
                move_count: recorded(one.game),
                turn_count: one.full_turns(),
                played_at: self.calendar.stored(one.at),
                elo_before: overall.map(|(before, ..)| before),
                elo_after: overall.map(|(_, after, _)| after),
                elo_delta: overall.map(|(.., delta)| delta),
                rating_snapshot: Some(RatingSteps {
                    overall: one.shown_step(&RatingTrack::Overall),
                    vs_humans: one.shown_step(&RatingTrack::VsHumans),
                    vs_bots: one.shown_step(&RatingTrack::VsBots),
                    extra: Extra::default(),
                }),
                extra: Extra::default(),
            }
        });
        Ok(Answer::json(200, &UserGames { games: games.collect(), pagination, extra: Extra::default() }))
    }

    /// `GET /user/{username}/rating-history`.
    pub(super) fn show_rating_history(&self, name: &str, query: &Query<'_>) -> Outcome {
        let track = query.word("track", &["overall", "vs_humans", "vs_bots"], "overall")?;
        let limit = usize::try_from(query.number("limit", 10..=100, 100)?).unwrap_or(100);
        let (key, _) = self.user_named(name)?;
        let track = RatingTrack::from(track);
        let mut points = Vec::new();
        for one in self.finished(key).iter().rev() {
            if let Some((_, after, delta)) = one.step(&track) {
                let number = count(points.len() + 1);
                points.push(RatingPoint {
                    label: format!("Game {number}"),
                    elo: after,
                    delta: Some(delta),
                    played_at: Some(self.calendar.stored(one.at)),
                    game_number: Some(number),
                    extra: Extra::default(),
                });
            }
        }
        let mut days: Vec<RatingPoint> = Vec::new();
        for point in &points {
            let day =
                point.played_at.as_ref().and_then(|at| at.as_str().get(..10)).unwrap_or_default().to_owned();
            match days.last_mut().filter(|last| last.label == day) {
                // A day is its last game's rating, and the sum of what its games did.
                Some(last) => {
                    let delta = last.delta.unwrap_or_default() + point.delta.unwrap_or_default();
                    *last = RatingPoint { label: day, delta: Some(delta), ..point.clone() };
                }
                None => days.push(RatingPoint { label: day, ..point.clone() }),
            }
        }
        let newest = |mut all: Vec<RatingPoint>| all.split_off(all.len().saturating_sub(limit));
        let series = RatingSeries { game: newest(points), date: newest(days), extra: Extra::default() };
        Ok(Answer::json(200, &RatingHistory { track, series, extra: Extra::default() }))
    }

    /// `GET /leaderboard`.
    pub(super) fn show_leaderboard(&self, query: &Query<'_>) -> Outcome {
        let number = query.number("page", 1..=i64::MAX, 1)?;
        let per_page = query.number("per_page", 1..=100, 20)?;
        let has_place = |account: &Account| {
            if account.is_bot() { account.listed } else { account.overall.played() >= HUMAN_GAMES }
        };
        let mut places: Vec<&Account> =
            self.accounts.iter().map(|(_, account)| account).filter(|account| has_place(account)).collect();
        places.sort_by(|a, b| b.overall.elo.cmp(&a.overall.elo).then_with(|| a.username.cmp(&b.username)));
        let players: Vec<LeaderboardEntry> = (1..)
            .zip(places)
            .map(|(rank, account)| LeaderboardEntry {
                rank,
                username: account.username.clone(),
                display_name: account.display_name.clone(),
                role: account.role.clone(),
                is_bot: account.is_bot(),
                profile_path: format!("/players/{}", account.username),
                elo: account.overall.elo,
                ratings: account.ratings(),
                games_played: account.overall.played(),
                win_rate: win_rate(account.overall.won, account.overall.played()),
                extra: Extra::default(),
            })
            .collect();
        let (players, pagination) = page(players, number, per_page);
        Ok(Answer::json(200, &Leaderboard { players, pagination, extra: Extra::default() }))
    }

    /// `GET /game/recent`.
    pub(super) fn recent_games(&self, query: &Query<'_>) -> Outcome {
        let limit = query.number("limit", i64::MIN..=i64::MAX, 10)?.clamp(1, 50);
        let mut newest: Vec<&Game> = self.archive.values().collect();
        newest.sort_by_key(|game| std::cmp::Reverse((game.completed_at, game.key)));
        let player = |key: Option<AccountKey>| {
            let account = self.accounts.get(key?)?;
            // Ratings are not told here.
            Some(Player {
                username: account.username.clone(),
                connected: true,
                role: account.role.clone(),
                elo: FIRST_RATING,
                ratings: Ratings::default(),
                extra: Extra::default(),
            })
        };
        let games = newest.into_iter().take(usize::try_from(limit).unwrap_or(10)).filter_map(|game| {
            Some(RecentGame {
                game_id: game.id.clone(),
                game_code: game.code.clone(),
                rule_variant: game.ruleset.clone(),
                white: player(game.white)?,
                black: player(game.black)?,
                result: game.referee.result().cloned(),
                completed_at: game.completed_at.map(|at| self.calendar.stored(at)),
                extra: Extra::default(),
            })
        });
        Ok(Answer::json(200, &RecentGames { games: games.collect(), extra: Extra::default() }))
    }

    /// `GET /game/stats`.
    pub(super) fn platform_stats(&self, now: Instant) -> Answer {
        let within = |span: Duration| {
            count(self.completed_at.iter().filter(|at| now.saturating_duration_since(**at) <= span).count())
        };
        let stats = PlatformStats {
            active_games_now: count(self.live.values().filter(|game| game.is_active()).count()),
            completed_last_hour: within(HOUR),
            completed_last_24_hours: within(DAY),
            completed_total: self.completed_total,
            extra: Extra::default(),
        };
        Answer::json(200, &stats)
    }

    /// `GET /auth/me`. As on the platform, a bot sees its token's id and digest here; the digest is none.
    pub(super) fn me(&self, who: AccountKey) -> Outcome {
        let account = self.account(who)?;
        let mut me = json!({
            "user_id": account.id,
            "username": account.username,
            "display_name": account.display_name,
            "email": account.email,
            "role": account.role,
            "status": "active",
            "stats": { "elo": account.overall.elo, "elo_peak": account.overall.peak },
            "settings": account.settings,
            "created_at": self.calendar.stored(account.created_at),
        });
        if let (true, Some(me)) = (account.is_bot(), me.as_object_mut()) {
            let profile = json!({
                "owner_email": account.email,
                "description": account.description,
                "listed": account.listed,
                "supported_rule_variants": account.rulesets,
                "api_token_id": account.token_id,
                "api_token_digest": "0".repeat(64),
            });
            me.insert("bot_profile".into(), profile);
        }
        Ok(Answer::json(200, &me))
    }

    /// `PATCH /user/settings`: it keeps four of them, and ignores the rest.
    pub(super) fn keep_settings(&mut self, who: AccountKey, content_type: &str, body: &[u8]) -> Outcome {
        let sent: Map<String, Value> =
            if body.is_empty() { Map::new() } else { Form::read(content_type, body)?.finish(true)? };
        let kept = ["board_theme", "piece_set", "sound_enabled", "auto_ask_any"];
        let account = self.accounts.get_mut(who).ok_or(Refusal::Crash)?;
        account.settings.extend(sent.into_iter().filter(|(name, _)| kept.contains(&name.as_str())));
        Ok(Answer::json(200, &account.settings))
    }
}
