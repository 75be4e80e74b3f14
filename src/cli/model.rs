//! `sqlflowc model`: what is in a model store. The step runtime looks and writes; it alone knows
//! stores.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sqlflowc::runtime::{Environment, Extra};

use super::arguments::ConfigurationArguments;
use super::commands::notify;
use super::files::{print, size};
use super::progress::{Table, draw_table, table_width};
use super::{Exit, WrongUsage, environment, settings};

#[derive(Debug, Subcommand)]
pub(super) enum ModelCommand {
    /// List the models of a store, or the versions of one
    List(ListArguments),
    /// Show what a model was made from, and how good it was
    Show(ShowArguments),
    /// Copy a model out of the store, to a folder or another store
    ///
    /// It keeps its version, and is the latest one there.
    Pull(PullArguments),
    /// Copy a model into the store, from a folder or another store
    ///
    /// It keeps its version, and is the latest one there.
    Push(PushArguments),
    /// Delete a model, or versions of it
    ///
    /// Asks for its name on a terminal. When the latest version is deleted, the newest of the others
    /// becomes the latest one.
    Delete(DeleteArguments),
}

#[derive(Debug, Args)]
struct StoreArguments {
    /// The model store; a folder under `.sqlflow/` when nothing is said
    #[arg(
        long,
        value_name = "URL",
        env = "SQLFLOW_MODEL_STORE",
        hide_env_values = true
    )]
    model_store: Option<String>,
    /// The database that the store `database:` is in
    #[arg(
        long,
        value_name = "URL",
        env = "SQLFLOW_DATASOURCE",
        hide_env_values = true
    )]
    datasource: Option<String>,
    #[command(flatten)]
    configuration: ConfigurationArguments,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// The model whose versions to list; the latest version of every model when nothing is said
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    /// How to print them; `docs/models.md` describes the JSON
    #[arg(long, value_enum, default_value_t = ModelFormat::Text)]
    format: ModelFormat,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The model, perhaps with a version: `my_model@1a2b3c`
    #[arg(value_name = "MODEL")]
    model: String,
    /// How to print it; `docs/models.md` describes the JSON
    #[arg(long, value_enum, default_value_t = ModelFormat::Text)]
    format: ModelFormat,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Debug, Args)]
pub(super) struct PullArguments {
    /// The model, perhaps with a version: `my_model@1a2b3c`
    #[arg(value_name = "MODEL")]
    model: String,
    /// The folder, or the URL of the store, to copy it to
    #[arg(value_name = "TO")]
    to: String,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Debug, Args)]
pub(super) struct PushArguments {
    /// The model, perhaps with a version: `my_model@1a2b3c`
    #[arg(value_name = "MODEL")]
    model: String,
    /// The folder, or the URL of the store, to copy it from
    #[arg(value_name = "FROM")]
    from: String,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Debug, Args)]
pub(super) struct DeleteArguments {
    /// The model with all its versions, or one version of it: `my_model@1a2b3c`
    #[arg(value_name = "MODEL")]
    model: String,
    /// Keep the newest versions, so many, and delete the others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModelFormat {
    Text,
    Json,
}

pub(super) fn run(command: &ModelCommand) -> Result<Exit> {
    // How the runtime failed, it has said itself.
    let done = match command {
        ModelCommand::List(arguments) => list(arguments),
        ModelCommand::Show(arguments) => show(arguments),
        ModelCommand::Pull(arguments) => pull(arguments),
        ModelCommand::Push(arguments) => push(arguments),
        ModelCommand::Delete(arguments) => delete(arguments),
    };
    done.or_else(|error| match error.downcast::<Failed>() {
        Ok(Failed(exit)) => Ok(exit),
        Err(error) => Err(error),
    })
}

/// The runtime ended with a message of its own.
#[derive(Debug)]
struct Failed(Exit);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the step runtime failed")
    }
}

impl std::error::Error for Failed {}

/// The URLs of a store and of the database that it may be in; the runtime knows what is meant by
/// nothing.
struct Store {
    url: Option<String>,
    datasource: Option<String>,
}

impl Store {
    fn of(arguments: &StoreArguments) -> Result<Store> {
        let StoreArguments {
            model_store,
            datasource,
            configuration,
        } = arguments;
        let configured = settings::configuration(configuration, Path::new("-"))?.configuration;
        Ok(Store {
            url: model_store.clone().or(configured.model_store_url),
            datasource: datasource.clone().or(configured.datasource_url),
        })
    }

    fn ask<T: DeserializeOwned>(&self, question: &[&str], other: Option<&str>) -> Result<T> {
        let datasource = self.datasource.as_deref();
        let mut extras = Vec::new();
        for url in [self.url.as_deref(), other].into_iter().flatten() {
            let database = datasource.filter(|_| url.starts_with("database:"));
            for extra in Extra::of(database, Some(url)) {
                if !extras.contains(&extra) {
                    extras.push(extra);
                }
            }
        }
        let environment = environment::prepare(Environment::Core, &extras, &mut notify)?;
        let mut command = environment.command();
        command
            .args(["-m", "sqlflow_runtime._models"])
            .args(question)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        // Not as arguments, which every user of the machine can see: URLs may hold a password.
        for (name, url) in [
            ("SQLFLOW_MODEL_STORE", self.url.as_deref()),
            ("SQLFLOW_DATASOURCE", datasource),
            ("SQLFLOW_OTHER_MODEL_STORE", other),
        ] {
            if let Some(url) = url {
                command.env(name, url);
            }
        }
        let output = command
            .output()
            .with_context(|| format!("cannot start {}", environment.python.display()))?;
        match output.status.code() {
            Some(0) => serde_json::from_slice(&output.stdout)
                .context("the step runtime printed no JSON of this kind"),
            Some(1) => Err(Failed(Exit::ProgramErrors).into()),
            Some(_) => Err(Failed(Exit::ResourceFailed).into()),
            None => Err(anyhow!(
                "the Python process that works on the model store was killed"
            )),
        }
    }
}

/// The URL of a store that is named on the command line, where a path is a folder.
fn url_of(text: &str) -> String {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    // One letter is a drive.
    if scheme.len() > 1
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    {
        return text.to_owned();
    }
    // The runtime takes `%41` for `A` there.
    format!("file:{}", text.replace('%', "%25"))
}

/// Models or versions, as the step runtime lists them.
#[derive(Debug, Deserialize)]
struct Listed {
    store: String,
    models: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    version: String,
    latest: bool,
    published: String,
    estimator: Option<String>,
    rows: Option<u64>,
    metrics: Map<String, Value>,
    bytes: Option<u64>,
    problem: Option<String>,
    /// How many versions there are, where each model has one entry.
    versions: Option<u64>,
}

fn list(arguments: &ListArguments) -> Result<Exit> {
    let store = Store::of(&arguments.store)?;
    let mut question = vec!["list"];
    question.extend(arguments.model.as_deref());
    if arguments.format == ModelFormat::Json {
        let listed: Value = store.ask(&question, None)?;
        return print_json(&listed);
    }
    let listed: Listed = store.ask(&question, None)?;
    if listed.models.is_empty() {
        notify(&format!("no models in {}", listed.store));
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = listed.models.iter().map(row).collect();
    let last = if arguments.model.is_some() {
        "latest"
    } else {
        "versions"
    };
    let columns = [
        "model",
        "version",
        "published",
        "estimator",
        "rows",
        "metrics",
        "size",
        last,
    ];
    let table = Table::new(&columns, rows);
    print(&format!("{}\n", draw_table(&table, table_width())))?;
    Ok(Exit::Done)
}

fn row(entry: &Entry) -> Vec<Value> {
    let estimator = match (&entry.problem, &entry.estimator) {
        (Some(problem), _) => problem.clone(),
        (None, estimator) => estimator.clone().unwrap_or_default(),
    };
    vec![
        entry.name.clone().into(),
        entry.version.clone().into(),
        // To the second, without the zone, which is UTC.
        entry.published.get(..19).unwrap_or_default().into(),
        estimator.into(),
        entry.rows.into(),
        metrics(&entry.metrics).into(),
        entry.bytes.map(size).into(),
        match entry.versions {
            Some(versions) => versions.into(),
            None => if entry.latest { "latest" } else { "" }.into(),
        },
    ]
}

fn metrics(metrics: &Map<String, Value>) -> String {
    let shown = metrics.iter().map(|(name, value)| match value.as_f64() {
        Some(number) => format!("{name} {number:.4}"),
        None => format!("{name} {value}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn print_json(value: &Value) -> Result<Exit> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))?;
    Ok(Exit::Done)
}

/// A model as the step runtime shows it.
#[derive(Debug, Deserialize)]
struct Shown {
    name: String,
    version: String,
    location: String,
    versions: Vec<ShownVersion>,
    bytes: u64,
    card: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct ShownVersion {
    version: String,
    latest: bool,
    published: String,
}

fn show(arguments: &ShowArguments) -> Result<Exit> {
    let store = Store::of(&arguments.store)?;
    let question = ["show", arguments.model.as_str()];
    if arguments.format == ModelFormat::Json {
        let shown: Value = store.ask(&question, None)?;
        return print_json(&shown);
    }
    let Shown {
        name,
        version,
        location,
        versions,
        bytes,
        card,
    } = store.ask(&question, None)?;
    let mut rows = vec![("model".to_owned(), format!("{name}@{version}"))];
    rows.extend(card);
    rows.push(("size".to_owned(), size(bytes)));
    rows.push(("location".to_owned(), location));
    for (at, shown) in versions.iter().enumerate() {
        let label = if at == 0 { "versions" } else { "" };
        let mut text = format!("{}  {}", shown.version, &shown.published);
        if shown.latest {
            let _ = write!(text, "  latest");
        }
        rows.push((label.to_owned(), text));
    }
    let rows = rows
        .into_iter()
        .map(|(label, text)| vec![label.into(), text.into()])
        .collect();
    let table = Table::new(&["property", "value"], rows);
    print(&format!("{}\n", draw_table(&table, table_width())))?;
    Ok(Exit::Done)
}

/// Where a copy is.
#[derive(Debug, Deserialize)]
struct Copied {
    name: String,
    version: String,
    location: String,
}

fn pull(arguments: &PullArguments) -> Result<Exit> {
    let store = Store::of(&arguments.store)?;
    let copied = store.ask(&["copy", &arguments.model], Some(&url_of(&arguments.to)))?;
    report(&copied)
}

fn push(arguments: &PushArguments) -> Result<Exit> {
    let to = Store::of(&arguments.store)?;
    let from = Store {
        url: Some(url_of(&arguments.from)),
        datasource: to.datasource,
    };
    let to = to.url.unwrap_or_else(|| DEFAULT_STORE.to_owned());
    let copied = from.ask(&["copy", &arguments.model], Some(&to))?;
    report(&copied)
}

/// As `docs/step-contract.md` has it.
const DEFAULT_STORE: &str = "file:.sqlflow/models";

fn report(copied: &Copied) -> Result<Exit> {
    let Copied {
        name,
        version,
        location,
    } = copied;
    notify(&format!("{name}@{version} is in {location}"));
    Ok(Exit::Done)
}

#[derive(Debug, Deserialize)]
struct Deleted {
    versions: Vec<String>,
}

fn delete(arguments: &DeleteArguments) -> Result<Exit> {
    let reference = arguments.model.as_str();
    let name = reference
        .split_once('@')
        .map_or(reference, |(name, _)| name);
    if arguments.keep.is_some() && name != reference {
        let message =
            format!("`--keep` is about all versions of a model; name it without one: `{name}`");
        return Err(WrongUsage(message).into());
    }
    let store = Store::of(&arguments.store)?;
    let listed: Listed = store.ask(&["list", reference], None)?;
    // The latest one is the first.
    let kept = arguments.keep.map_or(0, |keep| keep as usize);
    let versions: Vec<&str> = listed
        .models
        .iter()
        .skip(kept)
        .map(|entry| entry.version.as_str())
        .collect();
    let [first, ..] = versions.as_slice() else {
        notify(&format!(
            "nothing to delete: {}",
            counted(listed.models.len(), name)
        ));
        return Ok(Exit::Done);
    };
    let (what, wanted) = if name == reference {
        (counted(versions.len(), name), name.to_owned())
    } else {
        let version = format!("{name}@{first}");
        (format!("`{version}`"), version)
    };
    if !arguments.yes && !is_confirmed(&what, &listed.store, &wanted)? {
        return Ok(Exit::ProgramErrors);
    }
    let mut question = vec!["delete", name];
    question.extend(&versions);
    let deleted: Deleted = store.ask(&question, None)?;
    for version in deleted.versions {
        notify(&format!("deleted {name}@{version}"));
    }
    Ok(Exit::Done)
}

fn counted(versions: usize, name: &str) -> String {
    let noun = if versions == 1 { "version" } else { "versions" };
    format!("{versions} {noun} of `{name}`")
}

/// Asks for the name of what is about to be deleted.
fn is_confirmed(what: &str, store: &str, wanted: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        let message = format!(
            "this would delete {what} in {store}; say so with `--yes`, or type its name on a terminal"
        );
        return Err(WrongUsage(message).into());
    }
    let mut out = anstream::stderr();
    write!(
        out,
        "this deletes {what} in {store}; type `{wanted}` to go on: "
    )?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let is_same = line.trim() == wanted;
    if !is_same {
        notify("error: that is another name; nothing was deleted");
    }
    Ok(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_folders_and_urls_are_stores() {
        for (text, url) in [
            ("models", "file:models"),
            ("/srv/100% ours", "file:/srv/100%25 ours"),
            ("./a:b", "file:./a:b"),
            ("C:\\models", "file:C:\\models"),
            ("s3://bucket/models", "s3://bucket/models"),
            ("database:", "database:"),
            ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ] {
            assert_eq!(url_of(text), url);
        }
    }
}
