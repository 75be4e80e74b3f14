//! What names mean: the current schema, and views seen through to tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::Resource;
use crate::syntax::ast::{Ident, Name};
use crate::syntax::sql::Dialect;

/// Resolves names of tables and schemas at one point of the program.
pub(super) struct Scope {
    dialect: Dialect,
    /// The current schema, folded, once a `USE` has set one.
    current: Option<Vec<String>>,
    /// Schemas that the program names as such, folded.
    schemas: BTreeSet<String>,
    /// Tables that it names without a schema, folded.
    bare: BTreeSet<String>,
    /// What a view's rows come from, views in it already seen through.
    views: BTreeMap<String, BTreeSet<Resource>>,
}

impl Scope {
    /// Takes a look at the names of the whole program, in which a name of two
    /// parts can be a schema's table or a catalog's.
    pub(super) fn new<'a>(
        dialect: Dialect,
        schemas: impl Iterator<Item = &'a Name>,
        tables: impl Iterator<Item = &'a Name>,
    ) -> Scope {
        let bare = tables.filter_map(|name| match name.parts.as_slice() {
            [part] => Some(dialect.fold(part)),
            [schema, part] if Some(dialect.fold(schema).as_str()) == dialect.default_schema() => {
                Some(dialect.fold(part))
            }
            _ => None,
        });
        Scope {
            dialect,
            schemas: schemas.map(|name| dialect.fold(name.last())).collect(),
            bare: bare.collect(),
            current: None,
            views: BTreeMap::new(),
        }
    }

    pub(super) fn use_schema(&mut self, name: &Name) {
        let parts: Vec<_> = name.parts.iter().map(|p| self.dialect.fold(p)).collect();
        self.current = (!self.is_default(&parts)).then_some(parts);
    }

    pub(super) fn use_default(&mut self) {
        self.current = None;
    }

    fn is_default(&self, schema: &[String]) -> bool {
        matches!(schema, [only] if Some(only.as_str()) == self.dialect.default_schema())
    }

    /// A table's folded name. The default schema is left out, so that `t` and
    /// `main.t` are one table.
    pub(super) fn table(&self, name: &Name) -> String {
        dotted(&self.parts(name))
    }

    fn parts(&self, name: &Name) -> Vec<String> {
        let mut parts: Vec<_> = name.parts.iter().map(|p| self.dialect.fold(p)).collect();
        if let ([_], Some(current)) = (parts.as_slice(), &self.current) {
            let mut qualified = current.clone();
            qualified.append(&mut parts);
            parts = qualified;
        }
        // A catalog in front says which database is meant. That two databases
        // hold tables of one name is taken for one: it can add an edge and
        // never loses one.
        if parts.len() > 2 {
            parts.drain(..parts.len() - 2);
        }
        if parts.len() == 2 && self.is_default(&parts[..1]) {
            parts.remove(0);
        }
        parts
    }

    fn schema_of(&self, name: &Name) -> Option<Resource> {
        let parts = self.parts(name);
        let (_, schema) = parts.split_last()?;
        (!schema.is_empty()).then(|| Resource::Schema(dotted(schema)))
    }

    pub(super) fn schema(&self, name: &Name) -> Resource {
        let parts: Vec<_> = name.parts.iter().map(|p| self.dialect.fold(p)).collect();
        Resource::Schema(dotted(&parts))
    }

    /// Where DuckDB looks for an unqualified name that the current schema
    /// lacks: in its default schema. Whether it lacks it is known only when
    /// the program runs, so both are meant.
    fn fallback(&self, name: &Name) -> Option<String> {
        match (self.dialect, &self.current, name.parts.as_slice()) {
            (Dialect::DuckDb, Some(_), [part]) => Some(dotted(&[self.dialect.fold(part)])),
            // DuckDB takes `x.t` for a table of the catalog `x` too.
            (Dialect::DuckDb, _, [catalog, part]) => {
                let (catalog, table) = (self.dialect.fold(catalog), self.dialect.fold(part));
                let is_ambiguous = !self.schemas.contains(&catalog) && self.bare.contains(&table);
                is_ambiguous.then(|| dotted(&[table]))
            }
            _ => None,
        }
    }

    /// Everything that reading a table or view reads. Its schema is read too,
    /// so that `DROP SCHEMA` waits for it and it for `CREATE SCHEMA`.
    pub(super) fn reads(&self, name: &Name) -> BTreeSet<Resource> {
        let mut reads = BTreeSet::new();
        for table in std::iter::once(self.table(name)).chain(self.fallback(name)) {
            reads.extend(self.views.get(&table).cloned().unwrap_or_default());
            reads.insert(Resource::Table(table));
        }
        reads.extend(self.schema_of(name));
        reads
    }

    /// What a view reads that no query of the same text would: DuckDB looks
    /// for the unqualified names of a view in the view's own schema first.
    pub(super) fn reads_of_view(&self, view: &Name, name: &Name) -> BTreeSet<Resource> {
        let mut parts = self.parts(view);
        match (self.dialect, parts.len(), name.parts.as_slice()) {
            (Dialect::DuckDb, 2.., [part]) => {
                parts.pop();
                parts.push(self.dialect.fold(part));
                let table = dotted(&parts);
                let mut reads = self.views.get(&table).cloned().unwrap_or_default();
                reads.insert(Resource::Table(table));
                reads
            }
            _ => BTreeSet::new(),
        }
    }

    /// The current schema, which every step needs that replays its `USE`.
    pub(super) fn current(&self) -> Option<Resource> {
        let current = self.current.as_deref()?;
        Some(Resource::Schema(dotted(current)))
    }

    /// The table that is made under a name, and the schema that it is made in.
    pub(super) fn makes(&self, name: &Name) -> (Resource, Option<Resource>) {
        (Resource::Table(self.table(name)), self.schema_of(name))
    }

    /// The tables that changing what has a name may change.
    pub(super) fn changes(&self, name: &Name) -> BTreeSet<Resource> {
        std::iter::once(self.table(name))
            .chain(self.fallback(name))
            .map(Resource::Table)
            .collect()
    }

    /// From here on the name is a view over `reads`.
    pub(super) fn define_view(&mut self, name: &Name, reads: BTreeSet<Resource>) {
        self.views.insert(self.table(name), reads);
    }

    /// From here on the name is no view any more.
    pub(super) fn undefine_view(&mut self, name: &Name) {
        let table = self.table(name);
        self.views.remove(&table);
    }

    /// A table's name in parts, as the database stores it.
    pub(super) fn stored(&self, name: &Name) -> Vec<String> {
        name.parts.iter().map(|p| self.dialect.stored(p)).collect()
    }

    pub(super) fn stored_ident(&self, ident: &Ident) -> String {
        self.dialect.stored(ident)
    }
}

/// Parts joined by dots; a dot inside a part is doubled, so that `"a.b".c`
/// and `a.b.c` stay two names.
fn dotted(parts: &[String]) -> String {
    let escaped: Vec<_> = parts.iter().map(|part| part.replace('.', "..")).collect();
    escaped.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn name(parts: &[&str]) -> Name {
        let ident = |text: &&str| Ident {
            text: (*text).to_owned(),
            quoted: true,
            span: Span::default(),
        };
        Name {
            parts: parts.iter().map(ident).collect(),
            span: Span::default(),
        }
    }

    #[test]
    fn a_dot_inside_a_name_separates_nothing() {
        let scope = Scope::new(Dialect::DuckDb, [].iter(), [].iter());
        assert_eq!(
            scope.makes(&name(&["a.b"])),
            (Resource::Table("a..b".to_owned()), None)
        );
        assert_eq!(
            scope.makes(&name(&["x", "a.b"])),
            (
                Resource::Table("x.a..b".to_owned()),
                Some(Resource::Schema("x".to_owned()))
            )
        );
    }
}
