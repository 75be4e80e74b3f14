//! The command line: what was typed, what was meant, and what is done.

mod arguments;
mod commands;
mod config;
mod diff;
mod environment;
mod files;
mod fmt;
mod installer;
mod interpreter;
mod inventory;
mod model;
mod models;
mod plan;
mod progress;
mod run;
mod schema;
mod settings;
mod stale;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use sqlflowc::diagnostic::{Diagnostics, Format, render};
use sqlflowc::parallel::STACK_BYTES;
use sqlflowc::source::SourceFile;

use arguments::{Arguments, Sources};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    /// The program, or a step of it, has errors.
    ProgramErrors,
    /// The command, or the configuration file, does not say what to do.
    WrongUsage,
    /// A file, the network or another resource failed.
    ResourceFailed,
    /// A status that a run of steps ended with.
    Status(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::ProgramErrors => 1,
            Exit::WrongUsage => 2,
            Exit::ResourceFailed => 3,
            Exit::Status(status) => status,
        })
    }
}

/// Reads the arguments and does what they say. Wrong usage ends the process
/// with status 2, which is clap's own.
pub(crate) fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let sources = Sources::of(&matches);
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
    match worker.spawn(move || finish(commands::run(arguments, &sources))) {
        Ok(worker) => match worker.join() {
            Ok(exit) => exit.into(),
            Err(panic) => std::panic::resume_unwind(panic),
        },
        Err(error) => finish(Err(error.into())).into(),
    }
}

fn finish(result: anyhow::Result<Exit>) -> Exit {
    match result {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Done,
        Err(error) if error.is::<WrongUsage>() || error.is::<WrongConfiguration>() => {
            // As below.
            let _ = write!(anstream::stderr(), "{error}");
            Exit::WrongUsage
        }
        Err(error) => {
            // When standard error is gone too there is nobody to tell.
            let _ = writeln!(anstream::stderr(), "error: {error:#}");
            Exit::ResourceFailed
        }
    }
}

/// `sqlflowc plan p.sql | head` closes the pipe early, which is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// What was typed makes no sense with what the configuration file says.
#[derive(Debug)]
pub(crate) struct WrongUsage(pub(crate) String);

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "error: {}", self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// The configuration file is wrong.
#[derive(Debug)]
pub(crate) struct WrongConfiguration {
    pub(crate) source: SourceFile,
    pub(crate) diagnostics: Diagnostics,
}

impl std::fmt::Display for WrongConfiguration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = Format::Human { colour: true };
        f.write_str(&render(&self.source, &self.diagnostics, format))
    }
}

impl std::error::Error for WrongConfiguration {}
