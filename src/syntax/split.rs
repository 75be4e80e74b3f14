//! Where statements end.

use std::ops::Range;

use super::sql::{Token, TokenKind};
use crate::source::SourceFile;

/// A program's tokens, or those of a part of it, cut into statements.
pub(super) struct Split {
    /// The tokens of each statement, without the `;` that ends it.
    pub(super) statements: Vec<Range<usize>>,
    /// What stands behind the last of those `;`: a statement that is still
    /// open, or nothing but space and comments.
    pub(super) open: Range<usize>,
}

/// Cuts tokens that begin where a statement begins.
///
/// Where a statement ends depends on its own tokens alone and on none behind
/// its `;`. So a program can be read in parts: what is cut here stays cut when
/// more text follows, and only the open statement is looked at again.
pub(super) fn split(source: &SourceFile, tokens: &[Token]) -> Split {
    let mut statements = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        if is_semicolon(source, token) {
            statements.push(start..at);
            start = at + 1;
        }
    }
    Split {
        statements,
        open: start..tokens.len(),
    }
}

fn is_semicolon(source: &SourceFile, token: &Token) -> bool {
    token.kind() == TokenKind::Symbol && source.slice(token.span) == ";"
}
