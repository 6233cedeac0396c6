//! The settings of a machine.

use std::time::Duration;

use sdk_core::error::{Error, Result};

use crate::model::{ClientMessage, Guess};

/// Which queue matches come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Queue {
    /// Matches that count (`match:request`).
    #[default]
    Rated,
    /// The deterministic harness, without effect on the rating (`match:test_request`).
    Test,
}

impl Queue {
    /// The request that joins it.
    pub fn request(self) -> ClientMessage {
        match self {
            Self::Rated => ClientMessage::MatchRequest,
            Self::Test => ClientMessage::MatchTestRequest,
        }
    }
}

/// The settings of a [`Machine`](super::Machine). The defaults suit the platform as it is documented.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Which queue to join from the beginning; `None` waits for [`Wish::Queue`](super::Wish::Queue). Default: rated.
    pub queue: Option<Queue>,
    /// How many matches to play; `None` is without end. A match that was lost from sight does not count. Default: `None`.
    pub matches: Option<u32>,
    /// What is voted when the bot has neither decided nor leaned. Default: human.
    pub fallback: Guess,
    /// How long before the end of a match the machine votes by itself, at most an eighth of the match. Default 8 s.
    pub vote_margin: Duration,
    /// How long before the end of a match the bot is asked for its vote at the latest, at most a quarter of the match.
    /// Default 20 s.
    pub ask_margin: Duration,
    /// How long a match lasts when the platform does not say. Default 240 s (spec, `match:started`).
    pub match_length: Duration,
    /// When the machine votes by itself in a match that was entered again and of whose time nothing is known. Default 30 s
    /// after entering.
    pub resumed_vote_after: Duration,
    /// How long an answer may take before the same is asked again. Default 5 s.
    pub call_timeout: Duration,
    /// How long in the queue until the request is repeated, in case the news of a match was lost. Default 30 s.
    pub recheck: Duration,
    /// How long a compliance room may stay without challenge before it is joined anew; longer each time. Default 10 s.
    pub challenge_timeout: Duration,
    /// How often in a row the compliance check may fail until the bot gives up: an echo that is refused counts, and a wait for a
    /// challenge that does not come. `None` is without end. Waits double, up to five minutes. Default 16, which takes about half an
    /// hour.
    pub compliance_tries: Option<u32>,
    /// How long a match may stay without a word before the platform is asked about it. Default 45 s.
    pub silent_after: Duration,
    /// How long after its end, or after its reveal, a match may take to be ended by the platform. Default 10 s.
    pub over_grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue: Some(Queue::Rated),
            matches: None,
            fallback: Guess::Human,
            vote_margin: Duration::from_secs(8),
            ask_margin: Duration::from_secs(20),
            match_length: Duration::from_secs(240),
            resumed_vote_after: Duration::from_secs(30),
            call_timeout: Duration::from_secs(5),
            recheck: Duration::from_secs(30),
            challenge_timeout: Duration::from_secs(10),
            compliance_tries: Some(16),
            silent_after: Duration::from_secs(45),
            over_grace: Duration::from_secs(10),
        }
    }
}

const MAX_SPAN: Duration = Duration::from_secs(24 * 60 * 60);

impl Settings {
    /// Another queue.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<Option<Queue>>) -> Self {
        self.queue = queue.into();
        self
    }

    /// Another number of matches.
    #[must_use]
    pub fn matches(mut self, matches: impl Into<Option<u32>>) -> Self {
        self.matches = matches.into();
        self
    }

    /// Another fallback.
    #[must_use]
    pub fn fallback(mut self, guess: Guess) -> Self {
        self.fallback = guess;
        self
    }

    /// Another number of failed compliance checks until the bot gives up.
    #[must_use]
    pub fn compliance_tries(mut self, tries: impl Into<Option<u32>>) -> Self {
        self.compliance_tries = tries.into();
        self
    }

    /// Checks the limits: every span above 0 and at most 24 h, `ask_margin` not below `vote_margin`, no
    /// count of 0.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG), naming the setting.
    pub fn check(&self) -> Result<()> {
        for (field, span) in [
            ("vote_margin", self.vote_margin),
            ("ask_margin", self.ask_margin),
            ("match_length", self.match_length),
            ("resumed_vote_after", self.resumed_vote_after),
            ("call_timeout", self.call_timeout),
            ("recheck", self.recheck),
            ("challenge_timeout", self.challenge_timeout),
            ("silent_after", self.silent_after),
            ("over_grace", self.over_grace),
        ] {
            if span.is_zero() || span > MAX_SPAN {
                let message = format!("{field} must be above 0 and at most 24 h, not {span:?}");
                return Err(Error::invalid_config(field, message));
            }
        }
        if self.ask_margin < self.vote_margin {
            let message = "ask_margin is below vote_margin: the bot would be asked after its vote was cast";
            return Err(Error::invalid_config("ask_margin", message));
        }
        if self.compliance_tries == Some(0) {
            return Err(Error::invalid_config(
                "compliance_tries",
                "the compliance check was not to be tried at all",
            ));
        }
        if self.matches == Some(0) {
            return Err(Error::invalid_config("matches", "no match at all was asked for"));
        }
        Ok(())
    }
}
