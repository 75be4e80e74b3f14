//! The local target: one Python script.

use std::collections::BTreeSet;
use std::ops::Range;

use minijinja::Value;
use serde::Serialize;

use super::environment::{Printed, Renderer};
use super::python::Expression;
use super::step::{self, CONTRACT, StepCode};
use super::{LocalForm, Options, package};
use crate::ir::{Action, Family};
use crate::parallel;
use crate::plan::Plan;
use crate::runtime;

#[derive(Serialize)]
struct Context<'a> {
    version: &'a str,
    requires_python: Option<String>,
    dependencies: Option<Vec<String>>,
    runtime: Option<Value>,
    imports: String,
    functions: Value,
    steps: Value,
    program: &'a str,
    contract: usize,
}

#[derive(Serialize)]
struct StepContext<'a> {
    function: &'a str,
    name: &'a str,
    kind: &'a str,
    lines: (usize, usize),
    needs: Value,
    timeout_seconds: Option<u64>,
    retries: Option<u32>,
}

/// How many steps are printed at a time.
const BATCH: usize = 64;

/// Some steps' functions, their entries in the list of steps, and what they
/// import.
#[derive(Default)]
struct Batch {
    functions: String,
    entries: String,
    imports: BTreeSet<&'static str>,
}

fn batch(renderer: &Renderer, plan: &Plan, options: &Options, steps: Range<usize>) -> Batch {
    let mut batch = Batch::default();
    for at in steps {
        let planned = plan.step(at);
        let StepCode {
            function,
            code,
            imports,
        } = step::function(renderer, planned);
        batch.imports.extend(imports);
        batch.functions.push_str("\n\n");
        batch.functions.push_str(&code);
        let settings = options.steps.of(planned).settings;
        let entry = StepContext {
            function: &function,
            name: &planned.name,
            kind: planned.step.action.kind(),
            lines: planned.step.lines,
            needs: Expression::texts(&plan.needs_names(at)).value(),
            timeout_seconds: settings.timeout_seconds,
            retries: settings.retries,
        };
        batch.entries += &renderer.render("local/step.py.j2", &entry);
    }
    batch
}

pub(super) fn emit(plan: &Plan, options: &Options) -> String {
    let renderer = Renderer::new();
    let batches = parallel::map(options.threads, plan.len().div_ceil(BATCH), |number| {
        let start = number * BATCH;
        batch(
            &renderer,
            plan,
            options,
            start..plan.len().min(start + BATCH),
        )
    });
    let mut imports = BTreeSet::from(["Step"]);
    let (mut functions, mut steps) = (Vec::new(), Vec::new());
    for batch in batches {
        imports.extend(batch.imports);
        functions.push(batch.functions);
        steps.push(batch.entries);
    }
    // The rest of the script is a few lines, or the runtime.
    let bytes = functions
        .iter()
        .chain(&steps)
        .map(String::len)
        .sum::<usize>()
        + 4096;
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
                dependencies.extend_from_slice(package.extra("deep"));
            }
            for extra in &options.extras {
                dependencies.extend_from_slice(package.extra(extra.name()));
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
        functions: Printed::value(functions),
        steps: Printed::value(steps),
        program: &options.source,
        contract: CONTRACT,
    };
    renderer.render_about("local/script.py.j2", &context, bytes)
}

/// Whether a step may need the libraries of neural networks. A model that the
/// program does not train can be of any kind.
pub fn needs_deep(plan: &Plan) -> bool {
    let mut trained = BTreeSet::new();
    plan.steps().any(|planned| match &planned.step.action {
        Action::Train(train) => {
            trained.insert(train.into.as_str());
            // A class of the user's own may be a network.
            matches!(train.family, Family::Deep | Family::Custom)
                || train
                    .start_from
                    .as_deref()
                    .is_some_and(|model| !trained.contains(model))
        }
        Action::Predict(predict) => !trained.contains(predict.model.as_str()),
        Action::Evaluate(evaluate) => !trained.contains(evaluate.model.as_str()),
        Action::Explain(explain) => !trained.contains(explain.model.as_str()),
        Action::Query(_) | Action::ShowTrain(_) | Action::Run(_) | Action::Optimize(_) => false,
    })
}
