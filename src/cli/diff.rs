//! `sqlflowc diff`: what changed in the plan between two programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use sqlflowc::compile;
use sqlflowc::plan::{Colour, DiffFormat, Difference, Version};
use sqlflowc::source::SourceFile;

use super::Exit;
use super::arguments::DialectArguments;
use super::commands::{report, usage_error};
use super::files::{print, program, read_program};
use super::settings;

#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// The old program: a file, `-`, or `REVISION:PATH` of a Git repository
    ///
    /// The path of a revision is from the repository's root, or from here when it
    /// begins with `./`. `:PATH` is what is staged.
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The new program, likewise
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,
    #[command(flatten)]
    pub(super) dialect: DialectArguments,
    /// How to write what changed
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Exit with status 1 when the plan has changed
    #[arg(long)]
    pub(super) exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, in a terminal
    Text,
    /// For tools
    Json,
    /// For a comment on a pull request
    Markdown,
}

pub(super) fn diff(arguments: &DiffArguments) -> Result<Exit> {
    let (old, new) = (&arguments.old, &arguments.new);
    if old == Path::new("-") && new == Path::new("-") {
        usage_error(
            "diff",
            "one of the programs can come from standard input, not both",
        );
    }
    let (old, new) = (read(old)?, read(new)?);
    // Both are read as the new program is: its configuration holds for it, and
    // that of an old revision may be gone.
    let loaded = settings::configuration(&arguments.dialect.configuration, &arguments.new)?;
    let context = settings::context(&arguments.dialect, &loaded, None)?;
    // The tables may have changed together with the program.
    let (old_plan, old_diagnostics) = compile::plan(&old, context.reading);
    let (new_plan, new_diagnostics) = compile::plan(&new, context);
    // Warnings of the old program are no news.
    if old_plan.is_none() {
        report(&old, &old_diagnostics)?;
    }
    report(&new, &new_diagnostics)?;
    let (Some(old_plan), Some(new_plan)) = (old_plan, new_plan) else {
        return Ok(Exit::ProgramErrors);
    };
    let difference = Difference::between(
        Version {
            plan: &old_plan,
            source: &old,
        },
        Version {
            plan: &new_plan,
            source: &new,
        },
    );
    let format = match arguments.format.unwrap_or(Format::Text) {
        // `anstream` takes the colours out where they are not wanted.
        Format::Text => DiffFormat::Text(Colour::On),
        Format::Json => DiffFormat::Json,
        Format::Markdown => DiffFormat::Markdown,
    };
    print(&difference.show(format))?;
    Ok(match arguments.exit_code && !difference.is_empty() {
        true => Exit::ProgramErrors,
        false => Exit::Done,
    })
}

/// Reads a program from a file, or from Git when no file has the name.
fn read(argument: &Path) -> Result<SourceFile> {
    match argument.to_str() {
        Some(revision) if revision.contains(':') && !argument.exists() => read_revision(revision),
        _ => read_program(argument),
    }
}

fn read_revision(revision: &str) -> Result<SourceFile> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no revision of Git");
    }
    // The filters are those of a checkout, so that line ends are those of a
    // file beside it.
    let arguments = ["cat-file", "--filters", revision].map(OsStr::new);
    let output = Command::new("git")
        .args(arguments)
        .output()
        .with_context(|| format!("`git`, which has `{revision}`, cannot be run"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("fatal: ");
        bail!(
            "`{revision}` cannot be read from Git: {said}; a path is from the repository's root, \
             or from here when it begins with `./`"
        );
    }
    program(revision.to_owned(), output.stdout)
}
