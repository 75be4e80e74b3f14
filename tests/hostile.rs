//! The program's text survives every target, byte for byte: it is read back
//! out of the rendered artifacts, with a real YAML reader and real Python.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlflowc::backend::Target;
use sqlflowc::compile;
use sqlflowc::ir::{Action, Step};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

/// The texts of the program that a step must hold.
fn texts(step: &Step) -> Value {
    let mut texts = match &step.action {
        Action::Query(query) => json!({"statements": query.statements}),
        Action::Train(train) => {
            let mut texts = json!({
                "select": train.select,
                "estimator": train.estimator,
                "into": train.into,
                "statement": train.statement,
                "label": train.label,
            });
            let select = train.validation.iter().find(|s| s.name == "select");
            if let Some(sqlflowc::ir::Literal::String(select)) = select.map(|s| &s.value) {
                texts["validation"] = json!({"select": select});
            }
            texts
        }
        Action::Predict(predict) => json!({
            "select": predict.select,
            "model": predict.model,
            "column": predict.column,
            "into": predict.into,
        }),
        Action::Evaluate(evaluate) => json!({
            "select": evaluate.select,
            "model": evaluate.model,
            "label": evaluate.label,
            "into": evaluate.into,
        }),
        Action::Explain(explain) => json!({
            "select": explain.select,
            "model": explain.model,
            "into": explain.into,
        }),
        Action::ShowTrain(show) => json!({"model": show.model}),
        Action::Run(run) => json!({
            "select": run.select,
            "image": run.image,
            "command": run.command,
            "into": run.into,
        }),
        Action::Optimize(optimize) => json!({
            "select": optimize.select,
            "into": optimize.into,
        }),
    };
    if !step.session.is_empty() {
        texts["session"] = json!(step.session);
    }
    let object = texts.as_object_mut().unwrap();
    object.retain(|_, value| !value.is_null());
    texts
}

/// The calls in each Python program, as `tests/support/calls.py` reads them.
fn calls(programs: &[String]) -> Vec<Value> {
    let script = support::root().join("tests/support/calls.py");
    let mut python = Command::new(support::python_environment("core").python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(programs).unwrap();
    python.stdin.take().unwrap().write_all(&input).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "a rendered program is no Python");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The Python programs of a manifest's containers, in order.
fn container_programs(manifest: &str, target: Target) -> Vec<String> {
    support::containers(manifest, target)
        .into_iter()
        .map(|container| container["args"][0].as_str().unwrap().to_owned())
        .collect()
}

/// The same for a program of so many more steps that an Argo Workflow shares
/// templates, and texts go through parameters.
fn check_shared(path: &Path) {
    let source = support::source(path);
    let (ir, _) = compile::lower(&source, Dialect::DuckDb);
    let steps = ir.unwrap().steps;
    let text = format!(
        "{};\n{}",
        source.text().trim_end().trim_end_matches(';'),
        support::statements(200)
    );
    let source = SourceFile::new(source.name(), text);
    let manifest = artifact(&source, Target::Argo);
    let own = ["{{inputs.parameters.", "{{node.name}}"];
    let foreign = own
        .iter()
        .fold(manifest.clone(), |text, tag| text.replace(tag, ""));
    for digraph in ["{{", "$(", "$$"] {
        assert!(
            !foreign.contains(digraph),
            "{} holds {digraph}",
            source.name()
        );
    }
    let programs = container_programs(&manifest, Target::Argo);
    for (call, step) in calls(&programs[..steps.len()]).iter().zip(&steps) {
        assert_call(&call[0], step, source.name());
    }
}

fn artifact(source: &SourceFile, target: Target) -> String {
    let options = support::options("hostile", source);
    let (artifact, diagnostics) = compile::compile(source, Dialect::DuckDb, target, &options);
    artifact.unwrap_or_else(|| panic!("{}: {diagnostics:?}", source.name()))
}

/// Each wanted text, and nothing but it, is in the call.
fn assert_call(call: &Value, step: &Step, of: &str) {
    for (name, wanted) in texts(step).as_object().unwrap() {
        let found = &call["arguments"][name];
        let same = match name.as_str() {
            "validation" => found["select"] == wanted["select"],
            _ => found == wanted,
        };
        assert!(same, "{of}: {name}\nwanted: {wanted}\nfound:  {found}");
    }
}

fn check(path: &Path) {
    let source = support::source(path);
    let (ir, diagnostics) = compile::lower(&source, Dialect::DuckDb);
    let ir = ir.unwrap_or_else(|| panic!("{}: {diagnostics:?}", source.name()));
    for step in &ir.steps {
        if let Action::Query(query) = &step.action {
            for statement in &query.statements {
                assert!(source.text().contains(statement.as_str()));
            }
        }
    }
    for target in [Target::Argo, Target::Tekton] {
        let of = format!("{} for {}", source.name(), target.as_str());
        let programs = container_programs(&artifact(&source, target), target);
        assert_eq!(programs.len(), ir.steps.len(), "{of}");
        for program in &programs {
            for digraph in ["{{", "$(", "$$"] {
                assert!(!program.contains(digraph), "{of} holds {digraph}");
            }
        }
        for (call, step) in calls(&programs).iter().zip(&ir.steps) {
            assert_eq!(call.as_array().unwrap().len(), 1, "{of}");
            assert_call(&call[0], step, &of);
        }
    }
    let of = format!("{} as a local script", source.name());
    let script = calls(&[artifact(&source, Target::Local)]).remove(0);
    let script = script.as_array().unwrap();
    assert_eq!(script.len(), ir.steps.len(), "{of}");
    for (call, step) in script.iter().zip(&ir.steps) {
        assert_call(call, step, &of);
    }
}

#[test]
fn hostile_text_survives_every_target() {
    for program in support::programs("hostile") {
        check(&program);
        check_shared(&program);
    }
}

#[test]
fn the_examples_text_survives_every_target() {
    for program in support::examples() {
        check(&program);
    }
}
