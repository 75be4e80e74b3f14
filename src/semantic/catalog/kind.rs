//! Which values a parameter takes, in words and as a check.

use std::fmt;

use crate::ir::Literal;
use crate::syntax::ast::{Value, ValueKind};

/// Which values a parameter takes; most take one kind, some several.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A whole number between two bounds, both allowed.
    Integer(i64, i64),
    Number(f64, f64, Ends),
    /// A number that is written with a fraction, where a whole one means
    /// something else.
    Fraction(f64, f64, Ends),
    Bool,
    /// `FALSE` alone, beside words that say what is done instead.
    False,
    String,
    Choice(&'static [&'static str]),
    /// Words separated by commas, or a list.
    Words,
    /// A SQL query as a string.
    Query,
    List(&'static Kind),
    /// `NONE`.
    Nothing,
    Any,
}

/// Which ends of a range belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Closed,
    Open,
    OpenBelow,
    OpenAbove,
}

/// What a value is to a kind.
pub(crate) enum Fit {
    Fits(Literal),
    /// Of the right type and out of the range.
    OutOfRange,
    /// A word that is none of the choices.
    NoChoice(&'static [&'static str]),
    Other,
}

impl Kind {
    pub(crate) fn fit(self, value: &Value) -> Fit {
        let text = match &value.kind {
            ValueKind::String(text) | ValueKind::Word(text) => Some(text),
            _ => None,
        };
        let fits = match self {
            Kind::Integer(least, most) => match &value.kind {
                ValueKind::Integer(digits) if is_between(digits, least, most) => true,
                ValueKind::Integer(_) => return Fit::OutOfRange,
                _ => false,
            },
            Kind::Number(least, most, ends) => match &value.kind {
                ValueKind::Integer(digits) | ValueKind::Float(digits) => {
                    return in_range(digits, least, most, ends, value);
                }
                _ => false,
            },
            Kind::Fraction(least, most, ends) => match &value.kind {
                ValueKind::Float(digits) => return in_range(digits, least, most, ends, value),
                _ => false,
            },
            Kind::Bool => match &value.kind {
                ValueKind::Bool(_) => true,
                // SQLFlow's programs write 0 and 1 too.
                ValueKind::Integer(digits) if digits == "0" => {
                    return Fit::Fits(Literal::Bool(false));
                }
                ValueKind::Integer(digits) if digits == "1" => {
                    return Fit::Fits(Literal::Bool(true));
                }
                _ => false,
            },
            Kind::False => matches!(value.kind, ValueKind::Bool(false)),
            Kind::String => text.is_some(),
            Kind::Query => matches!(value.kind, ValueKind::String(_)),
            Kind::Choice(choices) => match text {
                Some(text) if choices.contains(&text.as_str()) => true,
                Some(_) => return Fit::NoChoice(choices),
                None => false,
            },
            Kind::Words => {
                return words(value).map_or(Fit::Other, |words| Fit::Fits(Literal::List(words)));
            }
            Kind::List(inner) => match &value.kind {
                ValueKind::List(values) => {
                    let mut literals = Vec::new();
                    for value in values {
                        match inner.fit(value) {
                            Fit::Fits(literal) => literals.push(literal),
                            other => return other,
                        }
                    }
                    return Fit::Fits(Literal::List(literals));
                }
                _ => false,
            },
            Kind::Nothing => matches!(value.kind, ValueKind::None),
            Kind::Any => true,
        };
        if fits {
            Fit::Fits(plain(value))
        } else {
            Fit::Other
        }
    }
}

fn is_between(digits: &str, least: i64, most: i64) -> bool {
    match digits.parse::<i64>() {
        Ok(number) => (least..=most).contains(&number),
        // Too many digits for 64 bits: what has no bound on that side takes it.
        Err(_) if digits.starts_with('-') => least == i64::MIN,
        Err(_) => most == i64::MAX,
    }
}

fn in_range(digits: &str, least: f64, most: f64, ends: Ends, value: &Value) -> Fit {
    let number: f64 = digits.parse().unwrap_or(f64::NAN);
    let above = match ends {
        Ends::Closed | Ends::OpenAbove => number >= least,
        Ends::Open | Ends::OpenBelow => number > least,
    };
    let below = match ends {
        Ends::Closed | Ends::OpenBelow => number <= most,
        Ends::Open | Ends::OpenAbove => number < most,
    };
    if above && below {
        Fit::Fits(plain(value))
    } else {
        Fit::OutOfRange
    }
}

/// `a whole number from 1`, `TRUE or FALSE`, `one of a, b`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Integer(least, most) => {
                f.write_str("a whole number")?;
                match (*least > i64::MIN, *most < i64::MAX) {
                    (true, true) if least == most => write!(f, ", {least}"),
                    (true, true) => write!(f, " from {least} to {most}"),
                    (true, false) => write!(f, " from {least}"),
                    (false, true) => write!(f, " up to {most}"),
                    (false, false) => Ok(()),
                }
            }
            Kind::Number(least, most, ends) => {
                f.write_str("a number")?;
                range(f, *least, *most, *ends)
            }
            Kind::Fraction(least, most, ends) => {
                f.write_str("a number with a fraction")?;
                range(f, *least, *most, *ends)
            }
            Kind::Bool => f.write_str("TRUE or FALSE"),
            Kind::False => f.write_str("FALSE"),
            Kind::String => f.write_str("a string"),
            Kind::Choice([only]) => f.write_str(only),
            Kind::Choice(choices) => write!(f, "one of {}", choices.join(", ")),
            Kind::Words => f.write_str("words separated by commas"),
            Kind::Query => f.write_str("a query as a string"),
            Kind::List(inner) => match inner {
                Kind::Integer(i64::MIN, i64::MAX) => f.write_str("a list of whole numbers"),
                Kind::Integer(least, i64::MAX) => {
                    write!(f, "a list of whole numbers from {least}")
                }
                Kind::Integer(least, most) => {
                    write!(f, "a list of whole numbers from {least} to {most}")
                }
                Kind::Number(..) => f.write_str("a list of numbers"),
                Kind::List(_) => f.write_str("a list of lists of whole numbers"),
                _ => f.write_str("a list"),
            },
            Kind::Nothing => f.write_str("NONE"),
            Kind::Any => f.write_str("any value"),
        }
    }
}

fn range(f: &mut fmt::Formatter<'_>, least: f64, most: f64, ends: Ends) -> fmt::Result {
    let low = match ends {
        Ends::Closed | Ends::OpenAbove => "from",
        Ends::Open | Ends::OpenBelow => "above",
    };
    let high = match ends {
        Ends::Closed => "to",
        Ends::OpenBelow => "up to",
        Ends::Open | Ends::OpenAbove => "below",
    };
    match (least.is_finite(), most.is_finite()) {
        (true, true) if high == "below" => write!(f, " {low} {least} and {high} {most}"),
        (true, true) => write!(f, " {low} {least} {high} {most}"),
        (true, false) => write!(f, " {low} {least}"),
        (false, true) if high == "below" => write!(f, " below {most}"),
        (false, true) => write!(f, " up to {most}"),
        (false, false) => Ok(()),
    }
}

/// All of several kinds: `a whole number from 1, sqrt or NONE`.
pub(crate) fn any_of(kinds: &[Kind]) -> String {
    let texts: Vec<_> = kinds.iter().map(Kind::to_string).collect();
    match texts.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A value as a literal, whatever its type. A bare word is the string of its
/// letters.
pub(crate) fn plain(value: &Value) -> Literal {
    match &value.kind {
        ValueKind::Integer(digits) => Literal::Integer(without_leading_zeros(digits)),
        ValueKind::Float(digits) => Literal::Float(digits.clone()),
        ValueKind::String(text) | ValueKind::Word(text) => Literal::String(text.clone()),
        ValueKind::Bool(value) => Literal::Bool(*value),
        ValueKind::None => Literal::None,
        ValueKind::List(values) => Literal::List(values.iter().map(plain).collect()),
    }
}

/// `007` is a number in SQL and an error in Python and JSON.
pub(crate) fn without_leading_zeros(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let trimmed = digits.trim_start_matches('0');
    format!("{sign}{}", if trimmed.is_empty() { "0" } else { trimmed })
}

/// The words of `"a, b"` or `["a", "b"]`.
fn words(value: &Value) -> Option<Vec<Literal>> {
    match &value.kind {
        ValueKind::String(text) | ValueKind::Word(text) => Some(
            text.split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(Literal::string)
                .collect(),
        ),
        ValueKind::List(values) => values
            .iter()
            .map(|value| match &value.kind {
                ValueKind::String(text) | ValueKind::Word(text) => Some(Literal::string(text)),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// A default of the catalog, which is written as in a program, as a literal.
pub(crate) fn default_literal(text: &str) -> Literal {
    match text {
        "TRUE" => Literal::Bool(true),
        "FALSE" => Literal::Bool(false),
        "NONE" => Literal::None,
        _ if text.parse::<i64>().is_ok() => Literal::Integer(text.to_owned()),
        _ if text.parse::<f64>().is_ok() => Literal::Float(text.to_owned()),
        _ => match text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            Some(inner) => Literal::List(inner.split(", ").map(default_literal).collect()),
            None => Literal::string(text),
        },
    }
}
