//! `sqlflowc models`: the catalog of estimators.

use std::io::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};
use sqlflowc::diagnostic::nearest;
use sqlflowc::semantic;

use super::Exit;
use super::files::print;

#[derive(Debug, Args)]
pub(super) struct ModelsArguments {
    /// The estimator to show with its attributes; all are listed when nothing is said
    name: Option<String>,

    /// How to print it; `docs/estimators.md` describes the JSON
    #[arg(long, value_enum, default_value_t = ModelsFormat::Text)]
    format: ModelsFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModelsFormat {
    Text,
    Json,
}

pub(super) fn run(arguments: &ModelsArguments) -> Result<Exit> {
    let name = arguments.name.as_deref();
    let text = match (arguments.format, name) {
        (ModelsFormat::Json, name) => semantic::models_json(name),
        (ModelsFormat::Text, Some(name)) => semantic::show_model(name),
        (ModelsFormat::Text, None) => Some(semantic::list_models()),
    };
    if let Some(text) = text {
        print(&text)?;
        return Ok(Exit::Done);
    }
    let name = name.unwrap_or_default();
    let message = match semantic::unusable(name) {
        Some(why) => format!("`{name}` {why}"),
        None => {
            let help = match nearest(name, semantic::model_names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`sqlflowc models` lists them".to_owned(),
            };
            format!("no estimator is named `{name}`; {help}")
        }
    };
    writeln!(anstream::stderr(), "error: {message}")?;
    Ok(Exit::ProgramErrors)
}
