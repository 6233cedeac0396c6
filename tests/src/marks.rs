//! Secrets that are easy to find, and the search for them: in the clear, and in every form in which a log, a URL, a header, a
//! dump or a file could hold them.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The mark. It stands in every quarter of a marked key, so that half a key is found as well.
pub const MARK: &str = "m4rk3d";

/// A marked key with a platform's prefix. The sandboxes take it without a registration: the word at its end asks for a
/// harmless fault.
pub fn marked_key(prefix: &str) -> String {
    format!("{prefix}{MARK}-{MARK}-{MARK}-{MARK}-faultUnknown")
}

/// A marked key that every sandbox refuses.
pub fn refused_key(prefix: &str) -> String {
    format!("{prefix}{MARK}-{MARK}-{MARK}-{MARK}-faultRevoked")
}

/// Where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// In which form.
    pub form: &'static str,
    /// What stands there, with what is around it.
    pub around: String,
}

struct Form {
    name: &'static str,
    text: String,
}

/// The search for some secrets.
pub struct Marks {
    /// Found in any case.
    in_any_case: Vec<Form>,
    /// Base64 has letters of both cases.
    as_written: Vec<Form>,
}

impl std::fmt::Debug for Marks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Marks({} forms)", self.in_any_case.len() + self.as_written.len())
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self::new()
    }
}

impl Marks {
    /// Looks for the [mark](MARK).
    pub fn new() -> Self {
        let none = Self { in_any_case: Vec::new(), as_written: Vec::new() };
        none.and_text(MARK)
    }

    /// Looks for this secret as well, and for either half of it: what follows its public prefix (`bp_live_`).
    #[must_use]
    pub fn and(self, secret: &str) -> Self {
        let own = secret.rsplit_once('_').map_or(secret, |(_, own)| own);
        match own.split_at_checked(own.len() / 2) {
            Some((first, second)) => self.and_text(first).and_text(second),
            None => self.and_text(own),
        }
    }

    fn and_text(mut self, text: &str) -> Self {
        let mut add = |name, text: String| self.in_any_case.push(Form { name, text: text.to_lowercase() });
        let each = |write: fn(u8) -> String, between: &str| {
            text.bytes().map(write).collect::<Vec<_>>().join(between)
        };
        add("in the clear", text.to_owned());
        add("turned around", text.chars().rev().collect());
        add("percent-encoded", each(|byte| format!("%{byte:02x}"), ""));
        add("as escapes", each(|byte| format!("\\x{byte:02x}"), ""));
        add("as JSON escapes", each(|byte| format!("\\u{byte:04x}"), ""));
        add("as hex", each(|byte| format!("{byte:02x}"), ""));
        add("as hex with blanks", each(|byte| format!("{byte:02x}"), " "));
        add("as hex in a list", each(|byte| format!("{byte:02x}"), ", "));
        add("as numbers", each(|byte| byte.to_string(), ","));
        add("as numbers in a list", each(|byte| byte.to_string(), ", "));
        add("as numbers in lines", each(|byte| byte.to_string(), ",\n    "));
        add("letter by letter", each(|byte| char::from(byte).to_string(), " "));
        for engine in [STANDARD, URL_SAFE] {
            // Base64 takes three bytes at a time: what it makes of a text depends on where the text begins.
            for before in 0..3 {
                let encoded = engine.encode([vec![0; before], text.into()].concat());
                // The characters that depend on this text alone.
                let (begins, ends) = ((before * 8).div_ceil(6), (before + text.len()) * 8 / 6);
                let text = encoded.get(begins..ends).unwrap_or_default().to_owned();
                self.as_written.push(Form { name: "as base64", text });
            }
        }
        self
    }

    /// The first place where a secret stands.
    pub fn find(&self, bytes: &[u8]) -> Option<Found> {
        let text = String::from_utf8_lossy(bytes);
        let small = text.to_ascii_lowercase();
        let in_any_case = self.in_any_case.iter().map(|form| (form, &*small));
        let as_written = self.as_written.iter().map(|form| (form, &*text));
        in_any_case.chain(as_written).find_map(|(form, text)| {
            let at = text.find(&form.text)?;
            let (begins, ends) = (at.saturating_sub(80), at + form.text.len() + 80);
            let around = text.as_bytes().get(begins..ends.min(text.len())).unwrap_or_default();
            Some(Found { form: form.name, around: String::from_utf8_lossy(around).into_owned() })
        })
    }

    /// Fails where a secret stands in this text.
    ///
    /// # Panics
    /// Then.
    #[track_caller]
    #[allow(clippy::panic, reason = "a leak fails the test")]
    pub fn none_in(&self, what: &str, text: impl AsRef<[u8]>) {
        if let Some(Found { form, around }) = self.find(text.as_ref()) {
            panic!("{what}: a secret stands there {form}: …{around}…");
        }
    }

    /// Fails where a secret stands in a file below this directory, or in its name; some names are left out. Gives how many
    /// files were searched.
    ///
    /// # Errors
    /// A file that cannot be read.
    ///
    /// # Panics
    /// Where a secret stands.
    #[track_caller]
    pub fn none_below(&self, directory: &Path, left_out: &[&str]) -> std::io::Result<usize> {
        let mut searched = 0;
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            self.none_in("the name of a file", &name);
            if entry.file_type()?.is_dir() {
                searched += self.none_below(&entry.path(), left_out)?;
            } else if !left_out.contains(&&*name) {
                self.none_in(&name, std::fs::read(entry.path())?);
                searched += 1;
            }
        }
        Ok(searched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: impl AsRef<[u8]>) -> Option<&'static str> {
        Marks::new().find(text.as_ref()).map(|found| found.form)
    }

    /// The forms are written out here, as other programs make them: the search is not asked about its own work.
    #[test]
    fn a_leak_is_found_in_whatever_form_it_comes() {
        for (planted, form) in [
            ("GET /ws?token=bp_live_m4rk3d-m4 HTTP/1.1", "in the clear"),
            ("BP_LIVE_M4RK3D", "in the clear"),
            ("unknown3d-d3kr4m-d3", "turned around"),
            ("?token=%6D%34%72%6B%33%64", "percent-encoded"),
            (r"b\x6d\x34\x72\x6b\x33\x64", "as escapes"),
            (r"\u006d\u0034\u0072\u006B\u0033\u0064", "as JSON escapes"),
            ("6d34726b3364", "as hex"),
            ("0000: 6d 34 72 6b 33 64", "as hex with blanks"),
            ("[6d, 34, 72, 6b, 33, 64]", "as hex in a list"),
            ("[109,52,114,107,51,100]", "as numbers"),
            ("Some([45, 109, 52, 114, 107, 51, 100])", "as numbers in a list"),
            ("[\n    109,\n    52,\n    114,\n    107,\n    51,\n    100,\n]", "as numbers in lines"),
            ("m 4 r k 3 d", "letter by letter"),
            // `printf 'm4rk3d!' | base64`, with one and with two bytes before it, and within user info.
            ("bTRyazNkIQ==", "as base64"),
            ("eG00cmszZA==", "as base64"),
            ("eHhtNHJrM2Q=", "as base64"),
            ("proxy-authorization: Basic Ym90Om00cmszZA==", "as base64"),
        ] {
            assert_eq!(found(planted), Some(form), "{planted}");
            assert_eq!(found([b"\xff\xfe ordinary words ", planted.as_bytes()].concat()), Some(form));
        }
        for ordinary in
            ["", "marked", "m4rk-3d", "[redacted]", "bTRyazNl", "6d34726b33", "109, 52, 114, 107, 51"]
        {
            assert_eq!(found(ordinary), None, "{ordinary}");
        }
    }

    #[test]
    fn half_of_a_key_that_was_handed_out_is_found() {
        let marks = Marks::new().and("bp_live_0123456789abcdef");
        for leak in ["key 01234567…", "…89abcdef", "3031323334353637", "fedcba98", "bp_live_0123456789ABCDEF"]
        {
            assert!(marks.find(leak.as_bytes()).is_some(), "{leak}");
        }
        assert_eq!(marks.find(b"bp_live_ and 0123456 of 9abcdef"), None);
    }

    #[test]
    #[should_panic(
        expected = "planted: a secret stands there in the clear: …the key is sk-m4rk3d, they say…"
    )]
    fn what_was_planted_fails_with_its_place() {
        Marks::new().none_in("planted", "the key is sk-m4rk3d, they say");
    }

    #[test]
    fn files_are_searched_with_their_names_and_those_left_out_are_not() {
        let directory = std::env::temp_dir().join(format!("family-marks-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("deeper")).unwrap();
        let marks = Marks::new();
        std::fs::write(directory.join(".env"), format!("KEY={}", marked_key("bp_live_"))).unwrap();
        std::fs::write(directory.join("deeper/record.jsonl"), "{}").unwrap();
        assert_eq!(marks.none_below(&directory, &[".env"]).unwrap(), 1);
        let searched =
            |left_out: &[&str]| std::panic::catch_unwind(|| marks.none_below(&directory, left_out).unwrap());
        assert!(searched(&[]).is_err(), "the key in .env");
        std::fs::write(directory.join("deeper/record.jsonl"), marked_key("")).unwrap();
        assert!(searched(&[".env"]).is_err(), "the key in a record");
        std::fs::write(directory.join("deeper/record.jsonl"), "{}").unwrap();
        std::fs::write(directory.join(MARK), "").unwrap();
        assert!(searched(&[".env"]).is_err(), "the mark in a name");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
