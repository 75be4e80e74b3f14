//! XGBoost 3: its boosters, and SQLFlow's names for its scikit-learn classes.

use super::{Attribute, Estimator, Kind, Role, Shape, attribute};
use crate::ir::Family;

const fn estimator(
    name: &'static str,
    shape: Shape,
    objective: Option<&'static str>,
    meaning: &'static str,
) -> Estimator {
    Estimator {
        name,
        family: Family::XGBoost,
        shape,
        objective,
        meaning,
    }
}

pub(super) const ESTIMATORS: &[Estimator] = &[
    estimator(
        "xgboost.gbtree",
        Shape::Trees,
        None,
        "gradient boosted trees",
    ),
    estimator(
        "xgboost.gblinear",
        Shape::Linear,
        None,
        "boosted linear model",
    ),
    estimator(
        "xgboost.dart",
        Shape::Trees,
        None,
        "gradient boosted trees with dropout",
    ),
    estimator(
        "xgboost.XGBClassifier",
        Shape::Trees,
        None,
        "gradient boosted trees that predict a class",
    ),
    estimator(
        "xgboost.XGBRegressor",
        Shape::Trees,
        Some("reg:squarederror"),
        "gradient boosted trees that predict a number",
    ),
    estimator(
        "xgboost.XGBRanker",
        Shape::Trees,
        Some("rank:pairwise"),
        "gradient boosted trees that order the rows of a query",
    ),
    estimator(
        "xgboost.XGBRFClassifier",
        Shape::Trees,
        None,
        "random forest that predicts a class",
    ),
    estimator(
        "xgboost.XGBRFRegressor",
        Shape::Trees,
        Some("reg:squarederror"),
        "random forest that predicts a number",
    ),
];

const OBJECTIVES: &[&str] = &[
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:linear",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:absoluteerror",
    "reg:quantileerror",
    "reg:gamma",
    "reg:tweedie",
    "binary:logistic",
    "binary:logitraw",
    "binary:hinge",
    "count:poisson",
    "survival:cox",
    "survival:aft",
    "multi:softmax",
    "multi:softprob",
    "rank:ndcg",
    "rank:map",
    "rank:pairwise",
];

/// Metrics of XGBoost's own that a training can watch beside the others.
pub(crate) const METRICS: &[&str] = &[
    "aft-nloglik",
    "auc",
    "aucpr",
    "cox-nloglik",
    "error",
    "expectile",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "map",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "ndcg",
    "poisson-nloglik",
    "pre",
    "quantile",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
];

const ANY: f64 = f64::INFINITY;

/// Booster parameters stand without prefix, as in SQLFlow; SQLFlow's names
/// from scikit-learn's classes come first, then XGBoost's own.
pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("objective", Kind::Choice(OBJECTIVES), Role::Param),
    attribute("num_class", Kind::Integer(2), Role::Param),
    attribute("eval_metric", Kind::Words, Role::Param),
    attribute("train.num_boost_round", Kind::Integer(1), Role::Rounds),
    attribute("n_estimators", Kind::Integer(1), Role::Rounds),
    attribute(
        "train.early_stopping",
        Kind::Integer(1),
        Role::EarlyStopping,
    ),
    attribute("validation.select", Kind::Query, Role::ValidationSelect),
    attribute("validation.metrics", Kind::Words, Role::ValidationMetrics),
    attribute("eta", Kind::Number(0.0, 1.0), Role::Param),
    attribute(
        "learning_rate",
        Kind::Number(0.0, 1.0),
        Role::ParamAs("eta"),
    ),
    attribute("max_depth", Kind::Integer(0), Role::Param),
    attribute("gamma", Kind::Number(0.0, ANY), Role::Param),
    attribute(
        "min_split_loss",
        Kind::Number(0.0, ANY),
        Role::ParamAs("gamma"),
    ),
    attribute("min_child_weight", Kind::Number(0.0, ANY), Role::Param),
    attribute("max_delta_step", Kind::Number(0.0, ANY), Role::Param),
    attribute("subsample", Kind::Number(0.0, 1.0), Role::Param),
    attribute(
        "sampling_method",
        Kind::Choice(&["uniform", "gradient_based"]),
        Role::Param,
    ),
    attribute("colsample_bytree", Kind::Number(0.0, 1.0), Role::Param),
    attribute("colsample_bylevel", Kind::Number(0.0, 1.0), Role::Param),
    attribute("colsample_bynode", Kind::Number(0.0, 1.0), Role::Param),
    attribute("lambda", Kind::Number(0.0, ANY), Role::Param),
    attribute(
        "reg_lambda",
        Kind::Number(0.0, ANY),
        Role::ParamAs("lambda"),
    ),
    attribute("alpha", Kind::Number(0.0, ANY), Role::Param),
    attribute("reg_alpha", Kind::Number(0.0, ANY), Role::ParamAs("alpha")),
    attribute(
        "tree_method",
        Kind::Choice(&["auto", "exact", "approx", "hist"]),
        Role::Param,
    ),
    attribute("scale_pos_weight", Kind::Number(0.0, ANY), Role::Param),
    attribute("updater", Kind::String, Role::Param),
    attribute("refresh_leaf", Kind::Integer(0), Role::Param),
    attribute(
        "process_type",
        Kind::Choice(&["default", "update"]),
        Role::Param,
    ),
    attribute(
        "grow_policy",
        Kind::Choice(&["depthwise", "lossguide"]),
        Role::Param,
    ),
    attribute("max_leaves", Kind::Integer(0), Role::Param),
    attribute("max_bin", Kind::Integer(2), Role::Param),
    attribute("num_parallel_tree", Kind::Integer(1), Role::Param),
    attribute("monotone_constraints", Kind::Any, Role::Param),
    attribute("interaction_constraints", Kind::Any, Role::Param),
    attribute(
        "multi_strategy",
        Kind::Choice(&["one_output_per_tree", "multi_output_tree"]),
        Role::Param,
    ),
    attribute("max_cached_hist_node", Kind::Integer(1), Role::Param),
    attribute(
        "sample_type",
        Kind::Choice(&["uniform", "weighted"]),
        Role::Param,
    ),
    attribute(
        "normalize_type",
        Kind::Choice(&["tree", "forest"]),
        Role::Param,
    ),
    attribute("rate_drop", Kind::Number(0.0, 1.0), Role::Param),
    attribute("one_drop", Kind::Integer(0), Role::Param),
    attribute("skip_drop", Kind::Number(0.0, 1.0), Role::Param),
    attribute(
        "feature_selector",
        Kind::Choice(&["cyclic", "shuffle", "random", "greedy", "thrifty"]),
        Role::Param,
    ),
    attribute("top_k", Kind::Integer(0), Role::Param),
    attribute("tolerance", Kind::Number(0.0, ANY), Role::Param),
    attribute("base_score", Kind::Numbers, Role::Param),
    attribute("seed", Kind::Integer(0), Role::Param),
    attribute("random_state", Kind::Integer(0), Role::ParamAs("seed")),
    attribute("seed_per_iteration", Kind::Bool, Role::Param),
    attribute("nthread", Kind::Integer(1), Role::Param),
    attribute("n_jobs", Kind::Integer(1), Role::ParamAs("nthread")),
    attribute("verbosity", Kind::Integer(0), Role::Param),
    attribute("disable_default_eval_metric", Kind::Bool, Role::Param),
    attribute(
        "tweedie_variance_power",
        Kind::Number(1.0, 2.0),
        Role::Param,
    ),
    attribute("huber_slope", Kind::Number(0.0, ANY), Role::Param),
    attribute("quantile_alpha", Kind::Number(0.0, 1.0), Role::Param),
    attribute(
        "aft_loss_distribution",
        Kind::Choice(&["normal", "logistic", "extreme"]),
        Role::Param,
    ),
    attribute(
        "aft_loss_distribution_scale",
        Kind::Number(0.0, ANY),
        Role::Param,
    ),
    attribute(
        "lambdarank_pair_method",
        Kind::Choice(&["mean", "topk"]),
        Role::Param,
    ),
    attribute(
        "lambdarank_num_pair_per_sample",
        Kind::Integer(1),
        Role::Param,
    ),
    attribute("lambdarank_normalization", Kind::Bool, Role::Param),
    attribute("lambdarank_score_normalization", Kind::Bool, Role::Param),
    attribute("lambdarank_unbiased", Kind::Bool, Role::Param),
    attribute("lambdarank_bias_norm", Kind::Number(0.0, ANY), Role::Param),
    attribute("ndcg_exp_gain", Kind::Bool, Role::Param),
    attribute("group", Kind::String, Role::Param),
    attribute("weight_column", Kind::String, Role::Param),
    attribute("label_upper_bound", Kind::String, Role::Param),
    attribute(
        "missing",
        Kind::Any,
        Role::Ignored("what is NULL in the query is missing"),
    ),
    attribute(
        "silent",
        Kind::Any,
        Role::Ignored("XGBoost 3 has `verbosity` instead"),
    ),
    attribute(
        "importance_type",
        Kind::String,
        Role::Ignored("`TO EXPLAIN … USING XGBoostExplainer` shows every kind"),
    ),
    attribute(
        "train.batch_size",
        Kind::Integer(-1),
        Role::Ignored("XGBoost trains on all rows at once"),
    ),
    attribute(
        "train.epoch",
        Kind::Integer(1),
        Role::Ignored("XGBoost counts rounds: `train.num_boost_round`"),
    ),
    attribute(
        "train.disk_cache",
        Kind::Bool,
        Role::Ignored("data is spooled when it needs to be"),
    ),
    attribute(
        "train.num_workers",
        Kind::Integer(1),
        Role::Ignored("a training runs in one process"),
    ),
];
