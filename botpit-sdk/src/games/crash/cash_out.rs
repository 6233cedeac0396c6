//! Where to cash out, exact to the hundredth.

use std::fmt;
use std::str::FromStr;

use sdk_core::error::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A cash-out: 1.01 to 10.00, in hundredths (spec, "Crash").
///
/// It is a whole number inside, so two of them are equal exactly when they read the same. On the wire it is the JSON
/// number: `2.5`.
///
/// ```
/// use botpit_sdk::games::crash::CashOut;
///
/// let cash_out: CashOut = "2.5".parse()?;
/// assert_eq!(cash_out, CashOut::from_hundredths(250)?);
/// assert_eq!(serde_json::to_string(&cash_out).unwrap(), "2.5");
/// assert_eq!(CashOut::from_hundredths(100).unwrap_err().message(), "a cash-out is 1.01 to 10.00, not 1.00");
/// assert!("2.505".parse::<CashOut>().is_err());
/// # Ok::<(), botpit_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CashOut(u16);

const RANGE: &str = "a cash-out is 1.01 to 10.00, in hundredths";

impl CashOut {
    /// 1.01, the lowest.
    pub const MIN: Self = Self(101);

    /// 10.00, the highest.
    pub const MAX: Self = Self(1_000);

    /// A cash-out from its hundredths: 250 is 2.5.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) outside of 101 to 1000.
    pub fn from_hundredths(hundredths: u32) -> Result<Self> {
        match u16::try_from(hundredths) {
            Ok(small @ 101..=1_000) => Ok(Self(small)),
            _ => {
                let message =
                    format!("a cash-out is 1.01 to 10.00, not {}.{:02}", hundredths / 100, hundredths % 100);
                Err(Error::invalid_argument("cashout", message))
            }
        }
    }

    /// The cash-out that a number means, to within a thousandth of a hundredth.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) outside of 1.01 to 10, and for what is no whole
    /// hundredth.
    pub fn from_f64(number: f64) -> Result<Self> {
        let hundredths = (number * 100.0).round();
        let whole = (number * 100.0 - hundredths).abs() < 1e-3;
        if !whole || !(101.0..=1_000.0).contains(&hundredths) {
            return Err(Error::invalid_argument("cashout", format!("{RANGE}, not {number}")));
        }
        Ok(Self(Self::small(hundredths)))
    }

    /// The lowest cash-out that is not below a number. `None` above 10.
    pub(super) fn at_or_above(number: f64) -> Option<Self> {
        let hundredths = (number * 100.0 - 1e-3).ceil().max(101.0);
        (hundredths <= 1_000.0).then(|| Self(Self::small(hundredths)))
    }

    /// The highest cash-out that is not above a number. `None` below 1.01.
    pub(super) fn at_or_below(number: f64) -> Option<Self> {
        let hundredths = (number * 100.0 + 1e-3).floor().min(1_000.0);
        (hundredths >= 101.0).then(|| Self(Self::small(hundredths)))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and 101 to 1000: every caller has checked"
    )]
    fn small(hundredths: f64) -> u16 {
        hundredths as u16
    }

    /// The hundredths: 250 for 2.5.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// The number that is nearest to it, the same one that a server reads from the wire.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Every cash-out, the lowest first: 900 of them.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (101..1_001).map(Self)
    }

    /// In how many of the 2³² values that the crash point is made from this cash-out survives.
    ///
    /// The crash point is `1/(1−x)` with `x = u / (2³²−1)` and `u` any 32-bit number (spec, "Seed Derivation Formulas").
    /// It is at least `h/100` exactly when `u ≥ (2³²−1) · (h−100)/h`.
    ///
    /// A server that cuts the crash point to two digits changes nothing of this. One that rounds it to the nearest
    /// hundredth lets a few more survive, at most half a hundredth's worth.
    pub const fn survivals(self) -> u64 {
        const MAX: u64 = u32::MAX as u64;
        let h = self.0 as u64;
        MAX + 1 - (MAX * (h - 100)).div_ceil(h)
    }

    /// The probability that it survives, `1/c` as near as 32 bits allow: [`survivals`](Self::survivals) out of 2³².
    #[expect(clippy::cast_precision_loss, reason = "33 bits fit")]
    pub fn survival_odds(self) -> f64 {
        self.survivals() as f64 / 4_294_967_296.0
    }
}

impl fmt::Display for CashOut {
    /// As short as it can be, with one digit at least: `2.5`, `10.0`, `1.01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        if rest % 10 == 0 { write!(f, "{whole}.{}", rest / 10) } else { write!(f, "{whole}.{rest:02}") }
    }
}

impl FromStr for CashOut {
    type Err = Error;

    /// Reads `2`, `2.5` and `2.50`, with an `x` behind it or without.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) outside of 1.01 to 10, for more than two digits
    /// behind the point, and for what is no number.
    fn from_str(text: &str) -> Result<Self> {
        let number = text.trim();
        let number = number.strip_suffix('x').unwrap_or(number);
        let (whole, rest) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str, most| {
            let plain = (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u32>().ok()).flatten()
        };
        let scale = if rest.len() == 1 { 10 } else { 1 };
        match (digits(whole, 4), digits(rest, 2)) {
            (Some(whole), Some(rest)) => Self::from_hundredths(whole * 100 + rest * scale),
            _ => Err(Error::invalid_argument("cashout", format!("{RANGE}, like \"2.5\""))),
        }
    }
}

impl Serialize for CashOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for CashOut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_f64(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cash_out_reads_as_it_is_written() {
        assert_eq!(CashOut::all().len(), 900);
        for cash_out in CashOut::all() {
            let text = cash_out.to_string();
            assert_eq!(text.parse::<CashOut>().unwrap(), cash_out);
            assert_eq!(serde_json::to_string(&cash_out).unwrap(), text);
            assert_eq!(serde_json::from_str::<CashOut>(&text).unwrap(), cash_out);
            let long = format!("{}.{:02}x", cash_out.0 / 100, cash_out.0 % 100);
            assert_eq!(long.parse::<CashOut>().unwrap(), cash_out);
            assert_eq!(CashOut::at_or_above(cash_out.as_f64()), Some(cash_out));
            assert_eq!(CashOut::at_or_below(cash_out.as_f64()), Some(cash_out));
            // A server that keeps 32-bit numbers sends the same cash-out back in other digits.
            let narrow = f64::from(text.parse::<f32>().unwrap());
            assert_eq!(CashOut::from_f64(narrow).unwrap(), cash_out);
        }
    }

    #[test]
    fn what_is_no_cash_out_is_refused() {
        for text in
            ["", "x", ".", "1.", ".5", "1.0", "1.005", "10.01", "11", "-2", "+2", "2,5", "2e0", "99999999999"]
        {
            assert_eq!(text.parse::<CashOut>().unwrap_err().field(), Some("cashout"), "{text}");
        }
        for number in [f64::NAN, f64::INFINITY, -2.0, 0.0, 1.0, 1.004, 2.505, 10.01] {
            assert!(CashOut::from_f64(number).unwrap_err().message().contains("1.01 to 10.00"), "{number}");
        }
    }

    #[test]
    fn the_survivors_are_counted_exactly() {
        for cash_out in CashOut::all() {
            let least = u64::from(u32::MAX) + 1 - cash_out.survivals();
            // u survives exactly when u / max >= (h - 100) / h.
            let survives =
                |u: u64| u * u64::from(cash_out.0) >= u64::from(u32::MAX) * u64::from(cash_out.0 - 100);
            assert!(survives(least) && !survives(least - 1), "{cash_out}");
            assert!((cash_out.survival_odds() - 1.0 / cash_out.as_f64()).abs() < 1e-9, "{cash_out}");
        }
    }
}
