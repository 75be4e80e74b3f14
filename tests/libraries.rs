//! What the compiler takes is what the libraries take, which are asked.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlflowc::compile;
use sqlflowc::diagnostic::{Code, Severity};
use sqlflowc::semantic;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

/// Asks in one run of Python, since importing the libraries is what takes long.
fn ask(questions: &Value) -> Value {
    let environment = support::python_environment("test");
    let mut child = Command::new(environment.python)
        .arg(support::root().join("tests/libraries/ask.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("OMP_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(questions.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn asked(what: &str, questions: Vec<Value>) -> Vec<Value> {
    let mut all = json!({"patterns": [], "values": [], "trainings": []});
    all[what] = Value::Array(questions);
    ask(&all)[what].as_array().unwrap().clone()
}

fn codes(program: &str) -> Vec<Code> {
    let source = SourceFile::new("program.sql", program);
    let (_, diagnostics) = compile::lower(&source, Dialect::DuckDb);
    diagnostics.iter().map(|found| found.code).collect()
}

/// Texts made of the signs of regular expressions, the same ones each time.
fn patterns() -> Vec<String> {
    const PARTS: [&str; 40] = [
        "a", "b", "0", "_", "*", "+", "?", "{", "}", "{2}", "{3,1}", "{,4}", "[", "]", "^", "$",
        "-", "(", ")", "|", "\\", ".", "(?:", "(?=", "(?<!a", "(?P<n>", "(?P=n)", "(?i)", "(?i:",
        "(?(1)", "\\1", "\\2", "\\d", "\\b", "\\p", "\\x4", "\\101", "\\u00e9", "(?#", "é",
    ];
    let mut state: u64 = 42;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut pattern = || {
        let length = next(7) + 1;
        (0..length).map(|_| PARTS[next(PARTS.len())]).collect()
    };
    (0..6_000).map(|_| pattern()).collect()
}

#[test]
fn patterns_are_those_of_python() {
    let patterns = patterns();
    let takes = asked(
        "patterns",
        patterns.iter().map(|text| json!(text)).collect(),
    );
    let mut taken = 0;
    for (pattern, takes) in patterns.iter().zip(takes) {
        let quoted = pattern.replace('\'', "''");
        let codes = codes(&format!(
            "SELECT * FROM t TO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' \
             COLUMN '{quoted}' LABEL y INTO m;"
        ));
        let is_refused = codes.contains(&Code::InvalidPattern);
        let takes = takes == true;
        taken += usize::from(takes);
        // How wide a look-behind is, and what is in a group that it looks at.
        let is_left_to_python = pattern.contains("(?<!");
        assert!(
            is_refused != takes || (!takes && is_left_to_python),
            "{pattern}: Python takes it: {takes}, {codes:?}"
        );
    }
    assert!((600..5_400).contains(&taken), "both kinds: {taken}");
}

/// Values inside and outside of any range.
fn probes(attribute: &Value) -> Vec<Value> {
    let numbers = [
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(1000),
        json!(-0.5),
        json!(0.0),
        json!(0.3),
        json!(1.0),
        json!(1.5),
        json!(null),
        json!("no_such_choice"),
    ];
    let choices = attribute.get("choices").and_then(Value::as_array);
    let default = attribute.get("default");
    let own = choices.into_iter().flatten().chain(default);
    numbers.iter().chain(own).cloned().collect()
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "NONE".to_owned(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::String(text) => format!("'{text}'"),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(written).collect();
            format!("[{}]", values.join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn values_are_those_of_scikit_learn() {
    let catalog = semantic::models_json(None).unwrap();
    let catalog: Value = serde_json::from_str(&catalog).unwrap();
    let names = serde_json::to_value(semantic::names()).unwrap();
    let params = &names["estimators"];
    let mut questions = Vec::new();
    let mut refused = Vec::new();
    for estimator in catalog["estimators"].as_array().unwrap() {
        let name = estimator["name"].as_str().unwrap();
        if !name.starts_with("sklearn.") {
            continue;
        }
        let label = if estimator["label"] == true {
            "LABEL y"
        } else {
            ""
        };
        for attribute in estimator["attributes"].as_array().unwrap() {
            let own = attribute["name"].as_str().unwrap();
            // Columns are data to it.
            let is_own =
                own != "weight_column" && params[name].as_array().unwrap().contains(&json!(own));
            if !is_own {
                continue;
            }
            for value in probes(attribute) {
                let codes = codes(&format!(
                    "SELECT * FROM t TO TRAIN {name} WITH {own} = {} {label} INTO m;",
                    written(&value)
                ));
                // SQLFlow's programs say 0 and 1, of which the compiler makes truth values.
                let is_truth = attribute["takes"]
                    .as_str()
                    .unwrap()
                    .contains("TRUE or FALSE");
                let value = match value.as_u64() {
                    Some(number @ 0..=1) if is_truth => json!(number == 1),
                    _ => value,
                };
                questions.push(json!([name, own, value]));
                refused.push(codes.contains(&Code::InvalidAttribute));
            }
        }
    }
    assert!(questions.len() > 10_000, "{}", questions.len());
    let says = asked("values", questions.clone());
    let mut wrong = String::new();
    for ((question, refused), says) in questions.iter().zip(refused).zip(says) {
        // NONE there is a matrix that is not given, and FALSE says the same.
        let is_matrix = question[1] == "precompute" && question[2].is_null();
        if refused == says.is_null() && !is_matrix {
            wrong += &format!("{question}: refused {refused}, scikit-learn says {says}\n");
        }
    }
    assert_eq!(wrong, "");
}

/// Trainings on both sides of each rule about XGBoost's parameters, without the
/// objective's own need of columns.
const TRAININGS: &[(&str, &str)] = &[
    ("gbtree", "objective = 'multi:softprob'"),
    ("gbtree", "objective = 'multi:softprob', num_class = 3"),
    ("gbtree", "objective = 'multi:softmax', num_class = 3"),
    ("gbtree", "objective = 'binary:logistic', num_class = 3"),
    ("gbtree", "objective = 'binary:logistic', num_class = 2"),
    ("gbtree", "objective = 'reg:squarederror', num_class = 3"),
    ("gbtree", "objective = 'reg:quantileerror'"),
    (
        "gbtree",
        "objective = 'reg:quantileerror', quantile_alpha = 0.5",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', quantile_alpha = 0.5",
    ),
    ("gbtree", "objective = 'binary:logistic', base_score = 0.4"),
    ("gbtree", "objective = 'binary:logistic', base_score = 1.5"),
    ("gbtree", "objective = 'binary:logistic', base_score = -0.5"),
    ("gbtree", "objective = 'reg:logistic', base_score = 2"),
    ("gbtree", "objective = 'reg:logistic', base_score = 0.5"),
    ("gbtree", "objective = 'reg:squarederror', base_score = 2"),
    (
        "gbtree",
        "objective = 'binary:logistic', scale_pos_weight = 2",
    ),
    (
        "gbtree",
        "objective = 'multi:softprob', num_class = 3, scale_pos_weight = 2",
    ),
    (
        "gbtree",
        "objective = 'count:poisson', scale_pos_weight = 2",
    ),
    ("gbtree", "objective = 'survival:aft', scale_pos_weight = 2"),
    (
        "gbtree",
        "objective = 'rank:ndcg', scale_pos_weight = 2, group = q",
    ),
    (
        "gbtree",
        "objective = 'reg:tweedie', tweedie_variance_power = 1.2",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', tweedie_variance_power = 1.2",
    ),
    (
        "gbtree",
        "objective = 'reg:pseudohubererror', huber_slope = 2",
    ),
    ("gbtree", "objective = 'reg:squarederror', huber_slope = 2"),
    (
        "gbtree",
        "objective = 'survival:aft', aft_loss_distribution = 'logistic'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', aft_loss_distribution = 'logistic'",
    ),
    (
        "gbtree",
        "objective = 'survival:aft', aft_loss_distribution_scale = 2",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', aft_loss_distribution_scale = 2",
    ),
    (
        "gbtree",
        "objective = 'rank:ndcg', group = q, lambdarank_pair_method = 'mean'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', lambdarank_pair_method = 'mean'",
    ),
    (
        "gbtree",
        "objective = 'rank:ndcg', group = q, lambdarank_num_pair_per_sample = 2",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', lambdarank_num_pair_per_sample = 2",
    ),
    (
        "gbtree",
        "objective = 'rank:pairwise', group = q, lambdarank_unbiased = TRUE",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', lambdarank_unbiased = TRUE",
    ),
    (
        "gbtree",
        "objective = 'rank:ndcg', group = q, ndcg_exp_gain = FALSE",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', ndcg_exp_gain = FALSE",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', max_depth = 0, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', max_depth = 0, tree_method = 'hist'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', max_depth = 3, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', colsample_bynode = 0.5, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', colsample_bynode = 1, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', colsample_bynode = 0.5, tree_method = 'approx'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', colsample_bylevel = 0.5, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', colsample_bytree = 0.5, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'multi:softprob', num_class = 3, multi_strategy = 'multi_output_tree', tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'multi:softprob', num_class = 3, multi_strategy = 'multi_output_tree', tree_method = 'approx'",
    ),
    (
        "gbtree",
        "objective = 'multi:softprob', num_class = 3, multi_strategy = 'multi_output_tree', tree_method = 'hist'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', max_bin = 8, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', grow_policy = 'lossguide', tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', grow_policy = 'lossguide', tree_method = 'hist'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', max_leaves = 4, tree_method = 'exact'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', process_type = 'update'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', process_type = 'update', updater = 'refresh'",
    ),
    (
        "gbtree",
        "objective = 'reg:squarederror', process_type = 'default'",
    ),
    (
        "dart",
        "objective = 'reg:squarederror', rate_drop = 0.5, sample_type = 'weighted'",
    ),
    ("gbtree", "objective = 'reg:squarederror', rate_drop = 0.5"),
    ("gblinear", "objective = 'reg:squarederror', max_depth = 3"),
    (
        "gbtree",
        "objective = 'reg:squarederror', feature_selector = 'greedy'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'greedy'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'random'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'thrifty'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'shuffle'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'cyclic'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'greedy', updater = 'coord_descent'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'thrifty', top_k = 2, updater = 'coord_descent'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'random', updater = 'coord_descent'",
    ),
    (
        "gblinear",
        "objective = 'reg:squarederror', feature_selector = 'cyclic', top_k = 2",
    ),
];

/// The parameters as XGBoost gets them; columns are data to it.
fn params(booster: &str, attributes: &str) -> Value {
    let mut params = json!({ "booster": booster });
    for attribute in attributes.split(", ") {
        let (name, value) = attribute.split_once(" = ").unwrap();
        if name == "group" {
            continue;
        }
        params[name] = match value {
            "TRUE" => json!(true),
            "FALSE" => json!(false),
            _ => serde_json::from_str(&value.replace('\'', "\"")).unwrap(),
        };
    }
    params
}

#[test]
fn combinations_are_those_of_xgboost() {
    let questions = TRAININGS
        .iter()
        .map(|(booster, with)| params(booster, with));
    let says = asked("trainings", questions.collect());
    let mut wrong = String::new();
    let (mut refusals, mut warnings) = (0, 0);
    for ((booster, with), says) in TRAININGS.iter().zip(says) {
        let codes = codes(&format!(
            "SELECT * FROM t TO TRAIN xgboost.{booster} WITH {with} COLUMN a LABEL y INTO m;"
        ));
        let says = says.as_array().unwrap();
        let refuses = says.first().is_some_and(|first| first == "refuses");
        let is_error = codes.iter().any(|code| code.severity() == Severity::Error);
        let is_warned = codes.contains(&Code::AttributeWithoutEffect);
        refusals += usize::from(refuses);
        warnings += usize::from(!refuses && !says.is_empty());
        // That a parameter has no effect is not always known to XGBoost.
        let agrees = refuses == is_error && (refuses || says.is_empty() || is_warned);
        if !agrees {
            wrong += &format!("{booster} {with}: {codes:?}, XGBoost says {says:?}\n");
        }
    }
    assert_eq!(wrong, "");
    assert!(refusals > 5 && warnings > 5, "{refusals} {warnings}");
}
