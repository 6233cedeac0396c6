//! What the house players do on the platform: they open and join games, and answer in those that they play.

use std::time::Duration;

use sdk_core::clock::Instant;

use super::accounts::AccountKey;
use super::game::GameKey;
use super::house::{HOUSE_HUMAN, HouseAction, HousePlayer, HouseView};
use super::lobby::Wish;
use super::platform::{Due, Platform};
use super::referee::Question;
use super::refusal::{Outcome, Refusal};
use super::settings::HOUSE_CAP;
use crate::model::{GameCode, OpponentType, PlayAs, Ruleset};

/// The shortest wait before the house tries again: without one it would try for ever in the same instant.
const PAUSE: Duration = Duration::from_millis(100);

impl Platform {
    /// What the house does first.
    pub(super) fn set_house_agenda(&mut self, now: Instant) {
        if self.settings.house_opens {
            let bots: Vec<AccountKey> = self
                .accounts
                .iter()
                .filter(|(_, account)| account.house.is_some() && account.is_bot())
                .map(|(key, _)| key)
                .collect();
            for bot in bots {
                self.agenda.set(now + self.settings.house_wait, Due::Open(bot));
            }
        }
        if self.settings.house_human {
            self.agenda.set(now + self.settings.human_wait, Due::Human);
        }
    }

    /// A house player whose turn it is will act in a little while.
    pub(super) fn wake_house(&mut self, key: GameKey, now: Instant) {
        let Some(game) = self.live.get(&key).filter(|game| game.is_active() && !game.house_is_due) else {
            return;
        };
        let mover = game.turn().and_then(|color| game.seat(color));
        if mover.is_some_and(|account| self.is_house(account)) {
            self.agenda.set(now + self.settings.house_thinks, Due::Act(key));
            if let Some(game) = self.live.get_mut(&key) {
                game.house_is_due = true;
            }
        }
    }

    pub(super) fn house_acts(&mut self, key: GameKey, now: Instant) {
        let Some(game) = self.live.get_mut(&key) else { return };
        game.house_is_due = false;
        if self.adjudicate(key, now) {
            return;
        }
        let Some(game) = self.live.get(&key).filter(|game| game.is_active()) else { return };
        let Some(color) = game.turn() else { return };
        let player = game.seat(color).and_then(|account| self.accounts.get(account)?.house);
        let Some(player) = player else { return };
        let view = HouseView::of(&game.referee, color);
        let question = match player.choose(&view, &mut self.streams.house) {
            Some(HouseAction::AskAny) => Question::Any,
            Some(HouseAction::Move(uci)) => Question::Move(uci),
            None => return,
        };
        // It asks only what it may.
        let _ = self.ask(key, color, question, now);
    }

    fn house_bots_for(&self, ruleset: &Ruleset) -> Vec<AccountKey> {
        let plays = |key: &AccountKey| {
            self.live.values().filter(|game| game.is_active() && game.color_of(*key).is_some()).count()
                < HOUSE_CAP
        };
        self.accounts
            .iter()
            .filter(|(_, account)| {
                account.house.is_some() && account.is_bot() && account.rulesets.contains(ruleset)
            })
            .map(|(key, _)| key)
            .filter(plays)
            .collect()
    }

    /// A house bot joins a bot's waiting game, as soon as one may.
    pub(super) fn house_joins(&mut self, key: GameKey, now: Instant) {
        let Some(game) = self.live.get(&key).filter(|game| game.is_waiting()) else { return };
        let code = game.code.clone();
        let candidates = self.house_bots_for(&game.ruleset);
        let free_at = |bot: &AccountKey| {
            self.accounts
                .get(*bot)
                .and_then(|account| account.joined_at)
                .map(|at| at + self.settings.join_cooldown)
        };
        let free: Vec<AccountKey> =
            candidates.iter().copied().filter(|bot| free_at(bot).is_none_or(|at| at <= now)).collect();
        match self.streams.house.choice(&free).copied() {
            Some(bot) => {
                // It may, by the very rules that are checked now.
                let _ = self.join_game(bot, code.as_str(), now);
            }
            None => {
                let soonest = candidates.iter().filter_map(free_at).min();
                // At the cap there is no telling when a game ends.
                let later = now + self.settings.house_wait.max(PAUSE);
                self.agenda.set(soonest.unwrap_or(later), Due::Join(key));
            }
        }
    }

    /// A house bot opens a game of its own, if it has none that waits.
    pub(super) fn house_opens(&mut self, who: AccountKey, now: Instant) {
        let rulesets = self.accounts.get(who).map(|account| account.rulesets.clone()).unwrap_or_default();
        let Some(ruleset) = self.streams.house.choice(&rulesets).cloned() else { return };
        if !self.settings.house_opens {
            return;
        }
        if !self.house_bots_for(&ruleset).contains(&who) {
            // It plays as many games as it may.
            self.agenda.set(now + self.settings.house_wait.max(PAUSE), Due::Open(who));
            return;
        }
        let wish =
            Wish { ruleset, play_as: PlayAs::Random, opponent_type: OpponentType::Human, bot_id: None };
        // It is refused where one waits already.
        let _ = self.create_game(who, wish, now);
    }

    /// A waiting game of the house's has expired: the next one follows.
    pub(super) fn house_game_is_gone(&mut self, creator: AccountKey, now: Instant) {
        if self.is_house(creator) && self.is_bot(creator) {
            self.agenda.set(now + self.settings.house_wait.max(PAUSE), Due::Open(creator));
        }
    }

    /// The house's human picks a listed bot that is available, if it plays with nobody.
    pub(super) fn human_looks(&mut self, now: Instant) {
        let Some(human) = self.accounts.named(HOUSE_HUMAN) else { return };
        if self.live.values().any(|game| game.is_active() && game.color_of(human).is_some()) {
            // The end of that game brings it back.
            return;
        }
        let picks: Vec<(String, Vec<Ruleset>)> = self
            .accounts
            .iter()
            .filter(|(_, account)| {
                account.is_bot()
                    && account.house.is_none()
                    && account.listed
                    && account.is_available(&self.settings, now)
            })
            .map(|(_, account)| (account.username.clone(), account.rulesets.clone()))
            .collect();
        let picked = self.streams.house.choice(&picks).cloned();
        let begun = picked.is_some_and(|(username, rulesets)| {
            let ruleset = self.streams.house.choice(&rulesets).cloned();
            ruleset.is_some_and(|ruleset| self.human_picks(&username, ruleset, PlayAs::Random, now).is_ok())
        });
        if !begun {
            self.agenda.set(now + self.settings.human_wait, Due::Human);
        }
    }

    /// The house's human begins a game with a bot.
    pub(super) fn human_picks(
        &mut self,
        username: &str,
        ruleset: Ruleset,
        play_as: PlayAs,
        now: Instant,
    ) -> Outcome<GameCode> {
        let human = self.accounts.named(HOUSE_HUMAN).ok_or(Refusal::Crash)?;
        let bot_id =
            self.accounts.named(username).and_then(|key| self.accounts.get(key)).map(|bot| bot.id.clone());
        let wish = Wish {
            ruleset,
            play_as,
            opponent_type: OpponentType::Bot,
            bot_id: Some(bot_id.unwrap_or_default()),
        };
        let (key, _) = self.create_game(human, wish, now)?;
        Ok(self.game(key)?.code.clone())
    }

    /// The house's human opens a game in the lobby, which bots may not join.
    pub(super) fn human_opens(&mut self, ruleset: Ruleset, now: Instant) -> Outcome<GameCode> {
        let human = self.accounts.named(HOUSE_HUMAN).ok_or(Refusal::Crash)?;
        let wish =
            Wish { ruleset, play_as: PlayAs::Random, opponent_type: OpponentType::Human, bot_id: None };
        let (key, _) = self.create_game(human, wish, now)?;
        Ok(self.game(key)?.code.clone())
    }

    /// A player's game is over; the house's human looks for the next one.
    pub(super) fn human_is_free(&mut self, who: AccountKey, now: Instant) {
        let is_human =
            self.accounts.get(who).is_some_and(|account| account.house == Some(HousePlayer::Human));
        if is_human && self.settings.house_human {
            self.agenda.set(now + self.settings.human_wait, Due::Human);
        }
    }
}
