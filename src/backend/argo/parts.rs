//! A plan too large for one DAG, in parts that are DAGs of their own.

use std::collections::BTreeSet;

use petgraph::unionfind::UnionFind;

use crate::plan::Plan;

/// Some of a plan's steps, and the parts that they wait for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Places in the plan, in program order.
    pub(super) steps: Vec<usize>,
    /// Places of other parts, all of them earlier ones.
    pub(super) needs: Vec<usize>,
}

/// Parts of at most so many steps.
///
/// The steps of one part run as their own dependencies allow, while a part
/// waits for the whole of another. So steps that are connected stay together
/// as far as that is possible: only what is connected with more steps than a
/// part takes is cut, in program order, into parts that begin with none of
/// the others' steps. That way no two parts can wait for each other.
pub(super) fn parts(plan: &Plan, most: usize) -> Vec<Part> {
    let components = components(plan);
    let mut parts: Vec<Part> = Vec::new();
    // How many steps a part has or will have.
    let mut sizes: Vec<usize> = Vec::new();
    let mut part_of = vec![0; plan.len()];
    let mut first_with_room = 0;
    for component in components {
        for chunk in component.chunks(most) {
            while sizes.get(first_with_room).is_some_and(|size| *size >= most) {
                first_with_room += 1;
            }
            let is_whole = chunk.len() == component.len();
            let fitting = (first_with_room..parts.len())
                .find(|part| is_whole && sizes[*part] + chunk.len() <= most);
            let part = fitting.unwrap_or_else(|| {
                parts.push(Part::default());
                sizes.push(0);
                parts.len() - 1
            });
            sizes[part] += chunk.len();
            parts[part].steps.extend(chunk);
            for at in chunk {
                part_of[*at] = part;
            }
        }
    }
    for part in &mut parts {
        part.steps.sort_unstable();
    }
    waits(plan, &mut parts, &part_of);
    parts
}

/// The steps that hang together by edges, each group and the groups among
/// themselves in program order.
fn components(plan: &Plan) -> Vec<Vec<usize>> {
    let mut union = UnionFind::<usize>::new(plan.len());
    for at in 0..plan.len() {
        for source in plan.sources(at) {
            union.union(at, source);
        }
    }
    let mut components: Vec<Vec<usize>> = Vec::new();
    let mut place_of = vec![None; plan.len()];
    for at in 0..plan.len() {
        let place = *place_of[union.find_mut(at)].get_or_insert_with(|| {
            components.push(Vec::new());
            components.len() - 1
        });
        components[place].push(at);
    }
    components
}

/// Finds which parts each waits for, without those that another of them
/// waits for in turn.
fn waits(plan: &Plan, parts: &mut [Part], part_of: &[usize]) {
    let mut before: Vec<BTreeSet<usize>> = Vec::new();
    for (place, part) in parts.iter_mut().enumerate() {
        let sources = part.steps.iter().flat_map(|at| plan.sources(*at));
        let direct: BTreeSet<usize> = sources
            .map(|source| part_of[source])
            .filter(|source| *source != place)
            .collect();
        let implied: BTreeSet<usize> = direct.iter().flat_map(|at| &before[*at]).copied().collect();
        part.needs = direct.difference(&implied).copied().collect();
        before.push(direct.union(&implied).copied().collect());
    }
}
