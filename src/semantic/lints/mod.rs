//! What is legal and probably wrong, found in a program as a whole.
//!
//! Every lint looks at the statements once, in their order, and keeps what it
//! has to remember by name, so that all of them together are linear. A
//! statement of unknown effects may have read, written or trained anything:
//! lints forget what they know there, since a warning that is wrong is worse
//! than none.

mod allow;
mod lost;
mod split;
mod wide;

pub(crate) use allow::allow;

use std::collections::BTreeSet;

use super::session::Piece;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Action, Resource, Step};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Effects, Name, Program, Rows, SqlQuery, Statement, StatementKind};
use crate::syntax::sql::Dialect;

/// The query in `validation.select` of a training.
pub(super) struct Validation {
    /// Which piece trains.
    pub(super) piece: usize,
    /// The value that holds the query.
    pub(super) span: Span,
    pub(super) text: String,
    pub(super) rows: Rows,
    pub(super) reads: BTreeSet<Resource>,
}

/// Looks for what is probably wrong. What it says is worth nothing if the
/// program has errors, since it looks at a part of it then.
pub(super) fn check(
    source: &SourceFile,
    dialect: Dialect,
    program: &Program,
    pieces: &[Piece],
    validations: &[Validation],
) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let mut lost = lost::Lost::new(source, dialect);
    let mut split = split::Split::new(source, dialect, validations);
    let mut wide = wide::Wide::default();
    // Session state is no piece; all else is one, in the same order.
    let mut statements = program.statements.iter();
    for (at, piece) in pieces.iter().enumerate() {
        let step = &piece.step;
        let Some(statement) = statements.find(|statement| statement.span == step.span) else {
            break;
        };
        let seen = Seen {
            source,
            at,
            statement,
            step,
        };
        lost.look(seen, &mut diagnostics);
        split.look(seen, &mut diagnostics);
        wide.look(seen, &mut diagnostics);
        useless_gpu(seen, &mut diagnostics);
    }
    diagnostics
}

/// A statement and the step that it has become.
#[derive(Clone, Copy)]
struct Seen<'a> {
    source: &'a SourceFile,
    /// Its place among the pieces.
    at: usize,
    statement: &'a Statement,
    step: &'a Step,
}

impl<'a> Seen<'a> {
    /// What plain SQL does.
    fn sql(&self) -> Option<&'a Effects> {
        match &self.statement.kind {
            StatementKind::Sql(sql) => Some(&sql.effects),
            _ => None,
        }
    }

    /// The query in front of an ML clause.
    fn query(&self) -> Option<&'a SqlQuery> {
        match &self.statement.kind {
            StatementKind::Train(train) => Some(&train.query),
            StatementKind::Predict(predict) => Some(&predict.query),
            StatementKind::Explain(explain) => Some(&explain.query),
            StatementKind::Evaluate(evaluate) => Some(&evaluate.query),
            StatementKind::Run(run) => Some(&run.query),
            StatementKind::Optimize(optimize) => Some(&optimize.query),
            StatementKind::Sql(_) | StatementKind::ShowTrain(_) => None,
        }
    }

    /// The table that an ML statement replaces with its result.
    fn result(&self) -> Option<&'a Name> {
        match &self.statement.kind {
            StatementKind::Predict(predict) => Some(&predict.into),
            StatementKind::Explain(explain) => explain.into.as_ref(),
            StatementKind::Evaluate(evaluate) => evaluate.into.as_ref(),
            StatementKind::Optimize(optimize) => optimize.into.as_ref(),
            // What an image does with its tables is up to the image.
            StatementKind::Run(_)
            | StatementKind::Sql(_)
            | StatementKind::Train(_)
            | StatementKind::ShowTrain(_) => None,
        }
    }

    fn reads(&self) -> impl Iterator<Item = &'a str> {
        tables(&self.step.reads)
    }

    fn writes(&self) -> impl Iterator<Item = &'a str> {
        tables(&self.step.writes)
    }

    /// The table that it writes, if it is clear which one that is.
    fn one_written(&self) -> Option<&'a str> {
        let mut writes = self.writes();
        match (writes.next(), writes.next()) {
            (Some(table), None) => Some(table),
            _ => None,
        }
    }

    /// A query, or what there is of it on its first line.
    fn first_line(&self, span: Span) -> Span {
        let line = self.source.slice(span).lines().next().unwrap_or_default();
        Span {
            start: span.start,
            end: span.start + line.trim_end().len(),
        }
    }
}

fn tables(resources: &BTreeSet<Resource>) -> impl Iterator<Item = &str> {
    resources.iter().filter_map(|resource| match resource {
        Resource::Table(table) => Some(table.as_str()),
        Resource::Schema(_)
        | Resource::Model(_)
        | Resource::Sequence(_)
        | Resource::File(_)
        | Resource::Function(_) => None,
    })
}

/// Plain SQL runs in the database; its step only waits for it.
fn useless_gpu(seen: Seen<'_>, diagnostics: &mut Diagnostics) {
    if !matches!(seen.step.action, Action::Query(_) | Action::ShowTrain(_)) {
        return;
    }
    let directives = seen.statement.directives.iter();
    for directive in directives.filter(|d| d.key == "gpu" && d.value != "0") {
        let message = "a graphics processor is reserved and nothing uses it: this statement runs \
                       in the database";
        diagnostics.push(
            Diagnostic::new(Code::DirectiveWithoutEffect, directive.span, message)
                .help("leave `gpu` out, or put it above the training that needs it"),
        );
    }
}
