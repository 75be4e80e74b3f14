//! What a SQL statement reads and writes, from its syntax tree.
//!
//! Every kind of statement is listed, so that a new one in `sqlparser` finds
//! this place. `docs/dependencies.md` says the same for people.

mod definitions;
mod reads;
mod rows;
mod session;

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, ObjectName, Query, SetExpr, ShowStatementOptions, Statement, Visit,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Tokenizer;

use self::definitions::ROLES;
use self::reads::Reads;
pub(super) use self::reads::function_name;
use super::{Dialect, names, rows as query_rows};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Detail, Effects, Name, Role, SqlQuery, SqlStatement, Stretch};
use crate::syntax::relation;

pub(super) fn query(source: &SourceFile, dialect: Dialect, query: &Query, span: Span) -> SqlQuery {
    let mut collector = Collector::new(source, dialect, "select");
    collector.read(query);
    let mut effects = collector.finish();
    effects.rows = query_rows::of_query(query, &effects);
    SqlQuery {
        span,
        effects,
        columns: relation::Query::default(),
    }
}

pub(super) fn statement(
    source: &SourceFile,
    dialect: Dialect,
    statement: &Statement,
    span: Span,
) -> SqlStatement {
    let mut collector = Collector::new(source, dialect, "");
    collector.statement(statement);
    let mut effects = collector.finish();
    effects.rows = query_rows::of_statement(statement, &effects);
    SqlStatement {
        span,
        effects,
        columns: None,
    }
}

struct Collector<'a> {
    source: &'a SourceFile,
    dialect: Dialect,
    effects: Effects,
    /// Common table expressions in front of the statement, folded.
    hidden: Vec<String>,
    /// Those of them that SQL Server can write through, with what it writes.
    updatable: Vec<(String, Vec<Name>)>,
}

impl<'a> Collector<'a> {
    fn new(source: &'a SourceFile, dialect: Dialect, verb: &'static str) -> Collector<'a> {
        Collector {
            source,
            dialect,
            effects: Effects {
                verb,
                ..Effects::default()
            },
            hidden: Vec::new(),
            updatable: Vec::new(),
        }
    }

    /// What is unknown of a plain statement makes it a barrier; of a view, its
    /// readers.
    fn finish(mut self) -> Effects {
        let pending = |detail: &Detail| match detail {
            Detail::Unknown(why) => Some(*why),
            _ => None,
        };
        if self.effects.role == Role::Plain && self.effects.defines.is_none() {
            if let Some(why) = self.effects.details.iter().find_map(pending) {
                self.effects.role = Role::Unknown(why);
            }
            self.effects
                .details
                .retain(|detail| pending(detail).is_none());
        }
        self.effects
    }

    /// Adds everything that a part of the tree reads.
    fn read(&mut self, part: &impl Visit) {
        let ControlFlow::Continue(()) = part.visit(&mut Reads::new(self));
    }

    fn read_name(&mut self, name: &ObjectName) {
        match names::name(self.source, name) {
            Some(name) => add(&mut self.effects.reads, name),
            None => self.pending("the name of a table it reads is computed"),
        }
    }

    /// A name outside of a query, which no common table expression hides.
    fn read_table(&mut self, name: &ObjectName) {
        match reads::file(self.dialect, name) {
            Some(path) => self.detail(Detail::ReadsFile(path)),
            None => self.read_name(name),
        }
    }

    fn write(&mut self, name: &ObjectName) {
        if let Some(path) = reads::file(self.dialect, name) {
            return self.detail(Detail::WritesFile(path));
        }
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

    /// Creates, drops, sets or draws from a sequence: all write it.
    fn draw(&mut self, name: &ObjectName) {
        match names::name(self.source, name) {
            Some(name) => self.detail(Detail::Draws(name)),
            None => self.unknown("the name of the sequence is computed"),
        }
    }

    fn drawn(&mut self, name: &ObjectName) {
        match names::name(self.source, name) {
            Some(name) => self.detail(Detail::Drawn(name)),
            None => self.detail(Detail::LastInsert),
        }
    }

    /// A function's name, which says the schema that it is in.
    fn within(&mut self, name: &ObjectName) {
        if let [_, _, ..] = name.0.as_slice()
            && let Some(name) = names::name(self.source, name)
        {
            self.detail(Detail::Within(name));
        }
    }

    fn detail(&mut self, detail: Detail) {
        if !self.effects.details.contains(&detail) {
            self.effects.details.push(detail);
        }
    }

    fn unknown(&mut self, why: &'static str) {
        self.effects.role = Role::Unknown(why);
    }

    /// Something unknown that happens when the statement, or what it defines,
    /// is executed.
    fn pending(&mut self, why: &'static str) {
        self.detail(Detail::Unknown(why));
    }

    /// The name of a common table expression as the dialect compares it.
    fn fold_definition(&self, ident: &Ident) -> String {
        match self.dialect {
            Dialect::BigQuery => ident.value.to_lowercase(),
            dialect => dialect.fold(&names::ident(self.source, ident)),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one line or a few for each kind of statement"
    )]
    fn statement(&mut self, statement: &Statement) {
        self.effects.verb = verb(statement);
        match statement {
            Statement::Query(query) => self.query(query),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => self.merge(merge),
            Statement::Truncate(truncate) => self.truncate(truncate),

            Statement::CreateTable(create) => self.create_table(create),
            Statement::CreateView(create) => self.create_view(create),
            Statement::CreateVirtualTable { name, .. } => self.write(name),
            Statement::CreateIndex(index) => self.create_index(index),
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::AlterView { name, query, .. } => {
                self.write(name);
                self.read(query);
                self.effects.role = Role::View;
            }
            Statement::AlterIndex { name, .. } => match names::name(self.source, name) {
                Some(name) => self.detail(Detail::DropsIndex(name)),
                None => self.unknown("which table the index belongs to is not in its text"),
            },
            Statement::RenameTable(renames) => {
                for rename in renames {
                    self.rename(&rename.old_name, &rename.new_name);
                }
            }
            Statement::Drop {
                object_type,
                names,
                table,
                cascade,
                ..
            } => self.drop(*object_type, names, table.as_ref(), *cascade),
            Statement::CreateSchema {
                schema_name, clone, ..
            } => self.create_schema(schema_name, clone.as_ref()),
            Statement::CreateDatabase { db_name, clone, .. } => {
                self.schema(db_name);
                self.detail(Detail::IsDatabase);
                clone.iter().for_each(|source| self.schema(source));
            }
            Statement::AlterSchema(alter) => self.alter_schema(alter),
            Statement::CreateSequence {
                name, temporary, ..
            } => {
                self.draw(name);
                if *temporary {
                    self.unknown("a temporary sequence lives in a session that no step shares");
                }
            }
            Statement::CreateTrigger(create) => self.create_trigger(create),
            Statement::DropTrigger(drop) => self.drop_trigger(drop),
            Statement::CreatePolicy(create) => {
                self.write(&create.table_name);
                self.read(create);
            }
            Statement::AlterPolicy(alter) => {
                self.write(&alter.table_name);
                self.read(alter);
            }
            Statement::DropPolicy(drop) => self.write(&drop.table_name),
            Statement::CreateMacro {
                name,
                definition,
                temporary,
                ..
            } => self.create_macro(name, definition, *temporary),
            Statement::CreateFunction(create) => self.create_function(create),
            Statement::CreateProcedure { name, body, .. } => self.create_procedure(name, body),
            Statement::AlterFunction(alter) => self.alter_function(alter),
            Statement::DropFunction(drop) => self.drop_function(drop),
            Statement::DropProcedure {
                proc_desc,
                drop_behavior,
                ..
            } => self.drop_functions(proc_desc.iter().map(|desc| &desc.name), *drop_behavior),
            Statement::Comment {
                object_type,
                object_name,
                ..
            } => self.comment(*object_type, object_name),

            Statement::Copy {
                source, to, target, ..
            } => self.copy(source, *to, target),
            Statement::CopyIntoSnowflake {
                kind,
                into,
                from_obj,
                from_query,
                ..
            } => {
                self.copy_into(kind, into, from_obj.as_ref());
                self.read(from_query);
            }
            Statement::LoadData {
                inpath,
                overwrite,
                table_name,
                ..
            } => self.load_data(inpath, *overwrite, table_name),
            Statement::Directory { path, source, .. } => {
                self.detail(Detail::WritesFile(path.clone()));
                self.read(source);
            }
            Statement::Unload {
                query,
                query_text,
                to,
                ..
            } => {
                self.detail(Detail::WritesFile(to.value.clone()));
                self.read(query);
                if let Some(text) = query_text {
                    self.query_text(text);
                }
            }
            Statement::ExportData(export) => {
                self.read(&export.query);
                self.export_uri(&export.options);
            }
            Statement::CreateStage { name, .. } => {
                let path = format!("@{}", rows::location(name).to_lowercase());
                self.detail(Detail::WritesFile(path));
            }
            Statement::List(command) => {
                self.detail(Detail::ReadsFile(rows::location(&command.stage)));
            }
            Statement::Remove(command) => {
                self.detail(Detail::WritesFile(rows::location(&command.stage)));
            }
            Statement::Put { stage, .. } => {
                self.detail(Detail::WritesFile(rows::location(stage)));
            }

            Statement::Analyze(analyze) => match &analyze.table_name {
                Some(name) => self.write(name),
                None => self.unknown("it gathers statistics of every table"),
            },
            Statement::Vacuum(vacuum) => match &vacuum.table_name {
                Some(name) => self.write(name),
                None => self.unknown("it cleans every table"),
            },
            Statement::OptimizeTable { name, .. } => self.write(name),
            Statement::Msck(msck) => self.write(&msck.table_name),
            Statement::Cache {
                table_name,
                query: Some(query),
                ..
            } => {
                self.write(table_name);
                self.read(query);
                self.effects.role = Role::Carried;
            }
            Statement::Cache { table_name, .. } | Statement::UNCache { table_name, .. } => {
                self.read_name(table_name);
            }
            Statement::Grant(grant) => self.grant(grant.objects.as_ref(), None),
            Statement::Revoke(revoke) => {
                self.grant(revoke.objects.as_ref(), revoke.cascade.clone());
            }
            Statement::Deny(deny) => self.grant(Some(&deny.objects), deny.cascade.clone()),

            Statement::Use(target) => self.use_target(target),
            Statement::Set(set) => self.set(set),
            Statement::Reset(reset) => self.reset(&reset.reset),
            Statement::Discard { object_type } => self.discard(*object_type),
            Statement::Pragma { name, value, is_eq } => {
                let value = value.as_ref().map(|value| match value.value.clone() {
                    sqlparser::ast::Value::Number(number, _) => number.to_string(),
                    value => value.into_string().unwrap_or_default(),
                });
                self.pragma(name, value.as_deref(), *is_eq);
            }
            Statement::Install { .. }
            | Statement::Load { .. }
            | Statement::AlterSession { .. }
            | Statement::CreateSecret {
                temporary: None | Some(true),
                ..
            } => self.effects.role = Role::Session,
            Statement::CreateSecret { .. } | Statement::DropSecret { .. } => {
                self.unknown("what can be reached with the secret cannot be told from its text");
            }
            Statement::AttachDatabase {
                schema_name,
                database_file_name,
                ..
            } => {
                let path = reads::text(database_file_name).unwrap_or_default();
                self.attach(&schema_name.value, path);
            }
            Statement::AttachDuckDBDatabase {
                database_path,
                database_alias,
                ..
            } => {
                let path = &database_path.value;
                let stem = path.rsplit('/').next().unwrap_or_default();
                let stem = stem.split('.').next().unwrap_or_default();
                let name = database_alias.as_ref().map_or(stem, |alias| &alias.value);
                self.attach(name, path);
            }
            Statement::DetachDuckDBDatabase { database_alias, .. } => {
                self.detail(Detail::Detaches(database_alias.value.to_lowercase()));
                self.effects.role = Role::Session;
            }
            Statement::StartTransaction {
                statements,
                exception,
                modifier,
                ..
            } => {
                let is_block = modifier.is_some_and(|modifier| {
                    use sqlparser::ast::TransactionModifier::{Catch, Try};
                    matches!(modifier, Try | Catch)
                });
                if statements.is_empty() && !is_block {
                    self.effects.role = Role::Begin(Stretch::Transaction);
                } else {
                    self.block(statements);
                    for when in exception.iter().flatten() {
                        self.block(&when.statements);
                    }
                }
            }
            Statement::Commit { chain, .. } => {
                self.effects.role = match chain {
                    true => Role::Chain,
                    false => Role::End(Stretch::Transaction),
                };
            }
            Statement::ReleaseSavepoint { name } => {
                self.effects.role = Role::ToSavepoint(name.value.to_lowercase());
            }
            Statement::Rollback { savepoint, chain } => {
                self.detail(Detail::Undoes);
                self.effects.role = match savepoint {
                    Some(name) => Role::ToSavepoint(name.value.to_lowercase()),
                    None if *chain => Role::Chain,
                    None => Role::End(Stretch::Transaction),
                };
            }
            Statement::Savepoint { name } => {
                self.effects.role = Role::Savepoint(name.value.to_lowercase());
            }
            Statement::LockTables { tables } => {
                for table in tables {
                    self.read_name(&ObjectName::from(vec![table.table.clone()]));
                }
                self.effects.role = Role::Begin(Stretch::Locks);
            }
            Statement::UnlockTables => self.effects.role = Role::End(Stretch::Locks),
            Statement::Flush {
                read_lock: true, ..
            } => self.effects.role = Role::Begin(Stretch::Locks),
            Statement::Flush { tables, .. } if !tables.is_empty() => {
                for table in tables {
                    self.write(table);
                }
            }
            Statement::Flush { .. } => self.unknown("it works on the whole server"),
            Statement::Lock(lock) => {
                for table in &lock.tables {
                    self.read_name(&table.name);
                }
            }
            Statement::Prepare {
                name, statement, ..
            } => self.prepare(name, statement),
            Statement::Deallocate { name, .. } => self.deallocate(name),
            Statement::Execute {
                name: Some(name),
                parameters,
                immediate: false,
                ..
            } => self.execute(name, parameters),
            Statement::Declare { stmts } => self.declare(stmts),
            Statement::Open(open) => {
                self.detail(Detail::Cursor(open.cursor_name.value.to_lowercase()));
            }
            Statement::Fetch { name, into, .. } => {
                self.detail(Detail::Cursor(name.value.to_lowercase()));
                if let Some(name) = into.as_ref().and_then(function_name) {
                    self.detail(Detail::Sets(name));
                }
            }
            Statement::Close { cursor } => self.close(cursor),

            Statement::Explain {
                statement,
                analyze,
                options,
                ..
            } => {
                let analyzes = options.iter().flatten().any(|option| {
                    let value = option
                        .arg
                        .as_ref()
                        .map(|arg| arg.to_string().to_lowercase());
                    option.name.value.eq_ignore_ascii_case("analyze")
                        && !matches!(value.as_deref(), Some("false" | "off" | "0"))
                });
                self.explain(statement, *analyze || analyzes);
            }
            Statement::ExplainTable { table_name, .. } => self.read_table(table_name),
            Statement::ShowCreate { obj_name, .. } => self.read_name(obj_name),
            Statement::ShowColumns { show_options, .. } => self.show_columns(show_options),
            // DuckDB's `SHOW t` describes the table.
            Statement::ShowVariable { variable }
                if variable.len() == 1 && self.dialect == Dialect::DuckDb =>
            {
                self.read_name(&ObjectName::from(variable.clone()));
            }
            Statement::ShowVariable { variable } => {
                let first = variable.first().map(|ident| ident.value.to_lowercase());
                let shows_objects = ["tables", "all", "indexes", "index", "databases", "keys"];
                if first.is_none_or(|first| shows_objects.contains(&first.as_str())) {
                    self.unknown("it shows what exists, so it waits for everything before it");
                }
            }
            Statement::ShowTables { .. }
            | Statement::ShowViews { .. }
            | Statement::ShowSchemas { .. }
            | Statement::ShowDatabases { .. }
            | Statement::ShowObjects(_)
            | Statement::ShowCatalogs { .. } => {
                self.unknown("it shows what exists, so it waits for everything before it");
            }
            Statement::ShowVariables { .. }
            | Statement::ShowStatus { .. }
            | Statement::ShowFunctions { .. }
            | Statement::ShowCharset(_)
            | Statement::ShowCollation { .. }
            | Statement::ShowProcessList { .. }
            | Statement::Print(_) => self.read(statement),

            Statement::Assert { .. } => {
                self.read(statement);
                self.unknown("what follows is meant to run only if it holds");
            }
            Statement::If(branches) => {
                self.read_condition(branches.if_block.condition.as_ref());
                self.conditional(&branches.if_block.conditional_statements);
                for block in branches.elseif_blocks.iter().chain(&branches.else_block) {
                    self.read_condition(block.condition.as_ref());
                    self.conditional(&block.conditional_statements);
                }
            }
            Statement::While(repeated) => {
                self.read_condition(repeated.while_block.condition.as_ref());
                self.conditional(&repeated.while_block.conditional_statements);
            }
            Statement::Case(branches) => {
                self.read_condition(branches.match_expr.as_ref());
                for block in branches.when_blocks.iter().chain(&branches.else_block) {
                    self.read_condition(block.condition.as_ref());
                    self.conditional(&block.conditional_statements);
                }
            }
            Statement::Call(function) => {
                self.read(&function.args);
                self.within(&function.name);
                match function_name(&function.name) {
                    Some(name) => self.effects.role = Role::Execute(name),
                    None => self.unknown("the name of what it executes is computed"),
                }
            }
            Statement::Execute { .. } => self.unknown("the text of what it executes is computed"),
            Statement::Raise(_)
            | Statement::RaisError { .. }
            | Statement::Throw(_)
            | Statement::Return(_) => {
                self.unknown("it ends what runs, so nothing may move across it");
            }
            Statement::WaitFor(_) => self.unknown("what follows is meant to wait for it"),
            Statement::LISTEN { .. } | Statement::UNLISTEN { .. } => {
                self.effects.role = Role::Session;
            }
            Statement::NOTIFY { .. } => {
                self.unknown("who is notified may read what was written before");
            }
            Statement::Kill { .. } => self.unknown("it ends other statements"),
            Statement::CreateRole(_)
            | Statement::AlterRole { .. }
            | Statement::CreateUser(_)
            | Statement::AlterUser(_) => self.unknown(ROLES),
            Statement::CreateType { .. }
            | Statement::AlterType(_)
            | Statement::CreateDomain(_)
            | Statement::DropDomain(_)
            | Statement::CreateCollation(_)
            | Statement::AlterCollation(_)
            | Statement::CreateOperator(_)
            | Statement::AlterOperator(_)
            | Statement::DropOperator(_)
            | Statement::CreateOperatorFamily(_)
            | Statement::AlterOperatorFamily(_)
            | Statement::DropOperatorFamily(_)
            | Statement::CreateOperatorClass(_)
            | Statement::AlterOperatorClass(_)
            | Statement::DropOperatorClass(_)
            | Statement::CreateTextSearch(_)
            | Statement::AlterTextSearch(_)
            | Statement::CreateExtension(_)
            | Statement::DropExtension(_) => {
                self.unknown("what uses the type, operator or extension shows in no name");
            }
            Statement::CreateServer(_)
            | Statement::CreateConnector(_)
            | Statement::AlterConnector { .. }
            | Statement::DropConnector { .. }
            | Statement::CreateFileFormat { .. }
            | Statement::CreateWarehouse(_) => {
                self.unknown("what works through the defined object shows in no name");
            }
        }
    }

    fn read_condition(&mut self, condition: Option<&Expr>) {
        if let Some(condition) = condition {
            self.read(condition);
        }
    }

    fn attach(&mut self, name: &str, path: &str) {
        self.detail(Detail::Attaches {
            name: name.to_lowercase(),
            path: path.to_owned(),
        });
        self.effects.role = Role::Session;
    }

    /// Redshift's UNLOAD takes its query as a string.
    fn query_text(&mut self, text: &str) {
        match self.parse_text(text) {
            Some(statements) => self.read(&statements),
            None => self.pending("the query in its string cannot be read"),
        }
    }

    /// Parses statements that stand in a string. Their names have no place in
    /// the program.
    fn parse_text(&self, text: &str) -> Option<Vec<Statement>> {
        let dialect = self.dialect.sql();
        let tokens = Tokenizer::new(dialect, text).tokenize().ok()?;
        let mut parser = Parser::new(dialect).with_tokens(tokens);
        parser.parse_statements().ok()
    }

    fn export_uri(&mut self, options: &[sqlparser::ast::SqlOption]) {
        let uri = options.iter().find_map(|option| match option {
            sqlparser::ast::SqlOption::KeyValue { key, value }
                if key.value.eq_ignore_ascii_case("uri") =>
            {
                reads::text(value).map(str::to_owned)
            }
            _ => None,
        });
        match uri {
            Some(uri) => self.detail(Detail::WritesFile(uri)),
            None => self.unknown("the file it writes is not in its text"),
        }
    }

    fn show_columns(&mut self, options: &ShowStatementOptions) {
        let parent = options
            .show_in
            .as_ref()
            .and_then(|show| show.parent_name.as_ref());
        match parent {
            Some(name) => self.read_name(name),
            None => self.unknown("it shows what exists, so it waits for everything before it"),
        }
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
        self.select_into(&query.body);
        if self.is_setting(&query.body) {
            self.effects
                .details
                .retain(|detail| !matches!(detail, Detail::Unknown(_)));
            self.effects.role = Role::Session;
        }
    }

    /// `WITH … INSERT …`: the definitions hide tables in all that follows them.
    fn behind_definitions(&mut self, query: &Query, statement: &Statement) {
        let outer = self.hidden.clone();
        if let Some(with) = &query.with {
            let names = with.cte_tables.iter().map(|cte| &cte.alias.name);
            let names: Vec<_> = names.map(|name| self.fold_definition(name)).collect();
            for (at, definition) in with.cte_tables.iter().enumerate() {
                let visible = if with.recursive { names.len() } else { at };
                self.hidden = [&outer, &names[..visible]].concat();
                self.read(&definition.query);
                if self.dialect == Dialect::MsSql {
                    let mut inner = Collector::new(self.source, self.dialect, "");
                    inner.hidden.clone_from(&self.hidden);
                    inner.read(&definition.query);
                    self.updatable
                        .push((names[at].clone(), inner.effects.reads));
                }
            }
            self.hidden = [&outer[..], &names].concat();
        }
        self.statement(statement);
        self.hidden = outer;
        self.updatable.clear();
    }

    /// `SELECT … INTO table` makes a table; a target may also be a variable.
    fn select_into(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => {
                let Some(into) = &select.into else { return };
                self.select_into_targets(into);
                if !self.effects.writes.is_empty() {
                    self.effects.verb = "create";
                }
                if into.temporary || into.targets.iter().any(is_temporary_target) {
                    self.effects.role = Role::Temporary;
                }
            }
            SetExpr::SetOperation { left, .. } => self.select_into(left),
            SetExpr::Query(query) => self.select_into(&query.body),
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Values(_)
            | SetExpr::Table(_) => {}
        }
    }

    /// `EXPLAIN` only plans; with `ANALYZE` it runs the statement.
    fn explain(&mut self, statement: &Statement, analyze: bool) {
        self.statement(statement);
        self.effects.verb = "explain";
        if analyze {
            return;
        }
        let writes = std::mem::take(&mut self.effects.writes);
        for name in writes {
            add(&mut self.effects.reads, name);
        }
        self.effects.defines = None;
        for detail in std::mem::take(&mut self.effects.details) {
            match detail {
                // A file is looked into for its columns.
                Detail::ReadsFile(_) | Detail::ReadsAnyFile | Detail::Unknown(_) => {
                    self.detail(detail);
                }
                Detail::Draws(sequence) => self.detail(Detail::ReadsSequence(sequence)),
                _ => {}
            }
        }
        // What is prepared in a session can be explained only there.
        if !matches!(self.effects.role, Role::Execute(_) | Role::Unknown(_)) {
            self.effects.role = Role::Plain;
        }
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

/// SQL Server's and Redshift's `#name`, and every database's schema of the
/// session, are of the session only.
fn is_temporary_name(name: &ObjectName) -> bool {
    let idents: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    let Some((last, schemas)) = idents.split_last() else {
        return false;
    };
    last.value.starts_with('#')
        || schemas.first().is_some_and(|schema| {
            ["temp", "pg_temp"]
                .iter()
                .any(|temporary| schema.value.eq_ignore_ascii_case(temporary))
        })
}

fn is_temporary_target(target: &Expr) -> bool {
    match target {
        Expr::Identifier(ident) => ident.value.starts_with('#'),
        Expr::CompoundIdentifier(idents) => idents.last().is_some_and(|i| i.value.starts_with('#')),
        _ => false,
    }
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
        | Statement::CreateDatabase { .. }
        | Statement::CreateSequence { .. } => "create",
        Statement::CreateIndex(_) => "index",
        Statement::CreateTrigger(_) => "trigger",
        Statement::AlterTable(_) | Statement::AlterView { .. } | Statement::AlterSchema(_) => {
            "alter"
        }
        Statement::RenameTable(_) => "rename",
        Statement::Drop { .. } | Statement::DropFunction(_) | Statement::DropTrigger(_) => "drop",
        Statement::Truncate(_) => "truncate",
        Statement::Copy { .. } | Statement::CopyIntoSnowflake { .. } => "copy",
        Statement::LoadData { .. } => "load",
        Statement::Unload { .. } => "unload",
        Statement::ExportData(_) | Statement::Directory { .. } => "export",
        Statement::Analyze(_) => "analyze",
        Statement::Vacuum(_) => "vacuum",
        Statement::OptimizeTable { .. } => "optimize",
        Statement::Explain { .. } => "explain",
        Statement::ExplainTable { .. } => "describe",
        Statement::Use(_) => "use",
        Statement::CreateMacro { .. } => "macro",
        Statement::CreateFunction(_) | Statement::CreateProcedure { .. } => "function",
        Statement::Set(_) => "set",
        Statement::Call(_) => "call",
        Statement::Grant(_) => "grant",
        Statement::Assert { .. } => "assert",
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
            let details = effects.details.iter();
            let details = details.map(|detail| serde_json::to_string(detail).expect(text));
            let parts: Vec<_> = parts.into_iter().flatten().chain(details).collect();
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
        ), @r#"
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
            reads c; {"reads_file":"a.csv"}; {"reads_file":"b.csv"}
        SELECT * FROM query_table('a')
            reads a
        "#);
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
        ), @r#"
        CREATE TABLE a AS FROM b
            reads b; writes a
        CREATE OR REPLACE TABLE x.a AS SELECT * FROM x.a
            reads x.a; writes x.a
        CREATE TABLE a (x INT REFERENCES b(x), FOREIGN KEY (y) REFERENCES c(y))
            reads c, b; writes a; {"foreign_key":{"child":"a","parent":"c","acts":false}}; {"foreign_key":{"child":"a","parent":"b","acts":false}}
        CREATE TEMP TABLE a AS FROM b
            reads b; writes a; temporary
        CREATE VIEW a AS FROM b
            reads b; writes a; view
        CREATE SCHEMA x
            schema x
        CREATE MACRO f(x) AS x + 1
            "binds_late"
        INSERT INTO a SELECT * FROM b
            reads b; writes a; "adds_rows"
        INSERT INTO a VALUES (1, (SELECT max(x) FROM b))
            reads b; writes a; "adds_rows"
        WITH c AS (FROM b) INSERT INTO a FROM c
            reads b; writes a; "adds_rows"
        WITH a AS (FROM b) INSERT INTO a FROM a
            reads b; writes a; "adds_rows"
        UPDATE a SET x = b.x FROM b WHERE y IN (SELECT y FROM c)
            reads b, c; writes a; "changes_rows"
        DELETE FROM a USING b WHERE a.x = b.x
            reads b; writes a; "deletes_rows"
        MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED THEN INSERT VALUES ((SELECT 1 FROM c))
            reads b, c; writes a; "changes_rows"
        TRUNCATE a
            writes a; "deletes_rows"
        ALTER TABLE x.a RENAME TO b
            writes x.a, x.b; {"renames":{"from":"x.a","to":"x.b"}}
        CREATE INDEX i ON a (x)
            writes a; {"index":{"index":"i","table":"a"}}
        DROP TABLE a
            writes a; "drops"
        DROP SCHEMA x CASCADE
            schema x; "drops"; "cascades"
        COPY a FROM 'a.csv'
            writes a; "adds_rows"; {"reads_file":"a.csv"}
        COPY (FROM a) TO 'a.csv'
            reads a; {"writes_file":"a.csv"}
        COMMENT ON COLUMN x.a.b IS 'text'
            writes x.a
        EXPLAIN INSERT INTO a FROM b
            reads b, a
        EXPLAIN ANALYZE INSERT INTO a FROM b
            reads b; writes a; "adds_rows"
        "#);
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
        ), @r#"
        DESCRIBE a
            reads a
        SHOW a
            reads a
        SHOW TABLES
            unknown
        SHOW ALL TABLES
            unknown
        PRAGMA table_info('a')
            reads a
        PRAGMA memory_limit = '1GB'
            session
        SET threads = 4
            session
        USE x
            use x
        SET schema = 'x'
            usepath([name { parts: [ident { text: "x", quoted: false, span: span { start: 13, end: 16 } }], span: span { start: 13, end: 16 } }])
        "#);
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
            @r#"
        WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d
            reads a; writes a, b; "deletes_rows"; "adds_rows"
        WITH d AS (INSERT INTO a SELECT * FROM c RETURNING *) SELECT * FROM d
            reads a, c; writes a; "adds_rows"
        CREATE TABLE a PARTITION OF b FOR VALUES IN (1)
            writes a, b; {"part":{"part":"a","whole":"b"}}
        SELECT * INTO TEMP a FROM b
            reads b; writes a; temporary
        REPLACE INTO a SELECT * FROM b
            reads b; writes a; "changes_rows"
        DELETE t FROM a AS t JOIN b USING (x)
            reads a, b; writes a; "deletes_rows"
        UPDATE a JOIN b USING (x) SET a.y = b.y
            reads a, b; writes a; "changes_rows"
        RENAME TABLE a TO b, c TO d
            writes a, b, c, d; {"renames":{"from":"a","to":"b"}}; {"renames":{"from":"c","to":"d"}}
        UPDATE t SET x = 1 FROM a AS t JOIN b ON t.x = b.x
            reads a, b; writes a; "changes_rows"
        SELECT * INTO #a FROM b
            reads b; writes #a; temporary
        CREATE TABLE #a (x INT)
            writes #a; temporary
        INSERT ALL INTO a INTO b SELECT * FROM c
            reads c; writes a, b; "adds_rows"
        CREATE TABLE a CLONE b
            reads b; writes a
        ALTER TABLE a SWAP WITH b
            writes a, b; {"renames":{"from":"a","to":"b"}}; {"renames":{"from":"b","to":"a"}}
        SELECT * FROM IDENTIFIER('a')
            unknown
        INSERT OVERWRITE TABLE a SELECT * FROM b
            reads b; writes a; "changes_rows"
        "#
        );
    }
}
