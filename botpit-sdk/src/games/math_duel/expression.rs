//! An exact evaluator for whole-number arithmetic.

use std::fmt;

/// How deep parentheses and minus signs may be nested.
pub const MAX_DEPTH: u32 = 64;

/// Why an expression has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EvaluateError {
    /// It is no expression. Counted in bytes, from 0.
    Nonsense {
        /// Where it stops making sense.
        at: usize,
    },
    /// A division has a remainder.
    Inexact,
    /// Something is divided by zero.
    DivisionByZero,
    /// A number on the way does not fit 128 bits.
    Overflow,
    /// It is nested more than [`MAX_DEPTH`] deep.
    TooDeep,
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nonsense { at } => write!(f, "the expression makes no sense at byte {at}"),
            Self::Inexact => f.write_str("a division has a remainder"),
            Self::DivisionByZero => f.write_str("a division by zero"),
            Self::Overflow => f.write_str("a number does not fit 128 bits"),
            Self::TooDeep => write!(f, "nested more than {MAX_DEPTH} deep"),
        }
    }
}

impl std::error::Error for EvaluateError {}

/// What an arithmetic expression comes to: whole numbers, `+ - * /`, parentheses, and minus signs before any of them.
///
/// `*` and `/` go before `+` and `-`, and equals go from left to right. `×`, `·`, `÷` and `−` are read as well. It is exact or
/// it is an error: a division with a remainder is one, at the place where it happens (`7 / 2 * 2` has no value).
///
/// ```
/// use botpit_sdk::games::math_duel::{EvaluateError, evaluate};
///
/// assert_eq!(evaluate("2 + 3 * 4"), Ok(14));
/// assert_eq!(evaluate("(2 + 3) * -4"), Ok(-20));
/// assert_eq!(evaluate("7 / 2"), Err(EvaluateError::Inexact));
/// assert_eq!(evaluate("2 +"), Err(EvaluateError::Nonsense { at: 3 }));
/// ```
///
/// # Errors
/// [`EvaluateError`] says why there is no value.
pub fn evaluate(expression: &str) -> Result<i128, EvaluateError> {
    Reader { text: expression, at: 0, depth: 0, cut: false }.whole()
}

/// As [`evaluate`], but a division with a remainder is cut towards zero.
pub(super) fn evaluate_cut(expression: &str) -> Result<i128, EvaluateError> {
    Reader { text: expression, at: 0, depth: 0, cut: true }.whole()
}

/// Reads from left to right, one function for each level of precedence.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    cut: bool,
}

impl Reader<'_> {
    fn whole(mut self) -> Result<i128, EvaluateError> {
        let value = self.sum()?;
        if self.peek().is_some() { Err(self.nonsense()) } else { Ok(value) }
    }

    fn sum(&mut self) -> Result<i128, EvaluateError> {
        let mut value = self.product()?;
        loop {
            let next = match self.peek() {
                Some('+') => self.after('+', Self::product)?.map(|term| value.checked_add(term)),
                Some(minus @ ('-' | '−')) => {
                    self.after(minus, Self::product)?.map(|term| value.checked_sub(term))
                }
                _ => return Ok(value),
            };
            value = next.flatten().ok_or(EvaluateError::Overflow)?;
        }
    }

    fn product(&mut self) -> Result<i128, EvaluateError> {
        let mut value = self.factor()?;
        loop {
            let next = match self.peek() {
                Some(times @ ('*' | '×' | '·')) => {
                    self.after(times, Self::factor)?.map(|factor| value.checked_mul(factor))
                }
                Some(over @ ('/' | '÷')) => match self.after(over, Self::factor)? {
                    Some(0) => return Err(EvaluateError::DivisionByZero),
                    Some(divisor) => {
                        // Only the smallest number over −1 overflows, and that one has no remainder.
                        if !self.cut && value.checked_rem(divisor).is_some_and(|rest| rest != 0) {
                            return Err(EvaluateError::Inexact);
                        }
                        Some(value.checked_div(divisor))
                    }
                    None => None,
                },
                _ => return Ok(value),
            };
            value = next.flatten().ok_or(EvaluateError::Overflow)?;
        }
    }

    fn factor(&mut self) -> Result<i128, EvaluateError> {
        match self.peek() {
            Some(minus @ ('-' | '−')) => {
                let value = self.nested(|reader| {
                    reader.take(minus);
                    reader.factor()
                })?;
                value.checked_neg().ok_or(EvaluateError::Overflow)
            }
            Some('(') => self.nested(|reader| {
                reader.take('(');
                let value = reader.sum()?;
                if reader.peek() != Some(')') {
                    return Err(reader.nonsense());
                }
                reader.take(')');
                Ok(value)
            }),
            Some('0'..='9') => self.number(),
            _ => Err(self.nonsense()),
        }
    }

    fn number(&mut self) -> Result<i128, EvaluateError> {
        let mut value = 0_i128;
        while let Some(digit) = self.rest().chars().next().and_then(|c| c.to_digit(10)) {
            let longer = value.checked_mul(10).and_then(|value| value.checked_add(digit.into()));
            value = longer.ok_or(EvaluateError::Overflow)?;
            self.at += 1;
        }
        Ok(value)
    }

    fn nested(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<i128, EvaluateError>,
    ) -> Result<i128, EvaluateError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(EvaluateError::TooDeep);
        }
        let value = inner(self);
        self.depth -= 1;
        value
    }

    /// The operand behind an operator.
    fn after(
        &mut self,
        operator: char,
        operand: fn(&mut Self) -> Result<i128, EvaluateError>,
    ) -> Result<Option<i128>, EvaluateError> {
        self.take(operator);
        operand(self).map(Some)
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        self.rest().chars().next()
    }

    fn take(&mut self, seen: char) {
        self.at += seen.len_utf8();
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn nonsense(&self) -> EvaluateError {
        EvaluateError::Nonsense { at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_reads_as_people_do() {
        for (expression, value) in [
            ("0", 0),
            (" 007 ", 7),
            ("10 - 4 - 3", 3),
            ("100 / 5 / 2 * 3", 30),
            ("2+3*4-5", 9),
            ("2 * -3", -6),
            ("2 - -3", 5),
            ("--3", 3),
            ("-(1 + 2) * 2", -6),
            ("6 × 7 ÷ 2 − 1", 20),
            ("((((5))))", 5),
            ("-6 / 3", -2),
        ] {
            assert_eq!(evaluate(expression), Ok(value), "{expression}");
            assert_eq!(evaluate_cut(expression), Ok(value), "{expression}");
        }
    }

    #[test]
    fn what_has_no_value_says_why() {
        use EvaluateError::{DivisionByZero, Inexact, Nonsense, Overflow, TooDeep};
        for (expression, why) in [
            ("", Nonsense { at: 0 }),
            ("2 2", Nonsense { at: 2 }),
            ("2 + * 3", Nonsense { at: 4 }),
            ("(2 + 3", Nonsense { at: 6 }),
            ("2)", Nonsense { at: 1 }),
            ("2.5", Nonsense { at: 1 }),
            ("+2", Nonsense { at: 0 }),
            ("x + 1", Nonsense { at: 0 }),
            ("4 * ☃", Nonsense { at: 4 }),
            ("()", Nonsense { at: 1 }),
            ("7 / 2", Inexact),
            ("7 / 2 * 2", Inexact),
            ("1 / 0", DivisionByZero),
            ("0 / (3 - 3)", DivisionByZero),
            ("340282366920938463463374607431768211456", Overflow),
            ("170141183460469231731687303715884105727 + 1", Overflow),
            ("-170141183460469231731687303715884105727 - 2", Overflow),
            ("99999999999999999999 * 99999999999999999999", Overflow),
            ("(-170141183460469231731687303715884105727 - 1) / -1", Overflow),
        ] {
            assert_eq!(evaluate(expression), Err(why), "{expression}");
        }
        let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(evaluate(&nested(64)), Ok(1));
        assert_eq!(evaluate(&nested(65)), Err(TooDeep));
        assert_eq!(evaluate(&nested(1_000_000)), Err(TooDeep));
        assert_eq!(evaluate(&"-".repeat(1_000_000)), Err(TooDeep));
        assert_eq!(evaluate(&format!("1{}", " + 1".repeat(100_000))), Ok(100_001));
    }

    /// An expression as a tree, which is worked out without reading anything.
    #[derive(Debug, Clone)]
    enum Tree {
        Number(u32),
        Minus(Box<Tree>),
        Both(Box<Tree>, char, Box<Tree>),
    }

    impl Tree {
        fn value(&self) -> Result<i128, EvaluateError> {
            match self {
                Self::Number(number) => Ok(i128::from(*number)),
                Self::Minus(inner) => Ok(-inner.value()?),
                Self::Both(left, operator, right) => {
                    let (left, right) = (left.value()?, right.value()?);
                    match operator {
                        '+' => Ok(left + right),
                        '-' => Ok(left - right),
                        '*' => Ok(left * right),
                        _ if right == 0 => Err(EvaluateError::DivisionByZero),
                        _ if left % right != 0 => Err(EvaluateError::Inexact),
                        _ => Ok(left / right),
                    }
                }
            }
        }

        fn strength(&self) -> u8 {
            match self {
                Self::Number(_) | Self::Minus(_) => 3,
                Self::Both(_, '*' | '/', _) => 2,
                Self::Both(..) => 1,
            }
        }

        /// With parentheses where they are needed, and nowhere else.
        fn text(&self) -> String {
            let wrapped = |tree: &Self, least: u8| {
                if tree.strength() < least { format!("({})", tree.text()) } else { tree.text() }
            };
            match self {
                Self::Number(number) => number.to_string(),
                Self::Minus(inner) => format!("-{}", wrapped(inner, 3)),
                Self::Both(left, operator, right) => {
                    let own = self.strength();
                    format!("{} {operator} {}", wrapped(left, own), wrapped(right, own + 1))
                }
            }
        }
    }

    fn trees() -> impl Strategy<Value = Tree> {
        let number = prop_oneof![(0_u32..20).prop_map(Tree::Number), (0_u32..1000).prop_map(Tree::Number)];
        // Depth 5 with factors below 1000 stays far from 128 bits.
        number.prop_recursive(5, 12, 2, |inner| {
            prop_oneof![
                1 => inner.clone().prop_map(|tree| Tree::Minus(Box::new(tree))),
                4 => (inner.clone(), prop::sample::select(vec!['+', '-', '*', '/']), inner)
                    .prop_map(|(left, operator, right)| Tree::Both(Box::new(left), operator, Box::new(right))),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_tree_that_was_written_down(tree in trees()) {
            prop_assert_eq!(evaluate(&tree.text()), tree.value(), "{}", tree.text());
        }

        #[test]
        fn no_text_is_too_odd(text in "[-0-9+*/() ÷−.☃]{0,40}", any in ".{0,40}") {
            let _ = evaluate(&text);
            let _ = evaluate(&any);
        }
    }
}
