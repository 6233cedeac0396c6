//! The commands that the book and the front pages show name programs that are there, with options that these take.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use family_tests::programs::{names, root, run};

#[test]
fn every_starter_bot_that_is_shown_takes_the_options_that_it_is_shown_with() {
    let shown = shown();
    let known: BTreeSet<_> = names().into_iter().collect();
    let mut starter_bots = 0;
    for (name, options) in shown.iter().filter(|(name, _)| known.contains(name.as_str())) {
        let help = run(name, ["--help"]).succeeded().stdout;
        for (option, page) in options {
            let is_taken = help
                .split([' ', ',', '\n', '[', '='])
                .any(|word| word == option || word == format!("{option}..."));
            assert!(is_taken, "{page} shows `{name} {option}`, which it does not take:\n{help}");
        }
        starter_bots += 1;
    }
    assert!(starter_bots > 15, "{shown:?}");
}

#[test]
fn every_program_that_is_shown_is_there() {
    let sources = ["examples/src/bin", "llm-bots/src/bin", "tests/src/bin"];
    let shown = shown();
    for (name, options) in &shown {
        let files = [format!("{name}.rs"), format!("{name}/main.rs")];
        let is_there =
            sources.iter().any(|dir| files.iter().any(|file| root().join(dir).join(file).is_file()));
        assert!(is_there, "{name} is shown with {options:?}, and there is no such program");
    }
    assert!(shown.len() > 15, "{shown:?}");
}

/// The programs of `cargo run --bin NAME`, each with its options and a page that shows them.
fn shown() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut shown: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for command in text.lines().flat_map(|line| line.split("cargo run ").skip(1)) {
            // A command ends with its line, its code span, or the comment behind it.
            let command = command.split(['`', '#', '|', '>']).next().unwrap_or_default();
            let mut words = command.split_whitespace();
            if !words.any(|word| word == "--bin") {
                continue;
            }
            let name = words.next().expect("a name after --bin");
            if name == "NAME" {
                continue; // any of them is meant
            }
            let options = shown.entry(name.to_owned()).or_default();
            for word in words.skip_while(|word| *word != "--").skip(1).filter(|word| word.starts_with('-')) {
                options.insert(word.to_owned(), page.display().to_string());
            }
        }
    }
    shown
}

/// The book's pages, and the packages' front pages.
fn pages() -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("docs/src"), &mut found);
    for package in ["", "botpit-sdk", "botornot-sdk", "botroulette-sdk", "kriegspiel-sdk"] {
        found.push(root().join(package).join("README.md"));
    }
    found
}
