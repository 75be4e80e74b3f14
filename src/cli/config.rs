//! `sqlflowc config`: what configuration holds, and where it comes from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;
use sqlflowc::backend::{ClusterOptions, SecretKey};
use sqlflowc::compile;
use sqlflowc::configuration::{Setting, json_schema};
use sqlflowc::diagnostic::nearest;
use sqlflowc::syntax::sql::Dialect;

use super::arguments::{
    ClusterArguments, DialectArguments, MachineArguments, Sources, UnparsedArgument,
    WarningArguments,
};
use super::files::{print, read_program};
use super::settings::{self, Loaded};
use super::{Exit, WrongUsage};

#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    /// The program whose configuration is shown; one in the working directory when nothing is said
    #[arg(value_name = "PROGRAM")]
    program: Option<PathBuf>,
    /// How to show it
    #[arg(long, value_name = "FORMAT")]
    format: Option<ConfigFormat>,
    /// Print a JSON schema of `sqlflowc.yaml`, for editors
    #[arg(long, exclusive = true)]
    json_schema: bool,
    #[command(flatten)]
    dialect: DialectArguments,
    #[command(flatten)]
    machine: MachineArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ConfigFormat {
    /// For people
    Text,
    /// For tools
    Json,
}

pub(super) fn run(arguments: &ConfigArguments, sources: &Sources) -> Result<Exit> {
    if arguments.json_schema {
        print(&json_schema())?;
        return Ok(Exit::Done);
    }
    let program = arguments.program.as_deref().unwrap_or(Path::new("-"));
    let loaded = settings::configuration(&arguments.dialect.configuration, program)?;
    settings::cluster(&arguments.cluster, &loaded.configuration).map_err(WrongUsage)?;
    let steps = match &arguments.program {
        Some(program) => step_names(arguments, program, &loaded)?,
        None => None,
    };
    let lines = Listing {
        arguments,
        sources,
        loaded: &loaded,
    }
    .lines(steps.as_ref());
    print(&match arguments.format.unwrap_or(ConfigFormat::Text) {
        ConfigFormat::Text => text(&lines, &loaded),
        ConfigFormat::Json => json(&lines, &loaded, arguments)?,
    })?;
    Ok(Exit::Done)
}

/// The names of the program's steps, if it compiles.
fn step_names(
    arguments: &ConfigArguments,
    program: &Path,
    loaded: &Loaded,
) -> Result<Option<BTreeSet<String>>> {
    let source = read_program(program)?;
    let datasource = arguments.machine.datasource.as_deref();
    let context = settings::context(&arguments.dialect, loaded, datasource)?;
    let (plan, _) = compile::plan(&source, context);
    Ok(plan.map(|plan| plan.steps().map(|step| step.name.clone()).collect()))
}

/// One setting as it holds.
#[derive(Serialize)]
struct Line {
    key: String,
    value: Option<String>,
    #[serde(flatten)]
    origin: Origin,
    /// Why it has no effect on the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
enum Origin {
    Flag {
        flag: String,
    },
    Environment {
        variable: String,
    },
    File {
        line: usize,
        profile: Option<String>,
    },
    /// It follows from the scheme of the datasource's URL.
    Datasource,
    Default,
}

struct Listing<'a> {
    arguments: &'a ConfigArguments,
    sources: &'a Sources,
    loaded: &'a Loaded,
}

impl Listing<'_> {
    /// Everything that has a flag, then what only the file can say.
    fn lines(&self, steps: Option<&BTreeSet<String>>) -> Vec<Line> {
        let ClusterArguments {
            image,
            namespace,
            service_account,
            datasource_secret,
            model_store_secret,
        } = &self.arguments.cluster;
        let MachineArguments {
            datasource,
            model_store,
            jobs,
        } = &self.arguments.machine;
        let unparsed = self.arguments.dialect.unparsed_sql;
        let unparsed = unparsed.map(|unparsed| match unparsed {
            UnparsedArgument::Error => "error".to_owned(),
            UnparsedArgument::Barrier => "barrier".to_owned(),
        });
        let schema = self.arguments.dialect.schema.as_deref();
        let schema = schema.map(|file| file.display().to_string());
        let key = |secret: SecretKey| Some(format!("{}:{}", secret.name, secret.key));
        let owned = |text: &str| Some(text.to_owned());
        let defaults = ClusterOptions::default();
        let mut lines = vec![
            self.dialect(),
            self.line("unparsed_sql", "unparsed_sql", unparsed, owned("error")),
            self.line("schema", "schema", schema, None),
            self.line("datasource.url", "datasource", datasource.clone(), None),
            self.line(
                "datasource.secret",
                "datasource_secret",
                datasource_secret.clone(),
                key(defaults.datasource),
            ),
            self.line("model_store.url", "model_store", model_store.clone(), None),
            self.line(
                "model_store.secret",
                "model_store_secret",
                model_store_secret.clone(),
                key(defaults.model_store),
            ),
            self.line(
                "image",
                "image",
                image.clone(),
                Some(settings::default_image()),
            ),
            self.line("namespace", "namespace", namespace.clone(), None),
            self.line(
                "service_account",
                "service_account",
                service_account.clone(),
                Some(defaults.service_account),
            ),
            self.line("jobs", "jobs", jobs.map(|jobs| jobs.to_string()), None),
        ];
        let shown: BTreeSet<String> = lines.iter().map(|line| line.key.clone()).collect();
        // Those of the file hold too where the flags say nothing of a code.
        lines.extend(self.warnings());
        let entries = &self.loaded.configuration.entries;
        let others = entries.iter().filter(|entry| !shown.contains(&entry.path));
        lines.extend(others.map(|entry| Line {
            key: entry.path.clone(),
            value: Some(entry.value.clone()),
            origin: of_file(entry),
            note: steps.and_then(|steps| unknown_step(&entry.path, steps)),
        }));
        lines
    }

    fn line(
        &self,
        key: &str,
        argument: &str,
        given: Option<String>,
        default: Option<String>,
    ) -> Line {
        let entry = self.loaded.configuration.entry(key);
        let (value, origin) = match (given, entry) {
            (Some(value), _) => (Some(value), self.of_argument(argument)),
            (None, Some(entry)) => (Some(entry.value.clone()), of_file(entry)),
            (None, None) => (default, Origin::Default),
        };
        Line {
            key: key.to_owned(),
            value: value.map(|value| without_password(&value)),
            origin,
            note: None,
        }
    }

    fn of_argument(&self, argument: &str) -> Origin {
        if !self.sources.is_variable(argument) {
            return Origin::Flag {
                flag: format!("--{}", argument.replace('_', "-")),
            };
        }
        let prefix = match argument {
            "datasource" | "model_store" => "SQLFLOW",
            _ => "SQLFLOWC",
        };
        Origin::Environment {
            variable: format!("{prefix}_{}", argument.to_uppercase()),
        }
    }

    fn dialect(&self) -> Line {
        let given = self.arguments.dialect.dialect.clone();
        let mut line = self.line("dialect", "dialect", given, None);
        let configuration = &self.loaded.configuration;
        let datasource = self.arguments.machine.datasource.as_deref();
        let url = datasource.or(configuration.datasource_url.as_deref());
        if line.value.is_none()
            && let Some(dialect) = url.and_then(Dialect::of_url)
        {
            line.value = Some(dialect.as_str().to_owned());
            line.origin = Origin::Datasource;
        }
        line.value
            .get_or_insert(settings::DEFAULT_DIALECT.as_str().to_owned());
        line
    }

    fn warnings(&self) -> Vec<Line> {
        let WarningArguments { allow, warn, deny } = &self.arguments.dialect.warnings;
        let flags = [("allow", allow), ("warn", warn), ("deny", deny)];
        let given = flags
            .into_iter()
            .filter(|(_, warnings)| !warnings.is_empty());
        given
            .map(|(level, warnings)| {
                let codes: Vec<_> = warnings.iter().map(|warnings| warnings.as_str()).collect();
                Line {
                    key: format!("warnings.{level}"),
                    value: Some(format!("[{}]", codes.join(", "))),
                    origin: self.of_argument(level),
                    note: None,
                }
            })
            .collect()
    }
}

fn of_file(entry: &Setting) -> Origin {
    Origin::File {
        line: entry.line,
        profile: entry.profile.clone(),
    }
}

/// A misspelt step is no error, since one file may be for many programs.
fn unknown_step(path: &str, steps: &BTreeSet<String>) -> Option<String> {
    let name = path.strip_prefix("steps.")?.split('.').next()?;
    if steps.contains(name) {
        return None;
    }
    Some(match nearest(name, steps.iter().map(String::as_str)) {
        Some(near) => format!("the program has no such step; did you mean `{near}`?"),
        None => "the program has no such step".to_owned(),
    })
}

/// A URL as it may be shown.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, path) = rest.split_at(end);
    match place.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}{path}")
        }
        _ => text.to_owned(),
    }
}

fn text(lines: &[Line], loaded: &Loaded) -> String {
    let file = loaded.file.as_deref().unwrap_or_default();
    let width = |column: fn(&Line) -> &str| {
        let widths = lines.iter().map(|line| column(line).chars().count());
        widths.max().unwrap_or_default()
    };
    let key_width = width(|line| &line.key);
    let value_width = width(|line| line.value.as_deref().unwrap_or("-"));
    let mut out = String::new();
    for line in lines {
        let origin = match &line.origin {
            Origin::Flag { flag } => flag.clone(),
            Origin::Environment { variable } => variable.clone(),
            Origin::File { line, profile } => match profile {
                Some(profile) => format!("{file}:{line} (profile {profile})"),
                None => format!("{file}:{line}"),
            },
            Origin::Datasource => "datasource's URL".to_owned(),
            Origin::Default => "default".to_owned(),
        };
        let value = line.value.as_deref().unwrap_or("-");
        out += &format!("{:key_width$}  {value:value_width$}  {origin}", line.key);
        if let Some(note) = &line.note {
            out += &format!("; {note}");
        }
        out.push('\n');
    }
    out
}

fn json(lines: &[Line], loaded: &Loaded, arguments: &ConfigArguments) -> Result<String> {
    let document = serde_json::json!({
        "version": 1,
        "file": loaded.file,
        "profile": arguments.dialect.configuration.profile,
        "settings": lines,
    });
    Ok(format!("{document:#}\n"))
}
