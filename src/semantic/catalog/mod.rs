//! What is known of estimators, attributes, explainers and metrics, as data.
//!
//! `generate` makes `generated.rs` from the libraries and `overlay.toml`.

#[rustfmt::skip]
mod generated;
mod kind;
mod metrics;
mod rules;

pub(crate) use generated::{CUSTOM, INITIALIZERS};
pub(crate) use kind::{Ends, Fit, Kind, any_of, default_literal, plain, without_leading_zeros};
pub(crate) use metrics::{METRICS, OwnMetric, XGBOOST_METRICS, metric};
pub(crate) use rules::{Condition, RULES, Rule, Verdict};

use serde::Serialize;

use crate::ir::Family;

/// An estimator that this release trains.
#[derive(Debug)]
pub(crate) struct Estimator {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) shape: Shape,
    pub(crate) task: Task,
    pub(crate) outputs: Outputs,
    /// The names behind `COLUMN … FOR`; the first is meant without one.
    pub(crate) targets: &'static [&'static str],
    parameters: &'static [&'static [Parameter]],
    /// Parameters whose default is the estimator's own.
    defaults: &'static [(&'static str, &'static str)],
    /// The estimator that trains in its place.
    pub(crate) trained_as: Option<&'static str>,
    /// Whether a training can start from a model, with USING.
    pub(crate) goes_on: bool,
    pub(crate) meaning: &'static str,
}

/// What a model is inside, which decides how it can be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Trees,
    Linear,
    Network,
    /// A network that reads sequences.
    Sequence,
    Other,
}

/// What a model says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Task {
    Classification,
    Regression,
    Ranking,
    /// The order in which things happen.
    Hazard,
    /// When something happens.
    Lifetime,
    Clustering,
    /// Whether a row is an outlier.
    Detection,
    /// A vector.
    Transformation,
    /// The objective decides, or without one the label.
    ByObjective,
}

/// What a model gives beside its predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outputs {
    Values,
    /// Its parameters decide whether there are probabilities.
    MaybeProbabilities,
    Probabilities,
    ProbabilitiesAndLogits,
    /// As its task has them.
    ByObjective,
}

/// An attribute of WITH.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) synonyms: &'static [&'static str],
    pub(crate) takes: &'static [Kind],
    /// As it would be written; empty when there is none to be written.
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) role: Role,
}

/// Where an attribute's value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To the estimator, under the attribute's name without prefix.
    Param,
    /// To the estimator under another name.
    ParamAs(&'static str),
    /// To the estimator as text, if it is a list.
    ParamText,
    Rounds,
    Epochs,
    BatchSize,
    MaxSteps,
    EarlyStopping,
    ValidationSelect,
    ValidationMetrics,
    /// Which optimizer; its parameters stand behind `optimizer.`.
    Optimizer,
    /// The optimizer of a network's linear part, behind `linear_optimizer.`.
    LinearOptimizer,
    /// The optimizer of a network's deep part, behind `dnn_optimizer.`.
    DnnOptimizer,
    /// Which loss; its parameters stand behind `loss.`.
    Loss,
    ExtraOutputs,
    /// The unknowns of an optimisation.
    Variables,
    /// Which values they may take.
    Domains,
    /// Known to SQLFlow and without effect here; says why.
    Ignored(&'static str),
}

const fn parameter(name: &'static str, takes: &'static [Kind], role: Role) -> Parameter {
    Parameter {
        name,
        synonyms: &[],
        takes,
        default: "",
        meaning: "",
        role,
    }
}

impl Parameter {
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.synonyms.contains(&name)
    }

    /// The name under which the estimator takes it.
    pub(crate) fn own_name(&self) -> &'static str {
        match self.role {
            Role::ParamAs(name) => name,
            _ => self.name.strip_prefix("model.").unwrap_or(self.name),
        }
    }
}

impl Estimator {
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'static Parameter> + Clone {
        self.parameters.iter().copied().flatten()
    }

    /// The default of one of its parameters; empty when there is none.
    pub(crate) fn default_of(&self, parameter: &Parameter) -> &'static str {
        self.default_named(parameter.name)
            .unwrap_or(parameter.default)
    }

    /// The estimator's own default of that name.
    pub(crate) fn default_named(&self, name: &str) -> Option<&'static str> {
        self.defaults
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, default)| *default)
    }

    /// Whether it learns from a label; the others have no use for one.
    pub(crate) fn is_supervised(&self) -> bool {
        self.task.is_supervised()
    }
}

impl Task {
    pub(crate) fn is_supervised(self) -> bool {
        !matches!(
            self,
            Task::Clustering | Task::Detection | Task::Transformation
        )
    }

    /// What a model of the task does, in words: "it …".
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Task::Classification => "predicts classes",
            Task::Regression => "predicts numbers",
            Task::Ranking => "ranks rows",
            Task::Hazard => "predicts hazards",
            Task::Lifetime => "predicts lifetimes",
            Task::Clustering => "finds clusters",
            Task::Detection => "finds outliers",
            Task::Transformation => "transforms rows",
            Task::ByObjective => "predicts what its objective says",
        }
    }

    /// What an objective of XGBoost's makes of a model.
    pub(crate) fn of_objective(objective: &str) -> Task {
        match objective.split(':').next() {
            Some("binary" | "multi") => Task::Classification,
            Some("rank") => Task::Ranking,
            Some("survival") if objective == "survival:aft" => Task::Lifetime,
            Some("survival") => Task::Hazard,
            _ => Task::Regression,
        }
    }
}

/// Every estimator, in the order they are listed to users.
pub(crate) fn estimators() -> impl Iterator<Item = &'static Estimator> {
    generated::XGBOOST
        .iter()
        .chain(generated::DEEP)
        .chain(generated::SKLEARN)
}

/// The estimator of a name. XGBoost's names are known in any case and with or
/// without `xgboost.`, as in SQLFlow; class names are exact.
pub(crate) fn estimator(name: &str) -> Option<&'static Estimator> {
    let bare = name
        .get(..8)
        .filter(|prefix| prefix.eq_ignore_ascii_case("xgboost."))
        .map(|_| &name[8..]);
    estimators().find(|estimator| match estimator.name.strip_prefix("xgboost.") {
        Some(own) => match bare {
            Some(bare) => own.eq_ignore_ascii_case(bare),
            None => own.starts_with("XGB") && own.eq_ignore_ascii_case(name),
        },
        None => estimator.name == name,
    })
}

/// Why a class of a library cannot be trained by a program.
pub(crate) fn unusable(name: &str) -> Option<&'static str> {
    generated::UNUSABLE
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, why)| *why)
}

/// The parameters of an optimizer, or `None` for an unknown one.
pub(crate) fn optimizer_parameters(name: &str) -> Option<&'static [Parameter]> {
    generated::OPTIMIZERS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, parameters)| *parameters)
}

pub(crate) fn optimizers() -> impl Iterator<Item = &'static str> + Clone {
    generated::OPTIMIZERS.iter().map(|(name, _)| *name)
}

/// The parameters of a loss; of an unknown one none.
pub(crate) fn loss_parameters(name: &str) -> &'static [Parameter] {
    generated::LOSSES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(&[], |(_, parameters)| *parameters)
}

/// Attributes of PREDICT.
pub(crate) const PREDICT_ATTRIBUTES: &[Parameter] = &[
    parameter(
        "predict.batch_size",
        &[Kind::Integer(1, i64::MAX)],
        Role::BatchSize,
    ),
    parameter("predict.extra_outputs", &[Kind::Words], Role::ExtraOutputs),
    parameter(
        "predict.num_workers",
        &[Kind::Integer(1, i64::MAX)],
        Role::Ignored("a prediction runs in one process"),
    ),
];

/// Attributes of EVALUATE.
pub(crate) const EVALUATE_ATTRIBUTES: &[Parameter] = &[
    parameter(
        "validation.metrics",
        &[Kind::Words],
        Role::ValidationMetrics,
    ),
    parameter(
        "validation.steps",
        &[Kind::Integer(1, i64::MAX)],
        Role::Ignored("an evaluation reads all rows"),
    ),
    parameter(
        "validation.batch_size",
        &[Kind::Integer(1, i64::MAX)],
        Role::Ignored("batches do not change a metric"),
    ),
    parameter(
        "validation.verbose",
        &[Kind::Integer(0, i64::MAX)],
        Role::Ignored("the evaluation is always shown"),
    ),
];

/// Attributes of EXPLAIN.
pub(crate) const EXPLAIN_ATTRIBUTES: &[Parameter] = &[
    parameter(
        "summary.plot_type",
        &[Kind::Choice(&["bar", "dot", "violin", "decision"])],
        Role::Ignored("the summary is a table"),
    ),
    parameter(
        "summary.sort",
        &[Kind::Bool],
        Role::Ignored("the summary is sorted by importance"),
    ),
    parameter(
        "summary.alpha",
        &[Kind::Number(0.0, 1.0, Ends::Closed)],
        Role::Ignored("the summary is a table"),
    ),
    parameter(
        "summary.max_display",
        &[Kind::Integer(1, i64::MAX)],
        Role::Param,
    ),
    parameter(
        "label_col",
        &[Kind::String],
        Role::Ignored("the model knows its label"),
    ),
];

/// An explainer of USING in EXPLAIN.
#[derive(Debug)]
pub(crate) struct Explainer {
    pub(crate) name: &'static str,
    /// The models that it explains.
    models: &'static [(Family, Shape)],
}

impl Explainer {
    pub(crate) fn explains(&self, family: Family, shape: Shape) -> bool {
        self.models.contains(&(family, shape))
    }
}

/// Shapley values by permutation explain whatever predicts.
const BY_PERMUTATION: &[(Family, Shape)] = &[
    (Family::Deep, Shape::Network),
    (Family::Deep, Shape::Linear),
    (Family::Deep, Shape::Sequence),
    (Family::ScikitLearn, Shape::Trees),
    (Family::ScikitLearn, Shape::Linear),
    (Family::ScikitLearn, Shape::Network),
    (Family::ScikitLearn, Shape::Other),
];

const LINEAR: &[(Family, Shape)] = &[
    (Family::XGBoost, Shape::Linear),
    (Family::ScikitLearn, Shape::Linear),
];

pub(crate) const EXPLAINERS: &[Explainer] = &[
    Explainer {
        name: "TreeExplainer",
        models: &[(Family::XGBoost, Shape::Trees)],
    },
    Explainer {
        name: "LinearExplainer",
        models: LINEAR,
    },
    Explainer {
        name: "XGBoostExplainer",
        models: &[
            (Family::XGBoost, Shape::Trees),
            (Family::XGBoost, Shape::Linear),
        ],
    },
    Explainer {
        name: "PermutationExplainer",
        models: BY_PERMUTATION,
    },
    // SQLFlow's name for what explains its networks.
    Explainer {
        name: "KernelExplainer",
        models: BY_PERMUTATION,
    },
];

/// Attributes of MAXIMIZE and MINIMIZE.
pub(crate) const OPTIMIZE_ATTRIBUTES: &[Parameter] = &[
    parameter("variables", &[Kind::Any], Role::Variables),
    parameter("var_type", &[Kind::Any], Role::Domains),
    parameter(
        "solver.time_limit",
        &[Kind::Number(0.0, f64::INFINITY, Ends::Closed)],
        Role::ParamAs("time_limit"),
    ),
    parameter(
        "solver.mip_rel_gap",
        &[Kind::Number(0.0, f64::INFINITY, Ends::Closed)],
        Role::ParamAs("mip_rel_gap"),
    ),
    parameter(
        "data.enable_slice",
        &[Kind::Bool],
        Role::Ignored("all rows make one problem"),
    ),
    parameter(
        "data.batch_size",
        &[Kind::Integer(-1, i64::MAX)],
        Role::Ignored("all rows make one problem"),
    ),
    parameter(
        "worker.num",
        &[Kind::Integer(1, i64::MAX)],
        Role::Ignored("a problem is solved in one process"),
    ),
    parameter(
        "worker.core",
        &[Kind::Integer(1, i64::MAX)],
        Role::Ignored("a directive `cpu=` says what the step gets"),
    ),
    parameter(
        "worker.memory",
        &[Kind::Integer(1, i64::MAX)],
        Role::Ignored("a directive `memory=` says what the step gets"),
    ),
];

/// Which values a variable may take: the names of Pyomo, which SQLFlow has.
pub(crate) const DOMAINS: &[&str] = &[
    "Binary",
    "Boolean",
    "Integers",
    "NonNegativeIntegers",
    "PositiveIntegers",
    "NonPositiveIntegers",
    "NegativeIntegers",
    "Reals",
    "NonNegativeReals",
    "PositiveReals",
    "NonPositiveReals",
    "NegativeReals",
    "PercentFraction",
    "UnitInterval",
];

/// Solvers that may be named. All problems are solved by HiGHS, which covers
/// what these are used for: linear, mixed-integer and convex quadratic ones.
pub(crate) const SOLVERS: &[&str] = &[
    "highs", "glpk", "cbc", "baron", "scip", "gurobi", "cplex", "ipopt", "mosek", "xpress",
    "optflow",
];
