//! Features that nobody has listed.

use std::collections::BTreeSet;

use super::Seen;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::syntax::ast::{Role, Rows, StatementKind};

/// Knows the tables whose columns stand in the program.
#[derive(Default)]
pub(super) struct Wide {
    listed: BTreeSet<String>,
}

impl Wide {
    pub(super) fn look(&mut self, seen: Seen<'_>, diagnostics: &mut Diagnostics) {
        if let StatementKind::Train(train) = &seen.statement.kind
            && train.columns.is_empty()
            && !self.is_listed(seen, &train.query.effects.rows)
        {
            let query = seen.first_line(train.query.span);
            let message = match train.label {
                Some(_) => {
                    "every column that this query finds becomes a feature, but for the label"
                }
                None => "every column that this query finds becomes a feature",
            };
            diagnostics.push(
                Diagnostic::new(Code::FeaturesNotListed, query, message).help(
                    "list the features in `COLUMN`, or write `COLUMN *` to take all on purpose: \
                     an id or a column that is added to the table later is learnt too",
                ),
            );
        }
        let effects = seen.sql();
        let is_made = effects.is_some_and(|effects| {
            effects.verb == "create"
                && matches!(effects.role, Role::Plain | Role::View | Role::Temporary)
                && self.is_listed(seen, &effects.rows)
        });
        // What is done to a table but making it leaves its columns, or the
        // program shows what it does to them.
        if effects.is_none_or(|effects| effects.verb == "create") {
            for table in seen.writes() {
                self.listed.remove(table);
            }
        }
        if is_made && let Some(table) = seen.one_written() {
            self.listed.insert(table.to_owned());
        }
    }

    /// Whether the program shows what columns a query has: it lists them, or
    /// takes all of tables whose columns are listed.
    fn is_listed(&self, seen: Seen<'_>, rows: &Rows) -> bool {
        let mut reads = seen.reads().peekable();
        !rows.everything
            || (rows.from_tables_only
                && reads.peek().is_some()
                && reads.all(|table| self.listed.contains(table)))
    }
}
