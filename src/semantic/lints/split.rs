//! Training and test data that are not apart.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Seen, Validation, tables};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Resource;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Effects, Role, Rows, StatementKind};
use crate::syntax::sql::{self, Dialect};

/// Knows how the rows of tables and trainings were chosen.
pub(super) struct Split<'a> {
    source: &'a SourceFile,
    dialect: Dialect,
    trainings: BTreeMap<String, Training<'a>>,
    /// The choices that went into a table; one without any has no entry.
    tables: BTreeMap<String, Vec<Draw>>,
    views: BTreeMap<String, View>,
    /// The last statement that wrote a table.
    written: BTreeMap<String, usize>,
    /// The last statement that may have written any.
    barrier: Option<usize>,
}

/// A choice of rows by chance.
#[derive(Clone)]
struct Draw {
    /// The statement that chose, for the length of the program.
    at: usize,
    span: Span,
    why: &'static str,
    /// What it chose from.
    from: Rc<BTreeSet<String>>,
}

/// A view chooses anew for everyone who reads it.
struct View {
    span: Span,
    drawn: Option<&'static str>,
    random_values: bool,
    from: Rc<BTreeSet<String>>,
}

struct Training<'a> {
    at: usize,
    data: Data<'a>,
    draws: Vec<Draw>,
}

/// The rows that a training or an evaluation works on.
struct Data<'a> {
    span: Span,
    text: &'a str,
    whole_table: bool,
    /// The tables, in the order of their names.
    reads: Vec<String>,
}

impl<'a> Data<'a> {
    fn new(span: Span, text: &'a str, rows: &Rows, reads: &BTreeSet<Resource>) -> Data<'a> {
        Data {
            span,
            text,
            whole_table: rows.whole_table,
            reads: tables(reads).map(str::to_owned).collect(),
        }
    }
}

/// The choices kept of one table. A table that more have gone into is too
/// tangled for a warning, and a limit keeps the whole linear.
const MOST_DRAWS: usize = 8;

impl<'a> Split<'a> {
    pub(super) fn new(source: &'a SourceFile, dialect: Dialect) -> Split<'a> {
        Split {
            source,
            dialect,
            trainings: BTreeMap::new(),
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            written: BTreeMap::new(),
            barrier: None,
        }
    }

    pub(super) fn look(&mut self, seen: Seen<'_>, diagnostics: &mut Diagnostics) {
        match &seen.statement.kind {
            StatementKind::Sql(sql) => self.sql(seen, &sql.effects),
            // A model that learns no label can be measured on what it has seen:
            // how well it describes these rows is the question.
            StatementKind::Train(train) if train.label.is_none() => self.describe(seen),
            StatementKind::Train(train) => self.train(seen, &train.query.effects.rows, diagnostics),
            StatementKind::Evaluate(evaluate) => {
                let data = self.data(seen);
                let rows = &evaluate.query.effects.rows;
                let draws = self.draws(seen.at, data.span, rows, &seen.step.reads);
                let model = evaluate.model.dotted();
                if let Some(training) = self.trainings.get(model.as_str()) {
                    let place = evaluate.model.span;
                    self.compare(training, &data, &draws, "evaluation", place, diagnostics);
                }
            }
            StatementKind::Predict(_)
            | StatementKind::Explain(_)
            | StatementKind::Run(_)
            | StatementKind::Optimize(_)
            | StatementKind::ShowTrain(_) => {}
        }
        for table in seen.writes() {
            match self.written.get_mut(table) {
                Some(at) => *at = seen.at,
                None => {
                    self.written.insert(table.to_owned(), seen.at);
                }
            }
        }
        if seen.step.barrier.is_some() {
            self.barrier = Some(seen.at);
        }
    }

    fn data(&self, seen: Seen<'_>) -> Data<'a> {
        let query = seen.query().expect("an ML statement has a query");
        let span = seen.first_line(query.span);
        let text = self.source.slice(query.span);
        Data::new(span, text, &query.effects.rows, &seen.step.reads)
    }

    /// Where the rows of a query were left to chance, in it and in what it
    /// reads.
    fn draws(&self, at: usize, span: Span, rows: &Rows, reads: &BTreeSet<Resource>) -> Vec<Draw> {
        let mut draws: Vec<Draw> = Vec::new();
        let mut add = |draw: Draw| {
            if draws.len() < MOST_DRAWS && draws.iter().all(|known| known.at != draw.at) {
                draws.push(draw);
            }
        };
        if let Some(why) = rows.drawn {
            add(Draw {
                at,
                span,
                why,
                from: Rc::new(tables(reads).map(str::to_owned).collect()),
            });
        }
        for table in tables(reads) {
            self.tables
                .get(table)
                .into_iter()
                .flatten()
                .cloned()
                .for_each(&mut add);
            let Some(view) = self.views.get(table) else {
                continue;
            };
            // Who takes the random values of all rows has chosen none by them.
            let why = match view.drawn {
                Some(why) => why,
                None if view.random_values && !rows.whole_table => {
                    "its random values are others for everyone who reads it"
                }
                None => continue,
            };
            add(Draw {
                at,
                span: view.span,
                why,
                from: Rc::clone(&view.from),
            });
        }
        draws
    }

    fn sql(&mut self, seen: Seen<'_>, effects: &Effects) {
        let name = effects.writes.first();
        let (Some(table), Some(name)) = (seen.one_written(), name) else {
            return;
        };
        let draws = || self.draws(seen.at, name.span, &effects.rows, &seen.step.reads);
        match (effects.verb, &effects.role) {
            ("create", Role::View) => {
                self.tables.remove(table);
                let view = View {
                    span: name.span,
                    drawn: effects.rows.drawn,
                    random_values: effects.rows.random_values,
                    from: Rc::new(seen.reads().map(str::to_owned).collect()),
                };
                self.views.insert(table.to_owned(), view);
            }
            ("create", _) => {
                let draws = draws();
                self.views.remove(table);
                match draws.is_empty() {
                    true => self.tables.remove(table),
                    false => self.tables.insert(table.to_owned(), draws),
                };
            }
            ("insert", _) => {
                let draws = draws();
                if !draws.is_empty() {
                    let all = self.tables.entry(table.to_owned()).or_default();
                    all.extend(draws);
                    all.truncate(MOST_DRAWS);
                }
            }
            ("drop", _) => {
                self.views.remove(table);
                self.tables.remove(table);
            }
            _ => {}
        }
    }

    fn train(&mut self, seen: Seen<'_>, rows: &Rows, diagnostics: &mut Diagnostics) {
        let data = self.data(seen);
        let training = Training {
            at: seen.at,
            draws: self.draws(seen.at, data.span, rows, &seen.step.reads),
            data,
        };
        if let Some(Validation {
            span,
            text,
            rows,
            reads,
        }) = seen.validation
        {
            let data = Data::new(*span, text, rows, reads);
            // Not the statement's own place: the two queries draw apart.
            let draws = self.draws(usize::MAX, *span, rows, reads);
            self.compare(&training, &data, &draws, "validation", *span, diagnostics);
        }
        // A training writes one model.
        let model = seen.step.writes.iter().find_map(|resource| match resource {
            Resource::Model(model) => Some(model.clone()),
            _ => None,
        });
        if let Some(model) = model {
            // The map keeps the last.
            self.trainings.insert(model, training);
        }
    }

    /// The model of that name, if there was one, is another now.
    fn describe(&mut self, seen: Seen<'_>) {
        for resource in &seen.step.writes {
            if let Resource::Model(model) = resource {
                self.trainings.remove(model.as_str());
            }
        }
    }

    fn compare(
        &self,
        training: &Training<'a>,
        data: &Data<'_>,
        draws: &[Draw],
        what: &str,
        place: Span,
        diagnostics: &mut Diagnostics,
    ) {
        if let Some((first, second)) = drawn_apart(&training.draws, draws) {
            diagnostics.push(apart(first, second, what));
        } else if draws.is_empty() && self.is_same(training, data) {
            let message = format!("the {what} is on the rows that the model is trained on");
            diagnostics.push(
                Diagnostic::new(Code::EvaluationOnTrainingData, place, message)
                    .note(training.data.span, "trained on these")
                    .help(
                        "keep rows back that the training does not see, for example by a hash of \
                         a key or a column that says which part a row belongs to",
                    ),
            );
        }
    }

    /// Whether a query gives the rows that a training had.
    fn is_same(&self, training: &Training<'_>, data: &Data<'_>) -> bool {
        let unchanged = self.barrier.is_none_or(|barrier| barrier < training.at)
            && data
                .reads
                .iter()
                .filter_map(|table| self.written.get(table))
                .all(|written| *written < training.at);
        let learnt = &training.data;
        unchanged
            && data.reads == learnt.reads
            && ((data.whole_table && learnt.whole_table)
                || self.words(data.text) == self.words(learnt.text))
    }

    /// A query without blanks and comments.
    fn words(&self, text: &str) -> Vec<String> {
        let source = SourceFile::new("", text);
        let (tokens, _) = sql::tokenize(&source, self.dialect);
        let words = tokens.iter().filter(|token| !token.is_trivia());
        words
            .map(|token| source.slice(token.span).to_owned())
            .collect()
    }
}

/// Two choices from one table that know nothing of each other.
fn drawn_apart<'d>(training: &'d [Draw], test: &'d [Draw]) -> Option<(&'d Draw, &'d Draw)> {
    let is_shared = |draw: &Draw| training.iter().any(|other| other.at == draw.at);
    if test.iter().any(is_shared) {
        return None;
    }
    training
        .iter()
        .flat_map(|first| test.iter().map(move |second| (first, second)))
        .find(|(first, second)| !first.from.is_disjoint(&second.from))
}

fn apart(first: &Draw, second: &Draw, what: &str) -> Diagnostic {
    let mut both = first.from.intersection(&second.from);
    let table = both.next().map_or("", String::as_str);
    let message = format!(
        "`{table}` is sampled once for the training and again for the {what}, so the two overlap"
    );
    let diagnostic = Diagnostic::new(Code::RandomSplit, second.span, message);
    let diagnostic = match first.span == second.span {
        true => diagnostic,
        false => diagnostic.note(first.span, format!("for the training: {}", first.why)),
    };
    diagnostic.help(format!(
        "{}; split once: make a table with a column that says which part a row belongs to, or \
         decide by a hash of a key",
        second.why
    ))
}
