//! Statements that share a session become one step.
//!
//! Each step has a connection of its own, so a transaction, a temporary table
//! and a prepared statement live only within one step.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::definitions::{Bond, SessionText};
use sha2::{Digest, Sha256};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Action, Resource, Settings, Step};
use crate::source::Span;
use crate::syntax::ast::{Directive, Stretch};

/// A lowered statement and what ties it to others.
pub(super) struct Piece {
    pub(super) step: Step,
    pub(super) tie: Tie,
    pub(super) directives: Vec<Directive>,
    /// Pieces with one of them in common share a session: they make or use one
    /// temporary table, prepared statement, variable or cursor.
    pub(super) bonds: BTreeSet<Bond>,
    /// The statements in the step's session, by number.
    pub(super) replayed: Vec<Replayed>,
}

/// A statement that a step replays, by number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replayed {
    pub(super) number: SessionText,
    /// It says where unqualified names are looked up.
    pub(super) is_use: bool,
}

/// How a statement begins or ends a stretch that only one session can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tie {
    None,
    Begin(Stretch),
    End(Stretch),
    /// It ends a transaction and begins the next.
    Chain,
    Savepoint(String),
    ToSavepoint(String),
    /// It begins a transaction where none is open.
    Implicit,
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
                        replayed: piece.replayed.iter().map(|text| text.number).collect(),
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
    let mut groups = Stretches::new(pieces, diagnostics).groups();
    groups.extend(bonded(pieces));
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

/// Finds transactions and the like: all that stands in them is one session.
struct Stretches<'a> {
    pieces: &'a [Piece],
    diagnostics: &'a mut Diagnostics,
    groups: Vec<BTreeSet<usize>>,
    /// The stretches that are open, the outermost first, and where they began.
    open: Vec<(Opened, usize)>,
    /// The last COMMIT while nothing is committed by itself.
    committed: Option<usize>,
    /// Statements of rows since the last transaction, where they begin one.
    implicit: Vec<usize>,
}

#[derive(Debug, PartialEq, Eq)]
enum Opened {
    Stretch(Stretch),
    /// SQLite's savepoint outside of a transaction begins one.
    Savepoint(String),
}

impl<'a> Stretches<'a> {
    fn new(pieces: &'a [Piece], diagnostics: &'a mut Diagnostics) -> Stretches<'a> {
        Stretches {
            pieces,
            diagnostics,
            groups: Vec::new(),
            open: Vec::new(),
            committed: None,
            implicit: Vec::new(),
        }
    }

    fn groups(mut self) -> Vec<BTreeSet<usize>> {
        for at in 0..self.pieces.len() {
            self.piece(at);
        }
        self.finish();
        self.groups
    }

    fn is_open(&self, stretch: Stretch) -> bool {
        self.open
            .iter()
            .any(|(open, _)| *open == Opened::Stretch(stretch))
    }

    fn piece(&mut self, at: usize) {
        match &self.pieces[at].tie {
            Tie::None => {}
            Tie::Implicit if self.open.is_empty() => self.implicit.push(at),
            Tie::Implicit => {}
            Tie::Begin(stretch) if !self.is_open(*stretch) => {
                self.open.push((Opened::Stretch(*stretch), at));
            }
            Tie::Begin(_) => {}
            Tie::End(stretch) => self.end(*stretch, at),
            Tie::Chain if self.is_open(Stretch::Transaction) => {}
            Tie::Chain => self.missing(at, "no transaction is open here"),
            Tie::Savepoint(name) if self.open.is_empty() => {
                self.open.push((Opened::Savepoint(name.clone()), at));
            }
            Tie::Savepoint(_) => {}
            Tie::ToSavepoint(name) => {
                let released = Opened::Savepoint(name.clone());
                if self.open.first().is_some_and(|(open, _)| *open == released) {
                    self.close(0, at);
                } else if self.open.is_empty() {
                    self.missing(at, "no savepoint is set here");
                }
            }
        }
    }

    fn end(&mut self, stretch: Stretch, at: usize) {
        let opened = self.open.iter().position(|(open, _)| match open {
            Opened::Stretch(open) => *open == stretch,
            Opened::Savepoint(_) => stretch == Stretch::Transaction,
        });
        match (opened, stretch) {
            (Some(opened), _) => self.close(opened, at),
            (None, Stretch::Transaction) if self.is_open(Stretch::Manual) => {
                self.committed = Some(at);
            }
            (None, Stretch::Transaction) if !self.implicit.is_empty() => {
                let first = self.implicit[0];
                self.groups.push((first..=at).collect());
                self.implicit.clear();
            }
            (None, Stretch::Transaction) if self.begins_by_itself() => {}
            (None, Stretch::Transaction) => self.missing(at, "no transaction is open here"),
            // `SET autocommit = 1` and `UNLOCK TABLES` may stand anywhere.
            (None, Stretch::Manual | Stretch::Locks) => {}
        }
    }

    /// Whether statements of rows begin transactions, so that a COMMIT ends
    /// one that may be empty.
    fn begins_by_itself(&self) -> bool {
        self.pieces.iter().any(|piece| piece.tie == Tie::Implicit)
    }

    fn close(&mut self, opened: usize, at: usize) {
        let (_, first) = self.open.remove(opened);
        self.groups.push((first..=at).collect());
        if opened == 0 {
            self.committed = None;
        }
    }

    fn missing(&mut self, at: usize, message: &str) {
        let span = self.pieces[at].step.span;
        self.diagnostics.push(
            Diagnostic::new(Code::SharedSession, span, message)
                .help("begin one with `BEGIN`, or leave this statement out"),
        );
    }

    /// What is open at the end of the program.
    fn finish(&mut self) {
        let end = self.pieces.len();
        for (opened, first) in std::mem::take(&mut self.open) {
            match (opened, self.committed) {
                // The locks end with the session.
                (Opened::Stretch(Stretch::Locks), _) => {
                    self.groups.push((first..end).collect());
                }
                (Opened::Stretch(Stretch::Manual), Some(last)) if last + 1 == end => {
                    self.groups.push((first..=last).collect());
                }
                (Opened::Stretch(Stretch::Manual), _) => self.unended(
                    first,
                    "nothing is committed by itself from here on, and what comes last is not",
                    "end the program with `COMMIT`, or switch back with `SET autocommit = 1`",
                ),
                (Opened::Stretch(Stretch::Transaction), _) => self.unended(
                    first,
                    "this transaction is never ended",
                    "end it with `COMMIT` or `ROLLBACK`",
                ),
                (Opened::Savepoint(_), _) => self.unended(
                    first,
                    "no transaction is open here, and this savepoint is never released",
                    "begin a transaction with `BEGIN`, or leave this statement out",
                ),
            }
        }
    }

    fn unended(&mut self, first: usize, message: &str, help: &str) {
        let span = self.pieces[first].step.span;
        self.diagnostics
            .push(Diagnostic::new(Code::SharedSession, span, message).help(help));
    }
}

fn bonded(pieces: &[Piece]) -> Vec<BTreeSet<usize>> {
    let mut groups: BTreeMap<Bond, BTreeSet<usize>> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        for bond in &piece.bonds {
            groups.entry(*bond).or_default().insert(at);
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
    /// The numbers of the `USE` and `SET` that hold at the statement joined
    /// last, and of those before.
    replayed: BTreeSet<SessionText>,
}

impl Open {
    /// Adds a statement to the step of its session.
    fn join(&mut self, steps: &mut [Step], piece: Piece, diagnostics: &mut Diagnostics) {
        let into = &mut steps[self.step];
        let Piece {
            step,
            directives,
            replayed,
            ..
        } = piece;
        let Action::Query(query) = step.action else {
            return diagnostics.push(self.ml_statement(step.span));
        };
        let Action::Query(first) = &mut into.action else {
            return diagnostics.push(self.ml_statement(into.span));
        };
        let mut is_changed = false;
        for (replayed, text) in replayed.iter().zip(step.session) {
            let is_new = self.replayed.insert(replayed.number);
            // A `USE` holds again after a definition that is made under another.
            if is_new || is_changed && replayed.is_use {
                first.statements.push(text);
            }
            is_changed |= is_new;
        }
        first.statements.extend(query.statements);
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
            bonds: BTreeSet::new(),
            replayed: Vec::new(),
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
