//! Keys and tokens that never print.
//!
//! A [`Secret`] shows as `[redacted]` in `{:?}`, has no `Display` and no `Serialize`, and is wiped from memory when its
//! last clone is dropped. The one way to its text is [`Secret::expose`], which is easy to search for.
//!
//! ```
//! use sdk_core::secret::Secret;
//!
//! let key = Secret::new("bp_live_abc123");
//! assert_eq!(format!("{key:?}"), "[redacted]");
//! assert_eq!(key.expose(), "bp_live_abc123");
//! ```

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, Result};

/// The text that stands where a secret would.
pub const REDACTED: &str = "[redacted]";

/// No key or token is longer; a longer one is a file that was pasted by mistake, and too long for most servers' headers.
const MAX_SECRET: usize = 4_096;

/// An API key, a token, or anything else that must not be seen. Cheap to clone.
#[derive(Clone)]
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(SecretString::from(text.into())))
    }

    /// The text itself. Never log it, never put it into an error.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The secret as a header value that is marked sensitive, with a prefix such as `"Bearer "`.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](crate::error::codes::INVALID_CONFIG) when the secret holds bytes that no header may hold.
    pub fn header(&self, prefix: &str) -> Result<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", self.expose())).map_err(|_| {
            Error::invalid_config("key", "the key holds characters that no HTTP header may hold")
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Whether it can be a key or token at all: between 1 and 4,096 bytes, without blanks and control characters. `field` is
    /// the builder's word for it, `"key"` or `"token"`. Nothing of the text is repeated.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](crate::error::codes::INVALID_CONFIG), naming the field.
    pub fn check(&self, field: &str) -> Result<()> {
        let text = self.expose();
        let wrong = |what: &str| Err(Error::invalid_config(field, format!("the {field} {what}")));
        if text.trim().is_empty() {
            return wrong("is empty");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return wrong("holds blanks or control characters");
        }
        if text.len() > MAX_SECRET {
            return wrong("is longer than 4,096 bytes");
        }
        Ok(())
    }

    /// `text` with every occurrence of the secret replaced by [`REDACTED`].
    pub fn redact(&self, text: &str) -> String {
        let secret = self.expose();
        if secret.is_empty() { text.to_owned() } else { text.replace(secret, REDACTED) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// A URL as it may be shown: without user info, query and fragment, all of which can carry a token.
///
/// ```
/// let url = "wss://user:pw@host.example/ws?api_key=SECRET#x".parse().unwrap();
/// assert_eq!(sdk_core::secret::shown_url(&url), "wss://host.example/ws?[redacted]");
/// ```
pub fn shown_url(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if url.query().is_some() { "?[redacted]" } else { "" };
    format!("{}://{host}{port}{}{query}", url.scheme(), url.path())
}

/// Whether the URL's host is this machine (`localhost`, `127.0.0.0/8` or `[::1]`).
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            // Not `x.localhost`: not every resolver keeps those on this machine.
            name.eq_ignore_ascii_case("localhost")
        }
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_key_is_refused_by_its_fields_name() {
        for (text, what) in [
            ("", "the key is empty"),
            (" \t", "the key is empty"),
            ("two words", "the key holds blanks or control characters"),
            ("line\n", "the key holds blanks or control characters"),
            (&"x".repeat(4_097), "the key is longer than 4,096 bytes"),
        ] {
            let refused = Secret::new(text).check("key").unwrap_err();
            assert_eq!((refused.message(), refused.field()), (what, Some("key")), "{text:?}");
        }
        assert!(Secret::new("x".repeat(4_096)).check("token").is_ok());
    }

    #[test]
    fn never_prints() {
        let key = Secret::new("bp_live_s3cr3t");
        assert_eq!(format!("{key:?} {:?}", Some(key.clone())), "[redacted] Some([redacted])");
        let header = key.header("Bearer ").unwrap();
        assert!(header.is_sensitive());
        assert!(!format!("{header:?}").contains("s3cr3t"));
        assert_eq!(key.redact("the key bp_live_s3cr3t was refused"), "the key [redacted] was refused");
    }

    #[test]
    fn a_key_that_no_header_may_hold_is_refused_without_showing_it() {
        let error = Secret::new("abc\r\nX-Evil: 1").header("").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("Evil"));
    }

    #[test]
    fn loopback_is_told_apart() {
        for (url, loopback) in [
            ("ws://127.0.0.1:3001/x", true),
            ("ws://127.9.9.9", true),
            ("ws://[::1]:80", true),
            ("ws://LOCALHOST", true),
            ("ws://localhost.evil.example", false),
            ("ws://evil.localhost", false),
            ("ws://10.0.0.1", false),
            ("ws://api.botpit.com", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), loopback, "{url}");
        }
    }
}
