//! How a persona writes.

use fastrand::Rng;

/// How somebody writes. It stays the same: a stable vibe is more convincing than neutral text (spec, "Tips").
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Style {
    /// Whether it never uses capitals.
    pub lowercase: bool,
    /// Whether it drops the full stop at the end.
    pub drops_full_stop: bool,
    /// Whether it drops apostrophes.
    pub drops_apostrophes: bool,
    /// How often it makes a slip, and corrects it in a message of its own, from 0 to 1.
    pub slips: f64,
    /// How often it adds a word such as `lol`, from 0 to 1.
    pub fillers: f64,
}

impl Style {
    /// Whole sentences without slips.
    pub fn plain() -> Self {
        Self { lowercase: false, drops_full_stop: false, drops_apostrophes: false, slips: 0.0, fillers: 0.0 }
    }

    pub(super) fn draw(rng: &mut Rng) -> Self {
        Self {
            lowercase: rng.f64() < 0.7,
            drops_full_stop: rng.f64() < 0.85,
            drops_apostrophes: rng.f64() < 0.6,
            slips: 0.02 + 0.06 * rng.f64(),
            fillers: 0.05 + 0.15 * rng.f64(),
        }
    }

    /// A line as this person types it: one message, or two when a slip is corrected.
    pub(super) fn write(&self, line: &str, careful: bool, rng: &mut Rng) -> Vec<String> {
        let mut text = line.to_owned();
        if self.drops_full_stop && text.ends_with('.') && !text.ends_with("..") {
            text.pop();
        }
        if self.drops_apostrophes {
            text = text.replace('\'', "");
        }
        if self.lowercase {
            text = text.to_lowercase();
        }
        if careful {
            return vec![text];
        }
        if rng.f64() < self.fillers && !text.ends_with('?') && !text.contains("lol") && !text.contains("haha")
        {
            let fillers = ["lol", "haha", "tbh", "ngl"];
            text =
                format!("{} {}", text.trim_end_matches('.'), fillers.get(rng.usize(..4)).unwrap_or(&"lol"));
        }
        if rng.f64() < self.slips
            && let Some((slipped, word)) = slip(&text, rng)
        {
            return vec![slipped, format!("*{word}")];
        }
        vec![text]
    }
}

/// A text with two neighbouring letters of one of its longer words changed over, and that word as it should be.
fn slip(text: &str, rng: &mut Rng) -> Option<(String, String)> {
    let words: Vec<&str> = text.split(' ').collect();
    let is_candidate = |word: &&&str| word.len() >= 4 && word.chars().all(|c| c.is_ascii_lowercase());
    let candidates: Vec<&str> = words.iter().filter(is_candidate).copied().collect();
    let word = *candidates.get(rng.usize(..candidates.len().max(1)))?;
    let mut letters: Vec<char> = word.chars().collect();
    let at = rng.usize(1..letters.len() - 1);
    letters.swap(at, at + 1);
    let slipped: String = letters.into_iter().collect();
    if slipped == word {
        return None;
    }
    let mut done = false;
    let text = words.iter().map(|other| {
        if *other == word && !std::mem::replace(&mut done, true) { slipped.as_str() } else { other }
    });
    Some((text.collect::<Vec<_>>().join(" "), word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_corrected_with_the_word_that_was_meant() {
        let style = Style { slips: 1.0, ..Style::plain() };
        for seed in 0..50 {
            let mut rng = Rng::with_seed(seed);
            let texts = style.write("just tired today", false, &mut rng);
            match &*texts {
                [slipped, correction] => {
                    assert_ne!(slipped, "just tired today");
                    assert!("just tired today".contains(correction.trim_start_matches('*')), "{texts:?}");
                }
                // The two letters were the same.
                [text] => assert_eq!(text, "just tired today"),
                _ => panic!("{texts:?}"),
            }
            assert_eq!(style.write("just tired today", true, &mut rng), ["just tired today"]);
        }
    }
}
