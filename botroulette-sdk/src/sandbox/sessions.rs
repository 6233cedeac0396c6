//! What makes several messages one conversation.

use std::collections::HashMap;
use std::time::Duration;

use sdk_core::clock::Instant;

use super::seeds;

/// The most sessions that are remembered; the one that was silent for longest goes first.
const MAX_SESSIONS: usize = 10_000;

/// From so many on, those that are over are looked for now and then.
const FIRST_SEARCH: usize = 256;

/// The sessions of the network. Each belongs to one caller and one bot.
#[derive(Debug)]
pub(crate) struct Sessions {
    known: HashMap<String, Session>,
    /// At so many, those that are over are forgotten.
    search_at: usize,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { known: HashMap::new(), search_at: FIRST_SEARCH }
    }
}

#[derive(Debug)]
struct Session {
    caller: String,
    bot: String,
    used: Instant,
    /// How many messages came before.
    turns: u32,
}

impl Sessions {
    /// The session that a message belongs to, and how many messages came before it. An id that is unknown, too old or
    /// somebody else's begins a new one.
    pub(crate) fn go_on(
        &mut self,
        claimed: Option<&str>,
        caller: &str,
        bot: &str,
        lives: Duration,
        rng: &mut fastrand::Rng,
        now: Instant,
    ) -> (String, u32) {
        if let Some(id) = claimed
            && let Some(session) = self.known.get_mut(id)
            && session.caller == caller
            && session.bot == bot
            && now.saturating_duration_since(session.used) <= lives
        {
            session.used = now;
            session.turns = session.turns.saturating_add(1);
            return (id.to_owned(), session.turns);
        }
        self.make_room(lives, now);
        let id = seeds::id(rng);
        let session = Session { caller: caller.to_owned(), bot: bot.to_owned(), used: now, turns: 0 };
        self.known.insert(id.clone(), session);
        (id, 0)
    }

    fn make_room(&mut self, lives: Duration, now: Instant) {
        if self.known.len() < self.search_at {
            return;
        }
        self.known.retain(|_, session| now.saturating_duration_since(session.used) <= lives);
        self.search_at = self.known.len().saturating_mul(2).clamp(FIRST_SEARCH, MAX_SESSIONS);
        if self.known.len() < MAX_SESSIONS {
            return;
        }
        // A tenth at once, so that a full table is not searched at every message.
        let mut by_age: Vec<Instant> = self.known.values().map(|session| session.used).collect();
        let surplus = self.known.len().saturating_sub(MAX_SESSIONS - MAX_SESSIONS / 10);
        if surplus > 0 && surplus < by_age.len() {
            let (_, newest_to_go, _) = by_age.select_nth_unstable(surplus - 1);
            let limit = *newest_to_go;
            let mut left = surplus;
            self.known.retain(|_, session| {
                let goes = session.used <= limit && left > 0;
                left -= usize::from(goes);
                !goes
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_is_of_one_caller_and_one_bot() {
        let (mut sessions, mut rng, now) = (Sessions::default(), fastrand::Rng::with_seed(1), Instant::now());
        let hour = Duration::from_secs(3_600);
        let mut say = |id: Option<&str>, caller: &str, bot: &str, now| {
            sessions.go_on(id, caller, bot, hour, &mut rng, now)
        };
        let (id, turns) = say(None, "a", "b", now);
        assert_eq!(turns, 0);
        assert_eq!(say(Some(&id), "a", "b", now), (id.clone(), 1));
        assert_eq!(say(Some(&id), "a", "b", now + hour), (id.clone(), 2));
        for (claimed, caller, bot, at) in [
            (None, "a", "b", now),
            (Some("unknown"), "a", "b", now),
            (Some(id.as_str()), "c", "b", now),
            (Some(id.as_str()), "a", "c", now),
            (Some(id.as_str()), "a", "b", now + hour * 3),
        ] {
            let (other, turns) = say(claimed, caller, bot, at);
            assert_ne!(other, id);
            assert_eq!(turns, 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_table_forgets_the_oldest() {
        let (mut sessions, mut rng, now) = (Sessions::default(), fastrand::Rng::with_seed(1), Instant::now());
        let lives = Duration::from_secs(3_600);
        let mut ids = Vec::new();
        for n in 0..=MAX_SESSIONS as u64 {
            let at = now + Duration::from_millis(n / 7);
            ids.push(sessions.go_on(None, "a", "b", lives, &mut rng, at).0);
            assert!(sessions.known.len() <= MAX_SESSIONS);
        }
        let last = ids.last().unwrap();
        let later = now + Duration::from_secs(2);
        assert_eq!(sessions.go_on(Some(last), "a", "b", lives, &mut rng, later).1, 1);
        assert_eq!(sessions.go_on(Some(&ids[0]), "a", "b", lives, &mut rng, later).1, 0);
    }
}
