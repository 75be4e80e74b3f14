//! Checks attributes against the catalog and turns their values into
//! literals.

use super::catalog::{self, Fit, Kind, Parameter, Role};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::ir::{Literal, Setting};
use crate::syntax::ast::{self, Value, ValueKind};

/// An attribute that the catalog knows, with a value that fits.
pub(super) struct Checked<'a> {
    pub(super) known: &'static Parameter,
    pub(super) written: &'a ast::Attribute,
    pub(super) value: Literal,
}

/// Checks the attributes of one statement: each known, given once, of the
/// right type and in range. What is wrong is reported and left out.
pub(super) fn check<'a>(
    written: impl IntoIterator<Item = &'a ast::Attribute>,
    known: impl Iterator<Item = &'static Parameter> + Clone,
    prefix: &str,
    of: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Checked<'a>> {
    let mut checked: Vec<Checked<'a>> = Vec::new();
    for attribute in written {
        let own = attribute.name.strip_prefix(prefix);
        let own = own.unwrap_or(&attribute.name);
        let Some(found) = known.clone().find(|known| known.is_called(own)) else {
            diagnostics.push(unknown(attribute, prefix, known.clone(), of));
            continue;
        };
        let same = |other: &&Checked<'_>| other.known.own_name() == found.own_name();
        if let Some(first) = checked.iter().find(same) {
            diagnostics.push(duplicate(attribute, first.written));
            continue;
        }
        match literal(attribute, found.takes) {
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

fn unknown(
    attribute: &ast::Attribute,
    prefix: &str,
    known: impl Iterator<Item = &'static Parameter> + Clone,
    of: &str,
) -> Diagnostic {
    let message = format!("{of} has no attribute `{}`", attribute.name);
    let (prefix, own) = match attribute.name.strip_prefix(prefix) {
        Some(own) => (prefix, own),
        None => ("", attribute.name.as_str()),
    };
    let names = known
        .clone()
        .flat_map(|known| std::iter::once(known.name).chain(known.synonyms.iter().copied()));
    let diagnostic = Diagnostic::new(Code::UnknownAttribute, attribute.name_span, message);
    if let Some(help) = said_elsewhere(prefix, own, known.clone()) {
        return diagnostic.help(help);
    }
    // `epoch` is likely meant as `train.epoch`.
    let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
    let same = known.clone().find(|known| last(known.name) == last(own));
    let meant = nearest(own, names).or(same.map(|same| same.name));
    match meant {
        Some(meant) => diagnostic.help(format!("did you mean `{prefix}{meant}`?")),
        None if known.clone().count() < 16 => {
            let names: Vec<_> = known.map(|known| known.name).collect();
            diagnostic.help(match names.as_slice() {
                [] => format!("{of} takes none"),
                names => format!("{of} takes {}", names.join(", ")),
            })
        }
        None => diagnostic.help(format!(
            "`sqlflowc models {}` lists them",
            of.trim_matches('`')
        )),
    }
}

/// What to write for an attribute that other optimizers, estimators or
/// libraries have under this name.
fn said_elsewhere(
    prefix: &str,
    own: &str,
    mut known: impl Iterator<Item = &'static Parameter> + Clone,
) -> Option<String> {
    if prefix.ends_with("optimizer.") {
        let has = |optimizer: &&str| {
            catalog::optimizer_parameters(optimizer)
                .is_some_and(|all| all.iter().any(|known| known.is_called(own)))
        };
        let owners: Vec<_> = catalog::optimizers().filter(has).collect();
        return (!owners.is_empty()).then(|| {
            let owners: Vec<_> = owners.iter().map(|name| format!("`{name}`")).collect();
            format!("it is a parameter of {}", owners.join(", "))
        });
    }
    match own {
        "booster" if known.any(|known| known.is_called("num_boost_round")) => Some(
            "the estimator says which booster: `xgboost.gbtree`, `xgboost.dart` or \
             `xgboost.gblinear`"
                .to_owned(),
        ),
        "penalty" if known.any(|known| known.is_called("reg_lambda")) => Some(
            "write `reg_alpha` for how much an L1 penalty counts, `reg_lambda` for an L2 penalty"
                .to_owned(),
        ),
        _ => None,
    }
}

pub(super) fn duplicate(attribute: &ast::Attribute, first: &ast::Attribute) -> Diagnostic {
    let message = if attribute.name == first.name {
        format!("`{}` is given twice", attribute.name)
    } else {
        format!("`{}` means the same as `{}`", attribute.name, first.name)
    };
    Diagnostic::new(Code::DuplicateAttribute, attribute.name_span, message)
        .note(first.name_span, "first here")
        .help("keep one of them")
}

pub(super) fn without_effect(attribute: &ast::Attribute, why: &str) -> Diagnostic {
    let message = format!("`{}` does nothing here", attribute.name);
    Diagnostic::new(Code::AttributeWithoutEffect, attribute.name_span, message)
        .help(format!("{why}; leave it out"))
}

/// An attribute's value as a literal of one of the kinds.
fn literal(attribute: &ast::Attribute, takes: &'static [Kind]) -> Result<Literal, Diagnostic> {
    let value = &attribute.value;
    let mut choices = None;
    let mut is_out_of_range = false;
    for kind in takes {
        match kind.fit(value) {
            Fit::Fits(literal) => return Ok(literal),
            Fit::NoChoice(known) => choices = Some(known),
            Fit::OutOfRange => is_out_of_range = true,
            Fit::Other => {}
        }
    }
    let text = match &value.kind {
        ValueKind::Integer(text)
        | ValueKind::Float(text)
        | ValueKind::String(text)
        | ValueKind::Word(text) => Some(text),
        _ => None,
    };
    let invalid = |message| Diagnostic::new(Code::InvalidAttribute, value.span, message);
    let is_list = takes.iter().any(|kind| matches!(kind, Kind::List(_)));
    let takes = catalog::any_of(takes);
    match (text, choices) {
        (Some(text), Some(choices)) if text.parse::<f64>().is_err() => {
            let message = format!("`{}` has no choice `{text}`", attribute.name);
            Err(invalid(message).suggest(text, choices.iter().copied(), || {
                format!("it takes {takes}")
            }))
        }
        _ if is_out_of_range => {
            let shown = text.map(|text| format!(": {text}")).unwrap_or_default();
            let message = format!("`{}` is out of range{shown}", attribute.name);
            Err(invalid(message).help(format!("it takes {takes}")))
        }
        _ => {
            let message = format!(
                "`{}` takes {takes}, not {}",
                attribute.name,
                described(value)
            );
            let is_number = text.is_some_and(|text| text.parse::<f64>().is_ok());
            Err(match (&value.kind, text) {
                (ValueKind::String(_), _) if is_number => {
                    invalid(message).help("take the quotes off")
                }
                (ValueKind::Integer(_) | ValueKind::Float(_), Some(text)) if is_list => {
                    invalid(message).help(format!("write a list: `[{text}]`"))
                }
                _ => invalid(message),
            })
        }
    }
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
    default: &'static str,
    parameters: &[&ast::Attribute],
    prefix: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Setting> {
    let text = match name.map(|name| &name.value.kind) {
        Some(ValueKind::String(text) | ValueKind::Word(text)) => text.as_str(),
        _ => default,
    };
    // A name that is wrong is reported with the attribute that gives it.
    let Some(known) = catalog::optimizer_parameters(text) else {
        return Vec::new();
    };
    let of = format!("`{text}`");
    let known = known.iter();
    let checked = check(parameters.iter().copied(), known, prefix, &of, diagnostics);
    for (at, clip) in checked.iter().enumerate() {
        let is_clip = |checked: &&Checked<'_>| checked.known.name.contains("clip");
        if is_clip(&clip)
            && let Some(first) = checked[..at].iter().find(is_clip)
        {
            let message = format!(
                "`{}` does not go with `{}`",
                clip.written.name, first.written.name
            );
            diagnostics.push(
                Diagnostic::new(Code::ConflictingAttributes, clip.written.name_span, message)
                    .note(first.written.name_span, "given here")
                    .help("gradients are clipped in one way only: keep one of them"),
            );
        }
    }
    settings(text, checked)
}

/// A loss as the step takes it: its name, then its parameters from `loss.*`.
/// Empty when the program says nothing of it.
pub(super) fn loss(
    name: Option<&Literal>,
    default: &'static str,
    parameters: &[&ast::Attribute],
    diagnostics: &mut Diagnostics,
) -> Vec<Setting> {
    if name.is_none() && parameters.is_empty() {
        return Vec::new();
    }
    let text = match name {
        Some(Literal::String(text)) => text,
        _ => default,
    };
    let known = catalog::loss_parameters(text).iter();
    let of = format!("`{text}`");
    let checked = check(parameters.iter().copied(), known, "loss.", &of, diagnostics);
    settings(text, checked)
}

fn settings(name: &str, checked: Vec<Checked<'_>>) -> Vec<Setting> {
    let named = Setting {
        name: "name".to_owned(),
        value: Literal::string(name),
    };
    let parameters = checked.into_iter().map(|checked| Setting {
        name: checked.known.name.to_owned(),
        value: checked.value,
    });
    std::iter::once(named).chain(parameters).collect()
}
