//! The catalog agrees with itself: what it says of estimators compiles.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use serde_json::Value;
use sqlflowc::compile;
use sqlflowc::diagnostic::{Format, Severity, render};
use sqlflowc::semantic;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

fn estimators() -> Vec<Value> {
    let catalog = semantic::models_json(None).unwrap();
    let catalog: Value = serde_json::from_str(&catalog).unwrap();
    catalog["estimators"].as_array().unwrap().clone()
}

/// A value as it is written in a program.
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

/// The errors of a training with one attribute, beside what cannot be left out.
fn errors(estimator: &Value, attribute: &str) -> String {
    let name = estimator["name"].as_str().unwrap();
    let mut attributes = vec![];
    for (part, needed) in [
        ("DNNLinear", "model.dnn_hidden_units = [4]"),
        ("DNN", "model.hidden_units = [4]"),
        ("XGBRanker", "group = query"),
    ] {
        if name.contains(part) {
            attributes.push(needed.to_owned());
            break;
        }
    }
    if !attribute.is_empty() {
        attributes.push(attribute.to_owned());
    }
    let with = match attributes.as_slice() {
        [] => String::new(),
        attributes => format!("WITH {}", attributes.join(", ")),
    };
    let label = if estimator["label"] == true {
        "LABEL y"
    } else {
        ""
    };
    let program = format!("SELECT * FROM t TO TRAIN {name} {with} {label} INTO m;");
    let source = SourceFile::new("program.sql", program);
    let (_, diagnostics) = compile::lower(&source, Dialect::DuckDb);
    if diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity() == Severity::Error)
    {
        render(&source, &diagnostics, Format::Human { colour: false })
    } else {
        String::new()
    }
}

#[test]
fn every_default_is_a_value_that_is_taken() {
    let mut tried = 0;
    for estimator in estimators() {
        assert_eq!(errors(&estimator, ""), "");
        for attribute in estimator["attributes"].as_array().unwrap() {
            let Some(default) = attribute.get("default") else {
                continue;
            };
            let name = attribute["name"].as_str().unwrap();
            assert_eq!(
                errors(&estimator, &format!("{name} = {}", written(default))),
                ""
            );
            tried += 1;
        }
    }
    assert!(tried > 500, "the catalog has defaults: {tried}");
}

#[test]
fn every_choice_is_taken_alone_or_said_not_to_go_with_a_default() {
    for estimator in estimators() {
        for attribute in estimator["attributes"].as_array().unwrap() {
            let choices = attribute.get("choices").and_then(Value::as_array);
            for choice in choices.into_iter().flatten() {
                let name = attribute["name"].as_str().unwrap();
                let said = errors(&estimator, &format!("{name} = {}", written(choice)));
                let of_combination = ["[E0328]", "[E0305]", "[E0203]"]
                    .iter()
                    .any(|code| said.contains(&format!("error{code}")));
                assert!(said.is_empty() || of_combination, "{said}");
            }
        }
    }
}

#[test]
fn every_attribute_has_a_meaning_and_one_owner_of_each_name() {
    for estimator in estimators() {
        let mut names = std::collections::BTreeSet::new();
        for attribute in estimator["attributes"].as_array().unwrap() {
            let has_effect = attribute.get("without_effect").is_none();
            let meaning = attribute["meaning"].as_str().unwrap();
            assert_eq!(has_effect, !meaning.is_empty(), "{attribute}");
            let synonyms = attribute.get("synonyms").and_then(Value::as_array);
            for name in std::iter::once(&attribute["name"]).chain(synonyms.into_iter().flatten()) {
                assert!(
                    names.insert(name.as_str().unwrap().to_owned()),
                    "{}: {name} twice",
                    estimator["name"]
                );
            }
        }
    }
}
