//! The ML clause is found behind any query, and nowhere else.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use sqlflowc::source::SourceFile;
use sqlflowc::syntax;
use sqlflowc::syntax::ast::StatementKind;
use sqlflowc::syntax::sql::{Dialect, Reading, Unparsed};

/// Queries that the parser knows, some with names like words of clauses.
const QUERIES: &[(Dialect, &str)] = &[
    (
        Dialect::PostgreSql,
        "SELECT * FROM ROWS FROM (f(1), g(2)) AS x",
    ),
    (Dialect::DuckDb, "PIVOT t ON y USING sum(p)"),
    (Dialect::DuckDb, "UNPIVOT t ON a, b INTO NAME n VALUE v"),
    (Dialect::DuckDb, "SELECT * FROM a ASOF JOIN b USING (id, t)"),
    (Dialect::DuckDb, "SELECT [x FOR x IN l IF x > 1] FROM t"),
    (Dialect::Spark, "SELECT * FROM t VERSION AS OF 1"),
    (Dialect::Oracle, "SELECT * FROM t AS OF TIMESTAMP SYSDATE"),
    (Dialect::SQLite, "SELECT * FROM t INDEXED BY i"),
    (Dialect::DuckDb, "SELECT * FROM t TABLESAMPLE 10%"),
    (Dialect::DuckDb, "SELECT * FROM t"),
    (
        Dialect::DuckDb,
        "WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT * FROM b",
    ),
    (
        Dialect::DuckDb,
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
    ),
    (Dialect::DuckDb, "SELECT * FROM a UNION ALL SELECT * FROM b"),
    (
        Dialect::DuckDb,
        "(SELECT * FROM a) EXCEPT (SELECT * FROM b)",
    ),
    (
        Dialect::DuckDb,
        "SELECT *, sum(x) OVER w FROM t WINDOW w AS (PARTITION BY a ORDER BY b)",
    ),
    (Dialect::DuckDb, "SELECT * FROM (SELECT * FROM t) AS s"),
    (
        Dialect::DuckDb,
        "SELECT * FROM t WHERE x IN (SELECT y FROM u)",
    ),
    (
        Dialect::DuckDb,
        "SELECT * FROM t ORDER BY a DESC NULLS LAST LIMIT 10 OFFSET 5",
    ),
    (
        Dialect::PostgreSql,
        "SELECT * FROM t ORDER BY a FETCH FIRST 5 ROWS ONLY",
    ),
    (Dialect::PostgreSql, "SELECT * FROM t FOR UPDATE"),
    (
        Dialect::PostgreSql,
        "SELECT * FROM t FOR UPDATE OF t SKIP LOCKED",
    ),
    (
        Dialect::PostgreSql,
        "SELECT * FROM generate_series(1, 10) AS g(x)",
    ),
    (
        Dialect::PostgreSql,
        "SELECT * FROM t TABLESAMPLE BERNOULLI (10) REPEATABLE (1)",
    ),
    (Dialect::PostgreSql, "SELECT DISTINCT ON (a) * FROM t"),
    (Dialect::PostgreSql, "VALUES (1, 2), (3, 4)"),
    (Dialect::PostgreSql, "TABLE t"),
    (
        Dialect::PostgreSql,
        "SELECT * FROM a, LATERAL (SELECT * FROM b WHERE b.x = a.x) AS l",
    ),
    (Dialect::PostgreSql, "SELECT * FROM a JOIN b USING (id)"),
    (Dialect::PostgreSql, "SELECT * FROM a NATURAL JOIN b"),
    (
        Dialect::PostgreSql,
        "SELECT a::int, b ->> 'c' FROM t GROUP BY GROUPING SETS ((a), ()) HAVING count(*) > 1",
    ),
    (
        Dialect::PostgreSql,
        "SELECT * FROM t FETCH FIRST ROW WITH TIES",
    ),
    (
        Dialect::DuckDb,
        "SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY a) = 1",
    ),
    (Dialect::DuckDb, "SELECT * FROM t USING SAMPLE 10%"),
    (
        Dialect::DuckDb,
        "SELECT * FROM t USING SAMPLE reservoir(50 ROWS) REPEATABLE (100)",
    ),
    (Dialect::DuckDb, "FROM t"),
    (Dialect::DuckDb, "FROM t SELECT a, b"),
    (Dialect::DuckDb, "FROM t WHERE a > 1"),
    (Dialect::DuckDb, "SELECT * EXCLUDE (a) FROM t"),
    (Dialect::DuckDb, "SELECT * REPLACE (a / 2 AS a) FROM t"),
    (Dialect::DuckDb, "SELECT COLUMNS('x.*') FROM t"),
    (
        Dialect::DuckDb,
        "SELECT * FROM t PIVOT (sum(p) FOR y IN (2000, 2010))",
    ),
    (
        Dialect::DuckDb,
        "SELECT * FROM t UNPIVOT (v FOR n IN (a, b))",
    ),
    (Dialect::DuckDb, "SELECT * FROM read_csv('a.csv')"),
    (Dialect::DuckDb, "SELECT * FROM 'a.parquet'"),
    (Dialect::DuckDb, "SELECT * FROM a POSITIONAL JOIN b"),
    (
        Dialect::DuckDb,
        "SELECT list_transform(l, lambda x: x + 1) FROM t",
    ),
    (Dialect::DuckDb, "SELECT {'a': 1, 'b': 2} AS s FROM t"),
    (Dialect::DuckDb, "SELECT * FROM t GROUP BY ALL ORDER BY ALL"),
    (Dialect::DuckDb, "SELECT a AS train FROM t"),
    (Dialect::DuckDb, "SELECT a train, b predict FROM t"),
    (Dialect::DuckDb, "SELECT * FROM predict"),
    (Dialect::DuckDb, "SELECT * FROM db.predict AS train"),
    (Dialect::DuckDb, "SELECT to FROM t"),
    (Dialect::DuckDb, "SELECT a, to FROM t WHERE to > 1"),
    (Dialect::DuckDb, "SELECT x.to, run FROM x"),
    (Dialect::DuckDb, "SELECT to train FROM t"),
    (Dialect::DuckDb, "SELECT a to, b FROM t"),
    (Dialect::DuckDb, "WITH run AS (SELECT 1) SELECT * FROM run"),
    (Dialect::DuckDb, "WITH to AS (SELECT 1) SELECT * FROM to"),
    (
        Dialect::DuckDb,
        "SELECT train FROM t WHERE train IS NOT NULL",
    ),
    (Dialect::DuckDb, "SELECT * FROM t ORDER BY train"),
    (Dialect::DuckDb, "SELECT * FROM t ORDER BY train DESC"),
    (Dialect::DuckDb, "SELECT * FROM t GROUP BY explain"),
    (
        Dialect::DuckDb,
        "SELECT * FROM t JOIN train ON train.a = t.a",
    ),
    (Dialect::DuckDb, "SELECT * FROM t JOIN train USING (a)"),
    (Dialect::DuckDb, "SELECT * FROM t AS train WHERE a = 1"),
    (Dialect::DuckDb, "SELECT * FROM t WHERE evaluate"),
    (Dialect::DuckDb, "SELECT * FROM t WHERE NOT train"),
    (
        Dialect::DuckDb,
        "SELECT CASE WHEN train THEN 1 ELSE predict END FROM t",
    ),
    (Dialect::DuckDb, "SELECT (train) FROM t"),
    (Dialect::DuckDb, "SELECT \"train\", \"to\" FROM t"),
    (Dialect::DuckDb, "SELECT * FROM t LIMIT train"),
    (Dialect::DuckDb, "SELECT INTERVAL '1' YEAR TO MONTH"),
    (Dialect::DuckDb, "SELECT DISTINCT train FROM t"),
    (Dialect::DuckDb, "SELECT ALL train FROM t"),
    (Dialect::MySql, "SELECT * FROM t LIMIT 5, 10"),
    (Dialect::MySql, "SELECT * FROM t LOCK IN SHARE MODE"),
    (
        Dialect::MySql,
        "SELECT SQL_NO_CACHE * FROM t USE INDEX (i) WHERE a = 1",
    ),
    (
        Dialect::MySql,
        "SELECT /*+ MAX_EXECUTION_TIME(1000) */ * FROM t",
    ),
    (Dialect::MySql, "SELECT * FROM t PARTITION (p0)"),
    (Dialect::MySql, "SELECT `a`, `to` FROM `train`"),
    (Dialect::MySql, "SELECT * FROM a STRAIGHT_JOIN b"),
    (Dialect::MySql, "SELECT a FROM t GROUP BY a WITH ROLLUP"),
    (Dialect::MsSql, "SELECT TOP 10 * FROM [train]"),
    (Dialect::MsSql, "SELECT * FROM t WITH (NOLOCK)"),
    (
        Dialect::MsSql,
        "SELECT * FROM t ORDER BY a OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY",
    ),
    (Dialect::MsSql, "SELECT * FROM t CROSS APPLY f(t.a) AS x"),
    (Dialect::MsSql, "SELECT * FROM t FOR XML PATH('a')"),
    (Dialect::MsSql, "SELECT * FROM t FOR JSON AUTO"),
    (Dialect::MsSql, "SELECT * FROM t OPTION (RECOMPILE)"),
    (
        Dialect::MsSql,
        "SELECT * FROM t FOR SYSTEM_TIME AS OF '2020-01-01'",
    ),
    (Dialect::Snowflake, "SELECT * FROM t SAMPLE (10)"),
    (
        Dialect::Snowflake,
        "SELECT * FROM t SAMPLE BERNOULLI (10) SEED (1)",
    ),
    (
        Dialect::Snowflake,
        "SELECT * FROM t AT(TIMESTAMP => '2020-01-01'::timestamp)",
    ),
    (
        Dialect::Snowflake,
        "SELECT * FROM t QUALIFY row_number() OVER (ORDER BY a) = 1",
    ),
    (Dialect::Snowflake, "SELECT * FROM TABLE(f(1))"),
    (
        Dialect::Snowflake,
        "SELECT * FROM t, LATERAL FLATTEN(input => t.a) f",
    ),
    (Dialect::Snowflake, "SELECT a:b.c::string FROM t"),
    (Dialect::Snowflake, "SELECT * FROM @stage/a.csv"),
    (Dialect::Snowflake, "SELECT $1 FROM @s (FILE_FORMAT => 'f')"),
    (
        Dialect::Snowflake,
        "SELECT * FROM t PIVOT(sum(a) FOR m IN ('J', 'F')) AS p",
    ),
    (
        Dialect::Snowflake,
        "SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY a ORDER BY b MEASURES x AS y PATTERN (s+) DEFINE s AS true)",
    ),
    (Dialect::BigQuery, "SELECT * EXCEPT (a) FROM `p.d.t`"),
    (
        Dialect::BigQuery,
        "SELECT * FROM UNNEST([1, 2]) AS x WITH OFFSET AS o",
    ),
    (
        Dialect::BigQuery,
        "SELECT * FROM t TABLESAMPLE SYSTEM (10 PERCENT)",
    ),
    (
        Dialect::BigQuery,
        "SELECT * FROM t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
    ),
    (Dialect::BigQuery, "SELECT STRUCT(1 AS a, 'x' AS b)"),
    (Dialect::BigQuery, "FROM t |> WHERE a > 1 |> SELECT a"),
    (
        Dialect::Hive,
        "SELECT * FROM t LATERAL VIEW explode(a) x AS y",
    ),
    (Dialect::Hive, "SELECT * FROM t TABLESAMPLE (10 PERCENT) s"),
    (Dialect::Hive, "SELECT * FROM t SORT BY a"),
    (Dialect::Hive, "SELECT * FROM t DISTRIBUTE BY a SORT BY b"),
    (Dialect::Hive, "SELECT * FROM t CLUSTER BY a"),
    (
        Dialect::Spark,
        "SELECT * FROM t LATERAL VIEW explode(a) x AS y",
    ),
    (Dialect::Spark, "SELECT /*+ BROADCAST(t) */ * FROM t"),
    (
        Dialect::Databricks,
        "SELECT * FROM t TIMESTAMP AS OF '2020-01-01'",
    ),
    (Dialect::ClickHouse, "SELECT * FROM t FINAL"),
    (Dialect::ClickHouse, "SELECT * FROM t SAMPLE 0.1"),
    (
        Dialect::ClickHouse,
        "SELECT * FROM t PREWHERE a = 1 WHERE b = 2",
    ),
    (Dialect::ClickHouse, "SELECT * FROM t LIMIT 1 BY a"),
    (Dialect::ClickHouse, "SELECT * FROM t ARRAY JOIN a"),
    (
        Dialect::ClickHouse,
        "SELECT * FROM t SETTINGS max_threads = 1",
    ),
    (Dialect::ClickHouse, "SELECT * FROM t FORMAT JSON"),
    (
        Dialect::ClickHouse,
        "SELECT * FROM t ORDER BY a WITH FILL FROM 1 TO 10",
    ),
    (Dialect::Oracle, "SELECT * FROM t WHERE ROWNUM < 5"),
    (
        Dialect::Oracle,
        "SELECT * FROM t CONNECT BY PRIOR a = b START WITH a = 1",
    ),
    (Dialect::Oracle, "SELECT * FROM t FETCH FIRST 5 ROWS ONLY"),
    (Dialect::Oracle, "SELECT * FROM t SAMPLE (10)"),
    (Dialect::Oracle, "SELECT /*+ FULL(t) */ * FROM t"),
    (Dialect::Redshift, "SELECT TOP 5 * FROM t"),
    (
        Dialect::Redshift,
        "SELECT * FROM t QUALIFY rank() OVER (ORDER BY a) = 1",
    ),
    (
        Dialect::Teradata,
        "SELECT * FROM t QUALIFY rank() OVER (ORDER BY a) = 1",
    ),
    (Dialect::Teradata, "SEL * FROM t"),
    (Dialect::Teradata, "SELECT TOP 5 * FROM t"),
    (Dialect::Teradata, "SELECT * FROM t SAMPLE 10"),
    (Dialect::SQLite, "SELECT * FROM t LIMIT 5 OFFSET 1"),
    (Dialect::Ansi, "SELECT * FROM t FETCH FIRST 5 ROWS ONLY"),
    (Dialect::Generic, "SELECT * FROM t WHERE a OVERLAPS b"),
    (Dialect::DuckDb, "FROM t WHERE a > 1 ORDER BY b"),
    (Dialect::DuckDb, "WITH a AS (FROM t WHERE b) FROM a WHERE c"),
    (Dialect::DuckDb, "FROM a UNION ALL FROM b WHERE c"),
    (Dialect::DuckDb, "SELECT * FROM (FROM t WHERE a > 1)"),
    (
        Dialect::DuckDb,
        "SELECT * FROM t AS run, u AS evaluate WHERE run.a = evaluate.a",
    ),
    (
        Dialect::DuckDb,
        "SELECT max(train) AS predict FROM t HAVING max(train) > 1",
    ),
    (Dialect::PostgreSql, "SELECT * FROM t AS \"to\""),
];

/// Queries that the parser does not know.
const UNKNOWN: &[(Dialect, &str)] = &[
    (
        Dialect::PostgreSql,
        "SELECT * FROM t WHERE a BETWEEN SYMMETRIC 1 AND 2",
    ),
    (Dialect::ClickHouse, "WITH 1 AS x SELECT x FROM t"),
];

/// Clauses by the kind of statement that they make.
const CLAUSES: &[(&str, &str)] = &[
    ("train", "TO TRAIN xgboost.gbtree LABEL c INTO m"),
    (
        "train",
        "TRAIN DNNClassifier WITH model.n_classes = 2 LABEL c INTO m",
    ),
    ("explain", "TO EXPLAIN m"),
    ("explain", "EXPLAIN m USING TreeExplainer"),
    ("predict", "TO PREDICT a.b USING m"),
    ("predict", "PREDICT a.b USING m"),
    ("evaluate", "TO EVALUATE m LABEL c INTO t"),
    ("run", "TO RUN a/b:v1 CMD 'x'"),
    (
        "optimize",
        "TO MAXIMIZE a CONSTRAINT a <= 1 WITH v = 'a' INTO p",
    ),
    ("optimize", "TO MINIMIZE SUM(a * b) WITH v = 'a' INTO p"),
];

/// Statements that no clause is part of, although they look a bit like it.
const PLAIN: &[(Dialect, &str)] = &[
    (Dialect::DuckDb, "ALTER TABLE a RENAME TO train"),
    (Dialect::DuckDb, "ALTER TABLE a RENAME COLUMN b TO predict"),
    (Dialect::DuckDb, "EXPLAIN SELECT * FROM t"),
    (Dialect::DuckDb, "EXPLAIN ANALYZE SELECT * FROM t"),
    (
        Dialect::DuckDb,
        "CREATE TABLE train AS SELECT * FROM predict",
    ),
    (Dialect::DuckDb, "CREATE TABLE explain (to INT, train INT)"),
    (Dialect::DuckDb, "INSERT INTO train SELECT * FROM evaluate"),
    (
        Dialect::DuckDb,
        "INSERT INTO t (run, maximize) VALUES (1, 2)",
    ),
    (
        Dialect::DuckDb,
        "UPDATE train SET predict = 1 WHERE run = 2",
    ),
    (Dialect::DuckDb, "DELETE FROM train WHERE explain = 1"),
    (Dialect::DuckDb, "COPY train TO 'a.csv'"),
    (
        Dialect::DuckDb,
        "COPY (SELECT * FROM t) TO 'train.csv' (FORMAT csv)",
    ),
    (
        Dialect::DuckDb,
        "SELECT 'TO TRAIN a INTO b', \"TO TRAIN\" FROM t",
    ),
    (Dialect::DuckDb, "SELECT 1 -- TO TRAIN a LABEL b INTO c"),
    (Dialect::DuckDb, "SELECT /* TO EXPLAIN m */ 1"),
    (Dialect::DuckDb, "SELECT train INTO x FROM t"),
    (Dialect::DuckDb, "SELECT * FROM a predict JOIN b USING (id)"),
    (Dialect::DuckDb, "SELECT * FROM t run WHERE run.a = 1"),
    (Dialect::DuckDb, "SELECT * FROM t train ORDER BY train.a"),
    (Dialect::DuckDb, "SELECT a AS to, b AS train FROM t"),
    (Dialect::PostgreSql, "GRANT SELECT ON t TO train"),
    (Dialect::PostgreSql, "SET search_path TO train, evaluate"),
    (Dialect::PostgreSql, "SELECT INTERVAL '1' YEAR TO MONTH"),
    (Dialect::MySql, "RENAME TABLE a TO predict"),
    (Dialect::Snowflake, "SELECT a:train.to::string FROM t"),
    (
        Dialect::ClickHouse,
        "SELECT * FROM t ORDER BY a WITH FILL FROM 1 TO 10",
    ),
];

/// The statement's kind, its query's text or its own, and whether the parser
/// knew all of it.
fn read(text: &str, dialect: Dialect) -> (&'static str, String, bool) {
    let source = SourceFile::new("program.sql", text);
    let reading = Reading {
        unparsed: Unparsed::Barrier,
        ..Reading::from(dialect)
    };
    let (program, diagnostics) = syntax::parse(&source, reading);
    assert!(
        !diagnostics.has_errors(),
        "{dialect:?} {text}: {diagnostics:?}"
    );
    let [statement] = program.statements.as_slice() else {
        panic!("{dialect:?} {text}: {program:?}");
    };
    let (kind, span) = match &statement.kind {
        StatementKind::Sql(sql) => ("sql", sql.span),
        StatementKind::Train(train) => ("train", train.query.span),
        StatementKind::Predict(predict) => ("predict", predict.query.span),
        StatementKind::Explain(explain) => ("explain", explain.query.span),
        StatementKind::Evaluate(evaluate) => ("evaluate", evaluate.query.span),
        StatementKind::Run(run) => ("run", run.query.span),
        StatementKind::Optimize(optimize) => ("optimize", optimize.query.span),
        StatementKind::ShowTrain(show) => ("show train", show.model.span),
    };
    (kind, source.slice(span).to_owned(), diagnostics.is_empty())
}

#[test]
fn a_clause_is_found_behind_every_query() {
    for (queries, is_known) in [(QUERIES, true), (UNKNOWN, false)] {
        for (dialect, query) in queries {
            let plain = read(query, *dialect);
            assert_eq!(plain, ("sql", (*query).to_owned(), is_known), "{dialect:?}");
            for (kind, clause) in CLAUSES {
                // `FROM to TRAIN` lacks a name for its table.
                if query.ends_with(" to") && !clause.starts_with("TO") {
                    continue;
                }
                let text = format!("{query}\n{clause};");
                let found = read(&text, *dialect);
                assert_eq!(found, (*kind, (*query).to_owned(), is_known), "{text}");
            }
        }
    }
}

#[test]
fn nothing_else_is_a_clause() {
    for (dialect, statement) in PLAIN {
        let (kind, text, _) = read(statement, *dialect);
        assert_eq!(
            (kind, statement.starts_with(&text)),
            ("sql", true),
            "{statement}"
        );
    }
}
