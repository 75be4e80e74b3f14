//! Processor and wall time of each stage, for the programs given by path, with
//! one thread and with all: `cargo bench --bench stages -- PROGRAM…`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

#[path = "../tests/support/options.rs"]
mod options;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use sqlflowc::backend::{self, Target};
use sqlflowc::plan::Plan;
use sqlflowc::semantic;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax;
use sqlflowc::syntax::sql::{Dialect, Reading};

// The compiler's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The smallest of this many is what a stage takes when nothing disturbs it.
const REPETITIONS: usize = 7;

#[derive(Clone, Copy)]
struct Time {
    cpu: Duration,
    wall: Duration,
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        now.tv_sec.try_into().unwrap(),
        now.tv_nsec.try_into().unwrap(),
    )
}

/// The times of the stages of one compilation, in their order.
fn compile(text: &str, threads: NonZeroUsize) -> Vec<(&'static str, Time)> {
    let mut times = Vec::new();
    let (mut cpu_before, mut wall_before) = (cpu(), Instant::now());
    let mut stage = |name| {
        let (cpu_now, wall_now) = (cpu(), Instant::now());
        let time = Time {
            cpu: cpu_now - cpu_before,
            wall: wall_now - wall_before,
        };
        times.push((name, time));
        (cpu_before, wall_before) = (cpu(), Instant::now());
    };
    let source = SourceFile::new("program.sql", text);
    stage("source");
    let reading = Reading {
        threads,
        ..Reading::from(Dialect::DuckDb)
    };
    let (program, diagnostics) = syntax::parse(&source, reading);
    assert!(!diagnostics.has_errors());
    stage("tokenize, parse");
    let (ir, diagnostics) = semantic::analyze(&source, reading.dialect, None, program);
    assert!(!diagnostics.has_errors());
    stage("analyze");
    let plan = Plan::build(ir);
    stage("plan");
    let mut options = options::options("stages", &source);
    options.threads = threads;
    let script = backend::emit(&plan, Target::Local, &options).unwrap();
    stage("emit local");
    let json = backend::emit(&plan, Target::Plan, &options).unwrap();
    stage("emit plan");
    assert!(script.len() > json.len() / 100);
    drop(plan);
    stage("drop");
    times
}

fn main() {
    let all = std::thread::available_parallelism().unwrap();
    println!("microseconds a statement: processor / wall");
    for path in std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let statements = text.matches(';').count() as f64;
        for threads in [NonZeroUsize::MIN, all] {
            println!("{path}, {statements} statements, {threads} threads");
            let mut best = compile(&text, threads);
            for _ in 1..REPETITIONS {
                for (best, (_, time)) in best.iter_mut().zip(compile(&text, threads)) {
                    best.1.cpu = best.1.cpu.min(time.cpu);
                    best.1.wall = best.1.wall.min(time.wall);
                }
            }
            for (name, time) in best {
                let each = |time: Duration| time.as_secs_f64() * 1e6 / statements;
                println!(
                    "  {name:16} {:7.2} / {:7.2}",
                    each(time.cpu),
                    each(time.wall)
                );
            }
        }
    }
}
