//! What the program's statements have defined so far, and what a statement
//! touches because of it: views are what they read, foreign keys hand changes
//! on, defaults draw from sequences.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::journal::{Journal, Journaled};
use super::relations::Relation;
use super::scope::{Scope, normal_path};
use crate::ir::Resource;
use crate::source::Span;
use crate::syntax::ast::{Detail, Effects, Ident, Name, Role};
use crate::syntax::sql::Dialect;

/// What a statement reads and writes, being collected.
#[derive(Debug, Default, Clone)]
pub(super) struct Access {
    pub(super) reads: BTreeSet<Resource>,
    pub(super) writes: BTreeSet<Resource>,
    pub(super) barrier: Option<&'static str>,
    /// Things of the session that it makes or uses, such as temporary tables:
    /// statements with a bond in common are one step.
    pub(super) bonds: BTreeSet<Bond>,
    /// Definitions that it brings along to its own session.
    pub(super) carried: BTreeSet<SessionText>,
    /// It asks what the statement before it has inserted or drawn.
    pub(super) asks_last: bool,
    /// It asks what the statement before it has done.
    pub(super) asks_previous: bool,
    /// It adds or changes rows, so that others can ask for what it inserted.
    pub(super) adds_rows: bool,
    /// The sequences of which it asks what has been drawn.
    pub(super) asked: BTreeSet<Resource>,
    /// The columns of the query to validate on, and where it stands.
    pub(super) validation: Option<(Relation, Span)>,
}

/// Something that lives in one session only, by number.
pub(super) type Bond = usize;

/// The number of a statement that later steps replay.
pub(super) type SessionText = usize;

/// What a view, function or prepared statement does when it is used.
#[derive(Debug, Default, Clone)]
struct Body {
    tables: BTreeSet<String>,
    calls: BTreeSet<String>,
    /// Everything but the tables it reads.
    rest: Access,
    /// What a function does whose names are looked up by whoever calls it.
    unbound: Option<Rc<Effects>>,
}

/// What is known under a name of the session.
#[derive(Debug, Clone)]
enum Temporary {
    Table(Bond),
    /// A view that is defined anew in each session that uses it.
    View(SessionText, Box<Body>),
}

/// Whether a name means a temporary table, or may mean another one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Sure,
    Perhaps,
}

/// How a statement writes a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Definition,
    /// A definition in the place of another one.
    Replacement,
    Drop,
    RowsAdded,
    RowsChanged,
    RowsDeleted,
}

pub(super) struct Definitions {
    pub(super) scope: Scope,
    dialect: Dialect,
    views: Journaled<Body>,
    materialized: Journaled<Body>,
    functions: Journaled<Body>,
    carried_functions: Journaled<SessionText>,
    prepared: BTreeMap<String, (Bond, Access)>,
    /// By each name that they may have; with the likeliest.
    temporaries: Journaled<(Temporary, String)>,
    variables: BTreeMap<String, Bond>,
    cursors: BTreeMap<String, Bond>,
    /// The tables that a table's foreign keys point to.
    parents: Journaled<BTreeSet<String>>,
    /// The tables whose foreign keys point to it; whether they change with it.
    children: Journaled<BTreeMap<String, bool>>,
    parts: Journaled<BTreeSet<String>>,
    /// Where rows added to a table go on to.
    followers: Journaled<BTreeSet<String>>,
    draws: Journaled<BTreeSet<String>>,
    triggers: Journaled<BTreeSet<String>>,
    indexes: Journaled<BTreeSet<String>>,
    files: Journaled<String>,
    bonds: Bond,
}

/// What becomes of a SQL statement.
pub(super) enum Outcome {
    Step(Box<Access>),
    /// It only undoes what later steps would have carried along.
    Forget(BTreeSet<SessionText>),
}

impl Definitions {
    pub(super) fn new<'a>(
        dialect: Dialect,
        effects: impl Iterator<Item = &'a Effects> + Clone,
    ) -> Definitions {
        Definitions {
            scope: Scope::new(dialect, effects),
            dialect,
            views: Journaled::default(),
            materialized: Journaled::default(),
            functions: Journaled::default(),
            carried_functions: Journaled::default(),
            prepared: BTreeMap::new(),
            temporaries: Journaled::default(),
            variables: BTreeMap::new(),
            cursors: BTreeMap::new(),
            parents: Journaled::default(),
            children: Journaled::default(),
            parts: Journaled::default(),
            followers: Journaled::default(),
            draws: Journaled::default(),
            triggers: Journaled::default(),
            indexes: Journaled::default(),
            files: Journaled::default(),
            bonds: 0,
        }
    }

    /// What a transaction that is rolled back leaves as it was, where it holds
    /// definitions too.
    fn journals(&mut self) -> Option<[&mut dyn Journal; 13]> {
        let is_undone = matches!(
            self.dialect,
            Dialect::DuckDb
                | Dialect::MsSql
                | Dialect::PostgreSql
                | Dialect::Redshift
                | Dialect::SQLite
        );
        is_undone.then(|| {
            let journals: [&mut dyn Journal; 13] = [
                &mut self.views,
                &mut self.materialized,
                &mut self.functions,
                &mut self.carried_functions,
                &mut self.temporaries,
                &mut self.parents,
                &mut self.children,
                &mut self.parts,
                &mut self.followers,
                &mut self.draws,
                &mut self.triggers,
                &mut self.indexes,
                &mut self.files,
            ];
            journals
        })
    }

    pub(super) fn begin(&mut self) {
        for journal in self.journals().into_iter().flatten() {
            journal.begin();
        }
    }

    /// Where in the transaction a savepoint stands.
    pub(super) fn mark(&mut self) -> Vec<usize> {
        let journals = self.journals().into_iter().flatten();
        journals.map(|journal| journal.mark()).collect()
    }

    pub(super) fn undo_to(&mut self, mark: &[usize]) {
        let journals = self.journals().into_iter().flatten();
        for (journal, mark) in journals.zip(mark) {
            journal.undo_to(*mark);
        }
    }

    pub(super) fn commit(&mut self) {
        for journal in self.journals().into_iter().flatten() {
            journal.commit();
        }
    }

    pub(super) fn new_bond(&mut self) -> Bond {
        self.bonds += 1;
        self.bonds
    }

    /// What a query touches. Nothing is defined by it.
    pub(super) fn query(&self, effects: &Effects) -> Access {
        let mut access = Access::default();
        self.use_names(effects, &mut access);
        if let Role::Unknown(why) = effects.role {
            access.barrier = Some(why);
        }
        access
    }

    /// Everything that a statement names but does not write.
    fn use_names(&self, effects: &Effects, access: &mut Access) {
        for name in &effects.reads {
            self.read(name, access);
        }
        for function in &effects.calls {
            self.call(function, access);
        }
        self.details(effects, access);
    }

    /// What a statement touches; takes note of what it defines.
    pub(super) fn statement(&mut self, effects: &Effects, mentioned: &BTreeSet<Bond>) -> Outcome {
        if let Some(forgotten) = self.drop_carried(effects) {
            return Outcome::Forget(forgotten);
        }
        let mut access = Access::default();
        if effects.defines.is_some() || effects.role == Role::View {
            self.definition(effects, &mut access);
        } else {
            access = self.query(effects);
        }
        let change = change(effects);
        // What a function writes it writes when it is called.
        let is_function = effects.defines.is_some();
        for name in effects.writes.iter().filter(|_| !is_function) {
            match effects.role {
                Role::Temporary => self.make_temporary(effects, name, &mut access),
                _ => self.write(name, change, effects, &mut access),
            }
        }
        for name in effects.schemas.iter().filter(|_| !is_function) {
            let schema = self.scope.schema(name);
            if effects.has(&Detail::Drops) {
                self.drop_schema(&schema, effects, &mut access);
            }
            access.writes.insert(Resource::Schema(schema));
        }
        self.learn(effects);
        access.bonds.extend(mentioned);
        self.session(effects, &mut access);
        Outcome::Step(Box::new(access))
    }

    /// A view or function that is defined reads what it will read when it is
    /// used, since the database looks at it; it draws and writes nothing yet.
    fn definition(&mut self, effects: &Effects, access: &mut Access) {
        let mut used = self.query(effects);
        for name in effects.writes.iter().filter(|_| effects.defines.is_some()) {
            self.read(name, &mut used);
        }
        if let Some(view) = effects.writes.first().filter(|_| effects.defines.is_none()) {
            for name in &effects.reads {
                for table in self.scope.tables_of_view(view, name) {
                    self.read_table(table, &mut used);
                }
            }
        }
        let unknown = effects.details.iter().find_map(|detail| match detail {
            Detail::Unknown(why) => Some(*why),
            _ => None,
        });
        access.reads = used.reads;
        access.reads.extend(used.writes);
        access.bonds = used.bonds;
        access.carried = used.carried;
        // A view's query is in the program, whatever cannot be told of it; what
        // a function needs besides tables shows in no name.
        if let Some(function) = &effects.defines {
            access.barrier = unknown;
            access.writes.insert(Resource::Function(function.clone()));
        }
    }

    /// A table that a PREDICT or another ML statement replaces.
    pub(super) fn replace(&mut self, name: &Name, access: &mut Access) {
        let effects = Effects::default();
        self.write(name, Change::Replacement, &effects, access);
        for table in self.scope.made(name) {
            self.forget_table(&table);
        }
    }

    pub(super) fn read(&self, name: &Name, access: &mut Access) {
        let temporary = self.temporary(name);
        match temporary {
            Some((Temporary::Table(bond), _)) => {
                access.bonds.insert(*bond);
            }
            Some((Temporary::View(text, body), _)) => {
                access.carried.insert(*text);
                self.run(body, access);
            }
            None => {}
        }
        if let Some((_, Certainty::Sure)) = temporary {
            return;
        }
        for table in self.scope.tables(name) {
            self.read_table(table, access);
        }
        access.reads.extend(self.scope.schemas_of(name));
    }

    fn temporary(&self, name: &Name) -> Option<(&Temporary, Certainty)> {
        if self.temporaries.is_empty() {
            return None;
        }
        let names = self.scope.temporary(name);
        let found = names.iter().find_map(|name| self.temporaries.get(name));
        found.map(|(temporary, likeliest)| {
            let is_sure = names.first() == Some(likeliest);
            let certainty = match is_sure {
                true => Certainty::Sure,
                false => Certainty::Perhaps,
            };
            (temporary, certainty)
        })
    }

    /// Everything that reading a table or view reads, however deep.
    fn read_table(&self, table: String, access: &mut Access) {
        let mut open = vec![table];
        while let Some(table) = open.pop() {
            if access.reads.contains(&Resource::Table(table.clone())) {
                continue;
            }
            if let Some(body) = self.views.get(&table) {
                open.extend(body.tables.iter().cloned());
                self.run_rest(body, access);
            }
            open.extend(self.parts.get(&table).into_iter().flatten().cloned());
            if let Some(path) = self.files.get(&table) {
                access.reads.extend(self.scope.files_read(path));
            }
            access.reads.insert(Resource::Table(table));
        }
    }

    fn run(&self, body: &Body, access: &mut Access) {
        for table in &body.tables {
            self.read_table(table.clone(), access);
        }
        self.run_rest(body, access);
    }

    fn run_rest(&self, body: &Body, access: &mut Access) {
        access.merge(&body.rest);
        for function in &body.calls {
            self.call(function, access);
        }
    }

    /// A function that the program defines does what its body does. Others are
    /// taken to read and write nothing.
    fn call(&self, function: &str, access: &mut Access) {
        let Some(body) = self.functions.get(function) else {
            return;
        };
        if !access.reads.insert(Resource::Function(function.to_owned())) {
            return;
        }
        access.carried.extend(self.carried_functions.get(function));
        self.run(body, access);
        if let Some(effects) = &body.unbound {
            self.use_names(effects, access);
            let change = change(effects);
            for name in &effects.writes {
                self.write_existing(name, change, effects, access);
            }
            let schemas = effects.schemas.iter().map(|name| self.scope.schema(name));
            access.writes.extend(schemas.map(Resource::Schema));
        }
    }

    /// What a statement touches beside tables.
    fn details(&self, effects: &Effects, access: &mut Access) {
        for detail in &effects.details {
            match detail {
                Detail::Draws(sequence) => {
                    let names = self.scope.tables(sequence);
                    access
                        .writes
                        .extend(names.into_iter().map(Resource::Sequence));
                    access.reads.extend(self.scope.schemas_of(sequence));
                }
                // A default names a sequence that must be there.
                Detail::ReadsSequence(sequence) | Detail::DrawnBy { sequence, .. } => {
                    let names = self.scope.tables(sequence);
                    access
                        .reads
                        .extend(names.into_iter().map(Resource::Sequence));
                    access.reads.extend(self.scope.schemas_of(sequence));
                }
                Detail::Drawn(sequence) => {
                    let names = self.scope.tables(sequence);
                    access
                        .asked
                        .extend(names.into_iter().map(Resource::Sequence));
                }
                Detail::LastInsert => access.asks_last = true,
                Detail::LastStatement => access.asks_previous = true,
                Detail::ReadsFile(path) => access.reads.extend(self.scope.files_read(path)),
                Detail::ReadsAnyFile => access.reads.extend(self.scope.files()),
                Detail::WritesFile(path) => {
                    access
                        .writes
                        .extend(self.scope.files_overlapping(&normal_path(path)));
                }
                Detail::Uses(variable) => access.bonds.extend(self.variables.get(variable)),
                Detail::Refreshes(view) => {
                    for table in self.scope.tables(view) {
                        if let Some(body) = self.materialized.get(&table) {
                            self.run(body, access);
                        }
                    }
                }
                Detail::Within(function) => {
                    access.reads.extend(self.scope.schemas_of(function));
                }
                Detail::Trigger { name, .. } => self.write_trigger(name, access),
                Detail::Index { index, table } if self.names_indexes() => {
                    let names = self.scope.beside(table, index.last());
                    access.writes.extend(names.into_iter().map(Resource::Table));
                }
                Detail::DropsTrigger(name) => {
                    self.write_trigger(name, access);
                    let having = self.triggers.iter();
                    let having = having.filter(|(_, names)| names.contains(name));
                    let tables: Vec<_> = having.map(|(table, _)| table.clone()).collect();
                    if tables.is_empty() && effects.writes.is_empty() {
                        access.barrier =
                            Some("which table the trigger belongs to is not in the program");
                    }
                    access
                        .writes
                        .extend(tables.into_iter().map(Resource::Table));
                }
                Detail::Unknown(why) => access.barrier = Some(why),
                Detail::AddsRows
                | Detail::ChangesRows
                | Detail::DeletesRows
                | Detail::Drops
                | Detail::IsDatabase
                | Detail::Cascades
                | Detail::Perhaps
                | Detail::Renames { .. }
                | Detail::Materializes
                | Detail::Follows
                | Detail::ForeignKey { .. }
                | Detail::Part { .. }
                | Detail::StoredAt { .. }
                | Detail::Index { .. }
                | Detail::DropsIndex(_)
                | Detail::Sets(_)
                | Detail::Cursor(_)
                | Detail::Attaches { .. }
                | Detail::Detaches(_)
                | Detail::DropsFunction(_)
                | Detail::BindsLate
                | Detail::Undoes => {}
            }
        }
    }

    /// Whether an index has a name among those of tables, so that only one
    /// table at a time can have it.
    fn names_indexes(&self) -> bool {
        match self.dialect {
            Dialect::Ansi
            | Dialect::DuckDb
            | Dialect::Generic
            | Dialect::Oracle
            | Dialect::PostgreSql
            | Dialect::Redshift
            | Dialect::SQLite => true,
            Dialect::BigQuery
            | Dialect::ClickHouse
            | Dialect::Databricks
            | Dialect::Hive
            | Dialect::MsSql
            | Dialect::MySql
            | Dialect::Snowflake
            | Dialect::Spark
            | Dialect::Teradata => false,
        }
    }

    /// Outside of PostgreSQL only one table at a time can have a trigger of a
    /// name.
    fn write_trigger(&self, name: &str, access: &mut Access) {
        if !matches!(self.dialect, Dialect::PostgreSql | Dialect::Redshift) {
            access.writes.insert(Resource::Function(name.to_owned()));
        }
    }

    fn write(&mut self, name: &Name, change: Change, effects: &Effects, access: &mut Access) {
        self.write_existing(name, change, effects, access);
        if change == Change::Drop
            && let Some((Temporary::Table(_), Certainty::Sure)) = self.temporary(name)
        {
            for name in self.scope.temporary(name) {
                self.temporaries.remove(&name);
            }
        }
    }

    fn write_existing(&self, name: &Name, change: Change, effects: &Effects, access: &mut Access) {
        access.adds_rows |= matches!(change, Change::RowsAdded | Change::RowsChanged);
        let is_made =
            effects.verb == "create" && matches!(change, Change::Definition | Change::Replacement);
        // What is made stands beside a temporary table of its name.
        let temporary = self.temporary(name).filter(|_| !is_made);
        match temporary {
            Some((Temporary::Table(bond), _)) => {
                access.bonds.insert(*bond);
            }
            Some((Temporary::View(text, body), _)) => {
                access.carried.insert(*text);
                for table in body.tables.clone() {
                    self.write_table(table, change, effects, access);
                }
            }
            None => {}
        }
        if let Some((_, Certainty::Sure)) = temporary {
            return;
        }
        let tables = match is_made {
            true => self.scope.made(name),
            false => self.scope.tables(name),
        };
        for table in tables {
            self.write_table(table, change, effects, access);
        }
        access.reads.extend(self.scope.schemas_of(name));
    }

    /// Everything that writing a table writes, and reads on the way.
    fn write_table(&self, table: String, change: Change, effects: &Effects, access: &mut Access) {
        let cascades = effects.has(&Detail::Cascades);
        let adds = matches!(change, Change::RowsAdded | Change::RowsChanged);
        let mut open = vec![table];
        while let Some(table) = open.pop() {
            if !access.writes.insert(Resource::Table(table.clone())) {
                continue;
            }
            open.extend(self.parts.get(&table).into_iter().flatten().cloned());
            if adds || change == Change::RowsDeleted {
                self.change_rows(&table, &mut open, access);
            }
            if adds {
                self.add_rows(&table, &mut open, access);
            }
            if matches!(change, Change::Drop | Change::Replacement) {
                self.drop_table(&table, cascades, &mut open, access);
            }
            if matches!(
                change,
                Change::RowsChanged | Change::RowsDeleted | Change::Drop
            ) {
                for (child, acts) in self.children.get(&table).into_iter().flatten() {
                    match *acts || cascades {
                        // `SET DEFAULT` may draw.
                        true => {
                            self.draw(child, access);
                            open.push(child.clone());
                        }
                        false => self.read_table(child.clone(), access),
                    }
                }
            }
        }
    }

    fn add_rows(&self, table: &str, open: &mut Vec<String>, access: &mut Access) {
        open.extend(self.followers.get(table).into_iter().flatten().cloned());
        self.draw(table, access);
        for parent in self.parents.get(table).into_iter().flatten() {
            self.read_table(parent.clone(), access);
        }
    }

    fn draw(&self, table: &str, access: &mut Access) {
        for sequence in self.draws.get(table).into_iter().flatten() {
            access.writes.insert(Resource::Sequence(sequence.clone()));
        }
    }

    fn change_rows(&self, table: &str, open: &mut Vec<String>, access: &mut Access) {
        // A view whose rows change hands that on to its tables.
        if let Some(body) = self.views.get(table) {
            self.run(body, access);
            open.extend(body.tables.iter().cloned());
        }
        if let Some(path) = self.files.get(table) {
            let path = normal_path(path);
            access.writes.insert(Resource::File(path.clone()));
            access.writes.extend(self.scope.files_overlapping(&path));
        }
        if self
            .triggers
            .get(table)
            .is_some_and(|names| !names.is_empty())
        {
            access.barrier = Some("a trigger of the table may do anything");
        }
    }

    /// What is dropped must be free of what depends on it, or takes it along.
    fn drop_table(&self, table: &str, cascades: bool, open: &mut Vec<String>, access: &mut Access) {
        for parent in self.parents.get(table).into_iter().flatten() {
            self.read_table(parent.clone(), access);
        }
        let sequences = self.draws.get(table).into_iter().flatten();
        access
            .reads
            .extend(sequences.cloned().map(Resource::Sequence));
        if self.tracks_views()
            && let Some(body) = self.views.get(table)
        {
            self.run(body, access);
        }
        if cascades {
            let dependent = self.views.iter().chain(self.materialized.iter());
            let dependent = dependent.filter(|(_, body)| body.tables.contains(table));
            open.extend(dependent.map(|(view, _)| view.clone()));
        }
    }

    /// Whether the database refuses to drop a table that a view needs, so that
    /// the view has to go first.
    fn tracks_views(&self) -> bool {
        matches!(
            self.dialect,
            Dialect::PostgreSql | Dialect::Redshift | Dialect::Ansi | Dialect::Generic
        )
    }

    /// Views elsewhere go with the schema that they read from.
    fn drop_schema(&mut self, schema: &str, effects: &Effects, access: &mut Access) {
        let inside = format!("{schema}.");
        let views = self.views.iter().chain(self.materialized.iter());
        let dependent: Vec<_> = views
            .filter(|(_, body)| body.tables.iter().any(|table| table.starts_with(&inside)))
            .map(|(view, _)| view.clone())
            .collect();
        if self.tracks_views() {
            for view in dependent {
                self.write_table(view, Change::Drop, effects, access);
            }
        }
        let known = self.views.keys().chain(self.parents.keys());
        let known = known.chain(self.children.keys()).chain(self.draws.keys());
        let inside: BTreeSet<String> = known
            .chain(self.materialized.keys())
            .chain(self.files.keys())
            .chain(self.triggers.keys())
            .filter(|table| table.starts_with(&inside))
            .cloned()
            .collect();
        for table in inside {
            self.forget_table(&table);
        }
    }

    fn make_temporary(&mut self, effects: &Effects, name: &Name, access: &mut Access) {
        if let (true, Some((Temporary::Table(bond), _))) =
            (effects.has(&Detail::Perhaps), self.temporary(name))
        {
            access.bonds.insert(*bond);
            return;
        }
        let bond = self.new_bond();
        access.bonds.insert(bond);
        self.add_temporary(name, &Temporary::Table(bond));
    }

    fn add_temporary(&mut self, name: &Name, temporary: &Temporary) {
        let names = self.scope.temporary(name);
        let Some(likeliest) = names.first().cloned() else {
            return;
        };
        for name in names {
            self.temporaries
                .insert(name, (temporary.clone(), likeliest.clone()));
        }
    }

    /// The definitions that a DROP of nothing but carried views takes away.
    fn drop_carried(&mut self, effects: &Effects) -> Option<BTreeSet<SessionText>> {
        if !effects.has(&Detail::Drops) || effects.role != Role::Plain {
            return None;
        }
        let mut texts = BTreeSet::new();
        for detail in &effects.details {
            if let Detail::DropsFunction(function) = detail {
                texts.insert(*self.carried_functions.get(function)?);
            }
        }
        for name in &effects.writes {
            let Some((Temporary::View(text, _), _)) = self.temporary(name) else {
                return None;
            };
            texts.insert(*text);
        }
        let touches_more = !effects.schemas.is_empty()
            || effects.details.iter().any(|detail| {
                matches!(
                    detail,
                    Detail::Draws(_) | Detail::DropsIndex(_) | Detail::WritesFile(_)
                )
            });
        if texts.is_empty() || touches_more {
            return None;
        }
        let views = self.temporaries.iter();
        let dropped: Vec<String> = views
            .filter(
                |(_, (known, _))| matches!(known, Temporary::View(text, _) if texts.contains(text)),
            )
            .map(|(view, _)| view.clone())
            .collect();
        for view in dropped {
            self.temporaries.remove(&view);
        }
        let functions = self.carried_functions.iter();
        let dropped: Vec<String> = functions
            .filter(|(_, text)| texts.contains(text))
            .map(|(function, _)| function.clone())
            .collect();
        for function in dropped {
            self.carried_functions.remove(&function);
            self.functions.remove(&function);
        }
        Some(texts)
    }

    /// A temporary view, macro or function: each step that uses it defines it
    /// in its own session. Over a temporary table it is bound to the table's
    /// session, and then this gives what the step of its definition touches.
    pub(super) fn carry(&mut self, effects: &Effects, text: SessionText) -> Option<Access> {
        let access = self.query(effects);
        let body = self.body(effects, None);
        if let Some(function) = &effects.defines {
            if let Some(bond) = access.bonds.first() {
                let mut bound = body;
                bound.rest.bonds.insert(*bond);
                self.functions.insert(function.clone(), bound);
                return Some(access);
            }
            self.functions.insert(function.clone(), body);
            self.carried_functions.insert(function.clone(), text);
            return None;
        }
        let view = effects.writes.first()?;
        let known = match access.bonds.first() {
            Some(bond) => Temporary::Table(*bond),
            None => Temporary::View(text, Box::new(body)),
        };
        self.add_temporary(view, &known);
        (!access.bonds.is_empty()).then_some(access)
    }

    /// What using a view or function does, kept by names so that what a view
    /// in it becomes later counts.
    fn body(&mut self, effects: &Effects, view: Option<&Name>) -> Body {
        let mut body = Body {
            calls: effects.calls.clone(),
            ..Body::default()
        };
        if let Some(function) = &effects.defines
            && effects.has(&Detail::BindsLate)
        {
            let mut unbound = effects.clone();
            unbound.calls.remove(function);
            return Body {
                unbound: Some(Rc::new(unbound)),
                ..Body::default()
            };
        }
        for name in &effects.reads {
            let temporary = self.temporary(name);
            match temporary {
                Some((Temporary::Table(bond), _)) => {
                    body.rest.bonds.insert(*bond);
                }
                Some((Temporary::View(text, inner), _)) => {
                    body.rest.carried.insert(*text);
                    body.extend((**inner).clone());
                }
                None => {}
            }
            if !matches!(temporary, Some((_, Certainty::Sure))) {
                body.tables.extend(self.scope.tables(name));
                body.rest.reads.extend(self.scope.schemas_of(name));
            }
            if let Some(view) = view {
                body.tables.extend(self.scope.tables_of_view(view, name));
            }
        }
        self.details(effects, &mut body.rest);
        if let Some(function) = &effects.defines {
            body.calls.remove(function);
            let change = change(effects);
            for name in &effects.writes {
                self.write(name, change, effects, &mut body.rest);
            }
            let schemas = effects.schemas.iter().map(|name| self.scope.schema(name));
            body.rest.writes.extend(schemas.map(Resource::Schema));
        }
        body
    }

    /// Takes note of what a statement defines, renames and drops.
    fn learn(&mut self, effects: &Effects) {
        let perhaps = effects.has(&Detail::Perhaps);
        if let Some(function) = &effects.defines {
            let body = self.body(effects, None);
            self.functions.insert(function.clone(), body);
            return;
        }
        let is_defined = effects.verb == "create" || effects.has(&Detail::Drops);
        if is_defined && !perhaps && effects.role != Role::Temporary {
            for name in &effects.writes {
                // Where it may be one of several, each may still be what it was.
                if let [only] = self.scope.made(name).as_slice() {
                    self.forget_table(only);
                }
            }
        }
        match (&effects.role, effects.writes.as_slice()) {
            (Role::View, [view, ..]) => {
                let body = self.body(effects, Some(view));
                let made = self.scope.made(view);
                let is_vague = perhaps || made.len() > 1;
                for table in made {
                    match self.views.get_mut(&table).filter(|_| is_vague) {
                        Some(known) => known.extend(body.clone()),
                        None => self.views.insert(table, body.clone()),
                    }
                }
            }
            (_, [view, ..]) if effects.has(&Detail::Materializes) => {
                let body = self.body(effects, Some(view));
                for table in self.scope.made(view) {
                    self.materialized.insert(table, body.clone());
                }
            }
            (_, [view, behind @ ..]) if effects.has(&Detail::Follows) => {
                self.learn_follower(effects, view, behind);
            }
            _ => {}
        }
        for detail in &effects.details {
            self.learn_detail(detail, effects);
        }
        if effects.schemas.is_empty() && !perhaps {
            self.forget_renamed(effects);
        }
    }

    /// A name that a rename leaves behind, and none of the statement's renames
    /// gives again, has nothing of its own any more.
    fn forget_renamed(&mut self, effects: &Effects) {
        let renames = || {
            effects.details.iter().filter_map(|detail| match detail {
                Detail::Renames { from, to } => Some((from, to)),
                _ => None,
            })
        };
        let given: BTreeSet<String> = renames()
            .flat_map(|(_, to)| self.scope.tables(to))
            .collect();
        for (from, _) in renames() {
            if let [only] = self.scope.tables(from).as_slice()
                && !given.contains(only)
            {
                self.forget_table(only);
                self.children.remove(only);
            }
        }
    }

    /// ClickHouse's materialized view takes the rows added to what it reads,
    /// and keeps them itself or in another table.
    fn learn_follower(&mut self, effects: &Effects, view: &Name, behind: &[Name]) {
        let made = self.scope.made(view);
        let behind = behind.iter().flat_map(|name| self.scope.tables(name));
        let behind: BTreeSet<String> = behind.collect();
        for name in &effects.reads {
            for source in self.scope.tables(name) {
                let followers = self.followers.entry(source);
                followers.extend(made.iter().cloned());
                followers.extend(behind.iter().cloned());
            }
        }
        if !behind.is_empty() {
            for view in made {
                let body = Body {
                    tables: behind.clone(),
                    ..Body::default()
                };
                self.views.insert(view, body);
            }
        }
    }

    fn learn_detail(&mut self, detail: &Detail, effects: &Effects) {
        match detail {
            Detail::ForeignKey {
                child,
                parent,
                acts,
            } => {
                let parents = self.scope.tables(parent);
                for child in self.scope.tables(child) {
                    self.parents
                        .entry(child.clone())
                        .extend(parents.iter().cloned());
                    for parent in &parents {
                        let children = self.children.entry(parent.clone());
                        *children.entry(child.clone()).or_default() |= *acts;
                    }
                }
            }
            Detail::Part { part, whole } => {
                let parts = self.scope.tables(part);
                for whole in self.scope.tables(whole) {
                    self.parts.entry(whole).extend(parts.iter().cloned());
                }
            }
            Detail::StoredAt { table, path } => {
                for table in self.scope.tables(table) {
                    self.files.insert(table, path.clone());
                }
            }
            Detail::DrawnBy { table, sequence } => {
                let sequences = self.scope.tables(sequence);
                for table in self.scope.tables(table) {
                    self.draws.entry(table).extend(sequences.iter().cloned());
                }
            }
            Detail::Trigger { table, name } => {
                for table in self.scope.tables(table) {
                    self.triggers.entry(table).insert(name.clone());
                }
            }
            Detail::DropsTrigger(name) => {
                let has = |names: &BTreeSet<String>| names.contains(name);
                self.triggers.change(has, |names| {
                    names.remove(name);
                });
            }
            Detail::Index { index, table } => {
                let index = self.scope.stored_ident(index.last()).to_lowercase();
                self.indexes
                    .insert(index, self.scope.tables(table).into_iter().collect());
            }
            Detail::Renames { from, to } if effects.schemas.is_empty() => {
                for (from, to) in self.scope.renamed(from, to) {
                    self.rename(|table| (*table == from).then(|| to.clone()));
                }
            }
            Detail::Renames { from, to } => {
                let (from, to) = (self.scope.schema(from), self.scope.schema(to));
                self.rename(|table| {
                    let rest = table.strip_prefix(&from)?.strip_prefix('.')?;
                    Some(format!("{to}.{rest}"))
                });
            }
            Detail::DropsFunction(function) => {
                self.functions.remove(function);
            }
            _ => {}
        }
    }

    /// What is known of a table is known of it under its new name too. Whether
    /// a view follows the rename differs, so it reads both from here on.
    fn rename(&mut self, renamed: impl Fn(&String) -> Option<String>) {
        fn add<T: Clone>(
            map: &mut Journaled<T>,
            renamed: &impl Fn(&String) -> Option<String>,
            merge: impl Fn(&mut T, T),
        ) {
            let found: Vec<_> = map
                .iter()
                .filter_map(|(table, known)| Some((renamed(table)?, known.clone())))
                .collect();
            for (table, known) in found {
                match map.get_mut(&table) {
                    Some(old) => merge(old, known),
                    None => {
                        map.insert(table, known);
                    }
                }
            }
        }
        let extend = |tables: &mut BTreeSet<String>| {
            let new: Vec<_> = tables.iter().filter_map(&renamed).collect();
            tables.extend(new);
        };
        let merge_sets = |old: &mut BTreeSet<String>, new: BTreeSet<String>| old.extend(new);
        let names = |tables: &BTreeSet<String>| tables.iter().any(|table| renamed(table).is_some());
        for views in [&mut self.views, &mut self.materialized] {
            views.change(|body| names(&body.tables), |body| extend(&mut body.tables));
        }
        add(&mut self.views, &renamed, Body::extend);
        add(&mut self.materialized, &renamed, Body::extend);
        for sets in [
            &mut self.parents,
            &mut self.parts,
            &mut self.followers,
            &mut self.draws,
            &mut self.triggers,
        ] {
            add(sets, &renamed, merge_sets);
        }
        for sets in [&mut self.parents, &mut self.parts, &mut self.followers] {
            sets.change(names, extend);
        }
        add(&mut self.children, &renamed, |old, new| old.extend(new));
        self.children.change(
            |children| children.keys().any(|child| renamed(child).is_some()),
            |children| {
                let found = children.iter();
                let new: Vec<(String, bool)> = found
                    .filter_map(|(child, acts)| Some((renamed(child)?, *acts)))
                    .collect();
                for (child, acts) in new {
                    *children.entry(child).or_default() |= acts;
                }
            },
        );
        add(&mut self.files, &renamed, |_, _| {});
        self.indexes.change(names, extend);
    }

    /// The table is gone or another one has its name.
    fn forget_table(&mut self, table: &str) {
        self.views.remove(table);
        self.materialized.remove(table);
        self.parts.remove(table);
        self.draws.remove(table);
        self.triggers.remove(table);
        self.files.remove(table);
        for parent in self.parents.remove(table).into_iter().flatten() {
            if let Some(children) = self.children.get_mut(&parent) {
                children.remove(table);
            }
        }
        // In these, foreign keys name a table that may be gone and come again.
        if !matches!(self.dialect, Dialect::MySql | Dialect::SQLite) {
            self.children.remove(table);
        }
    }

    /// Prepared statements, variables and cursors; functions and indexes that
    /// are gone.
    fn session(&mut self, effects: &Effects, access: &mut Access) {
        match &effects.role {
            Role::Prepare(name) => self.prepare(name, access),
            Role::Execute(name) => self.execute(name, access),
            Role::Deallocate(Some(name)) => {
                access
                    .bonds
                    .extend(self.prepared.remove(name).map(|(bond, _)| bond));
                access.bonds.extend(self.cursors.remove(name));
            }
            Role::Deallocate(None) => {
                let prepared = std::mem::take(&mut self.prepared);
                access
                    .bonds
                    .extend(prepared.into_values().map(|(bond, _)| bond));
            }
            _ => {}
        }
        for detail in &effects.details {
            match detail {
                Detail::Sets(variable) => {
                    let bond = match self.variables.get(variable) {
                        Some(bond) if access.bonds.contains(bond) => *bond,
                        _ => self.new_bond(),
                    };
                    self.variables.insert(variable.clone(), bond);
                    access.bonds.insert(bond);
                }
                Detail::Cursor(name) if name == "all" => {
                    let cursors = std::mem::take(&mut self.cursors);
                    access.bonds.extend(cursors.into_values());
                }
                Detail::Cursor(name) => {
                    let bond = match self.cursors.get(name) {
                        Some(bond) => *bond,
                        None => self.new_bond(),
                    };
                    self.cursors.insert(name.clone(), bond);
                    access.bonds.insert(bond);
                }
                Detail::DropsFunction(function) => {
                    access.writes.insert(Resource::Function(function.clone()));
                }
                Detail::DropsIndex(index) => {
                    if self.names_indexes() {
                        let names = self.scope.tables(index);
                        access.writes.extend(names.into_iter().map(Resource::Table));
                    }
                    let index = self.scope.stored_ident(index.last()).to_lowercase();
                    match self.indexes.get(&index) {
                        Some(tables) => {
                            access
                                .writes
                                .extend(tables.iter().cloned().map(Resource::Table));
                        }
                        None => {
                            access.barrier =
                                Some("which table the index belongs to is not in the program");
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Preparing only plans; what is planned happens at EXECUTE.
    fn prepare(&mut self, name: &str, access: &mut Access) {
        let bond = self.new_bond();
        access.bonds.insert(bond);
        self.prepared
            .insert(name.to_owned(), (bond, access.clone()));
        access.reads.append(&mut access.writes);
        access.barrier = None;
    }

    fn execute(&self, name: &str, access: &mut Access) {
        if let Some((_, prepared)) = self.prepared.get(name) {
            access.merge(prepared);
        } else if self.functions.contains_key(name) {
            self.call(name, access);
        } else {
            access.barrier = Some("what it executes is not in the program");
        }
    }

    /// The declared variables that a text names, where they are named as
    /// columns are. A column of the name is taken for the variable.
    pub(super) fn mentioned(&self, text: &str) -> BTreeSet<Bond> {
        let has_plain_names = matches!(
            self.dialect,
            Dialect::BigQuery | Dialect::Databricks | Dialect::Spark
        );
        if self.variables.is_empty() || !has_plain_names {
            return BTreeSet::new();
        }
        let is_between = |c: char| !(c.is_alphanumeric() || c == '_');
        let words = text.split(is_between).map(str::to_lowercase);
        words
            .filter_map(|word| self.variables.get(&word).copied())
            .collect()
    }

    /// A SET of a plain value ends what a step had put into the variable.
    pub(super) fn set(&mut self, effects: &Effects) {
        for detail in &effects.details {
            if let Detail::Sets(variable) = detail {
                self.variables.remove(variable);
            }
        }
    }

    pub(super) fn stored(&self, name: &Name) -> Vec<String> {
        self.scope.stored(name)
    }

    pub(super) fn stored_ident(&self, ident: &Ident) -> String {
        self.scope.stored_ident(ident)
    }
}

impl Access {
    pub(super) fn merge(&mut self, other: &Access) {
        self.reads.extend(other.reads.iter().cloned());
        self.writes.extend(other.writes.iter().cloned());
        self.barrier = self.barrier.or(other.barrier);
        self.bonds.extend(&other.bonds);
        self.carried.extend(&other.carried);
        self.asks_last |= other.asks_last;
        self.asks_previous |= other.asks_previous;
        self.adds_rows |= other.adds_rows;
        self.asked.extend(other.asked.iter().cloned());
    }
}

impl Body {
    fn extend(&mut self, other: Body) {
        self.tables.extend(other.tables);
        self.calls.extend(other.calls);
        self.rest.merge(&other.rest);
        self.unbound = other.unbound.or(self.unbound.take());
    }
}

fn change(effects: &Effects) -> Change {
    let (adds, deletes) = (
        effects.has(&Detail::AddsRows),
        effects.has(&Detail::DeletesRows),
    );
    if effects.has(&Detail::ChangesRows) || adds && deletes {
        Change::RowsChanged
    } else if deletes {
        Change::RowsDeleted
    } else if adds {
        Change::RowsAdded
    } else if effects.has(&Detail::Drops) {
        Change::Drop
    } else if effects.verb == "create" && !effects.has(&Detail::Perhaps) {
        Change::Replacement
    } else {
        Change::Definition
    }
}
