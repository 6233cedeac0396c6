//! What `--faults` asks for.

use botpit_sdk::sdk_core::sandbox::{Fault, Order, When, magic};
use botpit_sdk::{Error, Result};
use serde_json::Value;

use super::{Name, Platform};

/// A wish of `--faults`: a fault by its name, a magic word, an order as JSON, or `random`; for one platform or for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    only: Option<Name>,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Fault(Fault),
    Magic(String),
    Order(Order),
    Random,
}

impl Wanted {
    /// Reads what stands behind `--faults`: a list with commas between, or JSON. Each may begin with a platform's name and a
    /// colon.
    ///
    /// # Errors
    /// Names that nobody knows, with those that there are; JSON that is no order.
    pub fn read(text: &str) -> Result<Vec<Self>> {
        let (only, rest) = addressed(text);
        if rest.starts_with(['{', '[']) {
            return orders(rest).map(|orders| {
                orders.into_iter().map(|order| Self { only, what: What::Order(order) }).collect()
            });
        }
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Self::word).collect()
    }

    fn word(text: &str) -> Result<Self> {
        let (only, word) = addressed(text);
        let what = match Fault::named(word) {
            Some(fault) => What::Fault(fault),
            None if word == "random" => What::Random,
            None if is_magic(word) => What::Magic(word.to_owned()),
            None => {
                let message = format!(
                    "there is no fault {word:?}: they are {}; and there are random, magic words such as \
                     faultDropOnTurn, and orders as JSON",
                    Fault::NAMES.join(", ")
                );
                return Err(Error::invalid_argument("faults", message));
            }
        };
        Ok(Self { only, what })
    }

    /// Whether faults are to come by chance on a platform.
    pub fn is_random_on(&self, platform: &Platform) -> bool {
        self.what == What::Random && self.is_for(platform)
    }

    /// The orders that this is on a platform: none where it is for another, or could not happen.
    ///
    /// What is to happen at once happens on the first connection: there is none yet.
    pub fn orders_on(&self, platform: &Platform) -> Vec<Order> {
        if !self.is_for(platform) {
            return Vec::new();
        }
        let orders = match &self.what {
            What::Fault(fault) => vec![fault.clone().on(When::Now)],
            What::Magic(word) => magic::orders_in(word, platform.server().dialect()),
            What::Order(order) => vec![order.clone()],
            What::Random => Vec::new(),
        };
        let possible = orders.into_iter().filter(|order| platform.can_have(&order.fault));
        let first = possible.map(|mut order| {
            if order.when == When::Now {
                order.when = platform.first_moment(&order.fault);
            }
            order
        });
        first.collect()
    }

    fn is_for(&self, platform: &Platform) -> bool {
        self.only.is_none_or(|only| only == platform.name())
    }
}

/// Orders every wish on every platform that it is for.
///
/// # Errors
/// A wish that happens nowhere, and one that the sandbox refuses.
pub fn order(wanted: &[Wanted], platforms: &[Platform]) -> Result<()> {
    for wish in wanted {
        let mut is_met = false;
        for platform in platforms {
            is_met |= wish.is_random_on(platform);
            for order in wish.orders_on(platform) {
                platform.server().faults().order(order)?;
                is_met = true;
            }
        }
        if !is_met {
            let message = format!("none of the platforms that are served can have {:?}", wish.what);
            return Err(Error::invalid_argument("faults", message));
        }
    }
    Ok(())
}

/// A platform's name in front, where there is one.
fn addressed(text: &str) -> (Option<Name>, &str) {
    let text = text.trim();
    let named = text.split_once(':').and_then(|(name, rest)| Some((Name::of(name.trim())?, rest.trim())));
    named.map_or((None, text), |(name, rest)| (Some(name), rest))
}

fn is_magic(word: &str) -> bool {
    // The types of a platform's messages do not matter here.
    !magic::orders_in(word, &botpit_sdk::sdk_core::sandbox::Dialect::default()).is_empty()
}

fn orders(text: &str) -> Result<Vec<Order>> {
    let wrong = |message: String| Error::invalid_argument("faults", message);
    let values = match serde_json::from_str(text) {
        Ok(Value::Array(values)) => values,
        Ok(value) => vec![value],
        Err(error) => return Err(wrong(format!("this is no JSON: {error}"))),
    };
    values.into_iter().map(|value| Order::try_from(value).map_err(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_words_json_and_chance() {
        let read = |text: &str| Wanted::read(text).unwrap();
        assert_eq!(read("dropTcp"), [Wanted { only: None, what: What::Fault(Fault::DropTcp) }]);
        assert_eq!(read("botpit:fin, random").len(), 2);
        assert_eq!(read("botpit:fin")[0].only, Some(Name::Botpit));
        assert_eq!(read("faultDropOnTurn")[0].what, What::Magic("faultDropOnTurn".into()));
        let order = Fault::Close { code: 4001, reason: String::new() }.on(When::sent("your_turn"));
        let json = r#"{"fault":"close","code":4001,"when":{"sent":"your_turn"}}"#;
        assert_eq!(read(json), [Wanted { only: None, what: What::Order(order.clone()) }]);
        let named = read(&format!("botornot:[{json},{json}]"));
        assert_eq!(named[1], Wanted { only: Some(Name::Botornot), what: What::Order(order) });
        assert!(read(" , ").is_empty());
    }

    #[test]
    fn what_nobody_knows_is_refused_with_the_names() {
        for text in ["gremlins", "nowhere:fin", "{\"fault\":\"gremlins\"}", "faultGremlins", "{"] {
            let error = Wanted::read(text).unwrap_err();
            assert_eq!(error.field(), Some("faults"), "{text}");
        }
        let error = Wanted::read("gremlins").unwrap_err();
        for name in Fault::NAMES {
            assert!(error.message().contains(name), "{name}");
        }
    }
}
