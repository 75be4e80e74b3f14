//! Threads change the time that a compilation takes, and not a byte of what
//! comes out of it.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fmt::Write;
use std::num::NonZeroUsize;

use sqlflowc::backend::Target;
use sqlflowc::compile;
use sqlflowc::diagnostic::{Format, render};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::{Dialect, Reading};

/// What a program compiles to, or what is said of it.
fn compiled(program: &str, target: Target, threads: usize) -> String {
    let threads = NonZeroUsize::new(threads).unwrap();
    let source = SourceFile::new("program.sql", program);
    let mut options = support::options("threads", &source);
    options.threads = threads;
    let reading = Reading {
        threads,
        ..Reading::from(Dialect::DuckDb)
    };
    let (artifact, diagnostics) = compile::compile(&source, reading, target, &options);
    let shown = render(&source, &diagnostics, Format::Human { colour: false });
    shown + &artifact.unwrap_or_default()
}

/// Large enough to be read and printed in several parts.
fn program(statement: impl Fn(usize) -> String) -> String {
    (0..700).map(statement).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let program = program(|at| {
        let mut statements = String::new();
        writeln!(statements, "CREATE TABLE t{at} AS SELECT ';', * FROM raw;").unwrap();
        if at % 50 == 0 {
            // What stands in a string looks like the ends of statements.
            let text = ";\n".repeat(10_000);
            writeln!(statements, "INSERT INTO t{at} VALUES ('{text}');").unwrap();
        }
        if at % 3 == 0 {
            let train = "TO TRAIN xgboost.gbtree WITH objective='binary:logistic' COLUMN a";
            writeln!(
                statements,
                "SELECT a, b FROM t{at}\n{train} LABEL b INTO m;"
            )
            .unwrap();
        }
        statements
    });
    for target in [Target::Local, Target::Plan, Target::Ir] {
        let alone = compiled(&program, target, 1);
        assert!(alone.len() > 100_000, "{}", &alone[..1000]);
        for threads in [2, 5] {
            assert!(compiled(&program, target, threads) == alone);
        }
    }
}

#[test]
fn any_number_of_threads_says_the_same() {
    let program = program(|at| match at % 10 {
        0 => "SELECT * FORM t;\n".to_owned(),
        1 => "SELECT * FROM t TO TRAIN DNNClassifire LABEL c INTO m;\n".to_owned(),
        2 => "-- sqlflowc: cpu = 4\nSELECT 1;\n".to_owned(),
        _ => format!("CREATE TABLE t{at} AS SELECT * FROM raw;\n"),
    }) + "SELECT 'never closed;\n";
    let alone = compiled(&program, Target::Plan, 1);
    assert_eq!(alone.matches("never closed").count(), 2, "{alone}");
    assert!(compiled(&program, Target::Plan, 3) == alone);
}
