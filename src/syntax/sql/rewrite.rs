//! SQL of databases that the parser does not know, put into words that it
//! does. What a statement reads and writes stays the same; only the parser
//! ever sees the result.

use sqlparser::tokenizer::{Token as SqlToken, Whitespace};

use super::phrases::group;
use super::{Dialect, Token};
use crate::source::Span;

/// The statement in other words, if there are any.
pub(super) fn rewritten(dialect: Dialect, tokens: &[Token]) -> Option<Vec<Token>> {
    let short = without_asides(dialect, tokens);
    let tokens = short.as_deref().unwrap_or(tokens);
    let other = match dialect {
        Dialect::DuckDb => {
            let mapped = comprehensions(tokens);
            duckdb(mapped.as_deref().unwrap_or(tokens)).or(mapped)
        }
        Dialect::MySql => mysql(tokens)
            .or_else(|| update(tokens))
            .or_else(|| outfile(tokens)),
        Dialect::PostgreSql => rows_from(tokens),
        Dialect::Teradata => teradata(tokens),
        Dialect::Ansi
        | Dialect::BigQuery
        | Dialect::ClickHouse
        | Dialect::Databricks
        | Dialect::Generic
        | Dialect::Hive
        | Dialect::MsSql
        | Dialect::Oracle
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::Spark
        | Dialect::SQLite => None,
    };
    other.or(short)
}

/// The statement without what says how, when or where the database is to look
/// for rows, and nothing of which: hints, versions, storage.
fn without_asides(dialect: Dialect, tokens: &[Token]) -> Option<Vec<Token>> {
    let places: Vec<usize> = (0..tokens.len())
        .filter(|at| !tokens[*at].is_trivia())
        .collect();
    let words: Vec<&Token> = places.iter().map(|at| &tokens[*at]).collect();
    let mut out = tokens.to_vec();
    let mut is_changed = false;
    let mut at = 0;
    while at < words.len() {
        let length = aside(dialect, &words, at);
        for place in &places[at..at + length] {
            out[*place] = blank(out[*place].span);
        }
        is_changed |= length > 0;
        at += length.max(1);
    }
    is_changed.then_some(out)
}

/// How many words of an aside begin at a place.
fn aside(dialect: Dialect, words: &[&Token], at: usize) -> usize {
    let rest = &words[at..];
    let is = |ahead: usize, word: &str| rest.get(ahead).is_some_and(|token| token.is_word(word));
    let are = |forms: &[&str]| forms.iter().enumerate().all(|(at, word)| is(at, word));
    let group = |ahead: usize| {
        let length = rest.get(ahead..).and_then(group);
        length.map_or(0, |length| ahead + length)
    };
    let creates = words[0].is_word("CREATE");
    match dialect {
        Dialect::SQLite if are(&["INDEXED", "BY"]) && rest.len() > 2 => 3,
        Dialect::SQLite if are(&["NOT", "INDEXED"]) => 2,
        Dialect::DuckDb
            if rest[0].raw == SqlToken::Mod && at >= 2 && words[at - 2].is_word("LIMIT") =>
        {
            1
        }
        Dialect::DuckDb if is(0, "ASOF") && (1..=2).any(|ahead| is(ahead, "JOIN")) => 1,
        Dialect::MsSql if is(0, "OPTION") && group(1) == rest.len() => rest.len(),
        Dialect::Spark if are(&["VERSION", "AS", "OF"]) => rest.len().min(4),
        Dialect::Spark if are(&["TIMESTAMP", "AS", "OF"]) => rest.len().min(4),
        Dialect::Spark | Dialect::Databricks if creates && are(&["PARTITIONED", "BY"]) => group(2),
        Dialect::Spark | Dialect::Databricks if creates && is(0, "OPTIONS") => group(1),
        Dialect::PostgreSql if creates && (is(0, "INCLUDING") || is(0, "EXCLUDING")) => {
            rest.len().min(2)
        }
        Dialect::Oracle if are(&["AS", "OF", "TIMESTAMP"]) || are(&["AS", "OF", "SCN"]) => {
            3 + moment(&rest[3..])
        }
        _ => 0,
    }
}

/// How many words say when, up to what goes on with the query.
fn moment(words: &[&Token]) -> usize {
    const NEXT: [&str; 24] = [
        "WHERE",
        "GROUP",
        "ORDER",
        "HAVING",
        "JOIN",
        "LEFT",
        "RIGHT",
        "INNER",
        "FULL",
        "CROSS",
        "NATURAL",
        "ON",
        "USING",
        "UNION",
        "MINUS",
        "INTERSECT",
        "EXCEPT",
        "FETCH",
        "OFFSET",
        "FOR",
        "CONNECT",
        "START",
        "PIVOT",
        "UNPIVOT",
    ];
    const UNITS: [&str; 6] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
    let is_any = |word: &Token, of: &[&str]| of.iter().any(|name| word.is_word(name));
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let is_alias = at > 0 && word.ident().is_some() && !is_any(word, &UNITS) && {
            let before = words[at - 1];
            before.raw == SqlToken::RParen
                || before.string().is_some() && !is_any(word, &["TO"])
                || before.ident().is_some()
                    && !is_any(before, &["INTERVAL", "TIMESTAMP", "DATE", "TO"])
                || matches!(before.raw, SqlToken::Number(..))
        };
        if is_alias || is_any(word, &NEXT) || matches!(word.raw, SqlToken::Comma | SqlToken::RParen)
        {
            break;
        }
        at += group(&words[at..]).unwrap_or(1);
    }
    at
}

/// DuckDB's `[x + 1 FOR x IN list IF x > 1]` reads what its parts read, with
/// anything for `x`: `[NULL + 1, list, NULL > 1]`.
fn comprehensions(tokens: &[Token]) -> Option<Vec<Token>> {
    let mut out = tokens.to_vec();
    let mut open = Vec::new();
    let mut is_changed = false;
    for at in 0..tokens.len() {
        match &tokens[at].raw {
            SqlToken::LBracket | SqlToken::LParen => open.push((at, None::<usize>, None::<usize>)),
            SqlToken::RBracket | SqlToken::RParen => {
                let (from, found, _) = open.pop()?;
                let Some(found) = found.filter(|_| tokens[from].raw == SqlToken::LBracket) else {
                    continue;
                };
                let variable = (found + 1..at).find(|at| !tokens[*at].is_trivia())?;
                let name = tokens[variable].ident()?.text;
                let within = (variable + 1..at).find(|at| !tokens[*at].is_trivia())?;
                if !tokens[within].is_word("IN") {
                    return None;
                }
                for token in out.iter_mut().take(at).skip(from) {
                    if token.is_word(&name) {
                        token.raw = SqlToken::make_keyword("NULL");
                    }
                }
                out[found].raw = SqlToken::Comma;
                for at in [variable, within] {
                    out[at] = blank(tokens[at].span);
                }
                is_changed = true;
            }
            _ if tokens[at].is_word("FOR") => {
                if let Some((_, found, _)) = open.last_mut() {
                    found.get_or_insert(at);
                }
            }
            _ if tokens[at].is_word("IF") => {
                if let Some((_, Some(_), condition)) = open.last_mut()
                    && condition.is_none()
                {
                    *condition = Some(at);
                    out[at].raw = SqlToken::Comma;
                }
            }
            _ => {}
        }
    }
    is_changed.then_some(out)
}

/// PostgreSQL's `ROWS FROM (f(a), g(b))` reads what `unnest(f(a), g(b))` does.
fn rows_from(tokens: &[Token]) -> Option<Vec<Token>> {
    let mut out = tokens.to_vec();
    let mut is_changed = false;
    for at in 0..tokens.len() {
        let from = (at + 1..tokens.len()).find(|at| !tokens[*at].is_trivia());
        if let Some(from) = from
            && tokens[at].is_word("ROWS")
            && tokens[from].is_word("FROM")
            && next(tokens, from).is_some_and(|next| next.raw == SqlToken::LParen)
        {
            out[at].raw = SqlToken::make_keyword("UNNEST");
            out[from] = blank(tokens[from].span);
            is_changed = true;
        }
    }
    is_changed.then_some(out)
}

/// MySQL's `UPDATE a, b SET` is `UPDATE a CROSS JOIN b SET`.
fn update(tokens: &[Token]) -> Option<Vec<Token>> {
    let first = tokens.iter().find(|token| !token.is_trivia())?;
    if !first.is_word("UPDATE") {
        return None;
    }
    let end = top_level(tokens, |token| token.is_word("SET"))?;
    let mut out = Vec::with_capacity(tokens.len() + 1);
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match &token.raw {
            SqlToken::LParen => depth += 1,
            SqlToken::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if at < end && depth == 0 && token.raw == SqlToken::Comma {
            let span = token.span;
            let words = ["CROSS", "JOIN"].map(SqlToken::make_keyword);
            out.extend(words.map(|raw| Token { raw, span }));
        } else {
            out.push(token.clone());
        }
    }
    (out.len() > tokens.len()).then_some(out)
}

/// MySQL's `SELECT … INTO OUTFILE 'f' … FROM t` is `COPY (SELECT … FROM t) TO 'f'`.
fn outfile(tokens: &[Token]) -> Option<Vec<Token>> {
    let into = top_level(tokens, |token| token.is_word("INTO"))?;
    let mut words = (into + 1..tokens.len()).filter(|at| !tokens[*at].is_trivia());
    let (form, file) = (words.next()?, words.next()?);
    let is_file = ["OUTFILE", "DUMPFILE"]
        .iter()
        .any(|word| tokens[form].is_word(word));
    if !is_file || tokens[file].string().is_none() {
        return None;
    }
    // Behind the file stands how it is written, and perhaps the rest of the query.
    let goes_on = |token: &Token| {
        ["FROM", "FOR", "LOCK"]
            .iter()
            .any(|word| token.is_word(word))
    };
    let rest = top_level(&tokens[file..], goes_on).map_or(tokens.len(), |at| file + at);
    let span = tokens[file].span;
    let word = |raw| Token { raw, span };
    let mut out = vec![word(SqlToken::make_keyword("COPY")), word(SqlToken::LParen)];
    out.extend_from_slice(&tokens[..into]);
    out.extend_from_slice(&tokens[rest..]);
    out.push(word(SqlToken::RParen));
    out.push(word(SqlToken::make_keyword("TO")));
    out.push(tokens[file].clone());
    Some(out)
}

/// The first such token outside of all parentheses.
fn top_level(tokens: &[Token], wanted: impl Fn(&Token) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|token| {
        match &token.raw {
            SqlToken::LParen => depth += 1,
            SqlToken::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && wanted(token)
    })
}

/// `FROM t WHERE a`, a query without SELECT, `USING SAMPLE 10%` at the end of one,
/// which becomes a condition that is or is not left to chance, and
/// `TABLESAMPLE 10%`.
fn duckdb(tokens: &[Token]) -> Option<Vec<Token>> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len() + 4);
    let mut is_changed = false;
    let mut sample = None;
    let mut depth = 0_usize;
    let mut passed = 0;
    for (at, token) in tokens.iter().enumerate() {
        if at < passed {
            continue;
        }
        match &token.raw {
            SqlToken::LParen => depth += 1,
            SqlToken::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if token.is_word("TABLESAMPLE") {
            passed = at + 1 + sample_size(&tokens[at + 1..]);
            let size = [
                SqlToken::LParen,
                SqlToken::Number("1".to_owned(), false),
                SqlToken::RParen,
            ];
            out.push(token.clone());
            out.extend(made(token.span.end, size));
            is_changed = true;
            continue;
        }
        // A sample ends with its query.
        if sample.is_some_and(|opened| depth < opened || depth == opened && is_set(token)) {
            sample = None;
        }
        if token.is_word("USING") && next(tokens, at).is_some_and(|next| next.is_word("SAMPLE")) {
            sample = Some(depth);
            is_changed = true;
            let has_condition = out
                .iter()
                .rev()
                .take_while(|token| !token.is_word("SELECT"))
                .any(|token| token.is_word("QUALIFY"));
            let word = match has_condition {
                true => "AND",
                false => "QUALIFY",
            };
            let one = || SqlToken::Number("1".to_owned(), false);
            let value = match is_seeded(&tokens[at..]) {
                true => vec![one()],
                false => vec![
                    SqlToken::make_word("random", None),
                    SqlToken::LParen,
                    SqlToken::RParen,
                ],
            };
            let condition = std::iter::once(SqlToken::make_keyword(word))
                .chain(value)
                .chain([SqlToken::Eq, one()]);
            out.extend(made(token.span.start, condition));
        }
        if sample.is_some() {
            out.push(blank(token.span));
            continue;
        }
        if token.is_word("FROM") && begins_query(&out) && !has_select(&tokens[at + 1..]) {
            let words = [SqlToken::make_keyword("SELECT"), SqlToken::Mul];
            out.extend(made(token.span.start, words));
            is_changed = true;
        }
        out.push(token.clone());
    }
    is_changed.then_some(out)
}

/// Tokens that do not stand in the text.
fn made(at: usize, raw: impl IntoIterator<Item = SqlToken>) -> impl Iterator<Item = Token> {
    let span = Span { start: at, end: at };
    raw.into_iter().map(move |raw| Token { raw, span })
}

/// How many tokens say how large a sample is: `10%`, `5 ROWS`, `reservoir(10%)`.
fn sample_size(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    let mut length = 0;
    for (at, token) in tokens.iter().enumerate() {
        match &token.raw {
            SqlToken::Whitespace(_) => continue,
            SqlToken::LParen => depth += 1,
            SqlToken::RParen if depth == 0 => break,
            SqlToken::RParen => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ if depth > 0 => {}
            SqlToken::Number(..) | SqlToken::Mod => {}
            SqlToken::Word(_) => {
                let is_part = ["PERCENT", "ROWS", "RESERVOIR", "BERNOULLI", "SYSTEM"];
                if !is_part.iter().any(|word| token.is_word(word)) {
                    break;
                }
            }
            _ => break,
        }
        length = at + 1;
    }
    length
}

/// Whether a sample is the same each time: `REPEATABLE (3)`, `10% (system, 3)`.
fn is_seeded(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        match &token.raw {
            SqlToken::LParen => depth += 1,
            SqlToken::RParen if depth == 0 => return false,
            SqlToken::RParen => depth -= 1,
            SqlToken::Comma if depth > 0 => return true,
            _ if depth == 0 && is_set(token) => return false,
            _ if token.is_word("REPEATABLE") => return true,
            _ => {}
        }
    }
    false
}

/// Whether a query begins behind these tokens, and has no SELECT yet.
fn begins_query(before: &[Token]) -> bool {
    let mut words = before.iter().rev().filter(|token| !token.is_trivia());
    let Some(last) = words.next() else {
        return true;
    };
    if last.raw == SqlToken::LParen || last.is_word("AS") || is_set(last) {
        return true;
    }
    if last.raw != SqlToken::RParen {
        return false;
    }
    // Behind common table expressions: nothing but them since `WITH`.
    let mut depth = 1_usize;
    for token in words {
        match &token.raw {
            SqlToken::RParen => depth += 1,
            SqlToken::LParen if depth == 0 => return false,
            SqlToken::LParen => depth -= 1,
            _ if depth > 0 => {}
            _ if token.is_word("WITH") => return true,
            _ if token.is_word("SELECT") => return false,
            _ => {}
        }
    }
    false
}

/// Whether the query that these tokens go on with has a SELECT.
fn has_select(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        match &token.raw {
            SqlToken::LParen => depth += 1,
            SqlToken::RParen if depth == 0 => return false,
            SqlToken::RParen => depth -= 1,
            _ if depth > 0 => {}
            _ if is_set(token) => return false,
            _ if token.is_word("SELECT") => return true,
            _ => {}
        }
    }
    false
}

/// Whether the next query of a set operation begins behind the word.
fn is_set(token: &Token) -> bool {
    ["UNION", "EXCEPT", "INTERSECT", "ALL"]
        .iter()
        .any(|word| token.is_word(word))
}

fn next(tokens: &[Token], at: usize) -> Option<&Token> {
    tokens[at + 1..].iter().find(|token| !token.is_trivia())
}

fn blank(span: Span) -> Token {
    Token {
        raw: SqlToken::Whitespace(Whitespace::Space),
        span,
    }
}

/// `LOCK IN SHARE MODE` at the end of a query.
fn mysql(tokens: &[Token]) -> Option<Vec<Token>> {
    let words: Vec<usize> = (0..tokens.len())
        .filter(|at| !tokens[*at].is_trivia())
        .collect();
    let tail = words.len().checked_sub(4)?;
    let is_lock = words[tail..]
        .iter()
        .zip(["LOCK", "IN", "SHARE", "MODE"])
        .all(|(at, word)| tokens[*at].is_word(word));
    is_lock.then(|| tokens[..words[tail]].to_vec())
}

/// `SEL` is short for `SELECT`.
fn teradata(tokens: &[Token]) -> Option<Vec<Token>> {
    let is_short = |token: &Token| token.is_word("SEL");
    tokens.iter().any(is_short).then(|| {
        let long = |token: &Token| match is_short(token) {
            true => Token {
                raw: SqlToken::make_keyword("SELECT"),
                span: token.span,
            },
            false => token.clone(),
        };
        tokens.iter().map(long).collect()
    })
}
