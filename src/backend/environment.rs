//! The template environment: what templates may say and how values print.
//!
//! - A name the context lacks is an error, not an empty string.
//! - In `*.yaml.j2`, `{{ x }}` prints a YAML value.
//! - In `*.py.j2`, `{{ x }}` prints a Python literal.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Object;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
};
use serde::Serialize;

use super::python::{self, Expression};

const TEMPLATES: &[(&str, &str)] = &[
    (
        "step/query.py.j2",
        include_str!("../../templates/step/query.py.j2"),
    ),
    (
        "step/train.py.j2",
        include_str!("../../templates/step/train.py.j2"),
    ),
    (
        "step/predict.py.j2",
        include_str!("../../templates/step/predict.py.j2"),
    ),
    (
        "step/evaluate.py.j2",
        include_str!("../../templates/step/evaluate.py.j2"),
    ),
    (
        "step/explain.py.j2",
        include_str!("../../templates/step/explain.py.j2"),
    ),
    (
        "step/show_train.py.j2",
        include_str!("../../templates/step/show_train.py.j2"),
    ),
    (
        "step/run.py.j2",
        include_str!("../../templates/step/run.py.j2"),
    ),
    (
        "step/optimize.py.j2",
        include_str!("../../templates/step/optimize.py.j2"),
    ),
    (
        "step/container.py.j2",
        include_str!("../../templates/step/container.py.j2"),
    ),
    (
        "local/step.py.j2",
        include_str!("../../templates/local/step.py.j2"),
    ),
    (
        "local/script.py.j2",
        include_str!("../../templates/local/script.py.j2"),
    ),
    (
        "argo/object.yaml.j2",
        include_str!("../../templates/argo/object.yaml.j2"),
    ),
    (
        "argo/spec.yaml.j2",
        include_str!("../../templates/argo/spec.yaml.j2"),
    ),
    (
        "tekton/pipeline.yaml.j2",
        include_str!("../../templates/tekton/pipeline.yaml.j2"),
    ),
    (
        "tekton/run.yaml.j2",
        include_str!("../../templates/tekton/run.yaml.j2"),
    ),
    (
        "tekton/tasks.yaml.j2",
        include_str!("../../templates/tekton/tasks.yaml.j2"),
    ),
];

/// Renders a template of this crate. Templates and contexts are ours, so what
/// fails is our defect.
pub(super) struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    pub(super) fn new() -> Renderer {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .keep_trailing_newline(true)
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()
                .expect("these options go together"),
        );
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".py.j2") {
                AutoEscape::Custom("python".into())
            } else {
                AutoEscape::Custom("yaml".into())
            }
        });
        environment.set_formatter(format_value);
        environment.add_filter("at", at);
        environment.add_filter("identifier", identifier);
        environment.add_filter("block", block);
        for (name, text) in TEMPLATES {
            environment
                .add_template(name, text)
                .expect("the templates are well-formed");
        }
        Renderer { environment }
    }

    pub(super) fn render(&self, template: &str, context: &impl Serialize) -> String {
        self.render_about(template, context, 0)
    }

    /// The same for what will have about a known number of bytes.
    pub(super) fn render_about(
        &self,
        template: &str,
        context: &impl Serialize,
        bytes: usize,
    ) -> String {
        let context = Value::from(minijinja::value::Serde(context));
        let mut out = Vec::with_capacity(bytes.max(1024));
        self.environment
            .get_template(template)
            .and_then(|template| template.render_captured_to(context, &mut out).map(drop))
            .unwrap_or_else(|error| {
                panic!("template {template} does not fit its context: {error:#}")
            });
        String::from_utf8(out).expect("a template prints text")
    }
}

/// Text that other templates have already printed as code, in pieces that are
/// not copied on their way.
#[derive(Debug)]
pub(super) struct Printed(Vec<String>);

impl Printed {
    pub(super) fn value(pieces: Vec<String>) -> Value {
        Value::from_object(Printed(pieces))
    }
}

impl Object for Printed {}

fn format_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    // Text that a filter or another template has already printed as code.
    if value.is_safe() {
        return out
            .write_str(value.as_str().unwrap_or_default())
            .map_err(Error::from);
    }
    if let Some(Printed(pieces)) = value.downcast_object_ref() {
        return pieces
            .iter()
            .try_for_each(|piece| out.write_str(piece))
            .map_err(Error::from);
    }
    let printed = match state.auto_escape() {
        AutoEscape::Custom(format) if format == "python" => literal(value, 0)?,
        _ => yaml(value)?,
    };
    out.write_str(&printed).map_err(Error::from)
}

fn wrong(what: &str, value: &Value) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{what}: {value:?}"))
}

fn literal(value: &Value, indent: usize) -> Result<String, Error> {
    if let Some(expression) = value.downcast_object_ref::<Expression>() {
        return Ok(expression.print(indent));
    }
    if let Some(text) = value.as_str() {
        return Ok(python::print_text(text, indent));
    }
    match value.as_usize() {
        Some(number) => Ok(Expression::integer(number).print(indent)),
        None => Err(wrong("no Python literal", value)),
    }
}

/// A value as YAML: plain words as they are, all else as JSON, which YAML
/// includes.
fn yaml(value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) if is_plain(text) => Ok(text.to_owned()),
        _ => json(value),
    }
}

/// Whether every YAML reader, of version 1.1 or 1.2, takes the bare word for
/// text.
fn is_plain(text: &str) -> bool {
    const NO_TEXT: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c))
        && !text.ends_with(':')
        && !NO_TEXT.contains(&text.to_ascii_lowercase().as_str())
}

fn json(value: &Value) -> Result<String, Error> {
    let text = serde_json::to_string(value).map_err(|_| wrong("no JSON value", value))?;
    if text.is_ascii() {
        return Ok(text);
    }
    // JSON allows characters in a string that YAML takes only as escapes.
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let code = u32::from(c);
        match c.is_ascii() || c.escape_debug().len() == 1 {
            true => escaped.push(c),
            false if code <= 0xffff => escaped.push_str(&format!("\\u{code:04x}")),
            false => escaped.push_str(&format!("\\U{code:08x}")),
        }
    }
    Ok(escaped)
}

/// A Python literal, broken over lines at an indentation.
fn at(value: &Value, indent: usize) -> Result<Value, Error> {
    literal(value, indent).map(Value::from_safe_string)
}

/// A bare Python name.
fn identifier(value: &Value) -> Result<Value, Error> {
    let text = value.as_str().unwrap_or_default();
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if fits {
        Ok(Value::from_safe_string(text.to_owned()))
    } else {
        Err(wrong("no Python name", value))
    }
}

/// A text as a YAML block literal at an indentation: shown as it is, ending
/// in one line end.
///
/// Only for text that we generate: printable, `\n` line ends, no space at its
/// start. Anything else would need the quoted form.
fn block(value: &Value, indent: usize) -> Result<Value, Error> {
    let text = value.as_str().unwrap_or_default();
    let fits = text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text
            .chars()
            .all(|c| c == '\n' || (!c.is_control() && c.escape_debug().len() <= 2));
    if !fits {
        return Err(wrong("no text for a block literal", value));
    }
    let mut out = "|".to_owned();
    for line in text.lines() {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    Ok(Value::from_safe_string(out))
}
