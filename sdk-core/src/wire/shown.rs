//! Other people's texts, as they may be shown.

use std::fmt;

/// At most this many bytes of a message are shown in a decode error.
pub const MAX_EXCERPT: usize = 160;

pub(super) fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary_at(MAX_EXCERPT)).unwrap_or_default()
}

/// The beginning of an untrusted text as it may be shown: at most [`MAX_EXCERPT`] bytes, cut at a character, control
/// characters escaped, in quotes.
pub fn excerpt(text: &str) -> String {
    let shown = bounded(text);
    let dots = if shown.len() < text.len() { "…" } else { "" };
    format!("{:?}{dots}", shown)
}

/// A text of somebody else's as it may be written to a terminal or a log line: control characters (line ends and escape
/// sequences among them) and marks that turn the direction of text are shown as blanks.
///
/// ```
/// use sdk_core::wire::printable;
///
/// assert_eq!(printable("Rocky\u{1b}[2J\r\n[INFO] fine").to_string(), "Rocky [2J  [INFO] fine");
/// ```
pub fn printable(text: &str) -> Printable<'_> {
    Printable(text)
}

/// Shows a text without control characters: made by [`printable`].
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        let mut rest = self.0;
        while let Some(at) = rest.find(is_unprintable) {
            let (shown, after) = rest.split_at(at);
            f.write_str(shown)?;
            f.write_char(' ')?;
            let mut after = after.chars();
            after.next();
            rest = after.as_str();
        }
        f.write_str(rest)
    }
}

/// Control characters, and marks that turn the direction of text or join nothing: with them a server could write our log
/// lines, and more than that on a terminal.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

trait FloorCharBoundary {
    fn floor_char_boundary_at(&self, index: usize) -> usize;
}

impl FloorCharBoundary for str {
    // `str::floor_char_boundary` is newer than the stated Rust version.
    fn floor_char_boundary_at(&self, index: usize) -> usize {
        if index >= self.len() {
            return self.len();
        }
        (0..=index).rev().find(|&at| self.is_char_boundary(at)).unwrap_or(0)
    }
}
