//! Diagnostics as text for people and for tools.

use std::borrow::Cow;

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};
use serde::Serialize;
use serde_json::json;

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::{SourceFile, Span};
use crate::syntax::secrets;

/// How diagnostics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, with the place in the source; with or without colours.
    Human { colour: bool },
    /// One JSON object a line.
    Json,
    /// One SARIF 2.1.0 log.
    Sarif,
    /// Workflow commands that GitHub turns into annotations.
    Github,
}

/// Writes the diagnostics of one program.
pub fn render(source: &SourceFile, diagnostics: &Diagnostics, format: Format) -> String {
    let each = |one: &dyn Fn(&Diagnostic) -> String| diagnostics.iter().map(one).collect();
    match format {
        Format::Human { colour } => each(&|d| human(source, d, colour)),
        Format::Json => each(&|d| json_line(source, d)),
        Format::Sarif => sarif(source, diagnostics),
        Format::Github => each(&|d| github(source, d)),
    }
}

fn human(source: &SourceFile, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(message(source, diagnostic))
        .id(diagnostic.code.as_str());
    let mut group = match diagnostic.code.shows_source() {
        true => title.elements(snippets(source, diagnostic)),
        false => {
            let place = source.position(diagnostic.span.start);
            let origin = Origin::path(source.name());
            title.element(origin.line(place.line).char_column(place.column))
        }
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    format!("{}\n\n", renderer.render(&[group]))
}

/// How far apart in their lines places may be that are shown together: lines
/// are cut where the screen ends, all of them at the same columns.
const TOGETHER: usize = 100;

/// The places of a diagnostic in the source, in one piece if they fit on a screen.
fn snippets<'a>(
    source: &'a SourceFile,
    diagnostic: &'a Diagnostic,
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let first = (diagnostic.span, None);
    let notes = diagnostic.notes.iter();
    let places: Vec<_> = std::iter::once(first)
        .chain(notes.map(|note| (note.span, Some(note.text.as_str()))))
        .collect();
    let columns = || {
        places
            .iter()
            .map(|(span, _)| source.position(span.start).column)
    };
    let leftmost = columns().min().unwrap_or_default();
    let rightmost = columns().max().unwrap_or_default();
    if rightmost - leftmost <= TOGETHER {
        return vec![snippet(source, &places)];
    }
    places
        .iter()
        .map(|place| snippet(source, std::slice::from_ref(place)))
        .collect()
}

fn snippet<'a>(
    source: &'a SourceFile,
    places: &[(Span, Option<&'a str>)],
) -> Snippet<'a, Annotation<'a>> {
    // A look at the whole text for each diagnostic would be many looks.
    let whole = places.iter().map(|(span, _)| *span).reduce(Span::to);
    let (first, around) = source.around(whole.unwrap_or_default());
    let shown = |span: Span| span.start - around.start..span.end.max(span.start) - around.start;
    Snippet::source(secrets::masked(source.slice(around)))
        .line_start(first)
        .path(source.name())
        .annotations(places.iter().map(|(span, text)| match text {
            None => AnnotationKind::Primary.span(shown(*span)),
            Some(text) => AnnotationKind::Context.span(shown(*span)).label(*text),
        }))
}

/// A message without the secrets of the lines that it is about.
fn message<'a>(source: &'a SourceFile, diagnostic: &'a Diagnostic) -> Cow<'a, str> {
    let (_, around) = source.around(diagnostic.span);
    let lines = source.slice(around);
    let mut message = Cow::Borrowed(diagnostic.message.as_str());
    for secret in secrets::roughly(lines) {
        let secret = &lines[secret];
        if secret.len() > 2 && message.contains(secret) {
            message = Cow::Owned(message.replace(secret, "***"));
        }
    }
    message
}

/// A diagnostic as the JSON contract has it.
#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'a str,
    message: Cow<'a, str>,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    help: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn new(source: &'a SourceFile, diagnostic: &'a Diagnostic) -> Line<'a> {
        let start = source.position(diagnostic.span.start);
        let end = source.position(diagnostic.span.end);
        Line {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity().as_str(),
            message: message(source, diagnostic),
            file: source.name(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            help: diagnostic.help.as_deref(),
        }
    }
}

fn json_line(source: &SourceFile, diagnostic: &Diagnostic) -> String {
    let line = serde_json::to_string(&Line::new(source, diagnostic));
    format!("{}\n", line.expect("strings and numbers are JSON"))
}

fn sarif(source: &SourceFile, diagnostics: &Diagnostics) -> String {
    let results: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            let line = Line::new(source, diagnostic);
            let text = match line.help {
                Some(help) => format!("{}\n{help}", line.message),
                None => line.message.to_string(),
            };
            json!({
                "ruleId": line.code,
                "level": line.severity,
                "message": {"text": text},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": line.file},
                    "region": {
                        "startLine": line.line, "startColumn": line.column,
                        "endLine": line.end_line, "endColumn": line.end_column,
                    },
                }}],
            })
        })
        .collect();
    let mut codes: Vec<_> = diagnostics.iter().map(|d| d.code).collect();
    codes.sort();
    codes.dedup();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| json!({"id": code.as_str(), "shortDescription": {"text": code.meaning()}}))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "sqlflowc", "version": env!("CARGO_PKG_VERSION"), "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn github(source: &SourceFile, diagnostic: &Diagnostic) -> String {
    let line = Line::new(source, diagnostic);
    let text = match line.help {
        Some(help) => format!("{}\n{help}", line.message),
        None => line.message.to_string(),
    };
    // The command's own escapes: of its properties and of its message.
    let message = text
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    let file = line
        .file
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace(':', "%3A")
        .replace(',', "%2C");
    format!(
        "::{} file={file},line={},endLine={},col={},endColumn={},title={}::{message}\n",
        line.severity, line.line, line.end_line, line.column, line.end_column, line.code,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn of(text: &str, word: &str) -> Span {
        let start = text.rfind(word).expect("the word is in the text");
        let end = start + word.len();
        Span { start, end }
    }

    fn shown(text: &str, word: &str, note: &str) -> String {
        let source = SourceFile::new("p.sql", text);
        let diagnostic = Diagnostic::new(Code::UnknownColumn, of(text, word), "not there")
            .note(of(text, note), "see here");
        human(&source, &diagnostic, false)
    }

    #[test]
    fn carets_stand_under_wide_combining_and_no_characters() {
        let text = "SELECT 1 AS\tbegin;\n\tSELECT '日本語🙂', 'e\u{301}',\tend;\n";
        insta::assert_snapshot!(shown(text, "end", "begin"), @r"
        error[E0314]: not there
         --> p.sql:2:23
          |
        1 | SELECT 1 AS    begin;
          |                ----- see here
        2 |     SELECT '日本語🙂', 'é',    end;
          |                                ^^^
        ");
    }

    #[test]
    fn long_lines_are_cut_around_each_place() {
        let columns = "column, ".repeat(1200);
        let text = format!("SELECT first, {columns}x;\nSELECT {columns}last;\n");
        insta::assert_snapshot!(shown(&text, "last", "first"), @r"
        error[E0314]: not there
         --> p.sql:2:9608
          |
        2 | ...olumn, column, column, column, column, column, column, column, last;
          |                                                                   ^^^^
          |
         ::: p.sql:1:8
          |
        1 | SELECT first, column, column, column, column, column, column, column, column, column, column, column, column, column, column, column,...
          |        ----- see here
        ");
        let text = text.replacen(";\n", " ", 1);
        insta::assert_snapshot!(shown(&text, "last", "first"), @r"
        error[E0314]: not there
         --> p.sql:1:19224
          |
        1 | ...olumn, column, column, column, column, column, column, column, last;
          |                                                                   ^^^^
          |
         ::: p.sql:1:8
          |
        1 | SELECT first, column, column, column, column, column, column, column, column, column, column, column, column, column, column, column,...
          |        ----- see here
        ");
    }
}
