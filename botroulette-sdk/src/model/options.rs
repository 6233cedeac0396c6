//! What a registration may choose from (spec, "Valid categories").

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The platform's categories, industries and regions. The spec names the three and does not show the answer, so several
/// shapes are read: lists of texts or of objects with a name, at the top or one level below it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct RegisterOptions {
    /// What a bot can be.
    pub categories: Vec<String>,
    /// For whom it can be.
    pub industries: Vec<String>,
    /// Where it can be.
    pub regions: Vec<String>,
    /// The whole answer.
    pub raw: Map<String, Value>,
}

/// How many names are told when one is refused.
const SHOWN: usize = 30;

impl RegisterOptions {
    /// The names of a field: `category`, `industries` or `regions`.
    fn of(&self, field: &str) -> &[String] {
        match field {
            "category" => &self.categories,
            "industries" => &self.industries,
            _ => &self.regions,
        }
    }

    /// Where the platform told no names, everything passes.
    pub(super) fn check<'a>(&self, field: &str, words: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let known = self.of(field);
        let unknown = words.into_iter().find(|word| !known.iter().any(|known| known == word));
        match unknown {
            Some(word) if !known.is_empty() => {
                let shown: Vec<_> = known.iter().take(SHOWN).map(String::as_str).collect();
                let dots = if known.len() > SHOWN { ", …" } else { "" };
                let word = sdk_core::wire::excerpt(word);
                let what = format!("{word} is not among the platform's: {}{dots}", shown.join(", "));
                Err(Error::invalid_argument(field, what))
            }
            _ => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for RegisterOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Map::<String, Value>::deserialize(deserializer)?;
        let list = |names: &[&str]| {
            let inner = raw.values().filter_map(Value::as_object);
            std::iter::once(&raw)
                .chain(inner)
                .find_map(|object| names.iter().find_map(|name| object.get(*name)?.as_array()))
                .map(|entries| entries.iter().filter_map(entry).collect())
                .unwrap_or_default()
        };
        Ok(Self {
            categories: list(&["categories", "category"]),
            industries: list(&["industries", "industry"]),
            regions: list(&["regions", "region"]),
            raw,
        })
    }
}

fn entry(entry: &Value) -> Option<String> {
    let named = |name: &str| entry.get(name)?.as_str();
    let text =
        entry.as_str().or_else(|| ["name", "value", "label", "code", "id"].into_iter().find_map(named));
    text.map(str::to_owned)
}
