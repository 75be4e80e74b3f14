#![warn(clippy::disallowed_methods, clippy::disallowed_types)]
//! Compiles SQL programs with machine-learning clauses to workflows.
//!
//! ```text
//! source text → tokens → AST → IR → plan (DAG) → artifact
//!               syntax   syntax  semantic  plan    backend
//! ```
//!
//! The library is pure: text in, artifacts out. It reads no file, clock,
//! environment or network, and the same input gives the same bytes. The
//! binary owns all effects.

pub mod backend;
pub mod compile;
pub mod configuration;
pub mod diagnostic;
pub mod ir;
pub mod parallel;
pub mod plan;
pub mod quantity;
pub mod runtime;
pub mod schedule;
pub mod schema;
pub mod semantic;
pub mod source;
pub mod syntax;
