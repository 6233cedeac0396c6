//! Magic words: names and keys that ask for a fault, as test card numbers do at a payment provider.
//!
//! They let a client in any language provoke every fault without knowing the control endpoint: register a bot named
//! `Rocky faultDropOnTurn`, or use a key that contains `faultRateLimited5`. They are the same on all platforms.
//!
//! A word is `fault`, a kind, an optional number, and an optional moment:
//!
//! | kind | what happens | the number is |
//! |---|---|---|
//! | `Revoked` | the platform refuses the key, every time, in its own words | |
//! | `Refuse`, `NeverAnswer` | [`RefuseConnect`](Fault::RefuseConnect), [`NeverAnswer`](Fault::NeverAnswer) at the next connect | how many times |
//! | `Unauthorized`, `Forbidden`, `ServerError`, `PartialBody` | an HTTP 401, 403, 500, half a body | how many times |
//! | `RateLimited`, `Unavailable` | an HTTP 429, 503 | `Retry-After` in seconds |
//! | `Redirect`, `Html` | a redirect, a page of HTML | the status |
//! | `Drop`, `Fin`, `Torn` | a reset, an end without a close frame, a reset in the middle of a frame | how many times |
//! | `HalfOpen`, `StopReading`, `Silence` | the server reads and sends nothing, reads nothing, sends nothing | how many times |
//! | `Slow`, `SlowPongs` | messages, pongs come late | milliseconds |
//! | `NoPongs` | pongs do not come any more | how many times |
//! | `Close` | a close frame | the close code |
//! | `Garbage`, `InvalidUtf8`, `ReservedBits`, `BadOpcode`, `Masked` | something that is not JSON, not UTF-8, not WebSocket | how many times |
//! | `Unknown`, `Broken`, `Binary` | a message of an unknown type, with a broken field, in a binary frame | how many times |
//! | `Duplicate`, `Stale` | a message twice, an earlier message again | how many times |
//! | `Huge`, `Fragments` | a message of 2 MiB, of a million fragments | bytes, fragments |
//!
//! | moment | when |
//! |---|---|
//! | none | as soon as the agent is known |
//! | `OnTurn` | at the first message that asks the bot to act; what ends the connection does so right after it was sent |
//! | `OnMove` | when the bot's first action has arrived, before it is handled |
//! | `AfterMove` | when the bot's first action has been handled, before the answer |
//!
//! Each word happens once for an agent (or as often as its number says), so that a bot that recovers can play on; only
//! `faultRevoked` holds for ever. An HTTP answer asked for inside a connection drops that connection and is given to the
//! next connect.
//!
//! ```
//! use sdk_core::sandbox::{Dialect, Fault, When, magic};
//!
//! let orders = magic::orders_in("bp_sandbox_faultClose4001OnTurn_7f3a", &Dialect::default());
//! let fault = Fault::Close { code: 4001, reason: "ordered by a magic word".into() };
//! assert_eq!(orders, [fault.on(When::sent("your_turn"))]);
//! assert!(magic::is_revoked("bp_sandbox_faultRevoked"));
//! ```

use super::dialect::Dialect;
use super::fault::Fault;
use super::order::{Order, When};

/// The kinds, longer ones before their prefixes, with the fault's name on the wire.
const KINDS: &[(&str, &str)] = &[
    ("NeverAnswer", "neverAnswer"),
    ("Refuse", "refuseConnect"),
    ("Unauthorized", "unauthorized"),
    ("Forbidden", "forbidden"),
    ("RateLimited", "rateLimited"),
    ("Unavailable", "unavailable"),
    ("ServerError", "serverError"),
    ("PartialBody", "partialBody"),
    ("Redirect", "redirect"),
    ("Html", "html"),
    ("Drop", "dropTcp"),
    ("Fin", "fin"),
    ("Torn", "tornFrame"),
    ("HalfOpen", "halfOpen"),
    ("StopReading", "stopReading"),
    ("Silence", "silence"),
    ("SlowPongs", "delayPongs"),
    ("Slow", "slow"),
    ("NoPongs", "dropPongs"),
    ("Close", "close"),
    ("Garbage", "garbageText"),
    ("InvalidUtf8", "invalidUtf8"),
    ("ReservedBits", "reservedBits"),
    ("BadOpcode", "badOpcode"),
    ("Masked", "maskedFrame"),
    ("Unknown", "unknownMessage"),
    ("Broken", "brokenField"),
    ("Binary", "binary"),
    ("Duplicate", "duplicate"),
    ("Stale", "stale"),
    ("Huge", "huge"),
    ("Fragments", "fragments"),
];

/// The magic words without their numbers and moments, `faultRevoked` first.
pub fn words() -> impl Iterator<Item = String> {
    std::iter::once("Revoked").chain(KINDS.iter().map(|(kind, _)| *kind)).map(|kind| format!("fault{kind}"))
}

/// Whether a name or key holds `faultRevoked`: the platform refuses it as it refuses a bad key.
pub fn is_revoked(text: &str) -> bool {
    text.match_indices("fault")
        .filter_map(|(at, _)| text.get(at + "fault".len()..))
        .any(|rest| rest.strip_prefix("Revoked").is_some_and(is_boundary))
}

/// The faults that a name or key asks for, in its order.
///
/// A platform need not call it: [`Peer::identify`](super::Peer::identify) does, and the server does for what stands in
/// a request's URL, its `Authorization` and its `X-Api-Key`.
pub fn orders_in(text: &str, dialect: &Dialect) -> Vec<Order> {
    found_in(text, dialect).into_iter().map(|(_, order)| order).collect()
}

/// The orders with the kind that asked for each.
pub(crate) fn found_in(text: &str, dialect: &Dialect) -> Vec<(&'static str, Order)> {
    text.match_indices("fault")
        .filter_map(|(at, _)| text.get(at + "fault".len()..))
        .filter_map(|rest| parse(rest, dialect))
        .collect()
}

fn parse(rest: &str, dialect: &Dialect) -> Option<(&'static str, Order)> {
    let (kind, name, rest) =
        KINDS.iter().find_map(|(kind, name)| Some((*kind, *name, rest.strip_prefix(kind)?)))?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = rest.split_at_checked(digits)?;
    let number: Option<u32> = if number.is_empty() { None } else { Some(number.parse().ok()?) };
    let (fault, times) = with_number(Fault::named(name)?, number);
    let moments: [(&str, When); 3] = [
        ("OnTurn", turn_of(&fault, dialect)),
        ("OnMove", When::received(&dialect.action)),
        ("AfterMove", When::handled(&dialect.action)),
    ];
    let (when, rest) = moments
        .into_iter()
        .find_map(|(word, when)| Some((when, rest.strip_prefix(word)?)))
        .unwrap_or((When::Now, rest));
    let order = fault.on(when).times(times);
    (is_boundary(rest) && order.check().is_ok()).then_some((kind, order))
}

/// Something else than the same word going on: `faultDropped` asks for nothing.
fn is_boundary(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_ascii_lowercase())
}

fn turn_of(fault: &Fault, dialect: &Dialect) -> When {
    if fault.alters_a_message() { When::sending(&dialect.turn) } else { When::sent(&dialect.turn) }
}

/// What the number in a word means: the fault's own, or how many times.
fn with_number(fault: Fault, number: Option<u32>) -> (Fault, u32) {
    let small = number.and_then(|number| u16::try_from(number).ok());
    let size = number.and_then(|number| usize::try_from(number).ok());
    let reason = || "ordered by a magic word".to_owned();
    let fault = match fault {
        Fault::RateLimited { retry_after } => {
            Fault::RateLimited { retry_after: number.map_or(retry_after, |seconds| seconds.to_string()) }
        }
        Fault::Unavailable { retry_after } => {
            Fault::Unavailable { retry_after: number.map_or(retry_after, |seconds| seconds.to_string()) }
        }
        Fault::Redirect { status, location } => Fault::Redirect { status: small.unwrap_or(status), location },
        Fault::Html { status } => Fault::Html { status: small.unwrap_or(status) },
        Fault::Slow { delay_ms } => Fault::Slow { delay_ms: number.map_or(delay_ms, u64::from) },
        Fault::DelayPongs { delay_ms } => Fault::DelayPongs { delay_ms: number.map_or(delay_ms, u64::from) },
        Fault::Close { code, .. } => Fault::Close { code: small.unwrap_or(code), reason: reason() },
        Fault::Huge { bytes } => Fault::Huge { bytes: size.unwrap_or(bytes) },
        Fault::Fragments { count } => Fault::Fragments { count: size.unwrap_or(count) },
        plain => return (plain, number.unwrap_or(1).max(1)),
    };
    (fault, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_word() {
        for name in Fault::NAMES {
            let (kind, _) = KINDS.iter().find(|(_, known)| known == name).unwrap_or_else(|| panic!("{name}"));
            let orders = orders_in(&format!("Rocky fault{kind} the Second"), &Dialect::default());
            assert_eq!(orders.len(), 1, "{kind}");
            assert_eq!(orders[0].fault.name(), *name);
        }
        assert_eq!(words().count(), Fault::NAMES.len() + 1);
    }

    #[test]
    fn numbers_and_moments() {
        let dialect = Dialect::default().turn("chat:message").action("chat:reply");
        let one = |text: &str| match orders_in(text, &dialect).as_slice() {
            [order] => order.to_string(),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(one("faultDrop3OnTurn"), "dropTcp 3 times when chat:message was sent");
        assert_eq!(one("faultTornOnTurn"), "tornFrame once before chat:message is sent");
        assert_eq!(one("faultFinOnMove"), "fin once when chat:reply was received");
        assert_eq!(one("faultDropAfterMove"), "dropTcp once when chat:reply was handled");
        assert_eq!(one("key_faultNoPongs_1"), "dropPongs once now");
        let retry = &orders_in("faultRateLimited30", &dialect)[0].fault;
        assert_eq!(*retry, Fault::RateLimited { retry_after: "30".into() });
        let slow = &orders_in("faultSlowPongs800", &dialect)[0].fault;
        assert_eq!(*slow, Fault::DelayPongs { delay_ms: 800 });
        assert_eq!(orders_in("faultInvalidUtf8", &dialect)[0].fault, Fault::InvalidUtf8);
    }

    #[test]
    fn ordinary_names_ask_for_nothing() {
        for name in
            ["default", "faultline", "faultDropped", "Faulty", "fault", "faultGremlins", "", "🦀fault🦀"]
        {
            assert!(orders_in(name, &Dialect::default()).is_empty(), "{name}");
        }
        assert!(!is_revoked("faultRevokedly"));
        // An answer of HTTP cannot be given at a WebSocket message, and what is out of limits is not guessed at.
        assert!(orders_in("faultForbiddenOnTurn faultSlow99999999", &Dialect::default()).is_empty());
    }

    #[test]
    fn several_words_in_one_name() {
        assert_eq!(orders_in("faultDropOnTurn,faultSlow", &Dialect::default()).len(), 2);
    }
}
