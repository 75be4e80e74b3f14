//! Edges from what steps read and write, reduced to those that say something.

use std::collections::{BTreeMap, BinaryHeap};
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
///
/// Whether a candidate comes before a later one is looked for from both sides
/// at once, an edge each in turn, so that the search is no longer than twice
/// the shorter one: forward from the candidate, and back from the later ones.
/// A step on the way back that had it as a candidate too answers at once, as
/// all steps do that read one old table or schema.
struct Reduction {
    steps: Vec<Node>,
    /// What is known to come before the new step and has not been looked
    /// behind, the latest first.
    open: BinaryHeap<usize>,
    /// The step that is being looked behind, and the next of its edges.
    current: Option<(usize, usize)>,
    searches: usize,
}

#[derive(Default)]
struct Node {
    /// What it waits for, reduced.
    needs: Vec<usize>,
    /// What waits for it, reduced.
    needed_by: Vec<usize>,
    /// Its candidates, in order: all of them come before it.
    candidates: Vec<usize>,
    /// The latest step that is known to come behind it.
    reached_from: Option<usize>,
    /// The latest search that came by on its way forward.
    seen_by: usize,
}

impl Reduction {
    fn new(steps: usize) -> Reduction {
        let mut nodes = Vec::new();
        nodes.resize_with(steps, Node::default);
        Reduction {
            steps: nodes,
            open: BinaryHeap::new(),
            current: None,
            searches: 0,
        }
    }

    fn reduce(
        &mut self,
        at: usize,
        candidates: BTreeMap<usize, Vec<Reason>>,
    ) -> Vec<(usize, Vec<Reason>)> {
        self.steps[at].candidates = candidates.keys().copied().collect();
        self.open.clear();
        self.current = None;
        let mut kept: Vec<(usize, Vec<Reason>)> = Vec::new();
        // A later candidate can imply an earlier one and never the other way.
        for (before, reasons) in candidates.into_iter().rev() {
            let last = kept.first().map(|(last, _)| *last);
            if !last.is_some_and(|last| self.is_implied(before, last, at)) {
                kept.push((before, reasons));
            }
            self.reach(before, at);
        }
        kept.reverse();
        for (before, _) in &kept {
            self.steps[*before].needed_by.push(at);
        }
        self.steps[at].needs = kept.iter().map(|(before, _)| *before).collect();
        kept
    }

    /// Notes that a step comes before `at`.
    fn reach(&mut self, step: usize, at: usize) {
        if self.steps[step].reached_from != Some(at) {
            self.steps[step].reached_from = Some(at);
            self.open.push(step);
        }
    }

    /// Whether a candidate comes before one of the later ones, `last` being
    /// the last of them.
    fn is_implied(&mut self, before: usize, last: usize, at: usize) -> bool {
        if self.steps[before].reached_from == Some(at) {
            return true;
        }
        self.searches += 1;
        let mut forward = vec![(before, 0)];
        loop {
            let Some((step, edge)) = forward.last_mut() else {
                return false;
            };
            match self.steps[*step].needed_by.get(*edge).copied() {
                None => drop(forward.pop()),
                Some(behind) => {
                    *edge += 1;
                    let node = &mut self.steps[behind];
                    if node.reached_from == Some(at) {
                        return true;
                    }
                    if behind < last && node.seen_by != self.searches {
                        node.seen_by = self.searches;
                        forward.push((behind, 0));
                    }
                }
            }
            if let Some(answer) = self.look_back(before, at) {
                return answer;
            }
        }
    }

    /// Follows one more edge back from what is reached, and says whether that
    /// answers if `before` comes before it.
    fn look_back(&mut self, before: usize, at: usize) -> Option<bool> {
        let Some((step, edge)) = &mut self.current else {
            let Some(step) = self.open.peek().copied().filter(|step| *step > before) else {
                return Some(false);
            };
            if self.steps[step].candidates.binary_search(&before).is_ok() {
                return Some(true);
            }
            self.open.pop();
            self.current = Some((step, 0));
            return None;
        };
        let Some(needed) = self.steps[*step].needs.get(*edge).copied() else {
            self.current = None;
            return None;
        };
        *edge += 1;
        self.reach(needed, at);
        let is_met = needed == before || self.steps[needed].seen_by == self.searches;
        is_met.then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a step waits for when nothing is left out.
    type Waits = Vec<Vec<usize>>;

    fn reduced(waits: &Waits) -> Waits {
        let mut reduction = Reduction::new(waits.len());
        let steps = waits.iter().enumerate().map(|(at, waits)| {
            let candidates = waits.iter().map(|before| (*before, Vec::new())).collect();
            let kept = reduction.reduce(at, candidates);
            kept.into_iter().map(|(before, _)| before).collect()
        });
        steps.collect()
    }

    /// The same by the definition.
    fn reduced_by_definition(waits: &Waits) -> Waits {
        let mut all_before: Vec<Vec<bool>> = Vec::new();
        for before in waits {
            let mut all = vec![false; waits.len()];
            for step in before {
                all[*step] = true;
                for (earlier, is_before) in all_before[*step].iter().enumerate() {
                    all[earlier] |= is_before;
                }
            }
            all_before.push(all);
        }
        let is_implied = |step: usize, by: usize| all_before[by][step];
        let steps = waits.iter().map(|waits| {
            let kept = waits
                .iter()
                .filter(|step| !waits.iter().any(|by| is_implied(**step, *by)));
            kept.copied().collect()
        });
        steps.collect()
    }

    #[test]
    fn the_reduction_keeps_what_follows_from_nothing_else() {
        // A sequence that only looks like chance fails the same way each time.
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..400 {
            let steps = next(40) + 1;
            let most = round % 7 + 1;
            let waits: Waits = (0..steps)
                .map(|at| {
                    let mut waits: Vec<usize> = match at {
                        0 => Vec::new(),
                        _ => (0..next(most)).map(|_| next(at)).collect(),
                    };
                    waits.sort_unstable();
                    waits.dedup();
                    waits
                })
                .collect();
            assert_eq!(reduced(&waits), reduced_by_definition(&waits), "{waits:?}");
        }
    }
}
