//! The plan has a path for each dependence of a program and no edge without
//! one: on random programs, by what their author says they read and write.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fmt::Write;

use sqlflowc::compile;
use sqlflowc::diagnostic::{Format, render};
use sqlflowc::ir::Action;
use sqlflowc::plan::Plan;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;
use support::programs::{self, Statement};

const PROGRAMS: u64 = 1000;

/// How many of the failing programs are named; the shortest is shown whole.
const SHOWN: u64 = 20;

fn plan(text: &str) -> Result<Plan, String> {
    let source = SourceFile::new("random.sql", text);
    let (plan, diagnostics) = compile::plan(&source, Dialect::DuckDb);
    plan.ok_or_else(|| render(&source, &diagnostics, Format::Human { colour: false }))
}

/// The step of each statement that is one, by the number that it bears.
fn step_of(plan: &Plan, statements: &[Statement]) -> Vec<Option<usize>> {
    let mut step_of = vec![None; statements.len()];
    for (at, planned) in plan.steps().enumerate() {
        let Action::Query(query) = &planned.step.action else {
            panic!("the programs are plain SQL");
        };
        for statement in &query.statements {
            let (_, rest) = statement.split_once("/*").unwrap();
            let (number, _) = rest.split_once("*/").unwrap();
            let number: usize = number.parse().unwrap();
            if statements[number].is_step {
                assert_eq!(step_of[number], None, "one step has each statement");
                step_of[number] = Some(at);
            }
        }
    }
    step_of
}

/// For each step those that come before it, over one edge or more.
fn all_before(plan: &Plan, without: Option<(usize, usize)>) -> Vec<Vec<bool>> {
    let mut all_before: Vec<Vec<bool>> = Vec::new();
    for at in 0..plan.len() {
        let mut all = vec![false; plan.len()];
        for source in plan.sources(at) {
            if without == Some((source, at)) {
                continue;
            }
            all[source] = true;
            for (earlier, is_before) in all_before[source].iter().enumerate() {
                all[earlier] |= is_before;
            }
        }
        all_before.push(all);
    }
    all_before
}

/// What is wrong with the plan of a program.
fn wrong(statements: &[Statement]) -> Result<(), String> {
    let text: Vec<_> = statements.iter().map(|s| s.text.as_str()).collect();
    let plan = plan(&text.join(";\n"))?;
    let step_of = step_of(&plan, statements);
    let before = all_before(&plan, None);
    let mut dependent = vec![vec![false; plan.len()]; plan.len()];
    for (later, statement) in statements.iter().enumerate() {
        if !statement.is_step {
            continue;
        }
        let step = step_of[later].ok_or_else(|| format!("{later} is in no step"))?;
        for (earlier, other) in statements[..later].iter().enumerate() {
            let Some(other_step) = step_of[earlier] else {
                continue;
            };
            if !statement.sessions.is_disjoint(&other.sessions) && step != other_step {
                return Err(format!(
                    "{earlier} and {later} share a session:\n{}\n{}",
                    other.text, statement.text
                ));
            }
            if step == other_step || !other.effect.conflicts(&statement.effect) {
                continue;
            }
            dependent[step][other_step] = true;
            if !before[step][other_step] {
                return Err(format!(
                    "{later} does not wait for {earlier}:\n{}\n{}",
                    statement.text, other.text
                ));
            }
        }
    }
    for (source, target, reasons) in plan.edges() {
        let (from, to) = (&plan.step(source).name, &plan.step(target).name);
        if !dependent[target][source] {
            return Err(format!("{to} waits for {from} without need: {reasons:?}"));
        }
        if all_before(&plan, Some((source, target)))[target][source] {
            return Err(format!("{to} waits for {from} over another path too"));
        }
    }
    Ok(())
}

#[test]
fn plans_have_the_edges_that_their_programs_need_and_no_others() {
    let mut found = String::new();
    let mut failing = 0;
    let mut shortest: Option<Vec<Statement>> = None;
    for seed in programs::seeds(PROGRAMS) {
        // Short ones, so that what fails can be read, and long ones.
        let length = [12, 30, 60][usize::try_from(seed % 3).unwrap()];
        let statements = programs::program(seed, length);
        if let Err(error) = wrong(&statements) {
            failing += 1;
            if failing <= SHOWN {
                writeln!(found, "seed {seed}: {error}").unwrap();
            }
            if shortest
                .as_ref()
                .is_none_or(|other| statements.len() < other.len())
            {
                shortest = Some(statements);
            }
        }
    }
    for statement in shortest.iter().flatten() {
        writeln!(found, "{};", statement.text).unwrap();
    }
    assert!(failing == 0, "{failing} programs\n{found}");
}
