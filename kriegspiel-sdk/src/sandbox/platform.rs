//! The whole platform as one state: who exists, what is played, and what is due when. It is pure: time comes in.

use std::collections::{BTreeMap, HashMap, VecDeque};

use sdk_core::clock::Instant;
use sdk_core::limit::TokenBucket;
use sdk_core::sandbox::Seed;
use sdk_core::secret::Secret;

use super::accounts::{Account, AccountKey, Accounts, NewAccount};
use super::game::{Game, GameKey};
use super::house::{HOUSE_HUMAN, HousePlayer};
use super::mailbox::Mailbox;
use super::moments::Calendar;
use super::records::{SandboxAttempt, SandboxGame, SandboxPlayer, SandboxRequest};
use super::refusal::{Outcome, Refusal};
use super::seeds::{self, Streams};
use super::settings::Settings;
use crate::model::{Color, ErrorCode, Role, Ruleset};
use sdk_core::sandbox::{Timed, Timers};

/// What can be due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    /// A waiting game expires.
    Expire(GameKey),
    /// A game that White has not begun is deleted.
    Unstarted(GameKey),
    /// A house player acts in its game.
    Act(GameKey),
    /// A house bot looks at a bot's waiting game.
    Join(GameKey),
    /// A house bot looks whether it has a waiting game of its own.
    Open(AccountKey),
    /// The house's human looks for a bot to play with.
    Human,
    /// The games whose flag fell without anybody's looking are ended.
    Sweep,
}

/// A refusal that somebody ordered.
#[derive(Debug, Clone)]
pub(super) struct OrderedRefusal {
    pub(super) path: String,
    pub(super) code: ErrorCode,
}

#[derive(Debug)]
pub(super) struct Platform {
    pub(super) settings: Settings,
    pub(super) calendar: Calendar,
    pub(super) streams: Streams,
    pub(super) accounts: Accounts,
    pub(super) live: BTreeMap<GameKey, Game>,
    pub(super) archive: BTreeMap<GameKey, Game>,
    pub(super) names: HashMap<String, GameKey>,
    pub(super) agenda: Timers<Due>,
    /// When each of the last games ended, and how many ended in all.
    pub(super) completed_at: VecDeque<Instant>,
    pub(super) completed_total: u32,
    pub(super) database_is_down: bool,
    pub(super) refusals: Vec<OrderedRefusal>,
    /// Streams of games that are gone: nobody says a word there any more, and they stay open.
    pub(super) orphans: Vec<Mailbox>,
    requests: VecDeque<SandboxRequest>,
    bucket: Option<TokenBucket>,
    games_made: u64,
    sweep_is_due: bool,
}

impl Timed for Platform {
    fn next_deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    fn on_time(&mut self, now: Instant) {
        while let Some((at, due)) = self.agenda.pop_due(now) {
            // As if it were done on time, so that what follows from it is on time too.
            let now = at;
            match due {
                Due::Expire(game) => self.expire(game, now),
                Due::Unstarted(game) => self.delete_unstarted(game),
                Due::Act(game) => self.house_acts(game, now),
                Due::Join(game) => self.house_joins(game, now),
                Due::Open(account) => self.house_opens(account, now),
                Due::Human => self.human_looks(now),
                Due::Sweep => self.sweep(now),
            }
        }
    }
}

impl Platform {
    pub(super) fn new(settings: Settings, seed: Seed, calendar: Calendar) -> Self {
        let bucket = settings
            .rate_limit
            .map(|(burst, rate)| TokenBucket::new(burst, std::time::Duration::from_secs(1) / rate.max(1)));
        let mut platform = Self {
            settings,
            calendar,
            streams: Streams::new(seed),
            accounts: Accounts::new(),
            live: BTreeMap::new(),
            archive: BTreeMap::new(),
            names: HashMap::new(),
            agenda: Timers::new(),
            completed_at: VecDeque::new(),
            completed_total: 0,
            database_is_down: false,
            refusals: Vec::new(),
            orphans: Vec::new(),
            requests: VecDeque::new(),
            bucket,
            games_made: 0,
            sweep_is_due: false,
        };
        platform.move_house_in(calendar.origin);
        platform
    }

    fn move_house_in(&mut self, now: Instant) {
        for bot in self.settings.house.clone() {
            let id = seeds::object_id(&mut self.streams.ids);
            self.accounts.add(
                NewAccount {
                    id,
                    username: bot.username().to_owned(),
                    display_name: bot.display_name().to_owned(),
                    role: Role::Bot,
                    email: Some("house@sandbox.example".to_owned()),
                    description: "Plays in every sandbox.".to_owned(),
                    listed: true,
                    rulesets: bot.rulesets(),
                    house: Some(HousePlayer::Bot(bot)),
                },
                now,
            );
        }
        let id = seeds::object_id(&mut self.streams.ids);
        self.accounts.add(
            NewAccount {
                id,
                username: HOUSE_HUMAN.to_owned(),
                display_name: HOUSE_HUMAN.to_owned(),
                role: Role::User,
                email: None,
                description: String::new(),
                listed: false,
                rulesets: Ruleset::ALL.to_vec(),
                house: Some(HousePlayer::Human),
            },
            now,
        );
        self.set_house_agenda(now);
    }

    /// Forgets games, ratings, cooldowns and what was ordered. Accounts and their tokens stay.
    pub(super) fn restart(&mut self, seed: Seed, now: Instant) {
        self.end_streams();
        self.streams = Streams::new(seed);
        self.accounts.forget_games();
        self.live.clear();
        self.archive.clear();
        self.names.clear();
        self.agenda = Timers::new();
        self.completed_at.clear();
        self.completed_total = 0;
        self.database_is_down = false;
        self.refusals.clear();
        self.requests.clear();
        self.sweep_is_due = false;
        self.set_house_agenda(now);
    }

    /// Sees to it that the platform looks for fallen flags now and then, while there are games.
    pub(super) fn need_sweep(&mut self, now: Instant) {
        if !self.sweep_is_due {
            self.sweep_is_due = true;
            self.agenda.set(now + self.settings.sweep_every, Due::Sweep);
        }
    }

    fn sweep(&mut self, now: Instant) {
        self.sweep_is_due = false;
        let keys: Vec<GameKey> = self.live.keys().copied().collect();
        for key in keys {
            self.adjudicate(key, now);
        }
        if self.live.values().any(Game::is_active) {
            self.need_sweep(now);
        }
    }

    /// A new game's key.
    pub(super) fn next_key(&mut self) -> GameKey {
        self.games_made += 1;
        GameKey(self.games_made)
    }

    /// The game of an id or a code, live or archived.
    pub(super) fn find(&self, name: &str) -> Outcome<GameKey> {
        let by_code = || self.names.get(&name.to_ascii_uppercase());
        self.names.get(name).or_else(by_code).copied().ok_or_else(Refusal::not_found)
    }

    /// The game of an id or a code that can still be acted upon.
    pub(super) fn find_live(&self, name: &str) -> Outcome<GameKey> {
        self.find(name)
            .and_then(|key| if self.live.contains_key(&key) { Ok(key) } else { Err(Refusal::not_found()) })
    }

    pub(super) fn game(&self, key: GameKey) -> Outcome<&Game> {
        self.live.get(&key).or_else(|| self.archive.get(&key)).ok_or_else(Refusal::not_found)
    }

    pub(super) fn live_mut(&mut self, key: GameKey) -> Outcome<&mut Game> {
        self.live.get_mut(&key).ok_or_else(Refusal::not_found)
    }

    pub(super) fn account(&self, key: AccountKey) -> Outcome<&Account> {
        self.accounts.get(key).ok_or(Refusal::Crash)
    }

    pub(super) fn is_bot(&self, key: AccountKey) -> bool {
        self.accounts.get(key).is_some_and(Account::is_bot)
    }

    pub(super) fn is_house(&self, key: AccountKey) -> bool {
        self.accounts.get(key).is_some_and(|account| account.house.is_some())
    }

    /// A game vanishes, as if it had never been.
    pub(super) fn forget(&mut self, key: GameKey) {
        let gone = self.live.remove(&key).or_else(|| self.archive.remove(&key));
        if let Some(game) = gone {
            self.names.remove(game.id.as_str());
            self.names.remove(game.code.as_str());
            self.orphans.retain(Mailbox::is_read);
            self.orphans.extend(game.subscribers);
        }
    }

    /// Takes a request from the proxy's bucket. The time is the machine's.
    pub(super) fn take_request(&mut self, now: Instant) -> Outcome<()> {
        let Some(bucket) = &mut self.bucket else { return Ok(()) };
        bucket
            .try_take(now)
            .map_err(|wait| Refusal::TooMany { retry_after: wait.as_secs().saturating_add(1) })
    }

    /// The refusal that was ordered for a path, once.
    pub(super) fn ordered_refusal(&mut self, path: &str) -> Outcome<()> {
        let Some(index) = self.refusals.iter().position(|order| path.contains(order.path.as_str())) else {
            return Ok(());
        };
        let code = self.refusals.remove(index).code;
        let message = format!("Refused by order: {code}");
        Err(Refusal::Game(code, message))
    }

    pub(super) fn remember(&mut self, request: SandboxRequest) {
        self.requests.push_back(request);
        while self.requests.len() > self.settings.keep_requests {
            self.requests.pop_front();
        }
    }

    pub(super) fn requests(&self) -> Vec<SandboxRequest> {
        self.requests.iter().cloned().collect()
    }

    /// Makes a token for a bot.
    pub(super) fn give_token(&mut self, key: AccountKey, name: &str) -> Secret {
        let (id, token) = seeds::token(&mut self.streams.ids, name);
        self.accounts.give_token(key, id, &token);
        token
    }

    /// All games: those that are over, then those that are not, each from the oldest.
    pub(super) fn records(&self) -> Vec<SandboxGame> {
        self.archive.values().chain(self.live.values()).map(|game| self.record(game)).collect()
    }

    fn record(&self, game: &Game) -> SandboxGame {
        let player = |color: Color| {
            let account = game.seat(color).and_then(|key| self.accounts.get(key))?;
            Some(SandboxPlayer {
                username: account.username.clone(),
                role: account.role.clone(),
                is_house: account.house.is_some(),
            })
        };
        let attempts = game.attempts.iter().map(|attempt| SandboxAttempt {
            move_number: attempt.move_number,
            color: attempt.color,
            uci: attempt.question.uci(),
            answer: attempt.main.clone(),
            at: attempt.at,
        });
        SandboxGame {
            id: game.id.clone(),
            code: game.code.clone(),
            ruleset: game.ruleset.clone(),
            status: game.status.clone(),
            white: player(Color::White),
            black: player(Color::Black),
            attempts: attempts.collect(),
            boards: game.boards(),
            result: game.referee.result().cloned(),
            created_at: self.calendar.at(game.created_at),
            completed_at: game.completed_at.map(|at| self.calendar.at(at)),
        }
    }
}
