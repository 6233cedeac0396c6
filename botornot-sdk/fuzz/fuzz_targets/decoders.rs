//! `cargo +nightly fuzz run decoders`, in this crate's directory. The body is plain Rust: an ordinary test of the crate runs it too.
#![no_main]

#[path = "../body.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::decoders(data));
