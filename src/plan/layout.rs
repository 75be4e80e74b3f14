//! Where steps and edges stand in a drawing: a layered layout after Sugiyama,
//! from left to right, one column a level.
//!
//! Written here because no kept crate fits: `rust-sugiyama` places boxes and
//! leads no edge around them, and the ports of dagre take time that grows with
//! the square of the steps, seconds for 5,000.
//!
//! 1. Columns are the plan's levels.
//! 2. An edge over several columns gets a bend in each column between. The
//!    edges from one step share their bends, so they run as one line and part
//!    where they must.
//! 3. Sweeps order each column by the mean place of its neighbours, then swap
//!    what stands side by side while that saves crossings.
//! 4. Sweeps move each column towards its neighbours, as near as the order and
//!    the gaps allow.
//!
//! All places are whole numbers, and nothing depends on anything but the plan.

use super::{Levels, Plan};

/// A drawing's places, in pixels from its upper left corner.
#[derive(Debug)]
pub struct Layout {
    pub width: i64,
    pub height: i64,
    /// One box a step, in program order.
    pub boxes: Vec<Rectangle>,
    /// The columns, one a level.
    pub columns: Vec<Column>,
    /// One route an edge, ordered by `after`, then by `before`.
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub x: i64,
    pub width: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub x: i64,
    pub y: i64,
}

/// The way of an edge, from the right side of one box to the left side of
/// another. Between two points of one height it is straight, else it swings.
#[derive(Debug)]
pub struct Route {
    pub before: usize,
    pub after: usize,
    pub points: Vec<Point>,
}

const BOX_HEIGHT: i64 = 44;
/// A letter of a name in the monospaced font of the drawings, at 12.5 pixels.
const LETTER_WIDTH: i64 = 8;
/// The room in a box beside the name.
const BOX_PADDING: i64 = 44;
const SHORTEST_NAME: usize = 14;
const BETWEEN_COLUMNS: i64 = 64;
const MARGIN: i64 = 24;
/// Above the boxes, for the columns' headings.
const HEADING: i64 = 28;
/// The most bends beyond eight a step: a plan whose edges span more columns
/// than that draws its longest edges straight.
const MOST_BENDS: usize = 20_000;

impl Layout {
    pub fn of(plan: &Plan, levels: &Levels) -> Layout {
        let edges: Vec<(usize, usize)> = plan
            .edges()
            .into_iter()
            .map(|(before, after, _)| (before, after))
            .collect();
        let mut graph = Graph::new(levels, &edges, plan.len());
        graph.order();
        let heights = graph.place();
        let columns = columns(plan, levels);

        let top = MARGIN + HEADING;
        let boxes: Vec<_> = (0..plan.len())
            .map(|step| {
                let column = columns[levels.level(step)];
                Rectangle {
                    x: column.x,
                    y: top + heights[step] - BOX_HEIGHT / 2,
                    width: column.width,
                    height: BOX_HEIGHT,
                }
            })
            .collect();
        let routes = edges
            .into_iter()
            .map(|(before, after)| Route {
                before,
                after,
                points: graph.route(before, after, &columns, &heights, top),
            })
            .collect();
        let right = columns
            .last()
            .map_or(0, |column| column.x + column.width + MARGIN);
        let lowest = heights.iter().copied().max().unwrap_or(0);
        Layout {
            width: right.max(2 * MARGIN),
            height: top + lowest + BOX_HEIGHT / 2 + MARGIN,
            boxes,
            columns,
            routes,
        }
    }
}

/// The columns: as wide as their longest name asks.
fn columns(plan: &Plan, levels: &Levels) -> Vec<Column> {
    let mut x = MARGIN;
    let columns = levels.iter().map(|steps| {
        let longest = steps.iter().map(|step| plan.step(*step).name.len()).max();
        let letters = longest.unwrap_or(0).max(SHORTEST_NAME);
        let width = i64::try_from(letters).expect("names are short") * LETTER_WIDTH + BOX_PADDING;
        let column = Column { x, width };
        x += width + BETWEEN_COLUMNS;
        column
    });
    columns.collect()
}

/// Steps and bends in columns. The first `steps` nodes are the steps; the rest
/// are bends.
struct Graph {
    steps: usize,
    column_of: Vec<usize>,
    /// Each node's neighbours in the column before, and in the column after.
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    /// Each column's nodes from top to bottom.
    columns: Vec<Vec<usize>>,
    /// Each node's place in its column.
    position: Vec<usize>,
    /// For each step, the first of its bends, when it has bends. They are
    /// numbered column by column.
    first_bend: Vec<Option<usize>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
    Both,
}

impl Graph {
    fn new(levels: &Levels, edges: &[(usize, usize)], steps: usize) -> Graph {
        let mut graph = Graph {
            steps,
            column_of: (0..steps).map(|step| levels.level(step)).collect(),
            before: vec![Vec::new(); steps],
            after: vec![Vec::new(); steps],
            columns: levels.iter().map(<[usize]>::to_vec).collect(),
            position: vec![0; steps],
            first_bend: vec![None; steps],
        };
        graph.add_bends(edges);
        for &(before, after) in edges {
            let last = match graph.column_of[after] - graph.column_of[before] {
                1 => before,
                columns => match graph.first_bend[before] {
                    Some(first) => first + columns - 2,
                    None => continue,
                },
            };
            graph.link(last, after);
        }
        for column in 0..graph.columns.len() {
            graph.number(column);
        }
        graph
    }

    /// Gives each step whose edges span columns its bends, those of the
    /// shortest spans first.
    fn add_bends(&mut self, edges: &[(usize, usize)]) {
        let mut spans = vec![0; self.steps];
        for &(before, after) in edges {
            let between = self.column_of[after] - self.column_of[before] - 1;
            spans[before] = between.max(spans[before]);
        }
        let mut bent: Vec<usize> = (0..self.steps).filter(|step| spans[*step] > 0).collect();
        bent.sort_by_key(|step| spans[*step]);
        let mut left = 8 * self.steps + MOST_BENDS;
        for step in bent {
            let Some(rest) = left.checked_sub(spans[step]) else {
                break;
            };
            left = rest;
            self.first_bend[step] = Some(self.column_of.len());
            let mut last = step;
            for column in self.column_of[step] + 1..=self.column_of[step] + spans[step] {
                let bend = self.column_of.len();
                self.column_of.push(column);
                self.before.push(Vec::new());
                self.after.push(Vec::new());
                self.position.push(0);
                self.columns[column].push(bend);
                self.link(last, bend);
                last = bend;
            }
        }
    }

    fn link(&mut self, before: usize, after: usize) {
        self.after[before].push(after);
        self.before[after].push(before);
    }

    fn number(&mut self, column: usize) {
        for (position, node) in self.columns[column].iter().enumerate() {
            self.position[*node] = position;
        }
    }

    fn neighbours(&self, node: usize, side: Side) -> impl Iterator<Item = usize> {
        let before = match side {
            Side::Before | Side::Both => self.before[node].as_slice(),
            Side::After => &[],
        };
        let after = match side {
            Side::After | Side::Both => self.after[node].as_slice(),
            Side::Before => &[],
        };
        before.iter().chain(after).copied()
    }

    /// Orders the columns so that few edges cross.
    fn order(&mut self) {
        const PATIENCE: usize = 6;
        // Few steps are drawn with care, many in bounded time.
        let (most_sweeps, swaps) = match self.column_of.len() {
            0..2_000 => (24, 4),
            2_000..10_000 => (12, 1),
            _ => (8, 0),
        };
        let mut best = self.columns.clone();
        let mut fewest = usize::MAX;
        let mut since = 0;
        for sweep in 0..most_sweeps {
            if sweep % 2 == 0 {
                for column in 1..self.columns.len() {
                    self.order_column(column, Side::Before);
                }
            } else {
                for column in (0..self.columns.len().saturating_sub(1)).rev() {
                    self.order_column(column, Side::After);
                }
            }
            self.swap(swaps);
            let crossings = self.crossings();
            since += 1;
            if crossings < fewest {
                fewest = crossings;
                best.clone_from(&self.columns);
                since = 0;
            }
            if fewest == 0 || since > PATIENCE {
                break;
            }
        }
        self.columns = best;
        for column in 0..self.columns.len() {
            self.number(column);
        }
    }

    /// Sorts a column by the mean place of the neighbours on one side. What
    /// has none stays where it is.
    fn order_column(&mut self, column: usize, side: Side) {
        let mut sorted: Vec<(f64, usize)> = Vec::new();
        let mut fixed = vec![None; self.columns[column].len()];
        for (place, &node) in self.columns[column].iter().enumerate() {
            match mean(
                self.neighbours(node, side)
                    .map(|node| self.position[node] as f64),
            ) {
                Some(mean) => sorted.push((mean, node)),
                None => fixed[place] = Some(node),
            }
        }
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut sorted = sorted.into_iter().map(|(_, node)| node);
        self.columns[column] = fixed
            .into_iter()
            .map(|fixed| fixed.or_else(|| sorted.next()))
            .map(|node| node.expect("each place has a node"))
            .collect();
        self.number(column);
    }

    /// Swaps nodes that stand side by side where that saves crossings.
    fn swap(&mut self, most_rounds: usize) {
        for _ in 0..most_rounds {
            let mut saved = false;
            for column in 0..self.columns.len() {
                for place in 1..self.columns[column].len() {
                    let (upper, lower) =
                        (self.columns[column][place - 1], self.columns[column][place]);
                    if self.crossings_of(lower, upper) < self.crossings_of(upper, lower) {
                        self.columns[column].swap(place - 1, place);
                        self.position.swap(upper, lower);
                        saved = true;
                    }
                }
            }
            if !saved {
                return;
            }
        }
    }

    /// How often the edges of two nodes of one column cross when the one
    /// stands above the other.
    fn crossings_of(&self, upper: usize, lower: usize) -> usize {
        [Side::Before, Side::After]
            .into_iter()
            .map(|side| {
                let places = |node: usize| {
                    let mut places: Vec<_> = self
                        .neighbours(node, side)
                        .map(|node| self.position[node])
                        .collect();
                    places.sort_unstable();
                    places
                };
                let (upper, lower) = (places(upper), places(lower));
                let mut passed = 0;
                let mut crossings = 0;
                for place in upper {
                    while passed < lower.len() && lower[passed] < place {
                        passed += 1;
                    }
                    crossings += passed;
                }
                crossings
            })
            .sum()
    }

    /// How often edges cross, counted with a tree of counts (Barth, Mutzel,
    /// Jünger: Simple and Efficient Bilayer Cross Counting).
    fn crossings(&self) -> usize {
        let mut crossings = 0;
        for column in 1..self.columns.len() {
            let mut seen = Counts::new(self.columns[column].len());
            let mut so_far = 0;
            for &node in &self.columns[column - 1] {
                let mut places: Vec<_> = self.after[node]
                    .iter()
                    .map(|node| self.position[*node])
                    .collect();
                places.sort_unstable();
                for place in &places {
                    crossings += so_far - seen.up_to(*place);
                }
                for place in places {
                    seen.add(place);
                    so_far += 1;
                }
            }
        }
        crossings
    }

    /// Gives every node its height: the middle of its box, or its bend.
    fn place(&self) -> Vec<i64> {
        const SWEEPS: usize = 12;
        const LAST_SWEEPS: usize = 4;
        let mut heights = vec![0.0; self.column_of.len()];
        for column in &self.columns {
            let mut next = 0.0;
            for (place, &node) in column.iter().enumerate() {
                if place > 0 {
                    next += self.gap(column[place - 1], node);
                }
                heights[node] = next;
            }
            // Columns start centred on one line.
            for &node in column {
                heights[node] -= next / 2.0;
            }
        }
        for sweep in 0..SWEEPS + LAST_SWEEPS {
            let side = match sweep {
                sweep if sweep >= SWEEPS => Side::Both,
                sweep if sweep % 2 == 0 => Side::Before,
                _ => Side::After,
            };
            match side {
                Side::Before => self
                    .columns
                    .iter()
                    .for_each(|column| self.pull(column, side, &mut heights)),
                Side::After | Side::Both => {
                    self.columns
                        .iter()
                        .rev()
                        .for_each(|column| self.pull(column, side, &mut heights));
                }
            }
        }
        let highest = heights.iter().copied().fold(f64::INFINITY, f64::min);
        heights
            .iter()
            .map(|height| (height - highest).round() as i64 + BOX_HEIGHT / 2)
            .collect()
    }

    /// How far apart the middles of two nodes of a column are at least.
    fn gap(&self, upper: usize, lower: usize) -> f64 {
        let half = BOX_HEIGHT as f64 / 2.0;
        match (upper < self.steps, lower < self.steps) {
            (true, true) => 2.0 * half + 16.0,
            (true, false) | (false, true) => half + 14.0,
            (false, false) => 14.0,
        }
    }

    /// Moves a column's nodes to the weighted mean of their neighbours'
    /// heights, as near as their order and the gaps allow: the least-squares
    /// answer, by pooling what would overlap.
    fn pull(&self, column: &[usize], side: Side, heights: &mut [f64]) {
        struct Pool {
            weight: f64,
            sum: f64,
            nodes: usize,
        }
        let mut pools: Vec<Pool> = Vec::new();
        let mut offsets = Vec::with_capacity(column.len());
        let mut offset = 0.0;
        for (place, &node) in column.iter().enumerate() {
            if place > 0 {
                offset += self.gap(column[place - 1], node);
            }
            offsets.push(offset);
            let (wanted, weight) = self.wanted(node, side, heights);
            let mut pool = Pool {
                weight,
                sum: weight * (wanted - offset),
                nodes: 1,
            };
            while let Some(upper) = pools.pop() {
                if upper.sum * pool.weight <= pool.sum * upper.weight {
                    pools.push(upper);
                    break;
                }
                pool.weight += upper.weight;
                pool.sum += upper.sum;
                pool.nodes += upper.nodes;
            }
            pools.push(pool);
        }
        let mut place = 0;
        for pool in pools {
            for _ in 0..pool.nodes {
                heights[column[place]] = pool.sum / pool.weight + offsets[place];
                place += 1;
            }
        }
    }

    /// The height that a node's neighbours ask for, and how strongly: a line
    /// bent at a bend looks worse than one bent at a box.
    fn wanted(&self, node: usize, side: Side, heights: &[f64]) -> (f64, f64) {
        let mut sum = 0.0;
        let mut weight = 0.0;
        for neighbour in self.neighbours(node, side) {
            let strength = match (node < self.steps, neighbour < self.steps) {
                (true, true) => 1.0,
                (true, false) | (false, true) => 2.0,
                (false, false) => 8.0,
            };
            sum += strength * heights[neighbour];
            weight += strength;
        }
        if weight == 0.0 {
            // Nothing pulls, so it stays, and gives way easily.
            return (heights[node], 0.05);
        }
        (sum / weight, weight)
    }

    /// The way from one step to another: through the bends, or straight.
    fn route(
        &self,
        before: usize,
        after: usize,
        columns: &[Column],
        heights: &[i64],
        top: i64,
    ) -> Vec<Point> {
        let (first, last) = (self.column_of[before], self.column_of[after]);
        let mut points = vec![Point {
            x: columns[first].x + columns[first].width,
            y: top + heights[before],
        }];
        if let Some(bend) = self.first_bend[before] {
            for (bend, column) in (bend..).zip(&columns[first + 1..last]) {
                let y = top + heights[bend];
                points.push(Point { x: column.x, y });
                points.push(Point {
                    x: column.x + column.width,
                    y,
                });
            }
        }
        points.push(Point {
            x: columns[last].x,
            y: top + heights[after],
        });
        points
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then_some(sum / count)
}

/// Counts by place whose sums over a beginning cost the logarithm of the
/// places: a Fenwick tree.
struct Counts(Vec<usize>);

impl Counts {
    fn new(places: usize) -> Counts {
        Counts(vec![0; places + 1])
    }

    fn add(&mut self, place: usize) {
        let mut at = place + 1;
        while at < self.0.len() {
            self.0[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// The count of all places up to and with this one.
    fn up_to(&self, place: usize) -> usize {
        let mut at = place + 1;
        let mut sum = 0;
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}
