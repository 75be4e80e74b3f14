//! Argo Workflows: one template a step, one DAG.

use serde::Serialize;

use super::environment::Renderer;
use super::manifest::{self, Header, Task};
use super::{Options, one};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::Plan;

/// The full CRD of Argo 4 takes 200 templates, and the DAG is one of them.
const MOST_STEPS: usize = 199;

#[derive(Serialize)]
struct Context<'a> {
    header: Header<'a>,
    tasks: Vec<Task<'a>>,
}

pub(super) fn emit(plan: &Plan, options: &Options) -> Result<String, Diagnostics> {
    if plan.len() > MOST_STEPS {
        return Err(too_many(plan));
    }
    let renderer = Renderer::new();
    let context = Context {
        header: manifest::header(plan, options),
        tasks: manifest::tasks(&renderer, plan, options)?,
    };
    let text = renderer.render("argo/workflow.yaml.j2", &context);
    manifest::checked_size(text, plan)
}

fn too_many(plan: &Plan) -> Diagnostics {
    let first_over = plan.steps().nth(MOST_STEPS);
    let span = first_over
        .map(|planned| planned.step.span)
        .unwrap_or_default();
    let message = format!(
        "the program has {} steps and an Argo Workflow takes {MOST_STEPS}",
        plan.len()
    );
    one(Diagnostic::new(Code::TooManySteps, span, message)
        .help("split the program into several, or compile it for Tekton"))
}
