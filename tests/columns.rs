//! What is known of columns: programs that must pass without a word, in
//! several dialects, and what they must not hide.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use sqlflowc::compile;
use sqlflowc::diagnostic::{Code, Format, Level, Warnings, render};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::{Dialect, Reading};

fn said(dialect: Dialect, program: &str) -> (Vec<Code>, String) {
    let source = SourceFile::new("p.sql", program);
    let mut reading = Reading::from(dialect);
    // Programs made up to have every form of a column are about nothing else.
    reading.levels.set(&[(Warnings::All, Level::Allow)]);
    let (_, diagnostics) = compile::lower(&source, reading);
    let codes = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    let text = render(&source, &diagnostics, Format::Human { colour: false });
    (codes, text)
}

#[track_caller]
fn passes(dialect: Dialect, program: &str) {
    let (codes, text) = said(dialect, program);
    assert!(codes.is_empty(), "{text}");
}

/// The messages of a program, a line each.
fn messages(dialect: Dialect, program: &str) -> String {
    let source = SourceFile::new("p.sql", program);
    let (_, diagnostics) = compile::lower(&source, dialect);
    let lines = diagnostics.iter().map(|diagnostic| {
        let line = source.line(diagnostic.span.start);
        format!("{line}: {} {}\n", diagnostic.code, diagnostic.message)
    });
    lines.collect()
}

#[test]
fn duckdb_programs_pass() {
    passes(
        Dialect::DuckDb,
        r#"
        CREATE TABLE people (id INTEGER, name VARCHAR, born DATE, tags VARCHAR[], address STRUCT(city VARCHAR, zip VARCHAR));
        SELECT rowid, p.rowid, name, address.city, p.address.zip, p.address FROM people AS p;
        SELECT people FROM people;
        SELECT upper(name) AS shouted, shouted || '!' AS louder FROM people WHERE louder <> '' ORDER BY shouted;
        SELECT list_transform(tags, x -> upper(x)) AS t FROM people;
        SELECT list_filter(tags, lambda tag: tag <> name) AS t FROM people;
        SELECT date_trunc('month', born), date_part('year', born), extract(dow FROM born), born + INTERVAL 1 DAY FROM people;
        SELECT name, count(*) AS n FROM people GROUP BY ALL HAVING n > 1 ORDER BY ALL;
        SELECT id, row_number() OVER w AS place FROM people WINDOW w AS (PARTITION BY name ORDER BY born) QUALIFY place = 1;
        SELECT * FROM people WHERE EXISTS (SELECT 1 FROM people AS other WHERE other.name = people.name AND other.id <> id);
        SELECT * FROM people, LATERAL (SELECT upper(name) AS big) AS l WHERE big = 'A';
        SELECT * FROM people, (SELECT upper(people.name) AS big) AS l WHERE l.big = 'A';
        SELECT unnest(tags) AS tag, id FROM people WHERE id > 1;
        SELECT COLUMNS('n.*') FROM people;
        SELECT min(COLUMNS(*)) FROM people;
        SELECT struct_pack(a := id, b := name) AS s, {'id': id} AS d FROM people;
        SELECT current_date, current_timestamp, user FROM people;
        SELECT * FROM people POSITIONAL JOIN people AS q;
        FROM people SELECT name WHERE id = 1;
        FROM people;
        SELECT t.i, p.name FROM range(10) AS t(i) JOIN people AS p ON p.id = t.i;
        SELECT x.a FROM (VALUES (1, 2)) AS x(a, b) WHERE b = 2;
        SELECT col0 FROM (VALUES (1, 2));
        WITH RECURSIVE up(id, n) AS (SELECT id, 1 FROM people UNION ALL SELECT up.id, n + 1 FROM up JOIN people USING (id) WHERE n < 3)
        SELECT id, max(n) FROM up GROUP BY id;
        WITH a AS (SELECT id AS x FROM people), b AS (SELECT x AS y FROM a) SELECT y FROM b JOIN a ON a.x = b.y;
        SELECT id FROM people UNION ALL BY NAME SELECT name FROM people;
        SELECT NAME, Born FROM PEOPLE;
        SELECT "NAME" FROM people;
        SELECT p.* EXCLUDE (tags) REPLACE (upper(name) AS name) FROM people AS p;
        INSERT INTO people (id, name) SELECT id + 1, name FROM people ON CONFLICT DO NOTHING;
        INSERT INTO people SELECT * FROM people ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id;
        UPDATE people SET name = other.name FROM other WHERE other.id = people.id;
        DELETE FROM people USING gone WHERE gone.id = people.id;
        MERGE INTO people AS p USING news AS n ON p.id = n.id WHEN MATCHED THEN UPDATE SET name = n.title;
        SELECT * FROM people PIVOT (count(*) FOR name IN ('a', 'b')) WHERE something = 1;
        SELECT a.city FROM (SELECT address AS a FROM people);
        SELECT people.address.city AS c FROM people ORDER BY c;
        CREATE TABLE ages AS SELECT id, date_diff('year', born, current_date) AS age FROM people;
        SELECT age FROM ages WHERE ages.age > (SELECT avg(age) FROM ages);
        ALTER TABLE ages ADD COLUMN weight DOUBLE;
        ALTER TABLE ages RENAME COLUMN age TO years;
        ALTER TABLE ages RENAME TO facts;
        SELECT years, weight FROM facts;
        DROP TABLE facts;
        CREATE TABLE IF NOT EXISTS facts (a INTEGER);
        SELECT a FROM facts;
        CREATE TABLE IF NOT EXISTS elsewhere (a INTEGER);
        SELECT b FROM elsewhere;
        CREATE OR REPLACE VIEW v AS SELECT * FROM people;
        CREATE OR REPLACE TABLE people (id INTEGER, colour VARCHAR);
        SELECT colour FROM v;
        SELECT colour FROM people;
        "#,
    );
}

#[test]
fn what_cannot_be_followed_is_not_known() {
    passes(
        Dialect::DuckDb,
        r#"
        CREATE TABLE t (a INTEGER);
        CREATE TABLE u AS SELECT * FROM read_csv('u.csv');
        SELECT anything FROM u;
        CREATE TABLE w AS SELECT t.*, u.* FROM t JOIN u ON true;
        SELECT anything FROM w;
        CREATE TABLE x AS SELECT a, max(a) FROM t GROUP BY a;
        SELECT "max(a)" FROM x;
        CREATE SCHEMA s;
        CREATE TABLE s.t (b INTEGER);
        CREATE VIEW s.v AS SELECT * FROM t;
        SELECT b FROM s.v;
        USE s;
        SELECT b FROM t;
        USE main;
        BEGIN;
        ALTER TABLE t ADD COLUMN c INTEGER;
        ROLLBACK;
        SELECT anything FROM t;
        CREATE OR REPLACE TABLE t (a INTEGER);
        CALL something();
        SELECT anything FROM t;
        CREATE OR REPLACE TABLE t (a INTEGER);
        DROP SCHEMA s CASCADE;
        SELECT anything FROM s.t;
        ATTACH 'other.duckdb' AS other;
        CREATE TABLE other.main.t (z INTEGER);
        SELECT a FROM t;
        SELECT z FROM other.main.t;
        "#,
    );
}

#[test]
fn postgresql_programs_pass() {
    passes(
        Dialect::PostgreSql,
        r#"
        CREATE TABLE public.orders (
            id BIGSERIAL PRIMARY KEY,
            "Customer" TEXT NOT NULL,
            placed_at TIMESTAMPTZ DEFAULT now(),
            payload JSONB,
            total NUMERIC(12, 2) CHECK (total >= 0)
        );
        CREATE INDEX ON orders (placed_at);
        SELECT ctid, xmin, o.tableoid, "Customer" FROM orders o;
        SELECT o FROM orders o;
        SELECT payload -> 'a' ->> 'b' AS ab, payload #>> '{a,b}' FROM orders;
        SELECT date_trunc('day', placed_at)::date AS day, sum(total) FILTER (WHERE total > 0) AS sum
        FROM orders GROUP BY 1 ORDER BY day DESC NULLS LAST;
        SELECT DISTINCT ON ("Customer") "Customer", id FROM orders ORDER BY "Customer", placed_at DESC;
        SELECT g.n, o.id FROM generate_series(1, 3) AS g(n) LEFT JOIN LATERAL (SELECT id FROM orders WHERE id = g.n LIMIT 1) o ON true;
        SELECT x.key, x.value FROM orders, jsonb_each_text(payload) AS x;
        SELECT extract(epoch FROM placed_at), current_user, localtimestamp FROM orders;
        WITH moved AS (DELETE FROM orders WHERE total = 0 RETURNING *) INSERT INTO archive SELECT * FROM moved;
        WITH t AS (SELECT id, total FROM orders) SELECT count FROM (SELECT count(*) FROM t) AS c;
        SELECT column1 FROM (VALUES (1), (2)) AS v;
        INSERT INTO orders ("Customer") VALUES ('a') ON CONFLICT (id) DO UPDATE SET total = EXCLUDED.total;
        SELECT * INTO backup FROM orders;
        SELECT total FROM backup;
        CREATE TABLE part PARTITION OF parent FOR VALUES IN (1);
        SELECT anything FROM part;
        CREATE TABLE child (extra INTEGER) INHERITS (orders);
        SELECT total FROM child;
        CREATE TABLE copy (LIKE orders);
        SELECT placed_at FROM copy;
        SELECT (payload).anything FROM orders;
        "#,
    );
}

#[test]
fn programs_of_other_dialects_pass() {
    passes(
        Dialect::MySql,
        r#"
        CREATE TABLE `users` (`id` INT AUTO_INCREMENT PRIMARY KEY, `email` VARCHAR(255), created DATETIME);
        SELECT u.`id`, IFNULL(email, "none") AS mail FROM users AS u WHERE created > NOW() - INTERVAL 1 DAY HAVING mail <> '';
        SELECT TIMESTAMPDIFF(MONTH, created, NOW()), DATE_ADD(created, INTERVAL 1 MONTH) FROM users;
        SELECT @row := @row + 1 AS n, id FROM users, (SELECT @row := 0) AS r;
        SELECT other FROM Users;
        ALTER TABLE users ADD COLUMN age INT AFTER email, DROP COLUMN created;
        SELECT age FROM users;
        RENAME TABLE users TO people;
        SELECT age FROM people;
        "#,
    );
    passes(
        Dialect::Snowflake,
        r#"
        CREATE OR REPLACE TABLE events (id NUMBER, body VARIANT, at TIMESTAMP_NTZ);
        SELECT body:user.name::string AS name, DATEADD(day, 1, at), DATEDIFF(hour, at, CURRENT_TIMESTAMP()) FROM events;
        SELECT f.value:id AS item FROM events, LATERAL FLATTEN(input => body:items) f;
        SELECT $1, metadata$filename FROM @stage;
        SELECT * ILIKE '%a%' FROM events;
        SELECT * EXCLUDE body RENAME id AS event_id FROM events;
        SELECT ID, AT FROM EVENTS QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY at) = 1;
        CREATE TABLE clone_of CLONE events;
        SELECT body FROM clone_of;
        ALTER TABLE clone_of SWAP WITH events;
        SELECT id FROM events;
        "#,
    );
    passes(
        Dialect::BigQuery,
        r#"
        CREATE OR REPLACE TABLE shop.sales (id INT64, items ARRAY<STRUCT<sku STRING, n INT64>>, day DATE);
        SELECT id, item.sku FROM shop.sales, UNNEST(items) AS item WHERE _PARTITIONDATE > '2025-01-01';
        SELECT DATE_TRUNC(day, MONTH), DATE_DIFF(CURRENT_DATE(), day, WEEK), EXTRACT(ISOWEEK FROM day) FROM shop.sales;
        SELECT AS STRUCT id, day FROM shop.sales;
        SELECT * EXCEPT (items) REPLACE (id + 1 AS id) FROM shop.sales;
        SELECT ARRAY_AGG(STRUCT(id AS key, day)) FROM shop.sales;
        SELECT other FROM `project.shop.sales`;
        SELECT other FROM project.shop.sales;
        "#,
    );
    passes(
        Dialect::MsSql,
        r#"
        CREATE TABLE dbo.people ([id] INT IDENTITY, [full name] NVARCHAR(100), stamp TIMESTAMP);
        SELECT TOP 10 [full name], DATEPART(year, GETDATE()), DATEDIFF(dd, GETDATE(), GETDATE()) FROM dbo.people;
        SELECT p.id, a.n FROM dbo.people AS p CROSS APPLY (SELECT COUNT(*) AS n FROM dbo.people AS q WHERE q.id > p.id) AS a;
        SELECT n = id + 1 FROM dbo.people;
        SELECT id INTO #t FROM dbo.people;
        SELECT id FROM #t;
        "#,
    );
    passes(
        Dialect::Hive,
        r#"
        CREATE TABLE logs (line STRING, n INT) PARTITIONED BY (day STRING);
        SELECT line, day, INPUT__FILE__NAME FROM logs;
        SELECT word FROM logs LATERAL VIEW explode(split(line, ' ')) words AS word;
        INSERT OVERWRITE TABLE logs PARTITION (day = '1') SELECT line, n FROM logs;
        SELECT line, "nightly run" AS origin FROM logs WHERE day = "1";
        "#,
    );
    passes(
        Dialect::ClickHouse,
        r#"
        CREATE TABLE hits (id UInt64, url String, tags Array(String)) ENGINE = MergeTree ORDER BY id;
        SELECT arrayMap(x -> upper(x), tags), _part, toStartOfMonth(now()) FROM hits;
        SELECT id, t FROM hits ARRAY JOIN tags AS t;
        CREATE TABLE other (a Int32, b Int32 MATERIALIZED a + 1) ENGINE = Memory;
        SELECT b FROM other;
        SELECT anything FROM Hits;
        "#,
    );
    passes(
        Dialect::SQLite,
        r#"
        CREATE TABLE t (a INTEGER, b TEXT);
        SELECT rowid, oid, _rowid_, "no such column" FROM t;
        "#,
    );
    passes(
        Dialect::Oracle,
        r#"
        CREATE TABLE emp (empno NUMBER, mgr NUMBER, hired DATE);
        SELECT rownum, empno, SYSDATE - hired AS days FROM emp WHERE ROWNUM < 10;
        "#,
    );
}

#[test]
fn ml_programs_pass() {
    passes(
        Dialect::DuckDb,
        r#"
        CREATE TABLE raw (id INTEGER, at TIMESTAMP, day DATE, price DOUBLE, amount DECIMAL(10, 2), kind VARCHAR,
                          vector DOUBLE[], ids VARCHAR, flag BOOLEAN, weight DOUBLE, Label INTEGER, photo BLOB);
        SELECT * FROM raw
        TO TRAIN xgboost.gbtree
        WITH weight_column = "weight", validation.select = "SELECT * EXCLUDE (photo) FROM raw WHERE id % 5 = 0"
        COLUMN at, day, DENSE(day), BUCKET(day, [19000, 20000]), price, amount, kind, vector, DENSE(ids, 3, COMMA), flag,
               INDICATOR(CATEGORY_ID(ids, 10)), CATEGORY_ID(flag, 2), CATEGORY_ID(amount, 100), CATEGORY_HASH(at, 10),
               INDICATOR(kind), INDICATOR(CATEGORY_HASH(vector, 10)), CATEGORY_ID(SPARSE(ids, 10), 10), INDICATOR(vector), "PRI.*"
        LABEL label
        INTO model;

        -- The label need not be there, nor the weight, nor what no feature reads.
        SELECT * EXCLUDE (label, weight, id, photo) FROM raw TO PREDICT predictions.label USING model;
        SELECT * FROM raw TO PREDICT p.LABEL USING model;
        SELECT price, label, kind FROM p;
        SELECT *, 1 AS extra FROM raw TO EVALUATE model WITH validation.metrics = "mean_squared_error" INTO scores;
        SELECT loss, mean_squared_error FROM scores;
        SELECT * FROM raw TO EVALUATE model;
        SELECT 1 AS nothing TO EXPLAIN model USING XGBoostExplainer INTO importance;
        SELECT feature FROM importance;

        -- A date for a timestamp, and any number for any other.
        SELECT * REPLACE (day AS at, CAST(price AS INTEGER) AS price, 1 AS amount, CAST(flag AS INTEGER) AS flag) FROM raw
        TO PREDICT q.result USING model;

        -- Text that holds numbers is a number to a regressor.
        SELECT kind AS target, price FROM raw TO TRAIN xgboost.gbtree LABEL target INTO of_text;
        SELECT price, day AS target FROM raw TO TRAIN DNNClassifier WITH model.hidden_units = [4] LABEL target INTO of_date;
        SELECT price AS target, amount FROM raw TO TRAIN DNNClassifier WITH model.hidden_units = [4] LABEL target INTO of_float;

        -- `*` leaves out what is no feature, so the model needs no photo.
        SELECT * FROM raw TO TRAIN xgboost.gbtree LABEL label INTO of_all;
        SELECT * EXCLUDE (photo, label) FROM raw TO PREDICT r.label USING of_all;

        -- A model that is not trained here may have been trained on anything.
        SELECT id FROM raw TO PREDICT s.id USING stored;
        "#,
    );
}

#[test]
fn a_column_is_followed_through_what_makes_tables() {
    assert_eq!(
        messages(
            Dialect::DuckDb,
            "CREATE TABLE a (id INTEGER, x DOUBLE, y VARCHAR);
             SELECT z FROM a;
             CREATE TABLE b AS SELECT id, x AS z FROM a;
             SELECT x FROM b;
             CREATE VIEW c(k, v) AS SELECT * FROM b;
             SELECT z FROM c;
             ALTER TABLE b ADD COLUMN w INTEGER;
             SELECT w, x FROM b;
             ALTER TABLE b DROP COLUMN z;
             SELECT z FROM b;
             ALTER TABLE b RENAME COLUMN w TO u;
             SELECT w FROM b;
             ALTER TABLE b RENAME TO d;
             SELECT w FROM d;
             CREATE TABLE e AS SELECT * FROM a JOIN d USING (id) UNION ALL SELECT 1, 2, 'c', 4;
             SELECT id, x, y, u, gone FROM e;
             WITH t(p) AS (SELECT id FROM e) SELECT id FROM t;
             SELECT s.n, s.m FROM (SELECT * FROM (VALUES (1, 2)) AS v(m, n)) AS s(o);
             SELECT (SELECT max(other.nowhere) FROM e AS other WHERE other.id = a.id) FROM a;
             SELECT id FROM a WHERE id IN (SELECT ident FROM e);
             SELECT * FROM a WHERE colour = 1 GROUP BY colour;"
        ),
        "2: E0316 `a` has no column `z`
4: E0316 `b` has no column `x`
6: E0316 `c` has no column `z`
8: E0316 `b` has no column `x`
10: E0316 `b` has no column `z`
12: E0316 `b` has no column `w`
14: E0316 `d` has no column `w`
16: E0316 `e` has no column `gone`
17: E0316 `t` has no column `id`
18: E0316 `s` has no column `m`
19: E0316 `other` has no column `nowhere`
20: E0316 `e` has no column `ident`
21: E0316 `a` has no column `colour`
"
    );
}

#[test]
fn the_tables_of_ml_statements_are_followed() {
    assert_eq!(
        messages(
            Dialect::DuckDb,
            "CREATE TABLE iris (id INTEGER, width DOUBLE, species VARCHAR);
             SELECT * FROM iris TO TRAIN xgboost.XGBClassifier COLUMN width LABEL species INTO m;
             SELECT * FROM iris TO PREDICT p.guess WITH predict.extra_outputs = 'probability' USING m;
             SELECT id, width, guess, probability, species FROM p;
             SELECT * FROM iris TO EVALUATE m WITH validation.metrics = 'accuracy' INTO s;
             SELECT loss, accuracy, recall FROM s;
             SELECT guess FROM p TO TRAIN xgboost.gbtree COLUMN guess, 'wid.*' LABEL width INTO n;"
        ),
        "4: E0316 `p` has no column `species`
6: E0316 `s` has no column `recall`
7: E0318 no column of the query matches `wid.*`
7: E0314 the query has no column `width`
"
    );
}

#[test]
fn long_programs_and_statements_stay_fast() {
    let mut program = String::from("CREATE TABLE t0 (a INTEGER, b INTEGER);\n");
    for at in 1..2_000 {
        let before = at - 1;
        program += &format!("CREATE TABLE t{at} AS SELECT a, b FROM t{before} WHERE b > {at};\n");
    }
    let columns: Vec<_> = (0..2_000).map(|at| format!("c{at} INTEGER")).collect();
    let names: Vec<_> = (0..2_000).map(|at| format!("w.c{at}")).collect();
    program += &format!("CREATE TABLE w ({});\n", columns.join(", "));
    program += &format!("SELECT {} FROM w;\n", names.join(", "));
    let arms = vec!["SELECT a FROM t0"; 200].join(" UNION ALL ");
    program += &format!("{arms};\nSELECT wrong FROM t1999;\n");
    let (codes, text) = said(Dialect::DuckDb, &program);
    assert_eq!(codes, [Code::UnknownColumnInQuery], "{text}");
}

#[test]
fn columns_that_tell_unknowns_apart_are_selected() {
    let program = |variables: &str| {
        format!(
            r#"
            CREATE TABLE plants (plant VARCHAR, price DOUBLE);
            SELECT * FROM plants
            TO MAXIMIZE SUM(price * amount)
            CONSTRAINT SUM(amount) <= 10
            WITH variables = "{variables}", var_type = "NonNegativeReals"
            INTO production;
            "#
        )
    };
    passes(Dialect::DuckDb, &program("amount(plant)"));
    assert_eq!(
        messages(Dialect::DuckDb, &program("amount(plnt)")),
        "6: E0314 the query has no column `plnt`\n"
    );
}

#[test]
fn statements_that_change_rows_pass() {
    passes(
        Dialect::DuckDb,
        r#"
        CREATE TABLE a (i INTEGER, t VARCHAR, s STRUCT(x INTEGER));
        CREATE TABLE b (i INTEGER, u VARCHAR);
        INSERT INTO a (t, i) SELECT u, i FROM b;
        INSERT INTO a VALUES (1, 'x', NULL), (2, 'y', NULL);
        INSERT INTO a (i) SELECT * FROM range(3);
        INSERT INTO a SELECT * FROM unknown;
        INSERT INTO a SELECT i, unnest(s) FROM a;
        INSERT INTO unknown (a, b) SELECT i, u FROM b;
        INSERT INTO a (i) VALUES (1) ON CONFLICT (i) DO UPDATE SET t = excluded.t;
        INSERT INTO b DEFAULT VALUES;
        UPDATE a SET t = b.u FROM b WHERE a.i = b.i;
        UPDATE a AS c SET t = (SELECT max(u) FROM b WHERE b.i = c.i), i = c.i + 1;
        UPDATE a SET i = s.x;
        DELETE FROM a USING b WHERE a.i = b.i AND u = 'x';
        DELETE FROM a WHERE a.i IN (SELECT b.i FROM b) AND rowid > 3;
        MERGE INTO a USING (SELECT i AS j, u FROM b) AS n ON a.i = n.j
        WHEN MATCHED AND n.u = '' THEN DELETE
        WHEN MATCHED THEN UPDATE SET t = n.u
        WHEN NOT MATCHED THEN INSERT (i, t) VALUES (n.j, n.u);
        CREATE TABLE computed (i INTEGER, j INTEGER GENERATED ALWAYS AS (i + 1) STORED);
        INSERT INTO computed SELECT i FROM b;
        SELECT {'x': 1} AS d, d.x FROM b;
        SELECT s.x, a.s.x FROM a;
        SELECT s.* FROM a;
        SELECT x.i FROM b AS x, LATERAL (SELECT x.i AS k) AS y;
        "#,
    );
    passes(
        Dialect::PostgreSql,
        r#"
        CREATE TABLE a (i SERIAL, t TEXT, made DATE);
        INSERT INTO a SELECT 1, 'x';
        INSERT INTO a (t) VALUES ('x') RETURNING i;
        INSERT INTO a AS old (i, t) VALUES (1, DEFAULT) ON CONFLICT (i) DO UPDATE SET t = excluded.t WHERE old.t <> '';
        UPDATE a SET (t, made) = (SELECT 'x', now()) WHERE ctid IS NOT NULL;
        SELECT nextval('s'), s.last_value FROM s;
        "#,
    );
    passes(
        Dialect::MySql,
        r#"
        CREATE TABLE a (i INT, t TEXT);
        CREATE TABLE b (i INT, u TEXT);
        INSERT INTO a SET i = 1, t = 'x';
        INSERT INTO a VALUES ();
        UPDATE a JOIN b ON a.i = b.i SET a.t = b.u, u = 'x';
        DELETE x FROM a AS x JOIN b AS y ON x.i = y.i WHERE y.u = 'x';
        DELETE FROM x USING a AS x JOIN b AS y ON x.i = y.i WHERE y.u = 'x';
        INSERT INTO a (i, t) VALUES (1, 'x') ON DUPLICATE KEY UPDATE t = VALUES(t);
        "#,
    );
    passes(
        Dialect::MsSql,
        r#"
        CREATE TABLE a (i INT, t VARCHAR(9));
        UPDATE x SET t = y.t FROM a AS x JOIN a AS y ON x.i = y.i + 1;
        DELETE x FROM a AS x WHERE x.i = 1;
        INSERT INTO a (i, t) OUTPUT inserted.i VALUES (1, 'x');
        "#,
    );
    passes(
        Dialect::Hive,
        r#"
        CREATE TABLE a (i INT, t STRING) PARTITIONED BY (dt STRING);
        INSERT INTO TABLE a PARTITION (dt = 'x') SELECT 1, 'y';
        INSERT OVERWRITE TABLE a PARTITION (dt) SELECT 1, 'y', 'z';
        INSERT INTO a (i, t, dt) SELECT stack(1, 2, 3, 4);
        "#,
    );
}

#[test]
fn changes_of_tables_that_are_not_known_hide_nothing() {
    let program = "
CREATE TABLE a (i INTEGER, t VARCHAR);
UPDATE a SET x = 1 FROM unknown;
INSERT INTO a (x) SELECT y FROM unknown;
DELETE FROM a WHERE x = 1;
DELETE FROM unknown USING a WHERE a.x = 1;
UPDATE a SET i = b.i;
";
    insta::assert_snapshot!(messages(Dialect::DuckDb, program), @r"
    3: E0316 `a` has no column `x`
    4: E0316 `a` has no column `x`
    5: E0316 `a` has no column `x`
    7: E0338 the query reads no table that is called `b`
    ");
}

#[test]
fn explanations_have_known_columns() {
    let program = "
SELECT * FROM t TO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' COLUMN a LABEL y INTO trees;
SELECT * FROM t TO TRAIN xgboost.gblinear WITH objective = 'reg:squarederror' COLUMN a LABEL y INTO line;
SELECT * FROM t TO EXPLAIN trees USING XGBoostExplainer INTO of_trees;
SELECT * FROM t TO EXPLAIN line USING XGBoostExplainer INTO of_line;
SELECT * FROM t TO EXPLAIN trees USING TreeExplainer INTO of_rows;
SELECT feature, fscore, gain FROM of_trees;
SELECT feature, coefficient FROM of_line;
SELECT gain FROM of_line;
SELECT a FROM of_trees;
SELECT anything FROM of_rows;
";
    insta::assert_snapshot!(messages(Dialect::DuckDb, program), @r"
    9: E0316 `of_line` has no column `gain`
    10: E0316 `of_trees` has no column `a`
    ");
}
