//! Syntax tree → the columns of a query's result, and what a statement does to
//! the columns of tables.

use std::ops::ControlFlow;

use sqlparser::ast::{
    self, AccessExpr, AlterColumnOperation, AlterTableOperation, BinaryOperator, CreateTable,
    CreateTableLikeKind, CreateView, DataType, ExcludeSelectItem, Expr, FunctionArg,
    FunctionArgExpr, FunctionArguments, GroupByExpr, JoinConstraint, JoinOperator, ObjectName,
    ObjectType, OrderByKind, RenameSelectItem, RenameTableNameKind, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetQuantifier, Statement, TableFactor,
    TableWithJoins, UnaryOperator, Visit, Visitor, WildcardAdditionalOptions,
};

use super::Dialect;
use crate::source::{SourceFile, Span};
use crate::syntax::relation::{
    Alias, Body, Change, Columns, Definition, Every, Item, Join, Joined, Mode, Path, Query,
    Relation, Select, Target, Value, Word,
};
use crate::syntax::types::Kind;

pub(super) fn query(source: &SourceFile, dialect: Dialect, query: &ast::Query) -> Query {
    Lowering::new(source, dialect).query(query)
}

/// What a plain SQL statement says of columns, if anything.
pub(super) fn statement(
    source: &SourceFile,
    dialect: Dialect,
    statement: &Statement,
) -> Option<Box<Columns>> {
    let mut lowering = Lowering::new(source, dialect);
    let mut columns = Columns::default();
    lowering.statement(statement, &mut columns);
    let says = columns.query.is_some() || columns.target.is_some() || !columns.changes.is_empty();
    says.then(|| Box::new(columns))
}

/// How deep the type of an expression is looked for.
const TYPE_DEPTH: usize = 6;

struct Lowering<'a> {
    source: &'a SourceFile,
    dialect: Dialect,
}

impl<'a> Lowering<'a> {
    fn new(source: &'a SourceFile, dialect: Dialect) -> Lowering<'a> {
        Lowering { source, dialect }
    }

    /// `None` for a name that does not stand in the text as it is meant, such
    /// as one with a doubled quote in it, or one that the parser has made up.
    fn word(&mut self, ident: &ast::Ident) -> Option<Word> {
        let span = Span {
            start: super::byte(ident.span.start),
            end: super::byte(ident.span.end),
        };
        // The parser gives no place to what it makes up.
        self.source
            .text()
            .get(span.start..span.end)
            .filter(|text| !text.is_empty())?;
        let word = Word::new(span, ident.quote_style.is_some())?;
        (word.text(self.source) == ident.value).then_some(word)
    }

    fn words<'i>(&mut self, idents: impl IntoIterator<Item = &'i ast::Ident>) -> Option<Vec<Word>> {
        idents.into_iter().map(|ident| self.word(ident)).collect()
    }

    fn path(&mut self, name: &ObjectName) -> Option<Path> {
        let parts = name.0.iter().map(|part| self.word(part.as_ident()?));
        parts.collect()
    }

    fn kind(&self, data_type: &DataType) -> Option<Kind> {
        match (self.dialect, data_type) {
            // Any column may hold anything.
            (Dialect::SQLite, _) => None,
            // A version of the row.
            (Dialect::MsSql, DataType::Timestamp(..)) => None,
            (Dialect::Oracle, DataType::Date) => Some(Kind::Timestamp),
            _ => Kind::of(&data_type.to_string()),
        }
    }

    fn query(&mut self, query: &ast::Query) -> Query {
        self.try_query(query).unwrap_or_default()
    }

    fn try_query(&mut self, query: &ast::Query) -> Option<Query> {
        let ast::Query {
            with,
            body,
            order_by,
            for_clause,
            pipe_operators,
            ..
        } = query;
        if for_clause.is_some() || !pipe_operators.is_empty() {
            return None;
        }
        let mut definitions = Vec::new();
        for cte in with.iter().flat_map(|with| &with.cte_tables) {
            definitions.push(Definition {
                name: self.word(&cte.alias.name)?,
                columns: self.words(cte.alias.columns.iter().map(|column| &column.name))?,
                query: self.query(&cte.query),
                recursive: with.as_ref().is_some_and(|with| with.recursive),
            });
        }
        let mut body = self.body(body);
        if let (Body::Select(select), Some(order_by)) = (&mut body, order_by) {
            match &order_by.kind {
                OrderByKind::All(_) => {}
                OrderByKind::Expressions(expressions) => {
                    self.references(expressions, select);
                }
            }
        }
        Some(Query { definitions, body })
    }

    fn body(&mut self, body: &SetExpr) -> Body {
        match body {
            SetExpr::Select(select) => self
                .select(select)
                .map_or(Body::Unknown, |select| Body::Select(Box::new(select))),
            SetExpr::Query(query) => {
                let inner = self.query(query);
                match inner.definitions.is_empty() {
                    true => inner.body,
                    false => Body::Arms {
                        arms: vec![inner],
                        by_name: false,
                    },
                }
            }
            SetExpr::SetOperation { .. } => self.arms(body),
            SetExpr::Values(values) => {
                let Some(first) = values.rows.first() else {
                    return Body::Unknown;
                };
                let cells = first
                    .content
                    .iter()
                    .map(|cell| self.value(cell, TYPE_DEPTH));
                let mut cells: Vec<_> = cells.collect();
                // The rows may differ in type, and only the database knows
                // what it makes of them.
                if values.rows.len() > 1 {
                    for (at, cell) in cells.iter_mut().enumerate() {
                        let kinds = values.rows.iter().map(|row| match row.content.get(at) {
                            Some(cell) => self.value(cell, TYPE_DEPTH),
                            None => Value::Unknown,
                        });
                        *cell = same_kind(kinds);
                    }
                }
                Body::Values(cells)
            }
            SetExpr::Table(_)
            | SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_) => Body::Unknown,
        }
    }

    /// Chains of set operations lean to the left and may be long.
    fn arms(&mut self, body: &SetExpr) -> Body {
        let mut arms = Vec::new();
        let mut by_name = None;
        let mut rest = body;
        while let SetExpr::SetOperation {
            left,
            set_quantifier,
            right,
            ..
        } = rest
        {
            let is_by_name = matches!(
                set_quantifier,
                SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName
            );
            if *by_name.get_or_insert(is_by_name) != is_by_name {
                return Body::Unknown;
            }
            arms.push(self.body(right));
            rest = left;
        }
        arms.push(self.body(rest));
        let arms = arms.into_iter().rev().map(|body| Query {
            definitions: Vec::new(),
            body,
        });
        Body::Arms {
            arms: arms.collect(),
            by_name: by_name == Some(true),
        }
    }

    fn select(&mut self, select: &ast::Select) -> Option<Select> {
        if select.value_table_mode.is_some() || select.exclude.is_some() {
            return None;
        }
        let mut lowered = Select {
            is_vague: !select.connect_by.is_empty() || !select.lateral_views.is_empty(),
            ..Select::default()
        };
        for table in &select.from {
            self.joined(table, &mut lowered.from, &mut lowered.references)?;
        }
        if !select.lateral_views.is_empty() {
            lowered.from.push(Joined {
                relation: Relation::Unknown { alias: None },
                join: Join::Comma,
            });
        }
        for item in &select.projection {
            let item = self.item(item, &mut lowered);
            lowered.items.push(item);
        }
        if select.projection.is_empty() {
            // DuckDB's `FROM t`.
            lowered.items.push(Item::Every(Box::new(Every {
                of: None,
                except: Vec::new(),
                replace: Vec::new(),
                rename: Vec::new(),
            })));
        }
        for table in &select.from {
            self.conditions(table, &mut lowered);
        }
        self.references(&select.selection, &mut lowered);
        if let GroupByExpr::Expressions(expressions, _) = &select.group_by {
            self.references(expressions, &mut lowered);
        }
        self.references(&select.having, &mut lowered);
        self.references(&select.qualify, &mut lowered);
        self.references(&select.named_window, &mut lowered);
        Some(lowered)
    }

    fn joined(
        &mut self,
        table: &TableWithJoins,
        from: &mut Vec<Joined>,
        references: &mut Vec<Path>,
    ) -> Option<()> {
        from.push(Joined {
            relation: self.relation(&table.relation, references)?,
            join: Join::Comma,
        });
        for join in &table.joins {
            let relation = self.relation(&join.relation, references)?;
            let join = self.join(&join.join_operator);
            from.push(Joined { relation, join });
        }
        Some(())
    }

    fn join(&mut self, operator: &JoinOperator) -> Join {
        let constraint = match operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::CrossJoin(constraint)
            | JoinOperator::StraightJoin(constraint) => constraint,
            JoinOperator::Semi(_)
            | JoinOperator::LeftSemi(_)
            | JoinOperator::Anti(_)
            | JoinOperator::LeftAnti(_) => return Join::Hidden,
            JoinOperator::CrossApply | JoinOperator::OuterApply => return Join::Plain,
            JoinOperator::RightSemi(_)
            | JoinOperator::RightAnti(_)
            | JoinOperator::AsOf { .. }
            | JoinOperator::ArrayJoin
            | JoinOperator::LeftArrayJoin
            | JoinOperator::InnerArrayJoin => return Join::Unknown,
        };
        match constraint {
            JoinConstraint::On(_) | JoinConstraint::None => Join::Plain,
            JoinConstraint::Natural => Join::Natural,
            JoinConstraint::Using(names) => {
                let columns = names.iter().map(|name| match &*name.0 {
                    [part] => self.word(part.as_ident()?),
                    _ => None,
                });
                columns
                    .collect::<Option<_>>()
                    .map_or(Join::Unknown, Join::Using)
            }
        }
    }

    /// What join conditions name.
    fn conditions(&mut self, table: &TableWithJoins, select: &mut Select) {
        if let TableFactor::NestedJoin {
            table_with_joins, ..
        } = &table.relation
        {
            self.conditions(table_with_joins, select);
        }
        for join in &table.joins {
            if let JoinOperator::Join(JoinConstraint::On(condition))
            | JoinOperator::Inner(JoinConstraint::On(condition))
            | JoinOperator::Left(JoinConstraint::On(condition))
            | JoinOperator::LeftOuter(JoinConstraint::On(condition))
            | JoinOperator::Right(JoinConstraint::On(condition))
            | JoinOperator::RightOuter(JoinConstraint::On(condition))
            | JoinOperator::FullOuter(JoinConstraint::On(condition)) = &join.join_operator
            {
                self.references(condition, select);
            }
        }
    }

    fn relation(&mut self, factor: &TableFactor, references: &mut Vec<Path>) -> Option<Relation> {
        let unknown = |lowering: &mut Self, alias: &Option<ast::TableAlias>| {
            let alias = match alias {
                Some(alias) => Some(lowering.word(&alias.name)?),
                None => None,
            };
            Some(Relation::Unknown { alias })
        };
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                // A table had other columns at another time.
                version: None,
                with_ordinality: false,
                json_path: None,
                ..
            } => {
                let is_file = name.0.iter().any(|part| {
                    part.as_ident()
                        .is_none_or(|ident| ident.quote_style == Some('\''))
                });
                if is_file {
                    return unknown(self, alias);
                }
                let name = self.path(name)?;
                let alias = self.alias(alias)?;
                Some(Relation::Table { name, alias })
            }
            TableFactor::Derived {
                subquery, alias, ..
            } => Some(Relation::Query {
                query: Box::new(self.query(subquery)),
                alias: self.alias(alias)?,
            }),
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => {
                let mut from = Vec::new();
                self.joined(table_with_joins, &mut from, references)?;
                Some(Relation::Joins(from))
            }
            TableFactor::Table { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::NestedJoin { alias, .. }
            | TableFactor::Pivot { alias, .. }
            | TableFactor::Unpivot { alias, .. } => unknown(self, alias),
            _ => Some(Relation::Unknown { alias: None }),
        }
    }

    /// `None` when there is an alias that cannot be read.
    #[expect(
        clippy::option_option,
        reason = "an alias that is missing is no failure"
    )]
    fn alias(&mut self, alias: &Option<ast::TableAlias>) -> Option<Option<Alias>> {
        let Some(alias) = alias else {
            return Some(None);
        };
        Some(Some(Alias {
            name: self.word(&alias.name)?,
            columns: self.words(alias.columns.iter().map(|column| &column.name))?,
        }))
    }

    fn item(&mut self, item: &SelectItem, select: &mut Select) -> Item {
        let (expression, name) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
            SelectItem::UnnamedExpr(expr) => (expr, own_name(expr)),
            SelectItem::ExprWithAliases { expr, .. } => {
                self.references(expr, select);
                return Item::Unknown;
            }
            SelectItem::Wildcard(options) => {
                return self.every(None, options, select).unwrap_or(Item::Unknown);
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                return match kind {
                    SelectItemQualifiedWildcardKind::ObjectName(name) => self
                        .path(name)
                        .and_then(|of| self.every(Some(of), options, select))
                        .unwrap_or(Item::Unknown),
                    SelectItemQualifiedWildcardKind::Expr(expr) => {
                        self.references(expr, select);
                        Item::Unknown
                    }
                };
            }
        };
        let is_one = self.references(expression, select);
        let name = match name {
            // A name that cannot be read is a column of an unknown name.
            Some(name) => self.word(name),
            None => None,
        };
        match is_one {
            true => Item::Value {
                name,
                value: self.value(expression, TYPE_DEPTH),
            },
            false => Item::Unknown,
        }
    }

    fn every(
        &mut self,
        of: Option<Path>,
        options: &WildcardAdditionalOptions,
        select: &mut Select,
    ) -> Option<Item> {
        if options.opt_ilike.is_some() || options.opt_alias.is_some() {
            return None;
        }
        let mut except = Vec::new();
        let mut exclude = |lowering: &mut Self, name: &ObjectName| {
            let ident = name.0.last()?.as_ident()?;
            // `EXCLUDE t.a` leaves the column of one table out of several.
            (name.0.len() == 1).then_some(())?;
            except.push(lowering.word(ident)?);
            Some(())
        };
        match &options.opt_exclude {
            Some(ExcludeSelectItem::Single(name)) => exclude(self, name)?,
            Some(ExcludeSelectItem::Multiple(names)) => {
                for name in names {
                    exclude(self, name)?;
                }
            }
            None => {}
        }
        if let Some(excepted) = &options.opt_except {
            except.push(self.word(&excepted.first_element)?);
            except.extend(self.words(&excepted.additional_elements)?);
        }
        let mut replace = Vec::new();
        for element in options
            .opt_replace
            .iter()
            .flat_map(|replace| &replace.items)
        {
            let name = self.word(&element.column_name)?;
            self.references(&element.expr, select);
            replace.push((name, self.value(&element.expr, TYPE_DEPTH)));
        }
        let renames = match &options.opt_rename {
            Some(RenameSelectItem::Single(rename)) => std::slice::from_ref(rename),
            Some(RenameSelectItem::Multiple(renames)) => renames,
            None => &[],
        };
        let mut rename = Vec::new();
        for pair in renames {
            rename.push((self.word(&pair.ident)?, self.word(&pair.alias)?));
        }
        Some(Item::Every(Box::new(Every {
            of,
            except,
            replace,
            rename,
        })))
    }

    /// Adds what a part of the tree names, and says whether it is one column
    /// where it stands in a select list.
    fn references(&mut self, part: &impl Visit, select: &mut Select) -> bool {
        let mut references = References {
            lowering: self,
            select,
            depth: 0,
            is_one: true,
        };
        let ControlFlow::Continue(()) = part.visit(&mut references);
        references.is_one
    }

    fn value(&mut self, expression: &Expr, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1) else {
            return Value::Unknown;
        };
        match expression {
            Expr::Identifier(ident) => self
                .word(ident)
                .map_or(Value::Unknown, |word| Value::Column(Box::new([word]))),
            Expr::CompoundIdentifier(parts) => self
                .words(parts)
                .map_or(Value::Unknown, |words| Value::Column(words.into())),
            Expr::Nested(inner) => self.value(inner, depth),
            Expr::Cast { data_type, .. }
            | Expr::Convert {
                data_type: Some(data_type),
                ..
            } => self.of(self.kind(data_type)),
            Expr::TypedString(string) => self.of(self.kind(&string.data_type)),
            Expr::Value(value) => self.of(literal(&value.value)),
            Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::Exists { .. } => Value::Of(Kind::Boolean),
            Expr::UnaryOp { op, expr } => match op {
                UnaryOperator::Not => Value::Of(Kind::Boolean),
                UnaryOperator::Minus | UnaryOperator::Plus => {
                    let value = self.value(expr, depth);
                    Value::Arithmetic(Box::new((value, Value::Of(Kind::Integer))))
                }
                _ => Value::Unknown,
            },
            Expr::BinaryOp { left, op, right } => match op {
                BinaryOperator::Gt
                | BinaryOperator::Lt
                | BinaryOperator::GtEq
                | BinaryOperator::LtEq
                | BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::And
                | BinaryOperator::Or => Value::Of(Kind::Boolean),
                BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply => {
                    let values = (self.value(left, depth), self.value(right, depth));
                    Value::Arithmetic(Box::new(values))
                }
                _ => Value::Unknown,
            },
            Expr::Case {
                conditions,
                else_result,
                ..
            } => {
                let results = conditions.iter().map(|when| &when.result);
                let results = results.chain(else_result.iter().map(|result| &**result));
                same_kind(results.map(|result| self.value(result, depth)))
            }
            Expr::Function(function) => self.function(function, depth),
            _ => Value::Unknown,
        }
    }

    fn of(&self, kind: Option<Kind>) -> Value {
        kind.map_or(Value::Unknown, Value::Of)
    }

    fn function(&mut self, function: &ast::Function, depth: usize) -> Value {
        let [part] = &*function.name.0 else {
            return Value::Unknown;
        };
        let Some(name) = part.as_ident().map(|ident| ident.value.as_str()) else {
            return Value::Unknown;
        };
        const COUNTS: [&str; 5] = ["count", "row_number", "rank", "dense_rank", "ntile"];
        const SAME: [&str; 2] = ["min", "max"];
        if COUNTS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Value::Of(Kind::Integer);
        }
        if !SAME.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Value::Unknown;
        }
        match &function.args {
            FunctionArguments::List(list) => match &*list.args {
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] => {
                    self.value(argument, depth)
                }
                _ => Value::Unknown,
            },
            FunctionArguments::None | FunctionArguments::Subquery(_) => Value::Unknown,
        }
    }

    fn statement(&mut self, statement: &Statement, columns: &mut Columns) {
        match statement {
            Statement::Query(query) => self.plain_query(query, columns),
            Statement::Insert(insert) => self.insert(insert, columns),
            Statement::Update(update) => self.update(update, columns),
            Statement::Delete(delete) => self.delete(delete, columns),
            Statement::Merge(merge) => self.merge(merge, columns),
            Statement::CreateTable(create) => self.create_table(create, columns),
            Statement::CreateView(create) => self.create_view(create, columns),
            Statement::AlterTable(alter) => {
                let changes: Option<Vec<_>> = alter
                    .operations
                    .iter()
                    .map(|operation| self.alteration(&alter.name, operation))
                    .collect();
                columns.changes = changes.unwrap_or_default().into_iter().flatten().collect();
            }
            Statement::RenameTable(renames) => {
                let changes = renames.iter().map(|rename| {
                    let old = self.path(&rename.old_name)?;
                    Some(Change::Rename(old, self.path(&rename.new_name)?))
                });
                columns.changes = changes.collect::<Option<_>>().unwrap_or_default();
            }
            Statement::Drop {
                object_type: ObjectType::Table | ObjectType::View | ObjectType::MaterializedView,
                names,
                ..
            } => {
                let changes = names.iter().filter_map(|name| self.path(name));
                columns.changes = changes.map(Change::Drop).collect();
            }
            Statement::Rollback { .. } => columns.changes.push(Change::Rollback),
            _ => {}
        }
    }

    fn insert(&mut self, insert: &ast::Insert, columns: &mut Columns) {
        columns.query = insert.source.as_deref().map(|query| self.query(query));
        let ast::TableObject::TableName(name) = &insert.table else {
            return;
        };
        let is_plain = insert.multi_table_insert_type.is_none()
            && insert.multi_table_into_clauses.is_empty()
            && insert.multi_table_when_clauses.is_empty();
        if !is_plain {
            return;
        }
        let Some(table) = self.path(name) else { return };
        let listed = insert.columns.iter().map(only_part);
        let after = insert.after_columns.iter().map(Some);
        let assigned = insert.assignments.iter().flat_map(assigned);
        let named: Option<Vec<_>> = listed.chain(after).chain(assigned).collect();
        // A name that cannot be read leaves nothing to count.
        let named = named.and_then(|named| self.words(named));
        columns.target = Some(Target {
            table,
            // The columns of a partition have their values beside the query.
            takes_rows: named.is_some() && insert.partitioned.is_none(),
            columns: named.unwrap_or_default(),
        });
    }

    /// What an UPDATE names is checked as in a query of the same tables.
    fn update(&mut self, update: &ast::Update, columns: &mut Columns) {
        use ast::UpdateTableFromKind::{AfterSet, BeforeSet};
        let from = match &update.from {
            Some(BeforeSet(from) | AfterSet(from)) => from.as_slice(),
            None => &[],
        };
        // SQL Server names one of the tables in FROM, perhaps by its alias.
        let is_one_of = self.dialect == Dialect::MsSql && !from.is_empty();
        let own = (!is_one_of).then_some(&update.table);
        let mut select = Select::default();
        let tables: Vec<_> = own.into_iter().chain(from).collect();
        if self.tables(&tables, &mut select).is_none() {
            return;
        }
        let targets = update.assignments.iter().flat_map(assigned);
        let alone = own.filter(|own| own.joins.is_empty());
        columns.target = alone.and_then(|own| self.target(&own.relation, targets.clone()));
        if columns.target.is_none() && !is_one_of {
            for ident in targets.flatten() {
                match self.word(ident) {
                    Some(word) => select.references.push(Box::new([word])),
                    None => select.is_vague = true,
                }
            }
        }
        for assignment in &update.assignments {
            self.references(&assignment.value, &mut select);
        }
        self.references(&update.selection, &mut select);
        columns.query = Some(selected(select));
    }

    fn delete(&mut self, delete: &ast::Delete, columns: &mut Columns) {
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) =
            &delete.from;
        let using = delete.using.as_deref().unwrap_or_default();
        // MySQL names those of USING, perhaps by their aliases.
        let from = match self.dialect {
            Dialect::MySql if !using.is_empty() => &[],
            _ => from.as_slice(),
        };
        let mut select = Select::default();
        let tables: Vec<_> = from.iter().chain(using).collect();
        if self.tables(&tables, &mut select).is_some() {
            self.references(&delete.selection, &mut select);
            columns.query = Some(selected(select));
        }
    }

    fn merge(&mut self, merge: &ast::Merge, columns: &mut Columns) {
        let mut select = Select::default();
        for factor in [&merge.table, &merge.source] {
            let Some(relation) = self.relation(factor, &mut select.references) else {
                return;
            };
            let join = Join::Comma;
            select.from.push(Joined { relation, join });
        }
        self.references(&merge.on, &mut select);
        let mut targets: Vec<Option<&ast::Ident>> = Vec::new();
        for clause in &merge.clauses {
            self.references(&clause.predicate, &mut select);
            match &clause.action {
                ast::MergeAction::Insert(insert) => {
                    targets.extend(insert.columns.iter().map(only_part));
                    if let ast::MergeInsertKind::Values(values) = &insert.kind {
                        self.references(values, &mut select);
                    }
                }
                ast::MergeAction::Update(update) => {
                    if let ast::MergeUpdateKind::Set(assignments) = &update.kind {
                        targets.extend(assignments.iter().flat_map(assigned));
                        for assignment in assignments {
                            self.references(&assignment.value, &mut select);
                        }
                    }
                }
                ast::MergeAction::Delete { .. } | ast::MergeAction::DoNothing { .. } => {}
            }
        }
        columns.target = self.target(&merge.table, targets.into_iter());
        columns.query = Some(selected(select));
    }

    fn tables(&mut self, tables: &[&TableWithJoins], select: &mut Select) -> Option<()> {
        for table in tables {
            self.joined(table, &mut select.from, &mut select.references)?;
        }
        for table in tables {
            self.conditions(table, select);
        }
        Some(())
    }

    /// The table that rows are changed in, with those of its columns that are
    /// named without a table.
    fn target<'i>(
        &mut self,
        factor: &TableFactor,
        columns: impl Iterator<Item = Option<&'i ast::Ident>>,
    ) -> Option<Target> {
        let TableFactor::Table {
            name, args: None, ..
        } = factor
        else {
            return None;
        };
        Some(Target {
            table: self.path(name)?,
            columns: columns
                .flatten()
                .filter_map(|ident| self.word(ident))
                .collect(),
            takes_rows: false,
        })
    }

    fn plain_query(&mut self, query: &ast::Query, columns: &mut Columns) {
        let lowered = self.query(query);
        // PostgreSQL's and SQL Server's `SELECT … INTO t`.
        if let SetExpr::Select(select) = &*query.body
            && let Some(into) = &select.into
            && matches!(
                self.dialect,
                Dialect::PostgreSql | Dialect::Redshift | Dialect::MsSql
            )
        {
            let table = match &*into.targets {
                [Expr::Identifier(ident)] => self.words([ident]),
                [Expr::CompoundIdentifier(parts)] => self.words(parts),
                _ => None,
            };
            columns.changes.extend(table.map(|table| Change::CreateAs {
                table: table.into(),
                columns: Vec::new(),
                mode: Mode::New,
                is_view: false,
            }));
        }
        columns.query = Some(lowered);
    }

    fn create_table(&mut self, create: &CreateTable, columns: &mut Columns) {
        columns.query = create.query.as_deref().map(|query| self.query(query));
        columns.changes.extend(self.created(create));
    }

    fn created(&mut self, create: &CreateTable) -> Option<Change> {
        let table = self.path(&create.name)?;
        let mode = mode(create.if_not_exists);
        let partitions = match &create.hive_distribution {
            ast::HiveDistributionStyle::PARTITIONED { columns } => columns.as_slice(),
            _ => &[],
        };
        let is_foreign = create.external && self.dialect != Dialect::Hive;
        if create.inherits.is_some() || create.partition_of.is_some() || is_foreign {
            return None;
        }
        match (&create.query, &create.like, &create.clone) {
            // MySQL adds the columns of the query to those that are defined.
            (Some(_), None, None)
                if partitions.is_empty()
                    && (create.columns.is_empty() || self.dialect != Dialect::MySql) =>
            {
                Some(Change::CreateAs {
                    table,
                    columns: self.words(create.columns.iter().map(|column| &column.name))?,
                    mode,
                    is_view: false,
                })
            }
            (
                None,
                Some(CreateTableLikeKind::Plain(like) | CreateTableLikeKind::Parenthesized(like)),
                None,
            ) if create.columns.is_empty() => Some(Change::CreateLike {
                table,
                like: self.path(&like.name)?,
                mode,
            }),
            (None, None, Some(clone)) => Some(Change::CreateLike {
                table,
                like: self.path(clone)?,
                mode,
            }),
            (None, None, None) if !create.columns.is_empty() => {
                // ClickHouse leaves such columns out of a `*`.
                let is_hidden = create.columns.iter().any(|column| {
                    column.options.iter().any(|option| {
                        matches!(
                            option.option,
                            ast::ColumnOption::Materialized(_)
                                | ast::ColumnOption::Alias(_)
                                | ast::ColumnOption::Ephemeral(_)
                        )
                    })
                });
                if is_hidden {
                    return None;
                }
                // A partition by a column that is defined already defines none.
                let own = |column: &&ast::ColumnDef| column.data_type != DataType::Unspecified;
                let defined = create.columns.iter().chain(partitions.iter().filter(own));
                let columns = defined
                    .map(|column| Some((self.word(&column.name)?, self.kind(&column.data_type))))
                    .collect::<Option<_>>()?;
                Some(Change::Create {
                    table,
                    columns,
                    computes: create.columns.iter().any(is_computed),
                    mode,
                })
            }
            _ => None,
        }
    }

    fn create_view(&mut self, create: &CreateView, columns: &mut Columns) {
        columns.query = Some(self.query(&create.query));
        let table = self.path(&create.name);
        let names = self.words(create.columns.iter().map(|column| &column.name));
        // ClickHouse's `TO` keeps the rows in another table, which has its own columns.
        if let (Some(table), Some(names), None) = (table, names, &create.to) {
            columns.changes.push(Change::CreateAs {
                table,
                columns: names,
                mode: mode(create.if_not_exists),
                is_view: true,
            });
        }
    }

    /// `None` when what it does to the columns cannot be told; no change when
    /// it does nothing to them.
    fn alteration(
        &mut self,
        table: &ObjectName,
        operation: &AlterTableOperation,
    ) -> Option<Option<Change>> {
        let path = self.path(table)?;
        let change = match operation {
            AlterTableOperation::AddColumn { column_def, .. } if is_computed(column_def) => {
                return None;
            }
            AlterTableOperation::AddColumn { column_def, .. } => Change::AddColumn {
                table: path,
                column: self.word(&column_def.name)?,
                kind: self.kind(&column_def.data_type),
            },
            AlterTableOperation::DropColumn { column_names, .. } => match &**column_names {
                [column] => Change::DropColumn(path, self.word(column)?),
                _ => return None,
            },
            AlterTableOperation::RenameColumn {
                old_column_name,
                new_column_name,
            } => {
                let (table, old) = (path, self.word(old_column_name)?);
                let new = self.word(new_column_name)?;
                // The type stays.
                Change::ChangeColumn {
                    table,
                    old,
                    new,
                    kind: None,
                }
            }
            AlterTableOperation::AlterColumn { column_name, op } => match op {
                AlterColumnOperation::SetDataType { data_type, .. } => {
                    let column = self.word(column_name)?;
                    Change::ChangeColumn {
                        table: path,
                        old: column,
                        new: column,
                        kind: Some(self.kind(data_type)?),
                    }
                }
                _ => return Some(None),
            },
            AlterTableOperation::RenameTable { table_name } => {
                let (RenameTableNameKind::As(name) | RenameTableNameKind::To(name)) = table_name;
                let new = self.path(name)?;
                let new = match (path.len(), new.len()) {
                    // An unqualified new name stays in the table's schema.
                    (2.., 1) => {
                        let schema = path[..path.len() - 1].iter();
                        schema.chain(&*new).copied().collect()
                    }
                    _ => new,
                };
                Change::Rename(path, new)
            }
            AlterTableOperation::SwapWith { table_name } => {
                Change::Swap(path, self.path(table_name)?)
            }
            AlterTableOperation::AddConstraint { .. }
            | AlterTableOperation::DropConstraint { .. }
            | AlterTableOperation::RenameConstraint { .. }
            | AlterTableOperation::OwnerTo { .. } => return Some(None),
            _ => return None,
        };
        Some(Some(change))
    }
}

/// The columns that an assignment changes: `None` for a part of one, or for one
/// that is named with its table.
fn assigned(assignment: &ast::Assignment) -> impl Iterator<Item = Option<&ast::Ident>> + Clone {
    let names = match &assignment.target {
        ast::AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
        ast::AssignmentTarget::Tuple(names) => names.as_slice(),
    };
    names.iter().map(only_part)
}

fn only_part(name: &ObjectName) -> Option<&ast::Ident> {
    match &*name.0 {
        [part] => part.as_ident(),
        _ => None,
    }
}

fn is_computed(column: &ast::ColumnDef) -> bool {
    let is_computed = |option: &ast::ColumnOptionDef| {
        matches!(option.option, ast::ColumnOption::Generated { .. })
    };
    column.options.iter().any(is_computed)
}

fn selected(select: Select) -> Query {
    Query {
        definitions: Vec::new(),
        body: Body::Select(Box::new(select)),
    }
}

/// What an expression names, and what in it is no name of a column.
struct References<'l, 'a> {
    lowering: &'l mut Lowering<'a>,
    select: &'l mut Select,
    /// How many queries inside the expression surround the place.
    depth: usize,
    is_one: bool,
}

impl References<'_, '_> {
    fn add(&mut self, path: Option<Path>) {
        match path {
            Some(path) => self.select.references.push(path),
            None => self.select.is_vague = true,
        }
    }

    fn function(&mut self, function: &ast::Function) {
        let name = function.name.0.last().and_then(|part| part.as_ident());
        // They are as many columns as what they are given says.
        if name.is_some_and(|name| {
            [
                "columns",
                "unnest",
                "explode",
                "posexplode",
                "inline",
                "stack",
                "json_tuple",
            ]
            .iter()
            .any(|several| name.value.eq_ignore_ascii_case(several))
        }) {
            self.is_one = false;
        }
        if let FunctionArguments::List(list) = &function.args
            && list
                .args
                .iter()
                .any(|argument| !matches!(argument, FunctionArg::Unnamed(_)))
        {
            self.select.is_vague = true;
        }
    }
}

impl Visitor for References<'_, '_> {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<Self::Break> {
        if self.depth == 0 {
            let query = self.lowering.query(query);
            self.select.queries.push(query);
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        match expression {
            Expr::Identifier(ident) => {
                let word = self.lowering.word(ident);
                self.add(word.map(|word| Path::from([word])));
            }
            Expr::CompoundIdentifier(parts) => {
                let words = self.lowering.words(parts);
                self.add(words.map(Path::from));
            }
            Expr::Function(function) => self.function(function),
            Expr::Lambda(_)
            | Expr::Struct { .. }
            | Expr::Named { .. }
            | Expr::MatchAgainst { .. }
            | Expr::BinaryOp {
                op: BinaryOperator::Arrow | BinaryOperator::LongArrow,
                ..
            } => self.select.is_vague = true,
            Expr::CompoundFieldAccess { access_chain, .. }
                if access_chain
                    .iter()
                    .any(|access| matches!(access, AccessExpr::Dot(_))) =>
            {
                self.select.is_vague = true;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The name of a column that is selected without `AS`.
fn own_name(expression: &Expr) -> Option<&ast::Ident> {
    match expression {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(parts) => parts.last(),
        // The database names an expression as it likes.
        _ => None,
    }
}

fn literal(value: &ast::Value) -> Option<Kind> {
    match value {
        ast::Value::Number(text, _) => Some(match text.contains(['.', 'e', 'E']) {
            true => Kind::Decimal,
            false => Kind::Integer,
        }),
        ast::Value::Boolean(_) => Some(Kind::Boolean),
        ast::Value::SingleQuotedString(_) => Some(Kind::Text),
        _ => None,
    }
}

/// The type that all values have; columns are not looked up for it.
fn same_kind(values: impl Iterator<Item = Value>) -> Value {
    let mut same = None;
    for value in values {
        let Value::Of(kind) = value else {
            return Value::Unknown;
        };
        if *same.get_or_insert(kind) != kind {
            return Value::Unknown;
        }
    }
    same.map_or(Value::Unknown, Value::Of)
}

fn mode(if_not_exists: bool) -> Mode {
    match if_not_exists {
        true => Mode::IfNotExists,
        false => Mode::New,
    }
}
