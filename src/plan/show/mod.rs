//! The plan for people and for tools.

mod dot;
mod graph;
mod html;
mod json;
mod mermaid;
mod reasons;
mod text;

pub use html::html;
pub use reasons::explain;
pub use text::{Charset, Colour, Drawing};

use super::{Plan, Reason};
use crate::ir::{Action, Resource, Step};
use crate::source::SourceFile;

/// How a plan is shown, where the plan is all that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Each step and why it waits.
    Reasons,
    Json,
    Mermaid,
    Dot,
    Svg,
}

pub fn show(plan: &Plan, format: Format) -> String {
    match format {
        Format::Reasons => reasons::reasons(plan),
        Format::Json => json::json(plan),
        Format::Mermaid => mermaid::mermaid(plan),
        Format::Dot => dot::dot(plan),
        Format::Svg => graph::svg(plan),
    }
}

pub(in crate::plan) fn lines((first, last): (usize, usize)) -> String {
    if first == last {
        format!("line {first}")
    } else {
        format!("lines {first}-{last}")
    }
}

/// One reason as a sentence's end: `read-after-write on table iris.train`.
pub(in crate::plan) fn because(reason: &Reason) -> String {
    match &reason.resource {
        Some(resource) => format!("{} on {}", reason.hazard, named(resource)),
        None => reason.hazard.to_string(),
    }
}

fn named(resource: &Resource) -> String {
    match resource {
        Resource::Schema(name) => format!("schema {name}"),
        Resource::Table(name) => format!("table {name}"),
        Resource::Model(name) => format!("model {name}"),
        Resource::Sequence(name) => format!("sequence {name}"),
        Resource::File(path) => format!("file {path}"),
        Resource::Function(name) => format!("function {name}"),
    }
}

pub(in crate::plan) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// The statements of a step: one, or those that share its connection.
pub(in crate::plan) fn statements<'a>(step: &'a Step, source: &'a SourceFile) -> Vec<&'a str> {
    match &step.action {
        Action::Query(query) => query.statements.iter().map(String::as_str).collect(),
        _ => vec![source.slice(step.span)],
    }
}
