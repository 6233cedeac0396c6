//! What a player answers.

use crate::model::Guess;

/// What a player wants said, and perhaps voted: nothing, one text, or several, sent one after the other at a human pace.
///
/// ```
/// use botornot_sdk::Guess;
/// use botornot_sdk::player::Replies;
///
/// let none = Replies::none();
/// let one: Replies = "haha yes".into();
/// let two = Replies::from(["wait", "are you a bot?"]);
/// assert_eq!((none.texts().len(), one.texts().len(), two.texts().len()), (0, 1, 2));
/// // A vote that need not wait: the platform rewards speed.
/// assert_eq!(one.voting(Guess::Agent).vote(), Some(Guess::Agent));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replies {
    texts: Vec<String>,
    vote: Option<Guess>,
}

impl Replies {
    /// Nothing is said.
    pub fn none() -> Self {
        Self::default()
    }

    /// One text.
    pub fn say(text: impl Into<String>) -> Self {
        Self { texts: vec![text.into()], vote: None }
    }

    /// Another text after it.
    #[must_use]
    pub fn and_say(mut self, text: impl Into<String>) -> Self {
        self.texts.push(text.into());
        self
    }

    /// Votes as well, without waiting to be asked.
    #[must_use]
    pub fn voting(mut self, guess: Guess) -> Self {
        self.vote = Some(guess);
        self
    }

    /// The texts, in order.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The vote, where there is one.
    pub fn vote(&self) -> Option<Guess> {
        self.vote
    }

    pub(crate) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}

impl From<&str> for Replies {
    fn from(text: &str) -> Self {
        Self::say(text)
    }
}

impl From<String> for Replies {
    fn from(text: String) -> Self {
        Self::say(text)
    }
}

impl<T: Into<String>> From<Option<T>> for Replies {
    fn from(text: Option<T>) -> Self {
        text.into_iter().collect()
    }
}

impl<T: Into<String>> From<Vec<T>> for Replies {
    fn from(texts: Vec<T>) -> Self {
        texts.into_iter().collect()
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Replies {
    fn from(texts: [T; N]) -> Self {
        texts.into_iter().collect()
    }
}

impl<T: Into<String>> FromIterator<T> for Replies {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        Self { texts: texts.into_iter().map(Into::into).collect(), vote: None }
    }
}
