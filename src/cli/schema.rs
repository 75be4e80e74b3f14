//! `sqlflowc schema`: the schema file, out of a live database.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use serde::Deserialize;
use sqlflowc::runtime::{Environment, Extra};
use sqlflowc::schema::{Column, Schema, Table};

use super::arguments::ConfigurationArguments;
use super::commands::{check_artifact, notify};
use super::files::{print, write_artifact};
use super::{Exit, WrongUsage, environment, settings};

#[derive(Debug, Subcommand)]
pub(super) enum SchemaCommand {
    /// Write down the tables of a database and their columns
    ///
    /// Views are tables here. The file is the one of `-o`, else the one that `sqlflowc.yaml` names
    /// as `schema`; without either, the text goes to standard output. What the file says of being
    /// complete is kept.
    Pull(PullArguments),
}

#[derive(Debug, Args)]
pub(super) struct PullArguments {
    /// Database to look at; the embedded one under `.sqlflow/` when nothing is said
    #[arg(
        long,
        value_name = "URL",
        env = "SQLFLOW_DATASOURCE",
        hide_env_values = true
    )]
    datasource: Option<String>,
    /// Write to a file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write nothing; exit with status 1 when the file is stale
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
}

pub(super) fn run(command: &SchemaCommand) -> Result<Exit> {
    match command {
        SchemaCommand::Pull(arguments) => pull(arguments),
    }
}

fn pull(arguments: &PullArguments) -> Result<Exit> {
    let loaded = settings::configuration(&arguments.configuration, Path::new("-"))?;
    let output = arguments
        .output
        .clone()
        .or_else(|| settings::schema_file(&loaded));
    if arguments.check && output.is_none() {
        let message =
            "`--check` needs a file: name one with `-o`, or as `schema` in `sqlflowc.yaml`";
        return Err(WrongUsage(message.to_owned()).into());
    }
    // A file that is wrong is not overwritten: it may be another file.
    let before = match &output {
        Some(file) if file.exists() => Some(settings::load_schema(file)?),
        _ => None,
    };
    let datasource = arguments.datasource.as_ref();
    let datasource = datasource.or(loaded.configuration.datasource_url.as_ref());
    let Described { tables, status } = describe(datasource.map(String::as_str))?;
    let Some(tables) = tables else {
        return Ok(status);
    };
    let schema = Schema {
        tables,
        complete: before.is_some_and(|before| before.complete),
    };
    let text = schema.write();
    match &output {
        None => print(&text)?,
        Some(file) if arguments.check => return check_artifact(file, &text, "pull again"),
        Some(file) => write_artifact(file, &text)?,
    }
    Ok(Exit::Done)
}

/// What the step runtime found, or how it failed after it said why.
struct Described {
    tables: Option<Vec<Table>>,
    status: Exit,
}

/// A table as the step runtime prints it.
#[derive(Deserialize)]
struct Printed {
    name: Vec<String>,
    columns: Vec<(String, String)>,
}

fn describe(datasource: Option<&str>) -> Result<Described> {
    let extra = datasource.and_then(Extra::of_datasource);
    let environment = environment::prepare(Environment::Core, extra.as_slice(), &mut notify)?;
    let mut command = environment.command();
    command
        .args(["-m", "sqlflow_runtime._schema"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    // Not as an argument, which every user of the machine can see: it may hold a password.
    if let Some(url) = datasource {
        command.env("SQLFLOW_DATASOURCE", url);
    }
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", environment.python.display()))?;
    match output.status.code() {
        Some(0) => {}
        // It has said why. That the database is busy is a resource's failure, too.
        Some(_) => {
            return Ok(Described {
                tables: None,
                status: Exit::ResourceFailed,
            });
        }
        None => {
            return Err(anyhow!(
                "the Python process that looks at the database was killed"
            ));
        }
    }
    let printed: Vec<Printed> =
        serde_json::from_slice(&output.stdout).context("the step runtime printed no JSON")?;
    let tables = printed.into_iter().map(|table| Table {
        name: table.name,
        columns: table
            .columns
            .into_iter()
            .map(|(name, type_name)| Column {
                name,
                type_name: Some(type_name),
            })
            .collect(),
    });
    Ok(Described {
        tables: Some(tables.collect()),
        status: Exit::Done,
    })
}
