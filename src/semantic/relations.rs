//! The columns of tables, as far as the program or a schema file tells, at one
//! point of the program; and the columns of a query's result.
//!
//! What is not known for certain is not known at all: a table that came out of
//! anything that cannot be followed has no entry, and a result with columns of
//! unknown names is `open`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Resource;
use crate::schema::Schema;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Ident, Name};
use crate::syntax::relation::{
    Alias, Body, Change, Columns, Every, Item, Join, Joined, Mode, Path, Query, Relation as From,
    Select, Target, Value, Word,
};
use crate::syntax::sql::Dialect;
use crate::syntax::types::Kind;

/// The columns of a table or of a query's result, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Relation {
    pub(super) columns: Vec<Column>,
    /// Whether there may be columns beside these.
    pub(super) open: bool,
    /// Whether the database may give some of them their values itself.
    pub(super) computes: bool,
    pub(super) origin: Origin,
    pub(super) index: Index,
}

/// Where the columns of a name stand, names in lower case: made when a wide
/// relation is first asked for one. A clone has none, since it may be changed.
#[derive(Debug, Default)]
pub(super) struct Index(OnceLock<BTreeMap<String, Vec<usize>>>);

impl Clone for Index {
    fn clone(&self) -> Index {
        Index::default()
    }
}

/// Up to so many columns, looking at each is as fast.
const NARROW: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Missing where the database makes one up.
    pub(super) name: Option<Arc<str>>,
    pub(super) kind: Option<Kind>,
}

/// Where the program can read which columns there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Origin {
    #[default]
    Nowhere,
    Statement(Span),
    SchemaFile,
}

impl Relation {
    fn unknown() -> Relation {
        Relation {
            open: true,
            ..Relation::default()
        }
    }

    /// Whether every column is known by its name.
    pub(super) fn is_complete(&self) -> bool {
        !self.open && self.columns.iter().all(|column| column.name.is_some())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns
            .iter()
            .filter_map(|column| column.name.as_deref())
    }

    /// The columns whose names differ from this one in nothing but case.
    fn alike(&self, name: &str) -> Vec<&Column> {
        if self.columns.len() <= NARROW {
            let named = |column: &&Column| {
                let own = column.name.as_deref();
                own.is_some_and(|own| is_alike(own, name))
            };
            return self.columns.iter().filter(named).collect();
        }
        let index = self.index.0.get_or_init(|| {
            let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (at, column) in self.columns.iter().enumerate() {
                if let Some(name) = &column.name {
                    index.entry(name.to_lowercase()).or_default().push(at);
                }
            }
            index
        });
        let places = index.get(&name.to_lowercase());
        places
            .into_iter()
            .flatten()
            .map(|at| &self.columns[*at])
            .collect()
    }

    /// The column that the runtime takes for a name: exactly this one, or the
    /// only one that differs in nothing but case.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        let alike = self.alike(name);
        let mut exact = alike
            .iter()
            .filter(|column| column.name.as_deref() == Some(name));
        match (exact.next(), exact.next(), alike.as_slice()) {
            (Some(one), None, _) | (None, None, [one]) => Some(one),
            _ => None,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        !self.alike(name).is_empty()
    }

    /// Whether there certainly is no column of the name.
    pub(super) fn lacks(&self, name: &str) -> bool {
        !self.open && !self.has(name) && self.is_complete()
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        self.column(name)?.kind
    }

    /// Says in a message where its columns can be seen.
    pub(super) fn explain(&self, diagnostic: Diagnostic, note: &str) -> Diagnostic {
        match self.origin {
            Origin::Nowhere => diagnostic,
            Origin::Statement(span) => diagnostic.note(span, note),
            Origin::SchemaFile => {
                let help = diagnostic.help.clone().unwrap_or_default();
                diagnostic.help(format!("{help} (the columns are those of the schema file)"))
            }
        }
    }

    /// The relation with its first columns renamed: `AS t(a, b)`.
    fn renamed(mut self, names: &[Word], dialect: Dialect, source: &SourceFile) -> Relation {
        if names.len() > self.columns.len() {
            // Too many names, or columns that are not known: only the
            // database knows which is which.
            return match names.is_empty() {
                true => self,
                false => Relation::unknown(),
            };
        }
        if self.open && !names.is_empty() {
            return Relation::unknown();
        }
        for (column, name) in self.columns.iter_mut().zip(names) {
            column.name = Some(stored(dialect, source, *name));
        }
        self
    }
}

/// Names of columns are taken for one when they differ in case only, as most
/// databases and the runtime take them: no message is given in doubt.
pub(super) fn is_alike(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || (!one.is_ascii() && one.to_lowercase() == other.to_lowercase())
}

/// The tables whose columns are known at one point of the program.
#[derive(Debug)]
pub(super) struct Relations {
    dialect: Dialect,
    known: BTreeMap<String, Entry>,
    /// The views over a table whose own columns change with it.
    views: BTreeMap<String, Vec<String>>,
    /// Whether there is no table beside those that have an entry.
    complete: bool,
}

#[derive(Debug)]
struct Entry {
    /// What tells tables apart that are one for the plan.
    identity: String,
    state: State,
}

#[derive(Debug)]
enum State {
    Known(Arc<Relation>),
    /// It was dropped, so that it is made by `IF NOT EXISTS`.
    Absent,
    /// It is there, with columns that are not known.
    Unknown,
}

impl Relations {
    pub(super) fn new(dialect: Dialect, scope: &Scope, schema: Option<&Schema>) -> Relations {
        let mut relations = Relations {
            dialect,
            known: BTreeMap::new(),
            views: BTreeMap::new(),
            complete: schema.is_some_and(|schema| schema.complete),
        };
        for table in schema.iter().flat_map(|schema| &schema.tables) {
            let part = |text: &String| Ident {
                text: text.clone(),
                // The names are those that the database stores.
                quoted: true,
                span: Span::default(),
            };
            let name = Name {
                parts: table.name.iter().map(part).collect(),
                span: Span::default(),
            };
            let columns = table.columns.iter().map(|column| Column {
                name: Some(column.name.as_str().into()),
                kind: match dialect {
                    // Any column may hold anything.
                    Dialect::SQLite => None,
                    _ => column.type_name.as_deref().and_then(Kind::of),
                },
            });
            let relation = Relation {
                columns: columns.collect(),
                computes: true,
                origin: Origin::SchemaFile,
                ..Relation::default()
            };
            relations.define(scope, &name, relation);
        }
        relations
    }

    fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The plan takes tables of two catalogs, or of names that differ in case,
    /// for one where it does not know better. Columns may not be mixed up so.
    fn identity(&self, name: &Name) -> String {
        let is_exact = match self.dialect {
            Dialect::BigQuery
            | Dialect::Generic
            | Dialect::MsSql
            | Dialect::MySql
            | Dialect::ClickHouse => true,
            Dialect::Ansi
            | Dialect::Databricks
            | Dialect::DuckDb
            | Dialect::Hive
            | Dialect::Oracle
            | Dialect::PostgreSql
            | Dialect::Redshift
            | Dialect::Snowflake
            | Dialect::Spark
            | Dialect::SQLite
            | Dialect::Teradata => false,
        };
        let own = match (is_exact, name.parts.len()) {
            (true, _) => name.parts.as_slice(),
            (false, 3..) => &name.parts[..name.parts.len() - 2],
            (false, _) => return String::new(),
        };
        let parts: Vec<_> = own
            .iter()
            .map(|part| match is_exact {
                true => part.text.clone(),
                false => self.dialect.fold(part),
            })
            .collect();
        parts.join(".")
    }

    fn entry(&self, scope: &Scope, name: &Name) -> Option<&State> {
        if self.is_empty() {
            return None;
        }
        let entry = self.known.get(&scope.table(name))?;
        (entry.identity == self.identity(name)).then_some(&entry.state)
    }

    fn get(&self, scope: &Scope, name: &Name) -> Option<Arc<Relation>> {
        match self.entry(scope, name)? {
            State::Known(relation) => Some(Arc::clone(relation)),
            State::Absent | State::Unknown => None,
        }
    }

    fn set(&mut self, scope: &Scope, name: &Name, state: State) {
        let key = scope.table(name);
        self.forget_key(&key);
        let identity = self.identity(name);
        self.known.insert(key, Entry { identity, state });
    }

    /// From here on the table has these columns.
    pub(super) fn define(&mut self, scope: &Scope, name: &Name, relation: Relation) {
        match relation.columns.is_empty() {
            true => self.forget(scope, name),
            false => self.set(scope, name, State::Known(Arc::new(relation))),
        }
    }

    pub(super) fn forget(&mut self, scope: &Scope, name: &Name) {
        if !self.is_empty() || self.complete {
            self.forget_key(&scope.table(name));
        }
    }

    pub(super) fn forget_key(&mut self, key: &str) {
        if self.complete {
            let identity = String::new();
            let state = State::Unknown;
            self.known.insert(key.to_owned(), Entry { identity, state });
        } else {
            self.known.remove(key);
        }
        for view in self.views.remove(key).into_iter().flatten() {
            self.forget_key(&view);
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.known.clear();
        self.views.clear();
        self.complete = false;
    }

    /// Forgets the tables of a schema, given by its folded name.
    pub(super) fn forget_schema(&mut self, schema: &str) {
        let is_default = self.dialect.default_schema() == Some(schema);
        if is_default || schema.contains('.') {
            return self.forget_all();
        }
        let prefix = format!("{schema}.");
        let inside: Vec<_> = self
            .known
            .range(prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&prefix))
            .map(|(key, _)| key.clone())
            .collect();
        inside.iter().for_each(|key| self.forget_key(key));
    }

    /// Says that there is no such table, where that is known.
    fn missing(&self, scope: &Scope, name: &Name) -> Option<Diagnostic> {
        if !self.complete || self.is_of_the_database(name) {
            return None;
        }
        let is_there = |table: &String| {
            self.known
                .get(table)
                .is_some_and(|entry| !matches!(entry.state, State::Absent))
        };
        if scope.tables(name).iter().any(is_there) {
            return None;
        }
        let (shown, key) = (name.dotted(), scope.table(name));
        let there = self
            .known
            .iter()
            .filter(|(_, entry)| matches!(entry.state, State::Known(_)));
        let message = format!("no table is named `{shown}`");
        let diagnostic = Diagnostic::new(Code::UnknownTable, name.span, message);
        Some(
            diagnostic.suggest(&key, there.map(|(key, _)| key.as_str()), || {
                "the schema file says that it is complete; `sqlflowc schema pull` writes it anew"
                    .to_owned()
            }),
        )
    }

    /// Whether a name may be a view of the system, a file, or a table of
    /// another database, of all of which a schema file says nothing.
    fn is_of_the_database(&self, name: &Name) -> bool {
        const SCHEMAS: [&str; 10] = [
            "information_schema",
            "pg_catalog",
            "pg_temp",
            "temp",
            "sys",
            "system",
            "mysql",
            "performance_schema",
            "account_usage",
            "region-us",
        ];
        const PREFIXES: [&str; 9] = [
            "duckdb_", "pragma_", "pg_", "sqlite_", "sys", "all_", "user_", "dba_", "svv_",
        ];
        let table = name.last().text.to_lowercase();
        let is_odd = |c: char| !(c.is_alphanumeric() || c == '_' || c == ' ');
        table == "dual"
            || table.contains(is_odd)
            || PREFIXES.iter().any(|prefix| table.starts_with(prefix))
            || match name.parts.as_slice() {
                [_] => false,
                [schema, _] => {
                    let schema = schema.text.to_lowercase();
                    SCHEMAS.contains(&schema.as_str()) || !self.has_schema(&schema)
                }
                _ => true,
            }
    }

    fn has_schema(&self, schema: &str) -> bool {
        let is_inside = |key: &String| {
            let key = key.to_lowercase();
            key.strip_prefix(schema)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        self.dialect.default_schema() == Some(schema) || self.known.keys().any(is_inside)
    }

    /// Takes in what a statement does to the columns of tables, and checks the
    /// columns that its query names.
    pub(super) fn statement(
        &mut self,
        source: &SourceFile,
        scope: &Scope,
        columns: &Columns,
        reads: &BTreeSet<Resource>,
    ) -> Vec<Diagnostic> {
        let makes = columns
            .changes
            .iter()
            .any(|change| matches!(change, Change::CreateAs { .. }));
        if self.is_empty() && columns.changes.is_empty() {
            return Vec::new();
        }
        let view = columns.changes.iter().find_map(|change| match change {
            Change::CreateAs {
                table,
                is_view: true,
                ..
            } => Some(table),
            _ => None,
        });
        let mut found = Vec::new();
        let mut result = None;
        if let Some(query) = &columns.query
            && (makes || !self.is_empty())
        {
            let mut resolver = Resolver::new(source, self, scope);
            // DuckDB looks for the unqualified names of a view in the view's
            // own schema first.
            resolver.sees_unqualified =
                !(self.dialect == Dialect::DuckDb && view.is_some_and(|view| view.len() > 1));
            result = Some(resolver.query(query, None));
            found = resolver.found;
        }
        if let Some(target) = &columns.target
            && !self.is_empty()
        {
            let mut resolver = Resolver::new(source, self, scope);
            resolver.target(target, result.as_ref());
            found.append(&mut resolver.found);
        }
        for change in &columns.changes {
            self.change(source, scope, change, result.as_ref(), reads);
        }
        found
    }

    fn change(
        &mut self,
        source: &SourceFile,
        scope: &Scope,
        change: &Change,
        result: Option<&Relation>,
        reads: &BTreeSet<Resource>,
    ) {
        let name = |path: &Path| path_name(source, path);
        match change {
            Change::Create {
                table,
                columns,
                computes,
                mode,
            } => {
                let (table, span) = (name(table), path_span(table));
                let columns = columns.iter().map(|(word, kind)| Column {
                    name: Some(stored(self.dialect, source, *word)),
                    kind: *kind,
                });
                let relation = Relation {
                    columns: columns.collect(),
                    computes: *computes,
                    origin: Origin::Statement(span),
                    ..Relation::default()
                };
                self.create(scope, &table, relation, *mode);
            }
            Change::CreateAs {
                table,
                columns,
                mode,
                is_view,
            } => {
                let (table, span) = (name(table), path_span(table));
                let mut relation = result.cloned().unwrap_or_else(Relation::unknown).renamed(
                    columns,
                    self.dialect,
                    source,
                );
                relation.origin = Origin::Statement(span);
                self.create(scope, &table, relation, *mode);
                if *is_view {
                    let key = scope.table(&table);
                    for read in reads {
                        if let Resource::Table(read) = read {
                            self.views
                                .entry(read.clone())
                                .or_default()
                                .push(key.clone());
                        }
                    }
                }
            }
            Change::CreateLike { table, like, mode } => {
                let (table, span) = (name(table), path_span(table));
                match self.get(scope, &name(like)) {
                    Some(like) => {
                        let relation = Relation {
                            origin: Origin::Statement(span),
                            ..(*like).clone()
                        };
                        self.create(scope, &table, relation, *mode);
                    }
                    None => self.forget(scope, &table),
                }
            }
            Change::Drop(table) => self.set(scope, &name(table), State::Absent),
            Change::Rename(old, new) => {
                let (old, new) = (name(old), name(new));
                let relation = self.get(scope, &old);
                self.set(scope, &old, State::Absent);
                match relation {
                    Some(relation) => self.set(scope, &new, State::Known(relation)),
                    None => self.forget(scope, &new),
                }
            }
            Change::Swap(one, other) => {
                let (one, other) = (name(one), name(other));
                let (of_one, of_other) = (self.get(scope, &one), self.get(scope, &other));
                for (table, relation) in [(one, of_other), (other, of_one)] {
                    match relation {
                        Some(relation) => self.set(scope, &table, State::Known(relation)),
                        None => self.forget(scope, &table),
                    }
                }
            }
            Change::AddColumn {
                table,
                column,
                kind,
            } => {
                let column = stored(self.dialect, source, *column);
                self.alter(scope, &name(table), |relation| {
                    // `IF NOT EXISTS`, or an error.
                    if !relation.has(&column) {
                        relation.columns.push(Column {
                            name: Some(column),
                            kind: *kind,
                        });
                    }
                    Some(())
                });
            }
            Change::DropColumn(table, column) => {
                let column = column.text(source);
                self.alter(scope, &name(table), |relation| {
                    let is_other = |other: &Column| {
                        other.name.as_deref().is_some_and(|n| !is_alike(n, column))
                    };
                    relation.columns.retain(is_other);
                    Some(())
                });
            }
            Change::ChangeColumn {
                table,
                old,
                new,
                kind,
            } => {
                let (old, new) = (old.text(source), stored(self.dialect, source, *new));
                self.alter(scope, &name(table), |relation| {
                    let mut alike = relation
                        .columns
                        .iter_mut()
                        .filter(|column| column.name.as_deref().is_some_and(|n| is_alike(n, old)));
                    let column = alike.next()?;
                    column.name = Some(new);
                    column.kind = kind.or(column.kind);
                    Some(())
                });
            }
            Change::Rollback => self.forget_all(),
        }
    }

    fn create(&mut self, scope: &Scope, table: &Name, relation: Relation, mode: Mode) {
        match (mode, self.entry(scope, table)) {
            (Mode::New, _) | (Mode::IfNotExists, Some(State::Absent)) => {
                self.define(scope, table, relation);
            }
            // It is there and stays.
            (Mode::IfNotExists, Some(State::Known(_))) => {}
            // It may be there, with other columns.
            (Mode::IfNotExists, None | Some(State::Unknown)) => self.forget(scope, table),
        }
    }

    fn alter(
        &mut self,
        scope: &Scope,
        table: &Name,
        change: impl FnOnce(&mut Relation) -> Option<()>,
    ) {
        let changed = self.get(scope, table).and_then(|relation| {
            let mut relation = (*relation).clone();
            change(&mut relation)?;
            relation.index = Index::default();
            Some(relation)
        });
        match changed {
            Some(relation) => self.define(scope, table, relation),
            None => self.forget(scope, table),
        }
    }

    /// The columns of the result of a query in front of an ML clause, with
    /// what is wrong with the columns that it names.
    pub(super) fn result(
        &self,
        source: &SourceFile,
        scope: &Scope,
        query: &Query,
    ) -> (Relation, Vec<Diagnostic>) {
        let mut resolver = Resolver::new(source, self, scope);
        let relation = resolver.query(query, None);
        (relation, resolver.found)
    }
}

/// A name as the database stores it.
fn stored(dialect: Dialect, source: &SourceFile, word: Word) -> Arc<str> {
    dialect.stored(&word.ident(source)).into()
}

fn path_name(source: &SourceFile, path: &Path) -> Name {
    Name {
        parts: path.iter().map(|word| word.ident(source)).collect(),
        span: path_span(path),
    }
}

fn path_span(path: &[Word]) -> Span {
    match (path.first(), path.last()) {
        (Some(first), Some(last)) => first.span().to(last.span()),
        _ => Span::default(),
    }
}

/// Finds the columns of one statement's queries.
struct Resolver<'a> {
    source: &'a SourceFile,
    dialect: Dialect,
    relations: &'a Relations,
    scope: &'a Scope,
    sees_unqualified: bool,
    found: Vec<Diagnostic>,
}

/// What names mean inside one query.
#[derive(Default)]
struct Frame<'f> {
    /// Common table expressions; the last one of a name holds.
    definitions: Vec<(String, Arc<Relation>)>,
    sources: Vec<Source>,
    /// Names that the select list gives.
    aliases: Vec<&'f str>,
    is_vague: bool,
    outer: Option<&'f Frame<'f>>,
}

struct Source {
    /// The alias or the table's own name, folded.
    name: Option<String>,
    /// As it is written, for messages.
    shown: String,
    relation: Arc<Relation>,
}

impl<'f> Frame<'f> {
    /// This one and those around it.
    fn outward(&'f self) -> impl Iterator<Item = &'f Frame<'f>> {
        std::iter::successors(Some(self), |frame| frame.outer)
    }
}

impl<'a> Resolver<'a> {
    fn new(source: &'a SourceFile, relations: &'a Relations, scope: &'a Scope) -> Resolver<'a> {
        Resolver {
            source,
            dialect: relations.dialect,
            relations,
            scope,
            sees_unqualified: true,
            found: Vec::new(),
        }
    }

    fn fold(&self, word: Word) -> String {
        self.dialect.fold(&word.ident(self.source))
    }

    fn query(&mut self, query: &Query, outer: Option<&Frame<'_>>) -> Relation {
        let mut frame = Frame {
            outer,
            ..Frame::default()
        };
        for definition in query.definitions.iter().filter(|d| d.recursive) {
            // Inside its own definition a table is what it will be.
            let name = self.fold(definition.name);
            frame
                .definitions
                .push((name, Arc::new(Relation::unknown())));
        }
        for definition in &query.definitions {
            let relation = self.query(&definition.query, Some(&frame)).renamed(
                &definition.columns,
                self.dialect,
                self.source,
            );
            let name = self.fold(definition.name);
            frame.definitions.push((name, Arc::new(relation)));
        }
        match &query.body {
            Body::Select(select) => self.select(select, &frame),
            Body::Arms { arms, by_name } => {
                let arms: Vec<_> = arms
                    .iter()
                    .map(|arm| self.query(arm, Some(&frame)))
                    .collect();
                match by_name {
                    true => united_by_name(arms),
                    false => united(arms),
                }
            }
            Body::Values(values) => self.values(values),
            Body::Unknown => Relation::unknown(),
        }
    }

    fn values(&self, values: &[Value]) -> Relation {
        let columns = values.iter().enumerate().map(|(at, value)| Column {
            name: match self.dialect {
                Dialect::DuckDb => Some(format!("col{at}").into()),
                Dialect::PostgreSql => Some(format!("column{}", at + 1).into()),
                _ => None,
            },
            kind: kind_of(value, &|_| None),
        });
        Relation {
            columns: columns.collect(),
            ..Relation::default()
        }
    }

    fn select(&mut self, select: &Select, outer: &Frame<'_>) -> Relation {
        let mut frame = Frame {
            is_vague: select.is_vague,
            outer: Some(outer),
            ..Frame::default()
        };
        let star = self.from(&select.from, &mut frame);
        for item in &select.items {
            match item {
                Item::Value {
                    name: Some(name),
                    value,
                } if !is_own(*name, value) => frame.aliases.push(name.text(self.source)),
                Item::Value { .. } => {}
                Item::Every(every) => {
                    let renamed = every.rename.iter().map(|(_, new)| new);
                    frame
                        .aliases
                        .extend(renamed.map(|new| new.text(self.source)));
                }
                Item::Unknown => frame.is_vague = true,
            }
        }
        self.check(select, &frame);
        for query in &select.queries {
            self.query(query, Some(&frame));
        }
        self.items(&select.items, &frame, &star)
    }

    fn items(&self, items: &[Item], frame: &Frame<'_>, star: &Relation) -> Relation {
        let mut result = Relation::default();
        for item in items {
            match item {
                Item::Value { name, value } => result.columns.push(Column {
                    name: name.map(|name| stored(self.dialect, self.source, name)),
                    kind: self.kind(value, frame),
                }),
                Item::Every(every) => {
                    let of = match &every.of {
                        None => Some(star),
                        Some(of) => self.source_of(of, frame),
                    };
                    match of {
                        Some(of) => self.every(every, of, frame, &mut result),
                        None => result.open = true,
                    }
                }
                Item::Unknown => result.open = true,
            }
        }
        if let ([Item::Every(_)], [only]) = (items, &*frame.sources) {
            result.origin = only.relation.origin;
        }
        result
    }

    fn every(&self, every: &Every, of: &Relation, frame: &Frame<'_>, result: &mut Relation) {
        let is = |word: Word, name: &str| is_alike(word.text(self.source), name);
        result.open |= of.open;
        for column in &of.columns {
            let Some(name) = &column.name else {
                result.columns.push(column.clone());
                continue;
            };
            if every.except.iter().any(|word| is(*word, name)) {
                continue;
            }
            let mut column = column.clone();
            if let Some((_, value)) = every.replace.iter().find(|(word, _)| is(*word, name)) {
                column.kind = self.kind(value, frame);
            }
            if let Some((_, new)) = every.rename.iter().find(|(old, _)| is(*old, name)) {
                column.name = Some(stored(self.dialect, self.source, *new));
            }
            result.columns.push(column);
        }
    }

    /// The relation of the query that `t.*` means.
    fn source_of<'f>(&self, of: &Path, frame: &'f Frame<'_>) -> Option<&'f Relation> {
        let wanted = self.fold(*of.last()?);
        let mut named = frame
            .sources
            .iter()
            .filter(|source| source.name.as_ref() == Some(&wanted));
        match (named.next(), named.next()) {
            (Some(one), None) => Some(&one.relation),
            _ => None,
        }
    }

    /// Adds the relations of a FROM clause to the frame and gives the columns
    /// that `*` means.
    fn from(&mut self, from: &[Joined], frame: &mut Frame<'_>) -> Relation {
        let mut star = Relation::default();
        // The columns since the last comma, which alone a join can merge.
        let mut chain: Vec<Column> = Vec::new();
        for joined in from {
            let relation = self.relation(&joined.relation, frame);
            star.open |= relation.open && !matches!(joined.join, Join::Hidden);
            match &joined.join {
                Join::Comma => {
                    star.columns.append(&mut chain);
                    chain.extend(relation.columns.iter().cloned());
                }
                Join::Plain => chain.extend(relation.columns.iter().cloned()),
                Join::Using(words) => {
                    let merged = |name: &str| {
                        words
                            .iter()
                            .any(|word| is_alike(word.text(self.source), name))
                    };
                    merge(&mut chain, &relation, &merged);
                }
                Join::Natural => {
                    let left = chain.clone();
                    let merged = |name: &str| {
                        let mut names = left.iter().filter_map(|column| column.name.as_deref());
                        names.any(|other| is_alike(other, name))
                    };
                    merge(&mut chain, &relation, &merged);
                }
                Join::Hidden => {}
                Join::Unknown => {
                    chain.extend(relation.columns.iter().cloned());
                    star.open = true;
                }
            }
        }
        star.columns.append(&mut chain);
        star
    }

    fn relation(&mut self, relation: &From, frame: &mut Frame<'_>) -> Arc<Relation> {
        let (relation, name, shown) = match relation {
            From::Table { name, alias } => {
                let table = path_name(self.source, name);
                let relation = self.table(&table, frame);
                let own = name.last().copied();
                match alias {
                    None => (relation, own, table.dotted()),
                    Some(alias) => (
                        self.aliased(relation, alias),
                        Some(alias.name),
                        table.dotted(),
                    ),
                }
            }
            From::Query { query, alias } => {
                let relation = Arc::new(self.query(query, Some(frame)));
                match alias {
                    None => (relation, None, String::new()),
                    Some(alias) => {
                        let shown = alias.name.text(self.source).to_owned();
                        (self.aliased(relation, alias), Some(alias.name), shown)
                    }
                }
            }
            From::Joins(joined) => {
                // They add their relations one by one.
                return Arc::new(self.from(joined, frame));
            }
            From::Unknown { alias } => (Arc::new(Relation::unknown()), *alias, String::new()),
        };
        frame.sources.push(Source {
            name: name.map(|name| self.fold(name)),
            shown,
            relation: Arc::clone(&relation),
        });
        relation
    }

    fn aliased(&self, relation: Arc<Relation>, alias: &Alias) -> Arc<Relation> {
        match alias.columns.is_empty() {
            true => relation,
            false => Arc::new((*relation).clone().renamed(
                &alias.columns,
                self.dialect,
                self.source,
            )),
        }
    }

    fn table(&mut self, name: &Name, frame: &Frame<'_>) -> Arc<Relation> {
        if let [part] = name.parts.as_slice() {
            let wanted = self.dialect.fold(part);
            let definition = frame.outward().find_map(|frame| {
                let mut definitions = frame.definitions.iter().rev();
                definitions.find(|(name, _)| *name == wanted)
            });
            if let Some((_, relation)) = definition {
                return Arc::clone(relation);
            }
            if !self.sees_unqualified {
                return Arc::new(Relation::unknown());
            }
        }
        let relation = self.relations.get(self.scope, name);
        if relation.is_none() {
            self.found.extend(self.relations.missing(self.scope, name));
        }
        relation.unwrap_or_else(|| Arc::new(Relation::unknown()))
    }

    fn kind(&self, value: &Value, frame: &Frame<'_>) -> Option<Kind> {
        kind_of(value, &|path| {
            let (column, of) = path.split_last()?;
            let mut candidates = frame.sources.iter().filter(|source| match of.last() {
                Some(of) => source.name.as_ref() == Some(&self.fold(*of)),
                None => true,
            });
            let name = column.text(self.source);
            let all_known = candidates.clone().all(|source| !source.relation.open);
            let found = candidates.find(|source| source.relation.has(name))?;
            // Another relation may have a column of the name, which then is
            // another one or an error.
            let is_only = candidates.all(|source| !source.relation.has(name));
            (all_known && is_only).then(|| found.relation.kind(name))?
        })
    }

    /// Finds columns that no relation of the query has.
    fn check(&mut self, select: &Select, frame: &Frame<'_>) {
        if frame.sources.is_empty() {
            return;
        }
        for item in &select.items {
            if let Item::Every(every) = item
                && let Some([of]) = every.of.as_deref()
            {
                self.found.extend(self.unknown_in(*of, None, frame));
            }
        }
        let mut told: Vec<String> = Vec::new();
        for path in &select.references {
            let found = match &**path {
                [column] => self.unknown(*column, frame),
                [of, column] => self.unknown_in(*of, Some(*column), frame),
                _ => None,
            };
            let text = self.source.slice(path_span(path)).to_lowercase();
            if let Some(found) = found
                && !told.contains(&text)
            {
                self.found.push(found);
                told.push(text);
            }
        }
    }

    /// Checks the columns of the table that a statement changes, and that an
    /// INSERT has a value for each.
    fn target(&mut self, target: &Target, rows: Option<&Relation>) {
        let name = path_name(self.source, &target.table);
        let relation = self.relations.get(self.scope, &name);
        if relation.is_none() && target.takes_rows {
            self.found.extend(self.relations.missing(self.scope, &name));
        }
        if let Some(relation) = &relation {
            for column in &target.columns {
                let text = column.text(self.source);
                if relation.lacks(text) && !self.stands_alone(*column) {
                    let message = format!("`{}` has no column `{text}`", name.dotted());
                    let visible: Vec<_> = relation.names().collect();
                    let diagnostic = missing(*column, text, message, &visible);
                    self.found
                        .push(relation.explain(diagnostic, "its columns are defined here"));
                }
            }
        }
        if let Some(rows) = rows
            && target.takes_rows
            && !rows.open
        {
            let found = self.count(target, rows.columns.len(), &name, relation.as_deref());
            self.found.extend(found);
        }
    }

    /// Says that an INSERT has not as many values as columns.
    fn count(
        &self,
        target: &Target,
        values: usize,
        name: &Name,
        relation: Option<&Relation>,
    ) -> Option<Diagnostic> {
        let plural = |count: usize, what: &str| match count {
            1 => format!("one {what}"),
            _ => format!("{count} {what}s"),
        };
        // Any function may give several columns there.
        let may_be_more = matches!(
            self.dialect,
            Dialect::Hive | Dialect::Spark | Dialect::Databricks
        );
        let listed = target.columns.len();
        if listed > 0 {
            let is_wrong = values > listed || (values < listed && !may_be_more);
            let columns = path_span(&target.columns);
            return is_wrong.then(|| {
                let message = format!(
                    "{} listed, and each row has {}",
                    match listed {
                        1 => "one column is".to_owned(),
                        _ => format!("{listed} columns are"),
                    },
                    plural(values, "value"),
                );
                Diagnostic::new(Code::WrongNumberOfValues, columns, message)
                    .help("give a value for each column that is listed")
            });
        }
        let relation = relation.filter(|relation| relation.is_complete())?;
        let columns = relation.columns.len();
        // Elsewhere the last columns get their defaults.
        let needs_all = matches!(
            self.dialect,
            Dialect::DuckDb | Dialect::MySql | Dialect::SQLite
        );
        let is_less = values < columns && needs_all && !relation.computes && values > 0;
        (values > columns || is_less).then(|| {
            let message = format!(
                "`{}` has {}, and each row has {}",
                name.dotted(),
                plural(columns, "column"),
                plural(values, "value"),
            );
            let help = match values > columns {
                true => "leave the values out that have no column".to_owned(),
                false => format!(
                    "list the columns that get a value: `INSERT INTO {} (…)`",
                    name.dotted()
                ),
            };
            let diagnostic =
                Diagnostic::new(Code::WrongNumberOfValues, name.span, message).help(help);
            relation.explain(diagnostic, "its columns are defined here")
        })
    }

    /// A column that is named without its table.
    fn unknown(&self, column: Word, frame: &Frame<'_>) -> Option<Diagnostic> {
        let name = column.text(self.source);
        let is_known = frame.outward().any(|frame| {
            frame.is_vague
                || frame.aliases.iter().any(|alias| is_alike(alias, name))
                || frame.sources.iter().any(|source| {
                    // A table's name alone can mean the whole row.
                    !source.relation.lacks(name) || source.name.as_ref() == Some(&self.fold(column))
                })
        });
        if is_known || self.stands_alone(column) {
            return None;
        }
        let message = match &*frame.sources {
            [only] if !only.shown.is_empty() => format!("`{}` has no column `{name}`", only.shown),
            _ => format!("no table of the query has a column `{name}`"),
        };
        let visible: Vec<_> = frame
            .outward()
            .flat_map(|frame| &frame.sources)
            .flat_map(|source| source.relation.names())
            .collect();
        let diagnostic = missing(column, name, message, &visible);
        Some(explain(diagnostic, frame.sources.iter()))
    }

    /// A column that is named with its table, or all of the table's.
    fn unknown_in(&self, of: Word, column: Option<Word>, frame: &Frame<'_>) -> Option<Diagnostic> {
        let (table, source) = (self.fold(of), self.source);
        let name = column.map_or("*", |column| column.text(source));
        let is_column = |frame: &Frame<'_>| {
            frame.is_vague
                || frame
                    .sources
                    .iter()
                    .any(|s| !s.relation.lacks(of.text(self.source)))
        };
        // It may be a field of a structure.
        if frame.outward().any(is_column) || column.is_some_and(|c| self.stands_alone(c)) {
            return None;
        }
        let source = frame.outward().find_map(|frame| {
            let mut sources = frame.sources.iter();
            sources.find(|source| source.name.as_ref() == Some(&table))
        });
        let Some(source) = source else {
            return self.unknown_qualifier(of, name, frame);
        };
        let column = column?;
        if !source.relation.lacks(name) {
            return None;
        }
        let message = format!("`{}` has no column `{name}`", of.text(self.source));
        let visible: Vec<_> = source.relation.names().collect();
        let diagnostic = missing(column, name, message, &visible);
        Some(explain(diagnostic, std::iter::once(source)))
    }

    /// A table that is none of the query's, all of which are known.
    fn unknown_qualifier(&self, of: Word, column: &str, frame: &Frame<'_>) -> Option<Diagnostic> {
        // Rows that some statements have beside their tables.
        const ROWS: [&str; 5] = ["deleted", "excluded", "inserted", "new", "old"];
        const OF_SEQUENCES: [&str; 2] = ["currval", "nextval"];
        let text = of.text(self.source);
        let is_one_of = |names: &[&str], name: &str| names.iter().any(|own| is_alike(own, name));
        let is_alias = |frame: &Frame<'_>| is_one_of(&frame.aliases, text);
        // Packages have values, and nested columns have names with dots.
        let has_more = matches!(self.dialect, Dialect::Oracle | Dialect::ClickHouse);
        if has_more
            || is_one_of(&ROWS, text)
            || is_one_of(&OF_SEQUENCES, column)
            || self.stands_alone(of)
            || frame.outward().any(is_alias)
        {
            return None;
        }
        let sources = || frame.outward().flat_map(|frame| &frame.sources);
        // The parts of nested joins are among them beside their whole.
        let names = || {
            let shown = sources().filter_map(|source| source.name.as_deref());
            shown.filter(|name| !name.is_empty())
        };
        let own = |source: &&Source| {
            let last = source.shown.rsplit('.').next();
            last.is_some_and(|last| is_alike(last, text))
        };
        let message = format!("the query reads no table that is called `{text}`");
        let diagnostic = Diagnostic::new(Code::UnknownQualifier, of.span(), message);
        let renamed = sources()
            .find(own)
            .and_then(|source| source.name.as_deref());
        Some(match renamed {
            Some(alias) => diagnostic.help(format!("`{text}` is called `{alias}` here")),
            None => diagnostic.suggest(text, names(), || match names().next() {
                Some(_) => format!("it reads {}", listed(names())),
                None => "give the table in FROM this name".to_owned(),
            }),
        })
    }

    /// Whether a name may be something that the database itself knows.
    fn stands_alone(&self, word: Word) -> bool {
        let name = word.text(self.source);
        let first = name.chars().next().unwrap_or('_');
        let has_virtual = matches!(
            self.dialect,
            Dialect::BigQuery
                | Dialect::ClickHouse
                | Dialect::Databricks
                | Dialect::Hive
                | Dialect::Spark
                | Dialect::SQLite
        );
        // SQLite takes what is no column for a string, Hive all in double quotes.
        (self.dialect == Dialect::SQLite && word.quoted)
            || (self.dialect == Dialect::Hive && self.source.slice(word.span()).starts_with('"'))
            || "@$:#?".contains(first)
            || (has_virtual && (first == '_' || name.contains("__")))
            || STANDING_ALONE.binary_search(&&*name.to_lowercase()).is_ok()
    }
}

/// What databases know without a table: values, units of time, and columns
/// that no definition shows. In order.
const STANDING_ALONE: [&str; 81] = [
    "century",
    "cmax",
    "cmin",
    "ctid",
    "current_catalog",
    "current_database",
    "current_date",
    "current_path",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "curtime",
    "date",
    "datetime",
    "day",
    "dayofmonth",
    "dayofweek",
    "dayofyear",
    "days",
    "dd",
    "decade",
    "default",
    "dow",
    "doy",
    "dy",
    "epoch",
    "epoch_ms",
    "filename",
    "grouping_id",
    "hh",
    "hour",
    "hours",
    "isodow",
    "isoweek",
    "isoyear",
    "level",
    "localtime",
    "localtimestamp",
    "maxvalue",
    "mi",
    "microsecond",
    "millennium",
    "millisecond",
    "minute",
    "minutes",
    "mm",
    "month",
    "months",
    "nanosecond",
    "now",
    "oid",
    "ora_rowscn",
    "q",
    "qq",
    "quarter",
    "row",
    "rowid",
    "rownum",
    "second",
    "seconds",
    "session_user",
    "ss",
    "sysdate",
    "system_user",
    "systimestamp",
    "tableoid",
    "time",
    "timestamp",
    "timezone",
    "today",
    "uid",
    "user",
    "week",
    "weekday",
    "wk",
    "xmax",
    "xmin",
    "year",
    "years",
];

fn missing(column: Word, name: &str, message: String, visible: &[&str]) -> Diagnostic {
    Diagnostic::new(Code::UnknownColumnInQuery, column.span(), message).suggest(
        name,
        visible.iter().copied(),
        || match visible {
            [only] => format!("there is only `{only}`"),
            _ => format!("there are {}", listed(visible.iter().copied())),
        },
    )
}

fn explain<'s>(
    mut diagnostic: Diagnostic,
    sources: impl Iterator<Item = &'s Source>,
) -> Diagnostic {
    for source in sources {
        diagnostic = source
            .relation
            .explain(diagnostic, "its columns are defined here");
    }
    diagnostic
}

/// The first of many names, for messages.
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<_> = names.collect();
    let shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Whether a column is selected under its own name, without `AS`.
fn is_own(name: Word, value: &Value) -> bool {
    matches!(value, Value::Column(path) if path.last() == Some(&name))
}

/// Adds the right side of a join, without the columns that both sides share.
fn merge(chain: &mut Vec<Column>, right: &Relation, merged: &dyn Fn(&str) -> bool) {
    for column in &right.columns {
        let there = column
            .name
            .as_deref()
            .filter(|name| merged(name))
            .and_then(|name| {
                chain
                    .iter_mut()
                    .find(|c| c.name.as_deref().is_some_and(|other| is_alike(other, name)))
            });
        match there {
            // Of two types, only the database knows the common one.
            Some(there) if there.kind != column.kind => there.kind = None,
            Some(_) => {}
            None => chain.push(column.clone()),
        }
    }
}

/// The result of a set operation: the names of the first arm, position by
/// position.
fn united(arms: Vec<Relation>) -> Relation {
    let mut arms = arms.into_iter();
    let mut first = arms.next().unwrap_or_else(Relation::unknown);
    for arm in arms {
        let same_width = !arm.open && arm.columns.len() == first.columns.len();
        for (at, column) in first.columns.iter_mut().enumerate() {
            let other = arm.columns.get(at).filter(|_| same_width);
            column.kind = column
                .kind
                .filter(|_| other.and_then(|o| o.kind) == column.kind);
        }
        first.origin = Origin::Nowhere;
    }
    first
}

fn united_by_name(arms: Vec<Relation>) -> Relation {
    let mut result = Relation::default();
    for arm in arms {
        result.open |= !arm.is_complete();
        for column in arm.columns {
            let Some(name) = column.name.as_deref() else {
                continue;
            };
            let there = result
                .columns
                .iter_mut()
                .find(|c| c.name.as_deref().is_some_and(|other| is_alike(other, name)));
            match there {
                Some(there) if there.kind != column.kind => there.kind = None,
                Some(_) => {}
                None => result.columns.push(column),
            }
        }
    }
    result
}

fn kind_of(value: &Value, column: &dyn Fn(&[Word]) -> Option<Kind>) -> Option<Kind> {
    match value {
        Value::Column(path) => column(path),
        Value::Of(kind) => Some(*kind),
        Value::Arithmetic(sides) => {
            let left = kind_of(&sides.0, column)?;
            let right = kind_of(&sides.1, column)?;
            match (left, right) {
                (Kind::Integer, Kind::Integer) => Some(Kind::Integer),
                (Kind::Float, Kind::Float | Kind::Integer) | (Kind::Integer, Kind::Float) => {
                    Some(Kind::Float)
                }
                _ => None,
            }
        }
        Value::Unknown => None,
    }
}
