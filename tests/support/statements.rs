//! Random programs in DuckDB's SQL that nobody has thought about: few names,
//! in all spellings, in any order. Only a database tells what they do.

use super::programs::Random;

/// Few names, some of them two spellings of one, so that statements meet.
const TABLES: [&str; 13] = [
    "a",
    "A",
    "main.a",
    "memory.main.a",
    "memory.b",
    "b",
    "\"B\"",
    "s.a",
    "S.c",
    "c",
    "x.a",
    "x.main.b",
    "x.s.a",
];
const VIEWS: [&str; 4] = ["v", "s.v", "w", "x.v"];
const SEQUENCES: [&str; 3] = ["q", "s.q", "main.q"];
const MACROS: [&str; 3] = ["m", "n", "s.m"];
const FILES: [&str; 2] = ["f0.csv", "f1.csv"];
const TEMPORARY: [&str; 3] = ["t", "temp.t", "a"];

pub(crate) fn program(seed: u64, length: usize) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut statements = Vec::new();
    if random.below(3) == 0 {
        statements.push("ATTACH 'x.db' AS x".to_owned());
    }
    while statements.len() < length {
        match random.below(14) {
            0 => transaction(&mut random, &mut statements),
            1 => prepared(&mut random, &mut statements),
            _ => statements.push(statement(&mut random)),
        }
    }
    statements
}

fn transaction(random: &mut Random, statements: &mut Vec<String>) {
    statements.push("BEGIN".to_owned());
    for _ in 0..=random.below(3) {
        statements.push(statement(random));
    }
    statements.push(random.pick(&["COMMIT", "ROLLBACK"]).to_owned());
}

fn prepared(random: &mut Random, statements: &mut Vec<String>) {
    let (table, source) = (random.pick(&TABLES), query(random));
    statements.push(format!("PREPARE p AS INSERT INTO {table} (x) {source}"));
    if random.below(2) == 0 {
        statements.push(statement(random));
    }
    statements.push("EXECUTE p".to_owned());
    if random.below(2) == 0 {
        statements.push("DEALLOCATE p".to_owned());
    }
}

fn statement(random: &mut Random) -> String {
    match random.below(26) {
        0..=3 => create_table(random),
        4..=12 => rows(random),
        13 | 14 => view(random),
        15 => alter(random),
        16 => sequence(random),
        17 | 18 => schema(random),
        19 | 20 => file(random),
        21 => define_macro(random),
        22 => drop_table(random),
        23 => temporary(random),
        24 => index(random),
        _ => other(random),
    }
}

fn create_table(random: &mut Random) -> String {
    let (table, other) = (random.pick(&TABLES), random.pick(&TABLES));
    let source = query(random);
    let replace = random.pick(&["", "OR REPLACE "]);
    match random.below(9) {
        0..=2 => format!("CREATE OR REPLACE TABLE {table} AS {source}"),
        3 => format!("CREATE TABLE IF NOT EXISTS {table} AS {source}"),
        4 => format!("CREATE {replace}TABLE {table} (x BIGINT PRIMARY KEY)"),
        5 => format!("CREATE {replace}TABLE {table} (x BIGINT UNIQUE REFERENCES {other} (x))"),
        6 => format!("CREATE {replace}TABLE {table} (x BIGINT, FOREIGN KEY (x) REFERENCES c (x))"),
        _ => format!(
            "CREATE {replace}TABLE {table} (x BIGINT, k BIGINT DEFAULT nextval('{}'))",
            random.pick(&SEQUENCES)
        ),
    }
}

fn rows(random: &mut Random) -> String {
    let (table, other) = (random.pick(&TABLES), random.pick(&TABLES));
    let number = random.below(20);
    let source = query(random);
    match random.below(15) {
        0..=3 => format!("INSERT INTO {table} (x) {source}"),
        4 => format!("INSERT INTO {table} (x) {source} ON CONFLICT DO NOTHING"),
        5 => format!(
            "INSERT INTO {table} (x) SELECT DISTINCT x FROM ({source}) ORDER BY x ON CONFLICT (x) DO UPDATE SET x = excluded.x + {number}"
        ),
        6 => format!("INSERT OR REPLACE INTO {table} (x) {source}"),
        7 => format!(
            "INSERT INTO {table} (x) SELECT nextval('{}')",
            random.pick(&SEQUENCES)
        ),
        8 | 9 => format!("UPDATE {table} SET x = x + {number} WHERE x IN ({source})"),
        10 => format!(
            "UPDATE {table} SET x = n.x + {number} FROM (SELECT max(x) AS x FROM {other}) AS n"
        ),
        11 => format!("DELETE FROM {table} WHERE x > (SELECT avg(x) FROM ({source}))"),
        12 => format!("DELETE FROM {table} AS d USING {other} AS o WHERE d.x = o.x"),
        13 => format!("TRUNCATE {table}"),
        _ => format!(
            "MERGE INTO {table} AS d USING ({source}) AS n ON (d.x = n.x) WHEN MATCHED AND d.x > {number} THEN DELETE WHEN NOT MATCHED THEN INSERT (x) VALUES (n.x)"
        ),
    }
}

fn view(random: &mut Random) -> String {
    let view = random.pick(&VIEWS);
    match random.below(5) {
        0..=2 => format!("CREATE OR REPLACE VIEW {view} AS {}", query(random)),
        3 => format!("DROP VIEW IF EXISTS {view}"),
        _ => format!("ALTER VIEW {view} RENAME TO {}", random.pick(&["v", "w"])),
    }
}

fn alter(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    match random.below(5) {
        0..=2 => format!(
            "ALTER TABLE {table} RENAME TO {}",
            random.pick(&["a", "b", "c"])
        ),
        3 => format!(
            "ALTER TABLE {table} ALTER COLUMN x SET DEFAULT nextval('{}')",
            random.pick(&SEQUENCES)
        ),
        _ => format!("ALTER TABLE {table} ADD COLUMN k BIGINT DEFAULT 3"),
    }
}

fn sequence(random: &mut Random) -> String {
    let sequence = random.pick(&SEQUENCES);
    match random.below(5) {
        0 | 1 => format!("CREATE SEQUENCE {sequence}"),
        2 => format!("SELECT nextval('{sequence}')"),
        3 => format!("CREATE OR REPLACE SEQUENCE {sequence} START 7"),
        _ => format!("DROP SEQUENCE {sequence}"),
    }
}

fn schema(random: &mut Random) -> String {
    random
        .pick(&[
            "USE s",
            "USE main",
            "USE memory",
            "USE x",
            "USE x.s",
            "USE memory.s",
            "CREATE SCHEMA IF NOT EXISTS s",
            "CREATE SCHEMA x.s",
            "DROP SCHEMA IF EXISTS s CASCADE",
            "DROP SCHEMA x.s CASCADE",
            "SET schema = 's'",
            "RESET schema",
        ])
        .to_owned()
}

fn file(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let file = random.pick(&FILES);
    match random.below(4) {
        0 => format!("COPY ({}) TO '{file}' (HEADER)", query(random)),
        1 => format!("COPY {table} (x) TO '{file}' (HEADER)"),
        2 => format!("COPY {table} (x) FROM '{file}' (HEADER)"),
        _ => format!("INSERT INTO {table} (x) SELECT x::BIGINT FROM '{file}'"),
    }
}

fn define_macro(random: &mut Random) -> String {
    let name = random.pick(&MACROS);
    let (table, view) = (random.pick(&TABLES), random.pick(&VIEWS));
    let from = [table, view][random.below(2)];
    match random.below(6) {
        0 | 1 => format!("CREATE OR REPLACE MACRO {name}() AS (SELECT max(x) FROM {from})"),
        2 => format!("CREATE OR REPLACE TEMPORARY MACRO n() AS (SELECT min(x) FROM {from})"),
        3 => format!("CREATE OR REPLACE MACRO {name}() AS TABLE SELECT x FROM {from}"),
        4 => format!("DROP MACRO IF EXISTS {name}"),
        _ => format!("DROP MACRO TABLE IF EXISTS {name}"),
    }
}

fn drop_table(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    match random.below(2) {
        0 => format!("DROP TABLE {table}"),
        _ => format!("DROP TABLE IF EXISTS {table} CASCADE"),
    }
}

fn temporary(random: &mut Random) -> String {
    let table = random.pick(&TEMPORARY);
    let source = query(random);
    match random.below(6) {
        0 | 1 => format!("CREATE TEMPORARY TABLE {table} AS {source}"),
        2 => format!("CREATE OR REPLACE TEMPORARY VIEW {table} AS {source}"),
        3 => format!(
            "INSERT INTO {} (x) SELECT x FROM {table}",
            random.pick(&TABLES)
        ),
        4 => format!("INSERT INTO {table} (x) {source}"),
        _ => format!("DROP TABLE {table}"),
    }
}

fn index(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let name = random.pick(&["i", "j"]);
    match random.below(4) {
        0 => format!("CREATE INDEX {name} ON {table} (x)"),
        1 => format!("CREATE UNIQUE INDEX {name} ON {table} (x)"),
        2 => format!("DROP INDEX {name}"),
        _ => format!("DROP INDEX IF EXISTS s.{name}"),
    }
}

fn other(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    match random.below(9) {
        0 => format!("COMMENT ON TABLE {table} IS 'text {}'", random.below(20)),
        1 => format!("SET VARIABLE n = (SELECT max(x) FROM {table})"),
        2 => format!("SET VARIABLE n = {}", random.below(20)),
        3 => format!("INSERT INTO {table} (x) SELECT getvariable('n')"),
        4 => format!("EXPLAIN {}", rows(random)),
        5 => format!("EXPLAIN ANALYZE {}", rows(random)),
        6 => "SHOW TABLES".to_owned(),
        7 => format!("DESCRIBE {table}"),
        _ => query(random),
    }
}

/// A query of one column `x`.
fn query(random: &mut Random) -> String {
    let from = |random: &mut Random| match random.below(12) {
        0..=2 => random.pick(&VIEWS).to_owned(),
        3 => random.pick(&TEMPORARY).to_owned(),
        4 => format!("{}()", random.pick(&MACROS)),
        5 => format!(
            "read_csv('{}', header = true, columns = {{'x': 'BIGINT'}})",
            random.pick(&FILES)
        ),
        _ => random.pick(&TABLES).to_owned(),
    };
    let (one, other) = (from(random), from(random));
    let number = random.below(100);
    match random.below(9) {
        0 | 1 => format!("SELECT {number} AS x"),
        2 => format!("SELECT x + {number} AS x FROM {one}"),
        3 => format!("SELECT l.x AS x FROM {one} AS l JOIN {other} AS r ON (l.x = r.x)"),
        4 => format!("SELECT x FROM {one} UNION ALL SELECT x FROM {other}"),
        5 => format!("WITH a AS (SELECT x FROM {one}) SELECT a.x AS x FROM a, (SELECT 1) AS one"),
        6 => format!("SELECT {}() AS x", random.pick(&MACROS)),
        7 => format!("FROM {one} SELECT x WHERE x > {number}"),
        _ => format!("SELECT max(x) AS x FROM {one} WHERE x NOT IN (SELECT x FROM {other})"),
    }
}
