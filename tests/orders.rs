//! Any order that the plan allows ends where the program's own order ends: on
//! random programs, executed on a real DuckDB.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlflowc::compile;
use sqlflowc::diagnostic::{Format, render};
use sqlflowc::ir::Action;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;
use support::programs::{self, Random};

/// So many of either generator.
const PROGRAMS: u64 = 40;
const STATEMENTS: usize = 14;
const OTHER_STATEMENTS: usize = 30;

/// Few names, some of them two spellings of one, so that statements meet.
const TABLES: [&str; 10] = [
    "a",
    "A",
    "main.a",
    "memory.main.a",
    "memory.b",
    "b",
    "\"B\"",
    "s.a",
    "S.c",
    "c",
];
const VIEWS: [&str; 3] = ["v", "s.v", "w"];

fn statement(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let view = random.pick(&VIEWS);
    let number = random.below(100);
    let source = query(random);
    match random.below(16) {
        0..=2 => format!("CREATE OR REPLACE TABLE {table} AS {source}"),
        3 => format!("CREATE TABLE IF NOT EXISTS {table} AS {source}"),
        4..=6 => format!("INSERT INTO {table} {source}"),
        7 => format!("UPDATE {table} SET x = x + {number} WHERE x IN ({source})"),
        8 => format!("DELETE FROM {table} WHERE x > (SELECT avg(x) FROM ({source}))"),
        9 => format!("CREATE OR REPLACE VIEW {view} AS {source}"),
        10 => format!("DROP VIEW IF EXISTS {view}"),
        11 => format!("DROP TABLE IF EXISTS {table}"),
        12 => format!(
            "ALTER TABLE {table} RENAME TO {}",
            random.pick(&["a", "b", "c"])
        ),
        13 => format!("TRUNCATE {table}"),
        14 => random
            .pick(&[
                "USE s",
                "USE main",
                "CREATE SCHEMA IF NOT EXISTS s",
                "DROP SCHEMA IF EXISTS s CASCADE",
            ])
            .to_owned(),
        _ => format!(
            "MERGE INTO {table} USING ({source}) AS n ON ({table}.x = n.x) WHEN NOT MATCHED THEN INSERT VALUES (n.x)"
        ),
    }
}

/// A query of one column `x`.
fn query(random: &mut Random) -> String {
    let from = |random: &mut Random| match random.below(3) {
        0 => random.pick(&VIEWS).to_owned(),
        _ => random.pick(&TABLES).to_owned(),
    };
    let (one, other) = (from(random), from(random));
    let number = random.below(100);
    match random.below(7) {
        0 | 1 => format!("SELECT {number} AS x"),
        2 => format!("SELECT x + {number} AS x FROM {one}"),
        3 => format!("SELECT l.x AS x FROM {one} AS l JOIN {other} AS r ON (l.x = r.x)"),
        4 => format!("SELECT x FROM {one} UNION ALL SELECT x FROM {other}"),
        5 => format!("WITH a AS (SELECT x FROM {one}) SELECT a.x AS x FROM a, (SELECT 1) AS one"),
        _ => format!("SELECT max(x) AS x FROM {one} WHERE x NOT IN (SELECT x FROM {other})"),
    }
}

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

/// Random programs without the statements that fail: in a run they would end
/// the program, so what comes after them is not promised.
fn programs() -> Vec<String> {
    let seeds = programs::seeds(PROGRAMS);
    let ambiguous = seeds.clone().map(|seed| {
        let mut random = Random(seed);
        (0..STATEMENTS).map(|_| statement(&mut random)).collect()
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
        statements > 8 * kept.len(),
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
    let programs: Vec<_> = programs()
        .iter()
        .map(|text| json!({"text": text, "steps": steps(text)}))
        .collect();
    let found = python("orders.py", &json!(programs));
    let different: Vec<_> = found.as_array().unwrap().iter().collect();
    let shown: Vec<_> = different.iter().filter_map(|text| text.as_str()).collect();
    assert!(different.is_empty(), "{}", shown.join("\n"));
}
