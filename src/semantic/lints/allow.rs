//! `-- sqlflowc: allow=W0305`: warnings that a statement is meant to have.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Warnings};
use crate::source::Span;
use crate::syntax::ast::Program;

/// A code that a directive allows.
struct Allowed {
    warnings: Warnings,
    directive: Span,
    used: bool,
}

/// A statement with its directives, which the warnings in it belong to.
struct Place {
    span: Span,
    allowed: Vec<Allowed>,
}

/// What the directives of a program allow.
pub(crate) struct Allowances {
    places: Vec<Place>,
}

impl Allowances {
    pub(crate) fn of(program: &Program) -> Allowances {
        let mut places = Vec::new();
        for statement in &program.statements {
            let mut allowed = Vec::new();
            for directive in statement.directives.iter().filter(|d| d.key == "allow") {
                // A code that is none has been reported.
                let codes = directive
                    .value
                    .split(',')
                    .filter_map(|code| Warnings::from_name(code).ok());
                allowed.extend(codes.map(|warnings| Allowed {
                    warnings,
                    directive: directive.span,
                    used: false,
                }));
            }
            if let (false, Some(first)) = (allowed.is_empty(), statement.directives.first()) {
                places.push(Place {
                    span: first.span.to(statement.span),
                    allowed,
                });
            }
        }
        Allowances { places }
    }

    /// Leaves out the warnings that directives allow, and adds one for each
    /// directive that allows nothing.
    pub(crate) fn apply(mut self, diagnostics: &mut Diagnostics) {
        let places = &mut self.places;
        if places.is_empty() {
            return;
        }
        // With errors, not everything has been looked for.
        let is_complete = !diagnostics.has_errors();
        diagnostics.retain(|diagnostic| !takes(places, diagnostic));
        if !is_complete {
            return;
        }
        // A directive may allow that another one allows nothing.
        for last in [false, true] {
            for at in 0..places.len() {
                for unused in unused(&places[at], last) {
                    if !takes(places, &unused) {
                        diagnostics.push(unused);
                    }
                }
            }
        }
    }
}

/// Whether a directive allows a warning, which then is of use.
fn takes(places: &mut [Place], diagnostic: &Diagnostic) -> bool {
    if diagnostic.severity() != Severity::Warning {
        return false;
    }
    let start = diagnostic.span.start;
    let at = places.partition_point(|place| place.span.end <= start);
    let Some(place) = places.get_mut(at).filter(|place| place.span.start <= start) else {
        return false;
    };
    let mut taken = false;
    for allowed in &mut place.allowed {
        let fits = match allowed.warnings {
            Warnings::All => true,
            Warnings::Of(code) => code == diagnostic.code,
        };
        // A directive does not make itself useful.
        if fits && allowed.directive != diagnostic.span {
            allowed.used = true;
            taken = true;
        }
    }
    taken
}

/// What is to be said of the directives of a place that allow nothing: first
/// of all but those that are about such directives themselves.
fn unused(place: &Place, last: bool) -> Vec<Diagnostic> {
    let is_last = |allowed: &&Allowed| {
        let about_directives = Warnings::Of(Code::DirectiveWithoutEffect);
        (allowed.warnings == about_directives) == last
    };
    let unused = place.allowed.iter().filter(|allowed| !allowed.used);
    unused
        .filter(is_last)
        .map(|allowed| {
            let message = format!(
                "`allow` has no effect: the statement has no warning {}",
                allowed.warnings.as_str()
            );
            Diagnostic::new(Code::DirectiveWithoutEffect, allowed.directive, message)
                .help("leave it out")
        })
        .collect()
}
