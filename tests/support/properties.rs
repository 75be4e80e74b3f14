//! What holds for every text whatever, checked here on known texts and by the
//! fuzz targets on texts that nobody thought of.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a property that does not hold ends the test"
)]

use std::collections::BTreeSet;

use serde_json::Value;
use sqlflowc::backend::{self, Target};
use sqlflowc::compile;
use sqlflowc::diagnostic::{Diagnostics, Format, render};
use sqlflowc::plan::{self, Plan};
use sqlflowc::source::{SourceFile, Span};
use sqlflowc::syntax;
use sqlflowc::syntax::sql::{self, Dialect, Reading, Unparsed};

/// Tokens cover the text without gaps, up to where it cannot be read.
pub(crate) fn tokens_cover_the_text(text: &str, dialect: Dialect) {
    let source = SourceFile::new("program.sql", text);
    let (tokens, error) = sql::tokenize(&source, dialect);
    let mut end = 0;
    let mut last = None;
    for token in &tokens {
        assert_is_place(&source, token.span);
        // MySQL's executable comments are one place for all tokens in them, or
        // without any.
        let is_comment = |start| source.text()[start..].starts_with("/*!");
        if last == Some(token.span) && is_comment(token.span.start) {
            continue;
        }
        let is_gap = token.span.start > end && is_comment(end);
        assert!(
            token.span.start == end || is_gap,
            "a gap in front of {:?}",
            source.slice(token.span)
        );
        end = token.span.end;
        last = Some(token.span);
    }
    match error {
        None => {
            let rest = &source.text()[end..];
            assert!(
                rest.is_empty() || rest.starts_with("/*!"),
                "the end is missing"
            );
        }
        Some(error) => {
            assert_is_place(&source, error.span);
            assert!(error.span.start >= end, "the error is inside a good token");
        }
    }
}

/// A statement means the same alone as among others.
pub(crate) fn statements_are_independent(text: &str, dialect: Dialect) {
    let source = SourceFile::new("program.sql", text);
    let (program, diagnostics) = syntax::parse(&source, dialect);
    assert_are_readable(&source, &diagnostics);
    let mut end = 0;
    for statement in &program.statements {
        let Span { start, end: last } = statement.span;
        assert!(start >= end && last > start, "statements overlap");
        assert_is_place(&source, statement.span);
        // What its directives say belongs to it, and they stand above it.
        let start = match statement.directives.as_slice() {
            [] => start,
            _ => end,
        };
        end = last;
        // Spaces in front keep every place what it was.
        let own = source.slice(Span { start, end });
        let alone = format!("{}{own}", " ".repeat(start));
        let alone = SourceFile::new("program.sql", alone);
        let (again, _) = syntax::parse(&alone, dialect);
        let [again] = again.statements.as_slice() else {
            panic!("{} statements where one was", again.statements.len());
        };
        assert_eq!(
            serde_json::to_value(&again.kind).unwrap(),
            serde_json::to_value(&statement.kind).unwrap(),
        );
    }
}

/// Every problem can be shown, and without a problem every target has an
/// artifact that is the same each time.
pub(crate) fn compiles_or_says_why(text: &str, dialect: Dialect, unparsed: Unparsed) {
    let source = SourceFile::new("program.sql", text);
    let reading = Reading {
        unparsed,
        ..Reading::from(dialect)
    };
    let (plan, diagnostics) = compile::plan(&source, reading);
    assert_are_readable(&source, &diagnostics);
    let Some(plan) = plan else {
        assert!(diagnostics.has_errors(), "neither a plan nor an error");
        return;
    };
    assert_is_plan(&plan);
    let options = super::options::options("program", &source);
    for target in Target::ALL {
        match backend::emit(&plan, *target, &options) {
            Ok(artifact) => {
                let (again, _) = compile::compile(&source, reading, *target, &options);
                assert_eq!(again.as_deref(), Some(artifact.as_str()));
            }
            Err(errors) => {
                assert!(errors.has_errors());
                assert_are_readable(&source, &errors);
            }
        }
    }
}

/// Names are unique DNS labels, and steps wait only for earlier ones.
fn assert_is_plan(plan: &Plan) {
    let mut names = BTreeSet::new();
    for (at, planned) in plan.steps().enumerate() {
        let name = planned.name.as_str();
        for needed in plan.needs_names(at) {
            assert!(names.contains(needed), "{name} waits for {needed}");
        }
        assert!(names.insert(name), "two steps are called {name}");
        assert!(name.len() <= 28 && name.starts_with(|c: char| c.is_ascii_lowercase()));
        assert!(name.ends_with(|c: char| c.is_ascii_alphanumeric()));
        assert!(
            name.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        );
    }
    let document: Value = serde_json::from_str(&plan::show(plan, plan::Format::Json)).unwrap();
    assert_eq!(document["steps"].as_array().map(Vec::len), Some(plan.len()));
}

/// Each problem has a place in the text, a message, and a form for each
/// reader.
fn assert_are_readable(source: &SourceFile, diagnostics: &Diagnostics) {
    for diagnostic in diagnostics.iter() {
        assert_is_place(source, diagnostic.span);
        for note in &diagnostic.notes {
            assert_is_place(source, note.span);
        }
        let message = &diagnostic.message;
        assert!(!message.is_empty() && !message.contains('\n'), "{message}");
    }
    for format in [
        Format::Human { colour: false },
        Format::Json,
        Format::Sarif,
        Format::Github,
    ] {
        let text = render(source, diagnostics, format);
        assert_eq!(
            text.is_empty(),
            diagnostics.is_empty() && format != Format::Sarif
        );
    }
}

fn assert_is_place(source: &SourceFile, span: Span) {
    let text = source.text();
    assert!(
        span.start <= span.end && span.end <= text.len(),
        "{span:?} of {}",
        text.len()
    );
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
}
