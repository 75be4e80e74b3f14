//! AST → IR: resolves names, checks, and fills in defaults. The last stage
//! that has seen an AST.

mod attributes;
mod catalog;
mod columns;
mod combinations;
mod definitions;
mod inputs;
mod journal;
mod lints;
mod metrics;
mod optimize;
mod pattern;
mod reference;
mod relations;
mod scope;
mod session;
mod settings;
mod show;
mod sql;
mod statements;
mod training;
mod transactions;

pub(crate) use lints::Allowances;
pub use show::{Names, list_models, model_names, models_json, names, show_model, unusable};

use crate::diagnostic::Diagnostics;
use crate::ir::{self, Ir};
use crate::schema::Schema;
use crate::source::SourceFile;
use crate::syntax::ast;
use crate::syntax::sql::Dialect;

/// Lowers a program to steps. Steps with problems are left out, so the IR is
/// whole only when no error is reported.
///
/// What later statements tell of names is looked up first; then each statement
/// is lowered, looked at for what is probably wrong, and dropped.
pub fn analyze(
    source: &SourceFile,
    dialect: Dialect,
    schema: Option<&Schema>,
    program: ast::Program,
) -> (Ir, Diagnostics) {
    let mut analyzer = statements::Analyzer::new(source, dialect, schema, &program);
    let mut lints = lints::Lints::new(source, dialect);
    for statement in program.statements {
        let at = analyzer.pieces.len();
        analyzer.statement(&statement);
        let validation = analyzer.validation.take();
        // Session state is no piece.
        if let Some(piece) = analyzer.pieces.get(at) {
            lints.look(at, &statement, &piece.step, validation.as_ref());
        }
    }
    let warnings = lints.finish();
    let (pieces, mut diagnostics) = analyzer.finish();
    let steps = session::fuse(pieces, &mut diagnostics);
    // Of a program with holes a lint says what is not so.
    if program.is_whole && !diagnostics.has_errors() {
        diagnostics.extend(warnings);
    }
    let ir = Ir {
        version: ir::VERSION,
        steps,
    };
    (ir, diagnostics)
}
