//! What a stranger reads first is short, true, and what CI runs.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use std::path::{Path, PathBuf};

use family_tests::house::allowed;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The contents of a page's fenced blocks of one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    page.split("\n```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .filter(|(fence, _)| fence.split(',').next() == Some(language))
        .map(|(_, code)| code)
        .collect()
}

#[test]
fn the_two_commands_stand_at_the_top() {
    let readme = read("README.md");
    let first = blocks(&readme, "sh")[0];
    let commands: Vec<_> = first.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert_eq!(
        commands,
        ["cargo run --bin botpit-rps", "cargo test --workspace --all-features --locked"],
        "CI takes its commands from here"
    );
    let above = readme.split(first).next().unwrap().lines().count();
    assert!(above <= 10, "{above} lines before the first command");
}

#[test]
fn it_is_read_in_three_minutes() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
    for program in blocks(&readme, "rust") {
        let lines = program.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# ")).count();
        assert!(lines <= 15, "{lines} lines of code in:\n{program}");
    }
    assert!(readme.contains("not made, endorsed or supported by the platforms"));
}

#[test]
fn it_names_the_crates_the_oldest_rust_and_the_licences_of_the_workspace() {
    let (readme, manifest) = (read("README.md"), read("Cargo.toml"));
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap();
    let libraries: Vec<_> =
        members.split('"').filter(|name| name.ends_with("-sdk") || *name == "sdk-core").collect();
    assert!(libraries.len() >= 2, "{members}");
    for library in libraries {
        assert!(readme.contains(&format!("[`{library}`]({library})")), "{library} is not in the table");
    }
    let oldest =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(
        readme.contains(&format!("Rust {oldest} or newer"))
            && readme.contains(&format!("(MSRV) is {oldest}"))
    );
    assert!(read("clippy.toml").contains(&format!("msrv = \"{oldest}\"")));
    assert!(read("CONTRIBUTING.md").contains(&format!("Rust {oldest} or newer")));
    assert!(manifest.contains("license = \"MIT OR Apache-2.0\""));
    assert!(read("LICENSE-MIT").contains("MIT License") && read("LICENSE-APACHE").contains("Version 2.0"));
}

#[test]
fn every_published_package_carries_both_licences_and_its_own_front_page() {
    for library in ["sdk-core", "botpit-sdk", "botornot-sdk", "botroulette-sdk", "kriegspiel-sdk"] {
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(read(&format!("{library}/{licence}")), read(licence), "{library}/{licence}");
        }
        let manifest = read(&format!("{library}/Cargo.toml"));
        for included in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            let include = manifest.lines().find(|line| line.starts_with("include = ")).unwrap();
            // Anchored: the same names further down are fixtures.
            assert!(
                include.contains(&format!("\"/{included}\"")),
                "{library} is packaged without {included}"
            );
        }
        assert!(manifest.contains("[package.metadata.docs.rs]\nall-features = true"), "{library}");
        let front = read(&format!("{library}/README.md"));
        assert!(front.starts_with(&format!("# {library}\n")) && front.lines().count() <= 150, "{library}");
        assert!(front.contains("not made, endorsed or supported"), "{library}");
    }
    // Both pages show the same one.
    let shown = |page: &str| {
        let page = read(page);
        let program = blocks(&page, "rust")[0].lines().filter(|line| !line.starts_with("# "));
        program.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(shown("README.md"), shown("botpit-sdk/README.md"));
}

#[test]
fn the_four_front_pages_are_built_alike() {
    for library in ["botpit-sdk", "botornot-sdk", "botroulette-sdk", "kriegspiel-sdk"] {
        let front = read(&format!("{library}/README.md"));
        let program = blocks(&front, "rust")[0];
        let lines: Vec<_> =
            program.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# ")).collect();
        assert!(lines.len() <= 15, "{library}: {} lines", lines.len());
        // Run by the doctest, and not only compiled.
        assert!(!front.contains("```rust,"), "{library} has a block that is not run");
        assert!(program.contains("Sandbox::") && program.contains("bot::run();"), "{library}");
        let dependencies = blocks(&front, "toml")[0];
        let line = format!("{library} = {{ version = \"0.1\", features = [\"sandbox\"] }}");
        assert!(dependencies.contains(&line), "{library}: {dependencies}");
        assert!(front.contains("| feature | default | what it adds |\n|---|---|---|\n"), "{library}");

        let same = [
            "A bot",
            "Going live",
            "Bots to copy",
            "What holds",
            "Errors",
            "Features",
            "Versions and licence",
        ];
        let sections = front.lines().filter_map(|line| line.strip_prefix("## "));
        let shared: Vec<_> = sections.filter(|section| same.contains(section)).collect();
        assert_eq!(shared, same, "{library}");
    }
}

#[test]
fn its_links_lead_somewhere() {
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "sdk-core/README.md",
        "botpit-sdk/README.md",
        "botornot-sdk/README.md",
        "botroulette-sdk/README.md",
        "kriegspiel-sdk/README.md",
    ] {
        let text = read(page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let file = link.split('#').next().unwrap();
            assert!(link.contains("://") || root().join(file).exists(), "{page} links to {link}");
        }
    }
}

#[test]
fn cargo_deny_allows_what_the_house_allows() {
    let deny = read("deny.toml");
    let list = deny.split("\nallow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
    let licences: Vec<_> = list.split('"').skip(1).step_by(2).collect();
    assert_eq!(licences, allowed::LICENCES);
}
