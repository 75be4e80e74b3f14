//! A difference for tools: versioned, like the plan's own form.

use serde_json::{Map, Value, json};

use super::{Change, Difference, EdgeKind, Order, StepDifference};
use crate::ir::VERSION;
use crate::plan::{PlannedStep, Reason};
use crate::source::SourceFile;

pub(super) fn json(difference: &Difference) -> String {
    let steps: Vec<_> = difference
        .steps
        .iter()
        .map(|step| match step {
            StepDifference::Added(step) => one("added", step, difference.new.source),
            StepDifference::Removed(step) => one("removed", step, difference.old.source),
            StepDifference::Changed(change) => both(change),
        })
        .collect();
    let edges: Vec<_> = difference
        .edges
        .iter()
        .map(|edge| {
            let names = (&edge.before.name, &edge.after.name);
            match &edge.kind {
                EdgeKind::Added(reasons, order) => moved("added", names, reasons, *order),
                EdgeKind::Removed(reasons, order) => moved("removed", names, reasons, *order),
                EdgeKind::Changed { old, new } => json!({
                    "change": "changed",
                    "on": names.0,
                    "step": names.1,
                    "why": why(new),
                    "old_why": why(old),
                }),
            }
        })
        .collect();
    let document = json!({
        "version": VERSION,
        "old": difference.old.source.name(),
        "new": difference.new.source.name(),
        "steps": steps,
        "edges": edges,
    });
    format!("{document:#}\n")
}

fn one(change: &str, step: &PlannedStep, source: &SourceFile) -> Value {
    json!({
        "change": change,
        "name": step.name,
        "kind": step.step.action.kind(),
        "lines": step.step.lines,
        "text": super::text_of(step, source),
    })
}

fn both(change: &Change) -> Value {
    let (old, new) = (change.old, change.new);
    let mut document = Map::new();
    let kind = match change.is_more_than_a_name() {
        true => "changed",
        false => "renamed",
    };
    document.insert("change".to_owned(), kind.into());
    document.insert("name".to_owned(), new.name.as_str().into());
    if change.is_renamed() {
        document.insert("old_name".to_owned(), old.name.as_str().into());
    }
    document.insert("kind".to_owned(), new.step.action.kind().into());
    document.insert("lines".to_owned(), json!(new.step.lines));
    document.insert("old_lines".to_owned(), json!(old.step.lines));
    if let Some((old, new)) = &change.text {
        document.insert("text".to_owned(), new.as_str().into());
        document.insert("old_text".to_owned(), old.as_str().into());
    }
    let fields: Vec<_> = change
        .fields
        .iter()
        .map(|field| json!({"name": field.name, "old": field.old, "new": field.new}))
        .collect();
    document.insert("fields".to_owned(), fields.into());
    let lists: Vec<_> = change
        .lists
        .iter()
        .map(|list| json!({"name": list.name, "removed": list.removed, "added": list.added}))
        .collect();
    document.insert("lists".to_owned(), lists.into());
    document.into()
}

fn moved(change: &str, (on, step): (&String, &String), reasons: &[Reason], order: Order) -> Value {
    json!({
        "change": change,
        "on": on,
        "step": step,
        "why": why(reasons),
        "through_others": order == Order::Kept,
    })
}

fn why(reasons: &[Reason]) -> Vec<Value> {
    reasons
        .iter()
        .map(|reason| json!({"hazard": reason.hazard, "resource": reason.resource}))
        .collect()
}
