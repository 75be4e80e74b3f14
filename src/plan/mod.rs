//! The DAG of steps: who waits for whom, and why.

mod diff;
mod hazard;
mod layout;
mod levels;
mod naming;
mod show;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

pub use diff::{
    Change, DiffFormat, Difference, EdgeDifference, EdgeKind, Field, List, Order, StepDifference,
    Version,
};
pub use hazard::{Hazard, Reason};
pub use layout::{Layout, Point, Route};
pub use levels::Levels;
pub use show::{Charset, Colour, Drawing, Format, explain, html, show};

use crate::ir::{Ir, Step};

/// A directed acyclic graph of steps. An edge `a → b` means "b waits for a".
///
/// Nodes are added in program order and every edge points forward in the
/// program, so node order is a topological order and cycles cannot occur.
#[derive(Debug)]
pub struct Plan {
    graph: DiGraph<PlannedStep, Vec<Reason>>,
}

/// A step and its name, unique in the plan and fit for a DNS label.
#[derive(Debug)]
pub struct PlannedStep {
    pub name: String,
    pub step: Step,
}

impl Plan {
    /// Draws the edges that the steps' reads and writes ask for, and leaves
    /// out those that follow from others.
    pub fn build(ir: Ir) -> Plan {
        let edges = hazard::edges(&ir.steps);
        let names = naming::names(&ir.steps);
        let mut graph = DiGraph::new();
        for (step, name) in ir.steps.into_iter().zip(names) {
            graph.add_node(PlannedStep { name, step });
        }
        for (before, after, reasons) in edges {
            graph.add_edge(NodeIndex::new(before), NodeIndex::new(after), reasons);
        }
        Plan { graph }
    }

    /// The steps in program order.
    pub fn steps(&self) -> impl Iterator<Item = &PlannedStep> {
        self.graph.node_weights()
    }

    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }

    /// The step at a place in program order.
    pub fn step(&self, at: usize) -> &PlannedStep {
        &self.graph[NodeIndex::new(at)]
    }

    /// The places of the steps that the step at a place waits for, in no
    /// particular order.
    pub fn sources(&self, at: usize) -> impl Iterator<Item = usize> {
        self.graph
            .neighbors_directed(NodeIndex::new(at), Direction::Incoming)
            .map(NodeIndex::index)
    }

    /// The edges with their reasons: `(before, after, reasons)`, ordered by
    /// `after`, then by `before`.
    pub fn edges(&self) -> Vec<(usize, usize, &[Reason])> {
        let mut edges: Vec<_> = self
            .graph
            .edge_references()
            .map(|edge| {
                let (before, after) = (edge.source().index(), edge.target().index());
                (before, after, edge.weight().as_slice())
            })
            .collect();
        edges.sort_by_key(|(before, after, _)| (*after, *before));
        edges
    }

    /// What the step at a place in program order waits for, in program order,
    /// each with the reasons.
    pub fn needs(&self, at: usize) -> Vec<(&PlannedStep, &[Reason])> {
        let mut edges: Vec<_> = self
            .graph
            .edges_directed(NodeIndex::new(at), Direction::Incoming)
            .map(|edge| (edge.source(), edge.weight().as_slice()))
            .collect();
        edges.sort_by_key(|(source, _)| *source);
        edges
            .into_iter()
            .map(|(source, reasons)| (&self.graph[source], reasons))
            .collect()
    }

    /// The names of the steps that the step at a place waits for.
    pub fn needs_names(&self, at: usize) -> Vec<&str> {
        self.needs(at)
            .into_iter()
            .map(|(step, _)| step.name.as_str())
            .collect()
    }
}
