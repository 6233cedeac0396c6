//! Human or agent, from how somebody writes.

use super::transcript::{Line, Speaker, Transcript};
use crate::model::Guess;

/// Faster than this, in characters a second, nobody types.
const SUPERHUMAN: f64 = 14.0;
/// Shorter texts say nothing about how fast they were typed.
const TYPED: usize = 15;

/// Words that a language model uses of itself or for politeness, and people at play hardly do.
const GIVEAWAYS: &[&str] = &[
    "as an ai",
    "language model",
    "i'm here to help",
    "how can i assist",
    "how can i help you",
    "great question",
    "i don't have personal",
    "i do not have personal",
    "feel free to",
    "that's a fascinating",
    "happy to help",
    "certainly!",
];
/// Words of people who do not take care. Agents copy them, so they weigh little.
const SLANG: &[&str] = &[
    "lol", "lmao", "idk", "tbh", "ngl", "bruh", "nah", "yea", "ye", "u", "ur", "r", "wtf", "omg", "gonna",
    "kinda", "haha", "hahaha", "wyd", "hbu", "wbu", "ofc", "rn", "pls", "thx", "im", "dont", "cant",
];

/// Reads a transcript for what gives agents and people away.
///
/// Each sign moves the odds by a fixed step; the steps are added up as logarithms, as in a naive Bayes classifier. They are
/// set by reasoning, not learned, and each has its reason:
///
/// - *speed*: a text of some length that comes faster than anybody types is generated;
/// - *rhythm*: answers after nearly the same delay each time come from a timer; people's delays vary by more than half;
/// - *length*: people in a four-minute chat write short lines, essays are a common tell of bots (spec, "Tips");
/// - *polish*: every line with a capital and a full stop is typed by nobody in a hurry;
/// - *giveaways*: set phrases of assistants, long dashes, lists;
/// - *slang* and a corrected slip (`*word`): people; agents imitate the first, so it weighs little;
/// - *bursts*: several short lines in a row, at a typist's pace: people;
/// - *repetition*: the same line twice: a script.
///
/// With nothing said there is nothing to go by, and the prior alone decides.
///
/// ```
/// use std::time::Duration;
/// use botornot_sdk::Guess;
/// use botornot_sdk::player::{Line, Speaker, Suspicion, Transcript};
///
/// let mut transcript = Transcript::default();
/// transcript.add(Line::new(Speaker::Me, "hey", Duration::from_secs(1)));
/// let essay = "As an AI language model, I'm here to help! What would you like to talk about today?";
/// transcript.add(Line::new(Speaker::Opponent, essay, Duration::from_secs(2)));
/// let reading = Suspicion::default().read(&transcript);
/// assert_eq!(reading.guess(), Guess::Agent);
/// assert!(reading.agent > 0.9);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    prior: f64,
}

/// What a [`Suspicion`] makes of an opponent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// How likely it is an agent, from 0 to 1.
    pub agent: f64,
    /// What spoke for or against it, and by how much: above 0 for an agent. In units of the logarithm of the odds.
    pub signs: Vec<(&'static str, f64)>,
}

impl Reading {
    /// The likelier of the two.
    pub fn guess(&self) -> Guess {
        if self.agent >= 0.5 { Guess::Agent } else { Guess::Human }
    }

    /// How likely that is, from 0.5 to 1.
    pub fn confidence(&self) -> f64 {
        self.agent.max(1.0 - self.agent)
    }
}

impl Default for Suspicion {
    fn default() -> Self {
        Self { prior: 0.0 }
    }
}

impl Suspicion {
    /// With a prior: how many opponents of all are agents, from 0 to 1. Nobody is ever certain: it is moved into 0.1 to 0.9,
    /// and what is no number counts as 0.5.
    pub fn with_prior(agents: f64) -> Self {
        let agents = if agents.is_nan() { 0.5 } else { agents.clamp(0.1, 0.9) };
        Self { prior: (agents / (1.0 - agents)).ln() }
    }

    /// What the opponent's words say.
    pub fn read(&self, transcript: &Transcript) -> Reading {
        let theirs: Vec<&Line> = transcript.of(Speaker::Opponent).collect();
        let mut signs = Vec::new();
        if !theirs.is_empty() {
            for (name, weight) in [
                ("speed", speed(transcript)),
                ("rhythm", rhythm(transcript)),
                ("length", length(&theirs)),
                ("polish", polish(&theirs)),
                ("giveaways", giveaways(&theirs)),
                ("slang", slang(&theirs)),
                ("bursts", bursts(transcript)),
                ("repetition", repetition(&theirs)),
            ] {
                if weight != 0.0 {
                    signs.push((name, weight));
                }
            }
        }
        let odds = self.prior + signs.iter().map(|(_, weight)| weight).sum::<f64>();
        Reading { agent: 1.0 / (1.0 + (-odds).exp()), signs }
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

fn pairs(transcript: &Transcript) -> impl Iterator<Item = (&Line, &Line)> {
    transcript.lines().iter().zip(transcript.lines().iter().skip(1))
}

fn speed(transcript: &Transcript) -> f64 {
    let (mut typed, mut too_fast) = (0, 0);
    for (before, line) in pairs(transcript).filter(|(_, line)| line.who == Speaker::Opponent) {
        let chars = line.text.chars().count();
        let took = line.at.saturating_sub(before.at).as_secs_f64();
        if chars >= TYPED {
            typed += 1;
            too_fast += usize::from(number(chars) > took * SUPERHUMAN);
        }
    }
    match share(too_fast, typed) {
        share if share > 0.4 => 1.4,
        _ if typed >= 3 && too_fast == 0 => -0.3,
        _ => 0.0,
    }
}

fn rhythm(transcript: &Transcript) -> f64 {
    let delays: Vec<f64> = pairs(transcript)
        .filter(|(before, line)| before.who == Speaker::Me && line.who == Speaker::Opponent)
        .map(|(before, line)| line.at.saturating_sub(before.at).as_secs_f64())
        .collect();
    if delays.len() < 4 {
        return 0.0;
    }
    let mean = delays.iter().sum::<f64>() / number(delays.len());
    let variance = delays.iter().map(|delay| (delay - mean).powi(2)).sum::<f64>() / number(delays.len());
    match variance.sqrt() / mean.max(0.001) {
        variation if variation < 0.15 => 1.0,
        variation if variation > 0.6 => -0.5,
        _ => 0.0,
    }
}

fn length(theirs: &[&Line]) -> f64 {
    let chars: usize = theirs.iter().map(|line| line.text.chars().count()).sum();
    match share(chars, theirs.len()) {
        mean if mean > 110.0 => 1.2,
        mean if mean > 70.0 => 0.5,
        mean if mean < 25.0 => -0.4,
        _ => 0.0,
    }
}

fn polish(theirs: &[&Line]) -> f64 {
    if theirs.len() < 3 {
        return 0.0;
    }
    let is_polished = |line: &&&Line| {
        line.text.chars().next().is_some_and(char::is_uppercase)
            && line.text.trim_end().ends_with(['.', '!', '?'])
    };
    match share(theirs.iter().filter(is_polished).count(), theirs.len()) {
        share if share >= 0.8 => 0.7,
        share if share <= 0.2 => -0.5,
        _ => 0.0,
    }
}

fn giveaways(theirs: &[&Line]) -> f64 {
    let mut weight: f64 = 0.0;
    for line in theirs {
        let text = line.text.to_lowercase().replace('’', "'");
        if GIVEAWAYS.iter().any(|phrase| text.contains(phrase)) {
            weight += 2.5;
        }
        if text.contains('—') || text.contains("**") || text.contains("\n- ") || text.contains("\n1.") {
            weight += 0.8;
        }
    }
    weight.min(4.0)
}

fn slang(theirs: &[&Line]) -> f64 {
    let is_slang = |line: &&&Line| {
        line.text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| SLANG.contains(&word))
    };
    let lines = theirs.iter().filter(is_slang).count();
    let slips = theirs.iter().any(|line| {
        let text = line.text.trim();
        text.strip_prefix('*').or_else(|| text.strip_suffix('*')).is_some_and(|word| {
            !word.is_empty() && !word.contains('*') && word.split_whitespace().count() == 1
        })
    });
    let slang = if lines >= 2 && share(lines, theirs.len()) >= 0.25 { -0.5 } else { 0.0 };
    slang + if slips { -0.6 } else { 0.0 }
}

fn bursts(transcript: &Transcript) -> f64 {
    let in_a_row = |(before, line): &(&Line, &Line)| {
        let gap = line.at.saturating_sub(before.at).as_secs_f64();
        before.who == Speaker::Opponent
            && line.who == Speaker::Opponent
            && line.text.chars().count() <= 40
            && (0.8..=6.0).contains(&gap)
    };
    if pairs(transcript).filter(in_a_row).count() >= 2 { -0.4 } else { 0.0 }
}

fn repetition(theirs: &[&Line]) -> f64 {
    let longer: Vec<&str> =
        theirs.iter().map(|line| line.text.trim()).filter(|text| text.len() >= 8).collect();
    let repeats =
        longer.iter().enumerate().any(|(at, text)| longer.iter().skip(at + 1).any(|other| other == text));
    if repeats { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn transcript(lines: &[(Speaker, f64, &str)]) -> Transcript {
        let mut transcript = Transcript::default();
        for (who, at, text) in lines {
            transcript.add(Line::new(*who, *text, Duration::from_secs_f64(*at)));
        }
        transcript
    }

    #[test]
    fn a_person_in_a_hurry_reads_as_one() {
        use Speaker::{Me, Opponent};
        let reading = Suspicion::default().read(&transcript(&[
            (Me, 1.0, "hey"),
            (Opponent, 3.5, "yo"),
            (Opponent, 5.0, "whats up"),
            (Opponent, 8.0, "u a bot lol"),
            (Me, 14.0, "no"),
            (Opponent, 21.0, "sounds like what a bto would say"),
            (Opponent, 22.5, "*bot"),
        ]));
        assert!(reading.agent < 0.2, "{reading:?}");
        assert_eq!(reading.guess(), Guess::Human);
    }

    #[test]
    fn a_script_with_a_timer_reads_as_one() {
        use Speaker::{Me, Opponent};
        let mut lines = Vec::new();
        for n in 0..5 {
            let at = f64::from(n) * 10.0;
            lines.push((Me, at, "and you?"));
            lines.push((
                Opponent,
                at + 1.5,
                "That is an interesting question. I enjoy talking about many things.",
            ));
        }
        let reading = Suspicion::default().read(&transcript(&lines));
        assert!(reading.agent > 0.9, "{reading:?}");
        let names: Vec<&str> = reading.signs.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["speed", "rhythm", "polish", "repetition"]);
    }

    #[test]
    fn with_nothing_to_go_by_the_prior_decides() {
        let nothing = Transcript::default();
        assert_eq!(Suspicion::default().read(&nothing).agent, 0.5);
        assert_eq!(Suspicion::with_prior(0.8).read(&nothing).guess(), Guess::Agent);
        assert_eq!(Suspicion::with_prior(0.2).read(&nothing).guess(), Guess::Human);
        assert!(Suspicion::with_prior(1.0).read(&nothing).confidence() < 0.91);
        assert_eq!(Suspicion::with_prior(f64::NAN), Suspicion::with_prior(0.5));
    }
}
