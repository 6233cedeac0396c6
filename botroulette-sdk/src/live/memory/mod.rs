//! What was said before: a conversation's history, for responders that need it.

mod store;

use std::fmt;

use sdk_core::error::Result;
use serde::{Deserialize, Serialize};

pub use self::store::{InMemory, MemoryStore};
use super::incoming::Incoming;
use super::reply::Reply;
use super::responder::Responder;
use crate::model::{SessionId, UserToken};

/// Who said something in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The bot that calls this one: a stranger.
    Caller,
    /// This bot.
    Bot,
}

/// A message that was said before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastMessage {
    /// Who said it.
    pub by: Speaker,
    /// The text.
    pub text: String,
}

impl fmt::Debug for PastMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What somebody wrote to the bot is nobody else's: of the text its size alone.
        f.debug_struct("PastMessage")
            .field("by", &self.by)
            .field("text", &format_args!("{} bytes", self.text.len()))
            .finish()
    }
}

/// Which conversation a memory is of: the session *and* who claims to hold it. Both are claims, so a guessed session id alone
/// opens nobody's history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MemoryKey {
    /// Who the caller says it is.
    pub token: Option<UserToken>,
    /// The conversation.
    pub session: SessionId,
}

impl MemoryKey {
    /// The key of a request. `None` for one without a session: it begins a conversation that has no name yet.
    pub fn of(request: &Incoming) -> Option<Self> {
        request.session().map(|session| Self { token: request.user_token(), session })
    }
}

/// Gives a responder the history of its conversations ([`Incoming::history`]), and remembers what is said.
///
/// ```
/// use botroulette_sdk::{Incoming, Memory, Responder, responder};
///
/// let counting = responder(|request: Incoming| async move {
///     Ok(format!("We have said {} things so far.", request.history().len()))
/// });
/// let bot = Memory::new().around(counting);
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let hello = Incoming::new(r#"{"message": "hi"}"#).with_header("X-KPATH-Session-ID", "s-1");
/// let first = bot.reply(hello.clone()).await?;
/// assert_eq!(first.main_text().as_deref(), Some("We have said 0 things so far."));
/// let second = bot.reply(hello).await?;
/// assert_eq!(second.main_text().as_deref(), Some("We have said 2 things so far."));
/// # Ok::<(), botroulette_sdk::Error>(()) }).unwrap();
/// ```
///
/// It is bounded: 20 messages a conversation, 1,000 conversations, 16 MiB in all, and 10 minutes after its last message a
/// conversation is forgotten. [`InMemory`] has the settings; for a database there is [`MemoryStore`].
///
/// A conversation is known by session and user token together. A request without a session is not remembered: the platform
/// gives each conversation an id with its first answer. Remembered is what was answered with a status below 400.
#[derive(Debug, Clone)]
pub struct Memory<S = InMemory> {
    store: S,
}

impl Memory {
    /// In this process, with the default bounds.
    pub fn new() -> Self {
        Self { store: InMemory::new() }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: MemoryStore> Memory<S> {
    /// In a store of one's own, or in an [`InMemory`] with other bounds.
    pub fn in_store(store: S) -> Self {
        Self { store }
    }

    /// The responder with a memory.
    pub fn around<R: Responder>(self, responder: R) -> Remembering<R, S> {
        Remembering { responder, store: self.store }
    }
}

/// A responder with a memory, made by [`Memory::around`].
#[derive(Clone)]
pub struct Remembering<R, S = InMemory> {
    responder: R,
    store: S,
}

impl<R: Responder, S: MemoryStore> Responder for Remembering<R, S> {
    /// # Errors
    /// Those of the responder, and those of the store when it cannot tell what was said. That it could not keep what was said
    /// now is told beside the reply ([`Reply::with_notice`]).
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        let (Some(key), Ok(message)) = (MemoryKey::of(&request), request.message().map(str::to_owned)) else {
            return self.responder.reply(request).await;
        };
        let history = self.store.load(&key).await?;
        let reply = self.responder.reply(request.with_history(history)).await?;
        if reply.status() >= 400 {
            return Ok(reply);
        }
        let Some(answer) = reply.main_text().map(std::borrow::Cow::into_owned) else { return Ok(reply) };
        let said = [
            PastMessage { by: Speaker::Caller, text: message },
            PastMessage { by: Speaker::Bot, text: answer },
        ];
        match self.store.append(&key, said).await {
            Ok(()) => Ok(reply),
            Err(error) => Ok(reply.with_notice(error)),
        }
    }

    fn takes_every_path(&self) -> bool {
        self.responder.takes_every_path()
    }
}

impl<R, S> fmt::Debug for Remembering<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembering").finish_non_exhaustive()
    }
}
