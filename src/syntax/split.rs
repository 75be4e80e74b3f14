//! Where statements end.

use super::sql::{Token, TokenKind};
use crate::source::SourceFile;

/// A program's tokens, or those of a part of it, cut into statements.
pub(super) struct Split<'t> {
    /// The tokens of each statement, without the `;` that ends it.
    pub(super) statements: Vec<&'t [Token]>,
    /// What stands behind the last of those `;`: a statement that is still
    /// open, or nothing but space and comments.
    pub(super) open: &'t [Token],
}

/// Cuts tokens that begin where a statement begins.
///
/// Where a statement ends depends on its own tokens alone and on none behind
/// its `;`. So a program can be read in parts: what is cut here stays cut when
/// more text follows, and only the open statement is looked at again.
pub(super) fn split<'t>(source: &SourceFile, tokens: &'t [Token]) -> Split<'t> {
    let mut statements = Vec::new();
    let mut open = tokens;
    while let Some(end) = open.iter().position(|token| is_semicolon(source, token)) {
        statements.push(&open[..end]);
        open = &open[end + 1..];
    }
    Split { statements, open }
}

fn is_semicolon(source: &SourceFile, token: &Token) -> bool {
    token.kind() == TokenKind::Symbol && source.slice(token.span) == ";"
}
