//! AST → IR: resolves names, checks, and fills in defaults. The last stage
//! that has seen an AST.

mod attributes;
mod catalog;
mod columns;
mod combinations;
mod inputs;
mod metrics;
mod optimize;
mod relations;
mod scope;
mod session;
mod settings;
mod show;
mod statements;
mod training;

pub use show::{Names, list_models, model_names, models_json, names, show_model, unusable};

use crate::diagnostic::Diagnostics;
use crate::ir::{self, Ir};
use crate::source::SourceFile;
use crate::syntax::ast;
use crate::syntax::sql::Dialect;

/// Lowers a program to steps. Steps with problems are left out, so the IR is
/// whole only when no error is reported.
pub fn analyze(source: &SourceFile, dialect: Dialect, program: &ast::Program) -> (Ir, Diagnostics) {
    let mut analyzer = statements::Analyzer::new(source, dialect, program);
    for statement in &program.statements {
        analyzer.statement(statement);
    }
    let (pieces, mut diagnostics) = analyzer.finish();
    let steps = session::fuse(pieces, &mut diagnostics);
    let ir = Ir {
        version: ir::VERSION,
        steps,
    };
    (ir, diagnostics)
}
