//! Tekton Pipelines: a PipelineRun with everything in it.

use serde::Serialize;

use super::Options;
use super::environment::Renderer;
use super::manifest::{self, Header, Task};
use crate::diagnostic::Diagnostics;
use crate::plan::Plan;

#[derive(Serialize)]
struct Context<'a> {
    header: Header<'a>,
    tasks: Vec<Task<'a>>,
}

pub(super) fn emit(plan: &Plan, options: &Options) -> Result<String, Diagnostics> {
    let renderer = Renderer::new();
    let context = Context {
        header: manifest::header(plan, options),
        tasks: manifest::tasks(&renderer, plan, options)?,
    };
    let text = renderer.render("tekton/pipelinerun.yaml.j2", &context);
    manifest::checked_size(text, plan)
}
