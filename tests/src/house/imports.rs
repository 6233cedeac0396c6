//! The client side of a crate never imports its sandbox: what a bot is built from must not lean on what tests it.
//!
//! Looked at is every file under a library crate's `src/`, outside `src/sandbox/`. The declaration `mod sandbox;` is
//! allowed, and so is everything in comments (doctests are in them) and in items for tests alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Finding, Metadata};

/// Every import of a sandbox by the client side of the workspace's library crates, and how many files were read.
///
/// # Errors
/// When a source file cannot be read.
pub fn check(metadata: &Metadata) -> Result<(Vec<Finding>, usize)> {
    let mut findings = Vec::new();
    let mut files = 0;
    for package in metadata.members().filter(|package| package.published) {
        let src = Path::new(&package.dir).join("src");
        for file in rust_files(&src)? {
            let inside = file.strip_prefix(&src).unwrap_or(&file);
            if is_client_side(inside) {
                let text = std::fs::read_to_string(&file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                let shown = file.strip_prefix(&metadata.root).unwrap_or(&file);
                findings.extend(check_source(&shown.display().to_string(), &text));
                files += 1;
            }
        }
    }
    Ok((findings, files))
}

/// Every place of a source text where a path goes through a module named `sandbox`.
pub fn check_source(file: &str, text: &str) -> Vec<Finding> {
    let tokens = without_test_items(tokenize(text));
    let mut findings = Vec::new();
    let mut in_use = false;
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| tokens.get(index)).map_or("", |token| token.text);
        let after = tokens.get(index + 1).map_or("", |token| token.text);
        match token.text {
            // `use<'a>` is a bound, not an import.
            "use" if after != "<" => in_use = true,
            ";" => in_use = false,
            "sandbox" if before != "mod" && (in_use || after == "::") => findings.push(Finding::new(
                "imports the sandbox",
                format!("{file}:{}", token.line),
                "the client side must build and work without it; move what both need to where both may look",
            )),
            _ => {}
        }
    }
    findings
}

fn is_client_side(inside_src: &Path) -> bool {
    let mut parts = inside_src.components().map(|part| part.as_os_str().to_string_lossy());
    let first = parts.next().unwrap_or_default();
    let for_tests = inside_src.file_name().is_some_and(|name| name == "tests.rs")
        || inside_src.components().any(|part| part.as_os_str() == "tests");
    first != "sandbox" && first != "sandbox.rs" && !for_tests
}

fn rust_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// The words and signs of a Rust source, without comments, literals and lifetimes. `::` is one sign.
fn tokenize(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| literal(rest));
        let length = match skipped {
            Some(length) => length,
            None if is_word(first) => {
                let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.extend(rest.get(..word).map(|text| Token { text, line }));
                word
            }
            None => {
                let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
                if !first.is_whitespace() {
                    tokens.extend(rest.get(..length).map(|text| Token { text, line }));
                }
                length
            }
        };
        let (taken, remaining) = rest.split_at_checked(length).unwrap_or((rest, ""));
        line += taken.matches('\n').count();
        rest = remaining;
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the comment that `text` starts with. Block comments nest.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    Some(text.len())
}

/// The length of the string, raw string, character or lifetime that `text` starts with.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            let hashes = rest.trim_start_matches('#');
            rest.starts_with('"')
                || (prefix.ends_with('r') && hashes.starts_with('"'))
                || (matches!(*prefix, "b" | "") && rest.starts_with('\''))
        })
    })?;
    let body = text.get(prefix.len()..)?;
    if body.starts_with('\'') {
        return Some(prefix.len() + character(body));
    }
    let length = if prefix.ends_with('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let open = hashes + 1;
        body.get(open..)?.find(&end).map_or(body.len(), |at| open + at + end.len())
    } else {
        1 + quoted(body.get(1..)?, '"').unwrap_or(body.len() - 1)
    };
    Some(prefix.len() + length)
}

/// The length of what starts with an apostrophe: a character (`'x'`, `'\n'`) or a lifetime (`'a`).
fn character(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => 1 + text.get(1..).and_then(|rest| quoted(rest, '\'')).unwrap_or(text.len() - 1),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 1 + text.get(1..).map_or(0, |rest| rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
    }
}

/// How far it is to just behind the closing `quote`, over escapes.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// The tokens without the items that exist for tests alone (`#[cfg(test)]`, `#[cfg(all(test, …))]`).
fn without_test_items(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        let inner = after.first().is_some_and(|token| token.text == "!");
        let bracket = after.get(usize::from(inner)..).unwrap_or_default();
        if token.text == "#" && bracket.first().is_some_and(|token| token.text == "[") {
            let length = group(bracket);
            let (attribute, behind) = bracket.split_at_checked(length).unwrap_or((bracket, &[]));
            if is_test_only(attribute) {
                if inner {
                    return Vec::new();
                }
                rest = behind_item(behind);
            } else {
                kept.extend_from_slice(attribute);
                rest = behind;
            }
            continue;
        }
        kept.push(*token);
        rest = after;
    }
    kept
}

fn is_test_only(attribute: &[Token<'_>]) -> bool {
    let has = |word| attribute.iter().any(|token| token.text == word);
    attribute.get(1).is_some_and(|token| token.text == "cfg") && has("test") && !has("not") && !has("any")
}

/// What follows the item that `tokens` start with, its further attributes included.
fn behind_item<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let Some((token, after)) = tokens.split_first() {
        match token.text {
            ";" => return after,
            "{" => return tokens.get(group(tokens)..).unwrap_or_default(),
            "(" | "[" => tokens = tokens.get(group(tokens)..).unwrap_or_default(),
            _ => tokens = after,
        }
    }
    tokens
}

/// How many tokens the bracketed group has that `tokens` start with.
fn group(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        check_source("x.rs", text)
            .iter()
            .map(|found| found.to_string().split(": ").take(1).collect())
            .collect()
    }

    #[test]
    fn every_way_to_import_a_sandbox_is_found() {
        for text in [
            "use crate::sandbox::Sandbox;",
            "use crate::sandbox;",
            "use super::sandbox as s;",
            "use sdk_core::sandbox::Faults;",
            "use crate::{client::Client, sandbox::{self, Sandbox}};",
            "pub use sandbox::Sandbox;",
            "fn f(s: &crate::sandbox::Sandbox) {}",
            "fn f() { let s = sandbox::start(); }",
            "macro_rules! m { () => { $crate::sandbox::start() } }",
            "#[cfg(not(test))] use crate::sandbox::Sandbox;",
            "#[cfg(any(test, feature = \"sandbox\"))] use crate::sandbox::Sandbox;",
        ] {
            assert!(!lines(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_no_import_passes() {
        for text in [
            "#[cfg(feature = \"sandbox\")] pub mod sandbox;",
            "//! use crate::sandbox::Sandbox;\n/// [`sandbox`](crate::sandbox::Sandbox)\nfn f() {}",
            "/* use crate::sandbox; /* nested sandbox:: */ sandbox::x */ fn f() {}",
            "const S: &str = \"use crate::sandbox::X; \\\" sandbox::\";",
            "const S: &str = r#\"use crate::sandbox::X; \" sandbox::\"#; const B: &[u8] = b\"sandbox::\";",
            "fn f(sandbox: &str) -> usize { sandbox.len() }",
            "fn f(c: Builder) { c.sandbox(1); Hosts::sandbox(); }",
            "fn f<'a>(c: char) -> impl Sized + use<'a> { c == '\"' || c == '\\'' } // sandbox::",
            "#[cfg(test)] mod tests { use crate::sandbox::Sandbox; fn f() { sandbox::x(); } }",
            "#[cfg(all(test, feature = \"sandbox\"))]\n#[path = \"x\"]\nmod tests { use crate::sandbox::Sandbox; }",
            "#[cfg(test)] use crate::sandbox::Sandbox;",
            "#![cfg(test)]\nuse crate::sandbox::Sandbox;",
        ] {
            assert_eq!(lines(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn the_line_is_named_and_what_follows_a_test_item_is_read() {
        let text = "//! a\nconst S: &str = \"b\nc\";\n#[cfg(test)]\nmod tests {\n fn f(a: [u8; 3]) {}\n}\nuse crate::sandbox::X;\n";
        assert_eq!(lines(text), ["x.rs:8"]);
        assert_eq!(lines("fn f<'s>(x: &'s str) {}\nuse crate::sandbox::X;"), ["x.rs:2"]);
    }

    #[test]
    fn the_sandbox_itself_and_tests_are_not_the_client_side() {
        for (file, client) in [
            ("client.rs", true),
            ("live/session.rs", true),
            ("model/sandbox.rs", true),
            ("sandbox.rs", false),
            ("sandbox/mod.rs", false),
            ("sandbox/house/rps.rs", false),
            ("live/tests.rs", false),
            ("live/tests/reconnect.rs", false),
        ] {
            assert_eq!(is_client_side(Path::new(file)), client, "{file}");
        }
    }

    #[test]
    fn a_tree_of_files_is_walked() {
        use super::super::metadata::Package;
        use super::super::metadata::made_up::{member, workspace};
        let root = std::env::temp_dir().join(format!("house-rules-{}", std::process::id()));
        let src = root.join("botpit-sdk/src");
        std::fs::create_dir_all(src.join("sandbox")).unwrap();
        std::fs::create_dir_all(src.join("live")).unwrap();
        std::fs::write(src.join("lib.rs"), "pub mod live;\npub mod sandbox;\n").unwrap();
        std::fs::write(src.join("live/session.rs"), "\nuse crate::sandbox::Sandbox;\n").unwrap();
        std::fs::write(src.join("sandbox/mod.rs"), "use crate::sandbox::Sandbox;\n").unwrap();
        let package =
            Package { dir: root.join("botpit-sdk").display().to_string(), ..member("botpit-sdk", &[]) };
        let metadata = Metadata { root: root.display().to_string(), ..workspace(vec![package]) };
        let (findings, files) = check(&metadata).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(files, 2);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].to_string().starts_with("botpit-sdk/src/live/session.rs:2: imports the sandbox"));
    }
}
