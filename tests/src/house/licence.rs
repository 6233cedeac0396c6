//! Every dependency may be used under a licence that is on the list.
//!
//! A package states an [SPDX expression](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/): identifiers
//! joined by `AND`, `OR`, `WITH` and parentheses. `OR` is our choice, `AND` is not; `WITH` adds an exception, which only
//! ever permits more. Old manifests write `/` for `OR`.

use std::fmt;

use super::{Finding, Metadata, allowed};

/// Every package whose licence the list does not satisfy, and every one that states none or nothing readable.
pub fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let place = format!("{} {}", package.name, package.version);
        let Some(stated) = package.licence.as_deref() else {
            findings.push(Finding::new("states no licence", place, "nobody may use what has none"));
            continue;
        };
        match Expression::parse(stated) {
            Ok(expression) if expression.is_satisfied_by(allowed::LICENCES) => {}
            Ok(_) => findings.push(Finding::new(
                format!("licence `{stated}`"),
                place,
                format!("allowed are {}", allowed::LICENCES.join(", ")),
            )),
            Err(error) => {
                findings.push(Finding::new(format!("licence `{stated}`"), place, error.to_string()))
            }
        }
    }
    findings
}

/// A licence expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// One licence by its SPDX identifier, with or without an exception.
    Licence(String),
    /// All of them must be followed.
    All(Vec<Expression>),
    /// One of them must be followed, and we choose.
    Any(Vec<Expression>),
}

/// Why a text is no licence expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}

impl Expression {
    /// Reads an expression. `AND` binds closer than `OR`; operators may be written in lower case.
    ///
    /// # Errors
    /// When the text is no expression; the message says what was expected.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut tokens = Tokens(tokenize(text)?.into_iter().peekable());
        let expression = tokens.any()?;
        match tokens.0.next() {
            None => Ok(expression),
            Some(token) => Err(ParseError(format!("expected the end, found {token}"))),
        }
    }

    /// Whether following only these licences is enough.
    pub fn is_satisfied_by(&self, allowed: &[&str]) -> bool {
        match self {
            Self::Licence(name) => allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)),
            Self::All(parts) => parts.iter().all(|part| part.is_satisfied_by(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.is_satisfied_by(allowed)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    And,
    Or,
    With,
    Open,
    Close,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::And => f.write_str("AND"),
            Self::Or => f.write_str("OR"),
            Self::With => f.write_str("WITH"),
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
        }
    }
}

fn tokenize(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&next) = chars.peek() {
        let token = match next {
            '(' => Token::Open,
            ')' => Token::Close,
            '/' => Token::Or,
            c if c.is_whitespace() => {
                chars.next();
                continue;
            }
            c if is_name(c) => {
                let mut name = String::new();
                while let Some(c) = chars.next_if(|c| is_name(*c)) {
                    name.push(c);
                }
                tokens.push(match name.to_ascii_uppercase().as_str() {
                    "AND" => Token::And,
                    "OR" => Token::Or,
                    "WITH" => Token::With,
                    _ => Token::Name(name),
                });
                continue;
            }
            other => return Err(ParseError(format!("unexpected `{other}`"))),
        };
        chars.next();
        tokens.push(token);
    }
    Ok(tokens)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | ':')
}

struct Tokens(std::iter::Peekable<std::vec::IntoIter<Token>>);

impl Tokens {
    fn any(&mut self) -> Result<Expression, ParseError> {
        self.joined(&Token::Or, Self::all, Expression::Any)
    }

    fn all(&mut self) -> Result<Expression, ParseError> {
        self.joined(&Token::And, Self::one, Expression::All)
    }

    fn joined(
        &mut self,
        operator: &Token,
        part: fn(&mut Self) -> Result<Expression, ParseError>,
        join: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression, ParseError> {
        let first = part(self)?;
        let mut rest = Vec::new();
        while self.0.next_if_eq(operator).is_some() {
            rest.push(part(self)?);
        }
        if rest.is_empty() {
            return Ok(first);
        }
        rest.insert(0, first);
        Ok(join(rest))
    }

    fn one(&mut self) -> Result<Expression, ParseError> {
        match self.0.next() {
            Some(Token::Open) => {
                let inner = self.any()?;
                match self.0.next() {
                    Some(Token::Close) => Ok(inner),
                    other => Err(ParseError(format!("expected `)`, found {}", shown(other)))),
                }
            }
            Some(Token::Name(name)) => {
                if self.0.next_if_eq(&Token::With).is_some() {
                    match self.0.next() {
                        Some(Token::Name(_exception)) => {}
                        other => {
                            return Err(ParseError(format!("expected an exception, found {}", shown(other))));
                        }
                    }
                }
                Ok(Expression::Licence(name))
            }
            other => Err(ParseError(format!("expected a licence, found {}", shown(other)))),
        }
    }
}

fn shown(token: Option<Token>) -> String {
    token.map_or_else(|| "the end".to_owned(), |token| token.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Package;
    use super::super::metadata::made_up::{package, workspace};
    use super::*;

    fn licence(name: &str) -> Expression {
        Expression::Licence(name.to_owned())
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert_eq!(
            Expression::parse("MIT OR Apache-2.0 AND ISC").unwrap(),
            Expression::Any(vec![
                licence("MIT"),
                Expression::All(vec![licence("Apache-2.0"), licence("ISC")])
            ])
        );
        assert_eq!(
            Expression::parse("(MIT OR Apache-2.0) AND Unicode-3.0").unwrap(),
            Expression::All(vec![
                Expression::Any(vec![licence("MIT"), licence("Apache-2.0")]),
                licence("Unicode-3.0")
            ])
        );
        assert_eq!(Expression::parse("MIT/Apache-2.0"), Expression::parse("MIT OR Apache-2.0"));
        assert_eq!(Expression::parse("((MIT))").unwrap(), licence("MIT"));
        assert_eq!(Expression::parse("Apache-2.0 WITH LLVM-exception").unwrap(), licence("Apache-2.0"));
    }

    #[test]
    fn or_is_our_choice_and_and_is_not() {
        let allowed = ["MIT", "Apache-2.0", "ISC"];
        for (text, satisfied) in [
            ("MIT", true),
            ("mit", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("GPL-3.0-only/MIT", true),
            ("MIT AND GPL-3.0-only", false),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("(GPL-3.0-only OR MIT) AND (ISC OR LGPL-2.1)", true),
            ("GPL-3.0-only OR MIT AND LGPL-2.1", false),
            ("(GPL-3.0-only or MIT) and ISC", true),
            ("MIT+", false),
        ] {
            assert_eq!(Expression::parse(text).unwrap().is_satisfied_by(&allowed), satisfied, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_says_what_was_expected() {
        for (text, message) in [
            ("", "expected a licence, found the end"),
            ("MIT OR", "expected a licence, found the end"),
            ("AND MIT", "expected a licence, found AND"),
            ("(MIT", "expected `)`, found the end"),
            ("MIT)", "expected the end, found `)`"),
            ("MIT Apache-2.0", "expected the end, found `Apache-2.0`"),
            ("MIT WITH", "expected an exception, found the end"),
            ("MIT, ISC", "unexpected `,`"),
        ] {
            assert_eq!(Expression::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn a_licence_off_the_list_is_found() {
        let with =
            |name, licence: Option<&str>| Package { licence: licence.map(str::to_owned), ..package(name) };
        let metadata = workspace(vec![
            with("good", Some("MIT OR GPL-3.0-only")),
            with("copyleft", Some("GPL-3.0-or-later")),
            with("none", None),
            with("odd", Some("see LICENSE.txt")),
        ]);
        let found: Vec<_> = check(&metadata).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].starts_with("copyleft 1.0.0: licence `GPL-3.0-or-later` (allowed are Apache-2.0, "));
        assert_eq!(found[1], "none 1.0.0: states no licence (nobody may use what has none)");
        assert!(found[2].starts_with("odd 1.0.0: licence `see LICENSE.txt` (expected the end"));
    }
}
