//! Names out of `sqlparser`'s trees.

use sqlparser::ast;

use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Ident, Name};

/// A dotted name; `None` when a part is computed by a function.
pub(super) fn name(source: &SourceFile, name: &ast::ObjectName) -> Option<Name> {
    let parts = name
        .0
        .iter()
        .map(|part| part.as_ident().map(|part| ident(source, part)))
        .collect::<Option<Vec<_>>>()?;
    Some(from_parts(parts))
}

pub(super) fn ident(source: &SourceFile, ident: &ast::Ident) -> Ident {
    let span = Span {
        start: super::byte(ident.span.start),
        end: super::byte(ident.span.end),
    };
    debug_assert!(source.text().get(span.start..span.end).is_some());
    Ident {
        text: ident.value.clone(),
        quoted: ident.quote_style.is_some(),
        span,
    }
}

pub(super) fn from_parts(parts: Vec<Ident>) -> Name {
    let span = match (parts.first(), parts.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    };
    Name { parts, span }
}
