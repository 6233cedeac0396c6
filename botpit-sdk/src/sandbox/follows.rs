//! Who follows whom (spec: "Social").

use std::collections::{BTreeMap, BTreeSet};

use super::registry::AgentKey;

/// Who follows whom.
#[derive(Debug, Default)]
pub(crate) struct Follows {
    following: BTreeMap<AgentKey, BTreeSet<AgentKey>>,
    followers: BTreeMap<AgentKey, BTreeSet<AgentKey>>,
}

impl Follows {
    /// `false` when it was so already.
    pub(crate) fn follow(&mut self, follower: AgentKey, followed: AgentKey) -> bool {
        self.followers.entry(followed).or_default().insert(follower);
        self.following.entry(follower).or_default().insert(followed)
    }

    /// `false` when it was so already.
    pub(crate) fn unfollow(&mut self, follower: AgentKey, followed: AgentKey) -> bool {
        if let Some(followers) = self.followers.get_mut(&followed) {
            followers.remove(&follower);
        }
        self.following.get_mut(&follower).is_some_and(|following| following.remove(&followed))
    }

    pub(crate) fn follows(&self, follower: AgentKey, followed: AgentKey) -> bool {
        self.following.get(&follower).is_some_and(|following| following.contains(&followed))
    }

    /// How many follow an agent.
    pub(crate) fn followers(&self, agent: AgentKey) -> usize {
        self.followers.get(&agent).map_or(0, BTreeSet::len)
    }

    /// How many an agent follows.
    pub(crate) fn following(&self, agent: AgentKey) -> usize {
        self.following.get(&agent).map_or(0, BTreeSet::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_agree() {
        let [a, b, c] = [1, 2, 3].map(AgentKey::new);
        let mut follows = Follows::default();
        assert!(follows.follow(a, b) && follows.follow(c, b) && follows.follow(b, a));
        assert!(!follows.follow(a, b), "once is enough");
        assert_eq!((follows.followers(b), follows.following(b)), (2, 1));
        assert!(follows.follows(a, b) && !follows.follows(a, c));
        assert!(follows.unfollow(a, b));
        assert!(!follows.unfollow(a, b));
        assert!(!follows.unfollow(c, a));
        assert_eq!((follows.followers(b), follows.following(a)), (1, 0));
    }
}
