//! Which games the bot creates and joins (spec, "Bot-created waiting games", "Bot-vs-bot joining"): decisions alone, no calls.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use sdk_core::clock::Instant;
use sdk_core::error::Error;

use super::cooldown::JoinCooldown;
use crate::model::{CreateGame, ErrorCode, GameCode, OpenGame, PlayAs, Ruleset};

/// The list of open games is read at most so often.
const SCAN_EVERY: Duration = Duration::from_secs(10);
/// At most so many creators are looked up a scan.
pub(super) const LOOKUPS: usize = 3;
/// At most so many names and codes are remembered.
const MEMORY: usize = 1_000;
/// How long no game is created after a refusal.
const HOLD: Duration = Duration::from_secs(60);
const LONG_HOLD: Duration = Duration::from_secs(300);

/// What the bot does in the lobby.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LobbySettings {
    /// What it plays.
    pub(super) rulesets: Vec<Ruleset>,
    /// The rulesets of the games that it creates, in turn. Empty: it creates none.
    pub(super) creates: Vec<Ruleset>,
    pub(super) play_as: PlayAs,
    /// How likely it joins when it could, at each look.
    pub(super) join_probability: f64,
    /// How many games at once.
    pub(super) at_once: u32,
}

/// How things stand when a decision is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// How many games are being played.
    pub(super) active: u32,
    /// Whether a game of the bot's own waits.
    pub(super) waiting: bool,
    /// How many more games may begin, those that wait included. `None`: any number.
    pub(super) wanted: Option<u32>,
}

/// The bot in the lobby.
#[derive(Debug)]
pub(super) struct Lobby {
    settings: LobbySettings,
    username: String,
    cooldown: JoinCooldown,
    scanned: Option<Instant>,
    no_creation_before: Option<Instant>,
    created: usize,
    /// Who is a bot, as far as it was looked up.
    bots: HashMap<String, bool>,
    /// Games that cannot be joined.
    closed: HashSet<GameCode>,
}

/// What to do with a list of open games.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Join this game.
    Join(OpenGameKey),
    /// Find out whether this user is a bot, and decide again.
    LookUp(String),
    /// None of them.
    Nothing,
}

/// A game of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenGameKey {
    pub(super) code: GameCode,
    pub(super) creator: String,
}

impl Lobby {
    pub(super) fn new(settings: LobbySettings, username: String, cooldown: JoinCooldown) -> Self {
        Self {
            settings,
            username,
            cooldown,
            scanned: None,
            no_creation_before: None,
            created: 0,
            bots: HashMap::new(),
            closed: HashSet::new(),
        }
    }

    /// The bot's name, by which it knows its own games.
    pub(super) fn is_called(&mut self, username: &str) {
        username.clone_into(&mut self.username);
    }

    pub(super) fn at_once(&self) -> u32 {
        self.settings.at_once
    }

    pub(super) fn cooldown(&self) -> &JoinCooldown {
        &self.cooldown
    }

    /// Whether the list of open games should be read now.
    pub(super) fn wants_list(&self, view: View, now: Instant, wall: SystemTime) -> bool {
        let due = self.scanned.is_none_or(|at| now.saturating_duration_since(at) >= SCAN_EVERY);
        due && (self.may_create(view, now) || self.may_join(view, wall))
    }

    fn may_create(&self, view: View, now: Instant) -> bool {
        !self.settings.creates.is_empty()
            && !view.waiting
            && view.active < self.settings.at_once
            && view.wanted.is_none_or(|wanted| wanted > 0)
            && self.no_creation_before.is_none_or(|at| now >= at)
    }

    /// A game of one's own that waits is no reason not to join: two bots would wait for each other.
    fn may_join(&self, view: View, wall: SystemTime) -> bool {
        let wanted = view.wanted.is_none_or(|wanted| wanted.saturating_add(u32::from(view.waiting)) > 0);
        self.settings.join_probability > 0.0
            && view.active < self.settings.at_once
            && wanted
            && self.cooldown.remaining(wall).is_zero()
    }

    /// The list was read. What to create now, if anything: only when no game of the bot's own is on the list either.
    pub(super) fn listed(&mut self, games: &[OpenGame], view: View, now: Instant) -> Option<CreateGame> {
        self.scanned = Some(now);
        let waits = games.iter().any(|game| self.is_own(game));
        if waits || !self.may_create(view, now) {
            return None;
        }
        let turn = self.created % self.settings.creates.len().max(1);
        let ruleset = self.settings.creates.get(turn)?.clone();
        Some(CreateGame { play_as: Some(self.settings.play_as), ..CreateGame::open(ruleset) })
    }

    /// Whether to join one of the listed games at all, this time: by chance.
    pub(super) fn feels_like_joining(&self, view: View, wall: SystemTime, rng: &mut Rng) -> bool {
        self.may_join(view, wall) && rng.f64() < self.settings.join_probability
    }

    /// Which of the listed games to join: one of another bot's, in a ruleset that this one plays.
    pub(super) fn choose(&self, games: &[OpenGame], rng: &mut Rng) -> Choice {
        let fits = |game: &&OpenGame| {
            !self.is_own(game)
                && self.settings.rulesets.contains(&game.rule_variant)
                && !self.closed.contains(&game.game_code)
                && self.bots.get(&fold(&game.created_by)) != Some(&false)
        };
        let fitting: Vec<&OpenGame> = games.iter().filter(fits).collect();
        let Some(game) = rng.choice(&fitting) else { return Choice::Nothing };
        if self.bots.contains_key(&fold(&game.created_by)) {
            Choice::Join(OpenGameKey { code: game.game_code.clone(), creator: game.created_by.clone() })
        } else {
            Choice::LookUp(game.created_by.clone())
        }
    }

    fn is_own(&self, game: &OpenGame) -> bool {
        game.created_by.eq_ignore_ascii_case(&self.username)
    }

    /// A creator was looked up.
    pub(super) fn looked_up(&mut self, username: &str, is_bot: bool) {
        if self.bots.len() >= MEMORY {
            self.bots.clear();
        }
        self.bots.insert(fold(username), is_bot);
    }

    /// A game was created.
    pub(super) fn created(&mut self) {
        self.created = self.created.wrapping_add(1);
    }

    /// A game was joined. `server` is the answer's `Date`.
    pub(super) fn joined(&mut self, game: &OpenGameKey, wall: SystemTime, server: Option<SystemTime>) {
        self.cooldown.joined(wall, server);
        self.close(&game.code);
    }

    /// Creating was refused (spec, "Error shape", good bot behavior). Returns what to say about it.
    pub(super) fn creation_refused(
        &mut self,
        error: &Error,
        asked: &CreateGame,
        now: Instant,
    ) -> &'static str {
        let code = error.platform_code::<ErrorCode>();
        let (hold, said) = match code {
            Some(ErrorCode::BotAlreadyHasOpenGame) => (HOLD, "one game waits already: the bot keeps polling"),
            Some(ErrorCode::BotUnavailable) => {
                (LONG_HOLD, "the platform calls the bot unavailable: later again")
            }
            Some(ErrorCode::BotRuleVariantUnsupported) => {
                self.settings.creates.retain(|ruleset| Some(ruleset) != asked.rule_variant.as_ref());
                (HOLD, "the ruleset is not created any more")
            }
            None if error.status() == Some(422) => {
                self.settings.creates.retain(|ruleset| Some(ruleset) != asked.rule_variant.as_ref());
                (HOLD, "the platform does not take the request: the ruleset is not created any more")
            }
            Some(ErrorCode::BotCreateRequiresHumanOpponent) => {
                self.settings.creates.clear();
                (LONG_HOLD, "the platform does not let this bot create games: it does not try again")
            }
            _ => (HOLD, "the bot tries again later"),
        };
        self.no_creation_before = Some(now + error.retry_after().unwrap_or_default().max(hold));
        said
    }

    /// Joining was refused (spec, "Error shape", good bot behavior). Returns what to say about it.
    pub(super) fn join_refused(
        &mut self,
        error: &Error,
        game: &OpenGameKey,
        wall: SystemTime,
    ) -> &'static str {
        let code = error.platform_code::<ErrorCode>();
        if code != Some(ErrorCode::BotJoinCooldown) {
            self.close(&game.code);
        }
        match code {
            Some(ErrorCode::BotJoinCooldown) => {
                self.cooldown.refused(wall, error.server_time(), error.retry_after());
                "the bot waits before it joins again"
            }
            Some(ErrorCode::GameFull | ErrorCode::GameNotFound) => {
                self.scanned = None;
                "somebody was faster, or it expired: the open games are read again"
            }
            Some(ErrorCode::GameReservedForBot | ErrorCode::GameNotJoinable) => "the game is left alone",
            Some(ErrorCode::CannotJoinOwnGame) => {
                self.looked_up(&game.creator, false);
                "the game is the bot's own: games of that name are left alone"
            }
            Some(ErrorCode::Forbidden | ErrorCode::BotTierRequired | ErrorCode::LlmBotTierRequired) => {
                self.looked_up(&game.creator, false);
                "games of this creator are left alone"
            }
            _ => "the game is left alone",
        }
    }

    fn close(&mut self, code: &GameCode) {
        if self.closed.len() >= MEMORY {
            self.closed.clear();
        }
        self.closed.insert(code.clone());
    }
}

fn fold(username: &str) -> String {
    username.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use sdk_core::clock::Clock;
    use sdk_core::error::codes;

    use super::*;

    const VIEW: View = View { active: 0, waiting: false, wanted: None };
    const WALL: SystemTime = SystemTime::UNIX_EPOCH;

    fn settings() -> LobbySettings {
        LobbySettings {
            rulesets: vec![Ruleset::BerkeleyAny, Ruleset::Wild16],
            creates: vec![Ruleset::BerkeleyAny, Ruleset::Wild16],
            play_as: PlayAs::Random,
            join_probability: 1.0,
            at_once: 2,
        }
    }

    fn lobby() -> Lobby {
        Lobby::new(settings(), "Me".into(), JoinCooldown::default())
    }

    fn open(code: &str, creator: &str, ruleset: &str) -> OpenGame {
        let json = serde_json::json!({"game_code": code, "rule_variant": ruleset, "created_by": creator,
            "created_at": "2026-11-20T11:12:23", "available_color": "white"});
        serde_json::from_value(json).unwrap()
    }

    fn refusal(status: u16, code: &str) -> Error {
        Error::new(&codes::REJECTED, "no").with_status(status).with_platform_code(code)
    }

    fn key(code: &str, creator: &str) -> OpenGameKey {
        OpenGameKey { code: code.parse().unwrap(), creator: creator.into() }
    }

    #[test]
    fn one_waiting_game_at_most_and_only_under_the_caps() {
        let now = Clock::paused().now();
        let mut lobby = lobby();
        for view in
            [View { waiting: true, ..VIEW }, View { active: 2, ..VIEW }, View { wanted: Some(0), ..VIEW }]
        {
            assert_eq!(lobby.listed(&[], view, now), None, "{view:?}");
        }
        // The list of own games shows twenty at most: the lobby's list may know better.
        assert_eq!(lobby.listed(&[open("K2Q9MJ", "me", "rand")], VIEW, now), None);
        let game = lobby.listed(&[open("K2Q9MJ", "you", "rand")], VIEW, now).unwrap();
        assert_eq!(game, CreateGame::open(Ruleset::BerkeleyAny));
        lobby.created();
        assert_eq!(
            lobby.listed(&[], VIEW, now).unwrap().rule_variant,
            Some(Ruleset::Wild16),
            "they take turns"
        );
    }

    #[test]
    fn own_games_humans_games_and_unknown_rulesets_are_filtered() {
        let mut lobby = lobby();
        let mut rng = Rng::with_seed(1);
        let games = [
            open("K2Q9MJ", "ME", "berkeley_any"),
            open("K2Q9MK", "human", "berkeley_any"),
            open("K2Q9MM", "bot", "crazykrieg"),
        ];
        lobby.looked_up("Human", false);
        lobby.looked_up("bot", true);
        assert_eq!(lobby.choose(&games, &mut rng), Choice::Nothing);
        let stranger = [open("K2Q9MN", "Stranger", "wild16")];
        assert_eq!(lobby.choose(&stranger, &mut rng), Choice::LookUp("Stranger".into()));
        lobby.looked_up("stranger", true);
        assert_eq!(lobby.choose(&stranger, &mut rng), Choice::Join(key("K2Q9MN", "Stranger")));
    }

    #[test]
    fn it_joins_by_chance_once_a_minute_and_under_the_cap() {
        let mut rng = Rng::with_seed(1);
        let mut lobby = Lobby::new(
            LobbySettings { join_probability: 0.25, ..settings() },
            "me".into(),
            JoinCooldown::default(),
        );
        let joins = (0..1_000).filter(|_| lobby.feels_like_joining(VIEW, WALL, &mut rng)).count();
        assert!((200..300).contains(&joins), "{joins}");
        lobby.settings.join_probability = 1.0;
        assert!(!lobby.feels_like_joining(View { active: 2, ..VIEW }, WALL, &mut rng));
        assert!(!lobby.feels_like_joining(View { wanted: Some(0), ..VIEW }, WALL, &mut rng));
        assert!(lobby.feels_like_joining(View { waiting: true, wanted: Some(0), ..VIEW }, WALL, &mut rng));
        lobby.joined(&key("K2Q9MN", "you"), WALL, None);
        assert!(!lobby.feels_like_joining(VIEW, WALL + Duration::from_secs(59), &mut rng));
        assert!(lobby.feels_like_joining(VIEW, WALL + Duration::from_secs(60), &mut rng));
    }

    #[test]
    fn the_list_is_read_only_when_it_is_of_use_and_not_too_often() {
        let clock = Clock::paused();
        let mut lobby = lobby();
        assert!(lobby.wants_list(VIEW, clock.now(), WALL));
        assert!(!lobby.wants_list(View { active: 2, ..VIEW }, clock.now(), WALL));
        lobby.listed(&[], VIEW, clock.now());
        assert!(!lobby.wants_list(VIEW, clock.now(), WALL));
        clock.advance(SCAN_EVERY);
        assert!(lobby.wants_list(VIEW, clock.now(), WALL));
        lobby.joined(&key("K2Q9MN", "you"), WALL, None);
        assert!(
            !lobby.wants_list(View { waiting: true, ..VIEW }, clock.now(), WALL),
            "nothing to do with it"
        );
    }

    #[test]
    fn refused_joins_are_handled_as_the_spec_says() {
        let now = Clock::paused().now();
        let mut rng = Rng::with_seed(1);
        let games = [open("K2Q9MN", "other", "wild16"), open("K2Q9MM", "other", "wild16")];
        for (status, code, same_game, same_creator, rescan) in [
            (409, "GAME_FULL", false, true, true),
            (404, "GAME_NOT_FOUND", false, true, true),
            (409, "GAME_RESERVED_FOR_BOT", false, true, false),
            (409, "CANNOT_JOIN_OWN_GAME", false, false, false),
            (403, "FORBIDDEN", false, false, false),
            (409, "BOT_JOIN_COOLDOWN", true, true, false),
            (409, "SOMETHING_NEW", false, true, false),
        ] {
            let mut lobby = lobby();
            lobby.looked_up("other", true);
            lobby.listed(&games, View { waiting: true, ..VIEW }, now);
            lobby.join_refused(&refusal(status, code), &key("K2Q9MN", "other"), WALL);
            assert_eq!(lobby.choose(&games[..1], &mut rng) != Choice::Nothing, same_game, "{code}");
            assert_eq!(lobby.choose(&games[1..], &mut rng) != Choice::Nothing, same_creator, "{code}");
            assert_eq!(lobby.scanned.is_none(), rescan, "{code}");
            assert_eq!(lobby.cooldown.remaining(WALL).is_zero(), code != "BOT_JOIN_COOLDOWN");
        }
    }

    #[test]
    fn refused_creations_are_handled_as_the_spec_says() {
        let clock = Clock::paused();
        for (error, hold, rulesets) in [
            (refusal(409, "BOT_ALREADY_HAS_OPEN_GAME"), 60, 2),
            (refusal(400, "BOT_UNAVAILABLE"), 300, 2),
            (refusal(400, "BOT_RULE_VARIANT_UNSUPPORTED"), 60, 1),
            (refusal(400, "BOT_CREATE_REQUIRES_HUMAN_OPPONENT"), 300, 0),
            (Error::new(&codes::HTTP_STATUS, "unprocessable").with_status(422), 60, 1),
            (
                Error::new(&codes::RATE_LIMITED, "slow")
                    .with_status(429)
                    .with_retry_after(Duration::from_secs(90)),
                90,
                2,
            ),
        ] {
            let mut lobby = lobby();
            let asked = lobby.listed(&[], VIEW, clock.now()).unwrap();
            lobby.creation_refused(&error, &asked, clock.now());
            assert_eq!(lobby.settings.creates.len(), rulesets, "{error}");
            let before = clock.now() + Duration::from_secs(hold) - Duration::from_millis(1);
            assert!(!lobby.may_create(VIEW, before), "{error}");
            assert_eq!(
                lobby.may_create(VIEW, clock.now() + Duration::from_secs(hold)),
                rulesets > 0,
                "{error}"
            );
        }
    }
}
