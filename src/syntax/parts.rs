//! Reads a program in parts, so that tokens and syntax trees are there for a
//! few statements at a time, and on several threads.

use super::ast::{Program, Statement};
use super::split::{Split, split};
use super::sql::{self, Reading};
use super::statement;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::parallel;
use crate::source::{SourceFile, Span};

/// The bytes that a part has at least. Its tokens take fifty times that, which
/// should stay in a processor's cache.
const PART: usize = 8 * 1024;

/// What a part of a program says.
#[derive(Default)]
struct Part {
    statements: Vec<Statement>,
    diagnostics: Diagnostics,
    /// Where its last whole statement ends; with none, where it begins.
    end: usize,
}

/// Parses a program. Problems are independent of each other: a statement
/// that does not parse is left out and the next one is read all the same.
pub fn parse(source: &SourceFile, reading: impl Into<Reading>) -> (Program, Diagnostics) {
    parse_in_parts(source, reading.into(), PART)
}

/// A part is cut behind a `;` that looks like the end of a statement. Only the
/// part in front of it shows whether it is one and not within a string, so
/// several threads read ahead on the guess, and what began in the wrong place
/// is read again.
fn parse_in_parts(source: &SourceFile, reading: Reading, size: usize) -> (Program, Diagnostics) {
    let text = source.text();
    let ends = ends(text, size);
    let mut ahead = if reading.threads.get() > 1 && ends.len() > 1 {
        parallel::map(reading.threads, ends.len(), |number| {
            let start = number.checked_sub(1).map_or(0, |before| ends[before]);
            let end = ends[number];
            (start, part(source, reading, Span { start, end }))
        })
    } else {
        Vec::new()
    }
    .into_iter()
    .peekable();

    let mut program = Program::default();
    let mut diagnostics = Diagnostics::default();
    let mut at = 0;
    let mut wanted = size;
    while at < text.len() {
        while ahead.next_if(|(start, _)| *start < at).is_some() {}
        let part = match ahead.next_if(|(start, _)| *start == at) {
            Some((_, part)) => part,
            None => {
                let behind = ends.partition_point(|end| *end < at.saturating_add(wanted));
                let end = ends.get(behind).copied().unwrap_or(text.len());
                part(source, reading, Span { start: at, end })
            }
        };
        // A statement that is longer than its part is looked for in twice as
        // much, so that it is not read more often than its length has digits.
        wanted = if part.end > at { size } else { wanted * 2 };
        at = part.end;
        program.statements.extend(part.statements);
        diagnostics.extend(part.diagnostics);
    }
    if program.statements.is_empty() && diagnostics.is_empty() {
        let end = text.len();
        let span = Span { start: end, end };
        diagnostics.push(
            Diagnostic::new(Code::EmptyProgram, span, "the program has no statement")
                .help("write SQL statements separated by `;`"),
        );
    }
    program.is_whole = !diagnostics.has_errors();
    (program, diagnostics)
}

/// Where parts of about a size may end, the last one at the text's end.
fn ends(text: &str, size: usize) -> Vec<usize> {
    let bytes = text.as_bytes();
    let looks_like_an_end = |at: usize| {
        let next = bytes.get(at + 1);
        bytes[at] == b';' && next.is_none_or(u8::is_ascii_whitespace)
    };
    let mut ends = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let first = bytes.len().min(start.saturating_add(size.max(1)));
        let end = (first..=bytes.len())
            .find(|end| looks_like_an_end(end - 1))
            .unwrap_or(bytes.len());
        ends.push(end);
        start = end;
    }
    ends
}

/// Reads the whole statements of a part that begins where a statement begins.
/// Only behind the last part nothing follows that could belong to it.
fn part(source: &SourceFile, reading: Reading, span: Span) -> Part {
    let (mut tokens, error) = sql::tokenize_part(source, reading.dialect, span);
    let Split {
        mut statements,
        open,
    } = split(source, reading.dialect, &tokens);
    let mut part = Part {
        end: statements
            .last()
            .map_or(span.start, |last| tokens[last.end].span.end),
        ..Part::default()
    };
    let is_last = span.end == source.text().len();
    if is_last {
        part.end = span.end;
        // What stands before a broken token is no whole statement.
        statements.extend(error.is_none().then_some(open));
    }
    for range in statements {
        let tokens = &mut tokens[range];
        let statement = statement::read(source, reading, tokens, &mut part.diagnostics);
        part.statements.extend(statement);
    }
    if is_last && let Some(error) = error {
        part.diagnostics.push(error);
    }
    part
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::num::NonZeroUsize;

    use super::*;
    use crate::syntax::sql::Dialect;

    /// What a program says when it is read in parts of a size.
    fn outline(text: &str, dialect: Dialect, size: usize, threads: usize) -> String {
        let source = SourceFile::new("test.sql", text);
        let reading = Reading {
            threads: NonZeroUsize::new(threads).unwrap(),
            ..Reading::from(dialect)
        };
        let (program, diagnostics) = parse_in_parts(&source, reading, size);
        let mut out = String::new();
        for statement in &program.statements {
            writeln!(out, "{statement:?}").unwrap();
        }
        for diagnostic in diagnostics.iter() {
            writeln!(out, "{diagnostic:?}").unwrap();
        }
        out
    }

    fn assert_parts_change_nothing(text: &str, dialect: Dialect) {
        let whole = outline(text, dialect, usize::MAX, 1);
        for size in [1, 16, 100] {
            for threads in [1, 3] {
                let parts = outline(text, dialect, size, threads);
                assert_eq!(parts, whole, "{dialect:?}, parts of {size}: {text:?}");
            }
        }
    }

    const PIECES: [&str; 77] = [
        ";",
        ";",
        ";\n",
        "; ",
        ";\r\n",
        "; -- a;\n",
        "\n",
        "\r\n",
        "\t",
        " ",
        "'",
        "''",
        "'''",
        "\"",
        "\"\"\"",
        "`",
        "[",
        "]",
        "(",
        ")",
        "{{",
        "}}",
        "$$",
        "$a$",
        "$",
        "/*",
        "*/",
        "/*!",
        "/*!50110 ",
        "/*+ a */",
        "--",
        "#",
        "//",
        "\\",
        "E'",
        "e'\\'",
        "q'[",
        "]'",
        "r'",
        "U&'",
        "N'",
        "X'",
        "@",
        ":",
        "1.",
        "1e",
        "1_",
        "_",
        "é",
        "😀",
        "\u{2028}",
        "x",
        "BEGIN",
        "BEGIN ",
        "END",
        " END ",
        "CASE ",
        " IF ",
        "CREATE PROCEDURE p() ",
        "DECLARE ",
        "DELIMITER ",
        "{%",
        "%}",
        "{#",
        "#}",
        "{",
        "}",
        "\n/\n",
        "\nGO\n",
        "SELECT 1",
        "SELECT a FROM t",
        "SELECT 'a;b', \"c;\" FROM t;\n",
        "SELECT * FROM t TO TRAIN xgboost.gbtree LABEL c INTO m;\n",
        "SELECT * FROM t TO PREDICT p.c USING m; ",
        "-- sqlflowc: cpu=1\n",
        "CREATE TABLE x (a int)",
        "DROP TABLE x",
    ];

    #[test]
    fn a_program_read_in_parts_is_the_program() {
        // A sequence that only looks like chance fails the same way each time.
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for dialect in Dialect::ALL {
            for _ in 0..60 {
                let count = next(40);
                let text: String = (0..count).map(|_| PIECES[next(PIECES.len())]).collect();
                assert_parts_change_nothing(&text, *dialect);
            }
        }
    }

    #[test]
    fn a_statement_may_be_longer_than_any_part() {
        let long = format!("SELECT '{}';\nSELECT 2;\n", ";\n'';\n".repeat(1000));
        let program = format!(
            "SELECT 1;\n{long}{long}/* {} */ SELECT 3",
            ";\n".repeat(5000)
        );
        assert_parts_change_nothing(&program, Dialect::DuckDb);
    }
}
