//! The plan as a Mermaid flowchart, which Markdown viewers draw.

use std::fmt::Write;

use crate::plan::{Levels, Plan};

/// A kind is told by its box's shape, the critical path by thick arrows.
pub(super) fn mermaid(plan: &Plan) -> String {
    let levels = Levels::of(plan);
    let mut out = "flowchart TD\n".to_owned();
    for planned in plan.steps() {
        let (open, close) = match planned.step.action.kind() {
            "train" => ("{{", "}}"),
            "predict" => ("([", "])"),
            "evaluate" => ("[/", "/]"),
            "explain" => ("[\\", "\\]"),
            "show_train" => (">", "]"),
            _ => ("[", "]"),
        };
        // Names are letters, digits and dashes, which Mermaid takes as they are.
        let name = &planned.name;
        writeln!(out, "  {name}{open}\"{name}\"{close}").expect("a string takes all");
    }
    for (before, after, _) in plan.edges() {
        let arrow = match levels.is_critical_edge(before, after) {
            true => "==>",
            false => "-->",
        };
        let (before, after) = (&plan.step(before).name, &plan.step(after).name);
        writeln!(out, "  {before} {arrow} {after}").expect("a string takes all");
    }
    out
}
