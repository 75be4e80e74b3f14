//! The plan for tools: a contract.

use serde::Serialize;

use crate::ir::{Resource, VERSION};
use crate::plan::{Hazard, Plan};

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

pub(super) fn json(plan: &Plan) -> String {
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
