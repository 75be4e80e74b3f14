//! Step functions: one rendering for all targets.

use std::collections::BTreeSet;

use minijinja::Value;
use serde::Serialize;

use super::environment::Renderer;
use super::python::{self, Expression};
use crate::ir::{
    Action, ArgumentValue, Constraint, Evaluate, Explain, Feature, FeatureSet, Formula, Literal,
    Optimize, Predict, Query, Run, Train,
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

/// The step's function, named after the step.
pub(super) fn function(renderer: &Renderer, planned: &PlannedStep) -> StepCode {
    named_function(renderer, planned, planned.name.replace('-', "_"))
}

/// The step's function under a name of the caller's choice.
pub(super) fn named_function(renderer: &Renderer, planned: &PlannedStep, name: String) -> StepCode {
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
        Action::Run(run) => {
            imports.extend(run.into.first().map(|_| "table"));
            renderer.render("step/run.py.j2", &program(&name, run, session))
        }
        Action::Optimize(optimize) => {
            imports.extend(["constraint", "decision", optimize.sense.as_str(), "table"]);
            if optimize.constraints.is_empty() {
                imports.remove("constraint");
            }
            let sides = optimize
                .constraints
                .iter()
                .flat_map(|c| [&c.left, &c.right]);
            for formula in std::iter::once(&optimize.objective.formula).chain(sides) {
                formula_functions(formula, &mut imports);
            }
            renderer.render("step/optimize.py.j2", &problem(&name, optimize, session))
        }
    };
    StepCode {
        function: name,
        code,
        imports,
    }
}

/// What a container's program says beside the step's function.
pub(super) struct Container<'a> {
    pub(super) function: &'a str,
    /// What the function's code needs from `sqlflow_runtime` by its bare name.
    pub(super) imports: Vec<&'a str>,
    /// The function as code, or what an engine replaces by it.
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    /// The program's path.
    pub(super) source: &'a str,
    /// Lines and hashes, of no character that code would have to escape.
    pub(super) place: &'a str,
    /// Whether the step runtime's code is mounted and not installed.
    pub(super) carries_runtime: bool,
}

/// The whole program of a step's container.
pub(super) fn container(renderer: &Renderer, container: &Container<'_>) -> String {
    renderer.render(
        "step/container.py.j2",
        &ContainerContext {
            imports: container.imports.join(", "),
            code: container.code,
            function: container.function,
            name: container.name,
            contract: CONTRACT,
            source: container.source,
            place: container.place,
            carries_runtime: container.carries_runtime,
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
    source: &'a str,
    place: &'a str,
    carries_runtime: bool,
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

#[derive(Serialize)]
struct RunContext<'a> {
    function: &'a str,
    select: &'a str,
    image: &'a str,
    command: Value,
    into: Option<Value>,
    session: Option<Value>,
}

fn program<'a>(function: &'a str, run: &'a Run, session: Option<Value>) -> RunContext<'a> {
    let tables = run.into.iter().map(|into| Expression::table(into));
    RunContext {
        function,
        select: &run.select,
        image: &run.image,
        command: Expression::texts(&run.command).value(),
        into: (!run.into.is_empty()).then(|| Expression::List(tables.collect()).value()),
        session,
    }
}

#[derive(Serialize)]
struct OptimizeContext<'a> {
    function: &'a str,
    select: &'a str,
    objective: Value,
    constraints: Option<Value>,
    variables: Value,
    params: Option<Value>,
    into: Value,
    session: Option<Value>,
}

fn problem<'a>(
    function: &'a str,
    optimize: &'a Optimize,
    session: Option<Value>,
) -> OptimizeContext<'a> {
    let objective = Expression::call(
        optimize.sense.as_str(),
        vec![
            (None, Expression::from(&optimize.objective.formula)),
            (Some("text"), Expression::text(&optimize.objective.text)),
        ],
    );
    let constraints = &optimize.constraints;
    let variables = optimize.variables.iter().map(|variable| {
        Expression::call(
            "decision",
            vec![
                (None, Expression::text(&variable.name)),
                (None, Expression::texts(&variable.index)),
                (None, Expression::text(variable.domain)),
            ],
        )
    });
    OptimizeContext {
        function,
        select: &optimize.select,
        objective: objective.value(),
        constraints: (!constraints.is_empty())
            .then(|| Expression::List(constraints.iter().map(constraint).collect()).value()),
        variables: Expression::List(variables.collect()).value(),
        params: Expression::settings(&optimize.params).map(Expression::value),
        into: Expression::table(&optimize.into).value(),
        session,
    }
}

fn constraint(constraint: &Constraint) -> Expression {
    let mut arguments = vec![
        (None, Expression::from(&constraint.left)),
        (None, Expression::text(constraint.operator)),
        (None, Expression::from(&constraint.right)),
        (Some("text"), Expression::text(&constraint.text)),
    ];
    if !constraint.group_by.is_empty() {
        arguments.push((Some("group_by"), Expression::texts(&constraint.group_by)));
    }
    Expression::call("constraint", arguments)
}

fn formula_functions(formula: &Formula, names: &mut BTreeSet<&'static str>) {
    match formula {
        Formula::Number(_) => {}
        Formula::Column(_) => {
            names.insert("value");
        }
        Formula::Variable(_) => {
            names.insert("variable");
        }
        Formula::Negative(inner) => formula_functions(inner, names),
        Formula::Arithmetic { left, right, .. } => {
            formula_functions(left, names);
            formula_functions(right, names);
        }
        Formula::Aggregate { function, argument } => {
            names.insert(python::aggregate(function));
            if let Some(argument) = argument {
                formula_functions(argument, names);
            }
        }
    }
}
