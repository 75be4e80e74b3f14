//! The pipeline: one call per stage, nothing else.

use crate::backend::{self, Options, Target};
use crate::diagnostic::Diagnostics;
use crate::ir::Ir;
use crate::plan::Plan;
use crate::semantic;
use crate::source::SourceFile;
use crate::syntax;
use crate::syntax::sql::Reading;

/// A result and what is to be said of the program; without a result, at least
/// one of the diagnostics is an error.
pub type Compiled<T> = (Option<T>, Diagnostics);

/// Compiles one program for one target.
pub fn compile(
    source: &SourceFile,
    reading: impl Into<Reading>,
    target: Target,
    options: &Options,
) -> Compiled<String> {
    let (plan, mut diagnostics) = plan(source, reading);
    let Some(plan) = plan else {
        return (None, diagnostics);
    };
    match backend::emit(&plan, target, options) {
        Ok(artifact) => (Some(artifact), diagnostics),
        Err(errors) => {
            diagnostics.extend(errors);
            diagnostics.sort();
            (None, diagnostics)
        }
    }
}

/// Source text → plan.
pub fn plan(source: &SourceFile, reading: impl Into<Reading>) -> Compiled<Plan> {
    let (ir, diagnostics) = lower(source, reading);
    (ir.map(Plan::build), diagnostics)
}

/// Source text → IR. Later statements are checked even when earlier ones do
/// not parse, so that one run shows all independent problems.
pub fn lower(source: &SourceFile, reading: impl Into<Reading>) -> Compiled<Ir> {
    let reading = reading.into();
    let (program, mut diagnostics) = syntax::parse(source, reading);
    let (ir, found) = semantic::analyze(source, reading.dialect, &program);
    diagnostics.extend(found);
    semantic::allow(&program, &mut diagnostics);
    reading.levels.apply(&mut diagnostics);
    diagnostics.sort();
    let ir = (!diagnostics.has_errors()).then_some(ir);
    (ir, diagnostics)
}
