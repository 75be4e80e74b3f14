//! The plan for people and for tools.

use std::fmt::Write;

use serde::Serialize;

use super::{Hazard, Plan, Reason};
use crate::ir::{Resource, VERSION};

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    Mermaid,
    Dot,
}

pub fn show(plan: &Plan, format: Format) -> String {
    match format {
        Format::Text => text(plan),
        Format::Json => json(plan),
        Format::Mermaid => mermaid(plan),
        Format::Dot => dot(plan),
    }
}

/// The plan's JSON form, which other tools rely on.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    steps: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    kind: &'static str,
    lines: (usize, usize),
    reads: Vec<&'a Resource>,
    writes: Vec<&'a Resource>,
    needs: Vec<&'a str>,
    why: Vec<Why<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    barrier: Option<&'static str>,
}

#[derive(Serialize)]
struct Why<'a> {
    on: &'a str,
    hazard: Hazard,
    resource: Option<&'a Resource>,
}

fn json(plan: &Plan) -> String {
    let steps = plan.steps().enumerate().map(|(at, planned)| Entry {
        name: &planned.name,
        kind: planned.step.action.kind(),
        lines: planned.step.lines,
        reads: planned.step.reads.iter().collect(),
        writes: planned.step.writes.iter().collect(),
        needs: plan.needs_names(at),
        why: plan
            .needs(at)
            .into_iter()
            .flat_map(|(on, reasons)| reasons.iter().map(move |reason| (on, reason)))
            .map(|(on, reason)| Why {
                on: &on.name,
                hazard: reason.hazard,
                resource: reason.resource.as_ref(),
            })
            .collect(),
        barrier: planned.step.barrier,
    });
    let document = Document {
        version: VERSION,
        steps: steps.collect(),
    };
    let text = serde_json::to_string_pretty(&document);
    text.expect("names and lines are JSON") + "\n"
}

fn lines((first, last): (usize, usize)) -> String {
    if first == last {
        format!("line {first}")
    } else {
        format!("lines {first}-{last}")
    }
}

/// One reason as a sentence's end: `read-after-write on table iris.train`.
fn because(reason: &Reason) -> String {
    match &reason.resource {
        Some(Resource::Schema(name)) => format!("{} on schema {name}", reason.hazard),
        Some(Resource::Table(name)) => format!("{} on table {name}", reason.hazard),
        Some(Resource::Model(name)) => format!("{} on model {name}", reason.hazard),
        None => reason.hazard.to_string(),
    }
}

fn text(plan: &Plan) -> String {
    let width = plan.steps().map(|step| step.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (at, planned) in plan.steps().enumerate() {
        let step = &planned.step;
        let place = lines(step.lines);
        let name = &planned.name;
        writeln!(out, "{name:width$}  {:10}  {place}", step.action.kind())
            .expect("a string takes all");
        if let Some(why) = step.barrier {
            writeln!(out, "    barrier: {why}").expect("a string takes all");
        }
        for (on, reasons) in plan.needs(at) {
            let reasons: Vec<_> = reasons.iter().map(because).collect();
            let (first, last) = (on.step.lines.0, step.lines.0);
            let why = reasons.join(", ");
            writeln!(
                out,
                "    after {}: {why}, lines {first} and {last}",
                on.name
            )
            .expect("a string takes all");
        }
    }
    out
}

fn mermaid(plan: &Plan) -> String {
    let mut out = "flowchart TD\n".to_owned();
    for planned in plan.steps() {
        // Names are letters, digits and dashes, which Mermaid takes as they are.
        writeln!(out, "  {}[\"{}\"]", planned.name, planned.name).expect("a string takes all");
    }
    for (at, planned) in plan.steps().enumerate() {
        for needed in plan.needs_names(at) {
            writeln!(out, "  {needed} --> {}", planned.name).expect("a string takes all");
        }
    }
    out
}

fn dot(plan: &Plan) -> String {
    let mut out = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for planned in plan.steps() {
        writeln!(out, "  \"{}\";", planned.name).expect("a string takes all");
    }
    for (at, planned) in plan.steps().enumerate() {
        for (on, reasons) in plan.needs(at) {
            let label: Vec<_> = reasons.iter().map(because).collect();
            let label = label.join("\\n").replace('"', "\\\"");
            writeln!(
                out,
                "  \"{}\" -> \"{}\" [tooltip=\"{label}\"];",
                on.name, planned.name
            )
            .expect("a string takes all");
        }
    }
    out + "}\n"
}
