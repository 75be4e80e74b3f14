//! Applies the catalog's rules on combinations of attributes to a training.

use std::borrow::Cow;

use super::attributes::{self, Checked};
use super::catalog::{Condition, Estimator, RULES, Rule, Verdict};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::ir::Literal;
use crate::syntax::ast;

/// The attributes of a training, written or not.
pub(super) struct Attributes<'a> {
    pub(super) estimator: &'static Estimator,
    pub(super) checked: &'a [Checked<'a>],
    pub(super) train: &'a ast::Train,
}

impl<'a> Attributes<'a> {
    pub(super) fn written(&self, name: &str) -> Option<&'a Checked<'a>> {
        self.checked
            .iter()
            .find(|checked| checked.known.own_name() == name || checked.known.name == name)
    }

    /// The value in a program's words: as written, or the default.
    pub(super) fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        if let Some(checked) = self.written(name) {
            return Some(words(&checked.value));
        }
        if let Some(default) = self.estimator.default_named(name) {
            return Some(Cow::Borrowed(default));
        }
        self.estimator
            .parameters()
            .find(|known| known.own_name() == name)
            .map(|known| Cow::Borrowed(known.default))
            .filter(|default| !default.is_empty())
    }

    /// Whether an attribute is there, perhaps misspelt or without its prefix:
    /// then that it is missing would be a second message on one mistake.
    pub(super) fn is_meant(&self, name: &str) -> bool {
        if self.written(name).is_some() {
            return true;
        }
        let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
        let known = self.estimator.parameters().find(|known| known.name == name);
        let synonyms = known.map_or(&[][..], |known| known.synonyms);
        self.train.attributes.iter().any(|attribute| {
            last(&attribute.name) == last(name)
                || synonyms.contains(&attribute.name.as_str())
                || nearest(&attribute.name, [name]).is_some()
        })
    }
}

fn words(value: &Literal) -> Cow<'_, str> {
    match value {
        Literal::Integer(digits) | Literal::Float(digits) => Cow::Borrowed(digits),
        Literal::String(text) => Cow::Borrowed(text),
        Literal::Bool(true) => Cow::Borrowed("TRUE"),
        Literal::Bool(false) => Cow::Borrowed("FALSE"),
        Literal::None => Cow::Borrowed("NONE"),
        Literal::List(values) => {
            let values: Vec<_> = values.iter().map(words).collect();
            Cow::Owned(format!("[{}]", values.join(", ")))
        }
    }
}

pub(super) fn check(attributes: &Attributes<'_>, diagnostics: &mut Diagnostics) {
    for rule in RULES {
        if rule.of.names(attributes.estimator)
            && is_about(rule, attributes)
            && rule
                .when
                .iter()
                .all(|condition| condition.holds(attributes))
        {
            report(rule, attributes, diagnostics);
        }
    }
}

/// Whether the training says anything that the rule is about. Most rules are
/// about what a program does not use, so this comes before defaults are looked
/// up.
fn is_about(rule: &Rule, attributes: &Attributes<'_>) -> bool {
    let is_written = |name| attributes.written(name).is_some();
    let mut given = rule.when.iter().filter_map(|condition| match condition {
        Condition::Given(name) => Some(*name),
        _ => None,
    });
    // What an estimator stands for may need something that nobody wrote.
    let needs = matches!(rule.verdict, Verdict::Needs(_));
    given.all(is_written) && (needs || rule.when.iter().any(|c| is_written(c.name())))
}

impl Condition {
    fn holds(&self, attributes: &Attributes<'_>) -> bool {
        let value = attributes.value(self.name());
        let number = || value.as_deref().and_then(|text| text.parse::<f64>().ok());
        match self {
            Condition::Given(name) => attributes.written(name).is_some(),
            Condition::Is(_, values) => value.is_some_and(|value| values.contains(&&*value)),
            Condition::IsNot(_, values) => value.is_some_and(|value| !values.contains(&&*value)),
            Condition::Begins(_, starts) => {
                value.is_some_and(|value| starts.iter().any(|start| value.starts_with(start)))
            }
            Condition::BeginsNot(_, starts) => {
                value.is_none_or(|value| !starts.iter().any(|start| value.starts_with(start)))
            }
            Condition::Between(_, low, high) => {
                number().is_some_and(|number| *low < number && number < *high)
            }
            Condition::Outside(_, low, high) => {
                number().is_some_and(|number| number < *low || *high < number)
            }
            Condition::StartsAnew => attributes.train.start_from.is_none(),
        }
    }
}

fn report(rule: &Rule, attributes: &Attributes<'_>, diagnostics: &mut Diagnostics) {
    let estimator = attributes.estimator;
    let mut names: Vec<_> = rule.when.iter().map(Condition::name).collect();
    names.retain(|name| !name.is_empty());
    names.dedup();
    // What is written comes first, and a default is said to be one.
    names.sort_by_key(|name| attributes.written(name).is_none());
    let written: Vec<_> = names
        .iter()
        .filter_map(|name| attributes.written(name))
        .collect();
    let shown = |name: &str| match (attributes.written(name), attributes.value(name)) {
        (Some(checked), Some(value)) => format!("`{} = {value}`", checked.written.name),
        (None, Some(value)) => format!("`{name} = {value}`, which is the default"),
        (_, None) => format!("no `{name}`"),
    };
    let diagnostic = match rule.verdict {
        Verdict::Needs(name) => {
            if attributes.is_meant(name) {
                return;
            }
            let (span, who) = match written.first() {
                Some(checked) => (checked.written.value.span, shown(checked.known.own_name())),
                None => (
                    attributes.train.estimator.span,
                    format!("`{}`", estimator.name),
                ),
            };
            let message = format!("{who} needs `{name}`");
            Diagnostic::new(Code::MissingAttribute, span, message)
        }
        Verdict::Conflict => {
            let Some(first) = written.first() else {
                return;
            };
            let message = match names.as_slice() {
                [only] => format!("{} does not go with `{}`", shown(only), estimator.name),
                [one, .., other] => format!("{} does not go with {}", shown(one), shown(other)),
                [] => return,
            };
            let span = first.written.value.span;
            let starts_anew = |when| matches!(when, &Condition::StartsAnew);
            let mut diagnostic = if rule.when.iter().any(starts_anew) {
                let message = format!("{} needs `USING`", shown(first.known.own_name()));
                Diagnostic::new(Code::MissingClause, span, message)
            } else {
                Diagnostic::new(Code::ConflictingAttributes, span, message)
            };
            for other in &written[1..] {
                diagnostic = diagnostic.note(other.written.value.span, "given here");
            }
            diagnostic
        }
        Verdict::Useless => {
            let Some(first) = written.first() else {
                return;
            };
            diagnostics.push(attributes::without_effect(first.written, rule.help));
            return;
        }
    };
    diagnostics.push(diagnostic.help(rule.help));
}
