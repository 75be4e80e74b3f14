//! Why steps wait, in words.

use std::fmt::Write;

use super::{because, count, lines};
use crate::plan::{Levels, Plan, Reason};

/// Every step, each with what it waits for and why.
pub(super) fn reasons(plan: &Plan) -> String {
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
            let name = &on.name;
            let (first, last) = (on.step.lines.0, step.lines.0);
            let why = joined(reasons);
            writeln!(out, "    after {name}: {why}, lines {first} and {last}")
                .expect("a string takes all");
        }
    }
    out
}

/// One step: what it waits for and why, and what waits for it. Nothing when
/// the plan has no step of the name.
pub fn explain(plan: &Plan, name: &str) -> Option<String> {
    let at = plan.steps().position(|step| step.name == name)?;
    let levels = Levels::of(plan);
    let step = &plan.step(at).step;
    let mut out = String::new();
    let mut line = |text: String| {
        out += &text;
        out.push('\n');
    };
    line(format!(
        "{name}  {}  {}",
        step.action.kind(),
        lines(step.lines)
    ));
    let critical = match levels.is_critical(at) {
        true => ", on the critical path",
        false => "",
    };
    line(format!(
        "  level {} of {}{critical}",
        levels.level(at) + 1,
        levels.len()
    ));
    if let Some(why) = step.barrier {
        line(format!("  barrier: {why}"));
    }
    for (what, resources) in [("reads", &step.reads), ("writes", &step.writes)] {
        if !resources.is_empty() {
            let names: Vec<_> = resources.iter().map(super::named).collect();
            line(format!("  {what} {}", names.join(", ")));
        }
    }
    let needs = plan.needs(at);
    match (needs.len(), ancestors(plan, at)) {
        (0, _) => line("  waits for nothing".to_owned()),
        (direct, all) if direct == all => line("  waits for".to_owned()),
        (_, all) => line(format!("  waits for, of {} before it", count(all, "step"))),
    }
    for (on, reasons) in needs {
        line(edge(&on.name, reasons, on.step.lines.0, step.lines.0));
    }
    let waiting: Vec<_> = plan
        .edges()
        .into_iter()
        .filter(|(before, _, _)| *before == at)
        .collect();
    match waiting.is_empty() {
        true => line("  nothing waits for it".to_owned()),
        false => line("  is waited for by".to_owned()),
    }
    for (_, after, reasons) in waiting {
        let after = plan.step(after);
        line(edge(&after.name, reasons, step.lines.0, after.step.lines.0));
    }
    Some(out)
}

fn edge(name: &str, reasons: &[Reason], first: usize, last: usize) -> String {
    format!("    {name}: {}, lines {first} and {last}", joined(reasons))
}

fn joined(reasons: &[Reason]) -> String {
    let reasons: Vec<_> = reasons.iter().map(because).collect();
    reasons.join(", ")
}

/// How many steps must be done before a step can start.
fn ancestors(plan: &Plan, at: usize) -> usize {
    let mut seen = vec![false; plan.len()];
    let mut open = vec![at];
    let mut count = 0;
    while let Some(step) = open.pop() {
        for before in plan.sources(step) {
            if !std::mem::replace(&mut seen[before], true) {
                count += 1;
                open.push(before);
            }
        }
    }
    count
}
