//! What keys look like.

use std::ops::Range;

/// How a kind of key begins, and how many characters of a key follow at least.
const PREFIXES: [(&str, usize); 32] = [
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("pk_live_", 16),
    ("whsec_", 16),
    ("kp_live_", 16),
    ("kp_test_", 16),
    ("bp_live_", 16),
    ("bp_test_", 16),
    ("gsk_", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 16),
    ("xoxa-", 16),
    ("xoxp-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("xapp-", 16),
    ("hf_", 20),
    ("npm_", 20),
    ("pypi-", 32),
    ("AIza", 30),
    ("AKIA", 16),
    ("ASIA", 16),
    ("ya29.", 16),
    ("SG.", 32),
];
/// How much must follow `Bearer` to be a token.
const BEARER: usize = 16;
const PEM: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";

/// Where in a text something looks like a key. Each byte is looked at a bounded number of times, whatever the text.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = text.get(at..).filter(|_| begins_a_word(bytes, at)).unwrap_or_default();
        let key = key(rest).map(|length| at..at + length);
        let token = || bearer(rest).map(|token| at + token.start..at + token.end);
        if let Some(range) = key.or_else(token) {
            at = range.end;
            found.push(range);
        } else if rest.starts_with("eyJ") {
            let word = web_token(rest);
            if is_web_token(word) {
                found.push(at..at + word.len());
            }
            // What begins later in the same word has fewer parts still.
            at += word.len();
        } else {
            at += 1;
        }
    }
    found.extend(pem_blocks(text));
    found
}

/// How long the key is that a text begins with.
fn key(text: &str) -> Option<usize> {
    PREFIXES.iter().find_map(|(prefix, least)| {
        let length = length(text.strip_prefix(prefix)?);
        (length >= *least).then_some(prefix.len() + length)
    })
}

/// The token behind the word `Bearer`, with which the text begins.
fn bearer(text: &str) -> Option<Range<usize>> {
    const WORD: &str = "bearer ";
    let begins = text.get(..WORD.len())?.eq_ignore_ascii_case(WORD);
    let token = text.get(WORD.len()..).filter(|_| begins)?;
    let length = length(token);
    let has_digit = token.bytes().take(length).any(|byte| byte.is_ascii_digit());
    (length >= BEARER && has_digit).then_some(WORD.len()..WORD.len() + length)
}

/// As much of a text as could be a web token.
fn web_token(text: &str) -> &str {
    let of_a_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = text.bytes().position(|byte| !of_a_token(&byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(['.', '-'])
}

/// A key stands on its own: `task-…` is no `sk-…`.
fn begins_a_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    bytes.get(at).is_some_and(u8::is_ascii_alphabetic)
        && before.is_none_or(|before| !before.is_ascii_alphanumeric())
}

/// How many bytes of what keys are made of begin a text. A full stop belongs to one only in the middle.
fn length(text: &str) -> usize {
    let of_a_key = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'=' | b'~')
    };
    let end = text.bytes().position(|byte| !of_a_key(&byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches(['.', '-']).len()
}

/// Three parts with a full stop between them (RFC 7519).
fn is_web_token(word: &str) -> bool {
    let mut parts = word.split('.');
    parts.by_ref().take(3).filter(|part| part.len() >= 4).count() == 3
}

/// PEM blocks that are no mere certificates or public keys. One without an end reaches to the end of the text.
fn pem_blocks(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text.get(at..).and_then(|rest| rest.find(PEM)).map(|begin| at + begin) {
        let after = begin + PEM.len();
        let rest = text.get(after..).unwrap_or_default();
        let label = rest.split("-----").next().unwrap_or_default();
        if !label.contains("PRIVATE") {
            at = after;
            continue;
        }
        let end = rest.find(PEM_END).map_or(text.len(), |end| {
            let end = after + end + PEM_END.len();
            let closing = text.get(end..).and_then(|rest| rest.find("-----"));
            closing.map_or(text.len(), |closing| end + closing + 5)
        });
        found.push(begin..end);
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|range| text.get(range).unwrap()).collect()
    }

    #[test]
    fn keys_are_found_wherever_they_stand() {
        for key in [
            "sk-proj-4f9aQ2xP7mK1vB8nR3tY6w",
            "sk-ant-api03-4f9aQ2xP7mK1vB8nR3tY6w_-x",
            "kp_live_0123456789abcdef0123456789abcdef",
            "bp_live_0123456789abcdef",
            "ghp_0123456789abcdefghijABCDEFGHIJ012345",
            "github_pat_11AAAAAAA0123456789_abcdefghij",
            "AKIAIOSFODNN7EXAMPLE",
            "AIzaSyA0123456789abcdefghijklmnopqrstuv",
            "xoxb-0123456789-abcdefghij",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        ] {
            for text in
                [key.to_owned(), format!("it is {key}."), format!("({key})\n"), format!("KEY={key}, ü")]
            {
                assert_eq!(found(&text), [key], "{text}");
            }
        }
        assert_eq!(found("Authorization: bearer 0123456789abcdef"), ["0123456789abcdef"]);
    }

    #[test]
    fn private_pem_blocks_are_found_whole_or_cut_off() {
        let block = "-----BEGIN EC PRIVATE KEY-----\nMHcC\nAQEE\n-----END EC PRIVATE KEY-----";
        assert_eq!(found(&format!("Here: {block} so.")), [block]);
        assert_eq!(found(&format!("{block}\n{block}")), [block, block]);
        let cut = "-----BEGIN PRIVATE KEY-----\nMHcC";
        assert_eq!(found(&format!("x {cut}")), [cut]);
        assert_eq!(found("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"), [""; 0]);
    }

    /// Would take minutes if a byte were looked at once for each beginning before it.
    #[test]
    fn a_text_of_beginnings_is_read_once() {
        for beginning in
            ["sk-", "sk_live_", "eyJ-", "=eyJ", "eyJ.", "bearer ", "-----BEGIN ", "SG..", "ya29.-"]
        {
            find(&beginning.repeat((256 << 10) / beginning.len()));
        }
    }

    #[test]
    fn words_are_not_keys() {
        for text in [
            "sk-ating is fun, and so is risk-taking",
            "a task-4f9aQ2xP7mK1vB8nR3tY6w3x9z",
            "ask me about AKIA and AIza and sk- and ghp_",
            "Bearer of bad news",
            "the bearer understandably-long-word-here",
            "eyJ is how they begin",
            "kp_live_…",
            "",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
