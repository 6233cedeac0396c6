//! The book says what the code says, and holds together.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use family_tests::house::{Metadata, dependencies};
use family_tests::programs::root;
use sdk_core::error::Code;
use sdk_core::sandbox::{Dialect, Fault, magic};

/// Every catalogue of error codes, in the order of the book's page.
const CATALOGUES: &[(&str, &[&Code])] = &[
    ("Every crate", sdk_core::error::codes::ALL),
    ("botpit-sdk", botpit_sdk::codes::ALL),
    ("botornot-sdk", botornot_sdk::codes::ALL),
    ("botroulette-sdk", botroulette_sdk::codes::ALL),
    ("kriegspiel-sdk", kriegspiel_sdk::codes::ALL),
];

const GENERATED: &str = "<!-- Below this line the page is written by `UPDATE_BOOK=1 cargo test -p family-tests --test book`. -->\n";

#[test]
fn the_index_of_errors_is_the_codes_own() {
    generated("errors.md", &index_of_errors());
}

#[test]
fn the_tables_of_dependencies_are_the_lock_files() {
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let output = cargo.args(arguments).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let metadata = Metadata::parse(&cargo(&["metadata", "--format-version", "1", "--locked"])).unwrap();
    let trees: Vec<_> = metadata
        .library_crates()
        .iter()
        .map(|package| {
            (package.name.clone(), dependencies::Tree::parse(&cargo(&dependencies::arguments(&package.name))))
        })
        .collect();
    assert_eq!(trees.len(), 5);
    generated("dependencies.md", &dependencies::tables(&trees));
}

/// A page is what the code says, below its line.
#[track_caller]
fn generated(page_name: &str, tables: &str) {
    let path = book().join(page_name);
    let page = read(&path);
    let (by_hand, _) = page.split_once(GENERATED).expect("the page says from where on it is generated");
    let expected = format!("{by_hand}{GENERATED}{tables}");
    if std::env::var_os("UPDATE_BOOK").is_some_and(|update| update == "1") {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    assert!(
        page == expected,
        "docs/src/{page_name} is not what the code says; write it anew with\n  \
         UPDATE_BOOK=1 cargo test -p family-tests --test book"
    );
}

#[test]
fn every_chapter_is_in_the_summary_and_every_entry_is_a_chapter() {
    let summary: BTreeSet<_> = links(&read(&book().join("SUMMARY.md"))).into_iter().collect();
    let chapters: BTreeSet<_> = chapters().into_iter().collect();
    assert_eq!(summary, chapters);
}

#[test]
fn the_code_of_every_chapter_is_compiled() {
    let doctests = include_str!("../src/lib.rs");
    for chapter in chapters() {
        let included = format!("include_str!(\"../../docs/src/{chapter}\")");
        assert!(doctests.contains(&included), "tests/src/lib.rs does not have {included}");
    }
}

#[test]
fn no_page_has_code_that_nobody_compiles() {
    let pages = chapters().into_iter().map(|chapter| book().join(chapter));
    let fronts = [
        "README.md",
        "sdk-core/README.md",
        "botpit-sdk/README.md",
        "botornot-sdk/README.md",
        "kriegspiel-sdk/README.md",
    ];
    for path in pages.chain(fronts.iter().map(|page| book().join("../..").join(page))) {
        for (number, line) in (1..).zip(read(&path).lines()) {
            let fence = line.trim_start().strip_prefix("```").unwrap_or_default();
            assert!(!fence.contains("ignore"), "{}:{number}: {line}", path.display());
        }
    }
}

#[test]
fn the_chapter_on_the_sandbox_has_every_fault_and_every_magic_word() {
    let page = read(&book().join("sandbox.md"));
    let (before, after) = page.split_once("\n## What each fault does\n").unwrap();
    let faults: BTreeSet<_> = first_cells(after).collect();
    assert_eq!(faults, Fault::NAMES.iter().copied().collect());

    let words: Vec<_> = first_cells(before).filter(|cell| cell.starts_with("fault")).collect();
    let known: Vec<_> = magic::words().collect();
    assert_eq!(words.iter().copied().collect::<BTreeSet<_>>(), known.iter().map(String::as_str).collect());
    for word in words.into_iter().filter(|word| *word != "faultRevoked") {
        let [order] = &*magic::orders_in(word, &Dialect::default()) else { panic!("{word}") };
        let line = format!("| `{word}` | `{}` |", order.fault.name());
        assert!(before.contains(&line), "the page has no line {line}");
    }
}

#[test]
fn the_chapter_on_the_sandbox_has_every_setting() {
    let page = read(&book().join("sandbox.md"));
    let builder = read(&book().join("../../botpit-sdk/src/sandbox/builder.rs"));
    let settings: Vec<_> =
        builder.split("    pub fn ").skip(1).map(|rest| rest.split('(').next().unwrap()).collect();
    assert!(settings.len() > 20, "{settings:?}");
    for setting in settings {
        assert!(page.contains(&format!("`{setting}(")), "{setting} is not in the table");
    }
}

#[test]
fn links_between_chapters_lead_somewhere() {
    for chapter in chapters() {
        let path = book().join(&chapter);
        for link in links(&read(&path)) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.is_file(), "{chapter} links to {link}, and there is no such file");
            assert!(
                anchor.is_empty() || has_anchor(&read(&target), anchor),
                "{chapter} links to {link}, and there is no such place"
            );
        }
    }
}

fn index_of_errors() -> String {
    let mut page = String::new();
    for (title, codes) in CATALOGUES {
        page += &format!("\n## {title}\n\n| code | kind | when | what to do |\n|---|---|---|---|\n");
        for code in *codes {
            let cell = |text: &str| text.replace('|', "\\|");
            page += &format!(
                "| <a id=\"{id}\"></a>`{id}` | {:?} | {} | {} |\n",
                code.kind(),
                cell(code.when()),
                cell(code.advice()),
                id = code.id()
            );
        }
    }
    page
}

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page but the summary, by its path in the book.
fn chapters() -> Vec<String> {
    fn walk(dir: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let inside = path.strip_prefix(book()).unwrap().to_str().unwrap();
                found.push(inside.replace('\\', "/"));
            }
        }
    }
    let mut found = Vec::new();
    walk(&book(), &mut found);
    found.retain(|chapter| chapter != "SUMMARY.md");
    assert!(found.len() >= 6, "{found:?}");
    found
}

/// What stands as code in the first cells of a page's tables.
fn first_cells(page: &str) -> impl Iterator<Item = &str> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|rest| rest.split_once("` |"))
        .map(|(cell, _)| cell)
}

/// Where a page's links lead, those to other sites left out.
fn links(page: &str) -> Vec<String> {
    page.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link.to_owned())
        .filter(|link| !link.contains("://"))
        .collect()
}

/// Whether a page has an element with this id, or a heading whose words make it.
fn has_anchor(page: &str, anchor: &str) -> bool {
    page.contains(&format!("id=\"{anchor}\""))
        || page.lines().filter(|line| line.starts_with('#')).any(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            words.replace(' ', "-").replace(|c: char| !c.is_alphanumeric() && c != '-' && c != '_', "")
                == anchor
        })
}
