//! What the rules need to know of `cargo metadata`'s answer.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The workspace and everything it is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The workspace's root directory.
    pub root: String,
    /// Every package in the lock file, of every target.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The name in its manifest.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it belongs to this workspace.
    pub member: bool,
    /// Whether it may be published: ours for others to use.
    pub published: bool,
    /// The directory of its manifest.
    pub dir: String,
    /// Its licence expression, where it states one.
    pub licence: Option<String>,
    /// The oldest Rust that it says it builds with.
    pub rust_version: Option<String>,
    /// The names of its features.
    pub features: Vec<String>,
    /// What its manifest asks for, of every kind and target.
    pub dependencies: Vec<Dependency>,
}

/// One entry of a manifest's dependency tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package's real name, whatever it was renamed to.
    pub name: String,
    /// `normal`, `dev` or `build`.
    pub kind: String,
}

impl Metadata {
    /// Reads the answer of `cargo metadata --format-version 1`.
    ///
    /// # Errors
    /// When the text is not JSON of that form; the message names the field that is missing.
    pub fn parse(json: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(json).context("cargo metadata did not answer in JSON")?;
        let members: Vec<&str> =
            list(&value, "workspace_members")?.iter().filter_map(Value::as_str).collect();
        let packages = list(&value, "packages")?
            .iter()
            .map(|package| Package::read(package, &members))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { root: text(&value, "workspace_root")?, packages })
    }

    /// The packages of this workspace.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.member)
    }

    /// The library crates that are published, each after those that it depends on.
    pub fn library_crates(&self) -> Vec<&Package> {
        let mut waiting: Vec<&Package> = self.members().filter(|package| package.published).collect();
        waiting.sort_by(|a, b| a.name.cmp(&b.name));
        let mut ordered: Vec<&Package> = Vec::new();
        while !waiting.is_empty() {
            let needs_another = |package: &Package| {
                package.dependencies.iter().any(|dependency| {
                    dependency.kind != "dev"
                        && waiting
                            .iter()
                            .any(|other| other.name == dependency.name && other.name != package.name)
                })
            };
            let (ready, rest): (Vec<_>, Vec<_>) = waiting.iter().partition(|package| !needs_another(package));
            // Cargo refuses circles, so something is always ready; should it not be, take them as they come.
            if ready.is_empty() {
                ordered.extend(rest);
                break;
            }
            ordered.extend(ready);
            waiting = rest;
        }
        ordered
    }
}

impl Package {
    fn read(value: &Value, members: &[&str]) -> Result<Self> {
        let name = text(value, "name")?;
        let read = || -> Result<Self> {
            let id = text(value, "id")?;
            let manifest = text(value, "manifest_path")?;
            let dir = std::path::Path::new(&manifest).parent().context("the manifest has no directory")?;
            // `publish` is null when every registry is allowed, and a list of the allowed ones otherwise.
            let published =
                value.get("publish").is_none_or(|list| list.as_array().is_none_or(|l| !l.is_empty()));
            Ok(Self {
                version: text(value, "version")?,
                member: members.contains(&id.as_str()),
                published,
                dir: dir.display().to_string(),
                licence: optional(value, "license"),
                rust_version: optional(value, "rust_version"),
                features: value
                    .get("features")
                    .and_then(Value::as_object)
                    .map(|features| features.keys().cloned().collect())
                    .unwrap_or_default(),
                dependencies: list(value, "dependencies")?
                    .iter()
                    .map(|dependency| {
                        Ok(Dependency {
                            name: text(dependency, "name")?,
                            kind: optional(dependency, "kind").unwrap_or_else(|| "normal".to_owned()),
                        })
                    })
                    .collect::<Result<_>>()?,
                name: name.clone(),
            })
        };
        read().with_context(|| format!("package {name}"))
    }
}

fn list<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>> {
    value
        .get(field)
        .and_then(Value::as_array)
        .with_context(|| format!("cargo metadata has no list `{field}`"))
}

fn text(value: &Value, field: &str) -> Result<String> {
    optional(value, field).with_context(|| format!("cargo metadata has no text `{field}`"))
}

fn optional(value: &Value, field: &str) -> Option<String> {
    value.get(field).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
pub(crate) mod made_up {
    //! Small workspaces for the rules' own tests.

    use super::*;

    /// A package that breaks no rule.
    pub(crate) fn package(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            member: false,
            published: true,
            dir: format!("/ws/{name}"),
            licence: Some("MIT".to_owned()),
            rust_version: Some("1.60".to_owned()),
            features: Vec::new(),
            dependencies: Vec::new(),
        }
    }

    /// A member that depends on others, each given as `kind name`.
    pub(crate) fn member(name: &str, dependencies: &[&str]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|entry| {
                let (kind, name) = entry.split_once(' ').unwrap();
                Dependency { name: name.to_owned(), kind: kind.to_owned() }
            })
            .collect();
        Package { member: true, rust_version: Some("1.88".to_owned()), dependencies, ..package(name) }
    }

    /// A workspace of these packages.
    pub(crate) fn workspace(packages: Vec<Package>) -> Metadata {
        Metadata { root: "/ws".to_owned(), packages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{
        "workspace_root": "/ws",
        "workspace_members": ["path+file:///ws/a#0.1.0", "path+file:///ws/b#0.1.0"],
        "packages": [
            {"name": "a", "version": "0.1.0", "id": "path+file:///ws/a#0.1.0", "license": "MIT", "rust_version": "1.88",
             "publish": null, "manifest_path": "/ws/a/Cargo.toml", "features": {"default": [], "sandbox": []},
             "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}]},
            {"name": "b", "version": "0.1.0", "id": "path+file:///ws/b#0.1.0", "license": null, "rust_version": null,
             "publish": null, "manifest_path": "/ws/b/Cargo.toml", "features": {}, "dependencies": []},
            {"name": "c", "version": "1.0.0", "id": "registry+https://example.org#c@1.0.0", "license": "ISC",
             "rust_version": "1.60", "publish": [], "manifest_path": "/c/Cargo.toml", "features": {}, "dependencies": []}
        ]
    }"#;

    #[test]
    fn reads_what_the_rules_need() {
        let metadata = Metadata::parse(ANSWER).unwrap();
        let a = &metadata.packages[0];
        assert_eq!((a.name.as_str(), a.dir.as_str(), a.member, a.published), ("a", "/ws/a", true, true));
        assert_eq!(a.features, ["default", "sandbox"]);
        assert_eq!(a.dependencies[0], Dependency { name: "b".to_owned(), kind: "normal".to_owned() });
        assert_eq!(a.dependencies[1].kind, "dev");
        assert_eq!(metadata.packages[1].licence, None);
        assert!(!metadata.packages[2].member && !metadata.packages[2].published);
    }

    #[test]
    fn library_crates_come_after_what_they_depend_on() {
        let metadata = Metadata::parse(ANSWER).unwrap();
        let names: Vec<_> = metadata.library_crates().iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = Metadata::parse(r#"{"workspace_members": [], "packages": [{"name": "a"}]}"#).unwrap_err();
        assert_eq!(format!("{error:#}"), "package a: cargo metadata has no text `id`");
    }
}
