//! Short pieces of what a server said, fit for a log: bounded, on one line, without secrets.

use std::iter::Peekable;
use std::str::Chars;

use bytes::Bytes;

use crate::error::MAX_BODY;
use crate::secret::{REDACTED, Secret};
use crate::wire::printable;

/// More than this is never looked through for a message.
const MAX_SCANNED: usize = 64 * 1024;

/// The value of a field whose name holds one of these is not shown.
const SECRET_NAMES: [&str; 9] =
    ["key", "token", "secret", "password", "passphrase", "signature", "authorization", "cookie", "session"];

/// The secrets of one call, which nothing that is shown may hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Mask(Vec<Secret>);

impl Mask {
    pub(super) fn new(secrets: Vec<Secret>) -> Self {
        Self(secrets)
    }

    pub(super) fn add(&mut self, secret: Secret) {
        self.0.push(secret);
    }

    /// `text` on one line of at most `max` characters, without the call's secrets and without control characters.
    pub(super) fn line(&self, text: &str, max: usize) -> String {
        let mut text = bounded(text, MAX_SCANNED).to_owned();
        for secret in &self.0 {
            text = secret.redact(&text);
        }
        let printable = printable(&text).to_string();
        let mut line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = line.char_indices().nth(max) {
            line.truncate(end);
            line.push('…');
        }
        line
    }

    /// The start of a body for [`Error::with_body`](crate::error::Error::with_body).
    pub(super) fn body(&self, body: &Bytes) -> Bytes {
        let start = body.slice(..body.len().min(MAX_SCANNED));
        let echoed = self.0.iter().map(Secret::expose).any(|secret| {
            !secret.is_empty() && start.windows(secret.len()).any(|window| window == secret.as_bytes())
        });
        if echoed {
            let mut text = String::from_utf8_lossy(&start).into_owned();
            for secret in &self.0 {
                text = secret.redact(&text);
            }
            text.into()
        } else if start.len() > MAX_BODY {
            // A copy: a slice would keep the whole body alive as long as the error.
            Bytes::copy_from_slice(&start.slice(..MAX_BODY))
        } else {
            start
        }
    }
}

fn bounded(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// JSON, or what should have been JSON, with every value hidden whose name sounds like a secret: an answer to a
/// registration holds the new key. The flag says whether there was one. It reads tokens and not grammar, so it works for
/// text that breaks off.
pub(super) fn hide_secrets(text: &str) -> (String, bool) {
    let (mut shown, mut hidden) = (String::with_capacity(text.len()), false);
    let mut chars = text.chars().peekable();
    let mut name = None;
    while let Some(c) = chars.next() {
        shown.push(c);
        match c {
            '"' => {
                let string = take_string(&mut chars);
                shown.push_str(&string);
                name = Some(string);
            }
            ':' if name.take().is_some_and(|name: String| is_secret_name(&name)) => {
                skip_value(&mut chars);
                shown.push_str(REDACTED);
                hidden = true;
            }
            c if c.is_whitespace() => {}
            _ => name = None,
        }
    }
    (shown, hidden)
}

fn is_secret_name(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// The rest of a string whose opening quote is taken, with its closing quote if it has one.
fn take_string(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut string = String::new();
    while let Some(c) = chars.next() {
        string.push(c);
        match c {
            '"' => break,
            '\\' => string.extend(chars.next()),
            _ => {}
        }
    }
    string
}

/// Skips one value: up to the comma or bracket that ends it, or to the end of the text.
fn skip_value(chars: &mut Peekable<Chars<'_>>) {
    let mut depth = 0_usize;
    while let Some(&c) = chars.peek() {
        match c {
            ',' | '}' | ']' if depth == 0 => return,
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        chars.next();
        if c == '"' {
            take_string(chars);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_secret_names_are_hidden_also_in_broken_text() {
        for (text, shown) in [
            (r#"{"agent_id":"a","api_key":"S"}"#, r#"{"agent_id":"a","api_key":[redacted]}"#),
            (r#"{"api_key" : "S\"S,S}", "a":1}"#, r#"{"api_key" :[redacted], "a":1}"#),
            (r#"{"agent_id":"a","api_key":"SSS"#, r#"{"agent_id":"a","api_key":[redacted]"#),
            (r#"{"Access-Token":S,"n":2}"#, r#"{"Access-Token":[redacted],"n":2}"#),
            (r#"{"tokens":["S",{"x":"S]"}],"n":2}"#, r#"{"tokens":[redacted],"n":2}"#),
            (r#"[{"sessionId":"S"},3]"#, r#"[{"sessionId":[redacted]},3]"#),
            (r#"{"name":"key","value":"v"}"#, r#"{"name":"key","value":"v"}"#),
            ("<html>token: x</html>", "<html>token: x</html>"),
        ] {
            assert_eq!(hide_secrets(text), (shown.to_owned(), shown.contains(REDACTED)), "{text}");
        }
    }

    #[test]
    fn a_line_is_one_line_bounded_and_without_the_key() {
        let mask = Mask::new(vec![Secret::new("s3cr3t"), Secret::new("")]);
        assert_eq!(
            mask.line("bad key s3cr3t\r\n[INFO] all\u{202e} fine\u{1b}[2J", 200),
            "bad key [redacted] [INFO] all fine [2J"
        );
        assert_eq!(mask.line("♞♞♞♞", 3), "♞♞♞…");
        assert_eq!(mask.line("♞♞♞", 3), "♞♞♞");
        assert_eq!(mask.line(&"♞".repeat(1_000_000), 5), "♞♞♞♞♞…");
        // The secret lies across the bound: hidden first, cut afterwards.
        assert_eq!(mask.line("1234s3cr3t", 6), "1234[r…");
    }

    #[test]
    fn a_body_that_repeats_the_key_is_cleaned() {
        let mask = Mask::new(vec![Secret::new("s3cr3t")]);
        assert_eq!(mask.body(&Bytes::from_static(b"you sent s3cr3t")), "you sent [redacted]");
        assert_eq!(mask.body(&Bytes::from_static(b"\xff\xfe")), &b"\xff\xfe"[..]);
        assert_eq!(mask.body(&Bytes::from(vec![b'x'; 1 << 20])).len(), MAX_BODY);
    }
}
