//! Edges from what steps read and write, reduced to those that say something.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::ir::{Resource, Step};

/// Why the order of two steps matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hazard {
    ReadAfterWrite,
    WriteAfterRead,
    WriteAfterWrite,
    Barrier,
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hazard::ReadAfterWrite => "read-after-write",
            Hazard::WriteAfterRead => "write-after-read",
            Hazard::WriteAfterWrite => "write-after-write",
            Hazard::Barrier => "barrier",
        })
    }
}

impl Serialize for Hazard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One reason for an edge. A barrier has no resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    pub hazard: Hazard,
    pub resource: Option<Resource>,
}

/// Who touched a resource last.
#[derive(Default)]
struct Touched {
    writer: Option<usize>,
    /// Since the last write.
    readers: Vec<usize>,
}

/// The edges between steps: `(before, after, reasons)`, ordered by `after`,
/// then by `before`.
///
/// A step is compared with the last writer and the readers since; earlier
/// ones are already ordered before those. Then the reduction drops an edge
/// when a longer path says the same.
pub(super) fn edges(steps: &[Step]) -> Vec<(usize, usize, Vec<Reason>)> {
    let mut touched: BTreeMap<&Resource, Touched> = BTreeMap::new();
    let mut barrier: Option<usize> = None;
    let mut reduction = Reduction::new(steps.len());
    let mut edges = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let mut candidates: BTreeMap<usize, Vec<Reason>> = BTreeMap::new();
        let mut add = |before: usize, hazard: Hazard, resource: Option<&Resource>| {
            let reason = Reason {
                hazard,
                resource: resource.cloned(),
            };
            candidates.entry(before).or_default().push(reason);
        };
        if let Some(barrier) = barrier {
            add(barrier, Hazard::Barrier, None);
        }
        if step.barrier.is_some() {
            for before in barrier.map_or(0, |barrier| barrier + 1)..at {
                add(before, Hazard::Barrier, None);
            }
            barrier = Some(at);
        }
        for resource in &step.reads {
            if let Some(writer) = touched.get(resource).and_then(|touched| touched.writer) {
                add(writer, Hazard::ReadAfterWrite, Some(resource));
            }
        }
        for resource in &step.writes {
            let Some(touched) = touched.get(resource) else {
                continue;
            };
            if let Some(writer) = touched.writer {
                add(writer, Hazard::WriteAfterWrite, Some(resource));
            }
            for reader in &touched.readers {
                add(*reader, Hazard::WriteAfterRead, Some(resource));
            }
        }
        record(&mut touched, step, at);
        for (before, mut reasons) in reduction.reduce(at, candidates) {
            reasons.sort();
            // A resource says more than the barrier that holds anyway.
            if reasons.len() > 1 {
                reasons.retain(|reason| reason.hazard != Hazard::Barrier);
            }
            edges.push((before, at, reasons));
        }
    }
    edges
}

fn record<'a>(touched: &mut BTreeMap<&'a Resource, Touched>, step: &'a Step, at: usize) {
    for resource in &step.reads {
        if !step.writes.contains(resource) {
            touched.entry(resource).or_default().readers.push(at);
        }
    }
    for resource in &step.writes {
        let touched = touched.entry(resource).or_default();
        touched.writer = Some(at);
        touched.readers.clear();
    }
}

/// Transitive reduction, step by step: since edges only point forward, a new
/// step's edges can only be implied by edges that are already there.
struct Reduction {
    needs: Vec<Vec<usize>>,
    /// For each step, the last step from which it was reached.
    reached_from: Vec<usize>,
}

impl Reduction {
    fn new(steps: usize) -> Reduction {
        Reduction {
            needs: vec![Vec::new(); steps],
            reached_from: vec![usize::MAX; steps],
        }
    }

    fn reduce(
        &mut self,
        at: usize,
        candidates: BTreeMap<usize, Vec<Reason>>,
    ) -> Vec<(usize, Vec<Reason>)> {
        let Some(first) = candidates.keys().next().copied() else {
            return Vec::new();
        };
        let mut kept = Vec::new();
        // A later candidate can imply an earlier one and never the other way.
        for (before, reasons) in candidates.into_iter().rev() {
            if self.reached_from[before] == at {
                continue;
            }
            kept.push((before, reasons));
            self.reach(before, at, first);
        }
        kept.reverse();
        self.needs[at] = kept.iter().map(|(before, _)| *before).collect();
        kept
    }

    /// Marks all that `start` waits for, as far back as `first`.
    fn reach(&mut self, start: usize, at: usize, first: usize) {
        let mut open = vec![start];
        self.reached_from[start] = at;
        while let Some(step) = open.pop() {
            for &before in &self.needs[step] {
                if before >= first && self.reached_from[before] != at {
                    self.reached_from[before] = at;
                    open.push(before);
                }
            }
        }
    }
}
