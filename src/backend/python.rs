//! Python expressions and how they are printed.
//!
//! Text in them survives every engine on the way to Python: inside string
//! literals `{{`, `$(` and `$$` are broken with escapes, so that Argo's and
//! Tekton's templates and the kubelet find nothing to replace. A character
//! beyond ASCII behind a `$` is escaped too, since kubelets without the fix of
//! kubernetes/kubernetes#136325 cut it in two.

use std::fmt::Write;

use minijinja::Value;
use minijinja::value::Object;

use crate::ir::{Argument, ArgumentValue, Feature, Formula, Literal, Setting};

/// A Python expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// Digits as they are.
    Number(String),
    Text(String),
    True,
    False,
    None,
    List(Vec<Expression>),
    /// Keys are texts.
    Dict(Vec<(String, Expression)>),
    Call {
        function: String,
        arguments: Vec<(Option<&'static str>, Expression)>,
    },
    Negative(Box<Expression>),
    /// `+ - * /` of two numbers.
    Arithmetic {
        operator: &'static str,
        left: Box<Expression>,
        right: Box<Expression>,
    },
}

impl Object for Expression {}

impl Expression {
    pub(super) fn text(text: impl Into<String>) -> Expression {
        Expression::Text(text.into())
    }

    pub(super) fn texts(texts: &[impl AsRef<str>]) -> Expression {
        Expression::List(
            texts
                .iter()
                .map(|text| Expression::text(text.as_ref()))
                .collect(),
        )
    }

    pub(super) fn integer(value: usize) -> Expression {
        Expression::Number(value.to_string())
    }

    /// `table("schema", "name")`.
    pub(super) fn table(parts: &[String]) -> Expression {
        Expression::Call {
            function: "table".to_owned(),
            arguments: parts
                .iter()
                .map(|part| (None, Expression::text(part)))
                .collect(),
        }
    }

    /// The settings as a dictionary; `None` when there are none.
    pub(super) fn settings(settings: &[Setting]) -> Option<Expression> {
        let pairs = settings
            .iter()
            .map(|setting| (setting.name.clone(), Expression::from(&setting.value)))
            .collect();
        (!settings.is_empty()).then_some(Expression::Dict(pairs))
    }

    pub(super) fn value(self) -> Value {
        Value::from_object(self)
    }

    /// Prints the expression at an indentation. What fits is on one line; a
    /// text of several lines is one literal a line, as SQL is read.
    pub(super) fn print(&self, indent: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, indent);
        out
    }

    fn write(&self, out: &mut String, indent: usize) {
        if self.is_atom() && !self.has_lines() {
            return self.write_inline(out);
        }
        if !self.has_lines() {
            let start = out.len();
            self.write_inline(out);
            // Behind `name=` and in front of a comma.
            if indent + out[start..].chars().count() <= WIDTH - 16 {
                return;
            }
            out.truncate(start);
        }
        let inner = indent + 4;
        match self {
            Expression::Text(text) => write_lines(out, text, indent),
            Expression::List(items) => {
                out.push('[');
                for item in items {
                    new_line(out, inner);
                    item.write(out, inner);
                    out.push(',');
                }
                new_line(out, indent);
                out.push(']');
            }
            Expression::Dict(pairs) => {
                out.push('{');
                for (key, value) in pairs {
                    new_line(out, inner);
                    write_text(out, key);
                    out.push_str(": ");
                    value.write(out, inner);
                    out.push(',');
                }
                new_line(out, indent);
                out.push('}');
            }
            Expression::Call {
                function,
                arguments,
            } => {
                out.push_str(function);
                out.push('(');
                for (name, value) in arguments {
                    new_line(out, inner);
                    if let Some(name) = name {
                        out.push_str(name);
                        out.push('=');
                    }
                    value.write(out, inner);
                    out.push(',');
                }
                new_line(out, indent);
                out.push(')');
            }
            Expression::Number(_)
            | Expression::True
            | Expression::False
            | Expression::None
            | Expression::Negative(_)
            | Expression::Arithmetic { .. } => self.write_inline(out),
        }
    }

    /// A call of a function of the step contract.
    pub(super) fn call(
        function: &str,
        arguments: Vec<(Option<&'static str>, Expression)>,
    ) -> Expression {
        Expression::Call {
            function: function.to_owned(),
            arguments,
        }
    }

    /// How tightly it binds: what binds less needs parentheses inside.
    fn precedence(&self) -> usize {
        match self {
            Expression::Arithmetic {
                operator: "+" | "-",
                ..
            } => 1,
            Expression::Arithmetic { .. } => 2,
            Expression::Negative(_) => 3,
            Expression::Number(_)
            | Expression::Text(_)
            | Expression::True
            | Expression::False
            | Expression::None
            | Expression::List(_)
            | Expression::Dict(_)
            | Expression::Call { .. } => 4,
        }
    }

    fn write_operand(&self, out: &mut String, least: usize) {
        if self.precedence() < least {
            out.push('(');
            self.write_inline(out);
            out.push(')');
        } else {
            self.write_inline(out);
        }
    }

    /// Whether it holds a text that is printed over several lines.
    fn has_lines(&self) -> bool {
        match self {
            Expression::Text(text) => has_lines(text),
            Expression::List(items) => items.iter().any(Expression::has_lines),
            Expression::Dict(pairs) => pairs.iter().any(|(_, value)| value.has_lines()),
            Expression::Call { arguments, .. } => {
                arguments.iter().any(|(_, value)| value.has_lines())
            }
            Expression::Number(_)
            | Expression::True
            | Expression::False
            | Expression::None
            | Expression::Negative(_)
            | Expression::Arithmetic { .. } => false,
        }
    }

    fn is_atom(&self) -> bool {
        match self {
            Expression::List(items) => items.is_empty(),
            Expression::Dict(pairs) => pairs.is_empty(),
            Expression::Call { arguments, .. } => arguments.is_empty(),
            _ => true,
        }
    }

    fn write_inline(&self, out: &mut String) {
        match self {
            Expression::Number(digits) => out.push_str(digits),
            Expression::Text(text) => write_text(out, text),
            Expression::True => out.push_str("True"),
            Expression::False => out.push_str("False"),
            Expression::None => out.push_str("None"),
            Expression::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.write_inline(out);
                }
                out.push(']');
            }
            Expression::Dict(pairs) => {
                out.push('{');
                for (at, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    write_text(out, key);
                    out.push_str(": ");
                    value.write_inline(out);
                }
                out.push('}');
            }
            Expression::Call {
                function,
                arguments,
            } => {
                out.push_str(function);
                out.push('(');
                for (at, (name, value)) in arguments.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    if let Some(name) = name {
                        out.push_str(name);
                        out.push('=');
                    }
                    value.write_inline(out);
                }
                out.push(')');
            }
            Expression::Negative(inner) => {
                out.push('-');
                inner.write_operand(out, self.precedence() + 1);
            }
            Expression::Arithmetic {
                operator,
                left,
                right,
            } => {
                left.write_operand(out, self.precedence());
                write!(out, " {operator} ").expect("a string takes all");
                // `a - (b - c)` is not `a - b - c`.
                right.write_operand(out, self.precedence() + 1);
            }
        }
    }
}

const WIDTH: usize = 100;

fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// The expression of a text alone.
pub(super) fn print_text(text: &str, indent: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4 + 16);
    if has_lines(text) {
        write_lines(&mut out, text, indent);
    } else {
        write_text(&mut out, text);
    }
    out
}

fn has_lines(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
}

/// A text of several lines, one literal a line.
fn write_lines(out: &mut String, text: &str, indent: usize) {
    out.push('(');
    for line in text.split_inclusive('\n') {
        new_line(out, indent + 4);
        write_text(out, line);
    }
    new_line(out, indent);
    out.push(')');
}

/// A text as a Python string literal.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        // Most text is plain and goes over as it is.
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !b"\\\"{$".contains(byte);
        let plain = rest.bytes().position(|byte| !is_plain(&byte));
        let (plain, other) = rest.split_at(plain.unwrap_or(rest.len()));
        out.push_str(plain);
        let mut before = '\0';
        let mut chars = other.chars();
        // What follows a `{` or `$` must be looked at even if it is plain.
        loop {
            rest = chars.as_str();
            let Some(c) = chars.next() else {
                break;
            };
            if c.is_ascii() && is_plain(&(c as u8)) && !matches!(before, '{' | '$') {
                break;
            }
            write_char(out, before, c);
            before = c;
        }
        if rest.is_empty() {
            break;
        }
    }
    out.push('"');
}

fn write_char(out: &mut String, before: char, c: char) {
    let is_digraph = match before {
        '{' => c == '{',
        '$' => matches!(c, '(' | '$') || !c.is_ascii(),
        _ => false,
    };
    match c {
        '\\' => out.push_str("\\\\"),
        '"' => out.push_str("\\\""),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if is_digraph => write_escape(out, c),
        ' '..='~' => out.push(c),
        // What a reader cannot see, or what turns the reading direction
        // round, is shown as an escape.
        _ if c.escape_debug().len() == 1 => out.push(c),
        _ => write_escape(out, c),
    }
}

fn write_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let written = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
    written.expect("a string takes all");
}

impl From<&Literal> for Expression {
    fn from(literal: &Literal) -> Expression {
        match literal {
            Literal::Integer(digits) | Literal::Float(digits) => Expression::Number(digits.clone()),
            Literal::String(text) => Expression::text(text),
            Literal::Bool(true) => Expression::True,
            Literal::Bool(false) => Expression::False,
            Literal::None => Expression::None,
            Literal::List(values) => {
                Expression::List(values.iter().map(Expression::from).collect())
            }
        }
    }
}

impl From<&Feature> for Expression {
    fn from(feature: &Feature) -> Expression {
        Expression::Call {
            function: feature.function.to_owned(),
            arguments: feature
                .arguments
                .iter()
                .map(|Argument { name, value }| (*name, Expression::from(value)))
                .collect(),
        }
    }
}

impl From<&ArgumentValue> for Expression {
    fn from(value: &ArgumentValue) -> Expression {
        match value {
            ArgumentValue::Literal(literal) => Expression::from(literal),
            ArgumentValue::Feature(feature) => Expression::from(feature),
            ArgumentValue::Keys(keys) => {
                Expression::List(keys.iter().map(Expression::from).collect())
            }
        }
    }
}

impl From<&Formula> for Expression {
    fn from(formula: &Formula) -> Expression {
        let named = |function: &str, name: &str| {
            Expression::call(function, vec![(None, Expression::text(name))])
        };
        match formula {
            Formula::Number(digits) => Expression::Number(digits.clone()),
            Formula::Column(name) => named("value", name),
            Formula::Variable(name) => named("variable", name),
            Formula::Negative(inner) => {
                Expression::Negative(Box::new(Expression::from(inner.as_ref())))
            }
            Formula::Arithmetic {
                operator,
                left,
                right,
            } => Expression::Arithmetic {
                operator,
                left: Box::new(Expression::from(left.as_ref())),
                right: Box::new(Expression::from(right.as_ref())),
            },
            Formula::Aggregate { function, argument } => {
                let argument = argument.as_deref().map(|a| (None, Expression::from(a)));
                Expression::call(aggregate(function), argument.into_iter().collect())
            }
        }
    }
}

/// An aggregate's name in the step contract, where `sum` would hide Python's.
pub(super) fn aggregate(function: &'static str) -> &'static str {
    match function {
        "sum" => "total",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> String {
        Expression::text(text).print(0)
    }

    #[test]
    fn engines_find_nothing_to_replace_in_a_literal() {
        assert_eq!(literal("{{workflow.name}}"), r#""{\x7bworkflow.name}}""#);
        assert_eq!(literal("{{{x"), r#""{\x7b\x7bx""#);
        assert_eq!(
            literal("$(context.taskRun.name)"),
            r#""$\x28context.taskRun.name)""#
        );
        assert_eq!(literal("$$body$$"), r#""$\x24body$\x24""#);
        assert_eq!(literal("$$("), r#""$\x24\x28""#);
        assert_eq!(literal("$é$"), r#""$\xe9$""#);
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(literal("a\\b\"c"), r#""a\\b\"c""#);
        assert_eq!(
            literal("\u{2028}\u{a0}\u{feff}\u{202e}"),
            r#""\u2028\xa0\ufeff\u202e""#
        );
        assert_eq!(literal("花😀"), "\"花😀\"");
        assert_eq!(literal("\u{1}"), r#""\x01""#);
    }

    #[test]
    fn arithmetic_keeps_its_parentheses() {
        let column = |name: &str| Box::new(Formula::Column(name.to_owned()));
        let of = |operator, left, right| Formula::Arithmetic {
            operator,
            left,
            right,
        };
        let difference = || Box::new(of("-", column("b"), column("c")));
        let printed = |formula: &Formula| Expression::from(formula).print(0);
        assert_eq!(
            printed(&of("-", column("a"), difference())),
            r#"value("a") - (value("b") - value("c"))"#
        );
        assert_eq!(
            printed(&of(
                "*",
                Box::new(Formula::Negative(difference())),
                difference()
            )),
            r#"-(value("b") - value("c")) * (value("b") - value("c"))"#
        );
        assert_eq!(
            printed(&of("-", difference(), column("a"))),
            r#"value("b") - value("c") - value("a")"#
        );
    }

    #[test]
    fn lines_of_sql_stay_lines() {
        assert_eq!(
            Expression::text("SELECT 1\r\nFROM t").print(4),
            "(\n        \"SELECT 1\\r\\n\"\n        \"FROM t\"\n    )"
        );
    }
}
