//! Nothing that looks like a key leaves in a reply.

mod json;
mod known;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use sdk_core::error::{Error, Result};
use sdk_core::secret::Secret;

use super::incoming::Incoming;
use super::reply::{Content, Reply};
use super::responder::Responder;
use crate::codes;

/// Finds secrets in a text: the byte ranges of all of them.
type Finder = Arc<dyn Fn(&str) -> Vec<Range<usize>> + Send + Sync>;

/// Hides what looks like a key in a bot's replies. Whoever can talk a model into telling its instructions gets them without
/// the keys.
///
/// ```
/// use botroulette_sdk::{Incoming, Responder, SecretFilter, responder};
///
/// let careless = responder(|_: Incoming| async {
///     Ok("My key is sk-proj-4f9aQ2xP7mK1vB8nR3tY6w and the door code is 4711-gate.")
/// });
/// // The built-in patterns, and one of one's own.
/// let bot = SecretFilter::new()
///     .finder(|text| text.match_indices("4711-gate").map(|(at, code)| at..at + code.len()).collect())
///     .around(careless);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let reply = bot.reply(Incoming::new("{}")).await?;
/// assert_eq!(reply.main_text().as_deref(), Some("My key is [hidden] and the door code is [hidden]."));
/// # Ok::<(), botroulette_sdk::Error>(()) }).unwrap();
/// ```
///
/// Without more it finds keys of well-known providers and of the platforms of this family (`sk-…`, `kp_live_…`, `ghp_…`,
/// `AKIA…`, `AIza…`, `xoxb-…` and so on), JSON Web Tokens, whatever follows `Bearer`, and PEM blocks, whole or cut off.
/// [`secret`](Self::secret) adds the keys that the bot really has, which is the surest; [`finder`](Self::finder) adds a
/// pattern. It looks at texts, at every string of JSON (names too) and at headers, and tells the bot's author that there was
/// something ([`SECRET_IN_REPLY`](codes::SECRET_IN_REPLY)), never what.
///
/// It is a net, no wall: a key that is spelled backwards, or over several messages, is not found. What a bot must not tell, it
/// should not know.
#[derive(Clone)]
pub struct SecretFilter {
    secrets: Vec<Secret>,
    finders: Vec<Finder>,
}

impl SecretFilter {
    /// What stands where a secret was.
    pub const HIDDEN: &'static str = "[hidden]";

    /// With the built-in patterns.
    pub fn new() -> Self {
        Self { secrets: Vec::new(), finders: vec![Arc::new(known::find)] }
    }

    /// Without the built-in patterns: what is added is found, and nothing else.
    pub fn empty() -> Self {
        Self { secrets: Vec::new(), finders: Vec::new() }
    }

    /// Hides this very text wherever it stands: the bot's own keys, in whatever form they have. An empty one is left out.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        let secret = secret.into();
        if !secret.expose().trim().is_empty() {
            self.secrets.push(secret);
        }
        self
    }

    /// Adds a pattern: a function that says where in a text secrets stand, in bytes. Ranges that do not lie on characters'
    /// bounds are widened to them.
    #[must_use]
    pub fn finder(mut self, find: impl Fn(&str) -> Vec<Range<usize>> + Send + Sync + 'static) -> Self {
        self.finders.push(Arc::new(find));
        self
    }

    /// The text without what looks like a secret: for what leaves another way than in a reply.
    ///
    /// ```
    /// use botroulette_sdk::SecretFilter;
    ///
    /// let filter = SecretFilter::new().secret("hunter2");
    /// assert_eq!(filter.hide("The password is hunter2."), "The password is [hidden].");
    /// ```
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found: Vec<Range<usize>> = self.finders.iter().flat_map(|find| find(text)).collect();
        for secret in &self.secrets {
            found.extend(text.match_indices(secret.expose()).map(|(at, secret)| at..at + secret.len()));
        }
        found.retain(|range| range.start < range.end && range.start < text.len());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_by_key(|range| range.start);
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for range in found {
            let mut from = range.start;
            while !text.is_char_boundary(from) {
                from -= 1;
            }
            let mut to = range.end.min(text.len());
            while !text.is_char_boundary(to) {
                to += 1;
            }
            if to <= end {
                continue;
            }
            // What overlaps is one secret.
            if from >= end {
                shown.push_str(text.get(end..from).unwrap_or_default());
                shown.push_str(SecretFilter::HIDDEN);
            }
            end = to;
        }
        shown.push_str(text.get(end..).unwrap_or_default());
        Cow::Owned(shown)
    }

    /// The responder, whose replies go through this filter.
    pub fn around<R: Responder>(self, responder: R) -> Filtered<R> {
        Filtered { responder, filter: self }
    }

    fn filter(&self, mut reply: Reply) -> Reply {
        let mut found = false;
        match &mut reply.content {
            Content::Text(_, text) => {
                if let Cow::Owned(shown) = self.hide(text) {
                    (*text, found) = (shown, true);
                }
            }
            Content::Json(json) => {
                if let Some(shown) = json::map_strings(json, |text| self.hide(text)) {
                    (*json, found) = (shown, true);
                }
            }
            Content::Unwritable(_) => {}
        }
        let telling: Vec<_> = reply
            .headers
            .iter()
            .filter(|(_, value)| value.to_str().is_ok_and(|value| matches!(self.hide(value), Cow::Owned(_))))
            .map(|(name, _)| name.clone())
            .collect();
        for name in telling {
            reply.headers.remove(name);
            found = true;
        }
        if !found {
            return reply;
        }
        let what = "the reply held what looks like a secret; it left without it";
        reply.with_notice(Error::new(&codes::SECRET_IN_REPLY, what))
    }
}

impl Default for SecretFilter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SecretFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFilter")
            .field("secrets", &self.secrets)
            .field("finders", &self.finders.len())
            .finish()
    }
}

/// A responder whose replies go through a [`SecretFilter`], made by [`SecretFilter::around`].
#[derive(Clone)]
pub struct Filtered<R> {
    responder: R,
    filter: SecretFilter,
}

impl<R: Responder> Responder for Filtered<R> {
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        Ok(self.filter.filter(self.responder.reply(request).await?))
    }

    fn takes_every_path(&self) -> bool {
        self.responder.takes_every_path()
    }
}

impl<R> fmt::Debug for Filtered<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filtered").field("filter", &self.filter).finish_non_exhaustive()
    }
}
