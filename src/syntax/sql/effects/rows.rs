//! Statements that add, change and delete rows, and that move them to and
//! from files.

use sqlparser::ast::{
    CopyIntoSnowflakeKind, CopySource, CopyTarget, Delete, Expr, FromTable, Insert, Merge,
    MultiTableInsertIntoClause, ObjectName, ObjectNamePart, OutputClause, SelectInto, Statement,
    TableFactor, TableObject, TableWithJoins, Truncate, Update, UpdateTableFromKind,
};

use super::Collector;
use super::reads::{self, function_name};
use crate::syntax::ast::Detail;
use crate::syntax::sql::Dialect;

impl Collector<'_> {
    /// The tables that a statement of rows writes; what it reads is visited
    /// elsewhere.
    pub(super) fn targets(&mut self, statement: &Statement) {
        match statement {
            Statement::Insert(insert) => self.insert_targets(insert),
            Statement::Update(update) => self.update_targets(update),
            Statement::Delete(delete) => self.delete_targets(delete),
            Statement::Merge(merge) => self.merge_targets(merge),
            _ => {}
        }
    }

    pub(super) fn insert(&mut self, insert: &Insert) {
        self.insert_targets(insert);
        self.read(&insert.source);
        self.read(&insert.on);
        self.read(&insert.returning);
        self.read(&insert.output);
        self.read(&insert.assignments);
        self.read(&insert.partitioned);
        self.read(&insert.multi_table_into_clauses);
        self.read(&insert.multi_table_when_clauses);
        self.read(&insert.multi_table_else_clause);
    }

    fn insert_targets(&mut self, insert: &Insert) {
        let replaces = insert.replace_into || insert.overwrite || insert.on.is_some();
        self.detail(match replaces || insert.or.is_some() {
            true => Detail::ChangesRows,
            false => Detail::AddsRows,
        });
        let is_multiple = insert.multi_table_insert_type.is_some();
        match &insert.table {
            // `INSERT ALL` names its tables further down.
            TableObject::TableName(_) if is_multiple => {}
            TableObject::TableName(name) => self.write(name),
            TableObject::TableFunction(function) => {
                let path = function_name(&function.name)
                    .filter(|name| reads::is_file_function(name))
                    .and_then(|_| first_text(function));
                match path {
                    Some(path) => self.detail(Detail::WritesFile(path)),
                    None => self.unknown("it inserts into something that is no plain table"),
                }
            }
            TableObject::TableQuery(query) => {
                self.read(query);
                self.unknown("it inserts into something that is no plain table");
            }
        }
        let whens = &insert.multi_table_when_clauses;
        let clauses: Vec<&MultiTableInsertIntoClause> = insert
            .multi_table_into_clauses
            .iter()
            .chain(whens.iter().flat_map(|when| &when.into_clauses))
            .chain(insert.multi_table_else_clause.iter().flatten())
            .collect();
        for clause in clauses {
            self.write(&clause.table_name);
        }
        self.output(insert.output.as_ref());
    }

    /// SQL Server's `OUTPUT … INTO t` inserts too.
    fn output(&mut self, output: Option<&OutputClause>) {
        if let Some(OutputClause::Output {
            into_table: Some(into),
            ..
        }) = output
        {
            self.select_into_targets(into);
        }
    }

    pub(super) fn select_into_targets(&mut self, into: &SelectInto) {
        for target in &into.targets {
            let idents = match target {
                Expr::Identifier(ident) => vec![ident.clone()],
                Expr::CompoundIdentifier(idents) => idents.clone(),
                _ => return self.unknown("the target of its INTO is no plain name"),
            };
            match idents.as_slice() {
                [ident] if ident.value.starts_with('@') => {
                    let name = ident.value.to_lowercase();
                    self.detail(Detail::Sets(name));
                }
                _ => self.write(&ObjectName::from(idents)),
            }
        }
    }

    pub(super) fn update(&mut self, update: &Update) {
        self.update_targets(update);
        // Of joined tables the assignments may name any, so that all are read.
        match update.table.joins.is_empty() {
            true => self.read_factor(&update.table.relation),
            false => self.read(&update.table),
        }
        match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => {
                self.read(from);
            }
            None => {}
        }
        self.read(&update.assignments);
        self.read(&update.selection);
        self.read(&update.returning);
        self.read(&update.output);
        self.read(&update.order_by);
        self.read(&update.limit);
    }

    fn update_targets(&mut self, update: &Update) {
        self.detail(Detail::ChangesRows);
        let from = match &update.from {
            Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => {
                from.as_slice()
            }
            None => &[],
        };
        if update.table.joins.is_empty() {
            match &update.table.relation {
                TableFactor::Table { name, alias, .. } => match alias {
                    Some(alias) if self.is_only(name) => {
                        self.write(&ObjectName::from(vec![alias.name.clone()]));
                    }
                    _ => self.write_target(name, from),
                },
                factor => self.write_factor(factor),
            }
        } else {
            self.joined_targets(update);
        }
        self.output(update.output.as_ref());
    }

    /// MySQL's `UPDATE a JOIN b SET a.x = …` writes the tables that its
    /// assignments name; where one names none, any of them.
    fn joined_targets(&mut self, update: &Update) {
        let tables = std::slice::from_ref(&update.table);
        let qualifiers = update
            .assignments
            .iter()
            .map(|assignment| match &assignment.target {
                sqlparser::ast::AssignmentTarget::ColumnName(name) if name.0.len() > 1 => {
                    Some(ObjectName(name.0[..name.0.len() - 1].to_vec()))
                }
                _ => None,
            })
            .collect::<Option<Vec<_>>>();
        match qualifiers {
            Some(qualifiers) => {
                for qualifier in &qualifiers {
                    self.write_target(qualifier, tables);
                }
            }
            None => {
                self.write_factor(&update.table.relation);
                for join in &update.table.joins {
                    self.write_factor(&join.relation);
                }
            }
        }
    }

    pub(super) fn delete(&mut self, delete: &Delete) {
        self.delete_targets(delete);
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        if delete.tables.is_empty() {
            for table in from {
                self.read(&table.joins);
            }
        } else {
            self.read(from);
        }
        self.read(&delete.using);
        self.read(&delete.selection);
        self.read(&delete.returning);
        self.read(&delete.output);
        self.read(&delete.order_by);
        self.read(&delete.limit);
    }

    fn delete_targets(&mut self, delete: &Delete) {
        self.detail(Detail::DeletesRows);
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        if delete.tables.is_empty() {
            let using = delete.using.as_deref().unwrap_or_default();
            for table in from {
                match &table.relation {
                    TableFactor::Table {
                        name,
                        alias: Some(alias),
                        ..
                    } if self.is_only(name) => {
                        self.write(&ObjectName::from(vec![alias.name.clone()]));
                    }
                    TableFactor::Table { name, .. } => self.write_target(name, using),
                    factor => self.write_factor(factor),
                }
            }
        } else {
            for target in &delete.tables {
                self.write_target(target, from);
            }
        }
        self.output(delete.output.as_ref());
    }

    pub(super) fn merge(&mut self, merge: &Merge) {
        self.merge_targets(merge);
        self.read(&merge.source);
        self.read(&*merge.on);
        self.read(&merge.clauses);
        self.read(&merge.output);
    }

    fn merge_targets(&mut self, merge: &Merge) {
        self.detail(Detail::ChangesRows);
        self.write_factor(&merge.table);
        self.output(merge.output.as_ref());
    }

    pub(super) fn truncate(&mut self, truncate: &Truncate) {
        let restarts = matches!(
            truncate.identity,
            Some(sqlparser::ast::TruncateIdentityOption::Restart)
        );
        self.detail(match restarts {
            true => Detail::ChangesRows,
            false => Detail::DeletesRows,
        });
        if matches!(
            truncate.cascade,
            Some(sqlparser::ast::CascadeOption::Cascade)
        ) {
            self.detail(Detail::Cascades);
        }
        for target in &truncate.table_names {
            self.write(&target.name);
        }
    }

    /// What MySQL's `DELETE t FROM …` and SQL Server's `UPDATE t SET … FROM …`
    /// write is a table, the alias of one, or a common table expression.
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
        self.write_through(aliased.unwrap_or(target));
    }

    /// SQL Server writes through a common table expression what it is made of.
    fn write_through(&mut self, target: &ObjectName) {
        let folded = match target.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] => Some(self.fold_definition(ident)),
            _ => None,
        };
        let behind = self
            .updatable
            .iter()
            .find(|(name, _)| Some(name) == folded.as_ref());
        match behind.map(|(_, tables)| tables.clone()) {
            Some(tables) => {
                for table in tables {
                    super::add(&mut self.effects.writes, table);
                }
            }
            None => self.write(target),
        }
    }

    /// Reads what is nested in the target of an UPDATE, not the target itself.
    fn read_factor(&mut self, factor: &TableFactor) {
        if !matches!(factor, TableFactor::Table { args: None, .. }) {
            self.read(factor);
        }
    }

    fn write_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                name, args: None, ..
            } => self.write_through(name),
            // Oracle updates what a query in parentheses selects from.
            TableFactor::Derived { subquery, .. } => {
                let mut inner = Collector::new(self.source, self.dialect, "");
                inner.read(subquery);
                for name in inner.effects.reads {
                    super::add(&mut self.effects.writes, name);
                }
            }
            TableFactor::NestedJoin {
                table_with_joins, ..
            } => {
                self.write_factor(&table_with_joins.relation);
                for join in &table_with_joins.joins {
                    self.write_factor(&join.relation);
                }
            }
            _ => self.unknown("it writes to something that is no plain table"),
        }
    }

    pub(super) fn copy(&mut self, source: &CopySource, to: bool, target: &CopyTarget) {
        match source {
            CopySource::Table { table_name, .. } if to => self.read_table(table_name),
            CopySource::Table { table_name, .. } => {
                self.detail(Detail::AddsRows);
                self.write(table_name);
            }
            CopySource::Query(query) => self.read(query),
        }
        match target {
            CopyTarget::File { filename } if to => {
                self.detail(Detail::WritesFile(filename.clone()));
            }
            CopyTarget::File { filename } => self.detail(Detail::ReadsFile(filename.clone())),
            CopyTarget::Program { .. } => {
                self.unknown("what the program does that it starts is not in its text");
            }
            CopyTarget::Stdin | CopyTarget::Stdout => {}
        }
    }

    /// Snowflake's `COPY INTO table FROM stage` and the way back.
    pub(super) fn copy_into(
        &mut self,
        kind: &CopyIntoSnowflakeKind,
        into: &ObjectName,
        from: Option<&ObjectName>,
    ) {
        match kind {
            CopyIntoSnowflakeKind::Table => {
                self.detail(Detail::AddsRows);
                self.write(into);
                if let Some(from) = from {
                    self.detail(Detail::ReadsFile(location(from)));
                }
            }
            CopyIntoSnowflakeKind::Location => {
                self.detail(Detail::WritesFile(location(into)));
                if let Some(from) = from {
                    self.read_table(from);
                }
            }
        }
    }

    /// Hive moves the file into the table's folder.
    pub(super) fn load_data(&mut self, path: &str, overwrite: bool, table: &ObjectName) {
        self.detail(match overwrite {
            true => Detail::ChangesRows,
            false => Detail::AddsRows,
        });
        self.write(table);
        let is_moved = matches!(
            self.dialect,
            Dialect::Hive | Dialect::Spark | Dialect::Databricks
        );
        self.detail(match is_moved {
            true => Detail::WritesFile(path.to_owned()),
            false => Detail::ReadsFile(path.to_owned()),
        });
    }
}

fn first_text(function: &sqlparser::ast::Function) -> Option<String> {
    let sqlparser::ast::FunctionArguments::List(list) = &function.args else {
        return None;
    };
    match list.args.first()? {
        sqlparser::ast::FunctionArg::Unnamed(sqlparser::ast::FunctionArgExpr::Expr(expr)) => {
            reads::text(expr).map(str::to_owned)
        }
        _ => None,
    }
}

/// A stage or an URL, as it is written.
pub(super) fn location(name: &ObjectName) -> String {
    let parts: Vec<_> = name
        .0
        .iter()
        .map(|part| match part.as_ident() {
            Some(ident) => ident.value.clone(),
            None => part.to_string(),
        })
        .collect();
    let text = parts.join(".");
    match text.starts_with('@') {
        true => text.to_lowercase(),
        false => text,
    }
}
