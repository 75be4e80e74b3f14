//! Draws a run: what its steps say, as they say it.
//!
//! Tables of results go to standard output, everything else to standard error. On a terminal each
//! running step has a line that moves; elsewhere there is a plain line for each start and end and,
//! now and then, for progress.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::iter;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::{Map, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();

/// How often a log, which nobody can overwrite, gets a line about a step's progress.
const PLAIN_PROGRESS: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(100);

/// A cell of a table is cut there, even if nothing limits the width of the whole.
const CELL_WIDTH: usize = 100;
const LEAST_CELL_WIDTH: usize = 8;
const GAP: &str = "  ";

/// One line of the runner's output; `docs/step-contract.md` has the keys.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    Started {
        step: String,
        lines: (u32, u32),
    },
    Progress(Progress),
    Log {
        step: Option<String>,
        level: Level,
        message: String,
    },
    Table(Table),
    Output(Output),
    Finished(Finished),
    Done(Done),
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Progress {
    step: String,
    done: u64,
    total: Option<u64>,
    unit: String,
    #[serde(default)]
    metrics: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Info,
    Warning,
    Error,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    row_count: u64,
}

impl Table {
    /// Makes a whole table without a title.
    pub(super) fn new(columns: &[&str], rows: Vec<Vec<Value>>) -> Table {
        Table {
            title: String::new(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            row_count: rows.len() as u64,
            rows,
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Output {
    kind: String,
    name: String,
    location: String,
    rows: Option<u64>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Finished {
    step: String,
    status: Status,
    seconds: f64,
    message: Option<String>,
    help: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Succeeded,
    Failed,
    Skipped,
    Cancelled,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Done {
    succeeded: u64,
    failed: u64,
    skipped: u64,
    cancelled: u64,
    seconds: f64,
    datasource: String,
}

/// Draws the events of one run.
pub(crate) struct Painter {
    program: String,
    screen: Screen,
    running: BTreeMap<String, Running>,
    /// First lines of the statements, for messages about them.
    lines: BTreeMap<String, u32>,
    outputs: Vec<Output>,
}

/// A step that has started and not ended.
struct Running {
    bar: Option<ProgressBar>,
    shown: Instant,
    progress: Option<Progress>,
    /// Whether `progress` is newer than what a plain log has seen.
    held_back: bool,
}

impl Painter {
    /// Draws for `program`, the name that users know their program by.
    pub(crate) fn new(program: String) -> Painter {
        Painter {
            program,
            screen: Screen::detect(),
            running: BTreeMap::new(),
            lines: BTreeMap::new(),
            outputs: Vec::new(),
        }
    }

    /// Draws one event. Fails when standard output cannot take a result.
    pub(crate) fn draw(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Started { step, lines } => self.started(step, lines.0),
            Event::Progress(progress) => self.progress(progress),
            Event::Log {
                step,
                level,
                message,
            } => self.log(step.as_deref(), level, &message),
            Event::Table(table) => return self.screen.result(&table),
            Event::Output(output) => self.outputs.push(output),
            Event::Finished(finished) => self.finished(finished),
            Event::Done(done) => self.done(&done),
        }
        Ok(())
    }

    /// Says something about the run as a whole.
    pub(crate) fn note(&mut self, text: &str) {
        self.screen.message(text);
    }

    fn started(&mut self, step: String, line: u32) {
        let bar = self.screen.bar(&step);
        if bar.is_none() {
            self.screen.message(&format!("start {step}"));
        }
        self.lines.insert(step.clone(), line);
        let running = Running {
            bar,
            shown: Instant::now(),
            progress: None,
            held_back: false,
        };
        self.running.insert(step, running);
    }

    fn progress(&mut self, progress: Progress) {
        let Some(running) = self.running.get_mut(&progress.step) else {
            return;
        };
        match &running.bar {
            Some(bar) => show_in_bar(bar, &progress),
            None => running.held_back = true,
        }
        if running.held_back && running.shown.elapsed() >= PLAIN_PROGRESS {
            running.shown = Instant::now();
            running.held_back = false;
            self.screen
                .message(&format!("      {}  {}", progress.step, describe(&progress)));
        }
        running.progress = Some(progress);
    }

    fn log(&mut self, step: Option<&str>, level: Level, message: &str) {
        let (style, mark) = match level {
            Level::Info => (DIM, ""),
            Level::Warning => (WARNING, "warning: "),
            Level::Error => (BAD, "error: "),
        };
        let indent = self.screen.indent();
        for line in message.lines() {
            let step = step.unwrap_or_default();
            let line = printable(line);
            self.screen.message(&format!(
                "{indent}{DIM}{step}{DIM:#}  {style}{mark}{line}{style:#}"
            ));
        }
    }

    fn finished(&mut self, finished: Finished) {
        let running = self.running.remove(&finished.step);
        if let Some(bar) = running.as_ref().and_then(|running| running.bar.as_ref()) {
            bar.finish_and_clear();
        }
        let progress = running.and_then(|running| running.progress);
        let (step, seconds) = (&finished.step, describe_seconds(finished.seconds));
        let mark = self.screen.mark(finished.status);
        let reached = progress
            .map(|progress| format!("{GAP}{DIM}{}{DIM:#}", describe(&progress)))
            .unwrap_or_default();
        let reason = finished.message.as_deref().unwrap_or_default();
        let text = match finished.status {
            Status::Succeeded => format!("{mark} {step}  {seconds}{reached}"),
            Status::Failed => format!("{mark} {BOLD}{step}{BOLD:#}  {seconds}{reached}"),
            Status::Cancelled if self.lines.contains_key(step) => {
                format!("{mark} {step}  stopped after {seconds}{reached}")
            }
            Status::Skipped | Status::Cancelled => format!("{mark} {DIM}{step}  {reason}{DIM:#}"),
        };
        self.screen.message(&text);
        if finished.status == Status::Failed {
            self.explain_failure(&finished);
        }
    }

    fn explain_failure(&mut self, finished: &Finished) {
        let indent = self.screen.indent();
        let message = printable(finished.message.as_deref().unwrap_or("it did not say why"));
        let mut text = format!("{indent}{BAD}error{BAD:#}{BOLD}: {message}{BOLD:#}\n");
        text.push_str(&format!("{indent} --> {}", self.program));
        if let Some(line) = self.lines.get(&finished.step) {
            text.push_str(&format!(":{line}"));
        }
        if let Some(help) = &finished.help {
            text.push_str(&format!(
                "\n{indent}{BOLD}help{BOLD:#}: {}",
                printable(help)
            ));
        }
        self.screen.message(&text);
    }

    fn done(&mut self, done: &Done) {
        let counts = [
            (done.succeeded, "succeeded"),
            (done.failed, "failed"),
            (done.skipped, "skipped"),
            (done.cancelled, "cancelled"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, status)| format!("{number} {status}"))
            .collect();
        let mut text = String::new();
        for line in self.made(done) {
            text.push_str(&format!("  {line}\n"));
        }
        let counts = if counts.is_empty() {
            "nothing to do".to_owned()
        } else {
            counts.join(", ")
        };
        text.push_str(&format!("{counts} in {}", describe_seconds(done.seconds)));
        self.screen.message(&format!("\n{text}"));
    }

    /// Lists what the run has made, and where to look at it.
    fn made(&self, done: &Done) -> Vec<String> {
        let rows: Vec<[String; 3]> = self.outputs.iter().map(output_cells).collect();
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].width())
                .max()
                .unwrap_or(0)
        };
        let (kind, name) = (width(0), width(1));
        let mut lines: Vec<String> = rows
            .iter()
            .map(|[a, b, c]| {
                format!(
                    "{DIM}{}{DIM:#}  {}  {c}",
                    pad_right(a, kind),
                    pad_right(b, name)
                )
            })
            .collect();
        if self.outputs.iter().any(|output| output.kind == "table") {
            lines.push(match done.datasource.strip_prefix("duckdb:///") {
                Some(file) if file.contains(char::is_whitespace) => {
                    format!("{DIM}look at the tables with{DIM:#} duckdb '{file}'")
                }
                Some(file) => format!("{DIM}look at the tables with{DIM:#} duckdb {file}"),
                None => format!("{DIM}tables are in{DIM:#} {}", done.datasource),
            });
        }
        lines
    }
}

fn output_cells(output: &Output) -> [String; 3] {
    let detail = match output.rows {
        Some(1) => "1 row".to_owned(),
        Some(rows) => format!("{rows} rows"),
        None => output.location.clone(),
    };
    [output.kind.clone(), output.name.clone(), detail]
}

fn show_in_bar(bar: &ProgressBar, progress: &Progress) {
    if bar.length() != progress.total {
        match progress.total {
            Some(total) => bar.set_length(total),
            None => bar.unset_length(),
        }
        bar.set_style(style(if progress.total.is_some() {
            Shape::Bar
        } else {
            Shape::Spinner
        }));
    }
    bar.set_position(progress.done);
    bar.set_message(describe(progress));
}

enum Shape {
    Bar,
    Spinner,
}

fn style(shape: Shape) -> ProgressStyle {
    let template = match shape {
        Shape::Bar => "{spinner} {prefix:24}  {bar:24}  {msg}  {elapsed}",
        Shape::Spinner => "{spinner} {prefix:24}  {msg}  {elapsed}",
    };
    ProgressStyle::with_template(template)
        .expect("the template is well-formed")
        .progress_chars("━╸ ")
}

fn describe(progress: &Progress) -> String {
    let Progress { done, unit, .. } = progress;
    let mut text = match progress.total {
        Some(total) => format!("{done}/{total} {unit}"),
        None => format!("{done} {unit}"),
    };
    for (name, value) in &progress.metrics {
        text.push_str(&format!("{GAP}{name} {}", show(value)));
    }
    printable(&text)
}

/// Says a duration as people do.
fn describe_seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round();
    format!("{:.0} min {:.0} s", (whole / 60.0).floor(), whole % 60.0)
}

/// Where lines go: around moving lines on a terminal, one after the other elsewhere.
struct Screen {
    bars: Option<MultiProgress>,
    /// Columns that a table may take; nothing limits a file.
    width: Option<usize>,
    /// Nobody reads the results any more (`sqlflowc run … | head`).
    results_closed: bool,
    /// Whether no result has been shown, which the others stand apart from.
    first_result: bool,
}

impl Screen {
    fn detect() -> Screen {
        let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let moving = io::stderr().is_terminal() && !dumb;
        let width = table_width();
        Screen {
            bars: moving.then(MultiProgress::new),
            width,
            results_closed: false,
            first_result: true,
        }
    }

    fn bar(&self, step: &str) -> Option<ProgressBar> {
        let bar = self.bars.as_ref()?.add(ProgressBar::no_length());
        bar.set_style(style(Shape::Spinner));
        bar.set_prefix(step.to_owned());
        bar.enable_steady_tick(TICK);
        Some(bar)
    }

    fn mark(&self, status: Status) -> String {
        match (self.bars.is_some(), status) {
            (true, Status::Succeeded) => format!("{GOOD}✓{GOOD:#}"),
            (true, Status::Failed) => format!("{BAD}✗{BAD:#}"),
            (true, Status::Cancelled) => format!("{WARNING}■{WARNING:#}"),
            (true, Status::Skipped) => format!("{DIM}-{DIM:#}"),
            (false, Status::Succeeded) => "done ".to_owned(),
            (false, Status::Failed) => format!("{BAD}FAIL{BAD:#} "),
            (false, Status::Cancelled) => "stop ".to_owned(),
            (false, Status::Skipped) => "skip ".to_owned(),
        }
    }

    /// Returns blanks as wide as a mark.
    fn indent(&self) -> &'static str {
        if self.bars.is_some() { "  " } else { "      " }
    }

    fn message(&self, text: &str) {
        self.between_bars(|| {
            // When standard error is gone there is nowhere to say so.
            let _ = writeln!(anstream::stderr(), "{text}");
        });
    }

    fn result(&mut self, table: &Table) -> io::Result<()> {
        if self.results_closed {
            return Ok(());
        }
        let text = draw_table(table, self.width);
        let apart = if self.first_result { "" } else { "\n" };
        self.first_result = false;
        let write = || {
            let mut stdout = anstream::stdout().lock();
            writeln!(
                stdout,
                "{apart}{BOLD}{}{BOLD:#}\n{text}",
                printable(&table.title)
            )?;
            stdout.flush()
        };
        match self.between_bars(write) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.results_closed = true,
            result => result?,
        }
        Ok(())
    }

    fn between_bars<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }
}

/// The width that a table on standard output may have; nothing limits it elsewhere.
pub(super) fn table_width() -> Option<usize> {
    io::stdout().is_terminal().then(terminal_width)
}

fn terminal_width() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(80, |(width, _)| width.0.into())
}

/// Draws a table under its column names: numbers to the right, text to the left.
pub(super) fn draw_table(table: &Table, width: Option<usize>) -> String {
    let mut columns: Vec<Column> = (0..table.columns.len())
        .map(|index| Column::new(table, index))
        .collect();
    if let Some(width) = width {
        fit(&mut columns, table.rows.len(), width);
    }
    let line = |cells: &[String]| {
        let cells = columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| column.align(cell));
        cells
            .collect::<Vec<String>>()
            .join(GAP)
            .trim_end()
            .to_owned()
    };
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let rules: Vec<String> = columns
        .iter()
        .map(|column| "─".repeat(column.width))
        .collect();
    let mut text = format!("{}\n{DIM}{}{DIM:#}", line(&names), rules.join(GAP));
    for row in 0..table.rows.len() {
        for cells in lines_of_row(&columns, row) {
            text.push('\n');
            text.push_str(&line(&cells));
        }
    }
    let shown = table.rows.len() as u64;
    if table.row_count > shown {
        text.push_str(&format!(
            "\n{DIM}{} rows, the first {shown} shown{DIM:#}",
            table.row_count
        ));
    } else if shown == 0 {
        text.push_str(&format!("\n{DIM}no rows{DIM:#}"));
    }
    text
}

/// Breaks a row into lines. Only a list of properties needs more than one: its values are read,
/// while the cells of a table are compared.
fn lines_of_row(columns: &[Column], row: usize) -> Vec<Vec<String>> {
    if let [name, value] = columns
        && value.side == Side::Left
    {
        let parts = wrap(&value.cells[row], value.width).into_iter();
        let names = iter::once(name.cells[row].clone()).chain(iter::repeat(String::new()));
        return names
            .zip(parts)
            .map(|(name, part)| vec![name, part])
            .collect();
    }
    vec![
        columns
            .iter()
            .map(|column| column.cells[row].clone())
            .collect(),
    ]
}

struct Column {
    name: String,
    cells: Vec<String>,
    width: usize,
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Left,
    Right,
}

impl Column {
    fn new(table: &Table, index: usize) -> Column {
        let values = || {
            table
                .rows
                .iter()
                .map(|row| row.get(index).unwrap_or(&Value::Null))
        };
        let name = printable(&table.columns[index]);
        let cells: Vec<String> = values().map(show).collect();
        let widest = cells
            .iter()
            .chain([&name])
            .map(|text| text.width())
            .max()
            .unwrap_or(0);
        let side = if values().all(is_number) {
            Side::Right
        } else {
            Side::Left
        };
        Column {
            name,
            cells,
            width: widest.min(CELL_WIDTH),
            side,
        }
    }

    /// Stands for columns that there is no room for.
    fn left_out(rows: usize) -> Column {
        Column {
            name: "…".to_owned(),
            cells: vec!["…".to_owned(); rows],
            width: 1,
            side: Side::Left,
        }
    }

    fn align(&self, text: &str) -> String {
        let text = cut(text, self.width);
        match self.side {
            Side::Left => pad_right(&text, self.width),
            Side::Right => format!("{}{text}", " ".repeat(self.width - text.width())),
        }
    }
}

/// Makes the columns fit: the widest give way first, then those in the middle are left out.
fn fit(columns: &mut Vec<Column>, rows: usize, width: usize) {
    let total = |columns: &[Column]| {
        columns
            .iter()
            .map(|column| column.width + GAP.len())
            .sum::<usize>()
            .saturating_sub(GAP.len())
    };
    while total(columns) > width {
        let widest = columns.iter_mut().max_by_key(|column| column.width);
        match widest.filter(|column| column.width > LEAST_CELL_WIDTH) {
            Some(column) => column.width -= 1,
            None => break,
        }
    }
    // The last column stays: it is the one that PREDICT adds.
    let mut removed = false;
    while total(columns) > width && columns.len() > 3 {
        let middle = columns.len() - 2;
        if removed {
            columns.remove(middle - 1);
        } else {
            columns[middle] = Column::left_out(rows);
            removed = true;
        }
    }
}

fn is_number(value: &Value) -> bool {
    match value {
        Value::Null | Value::Number(_) => true,
        Value::String(text) => ["NaN", "Infinity", "-Infinity"].contains(&text.as_str()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Shows one value; six decimals are enough to read, the table in the database has the rest.
fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => printable(text),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => show_float(float),
            _ => number.to_string(),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => printable(&value.to_string()),
    }
}

fn show_float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{number:.5e}");
    }
    let text = format!("{number:.6}");
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        format!("{short}0")
    } else {
        short.to_owned()
    }
}

/// Replaces what would move the cursor: data may hold anything.
fn printable(text: &str) -> String {
    text.replace("\r\n", " ")
        .chars()
        .map(|character| match character {
            '\n' | '\t' => ' ',
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(character);
    }
    kept + "…"
}

/// Breaks text at blanks; a word that is too long for a line is left to be cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn pad_right(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn table(columns: &[&str], rows: Value, row_count: u64) -> Table {
        Table {
            title: "rows".to_owned(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            rows: serde_json::from_value(rows).expect("a list of lists"),
            row_count,
        }
    }

    fn drawn(table: &Table, width: Option<usize>) -> String {
        anstream::adapter::strip_str(&draw_table(table, width)).to_string()
    }

    #[test]
    fn numbers_stand_to_the_right_and_text_to_the_left() {
        let rows = json!([["a", 1, 0.5, null], ["long text", 20, "NaN", true]]);
        assert_snapshot!(drawn(&table(&["name", "n", "score", "ok"], rows, 2), None), @"
        name        n  score  ok
        ─────────  ──  ─────  ────
        a           1    0.5  NULL
        long text  20    NaN  true
        ");
    }

    #[test]
    fn wide_and_control_characters_keep_the_columns_straight() {
        let rows = json!([["花", 1], ["a\u{1b}[31m\nb\tc", 2]]);
        assert_snapshot!(drawn(&table(&["名前", "n"], rows, 2), None), @"
        名前        n
        ──────────  ─
        花          1
        a�[31m b c  2
        ");
    }

    #[test]
    fn rows_that_are_not_shown_are_counted() {
        assert_snapshot!(drawn(&table(&["n"], json!([[1], [2]]), 150), None), @"
        n
        ─
        1
        2
        150 rows, the first 2 shown
        ");
    }

    #[test]
    fn table_without_rows_says_so() {
        assert_snapshot!(drawn(&table(&["n", "class"], json!([]), 0), None), @"
        n  class
        ─  ─────
        no rows
        ");
    }

    #[test]
    fn widest_columns_give_way_first() {
        let rows = json!([["a rather long piece of text", "short", 1]]);
        assert_snapshot!(drawn(&table(&["text", "word", "n"], rows, 1), Some(24)), @"
        text            word   n
        ──────────────  ─────  ─
        a rather long…  short  1
        ");
    }

    #[test]
    fn long_properties_are_broken_into_lines() {
        let rows = json!([
            ["statement", "SELECT * FROM iris.train TO TRAIN x"],
            ["rows", "5"]
        ]);
        assert_snapshot!(drawn(&table(&["property", "value"], rows, 2), Some(30)), @"
        property   value
        ─────────  ───────────────────
        statement  SELECT * FROM
                   iris.train TO TRAIN
                   x
        rows       5
        ");
    }

    #[test]
    fn columns_in_the_middle_are_left_out_when_nothing_else_helps() {
        let names: Vec<String> = (0..30).map(|n| format!("mean_radius_{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let row: Vec<u64> = (0..30).map(|n| n * 1_000_000).collect();
        let text = drawn(&table(&names, json!([row]), 1), Some(60));
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
        assert_snapshot!(text, @"
        mean_ra…  mean_ra…  mean_ra…  mean_ra…  …  mean_ra…
        ────────  ────────  ────────  ────────  ─  ────────
               0   1000000   2000000   3000000  …  29000000
        ");
    }

    #[test]
    fn floats_are_shown_with_what_can_be_read() {
        let shown: Vec<String> = [0.0, 1.0, 0.966_666_666_7, 1_234_567.891, 1e-9, 2.5e20, -0.1]
            .map(show_float)
            .to_vec();
        assert_snapshot!(shown.join(" "), @"0.0 1.0 0.966667 1234567.891 1.00000e-9 2.50000e20 -0.1");
    }

    #[test]
    fn progress_names_its_metrics() {
        let event = json!({
            "event": "progress", "step": "train", "done": 3, "total": 30, "unit": "rounds",
            "metrics": {"train-mlogloss": 0.25, "loss": "NaN"},
        });
        let Event::Progress(progress) = serde_json::from_value(event).expect("a progress event")
        else {
            panic!("another event");
        };
        assert_snapshot!(describe(&progress), @"3/30 rounds  train-mlogloss 0.25  loss NaN");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let shown = [0.04, 59.94, 60.0, 3599.6].map(describe_seconds);
        assert_snapshot!(shown.join(", "), @"0.0 s, 59.9 s, 1 min 0 s, 60 min 0 s");
    }
}
