//! What goes together: combinations of attributes that a library refuses or
//! ignores, as data.

use super::{Estimator, Kind};
use crate::ir::Family;

/// A combination of attributes and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) of: Of,
    /// All of them hold, by what is written or by defaults. The first one is
    /// what the message is about.
    pub(crate) when: &'static [Condition],
    pub(crate) verdict: Verdict,
    pub(crate) help: &'static str,
}

/// The estimators that a rule is about.
#[derive(Debug)]
pub(crate) enum Of {
    Family(Family),
    /// The last parts of their names.
    Classes(&'static [&'static str]),
}

#[derive(Debug)]
pub(crate) enum Condition {
    /// The attribute is written.
    Given(&'static str),
    /// Its value is one of these.
    Is(&'static str, &'static [&'static str]),
    /// It has a value, and none of these.
    IsNot(&'static str, &'static [&'static str]),
    /// Its value begins with one of these.
    Begins(&'static str, &'static [&'static str]),
    /// Its value, if it has one, begins with none of these.
    BeginsNot(&'static str, &'static [&'static str]),
    /// A number between the two, without them.
    Between(&'static str, f64, f64),
    /// A number outside of the two.
    Outside(&'static str, f64, f64),
    /// The training does not start from a model.
    StartsAnew,
}

#[derive(Debug)]
pub(crate) enum Verdict {
    /// The library refuses it.
    Conflict,
    /// The first attribute does nothing.
    Useless,
    /// The attribute of this name is missing.
    Needs(&'static str),
}

impl Of {
    pub(crate) fn names(&self, estimator: &Estimator) -> bool {
        match self {
            // What is trained as another has rules of its own.
            Of::Family(family) => estimator.family == *family && estimator.trained_as.is_none(),
            Of::Classes(classes) => estimator
                .name
                .rsplit('.')
                .next()
                .is_some_and(|own| classes.contains(&own)),
        }
    }
}

impl Condition {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Condition::Given(name)
            | Condition::Is(name, _)
            | Condition::IsNot(name, _)
            | Condition::Begins(name, _)
            | Condition::BeginsNot(name, _)
            | Condition::Between(name, ..)
            | Condition::Outside(name, ..) => name,
            Condition::StartsAnew => "",
        }
    }

    /// A value with which it holds, when the default is none.
    fn sample(&self, estimator: &Estimator) -> Option<String> {
        let known = estimator
            .parameters()
            .find(|known| known.own_name() == self.name())?;
        match self {
            Condition::Is(_, values) if values.contains(&known.default) => None,
            Condition::Is(_, values) => values.first().map(|value| (*value).to_owned()),
            Condition::IsNot(_, values) if !values.contains(&known.default) => None,
            Condition::IsNot(_, values) => known.takes.iter().find_map(|kind| match kind {
                Kind::Choice(choices) => choices
                    .iter()
                    .find(|choice| !values.contains(choice))
                    .map(|choice| (*choice).to_owned()),
                Kind::Integer(..) => Some("2".to_owned()),
                Kind::Number(..) | Kind::Fraction(..) => Some("0.5".to_owned()),
                _ => None,
            }),
            Condition::Between(_, low, high) => Some(((low + high) / 2.0).to_string()),
            _ => None,
        }
    }
}

impl Rule {
    /// Parameters with which all of its conditions hold.
    pub(crate) fn sample(&self, estimator: &Estimator) -> Vec<(&'static str, String)> {
        self.when
            .iter()
            .filter_map(|condition| Some((condition.name(), condition.sample(estimator)?)))
            .collect()
    }
}

use Condition::{Begins, BeginsNot, Between, Given, Is, IsNot, Outside, StartsAnew};
use Verdict::{Conflict, Needs, Useless};

const XGBOOST: Of = Of::Family(Family::XGBoost);

const fn rule(of: Of, when: &'static [Condition], verdict: Verdict, help: &'static str) -> Rule {
    Rule {
        of,
        when,
        verdict,
        help,
    }
}

const fn only_with(when: &'static [Condition], help: &'static str) -> Rule {
    rule(XGBOOST, when, Useless, help)
}

const CLASSIFIERS: Of = Of::Classes(&["XGBClassifier", "XGBRFClassifier"]);
const REGRESSORS: Of = Of::Classes(&["XGBRegressor", "XGBRFRegressor"]);
const FORESTS: Of = Of::Classes(&[
    "RandomForestClassifier",
    "RandomForestRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
]);
const BAGGING: Of = Of::Classes(&["BaggingClassifier", "BaggingRegressor"]);
const LOGISTIC: Of = Of::Classes(&["LogisticRegression"]);
const LOGISTIC_BOTH: Of = Of::Classes(&["LogisticRegression", "LogisticRegressionCV"]);

pub(crate) const RULES: &[Rule] = &[
    // XGBoost: objectives.
    rule(
        CLASSIFIERS,
        &[
            BeginsNot("objective", &["binary:", "multi:"]),
            Given("objective"),
        ],
        Conflict,
        "it predicts classes: use `binary:logistic` or `multi:softprob`, or train `xgboost.gbtree`",
    ),
    rule(
        REGRESSORS,
        &[Begins("objective", &["binary:", "multi:", "rank:"])],
        Conflict,
        "it predicts numbers: use an objective that begins with `reg:`, or train `xgboost.gbtree`",
    ),
    rule(
        Of::Classes(&["XGBRanker"]),
        &[BeginsNot("objective", &["rank:"])],
        Conflict,
        "it ranks: use `rank:ndcg`, `rank:map` or `rank:pairwise`",
    ),
    rule(
        XGBOOST,
        &[Begins("objective", &["rank:"])],
        Needs("group"),
        "add `group = …`: the column that tells the queries apart within which rows are ranked",
    ),
    rule(
        XGBOOST,
        &[Is("objective", &["reg:quantileerror"])],
        Needs("quantile_alpha"),
        "add `quantile_alpha = 0.5`: the quantile to predict",
    ),
    rule(
        XGBOOST,
        &[Begins("objective", &["multi:"])],
        Needs("num_class"),
        "add `num_class = …`",
    ),
    rule(
        XGBOOST,
        &[
            Given("num_class"),
            Given("objective"),
            BeginsNot("objective", &["multi:"]),
        ],
        Conflict,
        "leave it out, or use `multi:softprob`",
    ),
    rule(
        REGRESSORS,
        &[Given("num_class")],
        Conflict,
        "it predicts numbers, which have no classes: leave it out",
    ),
    rule(
        XGBOOST,
        &[
            Outside("base_score", 0.0, 1.0),
            Is("objective", &["binary:logistic", "reg:logistic"]),
        ],
        Conflict,
        "it is a probability here: a number from 0 to 1",
    ),
    // XGBoost: parameters of objectives.
    only_with(
        &[
            Given("scale_pos_weight"),
            Begins("objective", &["multi:", "rank:", "survival:", "count:"]),
        ],
        "it weighs the second of two classes, and `weight_column` any row",
    ),
    only_with(
        &[Given("group"), BeginsNot("objective", &["rank:"])],
        "queries are for objectives that begin with `rank:`",
    ),
    only_with(
        &[
            Given("label_upper_bound"),
            BeginsNot("objective", &["survival:aft"]),
        ],
        "an interval is learned with `objective = survival:aft`",
    ),
    only_with(
        &[
            Given("tweedie_variance_power"),
            BeginsNot("objective", &["reg:tweedie"]),
        ],
        "it belongs to `objective = reg:tweedie`",
    ),
    only_with(
        &[
            Given("huber_slope"),
            BeginsNot("objective", &["reg:pseudohubererror"]),
        ],
        "it belongs to `objective = reg:pseudohubererror`",
    ),
    only_with(
        &[
            Given("quantile_alpha"),
            BeginsNot("objective", &["reg:quantileerror"]),
        ],
        "it belongs to `objective = reg:quantileerror`",
    ),
    only_with(
        &[
            Given("aft_loss_distribution"),
            BeginsNot("objective", &["survival:aft"]),
        ],
        "it belongs to `objective = survival:aft`",
    ),
    only_with(
        &[
            Given("aft_loss_distribution_scale"),
            BeginsNot("objective", &["survival:aft"]),
        ],
        "it belongs to `objective = survival:aft`",
    ),
    only_with(
        &[
            Given("lambdarank_pair_method"),
            BeginsNot("objective", &["rank:"]),
        ],
        "it belongs to objectives that begin with `rank:`",
    ),
    only_with(
        &[
            Given("lambdarank_num_pair_per_sample"),
            BeginsNot("objective", &["rank:"]),
        ],
        "it belongs to objectives that begin with `rank:`",
    ),
    only_with(
        &[
            Given("lambdarank_unbiased"),
            BeginsNot("objective", &["rank:"]),
        ],
        "it belongs to objectives that begin with `rank:`",
    ),
    only_with(
        &[Given("ndcg_exp_gain"), BeginsNot("objective", &["rank:"])],
        "it belongs to objectives that begin with `rank:`",
    ),
    // XGBoost: how trees grow.
    rule(
        XGBOOST,
        &[Is("max_depth", &["0"]), Is("tree_method", &["exact"])],
        Conflict,
        "exact splits need a limit: give `max_depth`, or use `tree_method = hist`",
    ),
    rule(
        XGBOOST,
        &[
            IsNot("colsample_bynode", &["1", "1.0"]),
            Is("tree_method", &["exact"]),
        ],
        Conflict,
        "columns cannot be drawn at each split with exact splits: use `tree_method = hist`",
    ),
    rule(
        XGBOOST,
        &[
            Is("multi_strategy", &["multi_output_tree"]),
            Is("tree_method", &["exact", "approx"]),
        ],
        Conflict,
        "trees with many outputs grow with `tree_method = hist` only",
    ),
    only_with(
        &[Given("max_bin"), Is("tree_method", &["exact"])],
        "exact splits have no intervals",
    ),
    only_with(
        &[Given("grow_policy"), Is("tree_method", &["exact"])],
        "exact splits are made level by level",
    ),
    only_with(
        &[Given("max_leaves"), Is("tree_method", &["exact"])],
        "exact splits have no limit of leaves",
    ),
    only_with(
        &[Given("tree_method"), Given("updater")],
        "`updater` says how trees grow",
    ),
    rule(
        XGBOOST,
        &[Is("process_type", &["update"]), StartsAnew],
        Conflict,
        "it changes the trees of a model: name the model with `USING`",
    ),
    rule(
        XGBOOST,
        &[Is("process_type", &["update"])],
        Needs("updater"),
        "add `updater = refresh` or `updater = prune`",
    ),
    // XGBoost: linear models.
    rule(
        XGBOOST,
        &[
            Is("feature_selector", &["greedy", "random", "thrifty"]),
            IsNot("updater", &["coord_descent"]),
        ],
        Conflict,
        "only coefficients that change one after the other can be selected: add `updater = coord_descent`",
    ),
    only_with(
        &[
            Given("top_k"),
            Is("feature_selector", &["cyclic", "shuffle", "random"]),
        ],
        "it belongs to `feature_selector = greedy` and `thrifty`",
    ),
    rule(
        Of::Classes(&["XGBRFClassifier", "XGBRFRegressor"]),
        &[Given("train.early_stopping")],
        Useless,
        "a forest is one round, and there is nothing to stop",
    ),
    // scikit-learn.
    rule(
        LOGISTIC,
        &[
            IsNot("l1_ratio", &["0", "0.0", "NONE"]),
            IsNot("solver", &["liblinear", "saga"]),
        ],
        Conflict,
        "an L1 penalty needs `solver = saga`, or `liblinear` when it is all L1",
    ),
    rule(
        LOGISTIC,
        &[Between("l1_ratio", 0.0, 1.0), Is("solver", &["liblinear"])],
        Conflict,
        "a mixed penalty needs `solver = saga`",
    ),
    rule(
        LOGISTIC_BOTH,
        &[Is("dual", &["TRUE"]), IsNot("solver", &["liblinear"])],
        Conflict,
        "the dual problem needs `solver = liblinear`",
    ),
    rule(
        Of::Classes(&["LinearSVC"]),
        &[Is("penalty", &["l1"]), Is("loss", &["hinge"])],
        Conflict,
        "an L1 penalty needs `loss = squared_hinge`",
    ),
    rule(
        Of::Classes(&["LinearSVC"]),
        &[Is("penalty", &["l1"]), Is("dual", &["TRUE"])],
        Conflict,
        "an L1 penalty needs `dual = FALSE`",
    ),
    rule(
        Of::Classes(&["LinearSVC"]),
        &[Is("dual", &["FALSE"]), Is("loss", &["hinge"])],
        Conflict,
        "this loss needs `dual = TRUE`",
    ),
    rule(
        Of::Classes(&["LinearSVR"]),
        &[Is("dual", &["FALSE"]), Is("loss", &["epsilon_insensitive"])],
        Conflict,
        "this loss needs `dual = TRUE`, or use `loss = squared_epsilon_insensitive`",
    ),
    rule(
        FORESTS,
        &[Is("oob_score", &["TRUE"]), Is("bootstrap", &["FALSE"])],
        Conflict,
        "without drawing rows each tree sees all of them: add `bootstrap = TRUE`",
    ),
    rule(
        FORESTS,
        &[IsNot("max_samples", &["NONE"]), Is("bootstrap", &["FALSE"])],
        Conflict,
        "without drawing rows each tree sees all of them: add `bootstrap = TRUE`",
    ),
    rule(
        BAGGING,
        &[Is("oob_score", &["TRUE"]), Is("bootstrap", &["FALSE"])],
        Conflict,
        "without replacement no row is left out for sure: add `bootstrap = TRUE`",
    ),
    rule(
        Of::Classes(&["Ridge", "RidgeClassifier"]),
        &[
            Is("positive", &["TRUE"]),
            IsNot("solver", &["auto", "lbfgs"]),
        ],
        Conflict,
        "coefficients that are not negative need `solver = lbfgs`",
    ),
    rule(
        Of::Classes(&["Ridge", "RidgeClassifier"]),
        &[Is("solver", &["lbfgs"]), Is("positive", &["FALSE"])],
        Conflict,
        "this solver is for `positive = TRUE`",
    ),
    rule(
        Of::Classes(&["LinearDiscriminantAnalysis"]),
        &[IsNot("shrinkage", &["NONE"]), Is("solver", &["svd"])],
        Conflict,
        "shrinkage needs `solver = lsqr` or `eigen`",
    ),
    rule(
        Of::Classes(&["NMF"]),
        &[IsNot("beta_loss", &["frobenius"]), Is("solver", &["cd"])],
        Conflict,
        "another distance needs `solver = mu`",
    ),
    rule(
        Of::Classes(&["PCA"]),
        &[
            Is("n_components", &["mle"]),
            IsNot("svd_solver", &["auto", "full", "covariance_eigh"]),
        ],
        Conflict,
        "finding the number of components needs `svd_solver = full`",
    ),
    rule(
        Of::Classes(&["HistGradientBoostingRegressor"]),
        &[Is("loss", &["quantile"])],
        Needs("quantile"),
        "add `quantile = 0.5`: the quantile to predict",
    ),
    rule(
        Of::Classes(&["FeatureAgglomeration"]),
        &[
            IsNot("distance_threshold", &["NONE"]),
            IsNot("n_clusters", &["NONE"]),
        ],
        Conflict,
        "one of them says where merging ends: add `n_clusters = NONE`",
    ),
    rule(
        Of::Classes(&["FeatureAgglomeration"]),
        &[IsNot("metric", &["euclidean"]), Is("linkage", &["ward"])],
        Conflict,
        "this linkage measures by `metric = euclidean`",
    ),
    rule(
        Of::Classes(&["MLPClassifier", "MLPRegressor"]),
        &[Is("early_stopping", &["TRUE"]), Is("solver", &["lbfgs"])],
        Useless,
        "this solver sees all rows in each step and ends by `tol`",
    ),
];
