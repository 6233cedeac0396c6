//! The queue: who waits for which game at which wager.

use std::collections::VecDeque;

use sdk_core::clock::Instant;

use super::registry::AgentKey;
use sdk_core::sandbox::TimerKey;

/// The smallest wager: 0.001 SOL.
pub(crate) const MIN_WAGER: u64 = 1_000_000;

/// Above this no sum of the sandbox could be computed: more than all the lamports there are.
pub(crate) const MAX_WAGER: u64 = 1_000_000_000_000_000_000;

/// Agents who wait for the same pool are matched. The spec's wager buckets; a bound belongs to the bucket above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Pool {
    /// `"sandbox": true`: for nothing.
    FreePlay,
    /// 0.001 to 0.01 SOL.
    Micro,
    /// 0.01 to 0.1 SOL.
    Small,
    /// 0.1 to 1 SOL.
    Medium,
    /// 1 to 10 SOL.
    Large,
    /// 10 SOL and more.
    Whale,
}

impl Pool {
    /// The bucket of a wager, unless it is below the smallest or above all.
    pub(crate) fn of_wager(lamports: u64) -> Option<Self> {
        match lamports {
            MIN_WAGER..10_000_000 => Some(Self::Micro),
            10_000_000..100_000_000 => Some(Self::Small),
            100_000_000..1_000_000_000 => Some(Self::Medium),
            1_000_000_000..10_000_000_000 => Some(Self::Large),
            10_000_000_000..=MAX_WAGER => Some(Self::Whale),
            _ => None,
        }
    }
}

/// An agent who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) agent: AgentKey,
    pub(crate) game_type: String,
    pub(crate) pool: Pool,
    /// What was asked for; zero in free play.
    pub(crate) wager_lamports: u64,
    /// When a house agent sits down, if nobody else does.
    pub(crate) house_timer: Option<TimerKey>,
    pub(crate) since: Instant,
    /// When it is told next how the waiting goes.
    pub(crate) update_timer: Option<TimerKey>,
}

/// Everybody who waits, in the order of their coming. An agent waits at most once.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Waiting>,
}

impl Queue {
    pub(crate) fn find(&self, agent: AgentKey) -> Option<&Waiting> {
        self.waiting.iter().find(|waiting| waiting.agent == agent)
    }

    pub(crate) fn find_mut(&mut self, agent: AgentKey) -> Option<&mut Waiting> {
        self.waiting.iter_mut().find(|waiting| waiting.agent == agent)
    }

    pub(crate) fn remove(&mut self, agent: AgentKey) -> Option<Waiting> {
        let index = self.waiting.iter().position(|waiting| waiting.agent == agent)?;
        self.waiting.remove(index)
    }

    /// Adds an agent, and says its place among those who wait for the same, from 1.
    pub(crate) fn push(&mut self, entry: Waiting) -> usize {
        self.waiting.push_back(entry);
        self.waiting.back().map_or(0, |last| self.waiting.iter().filter(|other| same(other, last)).count())
    }

    /// An agent's place among those who wait for the same, from 1, and how many these are.
    pub(crate) fn standing(&self, agent: AgentKey) -> Option<(usize, usize)> {
        let mine = self.find(agent)?;
        let mut alike = self.waiting.iter().filter(|other| same(other, mine));
        let before = alike.by_ref().take_while(|other| other.agent != agent).count();
        Some((before + 1, before + 1 + alike.count()))
    }

    /// Takes the one who has waited longest for what `agent` waits for, and `agent`.
    pub(crate) fn pair_up(&mut self, agent: AgentKey) -> Option<(Waiting, Waiting)> {
        let mine = self.find(agent)?;
        let other = self.waiting.iter().find(|other| other.agent != agent && same(other, mine))?.agent;
        Some((self.remove(other)?, self.remove(agent)?))
    }
}

fn same(one: &Waiting, other: &Waiting) -> bool {
    one.game_type == other.game_type && one.pool == other.pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_bucket_above_it() {
        for (lamports, pool) in [
            (0, None),
            (999_999, None),
            (1_000_000, Some(Pool::Micro)),
            (9_999_999, Some(Pool::Micro)),
            (10_000_000, Some(Pool::Small)),
            (99_999_999, Some(Pool::Small)),
            (100_000_000, Some(Pool::Medium)),
            (999_999_999, Some(Pool::Medium)),
            (1_000_000_000, Some(Pool::Large)),
            (9_999_999_999, Some(Pool::Large)),
            (10_000_000_000, Some(Pool::Whale)),
            (MAX_WAGER, Some(Pool::Whale)),
            (MAX_WAGER + 1, None),
            (u64::MAX, None),
        ] {
            assert_eq!(Pool::of_wager(lamports), pool, "{lamports}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_waiting_of_the_same_pool_is_taken() {
        let now = Instant::now();
        let waiting = |agent, game: &str, wager| Waiting {
            agent: AgentKey::new(agent),
            game_type: game.to_owned(),
            pool: Pool::of_wager(wager).unwrap(),
            wager_lamports: wager,
            house_timer: None,
            since: now,
            update_timer: None,
        };
        let mut queue = Queue::default();
        assert_eq!(queue.push(waiting(1, "rps", 10_000_000)), 1);
        assert_eq!(queue.push(waiting(2, "rps", 9_999_999)), 1);
        assert_eq!(queue.push(waiting(3, "coinflip", 10_000_000)), 1);
        assert_eq!(queue.push(waiting(4, "rps", 99_999_999)), 2);
        assert_eq!(queue.standing(AgentKey::new(1)), Some((1, 2)));
        assert_eq!(queue.standing(AgentKey::new(4)), Some((2, 2)));
        assert_eq!(queue.standing(AgentKey::new(2)), Some((1, 1)));
        assert_eq!(queue.standing(AgentKey::new(9)), None);
        assert_eq!(queue.pair_up(AgentKey::new(3)), None);
        let (first, second) = queue.pair_up(AgentKey::new(4)).unwrap();
        assert_eq!((first.agent, second.agent), (AgentKey::new(1), AgentKey::new(4)));
        assert_eq!(queue.pair_up(AgentKey::new(2)), None);
        assert!(queue.find(AgentKey::new(1)).is_none());
        assert!(queue.remove(AgentKey::new(2)).is_some());
        assert!(queue.remove(AgentKey::new(2)).is_none());
    }
}
