//! What the house allows: the one place to change when a rule's list changes.

/// The licences that a dependency may be used under, as SPDX identifiers. `deny.toml` says the same to `cargo deny`;
/// a test compares the two.
pub const LICENCES: &[&str] = &[
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Dependencies that state no `rust-version`. Each was looked at: it builds with the workspace's own. A crate that is
/// not here and states none is a finding, and so is one that stands here without need. Five (`asn1-rs-derive`,
/// `asn1-rs-impl`, `minimal-lexical`, `rusticata-macros`, `synstructure`) are in the lock file alone: an option of `rcgen`,
/// with which tests make certificates, would bring them, and is off.
pub const NO_RUST_VERSION: &[&str] = &[
    "adler2",
    "alloc-no-stdlib",
    "alloc-stdlib",
    "android_system_properties",
    "asn1-rs-derive",
    "asn1-rs-impl",
    "brotli-decompressor",
    "bs58",
    "combine",
    "compression-core",
    "convert_case",
    "core-foundation-sys",
    "core_detect",
    "cozy-chess",
    "cozy-chess-types",
    "curve25519-dalek-derive",
    "encode_unicode",
    "fnv",
    "genai",
    "getrandom",
    "hex",
    "httparse",
    "iana-time-zone-haiku",
    "ident_case",
    "ipnet",
    "jni-macros",
    "jni-sys-macros",
    "lazy_static",
    "macro_rules_attribute",
    "macro_rules_attribute-proc_macro",
    "matchers",
    "matchit",
    "mime",
    "mime_guess",
    "minimal-lexical",
    "miniz_oxide",
    "rusticata-macros",
    "rustls-platform-verifier-android",
    "same-file",
    "scopeguard",
    "serde_urlencoded",
    "simd-adler32",
    "simdutf8",
    "smallvec",
    "stable_deref_trait",
    "subtle",
    "sync_wrapper",
    "synstructure",
    "tinyvec",
    "tower-layer",
    "tower-service",
    "try-lock",
    "unarray",
    "unicase",
    "untrusted",
    "utf8parse",
    "walkdir",
    "want",
    "wasi",
    "wasm-streams",
    "winapi-util",
];

/// The layers of the house. A package may depend on packages of lower layers only; its own layer counts as not lower,
/// which keeps the platform crates apart.
pub const LAYERS: &[(&str, u8)] = &[
    ("sdk-core", 0),
    ("botpit-sdk", 1),
    ("botornot-sdk", 1),
    ("botroulette-sdk", 1),
    ("kriegspiel-sdk", 1),
    ("starter-bots", 2),
    ("llm-bots", 3),
    ("family-tests", 4),
];

/// At most this many crates in a default build of a library crate, itself included.
pub const MAX_CRATES: usize = 125;

/// At most this many crates in a library crate's build with its sandbox, itself included.
pub const MAX_CRATES_WITH_SANDBOX: usize = 150;
