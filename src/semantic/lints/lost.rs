//! Work that is thrown away: models trained over, tables made and dropped,
//! results replaced, with nothing having read them.

use std::collections::{BTreeMap, BTreeSet};

use super::Seen;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Resource;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Effects, Role, StatementKind};
use crate::syntax::sql::{self, Dialect};

/// What has been made and not read since, each with the place where.
pub(super) struct Lost<'a> {
    source: &'a SourceFile,
    dialect: Dialect,
    models: BTreeMap<String, Span>,
    /// Tables and views that the program has made.
    tables: BTreeMap<String, Span>,
    /// Tables with rows that would be lost with them.
    filled: BTreeMap<String, Span>,
    /// The words in the program's strings, looked up at the first need:
    /// functions take names of tables so.
    quoted: Option<BTreeSet<String>>,
}

impl<'a> Lost<'a> {
    pub(super) fn new(source: &'a SourceFile, dialect: Dialect) -> Lost<'a> {
        Lost {
            source,
            dialect,
            models: BTreeMap::new(),
            tables: BTreeMap::new(),
            filled: BTreeMap::new(),
            quoted: None,
        }
    }

    pub(super) fn look(&mut self, seen: Seen<'_>, diagnostics: &mut Diagnostics) {
        if seen.step.barrier.is_some() {
            self.models.clear();
            self.tables.clear();
            self.filled.clear();
            return;
        }
        for resource in &seen.step.reads {
            match resource {
                Resource::Model(model) => {
                    self.models.remove(model.as_str());
                }
                Resource::Table(table) => self.forget(table),
                Resource::Schema(_)
                | Resource::Sequence(_)
                | Resource::File(_)
                | Resource::Function(_) => {}
            }
        }
        if let StatementKind::Train(train) = &seen.statement.kind
            && let Some(into) = &train.into
        {
            self.train(seen, into.span, diagnostics);
        }
        if let Some(effects) = seen.sql() {
            self.sql(seen, effects, diagnostics);
        }
        self.result(seen, diagnostics);
    }

    fn forget(&mut self, table: &str) {
        self.tables.remove(table);
        self.filled.remove(table);
    }

    fn train(&mut self, seen: Seen<'_>, into: Span, diagnostics: &mut Diagnostics) {
        for resource in &seen.step.writes {
            let Resource::Model(model) = resource else {
                continue;
            };
            if let Some(first) = self.models.insert(model.clone(), into) {
                let message = format!("this training replaces `{model}`, which nothing has used");
                diagnostics.push(
                    Diagnostic::new(Code::ModelReplacedUnused, into, message)
                        .note(first, "trained here first")
                        .help(
                            "give one of the two models another name, or leave the first training \
                             out",
                        ),
                );
            }
        }
    }

    fn sql(&mut self, seen: Seen<'_>, effects: &Effects, diagnostics: &mut Diagnostics) {
        let clear = (effects.writes.len() == seen.writes().count()).then(|| seen.writes());
        match (effects.verb, &effects.role) {
            // A name that may be one of two tables is neither.
            _ if clear.is_none() => seen.writes().for_each(|table| self.forget(table)),
            ("create", Role::Plain | Role::View | Role::Temporary) => {
                if let (Some(table), [name]) = (seen.one_written(), effects.writes.as_slice()) {
                    self.filled.remove(table);
                    self.tables.insert(table.to_owned(), name.span);
                }
            }
            ("insert", _) => {
                if let (Some(table), [name]) = (seen.one_written(), effects.writes.as_slice()) {
                    self.filled.insert(table.to_owned(), name.span);
                }
            }
            ("drop", _) if self.drops_tables(seen) => {
                for table in seen.writes() {
                    self.filled.remove(table);
                    if let Some(made) = self.tables.remove(table) {
                        self.dropped(seen, table, made)
                            .into_iter()
                            .for_each(|dropped| diagnostics.push(dropped));
                    }
                }
            }
            // What is changed is not used; rows that are gone are not lost.
            ("update" | "delete" | "merge" | "truncate" | "index", _) => {
                seen.writes().for_each(|table| {
                    self.filled.remove(table);
                });
            }
            _ => seen.writes().for_each(|table| self.forget(table)),
        }
    }

    /// `DROP INDEX` drops no table.
    fn drops_tables(&self, seen: Seen<'_>) -> bool {
        let text = self.source.slice(seen.statement.span);
        let mut words = text.split_whitespace().skip(1);
        words.next().is_some_and(|word| {
            ["TABLE", "VIEW", "TEMPORARY", "MATERIALIZED"]
                .iter()
                .any(|kind| word.eq_ignore_ascii_case(kind))
        })
    }

    fn dropped(&mut self, seen: Seen<'_>, table: &str, made: Span) -> Option<Diagnostic> {
        let (source, dialect) = (self.source, self.dialect);
        let quoted = self.quoted.get_or_insert_with(|| quoted(source, dialect));
        let bare = table.rsplit('.').next().unwrap_or(table).to_lowercase();
        if quoted.contains(&bare) {
            return None;
        }
        let message = format!("`{table}` is made here and dropped without being read");
        let dropped = seen.first_line(seen.statement.span);
        Some(
            Diagnostic::new(Code::TableNeverRead, made, message)
                .note(dropped, "dropped here")
                .help("leave it out, or read it before it is dropped"),
        )
    }

    /// An ML statement's result replaces a whole table.
    fn result(&mut self, seen: Seen<'_>, diagnostics: &mut Diagnostics) {
        let (Some(into), Some(table)) = (seen.result(), seen.one_written()) else {
            return;
        };
        if seen.reads().any(|read| read == table) {
            let message = format!("the result replaces `{table}`, which the query reads");
            diagnostics.push(
                Diagnostic::new(Code::ResultReplacesInput, into.span, message)
                    .help("write the result to a table of its own: what the query leaves out of the old one is lost"),
            );
        }
        self.tables.insert(table.to_owned(), into.span);
        if let Some(first) = self.filled.insert(table.to_owned(), into.span) {
            let message =
                format!("the result replaces the rows of `{table}`, which nothing has read");
            diagnostics.push(
                Diagnostic::new(Code::ResultReplacesUnread, into.span, message)
                    .note(first, "written here")
                    .help("write to another table, or leave the first statement out"),
            );
        }
    }
}

/// The words in the strings of a program, in lower case.
fn quoted(source: &SourceFile, dialect: Dialect) -> BTreeSet<String> {
    let (tokens, _) = sql::tokenize(source, dialect);
    let strings = tokens.iter().filter_map(|token| token.string());
    strings
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .map(str::to_lowercase)
        .collect()
}
