//! What holds for every text, on the texts that are at hand: examples,
//! hostile and failing programs, and what fuzzing has found.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fs;

use support::properties::{
    compiles_or_says_why, statements_are_independent, tokens_cover_the_text,
};

use sqlflowc::syntax::sql::{Dialect, Unparsed};

fn texts() -> Vec<String> {
    let mut files = support::examples();
    for folder in ["errors", "hostile", "fuzz"] {
        files.extend(support::programs(folder));
    }
    files
        .iter()
        .map(|file| fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

#[test]
fn tokens_cover_every_text() {
    for text in texts() {
        for dialect in Dialect::ALL {
            tokens_cover_the_text(&text, *dialect);
        }
    }
}

#[test]
fn statements_are_read_one_by_one() {
    for text in texts() {
        for dialect in Dialect::ALL {
            statements_are_independent(&text, *dialect);
        }
    }
}

#[test]
fn every_text_compiles_or_says_why() {
    // One dialect of each way to quote and to comment: every target is compiled twice.
    let dialects = [
        Dialect::MySql,
        Dialect::MsSql,
        Dialect::BigQuery,
        Dialect::PostgreSql,
        Dialect::Snowflake,
    ];
    for text in texts() {
        for dialect in dialects {
            compiles_or_says_why(&text, dialect, Unparsed::Error);
        }
        compiles_or_says_why(&text, Dialect::DuckDb, Unparsed::Barrier);
    }
}
