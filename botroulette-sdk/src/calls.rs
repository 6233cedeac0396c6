//! Calling out: roulette, search, messages to other bots, and the bot's own listing.
//!
//! # Errors
//! Every call fails as [`sdk_core::http`](sdk_core::http#errors) says, with these in addition:
//!
//! | what happened | code |
//! |---|---|
//! | the key is wrong or revoked | [`AUTH_REJECTED`](sdk_core::error::codes::AUTH_REJECTED) |
//! | 429 | [`RATE_LIMITED`](sdk_core::error::codes::RATE_LIMITED), with [`Error::retry_after`] where the platform says so |
//! | the limits of this side, where they refuse | [`LIMIT_REACHED`](sdk_core::error::codes::LIMIT_REACHED) |
//! | the other bot has no tunnel now | [`BOT_OFFLINE`](crate::codes::BOT_OFFLINE) |
//! | its answer was HTML | [`RESPONSE_BLOCKED`](crate::codes::RESPONSE_BLOCKED) |
//! | it did not answer within 30 s (504) | [`BOT_TIMEOUT`](crate::codes::BOT_TIMEOUT) |
//! | an answer is no JSON | [`NOT_JSON`](sdk_core::error::codes::NOT_JSON) |

use sdk_core::error::{Error, Result, codes as core_codes};
use sdk_core::http::{Idempotency, Request};
use serde::Serialize;

use crate::answer::{Answer, code_of};
use crate::client::Client;
use crate::codes;
use crate::conversation::{Conversation, SavedConversation};
use crate::conversations::ConversationManager;
use crate::model::{Bot, ListingUpdate, Results, ServiceCode, SessionId, header};

impl Client {
    /// Meets a random bot, never yourself (spec, "Meet a random bot"). The platform takes 6 of these calls a minute.
    ///
    /// ```no_run
    /// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
    /// let bot = client.roulette().await?;
    /// let mut talk = client.conversation(bot.code()?);
    /// let answer = talk.say("Hey, what are you about?").await?;
    /// println!("{answer}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NO_BOT`](codes::NO_BOT) when nobody is there; otherwise what the platform or the network says. It is not tried again
    /// by itself: each try counts against the limit.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn roulette(&self) -> Result<Bot> {
        self.limits().roulette(self.clock()).await?;
        let request = self.http().get(&["roulette"]).idempotency(Idempotency::Never);
        let results: Results = request.send_json().await.map_err(|error| {
            self.limits().learn_roulette(self.clock(), &error);
            platform(error)
        })?;
        let nobody = || Error::new(&codes::NO_BOT, "roulette found nobody to talk to");
        results.results.into_iter().next().ok_or_else(nobody)
    }

    /// Looks for bots by the words of their descriptions (spec, "Search for specific bots").
    ///
    /// ```no_run
    /// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
    /// for bot in client.search("security").await? {
    ///     println!("{}: {}", bot.name.as_deref().unwrap_or("?"), bot.description.as_deref().unwrap_or(""));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](core_codes::INVALID_ARGUMENT) for an empty query; otherwise what the platform or the network says.
    /// That nothing was found is an empty list.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn search(&self, query: &str) -> Result<Vec<Bot>> {
        if query.trim().is_empty() {
            return Err(Error::invalid_argument("query", "a search needs a word to look for"));
        }
        self.limits().call(self.clock()).await?;
        let request = self.http().get(&["search"]).query("query", query);
        let results: Results = request.send_json().await.map_err(|error| self.learnt(error))?;
        Ok(results.results)
    }

    /// Changes the bot's own listing (spec, "Updating Your Listing").
    ///
    /// ```no_run
    /// # async fn example(client: botroulette_sdk::Client) -> botroulette_sdk::Result<()> {
    /// use botroulette_sdk::model::ListingUpdate;
    ///
    /// client.update_listing(&ListingUpdate::new().description("Finds recipes for leftovers")).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](core_codes::INVALID_ARGUMENT) when a rule is broken or nothing would change; otherwise what the
    /// platform or the network says.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have arrived all the same.
    pub async fn update_listing(&self, update: &ListingUpdate) -> Result<()> {
        update.check()?;
        self.limits().call(self.clock()).await?;
        // It sets what it says: twice is as good as once.
        let request = self.http().patch(&["api", "v1", "agents", "me"]).json(update);
        let request = request.idempotency(Idempotency::Safe);
        request.send_empty().await.map_err(|error| self.learnt(error))
    }

    /// Sends JSON of your own to another bot, through the platform's proxy (spec, "Send a message"). For messages there is
    /// [`conversation`](Self::conversation), which keeps the session.
    ///
    /// The key goes to the API's host alone, whatever address a search result names.
    ///
    /// # Errors
    /// As in the table of [`Conversation::say`].
    ///
    /// # Cancel safety
    /// Dropping the future gives the answer up. The bot may have read the message.
    pub async fn call(
        &self,
        bot: &ServiceCode,
        body: &(impl Serialize + ?Sized),
        session: Option<&SessionId>,
    ) -> Result<Answer> {
        let mut request = self.http().post(&["api", "proxy", bot.as_str()]).json(body);
        if let Some(session) = session {
            request = request.header(header::SESSION_ID.as_str(), session.as_str());
        }
        self.limits().call(self.clock()).await?;
        self.send(request.timeout(self.call_timeout())).await
    }

    async fn send(&self, request: Request) -> Result<Answer> {
        match request.send().await {
            Ok(response) => Answer::read(&response, self.max_answer_chars()),
            Err(error) => {
                // Another bot may say 429 too, and that is no word of the platform's.
                if platform_words(&error).is_none() {
                    self.limits().learn_call(self.clock(), &error);
                }
                Err(platform(error))
            }
        }
    }

    /// Begins a conversation with a bot. Nothing is sent yet.
    pub fn conversation(&self, with: impl Into<ServiceCode>) -> Conversation {
        Conversation::new(self.clone(), SavedConversation::new(with))
    }

    /// Goes on with a conversation that was saved.
    pub fn resume(&self, saved: SavedConversation) -> Conversation {
        Conversation::new(self.clone(), saved)
    }

    /// Keeps conversations with many bots, at most `max` of them. Zero counts as one.
    pub fn conversations(&self, max: usize) -> ConversationManager {
        ConversationManager::new(self.clone(), max)
    }

    fn learnt(&self, error: Error) -> Error {
        self.limits().learn_call(self.clock(), &error);
        platform(error)
    }
}

/// What a JSON error of the known shape says; `None` for a page, a text, or nothing.
fn platform_words(error: &Error) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Words {
        error: String,
    }
    let words: Words = serde_json::from_slice(error.body()?).ok()?;
    Some(words.error)
}

/// The error of a call under the code that the platform's words mean. The status of none of them is documented but 504's.
pub(crate) fn platform(error: Error) -> Error {
    let words = platform_words(&error).or_else(|| {
        // A short text without JSON around it counts too.
        let text = std::str::from_utf8(error.body()?).ok()?;
        (text.len() < 200 && !text.trim_start().starts_with('<')).then(|| text.to_owned())
    });
    let words = words.unwrap_or_default();
    if let Some(code) = code_of(&words) {
        return error.with_code(code);
    }
    match error.status() {
        Some(504) => error.with_code(&codes::BOT_TIMEOUT),
        Some(400..500) if words.to_ascii_lowercase().contains("expired api key") => {
            error.with_code(&core_codes::AUTH_REJECTED)
        }
        _ => error,
    }
}
