//! Statements that share a session become one step.
//!
//! Each step has a connection of its own, so a transaction, a temporary table
//! and a prepared statement live only within one step.

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
    /// It prepares a statement under this name.
    Prepare(String),
    /// It needs the statement prepared under this name.
    Execute(String),
}

/// Joins the statements of each transaction, and the statements that touch
/// one temporary table or one prepared statement, to one step each. The step
/// stands where its first statement stood.
pub(super) fn fuse(pieces: Vec<Piece>, diagnostics: &mut Diagnostics) -> Vec<Step> {
    let groups = groups(&pieces, diagnostics);
    let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        group_of.extend(group.iter().map(|at| (*at, number)));
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut open: BTreeMap<usize, Open> = BTreeMap::new();
    for (at, piece) in pieces.into_iter().enumerate() {
        match group_of.get(&at) {
            None => steps.push(piece.step),
            Some(number) => match open.get_mut(number) {
                Some(open) => open.join(&mut steps, piece.step, diagnostics),
                None => {
                    let first = Open {
                        step: steps.len(),
                        begin: piece.step.span,
                        session: piece.step.session.clone(),
                    };
                    open.insert(*number, first);
                    steps.push(piece.step);
                }
            },
        }
    }
    steps
}

/// The sets of statements that share a session. No statement is in two.
fn groups(pieces: &[Piece], diagnostics: &mut Diagnostics) -> Vec<BTreeSet<usize>> {
    let mut groups = transactions(pieces, diagnostics);
    groups.extend(temporary_tables(pieces));
    groups.extend(prepared_statements(pieces));
    groups.retain(|group| group.len() > 1);
    loop {
        merge_overlapping(&mut groups);
        let mut grown = false;
        for group in &mut groups {
            grown |= absorb(group, pieces);
        }
        if !grown {
            return groups;
        }
    }
}

fn transactions(pieces: &[Piece], diagnostics: &mut Diagnostics) -> Vec<BTreeSet<usize>> {
    let mut groups = Vec::new();
    let mut begin: Option<usize> = None;
    for (at, piece) in pieces.iter().enumerate() {
        match (&piece.tie, begin) {
            (Tie::Begin, None) => begin = Some(at),
            (Tie::End, Some(first)) => {
                groups.push((first..=at).collect());
                begin = None;
            }
            (Tie::End, None) => diagnostics.push(
                Diagnostic::new(
                    Code::SharedSession,
                    piece.step.span,
                    "no transaction is open here",
                )
                .help("begin one with `BEGIN`, or leave this statement out"),
            ),
            _ => {}
        }
    }
    if let Some(begin) = begin {
        let span = pieces[begin].step.span;
        diagnostics.push(
            Diagnostic::new(Code::SharedSession, span, "this transaction is never ended")
                .help("end it with `COMMIT` or `ROLLBACK`"),
        );
    }
    groups
}

/// A temporary table goes with every later statement that touches it.
fn temporary_tables(pieces: &[Piece]) -> Vec<BTreeSet<usize>> {
    let mut groups: BTreeMap<&Resource, BTreeSet<usize>> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        if let Tie::Temporary(table) = &piece.tie {
            groups.entry(table).or_default().insert(at);
        }
        for table in piece.step.reads.iter().chain(&piece.step.writes) {
            if let Some(group) = groups.get_mut(table) {
                group.insert(at);
            }
        }
    }
    groups.into_values().collect()
}

fn prepared_statements(pieces: &[Piece]) -> Vec<BTreeSet<usize>> {
    let mut groups: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        if let Tie::Prepare(name) | Tie::Execute(name) = &piece.tie {
            groups.entry(name).or_default().insert(at);
        }
    }
    groups.into_values().collect()
}

fn merge_overlapping(groups: &mut Vec<BTreeSet<usize>>) {
    let mut merged: Vec<BTreeSet<usize>> = Vec::new();
    for mut group in std::mem::take(groups) {
        merged.retain_mut(|other| {
            let apart = other.is_disjoint(&group);
            if !apart {
                group.append(other);
            }
            apart
        });
        merged.push(group);
    }
    *groups = merged;
}

/// Takes in what stands between the statements of a group and cannot be
/// passed by the later ones on their way to the first. Says whether there was
/// any.
fn absorb(group: &mut BTreeSet<usize>, pieces: &[Piece]) -> bool {
    let (Some(&first), Some(&last)) = (group.first(), group.last()) else {
        return false;
    };
    let before = group.len();
    for at in (first..last).rev() {
        let is_passed = group
            .range(at + 1..)
            .any(|later| conflict(&pieces[at].step, &pieces[*later].step));
        if is_passed {
            group.insert(at);
        }
    }
    group.len() > before
}

fn conflict(earlier: &Step, later: &Step) -> bool {
    earlier.barrier.is_some()
        || later.barrier.is_some()
        || !earlier.writes.is_disjoint(&later.reads)
        || !earlier.reads.is_disjoint(&later.writes)
        || !earlier.writes.is_disjoint(&later.writes)
}

/// A session whose statements are being joined.
struct Open {
    /// Which step it is.
    step: usize,
    begin: Span,
    /// The `USE` and `SET` that hold at the statement joined last.
    session: Vec<String>,
}

impl Open {
    /// Adds a statement to the step of its session.
    fn join(&mut self, steps: &mut [Step], step: Step, diagnostics: &mut Diagnostics) {
        let into = &mut steps[self.step];
        let Action::Query(query) = step.action else {
            return diagnostics.push(self.ml_statement(step.span));
        };
        let Action::Query(first) = &mut into.action else {
            return diagnostics.push(self.ml_statement(into.span));
        };
        let changed = step
            .session
            .iter()
            .filter(|text| !self.session.contains(text));
        first.statements.extend(changed.cloned());
        first.statements.extend(query.statements);
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

    fn ml_statement(&self, span: Span) -> Diagnostic {
        let message = "an ML statement runs in a step of its own and cannot share a session";
        Diagnostic::new(Code::SharedSession, span, message)
            .note(self.begin, "the session begins here")
            .help(
                "move it out of the transaction, or make the temporary table an ordinary one that \
                 the program drops at its end",
            )
    }
}

/// The first 16 hexadecimal digits of a text's SHA-256.
pub(super) fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
