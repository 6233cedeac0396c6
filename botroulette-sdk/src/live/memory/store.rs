//! Where conversations are kept.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::error::Result;

use super::{MemoryKey, PastMessage};
use crate::limits::{REMEMBERED_FOR, REMEMBERED_MESSAGES, REMEMBERED_SESSIONS};

/// How many bytes of text are kept of one message unless set otherwise. It is more than the platform's bots take.
const MESSAGE_BYTES: usize = 16 << 10;
/// How many bytes are kept in all unless set otherwise.
const ALL_BYTES: usize = 16 << 20;
/// What a conversation takes beside its texts.
const SESSION_EXTRA: usize = 256;

/// Where conversations are kept: for a database, a file, or a service of one's own.
///
/// Keys and texts are strangers' words. Whoever writes them to a disk decides for them: bound it, and forget.
///
/// ```
/// use botroulette_sdk::{Memory, MemoryKey, MemoryStore, PastMessage, Result};
/// use std::{collections::HashMap, sync::Mutex};
///
/// /// Remembers the last exchange alone.
/// #[derive(Default)]
/// struct Short(Mutex<HashMap<String, [PastMessage; 2]>>);
///
/// impl MemoryStore for Short {
///     async fn load(&self, key: &MemoryKey) -> Result<Vec<PastMessage>> {
///         let kept = self.0.lock().unwrap();
///         Ok(kept.get(key.session.as_str()).map(|said| said.to_vec()).unwrap_or_default())
///     }
///
///     async fn append(&self, key: &MemoryKey, said: [PastMessage; 2]) -> Result<()> {
///         self.0.lock().unwrap().insert(key.session.as_str().to_owned(), said);
///         Ok(())
///     }
/// }
///
/// let memory = Memory::in_store(Short::default());
/// # let _ = memory;
/// ```
pub trait MemoryStore: Send + Sync + 'static {
    /// What was said in a conversation, the oldest first; nothing where it is not known.
    ///
    /// # Errors
    /// The request then fails with it.
    fn load(&self, key: &MemoryKey) -> impl Future<Output = Result<Vec<PastMessage>>> + Send;

    /// Keeps what the caller said and what the bot answered. Two requests of one conversation may be answered beside each
    /// other: each comes here when it is done.
    ///
    /// # Errors
    /// The bot's author is told; the reply goes out all the same.
    fn append(&self, key: &MemoryKey, said: [PastMessage; 2]) -> impl Future<Output = Result<()>> + Send;
}

/// Conversations in this process's memory, bounded in every direction. Cheap to clone; clones share them.
///
/// ```
/// use botroulette_sdk::{InMemory, Memory};
/// use std::time::Duration;
///
/// let memory = Memory::in_store(InMemory::new().messages(6).sessions(100).age(Duration::from_secs(60)));
/// # let _ = memory;
/// ```
#[derive(Clone)]
pub struct InMemory {
    bounds: Bounds,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Clone)]
struct Bounds {
    messages: usize,
    sessions: usize,
    age: Duration,
    message_bytes: usize,
    bytes: usize,
}

#[derive(Default)]
struct Kept {
    sessions: HashMap<MemoryKey, Session>,
    /// The same by when they were last spoken in, the longest silent first.
    order: BTreeMap<u64, MemoryKey>,
    turn: u64,
    bytes: usize,
}

struct Session {
    said: VecDeque<PastMessage>,
    last: Instant,
    turn: u64,
    bytes: usize,
}

impl InMemory {
    /// With the default bounds: 20 messages of at most 16 KiB a conversation, 1,000 conversations, 16 MiB in all, forgotten
    /// 10 minutes after the last message.
    pub fn new() -> Self {
        let bounds = Bounds {
            messages: REMEMBERED_MESSAGES,
            sessions: REMEMBERED_SESSIONS,
            age: REMEMBERED_FOR,
            message_bytes: MESSAGE_BYTES,
            bytes: ALL_BYTES,
        };
        Self { bounds, kept: Arc::default() }
    }

    /// How many messages of a conversation are kept, the bot's own included. The oldest make room. Default 20.
    #[must_use]
    pub fn messages(mut self, messages: usize) -> Self {
        self.bounds.messages = messages;
        self
    }

    /// How many conversations are kept. The one that was silent for longest makes room. Default 1,000.
    #[must_use]
    pub fn sessions(mut self, sessions: usize) -> Self {
        self.bounds.sessions = sessions;
        self
    }

    /// After how long without a message a conversation is forgotten. Default 10 minutes.
    #[must_use]
    pub fn age(mut self, span: Duration) -> Self {
        self.bounds.age = span;
        self
    }

    /// How many bytes are kept of one message: the rest of a longer one is cut off. Default 16 KiB.
    #[must_use]
    pub fn message_bytes(mut self, bytes: usize) -> Self {
        self.bounds.message_bytes = bytes;
        self
    }

    /// How many bytes are kept in all. The conversation that was silent for longest makes room. Default 16 MiB.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bounds.bytes = bytes;
        self
    }

    /// How many conversations are kept now.
    pub fn len(&self) -> usize {
        let mut kept = self.kept();
        kept.forget_old(Instant::now(), self.bounds.age);
        kept.sessions.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets a conversation.
    pub fn forget(&self, key: &MemoryKey) {
        self.kept().forget(key);
    }

    /// Forgets every conversation.
    pub fn clear(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for InMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore for InMemory {
    async fn load(&self, key: &MemoryKey) -> Result<Vec<PastMessage>> {
        let mut kept = self.kept();
        kept.forget_old(Instant::now(), self.bounds.age);
        Ok(kept.sessions.get(key).map(|session| session.said.iter().cloned().collect()).unwrap_or_default())
    }

    async fn append(&self, key: &MemoryKey, said: [PastMessage; 2]) -> Result<()> {
        self.kept().append(key, said, Instant::now(), &self.bounds);
        Ok(())
    }
}

impl Kept {
    fn append(&mut self, key: &MemoryKey, said: [PastMessage; 2], now: Instant, bounds: &Bounds) {
        self.forget_old(now, bounds.age);
        // Out of the order, and in again at its end.
        let mut session = self.forget(key).unwrap_or_else(|| {
            let token = key.token.as_ref().map_or(0, |token| token.expose().len());
            let bytes = SESSION_EXTRA + 2 * (token + key.session.as_str().len());
            Session { said: VecDeque::new(), last: now, turn: 0, bytes }
        });
        for mut message in said {
            let mut end = message.text.len().min(bounds.message_bytes);
            while !message.text.is_char_boundary(end) {
                end -= 1;
            }
            message.text.truncate(end);
            message.text.shrink_to_fit();
            session.bytes += size_of::<PastMessage>() + end;
            session.said.push_back(message);
        }
        while session.said.len() > bounds.messages {
            if let Some(oldest) = session.said.pop_front() {
                session.bytes -= size_of::<PastMessage>() + oldest.text.len();
            }
        }
        self.turn += 1;
        session.last = now;
        session.turn = self.turn;
        self.bytes += session.bytes;
        self.order.insert(session.turn, key.clone());
        self.sessions.insert(key.clone(), session);
        while self.sessions.len() > bounds.sessions || self.bytes > bounds.bytes {
            let Some((_, longest_silent)) = self.order.pop_first() else { return };
            self.forget(&longest_silent);
        }
    }

    fn forget_old(&mut self, now: Instant, age: Duration) {
        while let Some(entry) = self.order.first_entry() {
            let key = entry.get().clone();
            let is_old = self
                .sessions
                .get(&key)
                .is_none_or(|session| now.saturating_duration_since(session.last) >= age);
            if !is_old {
                return;
            }
            entry.remove();
            self.forget(&key);
        }
    }

    fn forget(&mut self, key: &MemoryKey) -> Option<Session> {
        let session = self.sessions.remove(key)?;
        self.order.remove(&session.turn);
        self.bytes -= session.bytes;
        Some(session)
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemory").field("bounds", &self.bounds).field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Speaker;
    use crate::model::SessionId;

    fn key(session: &str) -> MemoryKey {
        MemoryKey { token: None, session: SessionId::from(session) }
    }

    fn said(text: &str) -> [PastMessage; 2] {
        [Speaker::Caller, Speaker::Bot].map(|by| PastMessage { by, text: text.to_owned() })
    }

    fn bounds() -> Bounds {
        InMemory::new().messages(4).sessions(3).bounds
    }

    fn of(kept: &Kept, session: &str) -> Vec<String> {
        let session = kept.sessions.get(&key(session));
        session.map(|session| session.said.iter().map(|past| past.text.clone()).collect()).unwrap_or_default()
    }

    /// Whatever was done: the three views of one store say the same.
    fn is_whole(kept: &Kept) -> bool {
        kept.order.len() == kept.sessions.len()
            && kept.order.iter().all(|(turn, key)| kept.sessions[key].turn == *turn)
            && kept.bytes == kept.sessions.values().map(|session| session.bytes).sum::<usize>()
    }

    #[test]
    fn messages_sessions_and_age_are_bounded() {
        let (mut kept, bounds, start) = (Kept::default(), bounds(), Instant::now());
        for text in ["1", "2", "3"] {
            kept.append(&key("a"), said(text), start, &bounds);
        }
        assert_eq!(of(&kept, "a"), ["2", "2", "3", "3"]);
        for session in ["b", "c"] {
            kept.append(&key(session), said("x"), start, &bounds);
        }
        kept.append(&key("a"), said("4"), start + Duration::from_secs(300), &bounds);
        // `b` was silent for longest.
        kept.append(&key("d"), said("x"), start + Duration::from_secs(300), &bounds);
        assert_eq!((of(&kept, "a").len(), of(&kept, "b").len()), (4, 0));
        kept.forget_old(start + Duration::from_secs(600), bounds.age);
        assert_eq!((of(&kept, "c").len(), of(&kept, "a").len(), of(&kept, "d").len()), (0, 4, 2));
        kept.forget_old(start + Duration::from_secs(900), bounds.age);
        assert!(kept.sessions.is_empty() && kept.bytes == 0 && is_whole(&kept));
    }

    #[test]
    fn bytes_are_bounded_and_a_long_text_is_cut_between_characters() {
        let mut bounds = Bounds { message_bytes: 5, bytes: 2_000, ..bounds() };
        bounds.sessions = 1_000;
        let mut kept = Kept::default();
        kept.append(&key("a"), said("éééé"), Instant::now(), &bounds);
        assert_eq!(of(&kept, "a")[0], "éé");
        for session in 0..100 {
            kept.append(&key(&session.to_string()), said("hello"), Instant::now(), &bounds);
            assert!(kept.bytes <= 2_000 && is_whole(&kept));
        }
        assert!((2..8).contains(&kept.sessions.len()), "{}", kept.sessions.len());
        bounds.bytes = 0;
        kept.append(&key("z"), said("hello"), Instant::now(), &bounds);
        assert!(kept.sessions.is_empty() && is_whole(&kept));
    }

    #[test]
    fn no_order_of_appending_and_forgetting_leaves_anything_behind() {
        let mut random = fastrand::Rng::with_seed(5);
        let (mut kept, bounds, start) = (Kept::default(), bounds(), Instant::now());
        for second in 0..2_000 {
            let now = start + Duration::from_secs(second * 60);
            let session = random.u8(0..6).to_string();
            match random.u8(0..4) {
                0 => drop(kept.forget(&key(&session))),
                1 => kept.forget_old(now, bounds.age),
                _ => kept.append(&key(&session), said("hi"), now, &bounds),
            }
            assert!(is_whole(&kept) && kept.sessions.len() <= 3);
        }
    }
}
