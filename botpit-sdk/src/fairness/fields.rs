//! The fields of a JSON object from the wire, read one by one and never refused as a whole.
//!
//! A result that has one field of another type than documented must not escape every other check. So each field is looked
//! up on its own, and what cannot be read is remembered.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use sdk_core::wire::MAX_EXCERPT;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// JSON that is kept for a while: thousands of such texts may wait for the end of a match, so they take no more than they
/// need.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept(Box<str>);

impl Kept {
    pub(super) const fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Kept {
    fn from(json: &str) -> Self {
        Self(json.into())
    }
}

impl From<String> for Kept {
    fn from(json: String) -> Self {
        Self(json.into())
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

/// The fields of one object, in their order.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    entries: Vec<(Cow<'a, str>, &'a str)>,
    unreadable: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// Of a text that was decoded before and so is JSON. No fields, where it is no object.
    pub(super) fn of(text: &'a str) -> Self {
        match scan(text) {
            Some(entries) => Self { entries, unreadable: RefCell::default() },
            None => Self::parsed(text),
        }
    }

    /// Of any text. No fields, where it is no object of JSON.
    pub(super) fn parsed(text: &'a str) -> Self {
        let Entries(entries) = serde_json::from_str(text).unwrap_or_default();
        let entries = entries.into_iter().map(|(name, value)| (name, value.get())).collect();
        Self { entries, unreadable: RefCell::default() }
    }

    pub(super) fn of_option(text: Option<&'a str>) -> Self {
        text.map(Self::of).unwrap_or_default()
    }

    /// The fields that were asked for and have another type than they should.
    pub(super) fn unreadable(self) -> Vec<&'static str> {
        self.unreadable.into_inner()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.entries.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// A field as it came, `null` included. The last one counts where a name comes twice, as for most readers.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.entries.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Whether the field is there and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|raw| raw != "null")
    }

    fn read<T: Deserialize<'a>>(&self, name: &'static str) -> Option<T> {
        let raw = self.raw(name).filter(|raw| *raw != "null")?;
        let read = serde_json::from_str(raw).ok();
        if read.is_none() {
            self.unreadable.borrow_mut().push(name);
        }
        read
    }

    pub(super) fn number(&self, name: &'static str) -> Option<f64> {
        self.read(name)
    }

    /// A whole number. `3.0` is one: some servers' languages know no other.
    pub(super) fn int(&self, name: &'static str) -> Option<i64> {
        // The usual form needs no parser: what stands on the wire is JSON already.
        if let Some(number) = self.raw(name).and_then(|raw| raw.parse().ok()) {
            return Some(number);
        }
        self.read::<Whole>(name).map(|Whole(number)| number)
    }

    pub(super) fn ints(&self, name: &'static str) -> Option<Vec<i64>> {
        let numbers: Vec<Whole> = self.read(name)?;
        Some(numbers.into_iter().map(|Whole(number)| number).collect())
    }

    pub(super) fn flag(&self, name: &'static str) -> Option<bool> {
        self.read(name)
    }

    pub(super) fn text(&self, name: &'static str) -> Option<Cow<'a, str>> {
        let plain = self.raw(name).and_then(|raw| raw.strip_prefix('"')?.strip_suffix('"'));
        if let Some(plain) = plain.filter(|plain| !plain.contains('\\')) {
            return Some(Cow::Borrowed(plain));
        }
        self.read::<Words<'a>>(name).map(|Words(text)| text)
    }

    pub(super) fn pair(&self, name: &'static str) -> Option<[u32; 2]> {
        self.read(name)
    }

    /// The object again as text, without one of its fields.
    pub(super) fn without(&self, left_out: &str) -> String {
        let mut text = String::from("{");
        for (name, value) in self.entries.iter().filter(|(name, _)| name != left_out) {
            if text.len() > 1 {
                text.push(',');
            }
            match name {
                // Borrowed as it stands on the wire: there was nothing to be escaped.
                Cow::Borrowed(name) => {
                    text.push('"');
                    text.push_str(name);
                    text.push('"');
                }
                // A text always serialises.
                Cow::Owned(name) => text.push_str(&serde_json::to_string(name).unwrap_or_default()),
            }
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        text
    }
}

/// The fields of an object by its punctuation alone: every finished match is read so, and a parser would check once more what
/// was checked when it came. `None` for what is not that simple.
fn scan(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let bytes = text.as_bytes();
    let blanks = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    };
    let expect = |at: usize, byte: u8| (*bytes.get(at)? == byte).then_some(at + 1);
    let mut entries = Vec::with_capacity(4);
    let mut at = blanks(expect(blanks(0), b'{')?);
    if *bytes.get(at)? == b'}' {
        at += 1;
    } else {
        loop {
            let end = after_text(bytes, at)?;
            let name = text.get(at + 1..end - 1).filter(|name| !name.contains('\\'))?;
            let value = blanks(expect(blanks(end), b':')?);
            let end = after_value(bytes, value)?;
            entries.push((Cow::Borrowed(name), text.get(value..end)?));
            at = blanks(end);
            match *bytes.get(at)? {
                b',' => at = blanks(at + 1),
                b'}' => break,
                _ => return None,
            }
        }
        at += 1;
    }
    (blanks(at) == bytes.len()).then_some(entries)
}

/// Behind the text that begins here.
fn after_text(bytes: &[u8], begin: usize) -> Option<usize> {
    if *bytes.get(begin)? != b'"' {
        return None;
    }
    let mut at = begin + 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Behind the value that begins here.
fn after_value(bytes: &[u8], begin: usize) -> Option<usize> {
    let (mut at, mut depth) = (begin, 0_usize);
    loop {
        match *bytes.get(at)? {
            b'"' => at = after_text(bytes, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            b',' | b'}' | b']' if depth == 0 => break,
            byte if depth == 0 && byte.is_ascii_whitespace() => break,
            _ => at += 1,
        }
    }
    (at > begin).then_some(at)
}

/// A text that borrows where it can.
#[derive(Deserialize)]
struct Words<'a>(#[serde(borrow)] Cow<'a, str>);

/// A whole number in either form.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number).map(Whole).map_err(E::custom)
            }

            #[expect(clippy::cast_possible_truncation, reason = "whole, and small enough to be exact")]
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Whole, E> {
                if number.fract() == 0.0 && number.abs() < 9e15 {
                    Ok(Whole(number as i64))
                } else {
                    Err(E::custom("not a whole number"))
                }
            }
        }

        deserializer.deserialize_any(Number)
    }
}

#[derive(Default)]
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(4);
                while let Some((Words(name), value)) = map.next_entry()? {
                    entries.push((name, value));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Whether two objects say the same wherever both say something.
pub(super) fn agree(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (one, other) = (Fields::of(one), Fields::of(other));
    one.iter().all(|(name, value)| other.raw(name).is_none_or(|again| same(value, again)))
}

/// Whether two JSON texts mean the same: blanks, the order of fields and the form of numbers do not count.
pub(super) fn same(one: &str, other: &str) -> bool {
    use serde_json::Value;

    fn equal(one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
            }
            (Value::Object(one), Value::Object(other)) => {
                one.len() == other.len()
                    && one.iter().all(|(name, value)| other.get(name).is_some_and(|also| equal(value, also)))
            }
            _ => one == other,
        }
    }

    let read = |text| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).zip(read(other)).is_some_and(|(one, other)| equal(&one, &other))
}

/// A value in a finding: at most [`MAX_EXCERPT`] bytes of whatever a server says.
pub(super) fn brief(value: &(impl fmt::Display + ?Sized)) -> String {
    let mut text = value.to_string();
    if text.len() > MAX_EXCERPT {
        let end = (0..=MAX_EXCERPT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_field_hides_no_other() {
        let fields = Fields::of(r#"{"roll_a":"six","roll_b":3.0,"r\u006fund":2,"gone":null}"#);
        assert_eq!(
            (fields.int("roll_a"), fields.int("roll_b"), fields.int("round")),
            (None, Some(3), Some(2))
        );
        assert!(!fields.has("gone") && fields.int("gone").is_none() && fields.has("roll_a"));
        assert_eq!(fields.without("roll_a"), r#"{"roll_b":3.0,"round":2,"gone":null}"#);
        assert_eq!(fields.unreadable(), ["roll_a"]);
    }

    #[test]
    fn the_scan_sees_what_a_parser_sees() {
        for text in [
            r#"{}"#,
            r#" { } "#,
            r#"{"a":1}"#,
            r#"{"round":1,"move_a":"rock","move_b":null,"round_winner":"a-1","done":true}"#,
            r#"{ "a" : [1, {"b": "}]"}, []] , "b":-2.5e3,"c":"\\\"}{\u00e9","é":"ü" }"#,
            r#"{"a":{"b":[{"c":"]"}]},"a":2}"#,
        ] {
            let scanned = scan(text).unwrap();
            assert_eq!(scanned, Fields::parsed(text).entries, "{text}");
            // Cut off anywhere, it is nothing, and nothing worse.
            for end in (0..text.trim_end().len()).filter(|end| text.is_char_boundary(*end)) {
                assert_eq!(scan(text.get(..end).unwrap()), None, "{text} up to {end}");
            }
        }
        // What is not that simple is left to the parser.
        for text in
            [r#"{"r\u006fund":2}"#, "[1]", "null", r#"{"a":1}}"#, r#"{"a":}"#, r#"{"a":1,}"#, r#"{,}"#, ""]
        {
            assert_eq!(scan(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_repeated_at_length() {
        assert_eq!(brief("heads"), "heads");
        let long = brief(&"☃".repeat(1_000));
        assert!(long.len() <= MAX_EXCERPT + 3 && long.ends_with("☃…"));
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for text in ["", "[]", "null", "{", "7", r#"{"a":}"#] {
            assert_eq!(Fields::of(text).iter().count(), 0, "{text}");
        }
    }

    #[test]
    fn the_form_does_not_count() {
        assert!(same(r#"{"a":1,"b":[2.0]}"#, r#"{ "b": [2], "a": 1.0 }"#));
        assert!(!same(r#"{"a":1}"#, r#"{"a":2}"#) && !same("1", "x") && same("x", "x"));
        assert!(agree(r#"{"round":1,"flip":"heads"}"#, r#"{"flip":"heads","more":1}"#));
        assert!(!agree(r#"{"round":1,"flip":"heads"}"#, r#"{"flip":"tails"}"#));
    }
}
