//! Who exists: agents, people and the house, with their tokens, cookies and ratings.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use fastrand::Rng;
use sdk_core::limit::TokenBucket;
use sdk_core::sandbox::Seed;
use sdk_core::secret::Secret;

use super::arena::SessionId;
use super::house::{Opponent, ROSTER};
use super::opaque::{hex, opaque};
use super::records::{SandboxAccount, SandboxIdentity};
use super::settings::Settings;
use crate::model::Guess;

/// At most this many accounts can exist.
pub(crate) const MAX_ACCOUNTS: usize = 10_000;
/// What everybody starts with.
pub(crate) const FIRST_RATING: i64 = 1_000;
/// How many rows a leaderboard has.
const LEADERS: usize = 10;
/// The user of the spec's examples; the others follow.
const FIRST_USER_ID: u64 = 42;

/// Names an account within [`Accounts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AccountId(usize);

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Agent,
    User,
    Admin,
}

impl Role {
    /// `sender_role` on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

/// A compliance check that is due.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The opaque room.
    pub(crate) room: String,
    /// The newest token, as long as it was not echoed.
    pub(crate) token: Option<String>,
    /// The tokens before it, newest last: an echo of one was on its way when the next was pushed.
    pub(crate) older: VecDeque<String>,
    /// How many right echoes are still refused.
    pub(crate) refuse: u32,
    /// Which challenge it is, so that an old timer means nothing.
    pub(crate) issued: u32,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) handle: String,
    pub(crate) user_id: u64,
    pub(crate) role: Role,
    pub(crate) house: Option<Opponent>,
    /// Whose agent it is.
    pub(crate) owner: Option<AccountId>,
    pub(crate) rating: i64,
    pub(crate) rated_matches: u32,
    pub(crate) sessions: Vec<SessionId>,
    /// The match that it is in.
    pub(crate) active: Option<Arc<str>>,
    pub(crate) is_compliant: bool,
    pub(crate) matches_since_check: u32,
    pub(crate) probes_made: u32,
    pub(crate) probe: Option<Probe>,
    /// For [`ChatBudget::PerUser`](super::ChatBudget).
    pub(crate) budget: TokenBucket,
    pub(crate) match_requests: u32,
    pub(crate) challenges: u32,
    pub(crate) right_echoes: u32,
    pub(crate) wrong_echoes: u32,
}

impl Account {
    pub(crate) const fn kind(&self) -> Guess {
        match (self.house, self.role) {
            (Some(opponent), _) => opponent.kind(),
            (None, Role::Agent) => Guess::Agent,
            (None, Role::User | Role::Admin) => Guess::Human,
        }
    }

    fn record(&self) -> SandboxAccount {
        SandboxAccount {
            handle: self.handle.clone(),
            user_id: self.user_id,
            kind: self.kind(),
            is_house: self.house.is_some(),
            rating: self.rating,
            rated_matches: self.rated_matches,
            connections: self.sessions.len(),
            match_requests: self.match_requests,
            challenges: self.challenges,
            right_echoes: self.right_echoes,
            wrong_echoes: self.wrong_echoes,
        }
    }
}

pub(crate) struct Accounts {
    accounts: Vec<Account>,
    by_handle: HashMap<String, AccountId>,
    by_token: HashMap<String, AccountId>,
    by_cookie: HashMap<String, AccountId>,
    house: Vec<AccountId>,
    rng: Rng,
    budget: TokenBucket,
}

impl Accounts {
    /// The house of the settings, and nobody else.
    pub(crate) fn new(settings: &Settings, seed: Seed) -> Self {
        let mut accounts = Self {
            accounts: Vec::new(),
            by_handle: HashMap::new(),
            by_token: HashMap::new(),
            by_cookie: HashMap::new(),
            house: Vec::new(),
            rng: seed.stream("accounts"),
            budget: TokenBucket::new(settings.chat_burst, settings.chat_refill),
        };
        for (name, opponent) in ROSTER {
            if settings.house.contains(&opponent) {
                let role = if opponent.kind() == Guess::Agent { Role::Agent } else { Role::User };
                let id = accounts.add(name.to_owned(), role, Some(opponent), None);
                accounts.house.push(id);
            }
        }
        accounts
    }

    fn add(
        &mut self,
        handle: String,
        role: Role,
        house: Option<Opponent>,
        owner: Option<AccountId>,
    ) -> AccountId {
        let id = AccountId(self.accounts.len());
        let number = u64::try_from(id.0).unwrap_or(u64::MAX);
        // The house has numbers of its own, so that a client's does not depend on who is in the house.
        let user_id = match house {
            Some(_) => 1_000_000 + number,
            None => FIRST_USER_ID + number - u64::try_from(self.house.len()).unwrap_or(0),
        };
        self.by_handle.insert(handle.clone(), id);
        self.accounts.push(Account {
            handle,
            user_id,
            role,
            house,
            owner,
            rating: FIRST_RATING,
            rated_matches: 0,
            sessions: Vec::new(),
            active: None,
            is_compliant: false,
            matches_since_check: 0,
            probes_made: 0,
            probe: None,
            budget: self.budget.clone(),
            match_requests: 0,
            challenges: 0,
            right_echoes: 0,
            wrong_echoes: 0,
        });
        id
    }

    /// A new agent with a token. `None` when the handle is taken, or there are [`MAX_ACCOUNTS`].
    pub(crate) fn register_agent(&mut self, name: &str, owner: Option<AccountId>) -> Option<SandboxIdentity> {
        let handle = format!("agent:{name}");
        let id = self.make(handle, Role::Agent, owner)?;
        let token = format!("agt_{}", hex(&mut self.rng, 32));
        Some(self.identity(id, token, None))
    }

    /// A new person with a token and a session.
    pub(crate) fn register_person(&mut self, handle: &str, role: Role) -> Option<SandboxIdentity> {
        let id = self.make(handle.to_owned(), role, None)?;
        let token = format!("usr_{}", hex(&mut self.rng, 32));
        let cookie = format!("_botornot_session={}", opaque(&mut self.rng, 32));
        self.by_cookie.insert(cookie.clone(), id);
        Some(self.identity(id, token, Some(cookie.into())))
    }

    /// The agent of a token that nobody registered, because it holds a magic word.
    pub(crate) fn register_magic(&mut self, token: &str) -> Option<AccountId> {
        let handle = format!("agent:magic_{}", self.accounts.len());
        let id = self.make(handle, Role::Agent, None)?;
        self.by_token.insert(token.to_owned(), id);
        Some(id)
    }

    /// A new agent of the signed-in user, as `POST /api/agents/token` makes it.
    pub(crate) fn mint(&mut self, cookie_header: &str) -> Option<SandboxIdentity> {
        let owner = cookie_header.split(';').find_map(|pair| self.by_cookie.get(pair.trim()).copied())?;
        let suffix = opaque(&mut self.rng, 4);
        let name = format!("{}_{suffix}", self.get(owner)?.handle);
        self.register_agent(&name, Some(owner))
    }

    fn make(&mut self, handle: String, role: Role, owner: Option<AccountId>) -> Option<AccountId> {
        if self.accounts.len() >= MAX_ACCOUNTS || self.by_handle.contains_key(&handle) {
            return None;
        }
        Some(self.add(handle, role, None, owner))
    }

    fn identity(&mut self, id: AccountId, token: String, session_cookie: Option<Secret>) -> SandboxIdentity {
        self.by_token.insert(token.clone(), id);
        let (handle, user_id) =
            self.get(id).map(|account| (account.handle.clone(), account.user_id)).unwrap_or_default();
        SandboxIdentity { handle, user_id, token: token.into(), session_cookie }
    }

    /// Makes a token worthless. Whose it was, if anybody's.
    pub(crate) fn revoke(&mut self, token: &str) -> Option<AccountId> {
        self.by_token.remove(token)
    }

    pub(crate) fn by_token(&self, token: &str) -> Option<AccountId> {
        self.by_token.get(token).copied()
    }

    pub(crate) fn by_handle(&self, handle: &str) -> Option<AccountId> {
        self.by_handle.get(handle).copied()
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id.0)
    }

    pub(crate) fn get_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(id.0)
    }

    /// A house opponent: first its kind is drawn, each alike, then its name.
    pub(crate) fn draw_house(&self, rng: &mut Rng) -> Option<(AccountId, Opponent)> {
        let mut members: Vec<(AccountId, Opponent)> = Vec::with_capacity(self.house.len());
        for id in &self.house {
            members.extend(self.get(*id).and_then(|account| Some((*id, account.house?))));
        }
        let mut kinds: Vec<Opponent> = members.iter().map(|(_, opponent)| *opponent).collect();
        kinds.dedup();
        let kind = rng.choice(kinds)?;
        rng.choice(members.into_iter().filter(|(_, opponent)| *opponent == kind).collect::<Vec<_>>())
    }

    /// The best, best first: handle, rating and matches.
    pub(crate) fn leaders(&self) -> impl Iterator<Item = &Account> {
        let mut ranked: Vec<&Account> =
            self.accounts.iter().filter(|account| account.rated_matches > 0).collect();
        ranked.sort_by(|one, other| (other.rating, &one.handle).cmp(&(one.rating, &other.handle)));
        ranked.into_iter().take(LEADERS)
    }

    pub(crate) fn records(&self) -> Vec<SandboxAccount> {
        self.accounts.iter().map(Account::record).collect()
    }

    /// Everything but who exists and which token is whose.
    pub(crate) fn forget_play(&mut self) {
        for account in &mut self.accounts {
            *account = Account {
                rating: FIRST_RATING,
                rated_matches: 0,
                sessions: Vec::new(),
                active: None,
                is_compliant: false,
                matches_since_check: 0,
                probes_made: 0,
                probe: None,
                budget: self.budget.clone(),
                match_requests: 0,
                challenges: 0,
                right_echoes: 0,
                wrong_echoes: 0,
                handle: std::mem::take(&mut account.handle),
                ..*account
            };
        }
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The maps' keys are secrets.
        f.debug_struct("Accounts").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}
