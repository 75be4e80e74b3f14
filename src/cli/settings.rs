//! What was meant: the arguments with every default filled in.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use sha2::{Digest, Sha256};
use sqlflowc::backend::{
    ArgoForm, ArgoOptions, ClusterOptions, LocalForm, Naming, Options, Schedule, SecretKey,
    TektonForm,
};
use sqlflowc::compile::Context;
use sqlflowc::configuration::{Configuration, FILE_NAME, Failure, SCHEDULE, secret};
use sqlflowc::diagnostic::{Level, Levels, Warnings};
use sqlflowc::quantity::{is_image, is_namespace, is_object_name};
use sqlflowc::runtime::Extra;
use sqlflowc::schedule::{is_schedule, is_timezone};
use sqlflowc::schema::Schema;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::{Dialect, Reading, Unparsed};

use super::arguments::{
    ClusterArguments, CompileArguments, ConfigurationArguments, DialectArguments, FormArguments,
    MachineArguments, RunArguments, Sources, TargetArgument, UnparsedArgument, WarningArguments,
};
use super::files::{find_configuration, read_text};
use super::run::{AfterFailure, RunOptions, Start};
use super::{WrongConfiguration, WrongUsage};

/// The longest name of a run: Tekton joins it with a step's name to a label
/// of 63 characters, and Kubernetes adds six to it.
const LONGEST_NAME: usize = 28;

/// The configuration file that holds for a program.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) configuration: Configuration,
    /// The file's path as shown.
    pub(super) file: Option<String>,
}

/// Reads the configuration file of a program.
pub(super) fn configuration(arguments: &ConfigurationArguments, program: &Path) -> Result<Loaded> {
    let file = match &arguments.config {
        _ if arguments.no_config => None,
        Some(file) => Some(file.clone()),
        None => find_configuration(program)?,
    };
    let profile = arguments.profile.as_deref();
    let Some(file) = file else {
        return match profile {
            None => Ok(Loaded::default()),
            Some(name) => Err(WrongUsage(format!(
                "there is no `{FILE_NAME}` here or above, which would have the profile `{name}`"
            ))
            .into()),
        };
    };
    let source = read_text(&file)?;
    match Configuration::read(&source, profile) {
        Ok(configuration) => Ok(Loaded {
            configuration,
            file: Some(source.name().to_owned()),
        }),
        Err(Failure::File(diagnostics)) => Err(WrongConfiguration {
            source,
            diagnostics,
        }
        .into()),
        Err(Failure::Profile(message)) => {
            Err(WrongUsage(format!("`{}` {message}", source.name())).into())
        }
    }
}

/// How a program is read: flags and variables beat the configuration file,
/// which beats what follows from the datasource's URL.
pub(super) fn reading(
    arguments: &DialectArguments,
    configuration: &Configuration,
    datasource: Option<&str>,
) -> Reading {
    let named = arguments.dialect.as_deref().map(|name| {
        let mut all = Dialect::ALL.iter().copied();
        all.find(|dialect| dialect.as_str() == name)
            .expect("the parser of arguments allows only dialects")
    });
    let datasource = datasource.or(configuration.datasource_url.as_deref());
    let unparsed = arguments.unparsed_sql.map(|unparsed| match unparsed {
        UnparsedArgument::Error => Unparsed::Error,
        UnparsedArgument::Barrier => Unparsed::Barrier,
    });
    Reading {
        dialect: named
            .or(configuration.dialect)
            .or_else(|| datasource.and_then(Dialect::of_url))
            .unwrap_or(DEFAULT_DIALECT),
        unparsed: unparsed
            .or(configuration.unparsed_sql)
            .unwrap_or(Unparsed::Error),
        threads: threads(),
        levels: levels(&arguments.warnings, configuration),
    }
}

/// How a program is read, and what is known of its database.
pub(super) fn context(
    arguments: &DialectArguments,
    loaded: &Loaded,
    datasource: Option<&str>,
) -> Result<Context> {
    let file = arguments.schema.clone().or_else(|| schema_file(loaded));
    let schema = file.map(|file| load_schema(&file).map(Arc::new));
    Ok(Context {
        reading: reading(arguments, &loaded.configuration, datasource),
        schema: schema.transpose()?,
    })
}

/// The schema file that the configuration file names, seen from its folder.
pub(super) fn schema_file(loaded: &Loaded) -> Option<PathBuf> {
    let named = loaded.configuration.schema.as_deref()?;
    let folder = loaded
        .file
        .as_deref()
        .and_then(|file| Path::new(file).parent());
    Some(folder.unwrap_or(Path::new("")).join(named))
}

pub(super) fn load_schema(file: &Path) -> Result<Schema> {
    let source = read_text(file)?;
    Schema::read(&source).map_err(|diagnostics| {
        WrongConfiguration {
            source,
            diagnostics,
        }
        .into()
    })
}

pub(super) const DEFAULT_DIALECT: Dialect = Dialect::DuckDb;

fn levels(arguments: &WarningArguments, configuration: &Configuration) -> Levels {
    let WarningArguments { allow, warn, deny } = arguments;
    let of = |warnings: &[Warnings], level: Level| -> Vec<(Warnings, Level)> {
        warnings.iter().map(|warnings| (*warnings, level)).collect()
    };
    let mut levels = configuration.levels();
    levels.set(
        &[
            of(allow, Level::Allow),
            of(warn, Level::Warn),
            of(deny, Level::Deny),
        ]
        .concat(),
    );
    levels
}

/// As many threads as there are processors. Where that cannot be known, one.
fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Options for the `compile` command.
pub(super) fn options(
    arguments: &CompileArguments,
    sources: &Sources,
    configuration: &Configuration,
    source: &SourceFile,
) -> Result<Options, String> {
    check_flags(arguments, sources)?;
    let name = match &arguments.name {
        Some(name) if is_label(name) => name.clone(),
        Some(name) => {
            return Err(format!(
                "`--name {name}` is no name for a cluster; use at most {LONGEST_NAME} lower-case \
                 letters, digits and dashes, a letter first"
            ));
        }
        None => run_name(&arguments.program.program),
    };
    let local = if arguments.local.self_contained {
        LocalForm::SelfContained
    } else {
        LocalForm::Installed
    };
    Ok(Options {
        name,
        source: shown_source(&arguments.program.program),
        source_sha256: sha256(source.text()),
        local,
        extras: Extra::of(
            configuration.datasource_url.as_deref(),
            configuration.model_store_url.as_deref(),
        ),
        cluster: ClusterOptions {
            naming: match &arguments.name {
                Some(_) => Naming::Fixed,
                None => Naming::Generated,
            },
            ..form(
                arguments,
                configuration,
                cluster(&arguments.cluster, configuration)?,
            )?
        },
        steps: configuration.steps.clone(),
        threads: threads(),
    })
}

/// Flags that mean nothing to the target would be silently lost.
fn check_flags(arguments: &CompileArguments, sources: &Sources) -> Result<(), String> {
    let ClusterArguments {
        image: _,
        namespace,
        service_account,
        datasource_secret,
        model_store_secret,
    } = &arguments.cluster;
    let is_cluster = matches!(
        arguments.target,
        TargetArgument::Argo | TargetArgument::Tekton
    );
    // What a variable says is meant for all commands, and each takes its part.
    let given = |id: &str, is_some: bool| is_some && !sources.is_variable(id);
    let of_cluster = [
        ("--namespace", given("namespace", namespace.is_some())),
        (
            "--service-account",
            given("service_account", service_account.is_some()),
        ),
        (
            "--datasource-secret",
            given("datasource_secret", datasource_secret.is_some()),
        ),
        (
            "--model-store-secret",
            given("model_store_secret", model_store_secret.is_some()),
        ),
        ("--name", arguments.name.is_some()),
    ];
    if let Some((flag, _)) = of_cluster.iter().find(|(_, given)| *given && !is_cluster) {
        return Err(format!("`{flag}` goes with the targets argo and tekton"));
    }
    if arguments.local.self_contained && arguments.target != TargetArgument::Local {
        return Err("`--self-contained` goes with the target local".to_owned());
    }
    Ok(())
}

/// Options for a run on this machine, where nothing of a cluster matters.
pub(super) fn local_options(
    program: &Path,
    configuration: &Configuration,
    source: &SourceFile,
) -> Options {
    Options {
        name: run_name(program),
        source: shown_source(program),
        source_sha256: sha256(source.text()),
        local: LocalForm::Installed,
        // The environment that the script is run in has it.
        extras: Vec::new(),
        cluster: ClusterOptions::default(),
        steps: configuration.steps.clone(),
        threads: threads(),
    }
}

pub(super) fn run_options(arguments: &RunArguments, configuration: &Configuration) -> RunOptions {
    let MachineArguments {
        datasource,
        model_store,
        jobs,
    } = &arguments.machine;
    let or = |given: &Option<String>, configured: &Option<String>| {
        given.clone().or_else(|| configured.clone())
    };
    RunOptions {
        datasource: or(datasource, &configuration.datasource_url),
        model_store: or(model_store, &configuration.model_store_url),
        jobs: jobs.or(configuration.jobs).map(usize::from),
        steps: arguments.step.clone(),
        after_failure: match arguments.keep_going {
            true => AfterFailure::KeepGoing,
            false => AfterFailure::Stop,
        },
        start: match arguments.resume {
            true => Start::Resume,
            false => Start::Fresh,
        },
    }
}

/// The path in the artifact: as given when relative, so that the same
/// command gives the same bytes in every checkout, else the file's name.
pub(super) fn shown_source(program: &Path) -> String {
    if program == Path::new("-") {
        return "<stdin>".to_owned();
    }
    if program.is_absolute() {
        return program
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
    }
    let parts: Vec<_> = program
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .filter(|part| part != ".")
        .collect();
    parts.join("/")
}

fn sha256(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A run is named after the program's file, or after its folder when the
/// file is called `program.sql`.
fn run_name(program: &Path) -> String {
    let stem = program.file_stem().map(|stem| stem.to_string_lossy());
    let folder = program
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy());
    let words = match (&stem, &folder) {
        (Some(stem), Some(folder)) if stem == "program" => folder,
        (Some(stem), _) => stem,
        (None, _) => return "sqlflow".to_owned(),
    };
    let mut name = String::new();
    for c in words.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => name.push(c),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.truncate(LONGEST_NAME);
    let name = name.trim_matches('-');
    match name.chars().next() {
        Some('a'..='z') => name.to_owned(),
        Some(_) => format!("p-{}", &name[..name.len().min(LONGEST_NAME - 2)]),
        None => "sqlflow".to_owned(),
    }
}

fn is_label(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

pub(super) fn cluster(
    arguments: &ClusterArguments,
    configuration: &Configuration,
) -> Result<ClusterOptions, String> {
    let ClusterArguments {
        image,
        namespace,
        service_account,
        datasource_secret,
        model_store_secret,
    } = arguments;
    if let Some(image) = image
        && !is_image(image)
    {
        return Err(format!("`--image {image}` is no image reference"));
    }
    if let Some(name) = namespace
        && !is_namespace(name)
    {
        return Err(format!(
            "`--namespace {name}` is no namespace; use at most 63 lower-case letters, digits and \
             dashes"
        ));
    }
    if let Some(name) = service_account
        && !is_object_name(name)
    {
        return Err(format!(
            "`--service-account {name}` is no name in Kubernetes; use lower-case letters, digits, \
             dashes and dots"
        ));
    }
    let or = |given: &Option<String>, configured: &Option<String>| {
        given.clone().or_else(|| configured.clone())
    };
    let defaults = ClusterOptions::default();
    let datasource = secret_key("--datasource-secret", datasource_secret.as_deref())?;
    let model_store = secret_key("--model-store-secret", model_store_secret.as_deref())?;
    Ok(ClusterOptions {
        image: or(image, &configuration.image).unwrap_or_else(default_image),
        namespace: or(namespace, &configuration.namespace),
        service_account: or(service_account, &configuration.service_account)
            .unwrap_or(defaults.service_account),
        datasource: datasource
            .or_else(|| configuration.datasource_secret.clone())
            .unwrap_or(defaults.datasource),
        model_store: model_store
            .or_else(|| configuration.model_store_secret.clone())
            .unwrap_or(defaults.model_store),
        model_store_credentials: configuration.model_store_credentials.clone(),
        labels: configuration.labels.clone(),
        on_exit: configuration.on_exit.clone(),
        image_pull_secrets: configuration.image_pull_secrets.clone(),
        environment_secrets: configuration.environment_secrets.clone(),
        ca_bundle: configuration.ca_bundle.clone(),
        scratch: configuration.scratch.clone().unwrap_or(defaults.scratch),
        argo: ArgoOptions {
            form: ArgoForm::Workflow,
            mutex: configuration.argo.mutex.clone(),
            executor_service_account: configuration.argo.executor_service_account.clone(),
        },
        ..defaults
    })
}

pub(super) fn default_image() -> String {
    format!("sqlflow-runtime:{}", env!("CARGO_PKG_VERSION"))
}

/// Which object the program becomes. The file may name one for each engine;
/// flags are for the target at hand.
fn form(
    arguments: &CompileArguments,
    configuration: &Configuration,
    mut cluster: ClusterOptions,
) -> Result<ClusterOptions, String> {
    let FormArguments {
        form,
        schedule,
        timezone,
        concurrency,
    } = &arguments.form;
    let configured = match arguments.target {
        TargetArgument::Argo => configuration.argo.form.as_deref(),
        TargetArgument::Tekton => configuration.tekton_form.as_deref(),
        TargetArgument::Local | TargetArgument::Ir | TargetArgument::Plan => None,
    };
    let name = form.as_deref().or(configured);
    let takes = |target: &str, names: &[&str]| {
        let name = name.unwrap_or_default();
        format!(
            "`--as {name}` is nothing of {target}'s, which has {}",
            names.join(", ")
        )
    };
    match (arguments.target, name) {
        (TargetArgument::Argo, None | Some("Workflow")) => {}
        (TargetArgument::Argo, Some("WorkflowTemplate")) => {
            cluster.argo.form = ArgoForm::WorkflowTemplate;
        }
        (TargetArgument::Argo, Some("CronWorkflow")) => {
            cluster.argo.form = ArgoForm::CronWorkflow(schedule_of(arguments, configuration)?);
        }
        (TargetArgument::Argo, Some(_)) => return Err(takes("argo", &ArgoForm::NAMES)),
        (TargetArgument::Tekton, None | Some("PipelineRun")) => {}
        (TargetArgument::Tekton, Some("Pipeline")) => cluster.tekton = TektonForm::Pipeline,
        (TargetArgument::Tekton, Some(_)) => return Err(takes("tekton", &TektonForm::NAMES)),
        (TargetArgument::Local | TargetArgument::Ir | TargetArgument::Plan, None) => {}
        (TargetArgument::Local | TargetArgument::Ir | TargetArgument::Plan, Some(_)) => {
            return Err("`--as` goes with the targets argo and tekton".to_owned());
        }
    }
    let is_cron = matches!(cluster.argo.form, ArgoForm::CronWorkflow(_));
    let of_cron = [
        ("--schedule", !schedule.is_empty()),
        ("--timezone", timezone.is_some()),
        ("--concurrency", concurrency.is_some()),
    ];
    match of_cron.iter().find(|(_, given)| *given && !is_cron) {
        Some((flag, _)) => Err(format!("`{flag}` goes with `--as CronWorkflow`")),
        None => Ok(cluster),
    }
}

fn schedule_of(
    arguments: &CompileArguments,
    configuration: &Configuration,
) -> Result<Schedule, String> {
    let FormArguments {
        schedule,
        timezone,
        concurrency,
        ..
    } = &arguments.form;
    if let Some(wrong) = schedule.iter().find(|text| !is_schedule(text)) {
        return Err(format!(
            "`--schedule '{wrong}'` is no schedule; it takes {SCHEDULE}"
        ));
    }
    if let Some(wrong) = timezone.as_deref().filter(|name| !is_timezone(name)) {
        return Err(format!(
            "`--timezone {wrong}` is no time zone; it takes one such as `Europe/Berlin`"
        ));
    }
    let schedules = match schedule.is_empty() {
        true => configuration.argo.schedules.clone(),
        false => schedule.clone(),
    };
    if schedules.is_empty() {
        return Err(
            "a CronWorkflow needs `--schedule`, such as `--schedule '0 3 * * *'`".to_owned(),
        );
    }
    let or = |given: &Option<String>, configured: &Option<String>| {
        given.clone().or_else(|| configured.clone())
    };
    Ok(Schedule {
        schedules,
        timezone: or(timezone, &configuration.argo.timezone),
        concurrency: or(concurrency, &configuration.argo.concurrency)
            .unwrap_or_else(|| "Forbid".to_owned()),
    })
}

fn secret_key(flag: &str, given: Option<&str>) -> Result<Option<SecretKey>, String> {
    let Some(text) = given else { return Ok(None) };
    match secret(text) {
        Some((name, key)) => Ok(Some(SecretKey {
            name: name.to_owned(),
            key: key.to_owned(),
        })),
        // The text may be the secret itself, so it is not repeated.
        None => Err(format!(
            "`{flag}` takes the name of a Secret and perhaps a key in it, `name:key`, never the \
             secret itself"
        )),
    }
}
