//! What formatting must keep: of known programs here, and of any text in the
//! fuzz target.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use serde_json::Value;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax;
use sqlflowc::syntax::format::format;
use sqlflowc::syntax::sql::{self, Dialect, TokenKind};

/// The syntax tree without places; SQL by its text.
fn meaning(source: &SourceFile, dialect: Dialect) -> (Value, Vec<String>) {
    let (program, diagnostics) = syntax::parse(source, dialect);
    let mut tree = serde_json::to_value(&program).unwrap();
    strip(source, &mut tree);
    let messages = diagnostics
        .iter()
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message))
        .collect();
    (tree, messages)
}

fn strip(source: &SourceFile, tree: &mut Value) {
    match tree {
        Value::Object(object) => {
            let is_sql = object.contains_key("effects");
            for value in object.values_mut() {
                match value {
                    Value::String(text) => {
                        if let Some(slice) = slice(source, text) {
                            *text = if is_sql { slice } else { String::new() };
                        }
                    }
                    value => strip(source, value),
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                match value {
                    Value::String(text) if slice(source, text).is_some() => text.clear(),
                    value => strip(source, value),
                }
            }
        }
        _ => {}
    }
}

fn slice(source: &SourceFile, span: &str) -> Option<String> {
    let (start, end) = span.split_once("..")?;
    let span = start.parse().ok()?..end.parse().ok()?;
    source.text().get(span).map(str::to_owned)
}

/// The comments, and what else the program says, in any order.
fn words(source: &SourceFile, dialect: Dialect) -> Vec<String> {
    let (tokens, _) = sql::tokenize(source, dialect);
    let mut words = Vec::new();
    for token in tokens {
        // A line end belongs to some comments, and to a stray sign in some dialects.
        let text = source.slice(token.span).trim_end();
        match token.kind() {
            TokenKind::Space => {}
            TokenKind::Comment => words.push(text.to_owned()),
            _ if matches!(text, "," | ";") || token.is_word("TO") => {}
            TokenKind::Word => words.push(text.to_uppercase()),
            _ => words.push(text.to_owned()),
        }
    }
    words.sort();
    words
}

/// The words that others lack.
fn without(words: Vec<String>, others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let is_missing = |word: &String| match others.iter().position(|other| other == word) {
        Some(at) => {
            others.swap_remove(at);
            false
        }
        None => true,
    };
    words.into_iter().filter(is_missing).collect()
}

/// Formats a program and holds the result against it.
pub(crate) fn check(text: &str, dialect: Dialect) -> String {
    let source = SourceFile::new("program.sql", text);
    let formatted = format(&source, dialect);
    let once = SourceFile::new("program.sql", formatted.text.as_str());
    let shown = || {
        format!(
            "{dialect:?}\n--- before\n{text}\n--- after\n{}",
            once.text()
        )
    };
    assert!(
        words(&source, dialect) == words(&once, dialect),
        "{}\nlost {:?}, gained {:?}",
        shown(),
        without(words(&source, dialect), &words(&once, dialect)),
        without(words(&once, dialect), &words(&source, dialect)),
    );
    let (before, after) = (meaning(&source, dialect), meaning(&once, dialect));
    assert!(before == after, "another meaning: {}", shown());
    assert_eq!(source.has_mark(), once.has_mark());
    let twice = format(&once, dialect);
    assert!(
        formatted.text == twice.text,
        "not done: {}\n--- again\n{}",
        shown(),
        twice.text
    );
    assert_eq!(
        formatted.errors.is_empty(),
        twice.errors.is_empty(),
        "{}",
        shown()
    );
    formatted.text
}
