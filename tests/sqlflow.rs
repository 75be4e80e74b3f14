//! What SQLFlow's grammar accepts is accepted, each production and each
//! documented form, and its old forms work or name their successors.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::fmt::Write;

use sqlflowc::diagnostic::Diagnostics;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::format::format;
use sqlflowc::syntax::sql::Dialect;
use sqlflowc::syntax::{self, ast};

/// The dialects whose SQL SQLFlow's parsers read.
const DIALECTS: [Dialect; 3] = [Dialect::DuckDb, Dialect::MySql, Dialect::Hive];

fn parse(text: &str, dialect: Dialect) -> (ast::Program, Diagnostics) {
    let source = SourceFile::new("program.sql", text);
    syntax::parse(&source, dialect)
}

/// The statements in canonical form, which shows how they were read.
fn read(clauses: &str) -> String {
    let mut out = String::new();
    for clause in clauses.lines().map(str::trim) {
        let text = match clause.to_uppercase().starts_with("SHOW") {
            true => clause.to_owned(),
            false => format!("SELECT * FROM t {clause}"),
        };
        let mut canonical = Vec::new();
        for dialect in DIALECTS {
            let (_, diagnostics) = parse(&text, dialect);
            assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
            let source = SourceFile::new("program.sql", text.as_str());
            canonical.push(format(&source, dialect).text);
        }
        canonical.dedup();
        assert_eq!(canonical.len(), 1, "every dialect reads {text} alike");
        let clause = canonical[0].trim_start_matches("SELECT * FROM t\n");
        writeln!(out, "{}", clause.trim_end().replace('\n', "\n  ")).unwrap();
    }
    out
}

#[test]
fn every_production_is_read() {
    insta::assert_snapshot!(read(
        r#"TO TRAIN DNNClassifier WITH model.n_classes = 3, model.hidden_units = [10, 20] COLUMN sepal_length, sepal_width LABEL class INTO sqlflow_models.my_dnn_model;
        TO TRAIN DNNClassifier LABEL class INTO m;
        TO TRAIN DNNClassifier LABEL "class" USING m0 INTO m;
        TO TRAIN sqlflow_models.Deep WITH a = b COLUMN *, x FOR deep COLUMN f(), g(f(y), 1) FOR wide LABEL c USING db.m INTO db.m;
        TO TRAIN DeepEmbeddingClusterModel WITH model.n_clusters = 3 INTO my_clusters;
        to train xgboost.gbtree with objective=multi:softmax, eta = 0.3 label c into m;
        TO TRAIN A WITH e = [], f = [1, 2.5, "x"], g = -1, h = 'x', i = a-b, j = a/b.c, k = [[1, 2], [3]] INTO m;
        TO TRAIN A WITH validation.select = "SELECT * FROM iris.test WHERE class IN ('a', 'b')" INTO m;
        TO TRAIN A WITH a = 1 COLUMN DENSE(c, 64, COMMA), DENSE(c, [2, 3], ","), DENSE(c), NUMERIC(c, 4), SPARSE(c, [10, 20], COMMA, int) INTO m;
        TO TRAIN A WITH a = 1 COLUMN BUCKET(DENSE(c, 1), [1, 2.5, -3]), CROSS([BUCKET(a, [1]), b], 10), SEQ_CATEGORY_ID(c, 10) INTO m;
        TO TRAIN A WITH a = 1 COLUMN EMBEDDING(CATEGORY_ID(c, 10), 2, sum), EMBEDDING(c, 128, "sqrtn", "uniform"), INDICATOR(CATEGORY_HASH(c, 9)) INTO m;
        TO PREDICT db.predicted.class USING sqlflow_models.my_dnn_model;
        TO PREDICT predicted.class WITH predict.num_workers = 2 USING m;
        TO EXPLAIN m;
        TO EXPLAIN db.m WITH summary.plot_type = dot, summary.alpha = 1 USING TreeExplainer INTO db.explained;
        TO EVALUATE m WITH validation.metrics = "Accuracy,AUC" LABEL class INTO db.measures;
        TO EVALUATE m LABEL "class" INTO measures;
        TO RUN sqlflow/runnable:v0.0.1 CMD "a";
        TO RUN hub.docker.com/user/a_run_image:v0.1 CMD "a.py", "--x", "y" INTO t1, t2;
        TO RUN localhost:5000/a@sha256:0123abcd CMD "a" INTO db.t;
        TO MAXIMIZE SUM((price - cost) * product) CONSTRAINT SUM(a * product) <= 100, product <= max_num WITH variables="product", var_type="NonNegativeIntegers" USING glpk INTO result_table;
        TO MINIMIZE SUM(distance * shipment * 90 / 1000) CONSTRAINT SUM(shipment) <= capacity GROUP BY plants, SUM(shipment) >= demand GROUP BY markets WITH variables="shipment(plants,markets)" INTO r;
        SHOW TRAIN my_dnn_model;
        show train db.my_dnn_model;"#
    ), @r#"
    TO TRAIN DNNClassifier
      WITH model.n_classes = 3, model.hidden_units = [10, 20]
      COLUMN sepal_length, sepal_width
      LABEL class
      INTO sqlflow_models.my_dnn_model;
    TO TRAIN DNNClassifier
      LABEL class
      INTO m;
    TO TRAIN DNNClassifier
      LABEL "class"
      USING m0
      INTO m;
    TO TRAIN sqlflow_models.Deep
      WITH a = b
      COLUMN *, x FOR deep
      COLUMN f(), g(f(y), 1) FOR wide
      LABEL c
      USING db.m
      INTO db.m;
    TO TRAIN DeepEmbeddingClusterModel
      WITH model.n_clusters = 3
      INTO my_clusters;
    TO TRAIN xgboost.gbtree
      WITH objective = multi:softmax, eta = 0.3
      LABEL c
      INTO m;
    TO TRAIN A
      WITH e = [], f = [1, 2.5, "x"], g = -1, h = 'x', i = a-b, j = a/b.c, k = [[1, 2], [3]]
      INTO m;
    TO TRAIN A
      WITH validation.select = "SELECT * FROM iris.test WHERE class IN ('a', 'b')"
      INTO m;
    TO TRAIN A
      WITH a = 1
      COLUMN
          DENSE(c, 64, COMMA), DENSE(c, [2, 3], ","), DENSE(c), NUMERIC(c, 4),
          SPARSE(c, [10, 20], COMMA, int)
      INTO m;
    TO TRAIN A
      WITH a = 1
      COLUMN BUCKET(DENSE(c, 1), [1, 2.5, -3]), CROSS([BUCKET(a, [1]), b], 10), SEQ_CATEGORY_ID(c, 10)
      INTO m;
    TO TRAIN A
      WITH a = 1
      COLUMN
          EMBEDDING(CATEGORY_ID(c, 10), 2, sum), EMBEDDING(c, 128, "sqrtn", "uniform"),
          INDICATOR(CATEGORY_HASH(c, 9))
      INTO m;
    TO PREDICT db.predicted.class
      USING sqlflow_models.my_dnn_model;
    TO PREDICT predicted.class
      WITH predict.num_workers = 2
      USING m;
    TO EXPLAIN m;
    TO EXPLAIN db.m
      WITH summary.plot_type = dot, summary.alpha = 1
      USING TreeExplainer
      INTO db.explained;
    TO EVALUATE m
      WITH validation.metrics = "Accuracy,AUC"
      LABEL class
      INTO db.measures;
    TO EVALUATE m
      LABEL "class"
      INTO measures;
    TO RUN sqlflow/runnable:v0.0.1
      CMD "a";
    TO RUN hub.docker.com/user/a_run_image:v0.1
      CMD "a.py", "--x", "y"
      INTO t1, t2;
    TO RUN localhost:5000/a@sha256:0123abcd
      CMD "a"
      INTO db.t;
    TO MAXIMIZE SUM((price - cost) * product)
      CONSTRAINT SUM(a * product) <= 100, product <= max_num
      WITH variables = "product", var_type = "NonNegativeIntegers"
      USING glpk
      INTO result_table;
    TO MINIMIZE SUM(distance * shipment * 90 / 1000)
      CONSTRAINT SUM(shipment) <= capacity GROUP BY plants, SUM(shipment) >= demand GROUP BY markets
      WITH variables = "shipment(plants,markets)"
      INTO r;
    SHOW TRAIN my_dnn_model;
    SHOW TRAIN db.my_dnn_model;
    "#);
}

#[test]
fn names_that_only_sqlflow_s_lexer_takes_are_read() {
    insta::assert_snapshot!(read(
        "TO TRAIN reg.io:5000/team/img:v0.2/MyDNN WITH a = 1 LABEL c INTO m;
        TO TRAIN DNNClassifier WITH a = 1 LABEL c USING localhost:50055/iris:v1 INTO my-model;
        TO PREDICT p.class USING localhost:50055/iris:v1.2;
        TO EXPLAIN localhost:50055/iris:v1 USING TreeExplainer INTO my-db.explained-iris;
        TO EVALUATE model-zoo/iris LABEL the-class INTO t;
        TO TRAIN A WITH model.a-b = c-d COLUMN sepal-length, DENSE(petal-length, 1) LABEL a-2 INTO m;
        SHOW TRAIN localhost:50055/iris:v1;"
    ), @"
    TO TRAIN reg.io:5000/team/img:v0.2/MyDNN
      WITH a = 1
      LABEL c
      INTO m;
    TO TRAIN DNNClassifier
      WITH a = 1
      LABEL c
      USING localhost:50055/iris:v1
      INTO my-model;
    TO PREDICT p.class
      USING localhost:50055/iris:v1.2;
    TO EXPLAIN localhost:50055/iris:v1
      USING TreeExplainer
      INTO my-db.explained-iris;
    TO EVALUATE model-zoo/iris
      LABEL the-class
      INTO t;
    TO TRAIN A
      WITH model.a-b = c-d
      COLUMN sepal-length, DENSE(petal-length, 1)
      LABEL a-2
      INTO m;
    SHOW TRAIN localhost:50055/iris:v1;
    ");
    let (program, _) = parse("SHOW TRAIN localhost:50055/iris:v1.2;", Dialect::DuckDb);
    let ast::StatementKind::ShowTrain(show) = &program.statements[0].kind else {
        panic!("{program:?}");
    };
    assert_eq!(
        show.model.parts.len(),
        1,
        "a model in a registry is one word"
    );
}

#[test]
fn the_oldest_forms_are_read() {
    insta::assert_snapshot!(read(
        "TRAIN DNNClassifier WITH n_classes = 3, hidden_units = [10, 20] COLUMN sepal_length LABEL class INTO my_dnn_model;
        TRAIN a.b.DNNClassifier WITH n_classes = 3 COLUMN sepal_length LABEL class INTO sqlflow_models.my_dnn_model;
        PREDICT db.predicted.class USING sqlflow_models.my_dnn_model;
        PREDICT predicted.class WITH a = 1 USING m"
    ), @"
    TO TRAIN DNNClassifier
      WITH n_classes = 3, hidden_units = [10, 20]
      COLUMN sepal_length
      LABEL class
      INTO my_dnn_model;
    TO TRAIN a.b.DNNClassifier
      WITH n_classes = 3
      COLUMN sepal_length
      LABEL class
      INTO sqlflow_models.my_dnn_model;
    TO PREDICT db.predicted.class
      USING sqlflow_models.my_dnn_model;
    TO PREDICT predicted.class
      WITH a = 1
      USING m;
    ");
    let mut said = String::new();
    for clause in [
        "ANALYZE m WITH shap_summary.plot_type=\"bar\" USING TreeExplainer;",
        "ANALYZE db.m USING TreeExplainer",
        "TO ANALYZE m",
        "INFER db.m;",
        "LIMIT 10 INFER m",
        "TO INFER m",
    ] {
        let (_, diagnostics) = parse(&format!("SELECT * FROM t {clause}"), Dialect::DuckDb);
        for diagnostic in diagnostics.iter() {
            let help = diagnostic.help.as_deref().unwrap_or_default();
            writeln!(said, "{}: {help}", diagnostic.code).unwrap();
        }
    }
    insta::assert_snapshot!(said, @"
    E0208: write `SELECT … TO EXPLAIN m …`
    E0208: write `SELECT … TO EXPLAIN db.m …`
    E0208: write `SELECT … TO EXPLAIN m …`
    E0208: write `SELECT … TO PREDICT table.column USING db.m`
    E0208: write `SELECT … TO PREDICT table.column USING m`
    E0208: write `SELECT … TO PREDICT table.column USING m`
    ");
}

#[test]
fn what_sqlflow_refuses_later_is_refused_with_a_reason() {
    let mut said = String::new();
    for clause in [
        "TO TRAIN A WITH a = 1 + 2 INTO m",
        "TO TRAIN A WITH a = Adam(learning_rate=0.1) INTO m",
        "TO TRAIN A WITH a = 1 COLUMN b, t.c INTO m",
        "TO TRAIN A WITH a = 1 COLUMN c LABEL c INTO m.",
    ] {
        let (_, diagnostics) = parse(&format!("SELECT * FROM t {clause}"), Dialect::DuckDb);
        for diagnostic in diagnostics.iter() {
            let help = diagnostic.help.as_deref().unwrap_or("");
            writeln!(said, "{} {}\n  {help}", diagnostic.code, diagnostic.message).unwrap();
        }
    }
    insta::assert_snapshot!(said, @"
    E0202 expected `WITH`, `COLUMN`, `LABEL`, `USING`, `INTO` or `;`, found `+`
      values are not worked out: write the result, and a text in quotes
    E0202 expected `WITH`, `COLUMN`, `LABEL`, `USING`, `INTO` or `;`, found `(`
      values are not worked out: write the result, and a text in quotes
    E0202 expected `WITH`, `COLUMN`, `LABEL`, `USING`, `INTO` or `;`, found `.`
      columns are named as the query's result names them, without a table
    E0202 expected a name after `.`, found the end of the statement
    ");
}

#[test]
fn one_broken_part_does_not_hide_the_next() {
    let text = "SELECT * FROM t TO TRAIN A WITH a 1, b = 2 COLUMN x y LABEL c USING INTO m, n";
    let (_, diagnostics) = parse(text, Dialect::DuckDb);
    let said: Vec<_> = diagnostics.iter().map(|d| d.message.as_str()).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    expected `=`, found `1`
    expected `WITH`, `COLUMN`, `LABEL`, `USING`, `INTO` or `;`, found `y`
    expected a name, found `INTO`
    `TO TRAIN` writes into one name
    ");
}
