//! Directive comments: `-- sqlflowc: memory=8Gi cpu=4` above a statement.

use super::ast::{Directive, Name};
use super::parser::Parser;
use super::sql::{self, Dialect, Token, Unparsed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span};

const MARK: &str = "sqlflowc:";

/// Reads the directives of one comment, given with its comment signs. A
/// comment without the mark has none.
pub(super) fn parse(
    source: &SourceFile,
    comment: Span,
    diagnostics: &mut Diagnostics,
) -> Vec<Directive> {
    let text = source.slice(comment);
    let Some(body) = body(text) else {
        return Vec::new();
    };
    let mut directives = Vec::new();
    let mut is_reported = false;
    if body.is_empty() {
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownDirective,
                comment,
                "this comment has no directive",
            )
            .help("write `key=value` behind `sqlflowc:`"),
        );
    }
    for word in body.split_whitespace() {
        // `word` is a part of `text`, so the difference is its place in it.
        let start = comment.start + (word.as_ptr() as usize - text.as_ptr() as usize);
        let span = Span {
            start,
            end: start + word.len(),
        };
        match word.split_once('=') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                directives.push(Directive {
                    key: key.to_owned(),
                    value: value.to_owned(),
                    span,
                });
            }
            // `cpu = 4` is three such words and one mistake.
            _ if is_reported => {}
            _ => {
                is_reported = true;
                let message = format!("`{word}` is no directive");
                diagnostics.push(
                    Diagnostic::new(Code::UnknownDirective, span, message)
                        .help("write `key=value`, without spaces around `=`"),
                );
            }
        }
    }
    directives
}

/// The value of `unparsed`.
pub(super) fn unparsed(directive: &Directive) -> Result<Unparsed, Diagnostic> {
    match directive.value.as_str() {
        "barrier" => Ok(Unparsed::Barrier),
        "error" => Ok(Unparsed::Error),
        value => {
            let message = format!("`unparsed` takes `barrier` or `error`, not `{value}`");
            Err(Diagnostic::new(
                Code::UnknownDirective,
                directive.span,
                message,
            ))
        }
    }
}

/// The tables that `reads` or `writes` lists, as the dialect writes names.
pub(super) fn names(
    source: &SourceFile,
    dialect: Dialect,
    directive: &Directive,
) -> Result<Vec<Name>, Diagnostic> {
    let span = Span {
        start: directive.span.end - directive.value.len(),
        end: directive.span.end,
    };
    let (tokens, error) = sql::tokenize_part(source, dialect, span);
    let words: Vec<&Token> = tokens.iter().collect();
    let mut parser = Parser::new(source, dialect, &words, span);
    let mut names = Vec::new();
    let read = loop {
        match parser.name("a table's name") {
            Ok(name) => names.push(name),
            Err(error) => break Err(error),
        }
        if !parser.eat_symbol(",") {
            break parser.expect_end();
        }
    };
    match (read, error) {
        (Ok(()), None) => Ok(names),
        (Err(_), _) | (_, Some(_)) => {
            let (key, value) = (&directive.key, &directive.value);
            let message = format!("`{key}` takes the names of tables, not `{value}`");
            let help = "write them with commas and no spaces: `reads=clicks,shop.orders`";
            Err(Diagnostic::new(Code::UnknownDirective, directive.span, message).help(help))
        }
    }
}

/// What to say of a comment with directives that no statement takes.
pub(super) fn unused(source: &SourceFile, comment: Span) -> Option<Diagnostic> {
    body(source.slice(comment))?;
    let message = "this directive belongs to no statement";
    Some(
        Diagnostic::new(Code::UnknownDirective, comment, message)
            .help("put it on a line of its own above the statement"),
    )
}

/// What follows the mark in a comment of any form.
fn body(comment: &str) -> Option<&str> {
    let inner = comment
        .strip_prefix("--")
        .or_else(|| comment.strip_prefix("//"))
        .or_else(|| comment.strip_prefix('#'))
        .or_else(|| {
            comment
                .strip_prefix("/*")
                .map(|inner| inner.strip_suffix("*/").unwrap_or(inner))
        })?;
    inner.trim().strip_prefix(MARK)
}
