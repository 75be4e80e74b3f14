//! Statements that share a session become one step.
//!
//! Each step has a connection of its own, so a transaction, a temporary table
//! and a prepared statement live only within one step.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Action, Resource, Settings, Step};
use crate::source::Span;
use crate::syntax::ast::Directive;

/// A lowered statement and what ties it to others.
pub(super) struct Piece {
    pub(super) step: Step,
    pub(super) tie: Tie,
    pub(super) directives: Vec<Directive>,
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
                Some(open) => open.join(&mut steps, piece, diagnostics),
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
    if groups.is_empty() {
        return groups;
    }
    let touched = Touched::new(pieces);
    loop {
        groups = merge_overlapping(groups);
        let mut grown = false;
        for group in &mut groups {
            grown |= absorb(group, pieces, &touched);
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

/// Makes one group of all that have a statement in common.
fn merge_overlapping(groups: Vec<BTreeSet<usize>>) -> Vec<BTreeSet<usize>> {
    // What each group was merged into, itself at first.
    let mut merged: Vec<usize> = (0..groups.len()).collect();
    fn into(merged: &mut [usize], mut group: usize) -> usize {
        while merged[group] != group {
            merged[group] = merged[merged[group]];
            group = merged[group];
        }
        group
    }
    let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        for at in group {
            let other = *group_of.entry(*at).or_insert(number);
            let (one, other) = (into(&mut merged, number), into(&mut merged, other));
            merged[one] = other;
        }
    }
    let mut sets: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (at, number) in group_of {
        let group = into(&mut merged, number);
        sets.entry(group).or_default().insert(at);
    }
    sets.into_values().collect()
}

/// Which statements touch a resource, in order.
struct Touched<'a> {
    writers: BTreeMap<&'a Resource, Vec<usize>>,
    all: BTreeMap<&'a Resource, Vec<usize>>,
    barriers: Vec<usize>,
}

impl<'a> Touched<'a> {
    fn new(pieces: &'a [Piece]) -> Touched<'a> {
        let mut touched = Touched {
            writers: BTreeMap::new(),
            all: BTreeMap::new(),
            barriers: Vec::new(),
        };
        for (at, piece) in pieces.iter().enumerate() {
            let Step { reads, writes, .. } = &piece.step;
            for resource in writes {
                touched.writers.entry(resource).or_default().push(at);
            }
            for resource in reads.union(writes) {
                touched.all.entry(resource).or_default().push(at);
            }
            touched.barriers.extend(piece.step.barrier.map(|_| at));
        }
        touched
    }
}

/// Takes in what stands between the statements of a group and cannot be
/// passed by the later ones on their way to the first. Says whether there was
/// any.
fn absorb(group: &mut BTreeSet<usize>, pieces: &[Piece], touched: &Touched<'_>) -> bool {
    let (Some(&first), Some(&last)) = (group.first(), group.last()) else {
        return false;
    };
    let before = group.len();
    let barriers = &touched.barriers;
    let until = barriers.partition_point(|barrier| *barrier <= last);
    if let Some(barrier) = barriers[..until].last().filter(|at| **at > first) {
        group.extend(first..=*barrier);
    }
    let mut open: Vec<usize> = group.iter().copied().collect();
    // How far the statements that touch a resource have been taken in: those
    // that write it, and all.
    let mut writers_until: BTreeMap<&Resource, usize> = BTreeMap::new();
    let mut all_until: BTreeMap<&Resource, usize> = BTreeMap::new();
    // The latest first, so that most of the others find all taken in.
    while let Some(at) = open.pop() {
        let Step { reads, writes, .. } = &pieces[at].step;
        let read = reads.iter().map(|resource| {
            let until = writers_until.entry(resource).or_insert(first + 1);
            (&touched.writers, resource, until_now(until, at))
        });
        let written = writes.iter().map(|resource| {
            let until = all_until.entry(resource).or_insert(first + 1);
            (&touched.all, resource, until_now(until, at))
        });
        for (touching, resource, range) in read.chain(written) {
            let places = touching.get(resource).map_or(&[][..], Vec::as_slice);
            let start = places.partition_point(|place| *place < range.start);
            for place in &places[start..] {
                if *place >= range.end {
                    break;
                }
                if group.insert(*place) {
                    open.push(*place);
                }
            }
        }
    }
    group.len() > before
}

/// What of the statements before `at` has not been looked at.
fn until_now(until: &mut usize, at: usize) -> Range<usize> {
    let start = *until;
    *until = start.max(at);
    start..at
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
    fn join(&mut self, steps: &mut [Step], piece: Piece, diagnostics: &mut Diagnostics) {
        let Piece {
            step, directives, ..
        } = piece;
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
        let Step { reads, writes, .. } = into;
        reads.extend(step.reads.into_iter().filter(|read| !writes.contains(read)));
        into.writes.extend(step.writes);
        into.settings.merge(step.settings.clone());
        for directive in &directives {
            if is_lost(directive, &step.settings, &into.settings) {
                diagnostics.push(self.lost(directive));
            }
        }
        into.digest = digest(&format!("{}{}", into.digest, step.digest));
        if into.title.verb == "begin" {
            into.title = step.title;
        }
    }

    fn lost(&self, directive: &Directive) -> Diagnostic {
        let message = format!(
            "the statements of this session are one step, which has another `{}` already",
            directive.key
        );
        Diagnostic::new(Code::DirectiveWithoutEffect, directive.span, message)
            .note(self.begin, "the session begins here")
            .help("put the directives of the step above its first statement")
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

/// Whether a directive asked for something that its step does not get.
fn is_lost(directive: &Directive, asked: &Settings, given: &Settings) -> bool {
    match directive.key.as_str() {
        "cpu" => asked.cpu != given.cpu,
        "memory" => asked.memory != given.memory,
        "gpu" => asked.gpu != given.gpu,
        "timeout" => asked.timeout_seconds != given.timeout_seconds,
        "retries" => asked.retries != given.retries,
        "image" => asked.image != given.image,
        // What it allows, it allows in its own statement.
        _ => false,
    }
}

/// The first 16 hexadecimal digits of a text's SHA-256.
pub(super) fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Query, Settings, Title};

    fn piece(reads: BTreeSet<Resource>, writes: BTreeSet<Resource>, barrier: bool) -> Piece {
        let step = Step {
            action: Action::Query(Query {
                statements: Vec::new(),
            }),
            lines: (1, 1),
            span: Span::default(),
            session: Vec::new(),
            reads,
            writes,
            barrier: barrier.then_some("it is one"),
            settings: Settings::default(),
            image: None,
            title: Title::default(),
            digest: String::new(),
        };
        Piece {
            step,
            tie: Tie::None,
            directives: Vec::new(),
        }
    }

    fn conflict(earlier: &Step, later: &Step) -> bool {
        earlier.barrier.is_some()
            || later.barrier.is_some()
            || !earlier.writes.is_disjoint(&later.reads)
            || !earlier.reads.is_disjoint(&later.writes)
            || !earlier.writes.is_disjoint(&later.writes)
    }

    /// What [`absorb`] takes in, by its definition.
    fn absorbed(group: &BTreeSet<usize>, pieces: &[Piece]) -> BTreeSet<usize> {
        let mut group = group.clone();
        let (first, last) = (*group.first().unwrap(), *group.last().unwrap());
        for at in (first..last).rev() {
            let is_passed = group
                .range(at + 1..)
                .any(|later| conflict(&pieces[at].step, &pieces[*later].step));
            if is_passed {
                group.insert(at);
            }
        }
        group
    }

    #[test]
    fn a_group_takes_in_what_its_statements_cannot_pass() {
        // A sequence that only looks like chance fails the same way each time.
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..500 {
            let tables = round % 20 + 1;
            let mut some = |most| -> BTreeSet<Resource> {
                (0..next(most))
                    .map(|_| Resource::Table(next(tables).to_string()))
                    .collect()
            };
            let mut pieces: Vec<_> = (0..30).map(|_| piece(some(3), some(2), false)).collect();
            if round % 5 == 0 {
                pieces[next(30)].step.barrier = Some("it is one");
            }
            let mut group: BTreeSet<usize> = (0..3).map(|_| next(30)).collect();
            let expected = absorbed(&group, &pieces);
            absorb(&mut group, &pieces, &Touched::new(&pieces));
            assert_eq!(group, expected, "round {round}");
        }
    }

    #[test]
    fn groups_with_a_statement_in_common_are_one() {
        let groups = [[1, 2], [5, 6], [3, 4], [2, 3], [7, 8]].map(BTreeSet::from);
        let merged = merge_overlapping(groups.into());
        let expected: Vec<BTreeSet<usize>> =
            vec![[1, 2, 3, 4].into(), [5, 6].into(), [7, 8].into()];
        assert_eq!(
            merged.into_iter().collect::<BTreeSet<_>>(),
            expected.into_iter().collect()
        );
    }
}
