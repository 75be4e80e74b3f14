//! MAXIMIZE and MINIMIZE: variables, objective and constraints, checked to be
//! a problem that the solver covers.

use super::attributes::Checked;
use super::catalog::{self, Role};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Constraint, Formula, Literal, Objective, Setting, Variable};
use crate::source::Span;
use crate::syntax::ast::{
    self, Aggregate, Arithmetic, Comparison, Expression, FormulaKind, Ident, Sense,
};

/// What is to be solved, as far as the statement says it well.
pub(super) struct Problem<'a> {
    pub(super) variables: Vec<Variable>,
    pub(super) objective: Option<Objective>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) params: Vec<Setting>,
    /// Columns that the problem reads, each at its first place.
    pub(super) columns: Vec<&'a Ident>,
    /// Columns by which unknowns are told apart, with the place of `variables`.
    pub(super) index: Vec<(String, Span)>,
}

/// Lowers an optimisation whose attributes have been checked.
pub(super) fn lower<'a>(
    optimize: &'a ast::Optimize,
    checked: &[Checked<'_>],
    diagnostics: &mut Diagnostics,
) -> Problem<'a> {
    let form = match optimize.sense {
        Sense::Maximize => "`TO MAXIMIZE`",
        Sense::Minimize => "`TO MINIMIZE`",
    };
    let names = required(optimize, checked, Role::Variables, form, diagnostics);
    let domains = required(optimize, checked, Role::Domains, form, diagnostics);
    let variables = names
        .map(|names| variables(names, domains, diagnostics))
        .unwrap_or_default();
    solver(optimize, diagnostics);
    let mut lowering = Lowering {
        variables: &variables,
        columns: Vec::new(),
        diagnostics,
    };
    let mut objective = None;
    let mut constraints = Vec::new();
    // Without variables, every name would be taken for a column.
    if !variables.is_empty() {
        objective = lowering.objective(&optimize.objective);
        for constraint in &optimize.constraints {
            lowering.constraint(constraint, &mut constraints);
        }
    }
    let columns = lowering.columns;
    let mut index: Vec<(String, Span)> = Vec::new();
    if let Some(names) = names {
        for column in variables.iter().flat_map(|variable| &variable.index) {
            // Several variables often stand over the same columns.
            if !index.iter().any(|(other, _)| other == column) {
                index.push((column.clone(), names.written.value.span));
            }
        }
    }
    let params = checked
        .iter()
        .filter_map(|attribute| match attribute.known.role {
            Role::ParamAs(name) => Some(Setting {
                name: name.to_owned(),
                value: attribute.value.clone(),
            }),
            _ => None,
        })
        .collect();
    Problem {
        variables,
        objective,
        constraints,
        params,
        columns,
        index,
    }
}

fn required<'a, 'b>(
    optimize: &ast::Optimize,
    checked: &'b [Checked<'a>],
    role: Role,
    form: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'b Checked<'a>> {
    let found = checked
        .iter()
        .find(|attribute| attribute.known.role == role);
    let (name, help) = match role {
        Role::Variables => (
            "variables",
            "add `variables = \"amount(product)\"`: the name to solve for, and the columns that \
             tell one unknown from another"
                .to_owned(),
        ),
        _ => (
            "var_type",
            format!("add `var_type = …`, one of {}", catalog::DOMAINS.join(", ")),
        ),
    };
    // One that is there with a wrong value has been reported.
    let is_written = optimize.attributes.iter().any(|a| a.name == name);
    if found.is_none() && !is_written {
        let message = format!("{form} needs `{name}` in `WITH`");
        diagnostics.push(
            Diagnostic::new(Code::MissingAttribute, optimize.objective.span, message).help(help),
        );
    }
    found
}

fn solver(optimize: &ast::Optimize, diagnostics: &mut Diagnostics) {
    let Some(solver) = &optimize.solver else {
        return;
    };
    let name = solver.dotted();
    if catalog::SOLVERS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(&name))
    {
        return;
    }
    let message = format!("no solver is named `{name}`");
    diagnostics.push(
        Diagnostic::new(Code::UnknownSolver, solver.span, message).suggest(
            &name,
            catalog::SOLVERS.iter().copied(),
            || format!("the solvers are {}", catalog::SOLVERS.join(", ")),
        ),
    );
}

/// The variables of `variables` with the domains of `var_type`.
fn variables(
    names: &Checked<'_>,
    domains: Option<&Checked<'_>>,
    diagnostics: &mut Diagnostics,
) -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    for text in texts(&names.value) {
        let Some(variable) = variable(&text) else {
            let message = format!("`{text}` names no variable");
            diagnostics.push(
                invalid(names, message)
                    .help("write `name(column)` or `name(column, column)`, several with `,`"),
            );
            return Vec::new();
        };
        if variables
            .iter()
            .any(|other| same(&other.name, &variable.name))
        {
            let message = format!("the variable `{}` is given twice", variable.name);
            diagnostics.push(invalid(names, message).help("give each a name of its own"));
            return Vec::new();
        }
        variables.push(variable);
    }
    let Some(domains) = domains else {
        return variables;
    };
    let written = texts(&domains.value);
    let mut known = Vec::new();
    for text in &written {
        match catalog::DOMAINS.iter().find(|domain| same(domain, text)) {
            Some(domain) => known.push(*domain),
            None => {
                let message = format!("`var_type` has no choice `{text}`");
                diagnostics.push(invalid(domains, message).suggest(
                    text,
                    catalog::DOMAINS.iter().copied(),
                    || format!("the choices are {}", catalog::DOMAINS.join(", ")),
                ));
                return variables;
            }
        }
    }
    if known.len() != 1 && known.len() != variables.len() {
        let message = format!(
            "`var_type` gives {} types for {} variables",
            known.len(),
            variables.len()
        );
        diagnostics.push(invalid(domains, message).help("give one for all, or one for each"));
        return variables;
    }
    for (at, variable) in variables.iter_mut().enumerate() {
        variable.domain = known[at % known.len()];
    }
    variables
}

fn invalid(attribute: &Checked<'_>, message: String) -> Diagnostic {
    Diagnostic::new(
        Code::InvalidAttribute,
        attribute.written.value.span,
        message,
    )
}

/// The parts of `"x(a, b), y(c)"` or of a list of such texts.
fn texts(value: &Literal) -> Vec<String> {
    match value {
        Literal::String(text) => {
            let mut parts = vec![String::new()];
            let mut depth = 0_usize;
            for c in text.chars() {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    ',' if depth == 0 => {
                        parts.push(String::new());
                        continue;
                    }
                    _ => {}
                }
                parts.last_mut().expect("there is one").push(c);
            }
            parts.iter().map(|part| part.trim().to_owned()).collect()
        }
        Literal::List(values) => values.iter().flat_map(texts).collect(),
        Literal::Integer(text) | Literal::Float(text) => vec![text.clone()],
        Literal::Bool(_) | Literal::None => vec![String::new()],
    }
}

/// `name(column, …)`. A name alone is a column with one unknown for each of
/// its values.
fn variable(text: &str) -> Option<Variable> {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.contains(['(', ')', ','])
    };
    let (name, index) = match text.split_once('(') {
        Some((name, rest)) => {
            let index = rest.strip_suffix(')')?.split(',');
            (name.trim(), index.map(str::trim).collect())
        }
        None => (text, vec![text]),
    };
    let is_unique = |at: usize| !index[..at].iter().any(|other| same(other, index[at]));
    (is_name(name) && index.iter().all(|name| is_name(name)) && (0..index.len()).all(is_unique))
        .then(|| Variable {
            name: name.to_owned(),
            index: index.iter().map(|name| (*name).to_owned()).collect(),
            domain: catalog::DOMAINS[0],
        })
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

struct Lowering<'a, 'b> {
    variables: &'b [Variable],
    columns: Vec<&'a Ident>,
    diagnostics: &'b mut Diagnostics,
}

/// What a formula is made of.
#[derive(Clone, Copy, Default)]
struct Shape {
    /// How many variables it multiplies.
    degree: usize,
    /// Whether it has a value for each row.
    by_row: bool,
    has_aggregate: bool,
}

impl Shape {
    fn with(self, other: Shape) -> Shape {
        Shape {
            degree: self.degree.max(other.degree),
            by_row: self.by_row || other.by_row,
            has_aggregate: self.has_aggregate || other.has_aggregate,
        }
    }
}

impl<'a> Lowering<'a, '_> {
    fn objective(&mut self, expression: &'a Expression) -> Option<Objective> {
        let (formula, shape) = self.reported(&expression.formula)?;
        let span = expression.span;
        if shape.degree == 0 {
            self.no_variable("the objective", span);
            return None;
        }
        if !shape.has_aggregate {
            let message = "the objective has a value for each row, and one is needed";
            self.report(span, message, "add the rows up with `SUM(…)`");
            return None;
        }
        let whole = self.variables.iter().find(|v| is_whole(v.domain));
        if let (2.., Some(variable)) = (shape.degree, whole) {
            let message = format!(
                "the objective multiplies variables, and `{}` takes whole numbers only",
                variable.name
            );
            let help = "a solver here takes products of variables of the real domains, such as \
                        `NonNegativeReals`";
            self.report(span, &message, help);
            return None;
        }
        Some(Objective {
            text: expression.text.clone(),
            formula,
        })
    }

    fn constraint(&mut self, constraint: &'a ast::Constraint, constraints: &mut Vec<Constraint>) {
        for ident in &constraint.group_by {
            self.column(ident);
        }
        let expression = &constraint.expression;
        let mut parts = Vec::new();
        flatten(&expression.formula, &mut parts);
        for part in parts {
            if let Some(lowered) = self.comparisons(part, constraint) {
                constraints.extend(lowered);
            }
        }
    }

    /// `a <= b`, or `a <= b <= c`, which is two.
    fn comparisons(
        &mut self,
        formula: &'a ast::Formula,
        constraint: &'a ast::Constraint,
    ) -> Option<Vec<Constraint>> {
        let FormulaKind::Comparison(operator, left, right) = &formula.kind else {
            self.report(
                formula.span,
                "a constraint compares two sides",
                "write `… <= …`, `… >= …` or `… = …`",
            );
            return None;
        };
        let mut lowered = Vec::new();
        let mut middle = &**left;
        if let FormulaKind::Comparison(_, _, inner) = &left.kind {
            lowered = self.comparisons(left, constraint)?;
            middle = inner;
        }
        let (left, left_shape) = self.reported(middle)?;
        let (right, right_shape) = self.reported(right)?;
        let shape = left_shape.with(right_shape);
        match shape.degree {
            0 => {
                self.no_variable("the constraint", formula.span);
                return None;
            }
            1 => {}
            _ => {
                let message = "a constraint multiplies variables with each other";
                let help = "constraints are linear: a variable times a number or a column";
                self.report(formula.span, message, help);
                return None;
            }
        }
        if let (false, Some(group)) = (shape.has_aggregate, constraint.group_by.first()) {
            let message = "`GROUP BY` needs something to work out for each group";
            let help = "add rows up with `SUM(…)`, or leave `GROUP BY` out: without an aggregate \
                        a constraint holds for each row";
            self.report(group.span, message, help);
            return None;
        }
        lowered.push(Constraint {
            text: text(&constraint.expression, formula.span),
            left,
            operator: match operator {
                Comparison::AtMost => "<=",
                Comparison::AtLeast => ">=",
                Comparison::Equal => "=",
            },
            right,
            group_by: constraint.group_by.iter().map(|i| i.text.clone()).collect(),
        });
        Some(lowered)
    }

    fn reported(&mut self, formula: &'a ast::Formula) -> Option<(Formula, Shape)> {
        match self.formula(formula, Inside::Row) {
            Ok(lowered) => Some(lowered),
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                None
            }
        }
    }

    fn formula(
        &mut self,
        formula: &'a ast::Formula,
        inside: Inside,
    ) -> Result<(Formula, Shape), Box<Diagnostic>> {
        let span = formula.span;
        match &formula.kind {
            FormulaKind::Number(digits) => {
                let digits = catalog::without_leading_zeros(digits);
                Ok((Formula::Number(digits), Shape::default()))
            }
            FormulaKind::Name(ident) => Ok(self.name(ident)),
            FormulaKind::Negative(inner) => {
                let (inner, shape) = self.formula(inner, inside)?;
                Ok((Formula::Negative(Box::new(inner)), shape))
            }
            FormulaKind::Arithmetic(operator, left, right) => {
                let (left, left_shape) = self.formula(left, inside)?;
                let (right, right_shape) = self.formula(right, inside)?;
                let mut shape = left_shape.with(right_shape);
                match operator {
                    Arithmetic::Add | Arithmetic::Subtract => {}
                    Arithmetic::Multiply => {
                        shape.degree = left_shape.degree + right_shape.degree;
                    }
                    Arithmetic::Divide if right_shape.degree > 0 => {
                        let message = "this divides by a variable";
                        let help = "multiply both sides of the constraint by it instead, if it \
                                    is never negative";
                        return Err(error(span, message, help));
                    }
                    Arithmetic::Divide => {}
                }
                if shape.degree > 2 {
                    let message = "this multiplies more than two variables";
                    let help = "a solver here takes linear and quadratic objectives";
                    return Err(error(span, message, help));
                }
                let operator = match operator {
                    Arithmetic::Add => "+",
                    Arithmetic::Subtract => "-",
                    Arithmetic::Multiply => "*",
                    Arithmetic::Divide => "/",
                };
                let (left, right) = (Box::new(left), Box::new(right));
                let lowered = Formula::Arithmetic {
                    operator,
                    left,
                    right,
                };
                Ok((lowered, shape))
            }
            FormulaKind::Aggregate(..) if inside == Inside::Aggregate => {
                let message = "an aggregate stands inside another";
                let help = "work the inner one out as a column of the query";
                Err(error(span, message, help))
            }
            FormulaKind::Aggregate(aggregate, argument) => {
                self.aggregate(*aggregate, argument.as_deref(), span)
            }
            FormulaKind::Comparison(..) | FormulaKind::And(..) => {
                let message = "a comparison stands where a number should";
                let help = "a constraint is one comparison; several stand with `,` between";
                Err(error(span, message, help))
            }
        }
    }

    fn aggregate(
        &mut self,
        aggregate: Aggregate,
        argument: Option<&'a ast::Formula>,
        span: Span,
    ) -> Result<(Formula, Shape), Box<Diagnostic>> {
        let mut degree = 0;
        let argument = match argument {
            Some(argument) => {
                let (argument, shape) = self.formula(argument, Inside::Aggregate)?;
                degree = shape.degree;
                Some(Box::new(argument))
            }
            None => None,
        };
        let is_linear = matches!(aggregate, Aggregate::Sum | Aggregate::Average);
        if degree > 0 && !is_linear {
            let message = "the least, the greatest or the count of variables is not linear";
            let help = "solve for a bound instead: a variable that a constraint keeps at or \
                        beyond each of them";
            return Err(error(span, message, help));
        }
        let function = match aggregate {
            Aggregate::Sum => "sum",
            Aggregate::Average => "average",
            Aggregate::Least => "least",
            Aggregate::Greatest => "greatest",
            Aggregate::Count => "count",
        };
        let shape = Shape {
            degree,
            by_row: false,
            has_aggregate: true,
        };
        Ok((Formula::Aggregate { function, argument }, shape))
    }

    fn name(&mut self, ident: &'a Ident) -> (Formula, Shape) {
        let variable = self.variables.iter().find(|v| same(&v.name, &ident.text));
        let by_row = Shape {
            by_row: true,
            ..Shape::default()
        };
        match variable {
            Some(variable) => {
                let shape = Shape {
                    degree: 1,
                    ..by_row
                };
                (Formula::Variable(variable.name.clone()), shape)
            }
            None => {
                self.column(ident);
                (Formula::Column(ident.text.clone()), by_row)
            }
        }
    }

    fn column(&mut self, ident: &'a Ident) {
        if !self.columns.iter().any(|other| other.text == ident.text) {
            self.columns.push(ident);
        }
    }

    fn no_variable(&mut self, what: &str, span: Span) {
        let names: Vec<_> = self
            .variables
            .iter()
            .map(|variable| format!("`{}`", variable.name))
            .collect();
        let message = format!("{what} names no variable");
        let help = format!("the variables are {}", names.join(", "));
        self.report(span, &message, &help);
    }

    fn report(&mut self, span: Span, message: &str, help: &str) {
        self.diagnostics.push(*error(span, message, help));
    }
}

/// Where a formula stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Row,
    Aggregate,
}

fn error(span: Span, message: &str, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::InvalidFormula, span, message).help(help))
}

/// The parts of `a AND b`.
fn flatten<'a>(formula: &'a ast::Formula, parts: &mut Vec<&'a ast::Formula>) {
    match &formula.kind {
        FormulaKind::And(left, right) => {
            flatten(left, parts);
            flatten(right, parts);
        }
        _ => parts.push(formula),
    }
}

/// A part of an expression as it is written, or the whole where the part's
/// place cuts through parentheses.
fn text(expression: &Expression, part: Span) -> String {
    let start = part.start.saturating_sub(expression.span.start);
    let end = part.end.saturating_sub(expression.span.start);
    let text = expression.text.get(start..end).unwrap_or_default();
    let count = |sign: char| text.matches(sign).count();
    if text.is_empty() || count('(') != count(')') {
        expression.text.clone()
    } else {
        text.to_owned()
    }
}

fn is_whole(domain: &str) -> bool {
    domain.ends_with("Integers") || matches!(domain, "Binary" | "Boolean")
}
