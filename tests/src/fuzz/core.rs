//! What all platforms share: the tag of a message, texts of strangers, times, keys, records.

use sdk_core::env::Env;
use sdk_core::secret::{Secret, shown_url};
use sdk_core::timestamp::Timestamp;
use sdk_core::wire::{self, RawJson, Text, excerpt, printable};
use serde_json::Value;
use url::Url;

/// Takes bytes as whatever the ground of the family reads.
pub fn core(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.lines().chain([&*text]) {
        tag(line);
        time(line);
        secret(line);
        let cut = excerpt(line);
        assert!(cut.len() <= line.len().max(200) * 4, "{} of {}", cut.len(), line.len());
        let plain = printable(line).to_string();
        assert!(!plain.contains('\u{1b}') && !plain.contains('\u{202e}'), "{plain:?}");
        let frame = Text::from(line);
        let raw = RawJson::part_of(&frame, line);
        let _ = super::tried(raw.decode::<Value>("anything"));
        if let Ok(url) = line.parse::<Url>() {
            let shown = shown_url(&url);
            assert!(
                url.password()
                    .is_none_or(|password| password.len() < 6 || !shown.contains(&format!(":{password}@")))
            );
        }
    }
    let env = Env::from_text(&text);
    let _ = format!("{env:?} {:?}", env.get("KEY"));
    let _ = super::tried(wire::decode_slice::<Value>(data, "anything"));
}

/// The quick scan says what a whole parser says.
fn tag(text: &str) {
    let quick = wire::tag(text, "type");
    if let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) {
        let has_two = text.matches("type").count() > 1 || text.contains('\\');
        if !has_two {
            assert_eq!(quick.as_deref(), fields.get("type").and_then(Value::as_str), "{text}");
        }
    }
}

/// A time is shown as it was written, and its order fits its seconds.
fn time(text: &str) {
    let words = text.split(['"', ' ', ',']).filter(|word| word.len() < 64);
    let times: Vec<Timestamp> = words.map(Timestamp::from).collect();
    for time in &times {
        let _ = (time.to_string(), time.to_system_time(), serde_json::to_string(time).unwrap());
    }
    for pair in times.windows(2) {
        if let (Some(first), Some(second)) = (pair[0].unix_seconds(), pair[1].unix_seconds()) {
            assert!(first == second || (first < second) == (pair[0] < pair[1]), "{pair:?}");
        }
    }
}

/// A secret is in nothing that was redacted.
fn secret(text: &str) {
    let Some((key, rest)) = text.split_once(' ') else { return };
    if key.len() > 12 {
        let secret = Secret::new(key);
        assert!(!secret.redact(rest).contains(key));
        let _ = format!("{:?}", secret.header("Bearer "));
    }
}
