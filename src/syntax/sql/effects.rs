//! What a SQL statement reads and writes, from its syntax tree.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AlterTableOperation, CommentObject, CopySource, CopyTarget, CreateTable, CreateTableLikeKind,
    CreateView, Delete, Expr, FromTable, Insert, ObjectName, ObjectType, Query,
    RenameTableNameKind, Reset, SchemaName, Set, SetExpr, Statement, TableFactor, TableObject,
    TableWithJoins, Update, UpdateTableFromKind, Use, Visit, Visitor,
};

use super::{names, rows};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Effects, Name, Role, SqlQuery, SqlStatement};
use crate::syntax::relation;

pub(super) fn query(source: &SourceFile, query: &Query, span: Span) -> SqlQuery {
    let mut collector = Collector::new(source, "select");
    collector.read(query);
    collector.effects.rows = rows::of_query(query, &collector.effects);
    SqlQuery {
        span,
        effects: collector.effects,
        columns: relation::Query::default(),
    }
}

pub(super) fn statement(source: &SourceFile, statement: &Statement, span: Span) -> SqlStatement {
    let mut collector = Collector::new(source, "");
    collector.statement(statement);
    collector.effects.rows = rows::of_statement(statement, &collector.effects);
    SqlStatement {
        span,
        effects: collector.effects,
        columns: None,
    }
}

struct Collector<'a> {
    source: &'a SourceFile,
    effects: Effects,
    /// Common table expressions in front of the statement, in lower case.
    hidden: Vec<String>,
}

impl Collector<'_> {
    fn new<'a>(source: &'a SourceFile, verb: &'static str) -> Collector<'a> {
        Collector {
            source,
            effects: Effects {
                verb,
                ..Effects::default()
            },
            hidden: Vec::new(),
        }
    }

    /// Adds every table that a part of the tree reads.
    fn read(&mut self, part: &impl Visit) {
        let mut reads = Reads {
            source: self.source,
            effects: &mut self.effects,
            scopes: vec![Scope {
                names: self.hidden.clone(),
                visible: self.hidden.len(),
            }],
            functions: 0,
        };
        let ControlFlow::Continue(()) = part.visit(&mut reads);
    }

    fn read_name(&mut self, name: &ObjectName) {
        if let Some(name) = names::name(self.source, name) {
            add(&mut self.effects.reads, name);
        }
    }

    fn write(&mut self, name: &ObjectName) {
        match names::name(self.source, name) {
            Some(name) => add(&mut self.effects.writes, name),
            None => self.unknown("the name of the table it writes is computed"),
        }
    }

    fn schema(&mut self, name: &ObjectName) {
        match names::name(self.source, name) {
            Some(name) => add(&mut self.effects.schemas, name),
            None => self.unknown("the name of the schema is computed"),
        }
    }

    fn unknown(&mut self, why: &'static str) {
        self.effects.role = Role::Unknown(why);
    }

    fn statement(&mut self, statement: &Statement) {
        self.effects.verb = verb(statement);
        match statement {
            Statement::Query(query) => self.query(query),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => {
                self.write_factor(&merge.table);
                self.read(&merge.source);
                self.read(&*merge.on);
                self.read(&merge.clauses);
            }
            Statement::CreateTable(create) => self.create_table(create),
            Statement::CreateView(create) => self.create_view(create),
            Statement::CreateVirtualTable { name, .. } => self.write(name),
            Statement::CreateIndex(index) => self.write(&index.table_name),
            Statement::AlterTable(alter) => {
                self.write(&alter.name);
                for operation in &alter.operations {
                    self.alter_operation(&alter.name, operation);
                }
            }
            Statement::AlterView { name, query, .. } => {
                self.write(name);
                self.read(query);
                self.effects.role = Role::View;
            }
            Statement::RenameTable(renames) => {
                for rename in renames {
                    self.write(&rename.old_name);
                    self.write(&rename.new_name);
                }
            }
            Statement::Drop {
                object_type,
                names,
                table,
                ..
            } => self.drop(*object_type, names, table.as_ref()),
            Statement::Truncate(truncate) => {
                for target in &truncate.table_names {
                    self.write(&target.name);
                }
            }
            Statement::Copy {
                source, to, target, ..
            } => self.copy(source, *to, target),
            Statement::LoadData { table_name, .. } => self.write(table_name),
            Statement::Analyze(analyze) => match &analyze.table_name {
                Some(name) => self.write(name),
                None => self.unknown("it gathers statistics of every table"),
            },
            Statement::Comment {
                object_type,
                object_name,
                ..
            } => self.comment(object_type, object_name),
            Statement::CreateSchema { schema_name, .. } => match schema_name {
                SchemaName::Simple(name) | SchemaName::NamedAuthorization(name, _) => {
                    self.schema(name);
                }
                SchemaName::UnnamedAuthorization(user) => {
                    self.schema(&ObjectName::from(vec![user.clone()]));
                }
            },
            Statement::CreateDatabase { db_name, .. } => self.schema(db_name),
            Statement::AlterSchema(alter) => self.schema(&alter.name),
            Statement::Use(target) => self.use_target(target),
            Statement::Set(set) => self.set(set),
            Statement::Pragma {
                value: Some(_),
                is_eq: false,
                ..
            } => self.unknown("what the pragma touches is not in its text"),
            Statement::Pragma { .. }
            | Statement::Install { .. }
            | Statement::Load { .. }
            | Statement::AttachDatabase { .. }
            | Statement::AttachDuckDBDatabase { .. }
            | Statement::AlterSession { .. } => self.effects.role = Role::Session,
            Statement::StartTransaction { statements, .. } if statements.is_empty() => {
                self.effects.role = Role::Begin;
            }
            Statement::Commit { .. } | Statement::Rollback { .. } => {
                self.effects.role = Role::End;
            }
            Statement::Savepoint { .. } | Statement::ReleaseSavepoint { .. } => {
                self.effects.role = Role::Plain;
            }
            Statement::Explain {
                statement, analyze, ..
            } => self.explain(statement, *analyze),
            Statement::ExplainTable { table_name, .. } => self.read_name(table_name),
            Statement::ShowCreate { obj_name, .. } => self.read_name(obj_name),
            Statement::ShowTables { .. }
            | Statement::ShowViews { .. }
            | Statement::ShowSchemas { .. }
            | Statement::ShowDatabases { .. }
            | Statement::ShowColumns { .. }
            | Statement::ShowObjects(_)
            | Statement::ShowCatalogs { .. } => {
                self.unknown("it shows what exists, so it waits for everything before it");
            }
            // DuckDB's `SHOW t` describes the table.
            Statement::ShowVariable { variable } if variable.len() == 1 => {
                self.read_name(&ObjectName::from(variable.clone()));
            }
            Statement::ShowVariable { .. } => {
                self.unknown("it shows what exists, so it waits for everything before it");
            }
            Statement::ShowVariables { .. }
            | Statement::ShowStatus { .. }
            | Statement::ShowFunctions { .. }
            | Statement::ShowCharset(_)
            | Statement::ShowCollation { .. }
            | Statement::ShowProcessList { .. } => {}
            Statement::Reset(reset) => self.reset(&reset.reset),
            Statement::Prepare {
                name, statement, ..
            } => self.prepare(name, statement),
            Statement::Deallocate { name, .. } => {
                self.effects.role = Role::Execute(name.value.to_lowercase());
            }
            Statement::Execute {
                name: Some(name), ..
            } => {
                // What it does was read where it was prepared.
                let name = name.0.last().and_then(|part| part.as_ident());
                self.effects.role = match name {
                    Some(name) => Role::Execute(name.value.to_lowercase()),
                    None => Role::Unknown("the name of what it executes is computed"),
                };
            }
            Statement::CreateMacro {
                name, definition, ..
            } => {
                self.read(definition);
                self.define(name);
            }
            Statement::CreateFunction(create) => self.define(&create.name),
            Statement::CreateProcedure { name, .. } => self.define(name),
            Statement::Call(_) | Statement::Execute { .. } => {
                self.unknown("what the procedure does is not in the program");
            }
            // Functions, types, sequences, roles, procedural code and what
            // single databases add: later statements may depend on them in
            // ways that no table name shows.
            _ => self.unknown("its effects on other statements cannot be told from its text"),
        }
    }

    fn define(&mut self, name: &ObjectName) {
        self.effects.defines = function_name(name);
        self.unknown("what calls the function it defines cannot be told from names of tables");
    }

    /// What is prepared is read and written when it is executed; here and there
    /// are one step.
    fn prepare(&mut self, name: &sqlparser::ast::Ident, statement: &Statement) {
        self.statement(statement);
        self.effects.verb = "prepare";
        self.effects.role = Role::Prepare(name.value.to_lowercase());
    }

    fn reset(&mut self, reset: &Reset) {
        let is_schema = match reset {
            Reset::ALL => true,
            Reset::SessionAuthorization => false,
            Reset::ConfigurationParameter(name) => {
                function_name(name).is_some_and(|name| name == "search_path" || name == "schema")
            }
        };
        self.effects.role = match is_schema {
            true => Role::UseDefault,
            false => Role::Session,
        };
    }

    fn query(&mut self, query: &Query) {
        if let SetExpr::Insert(statement)
        | SetExpr::Update(statement)
        | SetExpr::Delete(statement)
        | SetExpr::Merge(statement) = &*query.body
        {
            return self.behind_definitions(query, statement);
        }
        self.read(query);
        if let Some(with) = &query.with {
            let definitions = with.cte_tables.iter().map(|cte| &cte.query);
            definitions.for_each(|query| self.definition(query));
        }
        self.select_into(&query.body);
    }

    /// PostgreSQL's `WITH x AS (DELETE …)` writes too.
    fn definition(&mut self, query: &Query) {
        if let SetExpr::Insert(statement)
        | SetExpr::Update(statement)
        | SetExpr::Delete(statement)
        | SetExpr::Merge(statement) = &*query.body
        {
            let verb = self.effects.verb;
            self.statement(statement);
            self.effects.verb = verb;
        }
    }

    /// `WITH … INSERT …`: the definitions hide tables in all that follows them.
    fn behind_definitions(&mut self, query: &Query, statement: &Statement) {
        let outer = self.hidden.clone();
        if let Some(with) = &query.with {
            let names = with.cte_tables.iter().map(|cte| &cte.alias.name.value);
            let names: Vec<_> = names.map(|name| name.to_lowercase()).collect();
            for (at, definition) in with.cte_tables.iter().enumerate() {
                let visible = if with.recursive { names.len() } else { at };
                self.hidden = [&outer, &names[..visible]].concat();
                self.read(&definition.query);
                self.definition(&definition.query);
            }
            self.hidden = [&outer[..], &names].concat();
        }
        self.statement(statement);
        self.hidden = outer;
    }

    /// `SELECT … INTO table` writes; the targets may also be variables, which
    /// then are names that no other statement touches.
    fn select_into(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => {
                let Some(into) = &select.into else { return };
                for target in &into.targets {
                    let idents = match target {
                        Expr::Identifier(ident) => vec![ident.clone()],
                        Expr::CompoundIdentifier(idents) => idents.clone(),
                        _ => return self.unknown("the target of its INTO is no plain name"),
                    };
                    self.write(&ObjectName::from(idents));
                }
                self.effects.verb = "create";
                if into.temporary || into.targets.iter().any(is_temporary_target) {
                    self.effects.role = Role::Temporary;
                }
            }
            SetExpr::SetOperation { left, .. } => self.select_into(left),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => self.statement(statement),
            SetExpr::Values(_) | SetExpr::Table(_) => {}
        }
    }

    fn insert(&mut self, insert: &Insert) {
        match &insert.table {
            // `INSERT ALL` names its tables further down.
            TableObject::TableName(_) if !insert.multi_table_into_clauses.is_empty() => {}
            TableObject::TableName(name) => self.write(name),
            TableObject::TableFunction(_) | TableObject::TableQuery(_) => {
                self.unknown("it inserts into something that is no plain table");
            }
        }
        self.read(&insert.source);
        self.read(&insert.on);
        self.read(&insert.returning);
        self.read(&insert.assignments);
        for clause in &insert.multi_table_into_clauses {
            self.write(&clause.table_name);
        }
        if !insert.multi_table_when_clauses.is_empty() || insert.multi_table_else_clause.is_some() {
            self.unknown("it chooses its target tables by conditions");
        }
    }

    fn update(&mut self, update: &Update) {
        match (&update.table.relation, &update.from) {
            (
                TableFactor::Table { name, .. },
                Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)),
            ) => self.write_target(name, from),
            (factor, _) => self.write_factor(factor),
        }
        // MySQL's `UPDATE a JOIN b SET …` may write either, so both count.
        for join in &update.table.joins {
            self.write_factor(&join.relation);
        }
        self.read(&update.table.joins);
        match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => {
                self.read(from);
            }
            None => {}
        }
        self.read(&update.assignments);
        self.read(&update.selection);
        self.read(&update.returning);
    }

    fn delete(&mut self, delete: &Delete) {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        if delete.tables.is_empty() {
            for table in from {
                self.write_factor(&table.relation);
                self.read(&table.joins);
            }
        } else {
            for target in &delete.tables {
                self.write_target(target, from);
            }
            self.read(from);
        }
        self.read(&delete.using);
        self.read(&delete.selection);
        self.read(&delete.returning);
    }

    /// What MySQL's `DELETE t FROM …` and SQL Server's `UPDATE t SET … FROM …`
    /// write is a table or the alias of one.
    fn write_target(&mut self, target: &ObjectName, from: &[TableWithJoins]) {
        let aliased = from
            .iter()
            .flat_map(|table| {
                std::iter::once(&table.relation).chain(table.joins.iter().map(|j| &j.relation))
            })
            .find_map(|factor| match factor {
                TableFactor::Table {
                    name,
                    alias: Some(alias),
                    ..
                } if target.0.len() == 1
                    && target.0[0].as_ident().is_some_and(|ident| {
                        ident.value.eq_ignore_ascii_case(&alias.name.value)
                    }) =>
                {
                    Some(name)
                }
                _ => None,
            });
        self.write(aliased.unwrap_or(target));
    }

    fn write_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                name, args: None, ..
            } => self.write(name),
            TableFactor::Derived { subquery, .. } => self.read(subquery),
            _ => self.unknown("it writes to something that is no plain table"),
        }
    }

    fn create_table(&mut self, create: &CreateTable) {
        self.write(&create.name);
        self.read(&create.query);
        if let Some(CreateTableLikeKind::Parenthesized(like) | CreateTableLikeKind::Plain(like)) =
            &create.like
        {
            self.read_name(&like.name);
        }
        for name in create.clone.iter().chain(create.inherits.iter().flatten()) {
            self.read_name(name);
        }
        if let Some(parent) = &create.partition_of {
            self.write(parent);
        }
        for constraint in &create.constraints {
            if let sqlparser::ast::TableConstraint::ForeignKey(key) = constraint {
                self.read_name(&key.foreign_table);
            }
        }
        for option in create.columns.iter().flat_map(|column| &column.options) {
            if let sqlparser::ast::ColumnOption::ForeignKey(key) = &option.option {
                self.read_name(&key.foreign_table);
            }
        }
        if create.temporary || create.volatile || is_temporary_name(&create.name) {
            self.effects.role = Role::Temporary;
        }
    }

    fn create_view(&mut self, create: &CreateView) {
        self.write(&create.name);
        self.read(&create.query);
        if let Some(to) = &create.to {
            self.write(to);
        }
        self.effects.role = match (create.temporary, create.materialized) {
            (true, _) => Role::Temporary,
            // A materialized view holds rows of its own, like a table.
            (false, true) => Role::Plain,
            (false, false) => Role::View,
        };
    }

    fn alter_operation(&mut self, table: &ObjectName, operation: &AlterTableOperation) {
        match operation {
            AlterTableOperation::RenameTable { table_name } => {
                let (RenameTableNameKind::As(name) | RenameTableNameKind::To(name)) = table_name;
                self.write(&beside(table, name));
            }
            AlterTableOperation::SwapWith { table_name } => self.write(table_name),
            AlterTableOperation::AddConstraint {
                constraint: sqlparser::ast::TableConstraint::ForeignKey(key),
                ..
            } => self.read_name(&key.foreign_table),
            _ => {}
        }
    }

    fn comment(&mut self, kind: &CommentObject, name: &ObjectName) {
        match kind {
            CommentObject::Table | CommentObject::View | CommentObject::MaterializedView => {
                self.write(name);
            }
            CommentObject::Column => {
                let table = name.0[..name.0.len().saturating_sub(1)].to_vec();
                self.write(&ObjectName(table));
            }
            CommentObject::Schema | CommentObject::Database => self.schema(name),
            // What else can be described is read by no statement for its comment.
            _ => {}
        }
    }

    fn drop(&mut self, kind: ObjectType, names: &[ObjectName], table: Option<&ObjectName>) {
        match kind {
            ObjectType::Table | ObjectType::View | ObjectType::MaterializedView => {
                for name in names {
                    self.write(name);
                }
            }
            ObjectType::Schema | ObjectType::Database => {
                for name in names {
                    self.schema(name);
                }
            }
            ObjectType::Index => match table {
                Some(table) => self.write(table),
                None => self.unknown("which table the index belongs to is not in its text"),
            },
            ObjectType::Collation
            | ObjectType::Role
            | ObjectType::Sequence
            | ObjectType::Stage
            | ObjectType::Type
            | ObjectType::User
            | ObjectType::Stream
            | ObjectType::Warehouse => {
                self.unknown("what depends on the dropped object cannot be told from its text");
            }
        }
    }

    fn copy(&mut self, source: &CopySource, to: bool, target: &CopyTarget) {
        match source {
            CopySource::Table { table_name, .. } if to => self.read_name(table_name),
            CopySource::Table { table_name, .. } => self.write(table_name),
            CopySource::Query(query) => self.read(query),
        }
        if to && !matches!(target, CopyTarget::Stdout) {
            self.unknown("it writes a file, and which statement reads it cannot be told");
        }
    }

    fn use_target(&mut self, target: &Use) {
        let name = match target {
            Use::Schema(name) | Use::Database(name) | Use::Object(name) => {
                names::name(self.source, name)
            }
            Use::Catalog(_)
            | Use::Warehouse(_)
            | Use::Role(_)
            | Use::SecondaryRoles(_)
            | Use::Default => None,
        };
        self.effects.role = name.map_or(Role::Session, Role::Use);
    }

    fn set(&mut self, set: &Set) {
        self.read(set);
        self.effects.role = match search_path(set) {
            Some(idents) => {
                let parts = vec![names::ident(self.source, &idents)];
                Role::Use(names::from_parts(parts))
            }
            None => Role::Session,
        };
    }

    /// `EXPLAIN` only plans; with `ANALYZE` it runs the statement.
    fn explain(&mut self, statement: &Statement, analyze: bool) {
        let mut inner = Collector::new(self.source, "explain");
        inner.statement(statement);
        inner.effects.verb = "explain";
        if !analyze {
            let writes = std::mem::take(&mut inner.effects.writes);
            for name in writes {
                add(&mut inner.effects.reads, name);
            }
            inner.effects.role = Role::Plain;
        }
        self.effects = inner.effects;
    }
}

/// The schema that `SET search_path = x` or `SET schema = x` makes current,
/// when it is one plain name.
fn search_path(set: &Set) -> Option<sqlparser::ast::Ident> {
    let Set::SingleAssignment {
        variable, values, ..
    } = set
    else {
        return None;
    };
    let [part] = variable.0.as_slice() else {
        return None;
    };
    let name = &part.as_ident()?.value;
    if !(name.eq_ignore_ascii_case("search_path") || name.eq_ignore_ascii_case("schema")) {
        return None;
    }
    match values.first()? {
        Expr::Identifier(ident) => Some(ident.clone()),
        Expr::Value(value) => {
            let text = value.value.clone().into_string()?;
            let first = text.split(',').next()?.trim().to_owned();
            let mut ident = sqlparser::ast::Ident::new(first);
            ident.span = value.span;
            Some(ident)
        }
        _ => None,
    }
}

/// An unqualified new name of a renamed table stays in the table's schema.
fn beside(table: &ObjectName, new: &ObjectName) -> ObjectName {
    match (table.0.len(), new.0.len()) {
        (2.., 1) => {
            let mut parts = table.0[..table.0.len() - 1].to_vec();
            parts.extend(new.0.iter().cloned());
            ObjectName(parts)
        }
        _ => new.clone(),
    }
}

fn add(names: &mut Vec<Name>, name: Name) {
    let same = |other: &Name| {
        other.parts.len() == name.parts.len()
            && other
                .parts
                .iter()
                .zip(&name.parts)
                .all(|(a, b)| (&a.text, a.quoted) == (&b.text, b.quoted))
    };
    if !names.iter().any(same) {
        names.push(name);
    }
}

/// Visits a tree and collects the tables it reads. A common table expression
/// hides the table of its name where SQL's scoping says so.
struct Reads<'a> {
    source: &'a SourceFile,
    effects: &'a mut Effects,
    scopes: Vec<Scope>,
    /// Table functions whose name comes next as a relation.
    functions: usize,
}

/// The common table expressions of one query. `visible` of them can be seen:
/// all under RECURSIVE, else those whose definition is over.
struct Scope {
    names: Vec<String>,
    visible: usize,
}

impl Reads<'_> {
    fn is_hidden(&self, name: &ObjectName) -> bool {
        let [part] = name.0.as_slice() else {
            return false;
        };
        let Some(ident) = part.as_ident() else {
            return false;
        };
        let folded = ident.value.to_lowercase();
        self.scopes
            .iter()
            .any(|scope| scope.names[..scope.visible].contains(&folded))
    }

    fn add_table_command(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Table(table) => {
                let parts = [&table.schema_name, &table.table_name];
                let parts: Vec<_> = parts
                    .into_iter()
                    .flatten()
                    .map(|text| sqlparser::ast::Ident::new(text.as_str()))
                    .collect();
                let ControlFlow::Continue(()) = self.pre_visit_relation(&ObjectName::from(parts));
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.add_table_command(left);
                self.add_table_command(right);
            }
            _ => {}
        }
    }
}

impl Visitor for Reads<'_> {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let names: Vec<_> = query
            .with
            .iter()
            .flat_map(|with| &with.cte_tables)
            .map(|cte| cte.alias.name.value.to_lowercase())
            .collect();
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let visible = if recursive { names.len() } else { 0 };
        self.scopes.push(Scope { names, visible });
        self.add_table_command(&query.body);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        // A query's definitions are visited before its body, in order, so the
        // first queries that end inside it are its definitions.
        if let Some(scope) = self.scopes.last_mut() {
            scope.visible = (scope.visible + 1).min(scope.names.len());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::Table {
            name,
            args: Some(_),
            ..
        } = factor
        {
            self.functions += 1;
            self.effects.calls.extend(function_name(name));
            if is_computed_query(name) {
                self.effects.role = Role::Unknown("the name of a table it reads is computed");
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if let Expr::Function(function) = expr
            && let Some(name) = function_name(&function.name)
        {
            if SEQUENCE_FUNCTIONS.contains(&name.as_str()) {
                self.effects.role =
                    Role::Unknown("it draws from a sequence, whose order others see");
            }
            self.effects.calls.insert(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        if self.functions > 0 {
            self.functions -= 1;
        } else if !self.is_hidden(relation) && !is_file(relation) {
            match names::name(self.source, relation) {
                Some(name) => add(&mut self.effects.reads, name),
                None => {
                    self.effects.role = Role::Unknown("the name of a table it reads is computed");
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// SQL Server's `#name` is a table of the session.
fn is_temporary_name(name: &ObjectName) -> bool {
    name.0
        .last()
        .and_then(|part| part.as_ident())
        .is_some_and(|ident| ident.value.starts_with('#'))
}

fn is_temporary_target(target: &Expr) -> bool {
    match target {
        Expr::Identifier(ident) => ident.value.starts_with('#'),
        Expr::CompoundIdentifier(idents) => idents.last().is_some_and(|i| i.value.starts_with('#')),
        _ => false,
    }
}

/// The last part of a function's name, in lower case.
pub(super) fn function_name(name: &ObjectName) -> Option<String> {
    let ident = name.0.last()?.as_ident()?;
    Some(ident.value.to_lowercase())
}

const SEQUENCE_FUNCTIONS: [&str; 4] = ["nextval", "setval", "currval", "lastval"];

/// DuckDB's functions that read the tables named in their arguments.
fn is_computed_query(function: &ObjectName) -> bool {
    matches!(function.0.as_slice(), [part]
    if part.as_ident().is_some_and(|ident| {
        ["query", "query_table"]
            .iter()
            .any(|name| ident.value.eq_ignore_ascii_case(name))
    }))
}

/// `FROM 'file.csv'`: a string in the place of a table is a file.
fn is_file(name: &ObjectName) -> bool {
    matches!(name.0.as_slice(), [part]
        if part.as_ident().is_some_and(|ident| ident.quote_style == Some('\'')))
}

fn verb(statement: &Statement) -> &'static str {
    match statement {
        Statement::Query(_) => "select",
        Statement::Insert(_) => "insert",
        Statement::Update(_) => "update",
        Statement::Delete(_) => "delete",
        Statement::Merge(_) => "merge",
        Statement::CreateTable(_)
        | Statement::CreateView(_)
        | Statement::CreateVirtualTable { .. }
        | Statement::CreateSchema { .. }
        | Statement::CreateDatabase { .. } => "create",
        Statement::CreateIndex(_) => "index",
        Statement::AlterTable(_) | Statement::AlterView { .. } | Statement::AlterSchema(_) => {
            "alter"
        }
        Statement::RenameTable(_) => "rename",
        Statement::Drop { .. } => "drop",
        Statement::Truncate(_) => "truncate",
        Statement::Copy { .. } => "copy",
        Statement::LoadData { .. } => "load",
        Statement::Analyze(_) => "analyze",
        Statement::Explain { .. } => "explain",
        Statement::ExplainTable { .. } => "describe",
        Statement::Use(_) => "use",
        Statement::CreateMacro { .. } => "macro",
        Statement::CreateFunction(_) => "function",
        Statement::Set(_) => "set",
        Statement::Call(_) => "call",
        _ => "run",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, statement, tokenize};
    use crate::source::{SourceFile, Span};
    use crate::syntax::ast::{Name, Role};

    /// What each statement reads and writes, a line each.
    fn effects(dialect: Dialect, statements: &str) -> String {
        let mut out = String::new();
        for text in statements
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let source = SourceFile::new("test.sql", text);
            let (mut tokens, error) = tokenize(&source, dialect);
            assert_eq!(error, None, "{text}");
            let end = source.text().len();
            let parsed = statement(&source, dialect, &mut tokens, Span { start: 0, end });
            let effects = parsed.expect(text).effects;
            let listed = |what: &str, names: &[Name]| {
                let names: Vec<_> = names.iter().map(Name::dotted).collect();
                (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
            };
            let role = match &effects.role {
                Role::Plain => None,
                Role::Unknown(_) => Some("unknown".to_owned()),
                Role::Use(name) => Some(format!("use {}", name.dotted())),
                role => Some(format!("{role:?}").to_lowercase()),
            };
            let parts = [
                listed("reads", &effects.reads),
                listed("writes", &effects.writes),
                listed("schema", &effects.schemas),
                role,
            ];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            out += &format!("{text}\n    {}\n", parts.join("; "));
        }
        out
    }

    #[test]
    fn a_query_reads_every_table_in_it_and_no_definition() {
        insta::assert_snapshot!(effects(
            Dialect::DuckDb,
            "
            FROM a
            TABLE a
            SELECT * FROM a, b JOIN c USING (x), LATERAL (SELECT * FROM d WHERE d.x = a.x)
            SELECT (SELECT max(x) FROM a) FROM b WHERE EXISTS (FROM c) AND y IN (SELECT y FROM d)
            SELECT * FROM a UNION SELECT * FROM b EXCEPT SELECT * FROM c
            SELECT x FROM a ORDER BY (SELECT y FROM b) LIMIT (SELECT n FROM c)
            SELECT sum(x) FILTER (WHERE y IN (SELECT y FROM b)) FROM a HAVING max(x) > (SELECT 1 FROM c)
            WITH a AS (SELECT * FROM b) SELECT * FROM a
            WITH a AS (SELECT * FROM a) SELECT * FROM a
            WITH a AS (SELECT 1), b AS (SELECT * FROM a JOIN c USING (x)) SELECT * FROM b
            WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a JOIN b USING (x)) SELECT * FROM a
            SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) JOIN a USING (x)
            SELECT * FROM range(10) AS r(i) JOIN a ON a.i = r.i
            SELECT * FROM 'a.csv' JOIN read_csv('b.csv') USING (x) JOIN c USING (x)
            SELECT * FROM query_table('a')
            "
        ), @"
        FROM a
            reads a
        TABLE a
            reads a
        SELECT * FROM a, b JOIN c USING (x), LATERAL (SELECT * FROM d WHERE d.x = a.x)
            reads a, b, c, d
        SELECT (SELECT max(x) FROM a) FROM b WHERE EXISTS (FROM c) AND y IN (SELECT y FROM d)
            reads a, b, c, d
        SELECT * FROM a UNION SELECT * FROM b EXCEPT SELECT * FROM c
            reads a, b, c
        SELECT x FROM a ORDER BY (SELECT y FROM b) LIMIT (SELECT n FROM c)
            reads a, b, c
        SELECT sum(x) FILTER (WHERE y IN (SELECT y FROM b)) FROM a HAVING max(x) > (SELECT 1 FROM c)
            reads b, a, c
        WITH a AS (SELECT * FROM b) SELECT * FROM a
            reads b
        WITH a AS (SELECT * FROM a) SELECT * FROM a
            reads a
        WITH a AS (SELECT 1), b AS (SELECT * FROM a JOIN c USING (x)) SELECT * FROM b
            reads c
        WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a JOIN b USING (x)) SELECT * FROM a
            reads b
        SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) JOIN a USING (x)
            reads a
        SELECT * FROM range(10) AS r(i) JOIN a ON a.i = r.i
            reads a
        SELECT * FROM 'a.csv' JOIN read_csv('b.csv') USING (x) JOIN c USING (x)
            reads c
        SELECT * FROM query_table('a')
            unknown
        ");
    }

    #[test]
    fn a_statement_writes_its_targets() {
        insta::assert_snapshot!(effects(
            Dialect::DuckDb,
            "
            CREATE TABLE a AS FROM b
            CREATE OR REPLACE TABLE x.a AS SELECT * FROM x.a
            CREATE TABLE a (x INT REFERENCES b(x), FOREIGN KEY (y) REFERENCES c(y))
            CREATE TEMP TABLE a AS FROM b
            CREATE VIEW a AS FROM b
            CREATE SCHEMA x
            CREATE MACRO f(x) AS x + 1
            INSERT INTO a SELECT * FROM b
            INSERT INTO a VALUES (1, (SELECT max(x) FROM b))
            WITH c AS (FROM b) INSERT INTO a FROM c
            WITH a AS (FROM b) INSERT INTO a FROM a
            UPDATE a SET x = b.x FROM b WHERE y IN (SELECT y FROM c)
            DELETE FROM a USING b WHERE a.x = b.x
            MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED THEN INSERT VALUES ((SELECT 1 FROM c))
            TRUNCATE a
            ALTER TABLE x.a RENAME TO b
            CREATE INDEX i ON a (x)
            DROP TABLE a
            DROP SCHEMA x CASCADE
            COPY a FROM 'a.csv'
            COPY (FROM a) TO 'a.csv'
            COMMENT ON COLUMN x.a.b IS 'text'
            EXPLAIN INSERT INTO a FROM b
            EXPLAIN ANALYZE INSERT INTO a FROM b
            "
        ), @"
        CREATE TABLE a AS FROM b
            reads b; writes a
        CREATE OR REPLACE TABLE x.a AS SELECT * FROM x.a
            reads x.a; writes x.a
        CREATE TABLE a (x INT REFERENCES b(x), FOREIGN KEY (y) REFERENCES c(y))
            reads c, b; writes a
        CREATE TEMP TABLE a AS FROM b
            reads b; writes a; temporary
        CREATE VIEW a AS FROM b
            reads b; writes a; view
        CREATE SCHEMA x
            schema x
        CREATE MACRO f(x) AS x + 1
            unknown
        INSERT INTO a SELECT * FROM b
            reads b; writes a
        INSERT INTO a VALUES (1, (SELECT max(x) FROM b))
            reads b; writes a
        WITH c AS (FROM b) INSERT INTO a FROM c
            reads b; writes a
        WITH a AS (FROM b) INSERT INTO a FROM a
            reads b; writes a
        UPDATE a SET x = b.x FROM b WHERE y IN (SELECT y FROM c)
            reads b, c; writes a
        DELETE FROM a USING b WHERE a.x = b.x
            reads b; writes a
        MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED THEN INSERT VALUES ((SELECT 1 FROM c))
            reads b, c; writes a
        TRUNCATE a
            writes a
        ALTER TABLE x.a RENAME TO b
            writes x.a, x.b
        CREATE INDEX i ON a (x)
            writes a
        DROP TABLE a
            writes a
        DROP SCHEMA x CASCADE
            schema x
        COPY a FROM 'a.csv'
            writes a
        COPY (FROM a) TO 'a.csv'
            reads a; unknown
        COMMENT ON COLUMN x.a.b IS 'text'
            writes x.a
        EXPLAIN INSERT INTO a FROM b
            reads b, a
        EXPLAIN ANALYZE INSERT INTO a FROM b
            reads b; writes a
        ");
    }

    #[test]
    fn what_only_shows_reads_and_what_sets_is_carried_along() {
        insta::assert_snapshot!(effects(
            Dialect::DuckDb,
            "
            DESCRIBE a
            SHOW a
            SHOW TABLES
            SHOW ALL TABLES
            PRAGMA table_info('a')
            PRAGMA memory_limit = '1GB'
            SET threads = 4
            USE x
            SET schema = 'x'
            "
        ), @"
        DESCRIBE a
            reads a
        SHOW a
            reads a
        SHOW TABLES
            unknown
        SHOW ALL TABLES
            unknown
        PRAGMA table_info('a')
            unknown
        PRAGMA memory_limit = '1GB'
            session
        SET threads = 4
            session
        USE x
            use x
        SET schema = 'x'
            use x
        ");
    }

    #[test]
    fn dialects_write_in_their_own_ways() {
        insta::assert_snapshot!(
            effects(
                Dialect::PostgreSql,
                "
                WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d
                WITH d AS (INSERT INTO a SELECT * FROM c RETURNING *) SELECT * FROM d
                CREATE TABLE a PARTITION OF b FOR VALUES IN (1)
                SELECT * INTO TEMP a FROM b
                "
            ) + &effects(
                Dialect::MySql,
                "
                REPLACE INTO a SELECT * FROM b
                DELETE t FROM a AS t JOIN b USING (x)
                UPDATE a JOIN b USING (x) SET a.y = b.y
                RENAME TABLE a TO b, c TO d
                "
            ) + &effects(
                Dialect::MsSql,
                "
                UPDATE t SET x = 1 FROM a AS t JOIN b ON t.x = b.x
                SELECT * INTO #a FROM b
                CREATE TABLE #a (x INT)
                "
            ) + &effects(
                Dialect::Snowflake,
                "
                INSERT ALL INTO a INTO b SELECT * FROM c
                CREATE TABLE a CLONE b
                ALTER TABLE a SWAP WITH b
                SELECT * FROM IDENTIFIER('a')
                "
            ) + &effects(Dialect::Hive, "INSERT OVERWRITE TABLE a SELECT * FROM b"),
            @"
        WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d
            reads a; writes a, b
        WITH d AS (INSERT INTO a SELECT * FROM c RETURNING *) SELECT * FROM d
            reads a, c; writes a
        CREATE TABLE a PARTITION OF b FOR VALUES IN (1)
            writes a, b
        SELECT * INTO TEMP a FROM b
            reads b; writes a; temporary
        REPLACE INTO a SELECT * FROM b
            reads b; writes a
        DELETE t FROM a AS t JOIN b USING (x)
            reads a, b; writes a
        UPDATE a JOIN b USING (x) SET a.y = b.y
            reads b; writes a, b
        RENAME TABLE a TO b, c TO d
            writes a, b, c, d
        UPDATE t SET x = 1 FROM a AS t JOIN b ON t.x = b.x
            reads a, b; writes a
        SELECT * INTO #a FROM b
            reads b; writes #a; temporary
        CREATE TABLE #a (x INT)
            writes #a; temporary
        INSERT ALL INTO a INTO b SELECT * FROM c
            reads c; writes a, b
        CREATE TABLE a CLONE b
            reads b; writes a
        ALTER TABLE a SWAP WITH b
            writes a, b
        SELECT * FROM IDENTIFIER('a')
            unknown
        INSERT OVERWRITE TABLE a SELECT * FROM b
            reads b; writes a
        "
        );
    }
}
