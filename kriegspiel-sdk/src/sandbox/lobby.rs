//! The lobby: creating, joining, deleting and listing games (spec, "Human-created bot games", "Bot-created waiting games",
//! "Bot-vs-bot joining").

use sdk_core::clock::Instant;
use serde_json::{Map, Value};

use super::accounts::AccountKey;
use super::chess_clock::ChessClock;
use super::form::{self, Form};
use super::game::{Game, GameKey, NewGame};
use super::house::toss;
use super::platform::{Due, Platform};
use super::referee::Referee;
use super::refusal::{Answer, Outcome, Refusal};
use super::seeds;
use super::settings::LISTED;
use crate::model::{
    BotId, CreatedGame, ErrorCode, Extra, GameStatus, Games, JoinedGame, OpenGame, OpenGames, OpponentType,
    PlayAs, Ruleset, SelectedBot,
};

/// Where a browser would play: nobody serves it.
const SITE: &str = "http://localhost:5173";

/// A game that somebody asked for.
pub(super) struct Wish {
    pub(super) ruleset: Ruleset,
    pub(super) play_as: PlayAs,
    pub(super) opponent_type: OpponentType,
    pub(super) bot_id: Option<String>,
}

impl Wish {
    pub(super) fn read(content_type: &str, body: &[u8]) -> Outcome<Self> {
        let mut form = Form::read(content_type, body)?;
        let ruleset = form.word("rule_variant", Ruleset::KNOWN, "berkeley_any");
        let play_as = form.word("play_as", &["white", "black", "random"], "random");
        form.word("time_control", &["rapid"], "rapid");
        let opponent_type = form.word("opponent_type", &["human", "bot"], "human");
        let bot_id = form.optional_text("bot_id");
        let fields: Map<String, Value> = form.finish(false)?;
        match (opponent_type, &bot_id) {
            ("bot", None) => {
                return Err(form::refuse_body(fields, "bot_id is required when opponent_type is bot"));
            }
            ("human", Some(_)) => {
                return Err(form::refuse_body(fields, "bot_id is only allowed when opponent_type is bot"));
            }
            _ => {}
        }
        let play_as = match play_as {
            "white" => PlayAs::White,
            "black" => PlayAs::Black,
            _ => PlayAs::Random,
        };
        Ok(Self {
            ruleset: Ruleset::from(ruleset),
            play_as,
            opponent_type: OpponentType::from(opponent_type),
            bot_id,
        })
    }
}

impl Platform {
    /// `POST /game/create`.
    pub(super) fn create(&mut self, who: AccountKey, wish: Wish, now: Instant) -> Outcome {
        let (key, bot) = self.create_game(who, wish, now)?;
        let game = self.game(key)?;
        let is_waiting = game.is_waiting();
        let bot = match bot {
            None => None,
            Some(bot) => {
                let account = self.account(bot)?;
                let bot_id: BotId = account.id.parse().map_err(|_| Refusal::Crash)?;
                Some(SelectedBot { bot_id, username: account.username.clone(), extra: Extra::default() })
            }
        };
        let created = CreatedGame {
            game_id: game.id.clone(),
            game_code: game.code.clone(),
            play_as: game.color_of(who).ok_or(Refusal::Crash)?,
            rule_variant: game.ruleset.clone(),
            state: game.status.clone(),
            join_url: Some(format!("{SITE}/join/{}", game.code)),
            game_url: (!is_waiting).then(|| format!("{SITE}/game/{}", game.code)),
            opponent_type: game.opponent_type.clone(),
            bot,
            extra: Extra::default(),
        };
        Ok(Answer::json(201, &created))
    }

    /// Creates a game. Against a selected bot it begins at once.
    pub(super) fn create_game(
        &mut self,
        who: AccountKey,
        wish: Wish,
        now: Instant,
    ) -> Outcome<(GameKey, Option<AccountKey>)> {
        let against_bot = wish.opponent_type == OpponentType::Bot;
        if self.is_bot(who) {
            if against_bot {
                let message = "Bots can only create open lobby games";
                return Err(Refusal::game(ErrorCode::BotCreateRequiresHumanOpponent, message));
            }
            if self.live.values().any(|game| game.is_waiting() && game.creator == who) {
                let message = "A bot can only have one open lobby game at a time";
                return Err(Refusal::game(ErrorCode::BotAlreadyHasOpenGame, message));
            }
        }
        let bot = if against_bot { Some(self.selected_bot(&wish, now)?) } else { None };
        let color = toss(wish.play_as, &mut self.streams.colors);
        let referee = Referee::new(wish.ruleset.clone()).map_err(|_| Refusal::Crash)?;
        let id = seeds::object_id(&mut self.streams.ids);
        let mut code = seeds::game_code(&mut self.streams.codes);
        while self.names.contains_key(&code) {
            code = seeds::game_code(&mut self.streams.codes);
        }
        let key = self.next_key();
        self.names.insert(id.clone(), key);
        self.names.insert(code.clone(), key);
        let mut game = Game::waiting(
            NewGame {
                key,
                id: id.parse().map_err(|_| Refusal::Crash)?,
                code: code.parse().map_err(|_| Refusal::Crash)?,
                ruleset: wish.ruleset,
                referee,
                creator: who,
                color,
                opponent_type: wish.opponent_type,
                clock: ChessClock::new(self.settings.time, self.settings.increment),
            },
            now,
        );
        match bot {
            Some(bot) => {
                game.begin(bot, false, now);
                self.live.insert(key, game);
                self.began(key, now);
            }
            None => {
                self.live.insert(key, game);
                self.agenda.set(now + self.settings.waiting_for, Due::Expire(key));
                let is_visitor = self.is_bot(who) && !self.is_house(who);
                if is_visitor && self.settings.house_joins {
                    self.agenda.set(now + self.settings.house_wait, Due::Join(key));
                }
            }
        }
        Ok((key, bot))
    }

    fn selected_bot(&self, wish: &Wish, now: Instant) -> Outcome<AccountKey> {
        let found = wish.bot_id.as_deref().and_then(|id| self.accounts.with_id(id));
        let Some(key) = found.filter(|key| self.is_bot(*key)) else {
            return Err(Refusal::game(ErrorCode::BotNotFound, "Selected bot was not found"));
        };
        let bot = self.account(key)?;
        if !bot.rulesets.contains(&wish.ruleset) {
            let message = "Selected bot does not support that ruleset";
            return Err(Refusal::game(ErrorCode::BotRuleVariantUnsupported, message));
        }
        if !bot.is_available(&self.settings, now) {
            let message = "Selected bot is temporarily unavailable";
            return Err(Refusal::game(ErrorCode::BotUnavailable, message));
        }
        Ok(key)
    }

    /// A game has two players now.
    fn began(&mut self, key: GameKey, now: Instant) {
        self.agenda.set(now + self.settings.unstarted_for, Due::Unstarted(key));
        self.need_sweep(now);
        self.tell_subscribers(key);
        self.wake_house(key, now);
    }

    /// `POST /game/join/{code}`.
    pub(super) fn join(&mut self, who: AccountKey, code: &str, now: Instant) -> Outcome {
        let key = self.join_game(who, code, now)?;
        let game = self.game(key)?;
        let joined = JoinedGame {
            game_id: game.id.clone(),
            game_code: game.code.clone(),
            play_as: game.color_of(who).ok_or(Refusal::Crash)?,
            rule_variant: game.ruleset.clone(),
            state: GameStatus::Active,
            game_url: Some(format!("{SITE}/game/{}", game.code)),
            extra: Extra::default(),
        };
        Ok(Answer::json(200, &joined))
    }

    /// Joins a game, with the checks in the platform's order.
    pub(super) fn join_game(&mut self, who: AccountKey, code: &str, now: Instant) -> Outcome<GameKey> {
        let code = code.to_ascii_uppercase();
        let unknown = || Refusal::Game(ErrorCode::GameNotFound, format!("No game with code {code} exists."));
        let key = self.names.get(&code).copied().ok_or_else(unknown)?;
        let game = self.game(key).map_err(|_| unknown())?;
        if game.code.as_str() != code {
            return Err(unknown());
        }
        let refused = |code, message: &str| Err(Refusal::game(code, message));
        if game.is_over() {
            // It is archived, and out of the lobby's sight.
            return Err(unknown());
        }
        if game.creator == who {
            return refused(ErrorCode::CannotJoinOwnGame, "Cannot join your own game");
        }
        if game.opponent_type == OpponentType::Bot {
            return refused(ErrorCode::GameReservedForBot, "This game is reserved for its selected bot");
        }
        if !game.is_waiting() {
            return refused(ErrorCode::GameFull, "Game is not joinable");
        }
        let by_bot = self.is_bot(game.creator);
        let joiner = self.account(who)?;
        let joiner_is_bot = joiner.is_bot();
        if joiner_is_bot {
            if !by_bot {
                return refused(ErrorCode::Forbidden, "Bots cannot join human-created lobby games");
            }
            let cooldown = self.settings.join_cooldown;
            if joiner.joined_at.is_some_and(|at| now.saturating_duration_since(at) < cooldown) {
                let message = "Bots can only join another bot's lobby game once per minute";
                return refused(ErrorCode::BotJoinCooldown, message);
            }
        }
        let creator = game.creator;
        self.live_mut(key)?.begin(who, by_bot && joiner_is_bot, now);
        if joiner_is_bot && let Some(account) = self.accounts.get_mut(who) {
            account.joined_at = Some(now);
        }
        self.began(key, now);
        if self.is_house(creator) {
            self.agenda.set(now + self.settings.house_wait, Due::Open(creator));
        }
        Ok(key)
    }

    /// `DELETE /game/{ref}`.
    pub(super) fn delete(&mut self, who: AccountKey, name: &str) -> Outcome {
        let key = self.find_live(name)?;
        let game = self.game(key)?;
        if !game.is_waiting() {
            return Err(Refusal::game(ErrorCode::GameNotWaiting, "Only waiting games can be deleted"));
        }
        if game.creator != who {
            let message = "Only the creator can delete this waiting game";
            return Err(Refusal::game(ErrorCode::Forbidden, message));
        }
        self.forget(key);
        Ok(Answer::empty(204))
    }

    /// A waiting game has waited for too long.
    pub(super) fn expire(&mut self, key: GameKey, now: Instant) {
        let Some(creator) = self.live.get(&key).filter(|game| game.is_waiting()).map(|game| game.creator)
        else {
            return;
        };
        self.forget(key);
        self.house_game_is_gone(creator, now);
    }

    /// A game that nobody began has stood for too long.
    pub(super) fn delete_unstarted(&mut self, key: GameKey) {
        if self.live.get(&key).is_some_and(|game| game.is_active() && game.plies() == 0) {
            self.forget(key);
        }
    }

    /// `GET /game/open`.
    pub(super) fn open_games(&self) -> Answer {
        let games = self.live.values().rev().filter(|game| game.is_waiting()).take(LISTED);
        let games = games.map(|game| OpenGame {
            game_code: game.code.clone(),
            rule_variant: game.ruleset.clone(),
            created_by: self
                .accounts
                .get(game.creator)
                .map(|account| account.username.clone())
                .unwrap_or_default(),
            created_at: self.calendar.stored(game.created_at),
            available_color: game.free_color(),
            extra: Extra::default(),
        });
        Answer::json(200, &OpenGames { games: games.collect(), extra: Extra::default() })
    }

    /// `GET /game/mine/active`: what the database has of a bot's games, which can be far behind.
    pub(super) fn mine_active(&mut self, who: AccountKey, now: Instant) -> Answer {
        let keys: Vec<GameKey> = self
            .live
            .values()
            .rev()
            .filter(|game| game.color_of(who).is_some())
            .map(|game| game.key)
            .collect();
        self.listing(keys.into_iter().take(LISTED), now)
    }

    /// `GET /game/mine/archived`.
    pub(super) fn mine_archived(&mut self, who: AccountKey, now: Instant) -> Answer {
        let keys: Vec<GameKey> = self
            .archive
            .values()
            .rev()
            .filter(|game| game.color_of(who).is_some())
            .map(|game| game.key)
            .collect();
        self.listing(keys.into_iter().take(LISTED), now)
    }

    /// `GET /game/mine`.
    pub(super) fn mine(&mut self, who: AccountKey, now: Instant) -> Answer {
        let all = self.live.values().chain(self.archive.values());
        let mut keys: Vec<GameKey> =
            all.filter(|game| game.color_of(who).is_some()).map(|game| game.key).collect();
        keys.sort_unstable_by(|a, b| b.cmp(a));
        self.listing(keys.into_iter().take(LISTED), now)
    }

    fn listing(&mut self, keys: impl Iterator<Item = GameKey>, now: Instant) -> Answer {
        let is_stale = self.settings.stale_listings;
        let mut games = Vec::new();
        for key in keys {
            let stored = match self.live.get_mut(&key) {
                Some(game) if is_stale => Some(game.stored(now)),
                _ => None,
            };
            if let Ok(game) = self.game(key) {
                let shown = stored.unwrap_or_else(|| game.current());
                games.push(self.metadata(game, shown, false));
            }
        }
        Answer::json(200, &Games { games, extra: Extra::default() })
    }
}
