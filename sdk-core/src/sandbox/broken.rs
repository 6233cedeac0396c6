//! A known message with one field broken.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The message with one field's value replaced by one of another JSON type: the named one (a path with dots), or the
/// last that is not the message's type. Everything else keeps its place and its spelling. `None` where there is no such
/// field.
pub(crate) fn broken(text: &str, field: Option<&str>) -> Option<String> {
    match field {
        Some(path) => break_at(text, &path.split('.').collect::<Vec<_>>()),
        None => {
            let fields = fields(text)?;
            let (last, _) = fields.iter().rfind(|(key, _)| key != "type" && key != "event")?;
            break_at(text, &[last])
        }
    }
}

fn break_at(text: &str, path: &[&str]) -> Option<String> {
    let Some((key, rest)) = path.split_first() else { return Some(of_another_type(text)) };
    if text.trim_start().starts_with('[') {
        let mut items: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
        let item = items.get_mut(key.parse::<usize>().ok()?)?;
        *item = RawValue::from_string(break_at(item.get(), rest)?).ok()?;
        return serde_json::to_string(&items).ok();
    }
    let mut fields = fields(text)?;
    let (_, value) = fields.iter_mut().find(|(name, _)| name == key)?;
    *value = RawValue::from_string(break_at(value.get(), rest)?).ok()?;
    let fields: Option<Vec<String>> = fields
        .iter()
        .map(|(name, value)| Some(format!("{}:{}", serde_json::to_string(name).ok()?, value.get())))
        .collect();
    Some(format!("{{{}}}", fields?.join(",")))
}

fn of_another_type(value: &str) -> String {
    match value.trim_start().chars().next() {
        Some('{' | '[') => "true".into(),
        Some('"') => "{\"broken\":true}".into(),
        _ => "\"broken\"".into(),
    }
}

/// The fields of a JSON object in the order of the text.
fn fields(text: &str) -> Option<Vec<(String, Box<RawValue>)>> {
    struct InOrder;
    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, Box<RawValue>)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::new();
            while let Some(field) = map.next_entry()? {
                fields.push(field);
            }
            Ok(fields)
        }
    }
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    serde_json::Deserializer::from_str(text).deserialize_map(InOrder).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: &str = r#"{"type":"your_turn","round":1,"game_state":{"score":[0,1]},"timeout_ms":5000}"#;

    #[test]
    fn one_field_changes_its_type_and_the_rest_stays() {
        assert_eq!(
            broken(TURN, None).as_deref(),
            Some(r#"{"type":"your_turn","round":1,"game_state":{"score":[0,1]},"timeout_ms":"broken"}"#)
        );
        assert_eq!(
            broken(TURN, Some("game_state.score.1")).as_deref(),
            Some(r#"{"type":"your_turn","round":1,"game_state":{"score":[0,"broken"]},"timeout_ms":5000}"#)
        );
        assert_eq!(
            broken(TURN, Some("game_state")).as_deref(),
            Some(r#"{"type":"your_turn","round":1,"game_state":true,"timeout_ms":5000}"#)
        );
    }

    #[test]
    fn what_has_no_such_field_is_left_alone() {
        assert_eq!(broken(TURN, Some("wager")), None);
        assert_eq!(broken(TURN, Some("game_state.score.7")), None);
        assert_eq!(broken(r#"{"event":"pong"}"#, None), None);
        assert_eq!(broken("not JSON", None), None);
        assert_eq!(broken(r#"{"a":1} and more"#, None), None);
    }
}
