//! Functions, procedures and triggers whose bodies are in languages that
//! `sqlparser` does not know: what shows of them in front of the body.

use super::ast::{Detail, Effects, Name};
use super::parser::Parser;
use super::sql::{Dialect, Token};
use crate::source::{SourceFile, Span};

const BODY: &str = "what its body does is not looked into";

/// What a statement with a body does: nothing that is known, and when it
/// defines something, the same for whoever calls or fires it.
pub(super) fn effects(
    source: &SourceFile,
    dialect: Dialect,
    words: &[&Token],
    span: Span,
) -> Effects {
    let mut effects = Effects::unknown(BODY);
    let mut parser = Parser::new(source, dialect, words, span);
    let Some(kind) = kind(&mut parser) else {
        return effects;
    };
    if parser.at_word("IF") {
        while parser.next().is_some_and(|token| !token.is_word("EXISTS")) {}
    }
    let Ok(name) = parser.name("a name") else {
        return effects;
    };
    match kind {
        Kind::Routine => {
            let own = name.last().text.to_lowercase();
            effects.verb = "function";
            effects.defines = Some(own);
            effects.details = vec![Detail::Unknown(BODY)];
            if name.parts.len() > 1 {
                effects.details.push(Detail::Within(name));
            }
        }
        Kind::Trigger => {
            effects.verb = "trigger";
            if let Some(table) = table(&mut parser) {
                let name = name.last().text.to_lowercase();
                effects.writes.push(table.clone());
                effects.details.push(Detail::Trigger { table, name });
            }
        }
    }
    effects
}

enum Kind {
    Routine,
    Trigger,
}

/// Reads up to the name of what is defined: `CREATE OR REPLACE DEFINER = …
/// FUNCTION`.
fn kind(parser: &mut Parser<'_>) -> Option<Kind> {
    let first = parser.next()?;
    if !first.is_word("CREATE") && !first.is_word("ALTER") {
        return None;
    }
    // In front of the kind there is no more than that and a user's name.
    const MOST: usize = 12;
    for _ in 0..MOST {
        let token = parser.next()?;
        if token.is_word("FUNCTION") || token.is_word("PROCEDURE") || token.is_word("PROC") {
            return Some(Kind::Routine);
        }
        if token.is_word("TRIGGER") {
            return Some(Kind::Trigger);
        }
    }
    None
}

/// `BEFORE INSERT OR UPDATE OF x ON table`.
fn table(parser: &mut Parser<'_>) -> Option<Name> {
    while !parser.next()?.is_word("ON") {}
    parser.name("a table's name").ok()
}
