//! The catalog for people and tools: `sqlflowc models`.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::catalog::{self, Estimator, Kind, Parameter, Role, Task};
use crate::ir::{Family, Literal};

/// The names of all estimators.
pub fn model_names() -> impl Iterator<Item = &'static str> {
    catalog::estimators().map(|estimator| estimator.name)
}

/// Why a class of a library is no estimator here, where that is known.
pub fn unusable(name: &str) -> Option<&'static str> {
    catalog::unusable(name)
}

/// Every estimator with one line on what it is, by library and task.
pub fn list_models() -> String {
    let width = model_names().map(str::len).max().unwrap_or(0);
    let mut titles: Vec<_> = catalog::estimators().map(title).collect();
    titles.sort_unstable();
    titles.dedup();
    let mut out = String::new();
    for (_, title) in titles {
        let gap = if out.is_empty() { "" } else { "\n" };
        writeln!(out, "{gap}{title}").expect("a string takes all");
        for estimator in catalog::estimators().filter(|e| self::title(e).1 == title) {
            writeln!(out, "  {:width$}  {}", estimator.name, estimator.meaning)
                .expect("a string takes all");
        }
    }
    out
}

/// What an estimator is listed under, and at which place.
fn title(estimator: &Estimator) -> (u8, &'static str) {
    match (estimator.family, estimator.task) {
        (Family::XGBoost, _) => (0, "XGBoost"),
        (Family::Deep, _) => (1, "Keras"),
        (Family::ScikitLearn, Task::Regression) => (3, "scikit-learn: numbers"),
        (Family::ScikitLearn, Task::Clustering) => (4, "scikit-learn: clusters"),
        (Family::ScikitLearn, Task::Detection) => (5, "scikit-learn: outliers"),
        (Family::ScikitLearn, Task::Transformation) => (6, "scikit-learn: transformations"),
        (Family::ScikitLearn | Family::Custom, _) => (2, "scikit-learn: classes"),
    }
}

/// One estimator with the clauses and the attributes that it takes; `None`
/// when there is none of the name.
pub fn show_model(name: &str) -> Option<String> {
    let estimator = catalog::estimator(name)?;
    let mut out = format!("{}: {}\n", estimator.name, estimator.meaning);
    for line in clauses(estimator) {
        writeln!(out, "  {line}").expect("a string takes all");
    }
    let width = parameters(estimator)
        .map(|known| known.name.len())
        .max()
        .unwrap_or(0);
    out += "\nWITH\n";
    let (useful, ignored): (Vec<_>, Vec<_>) =
        parameters(estimator).partition(|known| !matches!(known.role, Role::Ignored(_)));
    for known in useful {
        writeln!(out, "  {:width$}  {}", known.name, known.meaning).expect("a string takes all");
        let mut facts = catalog::any_of(known.takes);
        let default = estimator.default_of(known);
        if !default.is_empty() {
            write!(facts, "; default {default}").expect("a string takes all");
        }
        if !known.synonyms.is_empty() {
            write!(facts, "; also {}", known.synonyms.join(", ")).expect("a string takes all");
        }
        writeln!(out, "  {:width$}    {facts}", "").expect("a string takes all");
    }
    for (title, prefix, known) in behind(estimator) {
        writeln!(out, "\n{title}").expect("a string takes all");
        let shared: Vec<_> = known[0]
            .1
            .iter()
            .map(|first| first.name)
            .filter(|name| known.len() > 1 && known.iter().all(|(_, p)| has(p, name)))
            .collect();
        for (name, parameters) in &known {
            let names = parameters.iter().map(|known| known.name);
            let names: Vec<_> = names.filter(|name| !shared.contains(name)).collect();
            let names = match names.as_slice() {
                [] => "-".to_owned(),
                names => format!("{prefix}{}", names.join(&format!(", {prefix}"))),
            };
            writeln!(out, "  {name}: {names}").expect("a string takes all");
        }
        if !shared.is_empty() {
            let names = shared.join(&format!(", {prefix}"));
            writeln!(out, "  each: {prefix}{names}").expect("a string takes all");
        }
    }
    if !ignored.is_empty() {
        out += "\nWithout effect\n";
    }
    for known in ignored {
        if let Role::Ignored(why) = known.role {
            writeln!(out, "  {:width$}  {why}", known.name).expect("a string takes all");
        }
    }
    Some(out)
}

/// The attributes of an estimator, each name once: a class of XGBoost's has
/// those of every booster.
fn parameters(estimator: &'static Estimator) -> impl Iterator<Item = &'static Parameter> {
    estimator
        .parameters()
        .enumerate()
        .filter(|(at, known)| {
            !estimator
                .parameters()
                .take(*at)
                .any(|first| first.name == known.name)
        })
        .map(|(_, known)| known)
}

fn has(parameters: &[Parameter], name: &str) -> bool {
    parameters.iter().any(|known| known.name == name)
}

type Behind = (
    &'static str,
    &'static str,
    Vec<(&'static str, &'static [Parameter])>,
);

/// The parameters behind `optimizer.` and `loss.`, by optimizer and loss.
fn behind(estimator: &'static Estimator) -> Vec<Behind> {
    let optimizers = || -> Vec<_> {
        catalog::optimizers()
            .filter_map(|name| Some((name, catalog::optimizer_parameters(name)?)))
            .collect()
    };
    estimator
        .parameters()
        .filter_map(|known| match (known.role, known.takes) {
            (Role::Optimizer, _) => Some(("Optimizers", "optimizer.", optimizers())),
            (Role::LinearOptimizer, _) => Some((
                "Optimizers of the linear model",
                "linear_optimizer.",
                optimizers(),
            )),
            (Role::DnnOptimizer, _) => {
                Some(("Optimizers of the network", "dnn_optimizer.", optimizers()))
            }
            (Role::Loss, [Kind::Choice(names)]) => {
                let losses = names
                    .iter()
                    .map(|name| (*name, catalog::loss_parameters(name)));
                Some(("Losses", "loss.", losses.collect()))
            }
            _ => None,
        })
        .collect()
}

/// Which clauses an estimator and its models take.
fn clauses(estimator: &Estimator) -> Vec<String> {
    let mut lines = vec![format!("it {}", estimator.task.verb())];
    lines.push(match estimator.targets {
        [_] => "COLUMN: one list of columns".to_owned(),
        targets => format!("COLUMN … FOR {}", targets.join(", COLUMN … FOR ")),
    });
    let label = if estimator.is_supervised() {
        "needed"
    } else {
        "not taken"
    };
    lines.push(format!("LABEL: {label}"));
    if !estimator.goes_on {
        lines.push("USING: not taken, it is trained in one go".to_owned());
    }
    if estimator.task == Task::Transformation {
        lines.push("models: TO PREDICT writes vectors; no TO EVALUATE, no TO EXPLAIN".to_owned());
        return lines;
    }
    let explainers: Vec<_> = catalog::EXPLAINERS
        .iter()
        .filter(|known| known.explains(estimator.family, estimator.shape))
        .map(|known| known.name)
        .collect();
    lines.push(match estimator.task {
        Task::Clustering => "models: TO PREDICT, TO EVALUATE; no TO EXPLAIN".to_owned(),
        _ => format!(
            "models: TO PREDICT, TO EVALUATE, TO EXPLAIN … USING {}",
            explainers.join(" | ")
        ),
    });
    lines
}

/// The catalog, or one estimator of it, as JSON: `docs/estimators.md` says
/// what is in it.
pub fn models_json(name: Option<&str>) -> Option<String> {
    let described: Vec<Described> = match name {
        Some(name) => vec![Described::of(catalog::estimator(name)?)],
        None => catalog::estimators().map(Described::of).collect(),
    };
    let catalog = Catalog {
        version: 1,
        estimators: described,
    };
    let mut text = serde_json::to_string_pretty(&catalog).expect("texts and numbers are JSON");
    text.push('\n');
    Some(text)
}

#[derive(Serialize)]
struct Catalog {
    version: u32,
    estimators: Vec<Described>,
}

#[derive(Serialize)]
struct Described {
    name: &'static str,
    meaning: &'static str,
    family: Family,
    task: Task,
    label: bool,
    targets: &'static [&'static str],
    starts_from_a_model: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trained_as: Option<&'static str>,
    attributes: Vec<DescribedAttribute>,
}

#[derive(Serialize)]
struct DescribedAttribute {
    name: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    synonyms: &'static [&'static str],
    meaning: &'static str,
    takes: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_effect: Option<&'static str>,
}

impl Described {
    fn of(estimator: &'static Estimator) -> Described {
        Described {
            name: estimator.name,
            meaning: estimator.meaning,
            family: estimator.family,
            task: estimator.task,
            label: estimator.is_supervised(),
            targets: estimator.targets,
            starts_from_a_model: estimator.goes_on,
            trained_as: estimator.trained_as,
            attributes: parameters(estimator)
                .map(|known| DescribedAttribute::of(estimator, known))
                .collect(),
        }
    }
}

impl DescribedAttribute {
    fn of(estimator: &Estimator, known: &'static Parameter) -> DescribedAttribute {
        let choices = known.takes.iter().flat_map(|kind| match kind {
            Kind::Choice(choices) => choices,
            _ => &[][..],
        });
        let default = estimator.default_of(known);
        DescribedAttribute {
            name: known.name,
            synonyms: known.synonyms,
            meaning: known.meaning,
            takes: catalog::any_of(known.takes),
            choices: choices.copied().collect(),
            default: (!default.is_empty()).then(|| json(&catalog::default_literal(default))),
            without_effect: match known.role {
                Role::Ignored(why) => Some(why),
                _ => None,
            },
        }
    }
}

fn json(value: &Literal) -> serde_json::Value {
    match value {
        Literal::Integer(text) | Literal::Float(text) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.clone().into())
        }
        Literal::String(text) => text.clone().into(),
        Literal::Bool(value) => (*value).into(),
        Literal::None => serde_json::Value::Null,
        Literal::List(values) => values.iter().map(json).collect(),
    }
}

/// Every name that the compiler lets through to the runtime.
#[derive(Debug, Serialize)]
pub struct Names {
    /// Estimators, each with its parameters as the step takes them.
    estimators: BTreeMap<&'static str, Vec<&'static str>>,
    /// What each estimator's models say of a row, where the name decides.
    tasks: BTreeMap<&'static str, Task>,
    objectives: Vec<&'static str>,
    optimizers: BTreeMap<&'static str, Vec<&'static str>>,
    losses: BTreeMap<&'static str, &'static [&'static str]>,
    activations: &'static [&'static str],
    initializers: &'static [&'static str],
    /// Metrics with the kinds of models that they measure.
    metrics: BTreeMap<&'static str, &'static [Task]>,
    xgboost_metrics: Vec<&'static str>,
    explainers: Vec<&'static str>,
    /// A combination of parameters for each rule that scikit-learn refuses it.
    refused: Vec<(&'static str, BTreeMap<&'static str, serde_json::Value>)>,
}

/// The names, for checking that the runtime knows them all.
pub fn names() -> Names {
    // What is trained as another reaches the runtime under that one's names.
    let estimators = || catalog::estimators().filter(|known| known.trained_as.is_none());
    let params = |estimator: &'static Estimator| -> Vec<&'static str> {
        parameters(estimator)
            .filter(|known| matches!(known.role, Role::Param | Role::ParamAs(_) | Role::ParamText))
            .map(Parameter::own_name)
            .collect()
    };
    let choices = |estimator: &str, attribute: &str| -> &'static [&'static str] {
        catalog::estimator(estimator)
            .into_iter()
            .flat_map(Estimator::parameters)
            .find(|known| known.name == attribute)
            .and_then(|known| match known.takes {
                [Kind::Choice(choices)] => Some(*choices),
                _ => None,
            })
            .unwrap_or_default()
    };
    Names {
        estimators: estimators()
            .map(|estimator| (estimator.name, params(estimator)))
            .collect(),
        tasks: estimators()
            .filter(|estimator| estimator.task != Task::ByObjective)
            .map(|estimator| (estimator.name, estimator.task))
            .collect(),
        objectives: choices("xgboost.gbtree", "objective").to_vec(),
        optimizers: catalog::optimizers()
            .filter_map(|name| Some((name, catalog::optimizer_parameters(name)?)))
            .map(|(name, known)| (name, known.iter().map(|known| known.name).collect()))
            .collect(),
        losses: estimators()
            .map(|estimator| (estimator.name, choices(estimator.name, "model.loss")))
            .filter(|(_, losses)| !losses.is_empty())
            .collect(),
        activations: choices("DNNClassifier", "model.activation_fn"),
        initializers: catalog::INITIALIZERS,
        metrics: catalog::METRICS
            .iter()
            .map(|metric| (metric.name, metric.tasks))
            .collect(),
        xgboost_metrics: catalog::XGBOOST_METRICS
            .iter()
            .map(|metric| metric.name)
            .collect(),
        explainers: catalog::EXPLAINERS.iter().map(|known| known.name).collect(),
        refused: refused(),
    }
}

fn refused() -> Vec<(&'static str, BTreeMap<&'static str, serde_json::Value>)> {
    let refusals = catalog::RULES
        .iter()
        .filter(|rule| matches!(rule.verdict, catalog::Verdict::Conflict));
    refusals
        .flat_map(|rule| {
            catalog::estimators()
                .filter(|estimator| estimator.family == Family::ScikitLearn)
                .filter(|estimator| rule.of.names(estimator))
                .map(move |estimator| (estimator.name, rule.sample(estimator)))
        })
        .map(|(name, sample)| {
            let sample = sample.into_iter();
            let sample = sample.map(|(name, text)| (name, json(&catalog::default_literal(&text))));
            (name, sample.collect())
        })
        .collect()
}
