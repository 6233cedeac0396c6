//! What passes through the tunnel (spec, "What gets BLOCKED").

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::settings::Settings;

/// What the filter makes of a bot's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filtered {
    Passes,
    Blocked,
    /// The announced length is not that of the body: the caller's connection breaks.
    WrongLength,
}

/// What must not occur in a body, in small letters.
const HTML: [&str; 4] = ["<!doctype", "<html", "<body", "<script"];

pub(crate) fn filter(
    settings: &Settings,
    method: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) -> Filtered {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    if !content_type.is_none_or(|value| is_json_type(value, settings.charset_passes)) {
        return Filtered::Blocked;
    }
    let needs_no_body =
        method == "HEAD" || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let is_object = serde_json::from_str::<Value>(body).is_ok_and(|value| value.is_object());
    let is_fine = is_object || (needs_no_body && body.is_empty());
    if !is_fine || (!settings.html_in_json_passes && holds_html(body)) {
        return Filtered::Blocked;
    }
    let length = headers.get(CONTENT_LENGTH).map(|value| value.to_str().unwrap_or_default());
    match length {
        Some(length) if method != "HEAD" && length.trim().parse() != Ok(body.len()) => Filtered::WrongLength,
        _ => Filtered::Passes,
    }
}

fn is_json_type(value: &str, charset_passes: bool) -> bool {
    let (kind, parameter) = match value.split_once(';') {
        Some((kind, parameter)) => (kind, Some(parameter)),
        None => (value, None),
    };
    let is_utf8 = |parameter: &str| parameter.trim().eq_ignore_ascii_case("charset=utf-8");
    kind.trim().eq_ignore_ascii_case("application/json")
        && parameter.is_none_or(|parameter| charset_passes && is_utf8(parameter))
}

fn holds_html(body: &str) -> bool {
    // Most answers have no `<` at all.
    body.contains('<') && {
        let body = body.to_ascii_lowercase();
        HTML.iter().any(|tag| body.contains(tag))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(settings: &Settings, content_type: Option<&'static str>, body: &str) -> Filtered {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        filter(settings, "POST", StatusCode::OK, &headers, body)
    }

    #[test]
    fn json_objects_pass_and_all_else_is_blocked() {
        let settings = Settings::default();
        for body in
            [r#"{"reply":"hi"}"#, "{}", r#"{"reply":"1 < 2, and \u003cscript>"}"#, r#"{"reply":"🦀"}"#]
        {
            assert_eq!(of(&settings, Some("application/json"), body), Filtered::Passes, "{body}");
            assert_eq!(of(&settings, None, body), Filtered::Passes, "{body}");
            for kind in ["text/html", "text/plain", "application/json; charset=utf-8", ""] {
                assert_eq!(of(&settings, Some(kind), body), Filtered::Blocked, "{kind}");
            }
        }
        for body in [
            "<html><body>hi</body></html>",
            "<!DOCTYPE html>",
            "Cannot POST /",
            "",
            "[1]",
            r#""hi""#,
            r#"{"reply":"<ScRiPt>alert(1)</script>"}"#,
            r#"{"reply":"<BODY onload=x>"}"#,
        ] {
            assert_eq!(of(&settings, Some("application/json"), body), Filtered::Blocked, "{body}");
        }
    }

    #[test]
    fn the_readings_can_be_set() {
        let settings = Settings { charset_passes: true, html_in_json_passes: true, ..Settings::default() };
        let html = r#"{"reply":"<script>"}"#;
        assert_eq!(of(&settings, Some("application/json; charset=UTF-8"), html), Filtered::Passes);
        assert_eq!(of(&settings, Some("application/json; charset=latin1"), html), Filtered::Blocked);
        assert_eq!(of(&settings, None, "<script>"), Filtered::Blocked);
    }

    #[test]
    fn a_length_that_is_another_breaks_the_answer() {
        let mut headers = HeaderMap::new();
        let settings = Settings::default();
        let mut judged = |length: &'static str| {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
            filter(&settings, "POST", StatusCode::OK, &headers, "{}")
        };
        assert_eq!(judged("2"), Filtered::Passes);
        assert_eq!(judged("3"), Filtered::WrongLength);
        assert_eq!(judged("two"), Filtered::WrongLength);
    }

    #[test]
    fn no_content_needs_no_body() {
        let settings = Settings::default();
        let of = |method, status| filter(&settings, method, status, &HeaderMap::new(), "");
        assert_eq!(of("POST", StatusCode::NO_CONTENT), Filtered::Passes);
        assert_eq!(of("HEAD", StatusCode::OK), Filtered::Passes);
        assert_eq!(of("GET", StatusCode::OK), Filtered::Blocked);
    }
}
