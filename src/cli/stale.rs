//! What is stale in an artifact, in a few lines.

use std::time::Duration;

use anstyle::{AnsiColor, Color, Style};
use similar::{ChangeTag, TextDiff};

const ADDED: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Green)));
const REMOVED: Style = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Red)));
const DIM: Style = Style::new().dimmed();

const MOST_LINES: usize = 20;
const MOST_LETTERS: usize = 160;

/// The first lines that differ between the file and what it should be, each
/// with its number in the file, and how many more there are.
pub(super) fn excerpt(there: &str, wanted: &str) -> String {
    // Two texts with nothing in common take long to compare line by line; a
    // rougher answer will do then.
    let diff = TextDiff::configure()
        .timeout(Duration::from_millis(500))
        .diff_lines(there, wanted);
    let changes: Vec<_> = diff
        .iter_all_changes()
        .filter(|change| change.tag() != ChangeTag::Equal)
        .collect();
    let mut out = String::new();
    for change in changes.iter().take(MOST_LINES) {
        let (sign, style) = match change.tag() {
            ChangeTag::Insert => ('+', ADDED),
            ChangeTag::Delete | ChangeTag::Equal => ('-', REMOVED),
        };
        let number = change
            .old_index()
            .map_or_else(String::new, |index| (index + 1).to_string());
        let text: String = change
            .value()
            .trim_end_matches(['\n', '\r'])
            .chars()
            .take(MOST_LETTERS)
            .map(|c| {
                if c.is_control() && c != '\t' {
                    '\u{fffd}'
                } else {
                    c
                }
            })
            .collect();
        out += &format!("{DIM}{number:>6} |{DIM:#} {style}{sign} {text}{style:#}\n");
    }
    match changes.len().saturating_sub(MOST_LINES) {
        0 => {}
        1 => out += "       | … and one line more\n",
        more => out += &format!("       | … and {more} lines more\n"),
    }
    out
}
