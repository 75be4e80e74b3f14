//! Statements that change what the session of later statements is like.

use sqlparser::ast::{
    CloseCursor, ContextModifier, Declare, DeclareAssignment, DiscardObject, Expr, Ident,
    ObjectName, Reset, Set, SetExpr, Statement, Use,
};

use super::reads::{function_name, text};
use super::{Collector, names};
use crate::syntax::ast::{Detail, Name, Role, Stretch};
use crate::syntax::sql::Dialect;

impl Collector<'_> {
    pub(super) fn use_target(&mut self, target: &Use) {
        let name = |name: &ObjectName| names::name(self.source, name);
        self.effects.role = match target {
            Use::Schema(schema) => name(schema).map(Role::Use),
            Use::Catalog(catalog) => name(catalog).map(Role::UseCatalog),
            Use::Database(database) => match self.dialect {
                Dialect::Snowflake => name(database).map(Role::UseCatalog),
                _ => name(database).map(Role::Use),
            },
            Use::Object(object) => match (self.dialect, object.0.len()) {
                (Dialect::Snowflake | Dialect::MsSql, 1) => name(object).map(Role::UseCatalog),
                _ => name(object).map(Role::Use),
            },
            Use::Default => Some(Role::UseDefault),
            Use::Warehouse(_) | Use::Role(_) | Use::SecondaryRoles(_) => None,
        }
        .unwrap_or(Role::Session);
    }

    pub(super) fn set(&mut self, set: &Set) {
        self.read(set);
        match set {
            Set::SingleAssignment {
                scope,
                variable,
                values,
                ..
            } => self.assign(*scope, variable, values),
            Set::MultipleAssignments { assignments } => {
                for assignment in assignments {
                    let value = std::slice::from_ref(&assignment.value);
                    self.assign(assignment.scope, &assignment.name, value);
                }
            }
            Set::ParenthesizedAssignments { variables, values } => {
                for variable in variables {
                    self.assign(None, variable, values);
                }
            }
            Set::SetTransaction { session: false, .. } => self.effects.role = Role::Local,
            Set::SetTimeZone { local: true, .. } => self.effects.role = Role::Local,
            Set::SetRole {
                context_modifier: Some(ContextModifier::Local),
                ..
            } => self.effects.role = Role::Local,
            Set::SetTransaction { .. }
            | Set::SetTimeZone { .. }
            | Set::SetRole { .. }
            | Set::SetSessionAuthorization(_)
            | Set::SetNames { .. }
            | Set::SetNamesDefault {} => self.effects.role = Role::Session,
            Set::SetSessionParam(_) => {
                // SQL Server's `SET IMPLICIT_TRANSACTIONS ON`.
                let words = set.to_string().to_lowercase();
                self.effects.role = match words.strip_prefix("set implicit_transactions ") {
                    Some("on") => Role::Begin(Stretch::Manual),
                    Some(_) => Role::End(Stretch::Manual),
                    None => Role::Session,
                };
            }
        }
    }

    fn assign(&mut self, scope: Option<ContextModifier>, variable: &ObjectName, values: &[Expr]) {
        let name = function_name(variable).unwrap_or_default();
        let bare = name.trim_start_matches('@');
        let is_variable = name.starts_with('@') && !name.starts_with("@@")
            || matches!(self.dialect, Dialect::Snowflake | Dialect::BigQuery);
        if is_variable {
            let variable = name.clone();
            self.detail(Detail::Sets(variable));
        }
        let is_local = matches!(scope, Some(ContextModifier::Local));
        let is_global = matches!(scope, Some(ContextModifier::Global))
            && !matches!(self.dialect, Dialect::DuckDb);
        self.effects.role = match bare {
            "autocommit" => match is_off(values) {
                true => Role::Begin(Stretch::Manual),
                false => Role::End(Stretch::Manual),
            },
            // A value that depends on rows is worked out once, in a step.
            _ if !self.effects.reads.is_empty() || self.reads_session() => Role::Plain,
            _ if is_global => return self.unknown("it changes settings of the whole server"),
            "search_path" if is_local => {
                Role::LocalPath(self.search_path(values).unwrap_or_default())
            }
            "search_path" | "schema" | "current_schema" | "catalog"
                if variable.0.len() == 1 && !is_local =>
            {
                match self.search_path(values) {
                    Some(_) if bare == "catalog" => self
                        .search_path(values)
                        .and_then(|mut path| path.pop())
                        .map_or(Role::Session, Role::UseCatalog),
                    Some(path) => Role::UsePath(path),
                    None => Role::UseDefault,
                }
            }
            _ if is_local => Role::Local,
            _ => Role::Session,
        };
    }

    fn reads_session(&self) -> bool {
        self.effects.details.iter().any(|detail| {
            matches!(
                detail,
                Detail::LastInsert | Detail::LastStatement | Detail::Drawn(_) | Detail::Draws(_)
            )
        })
    }

    /// The schemas of `SET search_path = a, b`; none for `DEFAULT`.
    fn search_path(&self, values: &[Expr]) -> Option<Vec<Name>> {
        let mut path = Vec::new();
        for value in values {
            match value {
                Expr::Identifier(ident)
                    if ident.quote_style.is_none()
                        && ident.value.eq_ignore_ascii_case("default") =>
                {
                    return None;
                }
                Expr::Identifier(ident) => path.push(vec![ident.clone()]),
                Expr::CompoundIdentifier(idents) => path.push(idents.clone()),
                Expr::Value(span) => {
                    let all = text(value)?;
                    for schema in all.split(',') {
                        let mut name = super::reads::dotted(schema.trim());
                        let idents = name.0.iter_mut().filter_map(|part| match part {
                            sqlparser::ast::ObjectNamePart::Identifier(ident) => {
                                ident.span = span.span;
                                Some(ident.clone())
                            }
                            sqlparser::ast::ObjectNamePart::Function(_) => None,
                        });
                        let idents: Vec<Ident> = idents.collect();
                        if !idents.is_empty() {
                            path.push(idents);
                        }
                    }
                }
                _ => return None,
            }
        }
        path.retain(|idents| !matches!(idents.as_slice(), [only] if only.value == "$user"));
        (!path.is_empty()).then(|| {
            path.into_iter()
                .map(|idents| {
                    let parts = idents.iter().map(|ident| names::ident(self.source, ident));
                    names::from_parts(parts.collect())
                })
                .collect()
        })
    }

    pub(super) fn reset(&mut self, reset: &Reset) {
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

    pub(super) fn discard(&mut self, what: DiscardObject) {
        match what {
            DiscardObject::PLANS => self.effects.role = Role::Session,
            // In the session of a later step there is nothing to discard but
            // what is carried into it.
            DiscardObject::ALL => self.effects.role = Role::UseDefault,
            DiscardObject::SEQUENCES | DiscardObject::TEMP => self.effects.role = Role::Session,
        }
    }

    pub(super) fn pragma(&mut self, name: &ObjectName, value: Option<&str>, is_assigned: bool) {
        let pragma = function_name(name).unwrap_or_default();
        const OF_A_TABLE: [&str; 6] = [
            "table_info",
            "table_xinfo",
            "show",
            "storage_info",
            "index_list",
            "foreign_key_list",
        ];
        const OF_ALL: [&str; 13] = [
            "show_tables",
            "show_tables_expanded",
            "show_databases",
            "database_list",
            "database_size",
            "table_list",
            "integrity_check",
            "quick_check",
            "foreign_key_check",
            "optimize",
            "wal_checkpoint",
            "incremental_vacuum",
            "force_checkpoint",
        ];
        match value {
            Some(table) if !is_assigned && OF_A_TABLE.contains(&pragma.as_str()) => {
                self.read_table(&super::reads::dotted(table));
            }
            _ if OF_ALL.contains(&pragma.as_str()) => {
                self.unknown("it shows what exists, so it waits for everything before it");
            }
            Some(_) if !is_assigned && self.dialect == Dialect::DuckDb => {
                self.unknown("what the pragma touches is not in its text");
            }
            _ => self.effects.role = Role::Session,
        }
    }

    /// What is prepared is read and written when it is executed; here and there
    /// are one step.
    pub(super) fn prepare(&mut self, name: &Ident, statement: &Statement) {
        self.statement(statement);
        self.effects.verb = "prepare";
        if let Role::Unknown(why) = self.effects.role {
            self.pending(why);
        }
        self.effects.role = Role::Prepare(name.value.to_lowercase());
    }

    pub(super) fn deallocate(&mut self, name: &Ident) {
        let name = name.value.to_lowercase();
        self.effects.role = Role::Deallocate((name != "all").then_some(name));
    }

    pub(super) fn execute(&mut self, name: &ObjectName, parameters: &[Expr]) {
        for parameter in parameters {
            self.read(parameter);
        }
        // What it does was read where it was prepared.
        self.effects.role = match function_name(name) {
            Some(name) => Role::Execute(name),
            None => Role::Unknown("the name of what it executes is computed"),
        };
    }

    /// Cursors and variables live in their session.
    pub(super) fn declare(&mut self, declarations: &[Declare]) {
        for declaration in declarations {
            self.read(&declaration.for_query);
            if let Some(
                DeclareAssignment::Expr(value)
                | DeclareAssignment::Default(value)
                | DeclareAssignment::DuckAssignment(value)
                | DeclareAssignment::For(value)
                | DeclareAssignment::MsSqlAssignment(value),
            ) = &declaration.assignment
            {
                self.read(&**value);
            }
            for name in &declaration.names {
                let name = name.value.to_lowercase();
                self.detail(match declaration.for_query.is_some() {
                    true => Detail::Cursor(name),
                    false => Detail::Sets(name),
                });
            }
        }
    }

    pub(super) fn close(&mut self, cursor: &CloseCursor) {
        match cursor {
            CloseCursor::All => self.detail(Detail::Cursor("all".to_owned())),
            CloseCursor::Specific { name } => {
                self.detail(Detail::Cursor(name.value.to_lowercase()));
            }
        }
    }

    /// `SELECT set_config(…)` alone is a SET in the form of a query.
    pub(super) fn is_setting(&self, body: &SetExpr) -> bool {
        let SetExpr::Select(select) = body else {
            return false;
        };
        select.from.is_empty()
            && self.effects.reads.is_empty()
            && !select.projection.is_empty()
            && select.projection.iter().all(|item| {
                let (sqlparser::ast::SelectItem::UnnamedExpr(expr)
                | sqlparser::ast::SelectItem::ExprWithAlias { expr, .. }) = item
                else {
                    return false;
                };
                matches!(expr, Expr::Function(function)
                    if function_name(&function.name)
                        .is_some_and(|name| name == "set_config" || name == "setseed"))
            })
    }
}

fn is_off(values: &[Expr]) -> bool {
    values.first().is_some_and(|value| {
        let value = value.to_string().to_lowercase();
        ["0", "off", "false"].contains(&value.trim_matches('\''))
    })
}
