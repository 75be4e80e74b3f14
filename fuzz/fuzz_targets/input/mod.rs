//! What a fuzzer's bytes mean: the first chooses the dialect, the others are
//! text, or choose words or clauses, so that most inputs come far into the
//! compiler.
#![allow(dead_code, reason = "each target uses its part")]

use std::borrow::Cow;

use sqlflowc::syntax::sql::Dialect;

/// Longer texts find nothing that shorter ones do not, and take their time.
const LONGEST: usize = 8 << 10;

/// The bytes as text.
pub(crate) fn text(data: &[u8]) -> (Dialect, Cow<'_, str>) {
    let (dialect, rest) = dialect(data);
    (dialect, String::from_utf8_lossy(rest))
}

/// Each byte is a word, a sign, a space or, above them, itself.
pub(crate) fn words(data: &[u8]) -> (Dialect, String) {
    let (dialect, rest) = dialect(data);
    (dialect, chosen(rest, WORDS, " "))
}

/// Each byte is a query, a clause, a whole statement or, above them, a word.
pub(crate) fn program(data: &[u8]) -> (Dialect, String) {
    let (dialect, rest) = dialect(data);
    (dialect, chosen(rest, CLAUSES, "\n"))
}

fn dialect(data: &[u8]) -> (Dialect, &[u8]) {
    match data.split_first() {
        Some((first, rest)) => (
            Dialect::ALL[usize::from(*first) % Dialect::ALL.len()],
            &rest[..rest.len().min(LONGEST)],
        ),
        None => (Dialect::DuckDb, &[]),
    }
}

fn chosen(data: &[u8], choices: &[&str], between: &str) -> String {
    let mut text = String::new();
    for byte in data {
        let at = usize::from(*byte);
        if let Some(choice) = choices.get(at) {
            text.push_str(choice);
            text.push_str(between);
        } else if let Some(word) = WORDS.get(at - choices.len()) {
            text.push_str(word);
        } else {
            text.push(char::from(*byte));
        }
        if text.len() > LONGEST {
            break;
        }
    }
    text
}

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "WITH",
    "AS",
    "TO",
    "TRAIN",
    "PREDICT",
    "EVALUATE",
    "EXPLAIN",
    "RUN",
    "MAXIMIZE",
    "MINIMIZE",
    "CONSTRAINT",
    "COLUMN",
    "LABEL",
    "USING",
    "INTO",
    "CMD",
    "FOR",
    "GROUP",
    "BY",
    "SHOW",
    "UNION",
    "ALL",
    "JOIN",
    "ON",
    "ORDER",
    "LIMIT",
    "CREATE",
    "TABLE",
    "VIEW",
    "TEMPORARY",
    "OR",
    "REPLACE",
    "DROP",
    "IF",
    "EXISTS",
    "INSERT",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "MERGE",
    "BEGIN",
    "END",
    "COMMIT",
    "PROCEDURE",
    "FUNCTION",
    "DECLARE",
    "CASE",
    "WHEN",
    "THEN",
    "USE",
    "SCHEMA",
    "ALTER",
    "RENAME",
    "EXECUTE",
    "PREPARE",
    "AND",
    "NOT",
    "NULL",
    "TRUE",
    "a",
    "b",
    "c",
    "t",
    "s",
    "m",
    "train",
    "to",
    "label",
    "_x",
    "xgboost.gbtree",
    "DNNClassifier",
    "max_depth",
    "model.hidden_units",
    "DENSE",
    "BUCKET",
    "CATEGORY_HASH",
    "EMBEDDING",
    "INDICATOR",
    "CROSS",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "=",
    "*",
    "+",
    "-",
    "/",
    "%",
    "<",
    ">",
    "'",
    "\"",
    "`",
    "$$",
    "$x$",
    "\\",
    "--",
    "#",
    "/*",
    "*/",
    "/*+",
    "{{",
    "}}",
    "{%",
    "%}",
    "\n",
    "\r\n",
    "\t",
    "0",
    "1",
    "2.5",
    "1e-7",
    "'text'",
    "\"name\"",
    "[1, 2]",
    ":",
    "@",
    "é",
    "😀",
    "\u{2028}",
    "\u{feff}",
    "-- sqlflowc: cpu=1\n",
    "/",
    "DELIMITER",
];

const CLAUSES: &[&str] = &[
    ";",
    "SELECT a, b, c FROM t",
    "SELECT * FROM s.t",
    "SELECT a AS train, b AS \"to\" FROM (SELECT * FROM v) AS x",
    "WITH w AS (SELECT * FROM t) SELECT w.* FROM w JOIN u USING (a)",
    "SELECT a FROM t UNION ALL SELECT b FROM u ORDER BY 1 LIMIT 3",
    "FROM t",
    "TO TRAIN xgboost.gbtree",
    "TO TRAIN xgboost.XGBClassifier",
    "TO TRAIN DNNClassifier",
    "TO TRAIN DNNLinearCombinedRegressor",
    "TO TRAIN sklearn.cluster.KMeans",
    "TO TRAIN registry:5000/team/models:v2/pkg.Class",
    "TRAIN DNNRegressor",
    "TO PREDICT p.c USING m",
    "TO PREDICT s.p.c USING n",
    "PREDICT q.c USING m",
    "TO EVALUATE m",
    "TO EXPLAIN m",
    "ANALYZE m WITH a = 1 USING TreeExplainer",
    "TO RUN image:v1 CMD \"python\", \"-m\", \"x\"",
    "TO MAXIMIZE SUM((price - cost) * amount) CONSTRAINT SUM(amount) <= 10 GROUP BY a, amount >= 1",
    "TO MINIMIZE SUM(a) CONSTRAINT a > 1",
    "WITH objective = \"multi:softmax\", num_class = 3, eta = 0.1",
    "WITH model.hidden_units = [64, 32], model.n_classes = 3, train.epoch = 2",
    "WITH validation.select = \"SELECT * FROM u\", validation.metrics = \"accuracy_score\"",
    "WITH variables = \"amount(a)\", var_type = \"NonNegativeIntegers\"",
    "WITH optimizer.learning_rate = 1e-3, model.optimizer = Adam",
    "COLUMN a, b",
    "COLUMN *",
    "COLUMN \"a.*\", DENSE(b, none, COMMA), BUCKET(c, [1, 2])",
    "COLUMN EMBEDDING(CATEGORY_HASH(a, 10), 4), INDICATOR(CROSS([a, BUCKET(b, [1])], 5))",
    "COLUMN a FOR linear_feature_columns",
    "COLUMN b FOR dnn_feature_columns",
    "LABEL c",
    "LABEL \"b\"",
    "USING m",
    "USING TreeExplainer",
    "INTO m",
    "INTO n",
    "INTO s.r",
    "SHOW TRAIN m",
    "CREATE TABLE t AS SELECT 1 AS a, 2 AS b, 3 AS c",
    "CREATE TABLE t (a INTEGER, b TEXT, c DOUBLE)",
    "CREATE OR REPLACE VIEW v AS SELECT * FROM t",
    "CREATE VIEW v AS SELECT * FROM v2",
    "CREATE VIEW v2 AS SELECT * FROM v",
    "CREATE TEMP TABLE t AS SELECT * FROM u",
    "CREATE SCHEMA s",
    "DROP SCHEMA s CASCADE",
    "DROP TABLE IF EXISTS t",
    "DROP VIEW v",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE t SWAP WITH u",
    "ALTER TABLE t ADD COLUMN d INTEGER",
    "INSERT INTO t SELECT * FROM u",
    "UPDATE t SET a = (SELECT max(a) FROM u)",
    "DELETE FROM t WHERE a IN (SELECT a FROM v)",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    "TRUNCATE TABLE t",
    "COPY t TO 'x.csv'",
    "USE s",
    "SET x = 1",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "PREPARE q AS SELECT * FROM t",
    "EXECUTE q",
    "CALL f(1)",
    "CREATE SEQUENCE z",
    "SELECT nextval('z')",
    "CREATE MACRO f(x) AS x + 1",
    "SELECT f(1)",
    "CREATE PROCEDURE f() BEGIN DELETE FROM t; INSERT INTO u VALUES (1); END",
    "GRANT SELECT ON t TO x",
    "-- sqlflowc: memory=8Gi cpu=4 gpu=1 timeout=2h retries=2 image=a:b",
    "-- sqlflowc: allow=W0305",
    "-- a remark",
    "/* ; */",
    "INSTALL x",
];
