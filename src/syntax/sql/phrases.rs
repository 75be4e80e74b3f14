//! Statements that the parser does not know, by their first words: a table of
//! patterns, each with the same in words that the parser knows, or with what
//! such a statement does. Text that no pattern takes stays an error.

use sqlparser::keywords::ALL_KEYWORDS;
use sqlparser::tokenizer::Token as SqlToken;

use super::{Dialect, Token};
use crate::source::Span;
use crate::syntax::ast::{Detail, Effects, Ident, Name};

use Dialect::{
    BigQuery, ClickHouse, Databricks, DuckDb, Generic, Hive, MsSql, MySql, Oracle, PostgreSql,
    Redshift, SQLite, Snowflake, Spark,
};
use Meaning::{Barrier, Refreshes, Rows, Words, Writes};

/// What a statement that a pattern takes means to the plan.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// The same as this statement, of which `$a` stands for what was found.
    Words(&'static str),
    /// Likewise, but for the columns of the result, which are others.
    Rows(&'static str),
    /// It changes what `$a` and `$b` name, and that is all; its verb.
    Writes(&'static str),
    /// It runs the query of the materialized view `$a` again.
    Refreshes,
    /// What it does cannot be known; why.
    Barrier(&'static str),
}

/// Patterns. A word stands for itself, `?WORD` may be missing, `$a` and `$b` are
/// dotted names, `$from` is one or a query in parentheses, `'a'` a string, `()` something
/// in parentheses that does not matter, `~` anything up to the next word of the
/// pattern, `$rest` all that follows, and `..` all that follows and does not
/// matter, which is nothing with a query in it.
const PHRASES: &[(&[Dialect], &str, Meaning)] = &[
    (
        &[DuckDb],
        "PIVOT $from ON ..",
        Rows("SELECT COLUMNS ( * ) FROM $from"),
    ),
    (
        &[DuckDb],
        "PIVOT_WIDER $from ON ..",
        Rows("SELECT COLUMNS ( * ) FROM $from"),
    ),
    (
        &[DuckDb],
        "UNPIVOT $from ON ..",
        Rows("SELECT COLUMNS ( * ) FROM $from"),
    ),
    (
        &[DuckDb],
        "PIVOT_LONGER $from ON ..",
        Rows("SELECT COLUMNS ( * ) FROM $from"),
    ),
    (
        &[DuckDb],
        "SUMMARIZE SELECT $rest",
        Rows("SELECT COLUMNS ( * ) FROM ( SELECT $rest )"),
    ),
    (
        &[DuckDb],
        "SUMMARIZE WITH $rest",
        Rows("SELECT COLUMNS ( * ) FROM ( WITH $rest )"),
    ),
    (
        &[DuckDb],
        "SUMMARIZE $a",
        Rows("SELECT COLUMNS ( * ) FROM $a"),
    ),
    (
        &[DuckDb],
        "INSERT INTO $a BY NAME $rest",
        Rows("INSERT INTO $a $rest"),
    ),
    (
        &[DuckDb],
        "INSERT INTO $a BY POSITION $rest",
        Words("INSERT INTO $a $rest"),
    ),
    (
        &[DuckDb],
        "DROP MACRO ?TABLE IF EXISTS $a",
        Words("DROP FUNCTION IF EXISTS $a"),
    ),
    (&[DuckDb], "DROP MACRO ?TABLE $a", Words("DROP FUNCTION $a")),
    (&[DuckDb, PostgreSql], "CHECKPOINT ..", Barrier(CHECKPOINT)),
    (&[DuckDb], "FORCE CHECKPOINT ..", Barrier(CHECKPOINT)),
    (
        &[DuckDb],
        "EXPORT DATABASE ..",
        Barrier("it writes all tables out"),
    ),
    (
        &[DuckDb],
        "IMPORT DATABASE ..",
        Barrier("it reads tables in, whichever there are"),
    ),
    (
        &[DuckDb, PostgreSql],
        "VACUUM ANALYZE $a ?()",
        Writes("vacuum"),
    ),
    (
        &[PostgreSql],
        "VACUUM ?FULL ?FREEZE ?VERBOSE ?ANALYZE $a ()",
        Writes("vacuum"),
    ),
    (
        &[PostgreSql],
        "VACUUM ?FULL ?FREEZE ?VERBOSE ?ANALYZE $a",
        Writes("vacuum"),
    ),
    (&[PostgreSql], "VACUUM () $a", Writes("vacuum")),
    (&[PostgreSql], "VACUUM () $a ()", Writes("vacuum")),
    (&[Databricks, Spark], "VACUUM $a ..", Writes("vacuum")),
    (
        &[PostgreSql],
        "REFRESH MATERIALIZED VIEW ?CONCURRENTLY $a ?WITH ?DATA",
        Refreshes,
    ),
    (
        &[Redshift, Databricks, Oracle, Snowflake],
        "REFRESH MATERIALIZED VIEW $a",
        Refreshes,
    ),
    (&[PostgreSql], "CLUSTER ?VERBOSE $a", Writes("cluster")),
    (
        &[PostgreSql],
        "CLUSTER ?VERBOSE $a USING ..",
        Writes("cluster"),
    ),
    (
        &[PostgreSql],
        "REINDEX ?() TABLE ?CONCURRENTLY $a",
        Writes("reindex"),
    ),
    (
        &[PostgreSql],
        "REINDEX ..",
        Barrier("it builds indexes of many tables anew"),
    ),
    (
        &[SQLite],
        "REINDEX ..",
        Barrier("it builds indexes of many tables anew"),
    ),
    (&[PostgreSql], "DO ?LANGUAGE ?PLPGSQL 'a' ..", Barrier(BODY)),
    (
        &[PostgreSql],
        "ALTER VIEW ?IF ?EXISTS $a RENAME TO $b",
        Words("ALTER TABLE $a RENAME TO $b"),
    ),
    (
        &[PostgreSql],
        "ALTER MATERIALIZED VIEW ?IF ?EXISTS $a RENAME TO $b",
        Words("ALTER TABLE $a RENAME TO $b"),
    ),
    (
        &[PostgreSql],
        "ALTER TABLE ~ SET SCHEMA $b",
        Barrier(SET_SCHEMA),
    ),
    (
        &[PostgreSql],
        "ALTER VIEW ~ SET SCHEMA $b",
        Barrier(SET_SCHEMA),
    ),
    (
        &[PostgreSql],
        "ALTER MATERIALIZED VIEW ~ SET SCHEMA $b",
        Barrier(SET_SCHEMA),
    ),
    (
        &[PostgreSql],
        "ALTER SEQUENCE ~ SET SCHEMA $b",
        Barrier(SET_SCHEMA),
    ),
    (
        &[PostgreSql],
        "ALTER SEQUENCE ~ RENAME TO $b",
        Barrier("it gives a sequence another name"),
    ),
    (
        &[PostgreSql, DuckDb],
        "ALTER SEQUENCE IF EXISTS $a ..",
        Words("CREATE SEQUENCE $a"),
    ),
    (
        &[PostgreSql, DuckDb, Oracle, MsSql, MySql, Snowflake],
        "ALTER SEQUENCE $a ..",
        Words("CREATE SEQUENCE $a"),
    ),
    (
        &[DuckDb, MySql, Snowflake],
        "CREATE OR REPLACE SEQUENCE $a ..",
        Words("CREATE SEQUENCE $a"),
    ),
    (
        &[MySql],
        "LOAD DATA ?LOW_PRIORITY ?CONCURRENT ?LOCAL INFILE 'a' ?REPLACE ?IGNORE INTO TABLE $a ..",
        Words("COPY $a FROM 'a'"),
    ),
    (
        &[MySql],
        "OPTIMIZE ?NO_WRITE_TO_BINLOG ?LOCAL TABLE $a",
        Writes("optimize"),
    ),
    (
        &[MySql],
        "REPAIR ?NO_WRITE_TO_BINLOG ?LOCAL TABLE $a ?QUICK ?EXTENDED ?USE_FRM",
        Writes("repair"),
    ),
    (
        &[MySql],
        "CHECK TABLE $a ?QUICK ?FAST ?MEDIUM ?EXTENDED ?CHANGED",
        Writes("check"),
    ),
    (&[MySql], "ALTER TABLE $a DISABLE KEYS", Writes("alter")),
    (&[MySql], "ALTER TABLE $a ENABLE KEYS", Writes("alter")),
    (
        &[MySql, Oracle, Hive],
        "ALTER TABLE $a EXCHANGE PARTITION ~ WITH TABLE $b ..",
        Writes("exchange"),
    ),
    (
        &[MsSql],
        "ALTER TABLE $a SWITCH ~ TO $b ..",
        Writes("switch"),
    ),
    (&[MsSql], "ALTER TABLE $a SWITCH TO $b ..", Writes("switch")),
    (&[MsSql], "UPDATE STATISTICS $a ..", Writes("analyze")),
    (&[Spark, Databricks], "REFRESH TABLE $a", Writes("refresh")),
    (
        &[ClickHouse],
        "EXCHANGE TABLES $a AND $b",
        Words("ALTER TABLE $a SWAP WITH $b"),
    ),
    (
        &[ClickHouse],
        "ALTER TABLE $a REPLACE PARTITION ~ FROM $b",
        Words("INSERT INTO $a SELECT * FROM $b"),
    ),
    (
        &[ClickHouse],
        "ALTER TABLE $a ATTACH PARTITION ~ FROM $b",
        Words("INSERT INTO $a SELECT * FROM $b"),
    ),
    (
        &[ClickHouse],
        "ALTER TABLE $a MOVE PARTITION ~ TO TABLE $b",
        Writes("move"),
    ),
    (
        &[ClickHouse],
        "SYSTEM ..",
        Barrier("it tells the server something"),
    ),
    (
        &[Snowflake],
        "CREATE ?OR ?REPLACE ?SECURE PROCEDURE ~ EXECUTE AS ~ AS 'a'",
        Barrier(BODY),
    ),
    (
        &[Snowflake],
        "CREATE ?OR ?REPLACE ?SECURE PROCEDURE ~ AS 'a'",
        Barrier(BODY),
    ),
    (
        &[Redshift, PostgreSql],
        "CREATE ?OR ?REPLACE PROCEDURE ~ AS 'a' ..",
        Barrier(BODY),
    ),
    (&[BigQuery], "LOAD DATA INTO $a ..", Writes("load")),
    (&[BigQuery], "LOAD DATA OVERWRITE $a ..", Writes("load")),
];

const BODY: &str = "what its body does is not looked into";
const CHECKPOINT: &str = "it writes down what was done before";
const SET_SCHEMA: &str = "it moves to another schema";

/// What stands for a statement.
pub(super) enum Phrase {
    /// Another one, and whether its result has the same columns.
    Other(Vec<Token>, Columns),
    Known(Box<Effects>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    Same,
    Others,
}

/// What the statement means, if a pattern takes it.
pub(super) fn phrase(dialect: Dialect, tokens: &[Token]) -> Option<Phrase> {
    let words: Vec<&Token> = tokens.iter().filter(|token| !token.is_trivia()).collect();
    PHRASES
        .iter()
        .filter(|(dialects, ..)| dialect == Generic || dialects.contains(&dialect))
        .find_map(|(_, pattern, meaning)| Some(apply(*meaning, &matched(pattern, &words)?)))
}

/// What the variables of a pattern stand for.
type Found<'a> = Vec<(&'static str, Vec<&'a Token>)>;

fn matched<'a>(pattern: &'static str, words: &[&'a Token]) -> Option<Found<'a>> {
    let parts: Vec<&str> = pattern.split_whitespace().collect();
    let mut found = Vec::new();
    let mut at = 0;
    for (number, part) in parts.iter().enumerate() {
        let rest = words.get(at..)?;
        let next = parts.get(number + 1);
        let length = match *part {
            ".." if rest.iter().any(|word| is(word, "SELECT")) => return None,
            ".." | "$rest" => rest.len(),
            "~" => (0..rest.len()).find(|at| next.is_some_and(|next| is(rest[*at], next)))?,
            "()" => group(rest)?,
            "?()" => group(rest).unwrap_or(0),
            "'a'" => rest.first()?.string().map(|_| 1)?,
            "$from" => dotted(rest).or_else(|| group(rest))?,
            part if part.starts_with('$') => dotted(rest)?,
            part => match (part.strip_prefix('?'), rest.first()) {
                (Some(part), first) => usize::from(first.is_some_and(|first| is(first, part))),
                (None, first) if first.is_some_and(|first| is(first, part)) => 1,
                (None, _) => return None,
            },
        };
        if part.starts_with('$') || *part == "'a'" {
            found.push((*part, rest[..length].to_vec()));
        }
        at += length;
    }
    (at == words.len()).then_some(found)
}

fn is(token: &Token, word: &str) -> bool {
    token.is_word(word)
}

/// How many of the tokens a dotted name takes.
fn dotted(words: &[&Token]) -> Option<usize> {
    words.first()?.ident()?;
    let mut length = 1;
    while let [dot, part, ..] = &words[length..]
        && dot.raw == SqlToken::Period
        && part.ident().is_some()
    {
        length += 2;
    }
    Some(length)
}

/// How many of the tokens stand in parentheses, with these.
pub(super) fn group(words: &[&Token]) -> Option<usize> {
    if words.first()?.raw != SqlToken::LParen {
        return None;
    }
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match word.raw {
            SqlToken::LParen => depth += 1,
            SqlToken::RParen => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

fn apply(meaning: Meaning, found: &Found<'_>) -> Phrase {
    match meaning {
        Words(words) => Phrase::Other(filled(words, found), Columns::Same),
        Rows(words) => Phrase::Other(filled(words, found), Columns::Others),
        Writes(verb) => {
            let names = names(found);
            Phrase::Known(Box::new(Effects {
                reads: names.clone(),
                writes: names,
                verb,
                ..Effects::default()
            }))
        }
        Refreshes => {
            let names = names(found);
            Phrase::Known(Box::new(Effects {
                details: names.iter().cloned().map(Detail::Refreshes).collect(),
                writes: names,
                verb: "refresh",
                ..Effects::default()
            }))
        }
        Barrier(why) => Phrase::Known(Box::new(Effects::unknown(why))),
    }
}

fn names(found: &Found<'_>) -> Vec<Name> {
    let name = |words: &[&Token]| {
        let parts: Vec<Ident> = words.iter().filter_map(|word| word.ident()).collect();
        super::names::from_parts(parts)
    };
    let is_name = |variable: &str| variable == "$a" || variable == "$b";
    let variables = found.iter().filter(|(variable, _)| is_name(variable));
    variables.map(|(_, words)| name(words)).collect()
}

fn filled(words: &str, found: &Found<'_>) -> Vec<Token> {
    let mut out = Vec::new();
    let mut span = Span::default();
    for word in words.split_whitespace() {
        if let Some((_, tokens)) = found.iter().find(|(variable, _)| *variable == word) {
            for token in tokens {
                span = token.span;
                out.push((*token).clone());
            }
            continue;
        }
        let raw = match word {
            "(" => SqlToken::LParen,
            ")" => SqlToken::RParen,
            "*" => SqlToken::Mul,
            word if ALL_KEYWORDS.binary_search(&word).is_ok() => SqlToken::make_keyword(word),
            word => SqlToken::make_word(word, None),
        };
        let end = span.end;
        out.push(Token {
            raw,
            span: Span { start: end, end },
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::syntax::ast::{Role, Statement, StatementKind};
    use crate::syntax::parse;

    /// What each statement of a program reads and writes, and what is wrong.
    fn effects(dialect: Dialect, program: &str) -> String {
        let source = SourceFile::new("test.sql", program);
        let (program, diagnostics) = parse(&source, dialect);
        let dotted = |names: &[Name]| names.iter().map(Name::dotted).collect::<Vec<_>>().join(" ");
        let of = |statement: &Statement| {
            let effects = match &statement.kind {
                StatementKind::Sql(sql) => &sql.effects,
                StatementKind::Train(train) => &train.query.effects,
                _ => panic!("no statement of these tests"),
            };
            match effects.role {
                Role::Unknown(_) => "anything".to_owned(),
                _ => format!("{} > {}", dotted(&effects.reads), dotted(&effects.writes)),
            }
        };
        let statements = program.statements.iter().map(of);
        let problems = diagnostics.iter().map(|problem| problem.message.clone());
        statements.chain(problems).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn statements_are_known_by_their_first_words() {
        for (dialect, text, expected) in [
            (DuckDb, "PIVOT a ON b USING sum(c)", "a > "),
            (
                DuckDb,
                "PIVOT (SELECT * FROM a) ON b USING sum(c) TO TRAIN xgboost.gbtree LABEL c INTO m",
                "a > ",
            ),
            (DuckDb, "UNPIVOT s.a ON b, c INTO NAME d VALUE e", "s.a > "),
            (DuckDb, "SUMMARIZE SELECT * FROM a", "a > "),
            (DuckDb, "INSERT INTO a BY NAME SELECT * FROM b", "b > a"),
            (DuckDb, "VACUUM ANALYZE a", "a > a"),
            (
                DuckDb,
                "CHECKPOINT; EXPORT DATABASE 'x' (FORMAT parquet)",
                "anything; anything",
            ),
            (
                PostgreSql,
                "DO LANGUAGE plpgsql $$ BEGIN PERFORM 1; END $$",
                "anything",
            ),
            (PostgreSql, "VACUUM (FULL, ANALYZE) a", "a > a"),
            (
                PostgreSql,
                "REFRESH MATERIALIZED VIEW CONCURRENTLY s.v",
                " > s.v",
            ),
            (
                PostgreSql,
                "ALTER TABLE IF EXISTS a SET SCHEMA s",
                "anything",
            ),
            (
                MySql,
                "LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE d.t FIELDS TERMINATED BY ','",
                " > d.t",
            ),
            (MySql, "/*!40000 ALTER TABLE t DISABLE KEYS */", "t > t"),
            (
                MySql,
                "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u",
                "t u > t u",
            ),
            (
                MsSql,
                "ALTER TABLE t SWITCH PARTITION 1 TO d.u PARTITION 2",
                "t d.u > t d.u",
            ),
            (
                Hive,
                "ALTER TABLE t EXCHANGE PARTITION (ds='1') WITH TABLE u",
                "t u > t u",
            ),
            (
                Snowflake,
                "CREATE PROCEDURE p() RETURNS int EXECUTE AS OWNER AS $$ BEGIN END $$",
                "anything",
            ),
            (ClickHouse, "EXCHANGE TABLES a AND b", " > a b"),
            (
                ClickHouse,
                "ALTER TABLE a REPLACE PARTITION 1 FROM b",
                "b > a",
            ),
        ] {
            let found = effects(dialect, text);
            assert_eq!(found, expected, "{dialect:?} {text}");
        }
    }

    #[test]
    fn what_matters_to_the_database_alone_is_passed_over() {
        let clause = "TO TRAIN xgboost.gbtree LABEL c INTO m";
        for (dialect, query, expected) in [
            (
                DuckDb,
                "SELECT * FROM a TABLESAMPLE reservoir(10%) REPEATABLE (1) WHERE b = 1",
                "a > ",
            ),
            (DuckDb, "SELECT * FROM a TABLESAMPLE 10%", "a > "),
            (DuckDb, "FROM a LIMIT 10%", "a > "),
            (
                DuckDb,
                "SELECT * FROM a ASOF LEFT JOIN b USING (c, d)",
                "a b > ",
            ),
            (DuckDb, "SELECT [x + 1 FOR x IN l IF x > 1] FROM a", "a > "),
            (
                PostgreSql,
                "SELECT * FROM a, ROWS FROM (f(1), g(2)) AS x",
                "a > ",
            ),
            (MsSql, "SELECT * FROM a OPTION (MAXDOP 1)", "a > "),
            (Spark, "SELECT * FROM a VERSION AS OF 3 WHERE b = 1", "a > "),
            (
                Oracle,
                "SELECT * FROM a AS OF TIMESTAMP SYSTIMESTAMP - INTERVAL '1' HOUR x, b",
                "a b > ",
            ),
            (SQLite, "SELECT * FROM a INDEXED BY i WHERE b = 1", "a > "),
        ] {
            assert_eq!(effects(dialect, query), expected, "{dialect:?} {query}");
            let training = format!("{query} {clause}");
            assert_eq!(
                effects(dialect, &training),
                expected,
                "{dialect:?} {training}"
            );
        }
        for (dialect, text, expected) in [
            (PostgreSql, "CREATE TABLE b (LIKE a INCLUDING ALL)", "a > b"),
            (
                Spark,
                "CREATE TABLE b USING parquet PARTITIONED BY (d) AS SELECT * FROM a",
                "a > b",
            ),
            (
                MySql,
                "UPDATE a, b SET a.x = b.x WHERE a.id = b.id",
                "a b > a",
            ),
            (
                MySql,
                "SELECT x INTO OUTFILE '/f' FIELDS TERMINATED BY ',' FROM a",
                "a > ",
            ),
        ] {
            assert_eq!(effects(dialect, text), expected, "{dialect:?} {text}");
        }
    }

    #[test]
    fn a_query_that_is_passed_over_makes_no_phrase() {
        let found = effects(DuckDb, "PIVOT a ON b IN (SELECT c FROM d) USING sum(e)");
        assert_eq!(found, "expected an SQL statement, found `PIVOT`");
    }
}
