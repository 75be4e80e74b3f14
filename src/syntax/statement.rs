//! Reads one statement, and cuts an ML statement into its query and its clause.

use super::ast::{
    Directive, Effects, Name, Role, ShowTrain, SqlQuery, SqlStatement, Statement, StatementKind,
};
use super::clause::{self, ClauseKind};
use super::directive;
use super::parser::Parser;
use super::routine;
use super::split::{self, Shape};
use super::sql::{self, Dialect, Reading, Token, TokenKind, Unparsed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span};

/// Parses what stands between two `;`; `None` when nothing does, or when it
/// cannot be read.
pub(super) fn read(
    source: &SourceFile,
    reading: Reading,
    tokens: &mut [Token],
    diagnostics: &mut Diagnostics,
) -> Option<Statement> {
    let first = tokens.iter().position(|token| !token.is_trivia());
    let mut directives = Vec::new();
    for (at, comment) in tokens.iter().enumerate() {
        if comment.kind() != TokenKind::Comment {
            continue;
        }
        let span = trimmed(source, comment.span);
        if first.is_some_and(|first| at < first) && !is_behind_statement(source, tokens, span) {
            directives.extend(directive::parse(source, span, diagnostics));
        } else if let Some(unused) = directive::unused(source, span) {
            diagnostics.push(unused);
        }
    }
    let first = first?;
    let last = tokens.iter().rposition(|token| !token.is_trivia())?;
    let span = tokens[first].span.to(tokens[last].span);
    let declared = Declared::of(source, reading.dialect, &directives, diagnostics);
    let reading = declared.reading(reading);
    let (mut kind, errors) = kind(source, reading, &mut tokens[first..=last], span);
    let is_consented =
        |error: &Diagnostic| error.code == Code::UnparsedSql && !declared.directives.is_empty();
    let errors = errors.into_iter().filter(|error| !is_consented(error));
    errors.for_each(|error| diagnostics.push(error));
    if let Some(kind) = &mut kind {
        declared.apply(kind, diagnostics);
    }
    Some(Statement {
        span,
        directives,
        kind: kind?,
    })
}

/// What directives say of SQL whose effects cannot be known from its text.
#[derive(Default)]
struct Declared {
    unparsed: Option<Unparsed>,
    reads: Option<Vec<Name>>,
    writes: Option<Vec<Name>>,
    /// Where they stand.
    directives: Vec<Span>,
}

impl Declared {
    fn of(
        source: &SourceFile,
        dialect: Dialect,
        directives: &[Directive],
        diagnostics: &mut Diagnostics,
    ) -> Declared {
        let mut declared = Declared::default();
        for directive in directives {
            let names = || match directive::names(source, dialect, directive) {
                Ok(names) => (Some(names), None),
                Err(error) => (None, Some(error)),
            };
            let error = match directive.key.as_str() {
                "unparsed" => match directive::unparsed(directive) {
                    Ok(unparsed) => {
                        declared.unparsed = Some(unparsed);
                        None
                    }
                    Err(error) => Some(error),
                },
                "reads" => {
                    let (names, error) = names();
                    declared.reads = names;
                    error
                }
                "writes" => {
                    let (names, error) = names();
                    declared.writes = names;
                    error
                }
                _ => continue,
            };
            declared.directives.push(directive.span);
            error.into_iter().for_each(|error| diagnostics.push(error));
        }
        declared
    }

    fn has_names(&self) -> bool {
        self.reads.is_some() || self.writes.is_some()
    }

    /// Who says what a statement does need not have it parsed.
    fn reading(&self, reading: Reading) -> Reading {
        let barrier = self.has_names().then_some(Unparsed::Barrier);
        Reading {
            unparsed: self.unparsed.or(barrier).unwrap_or(reading.unparsed),
            ..reading
        }
    }

    fn apply(&self, kind: &mut StatementKind, diagnostics: &mut Diagnostics) {
        let effects = match kind {
            StatementKind::Sql(sql) => Some(&mut sql.effects),
            StatementKind::Train(train) => Some(&mut train.query.effects),
            StatementKind::Predict(predict) => Some(&mut predict.query.effects),
            StatementKind::Explain(explain) => Some(&mut explain.query.effects),
            StatementKind::Evaluate(evaluate) => Some(&mut evaluate.query.effects),
            StatementKind::Run(run) => Some(&mut run.query.effects),
            StatementKind::Optimize(optimize) => Some(&mut optimize.query.effects),
            StatementKind::ShowTrain(_) => None,
        };
        match effects {
            Some(effects) if matches!(effects.role, Role::Unknown(_)) => {
                if self.has_names() {
                    effects.role = Role::Plain;
                    effects.reads = self.reads.clone().unwrap_or_default();
                    effects.writes = self.writes.clone().unwrap_or_default();
                }
            }
            Some(_) | None => {
                for span in &self.directives {
                    let message = "what this statement reads and writes is known from its text";
                    let help = "leave the directive out";
                    diagnostics.push(
                        Diagnostic::new(Code::DirectiveWithoutEffect, *span, message).help(help),
                    );
                }
            }
        }
    }
}

/// How a statement is read below these tokens, as its directives want it.
pub(super) fn declared_reading(source: &SourceFile, reading: Reading, tokens: &[Token]) -> Reading {
    let mut ignored = Diagnostics::default();
    let mut directives = Vec::new();
    for comment in tokens {
        if comment.kind() == TokenKind::Comment {
            let span = trimmed(source, comment.span);
            if !is_behind_statement(source, tokens, span) {
                directives.extend(directive::parse(source, span, &mut ignored));
            }
        }
    }
    Declared::of(source, reading.dialect, &directives, &mut ignored).reading(reading)
}

/// Whether a comment stands on the line on which the statement before ends.
fn is_behind_statement(source: &SourceFile, tokens: &[Token], comment: Span) -> bool {
    let start = tokens.first().map_or(0, |token| token.span.start);
    start > 0 && source.line(start - 1) == source.line(comment.start)
}

/// A line comment's token holds its line end.
fn trimmed(source: &SourceFile, span: Span) -> Span {
    Span {
        start: span.start,
        end: span.start + source.slice(span).trim_end().len(),
    }
}

/// A statement as far as it can be read, and what is wrong with it.
type Read = (Option<StatementKind>, Vec<Diagnostic>);

/// Reads one statement, given its tokens from the first word to the last,
/// which are used up.
pub(super) fn kind(
    source: &SourceFile,
    reading: Reading,
    tokens: &mut [Token],
    span: Span,
) -> Read {
    let dialect = reading.dialect;
    let words = words(tokens);
    if let [show, train, rest @ ..] = words.as_slice()
        && show.is_word("SHOW")
        && train.is_word("TRAIN")
    {
        return match show_train(Parser::new(source, dialect, rest, span)) {
            Ok(kind) => (Some(kind), Vec::new()),
            Err(error) => (None, vec![error]),
        };
    }
    if let Some(found) = clause::find(source, &words) {
        let keyword = words[found.start].span.to(words[found.keyword].span);
        let Some(before) = found.start.checked_sub(1).map(|at| words[at].span) else {
            return (None, vec![without_query(found.kind, keyword)]);
        };
        let query = Span {
            start: span.start,
            end: before.end,
        };
        return ml_statement(source, reading, tokens, span, query, keyword, &found);
    }
    match sql::statement(source, dialect, tokens, span) {
        Ok(statement) => (Some(StatementKind::Sql(statement)), Vec::new()),
        Err(error) => {
            match split::shape(source, dialect, tokens) {
                Shape::Delimiter => return (None, vec![client_command(tokens)]),
                Shape::Unclosed(opened) => return (None, vec![unclosed(source, opened)]),
                // What the parser knows of such languages is not much.
                Shape::Procedural => {
                    let statement = SqlStatement {
                        span,
                        effects: routine::effects(source, dialect, &self::words(tokens), span),
                        columns: None,
                    };
                    return (Some(StatementKind::Sql(statement)), Vec::new());
                }
                Shape::Plain => {}
            }
            if let Some(meant) = clause::meant(source, &self::words(tokens), &error) {
                return (None, vec![meant]);
            }
            let error = template(source, tokens).unwrap_or(error);
            match reading.unparsed {
                Unparsed::Error => (None, vec![error]),
                Unparsed::Barrier => {
                    let statement = SqlStatement {
                        span,
                        effects: Effects::unknown(UNPARSED),
                        columns: None,
                    };
                    (Some(StatementKind::Sql(statement)), vec![barrier(error)])
                }
            }
        }
    }
}

fn words(tokens: &[Token]) -> Vec<&Token> {
    tokens.iter().filter(|token| !token.is_trivia()).collect()
}

fn client_command(tokens: &[Token]) -> Diagnostic {
    let span = tokens.first().map_or(Span::default(), |token| token.span);
    let message = "`DELIMITER` is a command of MySQL's client and no SQL";
    Diagnostic::new(Code::ClientCommand, span, message).help(
        "leave it out and end what it delimits with `;`: one inside a body does not end the \
         statement",
    )
}

fn unclosed(source: &SourceFile, opened: Span) -> Diagnostic {
    let word = source.slice(opened).to_uppercase();
    let message = format!("this `{word}` has no `END`");
    let help = "everything up to the end of the program is read as its body";
    Diagnostic::new(Code::UnclosedBody, opened, message).help(help)
}

/// What to say of SQL with a template in it.
fn template(source: &SourceFile, tokens: &[Token]) -> Option<Diagnostic> {
    let mut templates = sql::Templates::new(source);
    let span = tokens
        .iter()
        .find_map(|token| templates.at(token.span.start))?;
    let text = sql::shortened(source.slice(span));
    let message = format!("`{text}` is a template and no SQL");
    let help = "render it before it is compiled, for example with `dbt compile`; \
                `-- sqlflowc: unparsed=barrier` above a statement hands it on as it is";
    Some(Diagnostic::new(Code::Template, span, message).help(help))
}

const UNPARSED: &str = "its SQL could not be parsed";

/// What is said of SQL that is handed on unparsed, where it is allowed.
fn barrier(error: Diagnostic) -> Diagnostic {
    let message = format!("handed on unparsed: {}", error.message);
    Diagnostic::new(Code::UnparsedSql, error.span, message)
        .help("every step before it is waited for, and every step after it waits")
}

fn show_train(mut parser: Parser<'_>) -> Result<StatementKind, Diagnostic> {
    let model = parser.model("a model's name")?;
    parser.expect_end()?;
    Ok(StatementKind::ShowTrain(ShowTrain { model }))
}

fn without_query(kind: ClauseKind, keyword: Span) -> Diagnostic {
    let form = kind.form();
    let message = format!("`{form}` stands without a query");
    let help = format!("write a query in front of it, without a `;` between: `SELECT … {form}`");
    Diagnostic::new(Code::ClauseWithoutQuery, keyword, message).help(help)
}

/// Reads a query and the clause behind it, whose keyword, with its `TO`,
/// stands at `keyword`.
fn ml_statement(
    source: &SourceFile,
    reading: Reading,
    tokens: &mut [Token],
    span: Span,
    query_span: Span,
    keyword: Span,
    found: &clause::Found,
) -> Read {
    let end_of_query = tokens.partition_point(|token| token.span.start < keyword.start);
    let (query_tokens, clause_tokens) = tokens.split_at_mut(end_of_query);
    // The clause is read even when the query is wrong, so that what is wrong
    // in the clause shows in the same run.
    let dialect = reading.dialect;
    let (query, mut errors) = match sql::leading_query(source, dialect, query_tokens, query_span) {
        Ok(query) => (query, Vec::new()),
        Err(error) => {
            let error = template(source, query_tokens).unwrap_or(error);
            let error = match reading.unparsed {
                Unparsed::Error => error,
                Unparsed::Barrier => barrier(error),
            };
            (SqlQuery::unknown(query_span, UNPARSED), vec![error])
        }
    };
    let words = words(clause_tokens);
    let rest = &words[found.keyword - found.start + 1..];
    let parser = Parser::new(source, dialect, rest, span);
    let (kind, mut found) = clause::parse(parser, found.kind, keyword, query);
    if !found.is_empty()
        && let Some(template) = template(source, clause_tokens)
    {
        found = vec![template];
    }
    errors.extend(found);
    (kind, errors)
}

impl ClauseKind {
    /// How the clause is written, for messages.
    pub(super) fn form(self) -> &'static str {
        match self {
            ClauseKind::Train => "TO TRAIN",
            ClauseKind::Predict => "TO PREDICT",
            ClauseKind::Explain => "TO EXPLAIN",
            ClauseKind::Evaluate => "TO EVALUATE",
            ClauseKind::Run => "TO RUN",
            ClauseKind::Maximize => "TO MAXIMIZE",
            ClauseKind::Minimize => "TO MINIMIZE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    /// A program's statements and what is wrong with it, a line each.
    fn outline(dialect: Dialect, program: &str) -> String {
        let source = SourceFile::new("test.sql", program);
        let (program, diagnostics) = parse(&source, dialect);
        let mut out = String::new();
        for statement in &program.statements {
            let (kind, query) = match &statement.kind {
                StatementKind::Sql(sql) => ("sql", sql.span),
                StatementKind::Train(train) => ("train", train.query.span),
                StatementKind::Predict(predict) => ("predict", predict.query.span),
                StatementKind::Explain(explain) => ("explain", explain.query.span),
                StatementKind::Evaluate(evaluate) => ("evaluate", evaluate.query.span),
                StatementKind::Run(run) => ("run", run.query.span),
                StatementKind::Optimize(optimize) => ("optimize", optimize.query.span),
                StatementKind::ShowTrain(show) => ("show train", show.model.span),
            };
            out += &format!("{kind}: {}\n", source.slice(query));
        }
        for diagnostic in diagnostics.iter() {
            let place = source.position(diagnostic.span.start);
            let text = source.slice(diagnostic.span);
            let (line, column) = (place.line, place.column);
            out += &format!(
                "{line}:{column} {} {} at `{text}`\n",
                diagnostic.code, diagnostic.message,
            );
        }
        out
    }

    #[test]
    fn words_of_clauses_stay_names() {
        insta::assert_snapshot!(outline(
            Dialect::DuckDb,
            "SELECT a AS train, b AS predict FROM predict;
             SELECT train.a FROM train, predict JOIN evaluate ON train.a = predict.a;
             SELECT * FROM t train WHERE train.a = 1;
             SELECT * FROM a predict JOIN b USING (id);
             SELECT train INTO x FROM t;
             SELECT evaluate(a), train(b) FROM t;
             EXPLAIN SELECT * FROM t;
             ALTER TABLE a RENAME TO train;
             SELECT 'a; TO TRAIN b INTO c', $$;$$ /* ; TO TRAIN */ FROM t;
             SELECT * FROM t TO TRAIN xgboost.gbtree COLUMN group, limit, \"order\" LABEL label INTO into;"
        ), @"
        sql: SELECT a AS train, b AS predict FROM predict
        sql: SELECT train.a FROM train, predict JOIN evaluate ON train.a = predict.a
        sql: SELECT * FROM t train WHERE train.a = 1
        sql: SELECT * FROM a predict JOIN b USING (id)
        sql: SELECT train INTO x FROM t
        sql: SELECT evaluate(a), train(b) FROM t
        sql: EXPLAIN SELECT * FROM t
        sql: ALTER TABLE a RENAME TO train
        sql: SELECT 'a; TO TRAIN b INTO c', $$;$$ /* ; TO TRAIN */ FROM t
        train: SELECT * FROM t
        ");
    }

    #[test]
    fn a_clause_begins_behind_any_query() {
        insta::assert_snapshot!(outline(
            Dialect::DuckDb,
            "(SELECT * FROM a) TO EXPLAIN m;
             FROM a TO EXPLAIN m;
             WITH a AS (FROM b) FROM a TO EXPLAIN m;
             SELECT INTERVAL '1' YEAR TO MONTH FROM a TO EXPLAIN m;
             SELECT CASE WHEN a THEN b END FROM a LIMIT 10 TO EXPLAIN m;
             SELECT * FROM a EXPLAIN m USING TreeExplainer;
             SELECT * FROM a WHERE b > 1 TRAIN DNNRegressor LABEL c INTO m;
             SELECT * FROM a PREDICT out.class USING m;
             SELECT * FROM a WHERE TO EXPLAIN m;
             SELECT * FROM TO EXPLAIN m;"
        ), @"
        explain: (SELECT * FROM a)
        explain: FROM a
        explain: WITH a AS (FROM b) FROM a
        explain: SELECT INTERVAL '1' YEAR TO MONTH FROM a
        explain: SELECT CASE WHEN a THEN b END FROM a LIMIT 10
        explain: SELECT * FROM a
        train: SELECT * FROM a WHERE b > 1
        predict: SELECT * FROM a
        explain: SELECT * FROM a WHERE
        explain: SELECT * FROM
        9:35 E0201 expected an expression, found the end of the query at ``
        10:27 E0201 expected a name, found the end of the query at ``
        ");
    }

    #[test]
    fn a_clause_in_a_wrong_place_is_named() {
        insta::assert_snapshot!(outline(
            Dialect::DuckDb,
            "TO TRAIN xgboost.gbtree LABEL c INTO m;
             CREATE TABLE a AS SELECT * FROM t TO PREDICT a.b USING m;
             EXPLAIN SELECT * FROM t TO EXPLAIN m;
             SELECT * FROM (SELECT * FROM t TO PREDICT a.b USING m) AS x;
             SELECT * FROM t TO TRANI xgboost.gbtree LABEL c INTO m;
             SELECT * FROM t ANALYZE m USING TreeExplainer;
             SELECT * FROM t INFER m;
             VACUUM ANALYZE t;
             DROP TABLE a SELECT * FROM t TO EXPLAIN m;"
        ), @"
        sql: VACUUM ANALYZE t
        1:1 E0205 `TO TRAIN` stands without a query at `TO TRAIN`
        2:48 E0205 `TO PREDICT` follows a query and not `CREATE` at `TO PREDICT`
        3:38 E0205 `TO EXPLAIN` follows a query and not `EXPLAIN` at `TO EXPLAIN`
        4:45 E0205 `TO PREDICT` stands inside parentheses at `TO PREDICT`
        5:33 E0202 no ML clause is named `TO TRANI` at `TRANI`
        6:30 E0208 `ANALYZE` is now `TO EXPLAIN` at `ANALYZE`
        7:30 E0208 `INFER` is now `TO PREDICT` at `INFER`
        9:27 E0201 expected the end of the statement, found `SELECT` at `SELECT`
        ");
    }

    #[test]
    fn a_clause_without_its_parts_is_told_what_it_needs() {
        insta::assert_snapshot!(outline(
            Dialect::DuckDb,
            "SELECT * FROM t TO TRAIN;
             SELECT * FROM t TO TRAIN LABEL c INTO m;
             SELECT * FROM t TO TRAIN xgboost.gbtree WITH eta = LABEL c INTO m;
             SELECT * FROM t TO TRAIN xgboost.gbtree COLUMN a, b, LABEL c INTO m;
             SELECT * FROM t TO TRAIN xgboost.gbtree LABEL INTO m;
             SELECT * FROM t TO TRAIN xgboost.gbtree WITH eta = 1 max_depth = 2 LABEL c INTO m;
             SELECT * FROM t TO TRAIN xgboost.gbtree LABEL a LABEL b;
             SELECT * FROM t TO PREDICT a.b WITH predict.batch_size = 1;
             SELECT * FROM t WHERE TO PREDICT a.b;"
        ), @"
        train: SELECT * FROM t
        train: SELECT * FROM t
        predict: SELECT * FROM t
        predict: SELECT * FROM t WHERE
        1:25 E0202 expected an estimator, found the end of the statement at ``
        2:39 E0202 expected an estimator, found `LABEL` at `LABEL`
        3:65 E0202 expected a value, found `LABEL` at `LABEL`
        5:60 E0202 expected a column's name, found `INTO` at `INTO`
        6:67 E0202 expected `WITH`, `COLUMN`, `LABEL`, `USING`, `INTO` or `;`, found `max_depth` at `max_depth`
        7:62 E0204 `LABEL` is given twice at `LABEL`
        7:30 E0203 `TO TRAIN` needs `INTO` at `TO TRAIN`
        8:30 E0203 `TO PREDICT` needs `USING` at `TO PREDICT`
        9:35 E0201 expected an expression, found the end of the query at ``
        9:36 E0203 `TO PREDICT` needs `USING` at `TO PREDICT`
        ");
    }

    #[test]
    fn comments_nest_where_the_dialect_nests_them() {
        let program = "/* a /* ; */ ; */ SELECT 1; SELECT 2;";
        insta::assert_snapshot!(outline(Dialect::DuckDb, program), @"
        sql: SELECT 1
        sql: SELECT 2
        ");
        insta::assert_snapshot!(outline(Dialect::MySql, program), @"
        sql: SELECT 2
        1:16 E0201 expected an SQL statement, found `*` at `*`
        ");
    }

    #[test]
    fn an_executable_comment_is_one_place() {
        let program = "SELECT /*!50110 é,\n */ 2 FORM; SELECT 1 /*!1;;;;;*/ ;\nSELECT /*!*/ 3;";
        insta::assert_snapshot!(outline(Dialect::MySql, program), @"
        sql: SELECT /*!50110 é,
         */ 2 FORM
        sql: SELECT /*!*/ 3
        2:22 E0201 expected the end of the statement, found `/*!1;;;;;*/` at `/*!1;;;;;*/`
        ");
    }

    #[test]
    fn places_are_right_behind_tabs_line_ends_and_wide_text() {
        insta::assert_snapshot!(outline(
            Dialect::DuckDb,
            "\u{feff}SELECT 1;\r\nSELECT '日本語😀é' AS x FORM t;\r\n\tSELECT /* 😀 */ * FROM t TO TRAIN a b;"
        ), @"
        sql: SELECT 1
        2:21 E0201 expected the end of the statement, found `FORM` at `FORM`
        3:37 E0202 expected `WITH`, `COLUMN`, `LABEL`, `USING`, `INTO` or `;`, found `b` at `b`
        ");
    }

    #[test]
    fn text_that_is_never_closed_is_shown_where_it_begins() {
        for (dialect, program) in [
            (Dialect::DuckDb, "SELECT 1;\nSELECT 'a;\nSELECT 2;"),
            (Dialect::BigQuery, "SELECT 1;\nSELECT \"a;\nSELECT 2;"),
            (Dialect::DuckDb, "SELECT 1;\nSELECT \"a;\nSELECT 2;"),
            (Dialect::MsSql, "SELECT 1;\nSELECT [a;\nSELECT 2;"),
            (
                Dialect::PostgreSql,
                "SELECT 1;\nSELECT $x$a $y$;\nSELECT 2;",
            ),
            (
                Dialect::DuckDb,
                "SELECT 1;\nSELECT /* a /* b */;\nSELECT 2;",
            ),
        ] {
            let source = SourceFile::new("test.sql", program);
            let (_, diagnostics) = parse(&source, dialect);
            let found: Vec<_> = diagnostics
                .iter()
                .map(|d| (d.code, source.position(d.span.start).line, d.span.start))
                .collect();
            assert_eq!(found, [(Code::InvalidToken, 2, 17)], "{program}");
        }
    }

    #[test]
    fn a_directive_belongs_to_the_statement_below_it() {
        insta::assert_snapshot!(outline(
            Dialect::DuckDb,
            "-- sqlflowc: cpu=1\n-- a remark\nSELECT 1; -- sqlflowc: cpu=2\nSELECT 2 -- sqlflowc: cpu=3\n;\n\
             -- sqlflowc: cpu = 4\nSELECT 3;\n-- sqlflowc: cpu=5\n"
        ), @"
        sql: SELECT 1
        sql: SELECT 2
        sql: SELECT 3
        3:11 E0206 this directive belongs to no statement at `-- sqlflowc: cpu=2`
        4:10 E0206 this directive belongs to no statement at `-- sqlflowc: cpu=3`
        6:14 E0206 `cpu` is no directive at `cpu`
        8:1 E0206 this directive belongs to no statement at `-- sqlflowc: cpu=5`
        ");
    }

    #[test]
    fn nesting_beyond_reason_is_an_error() {
        let train = |clause: String| {
            let program = format!("SELECT * FROM t TO TRAIN DNNRegressor {clause} LABEL c INTO m;");
            outline(Dialect::DuckDb, &program)
        };
        let lists = train(format!(
            "WITH a = {}1{}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        ));
        assert!(lists.contains("nested too deeply"), "{lists}");
        let (open, close) = ("INDICATOR(".repeat(10_000), ")".repeat(10_000));
        let calls = train(format!("COLUMN {open}a{close}"));
        assert!(calls.contains("nested too deeply"), "{calls}");
        let program = format!("SELECT {}1{};", "(".repeat(10_000), ")".repeat(10_000));
        let parentheses = outline(Dialect::DuckDb, &program);
        assert!(parentheses.contains("nested too deeply"), "{parentheses}");
    }
}
