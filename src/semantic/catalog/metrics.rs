//! Metrics of EVALUATE and of a training's validation: SQLFlow's names for its
//! TensorFlow models and scikit-learn's names, both for every model of a task
//! that they measure, and XGBoost's own.

use super::Task;

/// A metric and the tasks that it measures.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) tasks: &'static [Task],
}

/// Of classes or, against a label, of outliers.
const CLASSES: &[Task] = &[Task::Classification, Task::Detection];
const PROBABILITIES: &[Task] = &[Task::Classification];
const CLUSTERS: &[Task] = &[Task::Clustering];
const NUMBERS: &[Task] = &[Task::Regression];

const fn metric_of(name: &'static str, tasks: &'static [Task]) -> Metric {
    Metric { name, tasks }
}

pub(crate) const METRICS: &[Metric] = &[
    metric_of("accuracy_score", CLASSES),
    metric_of("average_precision_score", CLASSES),
    metric_of("balanced_accuracy_score", CLASSES),
    metric_of("brier_score_loss", PROBABILITIES),
    metric_of("cohen_kappa_score", CLASSES),
    metric_of("concordance_index", &[Task::Hazard, Task::Lifetime]),
    metric_of("explained_variance_score", NUMBERS),
    metric_of("f1_score", CLASSES),
    metric_of("fbeta_score", CLASSES),
    metric_of("hamming_loss", CLASSES),
    metric_of("hinge_loss", PROBABILITIES),
    metric_of("jaccard_score", CLASSES),
    metric_of("log_loss", PROBABILITIES),
    metric_of("matthews_corrcoef", CLASSES),
    metric_of("mean_absolute_error", NUMBERS),
    metric_of("mean_absolute_percentage_error", NUMBERS),
    metric_of("mean_pinball_loss", NUMBERS),
    metric_of("mean_squared_error", NUMBERS),
    metric_of("mean_squared_log_error", NUMBERS),
    metric_of("median_absolute_error", NUMBERS),
    metric_of("ndcg_score", &[Task::Ranking]),
    metric_of("precision_score", CLASSES),
    metric_of("r2_score", NUMBERS),
    metric_of("recall_score", CLASSES),
    metric_of("roc_auc_score", CLASSES),
    metric_of("root_mean_squared_error", NUMBERS),
    metric_of("zero_one_loss", CLASSES),
    metric_of("adjusted_rand_score", CLUSTERS),
    metric_of("adjusted_mutual_info_score", CLUSTERS),
    metric_of("v_measure_score", CLUSTERS),
    metric_of("homogeneity_score", CLUSTERS),
    metric_of("completeness_score", CLUSTERS),
    metric_of("fowlkes_mallows_score", CLUSTERS),
    metric_of("silhouette_score", CLUSTERS),
    metric_of("calinski_harabasz_score", CLUSTERS),
    metric_of("davies_bouldin_score", CLUSTERS),
    metric_of("Accuracy", CLASSES),
    metric_of("AUC", CLASSES),
    metric_of("BinaryAccuracy", CLASSES),
    metric_of("CategoricalAccuracy", CLASSES),
    metric_of("FalseNegatives", CLASSES),
    metric_of("FalsePositives", CLASSES),
    metric_of("MeanAbsoluteError", NUMBERS),
    metric_of("MeanAbsolutePercentageError", NUMBERS),
    metric_of("MeanSquaredError", NUMBERS),
    metric_of("Precision", CLASSES),
    metric_of("Recall", CLASSES),
    metric_of("RootMeanSquaredError", NUMBERS),
    metric_of("TopKCategoricalAccuracy", PROBABILITIES),
    metric_of("TrueNegatives", CLASSES),
    metric_of("TruePositives", CLASSES),
];

/// The metric of a name, in any case.
pub(crate) fn metric(name: &str) -> Option<&'static Metric> {
    METRICS
        .iter()
        .find(|metric| metric.name == name)
        .or_else(|| {
            METRICS
                .iter()
                .find(|metric| metric.name.eq_ignore_ascii_case(name))
        })
}

/// A metric of XGBoost's, which a training can watch beside the others.
#[derive(Debug)]
pub(crate) struct OwnMetric {
    pub(crate) name: &'static str,
    /// What the objective has to begin with; XGBoost stops or measures
    /// nonsense with another.
    pub(crate) objectives: &'static [&'static str],
    /// Whether a number has to stand behind `@`; otherwise it may.
    pub(crate) needs_number: bool,
}

const fn own(name: &'static str, objectives: &'static [&'static str]) -> OwnMetric {
    OwnMetric {
        name,
        objectives,
        needs_number: false,
    }
}

/// Objectives that give one number a row.
const ONE: &[&str] = &["reg:", "binary:", "count:", "rank:"];
const MULTI: &[&str] = &["multi:"];

pub(crate) const XGBOOST_METRICS: &[OwnMetric] = &[
    own("aft-nloglik", &["survival:aft"]),
    own("auc", &["binary:", "multi:", "rank:", "reg:", "count:"]),
    own("aucpr", ONE),
    own("cox-nloglik", &["survival:cox"]),
    own("error", ONE),
    own("expectile", &["reg:expectileerror"]),
    own("gamma-deviance", &["reg:", "count:"]),
    own("gamma-nloglik", &["reg:", "count:"]),
    own("interval-regression-accuracy", &["survival:aft"]),
    own("logloss", ONE),
    own("mae", ONE),
    own("map", ONE),
    own("mape", ONE),
    own("merror", MULTI),
    own("mlogloss", MULTI),
    own("mphe", ONE),
    own("ndcg", ONE),
    own("poisson-nloglik", ONE),
    own("pre", ONE),
    own("quantile", &["reg:quantileerror"]),
    own("rmse", ONE),
    own("rmsle", ONE),
    OwnMetric {
        name: "tweedie-nloglik",
        objectives: &["reg:", "count:"],
        needs_number: true,
    },
];
