//! A difference for people, in a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Color, Style};
use similar::{ChangeTag, TextDiff};

use super::{Change, Difference, EdgeDifference, EdgeKind, List, Order, StepDifference};
use crate::plan::show::{because, lines};
use crate::plan::{Colour, PlannedStep, Reason};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ADDED: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Green)));
const REMOVED: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Red)));
const CHANGED: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow)));

pub(super) fn text(difference: &Difference, colour: Colour) -> String {
    let mut page = Page {
        out: String::new(),
        colour,
    };
    page.line(BOLD, &difference.summary());
    if !difference.steps.is_empty() {
        page.line(PLAIN, "");
    }
    for step in &difference.steps {
        match step {
            StepDifference::Added(step) => page.line(ADDED, &format!("+ {}", heading(step))),
            StepDifference::Removed(step) => page.line(REMOVED, &format!("- {}", heading(step))),
            StepDifference::Changed(change) => page.change(change),
        }
    }
    if !difference.edges.is_empty() {
        page.line(PLAIN, "");
    }
    for edge in &difference.edges {
        page.edge(edge);
    }
    page.out
}

fn heading(step: &PlannedStep) -> String {
    format!(
        "{}  {}  {}",
        step.name,
        step.step.action.kind(),
        lines(step.step.lines)
    )
}

struct Page {
    out: String,
    colour: Colour,
}

impl Page {
    fn line(&mut self, style: Style, text: &str) {
        match self.colour {
            Colour::On if style != PLAIN => writeln!(self.out, "{style}{text}{style:#}"),
            Colour::On | Colour::Off => writeln!(self.out, "{text}"),
        }
        .expect("a string takes all");
    }

    fn change(&mut self, change: &Change) {
        let heading = heading(change.new);
        let sign = if change.is_more_than_a_name() {
            "~"
        } else {
            ">"
        };
        let was = match change.is_renamed() {
            true => format!("  was {}", change.old.name),
            false => String::new(),
        };
        self.line(CHANGED, &format!("{sign} {heading}{was}"));
        for field in &change.fields {
            let shown =
                |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            let text = format!(
                "    {}: {} → {}",
                field.name,
                shown(&field.old),
                shown(&field.new)
            );
            self.line(PLAIN, &printable(&text));
        }
        for List {
            name,
            removed,
            added,
        } in &change.lists
        {
            if removed.is_empty() && added.is_empty() {
                self.line(PLAIN, &format!("    {name}: in another order"));
            }
            for (style, sign, entries) in [(REMOVED, '-', removed), (ADDED, '+', added)] {
                for entry in entries {
                    self.line(style, &printable(&format!("    {name}: {sign} {entry}")));
                }
            }
        }
        if let Some((old, new)) = &change.text {
            for (sign, line) in changed_lines(old, new) {
                let style = match sign {
                    '-' => REMOVED,
                    '+' => ADDED,
                    _ => DIM,
                };
                self.line(style, &printable(&format!("    {sign} {line}")));
            }
        }
    }

    fn edge(&mut self, edge: &EdgeDifference) {
        let (before, after) = (edge.before, edge.after);
        let places = format!("lines {} and {}", before.step.lines.0, after.step.lines.0);
        let names = format!("{} after {}", after.name, before.name);
        match &edge.kind {
            EdgeKind::Added(reasons, order) => {
                let order = match order {
                    Order::Changed => "",
                    Order::Kept => "; was so through other steps",
                };
                let text = format!("+ {names}: {}, {places}{order}", joined(reasons));
                self.line(ADDED, &printable(&text));
            }
            EdgeKind::Removed(reasons, order) => {
                let order = match order {
                    Order::Changed => "",
                    Order::Kept => "; still so through other steps",
                };
                let text = format!("- {names}: {}, {places}{order}", joined(reasons));
                self.line(REMOVED, &printable(&text));
            }
            EdgeKind::Changed { old, new } => {
                let text = format!("~ {names}: {} → {}", joined(old), joined(new));
                self.line(CHANGED, &printable(&text));
            }
        }
    }
}

pub(super) fn joined(reasons: &[Reason]) -> String {
    let reasons: Vec<_> = reasons.iter().map(because).collect();
    reasons.join(", ")
}

/// The lines of a text that came and went, with one line around them and `…`
/// between what is far apart.
pub(super) fn changed_lines(old: &str, new: &str) -> Vec<(char, String)> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (at, hunk) in diff.grouped_ops(1).iter().enumerate() {
        if at > 0 {
            lines.push((' ', "…".to_owned()));
        }
        for change in hunk
            .iter()
            .flat_map(|operation| diff.iter_changes(operation))
        {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value();
            let line = line.strip_suffix('\n').unwrap_or(line);
            lines.push((sign, line.to_owned()));
        }
    }
    lines
}

/// Text without what would steer a terminal; a carriage return that is all
/// that changed is seen.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => '\t',
            '\r' => '␍',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}
