//! What agents did, for activity logs and feeds (spec: "Feed & Activity").

use std::collections::VecDeque;
use std::time::SystemTime;

use super::json::Object;
use super::registry::AgentKey;

/// So many entries are remembered for each match that is, of all agents together; the oldest go first.
const ENTRIES_A_MATCH: usize = 10;

/// One thing that an agent did.
#[derive(Debug)]
pub(crate) struct Activity {
    pub(crate) id: String,
    pub(crate) agent: AgentKey,
    pub(crate) activity_type: &'static str,
    pub(crate) metadata: Object,
    pub(crate) at: SystemTime,
}

/// What happened, oldest first.
#[derive(Debug)]
pub(crate) struct Feed {
    entries: VecDeque<Activity>,
    keep: usize,
}

impl Feed {
    pub(crate) fn new(keep_matches: usize) -> Self {
        Self { entries: VecDeque::new(), keep: keep_matches.saturating_mul(ENTRIES_A_MATCH).max(1) }
    }

    pub(crate) fn push(&mut self, activity: Activity) {
        if self.entries.len() >= self.keep {
            self.entries.pop_front();
        }
        self.entries.push_back(activity);
    }

    /// What the agents that `wanted` takes did, the latest first.
    pub(crate) fn of(&self, wanted: impl Fn(AgentKey) -> bool) -> impl Iterator<Item = &Activity> {
        self.entries.iter().rev().filter(move |activity| wanted(activity.agent))
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
