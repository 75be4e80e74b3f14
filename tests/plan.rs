//! Who waits for whom: programs and their plans.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use sqlflowc::compile;
use sqlflowc::diagnostic::{Format, render};
use sqlflowc::ir::Action;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

/// `step <- what it waits for`, one step a line; or what is wrong.
fn plan(text: &str) -> String {
    plan_in(Dialect::DuckDb, text)
}

fn plan_in(dialect: Dialect, text: &str) -> String {
    let source = SourceFile::new("p.sql", text);
    let (plan, diagnostics) = compile::plan(&source, dialect);
    let Some(plan) = plan else {
        return render(&source, &diagnostics, Format::Human { colour: false });
    };
    let mut shown = String::new();
    for (at, step) in plan.steps().enumerate() {
        let needs = plan.needs_names(at).join(", ");
        shown += &step.name;
        if !needs.is_empty() {
            shown += &format!(" <- {needs}");
        }
        shown.push('\n');
    }
    shown
}

#[test]
fn reads_wait_for_writes_and_writes_for_reads() {
    insta::assert_snapshot!(plan("
        CREATE TABLE t AS SELECT 1 AS x;
        CREATE TABLE a AS SELECT * FROM t;
        CREATE TABLE b AS SELECT * FROM t JOIN a USING (x);
        DROP TABLE t;
        CREATE TABLE t AS SELECT 2 AS x;
    "), @"
    create-t
    create-a <- create-t
    create-b <- create-a
    drop-t <- create-b
    create-t-809de2 <- drop-t
    ");
}

#[test]
fn what_follows_from_another_edge_is_left_out() {
    insta::assert_snapshot!(plan("
        CREATE TABLE a AS SELECT 1 AS x;
        CREATE TABLE b AS SELECT * FROM a;
        CREATE TABLE c AS SELECT * FROM a, b;
        INSERT INTO c SELECT * FROM a, b;
    "), @"
    create-a
    create-b <- create-a
    create-c <- create-b
    insert-c <- create-c
    ");
}

#[test]
fn a_common_table_expression_hides_a_table_in_its_scope_only() {
    insta::assert_snapshot!(plan("
        CREATE TABLE t AS SELECT 1 AS x;
        CREATE TABLE u AS SELECT 1 AS x;
        CREATE TABLE hidden AS WITH t AS (SELECT 2 AS x) SELECT * FROM t;
        CREATE TABLE seen AS WITH t AS (SELECT * FROM t) SELECT * FROM t;
        CREATE TABLE inner_only AS SELECT * FROM (WITH u AS (SELECT 1 AS x) SELECT * FROM u), t;
        CREATE TABLE recursive AS WITH RECURSIVE u AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM u WHERE x < 3) SELECT * FROM u;
    "), @"
    create-t
    create-u
    create-hidden
    create-seen <- create-t
    create-inner-only <- create-t
    create-recursive
    ");
}

#[test]
fn a_view_is_what_it_reads() {
    insta::assert_snapshot!(plan("
        CREATE TABLE t AS SELECT * FROM source;
        CREATE VIEW v AS SELECT * FROM t;
        CREATE VIEW w AS SELECT * FROM v;
        INSERT INTO t VALUES (2);
        SELECT * FROM w TO TRAIN xgboost.gbtree LABEL x INTO m;
        INSERT INTO t VALUES (3);
    "), @"
    create-t
    create-v <- create-t
    create-w <- create-v
    insert-t <- create-w
    train-m <- insert-t
    insert-t-86f75e <- train-m
    ");
}

#[test]
fn schemas_hold_their_tables() {
    insta::assert_snapshot!(plan("
        CREATE SCHEMA s;
        CREATE TABLE s.a AS SELECT 1 AS x;
        CREATE TABLE b AS SELECT 1 AS x;
        CREATE TABLE main.c AS SELECT * FROM b;
        SELECT * FROM MAIN.C, \"B\";
        DROP SCHEMA s CASCADE;
    "), @"
    create-schema-s
    create-s-a <- create-schema-s
    create-b
    create-main-c <- create-b
    select-main-c <- create-main-c
    drop-schema-s <- create-s-a
    ");
}

#[test]
fn use_and_set_are_no_steps() {
    insta::assert_snapshot!(plan("
        CREATE SCHEMA s;
        USE s;
        SET threads = 2;
        CREATE TABLE t AS SELECT 1 AS x;
        USE main;
        SELECT * FROM s.t;
        SELECT * FROM t;
    "), @"
    create-schema-s
    create-t <- create-schema-s
    select-s-t <- create-t
    select-t
    ");
}

#[test]
fn a_version_of_a_model_is_read_like_the_model() {
    insta::assert_snapshot!(plan("
        SELECT * FROM a TO TRAIN xgboost.gbtree LABEL y INTO m;
        SELECT * FROM b TO PREDICT p.y USING m@1A2b3c;
        SELECT * FROM c TO TRAIN xgboost.gbtree LABEL y USING later@12 INTO later;
    "), @"
    train-m
    predict-p <- train-m
    train-later
    ");
}

#[test]
fn models_are_resources_of_their_own() {
    insta::assert_snapshot!(plan("
        CREATE TABLE m AS SELECT 1 AS x, 2 AS y;
        CREATE TABLE held_back AS SELECT 1 AS x, 2 AS y;
        SELECT * FROM m TO TRAIN xgboost.gbtree WITH validation.select = 'SELECT * FROM held_back' LABEL y INTO m;
        SELECT * FROM m TO TRAIN xgboost.gbtree LABEL y USING m INTO n;
        SELECT * FROM m TO PREDICT p.y USING n;
        SELECT * FROM p TO EVALUATE n LABEL y INTO q;
        SHOW TRAIN m;
        SELECT * FROM m TO TRAIN xgboost.gbtree LABEL y INTO m;
        DROP TABLE held_back;
    "), @"
    create-m
    create-held-back
    train-m <- create-m, create-held-back
    train-n <- train-m
    predict-p <- train-n
    evaluate-n <- predict-p
    show-m <- train-m
    train-m-872952 <- train-n, show-m
    drop-held-back <- train-m
    ");
}

#[test]
fn a_transaction_is_one_step() {
    insta::assert_snapshot!(plan("
        CREATE TABLE t (x INT);
        BEGIN;
        INSERT INTO t VALUES (1);
        UPDATE t SET x = 2;
        COMMIT;
        SELECT * FROM t;
    "), @"
    create-t
    insert-t <- create-t
    select-t <- insert-t
    ");
    insta::assert_snapshot!(plan("
        BEGIN;
        SELECT * FROM t TO TRAIN xgboost.gbtree LABEL x INTO m;
        COMMIT;
    "), @"
    error[E0401]: an ML statement runs in a step of its own and cannot share a session
     --> p.sql:3:9
      |
    2 |         BEGIN;
      |         ----- the session begins here
    3 |         SELECT * FROM t TO TRAIN xgboost.gbtree LABEL x INTO m;
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it out of the transaction, or make the temporary table an ordinary one that the program drops at its end
    ");
    insta::assert_snapshot!(plan("BEGIN; INSERT INTO t VALUES (1);"), @"
    error[E0401]: this transaction is never ended
     --> p.sql:1:1
      |
    1 | BEGIN; INSERT INTO t VALUES (1);
      | ^^^^^
      |
      = help: end it with `COMMIT` or `ROLLBACK`
    ");
}

#[test]
fn session_state_changes_inside_a_transaction_too() {
    let source = SourceFile::new(
        "p.sql",
        "SET threads = 1; BEGIN; USE s; INSERT INTO t VALUES (1); COMMIT; SELECT 1;",
    );
    let (ir, _) = compile::lower(&source, Dialect::DuckDb);
    let steps = ir.unwrap().steps;
    let Action::Query(transaction) = &steps[0].action else {
        panic!("a transaction is plain SQL");
    };
    assert_eq!(steps[0].session, ["SET threads = 1"]);
    assert_eq!(
        transaction.statements,
        ["BEGIN", "USE s", "INSERT INTO t VALUES (1)", "COMMIT"]
    );
    assert_eq!(steps[1].session, ["SET threads = 1", "USE s"]);
    insta::assert_snapshot!(plan("INSERT INTO t VALUES (1); COMMIT;"), @"
    error[E0401]: no transaction is open here
     --> p.sql:1:27
      |
    1 | INSERT INTO t VALUES (1); COMMIT;
      |                           ^^^^^^
      |
      = help: begin one with `BEGIN`, or leave this statement out
    ");
}

#[test]
fn a_temporary_table_lives_in_one_step() {
    insta::assert_snapshot!(plan("
        CREATE TEMP TABLE t AS SELECT 1 AS x, 2 AS y;
        CREATE TABLE a AS SELECT * FROM t;
        CREATE TABLE b AS SELECT * FROM a;
    "), @"
    create-t
    create-b <- create-t
    ");
    insta::assert_snapshot!(plan("
        CREATE TEMP TABLE t AS SELECT 1 AS x, 2 AS y;
        SELECT * FROM t TO TRAIN xgboost.gbtree LABEL x INTO m;
    "), @"
    error[E0401]: an ML statement runs in a step of its own and cannot share a session
     --> p.sql:3:9
      |
    2 |         CREATE TEMP TABLE t AS SELECT 1 AS x, 2 AS y;
      |         -------------------------------------------- the session begins here
    3 |         SELECT * FROM t TO TRAIN xgboost.gbtree LABEL x INTO m;
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it out of the transaction, or make the temporary table an ordinary one that the program drops at its end
    ");
}

#[test]
fn what_a_temporary_table_does_not_touch_stays_apart() {
    insta::assert_snapshot!(plan("
        CREATE TEMP TABLE t AS SELECT 1 AS x;
        SELECT * FROM elsewhere TO TRAIN xgboost.gbtree LABEL x INTO m;
        CREATE TABLE a AS SELECT 1 AS x;
        CREATE TABLE b AS SELECT 1 AS x;
        INSERT INTO b SELECT * FROM t JOIN a USING (x);
    "), @"
    create-t
    train-m
    ");
}

#[test]
fn a_prepared_statement_is_executed_where_it_is_prepared() {
    insta::assert_snapshot!(plan("
        CREATE TABLE t (x INT);
        PREPARE q AS INSERT INTO t VALUES ($1);
        CREATE TABLE other AS SELECT 1 AS x;
        EXECUTE q(1);
        DEALLOCATE q;
        SELECT * FROM t;
    "), @"
    create-t
    prepare-t <- create-t
    create-other
    select-t <- prepare-t
    ");
}

#[test]
fn a_procedure_that_the_program_does_not_prepare_is_a_barrier() {
    insta::assert_snapshot!(plan_in(Dialect::MsSql, "
        CREATE TABLE a (x INT);
        EXEC refresh;
        SELECT * FROM b;
    "), @"
    create-a
    run <- create-a
    select-b <- run
    ");
}

#[test]
fn what_is_reset_stays_reset() {
    let source = SourceFile::new("p.sql", "SET threads = 2; RESET ALL; USE s; SELECT 1;");
    let (ir, _) = compile::lower(&source, Dialect::DuckDb);
    assert_eq!(
        ir.unwrap().steps[0].session,
        ["SET threads = 2", "RESET ALL", "USE s"]
    );
}

#[test]
fn a_macro_reads_what_its_text_reads() {
    insta::assert_snapshot!(plan("
        CREATE TABLE t AS SELECT 1 AS x;
        CREATE MACRO m() AS TABLE SELECT count(*) AS n FROM t;
        INSERT INTO t VALUES (2);
        SELECT * FROM m();
        DROP TABLE t;
    "), @"
    create-t
    macro-t <- create-t
    insert-t <- macro-t
    select <- insert-t
    drop-t <- select
    ");
}

#[test]
fn a_catalog_in_front_is_no_other_table() {
    insta::assert_snapshot!(plan("
        CREATE TABLE t AS SELECT 1 AS x;
        INSERT INTO t SELECT 2;
        SELECT count(*) FROM database.main.t;
        DROP TABLE database.t;
    "), @"
    create-t
    insert-t <- create-t
    select-database-main-t <- insert-t
    drop-database-t <- select-database-main-t
    ");
}

#[test]
fn unknown_effects_wait_for_all_and_all_waits_for_them() {
    insta::assert_snapshot!(plan_in(Dialect::MySql, "
        CREATE TABLE a AS SELECT 1 AS x;
        CREATE TABLE b AS SELECT 1 AS x;
        CALL refresh();
        SELECT * FROM a;
        SELECT * FROM c;
    "), @"
    create-a
    create-b
    call <- create-a, create-b
    select-a <- call
    select-c <- call
    ");
}

#[test]
fn names_say_what_a_step_does_and_a_new_statement_renames_no_other() {
    let before = "CREATE TABLE features AS SELECT 1 AS x; INSERT INTO features VALUES (2);";
    let after = format!(
        "DROP TABLE old; {before} INSERT INTO features VALUES (3); INSERT INTO features VALUES (3);"
    );
    insta::assert_snapshot!(plan(before), @"
    create-features
    insert-features <- create-features
    ");
    insta::assert_snapshot!(plan(&after), @"
    drop-old
    create-features
    insert-features <- create-features
    insert-features-ab2199 <- insert-features
    insert-features-ab2199-2 <- insert-features-ab2199
    ");
    insta::assert_snapshot!(plan("CREATE TABLE \"数据\" AS SELECT 1; CREATE TABLE \"a-b\" AS SELECT 1; CREATE TABLE a_b AS SELECT 1; SELECT 1;"), @"
    create-adcfae
    create-a-b
    create-a-b-2c67bf
    select
    ");
}
