//! Programs that are made to be slow take time in proportion to their length.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sqlflowc::compile;
use sqlflowc::parallel::STACK_BYTES;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

/// How many times longer the longer program of each pair is.
const TIMES: usize = 8;

/// How many times longer it may take: more than a sort, and less than half of
/// what every part compared with every other would take.
const MOST: u32 = 28;

/// The processor time of this thread.
fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.try_into().unwrap(),
        now.tv_nsec.try_into().unwrap(),
    )
}

/// What it takes to compile a program.
fn time(program: &str) -> Duration {
    let before = cpu();
    let source = SourceFile::new("test.sql", program);
    compile::plan(&source, Dialect::DuckDb);
    cpu() - before
}

/// Compares programs of two sizes, in pairs, since a machine is not equally
/// fast all the time: one pair that is linear is enough.
fn assert_linear(size: usize, program: impl Fn(usize) -> String + Send + Sync) {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
        let compare = || {
            let (short, long) = (program(size), program(size * TIMES));
            let mut pairs = Vec::new();
            for _ in 0..5 {
                let pair = (time(&short), time(&long));
                if pair.1 < pair.0 * MOST {
                    return;
                }
                pairs.push(pair);
            }
            panic!("{size} and {TIMES} times that: {pairs:?}");
        };
        worker.spawn_scoped(scope, compare).unwrap().join().unwrap();
    });
}

#[test]
fn words_that_look_like_clauses() {
    assert_linear(1000, |count| {
        format!("SELECT a{}", " train x".repeat(count))
    });
    assert_linear(1000, |count| format!("SELECT a{} FORM", ".b".repeat(count)));
}

#[test]
fn unknown_models() {
    assert_linear(300, |count| {
        let statements = (0..count).map(|at| {
            format!(
                "SELECT * FROM t{at} TO TRAIN DNNRegressor COLUMN a LABEL c INTO model_{at}_of_mine;\n\
                 SELECT * FROM u TO PREDICT p{at}.c USING other_{at}_not_mine;\n"
            )
        });
        statements.collect()
    });
}

#[test]
fn a_long_sum() {
    assert_linear(1000, |count| {
        format!(
            "SELECT * FROM t TO MAXIMIZE a{} CONSTRAINT a <= 1 \
             WITH variables = \"a(b)\", var_type = \"Reals\" INTO r;",
            " + a".repeat(count)
        )
    });
}

#[test]
fn many_arms() {
    assert_linear(50, |count| {
        let arm = "SELECT a, b FROM t WHERE a > 1";
        format!("{arm}{};", format!(" UNION ALL {arm}").repeat(count))
    });
}
