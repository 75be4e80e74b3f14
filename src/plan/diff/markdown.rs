//! A difference as a comment on a pull request.

use super::text::{changed_lines, joined};
use super::{Change, Difference, EdgeDifference, EdgeKind, List, Order, StepDifference, text_of};
use crate::plan::show::lines;

/// GitHub takes comments of 65,536 characters; some are left for what a
/// workflow puts around this one.
const MOST_BYTES: usize = 60_000;
const MOST_OF_ROWS: usize = 20_000;

/// Two tables, then the SQL of what changed, folded. What does not fit a
/// comment is counted instead.
pub(super) fn markdown(difference: &Difference) -> String {
    let mut out = format!("### Plan: {}\n", difference.summary());
    if !difference.steps.is_empty() {
        out += "\n| | step | kind | what |\n| --- | --- | --- | --- |\n";
        rows(&mut out, difference.steps.iter().map(step_row), "step");
    }
    if !difference.edges.is_empty() {
        out += "\n| | step | waits for | why |\n| --- | --- | --- | --- |\n";
        rows(&mut out, difference.edges.iter().map(edge_row), "edge");
    }
    let mut left_out = 0;
    for step in &difference.steps {
        let Some(details) = details(difference, step) else {
            continue;
        };
        match out.len() + details.len() <= MOST_BYTES {
            true => out += &details,
            false => left_out += 1,
        }
    }
    if left_out > 0 {
        let steps = crate::plan::show::count(left_out, "step");
        out += &format!(
            "\nThe SQL of {steps} more is too long for a comment; `sqlflowc diff` shows it.\n"
        );
    }
    out
}

fn rows(out: &mut String, rows: impl Iterator<Item = String>, thing: &str) {
    let start = out.len();
    let mut left_out = 0;
    for row in rows {
        match left_out == 0 && out.len() - start + row.len() <= MOST_OF_ROWS {
            true => *out += &row,
            false => left_out += 1,
        }
    }
    if left_out > 0 {
        *out += &format!("\n{} more\n", crate::plan::show::count(left_out, thing));
    }
}

fn step_row(step: &StepDifference) -> String {
    let (change, step, what) = match step {
        StepDifference::Added(step) => ("added", step, lines(step.step.lines)),
        StepDifference::Removed(step) => ("removed", step, lines(step.step.lines)),
        StepDifference::Changed(change) => {
            let word = match change.is_more_than_a_name() {
                true => "changed",
                false => "renamed",
            };
            (word, &change.new, changes(change))
        }
    };
    let kind = step.step.action.kind().replace('_', " ");
    format!("| {change} | {} | {kind} | {what} |\n", code(&step.name))
}

fn changes(change: &Change) -> String {
    let mut parts = Vec::new();
    if change.is_renamed() {
        parts.push(format!("was {}", code(&change.old.name)));
    }
    for field in &change.fields {
        let shown = |value: &Option<String>| match value {
            Some(value) => code(&short(value)),
            None => "nothing".to_owned(),
        };
        parts.push(format!(
            "{}: {} → {}",
            plain(&field.name),
            shown(&field.old),
            shown(&field.new)
        ));
    }
    for List {
        name,
        removed,
        added,
    } in &change.lists
    {
        let name = plain(name);
        if removed.is_empty() && added.is_empty() {
            parts.push(format!("{name} in another order"));
        }
        for (what, entries) in [("without", removed), ("with", added)] {
            if !entries.is_empty() {
                let entries: Vec<_> = entries.iter().map(|entry| code(&short(entry))).collect();
                parts.push(format!("{name} {what} {}", entries.join(", ")));
            }
        }
    }
    if change.text.is_some() {
        parts.push("SQL".to_owned());
    }
    parts.join("<br>")
}

fn edge_row(edge: &EdgeDifference) -> String {
    let (change, why) = match &edge.kind {
        EdgeKind::Added(reasons, Order::Changed) => ("added", plain(&joined(reasons))),
        EdgeKind::Added(reasons, Order::Kept) => (
            "added",
            plain(&joined(reasons)) + "; was so through other steps",
        ),
        EdgeKind::Removed(reasons, Order::Changed) => ("removed", plain(&joined(reasons))),
        EdgeKind::Removed(reasons, Order::Kept) => (
            "removed",
            plain(&joined(reasons)) + "; still so through other steps",
        ),
        EdgeKind::Changed { old, new } => (
            "changed",
            format!("{} → {}", plain(&joined(old)), plain(&joined(new))),
        ),
    };
    let (before, after) = (&edge.before.name, &edge.after.name);
    format!(
        "| {change} | {} | {} | {why} |\n",
        code(after),
        code(before)
    )
}

/// The SQL of a step, folded, when it is new, gone or changed.
fn details(difference: &Difference, step: &StepDifference) -> Option<String> {
    let all = |sign: char, text: String| -> Vec<(char, String)> {
        text.lines().map(|line| (sign, line.to_owned())).collect()
    };
    let (name, lines) = match step {
        StepDifference::Added(step) => (&step.name, all('+', text_of(step, difference.new.source))),
        StepDifference::Removed(step) => {
            (&step.name, all('-', text_of(step, difference.old.source)))
        }
        StepDifference::Changed(change) => {
            let (old, new) = change.text.as_ref()?;
            (&change.new.name, changed_lines(old, new))
        }
    };
    let body: String = lines
        .into_iter()
        .map(|(sign, line)| format!("{sign} {}\n", line.trim_end_matches('\r')))
        .collect();
    let fence = fence(&body);
    Some(format!(
        "\n<details><summary>SQL of {}</summary>\n\n{fence}diff\n{body}{fence}\n\n</details>\n",
        code(name)
    ))
}

/// A fence that is longer than any run of back-ticks in the text.
fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = run.max(longest);
    }
    "`".repeat((longest + 1).max(3))
}

/// A long value by its beginning; its step's SQL has the rest.
fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// Text that is neither Markdown, nor HTML, nor a mention, nor the end of a
/// table's cell.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || " -.,:;()=/+%".contains(c) => out.push(c),
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => out += &format!("&#{};", u32::from(c)),
        }
    }
    out
}
