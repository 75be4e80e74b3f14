//! The plan drawn with letters: one row a step, level by level, and a lane
//! for each step that later ones wait for.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Color, Style};

use super::count;
use crate::plan::{Levels, Plan};

/// How a plan is drawn in a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Drawing {
    /// The letters in a line.
    pub width: usize,
    pub charset: Charset,
    pub colour: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    Unicode,
    Ascii,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    On,
    Off,
}

/// The letters that lanes are made of.
struct Letters {
    step: char,
    critical: char,
    lane: char,
    line: char,
    /// Where a step takes from a lane on its left, on its right, or under its
    /// line: first from one that goes on, then from one that ends here.
    left: [char; 2],
    right: [char; 2],
    under: [char; 2],
    separator: &'static str,
}

const UNICODE: Letters = Letters {
    step: '●',
    critical: '◆',
    lane: '│',
    line: '─',
    left: ['├', '╰'],
    right: ['┤', '╯'],
    under: ['┼', '┴'],
    separator: " · ",
};

const ASCII: Letters = Letters {
    step: 'o',
    critical: '*',
    lane: '|',
    line: '-',
    left: ['+', '`'],
    right: ['+', '\''],
    under: ['+', '\''],
    separator: ", ",
};

/// More lanes than this side by side are a thicket, however wide the
/// terminal.
const MOST_LANES: usize = 16;
const FEWEST_LANES: usize = 4;

impl Drawing {
    /// Draws a plan.
    ///
    /// A row's number is the level; steps of one level can run at the same
    /// time. Waiting that has no room as a lane stands in words.
    pub fn draw(&self, plan: &Plan) -> String {
        let levels = Levels::of(plan);
        let letters = match self.charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        };
        let table = Table::new(plan, &levels, self.width);
        let mut lanes = Lanes::new(plan, &levels, table.most_lanes);
        let rows: Vec<Row> = levels
            .iter()
            .flatten()
            .map(|step| lanes.row(plan, *step, levels.level(*step)))
            .collect();
        let room = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let painter = Painter {
            letters,
            colour: self.colour,
            room,
        };

        let mut out = String::new();
        if !plan.is_empty() {
            painter.heading(&mut out, &table);
        }
        let mut last = None;
        for row in &rows {
            let level = levels.level(row.step);
            let shown = (last != Some(level)).then_some(level + 1);
            last = Some(level);
            painter.row(&mut out, &table, plan, &levels, row, shown);
        }
        painter.summary(&mut out, plan, &levels);
        out
    }
}

/// The widths of the columns beside the lanes.
struct Table {
    width: usize,
    level: usize,
    name: usize,
    kind: usize,
    most_lanes: usize,
}

impl Table {
    fn new(plan: &Plan, levels: &Levels, width: usize) -> Table {
        let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        let level = levels.len().to_string().len().max("level".len());
        let name = longest(&mut plan.steps().map(|step| step.name.len())).max("step".len());
        let kind = longest(&mut plan.steps().map(|step| step.step.action.kind().len()));
        let lines = longest(&mut plan.steps().map(|step| numbers(step.step.lines).len()));
        let taken = level + 2 + 2 + name + 2 + kind + 2 + lines.max("lines".len());
        Table {
            width,
            level,
            name,
            kind: kind.max("kind".len()),
            most_lanes: (width.saturating_sub(taken) / 2).clamp(FEWEST_LANES, MOST_LANES),
        }
    }
}

fn numbers((first, last): (usize, usize)) -> String {
    match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    }
}

/// A step's row: what stands in each column of lanes.
struct Row {
    step: usize,
    cells: Vec<Cell>,
    /// From where to where the line through the step goes.
    line: (usize, usize),
    /// The lanes that run on below the row.
    below: Vec<Option<usize>>,
    /// What the step waits for without a lane.
    in_words: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Cell {
    Empty,
    Step,
    /// The lane of a step passes by.
    Passing(usize),
    /// The step takes from the lane of a step, which then goes on or ends.
    Taking(usize, After),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    GoesOn,
    Ends,
}

/// Which lanes there are and in which column each runs.
struct Lanes {
    row_of: Vec<usize>,
    /// For each step that has a lane, the row where it ends.
    last_row: Vec<Option<usize>>,
    columns: Vec<Option<usize>>,
    /// The level and column of the step in the row above when nothing leads on
    /// from it.
    bare: Option<(usize, usize)>,
}

impl Lanes {
    fn new(plan: &Plan, levels: &Levels, most: usize) -> Lanes {
        let mut row_of = vec![0; plan.len()];
        for (row, step) in levels.iter().flatten().enumerate() {
            row_of[*step] = row;
        }
        let mut waiting: Vec<(usize, usize)> = vec![(0, 0); plan.len()];
        for (before, after, _) in plan.edges() {
            let (count, last) = &mut waiting[before];
            *count += 1;
            *last = row_of[after].max(*last);
        }
        let mut admission = Admission {
            live: vec![0; plan.len()],
            most,
        };
        let mut last_row = vec![None; plan.len()];
        for level in levels.iter() {
            // What many wait for makes the most of a lane, so it comes first.
            // Steps of one level with equally many are treated alike: all
            // have lanes, or none, nor what fewer wait for.
            let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for step in level.iter().filter(|step| waiting[**step].0 > 0) {
                groups.entry(waiting[*step].0).or_default().push(*step);
            }
            for group in groups.into_values().rev() {
                let lane = |step: usize| (row_of[step], waiting[step].1);
                let admitted = group
                    .iter()
                    .take_while(|step| admission.admit(lane(**step)))
                    .count();
                if admitted < group.len() {
                    for step in &group[..admitted] {
                        admission.withdraw(lane(*step));
                    }
                    break;
                }
                for step in group {
                    last_row[step] = Some(waiting[step].1);
                }
            }
        }
        Lanes {
            row_of,
            last_row,
            columns: Vec::new(),
            bare: None,
        }
    }

    fn row(&mut self, plan: &Plan, step: usize, level: usize) -> Row {
        let row = self.row_of[step];
        let mut sources: Vec<_> = plan.sources(step).collect();
        sources.sort_unstable();
        let (with_lane, in_words): (Vec<usize>, Vec<usize>) = sources
            .into_iter()
            .partition(|source| self.last_row[*source].is_some());
        let mut cells: Vec<Cell> = self
            .columns
            .iter()
            .map(|owner| match owner {
                None => Cell::Empty,
                Some(owner) if !with_lane.contains(owner) => Cell::Passing(*owner),
                Some(owner) if self.last_row[*owner] == Some(row) => {
                    Cell::Taking(*owner, After::Ends)
                }
                Some(owner) => Cell::Taking(*owner, After::GoesOn),
            })
            .collect();
        for (cell, owner) in cells.iter().zip(&mut self.columns) {
            if matches!(cell, Cell::Taking(_, After::Ends)) {
                *owner = None;
            }
        }
        // A step stands below what it ends, else where there is room, but not
        // where it would seem to follow from the step above.
        let misleads = |column: usize| {
            self.bare
                .is_some_and(|(above, bare)| bare == column && above != level)
        };
        let column = cells
            .iter()
            .position(|cell| matches!(cell, Cell::Taking(_, After::Ends)))
            .or_else(|| {
                let is_free = |at: &usize| {
                    !misleads(*at)
                        && cells
                            .get(*at)
                            .is_none_or(|cell| matches!(cell, Cell::Empty))
                };
                (0..).find(is_free)
            })
            .expect("there is room on the right");
        while cells.len() <= column {
            cells.push(Cell::Empty);
            self.columns.push(None);
        }
        self.bare = self.last_row[step].is_none().then_some((level, column));
        cells[column] = Cell::Step;
        self.columns[column] = self.last_row[step].map(|_| step);
        let on_line = |cell: &Cell| matches!(cell, Cell::Step | Cell::Taking(..));
        let line = (
            cells.iter().position(on_line).unwrap_or(column),
            cells.iter().rposition(on_line).unwrap_or(column),
        );
        while matches!(cells.last(), Some(Cell::Empty)) {
            cells.pop();
        }
        while self.columns.last() == Some(&None) {
            self.columns.pop();
        }
        Row {
            step,
            cells,
            line,
            below: self.columns.clone(),
            in_words,
        }
    }
}

/// Keeps the lanes that run side by side to a number.
struct Admission {
    /// How many lanes run below each row.
    live: Vec<usize>,
    most: usize,
}

impl Admission {
    fn admit(&mut self, (first, last): (usize, usize)) -> bool {
        let fits = self.live[first..last].iter().all(|live| *live < self.most);
        if fits {
            self.live[first..last]
                .iter_mut()
                .for_each(|live| *live += 1);
        }
        fits
    }

    fn withdraw(&mut self, (first, last): (usize, usize)) {
        self.live[first..last]
            .iter_mut()
            .for_each(|live| *live -= 1);
    }
}

struct Painter<'a> {
    letters: &'a Letters,
    colour: Colour,
    /// The columns of lanes.
    room: usize,
}

const DIM: Style = Style::new().dimmed();
const CRITICAL: Style = Style::new()
    .bold()
    .fg_color(Some(Color::Ansi(AnsiColor::Yellow)));
const LANES: [AnsiColor; 5] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Red,
];

impl Painter<'_> {
    fn heading(&self, out: &mut String, table: &Table) {
        let lanes = 2 * self.room;
        let text = format!(
            "{:>level$}  {:lanes$}{:name$}  {:kind$}  lines",
            "level",
            "",
            "step",
            "kind",
            level = table.level,
            name = table.name,
            kind = table.kind
        );
        self.paint(out, DIM, &text);
        out.push('\n');
    }

    fn row(
        &self,
        out: &mut String,
        table: &Table,
        plan: &Plan,
        levels: &Levels,
        row: &Row,
        level: Option<usize>,
    ) {
        let planned = plan.step(row.step);
        let level = level.map(|level| level.to_string()).unwrap_or_default();
        self.paint(out, DIM, &format!("{level:>width$}", width = table.level));
        out.push_str("  ");
        self.lanes(out, levels, row);
        let style = match levels.is_critical(row.step) {
            true => CRITICAL,
            false => Style::new(),
        };
        let name = &planned.name;
        self.paint(out, style, name);
        let kind = planned.step.action.kind();
        let rest = format!(
            "{:pad$}  {kind:width$}  {}{}",
            "",
            numbers(planned.step.lines),
            match planned.step.barrier {
                Some(_) => "  barrier",
                None => "",
            },
            pad = table.name - name.len(),
            width = table.kind
        );
        self.paint(out, DIM, &rest);
        out.push('\n');
        self.in_words(out, table, plan, row);
    }

    fn lanes(&self, out: &mut String, levels: &Levels, row: &Row) {
        let Letters {
            lane,
            line,
            left,
            right,
            under,
            ..
        } = *self.letters;
        for column in 0..self.room {
            let on_line = row.line.0 <= column && column <= row.line.1;
            let (style, letter) = match row.cells.get(column).copied().unwrap_or(Cell::Empty) {
                Cell::Empty if on_line => (DIM, line),
                Cell::Empty => (DIM, ' '),
                Cell::Step if levels.is_critical(row.step) => (CRITICAL, self.letters.critical),
                Cell::Step => (Style::new(), self.letters.step),
                Cell::Passing(owner) => (lane_style(owner), lane),
                Cell::Taking(owner, after) => {
                    let letters = if column == row.line.0 {
                        left
                    } else if column == row.line.1 {
                        right
                    } else {
                        under
                    };
                    let letter = match after {
                        After::GoesOn => letters[0],
                        After::Ends => letters[1],
                    };
                    (lane_style(owner), letter)
                }
            };
            self.paint(out, style, letter.encode_utf8(&mut [0; 4]));
            match row.line.0 <= column && column < row.line.1 {
                true => self.paint(out, DIM, line.encode_utf8(&mut [0; 4])),
                false => out.push(' '),
            }
        }
    }

    /// What the step waits for without a lane: as many names as the line
    /// takes, and the number of the others.
    fn in_words(&self, out: &mut String, table: &Table, plan: &Plan, row: &Row) {
        let Some((first, others)) = row.in_words.split_first() else {
            return;
        };
        let indent = table.level + 2 + 2 * self.room + 2;
        let mut text = format!("after {}", plan.step(*first).name);
        let mut left = others.len();
        for other in others {
            let name = &plan.step(*other).name;
            let more = format!(" and {} more", left - 1);
            if indent + text.len() + 2 + name.len() + more.len() > table.width {
                break;
            }
            text += &format!(", {name}");
            left -= 1;
        }
        if left > 0 {
            text += &format!(" and {left} more");
        }
        out.push_str(&" ".repeat(table.level + 2));
        self.passing(out, row);
        self.paint(out, DIM, &format!("  {text}"));
        out.push('\n');
    }

    /// The lanes below a row.
    fn passing(&self, out: &mut String, row: &Row) {
        for column in 0..self.room {
            match row.below.get(column).copied().flatten() {
                Some(owner) => self.paint(
                    out,
                    lane_style(owner),
                    self.letters.lane.encode_utf8(&mut [0; 4]),
                ),
                None => out.push(' '),
            }
            out.push(' ');
        }
    }

    fn summary(&self, out: &mut String, plan: &Plan, levels: &Levels) {
        let Some((widest, most)) = levels.widest() else {
            out.push_str("no steps\n");
            return;
        };
        writeln!(
            out,
            "\n{} in {}{separator}widest: level {} with {most}{separator}critical path ({}): {}",
            count(plan.len(), "step"),
            count(levels.len(), "level"),
            widest + 1,
            self.letters.critical,
            count(levels.critical_path().count(), "step"),
            separator = self.letters.separator,
        )
        .expect("a string takes all");
    }

    fn paint(&self, out: &mut String, style: Style, text: &str) {
        match self.colour {
            Colour::Off => out.push_str(text),
            Colour::On => write!(out, "{style}{text}{style:#}").expect("a string takes all"),
        }
    }
}

/// Lanes side by side have colours of their own.
fn lane_style(owner: usize) -> Style {
    Style::new().fg_color(Some(Color::Ansi(LANES[owner % LANES.len()])))
}
