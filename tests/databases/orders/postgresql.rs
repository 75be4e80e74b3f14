//! Random programs in PostgreSQL's SQL, and how psql executes them.

use crate::support::programs::Random;

use super::Step;

/// Few names, some of them two spellings of one, so that statements meet.
const TABLES: [&str; 10] = [
    "a", "A", "public.a", "b", "\"b\"", "s.a", "S.c", "c", "s.b", "d",
];
const VIEWS: [&str; 4] = ["v", "s.v", "w", "public.w"];
const MATERIALIZED: [&str; 3] = ["m", "s.m", "n"];
const SEQUENCES: [&str; 3] = ["q", "s.q", "public.q"];
const FUNCTIONS: [&str; 3] = ["f", "g", "s.f"];
const INDEXES: [&str; 2] = ["i", "j"];
const TEMPORARY: [&str; 2] = ["x", "a"];
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
        match random.below(12) {
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
        statements.push(match random.below(8) {
            0 => format!("SET LOCAL search_path = {}", path(random)),
            1 => "SAVEPOINT p".to_owned(),
            2 => "ROLLBACK TO SAVEPOINT p".to_owned(),
            3 => format!("LOCK TABLE {}", random.pick(&TABLES)),
            _ => statement(random),
        });
    }
    statements.push(random.pick(&["COMMIT", "COMMIT", "ROLLBACK"]).to_owned());
}

fn prepared(random: &mut Random, statements: &mut Vec<String>) {
    let table = random.pick(&TABLES);
    let source = query(random);
    statements.push(format!("PREPARE p AS INSERT INTO {table} (x) {source}"));
    if random.below(3) == 0 {
        statements.push(statement(random));
    }
    statements.push("EXECUTE p".to_owned());
    statements.push("DEALLOCATE p".to_owned());
}

fn path(random: &mut Random) -> &str {
    random.pick(&["s", "public", "s, public", "public, s", "r, public"])
}

fn statement(random: &mut Random) -> String {
    match random.below(24) {
        0..=3 => create_table(random),
        4..=11 => rows(random),
        12 | 13 => view(random),
        14 => materialized(random),
        15 | 16 => alter(random),
        17 => sequence(random),
        18 => schema(random),
        19 => function(random),
        20 => trigger(random),
        21 => drop_table(random),
        22 => temporary(random),
        _ => other(random),
    }
}

fn create_table(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let other = random.pick(&TABLES);
    let sequence = random.pick(&SEQUENCES);
    let source = query(random);
    match random.below(9) {
        0 | 1 => format!("CREATE TABLE {table} AS {source}"),
        2 => format!("CREATE TABLE IF NOT EXISTS {table} AS {source}"),
        3 => format!("CREATE TABLE {table} (x INT PRIMARY KEY)"),
        4 => format!(
            "CREATE TABLE {table} (x INT UNIQUE REFERENCES {other} (x){})",
            random.pick(&ACTIONS)
        ),
        5 => format!("CREATE TABLE {table} (x INT, k INT DEFAULT nextval('{sequence}'))"),
        6 => format!("CREATE TABLE {table} (x INT, k SERIAL)"),
        7 => format!("CREATE TABLE {table} (LIKE {other} INCLUDING ALL)"),
        _ => match random.below(3) {
            0 => format!("CREATE TABLE {table} () INHERITS ({other})"),
            1 => format!("SELECT x INTO {table} FROM {other}"),
            _ => format!(
                "CREATE TABLE {table} (x INT PRIMARY KEY, y INT, FOREIGN KEY (y) REFERENCES {other} (x){})",
                random.pick(&ACTIONS)
            ),
        },
    }
}

fn rows(random: &mut Random) -> String {
    let table = random.pick(&[&TABLES[..], &VIEWS[..1]].concat());
    let other = random.pick(&TABLES);
    let sequence = random.pick(&SEQUENCES);
    let number = random.below(20);
    let source = query(random);
    match random.below(17) {
        0..=2 => format!("INSERT INTO {table} (x) {source}"),
        3 => format!("INSERT INTO {table} (x) {source} ON CONFLICT DO NOTHING"),
        4 => format!(
            "INSERT INTO {table} (x) SELECT DISTINCT x FROM ({source}) AS n ORDER BY x ON CONFLICT (x) DO UPDATE SET x = excluded.x + {number}"
        ),
        5 => format!("INSERT INTO {table} (x) VALUES (nextval('{sequence}'))"),
        6 => format!("INSERT INTO {table} DEFAULT VALUES"),
        7 | 8 => format!("UPDATE {table} SET x = x + {number} WHERE x IN ({source})"),
        9 => format!(
            "UPDATE {table} AS t SET x = n.x + {number} FROM (SELECT max(x) AS x FROM {other}) AS n"
        ),
        10 => format!("DELETE FROM {table} AS t USING {other} AS o WHERE t.x = o.x"),
        11 => format!("DELETE FROM {table} WHERE x IN ({source})"),
        12 => format!(
            "TRUNCATE {table}{}",
            random.pick(&["", " CASCADE", " RESTART IDENTITY", ", c", ", s.a CASCADE"])
        ),
        13 => format!(
            "WITH d AS (DELETE FROM {table} WHERE x > {number} RETURNING x) INSERT INTO {other} (x) SELECT x FROM d ORDER BY x"
        ),
        14 => format!(
            "MERGE INTO {table} AS t USING (SELECT DISTINCT x FROM ({source}) AS n) AS n ON t.x = n.x WHEN MATCHED AND t.x > {number} THEN DELETE WHEN NOT MATCHED THEN INSERT (x) VALUES (n.x)"
        ),
        15 => format!(
            "INSERT INTO {table} (x) SELECT {}()",
            random.pick(&FUNCTIONS)
        ),
        _ => format!(
            "DELETE FROM ONLY {} WHERE x < {number}",
            random.pick(&["a", "b", "c"])
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
        4 => format!(
            "DROP VIEW IF EXISTS {view}{}",
            random.pick(&["", " CASCADE"])
        ),
        _ => format!("ALTER VIEW {view} RENAME TO {}", random.pick(&["v", "w"])),
    }
}

fn materialized(random: &mut Random) -> String {
    let view = random.pick(&MATERIALIZED);
    match random.below(5) {
        0 | 1 => format!("CREATE MATERIALIZED VIEW {view} AS {}", query(random)),
        2 | 3 => format!("REFRESH MATERIALIZED VIEW {view}"),
        _ => format!("DROP MATERIALIZED VIEW {view}"),
    }
}

fn alter(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let other = random.pick(&TABLES);
    match random.below(8) {
        5 => format!("ALTER TABLE {table} INHERIT {other}"),
        6 => format!("ALTER TABLE {table} NO INHERIT {other}"),
        0 | 1 => format!(
            "ALTER TABLE {table} RENAME TO {}",
            random.pick(&["a", "b", "c", "d"])
        ),
        2 => format!(
            "ALTER TABLE {table} SET SCHEMA {}",
            random.pick(&["s", "public", "r"])
        ),
        3 => format!(
            "ALTER TABLE {table} ADD FOREIGN KEY (x) REFERENCES {other} (x){}",
            random.pick(&ACTIONS)
        ),
        4 => format!(
            "ALTER TABLE {table} ADD COLUMN k INT DEFAULT nextval('{}')",
            random.pick(&SEQUENCES)
        ),
        _ => format!(
            "ALTER TABLE {table} ALTER COLUMN x SET DEFAULT nextval('{}')",
            random.pick(&SEQUENCES)
        ),
    }
}

fn sequence(random: &mut Random) -> String {
    let sequence = random.pick(&SEQUENCES);
    match random.below(7) {
        0 | 1 => format!("CREATE SEQUENCE {sequence}"),
        2 => format!("SELECT nextval('{sequence}')"),
        3 => format!("SELECT setval('{sequence}', {})", 1 + random.below(50)),
        4 => format!("DROP SEQUENCE {sequence}"),
        5 => format!("ALTER SEQUENCE {sequence} RESTART WITH 7"),
        _ => format!("DROP SEQUENCE IF EXISTS {sequence} CASCADE"),
    }
}

fn schema(random: &mut Random) -> String {
    match random.below(8) {
        0 => "CREATE SCHEMA IF NOT EXISTS s".to_owned(),
        1 => "CREATE SCHEMA r".to_owned(),
        2 => "DROP SCHEMA IF EXISTS s CASCADE".to_owned(),
        3 => "DROP SCHEMA r".to_owned(),
        4 => "ALTER SCHEMA s RENAME TO r".to_owned(),
        5 => "RESET search_path".to_owned(),
        6 => "SET search_path TO DEFAULT".to_owned(),
        _ => format!("SET search_path = {}", path(random)),
    }
}

fn function(random: &mut Random) -> String {
    let function = random.pick(&FUNCTIONS);
    let table = random.pick(&TABLES);
    let other = random.pick(&VIEWS);
    match random.below(6) {
        0 | 1 => format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS INT LANGUAGE sql AS 'SELECT max(x)::int FROM {}'",
            [table, other][random.below(2)]
        ),
        2 => format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS INT LANGUAGE sql AS 'INSERT INTO {table} (x) VALUES (1) RETURNING x'"
        ),
        3 => format!("DROP FUNCTION IF EXISTS {function}()"),
        4 => format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS INT LANGUAGE sql RETURN (SELECT max(x)::int FROM {table})"
        ),
        _ => format!("SELECT {function}()"),
    }
}

fn trigger(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let other = random.pick(&TABLES);
    match random.below(4) {
        0 => format!(
            "CREATE OR REPLACE FUNCTION h() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN INSERT INTO {other} (x) VALUES (NEW.x); RETURN NEW; END'"
        ),
        1 | 2 => {
            format!("CREATE TRIGGER t AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION h()")
        }
        _ => format!("DROP TRIGGER t ON {table}"),
    }
}

fn drop_table(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    match random.below(4) {
        0 | 1 => format!("DROP TABLE {table}"),
        2 => format!("DROP TABLE IF EXISTS {table}, {}", random.pick(&TABLES)),
        _ => format!("DROP TABLE IF EXISTS {table} CASCADE"),
    }
}

fn temporary(random: &mut Random) -> String {
    let table = random.pick(&TEMPORARY);
    let source = query(random);
    match random.below(5) {
        0 => format!("CREATE TEMPORARY TABLE {table} AS {source}"),
        1 => format!("CREATE TEMPORARY VIEW {table} AS {source}"),
        2 => format!(
            "INSERT INTO {} (x) SELECT x FROM {table} ORDER BY x",
            random.pick(&TABLES)
        ),
        3 => format!("DROP TABLE {table}"),
        _ => format!("CREATE TEMPORARY TABLE {table} (x INT) ON COMMIT DELETE ROWS"),
    }
}

fn other(random: &mut Random) -> String {
    let table = random.pick(&TABLES);
    let index = random.pick(&INDEXES);
    match random.below(9) {
        0 => format!("CREATE INDEX {index} ON {table} (x)"),
        1 => format!("CREATE UNIQUE INDEX {index} ON {table} (x)"),
        2 => format!("DROP INDEX {index}"),
        3 => format!("COMMENT ON TABLE {table} IS 'text {}'", random.below(100)),
        4 => format!("ANALYZE {table}"),
        5 => format!("EXPLAIN {}", rows(random)),
        6 => format!("EXPLAIN ANALYZE {}", rows(random)),
        7 => "SELECT count(*) FROM pg_class".to_owned(),
        _ => query(random),
    }
}

/// A query of one column `x`, in an order that nothing else decides.
fn query(random: &mut Random) -> String {
    let from = |random: &mut Random| match random.below(8) {
        0 | 1 => random.pick(&VIEWS).to_owned(),
        2 => random.pick(&MATERIALIZED).to_owned(),
        3 => random.pick(&TEMPORARY).to_owned(),
        _ => random.pick(&TABLES).to_owned(),
    };
    let (one, other) = (from(random), from(random));
    let number = random.below(20);
    match random.below(9) {
        0 | 1 => format!("SELECT {number} AS x"),
        2 => format!("SELECT x + {number} AS x FROM {one} ORDER BY x"),
        3 => format!(
            "SELECT l.x AS x FROM {one} AS l JOIN {other} AS r ON l.x = r.x ORDER BY x LIMIT 20"
        ),
        4 => format!("SELECT x FROM {one} UNION ALL SELECT x FROM {other} ORDER BY x LIMIT 20"),
        5 => format!("WITH a AS (SELECT x FROM {one}) SELECT a.x AS x FROM a ORDER BY x"),
        6 => format!(
            "SELECT max(x) AS x FROM {one} WHERE x NOT IN (SELECT x FROM {other} WHERE x IS NOT NULL)"
        ),
        7 => {
            format!("SELECT x FROM {one} WHERE x > (SELECT avg(x) FROM {other}) ORDER BY x LIMIT 5")
        }
        _ => format!("SELECT x FROM ONLY {one} WHERE EXISTS (SELECT FROM {other}) ORDER BY x"),
    }
}

pub(super) const SETUP: &str = r#"
\o /dev/null
DROP SCHEMA IF EXISTS probe CASCADE;
CREATE SCHEMA probe;
CREATE FUNCTION probe.state() RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    found RECORD;
    text TEXT;
    result TEXT := '';
BEGIN
    FOR found IN
        SELECT nspname, relname, relkind, c.oid FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE nspname IN ('public', 'r', 's') ORDER BY nspname, relname
    LOOP
        BEGIN
            IF found.relkind = 'i' THEN
                text := pg_get_indexdef(found.oid);
            ELSIF found.relkind = 'S' THEN
                EXECUTE format('SELECT last_value || '' '' || is_called FROM %I.%I', found.nspname, found.relname) INTO text;
            ELSE
                EXECUTE format('SELECT string_agg(t::TEXT, '' '' ORDER BY t::TEXT) FROM %I.%I AS t', found.nspname, found.relname) INTO text;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            text := SQLSTATE;
        END;
        result := concat_ws(' ', result, found.nspname || '.' || found.relname || ':', found.relkind, text,
            CASE found.relkind WHEN 'v' THEN pg_get_viewdef(found.oid) WHEN 'm' THEN pg_get_viewdef(found.oid) END,
            obj_description(found.oid));
    END LOOP;
    FOR found IN
        SELECT proname AS name, prosrc AS body FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = pronamespace
        WHERE nspname IN ('public', 'r', 's')
        UNION ALL SELECT tgname, tgrelid::REGCLASS::TEXT FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT conrelid::REGCLASS::TEXT, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'f'
        ORDER BY 1, 2
    LOOP
        result := concat_ws(' ', result, found.name, found.body);
    END LOOP;
    RETURN translate(result, E'\n', ' ');
END
$$;
"#;

const FRESH: &str = "DISCARD ALL;
DROP SCHEMA IF EXISTS public, r, s CASCADE;
CREATE SCHEMA public\\; CREATE SCHEMA s\\; CREATE TABLE a AS SELECT generate_series(0, 4) AS x\\; \
CREATE TABLE b AS SELECT x + 2 AS x FROM a\\; CREATE TABLE s.a AS SELECT x + 5 AS x FROM a\\; \
CREATE TABLE s.c (x INT PRIMARY KEY)\\; INSERT INTO s.c SELECT x FROM a\\; CREATE TABLE c (x INT PRIMARY KEY)\\; \
INSERT INTO c SELECT x FROM a;
";

/// What psql is told, so that it says what fails and how it ends.
pub(super) fn script(steps: &[&Step], script: &mut String) {
    *script += FRESH;
    let mut number = 0;
    for step in steps {
        // What a new connection is: one that has been told nothing.
        *script += "ROLLBACK;\nDISCARD ALL;\n";
        for statement in step.session.iter().chain(&step.statements) {
            *script += statement;
            *script += ";\n\\if :ERROR\n\\echo @@error ";
            *script += &number.to_string();
            *script += " :LAST_ERROR_MESSAGE\n\\endif\n";
            number += 1;
        }
    }
    *script += "ROLLBACK;\nDISCARD ALL;\nSET max_parallel_workers_per_gather = 0;\n\\o\nSELECT '@@state ' || probe.state();\n\\o /dev/null\n";
}
