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

/// `FROM t WHERE a`, a query without SELECT, and `USING SAMPLE 10%` at the end
/// of one.
fn duckdb(tokens: &[Token]) -> Option<Vec<Token>> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len() + 4);
    let mut is_changed = false;
    let mut sample = None;
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match &token.raw {
            SqlToken::LParen => depth += 1,
            SqlToken::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        // A sample ends with its query.
        if sample.is_some_and(|opened| depth < opened || depth == opened && is_set(token)) {
            sample = None;
        }
        if token.is_word("USING") && next(tokens, at).is_some_and(|next| next.is_word("SAMPLE")) {
            sample = Some(depth);
            is_changed = true;
        }
        if sample.is_some() {
            out.push(blank(token.span));
            continue;
        }
        if token.is_word("FROM") && begins_query(&out) && !has_select(&tokens[at + 1..]) {
            let span = Span {
                start: token.span.start,
                end: token.span.start,
            };
            let words = [SqlToken::make_keyword("SELECT"), SqlToken::Mul];
            out.extend(words.map(|raw| Token { raw, span }));
            is_changed = true;
        }
        out.push(token.clone());
    }
    is_changed.then_some(out)
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
