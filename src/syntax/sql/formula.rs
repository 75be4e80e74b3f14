//! Expressions of MAXIMIZE, MINIMIZE and CONSTRAINT out of `sqlparser`'s
//! trees: what a solver can take, and an error for the rest.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned,
    UnaryOperator, Value,
};

use super::names;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Aggregate, Arithmetic, Comparison, Formula, FormulaKind};

/// How many operators may stand inside each other. A chain such as `a + b + c`
/// nests too, which the SQL parser does not limit.
const NESTING: usize = 500;

const AGGREGATES: [(&str, Aggregate); 5] = [
    ("SUM", Aggregate::Sum),
    ("AVG", Aggregate::Average),
    ("MIN", Aggregate::Least),
    ("MAX", Aggregate::Greatest),
    ("COUNT", Aggregate::Count),
];

/// Lowers a parsed expression; `whole` is its place.
pub(super) fn formula(
    source: &SourceFile,
    expression: &Expr,
    whole: Span,
) -> Result<Formula, Diagnostic> {
    let lowering = Lowering { source, whole };
    // First of all, since the place of an expression is looked for in all of it.
    if let Some(expression) = too_deep(expression, 0) {
        let message = "this expression is nested too deeply";
        return Err(lowering
            .error(message, lowering.span(expression))
            .help("work out a part of it as a column of the query"));
    }
    lowering.formula(expression)
}

/// The first expression in another that is nested too deeply.
fn too_deep(expression: &Expr, depth: usize) -> Option<&Expr> {
    if depth > NESTING {
        return Some(expression);
    }
    let inner: &[&Expr] = match expression {
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } => &[inner],
        Expr::BinaryOp { left, right, .. } => &[left, right],
        Expr::Between {
            expr, low, high, ..
        } => &[expr, low, high],
        Expr::Function(Function {
            args: FunctionArguments::List(list),
            ..
        }) => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] => &[argument],
            _ => &[],
        },
        _ => &[],
    };
    inner.iter().find_map(|inner| too_deep(inner, depth + 1))
}

struct Lowering<'a> {
    source: &'a SourceFile,
    whole: Span,
}

impl Lowering<'_> {
    /// The place of an expression. Those that the parser gives no place stand
    /// for the whole.
    fn span(&self, expression: &impl Spanned) -> Span {
        let span = expression.span();
        let (start, end) = (super::byte(span.start), super::byte(span.end));
        if start < end && start >= self.whole.start && end <= self.whole.end {
            Span { start, end }
        } else {
            self.whole
        }
    }

    fn formula(&self, expression: &Expr) -> Result<Formula, Diagnostic> {
        let span = self.span(expression);
        let inner = |expression: &Expr| self.formula(expression).map(Box::new);
        let kind = match expression {
            Expr::Nested(nested) => return self.formula(nested),
            Expr::Identifier(ident) => FormulaKind::Name(names::ident(self.source, ident)),
            Expr::CompoundIdentifier(parts) => {
                let last = parts.last().expect("a compound name has parts");
                let name = names::ident(self.source, last);
                return Err(self
                    .error("a column is named here without its table", span)
                    .help(format!(
                        "write `{name}`: a column of the query's result, or a variable"
                    )));
            }
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => FormulaKind::Number(digits.clone()),
                _ => return Err(self.unsupported(span)),
            },
            Expr::UnaryOp { op, expr } => match op {
                UnaryOperator::Minus => FormulaKind::Negative(inner(expr)?),
                UnaryOperator::Plus => return self.formula(expr),
                _ => return Err(self.unsupported(span)),
            },
            Expr::Between {
                expr,
                negated: false,
                low,
                high,
            } => {
                let part = |comparison, bound: &Expr| {
                    let kind = FormulaKind::Comparison(comparison, inner(expr)?, inner(bound)?);
                    Ok(Box::new(Formula { kind, span }))
                };
                FormulaKind::And(
                    part(Comparison::AtLeast, low)?,
                    part(Comparison::AtMost, high)?,
                )
            }
            Expr::BinaryOp { left, op, right } => {
                let arithmetic = |operator| {
                    Ok(FormulaKind::Arithmetic(
                        operator,
                        inner(left)?,
                        inner(right)?,
                    ))
                };
                let comparison = |operator| {
                    Ok(FormulaKind::Comparison(
                        operator,
                        inner(left)?,
                        inner(right)?,
                    ))
                };
                match op {
                    BinaryOperator::Plus => arithmetic(Arithmetic::Add)?,
                    BinaryOperator::Minus => arithmetic(Arithmetic::Subtract)?,
                    BinaryOperator::Multiply => arithmetic(Arithmetic::Multiply)?,
                    BinaryOperator::Divide => arithmetic(Arithmetic::Divide)?,
                    BinaryOperator::LtEq => comparison(Comparison::AtMost)?,
                    BinaryOperator::GtEq => comparison(Comparison::AtLeast)?,
                    BinaryOperator::Eq => comparison(Comparison::Equal)?,
                    BinaryOperator::And => FormulaKind::And(inner(left)?, inner(right)?),
                    BinaryOperator::Lt | BinaryOperator::Gt => {
                        let message = format!("a solver takes no strict `{op}`");
                        return Err(self.error(&message, span).help(format!(
                            "write `{op}=`, with the bound one step further in where whole \
                             numbers are meant"
                        )));
                    }
                    BinaryOperator::NotEq | BinaryOperator::Or => {
                        let message = format!("a solver takes no `{op}`");
                        return Err(self.error(&message, span).help(
                            "write constraints that hold together, with `<=`, `>=` and `=`",
                        ));
                    }
                    _ => return Err(self.unsupported(span)),
                }
            }
            Expr::Function(function) => {
                let (aggregate, argument) = self.aggregate(function, span)?;
                FormulaKind::Aggregate(aggregate, argument.map(inner).transpose()?)
            }
            _ => return Err(self.unsupported(span)),
        };
        Ok(Formula { kind, span })
    }

    fn aggregate<'e>(
        &self,
        function: &'e Function,
        span: Span,
    ) -> Result<(Aggregate, Option<&'e Expr>), Diagnostic> {
        let name = function.name.to_string();
        let known = AGGREGATES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name));
        let Some((_, aggregate)) = known else {
            let message = format!("a solver cannot take the function `{name}`");
            let names = AGGREGATES.map(|(name, _)| name);
            return Err(self.error(&message, span).suggest(&name, names, || {
                format!(
                    "work it out as a column of the query; the functions here are {}",
                    names.join(", ")
                )
            }));
        };
        let FunctionArguments::List(list) = &function.args else {
            return Err(self.unsupported(span));
        };
        let is_plain = list.duplicate_treatment.is_none()
            && list.clauses.is_empty()
            && function.over.is_none()
            && function.filter.is_none()
            && function.within_group.is_empty();
        match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] if is_plain => {
                Ok((*aggregate, Some(argument)))
            }
            [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]
                if is_plain && *aggregate == Aggregate::Count =>
            {
                Ok((*aggregate, None))
            }
            _ => Err(self
                .error(&format!("`{name}` takes one expression here"), span)
                .help("work out anything else as a column of the query")),
        }
    }

    fn unsupported(&self, span: Span) -> Diagnostic {
        self.error("this is no expression that a solver can take", span)
            .help(
                "use numbers, columns, variables, `+ - * /`, comparisons and SUM, AVG, MIN, MAX, \
                 COUNT, and work out the rest as columns of the query",
            )
    }

    fn error(&self, message: &str, span: Span) -> Diagnostic {
        Diagnostic::new(Code::InvalidFormula, span, message)
    }
}
