//! Templates that steps share, for programs of more steps than a Workflow may
//! have templates.
//!
//! A template is for steps of one kind with the same settings; what differs
//! comes in parameters. The step's code is one of them: like all code for
//! containers it holds nothing that an engine would replace.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::super::environment::Renderer;
use super::super::manifest::{Resources, Task, Variable, place};
use super::super::step::{self, Container};
use super::super::{Options, Toleration};
use super::parts::parts;
use super::{Argument, Dag, ENTRYPOINT, MOST_TASKS, Node, Template};
use crate::ir::Action;
use crate::plan::Plan;

const LINES: &str = "lines";
const STATEMENT: &str = "statement";
const STEP: &str = "step";

/// The name of the function in a shared template.
const FUNCTION: &str = "step";

/// What steps of one template have in common.
#[derive(PartialEq)]
struct Shape<'a> {
    kind: &'static str,
    image: String,
    command: Vec<&'a str>,
    variables: Vec<&'static str>,
    resources: Resources,
    timeout_seconds: Option<u64>,
    retries: u32,
    node_selector: BTreeMap<String, String>,
    tolerations: Vec<Toleration>,
    writes_root: bool,
}

impl<'a> Shape<'a> {
    fn of(action: &Action, task: &Task<'a>) -> Shape<'a> {
        Shape {
            kind: action.kind(),
            image: task.image.clone(),
            command: task.command.clone(),
            variables: task
                .variables
                .iter()
                .map(|variable| variable.name)
                .collect(),
            resources: task.resources.clone(),
            timeout_seconds: task.timeout_seconds,
            retries: task.retries,
            node_selector: task.node_selector.clone(),
            tolerations: task.tolerations.clone(),
            writes_root: task.writes_root,
        }
    }
}

/// A template, and what the code of its steps needs.
struct Group<'a> {
    shape: Shape<'a>,
    name: String,
    imports: BTreeSet<&'static str>,
    /// Any of its steps, for what they have in common.
    model: Task<'a>,
}

/// The DAG of DAGs and the templates that their tasks share.
pub(super) fn dags<'a>(
    renderer: &Renderer,
    plan: &'a Plan,
    tasks: Vec<Task<'a>>,
    options: &Options,
) -> (Vec<Dag<'a>>, Vec<Template<'a>>) {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut numbers: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut nodes: Vec<Option<Node<'a>>> = Vec::with_capacity(tasks.len());
    for (planned, task) in plan.steps().zip(tasks) {
        let shape = Shape::of(&planned.step.action, &task);
        let mut arguments = vec![
            argument(LINES, task.lines.clone()),
            argument(STATEMENT, planned.step.digest.as_str()),
        ];
        let mut imports = BTreeSet::new();
        if task.program.is_some() {
            let function = step::named_function(renderer, planned, FUNCTION.to_owned());
            imports = function.imports;
            arguments.push(Argument {
                is_code: true,
                ..argument(STEP, body(&function.code))
            });
        }
        let values = task.variables.iter();
        arguments.extend(values.map(|variable| argument(variable.name, variable.value.clone())));
        let needs = task.needs.iter().map(|need| Cow::Borrowed(*need)).collect();
        let known = groups.iter().position(|group| group.shape == shape);
        let group = known.unwrap_or_else(|| {
            let number = numbers.entry(shape.kind).or_insert(0);
            *number += 1;
            let kind = shape.kind.replace('_', "-");
            let name = match *number {
                1 => kind,
                number => format!("{kind}-{number}"),
            };
            groups.push(Group {
                shape,
                name,
                imports: BTreeSet::new(),
                model: task,
            });
            groups.len() - 1
        });
        groups[group].imports.append(&mut imports);
        nodes.push(Some(Node {
            name: planned.name.as_str().into(),
            template: groups[group].name.clone().into(),
            needs,
            arguments,
        }));
    }
    let templates = groups
        .into_iter()
        .map(|group| template(renderer, group, options));
    (divided(plan, nodes), templates.collect())
}

fn argument<'a>(name: &'static str, value: impl Into<Cow<'a, str>>) -> Argument<'a> {
    Argument {
        name,
        value: value.into(),
        is_code: false,
    }
}

/// The call that a step's function makes. Its lines after the first stand
/// between brackets, where Python looks at no indentation.
fn body(function: &str) -> String {
    let lines = function.lines().skip(1);
    let lines = lines.map(|line| line.strip_prefix("    ").unwrap_or(line));
    lines.fold(String::new(), |body, line| body + line + "\n")
}

/// The steps' nodes in DAGs that Argo takes, behind the one that has those as
/// its tasks.
fn divided<'a>(plan: &'a Plan, mut nodes: Vec<Option<Node<'a>>>) -> Vec<Dag<'a>> {
    let parts = parts(plan, MOST_TASKS);
    let name = |part: usize| format!("part-{}", part + 1);
    let entry = parts.iter().enumerate().map(|(at, part)| Node {
        name: name(at).into(),
        template: name(at).into(),
        needs: part.needs.iter().map(|need| name(*need).into()).collect(),
        arguments: Vec::new(),
    });
    let mut dags = vec![Dag {
        name: ENTRYPOINT.into(),
        tasks: entry.collect(),
    }];
    for (at, part) in parts.iter().enumerate() {
        let inside: BTreeSet<&str> = part
            .steps
            .iter()
            .map(|step| plan.step(*step).name.as_str())
            .collect();
        let tasks = part.steps.iter().filter_map(|step| {
            let mut node = nodes[*step].take()?;
            // The part itself waits for the others.
            node.needs.retain(|need| inside.contains(need.as_ref()));
            Some(node)
        });
        dags.push(Dag {
            name: name(at).into(),
            tasks: tasks.collect(),
        });
    }
    dags
}

fn tag(parameter: &str) -> String {
    format!("{{{{inputs.parameters.{parameter}}}}}")
}

fn template<'a>(renderer: &Renderer, group: Group<'a>, options: &Options) -> Template<'a> {
    let mut task = group.model;
    let mut inputs = vec![LINES, STATEMENT];
    if task.program.is_some() {
        inputs.push(STEP);
        let container = Container {
            function: FUNCTION,
            imports: group.imports.into_iter().collect(),
            code: &format!("def {FUNCTION}():\n    {}\n", tag(STEP)),
            // Argo's own: the run, the parts and the task.
            name: "{{node.name}}",
            source: &options.source,
            place: &place(&tag(LINES), &tag(STATEMENT)),
            carries_runtime: task.carries_runtime,
        };
        task.program = Some(step::container(renderer, &container));
    }
    for Variable { name, value } in &mut task.variables {
        inputs.push(*name);
        *value = tag(name);
    }
    task.lines = tag(LINES);
    task.digest = tag(STATEMENT).into();
    Template {
        name: group.name.into(),
        inputs,
        image: task.image.clone().into(),
        task,
    }
}
