//! A bot author pays for every crate at every build: a default build stays small.

use std::collections::BTreeSet;

use super::{Finding, allowed};

/// The number of packages in the output of `cargo tree --prefix none`, the crate itself included.
pub fn count(tree: &str) -> usize {
    tree.lines()
        .map(|line| line.trim_end().trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect::<BTreeSet<_>>()
        .len()
}

/// A finding when the build of `package` (with its sandbox or without) has more crates than the house allows.
pub fn check(package: &str, sandbox: bool, crates: usize) -> Option<Finding> {
    let (limit, build) = if sandbox {
        (allowed::MAX_CRATES_WITH_SANDBOX, "build with the sandbox")
    } else {
        (allowed::MAX_CRATES, "default build")
    };
    (crates > limit).then(|| {
        Finding::new(
            format!("{crates} crates in the {build}"),
            package,
            format!("at most {limit}: look at what was added with `cargo tree -e normal,build -p {package}`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_counts_once_however_often_it_is_shown() {
        let tree = "sdk-core v0.1.0 (/ws/sdk-core)\nurl v2.5.8\nidna v1.1.0\nidna v1.1.0 (*)\n\nserde_derive v1.0.229 (proc-macro)\n\
                    serde_derive v1.0.229 (proc-macro) (*)\ngetrandom v0.2.17\ngetrandom v0.4.3\n";
        assert_eq!(count(tree), 6);
        assert_eq!(count(""), 0);
    }

    #[test]
    fn a_build_that_grew_is_found() {
        assert_eq!(check("sdk-core", false, allowed::MAX_CRATES), None);
        assert_eq!(check("sdk-core", true, allowed::MAX_CRATES_WITH_SANDBOX), None);
        let found = check("sdk-core", false, allowed::MAX_CRATES + 1).unwrap().to_string();
        assert!(found.starts_with("sdk-core: 126 crates in the default build (at most 125"), "{found}");
        let found = check("sdk-core", true, allowed::MAX_CRATES_WITH_SANDBOX + 1).unwrap().to_string();
        assert!(
            found.starts_with("sdk-core: 151 crates in the build with the sandbox (at most 150"),
            "{found}"
        );
    }
}
