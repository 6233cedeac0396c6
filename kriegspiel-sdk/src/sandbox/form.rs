//! Bodies and queries, checked as the platform checks them: a list of every mistake, with its place and what was sent.

use serde_json::{Map, Value, json};

use super::refusal::{Outcome, Refusal};

/// A body that is being read, field by field, in the order in which the platform does.
pub(super) struct Form {
    fields: Map<String, Value>,
    problems: Vec<Value>,
    known: Vec<&'static str>,
}

/// A pattern as the platform words it, and the same as a function.
#[derive(Clone, Copy)]
pub(super) struct Pattern(pub(super) &'static str, pub(super) fn(&str) -> bool);

/// What a text must be.
pub(super) struct TextRule {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) pattern: Option<Pattern>,
}

impl TextRule {
    pub(super) const fn of(min: usize, max: usize) -> Self {
        Self { min, max, pattern: None }
    }
}

impl Form {
    /// Reads a JSON object.
    pub(super) fn read(content_type: &str, body: &[u8]) -> Outcome<Self> {
        let refused = |problem: Value| Err(Refusal::invalid(vec![problem]));
        if body.is_empty() {
            return refused(problem("missing", json!(["body"]), "Field required", Value::Null, None));
        }
        let no_object = |input: Value| {
            let message = "Input should be a valid dictionary or object to extract fields from";
            refused(problem("model_attributes_type", json!(["body"]), message, input, None))
        };
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json =
            kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
        if !is_json {
            return no_object(String::from_utf8_lossy(body).into_owned().into());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self { fields, problems: Vec::new(), known: Vec::new() }),
            Ok(Value::Null) => {
                refused(problem("missing", json!(["body"]), "Field required", Value::Null, None))
            }
            Ok(other) => no_object(other),
            Err(error) => {
                let ctx = json!({ "error": "Expecting property name enclosed in double quotes" });
                let at = json!(["body", error.column().saturating_sub(1)]);
                refused(problem("json_invalid", at, "JSON decode error", json!({}), Some(ctx)))
            }
        }
    }

    /// A value as it was sent. `null` counts as not sent where `or_null`.
    fn take(&mut self, name: &'static str, or_null: bool) -> Option<Value> {
        self.known.push(name);
        self.fields.get(name).filter(|value| !(or_null && value.is_null())).cloned()
    }

    fn wrong(&mut self, name: &str, kind: &str, message: &str, input: Value, ctx: Option<Value>) {
        self.problems.push(problem(kind, json!(["body", name]), message, input, ctx));
    }

    fn missing(&mut self, name: &str) {
        let whole = Value::Object(self.fields.clone());
        self.wrong(name, "missing", "Field required", whole, None);
    }

    /// A text that must be there, without the blanks around it.
    pub(super) fn text(&mut self, name: &'static str, rule: &TextRule) -> String {
        match self.take(name, false) {
            Some(value) => self.check_text(name, value, rule),
            None => {
                self.missing(name);
                String::new()
            }
        }
    }

    /// A text that may be left out.
    pub(super) fn text_or_empty(&mut self, name: &'static str, rule: &TextRule) -> String {
        self.take(name, false).map(|value| self.check_text(name, value, rule)).unwrap_or_default()
    }

    fn check_text(&mut self, name: &str, value: Value, rule: &TextRule) -> String {
        let Some(text) = value.as_str().map(|text| text.trim().to_owned()) else {
            self.wrong(name, "string_type", "Input should be a valid string", value, None);
            return String::new();
        };
        let length = text.chars().count();
        if length < rule.min {
            let (min, s) = (rule.min, if rule.min == 1 { "" } else { "s" });
            let message = format!("String should have at least {min} character{s}");
            self.wrong(name, "string_too_short", &message, value, Some(json!({ "min_length": min })));
        } else if length > rule.max {
            let max = rule.max;
            let message = format!("String should have at most {max} characters");
            self.wrong(name, "string_too_long", &message, value, Some(json!({ "max_length": max })));
        } else if let Some(Pattern(pattern, fits)) = rule.pattern
            && !fits(&text)
        {
            let message = format!("String should match pattern '{pattern}'");
            self.wrong(name, "string_pattern_mismatch", &message, value, Some(json!({ "pattern": pattern })));
        }
        text
    }

    /// One of some words, or the default.
    pub(super) fn word(
        &mut self,
        name: &'static str,
        words: &[&'static str],
        default: &'static str,
    ) -> &'static str {
        match self.take(name, false) {
            None => default,
            Some(value) => self.check_word(name, value, words).unwrap_or(default),
        }
    }

    /// One of some words, which must be there.
    pub(super) fn needed_word(&mut self, name: &'static str, words: &[&'static str]) -> Option<&'static str> {
        match self.take(name, false) {
            None => {
                self.missing(name);
                None
            }
            Some(value) => self.check_word(name, value, words),
        }
    }

    fn check_word(&mut self, name: &str, value: Value, words: &[&'static str]) -> Option<&'static str> {
        let found = words.iter().copied().find(|word| value.as_str() == Some(word));
        if found.is_none() {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            let expected = match quoted.as_slice() {
                [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
                other => other.concat(),
            };
            let message = format!("Input should be {expected}");
            self.wrong(name, "literal_error", &message, value, Some(json!({ "expected": expected })));
        }
        found
    }

    /// A boolean that may be left out. Words such as `"yes"` count.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.take(name, true).and_then(|value| self.check_flag(name, value))
    }

    /// A boolean that must be there.
    pub(super) fn needed_flag(&mut self, name: &'static str) -> bool {
        match self.take(name, false) {
            Some(value) => self.check_flag(name, value).unwrap_or_default(),
            None => {
                self.missing(name);
                false
            }
        }
    }

    fn check_flag(&mut self, name: &str, value: Value) -> Option<bool> {
        let found = match &value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if found.is_none() {
            let (kind, message) = match &value {
                Value::String(_) | Value::Number(_) => {
                    ("bool_parsing", "Input should be a valid boolean, unable to interpret input")
                }
                _ => ("bool_type", "Input should be a valid boolean"),
            };
            self.wrong(name, kind, message, value, None);
        }
        found
    }

    /// A list of texts. `None` when it was left out, or is `null` where that is allowed.
    pub(super) fn texts(&mut self, name: &'static str, is_needed: bool) -> Option<Vec<String>> {
        let Some(value) = self.take(name, !is_needed) else {
            if is_needed {
                self.missing(name);
            }
            return None;
        };
        let Value::Array(items) = value else {
            self.wrong(name, "list_type", "Input should be a valid list", value, None);
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item.as_str() {
                Some(text) => texts.push(text.trim().to_owned()),
                None => {
                    let at = json!(["body", name, index]);
                    let message = "Input should be a valid string";
                    self.problems.push(problem("string_type", at, message, item, None));
                }
            }
        }
        Some(texts)
    }

    /// A text or nothing.
    pub(super) fn optional_text(&mut self, name: &'static str) -> Option<String> {
        let value = self.take(name, true)?;
        if value.is_string() {
            return Some(self.check_text(name, value, &TextRule::of(0, usize::MAX)));
        }
        self.wrong(name, "string_type", "Input should be a valid string", value, None);
        None
    }

    /// What the platform's own check of a field found.
    pub(super) fn refuse_value(&mut self, name: &'static str, message: &str) {
        if !self.problems.iter().any(|problem| problem.get("loc") == Some(&json!(["body", name]))) {
            let input = self.fields.get(name).cloned().unwrap_or_default();
            let ctx = json!({ "error": {} });
            self.wrong(name, "value_error", &format!("Value error, {message}"), input, Some(ctx));
        }
    }

    /// Ends the reading. Unknown fields are refused unless they are ignored.
    pub(super) fn finish(mut self, ignores_unknown: bool) -> Outcome<Map<String, Value>> {
        if !ignores_unknown {
            let unknown: Vec<_> = self
                .fields
                .iter()
                .filter(|(name, _)| !self.known.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            for (name, value) in unknown {
                self.wrong(&name, "extra_forbidden", "Extra inputs are not permitted", value, None);
            }
        }
        if self.problems.is_empty() { Ok(self.fields) } else { Err(Refusal::invalid(self.problems)) }
    }
}

/// A whole body that does not make sense as such.
pub(super) fn refuse_body(fields: Map<String, Value>, message: &str) -> Refusal {
    let message = format!("Value error, {message}");
    let ctx = json!({ "error": {} });
    Refusal::invalid(vec![problem("value_error", json!(["body"]), &message, fields.into(), Some(ctx))])
}

fn problem(kind: &str, loc: Value, message: &str, input: Value, ctx: Option<Value>) -> Value {
    let mut problem = json!({ "type": kind, "loc": loc, "msg": message, "input": input });
    if let (Some(ctx), Some(fields)) = (ctx, problem.as_object_mut()) {
        fields.insert("ctx".into(), ctx);
    }
    problem
}

/// The parameters of a URL.
pub(super) struct Query<'a>(pub(super) &'a str);

impl Query<'_> {
    fn value(&self, name: &str) -> Option<String> {
        let pairs = url::form_urlencoded::parse(self.0.as_bytes());
        pairs.filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
    }

    /// A whole number of this range.
    pub(super) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
        default: i64,
    ) -> Outcome<i64> {
        let Some(text) = self.value(name) else { return Ok(default) };
        let at = json!(["query", name]);
        let refused = |kind: &str, message: String, ctx: Option<Value>| {
            Err(Refusal::invalid(vec![problem(kind, at.clone(), &message, text.clone().into(), ctx)]))
        };
        let Ok(number) = text.trim().parse::<i64>() else {
            let message = "Input should be a valid integer, unable to parse string as an integer";
            return refused("int_parsing", message.into(), None);
        };
        let (low, high) = (*range.start(), *range.end());
        if number < low {
            let message = format!("Input should be greater than or equal to {low}");
            return refused("greater_than_equal", message, Some(json!({ "ge": low })));
        }
        if number > high {
            let message = format!("Input should be less than or equal to {high}");
            return refused("less_than_equal", message, Some(json!({ "le": high })));
        }
        Ok(number)
    }

    /// One of some words.
    pub(super) fn word(
        &self,
        name: &str,
        words: &[&'static str],
        default: &'static str,
    ) -> Outcome<&'static str> {
        let Some(text) = self.value(name) else { return Ok(default) };
        words.iter().copied().find(|word| *word == text).ok_or_else(|| {
            let pattern = format!("^({})$", words.join("|"));
            let message = format!("String should match pattern '{pattern}'");
            let ctx = Some(json!({ "pattern": pattern }));
            let at = json!(["query", name]);
            Refusal::invalid(vec![problem("string_pattern_mismatch", at, &message, text.into(), ctx)])
        })
    }
}
