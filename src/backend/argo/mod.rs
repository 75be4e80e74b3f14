//! Argo Workflows: one template a step and one DAG, or, where the limits of
//! the object ask for it, shared templates and a DAG of DAGs.

mod parts;
mod shared;

use std::borrow::Cow;

use minijinja::Value;
use serde::Serialize;

use super::environment::{Printed, Renderer};
use super::manifest::{self, Header, LastStep, Task, indented};
use super::{ArgoForm, Options, Schedule, one};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::Plan;

/// The full CRD of Argo 4 takes 200 templates, and 200 tasks in a DAG.
const MOST_TEMPLATES: usize = 200;
const MOST_TASKS: usize = 200;

/// Argo keeps object and status together within 1 MiB, the nodes of the
/// status compressed once there are many. A little is left for the rest of
/// the status.
const LARGEST_OBJECT: usize = 1000 * 1024;
/// What a step adds to the compressed status, without its arguments.
const BYTES_A_STEP: usize = 100;

const ENTRYPOINT: &str = "main";

#[derive(Serialize)]
struct Object<'a> {
    header: &'a Header<'a>,
    kind: &'static str,
    schedule: Option<&'a Schedule>,
    /// Whether the runs it starts take its labels and annotations.
    copies_metadata: bool,
    spec: Value,
}

#[derive(Serialize)]
struct Specification<'a> {
    header: &'a Header<'a>,
    executor_service_account: Option<&'a str>,
    mutex: Option<&'a str>,
    on_exit: Option<LastStep<'a>>,
    /// What differs between runs of one WorkflowTemplate.
    parameters: Vec<Parameter<'a>>,
    image: Cow<'a, str>,
    secrets: Secrets<'a>,
    carries_runtime: bool,
    dags: Vec<Dag<'a>>,
    templates: Vec<Template<'a>>,
}

#[derive(Serialize)]
struct Parameter<'a> {
    name: &'static str,
    description: &'static str,
    value: &'a str,
}

/// The names of the Secrets, or the parameters that hold them.
#[derive(Serialize)]
struct Secrets<'a> {
    datasource: Cow<'a, str>,
    model_store: Cow<'a, str>,
}

#[derive(Serialize)]
struct Dag<'a> {
    name: Cow<'a, str>,
    tasks: Vec<Node<'a>>,
}

/// A task of a DAG.
#[derive(Serialize)]
struct Node<'a> {
    name: Cow<'a, str>,
    template: Cow<'a, str>,
    needs: Vec<Cow<'a, str>>,
    arguments: Vec<Argument<'a>>,
}

#[derive(Serialize)]
struct Argument<'a> {
    name: &'static str,
    value: Cow<'a, str>,
    /// Printed over several lines, as it is.
    is_code: bool,
}

/// What a task runs.
#[derive(Serialize)]
struct Template<'a> {
    name: Cow<'a, str>,
    /// The parameters that its tasks give it.
    inputs: Vec<&'static str>,
    image: Cow<'a, str>,
    task: Task<'a>,
}

pub(super) fn emit(plan: &Plan, options: &Options) -> Result<String, Diagnostics> {
    let renderer = Renderer::new();
    let cluster = &options.cluster;
    let mut header = manifest::header(plan, options);
    if cluster.argo.form != ArgoForm::Workflow {
        // Only runs are made again and again: what starts them has one name.
        header.generate_name = None;
    }
    let on_exit = manifest::on_exit(options);
    let tasks = manifest::tasks(&renderer, plan, options)?;
    let carries_runtime = tasks.iter().any(|task| task.carries_runtime);
    // A template that is run when all is over counts too.
    let most_steps = MOST_TEMPLATES - 1 - usize::from(on_exit.is_some());
    let (dags, mut templates) = if plan.len() <= most_steps {
        flat(tasks)
    } else {
        let (dags, templates) = shared::dags(&renderer, plan, tasks, options);
        let count = dags.len() + templates.len() + usize::from(on_exit.is_some());
        if count > MOST_TEMPLATES {
            return Err(too_many(plan, count));
        }
        (dags, templates)
    };
    let parameters = match &cluster.argo.form {
        ArgoForm::WorkflowTemplate => parameters(&header, &mut templates),
        ArgoForm::Workflow | ArgoForm::CronWorkflow(_) => Vec::new(),
    };
    let or_parameter = |name: &str, value: &'_ str| match parameters.is_empty() {
        true => value.to_owned(),
        false => tag(name),
    };
    let specification = Specification {
        header: &header,
        executor_service_account: cluster.argo.executor_service_account.as_deref(),
        mutex: cluster.argo.mutex.as_deref(),
        on_exit,
        image: or_parameter(IMAGE, header.image).into(),
        secrets: Secrets {
            datasource: or_parameter(DATASOURCE, &header.datasource.name).into(),
            model_store: or_parameter(MODEL_STORE, &header.model_store.name).into(),
        },
        parameters,
        carries_runtime,
        dags,
        templates,
    };
    let spec = renderer.render("argo/spec.yaml.j2", &specification);
    let text = object(&renderer, &header, &cluster.argo.form, spec);
    // Arguments stand in the status again, with each attempt; compressed they
    // take a little less than half of their own size.
    let nodes = specification.dags.iter().flat_map(|dag| &dag.tasks);
    let arguments: usize = nodes
        .flat_map(|node| &node.arguments)
        .map(|argument| argument.value.len())
        .sum();
    let status = BYTES_A_STEP * plan.len() + arguments * 9 / 20;
    manifest::check_size(&text, plan, |size| size + status, LARGEST_OBJECT)?;
    Ok(text)
}

fn object(renderer: &Renderer, header: &Header<'_>, form: &ArgoForm, spec: String) -> String {
    let (schedule, spec) = match form {
        ArgoForm::CronWorkflow(schedule) => (Some(schedule), indented(&spec)),
        ArgoForm::Workflow | ArgoForm::WorkflowTemplate => (None, spec),
    };
    renderer.render(
        "argo/object.yaml.j2",
        &Object {
            header,
            kind: form.as_str(),
            schedule,
            copies_metadata: *form != ArgoForm::Workflow,
            spec: Printed::value(vec![spec]),
        },
    )
}

/// One DAG of all the steps, each with a template of its name.
fn flat(tasks: Vec<Task<'_>>) -> (Vec<Dag<'_>>, Vec<Template<'_>>) {
    let nodes = tasks.iter().map(|task| Node {
        name: task.name.into(),
        template: task.name.into(),
        needs: task.needs.iter().map(|need| Cow::Borrowed(*need)).collect(),
        arguments: Vec::new(),
    });
    let dag = Dag {
        name: ENTRYPOINT.into(),
        tasks: nodes.collect(),
    };
    let templates = tasks.into_iter().map(|task| Template {
        name: task.name.into(),
        inputs: Vec::new(),
        image: task.image.clone().into(),
        task,
    });
    (vec![dag], templates.collect())
}

const IMAGE: &str = "image";
const DATASOURCE: &str = "datasource-secret";
const MODEL_STORE: &str = "model-store-secret";

fn tag(parameter: &str) -> String {
    format!("{{{{workflow.parameters.{parameter}}}}}")
}

/// The parameters of a WorkflowTemplate: where the same program runs as test
/// and as production, these differ. Steps in the runtime's image take it from
/// the parameter.
fn parameters<'a>(header: &Header<'a>, templates: &mut [Template<'a>]) -> Vec<Parameter<'a>> {
    for template in templates {
        if template.image == header.image {
            template.image = tag(IMAGE).into();
        }
    }
    vec![
        Parameter {
            name: IMAGE,
            description: "Image with the step runtime",
            value: header.image,
        },
        Parameter {
            name: DATASOURCE,
            description: "Name of the Secret with the database's URL",
            value: &header.datasource.name,
        },
        Parameter {
            name: MODEL_STORE,
            description: "Name of the Secret with the model store's URL",
            value: &header.model_store.name,
        },
    ]
}

fn too_many(plan: &Plan, count: usize) -> Diagnostics {
    let span = plan
        .steps()
        .last()
        .map(|planned| planned.step.span)
        .unwrap_or_default();
    let message = format!(
        "the program's {} steps need {count} templates and an Argo Workflow takes {MOST_TEMPLATES}",
        plan.len()
    );
    one(Diagnostic::new(Code::TooManySteps, span, message).help(
        "steps with the same settings share a template; give fewer steps settings of their own, or \
         split the program into several",
    ))
}
