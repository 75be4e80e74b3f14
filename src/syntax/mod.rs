//! Source text → tokens → AST.

pub mod ast;
mod clause;
mod directive;
pub mod format;
mod parser;
mod parts;
pub mod relation;
mod routine;
pub mod secrets;
mod split;
pub mod sql;
mod statement;
pub mod types;

use std::fmt::Write;

pub use parts::parse;

use crate::source::SourceFile;

/// Tokens one a line, without the spaces between them.
pub fn show_tokens(source: &SourceFile, tokens: &[sql::Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        let kind = token.kind();
        if kind == sql::TokenKind::Space {
            continue;
        }
        let place = source.position(token.span.start);
        let text = source.slice(token.span).trim_end_matches(['\r', '\n']);
        writeln!(
            out,
            "{}:{} {} {}",
            place.line,
            place.column,
            kind.as_str(),
            text.escape_debug(),
        )
        .expect("a string takes all");
    }
    out
}
