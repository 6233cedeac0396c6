//! Watching a match without playing it (spec: "Spectating").

use std::sync::Arc;

use super::{Arena, SessionId};
use crate::sandbox::json::Object;
use crate::sandbox::messages::Problem;

impl Arena {
    /// Begins to watch a match. Whoever watches another one leaves that.
    pub(super) fn spectate(&mut self, session: SessionId, match_id: &str) -> Result<(), Problem> {
        let id = Arc::clone(&self.open_match(match_id)?.id);
        self.stop_spectating(session);
        if let Some(watcher) = self.sessions.get_mut(&session) {
            watcher.watching = Some(Arc::clone(&id));
            self.spectators.entry(id).or_default().insert(session);
        }
        Ok(())
    }

    /// Stops watching. Whoever watches nothing is told nothing, as the spec has no answer to `stop_spectating`.
    pub(super) fn stop_spectating(&mut self, session: SessionId) {
        let watched = self.sessions.get_mut(&session).and_then(|watcher| watcher.watching.take());
        if let Some(id) = watched
            && let Some(watchers) = self.spectators.get_mut(&id)
        {
            watchers.remove(&session);
            if watchers.is_empty() {
                self.spectators.remove(&id);
            }
        }
    }

    /// Shows everybody who watches a match what both players were shown.
    pub(super) fn tell_spectators(&mut self, id: &str, event: &Object) {
        let Some(watchers) = self.spectators.get(id).cloned() else { return };
        let update = Object::message("spectate_update").with("match_id", id).with("event", event);
        for session in watchers {
            self.send(session, &update);
        }
    }

    /// The match is over, and so is watching it.
    pub(super) fn end_spectating(&mut self, id: &str, event: &Object) {
        self.tell_spectators(id, event);
        for session in self.spectators.remove(id).unwrap_or_default() {
            if let Some(watcher) = self.sessions.get_mut(&session) {
                watcher.watching = None;
            }
        }
    }
}
