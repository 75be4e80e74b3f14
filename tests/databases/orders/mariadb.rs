//! Random programs in MariaDB's SQL, and how its client executes them.

use crate::support::programs::Random;

use super::Step;

/// Few names, some of them two spellings of one, so that statements meet.
const TABLES: [&str; 10] = [
    "a", "`a`", "m.a", "b", "`m`.`b`", "s.a", "s.c", "c", "s.b", "`d.d`",
];
const VIEWS: [&str; 4] = ["v", "s.v", "w", "m.w"];
const SEQUENCES: [&str; 3] = ["q", "s.q", "m.q"];
const ACTIONS: [&str; 5] = [
    "",
    " ON DELETE CASCADE",
    " ON DELETE SET NULL",
    " ON UPDATE CASCADE",
    " ON DELETE RESTRICT",
];

pub(super) fn program(seed: u64, length: usize) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut statements = Vec::new();
    while statements.len() < length {
        match random.below(14) {
            0 => transaction(&mut random, &mut statements),
            1 => last_insert(&mut random, &mut statements),
            2 => locks(&mut random, &mut statements),
            _ => statements.push(statement(&mut random)),
        }
    }
    statements
}

fn transaction(random: &mut Random, statements: &mut Vec<String>) {
    let is_manual = random.below(4) == 0;
    statements.push(match is_manual {
        true => "SET autocommit = 0".to_owned(),
        false => "START TRANSACTION".to_owned(),
    });
    for _ in 0..=random.below(3) {
        statements.push(match random.below(8) {
            0 => "SAVEPOINT p".to_owned(),
            1 => "ROLLBACK TO SAVEPOINT p".to_owned(),
            2..=6 => rows(random),
            _ => statement(random),
        });
    }
    statements.push(random.pick(&["COMMIT", "COMMIT", "ROLLBACK"]).to_owned());
    if is_manual {
        statements.push("SET autocommit = 1".to_owned());
    }
}

fn last_insert(random: &mut Random, statements: &mut Vec<String>) {
    let table = random.pick(&TABLES);
    let other = random.pick(&TABLES);
    let source = query(random);
    statements.push(format!("INSERT INTO {table} (x) {source}"));
    if random.below(4) == 0 {
        statements.push(statement(random));
    }
    statements.push(format!("INSERT INTO {other} (x) VALUES (LAST_INSERT_ID())"));
}

fn locks(random: &mut Random, statements: &mut Vec<String>) {
    let (table, other) = (random.pick(&TABLES), random.pick(&TABLES));
    let source = random.pick(&["1 AS x", "x FROM b ORDER BY x", "x FROM s.a ORDER BY x"]);
    statements.push(format!("LOCK TABLES {table} WRITE, {other} READ"));
    statements.push(format!("INSERT INTO {table} (x) SELECT {source}"));
    statements.push("UNLOCK TABLES".to_owned());
}

fn statement(random: &mut Random) -> String {
    match random.below(26) {
        0..=3 => create_table(random),
        4..=12 => rows(random),
        13 | 14 => view(random),
        15..=17 => alter(random),
        18 => sequence(random),
        19 => database(random),
        20 => routine(random),
        21 => trigger(random),
        22 => drop_table(random),
        23 => temporary(random),
        24 => variable(random),
        _ => other(random),
    }
}

fn create_table(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let other = random.pick(&TABLES);
    let source = query(random);
    let replace = random.pick(&["", "OR REPLACE "]);
    match random.below(9) {
        0 | 1 => format!("CREATE {replace}TABLE {table} AS {source}"),
        2 => format!("CREATE TABLE IF NOT EXISTS {table} AS {source}"),
        3 => format!("CREATE {replace}TABLE {table} (x INT PRIMARY KEY)"),
        4 => format!(
            "CREATE {replace}TABLE {table} (x INT UNIQUE, FOREIGN KEY (x) REFERENCES {other} (x){})",
            random.pick(&ACTIONS)
        ),
        5 | 6 => format!("CREATE {replace}TABLE {table} (x INT, k INT AUTO_INCREMENT PRIMARY KEY)"),
        7 => format!(
            "CREATE TABLE {table} (x INT, k INT DEFAULT (NEXTVAL({})))",
            random.pick(&SEQUENCES)
        ),
        _ => format!("CREATE TABLE {table} LIKE {other}"),
    }
}

fn rows(random: &mut Random) -> String {
    let table = random.pick(&[&TABLES[..], &VIEWS[..1]].concat());
    let other = random.pick(&TABLES);
    let number = random.below(20);
    let source = query(random);
    match random.below(18) {
        0..=2 => format!("INSERT INTO {table} (x) {source}"),
        3 => format!("INSERT IGNORE INTO {table} (x) {source}"),
        4 => format!(
            "INSERT INTO {table} (x) SELECT n.x FROM ({source}) AS n ORDER BY n.x ON DUPLICATE KEY UPDATE x = VALUES(x) + {number}"
        ),
        5 => format!("REPLACE INTO {table} (x) {source}"),
        6 => format!(
            "INSERT INTO {table} (x) VALUES (NEXTVAL({}))",
            random.pick(&SEQUENCES)
        ),
        7 => format!("INSERT INTO {table} () VALUES ()"),
        8 => format!("UPDATE {table} SET x = x + {number} WHERE x > {number}"),
        9 => format!("UPDATE {table} SET x = (SELECT max(x) FROM ({source}) AS n)"),
        10 => {
            format!("UPDATE {table} AS t JOIN {other} AS o ON t.x = o.x SET t.x = o.x + {number}")
        }
        11 => format!(
            "UPDATE {table} AS t, {other} AS o SET t.x = t.x + 1, o.x = o.x + 20 WHERE t.x = o.x"
        ),
        12 => format!("DELETE t FROM {table} AS t JOIN {other} AS o ON t.x = o.x"),
        13 => format!("DELETE t, o FROM {table} AS t JOIN {other} AS o ON t.x = o.x + 1"),
        14 => format!("DELETE FROM t USING {table} AS t JOIN {other} AS o ON t.x = o.x"),
        15 => format!("DELETE FROM {table} WHERE x IN (SELECT x FROM ({source}) AS n)"),
        16 => format!("TRUNCATE TABLE {table}"),
        _ => format!(
            "INSERT INTO {table} (x) SELECT {}()",
            random.pick(&["f", "s.f"])
        ),
    }
}

fn view(random: &mut Random) -> String {
    let view = random.pick(&VIEWS);
    let source = query(random);
    match random.below(6) {
        0..=2 => format!("CREATE OR REPLACE VIEW {view} AS {source}"),
        3 => format!(
            "CREATE OR REPLACE VIEW {view} AS SELECT x FROM {}",
            random.pick(&TABLES)
        ),
        4 => format!("DROP VIEW IF EXISTS {view}"),
        _ => format!("RENAME TABLE {view} TO {}", random.pick(&VIEWS)),
    }
}

fn alter(random: &mut Random) -> String {
    let (table, other) = (random.pick(&TABLES), random.pick(&TABLES));
    let (from, to) = (random.pick(&TABLES), random.pick(&TABLES));
    match random.below(7) {
        0 => format!("ALTER TABLE {table} RENAME TO {other}"),
        1 => format!("RENAME TABLE {table} TO {other}"),
        2 => format!("RENAME TABLE {table} TO {other}, {from} TO {to}"),
        3 => format!("RENAME TABLE {table} TO swap, {other} TO {table}, swap TO {other}"),
        4 => format!(
            "ALTER TABLE {table} ADD FOREIGN KEY (x) REFERENCES {other} (x){}",
            random.pick(&ACTIONS)
        ),
        5 => format!("ALTER TABLE {table} ADD COLUMN k INT AUTO_INCREMENT UNIQUE"),
        _ => format!("ALTER TABLE {table} ADD INDEX i (x)"),
    }
}

fn sequence(random: &mut Random) -> String {
    let sequence = random.pick(&SEQUENCES);
    match random.below(6) {
        0 | 1 => format!("CREATE SEQUENCE {sequence} CACHE 1"),
        2 => format!("SELECT NEXTVAL({sequence})"),
        3 => format!("SELECT SETVAL({sequence}, {})", 1 + random.below(50)),
        4 => format!("SELECT NEXT VALUE FOR {sequence}"),
        _ => format!("DROP SEQUENCE {sequence}"),
    }
}

fn database(random: &mut Random) -> String {
    random
        .pick(&[
            "CREATE DATABASE IF NOT EXISTS s",
            "CREATE DATABASE r",
            "DROP DATABASE IF EXISTS s",
            "DROP DATABASE r",
            "USE s",
            "USE m",
            "USE `r`",
        ])
        .to_owned()
}

fn routine(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let other = random.pick(&[&TABLES[..], &VIEWS[..]].concat());
    let function = random.pick(&["f", "s.f"]);
    let procedure = random.pick(&["p", "s.p"]);
    match random.below(8) {
        0 | 1 => {
            format!(
                "CREATE FUNCTION {function}() RETURNS INT BEGIN RETURN (SELECT max(x) FROM {other}); END"
            )
        }
        2 => format!("DROP FUNCTION IF EXISTS {function}"),
        3 => format!(
            "CREATE PROCEDURE {procedure}() BEGIN INSERT INTO {table} (x) SELECT max(x) FROM {other}; END"
        ),
        4 | 5 => format!("CALL {procedure}()"),
        6 => format!("DROP PROCEDURE {procedure}"),
        _ => format!("SELECT {function}()"),
    }
}

fn trigger(random: &mut Random) -> String {
    let (table, other) = (random.pick(&TABLES), random.pick(&TABLES));
    match random.below(3) {
        0 | 1 => format!(
            "CREATE TRIGGER t AFTER INSERT ON {table} FOR EACH ROW BEGIN INSERT INTO {other} (x) VALUES (NEW.x); END"
        ),
        _ => "DROP TRIGGER t".to_owned(),
    }
}

fn drop_table(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    match random.below(3) {
        0 | 1 => format!("DROP TABLE {table}"),
        _ => format!("DROP TABLE IF EXISTS {table}, {}", random.pick(&TABLES)),
    }
}

fn temporary(random: &mut Random) -> String {
    let table = random.pick(&["x", "a", "s.x"]);
    let source = query(random);
    match random.below(5) {
        0 | 1 => format!("CREATE TEMPORARY TABLE {table} AS {source}"),
        2 => format!(
            "INSERT INTO {} (x) SELECT x FROM {table} ORDER BY x",
            random.pick(&TABLES)
        ),
        3 => format!("INSERT INTO {table} {source}"),
        _ => format!("DROP TEMPORARY TABLE {table}"),
    }
}

fn variable(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    match random.below(5) {
        0 => format!("SET @n = (SELECT max(x) FROM {table})"),
        1 => format!("SET @n = {}", random.below(100)),
        2 => format!("SELECT max(x) INTO @n FROM {table}"),
        _ => format!("INSERT INTO {table} (x) VALUES (@n)"),
    }
}

fn other(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    match random.below(8) {
        0 => format!("CREATE INDEX i ON {table} (x)"),
        1 => format!("CREATE UNIQUE INDEX j ON {table} (x)"),
        2 => format!("DROP INDEX i ON {table}"),
        3 => format!("ANALYZE TABLE {table}"),
        4 => format!("OPTIMIZE TABLE {table}"),
        5 => format!("EXPLAIN {}", rows(random)),
        6 => "SHOW TABLES".to_owned(),
        _ => query(random),
    }
}

/// A query of one column `x`, in an order that nothing else decides.
fn query(random: &mut Random) -> String {
    let from = |random: &mut Random| match random.below(7) {
        0 | 1 => random.pick(&VIEWS).to_owned(),
        2 => random.pick(&["x", "s.x"]).to_owned(),
        _ => random.pick(&TABLES).to_owned(),
    };
    let (one, other) = (from(random), from(random));
    let number = random.below(20);
    match random.below(8) {
        0 | 1 => format!("SELECT {number} AS x"),
        2 => format!("SELECT x + {number} AS x FROM {one} ORDER BY x LIMIT 20"),
        3 => format!(
            "SELECT l.x AS x FROM {one} AS l JOIN {other} AS r ON l.x = r.x ORDER BY x LIMIT 20"
        ),
        4 => format!("SELECT x FROM {one} UNION ALL SELECT x FROM {other} ORDER BY x LIMIT 20"),
        5 => format!("WITH a AS (SELECT x FROM {one}) SELECT a.x AS x FROM a ORDER BY x LIMIT 20"),
        6 => format!(
            "SELECT max(x) AS x FROM {one} WHERE x NOT IN (SELECT x FROM {other} WHERE x IS NOT NULL)"
        ),
        _ => format!("SELECT {}() AS x", random.pick(&["f", "s.f"])),
    }
}

pub(super) const SETUP: &str = r#"
CREATE OR REPLACE DATABASE probe;
DELIMITER //
CREATE PROCEDURE probe.state() BEGIN
    DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET @found = CONCAT('an error ', @found);
    SET SESSION group_concat_max_len = 1000000;
    SET @state = '';
    FOR t IN (SELECT table_schema AS d, table_name AS n, table_type AS k, auto_increment AS i FROM information_schema.tables
        WHERE table_schema IN ('m', 'r', 's') ORDER BY 1, 2)
    DO
        SET @row = (SELECT GROUP_CONCAT(CONCAT('IFNULL(`', column_name, '`, ''~'')') ORDER BY ordinal_position)
            FROM information_schema.columns WHERE table_schema = t.d AND table_name = t.n);
        SET @found = '';
        EXECUTE IMMEDIATE CONCAT('SELECT IFNULL(GROUP_CONCAT(CONCAT_WS('','', ', @row, ') ORDER BY CONCAT_WS('','', ', @row,
            ') SEPARATOR '' ''), '''') INTO @found FROM `', t.d, '`.`', t.n, '`');
        SET @state = CONCAT_WS(' ', @state, CONCAT(t.d, '.', t.n, ':'), t.k, t.i, @found);
    END FOR;
    FOR t IN (
        SELECT CONCAT_WS('.', 'view', table_schema, table_name) AS n, view_definition AS b
        FROM information_schema.views WHERE table_schema IN ('m', 'r', 's')
        UNION ALL SELECT CONCAT_WS('.', 'trigger', trigger_schema, trigger_name, event_object_table), action_statement
        FROM information_schema.triggers WHERE trigger_schema IN ('m', 'r', 's')
        UNION ALL SELECT CONCAT_WS('.', 'routine', routine_schema, routine_name), routine_definition
        FROM information_schema.routines WHERE routine_schema IN ('m', 'r', 's')
        UNION ALL SELECT CONCAT_WS('.', 'index', table_schema, table_name, index_name), non_unique
        FROM information_schema.statistics WHERE table_schema IN ('m', 'r', 's')
        UNION ALL SELECT CONCAT_WS('.', 'key', constraint_schema, table_name), CONCAT_WS(' ', unique_constraint_schema,
            referenced_table_name, delete_rule, update_rule)
        FROM information_schema.referential_constraints WHERE constraint_schema IN ('m', 'r', 's')
        ORDER BY 1, 2)
    DO
        SET @state = CONCAT_WS(' ', @state, t.n, t.b);
    END FOR;
    SELECT CONCAT('@@state ', REPLACE(@state, '\n', ' '));
END//
DELIMITER ;
"#;

const FRESH: &str = "connect probe
SET foreign_key_checks = 0;
DROP DATABASE IF EXISTS s;
DROP DATABASE IF EXISTS r;
CREATE OR REPLACE DATABASE m;
CREATE DATABASE s;
USE m
CREATE TABLE a AS SELECT 0 AS x UNION SELECT 1 UNION SELECT 2 UNION SELECT 3;
CREATE TABLE b AS SELECT x + 2 AS x FROM a;
CREATE TABLE s.a AS SELECT x + 5 AS x FROM a;
CREATE TABLE s.c (x INT PRIMARY KEY) AS SELECT x FROM a;
CREATE TABLE c (x INT, k INT AUTO_INCREMENT PRIMARY KEY);
";

/// What the client is told. An error bears the number of its line.
pub(super) fn script(steps: &[&Step], script: &mut String, lines: &mut Vec<usize>) {
    *script += FRESH;
    for step in steps {
        *script += "connect m\nDELIMITER //\n";
        for statement in step.session.iter().chain(&step.statements) {
            *script += statement;
            *script += "//\n";
            lines.push(script.matches('\n').count());
        }
        *script += "DELIMITER ;\n";
    }
    *script += "connect probe\nCALL state();\n";
}
