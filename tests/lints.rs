//! Warnings about programs: what they find, and what they leave alone.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use sqlflowc::compile;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

/// The codes found in a program, each with the line.
fn found(program: &str) -> String {
    let source = SourceFile::new("program.sql", program);
    let (ir, diagnostics) = compile::lower(&source, Dialect::DuckDb);
    assert!(ir.is_some(), "{diagnostics:?}");
    let each = diagnostics
        .iter()
        .map(|found| format!("{}:{}", found.code, source.line(found.span.start)));
    each.collect::<Vec<_>>().join(" ")
}

fn train(query: &str, model: &str) -> String {
    format!(
        "{query} TO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' \
         COLUMN a LABEL y INTO {model};\n"
    )
}

fn evaluate(query: &str, model: &str) -> String {
    format!("{query} TO EVALUATE {model};\n")
}

/// A training and an evaluation on the second line, perhaps with SQL around.
fn measured(training: &str, between: &str, test: &str) -> String {
    found(&(train(training, "m") + between + "\n" + &evaluate(test, "m")))
}

#[test]
fn an_evaluation_on_the_training_rows() {
    let whole = "SELECT * FROM t";
    assert_eq!(measured(whole, "", whole), "W0301:3");
    assert_eq!(measured("SELECT a, y FROM t", "", "FROM t"), "W0301:3");
    let filtered = "SELECT * FROM t WHERE a > 0";
    assert_eq!(
        measured(filtered, "", "SELECT *\n-- again\nFROM t WHERE a>0"),
        "W0301:5"
    );
    let joined = "SELECT * FROM t JOIN u USING (id)";
    assert_eq!(measured(joined, "", joined), "W0301:3");

    assert_eq!(measured(filtered, "", whole), "");
    assert_eq!(measured(whole, "", filtered), "");
    assert_eq!(measured(whole, "", "SELECT * FROM u"), "");
    assert_eq!(measured(filtered, "", "SELECT * FROM t WHERE a > 1"), "");
    assert_eq!(measured(whole, "", "SELECT * FROM t LIMIT 10"), "");
    assert_eq!(
        measured(whole, "", "SELECT avg(a) AS a, max(y) AS y FROM t"),
        ""
    );
    assert_eq!(measured(whole, "", "SELECT DISTINCT * FROM t"), "");
    // The table has other rows by then, or may have.
    for between in [
        "INSERT INTO t SELECT * FROM u;",
        "DELETE FROM t WHERE a > 0;",
        "CREATE OR REPLACE TABLE t AS SELECT * FROM u;",
        "CALL refresh();",
    ] {
        assert_eq!(measured(whole, between, whole), "", "{between}");
    }
    // Another model's rows.
    let both = train(whole, "m") + &train("SELECT * FROM u", "n") + &evaluate(whole, "n");
    assert_eq!(found(&both), "");
}

#[test]
fn a_model_without_a_label_describes_its_rows() {
    let clusters = "SELECT * FROM t TO TRAIN sklearn.cluster.KMeans WITH n_clusters = 3 \
                    COLUMN a, b INTO m;\n";
    let test = evaluate("SELECT * FROM t", "m");
    assert_eq!(found(&(clusters.to_owned() + &test)), "");
    let over = train("SELECT * FROM t", "m") + "SHOW TRAIN m;\n" + clusters + &test;
    assert_eq!(found(&over), "", "it is another model of the name");
}

#[test]
fn a_view_is_what_it_reads() {
    let view = "CREATE VIEW v AS SELECT * FROM t;\n";
    let of = |between: &str| {
        let training = train("SELECT * FROM v", "m");
        found(&(view.to_owned() + &training + between + &evaluate("SELECT * FROM v", "m")))
    };
    assert_eq!(of(""), "W0301:3");
    assert_eq!(of("INSERT INTO t VALUES (1, 2);\n"), "");
}

#[test]
fn a_model_trained_over() {
    let first = train("SELECT * FROM t", "m");
    let second = train("SELECT * FROM u", "m");
    let with = |between: &str| found(&(first.clone() + between + &second));
    assert_eq!(with(""), "W0302:2");
    assert_eq!(with("SELECT 1;\n"), "W0302:3");
    assert_eq!(with("SHOW TRAIN m;\n"), "");
    assert_eq!(with(&evaluate("SELECT * FROM x", "m")), "");
    assert_eq!(with("SELECT * FROM x TO PREDICT p.y USING m;\n"), "");
    assert_eq!(with("SELECT * FROM x TO EXPLAIN m;\n"), "");
    assert_eq!(with("CALL refresh();\n"), "");
    let on = second.replace("INTO m", "USING m INTO m");
    assert_eq!(
        found(&(first.clone() + &on)),
        "",
        "the second goes on from the first"
    );
    assert_eq!(found(&first), "", "a model is for other programs too");
}

#[test]
fn a_table_made_for_nothing() {
    let with = |between: &str| {
        found(&format!(
            "CREATE TABLE t AS SELECT * FROM raw;\n{between}\nDROP TABLE t;"
        ))
    };
    assert_eq!(with(""), "W0303:1");
    assert_eq!(with("INSERT INTO t SELECT * FROM raw;"), "W0303:1");
    assert_eq!(with("UPDATE u SET a = 1;"), "W0303:1");
    assert_eq!(with("SELECT * FROM other;"), "W0303:1");
    for reading in [
        "SELECT count(*) FROM t;",
        "CREATE VIEW v AS SELECT * FROM t;",
        "CREATE TABLE u AS SELECT * FROM raw JOIN t USING (id);",
        "DELETE FROM raw WHERE id IN (SELECT id FROM t);",
        "DESCRIBE t;",
        "COPY t TO 't.csv';",
        "COMMENT ON TABLE raw IS 'see t for more';",
        "CALL refresh();",
        "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t;",
        "SELECT * FROM t TO PREDICT p.y USING m;",
    ] {
        assert_eq!(with(reading), "", "{reading}");
    }
    assert_eq!(
        found("DROP TABLE IF EXISTS t; CREATE TABLE t (a INTEGER);"),
        ""
    );
    assert_eq!(
        found("CREATE VIEW v AS SELECT * FROM t;\nDROP VIEW v;"),
        "W0303:1"
    );
    assert_eq!(
        found("SELECT * FROM t TO PREDICT p.y USING m;\nDROP TABLE p;"),
        "W0303:1"
    );
    assert_eq!(
        found("CREATE TABLE a (x INTEGER);\nCREATE TABLE b (x INTEGER);\nDROP TABLE a, b;"),
        "W0303:1 W0303:2"
    );
}

#[test]
fn a_table_dropped_with_its_schema_or_only_unindexed() {
    assert_eq!(
        found("CREATE TABLE t (a INTEGER); CREATE INDEX i ON t (a); DROP INDEX i;"),
        ""
    );
}

#[test]
fn a_split_by_chance_in_two_queries() {
    let split = |make_train: &str, make_test: &str| {
        found(
            &(format!("CREATE TABLE train AS {make_train};\nCREATE TABLE test AS {make_test};\n")
                + &train("SELECT * FROM train", "m")
                + &evaluate("SELECT * FROM test", "m")),
        )
    };
    let sample = "SELECT * FROM t TABLESAMPLE BERNOULLI (80)";
    for (training, test) in [
        (
            "SELECT * FROM t WHERE random() < 0.8",
            "SELECT * FROM t WHERE random() >= 0.8",
        ),
        (
            "SELECT * FROM t ORDER BY random() LIMIT 80",
            "SELECT * FROM t ORDER BY uuid() LIMIT 20",
        ),
        (
            "SELECT * FROM t LIMIT 80",
            "SELECT * FROM t OFFSET 80 LIMIT 20",
        ),
        (sample, sample),
        (
            "SELECT * FROM (SELECT * FROM t WHERE random() < 0.8)",
            "WITH part AS (SELECT * FROM t LIMIT 20) SELECT * FROM part",
        ),
    ] {
        assert_eq!(split(training, test), "W0304:2", "{training} / {test}");
    }
    for (training, test) in [
        // One of the two is certain.
        (
            "SELECT * FROM t WHERE random() < 0.8",
            "SELECT * FROM t WHERE id % 5 = 0",
        ),
        // The second knows the first.
        (
            "SELECT * FROM t WHERE random() < 0.8",
            "SELECT * FROM t EXCEPT SELECT * FROM train",
        ),
        (
            "SELECT * FROM t WHERE random() < 0.8",
            "SELECT * FROM t WHERE id NOT IN (SELECT id FROM train) ORDER BY random() LIMIT 5",
        ),
        // They come from two tables.
        (
            "SELECT * FROM t WHERE random() < 0.8",
            "SELECT * FROM u WHERE random() < 0.8",
        ),
        // Nothing is left to chance.
        (
            "SELECT * FROM t ORDER BY id LIMIT 80",
            "SELECT * FROM t ORDER BY id LIMIT 20 OFFSET 80",
        ),
        (
            "SELECT * FROM t TABLESAMPLE BERNOULLI (80) REPEATABLE (1)",
            "SELECT * FROM t TABLESAMPLE BERNOULLI (20) REPEATABLE (2)",
        ),
        // Random values, and a certain choice of rows.
        (
            "SELECT *, random() AS noise FROM t WHERE id % 5 <> 0",
            "SELECT *, random() AS noise FROM t WHERE id % 5 = 0",
        ),
        // A row that is looked up.
        (
            "SELECT * FROM t WHERE id % 5 <> 0 AND EXISTS (SELECT 1 FROM u LIMIT 1)",
            "SELECT * FROM t WHERE id % 5 = 0 AND EXISTS (SELECT 1 FROM u LIMIT 1)",
        ),
    ] {
        assert_eq!(split(training, test), "", "{training} / {test}");
    }
}

#[test]
fn a_split_by_one_draw_is_one() {
    let parts = |made: &str| {
        let training = train("SELECT * FROM split WHERE draw < 0.8", "m");
        let test = evaluate("SELECT * FROM split WHERE draw >= 0.8", "m");
        found(&format!("{made}\n{training}{test}"))
    };
    assert_eq!(
        parts("CREATE TABLE split AS SELECT *, random() AS draw FROM t;"),
        ""
    );
    // A view draws for each of its readers.
    assert_eq!(
        parts("CREATE VIEW split AS SELECT *, random() AS draw FROM t;"),
        "W0304:1"
    );
    // A draw before the split is the same for both parts.
    assert_eq!(
        parts("CREATE TABLE split AS SELECT *, hash(id) AS draw FROM t WHERE random() < 0.1;"),
        ""
    );
}

#[test]
fn features_that_nobody_has_listed() {
    let training = |query: &str| {
        format!(
            "{query} TO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' LABEL y INTO m;"
        )
    };
    let after = |made: &str, query: &str| found(&format!("{made}\n{}", training(query)));
    assert_eq!(after("", "SELECT * FROM t"), "W0305:2");
    assert_eq!(after("", "FROM t"), "W0305:2");
    assert_eq!(after("", "SELECT *, a + b AS c FROM t"), "W0305:2");
    assert_eq!(
        after("", "SELECT t.*, u.y FROM t JOIN u USING (id)"),
        "W0305:2"
    );
    assert_eq!(
        after("CREATE TABLE t AS SELECT * FROM raw;", "SELECT * FROM t"),
        "W0305:2"
    );
    assert_eq!(
        after(
            "CREATE TABLE t AS SELECT * FROM read_csv('t.csv');",
            "SELECT * FROM t"
        ),
        "W0305:2"
    );
    // The columns stand in the program.
    assert_eq!(after("", "SELECT a, b, y FROM t"), "");
    assert_eq!(after("", "SELECT * EXCLUDE (id) FROM t"), "");
    assert_eq!(after("", "SELECT * FROM (SELECT a, y FROM t)"), "");
    assert_eq!(
        after("", "WITH x AS (SELECT a, y FROM t) SELECT * FROM x"),
        ""
    );
    assert_eq!(
        after("CREATE TABLE t (a INTEGER, y INTEGER);", "SELECT * FROM t"),
        ""
    );
    assert_eq!(
        after(
            "CREATE TABLE u AS SELECT a, y FROM raw; CREATE VIEW t AS SELECT * FROM u;",
            "SELECT * FROM t WHERE a > 0"
        ),
        ""
    );
    let listed = training("SELECT * FROM t").replace("LABEL", "COLUMN * LABEL");
    assert_eq!(found(&listed), "");
}

#[test]
fn results_over_what_is_there() {
    let predict = |query: &str, table: &str| format!("{query} TO PREDICT {table}.y USING m;\n");
    let one = predict("SELECT * FROM t", "p");
    assert_eq!(
        found(&(one.clone() + &predict("SELECT * FROM u", "p"))),
        "W0308:2"
    );
    assert_eq!(
        found(&("INSERT INTO p SELECT * FROM q;\n".to_owned() + &one)),
        "W0308:2"
    );
    let between = one.clone() + "SELECT * FROM p;\n" + &predict("SELECT * FROM u", "p");
    assert_eq!(found(&between), "");
    let made = "CREATE TABLE p (a INTEGER, y INTEGER);\n".to_owned() + &one;
    assert_eq!(found(&made), "", "SQLFlow's programs make the table first");
    assert_eq!(found(&predict("SELECT * FROM p", "p")), "W0307:1");
    let view = "CREATE VIEW v AS SELECT * FROM p;\n".to_owned() + &predict("SELECT * FROM v", "p");
    assert_eq!(found(&view), "W0307:2");
    assert_eq!(found(&(one + &predict("SELECT * FROM t", "q"))), "");
}

#[test]
fn a_directive_allows_what_is_in_its_statement() {
    let query = "SELECT * FROM t\nTO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' \
                 LABEL y INTO m;\n";
    let with = |directive: &str| found(&format!("-- sqlflowc: {directive}\n{query}"));
    assert_eq!(with("cpu=1"), "W0305:2");
    assert_eq!(with("allow=W0305"), "");
    assert_eq!(with("cpu=1 allow=w0305"), "");
    assert_eq!(with("allow=warnings"), "");
    assert_eq!(with("allow=W0305,W0302"), "W0306:1");
    assert_eq!(with("allow=W0305 allow=W0302"), "W0306:1");
    assert_eq!(with("allow=W0302"), "W0306:1 W0305:2");
    // It allows that one beside it allows nothing.
    assert_eq!(with("allow=W0305 allow=W0302 allow=W0306"), "");
    assert_eq!(with("allow=W0305 allow=W0306"), "W0306:1");
    let second = format!("{query}-- sqlflowc: allow=W0305\nSELECT 1;\n");
    assert_eq!(found(&second), "W0305:1 W0306:3", "another statement's");
    let set = "-- sqlflowc: allow=W0306 cpu=1\nSET threads = 1;\nSELECT 1;";
    assert_eq!(found(set), "");
}

#[test]
fn a_program_with_errors_has_no_lints() {
    let program = "SELEC 1;\nCREATE TABLE t AS SELECT * FROM raw;\nDROP TABLE t;\n\
                   -- sqlflowc: allow=W0305\nSELECT 1;";
    let source = SourceFile::new("program.sql", program);
    let (_, diagnostics) = compile::lower(&source, Dialect::DuckDb);
    let codes: Vec<_> = diagnostics
        .iter()
        .map(|found| found.code.as_str())
        .collect();
    assert_eq!(codes, ["E0201"]);
}

#[test]
fn samples_of_duckdb() {
    let part = "SELECT * FROM t USING SAMPLE 80%";
    let other = "SELECT * FROM t TABLESAMPLE 20%";
    assert_eq!(measured(part, "", part), "W0304:3");
    assert_eq!(measured(part, "", other), "W0304:3");
    assert_eq!(
        measured(
            "FROM t TABLESAMPLE reservoir(5 ROWS) WHERE a > 1",
            "",
            "FROM t QUALIFY a > 1 USING SAMPLE 9 ROWS (reservoir)"
        ),
        "W0304:3"
    );
    // The same each time.
    assert_eq!(
        measured("FROM t USING SAMPLE 80% REPEATABLE (3)", "", other),
        ""
    );
    assert_eq!(
        measured("FROM t USING SAMPLE 80% (system, 3)", "", other),
        ""
    );
    assert_eq!(
        measured("FROM t TABLESAMPLE 80% REPEATABLE (3)", "", "FROM t"),
        ""
    );
    // Another part of the rows is taken by chance in a query inside.
    assert_eq!(
        measured(
            "SELECT * FROM (FROM t USING SAMPLE 5) WHERE a > 1",
            "",
            other
        ),
        "W0304:3"
    );
}
