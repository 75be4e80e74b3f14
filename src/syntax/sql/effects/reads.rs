//! What an expression or query reads: tables, files, sequences, variables.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    Query, SetExpr, Statement, TableFactor, Value, Visitor,
};

use super::{Collector, names};
use crate::syntax::ast::Detail;
use crate::syntax::sql::Dialect;

/// Visits a tree and collects what it reads. A common table expression hides
/// the table of its name where SQL's scoping says so.
pub(super) struct Reads<'c, 'a> {
    collector: &'c mut Collector<'a>,
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

impl<'c, 'a> Reads<'c, 'a> {
    pub(super) fn new(collector: &'c mut Collector<'a>) -> Reads<'c, 'a> {
        let hidden = collector.hidden.clone();
        Reads {
            collector,
            scopes: vec![Scope {
                visible: hidden.len(),
                names: hidden,
            }],
            functions: 0,
        }
    }

    fn is_hidden(&self, name: &ObjectName) -> bool {
        let [part] = name.0.as_slice() else {
            return false;
        };
        let Some(ident) = part.as_ident() else {
            return false;
        };
        let folded = self.collector.fold_definition(ident);
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
                    .map(|text| Ident::new(text.as_str()))
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

    fn table_function(&mut self, name: &ObjectName, arguments: &[FunctionArg]) {
        let Some(function) = function_name(name) else {
            return;
        };
        self.collector.within(name);
        let reads_files = is_file_function(&function);
        if reads_files {
            match arguments.first().and_then(expression) {
                Some(path) => self.collector.reads_files(path),
                None => self.collector.detail(Detail::ReadsAnyFile),
            }
        }
        match function.as_str() {
            "query_table" => match arguments.first().and_then(expression).and_then(texts) {
                Some(tables) => {
                    for table in tables {
                        self.collector.read_name(&dotted(table));
                    }
                }
                None => self
                    .collector
                    .pending("the name of a table it reads is computed"),
            },
            "query" => self
                .collector
                .pending("the text of a query in it is computed"),
            "merge" | "cluster" | "clusterallreplicas" | "remote" | "remotesecure"
                if self.collector.dialect == Dialect::ClickHouse =>
            {
                self.collector
                    .pending("the tables it reads are chosen when it runs");
            }
            "openquery" | "opendatasource" => self
                .collector
                .pending("what another server does for it is not in its text"),
            _ if function.starts_with("duckdb_") || function.starts_with("pragma_") => {
                self.collector.pending(CATALOG);
            }
            _ => {}
        }
        self.collector.effects.calls.insert(function);
    }

    fn function(&mut self, name: String, arguments: &FunctionArguments) {
        let argument = || match arguments {
            FunctionArguments::List(list) => list.args.first().and_then(expression),
            FunctionArguments::None | FunctionArguments::Subquery(_) => None,
        };
        // MariaDB names a sequence as it names a table.
        let sequence = || match argument()? {
            Expr::Identifier(ident) if self.collector.dialect == Dialect::MySql => {
                Some(ObjectName::from(vec![ident.clone()]))
            }
            Expr::CompoundIdentifier(idents) if self.collector.dialect == Dialect::MySql => {
                Some(ObjectName::from(idents.clone()))
            }
            argument => text(argument).map(dotted),
        };
        match name.as_str() {
            "nextval" | "setval" => match sequence() {
                Some(sequence) => self.collector.draw(&sequence),
                None => self
                    .collector
                    .pending("the name of the sequence it draws from is computed"),
            },
            "currval" | "lastval" => match sequence() {
                Some(sequence) => self.collector.drawn(&sequence),
                None => self.collector.detail(Detail::LastInsert),
            },
            "last_insert_id" | "last_insert_rowid" | "scope_identity" | "changes"
            | "total_changes" => {
                self.collector.detail(Detail::LastInsert);
            }
            "row_count" | "found_rows" | "last_query_id" => {
                self.collector.detail(Detail::LastStatement);
            }
            "getvariable" | "current_setting" => {
                if let Some(variable) = argument().and_then(text) {
                    let variable = variable.to_lowercase();
                    self.collector.detail(Detail::Uses(variable));
                }
            }
            "pg_read_file" | "pg_read_binary_file" | "load_file" | "readfile" => match argument() {
                Some(path) => self.collector.reads_files(path),
                None => self.collector.detail(Detail::ReadsAnyFile),
            },
            "set_config" | "setseed" => self
                .collector
                .pending("it changes settings of its session among other things"),
            _ if self.collector.dialect == Dialect::ClickHouse
                && (name.starts_with("dictget") || name.starts_with("joinget")) =>
            {
                if let Some(table) = argument().and_then(text) {
                    self.collector.read_name(&dotted(table));
                }
            }
            _ if has_outside_effects(&name) => self
                .collector
                .pending("it calls a function that acts outside of tables"),
            _ => {}
        }
        self.collector.effects.calls.insert(name);
    }
}

const CATALOG: &str = "it reads the catalog, which every definition changes";

impl Visitor for Reads<'_, '_> {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let names: Vec<_> = query
            .with
            .iter()
            .flat_map(|with| &with.cte_tables)
            .map(|cte| self.collector.fold_definition(&cte.alias.name))
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

    /// PostgreSQL's `WITH x AS (DELETE …)` writes, wherever it stands.
    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<Self::Break> {
        self.collector.targets(statement);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        match factor {
            TableFactor::Table {
                name,
                args: Some(arguments),
                ..
            } => {
                self.functions += 1;
                self.table_function(name, &arguments.args);
            }
            // `sqlparser` takes PostgreSQL's `ONLY t` for a table and its alias.
            TableFactor::Table {
                name,
                alias: Some(alias),
                ..
            } if self.collector.is_only(name) => {
                self.functions += 1;
                self.collector
                    .read_name(&ObjectName::from(vec![alias.name.clone()]));
            }
            TableFactor::Function { name, args, .. } => self.table_function(name, args),
            TableFactor::SemanticView { name, .. } => self.collector.read_name(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::Function(function) => {
                self.collector.within(&function.name);
                if let Some(name) = function_name(&function.name) {
                    self.function(name, &function.args);
                }
            }
            Expr::Identifier(ident) => {
                if let Some(detail) = variable(&ident.value) {
                    self.collector.detail(detail);
                }
            }
            Expr::Value(value) => {
                if let Value::Placeholder(name) = &value.value
                    && let Some(detail) = variable(name)
                {
                    self.collector.detail(detail);
                }
            }
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Assignment,
                ..
            } => {
                if let Expr::Identifier(ident) = &**left {
                    let name = ident.value.to_lowercase();
                    self.collector.detail(Detail::Sets(name));
                }
            }
            Expr::CompoundIdentifier(parts)
                if matches!(
                    self.collector.dialect,
                    Dialect::Snowflake | Dialect::Oracle | Dialect::Generic | Dialect::Ansi
                ) =>
            {
                if let Some((last, sequence)) = parts.split_last() {
                    let sequence = ObjectName::from(sequence.to_vec());
                    if last.value.eq_ignore_ascii_case("nextval") {
                        self.collector.draw(&sequence);
                    } else if last.value.eq_ignore_ascii_case("currval") {
                        self.collector.drawn(&sequence);
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        if self.functions > 0 {
            self.functions -= 1;
        } else if !self.is_hidden(relation) {
            self.collector.read_relation(relation);
        }
        ControlFlow::Continue(())
    }
}

impl Collector<'_> {
    fn read_relation(&mut self, relation: &ObjectName) {
        if let Some(path) = file(self.dialect, relation) {
            return self.detail(Detail::ReadsFile(path));
        }
        if is_catalog(self.dialect, relation) {
            return self.pending(CATALOG);
        }
        match names::name(self.source, relation) {
            Some(name) => super::add(&mut self.effects.reads, name),
            None => self.pending("the name of a table it reads is computed"),
        }
    }

    /// The files that an argument of a function names.
    fn reads_files(&mut self, path: &Expr) {
        match texts(path) {
            Some(paths) => {
                for path in paths {
                    self.detail(Detail::ReadsFile(path.to_owned()));
                }
            }
            None => self.detail(Detail::ReadsAnyFile),
        }
    }

    /// Whether the name is PostgreSQL's word `ONLY`, which `sqlparser` does
    /// not know in front of a table.
    pub(super) fn is_only(&self, name: &ObjectName) -> bool {
        matches!(self.dialect, Dialect::PostgreSql | Dialect::Redshift)
            && matches!(name.0.as_slice(), [part] if part.as_ident().is_some_and(|ident| {
                ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("only")
            }))
    }
}

/// `@x` of MySQL and SQL Server, `$x` of Snowflake.
fn variable(name: &str) -> Option<Detail> {
    let is_session = name.starts_with('@')
        || name.starts_with('$') && name[1..].starts_with(|c: char| !c.is_ascii_digit());
    match name.strip_prefix("@@") {
        Some(system) => match system.to_lowercase().as_str() {
            "identity" => Some(Detail::LastInsert),
            "rowcount" => Some(Detail::LastStatement),
            _ => None,
        },
        None => is_session.then(|| Detail::Uses(name.trim_start_matches('$').to_lowercase())),
    }
}

fn expression(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

/// A literal, perhaps cast: `'s'::regclass`.
pub(super) fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text)
            | Value::DoubleQuotedString(text)
            | Value::EscapedStringLiteral(text)
            | Value::NationalStringLiteral(text)
            | Value::SingleQuotedRawStringLiteral(text)
            | Value::DoubleQuotedRawStringLiteral(text) => Some(text),
            Value::DollarQuotedString(text) => Some(&text.value),
            _ => None,
        },
        Expr::Cast { expr, .. } | Expr::Nested(expr) => text(expr),
        _ => None,
    }
}

/// A literal or a list of literals.
fn texts(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Array(array) => array.elem.iter().map(text).collect(),
        _ => text(expr).map(|text| vec![text]),
    }
}

/// A name in a string, as `nextval('s.seq')` takes it.
pub(super) fn dotted(text: &str) -> ObjectName {
    let mut parts: Vec<Ident> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (part, behind) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                let behind = quoted.get(end + 1..).unwrap_or_default();
                (Ident::with_quote('"', &quoted[..end]), behind)
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (Ident::new(&rest[..end]), &rest[end..])
            }
        };
        parts.push(part);
        rest = behind.trim_start_matches('.');
    }
    ObjectName::from(parts)
}

/// The last part of a function's name, in lower case.
pub(in crate::syntax::sql) fn function_name(name: &ObjectName) -> Option<String> {
    let ident = name.0.last()?.as_ident()?;
    Some(ident.value.to_lowercase())
}

/// Functions that read the files which their first argument names.
pub(super) fn is_file_function(name: &str) -> bool {
    const OTHERS: [&str; 12] = [
        "glob",
        "sniff_csv",
        "st_read",
        "file",
        "url",
        "s3",
        "s3cluster",
        "gcs",
        "hdfs",
        "azureblobstorage",
        "deltalake",
        "iceberg",
    ];
    name.starts_with("read_")
        || name.starts_with("parquet_")
        || name.ends_with("_scan")
        || OTHERS.contains(&name)
}

/// Functions that lock, notify, or reach other servers.
fn has_outside_effects(name: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "pg_advisory_",
        "pg_try_advisory_",
        "dblink",
        "lo_",
        "xp_",
        "sp_",
        "utl_",
        "dbms_",
    ];
    const NAMES: [&str; 10] = [
        "pg_notify",
        "pg_terminate_backend",
        "pg_cancel_backend",
        "pg_reload_conf",
        "get_lock",
        "release_lock",
        "release_all_locks",
        "load_extension",
        "writefile",
        "query_to_xml",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// The file that stands in the place of a table: `'file.csv'`, DuckDB's
/// `"file.csv"`, Spark's ``parquet.`path` ``, Snowflake's `@stage/path`.
pub(super) fn file(dialect: Dialect, name: &ObjectName) -> Option<String> {
    let part = |at: usize| name.0.get(at).and_then(|part| part.as_ident());
    let first = part(0)?;
    match (dialect, name.0.len()) {
        (Dialect::Snowflake, _) if first.value.starts_with('@') => {
            let parts: Vec<_> = name.0.iter().map(ToString::to_string).collect();
            Some(parts.join(".").to_lowercase())
        }
        (_, 1) if first.quote_style == Some('\'') => Some(first.value.clone()),
        (Dialect::DuckDb, 1) if first.quote_style.is_some() && has_extension(&first.value) => {
            Some(first.value.clone())
        }
        (Dialect::Spark | Dialect::Databricks, 2) if is_format(&first.value) => {
            part(1).map(|path| path.value.clone())
        }
        _ => None,
    }
}

fn is_format(name: &str) -> bool {
    [
        "parquet",
        "csv",
        "json",
        "orc",
        "avro",
        "delta",
        "text",
        "binaryfile",
    ]
    .iter()
    .any(|format| name.eq_ignore_ascii_case(format))
}

fn has_extension(name: &str) -> bool {
    let lower = name.to_lowercase();
    let lower = lower.trim_end_matches(".gz").trim_end_matches(".zst");
    [
        ".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".xlsx",
    ]
    .iter()
    .any(|extension| lower.ends_with(extension))
}

/// Whether a name is one of the tables in which the database describes itself.
fn is_catalog(dialect: Dialect, name: &ObjectName) -> bool {
    let parts: Vec<_> = name
        .0
        .iter()
        .filter_map(|part| part.as_ident())
        .map(|ident| ident.value.to_lowercase())
        .collect();
    let Some((last, schemas)) = parts.split_last() else {
        return false;
    };
    let schemas: Vec<_> = schemas.iter().map(String::as_str).collect();
    if schemas.contains(&"information_schema") {
        return true;
    }
    match dialect {
        Dialect::PostgreSql | Dialect::Redshift => {
            schemas.contains(&"pg_catalog")
                || schemas.is_empty()
                    && ["pg_", "svv_", "stv_", "stl_", "svl_"]
                        .iter()
                        .any(|prefix| last.starts_with(prefix))
        }
        Dialect::DuckDb => {
            schemas.contains(&"pg_catalog")
                || schemas.is_empty()
                    && (last.starts_with("duckdb_")
                        || last.starts_with("sqlite_")
                        || last.starts_with("pragma_"))
        }
        Dialect::SQLite => last.starts_with("sqlite_"),
        Dialect::MySql => schemas
            .iter()
            .any(|schema| ["mysql", "performance_schema", "sys"].contains(schema)),
        Dialect::MsSql => schemas.contains(&"sys"),
        Dialect::ClickHouse => schemas.contains(&"system"),
        Dialect::Teradata => schemas.contains(&"dbc"),
        Dialect::Snowflake => schemas.contains(&"account_usage"),
        Dialect::Databricks => schemas.first() == Some(&"system"),
        Dialect::BigQuery => last == "__tables__",
        Dialect::Oracle => {
            schemas.contains(&"sys")
                || ["all_", "user_", "dba_", "v$"]
                    .iter()
                    .any(|prefix| last.starts_with(prefix))
        }
        Dialect::Ansi | Dialect::Generic | Dialect::Hive | Dialect::Spark => false,
    }
}
