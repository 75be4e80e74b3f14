//! The plan as a drawing: SVG, alone or in a page.

use std::fmt::Write;

use super::{because, count, lines};
use crate::plan::{Layout, Levels, Plan, Point, Reason};

/// How the drawing looks, with the colours as variables.
pub(super) const RULES: &str = include_str!("../../../templates/plan/graph.css");
pub(super) const LIGHT: &str = include_str!("../../../templates/plan/light.css");
pub(super) const DARK: &str = include_str!("../../../templates/plan/dark.css");

/// One self-contained SVG file.
pub(super) fn svg(plan: &Plan) -> String {
    let levels = Levels::of(plan);
    let layout = Layout::of(plan, &levels);
    let Layout { width, height, .. } = layout;
    let summary = summary(plan, &levels);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Plan: {summary}\">\n\
         <style>\n{}@media (prefers-color-scheme: dark) {{\n{}}}\n</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\n",
        coloured(LIGHT),
        coloured(DARK)
    );
    draw(&mut out, plan, &levels, &layout);
    out += "</svg>\n";
    out
}

/// The rules with one set of colours. Many viewers of pictures know no
/// variables.
fn coloured(colours: &str) -> String {
    let mut rules = RULES.to_owned();
    for line in colours.lines() {
        let (name, colour) = line.split_once(": ").expect("a line is a colour");
        rules = rules.replace(&format!("var({name})"), colour.trim_end_matches(';'));
    }
    rules
}

/// `5 steps, 3 levels, critical path of 3 steps`.
pub(super) fn summary(plan: &Plan, levels: &Levels) -> String {
    format!(
        "{}, {}, critical path of {}",
        count(plan.len(), "step"),
        count(levels.len(), "level"),
        count(levels.critical_path().count(), "step")
    )
}

/// Writes the columns' headings, the edges and the steps. What is drawn later
/// lies on top.
pub(super) fn draw(out: &mut String, plan: &Plan, levels: &Levels, layout: &Layout) {
    out.push_str("<g class=\"headings\">\n");
    for (level, column) in layout.columns.iter().enumerate() {
        let x = column.x + column.width / 2;
        put(
            out,
            format_args!("<text x=\"{x}\" y=\"32\">level {}</text>\n", level + 1),
        );
    }
    out.push_str("</g>\n<g class=\"edges\">\n");
    let edges = plan.edges();
    // The critical path lies on top of other lines.
    for critical in [false, true] {
        for (route, (_, _, reasons)) in layout.routes.iter().zip(&edges) {
            if levels.is_critical_edge(route.before, route.after) == critical {
                edge(
                    out,
                    plan,
                    route.before,
                    route.after,
                    &route.points,
                    reasons,
                    critical,
                );
            }
        }
    }
    out.push_str("</g>\n<g class=\"steps\">\n");
    for (at, planned) in plan.steps().enumerate() {
        let place = layout.boxes[at];
        let kind = planned.step.action.kind();
        let critical = if levels.is_critical(at) {
            " critical"
        } else {
            ""
        };
        let name = escape(&planned.name);
        let shown_lines = lines(planned.step.lines);
        let mut title = format!("{name}: {kind}, {shown_lines}");
        if !critical.is_empty() {
            title += ", on the critical path";
        }
        if let Some(why) = planned.step.barrier {
            title += &format!("\nbarrier: {}", escape(why));
        }
        put(
            out,
            format_args!(
                "<g class=\"step {kind}{critical}\" id=\"step-{name}\" data-step=\"{at}\" \
                 transform=\"translate({} {})\"><title>{title}</title>\
                 <rect width=\"{}\" height=\"{}\" rx=\"7\"/>\
                 <path class=\"icon\" d=\"{}\"/>\
                 <text class=\"name\" x=\"34\" y=\"19\">{name}</text>\
                 <text class=\"detail\" x=\"34\" y=\"34\">{} · {shown_lines}{}</text></g>\n",
                place.x,
                place.y,
                place.width,
                place.height,
                icon(kind),
                kind.replace('_', " "),
                if planned.step.barrier.is_some() {
                    " · barrier"
                } else {
                    ""
                },
            ),
        );
    }
    out.push_str("</g>\n");
}

fn edge(
    out: &mut String,
    plan: &Plan,
    before: usize,
    after: usize,
    points: &[Point],
    reasons: &[Reason],
    critical: bool,
) {
    let (from, to) = (&plan.step(before).name, &plan.step(after).name);
    let why: Vec<_> = reasons.iter().map(because).collect();
    let title = escape(&format!("{to} waits for {from}\n{}", why.join("\n")));
    let class = if critical { "edge critical" } else { "edge" };
    put(
        out,
        format_args!(
            "<g class=\"{class}\" data-edge=\"{before} {after}\"><title>{title}</title>\
             <path d=\"{}\"/>{}</g>\n",
            path(points),
            head(points)
        ),
    );
}

/// A line that is level at every point.
fn path(points: &[Point]) -> String {
    let mut out = String::new();
    let Some((first, others)) = points.split_first() else {
        return out;
    };
    put(&mut out, format_args!("M{} {}", first.x, first.y));
    let mut last = *first;
    let mut level = false;
    for point in others {
        if point.y == last.y {
            // Straight pieces in a row are one piece.
            level = true;
        } else {
            if level {
                put(&mut out, format_args!("H{}", last.x));
                level = false;
            }
            let middle = (last.x + point.x) / 2;
            put(
                &mut out,
                format_args!(
                    "C{middle} {} {middle} {} {} {}",
                    last.y, point.y, point.x, point.y
                ),
            );
        }
        last = *point;
    }
    if level {
        put(&mut out, format_args!("H{}", last.x));
    }
    out
}

fn head(points: &[Point]) -> String {
    let Some(Point { x, y }) = points.last() else {
        return String::new();
    };
    format!("<path class=\"head\" d=\"M{x} {y}l-7 -4v8z\"/>")
}

/// A kind's sign in a field of 16 × 16 at (10, 14): kinds differ without
/// colour too.
fn icon(kind: &str) -> &'static str {
    match kind {
        // A cylinder.
        "query" => {
            "M11 17.5c0-3.3 14-3.3 14 0s-14 3.3-14 0v9c0 3.3 14 3.3 14 0v-9M11 22c0 3.3 14 3.3 14 0"
        }
        // A small network.
        "train" => {
            "M13 17.5m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M13 26.5m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M23 22m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M15 18.5l6 2.6M15 25.5l6-2.6"
        }
        // An arrow into a target.
        "predict" => "M18 15a7 7 0 1 0 7 7M18 18.5a3.5 3.5 0 1 0 3.5 3.5M18 22l7-7M21 15h4v4",
        // A bar chart.
        "evaluate" => "M11 29h14M13.5 29v-6M18 29v-12M22.5 29v-9",
        // A magnifying glass.
        "explain" => "M16.5 20.5m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0M20.3 24.3l4.7 4.7",
        // An eye.
        "show_train" => {
            "M10.5 22c4-6.5 11-6.5 15 0c-4 6.5-11 6.5-15 0M18 22m-2.2 0a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0"
        }
        // A box, for what is run.
        "run" => "M11 18l7-3.5l7 3.5v8l-7 3.5l-7-3.5zM11 18l7 3.5l7-3.5M18 21.5v8",
        // A summit.
        _ => "M11 28l5-9l3 5l2-3l4 7zM16 19v-4h4",
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all");
}

/// Text between tags or quotes. XML has no place for most control characters,
/// not even as references.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
