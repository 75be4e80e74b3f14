//! Statements that share a session become one step.
//!
//! Each step has a connection of its own, so a transaction and a temporary
//! table live only within one step.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Action, Resource, Step};
use crate::source::Span;

/// A lowered statement and what ties it to others.
pub(super) struct Piece {
    pub(super) step: Step,
    pub(super) tie: Tie,
}

/// How a statement shares its session with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tie {
    None,
    Begin,
    End,
    /// It makes this table, which only its session sees.
    Temporary(Resource),
}

/// Joins the statements of each transaction, and all statements from the one
/// that makes a temporary table to the last that touches it.
pub(super) fn fuse(pieces: Vec<Piece>, diagnostics: &mut Diagnostics) -> Vec<Step> {
    let ends = session_ends(&pieces, diagnostics);
    let mut steps: Vec<Step> = Vec::new();
    let mut open: Option<Open> = None;
    for (at, piece) in pieces.into_iter().enumerate() {
        let end = ends.get(&at).copied();
        match &mut open {
            Some(open) if at <= open.until => {
                open.until = end.map_or(open.until, |end| end.max(open.until));
                let into = steps.last_mut().expect("a session begins with a step");
                open.join(into, piece.step, diagnostics);
            }
            _ => {
                open = end.map(|until| Open {
                    until,
                    begin: piece.step.span,
                    session: piece.step.session.clone(),
                });
                steps.push(piece.step);
            }
        }
    }
    steps
}

/// A session whose statements are being joined.
struct Open {
    /// The last statement that belongs to it.
    until: usize,
    begin: Span,
    /// The `USE` and `SET` that hold at the statement joined last.
    session: Vec<String>,
}

/// For each statement that begins a session, the last statement of it.
fn session_ends(pieces: &[Piece], diagnostics: &mut Diagnostics) -> BTreeMap<usize, usize> {
    let mut ends = BTreeMap::new();
    let mut begin: Option<usize> = None;
    let mut temporary: BTreeMap<&Resource, usize> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        match &piece.tie {
            Tie::Begin => begin = Some(at),
            Tie::End => match begin.take() {
                Some(begin) => {
                    ends.insert(begin, at);
                }
                None => diagnostics.push(
                    Diagnostic::new(
                        Code::SharedSession,
                        piece.step.span,
                        "no transaction is open here",
                    )
                    .help("begin one with `BEGIN`, or leave this statement out"),
                ),
            },
            Tie::Temporary(table) => {
                temporary.insert(table, at);
            }
            Tie::None => {}
        }
        for table in piece.step.reads.iter().chain(&piece.step.writes) {
            if let Some(made) = temporary.get(table) {
                let end = ends.entry(*made).or_insert(at);
                *end = (*end).max(at);
            }
        }
    }
    if let Some(begin) = begin {
        let span = pieces[begin].step.span;
        diagnostics.push(
            Diagnostic::new(Code::SharedSession, span, "this transaction is never ended")
                .help("end it with `COMMIT` or `ROLLBACK`"),
        );
    }
    ends
}

impl Open {
    /// Adds a statement to the step of its session.
    fn join(&mut self, into: &mut Step, step: Step, diagnostics: &mut Diagnostics) {
        let Action::Query(query) = step.action else {
            diagnostics.push(
                Diagnostic::new(
                    Code::SharedSession,
                    step.span,
                    "an ML statement runs in a step of its own and cannot share a session",
                )
                .note(self.begin, "the session begins here")
                .help(
                    "move it out of the transaction, or make the temporary table an ordinary one \
                     that the program drops at its end",
                ),
            );
            return;
        };
        if let Action::Query(first) = &mut into.action {
            let changed = step
                .session
                .iter()
                .filter(|text| !self.session.contains(text));
            first.statements.extend(changed.cloned());
            first.statements.extend(query.statements);
        }
        self.session = step.session;
        into.lines.1 = into.lines.1.max(step.lines.1);
        into.span = into.span.to(step.span);
        into.barrier = into.barrier.or(step.barrier);
        // What the session itself made is no read of anything outside it.
        let made: BTreeSet<_> = into.writes.clone();
        into.reads
            .extend(step.reads.into_iter().filter(|read| !made.contains(read)));
        into.writes.extend(step.writes);
        into.settings.merge(step.settings);
        into.digest = digest(&format!("{}{}", into.digest, step.digest));
        if into.title.verb == "begin" {
            into.title = step.title;
        }
    }
}

/// The first 16 hexadecimal digits of a text's SHA-256.
pub(super) fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
