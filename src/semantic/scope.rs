//! What names mean: which table, at one point of the program.
//!
//! Where the text does not tell, a name means each table that it may be: that
//! can add an edge and never loses one.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::Resource;
use crate::syntax::ast::{Detail, Effects, Ident, Name, Role, Stretch};
use crate::syntax::sql::Dialect;

/// Resolves names of tables and schemas at one point of the program.
pub(super) struct Scope {
    dialect: Dialect,
    pub(super) place: Place,
    program: Program,
}

/// Where unqualified names are looked up.
#[derive(Debug, Default, Clone)]
pub(super) struct Place {
    catalog: Option<String>,
    /// The schemas of the search path; none until the program sets some.
    path: Vec<Vec<String>>,
    /// The search path that holds again when the transaction ends.
    after: Option<Vec<Vec<String>>>,
}

/// What the names of the whole program tell about each of them.
#[derive(Debug, Default)]
struct Program {
    /// Schemas and databases that it names as such, by their last part.
    schemas: BTreeSet<String>,
    /// Those of them that it drops.
    dropped: BTreeSet<String>,
    /// Tables that it names without a schema.
    bare: BTreeSet<String>,
    /// The other tables, by their last part.
    qualified: BTreeMap<String, BTreeSet<Vec<String>>>,
    /// Database files, by the names under which they are attached. A file that
    /// is attached under two names is one database.
    attached: BTreeMap<String, String>,
    /// Names that can only be those of schemas, where those of catalogs stand in
    /// the same places.
    only_schemas: BTreeSet<String>,
    /// Whether every name says or inherits its catalog, so that catalogs tell
    /// tables apart.
    keeps_catalogs: bool,
    /// Files that it writes.
    files: BTreeSet<String>,
}

impl Scope {
    pub(super) fn new<'a>(
        dialect: Dialect,
        effects: impl Iterator<Item = &'a Effects> + Clone,
    ) -> Scope {
        let mut scope = Scope {
            dialect,
            place: Place::default(),
            program: Program {
                keeps_catalogs: has_catalogs(dialect),
                ..Program::default()
            },
        };
        let mut paths = BTreeMap::new();
        for effects in effects.clone() {
            scope.look_at(effects, &mut paths);
        }
        scope.place = Place::default();
        let mut seen = BTreeSet::new();
        for effects in effects {
            scope.follow(&effects.role);
            let sequences = effects.details.iter().filter_map(|detail| match detail {
                Detail::Draws(name)
                | Detail::Drawn(name)
                | Detail::ReadsSequence(name)
                | Detail::DrawnBy { sequence: name, .. } => Some(name),
                _ => None,
            });
            let tables = effects.reads.iter().chain(&effects.writes);
            for name in tables.chain(sequences) {
                // DuckDB may find an unqualified name in its default schema.
                if dialect == Dialect::DuckDb
                    && let [only] = name.parts.as_slice()
                {
                    scope.program.bare.insert(dialect.fold(only));
                }
                let parts = scope.home(name);
                if seen.insert(parts.clone()) {
                    scope.program.remember(parts);
                }
            }
        }
        scope.place = Place::default();
        scope
    }

    /// Collects what resolving names needs to know first.
    fn look_at(&mut self, effects: &Effects, paths: &mut BTreeMap<String, String>) {
        self.follow(&effects.role);
        if self.program.keeps_catalogs && self.place.catalog.is_none() {
            let names = effects.reads.iter().chain(&effects.writes);
            self.program.keeps_catalogs = names
                .map(|name| self.split(name).len())
                .all(|length| length >= 3);
        }
        let used = match &effects.role {
            Role::Use(name) => Some(name),
            _ => None,
        };
        if self.dialect == Dialect::DuckDb {
            let tables = effects.reads.iter().chain(&effects.writes);
            let schemas = effects.schemas.iter().chain(used);
            let behind_catalog = tables
                .filter(|name| name.parts.len() > 2)
                .map(|name| self.dialect.fold(&name.parts[name.parts.len() - 2]))
                .chain(
                    schemas
                        .filter(|name| name.parts.len() > 1 || used.is_none())
                        .map(|name| self.dialect.fold(name.last())),
                );
            self.program.only_schemas.extend(behind_catalog);
        }
        for name in effects.schemas.iter().chain(used) {
            if let Some(last) = self.split(name).pop() {
                if effects.has(&Detail::Drops) {
                    self.program.dropped.insert(last.clone());
                }
                self.program.schemas.insert(last);
            }
        }
        for detail in &effects.details {
            match detail {
                Detail::Attaches { name, path } => {
                    let first = match path.as_str() {
                        "" | ":memory:" => name.clone(),
                        _ => paths.entry(path.clone()).or_insert(name.clone()).clone(),
                    };
                    self.program.attached.insert(name.clone(), first);
                }
                Detail::WritesFile(path) => {
                    self.program.files.insert(normal_path(path));
                }
                _ => {}
            }
        }
    }

    /// Takes note of a `USE` and the like.
    pub(super) fn follow(&mut self, role: &Role) {
        match role {
            Role::Use(name) => {
                let parts = self.split(name);
                self.set_path(vec![parts]);
            }
            Role::UsePath(names) => {
                self.place.after = None;
                let path = names.iter().map(|name| self.split(name)).collect();
                self.set_path(path);
            }
            Role::LocalPath(names) => {
                let before = std::mem::take(&mut self.place.path);
                self.place.after.get_or_insert(before);
                let path = names.iter().map(|name| self.split(name)).collect();
                self.set_path(path);
            }
            Role::End(Stretch::Transaction) | Role::Chain => {
                if let Some(path) = self.place.after.take() {
                    self.place.path = path;
                }
            }
            Role::UseCatalog(name) => {
                self.place = Place {
                    catalog: self.split(name).pop(),
                    ..Place::default()
                };
            }
            Role::UseDefault => {
                self.place.after = None;
                self.place.path.clear();
                if self.dialect == Dialect::DuckDb {
                    self.place.catalog = None;
                }
            }
            _ => {}
        }
    }

    /// Whether a `USE` says which catalog is current, where there are some.
    pub(super) fn says_catalog(&self, role: &Role) -> bool {
        let says = |name: &Name| match (self.dialect, name.parts.as_slice()) {
            (Dialect::DuckDb, [only]) => self.is_catalog(&self.dialect.fold(only)),
            (Dialect::Snowflake | Dialect::Databricks | Dialect::Spark, [_]) => false,
            _ => true,
        };
        match role {
            Role::Use(name) => says(name),
            Role::UsePath(names) => names.iter().all(says),
            _ => true,
        }
    }

    fn set_path(&mut self, mut path: Vec<Vec<String>>) {
        if let [only] = path.as_mut_slice() {
            if only.len() > 1 && has_catalogs(self.dialect) {
                self.place.catalog = only.first().cloned();
                only.drain(..only.len() - 1);
            } else if self.dialect == Dialect::DuckDb {
                // `USE x` means the catalog `x` where one is attached.
                let catalog = only.first().cloned().filter(|first| self.is_catalog(first));
                if catalog.is_some() || only.len() > 1 {
                    self.place.catalog = catalog;
                    only.remove(0);
                }
            }
        }
        path.retain(|schema| !schema.is_empty());
        let is_default = |schema: &Vec<String>| {
            matches!(schema.as_slice(), [only]
                if Some(only.as_str()) == self.dialect.default_schema())
        };
        if path.iter().all(is_default) {
            path.clear();
        }
        self.place.path = path;
    }

    /// Whether a name in front of a table's is one of DuckDB's catalogs: one
    /// that is attached, or the one that the connection begins in.
    fn is_catalog(&self, name: &str) -> bool {
        let Program {
            attached,
            only_schemas,
            ..
        } = &self.program;
        let is_schema = name == "main" || only_schemas.contains(name);
        attached.contains_key(name) || !is_schema && (name == "memory" || !attached.is_empty())
    }

    /// A name's folded parts.
    fn split(&self, name: &Name) -> Vec<String> {
        let mut parts = Vec::with_capacity(name.parts.len());
        for part in &name.parts {
            let folded = self.dialect.fold(part);
            // BigQuery and Hive take `project.dataset.table` in one pair of
            // quotes for a dotted name.
            let is_dotted = part.quoted
                && matches!(self.dialect, Dialect::BigQuery | Dialect::Hive)
                && folded.contains('.');
            match is_dotted {
                true => parts.extend(folded.split('.').map(str::to_owned)),
                false => parts.push(folded),
            }
        }
        if self.dialect == Dialect::BigQuery
            && let Some(last) = parts.last_mut()
            && let Some(at) = last.find('$')
        {
            // A partition of the table.
            last.truncate(at);
        }
        parts
    }

    /// A qualified name as it is compared: the default schema is left out, so
    /// that `t` and `main.t` are one table, and so is a catalog that does not
    /// tell tables apart.
    fn qualified(&self, mut parts: Vec<String>) -> Vec<String> {
        if parts.len() > 3 {
            parts.drain(..parts.len() - 3);
        }
        let default = self.dialect.default_schema();
        let catalog = match parts.len() {
            3 => {
                let catalog = parts.remove(0);
                match self.dialect {
                    Dialect::DuckDb => self.program.attached.get(&catalog).cloned(),
                    _ => self.program.keeps_catalogs.then_some(catalog),
                }
            }
            2 if self.dialect == Dialect::DuckDb && self.is_catalog(&parts[0]) => {
                let catalog = parts.remove(0);
                self.program.attached.get(&catalog).cloned()
            }
            _ if self.dialect == Dialect::DuckDb => {
                let current = self.place.catalog.as_ref();
                current.and_then(|current| self.program.attached.get(current).cloned())
            }
            _ => self
                .place
                .catalog
                .clone()
                .filter(|_| self.program.keeps_catalogs),
        };
        // SQL Server's `database..table`.
        let is_default = |schema: &String| schema.is_empty() || Some(schema.as_str()) == default;
        if parts.len() == 2 && is_default(&parts[0]) {
            parts.remove(0);
        }
        parts.splice(0..0, catalog);
        parts
    }

    /// The table that is made under a name.
    fn home(&self, name: &Name) -> Vec<String> {
        let mut parts = self.split(name);
        if let ([_], Some(current)) = (parts.as_slice(), self.place.path.first()) {
            parts.splice(0..0, current.iter().cloned());
        }
        self.qualified(parts)
    }

    /// Every table that a name may mean, the likeliest first.
    fn candidates(&self, name: &Name) -> Vec<Vec<String>> {
        let parts = self.split(name);
        let mut found = vec![self.home(name)];
        match parts.as_slice() {
            [table] => {
                for schema in self.place.path.iter().skip(1) {
                    let parts = schema.iter().chain([table]).cloned().collect();
                    found.push(self.qualified(parts));
                }
                // DuckDB looks for what the current schema lacks in the default
                // schema of its catalog. Whether it lacks it shows when it runs.
                if self.dialect == Dialect::DuckDb && !self.place.path.is_empty() {
                    found.push(self.qualified(vec![table.clone()]));
                }
                found.extend(self.elsewhere(table));
            }
            // DuckDB takes `x.t` for a table of the catalog `x` too.
            [catalog, table]
                if self.dialect == Dialect::DuckDb
                    && !self.is_catalog(catalog)
                    && catalog != "main"
                    && !self.program.only_schemas.contains(catalog)
                    && self.program.bare.contains(table) =>
            {
                found.push(vec![table.clone()]);
            }
            _ => {}
        }
        if let Some(last) = parts.last().filter(|last| last.ends_with('*')) {
            found.extend(self.matching(last.trim_end_matches('*'), &found[0]));
        }
        found.dedup();
        found
    }

    /// Tables of other schemas that an unqualified name means if their schema
    /// is the one that the connection begins in.
    fn elsewhere(&self, table: &str) -> Vec<Vec<String>> {
        let is_unknown = self.place.path.is_empty() && self.dialect.default_schema().is_none();
        match self.program.qualified.get(table) {
            Some(tables) if is_unknown => tables.iter().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// BigQuery's `dataset.prefix_*` is every table of the prefix.
    fn matching(&self, prefix: &str, pattern: &[String]) -> Vec<Vec<String>> {
        if self.dialect != Dialect::BigQuery {
            return Vec::new();
        }
        let schema = &pattern[..pattern.len() - 1];
        let qualified = self.program.qualified.values().flatten();
        qualified
            .filter(|parts| {
                parts.split_last().is_some_and(|(last, before)| {
                    last.starts_with(prefix) && (before.is_empty() || before == schema)
                })
            })
            .cloned()
            .collect()
    }

    /// The tables that a name may mean when it is read or changed.
    pub(super) fn tables(&self, name: &Name) -> Vec<String> {
        let candidates = self.candidates(name);
        candidates.iter().map(|parts| dotted(parts)).collect()
    }

    /// The tables that may come to be when a name is made.
    pub(super) fn made(&self, name: &Name) -> Vec<String> {
        // In PostgreSQL it is made in the first schema of the path that is
        // there, which shows when it runs.
        let is_first = match self.dialect {
            Dialect::PostgreSql | Dialect::Redshift => self.place.path.len() == 1,
            // What `USE` names may be the catalog that the connection begins in.
            Dialect::DuckDb => {
                let mut path = self.place.path.iter();
                path.next().is_some_and(|schema| {
                    let schemas = &self.program.only_schemas;
                    schema.len() > 1 || schemas.contains(&schema[0])
                })
            }
            _ => !self.place.path.is_empty(),
        };
        match is_first && name.parts.len() == 1 {
            true => vec![dotted(&self.home(name))],
            false => self.tables(name),
        }
    }

    /// A name in the schema of each table that a name may mean.
    pub(super) fn beside(&self, table: &Name, name: &Ident) -> Vec<String> {
        let beside = |mut parts: Vec<String>| {
            parts.pop();
            parts.push(self.dialect.fold(name));
            dotted(&parts)
        };
        self.candidates(table).into_iter().map(beside).collect()
    }

    /// Each table that a rename may be of, and what it is called then.
    pub(super) fn renamed(&self, from: &Name, to: &Name) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        match (from.parts.len(), to.parts.as_slice()) {
            // It stays where it was found.
            (1, [name]) => {
                let before = self.tables(from).into_iter();
                pairs.extend(before.zip(self.beside(from, name)));
            }
            _ => {
                for before in self.tables(from) {
                    let after = self.tables(to).into_iter();
                    pairs.extend(after.map(|after| (before.clone(), after)));
                }
            }
        }
        pairs
    }

    /// The likeliest of them.
    pub(super) fn table(&self, name: &Name) -> String {
        dotted(&self.home(name))
    }

    /// The names under which a table of the session is known, if this may be
    /// one.
    pub(super) fn temporary(&self, name: &Name) -> Vec<String> {
        let parts = self.split(name);
        match (self.dialect, parts.as_slice()) {
            (_, [.., last]) if last.starts_with('#') => vec![last.clone()],
            (
                Dialect::DuckDb | Dialect::PostgreSql | Dialect::Redshift | Dialect::SQLite,
                [table],
            ) => vec![table.clone()],
            (
                Dialect::DuckDb | Dialect::PostgreSql | Dialect::Redshift | Dialect::SQLite,
                [schema, .., table],
            ) => match schema.as_str() {
                "temp" | "pg_temp" => vec![table.clone()],
                _ => Vec::new(),
            },
            _ => self.tables(name),
        }
    }

    /// The schemas that hold a table, read so that `DROP SCHEMA` waits for
    /// those who use it and they for `CREATE SCHEMA`.
    pub(super) fn schemas_of(&self, name: &Name) -> BTreeSet<Resource> {
        let program = &self.program;
        let mut schemas = BTreeSet::new();
        for parts in self.candidates(name) {
            match parts.split_last() {
                Some((_, [])) => {
                    let default = self.dialect.default_schema();
                    let default = default.filter(|default| program.schemas.contains(*default));
                    schemas.extend(default.map(|name| Resource::Schema(name.to_owned())));
                    if self.dialect.default_schema().is_none() {
                        let dropped = program.dropped.iter().cloned();
                        schemas.extend(dropped.map(Resource::Schema));
                    }
                }
                Some((_, schema)) => {
                    schemas.insert(Resource::Schema(dotted(schema)));
                }
                None => {}
            }
        }
        let parts = self.split(name);
        let catalog = match parts.len() {
            3.. => parts.get(parts.len() - 3),
            _ => self.place.catalog.as_ref(),
        };
        let catalog = catalog.filter(|catalog| program.schemas.contains(*catalog));
        schemas.extend(catalog.cloned().map(Resource::Schema));
        schemas
    }

    pub(super) fn schema(&self, name: &Name) -> String {
        let mut parts = self.split(name);
        // A catalog in front of the schema is compared as that of a table.
        parts.push(String::new());
        let mut parts = self.qualified(parts);
        parts.pop();
        match parts.is_empty() {
            true => self.split(name).pop().unwrap_or_default(),
            false => dotted(&parts),
        }
    }

    /// What a view reads that no query of the same text would: DuckDB and
    /// Snowflake look for the unqualified names of a view in the view's own
    /// schema first.
    pub(super) fn tables_of_view(&self, view: &Name, name: &Name) -> Vec<String> {
        let mut parts = self.home(view);
        match (self.dialect, parts.len(), name.parts.as_slice()) {
            (Dialect::DuckDb | Dialect::Snowflake, 2.., [part]) => {
                parts.pop();
                parts.push(self.dialect.fold(part));
                vec![dotted(&parts)]
            }
            _ => Vec::new(),
        }
    }

    /// The current schemas, which every step needs that replays their `USE`.
    pub(super) fn current(&self) -> Vec<Resource> {
        let schemas = self.place.path.iter().map(|schema| {
            let mut parts = schema.clone();
            parts.push(String::new());
            let mut parts = self.qualified(parts);
            parts.pop();
            parts
        });
        let catalog = self.place.catalog.clone().map(|catalog| vec![catalog]);
        schemas
            .chain(catalog.filter(|catalog| self.program.schemas.contains(&catalog[0])))
            .filter(|parts| !parts.is_empty())
            .map(|parts| Resource::Schema(dotted(&parts)))
            .collect()
    }

    /// The files that reading a path reads: those that the program writes and
    /// the path may mean, and the path itself.
    pub(super) fn files_read(&self, path: &str) -> BTreeSet<Resource> {
        let path = normal_path(path);
        let mut files = self.files_overlapping(&path);
        files.insert(Resource::File(path));
        files
    }

    pub(super) fn files_overlapping(&self, path: &str) -> BTreeSet<Resource> {
        let written = self.program.files.iter();
        written
            .filter(|written| may_be_one(path, written))
            .cloned()
            .map(Resource::File)
            .collect()
    }

    pub(super) fn files(&self) -> BTreeSet<Resource> {
        let written = self.program.files.iter().cloned();
        written.map(Resource::File).collect()
    }

    /// A table's name in parts, as the database stores it.
    pub(super) fn stored(&self, name: &Name) -> Vec<String> {
        name.parts.iter().map(|p| self.dialect.stored(p)).collect()
    }

    pub(super) fn stored_ident(&self, ident: &Ident) -> String {
        self.dialect.stored(ident)
    }
}

impl Program {
    fn remember(&mut self, mut parts: Vec<String>) {
        match parts.as_slice() {
            [_] => self.bare.extend(parts.pop()),
            [.., last] => {
                let last = last.clone();
                self.qualified.entry(last).or_default().insert(parts);
            }
            [] => {}
        }
    }
}

/// Dialects whose tables have a catalog above their schema.
fn has_catalogs(dialect: Dialect) -> bool {
    match dialect {
        Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::MsSql
        | Dialect::PostgreSql
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::Spark => true,
        Dialect::Ansi
        | Dialect::ClickHouse
        | Dialect::DuckDb
        | Dialect::Generic
        | Dialect::Hive
        | Dialect::MySql
        | Dialect::Oracle
        | Dialect::SQLite
        | Dialect::Teradata => false,
    }
}

/// Parts joined by dots; a dot inside a part is doubled, so that `"a.b".c`
/// and `a.b.c` stay two names.
pub(super) fn dotted(parts: &[String]) -> String {
    match parts {
        [only] if !only.contains('.') => only.clone(),
        _ => {
            let escaped: Vec<_> = parts.iter().map(|part| part.replace('.', "..")).collect();
            escaped.join(".")
        }
    }
}

/// A path without `./`, `..` and doubled slashes.
pub(super) fn normal_path(path: &str) -> String {
    let path = path.strip_prefix("file://").unwrap_or(path);
    let (scheme, rest) = match path.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None if path.starts_with('/') => ("/".to_owned(), path),
        None => (String::new(), path),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    scheme + &parts.join("/")
}

/// Whether two paths, one perhaps with wildcards, may mean one file: they are
/// equal, one is a folder above the other, or the wildcard may match. A path
/// from the root may be the same as one from the working directory.
fn may_be_one(path: &str, other: &str) -> bool {
    let is_rooted = |path: &str| path.starts_with('/') || path.contains("://");
    let wildcard = path.find(['*', '?', '[', '{']);
    let (prefix, suffix) = match wildcard {
        Some(at) => {
            let end = path.rfind(['*', '?', ']', '}']).map_or(at, |end| end + 1);
            (&path[..at], &path[end.max(at)..])
        }
        None => (path, ""),
    };
    let under = |folder: &str, path: &str| {
        path == folder
            || path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    if is_rooted(path) != is_rooted(other) {
        let (rooted, relative) = if is_rooted(path) {
            (prefix, other)
        } else {
            (other, prefix)
        };
        let first = relative.split('/').next().unwrap_or_default();
        return wildcard.is_some()
            || under(relative, rooted)
            || rooted.ends_with(relative)
            || rooted
                .split('/')
                .any(|part| part == first && !part.is_empty());
    }
    match wildcard {
        None => under(prefix, other) || under(other, prefix),
        Some(_) => {
            let folder = prefix.trim_end_matches('/');
            under(other, folder)
                || prefix.starts_with(&format!("{other}/"))
                || other.starts_with(prefix) && (other.ends_with(suffix) || suffix.contains('/'))
                || other.starts_with(prefix)
                    && !other.rsplit('/').next().unwrap_or("").contains('.')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn name(parts: &[&str]) -> Name {
        let ident = |text: &&str| {
            let unquoted = text.trim_matches('"');
            Ident {
                text: unquoted.to_owned(),
                quoted: unquoted.len() < text.len(),
                span: Span::default(),
            }
        };
        Name {
            parts: parts.iter().map(ident).collect(),
            span: Span::default(),
        }
    }

    /// Names written with dots between their parts.
    fn names(text: &str) -> Vec<Name> {
        let split = |name: &str| name.split('.').map(str::to_owned).collect::<Vec<_>>();
        text.split(", ")
            .map(|text| {
                let parts = split(text);
                let parts: Vec<_> = parts.iter().map(String::as_str).collect();
                name(&parts)
            })
            .collect()
    }

    fn scope(dialect: Dialect, all: &str, role: Option<Role>) -> Scope {
        let effects = Effects {
            reads: names(all),
            ..Effects::default()
        };
        let mut scope = Scope::new(dialect, [&effects].into_iter());
        scope.follow(&role.unwrap_or_default());
        scope
    }

    /// What each of the names means in a program that has these names only.
    fn meanings(dialect: Dialect, all: &str, role: Option<Role>) -> String {
        let scope = scope(dialect, all, role);
        let tables = names(all)
            .iter()
            .map(|name| scope.tables(name).join("|"))
            .collect::<Vec<_>>();
        tables.join(", ")
    }

    #[test]
    fn a_dot_inside_a_name_separates_nothing() {
        let scope = scope(Dialect::DuckDb, "t", None);
        assert_eq!(scope.table(&name(&["\"a.b\""])), "a..b");
        assert_eq!(scope.table(&name(&["x", "\"a.b\""])), "x.a..b");
        let split = self::scope(Dialect::BigQuery, "t", None);
        assert_eq!(split.table(&name(&["\"p.d.t\""])), "d.t");
    }

    #[test]
    fn names_fold_and_qualify_as_the_dialect_says() {
        let use_s = || Some(Role::Use(name(&["s"])));
        let cases: &[(Dialect, &str, Option<Role>, &str)] = &[
            (
                Dialect::DuckDb,
                "T, \"T\", main.t, memory.main.t, s.t",
                None,
                "t, t, t, t, s.t|t",
            ),
            (Dialect::DuckDb, "t, s.t", use_s(), "s.t|t, s.t|t"),
            (
                Dialect::SQLite,
                "T, \"t\", main.t, x.t",
                None,
                "t, t, t, x.t",
            ),
            (
                Dialect::PostgreSql,
                "T, \"T\", public.t, \"public\".t, s.t",
                None,
                "t, T, t, t, s.t",
            ),
            (Dialect::PostgreSql, "t, public.t", use_s(), "s.t, t"),
            (
                Dialect::PostgreSql,
                "\u{c9}, \"\u{c9}\"",
                None,
                "\u{c9}, \u{c9}",
            ),
            (Dialect::Redshift, "T, \"T\", public.t", None, "t, t, t"),
            (
                Dialect::MsSql,
                "T, \"t\", dbo.t, db..t, db.dbo.t, other.t",
                None,
                "t, t, t, t, t, other.t",
            ),
            (
                Dialect::MsSql,
                "a.dbo.t, b.dbo.t, a..t",
                None,
                "a.t, b.t, a.t",
            ),
            (Dialect::MySql, "t, T, db.t", None, "t|db.t, t|db.t, db.t"),
            (Dialect::MySql, "t, s.t", use_s(), "s.t, s.t"),
            (
                Dialect::Hive,
                "t, default.t, \"db.t\"",
                None,
                "t|db.t|default.t, default.t, db.t",
            ),
            (Dialect::Spark, "t, s.t", use_s(), "s.t, s.t"),
            (Dialect::Databricks, "c.s.t, d.s.t", None, "c.s.t, d.s.t"),
            (Dialect::Databricks, "c.s.t, s.t", None, "s.t, s.t"),
            (
                Dialect::Snowflake,
                "t, T, \"t\", s.t, d.s.t",
                None,
                "T|S.T, T|S.T, t, S.T, S.T",
            ),
            (Dialect::Snowflake, "t, s.t", use_s(), "S.T, S.T"),
            (
                Dialect::Oracle,
                "t, \"T\", \"t\", u.t",
                None,
                "T|U.T, T|U.T, t, U.T",
            ),
            (Dialect::Ansi, "t, \"t\"", None, "T, t"),
            (Dialect::Teradata, "t, T, d.t", None, "t|d.t, t|d.t, d.t"),
            (Dialect::ClickHouse, "t, T, db.t", None, "t|db.t, T, db.t"),
            (
                Dialect::BigQuery,
                "d.t, d.T, \"p.d.t\"",
                None,
                "d.t, d.t, d.t",
            ),
            (Dialect::BigQuery, "p.d.t, q.d.t", None, "p.d.t, q.d.t"),
            (
                Dialect::BigQuery,
                "d.e_1, d.f, \"d.e_*\", d.e_1$20250101",
                None,
                "d.e_1, d.f, d.e_*|d.e_1, d.e_1",
            ),
            (Dialect::Generic, "T, \"t\", s.t", None, "t|s.t, t|s.t, s.t"),
        ];
        for (dialect, all, role, wanted) in cases {
            let found = meanings(*dialect, all, role.clone());
            assert_eq!(found, *wanted, "{} in {dialect:?}", all);
        }
    }

    #[test]
    fn a_search_path_means_each_of_its_schemas() {
        let path = Some(Role::UsePath(vec![name(&["a"]), name(&["public"])]));
        let found = meanings(Dialect::PostgreSql, "t, b.t", path);
        assert_eq!(found, "a.t|t, b.t");
    }

    #[test]
    fn paths_that_may_be_one_file_are_one() {
        let cases = [
            ("a.csv", "a.csv", true),
            ("./x/../a.csv", "a.csv", true),
            ("file:///d/a.csv", "/d/a.csv", true),
            ("a.csv", "b.csv", false),
            ("/d/a.csv", "a.csv", true),
            ("/d/a.csv", "b.csv", false),
            ("out/*.parquet", "out/a.parquet", true),
            ("out/*.parquet", "out/a.csv", false),
            ("out/*/*.parquet", "out", true),
            ("other/*.parquet", "out", false),
            ("out/x.parquet", "out", true),
            ("*.csv", "a.csv", true),
            ("s3://b/a", "s3://b/a/x", true),
            ("s3://b/a", "s3://b/c", false),
        ];
        for (path, other, wanted) in cases {
            let found = may_be_one(&normal_path(path), &normal_path(other));
            assert_eq!(found, wanted, "{path} and {other}");
        }
    }
}
