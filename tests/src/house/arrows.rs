//! Arrows go down only: a platform crate knows `sdk-core`, and `sdk-core` knows no platform.

use super::{Finding, Metadata, allowed};

/// Every dependency of a workspace package on one that is not in a lower layer (normal, dev and build dependencies
/// alike), and every package that has no layer yet.
pub fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members() {
        let place = format!("{}/Cargo.toml", package.name);
        let Some(layer) = layer(&package.name) else {
            findings.push(Finding::new(
                format!("package `{}` has no layer", package.name),
                place,
                "give it one in the house rules' list, so that its arrows can be checked",
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let another_member = metadata.members().any(|member| member.name == dependency.name);
            let below = self::layer(&dependency.name).is_some_and(|other| other < layer);
            if another_member && dependency.name != package.name && !below {
                findings.push(Finding::new(
                    format!("{} dependency on `{}`", dependency.kind, dependency.name),
                    &place,
                    "arrows go down only: platforms know sdk-core and never each other",
                ));
            }
        }
    }
    findings
}

fn layer(name: &str) -> Option<u8> {
    allowed::LAYERS.iter().find(|(package, _)| *package == name).map(|(_, layer)| *layer)
}

#[cfg(test)]
mod tests {
    use super::super::metadata::made_up::{member, package, workspace};
    use super::*;

    #[test]
    fn the_house_as_designed_passes() {
        let metadata = workspace(vec![
            package("serde"),
            member("sdk-core", &["normal serde"]),
            member("botpit-sdk", &["normal sdk-core", "dev serde"]),
            member("kriegspiel-sdk", &["normal sdk-core"]),
            member("starter-bots", &["normal botpit-sdk", "normal kriegspiel-sdk"]),
            member("family-tests", &["dev botpit-sdk", "dev sdk-core", "dev starter-bots"]),
        ]);
        assert_eq!(check(&metadata), []);
    }

    #[test]
    fn every_kind_of_arrow_that_is_not_down_is_found() {
        let metadata = workspace(vec![
            member("sdk-core", &["dev botpit-sdk"]),
            member("botpit-sdk", &["normal sdk-core", "build kriegspiel-sdk"]),
            member("kriegspiel-sdk", &["normal botpit-sdk", "dev family-tests"]),
            member("family-tests", &[]),
        ]);
        let found: Vec<_> = check(&metadata).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].starts_with("sdk-core/Cargo.toml: dev dependency on `botpit-sdk`"));
        assert!(found[1].starts_with("botpit-sdk/Cargo.toml: build dependency on `kriegspiel-sdk`"));
        assert!(found[2].starts_with("kriegspiel-sdk/Cargo.toml: normal dependency on `botpit-sdk`"));
        assert!(found[3].starts_with("kriegspiel-sdk/Cargo.toml: dev dependency on `family-tests`"));
    }

    #[test]
    fn a_package_without_a_layer_is_found() {
        let found = check(&workspace(vec![member("shed", &[])]));
        assert!(found[0].to_string().contains("`shed` has no layer"));
    }
}
