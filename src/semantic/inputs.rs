//! The columns that a model is trained on, against those that queries have.
//!
//! Only what the runtime is certain to refuse is an error: a column that may
//! be there, or a type that is not known, is left to the step.

use regex::RegexBuilder;

use super::relations::{Column, Origin, Relation, is_alike, listed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{
    self, ColumnArgument, ColumnClause, ColumnKind, Ident, Name, Value, ValueKind,
};
use crate::syntax::types::Kind;

/// What a trained model needs of a query.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    features: Vec<Input>,
    label: Option<Input>,
    /// Columns of weights and the like, which only learning and measuring use.
    roles: Vec<String>,
    /// Where the model is trained.
    span: Span,
}

#[derive(Debug, Clone)]
struct Input {
    name: String,
    kind: Option<Kind>,
    /// Whether the column's number is used as it is.
    is_number: bool,
}

/// What a feature makes of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// The column by its name alone.
    Plain,
    /// One number, or as many as the shape says.
    Dense { several: bool },
    /// The interval of a number.
    Bucket,
    /// Whole numbers that are categories.
    Id,
    /// Ids or weights in a text or a list.
    Sparse,
    /// Each value a category; of a list, each element.
    Vocabulary,
    /// Each value a category.
    Hash,
}

impl Use {
    /// Why the runtime refuses a column of a type, and what to do about it.
    fn refuses(self, kind: Kind) -> Option<&'static str> {
        const CAST: &str = "CAST it in the query, or take a part of it";
        match (self, kind) {
            (_, Kind::Binary | Kind::Composite | Kind::Interval) => Some(CAST),
            (Use::Bucket, Kind::List) => {
                Some("select one element of it, or make it a vector with `DENSE`")
            }
            (
                Use::Dense { several: true },
                Kind::Boolean
                | Kind::Integer
                | Kind::Decimal
                | Kind::Float
                | Kind::Date
                | Kind::Timestamp
                | Kind::Time,
            ) => Some("leave the shape out: the column holds one number"),
            // The runtime drops every id with a fraction, so that most of the
            // column would be lost without a word.
            (Use::Id, Kind::Float) => Some(
                "ids are whole numbers: CAST the column to INTEGER in the query, or use `BUCKET`",
            ),
            _ => None,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Use::Plain | Use::Dense { .. } | Use::Bucket)
    }
}

/// A column that COLUMN names, and what is made of it.
struct Named<'a> {
    ident: &'a Ident,
    of: Use,
    /// The function around it, for messages.
    function: Option<&'a Ident>,
}

/// Attributes whose value is the name of a column.
const ROLES: [&str; 4] = [
    "weight_column",
    "model.weight_column",
    "group",
    "label_upper_bound",
];

/// Checks the columns of a training, and says what its model needs.
pub(super) fn train(
    train: &ast::Train,
    relation: &Relation,
    diagnostics: &mut Diagnostics,
) -> Inputs {
    let named = named(&train.columns);
    for ident in named.iter().map(|named| named.ident).chain(&train.label) {
        check_column(ident, relation, diagnostics);
    }
    let mut roles = Vec::new();
    for attribute in &train.attributes {
        if let ValueKind::String(name) | ValueKind::Word(name) = &attribute.value.kind
            && ROLES.contains(&attribute.name.as_str())
        {
            check_name(name, attribute.value.span, relation, diagnostics);
            // A class of an image may do with its columns as it likes.
            let same = |named: &&Named<'_>| is_alike(&named.ident.text, name);
            if let Some(feature) = named.iter().find(same)
                && train.estimator.image.is_none()
            {
                let message = format!("`{name}` is the `{}` and a feature", attribute.name);
                diagnostics.push(
                    Diagnostic::new(Code::LabelAmongFeatures, feature.ident.span, message)
                        .note(attribute.value.span, "it is named here")
                        .help("take it out of `COLUMN`; what needs it twice selects it twice, under two names"),
                );
            }
            roles.push(name.clone());
        }
    }
    for named in &named {
        check_type(named, relation, diagnostics);
    }
    if let Some(label) = &train.label {
        check_label_type(label, relation, diagnostics);
    }
    let label = train.label.as_ref().map(|label| label.text.as_str());
    let is_reserved = |name: &str| {
        let mut reserved = label.into_iter().chain(roles.iter().map(String::as_str));
        reserved.any(|other| is_alike(other, name))
    };
    let free: Vec<&Column> = relation
        .columns
        .iter()
        .filter(|column| {
            column
                .name
                .as_deref()
                .is_some_and(|name| !is_reserved(name))
        })
        .collect();

    let mut features: Vec<_> = named
        .iter()
        .map(|named| Input {
            name: named.ident.text.clone(),
            kind: relation
                .column(&named.ident.text)
                .and_then(|column| column.kind),
            is_number: named.of.is_number(),
        })
        .collect();
    let entries = || train.columns.iter().flat_map(|clause| &clause.columns);
    for entry in entries() {
        if let ColumnKind::Pattern(pattern) = &entry.kind
            && let Some(pattern) = regex(pattern)
        {
            let matching: Vec<_> = free
                .iter()
                .copied()
                .filter(|c| pattern.is_match(name(c)))
                .collect();
            if matching.is_empty() && relation.is_complete() {
                diagnostics.push(no_match(entry, &free, relation));
            }
            features.extend(matching.into_iter().map(plain_input));
        }
    }
    let every = match train.columns.is_empty() {
        true => Some(train.estimator.span),
        false => entries()
            .find(|entry| entry.kind == ColumnKind::All)
            .map(|entry| entry.span),
    };
    if let Some(span) = every {
        let is_named = |column: &&Column| features.iter().any(|f| is_alike(&f.name, name(column)));
        let rest: Vec<_> = free
            .iter()
            .copied()
            .filter(|column| !is_named(column))
            .collect();
        check_duplicates(&rest, span, relation, diagnostics);
        let is_alone = entries().all(|entry| entry.kind == ColumnKind::All);
        if rest.is_empty() && is_alone && relation.is_complete() {
            diagnostics.push(nothing_left(span, relation));
        }
        // What is no feature by its type is left out by `*`, so of a column
        // of unknown type it is unknown whether the model needs it.
        let usable = rest.into_iter().filter(|column| {
            column
                .kind
                .is_some_and(|kind| Use::Plain.refuses(kind).is_none())
        });
        features.extend(usable.map(plain_input));
    }
    Inputs {
        features,
        label: label.map(|label| Input {
            name: label.to_owned(),
            kind: relation.column(label).and_then(|column| column.kind),
            is_number: false,
        }),
        roles,
        span: train
            .into
            .as_ref()
            .map_or(train.estimator.span, |into| into.span),
    }
}

fn name(column: &Column) -> &str {
    column.name.as_deref().unwrap_or_default()
}

fn plain_input(column: &Column) -> Input {
    Input {
        name: name(column).to_owned(),
        kind: column.kind,
        is_number: true,
    }
}

/// The columns that a COLUMN clause names, with what is made of each.
fn named(clauses: &[ColumnClause]) -> Vec<Named<'_>> {
    fn collect<'a>(
        column: &'a ast::Column,
        of: Use,
        around: Option<&'a Ident>,
        named: &mut Vec<Named<'a>>,
    ) {
        match &column.kind {
            ColumnKind::Name(ident) => named.push(Named {
                ident,
                of,
                function: around,
            }),
            ColumnKind::All | ColumnKind::Pattern(_) => {}
            ColumnKind::Call {
                function,
                arguments,
            } => {
                let of = inner_use(function, arguments, of);
                // `CATEGORY_ID(DENSE(a), 9)` is about ids.
                let is_layout = ["DENSE", "NUMERIC", "SPARSE"]
                    .iter()
                    .any(|layout| function.text.eq_ignore_ascii_case(layout));
                let function = around.filter(|_| is_layout).unwrap_or(function);
                for (at, argument) in arguments.iter().enumerate() {
                    match argument {
                        // Only the first argument is a column.
                        ColumnArgument::Column(column) if at == 0 => {
                            collect(column, of, Some(function), named);
                        }
                        ColumnArgument::Columns(columns, _) if at == 0 => {
                            for column in columns {
                                collect(column, of, Some(function), named);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    let mut named = Vec::new();
    for column in clauses.iter().flat_map(|clause| &clause.columns) {
        collect(column, Use::Plain, None, &mut named);
    }
    named
}

/// What a function makes of its column; inside another function that reads ids, `DENSE`
/// and `SPARSE` only say how they are written.
fn inner_use(function: &Ident, arguments: &[ColumnArgument], around: Use) -> Use {
    match function.text.to_ascii_uppercase().as_str() {
        "DENSE" | "NUMERIC" => match around {
            Use::Id | Use::Sparse => around,
            Use::Vocabulary => Use::Sparse,
            Use::Hash => Use::Vocabulary,
            Use::Plain | Use::Dense { .. } | Use::Bucket => Use::Dense {
                several: arguments.get(1).is_some_and(is_several),
            },
        },
        "SPARSE" => match around {
            Use::Id => Use::Id,
            _ => Use::Sparse,
        },
        "BUCKET" => Use::Bucket,
        "CATEGORY_ID" | "SEQ_CATEGORY_ID" => Use::Id,
        "CATEGORY_HASH" | "CROSS" => Use::Hash,
        "EMBEDDING" | "INDICATOR" => Use::Vocabulary,
        _ => around,
    }
}

/// Whether a shape asks for more than one number.
fn is_several(shape: &ColumnArgument) -> bool {
    fn is_more_than_one(value: &Value) -> bool {
        match &value.kind {
            ValueKind::Integer(digits) => digits.parse::<u64>().is_ok_and(|size| size > 1),
            ValueKind::List(values) => values.iter().any(is_more_than_one),
            _ => false,
        }
    }
    matches!(shape, ColumnArgument::Value(value) if is_more_than_one(value))
}

pub(super) fn check_column(ident: &Ident, relation: &Relation, diagnostics: &mut Diagnostics) {
    check_name(&ident.text, ident.span, relation, diagnostics);
}

pub(super) fn check_name(
    name: &str,
    span: Span,
    relation: &Relation,
    diagnostics: &mut Diagnostics,
) {
    if relation.lacks(name) {
        let message = format!("the query has no column `{name}`");
        let diagnostic = Diagnostic::new(Code::UnknownColumn, span, message).suggest(
            name,
            relation.names(),
            || format!("it selects {}", listed(relation.names())),
        );
        diagnostics.push(relation.explain(diagnostic, "the query's columns come from here"));
    } else if relation.has(name) && relation.column(name).is_none() {
        let message = format!("the query has more than one column `{name}`");
        diagnostics.push(
            Diagnostic::new(Code::DuplicateColumn, span, message)
                .help("rename one with `AS`, or join with `USING`, which keeps one of both"),
        );
    }
}

/// `*` takes each column by its name, which then must be one column's.
fn check_duplicates(
    columns: &[&Column],
    span: Span,
    relation: &Relation,
    diagnostics: &mut Diagnostics,
) {
    let mut told: Vec<&str> = Vec::new();
    for column in columns {
        let name = name(column);
        if relation.column(name).is_none() && !told.contains(&name) {
            told.push(name);
            let message =
                format!("every selected column is a feature, and two are called `{name}`");
            diagnostics.push(
                Diagnostic::new(Code::DuplicateColumn, span, message)
                    .help("rename one with `AS`, or list the features in `COLUMN`"),
            );
        }
    }
}

fn check_type(named: &Named<'_>, relation: &Relation, diagnostics: &mut Diagnostics) {
    let Some(kind) = relation
        .column(&named.ident.text)
        .and_then(|column| column.kind)
    else {
        return;
    };
    let Some(help) = named.of.refuses(kind) else {
        return;
    };
    let (column, what) = (&named.ident.text, kind.describe());
    let message = match named.function {
        Some(function) => {
            let function = function.text.to_uppercase();
            if named.of == (Use::Dense { several: true }) && kind != Kind::List {
                format!("column `{column}` is {what}, and `{function}` asks for several numbers")
            } else {
                format!("column `{column}` is {what}, of which `{function}` can make nothing")
            }
        }
        None => format!("column `{column}` is {what}, which is no feature"),
    };
    let diagnostic =
        Diagnostic::new(Code::ColumnTypeDoesNotFit, named.ident.span, message).help(help);
    diagnostics.push(relation.explain(diagnostic, "its type comes from here"));
}

fn check_label_type(label: &Ident, relation: &Relation, diagnostics: &mut Diagnostics) {
    let kind = relation.column(&label.text).and_then(|column| column.kind);
    if let Some(kind @ (Kind::Binary | Kind::Composite | Kind::Interval | Kind::List)) = kind {
        let message = format!(
            "label `{}` is {}, which cannot be learned",
            label.text,
            kind.describe()
        );
        let diagnostic = Diagnostic::new(Code::ColumnTypeDoesNotFit, label.span, message)
            .help("a label is a number, or for a classifier a text");
        diagnostics.push(relation.explain(diagnostic, "its type comes from here"));
    }
}

/// The pattern as the runtime matches it. What this library does not read is
/// left to the runtime's.
fn regex(pattern: &str) -> Option<regex::Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .case_insensitive(true)
        .build()
        .ok()
}

fn no_match(entry: &ast::Column, free: &[&Column], relation: &Relation) -> Diagnostic {
    let ColumnKind::Pattern(pattern) = &entry.kind else {
        unreachable!("only a pattern matches nothing");
    };
    let message = format!("no column of the query matches `{pattern}`");
    let names = || free.iter().map(|column| name(column));
    let diagnostic = Diagnostic::new(Code::NoMatchingColumn, entry.span, message).suggest(
        pattern,
        names(),
        || {
            format!(
                "a pattern matches whole names; the columns are {}",
                listed(names())
            )
        },
    );
    relation.explain(diagnostic, "the query's columns come from here")
}

fn nothing_left(span: Span, relation: &Relation) -> Diagnostic {
    let message = "the query selects nothing but the label, so that no column is a feature";
    let diagnostic = Diagnostic::new(Code::NoMatchingColumn, span, message)
        .help("select the columns to learn from");
    relation.explain(diagnostic, "the query's columns come from here")
}

impl Inputs {
    /// Checks the query of `validation.select`, which stands at `span`.
    pub(super) fn check_validation(
        &self,
        relation: &Relation,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) {
        let label = self.label.iter().map(|label| label.name.as_str());
        let needs = self.names().chain(label).chain(self.roles());
        let message =
            |missing: &str| format!("`validation.select` lacks {missing} of the training query");
        self.check_missing(needs, span, relation, &message, diagnostics);
        self.check_types(relation, span, diagnostics);
    }

    /// Checks a query that the model is applied to.
    pub(super) fn check_query(
        &self,
        model: &Name,
        relation: &Relation,
        diagnostics: &mut Diagnostics,
    ) {
        let message = |missing: &str| {
            format!(
                "the query lacks {missing}, which `{}` was trained on",
                model.dotted()
            )
        };
        self.check_missing(self.names(), model.span, relation, &message, diagnostics);
        self.check_types(relation, model.span, diagnostics);
    }

    pub(super) fn check_evaluate(
        &self,
        evaluate: &ast::Evaluate,
        relation: &Relation,
        diagnostics: &mut Diagnostics,
    ) {
        let model = &evaluate.model;
        // What LABEL says instead is checked where it stands.
        let label = match &evaluate.label {
            Some(_) => None,
            None => self.label.as_ref().map(|label| label.name.as_str()),
        };
        let needs = self.names().chain(label).chain(self.roles());
        let message = |missing: &str| {
            format!(
                "the query lacks {missing}, which `{}` was trained on",
                model.dotted()
            )
        };
        self.check_missing(needs, model.span, relation, &message, diagnostics);
        self.check_types(relation, model.span, diagnostics);
    }

    pub(super) fn check_predict(
        &self,
        predict: &ast::Predict,
        model: &Name,
        relation: &Relation,
        diagnostics: &mut Diagnostics,
    ) {
        self.check_query(model, relation, diagnostics);
        let column = &predict.column.text;
        let kept = self.kept(relation);
        if kept.iter().any(|kept| {
            kept.name
                .as_deref()
                .is_some_and(|name| is_alike(name, column))
        }) {
            let message =
                format!("the query has a column `{column}` of its own, beside the predicted one");
            let diagnostic = Diagnostic::new(Code::ColumnTaken, predict.column.span, message)
                .help("predict into a column of another name, or leave that one out of the query");
            diagnostics.push(relation.explain(diagnostic, "the query's columns come from here"));
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
    }

    fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(String::as_str)
    }

    fn check_missing<'n>(
        &self,
        needs: impl Iterator<Item = &'n str>,
        span: Span,
        relation: &Relation,
        message: &dyn Fn(&str) -> String,
        diagnostics: &mut Diagnostics,
    ) {
        let mut missing: Vec<_> = needs.filter(|name| relation.lacks(name)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return;
        }
        let columns = match missing.len() {
            1 => "column",
            _ => "columns",
        };
        let message = message(&format!("{columns} {}", listed(missing.iter().copied())));
        let only = missing.first().copied().unwrap_or_default();
        let diagnostic = Diagnostic::new(Code::MissingInput, span, message)
            .note(self.span, "the model is trained here")
            .suggest(only, relation.names(), || {
                format!("the query selects {}", listed(relation.names()))
            });
        diagnostics.push(relation.explain(diagnostic, "the query's columns come from here"));
    }

    /// A date is a number of days to a model, and a number is no date.
    fn check_types(&self, relation: &Relation, span: Span, diagnostics: &mut Diagnostics) {
        for feature in self.features.iter().filter(|feature| feature.is_number) {
            let given = relation
                .column(&feature.name)
                .and_then(|column| column.kind);
            let (Some(trained), Some(given)) = (feature.kind, given) else {
                continue;
            };
            let fits = match trained {
                Kind::Date | Kind::Timestamp => matches!(given, Kind::Date | Kind::Timestamp),
                Kind::Time => given == Kind::Time,
                Kind::Boolean | Kind::Integer | Kind::Decimal | Kind::Float => {
                    !matches!(given, Kind::Date | Kind::Timestamp | Kind::Time)
                }
                // What becomes of a text follows from what it says.
                Kind::Text | Kind::Interval | Kind::Binary | Kind::List | Kind::Composite => true,
            };
            if fits {
                continue;
            }
            let message = format!(
                "column `{}` is {}, and the model was trained on {}",
                feature.name,
                given.describe(),
                trained.describe()
            );
            let diagnostic = Diagnostic::new(Code::InputTypeChanged, span, message)
                .note(self.span, "the model is trained here")
                .help(format!("convert `{}` in the query", feature.name));
            diagnostics.push(relation.explain(diagnostic, "its type comes from here"));
        }
    }

    /// The columns of a query that PREDICT keeps: all but the label.
    fn kept(&self, relation: &Relation) -> Vec<Column> {
        let label = self.label.as_ref().map(|label| label.name.as_str());
        let dropped = label.and_then(|label| relation.column(label)?.name.clone());
        let is_kept = |column: &&Column| dropped.is_none() || column.name != dropped;
        relation.columns.iter().filter(is_kept).cloned().collect()
    }

    /// The table that PREDICT makes.
    pub(super) fn predicted(
        &self,
        relation: &Relation,
        column: &str,
        extra_outputs: &[String],
        into: Span,
    ) -> Relation {
        let mut columns = self.kept(relation);
        columns.push(Column {
            name: Some(column.into()),
            // A regressor predicts fractions even of whole numbers.
            kind: self
                .label
                .as_ref()
                .and_then(|label| label.kind)
                .filter(|kind| *kind == Kind::Float),
        });
        let mut open = relation.open;
        for output in extra_outputs {
            match output.as_str() {
                "probability" | "distance" | "score" => columns.push(Column {
                    name: Some(output.as_str().into()),
                    kind: Some(Kind::Float),
                }),
                // One for each class, and the classes are in the data.
                _ => open = true,
            }
        }
        Relation {
            columns,
            open,
            origin: Origin::Statement(into),
            ..Relation::default()
        }
    }
}
