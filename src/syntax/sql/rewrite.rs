//! SQL of databases that the parser does not know, put into words that it
//! does. What a statement reads and writes stays the same; only the parser
//! ever sees the result.

use sqlparser::tokenizer::{Token as SqlToken, Whitespace};

use super::{Dialect, Token};
use crate::source::Span;

/// The statement in other words, if there are any.
pub(super) fn rewritten(dialect: Dialect, tokens: &[Token]) -> Option<Vec<Token>> {
    match dialect {
        Dialect::DuckDb => duckdb(tokens),
        Dialect::MySql => mysql(tokens),
        Dialect::Teradata => teradata(tokens),
        Dialect::Ansi
        | Dialect::BigQuery
        | Dialect::ClickHouse
        | Dialect::Databricks
        | Dialect::Generic
        | Dialect::Hive
        | Dialect::MsSql
        | Dialect::Oracle
        | Dialect::PostgreSql
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::Spark
        | Dialect::SQLite => None,
    }
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
