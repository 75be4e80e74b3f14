//! What is known of estimators, attributes, explainers and metrics, as data.

mod deep;
mod metrics;
mod xgboost;

pub(crate) use metrics::METRICS;
pub(crate) use xgboost::METRICS as XGBOOST_METRICS;

use crate::ir::Family;

/// An estimator that this release trains.
#[derive(Debug)]
pub(crate) struct Estimator {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    /// Whether its model is an ensemble of trees.
    pub(crate) shape: Shape,
    /// The objective that the name stands for when WITH gives none.
    pub(crate) objective: Option<&'static str>,
    pub(crate) meaning: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Trees,
    Linear,
    Network,
}

/// An attribute of WITH.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
}

/// Which values an attribute takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A whole number of at least this.
    Integer(i64),
    /// A number between two bounds, both allowed.
    Number(f64, f64),
    Bool,
    String,
    Choice(&'static [&'static str]),
    /// Words separated by commas, or a list.
    Words,
    /// A SQL query as a string.
    Query,
    /// Whole numbers of at least this.
    Integers(i64),
    /// One number or a list of numbers.
    Numbers,
    Any,
}

/// Where an attribute's value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To the estimator, under the attribute's name without prefix.
    Param,
    /// To the estimator under another name.
    ParamAs(&'static str),
    Rounds,
    Epochs,
    BatchSize,
    MaxSteps,
    EarlyStopping,
    ValidationSelect,
    ValidationMetrics,
    /// Which optimizer; its parameters stand behind `optimizer.`.
    Optimizer,
    /// Which loss; its parameters stand behind `loss.`.
    Loss,
    ExtraOutputs,
    /// Known to SQLFlow and without effect here; says why.
    Ignored(&'static str),
}

pub(crate) const fn attribute(name: &'static str, kind: Kind, role: Role) -> Attribute {
    Attribute { name, kind, role }
}

/// Every estimator, in the order they are listed to users.
pub(crate) fn estimators() -> impl Iterator<Item = &'static Estimator> {
    xgboost::ESTIMATORS.iter().chain(deep::ESTIMATORS)
}

/// The estimator of a name. XGBoost's names are known in any case and with or
/// without `xgboost.`, as in SQLFlow; class names are exact.
pub(crate) fn estimator(name: &str) -> Option<&'static Estimator> {
    let bare = name
        .get(..8)
        .filter(|prefix| prefix.eq_ignore_ascii_case("xgboost."))
        .map(|_| &name[8..]);
    estimators().find(|estimator| match estimator.family {
        Family::XGBoost => {
            let own = &estimator.name["xgboost.".len()..];
            match bare {
                Some(bare) => own.eq_ignore_ascii_case(bare),
                None => own.starts_with("XGB") && own.eq_ignore_ascii_case(name),
            }
        }
        Family::Deep => estimator.name == name,
    })
}

/// The attributes that TRAIN takes for an estimator.
pub(crate) fn train_attributes(
    estimator: &'static Estimator,
) -> impl Iterator<Item = &'static Attribute> + Clone {
    let (own, shared): (&[Attribute], &[Attribute]) = match estimator.family {
        Family::XGBoost => (xgboost::ATTRIBUTES, &[]),
        Family::Deep if estimator.name.ends_with("Classifier") => {
            (deep::ATTRIBUTES, deep::CLASSIFIER_ATTRIBUTES)
        }
        Family::Deep => (deep::ATTRIBUTES, deep::REGRESSOR_ATTRIBUTES),
    };
    own.iter().chain(shared)
}

/// The parameters of an optimizer, or `None` for an unknown one.
pub(crate) fn optimizer_parameters(name: &str) -> Option<&'static [&'static str]> {
    deep::OPTIMIZERS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, parameters)| *parameters)
}

pub(crate) fn optimizers() -> impl Iterator<Item = &'static str> + Clone {
    deep::OPTIMIZERS.iter().map(|(name, _)| *name)
}

/// How an EMBEDDING may start.
pub(crate) use deep::INITIALIZERS;

/// The optimizer that deep models train with when none is named.
pub(crate) use deep::DEFAULT_OPTIMIZER;

/// The loss of a deep estimator when the program names none.
pub(crate) fn default_loss(estimator: &Estimator) -> &'static str {
    if estimator.name.ends_with("Classifier") {
        "SparseCategoricalCrossentropy"
    } else {
        "MeanSquaredError"
    }
}

/// Attributes of PREDICT.
pub(crate) const PREDICT_ATTRIBUTES: &[Attribute] = &[
    attribute("predict.batch_size", Kind::Integer(1), Role::BatchSize),
    attribute("predict.extra_outputs", Kind::Words, Role::ExtraOutputs),
    attribute(
        "predict.num_workers",
        Kind::Integer(1),
        Role::Ignored("a prediction runs in one process"),
    ),
];

/// Attributes of EVALUATE.
pub(crate) const EVALUATE_ATTRIBUTES: &[Attribute] = &[
    attribute("validation.metrics", Kind::Words, Role::ValidationMetrics),
    attribute(
        "validation.steps",
        Kind::Integer(1),
        Role::Ignored("an evaluation reads all rows"),
    ),
    attribute(
        "validation.batch_size",
        Kind::Integer(1),
        Role::Ignored("batches do not change a metric"),
    ),
    attribute(
        "validation.verbose",
        Kind::Integer(0),
        Role::Ignored("the evaluation is always shown"),
    ),
];

/// Attributes of EXPLAIN.
pub(crate) const EXPLAIN_ATTRIBUTES: &[Attribute] = &[
    attribute(
        "summary.plot_type",
        Kind::Choice(&["bar", "dot", "violin", "decision"]),
        Role::Ignored("the summary is a table"),
    ),
    attribute(
        "summary.sort",
        Kind::Bool,
        Role::Ignored("the summary is sorted by importance"),
    ),
    attribute(
        "summary.alpha",
        Kind::Number(0.0, 1.0),
        Role::Ignored("the summary is a table"),
    ),
    attribute("summary.max_display", Kind::Integer(1), Role::Param),
    attribute(
        "label_col",
        Kind::String,
        Role::Ignored("the model knows its label"),
    ),
];

/// An explainer of USING in EXPLAIN.
#[derive(Debug)]
pub(crate) struct Explainer {
    pub(crate) name: &'static str,
    pub(crate) shapes: &'static [Shape],
}

pub(crate) const EXPLAINERS: &[Explainer] = &[
    Explainer {
        name: "TreeExplainer",
        shapes: &[Shape::Trees],
    },
    Explainer {
        name: "LinearExplainer",
        shapes: &[Shape::Linear],
    },
    Explainer {
        name: "XGBoostExplainer",
        shapes: &[Shape::Trees, Shape::Linear],
    },
    Explainer {
        name: "PermutationExplainer",
        shapes: &[Shape::Network],
    },
    // SQLFlow's name for what explains its networks.
    Explainer {
        name: "KernelExplainer",
        shapes: &[Shape::Network],
    },
];
