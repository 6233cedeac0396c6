//! A human pace: when to type, when to speak, how much at once (spec, "Tips", "Client -> Server Events").
//!
//! [`Pacing`] is what can be set; [`Pacer`] is the state machine of one match, pure data as the
//! [platform's](crate::state): it takes events and the time, and says what to do. [`Play`](super::Play) drives one for each
//! match.
//!
//! | file | what it is |
//! |---|---|
//! | `pacer` | the state machine |
//! | `length` | texts cut to a length, never inside a character |

mod length;
mod pacer;

use std::time::Duration;

use sdk_core::error::{Error, Result};

pub use self::length::{TooLong, fit};
pub use self::pacer::{Pacer, PacerAction, PacerEvent};

/// How a bot paces what it says. The defaults are those of a person at a keyboard.
///
/// ```
/// use std::time::Duration;
/// use botornot_sdk::player::{Pacing, TooLong};
///
/// let pacing = Pacing::default().thinking(Duration::from_millis(500), Duration::from_secs(3)).too_long(TooLong::Shorten);
/// assert!(pacing.check().is_ok());
/// // For a sandbox whose matches pass ten times as fast.
/// assert_eq!(Pacing::default().sped_up(10.0).think_max, Duration::from_millis(180));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pacing {
    /// The shortest time from the opponent's last message until this bot begins to type. Default 300 ms.
    pub think_min: Duration,
    /// The longest, except that a slow player takes as long as it takes. Default 1,800 ms. Short times are more frequent.
    pub think_max: Duration,
    /// How fast it types, in characters a second, a quarter more or less each time. Default 7; 0 means at once.
    pub chars_per_second: f64,
    /// The longest time that one text is typed for. Default 9 s.
    pub typing_max: Duration,
    /// How often it shows that it types, from 0 (never) to 1 (always). Default 0.85.
    pub typing_chance: f64,
    /// The shortest time between two of its messages. Default 1,200 ms.
    pub gap: Duration,
    /// How long the opponent must have been silent before the player is asked. Default 300 ms. What comes later, but before
    /// the answer is out, makes the player be asked again.
    pub settle: Duration,
    /// How long an opponent who goes on, or types, is waited for at most. Default 3 s.
    pub settle_max: Duration,
    /// So often in a row an answer is planned again because the opponent goes on; then it is said, and the rest is
    /// answered after it. Default 3.
    pub replans: u32,
    /// How many messages the platform takes at once (spec: 3).
    pub burst: u32,
    /// How long until it takes one more (spec: 1 s). Zero means that it has no limit.
    pub refill: Duration,
    /// How often a text that the platform rejected for now is sent again. Default 8.
    pub resends: u32,
    /// The longest text, in characters; longer ones are cut. The platform's own limit is not documented: one that it finds
    /// too long teaches a lower one. Default 260.
    pub max_chars: usize,
    /// What is done with a longer one. Default: it is split.
    pub too_long: TooLong,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            think_min: Duration::from_millis(300),
            think_max: Duration::from_millis(1_800),
            chars_per_second: 7.0,
            typing_max: Duration::from_secs(9),
            typing_chance: 0.85,
            gap: Duration::from_millis(1_200),
            settle: Duration::from_millis(300),
            settle_max: Duration::from_secs(3),
            replans: 3,
            burst: 3,
            refill: Duration::from_secs(1),
            resends: 8,
            max_chars: 260,
            too_long: TooLong::Split,
        }
    }
}

impl Pacing {
    /// No pace at all: every message is answered by itself, at once, and typing is not shown. The platform's limit on messages
    /// is still kept.
    pub fn off() -> Self {
        Self {
            think_min: Duration::ZERO,
            think_max: Duration::ZERO,
            chars_per_second: 0.0,
            typing_chance: 0.0,
            gap: Duration::ZERO,
            settle: Duration::ZERO,
            settle_max: Duration::ZERO,
            replans: 0,
            ..Self::default()
        }
    }

    /// How long it thinks, at least and at most.
    #[must_use]
    pub fn thinking(mut self, min: Duration, max: Duration) -> Self {
        self.think_min = min;
        self.think_max = max;
        self
    }

    /// What the platform takes: so many messages at once, and one more after each such span. A span of zero is no limit.
    #[must_use]
    pub fn limit(mut self, burst: u32, refill: Duration) -> Self {
        self.burst = burst;
        self.refill = refill;
        self
    }

    /// The longest text, in characters.
    #[must_use]
    pub fn max_chars(mut self, chars: usize) -> Self {
        self.max_chars = chars;
        self
    }

    /// What is done with a longer one.
    #[must_use]
    pub fn too_long(mut self, too_long: TooLong) -> Self {
        self.too_long = too_long;
        self
    }

    /// The same pace for matches that pass so many times as fast, as in a sandbox of one's own:
    /// [`Play::speed`](super::Play::speed) does it. A factor that is not a
    /// positive number counts as 1.
    #[must_use]
    pub fn sped_up(mut self, factor: f64) -> Self {
        if !factor.is_finite() || factor <= 0.0 {
            return self;
        }
        for span in [
            &mut self.think_min,
            &mut self.think_max,
            &mut self.typing_max,
            &mut self.gap,
            &mut self.settle,
            &mut self.settle_max,
            &mut self.refill,
        ] {
            *span = Duration::try_from_secs_f64(span.as_secs_f64() / factor).unwrap_or(Duration::MAX);
        }
        self.chars_per_second *= factor;
        self
    }

    /// Checks the limits: spans of at most an hour, each minimum not above its maximum, a chance from 0 to 1, a speed that
    /// is not negative, and at least one message and one character.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG), naming the setting.
    pub fn check(&self) -> Result<()> {
        let wrong = |field: &str, limit: &str| {
            Err(Error::invalid_config(field, format!("the pacing's {field} must be {limit}")))
        };
        for (field, span) in [
            ("think_min", self.think_min),
            ("think_max", self.think_max),
            ("typing_max", self.typing_max),
            ("gap", self.gap),
            ("settle", self.settle),
            ("settle_max", self.settle_max),
            ("refill", self.refill),
        ] {
            if span > Duration::from_secs(60 * 60) {
                return wrong(field, "at most an hour");
            }
        }
        if self.think_min > self.think_max {
            return wrong("think_min", "at most think_max");
        }
        if self.settle > self.settle_max {
            return wrong("settle", "at most settle_max");
        }
        if !self.chars_per_second.is_finite() || self.chars_per_second < 0.0 {
            return wrong("chars_per_second", "0 or more");
        }
        if !(0.0..=1.0).contains(&self.typing_chance) {
            return wrong("typing_chance", "from 0 to 1");
        }
        if self.burst == 0 {
            return wrong("burst", "at least 1");
        }
        if self.max_chars == 0 {
            return wrong("max_chars", "at least 1");
        }
        Ok(())
    }
}
