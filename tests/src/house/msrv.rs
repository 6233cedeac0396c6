//! No dependency needs a newer Rust than the workspace promises.

use super::metadata::Package;
use super::{Finding, Metadata, allowed};

/// Every dependency that needs a newer Rust than the oldest that a workspace package states, every one that states none
/// and is not listed, and every entry of the list that is not needed.
pub fn check(metadata: &Metadata) -> Vec<Finding> {
    check_against(metadata, allowed::NO_RUST_VERSION)
}

fn check_against(metadata: &Metadata, listed: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members() {
        if package.rust_version.as_deref().and_then(parse).is_none() {
            findings.push(Finding::new(
                "no rust-version",
                format!("{}/Cargo.toml", package.name),
                "every package of the workspace states the oldest Rust that it builds with",
            ));
        }
    }
    let Some(ours) = metadata.members().filter_map(|package| parse(package.rust_version.as_deref()?)).min()
    else {
        return findings;
    };
    let foreign = || metadata.packages.iter().filter(|package| !package.member);
    for package in foreign() {
        let place = format!("{} {}", package.name, package.version);
        match package.rust_version.as_deref() {
            Some(stated) => match parse(stated) {
                Some(needed) if needed <= ours => {}
                Some(_) => findings.push(Finding::new(
                    format!("needs Rust {stated}"),
                    place,
                    format!("the workspace promises {}.{}", ours.0, ours.1),
                )),
                None => findings.push(Finding::new(
                    format!("states the rust-version `{stated}`"),
                    place,
                    "that is not a version",
                )),
            },
            None if listed.contains(&package.name.as_str()) => {}
            None => findings.push(Finding::new(
                "states no rust-version",
                place,
                "try it with the workspace's Rust, then add it to the house rules' list",
            )),
        }
    }
    let needed = |name: &str| foreign().any(|p: &Package| p.name == name && p.rust_version.is_none());
    for name in listed.iter().filter(|name| !needed(name)) {
        findings.push(Finding::new(
            format!("`{name}` is listed as stating no rust-version"),
            "house rules' list",
            "it is not in the graph any more, or states one now: take it off",
        ));
    }
    findings
}

/// `1.88` or `1.88.0`, with an optional pre-release that is not looked at.
fn parse(version: &str) -> Option<(u32, u32, u32)> {
    let plain = version.split_once('-').map_or(version, |(plain, _)| plain);
    let mut numbers = plain.split('.').map(|number| number.parse::<u32>().ok());
    let major = numbers.next()??;
    let minor = numbers.next().unwrap_or(Some(0))?;
    let patch = numbers.next().unwrap_or(Some(0))?;
    numbers.next().is_none().then_some((major, minor, patch))
}

#[cfg(test)]
mod tests {
    use super::super::metadata::made_up::{member, package, workspace};
    use super::*;

    fn needing(name: &str, version: Option<&str>) -> Package {
        Package { rust_version: version.map(str::to_owned), ..package(name) }
    }

    #[test]
    fn versions_are_numbers_not_text() {
        assert_eq!(parse("1.88"), Some((1, 88, 0)));
        assert_eq!(parse("1.9.2"), Some((1, 9, 2)));
        assert_eq!(parse("1"), Some((1, 0, 0)));
        assert_eq!(parse("1.90.0-nightly"), Some((1, 90, 0)));
        assert!(parse("1.100") > parse("1.88.9"));
        for wrong in ["", "one", "1.x", "1.2.3.4", "1.-2"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_builds_with_our_rust_passes() {
        let metadata = workspace(vec![
            member("sdk-core", &[]),
            needing("old", Some("1.31")),
            needing("same", Some("1.88.0")),
            needing("silent", None),
        ]);
        assert_eq!(check_against(&metadata, &["silent"]), []);
    }

    #[test]
    fn every_way_to_break_the_rule_is_found() {
        let metadata = workspace(vec![
            member("sdk-core", &[]),
            Package { rust_version: None, ..member("botpit-sdk", &[]) },
            needing("newer", Some("1.88.1")),
            needing("newest", Some("1.90")),
            needing("odd", Some("stable")),
            needing("silent", None),
            needing("speaks", Some("1.60")),
        ]);
        let found: Vec<_> =
            check_against(&metadata, &["speaks", "gone"]).iter().map(ToString::to_string).collect();
        for (line, start) in found.iter().zip([
            "botpit-sdk/Cargo.toml: no rust-version",
            "newer 1.0.0: needs Rust 1.88.1",
            "newest 1.0.0: needs Rust 1.90 (the workspace promises 1.88)",
            "odd 1.0.0: states the rust-version `stable`",
            "silent 1.0.0: states no rust-version",
            "house rules' list: `speaks` is listed",
            "house rules' list: `gone` is listed",
        ]) {
            assert!(line.starts_with(start), "{line}");
        }
        assert_eq!(found.len(), 7, "{found:#?}");
    }
}
