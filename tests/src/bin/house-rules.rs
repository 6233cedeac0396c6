//! Checks the rules of the house that a compiler does not check; CI runs it before anything slow.
//!
//! - `cargo run -p family-tests --bin house-rules` checks every rule: a line for each, a line for each finding, and an
//!   exit code that is not zero when there is one.
//! - `… -- crates` prints the published library crates, each after those that it depends on.
//! - `… -- fuzz-targets` prints the fuzz targets, each with the directories of its examples.
#![allow(clippy::print_stdout, reason = "this is a program, and its findings are what it is for")]

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use family_tests::house::{Finding, Metadata, arrows, dependencies, imports, licence, msrv, size};

fn main() -> Result<ExitCode> {
    let metadata = Metadata::parse(&cargo(&["metadata", "--format-version", "1", "--locked"])?)?;
    match std::env::args().nth(1).as_deref() {
        None => check(&metadata),
        Some("crates") => {
            for package in metadata.library_crates() {
                println!("{}", package.name);
            }
            Ok(ExitCode::SUCCESS)
        }
        Some("fuzz-targets") => {
            for (name, _, directories) in family_tests::fuzz::TARGETS {
                println!("{name} {}", directories.join(" "));
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => {
            bail!("unknown argument `{other}`: leave it out to check, or say `crates` or `fuzz-targets`")
        }
    }
}

fn check(metadata: &Metadata) -> Result<ExitCode> {
    let mut broken = 0;
    let mut rule = |name: &str, looked_at: String, findings: Vec<Finding>| {
        println!("{} {name}: {looked_at}", if findings.is_empty() { "ok  " } else { "FAIL" });
        for finding in &findings {
            println!("       {finding}");
        }
        broken += findings.len();
    };

    let packages = metadata.packages.len();
    rule("arrows go down only", format!("{} packages", metadata.members().count()), arrows::check(metadata));
    let (findings, files) = imports::check(metadata)?;
    rule("the client side never imports the sandbox", format!("{files} files"), findings);
    rule("no dependency needs a newer Rust", format!("{packages} packages"), msrv::check(metadata));
    rule("every licence is on the list", format!("{packages} packages"), licence::check(metadata));
    for package in metadata.library_crates() {
        let tree = dependencies::Tree::parse(&cargo(&dependencies::arguments(&package.name))?);
        let name = format!("every dependency of {} has a reason", package.name);
        rule(&name, format!("{} named", tree.direct().count()), dependencies::check(&package.name, &tree));
        for sandbox in [false, true] {
            if sandbox && !package.features.iter().any(|feature| feature == "sandbox") {
                continue;
            }
            let crates = crates_in_build(&package.name, sandbox)?;
            let name =
                format!("{}{} stays small", package.name, if sandbox { " with its sandbox" } else { "" });
            rule(
                &name,
                format!("{crates} crates"),
                size::check(&package.name, sandbox, crates).into_iter().collect(),
            );
        }
    }
    rule("the lock file is committed", "Cargo.lock".to_owned(), lock_file(Path::new(&metadata.root)));

    if broken == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    println!("{broken} finding(s): the rules and their reasons are in CONTRIBUTING.md");
    Ok(ExitCode::FAILURE)
}

fn crates_in_build(package: &str, sandbox: bool) -> Result<usize> {
    let mut arguments = vec!["tree", "--locked", "-e", "normal,build", "--prefix", "none", "-p", package];
    if sandbox {
        arguments.extend(["--features", "sandbox"]);
    }
    Ok(size::count(&cargo(&arguments)?))
}

/// Without git (an unpacked archive) it is enough that the file is there.
fn lock_file(root: &Path) -> Vec<Finding> {
    let git = |arguments: &[&str]| {
        Command::new("git")
            .arg("-C")
            .arg(root)
            .args(arguments)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let there = root.join("Cargo.lock").is_file();
    let committed =
        !git(&["rev-parse", "--is-inside-work-tree"]) || git(&["ls-files", "--error-unmatch", "Cargo.lock"]);
    if there && committed {
        return Vec::new();
    }
    vec![Finding::new("not committed", "Cargo.lock", "everybody must build the very same dependencies")]
}

fn cargo(arguments: &[&str]) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).output().context("cannot run cargo")?;
    if !output.status.success() {
        let shown = arguments.join(" ");
        bail!("`cargo {shown}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("cargo did not answer in UTF-8")
}
