//! The rules of the house that a compiler does not check.
//!
//! Each rule is a function from plain data (the workspace's [`Metadata`], a source file's text) to a list of
//! [`Finding`]s, so that a test can feed it a made-up workspace and see it fail. The `house-rules` program gathers the
//! real data, runs every rule and prints what it found:
//!
//! | rule | where |
//! |---|---|
//! | arrows go down only: no platform crate on another, `sdk-core` on none of them | [`arrows`] |
//! | the client side never imports its sandbox | [`imports`] |
//! | no dependency needs a newer Rust than the workspace | [`msrv`] |
//! | every dependency's licence is on the list | [`licence`] |
//! | a default build stays small | [`size`] |
//! | every dependency has a reason | [`dependencies`] |
//! | the lock file is committed | the program itself |
//!
//! What is allowed stands in one place: [`allowed`].

use std::fmt;

pub mod allowed;
pub mod arrows;
pub mod dependencies;
pub mod imports;
pub mod licence;
pub mod metadata;
pub mod msrv;
pub mod size;

pub use metadata::Metadata;

/// One broken rule: what, where and why, shown in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    what: String,
    place: String,
    why: String,
}

impl Finding {
    /// A finding: what is wrong, where it is (a file and line, a package), and why it matters.
    pub fn new(what: impl Into<String>, place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), place: place.into(), why: why.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.what, self.why)
    }
}
