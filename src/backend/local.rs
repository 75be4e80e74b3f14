//! The local target: one Python script.

use std::collections::BTreeSet;

use minijinja::Value;
use serde::Serialize;

use super::environment::Renderer;
use super::python::Expression;
use super::step::{self, CONTRACT, StepCode};
use super::{LocalForm, Options, package};
use crate::ir::{Action, Family};
use crate::plan::Plan;
use crate::runtime;

#[derive(Serialize)]
struct Context<'a> {
    version: &'a str,
    requires_python: Option<String>,
    dependencies: Option<Vec<String>>,
    runtime: Option<Value>,
    imports: String,
    steps: Vec<StepContext<'a>>,
    program: &'a str,
    contract: usize,
}

#[derive(Serialize)]
struct StepContext<'a> {
    function: String,
    code: String,
    name: &'a str,
    kind: &'a str,
    lines: (usize, usize),
    needs: Value,
}

pub(super) fn emit(plan: &Plan, options: &Options) -> String {
    let renderer = Renderer::new();
    let mut imports = BTreeSet::from(["Step"]);
    let steps = plan
        .steps()
        .enumerate()
        .map(|(at, planned)| {
            let StepCode {
                function,
                code,
                imports: own,
            } = step::function(&renderer, planned);
            imports.extend(own);
            StepContext {
                function,
                code,
                name: &planned.name,
                kind: planned.step.action.kind(),
                lines: planned.step.lines,
                needs: Expression::texts(&plan.needs_names(at)).value(),
            }
        })
        .collect();
    let imports: Vec<_> = imports.into_iter().collect();
    let package = (options.local == LocalForm::SelfContained).then(package::read);
    let context = Context {
        version: env!("CARGO_PKG_VERSION"),
        requires_python: package
            .as_ref()
            .map(|package| package.requires_python.clone()),
        dependencies: package.as_ref().map(|package| {
            let mut dependencies = package.dependencies.clone();
            if needs_deep(plan) {
                dependencies.extend(package.deep_dependencies.iter().cloned());
            }
            dependencies
        }),
        runtime: package.map(|_| {
            let files = runtime::files()
                .map(|(path, text)| (path.to_owned(), Expression::text(text)))
                .collect();
            Expression::Dict(files).value()
        }),
        imports: imports.join(", "),
        steps,
        program: &options.source,
        contract: CONTRACT,
    };
    renderer.render("local/script.py.j2", &context)
}

/// Whether a step may need the libraries of neural networks. A model that the
/// program does not train can be of any kind.
pub fn needs_deep(plan: &Plan) -> bool {
    let mut trained = BTreeSet::new();
    plan.steps().any(|planned| match &planned.step.action {
        Action::Train(train) => {
            trained.insert(train.into.as_str());
            train.family == Family::Deep
                || train
                    .start_from
                    .as_deref()
                    .is_some_and(|model| !trained.contains(model))
        }
        Action::Predict(predict) => !trained.contains(predict.model.as_str()),
        Action::Evaluate(evaluate) => !trained.contains(evaluate.model.as_str()),
        Action::Explain(explain) => !trained.contains(explain.model.as_str()),
        Action::Query(_) | Action::ShowTrain(_) => false,
    })
}
