//! Step functions: one rendering for all targets.

use std::collections::BTreeSet;

use minijinja::Value;
use serde::Serialize;

use super::environment::Renderer;
use super::python::Expression;
use crate::ir::{
    Action, ArgumentValue, Evaluate, Explain, Feature, FeatureSet, Literal, Predict, Query, Train,
};
use crate::plan::PlannedStep;

/// The version of the step contract that this compiler writes.
pub(super) const CONTRACT: usize = 1;

/// A step as Python.
pub(super) struct StepCode {
    pub(super) function: String,
    /// Ends with one line end.
    pub(super) code: String,
    /// What the code needs from `sqlflow_runtime` by its bare name.
    pub(super) imports: BTreeSet<&'static str>,
}

/// The step's function.
pub(super) fn function(renderer: &Renderer, planned: &PlannedStep) -> StepCode {
    let name = planned.name.replace('-', "_");
    let session = &planned.step.session;
    let session = (!session.is_empty()).then(|| Expression::texts(session).value());
    let mut imports = BTreeSet::new();
    let code = match &planned.step.action {
        Action::Query(query) => {
            renderer.render("step/query.py.j2", &queries(&name, query, session))
        }
        Action::Train(train) => {
            for set in &train.features {
                for feature in &set.features {
                    functions(feature, &mut imports);
                }
            }
            renderer.render("step/train.py.j2", &training(&name, train, session))
        }
        Action::Predict(predict) => {
            imports.insert("table");
            renderer.render("step/predict.py.j2", &prediction(&name, predict, session))
        }
        Action::Evaluate(evaluate) => {
            imports.extend(evaluate.into.as_ref().map(|_| "table"));
            renderer.render("step/evaluate.py.j2", &evaluation(&name, evaluate, session))
        }
        Action::Explain(explain) => {
            imports.extend(explain.into.as_ref().map(|_| "table"));
            renderer.render("step/explain.py.j2", &explanation(&name, explain, session))
        }
        Action::ShowTrain(show) => renderer.render(
            "step/show_train.py.j2",
            &ShowTrainContext {
                function: &name,
                model: &show.model,
            },
        ),
    };
    StepCode {
        function: name,
        code,
        imports,
    }
}

/// The whole program of a step's container.
pub(super) fn container(renderer: &Renderer, planned: &PlannedStep) -> String {
    let step = function(renderer, planned);
    let imports: Vec<_> = step.imports.into_iter().collect();
    renderer.render(
        "step/container.py.j2",
        &ContainerContext {
            imports: imports.join(", "),
            code: &step.code,
            function: &step.function,
            name: &planned.name,
            contract: CONTRACT,
        },
    )
}

#[derive(Serialize)]
struct ContainerContext<'a> {
    imports: String,
    code: &'a str,
    function: &'a str,
    name: &'a str,
    contract: usize,
}

fn functions(feature: &Feature, names: &mut BTreeSet<&'static str>) {
    fn of_value(value: &ArgumentValue, names: &mut BTreeSet<&'static str>) {
        match value {
            ArgumentValue::Literal(_) => {}
            ArgumentValue::Feature(feature) => functions(feature, names),
            ArgumentValue::Keys(keys) => keys.iter().for_each(|key| of_value(key, names)),
        }
    }
    names.insert(feature.function);
    for argument in &feature.arguments {
        of_value(&argument.value, names);
    }
}

#[derive(Serialize)]
struct QueryContext<'a> {
    function: &'a str,
    statements: Value,
    session: Option<Value>,
}

fn queries<'a>(function: &'a str, query: &Query, session: Option<Value>) -> QueryContext<'a> {
    QueryContext {
        function,
        statements: Expression::texts(&query.statements).value(),
        session,
    }
}

#[derive(Serialize)]
struct TrainContext<'a> {
    function: &'a str,
    select: &'a str,
    estimator: &'a str,
    params: Option<Value>,
    rounds: Option<Value>,
    epochs: Option<Value>,
    batch_size: Option<Value>,
    max_steps: Option<Value>,
    optimizer: Option<Value>,
    linear_optimizer: Option<Value>,
    dnn_optimizer: Option<Value>,
    loss: Option<Value>,
    early_stopping: Option<Value>,
    validation: Option<Value>,
    features: Value,
    label: Option<&'a str>,
    start_from: Option<&'a str>,
    into: &'a str,
    statement: &'a str,
    session: Option<Value>,
}

fn training<'a>(function: &'a str, train: &'a Train, session: Option<Value>) -> TrainContext<'a> {
    let literal = |value: &Option<Literal>| value.as_ref().map(|v| Expression::from(v).value());
    let settings = |list| Expression::settings(list).map(Expression::value);
    TrainContext {
        function,
        select: &train.select,
        estimator: &train.estimator,
        params: settings(&train.params),
        rounds: literal(&train.rounds),
        epochs: literal(&train.epochs),
        batch_size: literal(&train.batch_size),
        max_steps: literal(&train.max_steps),
        optimizer: settings(&train.optimizer),
        linear_optimizer: settings(&train.linear_optimizer),
        dnn_optimizer: settings(&train.dnn_optimizer),
        loss: settings(&train.loss),
        early_stopping: literal(&train.early_stopping),
        validation: settings(&train.validation),
        features: features(&train.features).value(),
        label: train.label.as_deref(),
        start_from: train.start_from.as_deref(),
        into: &train.into,
        statement: &train.statement,
        session,
    }
}

/// A list for a model of one target, a dictionary of lists for several.
fn features(sets: &[FeatureSet]) -> Expression {
    let list =
        |set: &FeatureSet| Expression::List(set.features.iter().map(Expression::from).collect());
    match sets {
        [only] if only.target.is_none() => list(only),
        _ => Expression::Dict(
            sets.iter()
                .map(|set| (set.target.clone().unwrap_or_default(), list(set)))
                .collect(),
        ),
    }
}

#[derive(Serialize)]
struct PredictContext<'a> {
    function: &'a str,
    select: &'a str,
    model: &'a str,
    into: Value,
    column: &'a str,
    extra_outputs: Option<Value>,
    batch_size: Option<Value>,
    session: Option<Value>,
}

fn prediction<'a>(
    function: &'a str,
    predict: &'a Predict,
    session: Option<Value>,
) -> PredictContext<'a> {
    PredictContext {
        function,
        select: &predict.select,
        model: &predict.model,
        into: Expression::table(&predict.into).value(),
        column: &predict.column,
        extra_outputs: texts(&predict.extra_outputs),
        batch_size: predict
            .batch_size
            .as_ref()
            .map(|size| Expression::from(size).value()),
        session,
    }
}

fn texts(texts: &[String]) -> Option<Value> {
    (!texts.is_empty()).then(|| Expression::texts(texts).value())
}

#[derive(Serialize)]
struct EvaluateContext<'a> {
    function: &'a str,
    select: &'a str,
    model: &'a str,
    label: Option<&'a str>,
    metrics: Option<Value>,
    into: Option<Value>,
    session: Option<Value>,
}

fn evaluation<'a>(
    function: &'a str,
    evaluate: &'a Evaluate,
    session: Option<Value>,
) -> EvaluateContext<'a> {
    EvaluateContext {
        function,
        select: &evaluate.select,
        model: &evaluate.model,
        label: evaluate.label.as_deref(),
        metrics: texts(&evaluate.metrics),
        into: evaluate
            .into
            .as_deref()
            .map(|into| Expression::table(into).value()),
        session,
    }
}

#[derive(Serialize)]
struct ExplainContext<'a> {
    function: &'a str,
    select: &'a str,
    model: &'a str,
    explainer: Option<&'a str>,
    params: Option<Value>,
    into: Option<Value>,
    session: Option<Value>,
}

fn explanation<'a>(
    function: &'a str,
    explain: &'a Explain,
    session: Option<Value>,
) -> ExplainContext<'a> {
    ExplainContext {
        function,
        select: &explain.select,
        model: &explain.model,
        explainer: explain.explainer.as_deref(),
        params: Expression::settings(&explain.params).map(Expression::value),
        into: explain
            .into
            .as_deref()
            .map(|into| Expression::table(into).value()),
        session,
    }
}

#[derive(Serialize)]
struct ShowTrainContext<'a> {
    function: &'a str,
    model: &'a str,
}
