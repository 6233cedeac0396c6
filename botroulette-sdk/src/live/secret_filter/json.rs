//! Changing the strings of a JSON text in place: order, numbers and double names stay as they are.

use std::borrow::Cow;

/// The text with every string (names too) changed; `None` when nothing did. The text is valid JSON.
pub(super) fn map_strings<'a>(json: &'a str, change: impl Fn(&str) -> Cow<'_, str>) -> Option<String> {
    let mut changed: Option<String> = None;
    // Up to where `changed` has the text.
    let mut copied = 0;
    let mut at = 0;
    let bytes = json.as_bytes();
    while let Some(begin) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'"')) {
        let begin = at + begin;
        let end = end_of_string(bytes, begin)?;
        let literal: &'a str = json.get(begin..end)?;
        at = end;
        let Ok(text) = serde_json::from_str::<Cow<'_, str>>(literal) else { continue };
        if let Cow::Owned(shown) = change(&text) {
            let out = changed.get_or_insert_default();
            out.push_str(json.get(copied..begin)?);
            out.push_str(&serde_json::Value::String(shown).to_string());
            copied = end;
        }
    }
    let mut out = changed?;
    out.push_str(json.get(copied..)?);
    Some(out)
}

/// Where the string that begins here has its end.
fn end_of_string(bytes: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shout(json: &str) -> Option<String> {
        map_strings(json, |text| {
            if text.contains('x') { Cow::Owned(text.replace('x', "\"X\"")) } else { Cow::Borrowed(text) }
        })
    }

    #[test]
    fn strings_change_and_the_rest_stays_to_the_byte() {
        assert_eq!(
            shout(r#"{"b" : 1e400, "a":"x", "a":"\u0078", "ax": [12345678901234567890, "\\", "\"x"]}"#)
                .unwrap(),
            r#"{"b" : 1e400, "a":"\"X\"", "a":"\"X\"", "a\"X\"": [12345678901234567890, "\\", "\"\"X\""]}"#
        );
        assert_eq!(shout(r#"{"a":"\\\"","b":"ü"}"#), None);
    }
}
