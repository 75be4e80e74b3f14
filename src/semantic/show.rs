//! The catalog for people: `sqlflowc models`.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::catalog::{self, Kind, Role};

/// The names of all estimators.
pub fn model_names() -> impl Iterator<Item = &'static str> {
    catalog::estimators().map(|estimator| estimator.name)
}

/// Every estimator with one line on what it is.
pub fn list_models() -> String {
    let width = model_names().map(str::len).max().unwrap_or(0);
    let mut out = String::new();
    for estimator in catalog::estimators() {
        writeln!(out, "{:width$}  {}", estimator.name, estimator.meaning)
            .expect("a string takes all");
    }
    out
}

/// One estimator with its attributes; `None` when there is none of the name.
pub fn show_model(name: &str) -> Option<String> {
    let estimator = catalog::estimator(name)?;
    let attributes: Vec<_> = catalog::train_attributes(estimator).collect();
    let width = attributes
        .iter()
        .map(|attribute| attribute.name.len())
        .max()
        .unwrap_or(0);
    let mut out = format!("{}: {}\n", estimator.name, estimator.meaning);
    for attribute in attributes {
        let takes = takes(attribute.kind);
        let note = match attribute.role {
            Role::Ignored(why) => format!("  (no effect: {why})"),
            Role::ParamAs(name) => format!("  (the same as {name})"),
            _ => String::new(),
        };
        writeln!(out, "  {:width$}  {takes}{note}", attribute.name).expect("a string takes all");
    }
    Some(out)
}

/// Which values an attribute takes, in words.
fn takes(kind: Kind) -> String {
    match kind {
        Kind::Integer(least) => format!("a whole number from {least}"),
        Kind::Number(least, most) => match (least.is_finite(), most.is_finite()) {
            (true, true) => format!("a number from {least} to {most}"),
            (true, false) => format!("a number from {least}"),
            _ => "a number".to_owned(),
        },
        Kind::Bool => "TRUE or FALSE".to_owned(),
        Kind::String => "a string".to_owned(),
        Kind::Choice(choices) => choices.join(" | "),
        Kind::Words => "words separated by commas".to_owned(),
        Kind::Query => "a query as a string".to_owned(),
        Kind::Integers(least) => format!("a list of whole numbers from {least}"),
        Kind::Numbers => "a number or a list of numbers".to_owned(),
        Kind::Any => "any value".to_owned(),
    }
}

/// Every name that the compiler lets through to the runtime.
#[derive(Debug, Serialize)]
pub struct Names {
    /// Estimators, each with its parameters as the step takes them.
    estimators: BTreeMap<&'static str, Vec<&'static str>>,
    objectives: Vec<&'static str>,
    optimizers: BTreeMap<&'static str, &'static [&'static str]>,
    losses: BTreeMap<&'static str, &'static [&'static str]>,
    activations: &'static [&'static str],
    initializers: &'static [&'static str],
    metrics: &'static [&'static str],
    explainers: Vec<&'static str>,
}

/// The names, for checking that the runtime knows them all.
pub fn names() -> Names {
    let params = |estimator| -> Vec<&'static str> {
        catalog::train_attributes(estimator)
            .filter_map(|attribute| match attribute.role {
                Role::Param => Some(attribute.name.trim_start_matches("model.")),
                Role::ParamAs(name) => Some(name),
                _ => None,
            })
            .collect()
    };
    let choices = |estimator: &str, attribute: &str| -> &'static [&'static str] {
        catalog::estimator(estimator)
            .into_iter()
            .flat_map(catalog::train_attributes)
            .find(|known| known.name == attribute)
            .and_then(|known| match known.kind {
                Kind::Choice(choices) => Some(choices),
                _ => None,
            })
            .unwrap_or_default()
    };
    Names {
        estimators: catalog::estimators()
            .map(|estimator| (estimator.name, params(estimator)))
            .collect(),
        objectives: choices("xgboost.gbtree", "objective").to_vec(),
        optimizers: catalog::optimizers()
            .filter_map(|name| Some((name, catalog::optimizer_parameters(name)?)))
            .collect(),
        losses: ["DNNClassifier", "DNNRegressor"]
            .into_iter()
            .map(|name| (name, choices(name, "model.loss")))
            .collect(),
        activations: choices("DNNClassifier", "model.activation_fn"),
        initializers: catalog::INITIALIZERS,
        metrics: catalog::METRICS,
        explainers: catalog::EXPLAINERS.iter().map(|known| known.name).collect(),
    }
}
