//! Messages about the user's program: what is wrong, where, and what to do.

mod code;
mod levels;
mod render;

pub use code::{Code, Severity};
pub use levels::{Level, Levels, Warnings};
pub use render::{Format, render};

use crate::source::Span;

/// One message about the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    /// One line, lower case, no full stop; the user's own text in back-ticks.
    pub message: String,
    pub span: Span,
    /// Other places that explain the message.
    pub notes: Vec<Note>,
    /// What to do about it.
    pub help: Option<String>,
    /// The code's own, unless a warning is denied.
    severity: Severity,
}

/// A secondary place with a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub span: Span,
    pub text: String,
}

impl Diagnostic {
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            message: in_one_line(message.into()),
            span,
            notes: Vec::new(),
            help: None,
            severity: code.severity(),
        }
    }

    pub fn note(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.notes.push(Note {
            span,
            text: text.into(),
        });
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    /// Adds "did you mean" when one of `candidates` is near `name`, else the
    /// given fallback.
    pub fn suggest<'a>(
        self,
        name: &str,
        candidates: impl IntoIterator<Item = &'a str>,
        fallback: impl FnOnce() -> String,
    ) -> Diagnostic {
        match nearest(name, candidates) {
            Some(candidate) => self.help(format!("did you mean `{candidate}`?")),
            None => self.help(fallback()),
        }
    }

    pub fn severity(&self) -> Severity {
        self.severity
    }
}

/// A quoted name may hold line ends, and a message is one line.
fn in_one_line(message: String) -> String {
    if !message.contains(char::is_control) {
        return message;
    }
    let shown = |c: char| match c.is_control() {
        true => c.escape_debug().to_string(),
        false => c.to_string(),
    };
    message.chars().map(shown).collect()
}

/// Everything found in a program, in the order of its text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn extend(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }

    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity() == Severity::Error)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Sorts by place, so that stages that run one after another read as one.
    pub fn sort(&mut self) {
        self.0
            .sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    }
}

/// The candidate nearest to a misspelt name, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            // A third of the letters may be wrong; more, or all, is another word.
            let most = (candidate.chars().count().max(3) / 3).min(4);
            // Each letter too many is wrong.
            let is_near = lower.chars().count().abs_diff(length) <= most;
            let distance = is_near.then(|| strsim::damerau_levenshtein(&wanted, &lower))?;
            (distance <= most && distance < length).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
