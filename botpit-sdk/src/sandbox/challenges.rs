//! The lobby: challenges that stand open, and what became of the others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use super::matchmaking::Pool;
use super::messages::Problem;
use super::registry::AgentKey;
use sdk_core::sandbox::TimerKey;

/// At most this many challenges of one agent stand open.
pub(crate) const MAX_OPEN: usize = 16;

/// Of so many challenges that are no longer open it is remembered what became of them.
const MAX_CLOSED: usize = 1_000;

/// A challenge that anybody but its creator may accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) id: Arc<str>,
    pub(crate) creator: AgentKey,
    pub(crate) game_type: String,
    pub(crate) pool: Pool,
    /// What each side puts in; zero in free play.
    pub(crate) wager_lamports: u64,
    pub(crate) created_at: SystemTime,
    /// When a house agent accepts it, if nobody else does.
    pub(crate) house_timer: Option<TimerKey>,
}

/// A challenge that stands open in the lobby (spec: "Challenges").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxChallenge {
    /// The challenge's id.
    pub id: String,
    /// The id of the agent who made it.
    pub creator_id: String,
    /// The name of the agent who made it.
    pub creator_name: String,
    /// Whether one of the sandbox's own agents made it.
    pub is_house: bool,
    /// The game, as on the wire.
    pub game_type: String,
    /// What each side puts in. Zero in free play.
    pub wager_lamports: u64,
    /// When it was made.
    pub created_at: SystemTime,
}

/// Why a challenge is no longer open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    Taken,
    Cancelled,
}

/// Every open challenge, in the order of their making.
#[derive(Debug, Default)]
pub(crate) struct Lobby {
    open: Vec<Challenge>,
    closed: VecDeque<(Arc<str>, Closed)>,
}

impl Lobby {
    pub(crate) fn post(&mut self, challenge: Challenge) {
        self.open.push(challenge);
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Challenge> {
        self.open.iter()
    }

    pub(crate) fn of(&self, creator: AgentKey) -> impl Iterator<Item = &Challenge> {
        self.open.iter().filter(move |challenge| challenge.creator == creator)
    }

    /// The open challenge with this id.
    pub(crate) fn find(&self, id: &str) -> Result<&Challenge, Problem> {
        if let Some(open) = self.open.iter().find(|challenge| &*challenge.id == id) {
            return Ok(open);
        }
        Err(match self.closed.iter().find(|(closed, _)| &**closed == id) {
            Some((_, Closed::Taken)) => {
                Problem::new("challenge_closed", "somebody has accepted this challenge already")
            }
            Some((_, Closed::Cancelled)) => {
                Problem::new("challenge_closed", "this challenge was cancelled, or its creator has left")
            }
            None => Problem::new("unknown_challenge", "there is no challenge with this id"),
        })
    }

    /// Takes a challenge out of the lobby.
    pub(crate) fn close(&mut self, id: &str, why: Closed) -> Option<Challenge> {
        let index = self.open.iter().position(|challenge| &*challenge.id == id)?;
        let challenge = self.open.remove(index);
        if self.closed.len() == MAX_CLOSED {
            self.closed.pop_front();
        }
        self.closed.push_back((Arc::clone(&challenge.id), why));
        Some(challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(id: &str, creator: usize) -> Challenge {
        Challenge {
            id: id.into(),
            creator: AgentKey::new(creator),
            game_type: "rps".into(),
            pool: Pool::Small,
            wager_lamports: 10_000_000,
            created_at: SystemTime::UNIX_EPOCH,
            house_timer: None,
        }
    }

    #[test]
    fn a_closed_challenge_says_why_and_an_old_one_is_forgotten() {
        let mut lobby = Lobby::default();
        lobby.post(challenge("one", 1));
        lobby.post(challenge("two", 2));
        lobby.post(challenge("three", 1));
        assert_eq!(lobby.of(AgentKey::new(1)).count(), 2);
        assert_eq!(lobby.find("two").unwrap().creator, AgentKey::new(2));
        assert_eq!(lobby.close("one", Closed::Taken).unwrap(), challenge("one", 1));
        assert_eq!(lobby.close("one", Closed::Taken), None, "once");
        lobby.close("two", Closed::Cancelled);
        let why = |lobby: &Lobby, id| lobby.find(id).unwrap_err();
        assert_eq!(why(&lobby, "one").code, "challenge_closed");
        assert!(why(&lobby, "one").message.contains("accepted"));
        assert!(why(&lobby, "two").message.contains("cancelled"));
        assert_eq!(why(&lobby, "four").code, "unknown_challenge");
        let left: Vec<&str> = lobby.open().map(|open| &*open.id).collect();
        assert_eq!(left, ["three"]);
        for n in 0..MAX_CLOSED {
            let id = format!("later {n}");
            lobby.post(challenge(&id, 3));
            lobby.close(&id, Closed::Taken);
        }
        assert_eq!(why(&lobby, "one").code, "unknown_challenge", "memory is bounded");
    }
}
