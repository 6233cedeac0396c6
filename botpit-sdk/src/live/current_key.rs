//! The key that a client's connections authenticate with: it can be replaced while they live.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sdk_core::error::Result;
use sdk_core::secret::Secret;
use tokio::sync::mpsc;

use super::session::Command;

/// Shared by a client, its clones and all their connections.
#[derive(Clone)]
pub(crate) struct CurrentKey(Arc<Mutex<Held>>);

struct Held {
    key: Secret,
    /// How many rotations are under way: until they are over, a refused key is no news.
    rotations: u32,
    /// The connections that want to know of a new key.
    connections: Vec<mpsc::WeakSender<Command>>,
}

/// A rotation that is under way, until it is dropped.
pub(crate) struct Rotation(CurrentKey);

impl CurrentKey {
    pub(crate) fn new(key: Secret) -> Self {
        Self(Arc::new(Mutex::new(Held { key, rotations: 0, connections: Vec::new() })))
    }

    pub(crate) fn get(&self) -> Secret {
        self.held().key.clone()
    }

    /// Whether a refusal of `dialled` may be due to a rotation: one is under way, or there is another key by now.
    pub(crate) fn is_settling(&self, dialled: &Secret) -> bool {
        let held = self.held();
        held.rotations > 0 || held.key.expose() != dialled.expose()
    }

    /// The key is about to change on the platform.
    pub(crate) fn rotation(&self) -> Rotation {
        self.held().rotations += 1;
        Rotation(self.clone())
    }

    /// From now on this one. Every connection that uses another is made anew.
    pub(crate) fn replace(&self, key: Secret) -> Result<()> {
        key.check("key")?;
        let mut held = self.held();
        held.key = key;
        held.connections.retain(|connection| connection.strong_count() > 0);
        for connection in held.connections.iter().filter_map(mpsc::WeakSender::upgrade) {
            if let Err(mpsc::error::TrySendError::Full(command)) = connection.try_send(Command::KeyReplaced)
                && let Ok(runtime) = tokio::runtime::Handle::try_current()
            {
                // An error means that the connection is over.
                runtime.spawn(async move { connection.send(command).await });
            }
        }
        Ok(())
    }

    pub(crate) fn watch(&self, connection: &mpsc::Sender<Command>) {
        let mut held = self.held();
        held.connections.retain(|connection| connection.strong_count() > 0);
        held.connections.push(connection.downgrade());
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Rotation {
    fn drop(&mut self) {
        let mut held = self.0.held();
        held.rotations = held.rotations.saturating_sub(1);
    }
}

impl std::fmt::Debug for CurrentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CurrentKey([redacted])")
    }
}
