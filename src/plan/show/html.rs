//! The plan as a page to look around in: one file that needs nothing else.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;

use super::{because, graph, statements};
use crate::ir::{Resource, Step};
use crate::plan::{Layout, Levels, Plan};
use crate::source::SourceFile;

const PAGE: &str = include_str!("../../../templates/plan/page.html.j2");
const STYLE: &str = include_str!("../../../templates/plan/page.css");
const SCRIPT: &str = include_str!("../../../templates/plan/page.js");

/// What the page's script reads.
#[derive(Serialize)]
struct Data<'a> {
    summary: &'a str,
    levels: usize,
    steps: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    kind: &'static str,
    lines: (usize, usize),
    /// From 1.
    level: usize,
    critical: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    barrier: Option<&'static str>,
    /// The statements, as they are written.
    sql: Vec<&'a str>,
    session: &'a [String],
    settings: Vec<(String, String)>,
    reads: Vec<&'a Resource>,
    writes: Vec<&'a Resource>,
    needs: Vec<Need>,
}

/// A step by its place in program order, and why it is waited for.
#[derive(Serialize)]
struct Need {
    on: usize,
    why: Vec<String>,
}

/// Renders the plan of a program as a page. `program` is what the page calls
/// the program.
pub fn html(plan: &Plan, source: &SourceFile, program: &str) -> String {
    let levels = Levels::of(plan);
    let layout = Layout::of(plan, &levels);
    let summary = graph::summary(plan, &levels);
    let mut drawing = String::new();
    graph::draw(&mut drawing, plan, &levels, &layout);
    let data = Data {
        summary: &summary,
        levels: levels.len(),
        steps: entries(plan, &levels, source),
    };
    let data = serde_json::to_string(&data).expect("names and texts are JSON");

    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let context = minijinja::context! {
        program => program,
        summary => summary,
        width => layout.width,
        height => layout.height,
        style => style(),
        graph => drawing,
        data => in_script(&data),
        script => SCRIPT,
    };
    environment
        .render_str(PAGE, context)
        .expect("the template fits its context")
}

fn entries<'a>(plan: &'a Plan, levels: &Levels, source: &'a SourceFile) -> Vec<Entry<'a>> {
    let mut needs: Vec<Vec<Need>> = plan.steps().map(|_| Vec::new()).collect();
    for (before, after, reasons) in plan.edges() {
        let lines = (
            plan.step(before).step.lines.0,
            plan.step(after).step.lines.0,
        );
        let why = reasons
            .iter()
            .map(|reason| format!("{}, lines {} and {}", because(reason), lines.0, lines.1));
        needs[after].push(Need {
            on: before,
            why: why.collect(),
        });
    }
    plan.steps()
        .zip(needs)
        .enumerate()
        .map(|(at, (planned, needs))| Entry {
            name: &planned.name,
            kind: planned.step.action.kind(),
            lines: planned.step.lines,
            level: levels.level(at) + 1,
            critical: levels.is_critical(at),
            barrier: planned.step.barrier,
            sql: statements(&planned.step, source),
            session: &planned.step.session,
            settings: settings(&planned.step),
            reads: planned.step.reads.iter().collect(),
            writes: planned.step.writes.iter().collect(),
            needs,
        })
        .collect()
}

fn settings(step: &Step) -> Vec<(String, String)> {
    let value = serde_json::to_value(&step.settings).expect("settings are JSON");
    let Value::Object(fields) = value else {
        return Vec::new();
    };
    let mut settings: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => text,
                value => value.to_string(),
            };
            (name.replace('_', " "), value)
        })
        .collect();
    if let Some(image) = &step.image {
        settings.push(("image of the estimator".to_owned(), image.clone()));
    }
    settings
}

/// The style: colours as variables, of which the reader's choice or the
/// system's takes the one or the other set.
fn style() -> String {
    let (light, dark) = (graph::LIGHT, graph::DARK);
    format!(
        ":root {{\n{light}}}\n\
         @media (prefers-color-scheme: dark) {{\n:root:not([data-theme=\"light\"]) {{\n{dark}}}\n}}\n\
         :root[data-theme=\"dark\"] {{\n{dark}}}\n\
         {}{STYLE}\
         @media print {{\n:root, :root[data-theme=\"dark\"], :root:not([data-theme=\"light\"]) {{\n{light}}}\n}}\n",
        graph::RULES
    )
}

/// JSON inside a script element: no text in it can end the element, begin a
/// comment, or be a line end to an old reader of scripts.
fn in_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out += &format!("\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
