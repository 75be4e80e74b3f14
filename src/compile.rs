//! The pipeline: one call per stage, nothing else.

use std::sync::Arc;

use crate::backend::{self, Options, Target};
use crate::diagnostic::Diagnostics;
use crate::ir::Ir;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::semantic;
use crate::source::SourceFile;
use crate::syntax::sql::Reading;
use crate::syntax::{self, secrets};

/// A result and what is to be said of the program; without a result, at least
/// one of the diagnostics is an error.
pub type Compiled<T> = (Option<T>, Diagnostics);

/// How a program is read, and what is known of the database that it runs on.
#[derive(Debug, Clone)]
pub struct Context {
    pub reading: Reading,
    pub schema: Option<Arc<Schema>>,
}

impl<R: Into<Reading>> From<R> for Context {
    fn from(reading: R) -> Context {
        Context {
            reading: reading.into(),
            schema: None,
        }
    }
}

/// Compiles one program for one target.
pub fn compile(
    source: &SourceFile,
    context: impl Into<Context>,
    target: Target,
    options: &Options,
) -> Compiled<String> {
    let context = context.into();
    let dialect = context.reading.dialect;
    let (plan, mut diagnostics) = plan(source, context);
    let Some(plan) = plan else {
        return (None, diagnostics);
    };
    if target.is_manifest() {
        diagnostics.extend(secrets::check(source, dialect));
    }
    let artifact = match backend::emit(&plan, target, options) {
        Ok(artifact) => Some(artifact),
        Err(errors) => {
            diagnostics.extend(errors);
            None
        }
    };
    diagnostics.sort();
    (artifact.filter(|_| !diagnostics.has_errors()), diagnostics)
}

/// Source text → plan.
pub fn plan(source: &SourceFile, context: impl Into<Context>) -> Compiled<Plan> {
    let (ir, diagnostics) = lower(source, context);
    (ir.map(Plan::build), diagnostics)
}

/// Source text → IR. Later statements are checked even when earlier ones do
/// not parse, so that one run shows all independent problems.
pub fn lower(source: &SourceFile, context: impl Into<Context>) -> Compiled<Ir> {
    let Context { reading, schema } = context.into();
    let (program, mut diagnostics) = syntax::parse(source, reading);
    let allowances = semantic::Allowances::of(&program);
    let (ir, found) = semantic::analyze(source, reading.dialect, schema.as_deref(), program);
    diagnostics.extend(found);
    allowances.apply(&mut diagnostics);
    reading.levels.apply(&mut diagnostics);
    diagnostics.sort();
    let ir = (!diagnostics.has_errors()).then_some(ir);
    (ir, diagnostics)
}
