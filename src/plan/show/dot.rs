//! The plan as a Graphviz graph.

use std::fmt::Write;

use super::{because, lines};
use crate::plan::{Levels, Plan};

/// A kind is told by its box's shape and in words, the critical path by thick
/// lines; reasons are tooltips.
pub(super) fn dot(plan: &Plan) -> String {
    let levels = Levels::of(plan);
    let mut out = "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for (at, planned) in plan.steps().enumerate() {
        let kind = planned.step.action.kind();
        let shape = match kind {
            "train" => "hexagon",
            "predict" => "cds",
            "evaluate" => "parallelogram",
            "explain" => "note",
            "show_train" => "tab",
            _ => "box",
        };
        let name = &planned.name;
        let width = match levels.is_critical(at) {
            true => ", penwidth=2",
            false => "",
        };
        writeln!(
            out,
            "  \"{name}\" [shape={shape}{width}, label=\"{name}\\n{kind}, {}\"];",
            lines(planned.step.lines)
        )
        .expect("a string takes all");
    }
    for (before, after, reasons) in plan.edges() {
        let why: Vec<_> = reasons
            .iter()
            .map(because)
            .map(|why| quoted(&why))
            .collect();
        let why = why.join("\\n");
        let width = match levels.is_critical_edge(before, after) {
            true => ", penwidth=2",
            false => "",
        };
        let (before, after) = (&plan.step(before).name, &plan.step(after).name);
        writeln!(
            out,
            "  \"{before}\" -> \"{after}\" [tooltip=\"{why}\"{width}];"
        )
        .expect("a string takes all");
    }
    out + "}\n"
}

/// A text inside a quoted string. In a tooltip a backslash begins an escape.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
