//! The compiler's side of the step contract: the fixtures that the runtime's
//! tests read are what this compiler writes.
//!
//! After a change, `UPDATE_CONTRACT=1 cargo test --test contract` writes them.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fs;

use sqlflowc::backend::Target;
use sqlflowc::compile;
use sqlflowc::semantic;
use sqlflowc::syntax::sql::Dialect;

fn assert_fixture(name: &str, text: &str) {
    let path = support::root().join("tests/contract").join(name);
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        fs::write(&path, text).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "{name} is stale: UPDATE_CONTRACT=1 cargo test --test contract"
    );
}

#[test]
fn the_runtime_is_tested_on_what_the_compiler_writes() {
    let path = support::root().join("tests/contract/program.sql");
    let source = support::source(&path);
    let options = support::options("contract", &source);
    let (script, diagnostics) = compile::compile(&source, Dialect::DuckDb, Target::Local, &options);
    // A program of every form evaluates where it trains, which is a warning.
    let script = script.unwrap_or_else(|| panic!("{diagnostics:?}"));
    assert_fixture("program.py", &script);
}

#[test]
fn the_runtime_is_tested_on_every_name_that_the_compiler_accepts() {
    let names = serde_json::to_string_pretty(&semantic::names()).unwrap() + "\n";
    assert_fixture("names.json", &names);
}
