//! How a query chooses its rows and columns, as far as its text shows.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, FunctionArguments, GroupByExpr, JoinConstraint, JoinOperator, LimitClause,
    Query, Select, SelectItem, SetExpr, Statement, TableFactor, TableSampleKind, TableWithJoins,
    Visit, Visitor,
};

use super::effects::function_name;
use crate::syntax::ast::{Effects, Rows};

/// The rows of the query in a statement that makes or fills a table or view.
pub(super) fn of_statement(statement: &Statement, effects: &Effects) -> Rows {
    match statement {
        Statement::CreateTable(create) => match &create.query {
            Some(query) => of_query(query, effects),
            // It says what its columns are.
            None => Rows::default(),
        },
        Statement::CreateView(create) => of_query(&create.query, effects),
        Statement::Insert(insert) => match &insert.source {
            Some(query) => of_query(query, effects),
            None => Rows::default(),
        },
        _ => Rows::default(),
    }
}

pub(super) fn of_query(query: &Query, effects: &Effects) -> Rows {
    let mut chance = Chance {
        chosen: None,
        calls_random: effects
            .calls
            .iter()
            .any(|name| RANDOM_FUNCTIONS.contains(&name.as_str())),
    };
    let ControlFlow::Continue(()) = query.visit(&mut chance);
    Rows {
        drawn: chance.chosen,
        random_values: chance.calls_random && is_random(query),
        whole_table: is_whole_table(query) && effects.calls.is_empty(),
        everything: selects_everything(query),
        from_tables_only: reads_tables_only(query),
    }
}

/// Functions that give another value each time; with one argument, a seed,
/// the same.
const RANDOM_FUNCTIONS: [&str; 10] = [
    "random",
    "rand",
    "newid",
    "uuid",
    "gen_random_uuid",
    "generate_uuid",
    "generateuuidv4",
    "uuid_string",
    "uuid_generate_v4",
    "randn",
];

/// Whether a part of the tree calls a random function.
fn is_random(part: &impl Visit) -> bool {
    struct Random;
    impl Visitor for Random {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let Expr::Function(function) = expr else {
                return ControlFlow::Continue(());
            };
            let is_seeded = match &function.args {
                FunctionArguments::List(list) => list.args.len() == 1,
                FunctionArguments::None | FunctionArguments::Subquery(_) => false,
            };
            let name = function_name(&function.name).unwrap_or_default();
            if !is_seeded && RANDOM_FUNCTIONS.contains(&name.as_str()) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    }
    part.visit(&mut Random).is_break()
}

/// Looks for a choice of rows that is left to chance.
struct Chance {
    chosen: Option<&'static str>,
    /// Most statements do not, and then no expression is looked at twice.
    calls_random: bool,
}

impl Chance {
    fn is_random(&self, part: Option<&impl Visit>) -> bool {
        self.calls_random && part.is_some_and(is_random)
    }

    fn select(&mut self, select: &Select) {
        let filters = [
            &select.selection,
            &select.prewhere,
            &select.having,
            &select.qualify,
        ];
        let joins = select.from.iter().flat_map(|table| &table.joins);
        let is_random = filters
            .into_iter()
            .any(|filter| self.is_random(filter.as_ref()))
            || joins
                .map(|join| &join.join_operator)
                .any(|operator| self.is_random(condition(operator)));
        if is_random {
            self.chosen = Some("a random number decides which rows it takes");
        }
    }
}

fn condition(operator: &JoinOperator) -> Option<&Expr> {
    let constraint = match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint) => constraint,
        _ => return None,
    };
    match constraint {
        JoinConstraint::On(expr) => Some(expr),
        _ => None,
    }
}

impl Visitor for Chance {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if is_limited(query) {
            match &query.order_by {
                // Counts and constants are the same for any rows.
                None if !is_any_row(&query.body) => {
                    self.chosen = Some("`LIMIT` without `ORDER BY` takes rows as they come");
                }
                None => {}
                Some(order) if self.is_random(Some(order)) => {
                    self.chosen = Some("it takes the first rows of a random order");
                }
                Some(_) => {}
            }
        }
        self.body(&query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        let sample = match factor {
            TableFactor::Table { sample, .. } | TableFactor::Derived { sample, .. } => sample,
            _ => return ControlFlow::Continue(()),
        };
        if let Some(
            TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample),
        ) = sample
        {
            // A bucket of a column's hash is the same every time, and so is a
            // sample of a seed.
            let is_certain = sample.seed.is_some()
                || sample
                    .bucket
                    .as_ref()
                    .is_some_and(|bucket| bucket.on.as_ref().is_some_and(|on| !is_random(on)));
            if !is_certain {
                self.chosen = Some("it takes a sample without a seed");
            }
        }
        ControlFlow::Continue(())
    }
}

impl Chance {
    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            // A query in parentheses is visited as a query.
            _ => {}
        }
    }
}

fn is_limited(query: &Query) -> bool {
    let is_limit = match &query.limit_clause {
        Some(LimitClause::LimitOffset {
            limit, limit_by, ..
        }) => limit.is_some() && limit_by.is_empty(),
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
        None => false,
    };
    let has_top = matches!(query.body.as_ref(), SetExpr::Select(select) if select.top.is_some());
    is_limit || query.fetch.is_some() || has_top
}

/// Whether it does not matter which rows a query takes: it selects nothing but
/// the results of functions, such as `count(*)`, and constants.
fn is_any_row(body: &SetExpr) -> bool {
    let SetExpr::Select(select) = body else {
        return false;
    };
    let is_call = |item: &SelectItem| {
        matches!(
            item,
            SelectItem::UnnamedExpr(Expr::Function(_) | Expr::Value(_))
                | SelectItem::ExprWithAlias {
                    expr: Expr::Function(_) | Expr::Value(_),
                    ..
                }
        )
    };
    !select.projection.is_empty() && select.projection.iter().all(is_call)
}

/// Whether a query gives a row for each row of the one table that it reads.
fn is_whole_table(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return false;
    };
    query.with.is_none()
        && !is_limited(query)
        && query.limit_clause.is_none()
        && query.pipe_operators.is_empty()
        && is_one_table(&select.from)
        && select.selection.is_none()
        && select.prewhere.is_none()
        && select.having.is_none()
        && select.qualify.is_none()
        && matches!(select.distinct, None | Some(Distinct::All))
        && select.lateral_views.is_empty()
        && select.connect_by.is_empty()
        && matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
}

fn is_one_table(from: &[TableWithJoins]) -> bool {
    let [table] = from else { return false };
    let is_plain = matches!(
        table.relation,
        TableFactor::Table {
            args: None,
            sample: None,
            version: None,
            ..
        }
    );
    is_plain && table.joins.is_empty()
}

/// Whether a query takes all columns of tables, however many there are.
fn selects_everything(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return false;
    };
    // Of a definition or a derived table, the columns stand in the query.
    let from_tables = select
        .from
        .iter()
        .flat_map(|table| std::iter::once(&table.relation).chain(joined(table)))
        .any(|factor| matches!(factor, TableFactor::Table { .. }));
    let is_everything = |item: &SelectItem| match item {
        SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
            options.opt_exclude.is_none()
                && options.opt_except.is_none()
                && options.opt_ilike.is_none()
        }
        _ => false,
    };
    query.with.is_none()
        && from_tables
        && (select.projection.is_empty() || select.projection.iter().any(is_everything))
}

fn reads_tables_only(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return false;
    };
    select
        .from
        .iter()
        .flat_map(|table| std::iter::once(&table.relation).chain(joined(table)))
        .all(|factor| matches!(factor, TableFactor::Table { args: None, .. }))
}

fn joined(table: &TableWithJoins) -> impl Iterator<Item = &TableFactor> {
    table.joins.iter().map(|join| &join.relation)
}
