//! Tekton Pipelines: a PipelineRun with everything in it, or a Pipeline and
//! its run.

use minijinja::Value;
use serde::Serialize;

use super::environment::{Printed, Renderer};
use super::manifest::{self, Header, LastStep, Task, indented};
use super::{Options, TektonForm};
use crate::diagnostic::Diagnostics;
use crate::plan::Plan;

/// A PipelineRun holds its pipeline twice, in the specification and in the
/// status, and a reference to each step's run; etcd takes 1.5 MiB.
const LARGEST_OBJECT: usize = 1_400 * 1024;
const BYTES_A_STEP: usize = 250;

#[derive(Serialize)]
struct Tasks<'a> {
    header: &'a Header<'a>,
    tasks: &'a [Task<'a>],
    on_exit: Option<&'a LastStep<'a>>,
}

#[derive(Serialize)]
struct Object<'a> {
    header: &'a Header<'a>,
    tasks: &'a [Task<'a>],
    carries_runtime: bool,
    /// The pipeline's specification; None in a run that refers to it.
    pipeline: Option<Value>,
}

pub(super) fn emit(plan: &Plan, options: &Options) -> Result<String, Diagnostics> {
    let renderer = Renderer::new();
    let header = manifest::header(plan, options);
    let tasks = manifest::tasks(&renderer, plan, options)?;
    let on_exit = manifest::on_exit(options);
    let pipeline = renderer.render(
        "tekton/tasks.yaml.j2",
        &Tasks {
            header: &header,
            tasks: &tasks,
            on_exit: on_exit.as_ref(),
        },
    );
    let carries_runtime = tasks.iter().any(|task| task.carries_runtime);
    let object = |template: &str, pipeline: Option<String>| {
        renderer.render(
            template,
            &Object {
                header: &header,
                tasks: &tasks,
                carries_runtime,
                pipeline: pipeline.map(|text| Printed::value(vec![text])),
            },
        )
    };
    let text = match options.cluster.tekton {
        TektonForm::PipelineRun => object("tekton/run.yaml.j2", Some(indented(&pipeline))),
        TektonForm::Pipeline => {
            object("tekton/pipeline.yaml.j2", Some(pipeline)) + &object("tekton/run.yaml.j2", None)
        }
    };
    manifest::check_size(
        &text,
        plan,
        |size| 2 * size + BYTES_A_STEP * plan.len(),
        LARGEST_OBJECT,
    )?;
    Ok(text)
}
