//! What each kind of statement reads and writes, dialect by dialect: the edges
//! of small programs with their reasons. `docs/dependencies.md` has the rules.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::fmt::Write;

use sqlflowc::compile;
use sqlflowc::diagnostic::{Format, render};
use sqlflowc::ir::Action;
use sqlflowc::plan::Hazard;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

/// The steps, each with how many statements it joins, what it replays, why
/// nothing may move across it, and what it waits for and why; or what is wrong
/// with the program.
fn edges(dialect: Dialect, text: &str) -> String {
    let source = SourceFile::new("p.sql", text);
    let (plan, diagnostics) = compile::plan(&source, dialect);
    let Some(plan) = plan else {
        return render(&source, &diagnostics, Format::Human { colour: false });
    };
    let mut shown = String::new();
    for (at, planned) in plan.steps().enumerate() {
        let step = &planned.step;
        shown += &planned.name;
        if let Action::Query(query) = &step.action
            && query.statements.len() > 1
        {
            write!(shown, " ({} statements)", query.statements.len()).unwrap();
        }
        if let Some(why) = step.barrier {
            write!(shown, " [{why}]").unwrap();
        }
        shown.push('\n');
        for text in &step.session {
            writeln!(shown, "  after {text}").unwrap();
        }
        for (before, reasons) in plan.needs(at) {
            let reasons: Vec<String> = reasons
                .iter()
                .map(|reason| match (reason.hazard, &reason.resource) {
                    (Hazard::Barrier, _) | (_, None) => reason.hazard.to_string(),
                    (hazard, Some(resource)) => format!("{hazard} {resource}"),
                })
                .collect();
            writeln!(shown, "  <- {}: {}", before.name, reasons.join(", ")).unwrap();
        }
    }
    shown
}

#[test]
fn rows_are_checked_against_the_tables_that_foreign_keys_point_to() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (id INT, parent_id INT REFERENCES parent (id));
        INSERT INTO parent VALUES (1);
        INSERT INTO child VALUES (1, 1);
        DELETE FROM parent WHERE id = 2;
        SELECT * FROM child;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    insert-parent
      <- create-child: write-after-read table:parent
    insert-child
      <- insert-parent: read-after-write table:parent
    delete-parent
      <- insert-child: read-after-write table:child, write-after-read table:parent
    select-child
      <- insert-child: read-after-write table:child
    ");
}

#[test]
fn cascades_write_the_tables_that_point_here() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (id INT PRIMARY KEY, parent_id INT REFERENCES parent (id) ON DELETE CASCADE);
        CREATE TABLE grandchild (child_id INT, FOREIGN KEY (child_id) REFERENCES child (id) ON DELETE SET NULL);
        SELECT * FROM grandchild;
        DELETE FROM parent WHERE id = 1;
        SELECT * FROM grandchild;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    create-grandchild
      <- create-child: read-after-write table:child
    select-grandchild
      <- create-grandchild: read-after-write table:grandchild
    delete-parent
      <- select-grandchild: write-after-read table:grandchild
    select-grandchild-31ca5f
      <- delete-parent: read-after-write table:grandchild
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (parent_id INT);
        ALTER TABLE child ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE;
        REPLACE INTO parent VALUES (1);
        SELECT * FROM child;
    "), @"
    create-parent
    create-child
    alter-child
      <- create-parent: read-after-write table:parent
      <- create-child: write-after-write table:child
    insert-parent
      <- alter-child: write-after-read table:parent, write-after-write table:child
    select-child
      <- insert-parent: read-after-write table:child
    ");
}

#[test]
fn truncate_cascade_empties_the_tables_that_point_here() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (parent_id INT REFERENCES parent (id));
        SELECT * FROM child;
        TRUNCATE parent CASCADE;
        SELECT * FROM child;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    select-child
      <- create-child: read-after-write table:child
    truncate-parent
      <- select-child: write-after-read table:child
    select-child-ea4d8c
      <- truncate-parent: read-after-write table:child
    ");
}

#[test]
fn a_part_is_read_and_written_with_the_whole() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE whole (x INT, y INT) PARTITION BY LIST (x);
        CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);
        INSERT INTO part VALUES (1, 1);
        SELECT * FROM whole;
        INSERT INTO whole VALUES (1, 2);
        SELECT * FROM part;
    "), @"
    create-whole
    create-part
      <- create-whole: write-after-write table:whole
    insert-part
      <- create-part: write-after-write table:part
    select-whole
      <- insert-part: read-after-write table:part
    insert-whole
      <- select-whole: write-after-read table:part, write-after-read table:whole
    select-part
      <- insert-whole: read-after-write table:part
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE whole (x INT);
        CREATE TABLE part () INHERITS (whole);
        UPDATE whole SET x = 1;
        SELECT * FROM part;
    "), @"
    create-whole
    create-part
      <- create-whole: read-after-write table:whole
    update-whole
      <- create-part: write-after-read table:whole, write-after-write table:part
    select-part
      <- update-whole: read-after-write table:part
    ");
}

#[test]
fn changes_of_a_table_with_a_trigger_are_barriers() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (x INT);
        CREATE TABLE log (x INT);
        CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note();
        INSERT INTO t VALUES (1);
        SELECT * FROM log;
        DROP TRIGGER tr ON t;
        INSERT INTO t VALUES (2);
        SELECT * FROM log;
    "), @"
    create-t
    create-log
    trigger-t
      <- create-t: write-after-write table:t
    insert-t [a trigger of the table may do anything]
      <- create-log: barrier
      <- trigger-t: write-after-write table:t
    select-log
      <- insert-t: barrier
    drop-t
      <- insert-t: write-after-write table:t
    insert-t-10f268
      <- drop-t: write-after-write table:t
    select-log-505c16
      <- insert-t: barrier
    ");
    insta::assert_snapshot!(edges(Dialect::SQLite, "
        CREATE TABLE t (x INT);
        CREATE TABLE log (x INT);
        SELECT * FROM log;
        CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (1); END;
        INSERT INTO t VALUES (1);
        SELECT * FROM log;
    "), @"
    create-t
    create-log
    select-log
      <- create-log: read-after-write table:log
    trigger-t
      <- create-t: write-after-write table:t
    insert-t [a trigger of the table may do anything]
      <- select-log: barrier
      <- trigger-t: write-after-write table:t
    select-log-505c16
      <- insert-t: barrier
    ");
}

#[test]
fn what_is_written_through_a_view_goes_to_its_tables() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (x INT);
        CREATE VIEW v AS SELECT x FROM t WHERE x > 0;
        INSERT INTO v VALUES (1);
        SELECT * FROM t;
        UPDATE v SET x = 2;
        DELETE FROM v;
        SELECT * FROM t;
    "), @"
    create-t
    create-v
      <- create-t: read-after-write table:t
    insert-v
      <- create-v: write-after-read table:t, write-after-write table:v
    select-t
      <- insert-v: read-after-write table:t
    update-v
      <- select-t: write-after-read table:t
    delete-v
      <- update-v: read-after-write table:t, write-after-write table:t, write-after-write table:v
    select-t-bdd379
      <- delete-v: read-after-write table:t
    ");
}

#[test]
fn drawing_from_a_sequence_writes_it() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SEQUENCE s;
        INSERT INTO a SELECT nextval('s');
        INSERT INTO b SELECT nextval('s');
        DROP SEQUENCE s;
    "), @"
    create-s
    insert-a
      <- create-s: write-after-write sequence:s
    insert-b
      <- insert-a: write-after-write sequence:s
    drop-s
      <- insert-b: write-after-write sequence:s
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE SEQUENCE s;
        CREATE TABLE t (id INT DEFAULT nextval('s'), x INT);
        INSERT INTO t (x) VALUES (1);
        SELECT nextval('s');
    "), @"
    create-s
    create-t
      <- create-s: read-after-write sequence:s
    insert-t
      <- create-t: write-after-read sequence:s, write-after-write table:t
    select-s
      <- insert-t: write-after-write sequence:s
    ");
    insta::assert_snapshot!(edges(Dialect::Oracle, "
        CREATE SEQUENCE s;
        INSERT INTO a SELECT s.NEXTVAL FROM dual;
        DROP SEQUENCE s;
    "), @"
    create-s
    insert-a
      <- create-s: write-after-write sequence:S
    drop-s
      <- insert-a: write-after-write sequence:S
    ");
}

#[test]
fn files_are_written_before_they_are_read() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE t AS SELECT 1 AS x;
        COPY t TO 'out/a.parquet' (FORMAT parquet);
        COPY (SELECT 2 AS x) TO 'out/b.csv';
        SELECT * FROM read_csv('out/b.csv');
        SELECT * FROM 'out/*.parquet';
        SELECT * FROM read_parquet('elsewhere/*.parquet');
        CREATE TABLE u AS SELECT * FROM 'out/a.parquet';
        COPY u TO 'out/a.parquet';
        COPY u FROM 'out/b.csv';
    "), @"
    create-t
    copy-t
      <- create-t: read-after-write table:t
    copy
    select
      <- copy: read-after-write file:out/b.csv
    select-7e7613
      <- copy-t: read-after-write file:out/a.parquet
    select-774527
    create-u
      <- copy-t: read-after-write file:out/a.parquet
    copy-u
      <- select-7e7613: write-after-read file:out/a.parquet
      <- create-u: read-after-write table:u, write-after-read file:out/a.parquet
    copy-u-9813fe
      <- copy: read-after-write file:out/b.csv
      <- copy-u: write-after-read table:u
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        COPY t TO '/tmp/x.csv';
        COPY u FROM '/tmp/x.csv';
    "), @"
    copy-t
    copy-u
      <- copy-t: read-after-write file:/tmp/x.csv
    ");
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        CREATE STAGE st;
        COPY INTO @st/out FROM t;
        COPY INTO u FROM @st/out;
        LIST @st;
        REMOVE @st/out;
    "), @"
    run
    copy-t
      <- run: write-after-write file:@st, write-after-write file:@st/out
    copy-u
      <- copy-t: read-after-write file:@st, read-after-write file:@st/out
    run-b6a1a7
      <- copy-t: read-after-write file:@st, read-after-write file:@st/out
    run-15a7e4
      <- copy-u: write-after-read file:@st, write-after-read file:@st/out
      <- run-b6a1a7: write-after-read file:@st, write-after-read file:@st/out
    ");
    insta::assert_snapshot!(edges(Dialect::Hive, "
        INSERT OVERWRITE DIRECTORY '/data/out' SELECT * FROM t;
        LOAD DATA INPATH '/data/out' OVERWRITE INTO TABLE u;
    "), @"
    export-t
    load-u
      <- export-t: write-after-write file:/data/out
    ");
    insta::assert_snapshot!(edges(Dialect::Redshift, "
        UNLOAD ('SELECT * FROM t') TO 's3://b/x/' IAM_ROLE 'r';
        INSERT INTO t VALUES (1);
    "), @"
    unload-t
    insert-t
      <- unload-t: write-after-read table:t
    ");
}

#[test]
fn renames_write_both_names() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE a (x INT);
        CREATE TABLE child (y INT);
        ALTER TABLE a RENAME TO b;
        SELECT * FROM b;
        CREATE TABLE a (x INT);
    "), @"
    create-a
    create-child
    alter-a
      <- create-a: write-after-write table:a
    select-b
      <- alter-a: read-after-write table:b
    create-a-cfa1df
      <- alter-a: write-after-write table:a
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE fresh (x INT);
        SELECT * FROM live;
        RENAME TABLE live TO old, fresh TO live;
        SELECT * FROM live;
        DROP TABLE old;
    "), @"
    create-fresh
    select-live
    rename-live
      <- create-fresh: write-after-write table:fresh
      <- select-live: write-after-read table:live
    select-live-3b9e31
      <- rename-live: read-after-write table:live
    drop-old
      <- rename-live: write-after-write table:old
    ");
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        CREATE TABLE a (x INT);
        CREATE TABLE b (x INT);
        ALTER TABLE a SWAP WITH b;
        SELECT * FROM a;
        SELECT * FROM b;
    "), @"
    create-a
    create-b
    alter-a
      <- create-a: write-after-write table:A
      <- create-b: write-after-write table:B
    select-a
      <- alter-a: read-after-write table:A
    select-b
      <- alter-a: read-after-write table:B
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (id INT REFERENCES parent (id) ON DELETE CASCADE);
        ALTER TABLE parent RENAME TO old_parent;
        DELETE FROM old_parent;
        SELECT * FROM child;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    alter-parent
      <- create-child: write-after-read table:parent
    delete-old-parent
      <- alter-parent: write-after-write table:old_parent
    select-child
      <- delete-old-parent: read-after-write table:child
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE VIEW v AS SELECT * FROM t;
        ALTER TABLE v RENAME TO w;
        INSERT INTO t VALUES (1);
        SELECT * FROM w TO TRAIN xgboost.gbtree LABEL x INTO m;
    "), @"
    create-v
    alter-v
      <- create-v: write-after-write table:v
    insert-t
      <- create-v: write-after-read table:t
    train-m
      <- alter-v: read-after-write table:w
      <- insert-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE a (x INT);
        EXEC sp_rename 'a', 'b';
        SELECT * FROM b;
    "), @"
    create-a
    run [what it executes is not in the program]
      <- create-a: barrier
    select-b
      <- run: barrier
    ");
}

#[test]
fn replacing_and_keeping_tables() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE t AS SELECT 1 AS x;
        CREATE TABLE a AS SELECT * FROM t;
        CREATE OR REPLACE TABLE t AS SELECT 2 AS x;
        CREATE TABLE IF NOT EXISTS t AS SELECT 3 AS x;
        SELECT * FROM t;
        DROP TABLE IF EXISTS t;
    "), @"
    create-t
    create-a
      <- create-t: read-after-write table:t
    create-t-a59ccd
      <- create-a: write-after-read table:t
    create-t-22fc75
      <- create-t-a59ccd: write-after-write table:t
    select-t
      <- create-t-22fc75: read-after-write table:t
    drop-t
      <- select-t: write-after-read table:t
    ");
}

#[test]
fn a_view_defined_anew_reads_what_it_reads_now() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE VIEW v AS SELECT * FROM a;
        INSERT INTO a VALUES (1);
        SELECT * FROM v TO TRAIN xgboost.gbtree LABEL x INTO m;
        CREATE OR REPLACE VIEW v AS SELECT * FROM b;
        INSERT INTO a VALUES (2);
        INSERT INTO b VALUES (3);
        SELECT * FROM v TO TRAIN xgboost.gbtree LABEL x INTO n;
        DROP VIEW v;
        CREATE TABLE v (x INT);
        INSERT INTO b VALUES (4);
        SELECT * FROM v;
    "), @"
    create-v
    insert-a
      <- create-v: write-after-read table:a
    train-m
      <- insert-a: read-after-write table:a
    create-v-fc6657
      <- train-m: write-after-read table:v
    insert-a-78304f
      <- create-v-fc6657: write-after-read table:a
    insert-b
      <- create-v-fc6657: write-after-read table:b
    train-n
      <- insert-b: read-after-write table:b
    drop-v
      <- train-n: write-after-read table:v
    create-v-831d97
      <- drop-v: write-after-write table:v
    insert-b-f2abae
      <- drop-v: write-after-read table:b
    select-v
      <- create-v-831d97: read-after-write table:v
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE VIEW v AS SELECT * FROM a;
        CREATE VIEW IF NOT EXISTS v AS SELECT * FROM b;
        INSERT INTO a VALUES (1);
        INSERT INTO b VALUES (1);
        SELECT * FROM v;
    "), @"
    create-v
    create-v-62d4ea
      <- create-v: write-after-write table:v
    insert-a
      <- create-v: write-after-read table:a
    insert-b
      <- create-v-62d4ea: write-after-read table:b
    select-v
      <- insert-a: read-after-write table:a
      <- insert-b: read-after-write table:b
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE VIEW v AS SELECT * FROM a;
        ALTER VIEW v AS SELECT * FROM b;
        INSERT INTO b VALUES (1);
        SELECT * FROM v;
    "), @"
    create-v
    alter-v
      <- create-v: write-after-write table:v
    insert-b
      <- alter-v: write-after-read table:b
    select-v
      <- insert-b: read-after-write table:b
    ");
}

#[test]
fn a_dropped_table_takes_views_along_with_cascade() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (x INT);
        CREATE VIEW v AS SELECT * FROM t;
        SELECT * FROM v;
        DROP TABLE t CASCADE;
        CREATE TABLE v (x INT);
    "), @"
    create-t
    create-v
      <- create-t: read-after-write table:t
    select-v
      <- create-v: read-after-write table:v
    drop-t
      <- select-v: write-after-read table:t, write-after-read table:v
    create-v-831d97
      <- drop-t: read-after-write table:t, write-after-write table:v
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (x INT);
        CREATE VIEW v AS SELECT * FROM t;
        DROP VIEW v;
        DROP TABLE t;
    "), @"
    create-t
    create-v
      <- create-t: read-after-write table:t
    drop-v
      <- create-v: write-after-write table:v
    drop-t
      <- drop-v: write-after-read table:t
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE t (x INT);
        CREATE VIEW v AS SELECT * FROM t;
        DROP VIEW v;
        DROP TABLE t;
    "), @"
    create-t
    create-v
      <- create-t: read-after-write table:t
    drop-v
      <- create-v: write-after-write table:v
    drop-t
      <- create-v: write-after-read table:t
    ");
}

#[test]
fn merge_writes_its_target_and_reads_its_source() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (id INT, x INT);
        CREATE TABLE s (id INT, x INT);
        MERGE INTO t USING (SELECT * FROM s JOIN u USING (id)) AS s2 ON t.id = s2.id WHEN MATCHED THEN UPDATE SET x = (SELECT max(x) FROM w) WHEN NOT MATCHED THEN INSERT VALUES (s2.id, 1);
        INSERT INTO w VALUES (1);
        INSERT INTO u VALUES (1);
        SELECT * FROM t;
    "), @"
    create-t
    create-s
    merge-t
      <- create-t: write-after-write table:t
      <- create-s: read-after-write table:s
    insert-w
      <- merge-t: write-after-read table:w
    insert-u
      <- merge-t: write-after-read table:u
    select-t
      <- merge-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE t (id INT, x INT);
        MERGE t USING s ON t.id = s.id WHEN MATCHED THEN DELETE;
        INSERT INTO s VALUES (1);
        SELECT * FROM t;
    "), @"
    create-t
    merge-t
      <- create-t: write-after-write table:t
    insert-s
      <- merge-t: write-after-read table:s
    select-t
      <- merge-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        MERGE t USING s ON t.id = s.id WHEN MATCHED THEN DELETE OUTPUT deleted.id INTO gone;
        SELECT * FROM gone;
    "), @"
    merge-t
    select-gone
      <- merge-t: read-after-write table:gone
    ");
}

#[test]
fn updates_and_deletes_of_several_tables() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE a (id INT, x INT);
        CREATE TABLE b (id INT, x INT);
        UPDATE a JOIN b ON a.id = b.id SET b.x = 1;
        SELECT * FROM a;
        SELECT * FROM b;
    "), @"
    create-a
    create-b
    update-b
      <- create-a: read-after-write table:a
      <- create-b: read-after-write table:b, write-after-write table:b
    select-a
      <- create-a: read-after-write table:a
    select-b
      <- update-b: read-after-write table:b
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE a (id INT);
        CREATE TABLE b (id INT);
        CREATE TABLE c (id INT);
        DELETE a, b FROM a JOIN b ON a.id = b.id JOIN c ON c.id = b.id;
        SELECT * FROM a;
        SELECT * FROM b;
        SELECT * FROM c;
    "), @"
    create-a
    create-b
    create-c
    delete-a
      <- create-a: read-after-write table:a, write-after-write table:a
      <- create-b: read-after-write table:b, write-after-write table:b
      <- create-c: read-after-write table:c
    select-a
      <- delete-a: read-after-write table:a
    select-b
      <- delete-a: read-after-write table:b
    select-c
      <- create-c: read-after-write table:c
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE a (id INT);
        CREATE TABLE b (id INT);
        DELETE FROM p USING a AS p JOIN b AS q ON p.id = q.id;
        SELECT * FROM a;
        SELECT * FROM b;
    "), @"
    create-a
    create-b
    delete-a
      <- create-a: read-after-write table:a, write-after-write table:a
      <- create-b: read-after-write table:b
    select-a
      <- delete-a: read-after-write table:a
    select-b
      <- create-b: read-after-write table:b
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE a (id INT, x INT);
        CREATE TABLE b (id INT, y INT);
        UPDATE a JOIN b USING (id) SET x = 1, y = 2;
        SELECT * FROM a;
        SELECT * FROM b;
    "), @"
    create-a
    create-b
    update-a
      <- create-a: read-after-write table:a, write-after-write table:a
      <- create-b: read-after-write table:b, write-after-write table:b
    select-a
      <- update-a: read-after-write table:a
    select-b
      <- update-a: read-after-write table:b
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE a (id INT, x INT);
        CREATE TABLE b (id INT, x INT);
        UPDATE a SET x = b.x FROM b WHERE a.id = b.id;
        SELECT * FROM b;
        DELETE FROM a USING b WHERE a.id = b.id;
        INSERT INTO b VALUES (1, 1);
        SELECT * FROM a;
    "), @"
    create-a
    create-b
    update-a
      <- create-a: write-after-write table:a
      <- create-b: read-after-write table:b
    select-b
      <- create-b: read-after-write table:b
    delete-a
      <- update-a: write-after-write table:a
    insert-b
      <- select-b: write-after-read table:b
      <- delete-a: write-after-read table:b
    select-a
      <- delete-a: read-after-write table:a
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE a (id INT, x INT);
        CREATE TABLE b (id INT, x INT);
        UPDATE p SET x = q.x FROM a AS p JOIN b AS q ON p.id = q.id;
        INSERT INTO b VALUES (1, 1);
        DELETE p FROM a AS p JOIN b AS q ON p.id = q.id;
        SELECT * FROM a;
    "), @"
    create-a
    create-b
    update-a
      <- create-a: read-after-write table:a, write-after-write table:a
      <- create-b: read-after-write table:b
    insert-b
      <- update-a: write-after-read table:b
    delete-a
      <- insert-b: read-after-write table:b
    select-a
      <- delete-a: read-after-write table:a
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE a (id INT);
        CREATE TABLE log (id INT);
        WITH gone AS (DELETE FROM a RETURNING id) INSERT INTO log SELECT id FROM gone;
        SELECT * FROM a;
        SELECT * FROM log;
    "), @"
    create-a
    create-log
    insert-a
      <- create-a: read-after-write table:a, write-after-write table:a
      <- create-log: write-after-write table:log
    select-a
      <- insert-a: read-after-write table:a
    select-log
      <- insert-a: read-after-write table:log
    ");
}

#[test]
fn inserts_of_several_tables_and_overwriting() {
    insta::assert_snapshot!(edges(Dialect::Hive, "
        CREATE TABLE t (x INT);
        INSERT OVERWRITE TABLE t SELECT * FROM s;
        INSERT INTO s VALUES (1);
        SELECT * FROM t;
    "), @"
    create-t
    insert-t
      <- create-t: write-after-write table:t
    insert-s
      <- insert-t: write-after-read table:s
    select-t
      <- insert-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::Spark, "
        INSERT OVERWRITE t SELECT * FROM t;
        SELECT * FROM t;
    "), @"
    insert-t
    select-t
      <- insert-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        INSERT ALL INTO a VALUES (x) INTO b VALUES (x) SELECT x FROM c;
        SELECT * FROM a;
        SELECT * FROM b;
        INSERT INTO c VALUES (1);
    "), @"
    insert-a
    select-a
      <- insert-a: read-after-write table:A
    select-b
      <- insert-a: read-after-write table:B
    insert-c
      <- insert-a: write-after-read table:C
    ");
}

#[test]
fn select_into_makes_a_table() {
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        SELECT * INTO t FROM s;
        INSERT INTO s VALUES (1);
        SELECT * FROM t;
    "), @"
    create-t
    insert-s
      <- create-t: write-after-read table:s
    select-t
      <- create-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        SELECT * INTO t FROM s;
        INSERT INTO s VALUES (1);
        SELECT * FROM t;
    "), @"
    create-t
    insert-s
      <- create-t: write-after-read table:s
    select-t
      <- create-t: read-after-write table:t
    ");
}

#[test]
fn what_may_do_anything_is_a_barrier() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE a (x INT);
        CALL refresh();
        SELECT * FROM b;
    "), @"
    create-a
    call [what it executes is not in the program]
      <- create-a: barrier
    select-b
      <- call: barrier
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE a (x INT);
        EXECUTE dbo.refresh @x = 1;
        EXEC ('DROP TABLE a');
        SELECT * FROM b;
    "), @"
    create-a
    run [what it executes is not in the program]
      <- create-a: barrier
    run-69d93d [the text of what it executes is computed]
      <- run: barrier
    select-b
      <- run-69d93d: barrier
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE FUNCTION f() RETURNS INT LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
        INSERT INTO a VALUES (1);
        SELECT f();
        SELECT * FROM b;
    "), @"
    function-f [what the function does is not written in SQL]
    insert-a
      <- function-f: barrier
    select [what the function does is not written in SQL]
      <- insert-a: barrier
    select-b
      <- select: barrier
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE a (x INT);
        SELECT * FROM information_schema.tables;
        SELECT * FROM b;
    "), @"
    create-a
    select [it reads the catalog, which every definition changes]
      <- create-a: barrier
    select-b
      <- select: barrier
    ");
    insta::assert_snapshot!(edges(Dialect::BigQuery, "
        CREATE TABLE d.a (x INT64);
        EXECUTE IMMEDIATE 'DROP TABLE d.a';
        SELECT * FROM d.b;
    "), @"
    create-d-a
    run [the text of what it executes is computed]
      <- create-d-a: barrier
    select-d-b
      <- run: barrier
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE a (x INT);
        SHOW TABLES;
        SELECT * FROM b;
    "), @"
    create-a
    run [it shows what exists, so it waits for everything before it]
      <- create-a: barrier
    select-b
      <- run: barrier
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE a (x INT);
        WAITFOR DELAY '00:00:01';
        SELECT * FROM b;
    "), @"
    create-a
    run [what follows is meant to wait for it]
      <- create-a: barrier
    select-b
      <- run: barrier
    ");
}

#[test]
fn use_and_search_paths_say_which_table_a_name_means() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SCHEMA s;
        CREATE TABLE s.t (x INT);
        CREATE TABLE t (x INT);
        SET search_path TO s, public;
        SELECT * FROM t;
        SET search_path TO public;
        SELECT * FROM t;
    "), @"
    create-schema-s
    create-s-t
      <- create-schema-s: read-after-write schema:s
    create-t
    select-t
      after SET search_path TO s, public
      <- create-s-t: read-after-write table:s.t
      <- create-t: read-after-write table:t
    select-t-bdd379
      after SET search_path TO public
      <- create-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE a.t (x INT);
        SELECT * FROM t;
        USE b;
        SELECT * FROM t;
        USE a;
        SELECT * FROM t;
    "), @"
    create-a-t
    select-t
      <- create-a-t: read-after-write table:a.t
    select-t-bdd379
      after USE b
    select-t-bdd379-2
      after USE a
      <- create-a-t: read-after-write table:a.t
    ");
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        CREATE TABLE d.s.t (x INT);
        USE SCHEMA d.s;
        SELECT * FROM t;
    "), @"
    create-d-s-t
    select-t
      after USE SCHEMA d.s
      <- create-d-s-t: read-after-write table:D.S.T
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        ATTACH 'one.db' AS one;
        CREATE TABLE one.t (x INT);
        CREATE TABLE t (x INT);
        SELECT * FROM one.t;
        USE one;
        SELECT * FROM one.t;
    "), @"
    create-one-t
      after ATTACH 'one.db' AS one
    create-t
      after ATTACH 'one.db' AS one
    select-one-t
      after ATTACH 'one.db' AS one
      <- create-one-t: read-after-write table:one.t
    select-one-t-51138f
      after ATTACH 'one.db' AS one
      after USE one
      <- create-one-t: read-after-write table:one.t
    ");
}

#[test]
fn temporary_tables_live_in_one_session() {
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE #t (x INT);
        INSERT INTO #t VALUES (1);
        SELECT * FROM other;
        SELECT * INTO u FROM #t;
        DROP TABLE #t;
        SELECT * FROM u;
    "), @"
    create-t (4 statements)
    select-other
    select-u
      <- create-t: read-after-write table:u
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        SELECT * INTO #t FROM s;
        SELECT * FROM #t;
    "), @"create-t (2 statements)");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TEMPORARY TABLE t AS SELECT 1 AS x;
        CREATE TABLE a AS SELECT * FROM t;
        DROP TABLE t;
        CREATE TEMPORARY TABLE t AS SELECT 2 AS x;
        CREATE TABLE b AS SELECT * FROM t;
    "), @"
    create-t (3 statements)
    create-t-c33b4a (2 statements)
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (x INT);
        CREATE TEMP TABLE t (x INT);
        INSERT INTO t VALUES (1);
        DROP TABLE t;
        INSERT INTO t VALUES (2);
        INSERT INTO public.t VALUES (3);
    "), @"
    create-t
    create-t-833b4f (3 statements)
    insert-t
      <- create-t: write-after-write table:t
    insert-public-t
      <- insert-t: write-after-write table:t
    ");
}

#[test]
fn transactions_are_one_step() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (x INT);
        START TRANSACTION;
        INSERT INTO t VALUES (1);
        SAVEPOINT s;
        INSERT INTO u VALUES (1);
        ROLLBACK TO s;
        COMMIT AND CHAIN;
        INSERT INTO v VALUES (1);
        COMMIT;
        SELECT * FROM v;
        SELECT * FROM other;
    "), @"
    create-t
    insert-t (8 statements)
      <- create-t: write-after-write table:t
    select-v
      <- insert-t: read-after-write table:v
    select-other
    ");
    insta::assert_snapshot!(edges(Dialect::SQLite, "
        SAVEPOINT s;
        INSERT INTO t VALUES (1);
        RELEASE s;
        SELECT * FROM t;
    "), @"
    insert-t (3 statements)
    select-t
      <- insert-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        SET autocommit = 0;
        INSERT INTO a VALUES (1);
        COMMIT;
        INSERT INTO b VALUES (1);
        COMMIT;
        SET autocommit = 1;
        SELECT * FROM b;
    "), @"
    insert-a (6 statements)
    select-b
      <- insert-a: read-after-write table:b
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        LOCK TABLES a WRITE;
        INSERT INTO a VALUES (1);
        UNLOCK TABLES;
        SELECT * FROM a;
    "), @"
    run-a (3 statements)
    select-a
      <- run-a: read-after-write table:a
    ");
    insta::assert_snapshot!(edges(Dialect::Oracle, "
        INSERT INTO a VALUES (1);
        UPDATE b SET x = 1;
        COMMIT;
        SELECT * FROM a;
    "), @"
    insert-a (3 statements)
    select-a
      <- insert-a: read-after-write table:A
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        ROLLBACK TO s;
    "), @"
    error[E0401]: no savepoint is set here
     --> p.sql:2:9
      |
    2 |         ROLLBACK TO s;
      |         ^^^^^^^^^^^^^
      |
      = help: begin one with `BEGIN`, or leave this statement out
    ");
}

#[test]
fn cursors_and_prepared_statements_and_variables_live_in_one_session() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        BEGIN;
        DECLARE c CURSOR FOR SELECT * FROM t;
        FETCH NEXT FROM c;
        CLOSE c;
        COMMIT;
        INSERT INTO t VALUES (1);
    "), @"
    run-t (5 statements)
    insert-t
      <- run-t: write-after-read table:t
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t;
        SELECT * FROM other;
        FETCH NEXT FROM c;
        CLOSE c;
        INSERT INTO t VALUES (1);
    "), @"
    run-t (3 statements)
    select-other
    insert-t
      <- run-t: write-after-read table:t
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        PREPARE q AS DELETE FROM t;
        INSERT INTO t VALUES (1);
        EXECUTE q;
        INSERT INTO t VALUES (2);
    "), @"
    prepare-t (3 statements)
    insert-t
      <- prepare-t: write-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        SET @n = (SELECT max(x) FROM t);
        INSERT INTO u SELECT @n;
        SELECT * FROM u;
    "), @"
    set-t (2 statements)
    select-u
      <- set-t: read-after-write table:u
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        INSERT INTO t (x) VALUES (1);
        INSERT INTO u VALUES (last_insert_id());
        SELECT * FROM u;
    "), @"
    insert-t (2 statements)
    select-u
      <- insert-t: read-after-write table:u
    ");
}

#[test]
fn temporary_views_and_macros_go_where_they_are_used() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TEMP VIEW v AS SELECT * FROM t;
        INSERT INTO t VALUES (1);
        SELECT * FROM v TO TRAIN xgboost.gbtree LABEL x INTO m;
        SELECT * FROM other;
    "), @"
    insert-t
    train-m
      after CREATE TEMP VIEW v AS SELECT * FROM t
      <- insert-t: read-after-write table:t
    select-other
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TEMP MACRO f(a) AS (SELECT max(x) + a FROM t);
        INSERT INTO t VALUES (1);
        SELECT f(1);
        SELECT 1;
    "), @"
    insert-t
    select
      after CREATE TEMP MACRO f(a) AS (SELECT max(x) + a FROM t)
      <- insert-t: read-after-write table:t
    select-e004eb
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE MACRO inc(a) AS a + 1;
        CREATE VIEW v AS SELECT inc(x) AS x FROM t;
        SELECT * FROM v;
        DROP FUNCTION inc;
    "), @"
    macro-inc
    create-v
      <- macro-inc: read-after-write function:inc
    select-v
      <- create-v: read-after-write table:v
    drop
      <- select-v: write-after-read function:inc
    ");
    insta::assert_snapshot!(edges(Dialect::Spark, "
        CREATE TEMPORARY VIEW v AS SELECT * FROM t;
        CREATE TABLE a AS SELECT * FROM v;
        CREATE OR REPLACE TEMPORARY VIEW v AS SELECT * FROM a;
        CREATE TABLE b AS SELECT * FROM v;
    "), @"
    create-a
      after CREATE TEMPORARY VIEW v AS SELECT * FROM t
    create-b
      after CREATE OR REPLACE TEMPORARY VIEW v AS SELECT * FROM a
      <- create-a: read-after-write table:a
    ");
}

#[test]
fn ml_statements_replace_their_tables_and_models() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE p AS SELECT 1 AS x;
        SELECT * FROM p;
        SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m;
        SELECT * FROM t TO PREDICT p.y USING m;
        SELECT * FROM p;
        SELECT * FROM t TO EVALUATE m LABEL y INTO scores;
        SELECT * FROM t TO EXPLAIN m INTO shap;
        SELECT * FROM scores, shap;
    "), @"
    create-p
    select-p
      <- create-p: read-after-write table:p
    train-m
    predict-p
      <- select-p: write-after-read table:p
      <- train-m: read-after-write model:m
    select-p-57d617
      <- predict-p: read-after-write table:p
    evaluate-m
      <- train-m: read-after-write model:m
    explain-m
      <- train-m: read-after-write model:m
    select-scores
      <- evaluate-m: read-after-write table:scores
      <- explain-m: read-after-write table:shap
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE VIEW p AS SELECT * FROM t;
        SELECT * FROM u TO PREDICT p.y USING m;
        INSERT INTO t VALUES (1);
        SELECT * FROM p;
    "), @"
    create-p
    predict-p
      <- create-p: write-after-write table:p
    insert-t
      <- create-p: write-after-read table:t
    select-p
      <- predict-p: read-after-write table:p
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE held_back AS SELECT 1 AS x, 2 AS y;
        SELECT * FROM t TO TRAIN xgboost.gbtree WITH validation.select = 'SELECT * FROM held_back' LABEL y INTO m;
        SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y USING m INTO n;
        SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m;
        DROP TABLE held_back;
    "), @"
    create-held-back
    train-m
      <- create-held-back: read-after-write table:held_back
    train-n
      <- train-m: read-after-write model:m
    train-m-902676
      <- train-n: write-after-read model:m
    drop-held-back
      <- train-m: write-after-read table:held_back
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE VIEW held_back AS SELECT * FROM u;
        INSERT INTO u VALUES (1, 2);
        SELECT * FROM t TO TRAIN xgboost.gbtree WITH validation.select = 'SELECT * FROM held_back' LABEL y INTO m;
        INSERT INTO u VALUES (3, 4);
    "), @"
    create-held-back
    insert-u
      <- create-held-back: write-after-read table:u
    train-m
      <- insert-u: read-after-write table:u
    insert-u-021586
      <- train-m: write-after-read table:u
    ");
}

#[test]
fn runs_with_into_replace_their_tables_and_without_are_barriers() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, r#"
        CREATE TABLE t AS SELECT 1 AS x;
        SELECT * FROM other;
        SELECT * FROM t TO RUN image:latest CMD "a.py" INTO a, b;
        SELECT * FROM a;
        SELECT * FROM b;
        INSERT INTO t VALUES (1);
    "#), @"
    create-t
    select-other
    run-a
      <- create-t: read-after-write table:t
    select-a
      <- run-a: read-after-write table:a
    select-b
      <- run-a: read-after-write table:b
    insert-t
      <- run-a: write-after-read table:t
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, r#"
        CREATE TABLE t AS SELECT 1 AS x;
        SELECT * FROM other;
        SELECT * FROM t TO RUN image:latest CMD "a.py";
        SELECT * FROM a;
    "#), @"
    create-t
    select-other
    run-image [the program that it runs may do anything; `INTO` says what it writes]
      <- create-t: read-after-write table:t
      <- select-other: barrier
    select-a
      <- run-image: barrier
    ");
}

#[test]
fn an_optimization_replaces_its_table() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, r#"
        CREATE TABLE items AS SELECT 1 AS id, 2.0 AS price, 3 AS weight, 0 AS amount;
        CREATE TABLE plan AS SELECT 1 AS x;
        SELECT * FROM plan;
        SELECT * FROM items TO MAXIMIZE SUM(price * amount) CONSTRAINT SUM(weight * amount) <= 10 WITH variables="amount(id)", var_type="NonNegativeIntegers" INTO plan;
        SELECT * FROM plan;
        INSERT INTO items VALUES (2, 1.0, 1, 0);
    "#), @"
    create-items
    create-plan
    select-plan
      <- create-plan: read-after-write table:plan
    maximize-plan
      <- create-items: read-after-write table:items
      <- select-plan: write-after-read table:plan
    select-plan-f1890e
      <- maximize-plan: read-after-write table:plan
    insert-items
      <- maximize-plan: write-after-read table:items
    ");
}

#[test]
fn materialized_views_are_tables_or_views() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE MATERIALIZED VIEW v AS SELECT * FROM t;
        INSERT INTO t VALUES (1);
        SELECT * FROM v;
    "), @"
    create-v
    insert-t
      <- create-v: write-after-read table:t
    select-v
      <- create-v: read-after-write table:v
    ");
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        CREATE MATERIALIZED VIEW v AS SELECT * FROM t;
        INSERT INTO t VALUES (1);
        SELECT * FROM v;
    "), @"
    create-v
    insert-t
      <- create-v: write-after-read table:T
    select-v
      <- insert-t: read-after-write table:T
    ");
    insta::assert_snapshot!(edges(Dialect::ClickHouse, "
        CREATE TABLE t (x Int32) ENGINE = Memory;
        CREATE TABLE sink (x Int32) ENGINE = Memory;
        CREATE MATERIALIZED VIEW v TO sink AS SELECT x FROM t;
        INSERT INTO t VALUES (1);
        SELECT * FROM sink;
        SELECT * FROM v;
    "), @"
    create-t
    create-sink
    create-v
      <- create-t: read-after-write table:t
      <- create-sink: write-after-write table:sink
    insert-t
      <- create-v: read-after-write table:sink, write-after-read table:t, write-after-write table:sink, write-after-write table:v
    select-sink
      <- insert-t: read-after-write table:sink
    select-v
      <- insert-t: read-after-write table:sink, read-after-write table:v
    ");
}

#[test]
fn indexes_statistics_and_explanations() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (x INT);
        CREATE INDEX i ON t (x);
        SELECT * FROM t;
        DROP INDEX i;
        ANALYZE t;
        COMMENT ON TABLE t IS 'it';
        GRANT SELECT ON t TO someone;
        EXPLAIN DELETE FROM t;
        EXPLAIN ANALYZE DELETE FROM t;
        SELECT * FROM t;
        DROP INDEX unknown;
        SELECT * FROM other;
    "), @"
    create-t
    index-t
      <- create-t: write-after-write table:t
    select-t
      <- index-t: read-after-write table:t
    drop
      <- select-t: write-after-read table:t
    analyze-t
      <- drop: write-after-write table:t
    run-t
      <- analyze-t: write-after-write table:t
    grant-t
      <- run-t: write-after-write table:t
    explain-t
      <- grant-t: read-after-write table:t
    explain-t-03d24a
      <- explain-t: write-after-read table:t
    select-t-bdd379
      <- explain-t-03d24a: read-after-write table:t
    drop-922c78 [which table the index belongs to is not in the program]
      <- select-t-bdd379: barrier
    select-other
      <- drop-922c78: barrier
    ");
}

#[test]
fn tables_go_in_the_order_of_their_foreign_keys() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (id INT REFERENCES parent (id));
        DROP TABLE child;
        DROP TABLE parent;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    drop-child
      <- create-child: write-after-write table:child
    drop-parent
      <- drop-child: write-after-read table:parent
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES parent (id));
        SELECT * FROM child;
        UPDATE parent SET id = 2 WHERE id = 1;
        INSERT INTO child VALUES (1);
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    select-child
      <- create-child: read-after-write table:child
    update-parent
      <- create-child: read-after-write table:child, write-after-read table:parent
    insert-child
      <- select-child: write-after-read table:child
      <- update-parent: read-after-write table:parent, write-after-read table:child
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (id INT REFERENCES parent (id) ON UPDATE CASCADE);
        SELECT * FROM child;
        INSERT INTO parent VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2;
        SELECT * FROM child;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    select-child
      <- create-child: read-after-write table:child
    insert-parent
      <- select-child: write-after-read table:child
    select-child-ea4d8c
      <- insert-parent: read-after-write table:child
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE parent (id INT PRIMARY KEY);
        CREATE TABLE child (id INT REFERENCES parent (id) ON DELETE CASCADE);
        CREATE VIEW v AS SELECT * FROM parent;
        DELETE FROM v;
        SELECT * FROM child;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    create-v
      <- create-parent: read-after-write table:parent
    delete-v
      <- create-child: write-after-read table:parent, write-after-write table:child
      <- create-v: write-after-read table:parent, write-after-write table:v
    select-child
      <- delete-v: read-after-write table:child
    ");
}

#[test]
fn tables_made_after_others() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE a (x INT);
        CREATE TABLE b (LIKE a);
        DROP TABLE a;
    "), @"
    create-a
    create-b
      <- create-a: read-after-write table:a
    drop-a
      <- create-b: write-after-read table:a
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE a (x INT);
        CREATE TABLE b LIKE a;
        DROP TABLE a;
    "), @"
    create-a
    create-b
      <- create-a: read-after-write table:a
    drop-a
      <- create-b: write-after-read table:a
    ");
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        CREATE TABLE a (x INT);
        CREATE TABLE b CLONE a;
        INSERT INTO a VALUES (1);
    "), @"
    create-a
    create-b
      <- create-a: read-after-write table:A
    insert-a
      <- create-b: write-after-read table:A
    ");
}

#[test]
fn functions_do_what_their_bodies_do() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE FUNCTION f() RETURNS INT LANGUAGE sql AS 'SELECT max(x) FROM t';
        INSERT INTO t VALUES (1);
        SELECT f();
        INSERT INTO t VALUES (2);
        DROP FUNCTION f;
    "), @"
    function-t
    insert-t
      <- function-t: write-after-read table:t
    select
      <- insert-t: read-after-write table:t
    insert-t-10f268
      <- select: write-after-read table:t
    drop
      <- select: write-after-read function:f
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE log (x INT);
        CREATE FUNCTION note() RETURNS VOID LANGUAGE sql AS 'INSERT INTO log VALUES (1)';
        SELECT * FROM log;
        SELECT note();
        SELECT * FROM log;
    "), @"
    create-log
    function-log
      <- create-log: read-after-write table:log
    select-log
      <- create-log: read-after-write table:log
    select
      <- function-log: read-after-write function:note, write-after-read table:log
      <- select-log: write-after-read table:log
    select-log-505c16
      <- select: read-after-write table:log
    ");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE a (x INT);
        CREATE PROCEDURE fill AS BEGIN INSERT INTO a VALUES (1); END;
        SELECT * FROM b;
        EXEC fill;
        SELECT * FROM a;
        SELECT * FROM b;
    "), @"
    create-a
    function-a
      <- create-a: read-after-write table:a
    select-b
    run
      <- function-a: read-after-write function:fill, write-after-read table:a
    select-a
      <- run: read-after-write table:a
    select-b-1b5c59
    ");
    insta::assert_snapshot!(edges(Dialect::BigQuery, "
        CREATE TEMP FUNCTION twice(x INT64) AS (x * 2);
        CREATE TABLE d.a AS SELECT twice(1) AS x;
        SELECT * FROM d.a;
    "), @"
    create-d-a
      after CREATE TEMP FUNCTION twice(x INT64) AS (x * 2)
    select-d-a
      <- create-d-a: read-after-write table:d.a
    ");
}

#[test]
fn sequences_that_defaults_draw_from() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SEQUENCE s;
        CREATE TABLE t (x INT);
        ALTER TABLE t ALTER COLUMN x SET DEFAULT nextval('s');
        INSERT INTO t DEFAULT VALUES;
        SELECT setval('s', 10);
        INSERT INTO t DEFAULT VALUES;
    "), @"
    create-s
    create-t
    alter-t
      <- create-s: read-after-write sequence:s, write-after-write sequence:s
      <- create-t: write-after-write table:t
    insert-t
      <- alter-t: write-after-write table:t, write-after-write sequence:s
    select-s
      <- insert-t: write-after-write sequence:s
    insert-t-9f845b
      <- select-s: write-after-write sequence:s
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SEQUENCE s;
        CREATE VIEW v AS SELECT nextval('s') AS x;
        SELECT * FROM v;
        SELECT currval('s');
    "), @"
    create-s
    create-v
      <- create-s: read-after-write sequence:s
    select-v (2 statements)
      <- create-v: read-after-write table:v, write-after-read sequence:s
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SEQUENCE s;
        CREATE TABLE t (id INT DEFAULT nextval('s'), x INT);
        INSERT INTO t (x) VALUES (1);
        INSERT INTO other VALUES (2);
        INSERT INTO child VALUES (currval('s'));
    "), @"
    create-s
    create-t
      <- create-s: read-after-write sequence:s
    insert-t (2 statements)
      <- create-t: write-after-read sequence:s, write-after-write table:t
    insert-other
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (id SERIAL, x INT);
        INSERT INTO t (x) VALUES (1);
        SELECT currval('t_id_seq');
        SELECT * FROM t;
    "), @"
    create-t
    insert-t (2 statements)
      <- create-t: write-after-write table:t
    select-t
      <- insert-t: read-after-write table:t
    ");
}

#[test]
fn indexes_that_name_their_table() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE t (x INT);
        CREATE INDEX i ON t (x);
        DROP INDEX i ON t;
        SELECT * FROM t;
    "), @"
    create-t
    index-t
      <- create-t: write-after-write table:t
    drop-t
      <- index-t: write-after-write table:t
    select-t
      <- drop-t: read-after-write table:t
    ");
}

#[test]
fn schemas_go_with_their_tables() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SCHEMA s;
        CREATE TABLE s.t (x INT);
        CREATE VIEW v AS SELECT * FROM s.t;
        SELECT * FROM v;
        DROP SCHEMA s CASCADE;
        CREATE TABLE v (x INT);
    "), @"
    create-schema-s
    create-s-t
      <- create-schema-s: read-after-write schema:s
    create-v
      <- create-s-t: read-after-write table:s.t
    select-v
      <- create-v: read-after-write table:v
    drop-schema-s
      <- select-v: write-after-read schema:s, write-after-read table:v
    create-v-831d97
      <- drop-schema-s: read-after-write schema:s, write-after-write table:v
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE DATABASE d;
        CREATE TABLE d.t (x INT);
        SELECT * FROM d.t;
        DROP DATABASE d;
    "), @"
    create-schema-d
    create-d-t
      <- create-schema-d: read-after-write schema:d
    select-d-t
      <- create-d-t: read-after-write table:d.t
    drop-schema-d
      <- select-d-t: write-after-read schema:d
    ");
}

#[test]
fn locks_inside_transactions() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        BEGIN;
        LOCK TABLE t IN EXCLUSIVE MODE;
        SET LOCAL search_path TO s;
        UPDATE t SET x = 1;
        COMMIT;
        SELECT * FROM t;
    "), @"
    run-t (5 statements)
    select-t
    ");
}

#[test]
fn names_prepared_twice() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        PREPARE q AS SELECT * FROM a;
        EXECUTE q;
        DEALLOCATE q;
        PREPARE q AS DELETE FROM b;
        EXECUTE q;
        SELECT * FROM b;
    "), @"
    prepare-a (3 statements)
    prepare-b (2 statements)
    select-b
      <- prepare-b: read-after-write table:b
    ");
}

#[test]
fn no_ml_statement_uses_a_temporary_table() {
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        CREATE TABLE #t (x INT, y INT);
        SELECT * FROM #t TO TRAIN xgboost.gbtree LABEL y INTO m;
    "), @"
    error[E0401]: an ML statement runs in a step of its own and cannot share a session
     --> p.sql:3:9
      |
    2 |         CREATE TABLE #t (x INT, y INT);
      |         ------------------------------ the session begins here
    3 |         SELECT * FROM #t TO TRAIN xgboost.gbtree LABEL y INTO m;
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it out of the transaction, or make the temporary table an ordinary one that the program drops at its end
    ");
}

#[test]
fn a_sequence_goes_after_the_tables_whose_defaults_draw_from_it() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SEQUENCE q;
        CREATE TABLE t (id INT DEFAULT nextval('q'), x INT);
        DELETE FROM t WHERE x = 1;
        SELECT nextval('q');
        TRUNCATE t;
        TRUNCATE t RESTART IDENTITY;
        DROP TABLE t;
        DROP SEQUENCE q;
    "), @"
    create-q
    create-t
      <- create-q: read-after-write sequence:q
    delete-t
      <- create-t: write-after-write table:t
    select-q
      <- create-t: write-after-read sequence:q
    truncate-t
      <- delete-t: write-after-write table:t
    truncate-t-79bda6
      <- select-q: write-after-write sequence:q
      <- truncate-t: write-after-write table:t
    drop-t
      <- truncate-t-79bda6: read-after-write sequence:q, write-after-write table:t
    drop-q
      <- drop-t: write-after-read sequence:q
    ");
}

#[test]
fn explaining_looks_at_sequences_and_draws_from_none() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SEQUENCE q;
        EXPLAIN SELECT nextval('q');
        EXPLAIN SELECT nextval('q') + 1;
        SELECT nextval('q');
    "), @"
    create-q
    explain
      <- create-q: read-after-write sequence:q
    explain-7273f0
      <- create-q: read-after-write sequence:q
    select-q
      <- explain: write-after-read sequence:q
      <- explain-7273f0: write-after-read sequence:q
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        PREPARE p AS SELECT * FROM t;
        EXPLAIN EXECUTE p;
    "), @"prepare-t (2 statements)");
}

#[test]
fn unqualified_names_are_looked_up_in_the_current_catalog() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        ATTACH 'x.db' AS x;
        CREATE TABLE t (a INT);
        CREATE TABLE x.t (a INT);
        USE x;
        INSERT INTO t VALUES (1);
        INSERT INTO main.t VALUES (2);
        CREATE SCHEMA s;
        CREATE TABLE s.t (a INT);
        USE s;
        DROP TABLE t;
        USE memory;
        INSERT INTO t SELECT a FROM x.s.t;
        SELECT * FROM memory.main.t;
    "), @"
    create-t
      after ATTACH 'x.db' AS x
    create-x-t
      after ATTACH 'x.db' AS x
    insert-t
      after ATTACH 'x.db' AS x
      after USE x
      <- create-x-t: write-after-write table:x.t
    insert-main-t
      after ATTACH 'x.db' AS x
      after USE x
      <- insert-t: write-after-write table:x.t
    create-schema-s
      after ATTACH 'x.db' AS x
      after USE x
    create-s-t
      after ATTACH 'x.db' AS x
      after USE x
      <- create-schema-s: read-after-write schema:x.s
    drop-t
      after ATTACH 'x.db' AS x
      after USE x
      after USE s
      <- insert-main-t: write-after-write table:x.t
      <- create-s-t: write-after-write table:x.s.t
    insert-t-d805e7
      after ATTACH 'x.db' AS x
      after USE memory
      <- create-t: write-after-write table:t
      <- drop-t: read-after-write table:x.s.t
    select-memory-main-t
      after ATTACH 'x.db' AS x
      after USE memory
      <- insert-t-d805e7: read-after-write table:t
    ");
}

#[test]
fn functions_that_insert_are_asked_for_what_they_inserted() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE FUNCTION add_row() RETURNS BIGINT LANGUAGE sql AS 'INSERT INTO t DEFAULT VALUES RETURNING id';
        SELECT add_row();
        SELECT lastval();
    "), @"
    function-t
    select (2 statements)
      <- function-t: read-after-write function:add_row, write-after-read table:t
    ");
}

#[test]
fn a_dot_within_backticks_is_part_of_the_name() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TABLE `a.b` (x INT);
        CREATE TABLE a.b (x INT);
        SELECT * FROM `a.b`;
        SELECT * FROM a.b;
        SELECT x, x + 1 AS y FROM `a.b` TO TRAIN sklearn.linear_model.LinearRegression LABEL y INTO m;
        SELECT x FROM a.b TO PREDICT `c.d`.p USING m;
        SELECT * FROM `c.d`;
        SELECT * FROM c.d;
    "), @"
    create-a-b
    create-a-b-d97306
    select-a-b
      <- create-a-b: read-after-write table:a..b
    select-a-b-993da1
      <- create-a-b-d97306: read-after-write table:a.b
    train-m
      <- create-a-b: read-after-write table:a..b
    predict-c-d
      <- create-a-b-d97306: read-after-write table:a.b
      <- train-m: read-after-write model:m
    select-c-d
      <- predict-c-d: read-after-write table:c..d
    select-c-d-e18c78
    ");
}

#[test]
fn a_schema_is_used_within_the_catalog_used_before() {
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        USE DATABASE d;
        USE SCHEMA s;
        SELECT * FROM t;
        USE DATABASE e;
        SELECT * FROM t;
        USE f.g;
        SELECT * FROM t;
        USE SCHEMA h;
        SELECT * FROM t;
    "), @"
    select-t
      after USE DATABASE d
      after USE SCHEMA s
    select-t-bdd379
      after USE DATABASE e
    select-t-bdd379-2
      after USE f.g
    select-t-bdd379-3
      after USE f.g
      after USE SCHEMA h
    ");
    insta::assert_snapshot!(edges(Dialect::Databricks, "
        USE CATALOG c;
        USE SCHEMA s;
        SELECT * FROM t;
    "), @"
    select-t
      after USE CATALOG c
      after USE SCHEMA s
    ");
}

#[test]
fn what_is_replaced_was_free_of_what_it_needed() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE a (x INT);
        CREATE TABLE b (x INT);
        CREATE VIEW v AS SELECT * FROM a;
        CREATE OR REPLACE VIEW v AS SELECT * FROM b;
        DROP TABLE a;
    "), @"
    create-a
    create-b
    create-v
      <- create-a: read-after-write table:a
    create-v-fc6657
      <- create-b: read-after-write table:b
      <- create-v: write-after-write table:v
    drop-a
      <- create-v-fc6657: write-after-read table:a
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE parent (x INT PRIMARY KEY);
        CREATE TABLE child (x INT REFERENCES parent (x));
        CREATE OR REPLACE TABLE child (x INT);
        INSERT INTO parent VALUES (1);
        DELETE FROM child;
        DROP TABLE parent;
    "), @"
    create-parent
    create-child
      <- create-parent: read-after-write table:parent
    create-child-3c7637
      <- create-child: write-after-write table:child
    insert-parent
      <- create-child-3c7637: write-after-read table:parent
    delete-child
      <- create-child-3c7637: write-after-write table:child
    drop-parent
      <- insert-parent: write-after-write table:parent
    ");
}

#[test]
fn a_new_table_of_a_renamed_ones_name_has_nothing_of_it() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SEQUENCE q;
        CREATE TABLE t (id INT DEFAULT nextval('q'), x INT PRIMARY KEY);
        CREATE TABLE child (x INT REFERENCES t (x) ON DELETE CASCADE);
        ALTER TABLE t RENAME TO u;
        CREATE TABLE t (id INT, x INT);
        DELETE FROM t;
        INSERT INTO t (x) VALUES (1);
        DELETE FROM u;
        INSERT INTO u (x) VALUES (1);
    "), @"
    create-q
    create-t
      <- create-q: read-after-write sequence:q
    create-child
      <- create-t: read-after-write table:t
    alter-t
      <- create-child: write-after-read table:t
    create-t-433e9d
      <- alter-t: write-after-write table:t
    delete-t
      <- create-t-433e9d: write-after-write table:t
    insert-t
      <- delete-t: write-after-write table:t
    delete-u
      <- alter-t: write-after-write table:u
    insert-u
      <- delete-u: write-after-write table:u
    ");
}

#[test]
fn functions_are_in_schemas() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE SCHEMA s;
        CREATE FUNCTION s.f() RETURNS INT LANGUAGE sql AS 'SELECT 1';
        SELECT s.f();
        DROP SCHEMA s CASCADE;
    "), @"
    create-schema-s
    function-f
      <- create-schema-s: read-after-write schema:s
    select
      <- function-f: read-after-write function:f
    drop-schema-s
      <- select: write-after-read schema:s
    ");
}

#[test]
fn names_in_a_function_are_looked_up_by_its_callers() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE FUNCTION f() RETURNS INT LANGUAGE sql AS 'SELECT max(x) FROM t';
        CREATE FUNCTION g() RETURNS INT LANGUAGE sql RETURN (SELECT max(x) FROM t);
        INSERT INTO s.t VALUES (1);
        INSERT INTO public.t VALUES (1);
        SET search_path = s, public;
        SELECT public.f();
        SELECT public.g();
    "), @"
    function-t
    function-t-52262c
    insert-s-t
    insert-public-t
      <- function-t: write-after-read table:t
      <- function-t-52262c: write-after-read table:t
    select
      after SET search_path = s, public
      <- insert-s-t: read-after-write table:s.t
      <- insert-public-t: read-after-write table:t
    select-484fab
      after SET search_path = s, public
      <- insert-public-t: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE SCHEMA s;
        CREATE MACRO f() AS (SELECT max(x) FROM t);
        INSERT INTO s.t VALUES (1);
        USE s;
        SELECT f();
    "), @"
    create-schema-s
    macro-t
    insert-s-t
      <- create-schema-s: read-after-write schema:s
    select
      after USE s
      <- macro-t: read-after-write function:f
      <- insert-s-t: read-after-write table:s.t
    ");
}

#[test]
fn rolling_back_undoes_definitions_and_settings() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE VIEW v AS SELECT * FROM a;
        SET search_path = s;
        BEGIN;
        SET statement_timeout = 5;
        SET search_path = r;
        CREATE OR REPLACE VIEW public.v AS SELECT * FROM b;
        SAVEPOINT p;
        SET search_path = q;
        SELECT * FROM t;
        ROLLBACK TO SAVEPOINT p;
        SELECT * FROM t;
        ROLLBACK;
        INSERT INTO public.a VALUES (1);
        SELECT * FROM public.v;
        INSERT INTO t VALUES (1);
    "), @"
    create-v
    create-public-v (10 statements)
      after SET search_path = s
      <- create-v: write-after-write table:v
    insert-public-a
      after SET search_path = s
      <- create-public-v: write-after-read table:a
    select-public-v
      after SET search_path = s
      <- insert-public-a: read-after-write table:a
    insert-t
      after SET search_path = s
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        BEGIN;
        SET LOCAL search_path = s;
        INSERT INTO t VALUES (1);
        COMMIT;
        INSERT INTO t VALUES (2);
        SELECT * FROM s.t;
        SELECT * FROM public.t;
    "), @"
    insert-t (4 statements)
    insert-t-10f268
    select-s-t
      <- insert-t: read-after-write table:s.t
    select-public-t
      <- insert-t-10f268: read-after-write table:t
    ");
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE VIEW v AS SELECT * FROM a;
        BEGIN;
        CREATE OR REPLACE VIEW v AS SELECT * FROM b;
        ROLLBACK;
        INSERT INTO b VALUES (1);
        SELECT * FROM v;
    "), @"
    create-v
    create-v-1ab700 (3 statements)
      <- create-v: write-after-write table:v
    insert-b
      <- create-v-1ab700: write-after-read table:b
    select-v
      <- insert-b: read-after-write table:b
    ");
}

#[test]
fn what_is_rolled_back_says_nothing_of_columns() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE TABLE t (a INT, b INT);
        BEGIN;
        ALTER TABLE t DROP COLUMN b;
        ROLLBACK;
        SELECT a, b FROM t;
    "), @"
    create-t
    alter-t (3 statements)
      <- create-t: write-after-write table:t
    select-t
      <- alter-t: read-after-write table:t
    ");
}

#[test]
fn a_temporary_table_hides_only_what_has_its_name() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TEMPORARY TABLE a AS SELECT 1 AS x;
        INSERT INTO a VALUES (2);
        USE s;
        INSERT INTO a VALUES (3);
        SELECT * FROM s.a;
    "), @"create-a (5 statements)");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        DROP TABLE a;
        CREATE TEMPORARY TABLE a AS SELECT 1 AS x;
        CREATE TABLE a AS SELECT x FROM a;
        SELECT * FROM public.a;
    "), @"
    drop-a
    create-a (2 statements)
      <- drop-a: write-after-write table:a
    select-public-a
      <- create-a: read-after-write table:a
    ");
}

#[test]
fn a_table_is_made_in_the_first_schema_of_the_path_that_is_there() {
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE VIEW public.t AS SELECT * FROM a;
        SET search_path = r, public;
        CREATE TABLE IF NOT EXISTS t (x INT);
        INSERT INTO a VALUES (1);
        SELECT * FROM public.t;
    "), @"
    create-public-t
    create-t
      after SET search_path = r, public
      <- create-public-t: write-after-write table:t
    insert-a
      after SET search_path = r, public
      <- create-public-t: write-after-read table:a
    select-public-t
      after SET search_path = r, public
      <- create-t: read-after-write table:t
      <- insert-a: read-after-write table:a
    ");
}

#[test]
fn what_may_be_one_table_is_known_under_both_names() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE VIEW v AS SELECT * FROM a;
        INSERT INTO a VALUES (1);
        SELECT * FROM m.v;
        RENAME TABLE b TO c;
        SELECT * FROM m.b;
        SELECT * FROM m.c;
    "), @"
    create-v
    insert-a
      <- create-v: write-after-read table:a
    select-m-v
      <- insert-a: read-after-write table:a
    rename-b
    select-m-b
      <- rename-b: read-after-write table:m.b
    select-m-c
      <- rename-b: read-after-write table:m.c
    ");
}

#[test]
fn mariadb_names_sequences_as_it_names_tables() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE SEQUENCE s.q;
        CREATE TABLE t (x INT, k INT DEFAULT (NEXTVAL(s.q)));
        INSERT INTO t (x) VALUES (1);
        SELECT NEXTVAL(s.q);
        SELECT LASTVAL(s.q);
    "), @"
    create-s-q
    create-t
      <- create-s-q: read-after-write sequence:s.q
    insert-t
      <- create-t: write-after-read sequence:s.q, write-after-write table:t
    select-s-q (2 statements)
      <- insert-t: write-after-write sequence:s.q
    ");
}

#[test]
fn a_trigger_is_dropped_from_its_table() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO u VALUES (NEW.x); END;
        DROP TRIGGER g;
        INSERT INTO t VALUES (1);
        DROP TRIGGER h;
    "), @"
    trigger-t
    drop
      <- trigger-t: write-after-write table:t, write-after-write function:g
    insert-t
      <- drop: write-after-write table:t
    drop-9c7128 [which table the trigger belongs to is not in the program]
      <- insert-t: barrier
    ");
}

#[test]
fn an_unqualified_sequence_may_be_one_of_any_database() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE SEQUENCE m.q;
        SELECT NEXTVAL(q);
    "), @"
    create-m-q
    select-q
      <- create-m-q: write-after-write sequence:m.q
    ");
}

#[test]
fn names_of_triggers_and_indexes_are_given_to_one_table_at_a_time() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO u VALUES (NEW.x); END;
        DROP TRIGGER g;
        CREATE TRIGGER g AFTER INSERT ON u FOR EACH ROW BEGIN INSERT INTO t VALUES (NEW.x); END;
    "), @"
    trigger-t
    drop
      <- trigger-t: write-after-write table:t, write-after-write function:g
    trigger-u
      <- drop: write-after-write function:g
    ");
    insta::assert_snapshot!(edges(Dialect::PostgreSql, "
        CREATE INDEX i ON t (x);
        DROP INDEX i;
        CREATE INDEX i ON u (x);
        CREATE INDEX i ON s.u (x);
    "), @"
    index-t
    drop
      <- index-t: write-after-write table:i, write-after-write table:t
    index-u
      <- drop: write-after-write table:i
    index-s-u
    ");
}

#[test]
fn routines_with_bodies_of_their_own_may_do_anything_where_they_are_called() {
    insta::assert_snapshot!(edges(Dialect::MySql, "
        CREATE FUNCTION s.f() RETURNS INT BEGIN RETURN (SELECT max(x) FROM w); END;
        SELECT s.f();
        SELECT * FROM t;
        CREATE PROCEDURE p() BEGIN WHILE 1 DO INSERT INTO b (x) VALUES (1); END WHILE; END;
        CALL p();
    "), @"
    function-f [what its body does is not looked into]
    select [what its body does is not looked into]
      <- function-f: read-after-write function:f
    select-t
      <- select: barrier
    function-p [what its body does is not looked into]
      <- select-t: barrier
    call [what its body does is not looked into]
      <- function-p: read-after-write function:p
    ");
    insta::assert_snapshot!(edges(Dialect::Oracle, "
        CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN :NEW.id := q.NEXTVAL; END;
        INSERT INTO u SELECT 1 FROM dual;
        INSERT INTO t SELECT 1 FROM dual;
        COMMIT;
    "), @"
    trigger-t [what its body does is not looked into]
    insert-u (3 statements) [a trigger of the table may do anything]
      <- trigger-t: write-after-write table:T
    ");
}

#[test]
fn what_use_names_may_be_the_catalog_of_the_connection() {
    insta::assert_snapshot!(edges(Dialect::DuckDb, "
        CREATE TABLE b AS SELECT 1 AS x;
        SELECT x FROM b;
        CREATE OR REPLACE TABLE memory.b AS SELECT 2 AS x;
        USE memory;
        CREATE OR REPLACE TABLE b AS SELECT 3 AS x;
        USE warehouse;
        CREATE OR REPLACE TABLE b AS SELECT 4 AS x;
    "), @"
    create-b
    select-b
      <- create-b: read-after-write table:b
    create-memory-b
      <- select-b: write-after-read table:b
    create-b-a1e2da
      after USE memory
      <- create-memory-b: write-after-write table:b
    create-b-7c4840
      after USE memory
      after USE warehouse
      <- create-b-a1e2da: write-after-write table:b
    ");
}

#[test]
fn what_the_statement_before_did_is_asked_in_its_session() {
    insta::assert_snapshot!(edges(Dialect::Snowflake, "
        SELECT * FROM a;
        SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()));
    "), @"select-a (2 statements)");
    insta::assert_snapshot!(edges(Dialect::MsSql, "
        INSERT INTO a SELECT x FROM b;
        SELECT * FROM c;
        SELECT @@ROWCOUNT;
        SELECT @@IDENTITY;
    "), @"
    insert-a (2 statements)
    select-c (2 statements)
    ");
}

#[test]
fn declared_variables_are_named_as_columns_are() {
    insta::assert_snapshot!(edges(Dialect::BigQuery, "
        DECLARE newest INT64 DEFAULT (SELECT max(x) FROM d.a);
        SELECT * FROM d.b WHERE x > newest;
        SET newest = 5;
        INSERT INTO d.c SELECT newest;
        SELECT * FROM d.e;
    "), @"
    run-d-a (4 statements)
    select-d-e
    ");
    insta::assert_snapshot!(edges(Dialect::BigQuery, "
        DECLARE newest INT64 DEFAULT 5;
        SELECT a, b FROM d.t WHERE a > newest TO TRAIN xgboost.gbtree LABEL b INTO m;
    "), @"
    error[E0401]: an ML statement runs in a step of its own and cannot share a session
     --> p.sql:3:9
      |
    2 |         DECLARE newest INT64 DEFAULT 5;
      |         ------------------------------ the session begins here
    3 |         SELECT a, b FROM d.t WHERE a > newest TO TRAIN xgboost.gbtree LABEL b INTO m;
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it out of the transaction, or make the temporary table an ordinary one that the program drops at its end
    ");
}
