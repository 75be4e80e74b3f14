//! Which steps can run at the same time, and which chain is the longest.

use super::Plan;

/// The stages of a plan.
///
/// A step's level is the number of steps in the longest chain that ends
/// before it, so steps of one level never wait for each other, and a step
/// could start as soon as the level before its own is done.
#[derive(Debug)]
pub struct Levels {
    /// The level of each step, from 0, in program order.
    of: Vec<usize>,
    /// The steps of each level, in program order.
    steps: Vec<Vec<usize>>,
    on_critical_path: Vec<bool>,
}

impl Levels {
    pub fn of(plan: &Plan) -> Levels {
        let mut of = vec![0; plan.len()];
        // How many steps the longest chain from a step on has.
        let mut ahead = vec![1; plan.len()];
        for at in 0..plan.len() {
            of[at] = plan
                .sources(at)
                .map(|before| of[before] + 1)
                .max()
                .unwrap_or(0);
        }
        for at in (0..plan.len()).rev() {
            for before in plan.sources(at) {
                ahead[before] = ahead[before].max(ahead[at] + 1);
            }
        }
        let mut steps = vec![Vec::new(); of.iter().max().map_or(0, |last| last + 1)];
        for (at, level) in of.iter().enumerate() {
            steps[*level].push(at);
        }
        let on_critical_path = critical_path(plan, &of, &ahead, &steps);
        Levels {
            of,
            steps,
            on_critical_path,
        }
    }

    pub fn level(&self, step: usize) -> usize {
        self.of[step]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[usize]> {
        self.steps.iter().map(Vec::as_slice)
    }

    pub fn len(&self) -> usize {
        self.steps.len()
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The first of the levels with the most steps, and how many it has.
    pub fn widest(&self) -> Option<(usize, usize)> {
        let mut widest = None;
        for (level, steps) in self.steps.iter().enumerate() {
            if widest.is_none_or(|(_, most)| steps.len() > most) {
                widest = Some((level, steps.len()));
            }
        }
        widest
    }

    pub fn is_critical(&self, step: usize) -> bool {
        self.on_critical_path[step]
    }

    /// Whether both ends of an edge are on the critical path, one after the
    /// other.
    pub fn is_critical_edge(&self, before: usize, after: usize) -> bool {
        self.is_critical(before) && self.is_critical(after) && self.of[before] + 1 == self.of[after]
    }

    /// The steps of the critical path.
    pub fn critical_path(&self) -> impl Iterator<Item = usize> {
        self.steps
            .iter()
            .flatten()
            .copied()
            .filter(|step| self.on_critical_path[*step])
    }
}

/// One longest chain, counted in steps, since nobody knows how long a step
/// takes before it has run. Of several, the one whose steps come first in the
/// program. It has one step in every level.
fn critical_path(plan: &Plan, of: &[usize], ahead: &[usize], steps: &[Vec<usize>]) -> Vec<bool> {
    let mut on_path = vec![false; plan.len()];
    let mut last: Option<usize> = None;
    for level in steps {
        let next = level.iter().copied().find(|at| {
            of[*at] + ahead[*at] == steps.len()
                && last.is_none_or(|last| plan.sources(*at).any(|before| before == last))
        });
        let next = next.expect("a longest chain has a step in every level");
        on_path[next] = true;
        last = Some(next);
    }
    on_path
}
