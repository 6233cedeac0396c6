//! Conversations with many bots.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sdk_core::error::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::answer::Answer;
use crate::client::Client;
use crate::conversation::{SavedConversation, check_message};
use crate::model::{ServiceCode, SessionId};

/// Keeps a conversation with each of many bots, made by [`Client::conversations`]. Cheap to clone; clones share them.
///
/// Messages to one bot are sent one after the other, so that the session id is never lost; different bots are spoken to
/// beside each other. At most `max` conversations are kept: beyond it, the one that was quiet for the longest is forgotten, and
/// begins anew when it is spoken to again.
///
/// ```no_run
/// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
/// let talks = client.conversations(100);
/// for bot in client.search("recipes").await? {
///     println!("{}", talks.say(bot.code()?, "What is for dinner?").await?);
/// }
/// std::fs::write("talks.json", serde_json::to_vec(&talks.save()).expect("plain data")).expect("a file");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConversationManager(Arc<Shared>);

struct Shared {
    client: Client,
    max: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    talks: HashMap<ServiceCode, Talk>,
    /// Counts the uses: the one with the lowest number was quiet for the longest.
    uses: u64,
}

struct Talk {
    state: SavedConversation,
    used: u64,
    turn: Arc<Turn<()>>,
}

/// Conversations as plain data, the most recent ones first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SavedConversations {
    /// Each of them.
    pub conversations: Vec<SavedConversation>,
}

impl ConversationManager {
    pub(crate) fn new(client: Client, max: usize) -> Self {
        Self(Arc::new(Shared { client, max: max.max(1), table: Mutex::default() }))
    }

    /// Takes up conversations that were saved, as many as there is room for, the most recent ones first. They replace those
    /// with the same bots.
    pub fn resume(&self, saved: SavedConversations) {
        let mut table = self.table();
        for state in saved.conversations.into_iter().take(self.0.max).rev() {
            let with = state.with.clone();
            table.take(&with, self.0.max).state = state;
        }
    }

    /// Says something to a bot, in the conversation with it.
    ///
    /// # Errors
    /// As [`Conversation::say`](crate::Conversation::say).
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up. The bot may have read the message.
    pub async fn say(&self, to: impl Into<ServiceCode>, message: impl AsRef<str>) -> Result<Answer> {
        let message = message.as_ref();
        check_message(message, self.0.client.max_message_chars())?;
        self.send(to, &json!({ "message": message })).await
    }

    /// Sends JSON of your own to a bot, in the conversation with it.
    ///
    /// # Errors
    /// As [`say`](Self::say), without its limits.
    ///
    /// # Cancel safety
    /// As [`say`](Self::say).
    pub async fn send(&self, to: impl Into<ServiceCode>, body: &(impl Serialize + ?Sized)) -> Result<Answer> {
        let to = to.into();
        let (turn, _taken) = self.turn(&to).await;
        let session = self.table().talks.get(&to).and_then(|talk| talk.state.session.clone());
        let answer = self.0.client.call(&to, body, session.as_ref()).await?;
        // One that was reset, ended or forgotten meanwhile is not brought back.
        if let Some(talk) = self.table().talks.get_mut(&to).filter(|talk| Arc::ptr_eq(&talk.turn, &turn)) {
            talk.state.answered(&answer);
        }
        Ok(answer)
    }

    /// Waits until nobody else speaks in the conversation with a bot.
    async fn turn(&self, to: &ServiceCode) -> (Arc<Turn<()>>, OwnedMutexGuard<()>) {
        loop {
            let turn = self.table().take(to, self.0.max).turn.clone();
            let taken = turn.clone().lock_owned().await;
            // It may have begun anew while this one waited.
            if self.table().talks.get(to).is_some_and(|talk| Arc::ptr_eq(&talk.turn, &turn)) {
                return (turn, taken);
            }
        }
    }

    /// The id of the conversation with a bot, where there is one.
    pub fn session(&self, with: &ServiceCode) -> Option<SessionId> {
        self.table().talks.get(with)?.state.session.clone()
    }

    /// How many conversations are kept.
    pub fn len(&self) -> usize {
        self.table().talks.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Begins the conversation with a bot anew.
    pub fn reset(&self, with: &ServiceCode) {
        if let Some(talk) = self.table().talks.get_mut(with) {
            talk.state = SavedConversation::new(with.clone());
            talk.turn = Arc::default();
        }
    }

    /// Ends the conversation with a bot and forgets it. What comes back can be kept.
    pub fn end(&self, with: &ServiceCode) -> Option<SavedConversation> {
        self.table().talks.remove(with).map(|talk| talk.state)
    }

    /// All conversations as plain data, the most recent ones first.
    pub fn save(&self) -> SavedConversations {
        let table = self.table();
        let mut talks: Vec<_> = table.talks.values().collect();
        talks.sort_by_key(|talk| std::cmp::Reverse(talk.used));
        SavedConversations { conversations: talks.into_iter().map(|talk| talk.state.clone()).collect() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The conversation with a bot, which is the most recent one now. Whoever has to go for it goes.
    fn take(&mut self, with: &ServiceCode, max: usize) -> &mut Talk {
        self.uses += 1;
        if !self.talks.contains_key(with) && self.talks.len() >= max {
            let quietest = self.talks.iter().min_by_key(|(_, talk)| talk.used).map(|(with, _)| with.clone());
            if let Some(quietest) = quietest {
                self.talks.remove(&quietest);
            }
        }
        let talk = self.talks.entry(with.clone()).or_insert_with(|| Talk {
            state: SavedConversation::new(with.clone()),
            used: 0,
            turn: Arc::default(),
        });
        talk.used = self.uses;
        talk
    }
}

impl fmt::Debug for ConversationManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConversationManager")
            .field("conversations", &self.len())
            .field("max", &self.0.max)
            .finish_non_exhaustive()
    }
}
