//! What was said in a match.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// So many lines of a match are kept. The oldest go first, and are counted.
pub const MAX_LINES: usize = 512;
/// So many characters of a line are kept: nobody reads more in a match.
pub const MAX_LINE_CHARS: usize = 8_000;

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// This bot.
    Me,
    /// The opponent.
    Opponent,
}

/// One message of a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Line {
    /// Who said it.
    pub who: Speaker,
    /// What. The opponent's are a stranger's words.
    pub text: String,
    /// When, from the moment at which this bot saw the match begin. In JSON: seconds.
    #[serde(with = "seconds")]
    pub at: Duration,
}

impl Line {
    /// A message.
    pub fn new(who: Speaker, text: impl Into<String>, at: Duration) -> Self {
        Self { who, text: text.into(), at }
    }
}

/// Successive messages of one speaker, taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// Who spoke.
    pub who: Speaker,
    /// The messages, a line each.
    pub text: String,
    /// When the first of them was said, from the match's beginning.
    pub at: Duration,
}

/// What was said in a match, oldest first: the opponent's messages and this bot's own, whether or not the platform repeats
/// them. At most [`MAX_LINES`] are kept.
///
/// ```
/// use std::time::Duration;
/// use botornot_sdk::player::{Line, Speaker, Transcript};
///
/// let mut transcript = Transcript::default();
/// for (who, text) in [(Speaker::Opponent, "hey"), (Speaker::Opponent, "you there?"), (Speaker::Me, "yes")] {
///     transcript.add(Line::new(who, text, Duration::ZERO));
/// }
/// assert_eq!(transcript.lines().len(), 3);
/// assert_eq!(transcript.turns(8)[0].text, "hey\nyou there?");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Transcript {
    lines: Vec<Line>,
    #[serde(skip)]
    forgotten: usize,
}

impl Transcript {
    /// The lines, oldest first.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The last so many lines, oldest first.
    pub fn last(&self, lines: usize) -> &[Line] {
        self.lines.get(self.lines.len().saturating_sub(lines)..).unwrap_or_default()
    }

    /// The lines of one of the two.
    pub fn of(&self, who: Speaker) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.who == who)
    }

    /// What the opponent said since this bot last spoke: the messages that an answer answers.
    pub fn unanswered(&self) -> &[Line] {
        let after = self.lines.iter().rposition(|line| line.who == Speaker::Me).map_or(0, |at| at + 1);
        self.lines.get(after..).unwrap_or_default()
    }

    /// The last so many turns, oldest first: successive messages of one speaker are one turn. A bounded memory for a
    /// language model (spec, "Tips": 8–15 messages).
    pub fn turns(&self, at_most: usize) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for line in self.lines.iter().rev() {
            let is_full = turns.len() >= at_most;
            match turns.last_mut() {
                Some(turn) if turn.who == line.who => {
                    turn.text = format!("{}\n{}", line.text, turn.text);
                    turn.at = line.at;
                }
                _ if is_full => break,
                _ => turns.push(Turn { who: line.who, text: line.text.clone(), at: line.at }),
            }
        }
        turns.reverse();
        turns
    }

    /// How many older lines are not kept any more.
    pub fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// Adds a line; the oldest one goes when there are [`MAX_LINES`]. Of a text longer than [`MAX_LINE_CHARS`] the beginning
    /// is kept.
    pub fn add(&mut self, mut line: Line) {
        // No character is shorter than a byte, so most texts need not be counted.
        if line.text.len() > MAX_LINE_CHARS
            && let Some((end, _)) = line.text.char_indices().nth(MAX_LINE_CHARS)
        {
            line.text.truncate(end);
            line.text.shrink_to_fit();
        }
        if self.lines.len() >= MAX_LINES {
            self.lines.remove(0);
            self.forgotten += 1;
        }
        self.lines.push(line);
    }

    /// Takes back this bot's latest line with such a text: it was not delivered.
    pub(crate) fn take_back(&mut self, text: &str) {
        let at = self.lines.iter().rposition(|line| line.who == Speaker::Me && line.text == text);
        if let Some(at) = at {
            self.lines.remove(at);
        }
    }

    /// The same without the opponent's words: each of them is an empty text.
    pub(crate) fn without_opponent(mut self) -> Self {
        for line in self.lines.iter_mut().filter(|line| line.who == Speaker::Opponent) {
            line.text.clear();
        }
        self
    }
}

/// Spans as seconds with milliseconds.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
        serializer.serialize_f64(f64::from(millis) / 1_000.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(lines: &[(Speaker, &str)]) -> Transcript {
        let mut transcript = Transcript::default();
        for (second, (who, text)) in (0..).zip(lines) {
            transcript.add(Line::new(*who, *text, Duration::from_secs(second)));
        }
        transcript
    }

    #[test]
    fn turns_are_the_last_ones_in_order() {
        use Speaker::{Me, Opponent};
        let spoken = transcript(&[(Me, "hi"), (Opponent, "a"), (Opponent, "b"), (Me, "c"), (Opponent, "d")]);
        let texts = |turns: Vec<Turn>| turns.into_iter().map(|turn| turn.text).collect::<Vec<_>>();
        assert_eq!(texts(spoken.turns(9)), ["hi", "a\nb", "c", "d"]);
        assert_eq!(texts(spoken.turns(3)), ["a\nb", "c", "d"]);
        assert_eq!(texts(spoken.turns(0)), Vec::<String>::new());
        assert_eq!(spoken.turns(3)[0].at, Duration::from_secs(1));
        assert_eq!(spoken.unanswered().len(), 1);
        assert_eq!(transcript(&[(Opponent, "a"), (Opponent, "b")]).unanswered().len(), 2);
    }

    #[test]
    fn it_is_bounded_and_says_what_is_gone() {
        let mut spoken = Transcript::default();
        for n in 0..MAX_LINES + 5 {
            spoken.add(Line::new(Speaker::Opponent, n.to_string(), Duration::ZERO));
        }
        assert_eq!((spoken.lines().len(), spoken.forgotten()), (MAX_LINES, 5));
        assert_eq!(spoken.lines()[0].text, "5");
        assert_eq!(spoken.last(2).len(), 2);
        spoken.add(Line::new(Speaker::Opponent, "🙂".repeat(100_000), Duration::ZERO));
        assert_eq!(spoken.last(1)[0].text.chars().count(), MAX_LINE_CHARS);
    }

    #[test]
    fn what_was_not_delivered_is_taken_back_and_words_can_be_left_out() {
        use Speaker::{Me, Opponent};
        let mut spoken = transcript(&[(Me, "yes"), (Opponent, "yes"), (Me, "yes")]);
        spoken.take_back("yes");
        spoken.take_back("no");
        assert_eq!(spoken.lines().iter().map(|line| line.who).collect::<Vec<_>>(), [Me, Opponent]);
        let left = spoken.without_opponent();
        assert_eq!((&*left.lines()[0].text, &*left.lines()[1].text), ("yes", ""));
    }
}
