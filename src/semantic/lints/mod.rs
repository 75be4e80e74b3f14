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

pub(crate) use allow::Allowances;

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Action, Resource, Step};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Effects, Name, Rows, SqlQuery, Statement, StatementKind};
use crate::syntax::sql::Dialect;

/// The query in `validation.select` of a training.
pub(super) struct Validation {
    /// The value that holds the query.
    pub(super) span: Span,
    pub(super) text: String,
    pub(super) rows: Rows,
    pub(super) reads: BTreeSet<Resource>,
}

/// Looks for what is probably wrong, statement by statement, so that none has
/// to be kept. What it says is worth nothing if the program has errors, since
/// it looks at a part of it then.
pub(super) struct Lints<'a> {
    source: &'a SourceFile,
    lost: lost::Lost<'a>,
    split: split::Split<'a>,
    wide: wide::Wide,
    diagnostics: Diagnostics,
}

impl<'a> Lints<'a> {
    pub(super) fn new(source: &'a SourceFile, dialect: Dialect) -> Lints<'a> {
        Lints {
            source,
            lost: lost::Lost::new(source, dialect),
            split: split::Split::new(source, dialect),
            wide: wide::Wide::default(),
            diagnostics: Diagnostics::default(),
        }
    }

    /// Looks at a statement that has become the step at a place in the
    /// program's order.
    pub(super) fn look(
        &mut self,
        at: usize,
        statement: &Statement,
        step: &Step,
        validation: Option<&Validation>,
    ) {
        let seen = Seen {
            source: self.source,
            at,
            statement,
            step,
            validation,
        };
        self.lost.look(seen, &mut self.diagnostics);
        self.split.look(seen, &mut self.diagnostics);
        self.wide.look(seen, &mut self.diagnostics);
        useless_gpu(seen, &mut self.diagnostics);
    }

    pub(super) fn finish(self) -> Diagnostics {
        self.diagnostics
    }
}

/// A statement and the step that it has become.
#[derive(Clone, Copy)]
struct Seen<'a> {
    source: &'a SourceFile,
    /// Its place among the pieces.
    at: usize,
    statement: &'a Statement,
    step: &'a Step,
    validation: Option<&'a Validation>,
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
