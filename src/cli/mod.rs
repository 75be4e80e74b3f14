//! The command line: what was typed, what was meant, and what is done.

mod arguments;
mod commands;
mod environment;
mod files;
mod plan;
mod progress;
mod run;
mod settings;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use sqlflowc::parallel::STACK_BYTES;

use arguments::Arguments;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    /// The program, or a step of it, has errors.
    ProgramErrors,
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
            Exit::ResourceFailed => 3,
            Exit::Status(status) => status,
        })
    }
}

/// Reads the arguments and does what they say. Wrong usage ends the process
/// with status 2, which is clap's own.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
    match worker.spawn(|| finish(commands::run(arguments))) {
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
