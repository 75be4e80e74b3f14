//! Any order that the plan allows ends where the program's own order ends: on
//! random programs, executed on a real PostgreSQL and a real MariaDB.

mod mariadb;
mod postgresql;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sqlflowc::compile;
use sqlflowc::diagnostic::{Code, Format, render};
use sqlflowc::ir::Action;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;
use tempfile::TempDir;

use crate::support;
use crate::support::programs::{self, Random};

const PROGRAMS: u64 = 200;
const STATEMENTS: usize = 30;
const ORDERS: usize = 6;

/// A client gets the scripts of so many programs at once.
const TOGETHER: usize = 20;

/// How many of the failing programs are shown whole.
const SHOWN: usize = 3;

/// What one connection executes.
#[derive(Debug, Clone, Default)]
struct Step {
    name: String,
    session: Vec<String>,
    statements: Vec<String>,
    needs: Vec<String>,
}

/// What became of some steps: the statements that failed, by their numbers,
/// and what the database holds at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    errors: BTreeMap<usize, String>,
    state: String,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    PostgreSql,
    MariaDb,
}

/// A server that is there until this is dropped.
struct Server {
    kind: Kind,
    folder: TempDir,
    /// Where it is, as its client takes it.
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = servers(&["stop"], self.folder.path());
        // Another message would hide why the test has failed.
        assert!(stopped.status.success() || std::thread::panicking());
    }
}

fn servers(action: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(support::root().join("tests/databases/servers.py"));
    let (action, options) = action.split_first().unwrap();
    command
        .arg(action)
        .arg(folder.join("data"))
        .args(options)
        .stderr(Stdio::inherit())
        .output()
        .unwrap()
}

impl Server {
    fn start(kind: Kind) -> Server {
        let (name, variable) = match kind {
            Kind::PostgreSql => ("postgresql", "SQLFLOWC_TEST_POSTGRESQL="),
            Kind::MariaDb => ("mariadb", "SQLFLOWC_TEST_MARIADB_OPTIONS="),
        };
        // Definitions wait for the disk, so that they are five times faster in memory.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        }
        .unwrap();
        // The server runs as another user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let output = servers(&["start", "--only", name], folder.path());
        assert!(output.status.success(), "{name} does not start");
        let output = String::from_utf8(output.stdout).unwrap();
        let mut variables = output.lines();
        let address = variables.find_map(|line| line.strip_prefix(variable));
        Server {
            kind,
            folder,
            address: address.unwrap().to_owned(),
        }
    }

    fn dialect(&self) -> Dialect {
        match self.kind {
            Kind::PostgreSql => Dialect::PostgreSql,
            Kind::MariaDb => Dialect::MySql,
        }
    }

    fn program(&self, seed: u64) -> Vec<String> {
        match self.kind {
            Kind::PostgreSql => postgresql::program(seed, STATEMENTS),
            Kind::MariaDb => mariadb::program(seed, STATEMENTS),
        }
    }

    fn execute(&self, runs: &[Vec<&Step>]) -> Vec<End> {
        let ends = match self.kind {
            Kind::PostgreSql => self.execute_on_postgresql(runs),
            Kind::MariaDb => self.execute_on_mariadb(runs),
        };
        assert_eq!(ends.len(), runs.len(), "each run tells how it ends");
        ends
    }

    fn execute_on_postgresql(&self, runs: &[Vec<&Step>]) -> Vec<End> {
        let mut script = postgresql::SETUP.to_owned();
        for run in runs {
            postgresql::script(run, &mut script);
        }
        let mut client = Command::new("psql");
        client
            .args(["--quiet", "--no-psqlrc", "--no-align", "--tuples-only"])
            .arg(&self.address);
        let output = String::from_utf8(communicate(client, script).stdout).unwrap();
        let mut ends = Vec::new();
        let mut errors = BTreeMap::new();
        for line in output.lines() {
            if let Some(error) = line.strip_prefix("@@error ") {
                let (number, message) = error.split_once(' ').unwrap();
                errors.insert(number.parse().unwrap(), message.to_owned());
            } else if let Some(state) = line.strip_prefix("@@state ") {
                let state = state.to_owned();
                let errors = std::mem::take(&mut errors);
                ends.push(End { errors, state });
            }
        }
        ends
    }

    fn execute_on_mariadb(&self, runs: &[Vec<&Step>]) -> Vec<End> {
        let mut script = mariadb::SETUP.to_owned();
        let mut places: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut line = script.matches('\n').count();
        for (at, run) in runs.iter().enumerate() {
            let (mut own, mut lines) = (String::new(), Vec::new());
            mariadb::script(run, &mut own, &mut lines);
            for (number, own_line) in lines.into_iter().enumerate() {
                places.insert(line + own_line, (at, number));
            }
            line += own.matches('\n').count();
            script += &own;
        }
        let mut client = Command::new("mariadb");
        client
            .arg(format!("--defaults-file={}", self.address))
            // Each step connects anew: on the loopback address, without TLS,
            // that takes a fraction of a millisecond.
            .args([
                "--skip-ssl",
                "--no-auto-rehash",
                "--force",
                "--batch",
                "--skip-column-names",
            ]);
        let output = communicate(client, script);
        let states = String::from_utf8(output.stdout).unwrap();
        let states = states
            .lines()
            .filter_map(|line| line.strip_prefix("@@state "));
        let mut ends: Vec<End> = states
            .map(|state| End {
                errors: BTreeMap::new(),
                state: state.to_owned(),
            })
            .collect();
        for error in String::from_utf8(output.stderr).unwrap().lines() {
            // `ERROR 1146 (42S02) at line 12: Table 's.b' doesn't exist`
            let Some((_, rest)) = error.split_once(" at line ") else {
                continue;
            };
            let (line, message) = rest.split_once(": ").unwrap();
            let Some((at, number)) = places.get(&line.parse().unwrap()) else {
                panic!("{error}");
            };
            ends[*at].errors.insert(*number, message.to_owned());
        }
        ends
    }
}

fn communicate(mut client: Command, script: String) -> Output {
    let mut client = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()).unwrap());
    let output = client.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// A random order of the steps in which each comes after what it needs.
fn allowed_order<'s>(steps: &'s [Step], random: &mut Random) -> Vec<&'s Step> {
    let mut waiting: Vec<&Step> = steps.iter().collect();
    let mut order: Vec<&Step> = Vec::new();
    while !waiting.is_empty() {
        let is_done = |name: &String| order.iter().any(|step| step.name == *name);
        let ready: Vec<usize> = (0..waiting.len())
            .filter(|at| waiting[*at].needs.iter().all(is_done))
            .collect();
        let chosen = ready[random.below(ready.len())];
        order.push(waiting.remove(chosen));
    }
    order
}

fn steps(server: &Server, text: &str) -> Vec<Step> {
    let source = SourceFile::new("random.sql", text);
    let (plan, diagnostics) = compile::plan(&source, server.dialect());
    let plan = plan.unwrap_or_else(|| {
        panic!(
            "{text}\n{}",
            render(&source, &diagnostics, Format::Human { colour: false })
        )
    });
    let steps = plan.steps().enumerate().map(|(at, planned)| {
        let Action::Query(query) = &planned.step.action else {
            panic!("the programs are plain SQL");
        };
        Step {
            name: planned.name.clone(),
            session: planned.step.session.clone(),
            statements: query.statements.clone(),
            needs: plan
                .needs_names(at)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    });
    steps.collect()
}

/// Whether the compiler can read the statement: to its user, others are errors.
fn can_be_read(server: &Server, statement: &str) -> bool {
    let source = SourceFile::new("random.sql", statement);
    let (_, diagnostics) = compile::plan(&source, server.dialect());
    let mut codes = diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes.all(|code| code != Code::SqlSyntax)
}

/// Random programs without the statements that fail: in a run they would end
/// the program, so what comes after them is not promised.
fn executable(server: &Server, seeds: &[u64]) -> Vec<String> {
    let mut programs: Vec<Vec<String>> = seeds.iter().map(|seed| server.program(*seed)).collect();
    for program in &mut programs {
        program.retain(|statement| can_be_read(server, statement));
    }
    // Without what failed, something else may.
    for _ in 0..4 {
        let whole: Vec<Step> = programs
            .iter()
            .map(|statements| Step {
                statements: statements.clone(),
                ..Step::default()
            })
            .collect();
        let runs: Vec<Vec<&Step>> = whole.iter().map(|step| vec![step]).collect();
        let ends = server.execute(&runs);
        for (program, end) in programs.iter_mut().zip(ends) {
            // A failure within a transaction makes the rest of it fail.
            let failing = end.errors.keys().copied();
            let failing: Vec<usize> = failing.collect();
            let mut at = 0;
            program.retain(|_| {
                at += 1;
                !failing.contains(&(at - 1))
            });
        }
    }
    programs
        .iter()
        .map(|statements| statements.join(";\n"))
        .collect()
}

/// What is different after other orders than the programs' own, and how many
/// programs fail step by step in their own order: those promise nothing. One
/// is `USE s; DROP DATABASE s`, after which no other connection can `USE s`.
fn different(server: &Server, seeds: &[u64]) -> (Vec<String>, usize) {
    let texts = executable(server, seeds);
    let programs: Vec<Vec<Step>> = texts.iter().map(|text| steps(server, text)).collect();
    let mut orders: Vec<Vec<&Step>> = Vec::new();
    for (seed, program) in seeds.iter().zip(&programs) {
        orders.push(program.iter().collect());
        let mut random = Random::new(*seed);
        orders.extend((0..ORDERS).map(|_| allowed_order(program, &mut random)));
    }
    let ends = server.execute(&orders);
    let mut found = Vec::new();
    let mut failing = 0;
    for (at, text) in texts.iter().enumerate() {
        let first = at * (ORDERS + 1);
        let own = &ends[first];
        if !own.errors.is_empty() {
            failing += 1;
            continue;
        }
        let others = (first + 1..=first + ORDERS).find(|run| ends[*run] != *own);
        if let Some(run) = others {
            let mut shown = format!("seed {}\n", seeds[at]);
            for step in &orders[run] {
                for statement in &step.statements {
                    writeln!(shown, "{statement};").unwrap();
                }
                writeln!(shown, "  -- {}, after {}", step.name, step.needs.join(", ")).unwrap();
            }
            writeln!(
                shown,
                "program:\n{text}\nwanted {own:#?}\nfound  {:#?}",
                ends[run]
            )
            .unwrap();
            found.push(shown);
        }
    }
    (found, failing)
}

fn check(kind: Kind) {
    let server = &Server::start(kind);
    let seeds: Vec<u64> = programs::seeds(PROGRAMS).collect();
    let mut found = Vec::new();
    let mut failing = 0;
    for seeds in seeds.chunks(TOGETHER) {
        let (different, also_failing) = different(server, seeds);
        found.extend(different);
        failing += also_failing;
    }
    found.sort_by_key(String::len);
    let shown: Vec<_> = found.iter().take(SHOWN).map(String::as_str).collect();
    assert!(
        found.is_empty(),
        "{} programs, {failing} fail\n{}",
        found.len(),
        shown.join("\n")
    );
    assert!(
        failing <= seeds.len() / 10,
        "{failing} of {} programs fail in their own order",
        seeds.len()
    );
}

#[test]
fn orders_that_the_plan_allows_end_in_one_state_on_postgresql() {
    check(Kind::PostgreSql);
}

#[test]
fn orders_that_the_plan_allows_end_in_one_state_on_mariadb() {
    check(Kind::MariaDb);
}
