//! Checks attributes against the catalog and turns their values into
//! literals.

use super::catalog::{self, Attribute, Kind, Role};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Literal, Setting};
use crate::syntax::ast::{self, Value, ValueKind};

/// An attribute that the catalog knows, with a value that fits.
pub(super) struct Checked<'a> {
    pub(super) known: &'static Attribute,
    pub(super) written: &'a ast::Attribute,
    pub(super) value: Literal,
}

/// Checks the attributes of one statement: each known, given once, of the
/// right type and in range. What is wrong is reported and left out.
pub(super) fn check<'a>(
    written: &'a [ast::Attribute],
    known: impl Iterator<Item = &'static Attribute> + Clone,
    of: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Checked<'a>> {
    let mut checked: Vec<Checked<'a>> = Vec::new();
    for attribute in written {
        let Some(found) = known.clone().find(|known| known.name == attribute.name) else {
            diagnostics.push(unknown(attribute, known.clone(), of));
            continue;
        };
        let target = target(found);
        if let Some(first) = checked
            .iter()
            .find(|other| self::target(other.known) == target)
        {
            diagnostics.push(duplicate(attribute, first.written));
            continue;
        }
        match literal(attribute, found.kind) {
            Ok(value) => {
                if let Role::Ignored(why) = found.role {
                    diagnostics.push(without_effect(attribute, why));
                }
                checked.push(Checked {
                    known: found,
                    written: attribute,
                    value,
                });
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    checked
}

/// Two names for one thing, such as `eta` and `learning_rate`, count as one.
fn target(attribute: &'static Attribute) -> &'static str {
    match attribute.role {
        Role::ParamAs(name) => name,
        Role::Rounds => "train.num_boost_round",
        _ => attribute.name,
    }
}

fn unknown(
    attribute: &ast::Attribute,
    known: impl Iterator<Item = &'static Attribute> + Clone,
    of: &str,
) -> Diagnostic {
    let message = format!("{of} has no attribute `{}`", attribute.name);
    let names = known.clone().map(|known| known.name);
    Diagnostic::new(Code::UnknownAttribute, attribute.name_span, message).suggest(
        &attribute.name,
        names,
        || {
            // `epoch` is likely meant as `train.epoch`.
            let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
            let same = known
                .clone()
                .find(|known| last(known.name) == last(&attribute.name));
            match same {
                Some(same) => format!("did you mean `{}`?", same.name),
                None if known.clone().count() < 8 => {
                    let names: Vec<_> = known.clone().map(|known| known.name).collect();
                    format!("{of} takes {}", names.join(", "))
                }
                None => format!("`sqlflowc models {}` lists them", of.trim_matches('`')),
            }
        },
    )
}

fn duplicate(attribute: &ast::Attribute, first: &ast::Attribute) -> Diagnostic {
    let message = if attribute.name == first.name {
        format!("`{}` is given twice", attribute.name)
    } else {
        format!("`{}` means the same as `{}`", attribute.name, first.name)
    };
    Diagnostic::new(Code::DuplicateAttribute, attribute.name_span, message)
        .note(first.name_span, "first here")
        .help("keep one of them")
}

fn without_effect(attribute: &ast::Attribute, why: &str) -> Diagnostic {
    let message = format!("`{}` does nothing here", attribute.name);
    Diagnostic::new(Code::AttributeWithoutEffect, attribute.name_span, message)
        .help(format!("{why}; leave it out"))
}

/// An attribute's value as a literal of its kind.
pub(super) fn literal(attribute: &ast::Attribute, kind: Kind) -> Result<Literal, Diagnostic> {
    let value = &attribute.value;
    let wrong = |wanted: String| {
        let message = format!(
            "`{}` takes {wanted}, not {}",
            attribute.name,
            described(value)
        );
        let diagnostic = Diagnostic::new(Code::InvalidAttribute, value.span, message);
        match &value.kind {
            ValueKind::String(text) if text.parse::<f64>().is_ok() => {
                diagnostic.help("take the quotes off")
            }
            _ => diagnostic,
        }
    };
    match kind {
        Kind::Integer(least) => match &value.kind {
            ValueKind::Integer(digits) if at_least(digits, least) => Ok(plain(value)),
            ValueKind::Integer(digits) => Err(out_of_range(
                attribute,
                digits,
                &format!("it must be at least {least}"),
            )),
            _ => Err(wrong("a whole number".to_owned())),
        },
        Kind::Number(least, most) => match &value.kind {
            ValueKind::Integer(digits) | ValueKind::Float(digits) => {
                let number: f64 = digits.parse().unwrap_or(f64::NAN);
                if (least..=most).contains(&number) {
                    Ok(plain(value))
                } else {
                    Err(out_of_range(attribute, digits, &bounds(least, most)))
                }
            }
            _ => Err(wrong("a number".to_owned())),
        },
        Kind::Bool => match &value.kind {
            ValueKind::Bool(_) => Ok(plain(value)),
            // SQLFlow's programs write 0 and 1 too.
            ValueKind::Integer(digits) if digits == "0" => Ok(Literal::Bool(false)),
            ValueKind::Integer(digits) if digits == "1" => Ok(Literal::Bool(true)),
            _ => Err(wrong("TRUE or FALSE".to_owned())),
        },
        Kind::String => match &value.kind {
            ValueKind::String(_) | ValueKind::Word(_) => Ok(plain(value)),
            _ => Err(wrong("a string".to_owned())),
        },
        Kind::Query => match &value.kind {
            ValueKind::String(_) => Ok(plain(value)),
            _ => Err(wrong("a query as a string".to_owned())),
        },
        Kind::Choice(choices) => match &value.kind {
            ValueKind::String(text) | ValueKind::Word(text) => {
                if choices.contains(&text.as_str()) {
                    Ok(plain(value))
                } else {
                    Err(no_choice(attribute, text, choices))
                }
            }
            _ => Err(wrong(format!("one of {}", choices.join(", ")))),
        },
        Kind::Words => words(value)
            .map(Literal::List)
            .ok_or_else(|| wrong("a string of words separated by commas, or a list".to_owned())),
        Kind::Integers(least) => match &value.kind {
            ValueKind::List(values)
                if values.iter().all(|value| match &value.kind {
                    ValueKind::Integer(digits) => at_least(digits, least),
                    _ => false,
                }) =>
            {
                Ok(plain(value))
            }
            _ => Err(wrong(format!(
                "a list of whole numbers of at least {least}, such as `[64, 32]`"
            ))),
        },
        Kind::Numbers => match &value.kind {
            ValueKind::Integer(_) | ValueKind::Float(_) => Ok(plain(value)),
            ValueKind::List(values)
                if values
                    .iter()
                    .all(|v| matches!(v.kind, ValueKind::Integer(_) | ValueKind::Float(_))) =>
            {
                Ok(plain(value))
            }
            _ => Err(wrong("a number or a list of numbers".to_owned())),
        },
        Kind::Any => Ok(plain(value)),
    }
}

fn at_least(digits: &str, least: i64) -> bool {
    // Too many digits for 64 bits means large, and negative only with a sign.
    digits
        .parse::<i64>()
        .map_or(!digits.starts_with('-'), |number| number >= least)
}

fn bounds(least: f64, most: f64) -> String {
    match (least.is_finite(), most.is_finite()) {
        (true, true) => format!("it must be between {least} and {most}"),
        (true, false) => format!("it must be at least {least}"),
        _ => "it must be a number".to_owned(),
    }
}

fn out_of_range(attribute: &ast::Attribute, digits: &str, rule: &str) -> Diagnostic {
    let message = format!("`{}` is out of range: {digits}", attribute.name);
    Diagnostic::new(Code::InvalidAttribute, attribute.value.span, message).help(rule)
}

fn no_choice(attribute: &ast::Attribute, text: &str, choices: &'static [&str]) -> Diagnostic {
    let message = format!("`{}` has no choice `{text}`", attribute.name);
    Diagnostic::new(Code::InvalidAttribute, attribute.value.span, message).suggest(
        text,
        choices.iter().copied(),
        || format!("the choices are {}", choices.join(", ")),
    )
}

fn described(value: &Value) -> &'static str {
    match value.kind {
        ValueKind::Integer(_) => "a whole number",
        ValueKind::Float(_) => "a number with a fraction",
        ValueKind::String(_) => "a string",
        ValueKind::Word(_) => "a word",
        ValueKind::Bool(_) => "TRUE or FALSE",
        ValueKind::None => "NONE",
        ValueKind::List(_) => "a list",
    }
}

/// A value as a literal, whatever its type. A bare word is the string of its
/// letters.
pub(super) fn plain(value: &Value) -> Literal {
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
fn without_leading_zeros(digits: &str) -> String {
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

/// The words of a checked attribute of kind [`Kind::Words`].
pub(super) fn word_list(value: &Literal) -> Vec<String> {
    match value {
        Literal::List(values) => values
            .iter()
            .filter_map(|value| match value {
                Literal::String(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// An optimizer as the step takes it: its name, then its parameters from
/// `optimizer.*`, each checked against the optimizer.
pub(super) fn optimizer(
    name: Option<&ast::Attribute>,
    parameters: &[ast::Attribute],
    diagnostics: &mut Diagnostics,
) -> Vec<Setting> {
    let text = match name.map(|name| (name, &name.value.kind)) {
        Some((_, ValueKind::String(text) | ValueKind::Word(text))) => text.as_str(),
        _ => catalog::DEFAULT_OPTIMIZER,
    };
    let Some(known) = catalog::optimizer_parameters(text) else {
        let span = name.map(|name| name.value.span).unwrap_or_default();
        let message = format!("no optimizer is named `{text}`");
        diagnostics.push(
            Diagnostic::new(Code::InvalidAttribute, span, message).suggest(
                text,
                catalog::optimizers(),
                || {
                    let names: Vec<_> = catalog::optimizers().collect();
                    format!("the optimizers are {}", names.join(", "))
                },
            ),
        );
        return Vec::new();
    };
    let mut settings = vec![Setting {
        name: "name".to_owned(),
        value: Literal::string(text),
    }];
    for (at, parameter) in parameters.iter().enumerate() {
        if let Some(first) = parameters[..at].iter().find(|p| p.name == parameter.name) {
            diagnostics.push(duplicate(parameter, first));
            continue;
        }
        let own = parameter.name.trim_start_matches("optimizer.");
        if !known.contains(&own) {
            let message = format!("`{text}` has no parameter `{own}`");
            diagnostics.push(
                Diagnostic::new(Code::UnknownAttribute, parameter.name_span, message).suggest(
                    own,
                    known.iter().copied(),
                    || format!("`{text}` takes {}", known.join(", ")),
                ),
            );
            continue;
        }
        let kind = match own {
            "amsgrad" | "centered" | "nesterov" => Kind::Bool,
            "learning_rate_power" => Kind::Number(f64::NEG_INFINITY, 0.0),
            _ => Kind::Number(0.0, f64::INFINITY),
        };
        match literal(parameter, kind) {
            Ok(value) => settings.push(Setting {
                name: own.to_owned(),
                value,
            }),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    settings
}

/// A loss as the step takes it: its name, then its parameters from `loss.*`.
/// Empty when the program says nothing of it.
pub(super) fn loss(
    name: Option<&Literal>,
    parameters: &[ast::Attribute],
    default: &'static str,
) -> Vec<Setting> {
    if name.is_none() && parameters.is_empty() {
        return Vec::new();
    }
    let named = Setting {
        name: "name".to_owned(),
        value: name.cloned().unwrap_or_else(|| Literal::string(default)),
    };
    let parameters = parameters.iter().map(|parameter| Setting {
        name: parameter.name.trim_start_matches("loss.").to_owned(),
        value: plain(&parameter.value),
    });
    std::iter::once(named).chain(parameters).collect()
}
