//! How long a server asks to wait.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// No server makes a client wait longer than this.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(600);

/// The answer's `Retry-After`: seconds, or a date as seen from the answer's own `Date` (from `now` where it has none). What
/// lies in the past is zero, what lies beyond ten minutes is ten minutes, and what cannot be read is nothing.
pub(super) fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match seconds(value) {
        Some(wait) => wait,
        None => {
            let until = httpdate::parse_http_date(value).ok()?;
            // The server's clock and ours may differ by hours: the span between two of its own times does not.
            until.duration_since(server_time(headers).unwrap_or(now)).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_WAIT))
}

/// What the server's clock showed, by the answer's `Date`.
pub(super) fn server_time(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// Some servers send a fraction or a sign, and none of that is worth losing the wait for.
fn seconds(value: &str) -> Option<Duration> {
    if !value.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let seconds: f64 = value.parse().ok()?;
    Some(Duration::from_secs_f64(seconds.clamp(0.0, MAX_WAIT.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        parse(&headers, httpdate::parse_http_date("Sun, 06 Nov 1994 08:00:00 GMT").unwrap())
    }

    #[test]
    fn seconds_are_read_and_clamped() {
        for (value, seconds) in [
            ("0", 0.0),
            ("7", 7.0),
            (" 7 ", 7.0),
            ("1.5", 1.5),
            ("-1", 0.0),
            ("-99999999999999999999999", 0.0),
            ("601", 600.0),
            ("999999999999999999999999999999", 600.0),
        ] {
            assert_eq!(wait(value, None), Some(Duration::from_secs_f64(seconds)), "{value}");
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_own_date() {
        let until = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(wait(until, Some("Sun, 06 Nov 1994 08:49:30 GMT")), Some(Duration::from_secs(7)));
        assert_eq!(wait(until, Some("Sun, 06 Nov 1994 09:49:30 GMT")), Some(Duration::ZERO));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:20 GMT", None), Some(Duration::from_secs(20)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:20 GMT", Some("yesterday")), Some(Duration::from_secs(20)));
        assert_eq!(wait(until, None), Some(MAX_WAIT));
        assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT", None), Some(MAX_WAIT));
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for value in
            ["", "soon", "NaN", "inf", "1e9", "0x10", "1.2.3", "--1", "Sun, 99 Nov 1994 08:49:37 GMT"]
        {
            assert_eq!(wait(value, None), None, "{value}");
        }
        assert_eq!(parse(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
