//! Any order that the plan allows ends where the program's own order ends: on
//! random programs, executed on a real DuckDB.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlflowc::compile;
use sqlflowc::diagnostic::{Code, Format, render};
use sqlflowc::ir::Action;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;
use support::{programs, statements};

/// So many of either generator.
const PROGRAMS: u64 = 40;
const STATEMENTS: usize = 30;
const OTHER_STATEMENTS: usize = 30;

/// Gives a script of `tests/support` its input and reads its output.
fn python(script: &str, input: &Value) -> Value {
    // The programs write files.
    let folder = tempfile::tempdir().unwrap();
    let mut python = Command::new(support::python_environment("core").python)
        .arg(support::root().join("tests/support").join(script))
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(input).unwrap();
    python.stdin.take().unwrap().write_all(&input).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether the compiler can read the statement: to its user, others are errors.
fn can_be_read(statement: &str) -> bool {
    let source = SourceFile::new("random.sql", statement);
    let (_, diagnostics) = compile::plan(&source, Dialect::DuckDb);
    let mut codes = diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes.all(|code| code != Code::SqlSyntax)
}

/// Random programs without the statements that fail: in a run they would end
/// the program, so what comes after them is not promised.
fn texts() -> Vec<String> {
    let seeds = programs::seeds(PROGRAMS);
    let ambiguous = seeds.clone().map(|seed| {
        let statements = statements::program(seed, STATEMENTS).into_iter();
        statements
            .filter(|statement| can_be_read(statement))
            .collect()
    });
    let others = seeds.map(|seed| {
        let statements = programs::program(seed, OTHER_STATEMENTS);
        let texts = statements.into_iter().map(|statement| statement.text);
        texts.collect()
    });
    let all: Vec<Vec<String>> = ambiguous.chain(others).collect();
    let kept = python("executable.py", &json!(all));
    let kept: Vec<Vec<String>> = serde_json::from_value(kept).unwrap();
    let statements: usize = kept.iter().map(Vec::len).sum();
    assert!(
        statements > 6 * kept.len(),
        "most statements are executable"
    );
    kept.iter()
        .map(|statements| statements.join(";\n"))
        .collect()
}

fn steps(text: &str) -> Value {
    let source = SourceFile::new("random.sql", text);
    let (plan, diagnostics) = compile::plan(&source, Dialect::DuckDb);
    let plan = plan.unwrap_or_else(|| {
        panic!(
            "{}",
            render(&source, &diagnostics, Format::Human { colour: false })
        )
    });
    let steps = plan.steps().enumerate().map(|(at, planned)| {
        let Action::Query(query) = &planned.step.action else {
            panic!("the programs are plain SQL");
        };
        json!({
            "name": planned.name,
            "session": planned.step.session,
            "statements": query.statements,
            "needs": plan.needs_names(at),
        })
    });
    steps.collect()
}

#[test]
fn every_order_that_the_plan_allows_ends_in_the_same_state() {
    let programs: Vec<_> = texts()
        .iter()
        .map(|text| json!({"text": text, "steps": steps(text)}))
        .collect();
    let found = python("orders.py", &json!(programs));
    let different: Vec<_> = found.as_array().unwrap().iter().collect();
    let shown: Vec<_> = different.iter().filter_map(|text| text.as_str()).collect();
    assert!(different.is_empty(), "{}", shown.join("\n"));
}
