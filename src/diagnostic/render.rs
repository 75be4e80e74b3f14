//! Diagnostics as text for people and for tools.

use annotate_snippets::{Annotation, AnnotationKind, Level, Origin, Renderer, Snippet};
use serde::Serialize;
use serde_json::json;

use super::{Diagnostic, Diagnostics, Severity};
use crate::source::{SourceFile, Span};

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
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str());
    let mut group = match diagnostic.code.shows_source() {
        true => title.element(snippet(source, diagnostic)),
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

fn snippet<'a>(source: &'a SourceFile, diagnostic: &'a Diagnostic) -> Snippet<'a, Annotation<'a>> {
    // A look at the whole text for each diagnostic would be many looks.
    let notes = diagnostic.notes.iter().map(|note| note.span);
    let whole = notes.fold(diagnostic.span, Span::to);
    let (first, around) = source.around(whole);
    let shown = |span: Span| span.start - around.start..span.end.max(span.start) - around.start;
    Snippet::source(source.slice(around))
        .line_start(first)
        .path(source.name())
        .annotation(AnnotationKind::Primary.span(shown(diagnostic.span)))
        .annotations(diagnostic.notes.iter().map(|note| {
            AnnotationKind::Context
                .span(shown(note.span))
                .label(note.text.as_str())
        }))
}

/// A diagnostic as the JSON contract has it.
#[derive(Serialize)]
struct Line<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
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
            message: &diagnostic.message,
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
                None => line.message.to_owned(),
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
        None => line.message.to_owned(),
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
