//! Texts cut to a length, never inside a character.

/// What is done with a text that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TooLong {
    /// It is said in several messages, cut between words where that is possible.
    #[default]
    Split,
    /// Its beginning is said, up to the last whole word.
    Shorten,
}

/// A text as messages of at most `limit` characters each, without blanks around them; a blank text is none. A limit of 0
/// counts as 1.
///
/// A cut falls between words where there is a blank in the second half of what fits, and otherwise between characters:
/// never between a letter and its accents, or inside an emoji that is put together of several, unless that alone is longer
/// than the limit.
///
/// ```
/// use botornot_sdk::player::{TooLong, fit};
///
/// assert_eq!(fit("one two three", 8, TooLong::Split), ["one two", "three"]);
/// assert_eq!(fit("one two three", 8, TooLong::Shorten), ["one two"]);
/// assert_eq!(fit("👍🏽👍🏽", 3, TooLong::Split), ["👍🏽", "👍🏽"]);
/// ```
pub fn fit(text: &str, limit: usize, too_long: TooLong) -> Vec<String> {
    let limit = limit.max(1);
    let mut rest = text.trim();
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at_checked(cut(rest, limit)).unwrap_or((rest, ""));
        pieces.push(piece.trim_end().to_owned());
        rest = after.trim_start();
        if too_long == TooLong::Shorten {
            break;
        }
    }
    pieces
}

/// Where a text is cut so that at most `limit` characters come before: a position in bytes.
fn cut(text: &str, limit: usize) -> usize {
    // The end of the last character that fits.
    let Some((hard, _)) = text.char_indices().nth(limit) else { return text.len() };
    let (mut joint, mut blank) = (0, None);
    let mut previous: Option<char> = None;
    let mut flags = 0_u32;
    for (count, (at, char)) in text.char_indices().take(limit + 1).enumerate() {
        let is_flag_end = is_flag(char) && flags % 2 == 1;
        let belongs = is_extender(char) || is_flag_end || previous == Some(JOINER);
        if !belongs {
            joint = at;
            if char.is_whitespace() && count * 2 >= limit {
                blank = Some(at);
            }
        }
        flags = if is_flag(char) { flags + 1 } else { 0 };
        previous = Some(char);
    }
    match (blank, joint) {
        (Some(blank), _) => blank,
        (None, 0) => hard,
        (None, joint) => joint,
    }
}

const JOINER: char = '\u{200d}';

/// Half of a flag.
fn is_flag(char: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&char)
}

/// Whether a character changes the one before it: an accent, a joiner, a variant, a skin colour, a tag.
fn is_extender(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}'
        | '\u{93a}'..='\u{94f}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{200c}' | JOINER
        | '\u{20d0}'..='\u{20ff}'
        | '\u{3099}' | '\u{309a}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}'
        | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_fall_between_words_or_else_between_characters() {
        assert_eq!(fit("  hi  ", 10, TooLong::Split), ["hi"]);
        assert_eq!(fit(" \n ", 10, TooLong::Split), Vec::<String>::new());
        assert_eq!(fit("abcdefgh", 3, TooLong::Split), ["abc", "def", "gh"]);
        assert_eq!(fit("a bcdefgh", 8, TooLong::Split), ["a bcdefg", "h"], "a blank too early is none");
        assert_eq!(fit("ab cd ef", 5, TooLong::Split), ["ab cd", "ef"]);
        assert_eq!(fit("ab", 0, TooLong::Split), ["a", "b"]);
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(fit(&format!("ab{family}"), 5, TooLong::Shorten), ["ab"]);
        assert_eq!(fit(&format!("{family}{family}"), 7, TooLong::Split), [family, family]);
        assert_eq!(fit("e\u{301}e\u{301}", 3, TooLong::Split), ["e\u{301}", "e\u{301}"]);
        assert_eq!(fit("🇩🇪🇫🇷", 3, TooLong::Split), ["🇩🇪", "🇫🇷"]);
        // Longer than the limit by itself: between characters all the same, and all of it.
        assert_eq!(fit(family, 2, TooLong::Split).concat(), family);
    }
}
