//! Path segments that cannot escape: an id from the network may hold anything.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::error::{Error, Result};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `base` with each segment percent-encoded and appended to its path.
pub(super) fn join(base: &Url, segments: &[&str]) -> Result<Url> {
    let mut path = base.path().trim_end_matches('/').to_owned();
    for segment in segments {
        // A parser takes these three away, which would call another endpoint than the one that was meant.
        if matches!(*segment, "" | "." | "..") {
            return Err(Error::invalid_argument(
                "path",
                format!("a part of the path must not be empty, `.` or `..`; got `{segment}`"),
            ));
        }
        path.push('/');
        path.extend(utf8_percent_encode(segment, RESERVED));
    }
    let mut url = base.clone();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_segment_escapes() {
        let base: Url = "https://host.example/prefix/".parse().unwrap();
        for (segment, encoded) in [
            ("plain-id_1.0~x", "plain-id_1.0~x"),
            ("a/b", "a%2Fb"),
            ("../admin", "..%2Fadmin"),
            ("..\\admin", "..%5Cadmin"),
            ("%2e%2e", "%252e%252e"),
            ("%2f", "%252f"),
            ("...", "..."),
            ("?x=1", "%3Fx%3D1"),
            ("#f", "%23f"),
            ("//evil.example", "%2F%2Fevil.example"),
            ("@evil.example", "%40evil.example"),
            (";v=1", "%3Bv%3D1"),
            ("a b\t\r\n\0", "a%20b%09%0D%0A%00"),
            ("Юля♞", "%D0%AE%D0%BB%D1%8F%E2%99%9E"),
        ] {
            let url = join(&base, &["api", segment, "end"]).unwrap();
            assert_eq!(url.as_str(), format!("https://host.example/prefix/api/{encoded}/end"), "{segment:?}");
            assert_eq!(
                Url::parse(url.as_str()).unwrap(),
                url,
                "a parser reads it as it was written: {segment:?}"
            );
        }
    }

    #[test]
    fn segments_that_a_parser_takes_away_are_refused() {
        let base: Url = "https://host.example".parse().unwrap();
        for segment in ["", ".", ".."] {
            let error = join(&base, &["api", segment, "x"]).unwrap_err();
            assert_eq!(error.code(), &crate::error::codes::INVALID_ARGUMENT, "{segment:?}");
        }
    }

    #[test]
    fn the_base_keeps_its_path() {
        for (base, joined) in [
            ("https://h.example", "https://h.example/x"),
            ("https://h.example/", "https://h.example/x"),
            ("https://h.example/api", "https://h.example/api/x"),
            ("https://h.example/api/", "https://h.example/api/x"),
        ] {
            assert_eq!(join(&base.parse().unwrap(), &["x"]).unwrap().as_str(), joined);
        }
    }
}
