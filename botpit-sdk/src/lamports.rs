//! Money as the platform counts it: whole lamports, never a float.
//!
//! One SOL is 1,000,000,000 lamports. A wager is always written with its unit, so that nobody asks for ten million SOL
//! when ten million lamports were meant:
//!
//! ```
//! use botpit_sdk::Lamports;
//!
//! let wager: Lamports = "0.01 SOL".parse()?;
//! assert_eq!(wager, "10000000 lamports".parse()?);
//! assert_eq!(wager.as_lamports(), 10_000_000);
//! assert_eq!(wager.to_string(), "0.01 SOL");
//!
//! let error = "10000000".parse::<Lamports>().unwrap_err();
//! assert!(error.to_string().contains("unit"));
//! # Ok::<(), botpit_sdk::lamports::ParseLamportsError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use sdk_core::error::Error;
use serde::{Deserialize, Serialize};

/// One SOL in lamports.
pub const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

/// How many decimals a SOL has.
const DECIMALS: usize = 9;

/// An amount of money that cannot be negative: a wager, a payout, a fee.
///
/// Parses from `"0.01 SOL"` and `"10000000 lamports"` (the unit in any case, blanks around), and prints as SOL. On the
/// wire it is a bare integer of lamports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lamports(u64);

impl Lamports {
    /// Nothing: what a free game is played for.
    pub const ZERO: Self = Self(0);

    /// The smallest amount that the platform plays for: 0.001 SOL, the lower end of the micro bucket (spec, "Matchmaking").
    pub const MIN_WAGER: Self = Self(1_000_000);

    /// So many lamports.
    ///
    /// ```
    /// # use botpit_sdk::Lamports;
    /// assert_eq!(Lamports::from_lamports(10_000_000).to_string(), "0.01 SOL");
    /// ```
    pub const fn from_lamports(lamports: u64) -> Self {
        Self(lamports)
    }

    /// So many whole SOL, or `None` above 18,446,744,073 of them.
    pub const fn from_sol_whole(sol: u64) -> Option<Self> {
        match sol.checked_mul(LAMPORTS_PER_SOL) {
            Some(lamports) => Some(Self(lamports)),
            None => None,
        }
    }

    /// The amount in lamports.
    pub const fn as_lamports(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` when it would be negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// So many times the amount, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_mul(self, times: u64) -> Option<Self> {
        match self.0.checked_mul(times) {
            Some(product) => Some(Self(product)),
            None => None,
        }
    }

    /// This minus `other` as a profit or a loss, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_profit_over(self, other: Self) -> Option<SignedLamports> {
        let profit = self.0 as i128 - other.0 as i128;
        if profit < i64::MIN as i128 || profit > i64::MAX as i128 {
            return None;
        }
        Some(SignedLamports(profit as i64))
    }
}

impl fmt::Display for Lamports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&in_sol("", self.0))
    }
}

/// A profit or a loss: money that may be negative.
///
/// ```
/// use botpit_sdk::SignedLamports;
///
/// assert_eq!(SignedLamports::from_lamports(-20_000_000).to_string(), "-0.02 SOL");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignedLamports(i64);

impl SignedLamports {
    /// Neither profit nor loss.
    pub const ZERO: Self = Self(0);

    /// So many lamports.
    pub const fn from_lamports(lamports: i64) -> Self {
        Self(lamports)
    }

    /// The amount in lamports.
    pub const fn as_lamports(self) -> i64 {
        self.0
    }

    /// Whether it is a loss.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// How much it is without its sign.
    pub const fn abs(self) -> Lamports {
        Lamports(self.0.unsigned_abs())
    }

    /// The sum, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The sum, or the largest or smallest amount there is.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }
}

impl fmt::Display for SignedLamports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&in_sol(if self.is_negative() { "-" } else { "" }, self.0.unsigned_abs()))
    }
}

fn in_sol(sign: &str, lamports: u64) -> String {
    let (whole, fraction) = (lamports / LAMPORTS_PER_SOL, lamports % LAMPORTS_PER_SOL);
    if fraction == 0 {
        return format!("{sign}{whole} SOL");
    }
    let decimals = format!("{fraction:0width$}", width = DECIMALS);
    format!("{sign}{whole}.{} SOL", decimals.trim_end_matches('0'))
}

/// Why a text is not an amount of money. Each variant is one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseLamportsError {
    /// Nothing is written.
    Empty,
    /// A number stands alone.
    UnitMissing,
    /// The unit is neither SOL nor lamports.
    UnknownUnit,
    /// What stands before the unit is not a plain decimal number.
    NotANumber,
    /// The number has an exponent.
    Exponent,
    /// The number is negative.
    Negative,
    /// A comma, an underscore, an apostrophe or a blank stands inside the number.
    Separator,
    /// The number has more than one point.
    TwoPoints,
    /// A part of a lamport.
    PartOfALamport,
    /// More than nine decimals of a SOL.
    TooManyDecimals,
    /// More than 18,446,744,073.709551615 SOL.
    Overflow,
}

impl fmt::Display for ParseLamportsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an amount is missing: write \"0.01 SOL\" or \"10000000 lamports\"",
            Self::UnitMissing => "an amount needs its unit: write \"0.01 SOL\" or \"10000000 lamports\"",
            Self::UnknownUnit => "the unit of an amount is SOL or lamports",
            Self::NotANumber => "an amount is a plain decimal number with a unit, such as \"0.01 SOL\"",
            Self::Exponent => "an amount has no exponent: write all of its digits",
            Self::Negative => "an amount cannot be negative",
            Self::Separator => "an amount has no separators between its digits, and a point for its decimals",
            Self::TwoPoints => "an amount has at most one point",
            Self::PartOfALamport => "a lamport cannot be divided: write a whole number of them",
            Self::TooManyDecimals => "a SOL has nine decimals, not more",
            Self::Overflow => "an amount is at most 18446744073709551615 lamports",
        })
    }
}

impl std::error::Error for ParseLamportsError {}

impl From<ParseLamportsError> for Error {
    fn from(error: ParseLamportsError) -> Self {
        Self::invalid_argument("lamports", error.to_string()).with_source(error)
    }
}

impl FromStr for Lamports {
    type Err = ParseLamportsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ParseLamportsError::Empty);
        }
        let (number, unit) = split_unit(text)?;
        check_number(number)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole: u64 = whole.parse().map_err(|_| ParseLamportsError::Overflow)?;
        match unit {
            Unit::Lamports if number.contains('.') => Err(ParseLamportsError::PartOfALamport),
            Unit::Lamports => Ok(Self(whole)),
            Unit::Sol if fraction.len() > DECIMALS => Err(ParseLamportsError::TooManyDecimals),
            Unit::Sol => {
                // Nine digits at most, so it fits.
                let fraction: u64 =
                    format!("{fraction:0<DECIMALS$}").parse().map_err(|_| ParseLamportsError::NotANumber)?;
                whole
                    .checked_mul(LAMPORTS_PER_SOL)
                    .and_then(|lamports| lamports.checked_add(fraction))
                    .map(Self)
                    .ok_or(ParseLamportsError::Overflow)
            }
        }
    }
}

enum Unit {
    Sol,
    Lamports,
}

fn split_unit(text: &str) -> Result<(&str, Unit), ParseLamportsError> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let word = text.strip_prefix(number).unwrap_or_default();
    let unit = match word.to_ascii_lowercase().as_str() {
        "sol" => Unit::Sol,
        "lamports" | "lamport" => Unit::Lamports,
        "" => return Err(ParseLamportsError::UnitMissing),
        _ if number.trim().is_empty() => return Err(ParseLamportsError::NotANumber),
        _ => return Err(ParseLamportsError::UnknownUnit),
    };
    Ok((number.trim_end(), unit))
}

/// Digits, and at most one point with digits on both of its sides.
fn check_number(number: &str) -> Result<(), ParseLamportsError> {
    use ParseLamportsError as Rule;

    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = number.split('.').collect();
    if parts.iter().all(|part| digits(part)) {
        return if parts.len() > 2 { Err(Rule::TwoPoints) } else { Ok(()) };
    }
    let bare = number.trim_start_matches(['-', '\u{2212}']);
    let looks_like_a_number = bare.starts_with(|c: char| c.is_ascii_digit());
    Err(if looks_like_a_number && bare.len() < number.len() {
        Rule::Negative
    } else if looks_like_a_number && number.contains(['e', 'E']) {
        Rule::Exponent
    } else if looks_like_a_number && number.contains([',', '_', '\'', ' ', '\u{a0}', '\u{202f}']) {
        Rule::Separator
    } else if number.matches('.').count() > 1 {
        Rule::TwoPoints
    } else {
        Rule::NotANumber
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_with_a_unit_are_exact() {
        for (text, lamports) in [
            ("0.01 SOL", 10_000_000),
            ("10000000 lamports", 10_000_000),
            ("1 lamport", 1),
            ("  1.001 sol ", 1_001_000_000),
            ("0.000000001Sol", 1),
            ("0 SOL", 0),
            ("0.000000000 SOL", 0),
            ("007 SOL", 7_000_000_000),
            ("12\tLAMPORTS", 12),
            ("18446744073.709551615 SOL", u64::MAX),
            ("18446744073709551615 lamports", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Lamports::from_lamports(lamports)), "{text}");
        }
    }

    #[test]
    fn each_rule_is_named() {
        use ParseLamportsError as Rule;
        for (text, rule) in [
            ("", Rule::Empty),
            ("   ", Rule::Empty),
            ("10000000", Rule::UnitMissing),
            ("0.01", Rule::UnitMissing),
            ("1e9", Rule::UnitMissing),
            ("1 BTC", Rule::UnknownUnit),
            ("1 mSOL", Rule::UnknownUnit),
            ("SOL", Rule::NotANumber),
            ("NaN", Rule::NotANumber),
            ("NaN SOL", Rule::NotANumber),
            ("inf SOL", Rule::NotANumber),
            ("+1 SOL", Rule::NotANumber),
            (".5 SOL", Rule::NotANumber),
            ("5. SOL", Rule::NotANumber),
            (". SOL", Rule::NotANumber),
            ("0x10 lamports", Rule::NotANumber),
            ("\u{661} SOL", Rule::NotANumber),
            ("1e9 lamports", Rule::Exponent),
            ("1E-2 SOL", Rule::Exponent),
            ("-1 SOL", Rule::Negative),
            ("-0 SOL", Rule::Negative),
            ("\u{2212}1 SOL", Rule::Negative),
            ("1,000 lamports", Rule::Separator),
            ("0,01 SOL", Rule::Separator),
            ("1_000 lamports", Rule::Separator),
            ("1 000 lamports", Rule::Separator),
            ("1'000 lamports", Rule::Separator),
            ("1.2.3 SOL", Rule::TwoPoints),
            ("1..2 SOL", Rule::TwoPoints),
            ("0.5 lamports", Rule::PartOfALamport),
            ("1.0 lamports", Rule::PartOfALamport),
            ("0.0000000001 SOL", Rule::TooManyDecimals),
            ("0.0100000000 SOL", Rule::TooManyDecimals),
            ("18446744073.709551616 SOL", Rule::Overflow),
            ("18446744073709551616 lamports", Rule::Overflow),
            ("99999999999999999999999999 SOL", Rule::Overflow),
        ] {
            assert_eq!(text.parse::<Lamports>(), Err(rule), "{text:?}");
        }
    }

    #[test]
    fn prints_sol_exactly() {
        for (lamports, text) in [
            (0, "0 SOL"),
            (1, "0.000000001 SOL"),
            (10_000_000, "0.01 SOL"),
            (1_000_999_999, "1.000999999 SOL"),
            (20_000_000_000, "20 SOL"),
            (u64::MAX, "18446744073.709551615 SOL"),
        ] {
            assert_eq!(Lamports::from_lamports(lamports).to_string(), text);
        }
        assert_eq!(format!("{:>9}", Lamports::from_lamports(10_000_000)), " 0.01 SOL");
        assert_eq!(SignedLamports::from_lamports(-1).to_string(), "-0.000000001 SOL");
        assert_eq!(SignedLamports::from_lamports(i64::MIN).to_string(), "-9223372036.854775808 SOL");
    }

    #[test]
    fn on_the_wire_it_is_a_bare_whole_number() {
        assert_eq!(serde_json::to_string(&Lamports::from_lamports(10_000_000)).unwrap(), "10000000");
        assert_eq!(serde_json::from_str::<SignedLamports>("-20000000").unwrap().as_lamports(), -20_000_000);
        for wrong in ["-1", "1.5", "1e7", "\"10\"", "null", "18446744073709551616"] {
            assert!(serde_json::from_str::<Lamports>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn arithmetic_never_wraps() {
        let max = Lamports::from_lamports(u64::MAX);
        assert_eq!(max.checked_add(Lamports::from_lamports(1)), None);
        assert_eq!(Lamports::ZERO.checked_sub(Lamports::from_lamports(1)), None);
        assert_eq!(max.checked_mul(2), None);
        assert_eq!(Lamports::from_sol_whole(18_446_744_074), None);
        assert_eq!(Lamports::from_sol_whole(2), Some(Lamports::from_lamports(2_000_000_000)));
        assert_eq!(max.checked_profit_over(Lamports::ZERO), None);
        assert_eq!(Lamports::ZERO.checked_profit_over(max), None);
        let lost =
            Lamports::from_lamports(19_000_000).checked_profit_over(Lamports::from_lamports(20_000_000));
        assert_eq!(lost, Some(SignedLamports::from_lamports(-1_000_000)));
    }
}
