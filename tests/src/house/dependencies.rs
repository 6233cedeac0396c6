//! What a bot author compiles, and why: the tables of the book's page, from `cargo tree`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Finding, allowed};

/// Why a library crate of the family has each of its direct dependencies.
const WHY: [(&str, &str); 29] = [
    ("brotli-decompressor", "what a local server compresses with Brotli although nobody asked for it"),
    ("bs58", "seeds, wallets and signatures as BOTPIT writes them"),
    ("bytes", "frames and bodies that are shared, not copied"),
    ("fastrand", "jitter, and everything that a seed repeats"),
    ("futures-core", "the trait of event streams"),
    ("futures-util", "the two halves of a WebSocket"),
    ("http", "names and values of headers, statuses"),
    ("http-body-util", "bodies of what goes to a local server"),
    ("httpdate", "`Retry-After` and `Date`"),
    ("hyper", "the forwarder's connections to a local server, without what reqwest adds"),
    ("hyper-util", "the forwarder's pool"),
    ("miniz_oxide", "what a local server compresses although nobody asked for it"),
    ("percent-encoding", "path segments and queries"),
    ("reqwest", "REST, and the upgrade to a WebSocket: proxies, TLS and redirects in one place"),
    ("rustls", "TLS with one explicit provider, never the process's default"),
    ("rustls-platform-verifier", "the machine's own root certificates"),
    ("ruzstd", "what a local server compresses with Zstandard although nobody asked for it"),
    ("sdk-core", "the ground of the family"),
    ("secrecy", "keys that are wiped from memory"),
    ("serde", "types of the wire"),
    ("serde_json", "JSON"),
    ("serde_path_to_error", "errors that name the field"),
    ("sha2", "commitments of BOTPIT's seeds"),
    ("tokio", "the runtime"),
    ("tokio-tungstenite", "WebSocket frames"),
    ("tokio-util", "cancellation"),
    ("tower-service", "the trait of the forwarder's connector"),
    ("tracing", "logs"),
    ("url", "addresses"),
];

/// Who depends on whom in one build, without versions.
#[derive(Debug, Default, Clone)]
pub struct Tree {
    root: String,
    packages: BTreeSet<String>,
    children: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    /// Reads `cargo tree --prefix depth`. A subtree that is shown once only (`(*)`) is known from there. Two versions of a crate
    /// are two packages in the count, and one name in the tables.
    pub fn parse(text: &str) -> Self {
        let mut tree = Self::default();
        let mut above: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let Some((depth, rest)) = line.split_at_checked(digits) else { continue };
            let Ok(depth) = depth.parse::<usize>() else { continue };
            let name = rest.split(' ').next().unwrap_or_default().to_owned();
            tree.packages.insert(rest.trim_end_matches(" (*)").to_owned());
            above.truncate(depth);
            match above.last() {
                Some(parent) => {
                    tree.children.entry(parent.clone()).or_default().insert(name.clone());
                }
                None => tree.root.clone_from(&name),
            }
            above.push(name);
        }
        tree
    }

    /// How many packages the build has, the crate itself included.
    pub fn count(&self) -> usize {
        self.packages.len()
    }

    /// What the crate itself names.
    pub fn direct(&self) -> impl Iterator<Item = &str> {
        self.children.get(&self.root).into_iter().flatten().map(String::as_str)
    }

    /// A crate and all below it.
    fn below<'a>(&'a self, name: &'a str, found: &mut BTreeSet<&'a str>) {
        if found.insert(name) {
            for child in self.children.get(name).into_iter().flatten() {
                self.below(child, found);
            }
        }
    }

    /// Each direct dependency with the crates that it brings and no dependency before it has brought. `sdk-core` comes first:
    /// what a platform's crate has beyond it is what is of interest.
    fn brought(&self) -> Vec<(&str, Vec<&str>)> {
        let mut direct: Vec<&str> = self.direct().collect();
        direct.sort_by_key(|name| *name != "sdk-core");
        let names: BTreeSet<&str> = direct.iter().copied().collect();
        let mut known = BTreeSet::new();
        let mut rows = Vec::new();
        for name in direct {
            let mut below = BTreeSet::new();
            self.below(name, &mut below);
            let new = below
                .iter()
                .filter(|found| **found != name && !known.contains(*found) && !names.contains(*found));
            rows.push((name, new.copied().collect()));
            known.extend(below);
        }
        rows
    }
}

fn why(name: &str) -> Option<&'static str> {
    WHY.iter().find(|(known, _)| *known == name).map(|(_, why)| *why)
}

/// A finding for each direct dependency of a default build without a reason.
pub fn check(crate_name: &str, tree: &Tree) -> Vec<Finding> {
    let without = tree.direct().filter(|name| why(name).is_none());
    let finding = |name: &str| {
        Finding::new(
            format!("{name} has no reason"),
            crate_name,
            "say in tests/src/house/dependencies.rs why it is there",
        )
    };
    without.map(finding).collect()
}

/// The tables of the page, for these crates in this order.
pub fn tables(trees: &[(String, Tree)]) -> String {
    let mut page = String::new();
    for (name, tree) in trees {
        let (count, limit) = (tree.count(), allowed::MAX_CRATES);
        let _ = write!(
            page,
            "\n## {name}\n\n{count} crates, of at most {limit}.\n\n| dependency | why | brings |\n|---|---|---|\n"
        );
        for (direct, brings) in tree.brought() {
            let brings = match (direct, &*brings) {
                // Its own table is above.
                ("sdk-core", brings) => format!("{} more, [above](#sdk-core)", brings.len()),
                (_, []) => "nothing else".to_owned(),
                (_, brings) => brings.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            };
            let _ = writeln!(page, "| `{direct}` | {} | {brings} |", why(direct).unwrap_or("—"));
        }
    }
    page
}

/// The arguments of `cargo tree` for a crate's default build: the same on every machine.
pub fn arguments(package: &str) -> Vec<&str> {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    vec!["tree", "--locked", "-e", "normal,build", "--prefix", "depth", "--target", TARGET, "-p", package]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0bot v0.1.0 (/ws/bot)\n1bytes v1.0.0\n1sdk-core v0.1.0 (/ws/sdk-core)\n2bytes v1.0.0\n2url v2.0.0\n\
                        3idna v1.0.0\n3idna v0.5.0\n1sha2 v0.11.0\n2digest v0.11.0\n2url v2.0.0 (*)\n1url v2.0.0 (*)\n";

    #[test]
    fn each_crate_is_under_the_dependency_that_brought_it_first() {
        let tree = Tree::parse(TREE);
        assert_eq!(tree.count(), 8);
        let expected =
            [("sdk-core", vec!["idna"]), ("bytes", vec![]), ("sha2", vec!["digest"]), ("url", vec![])];
        assert_eq!(tree.brought(), expected);
        let page = tables(&[("bot".to_owned(), tree)]);
        assert!(page.contains("8 crates, of at most 125."), "{page}");
        assert!(
            page.contains("| `sdk-core` | the ground of the family | 1 more, [above](#sdk-core) |"),
            "{page}"
        );
        assert!(
            page.contains("| `bytes` | frames and bodies that are shared, not copied | nothing else |"),
            "{page}"
        );
        assert!(page.contains("| `digest` |"), "{page}");
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        assert!(check("bot", &Tree::parse(TREE)).is_empty());
        let found = check("bot", &Tree::parse("0bot v0.1.0\n1left-pad v1.0.0\n"));
        assert!(found[0].to_string().starts_with("bot: left-pad has no reason"), "{found:?}");
    }
}
