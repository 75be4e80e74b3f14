//! Statements that define, change and drop tables, views, schemas, functions
//! and what hangs on them.

use sqlparser::ast::{
    AlterFunction, AlterSchema, AlterSchemaOperation, AlterTable, AlterTableOperation,
    CascadeOption, ColumnDef, ColumnOption, CommentObject, ConditionalStatements, CreateFunction,
    CreateFunctionBody, CreateIndex, CreateTable, CreateTableLikeKind, CreateTrigger, CreateView,
    DropBehavior, DropFunction, DropTrigger, Expr, ForeignKeyConstraint, GrantObjects, Ident,
    MacroDefinition, ObjectName, ObjectType, Partition, ReferentialAction, RenameTableNameKind,
    SchemaName, SetExpr, Statement, TableConstraint,
};

use super::reads::{self, function_name};
use super::{Collector, is_temporary_name, names};
use crate::syntax::ast::{Detail, Role};
use crate::syntax::sql::Dialect;

impl Collector<'_> {
    pub(super) fn create_table(&mut self, create: &CreateTable) {
        self.write(&create.name);
        self.read(&create.query);
        if create.if_not_exists {
            self.detail(Detail::Perhaps);
        }
        if let Some(CreateTableLikeKind::Parenthesized(like) | CreateTableLikeKind::Plain(like)) =
            &create.like
        {
            self.read_table(&like.name);
        }
        if let Some(source) = &create.clone {
            self.read_table(source);
        }
        for whole in create.inherits.iter().flatten() {
            self.read_table(whole);
            self.part(&create.name, whole);
        }
        if let Some(whole) = &create.partition_of {
            self.write(whole);
            self.part(&create.name, whole);
        }
        for constraint in &create.constraints {
            if let TableConstraint::ForeignKey(key) = constraint {
                self.foreign_key(&create.name, key);
            }
        }
        for column in &create.columns {
            self.column(&create.name, column);
        }
        if create.external
            && let Some(path) = &create.location
            && let Some(table) = names::name(self.source, &create.name)
        {
            let path = path.clone();
            self.detail(Detail::StoredAt { table, path });
        }
        if create.dynamic {
            // Snowflake keeps it up to date, as a view is.
            self.effects.role = Role::View;
        } else if create.temporary || create.volatile || is_temporary_name(&create.name) {
            self.effects.role = Role::Temporary;
        }
    }

    fn column(&mut self, table: &ObjectName, column: &ColumnDef) {
        for option in &column.options {
            match &option.option {
                ColumnOption::ForeignKey(key) => self.foreign_key(table, key),
                ColumnOption::Default(default) => self.default(table, default),
                _ => {}
            }
        }
    }

    /// A default that draws from a sequence makes every later INSERT draw.
    fn default(&mut self, table: &ObjectName, default: &Expr) {
        let mut inner = Collector::new(self.source, self.dialect, "");
        inner.read(default);
        for detail in inner.effects.details {
            if let (Detail::Draws(sequence), Some(table)) =
                (detail, names::name(self.source, table))
            {
                self.detail(Detail::DrawnBy { table, sequence });
            }
        }
        self.effects.calls.extend(inner.effects.calls);
    }

    fn foreign_key(&mut self, child: &ObjectName, key: &ForeignKeyConstraint) {
        self.read_table(&key.foreign_table);
        let acts =
            [key.on_delete, key.on_update]
                .into_iter()
                .flatten()
                .any(|action| match action {
                    ReferentialAction::Cascade
                    | ReferentialAction::SetNull
                    | ReferentialAction::SetDefault => true,
                    ReferentialAction::Restrict | ReferentialAction::NoAction => false,
                });
        if let (Some(child), Some(parent)) = (
            names::name(self.source, child),
            names::name(self.source, &key.foreign_table),
        ) {
            self.detail(Detail::ForeignKey {
                child,
                parent,
                acts,
            });
        }
    }

    fn part(&mut self, part: &ObjectName, whole: &ObjectName) {
        if let (Some(part), Some(whole)) = (
            names::name(self.source, part),
            names::name(self.source, whole),
        ) {
            self.detail(Detail::Part { part, whole });
        }
    }

    pub(super) fn create_view(&mut self, create: &CreateView) {
        self.write(&create.name);
        self.read(&create.query);
        if let Some(to) = &create.to {
            self.write(to);
        }
        if create.if_not_exists {
            self.detail(Detail::Perhaps);
        }
        self.effects.role = match (create.temporary, create.materialized) {
            (true, _) => Role::Carried,
            (false, true) => self.materialized(),
            (false, false) => Role::View,
        };
    }

    /// A materialized view holds rows of its own, like a table. Some databases
    /// keep them up to date by themselves, so that it is like a view.
    fn materialized(&mut self) -> Role {
        match self.dialect {
            Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks => Role::View,
            Dialect::ClickHouse => {
                self.detail(Detail::Follows);
                Role::Plain
            }
            _ => {
                self.detail(Detail::Materializes);
                Role::Plain
            }
        }
    }

    pub(super) fn alter_table(&mut self, alter: &AlterTable) {
        self.write(&alter.name);
        for operation in &alter.operations {
            self.alter_operation(&alter.name, operation);
        }
    }

    fn alter_operation(&mut self, table: &ObjectName, operation: &AlterTableOperation) {
        match operation {
            AlterTableOperation::RenameTable { table_name } => {
                let (RenameTableNameKind::As(name) | RenameTableNameKind::To(name)) = table_name;
                self.rename(table, &self.beside(table, name));
            }
            AlterTableOperation::SwapWith { table_name } => self.swap(table, table_name),
            AlterTableOperation::AddConstraint {
                constraint: TableConstraint::ForeignKey(key),
                ..
            } => self.foreign_key(table, key),
            AlterTableOperation::AddColumn { column_def, .. } => {
                self.column(table, column_def);
                self.read(column_def);
            }
            AlterTableOperation::AlterColumn { op, .. } => {
                if let sqlparser::ast::AlterColumnOperation::SetDefault { value } = op {
                    self.default(table, value);
                }
                self.read(op);
            }
            AlterTableOperation::AttachPartition { partition }
            | AlterTableOperation::DetachPartition { partition } => {
                if let Partition::Expr(Expr::Identifier(ident))
                | Partition::Part(Expr::Identifier(ident))
                | Partition::Identifier(ident) = partition
                    && self.dialect == Dialect::PostgreSql
                {
                    self.write(&ObjectName::from(vec![ident.clone()]));
                }
            }
            _ => {}
        }
    }

    /// Both names are written, and what is known of the old one holds for the
    /// new one.
    pub(super) fn rename(&mut self, from: &ObjectName, to: &ObjectName) {
        self.write(from);
        self.write(to);
        if let (Some(from), Some(to)) =
            (names::name(self.source, from), names::name(self.source, to))
        {
            self.detail(Detail::Renames { from, to });
        }
    }

    pub(super) fn swap(&mut self, one: &ObjectName, other: &ObjectName) {
        self.rename(one, other);
        self.rename(other, one);
    }

    /// An unqualified new name of a renamed table stays in the table's schema;
    /// MySQL moves it to the current one.
    pub(super) fn beside(&self, table: &ObjectName, new: &ObjectName) -> ObjectName {
        match (table.0.len(), new.0.len()) {
            (2.., 1) if self.dialect != Dialect::MySql => {
                let mut parts = table.0[..table.0.len() - 1].to_vec();
                parts.extend(new.0.iter().cloned());
                ObjectName(parts)
            }
            _ => new.clone(),
        }
    }

    pub(super) fn create_index(&mut self, create: &CreateIndex) {
        self.write(&create.table_name);
        self.read(&create.predicate);
        if let (Some(index), Some(table)) = (
            create
                .name
                .as_ref()
                .and_then(|name| names::name(self.source, name)),
            names::name(self.source, &create.table_name),
        ) {
            self.detail(Detail::Index { index, table });
        }
    }

    pub(super) fn alter_schema(&mut self, alter: &AlterSchema) {
        self.schema(&alter.name);
        for operation in &alter.operations {
            if let AlterSchemaOperation::Rename { name } = operation {
                self.schema(name);
                if let (Some(from), Some(to)) = (
                    names::name(self.source, &alter.name),
                    names::name(self.source, name),
                ) {
                    self.detail(Detail::Renames { from, to });
                }
            }
        }
    }

    pub(super) fn create_schema(&mut self, name: &SchemaName, clone: Option<&ObjectName>) {
        match name {
            SchemaName::Simple(name) | SchemaName::NamedAuthorization(name, _) => {
                self.schema(name);
            }
            SchemaName::UnnamedAuthorization(user) => {
                self.schema(&ObjectName::from(vec![user.clone()]));
            }
        }
        // What a clone reads is everything in the schema, so it counts as
        // touching the schema as a whole.
        if let Some(source) = clone {
            self.schema(source);
        }
    }

    pub(super) fn comment(&mut self, kind: CommentObject, name: &ObjectName) {
        match kind {
            CommentObject::Table | CommentObject::View | CommentObject::MaterializedView => {
                self.write(name);
            }
            CommentObject::Column => {
                let table = name.0[..name.0.len().saturating_sub(1)].to_vec();
                self.write(&ObjectName(table));
            }
            CommentObject::Schema | CommentObject::Database => self.schema(name),
            CommentObject::Sequence => self.draw(name),
            CommentObject::Function | CommentObject::Procedure => {
                self.effects.calls.extend(function_name(name));
            }
            CommentObject::Collation
            | CommentObject::Domain
            | CommentObject::Extension
            | CommentObject::Index
            | CommentObject::Role
            | CommentObject::Type
            | CommentObject::User => {
                self.unknown("what it describes may be what another statement defines");
            }
        }
    }

    pub(super) fn drop(
        &mut self,
        kind: ObjectType,
        names: &[ObjectName],
        table: Option<&ObjectName>,
        cascade: bool,
    ) {
        self.detail(Detail::Drops);
        if cascade {
            self.detail(Detail::Cascades);
        }
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
            ObjectType::Sequence => {
                for name in names {
                    self.draw(name);
                }
            }
            ObjectType::Index => match table {
                Some(table) => self.write(table),
                None => self.drop_indexes(names),
            },
            ObjectType::Stage => {
                for name in names {
                    let path = format!("@{}", super::rows::location(name).to_lowercase());
                    self.detail(Detail::WritesFile(path));
                }
            }
            ObjectType::Collation
            | ObjectType::Role
            | ObjectType::Type
            | ObjectType::User
            | ObjectType::Stream
            | ObjectType::Warehouse => {
                self.unknown("what depends on the dropped object cannot be told from its text");
            }
        }
    }

    fn drop_indexes(&mut self, indexes: &[ObjectName]) {
        for name in indexes {
            match (self.dialect, name.0.as_slice()) {
                // SQL Server's `DROP INDEX table.index`.
                (Dialect::MsSql, [table @ .., _]) if !table.is_empty() => {
                    self.write(&ObjectName(table.to_vec()));
                }
                _ => match names::name(self.source, name) {
                    Some(name) => self.detail(Detail::DropsIndex(name)),
                    None => self.unknown("which table the index belongs to is not in its text"),
                },
            }
        }
    }

    pub(super) fn create_trigger(&mut self, create: &CreateTrigger) {
        self.write(&create.table_name);
        if let Some(table) = names::name(self.source, &create.table_name)
            && let Some(name) = function_name(&create.name)
        {
            self.detail(Detail::Trigger { table, name });
        }
        if let Some(body) = &create.exec_body {
            self.effects
                .calls
                .extend(function_name(&body.func_desc.name));
        }
    }

    pub(super) fn drop_trigger(&mut self, drop: &DropTrigger) {
        if let Some(table) = &drop.table_name {
            self.write(table);
        }
        match function_name(&drop.trigger_name) {
            Some(name) => self.detail(Detail::DropsTrigger(name)),
            None => self.unknown("the name of the trigger is computed"),
        }
    }

    pub(super) fn create_macro(
        &mut self,
        name: &ObjectName,
        definition: &MacroDefinition,
        temporary: bool,
    ) {
        self.read(definition);
        if self.dialect == Dialect::DuckDb {
            self.detail(Detail::BindsLate);
        }
        self.define(name, temporary);
    }

    pub(super) fn create_function(&mut self, create: &CreateFunction) {
        match &create.function_body {
            Some(
                CreateFunctionBody::Return(body)
                | CreateFunctionBody::AsReturnExpr(body)
                | CreateFunctionBody::AsBeforeOptions { body, .. }
                | CreateFunctionBody::AsAfterOptions(body),
            ) => self.function_body(body, create.language.as_ref()),
            Some(CreateFunctionBody::AsReturnSelect(select)) => {
                self.read(&SetExpr::Select(Box::new(select.clone())));
            }
            Some(CreateFunctionBody::AsBeginEnd(_)) => {
                self.pending("what the function does is more than a query");
            }
            None => self.pending("what the function does is not in the program"),
        }
        self.define(&create.name, create.temporary);
    }

    /// The body of a function is an expression, a text of SQL, or a text of
    /// another language.
    fn function_body(&mut self, body: &Expr, language: Option<&Ident>) {
        let Some(text) = reads::text(body) else {
            return self.read(body);
        };
        let is_sql = language.is_some_and(|language| language.value.eq_ignore_ascii_case("sql"));
        let is_sandboxed = matches!(
            self.dialect,
            Dialect::BigQuery | Dialect::Snowflake | Dialect::Databricks | Dialect::Redshift
        );
        if is_sql {
            if matches!(self.dialect, Dialect::PostgreSql | Dialect::Redshift) {
                self.detail(Detail::BindsLate);
            }
            match self.parse_text(text) {
                Some(statements) => self.block(&statements),
                None => self.pending("what the function does cannot be read"),
            }
        } else if !is_sandboxed {
            self.pending("what the function does is not written in SQL");
        }
    }

    pub(super) fn create_procedure(&mut self, name: &ObjectName, body: &ConditionalStatements) {
        self.conditional(body);
        self.define(name, false);
    }

    fn define(&mut self, name: &ObjectName, temporary: bool) {
        self.within(name);
        match function_name(name) {
            Some(name) => self.effects.defines = Some(name),
            None => self.unknown("the name of the function is computed"),
        }
        if temporary {
            self.effects.role = Role::Carried;
        }
    }

    pub(super) fn alter_function(&mut self, alter: &AlterFunction) {
        if let Some(name) = function_name(&alter.function.name) {
            self.detail(Detail::DropsFunction(name));
        }
        self.pending("what becomes of the function is not in its text");
    }

    pub(super) fn drop_function(&mut self, drop: &DropFunction) {
        let names = drop.func_desc.iter().map(|desc| &desc.name);
        self.drop_functions(names, drop.drop_behavior);
    }

    pub(super) fn drop_functions<'n>(
        &mut self,
        names: impl Iterator<Item = &'n ObjectName>,
        behavior: Option<DropBehavior>,
    ) {
        for name in names {
            self.within(name);
            match function_name(name) {
                Some(name) => self.detail(Detail::DropsFunction(name)),
                None => self.unknown("the name of the function is computed"),
            }
        }
        if matches!(behavior, Some(DropBehavior::Cascade)) {
            self.unknown("what depends on the dropped object cannot be told from its text");
        }
    }

    /// Who may do what counts as part of the object.
    pub(super) fn grant(&mut self, objects: Option<&GrantObjects>, cascade: Option<CascadeOption>) {
        if matches!(cascade, Some(CascadeOption::Cascade)) {
            return self.unknown(ROLES);
        }
        match objects {
            Some(GrantObjects::Tables(names) | GrantObjects::Views(names)) => {
                for name in names {
                    self.write(name);
                }
            }
            Some(GrantObjects::Sequences(names)) => {
                for name in names {
                    self.draw(name);
                }
            }
            Some(
                GrantObjects::Schemas(names)
                | GrantObjects::Databases(names)
                | GrantObjects::AllTablesInSchema { schemas: names }
                | GrantObjects::AllViewsInSchema { schemas: names }
                | GrantObjects::AllMaterializedViewsInSchema { schemas: names }
                | GrantObjects::AllExternalTablesInSchema { schemas: names }
                | GrantObjects::FutureSchemasInDatabase { databases: names }
                | GrantObjects::FutureTablesInSchema { schemas: names }
                | GrantObjects::FutureViewsInSchema { schemas: names }
                | GrantObjects::FutureExternalTablesInSchema { schemas: names }
                | GrantObjects::FutureMaterializedViewsInSchema { schemas: names },
            ) => {
                for name in names {
                    self.schema(name);
                }
            }
            Some(
                GrantObjects::AllSequencesInSchema { .. }
                | GrantObjects::AllFunctionsInSchema { .. }
                | GrantObjects::FutureSequencesInSchema { .. }
                | GrantObjects::Warehouses(_)
                | GrantObjects::Integrations(_)
                | GrantObjects::ResourceMonitors(_)
                | GrantObjects::Users(_)
                | GrantObjects::ComputePools(_)
                | GrantObjects::Connections(_)
                | GrantObjects::FailoverGroup(_)
                | GrantObjects::ReplicationGroup(_)
                | GrantObjects::ExternalVolumes(_)
                | GrantObjects::Procedure { .. }
                | GrantObjects::Function { .. },
            )
            | None => self.unknown(ROLES),
        }
    }

    /// The statements of a block: which of them run shows only when they do.
    pub(super) fn block(&mut self, statements: &[Statement]) {
        self.detail(Detail::Perhaps);
        for statement in statements {
            let mut inner = Collector::new(self.source, self.dialect, "");
            inner.hidden.clone_from(&self.hidden);
            inner.statement(statement);
            let inner = inner.finish();
            match inner.role {
                Role::Plain => {}
                Role::Unknown(why) => self.pending(why),
                _ => self.pending("what a statement in it leaves in its session cannot be known"),
            }
            for name in inner.reads {
                super::add(&mut self.effects.reads, name);
            }
            for name in inner.writes {
                super::add(&mut self.effects.writes, name);
            }
            for name in inner.schemas {
                super::add(&mut self.effects.schemas, name);
            }
            self.effects.calls.extend(inner.calls);
            for detail in inner.details {
                self.detail(detail);
            }
            if inner.defines.is_some() {
                self.pending("it defines a function in a branch");
            }
        }
    }

    pub(super) fn conditional(&mut self, statements: &ConditionalStatements) {
        match statements {
            ConditionalStatements::Sequence { statements } => self.block(statements),
            ConditionalStatements::BeginEnd(block) => self.block(&block.statements),
        }
    }
}

pub(super) const ROLES: &str = "who may do what afterwards cannot be told from names of tables";
