//! What Argo's and Tekton's manifests have in common: facts about the plan's
//! steps in the terms of Kubernetes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser};
use serde::Serialize;

use super::environment::Renderer;
use super::step::Container;
use super::{ConfigMapKey, Naming, Options, StepSettings, Toleration, one, step};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Action, Run, Settings};
use crate::plan::{Plan, PlannedStep};

/// An argument of a container may take 128 KiB; Argo carries it in an
/// environment variable that holds the whole template as JSON.
const LARGEST_STEP: usize = 96 * 1024;

#[derive(Serialize)]
pub(super) struct Header<'a> {
    pub(super) version: &'a str,
    pub(super) name: &'a str,
    /// None for an object whose name is fixed.
    pub(super) generate_name: Option<String>,
    pub(super) namespace: Option<&'a str>,
    pub(super) service_account: &'a str,
    pub(super) source: &'a str,
    pub(super) source_sha256: &'a str,
    /// A label's value holds 63 characters, a SHA-256 has 64.
    pub(super) source_hash: &'a str,
    pub(super) image: &'a str,
    /// After which the whole run is ended.
    pub(super) deadline_seconds: u64,
    pub(super) datasource: &'a super::SecretKey,
    pub(super) model_store: &'a super::SecretKey,
    pub(super) labels: &'a BTreeMap<String, String>,
    pub(super) image_pull_secrets: &'a [String],
    /// Those of the model store first.
    pub(super) environment_secrets: Vec<&'a str>,
    pub(super) ca_bundle: Option<&'a ConfigMapKey>,
    /// The variables by which libraries find the bundle.
    pub(super) ca_variables: &'a [&'a str],
    pub(super) scratch: &'a str,
}

/// OpenSSL and what is built on it, Python's requests, and libpq in turn.
const CA_VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PGSSLROOTCERT"];

pub(super) fn header<'a>(plan: &Plan, options: &'a Options) -> Header<'a> {
    Header {
        version: env!("CARGO_PKG_VERSION"),
        name: &options.name,
        generate_name: match options.cluster.naming {
            Naming::Generated => Some(format!("{}-", options.name)),
            Naming::Fixed => None,
        },
        namespace: options.cluster.namespace.as_deref(),
        service_account: &options.cluster.service_account,
        source: &options.source,
        source_sha256: &options.source_sha256,
        source_hash: &options.source_sha256[..16],
        image: &options.cluster.image,
        deadline_seconds: deadline(plan, options),
        datasource: &options.cluster.datasource,
        model_store: &options.cluster.model_store,
        labels: &options.cluster.labels,
        image_pull_secrets: &options.cluster.image_pull_secrets,
        environment_secrets: {
            let own = options.cluster.model_store_credentials.iter();
            own.chain(&options.cluster.environment_secrets)
                .map(String::as_str)
                .collect()
        },
        ca_bundle: options.cluster.ca_bundle.as_ref(),
        ca_variables: match &options.cluster.ca_bundle {
            Some(_) => &CA_VARIABLES,
            None => &[],
        },
        scratch: &options.cluster.scratch,
    }
}

/// The step that is run when all is over.
#[derive(Serialize)]
pub(super) struct LastStep<'a> {
    name: &'static str,
    image: &'a str,
    command: &'a [String],
    secret: Option<&'a str>,
}

pub(super) fn on_exit(options: &Options) -> Option<LastStep<'_>> {
    let on_exit = options.cluster.on_exit.as_ref()?;
    Some(LastStep {
        // No statement's step has this name, since none begins with `notify`.
        name: "notify",
        image: &on_exit.image,
        command: &on_exit.command,
        secret: on_exit.secret.as_deref(),
    })
}

/// A day, or what the steps' own timeouts may add up to with their retries,
/// one after another, if that is more: Tekton ends a run after an hour unless
/// told otherwise, and a run's deadline cuts its steps' short.
fn deadline(plan: &Plan, options: &Options) -> u64 {
    const DAY: u64 = 24 * 3600;
    let steps = plan.steps().filter_map(|planned| {
        let settings = options.steps.of(planned).settings;
        let attempts = u64::from(retries(&planned.step.action, &settings)) + 1;
        Some(settings.timeout_seconds?.saturating_mul(attempts))
    });
    let sum = steps.fold(0, u64::saturating_add);
    if sum > DAY {
        sum.saturating_add(DAY)
    } else {
        DAY
    }
}

/// A step as both engines need it.
#[derive(Clone, Serialize)]
pub(super) struct Task<'a> {
    pub(super) name: &'a str,
    pub(super) needs: Vec<&'a str>,
    pub(super) lines: String,
    pub(super) digest: Cow<'a, str>,
    pub(super) image: String,
    /// The container's whole Python program, or else a user's.
    pub(super) program: Option<String>,
    pub(super) command: Vec<&'a str>,
    /// What the container finds in its environment beside the shared variables.
    pub(super) variables: Vec<Variable>,
    pub(super) resources: Resources,
    pub(super) timeout_seconds: Option<u64>,
    /// How often the engine may run it again, when the infrastructure failed
    /// or it says by its exit status that it may succeed later.
    pub(super) retries: u32,
    pub(super) node_selector: BTreeMap<String, String>,
    pub(super) tolerations: Vec<Toleration>,
    /// Whether the image lacks the step runtime's own code, which another
    /// container then brings.
    pub(super) carries_runtime: bool,
    pub(super) writes_root: bool,
}

#[derive(Clone, Serialize)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) value: String,
}

#[derive(Clone, PartialEq, Serialize)]
pub(super) struct Resources {
    cpu: String,
    memory: String,
    gpu: Option<String>,
}

/// The plan's steps as tasks. A step that is too large for a container is an
/// error, since the cluster would only say so at run time.
pub(super) fn tasks<'a>(
    renderer: &Renderer,
    plan: &'a Plan,
    options: &'a Options,
) -> Result<Vec<Task<'a>>, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let tasks = plan
        .steps()
        .enumerate()
        .map(|(at, planned)| {
            let task = task(renderer, planned, plan.needs_names(at), options);
            let variables = task.variables.iter().map(|variable| variable.value.len());
            let size = task.program.as_ref().map_or(0, String::len) + variables.sum::<usize>();
            if size > LARGEST_STEP {
                diagnostics.push(too_large(planned, size));
            }
            if let Action::Run(_) = &planned.step.action {
                diagnostics.extend(rewritten(planned, &task));
            }
            task
        })
        .collect();
    if diagnostics.has_errors() {
        Err(diagnostics)
    } else {
        Ok(tasks)
    }
}

fn too_large(planned: &PlannedStep, size: usize) -> Diagnostic {
    let message = format!(
        "step `{}` is {size} bytes and a container's argument takes {LARGEST_STEP}",
        planned.name
    );
    Diagnostic::new(Code::StepTooLarge, planned.step.span, message)
        .help("load the data from a file or a table instead of writing it in the statement")
}

/// A user's image gets its texts in plain environment variables, where no
/// escape hides them from the engine on the way: what it would take for a
/// variable of its own is an error.
fn rewritten(planned: &PlannedStep, task: &Task<'_>) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let is_rewritten = |text: &str| {
        ["{{", "$(", "$$"].iter().any(|sign| text.contains(sign))
            || text
                .split('$')
                .skip(1)
                .any(|rest| rest.starts_with(|c: char| !c.is_ascii()))
    };
    let values = task
        .variables
        .iter()
        .map(|variable| variable.value.as_str());
    if let Some(text) = task
        .command
        .iter()
        .copied()
        .chain(values)
        .find(|t| is_rewritten(t))
    {
        let line = text.lines().find(|line| is_rewritten(line)).unwrap_or(text);
        let message = format!("an engine would rewrite `{}`", line.trim());
        diagnostics.push(
            Diagnostic::new(Code::TextRewritten, planned.step.span, message).help(
                "leave `{{`, `$(` and `$$` out of the query and of `CMD`, for one by reading from \
                 a view that the program makes",
            ),
        );
    }
    diagnostics
}

fn task<'a>(
    renderer: &Renderer,
    planned: &'a PlannedStep,
    needs: Vec<&'a str>,
    options: &'a Options,
) -> Task<'a> {
    let step = &planned.step;
    let StepSettings {
        settings,
        node_selector,
        tolerations,
        writable_root,
    } = options.steps.of(planned);
    let image = settings
        .image
        .clone()
        .unwrap_or_else(|| options.cluster.image.clone());
    let lines = format!("{}-{}", step.lines.0, step.lines.1);
    let carries_runtime = image != options.cluster.image && !matches!(step.action, Action::Run(_));
    let (program, command, variables) = match &step.action {
        Action::Run(run) => {
            let command = run.command.iter().map(String::as_str).collect();
            (None, command, variables(run, &step.session))
        }
        _ => {
            let function = step::function(renderer, planned);
            let program = step::container(
                renderer,
                &Container {
                    function: &function.function,
                    imports: function.imports.iter().copied().collect(),
                    code: &function.code,
                    name: &planned.name,
                    source: &options.source,
                    place: &place(&lines, &step.digest),
                    carries_runtime,
                },
            );
            (Some(program), Vec::new(), Vec::new())
        }
    };
    Task {
        name: &planned.name,
        needs,
        lines,
        digest: Cow::Borrowed(&step.digest),
        program,
        command,
        variables,
        resources: resources(&step.action, &settings),
        timeout_seconds: settings.timeout_seconds,
        retries: retries(&step.action, &settings),
        image,
        carries_runtime,
        writes_root: writable_root.unwrap_or(false),
        node_selector: node_selector.unwrap_or_default(),
        tolerations: tolerations.unwrap_or_default(),
    }
}

/// Where a step comes from, behind the program's path, as its log says it.
///
/// The hash of the program is not in it: it changes with each edit, and a
/// step that has not changed should look the same in a manifest's diff. All
/// steps get it in one variable.
pub(super) fn place(lines: &str, statement: &str) -> String {
    format!(":{lines}, statement {statement}")
}

/// What a user's program finds in its environment: SQLFlow's names.
fn variables(run: &Run, session: &[String]) -> Vec<Variable> {
    let mut variables = vec![
        Variable {
            name: "SQLFLOW_TO_RUN_SELECT",
            value: run.select.clone(),
        },
        Variable {
            name: "SQLFLOW_TO_RUN_INTO",
            value: run.tables(),
        },
        Variable {
            name: "SQLFLOW_TO_RUN_IMAGE",
            value: run.image.clone(),
        },
    ];
    if !session.is_empty() {
        variables.push(Variable {
            name: "SQLFLOW_TO_RUN_SESSION",
            value: session.join(";\n"),
        });
    }
    variables
}

/// Requests by the kind of step, unless the program or the configuration says
/// otherwise. Memory is limited to what is requested, so that a step is not
/// evicted for taking more than was planned; processors are not limited.
fn resources(action: &Action, settings: &Settings) -> Resources {
    let (cpu, memory) = match action {
        Action::Query(_) | Action::ShowTrain(_) => ("100m", "512Mi"),
        Action::Train(_) => ("1", "4Gi"),
        Action::Run(_) | Action::Optimize(_) => ("1", "2Gi"),
        Action::Predict(_) | Action::Evaluate(_) | Action::Explain(_) => ("500m", "2Gi"),
    };
    let or =
        |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
    Resources {
        cpu: or(&settings.cpu, cpu),
        memory: or(&settings.memory, memory),
        gpu: settings
            .gpu
            .filter(|gpu| *gpu > 0)
            .map(|gpu| gpu.to_string()),
    }
}

/// What ML steps do they do anew from the beginning, and the result takes the
/// place of the one before. Plain SQL and a user's program need not be
/// idempotent, and what an engine takes for a failure of the infrastructure
/// may come after the work is done, as when a pod is deleted: they are run
/// again only where the program or the configuration says so.
fn retries(action: &Action, settings: &Settings) -> u32 {
    settings.retries.unwrap_or(match action {
        Action::Query(_) | Action::Run(_) => 0,
        Action::Train(_)
        | Action::Predict(_)
        | Action::Evaluate(_)
        | Action::Explain(_)
        | Action::ShowTrain(_)
        | Action::Optimize(_) => 2,
    })
}

/// Checks that a cluster takes a manifest. What an object weighs there is
/// reckoned from its size as JSON, since indentation and comments do not
/// arrive.
pub(super) fn check_size(
    manifest: &str,
    plan: &Plan,
    weight: impl Fn(usize) -> usize,
    most: usize,
) -> Result<(), Diagnostics> {
    // JSON is shorter than the same as indented YAML, but for line ends.
    if weight(manifest.len() + manifest.len() / 8) <= most {
        return Ok(());
    }
    let size = json_size(manifest);
    if weight(size) <= most {
        return Ok(());
    }
    let span = plan
        .steps()
        .last()
        .map(|planned| planned.step.span)
        .unwrap_or_default();
    let message = format!(
        "the manifest of {} steps is {size} bytes as JSON, {} with what the cluster keeps beside it, \
         and a cluster takes {most}",
        plan.len(),
        weight(size),
    );
    Err(one(Diagnostic::new(Code::ArtifactTooLarge, span, message)
        .help(
            "split the program into several and run them one after another, or keep long data out \
             of the statements",
        )))
}

/// How many bytes a document of ours has as JSON.
fn json_size(manifest: &str) -> usize {
    let events = Parser::new_from_str(manifest).map(|event| event.expect("we wrote it").0);
    events
        .map(|event| match event {
            Event::Scalar(text, ..) => {
                let text = serde_json::to_string(text.as_ref()).expect("a text is JSON");
                // A colon or a comma follows.
                text.len() + 1
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => 3,
            _ => 0,
        })
        .sum()
}

/// YAML one level deeper. Lines of block literals move with the rest, and
/// empty lines stay empty.
pub(super) fn indented(yaml: &str) -> String {
    let mut out = String::with_capacity(yaml.len() + yaml.len() / 8);
    for line in yaml.lines() {
        if !line.is_empty() {
            out.push_str("  ");
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}
