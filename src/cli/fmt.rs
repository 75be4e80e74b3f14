//! `sqlflowc fmt`: programs in canonical form.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use similar::TextDiff;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::format::format;
use sqlflowc::syntax::sql::Reading;

use super::arguments::DialectArguments;
use super::commands::report;
use super::files::{print, read_program, write_artifact};
use super::{Exit, is_broken_pipe, settings};

#[derive(Debug, Args)]
pub(super) struct FmtArguments {
    /// The programs' files, which are rewritten, or `-` for standard input,
    /// which goes to standard output
    #[arg(value_name = "PROGRAM", required = true)]
    pub(super) programs: Vec<PathBuf>,
    /// Write nothing; name the files that would change, and exit with status 1
    #[arg(long)]
    pub(super) check: bool,
    /// Write nothing; show what would change, and exit with status 1
    #[arg(long)]
    pub(super) diff: bool,
    #[command(flatten)]
    pub(super) dialect: DialectArguments,
}

pub(super) fn fmt(arguments: &FmtArguments) -> Result<Exit> {
    let mut exit = Exit::Done;
    for path in &arguments.programs {
        let configuration = &arguments.dialect.configuration;
        let loaded = settings::configuration(configuration, path)?;
        let reading = settings::reading(&arguments.dialect, &loaded.configuration, None);
        match program(path, reading, arguments) {
            Ok(Exit::Done) => {}
            Ok(other) if exit == Exit::Done => exit = other,
            Ok(_) => {}
            Err(error) if is_broken_pipe(&error) => return Err(error),
            // A file that cannot be read or written keeps no other from it.
            Err(error) => {
                writeln!(anstream::stderr(), "error: {error:#}")?;
                exit = Exit::ResourceFailed;
            }
        }
    }
    Ok(exit)
}

fn program(path: &Path, reading: Reading, arguments: &FmtArguments) -> Result<Exit> {
    let source = read_program(path)?;
    let formatted = format(&source, reading);
    let before = written(&source);
    let is_canonical = formatted.text == before;
    let mut exit = Exit::Done;
    if !formatted.errors.is_empty() {
        report(&source, &formatted.errors)?;
        exit = Exit::ProgramErrors;
    }
    if arguments.check || arguments.diff {
        if is_canonical {
            return Ok(exit);
        }
        if arguments.diff {
            print(&diff(source.name(), &before, &formatted.text))?;
        } else {
            print(&format!("{}\n", source.name()))?;
        }
        return Ok(Exit::ProgramErrors);
    }
    if path == Path::new("-") {
        print(&formatted.text)?;
    } else if !is_canonical {
        write_artifact(path, &formatted.text)?;
    }
    Ok(exit)
}

/// The file's own text.
fn written(source: &SourceFile) -> String {
    let mark = source.has_mark().then_some(SourceFile::MARK);
    mark.into_iter().chain(source.text().chars()).collect()
}

fn diff(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(name, &format!("{name} (canonical)"))
        .to_string()
}
