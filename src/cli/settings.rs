//! What was meant: the arguments with every default filled in.

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::Result;
use sha2::{Digest, Sha256};
use sqlflowc::backend::{ClusterOptions, LocalForm, Options, SecretKey};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::{Dialect, Reading, Unparsed};

use super::arguments::{
    ClusterArguments, CompileArguments, DialectArguments, RunArguments, TargetArgument,
    UnparsedArgument,
};
use super::run::{AfterFailure, RunOptions, Start};

/// The longest name of a run: Tekton joins it with a step's name to a label
/// of 63 characters, and Kubernetes adds six to it.
const LONGEST_NAME: usize = 28;

pub(super) fn reading(arguments: &DialectArguments) -> Reading {
    let name = arguments.dialect.as_deref().unwrap_or("duckdb");
    let dialect = Dialect::ALL
        .iter()
        .copied()
        .find(|dialect| dialect.as_str() == name)
        .expect("the parser of arguments allows only dialects");
    let unparsed = match arguments.unparsed_sql {
        None | Some(UnparsedArgument::Error) => Unparsed::Error,
        Some(UnparsedArgument::Barrier) => Unparsed::Barrier,
    };
    Reading {
        dialect,
        unparsed,
        threads: threads(),
    }
}

/// As many threads as there are processors. Where that cannot be known, one.
fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Options for the `compile` command.
pub(super) fn options(
    arguments: &CompileArguments,
    source: &SourceFile,
) -> Result<Options, String> {
    check_flags(arguments)?;
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
        cluster: cluster(&arguments.cluster)?,
    })
}

/// Flags that mean nothing to the target would be silently lost.
fn check_flags(arguments: &CompileArguments) -> Result<(), String> {
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
    // The image may come from the environment, for all targets alike.
    let of_cluster = [
        ("--namespace", namespace.is_some()),
        ("--service-account", service_account.is_some()),
        ("--datasource-secret", datasource_secret.is_some()),
        ("--model-store-secret", model_store_secret.is_some()),
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
pub(super) fn local_options(program: &Path, source: &SourceFile) -> Options {
    Options {
        name: run_name(program),
        source: shown_source(program),
        source_sha256: sha256(source.text()),
        local: LocalForm::Installed,
        cluster: ClusterOptions {
            image: String::new(),
            namespace: None,
            service_account: String::new(),
            datasource: SecretKey {
                name: String::new(),
                key: String::new(),
            },
            model_store: SecretKey {
                name: String::new(),
                key: String::new(),
            },
        },
    }
}

pub(super) fn run_options(arguments: &RunArguments) -> RunOptions {
    RunOptions {
        datasource: arguments.datasource.clone(),
        model_store: arguments.model_store.clone(),
        jobs: arguments.jobs.map(usize::from),
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
fn shown_source(program: &Path) -> String {
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

fn cluster(arguments: &ClusterArguments) -> Result<ClusterOptions, String> {
    let image = arguments.image.clone().unwrap_or_else(default_image);
    if !sqlflowc::semantic::is_image(&image) {
        return Err(format!("`--image {image}` is no image reference"));
    }
    if let Some(name) = &arguments.namespace
        && (name.contains('.') || name.len() > 63 || !is_object_name(name))
    {
        return Err(format!(
            "`--namespace {name}` is no namespace; use at most 63 lower-case letters, digits and \
             dashes"
        ));
    }
    if let Some(name) = &arguments.service_account
        && !is_object_name(name)
    {
        return Err(format!(
            "`--service-account {name}` is no name in Kubernetes; use lower-case letters, digits, \
             dashes and dots"
        ));
    }
    Ok(ClusterOptions {
        image,
        namespace: arguments.namespace.clone(),
        service_account: arguments
            .service_account
            .clone()
            .unwrap_or_else(|| "sqlflow-runner".to_owned()),
        datasource: secret(
            "--datasource-secret",
            arguments.datasource_secret.as_deref(),
            "sqlflow-datasource:url",
        )?,
        model_store: secret(
            "--model-store-secret",
            arguments.model_store_secret.as_deref(),
            "sqlflow-model-store:url",
        )?,
    })
}

fn default_image() -> String {
    format!("sqlflow-runtime:{}", env!("CARGO_PKG_VERSION"))
}

fn secret(flag: &str, given: Option<&str>, default: &str) -> Result<SecretKey, String> {
    let text = given.unwrap_or(default);
    match text.split_once(':') {
        Some((name, key)) if is_object_name(name) && is_secret_key(key) => Ok(SecretKey {
            name: name.to_owned(),
            key: key.to_owned(),
        }),
        // The text may be the secret itself, so it is not repeated.
        _ => Err(format!(
            "`{flag}` takes the name of a Secret and a key in it, such as `{default}`, never the \
             secret itself"
        )),
    }
}

fn is_object_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|part| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
}

fn is_secret_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 253
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
