//! ML clauses: where one begins, and what it says.

use super::ast::{
    Attribute, Column, ColumnArgument, ColumnClause, ColumnKind, Constraint, Estimator, Evaluate,
    Explain, Expression, Ident, Name, Optimize, Predict, Run, Sense, SqlQuery, StatementKind,
    Train, Value, ValueKind,
};
use super::parser::Parser;
use super::sql::{self, Dialect, Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::{SourceFile, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClauseKind {
    Train,
    Predict,
    Explain,
    Evaluate,
    Run,
    Maximize,
    Minimize,
}

const KINDS: [(&str, ClauseKind); 7] = [
    ("TRAIN", ClauseKind::Train),
    ("PREDICT", ClauseKind::Predict),
    ("EXPLAIN", ClauseKind::Explain),
    ("EVALUATE", ClauseKind::Evaluate),
    ("RUN", ClauseKind::Run),
    ("MAXIMIZE", ClauseKind::Maximize),
    ("MINIMIZE", ClauseKind::Minimize),
];

/// Words that begin a sub-clause.
const SUB_CLAUSES: [&str; 8] = [
    "WITH",
    "COLUMN",
    "LABEL",
    "USING",
    "INTO",
    "CMD",
    "CONSTRAINT",
    "FOR",
];

/// Words that begin a query: SQL's, DuckDB's, and Teradata's `SEL`.
const QUERIES: [&str; 8] = [
    "SELECT", "WITH", "FROM", "TABLE", "VALUES", "PIVOT", "UNPIVOT", "SEL",
];

/// Where an ML clause begins in a statement's words.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: ClauseKind,
    /// The word that ends the query: `TO`, or the keyword itself.
    pub(super) start: usize,
    /// The clause's keyword.
    pub(super) keyword: usize,
}

/// Finds the ML clause of a statement, if it has one.
///
/// `TO` is no reserved word, so `FROM t TO TRAIN` would parse as a table
/// aliased `TO`: the clause is found on the tokens, before any SQL is parsed.
pub(super) fn find(source: &SourceFile, words: &[&Token]) -> Option<Found> {
    let text = |at: usize| words.get(at).map(|token| source.slice(token.span));
    if !words.first().is_some_and(|first| {
        QUERIES.iter().any(|word| first.is_word(word))
            || first.is_word("TO")
            || text(0) == Some("(")
            // `EXPLAIN` is a statement of SQL.
            || kind_at(words, 0).is_some_and(|kind| kind != ClauseKind::Explain)
    }) {
        return None;
    }
    let mut depth = 0_usize;
    let mut lasts = None;
    for at in 0..words.len() {
        match text(at) {
            Some("(" | "[" | "{") => depth += 1,
            Some(")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if words[at].is_word("TO") => {
                if let Some(kind) = kind_at(words, at + 1)
                    && !is_name(source, words, at)
                    && starts_clause(source, words, at + 2, kind)
                {
                    return Some(Found {
                        kind,
                        start: at,
                        keyword: at + 1,
                    });
                }
            }
            _ => {
                if let Some(kind) = kind_at(words, at)
                    && !is_name_position(source, words, at)
                    && is_bare_start(source, words, at + 1)
                    && lasts
                        .get_or_insert_with(|| LastWords::new(source, words))
                        .complete(kind, at + 1)
                {
                    return Some(Found {
                        kind,
                        start: at,
                        keyword: at,
                    });
                }
            }
        }
    }
    None
}

fn kind_at(words: &[&Token], at: usize) -> Option<ClauseKind> {
    let token = words.get(at)?;
    KINDS
        .iter()
        .find(|(word, _)| token.is_word(word))
        .map(|(_, kind)| *kind)
}

/// Whether `TO` is a name here, as in `SELECT to train FROM t`. Nothing but
/// a forgotten name explains `FROM TO TRAIN DNNClassifier`.
fn is_name(source: &SourceFile, words: &[&Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| words[before]) else {
        return false;
    };
    let can_be_name = matches!(source.slice(before.span), "." | ",")
        || ["SELECT", "FROM", "JOIN"]
            .iter()
            .any(|word| before.is_word(word));
    let is_followed_by_name = words
        .get(at + 2)
        .is_some_and(|next| next.ident().is_some() && !next.is_sql_keyword());
    can_be_name && !is_followed_by_name
}

/// Signs that something must follow.
const OPERATORS: [&str; 15] = [
    ".", ",", "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "||", "::",
];

/// Words that a name or an expression must follow.
const BEFORE_NAMES: [&str; 24] = [
    "AS", "SELECT", "DISTINCT", "FROM", "JOIN", "ON", "BY", "WHERE", "HAVING", "QUALIFY", "AND",
    "OR", "NOT", "IN", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "LIMIT", "OFFSET", "TOP",
    "INTERVAL",
];

/// Whether the word at `at` can only be a name: after `AS`, `.` or `,`, in
/// front of `.`, `(` or `,`, or right after SELECT.
fn is_name_position(source: &SourceFile, words: &[&Token], at: usize) -> bool {
    let symbol = |at: usize, symbols: &[&str]| {
        words.get(at).is_some_and(|token| {
            token.kind() == TokenKind::Symbol && symbols.contains(&source.slice(token.span))
        })
    };
    let after = at.checked_sub(1).is_some_and(|before| {
        symbol(before, &OPERATORS) && !is_wildcard(source, words, before)
            || BEFORE_NAMES.iter().any(|word| words[before].is_word(word))
    });
    after || symbol(at + 1, &[".", "(", ",", "="])
}

/// `SELECT * TO …` and `t.* TO …` end in a star that is no operator.
fn is_wildcard(source: &SourceFile, words: &[&Token], at: usize) -> bool {
    source.slice(words[at].span) == "*"
        && at.checked_sub(1).is_some_and(|before| {
            words[before].is_word("SELECT") || matches!(source.slice(words[before].span), "." | ",")
        })
}

/// Whether what follows `TO KEYWORD` can be the clause's first part.
fn starts_clause(source: &SourceFile, words: &[&Token], at: usize, kind: ClauseKind) -> bool {
    let Some(next) = words.get(at) else {
        // `… TO TRAIN` at the end is a clause that lacks its rest.
        return true;
    };
    match kind {
        ClauseKind::Maximize | ClauseKind::Minimize => true,
        _ => {
            matches!(
                next.kind(),
                TokenKind::Word | TokenKind::QuotedWord | TokenKind::String | TokenKind::Number
            ) && !next.is_word("FROM")
                || source.slice(next.span) == ";"
        }
    }
}

/// The oldest programs leave out `TO`. Then a keyword begins a clause only
/// where a name follows that is no SQL word, and the sub-clauses that the
/// kind needs stand behind it.
fn is_bare_start(source: &SourceFile, words: &[&Token], at: usize) -> bool {
    let Some(next) = words.get(at) else {
        return false;
    };
    // `out.class` is a name although OUT is a word of SQL.
    let is_qualified = words
        .get(at + 1)
        .is_some_and(|dot| source.slice(dot.span) == ".");
    next.ident().is_some() && (!next.is_sql_keyword() || is_qualified)
}

/// Where each word of a sub-clause stands last outside of parentheses. Looked
/// for once a statement, since any of its words may look like a clause's.
struct LastWords([Option<usize>; SUB_CLAUSES.len()]);

impl LastWords {
    fn new(source: &SourceFile, words: &[&Token]) -> LastWords {
        let mut last = [None; SUB_CLAUSES.len()];
        let mut depth = 0_usize;
        for (at, token) in words.iter().enumerate() {
            match source.slice(token.span) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                _ => {
                    let Some(word) = SUB_CLAUSES.iter().position(|word| token.is_word(word)) else {
                        continue;
                    };
                    // `JOIN … USING (id)` is SQL's own USING.
                    let opens = words
                        .get(at + 1)
                        .is_some_and(|next| source.slice(next.span) == "(");
                    if !opens {
                        last[word] = Some(at);
                    }
                }
            }
        }
        LastWords(last)
    }

    /// Whether the sub-clauses that a kind needs stand at a place or behind.
    fn complete(&self, kind: ClauseKind, at: usize) -> bool {
        let has = |wanted: &[&str]| {
            let mut found = SUB_CLAUSES.iter().zip(self.0);
            found.any(|(word, last)| wanted.contains(word) && last.is_some_and(|last| last >= at))
        };
        match kind {
            ClauseKind::Train => has(&["INTO"]) && has(&["WITH", "COLUMN", "LABEL"]),
            ClauseKind::Predict => has(&["USING"]),
            ClauseKind::Explain => has(&["USING", "WITH", "INTO"]),
            ClauseKind::Evaluate => has(&["LABEL", "WITH", "INTO"]),
            ClauseKind::Run => has(&["CMD", "INTO"]),
            ClauseKind::Maximize | ClauseKind::Minimize => has(&["INTO"]) && has(&["WITH"]),
        }
    }
}

/// What is wrong with a statement that is no SQL because of a slip in its ML
/// clause. A place before the clause that is no SQL, `wrong`, has nothing to
/// do with it.
pub(super) fn meant(
    source: &SourceFile,
    words: &[&Token],
    wrong: &Diagnostic,
) -> Option<Diagnostic> {
    let name = |at: usize| words.get(at).and_then(|token| token.ident());
    let mut depth = 0_usize;
    for (at, token) in words.iter().enumerate() {
        match source.slice(token.span) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && wrong.span.start < token.span.start => return None,
            _ if token.is_word("TO") => {
                let span = |keyword: &Token| token.span.to(keyword.span);
                if let Some(kind) = kind_at(words, at + 1)
                    && name(at + 2).is_some()
                {
                    return Some(misplaced(
                        kind,
                        span(words[at + 1]),
                        words[0],
                        source,
                        depth,
                    ));
                }
                if is_query(words[0])
                    && let Some(word) = name(at + 1)
                    && name(at + 2).is_some()
                {
                    if let Some(error) = old_form(words[at + 1], &words[at + 2..], source) {
                        return Some(error);
                    }
                    if !words[at + 1].is_sql_keyword() {
                        return Some(unknown_kind(&word));
                    }
                }
            }
            _ if depth == 0 && is_query(words[0]) && name(at + 1).is_some() => {
                let Some(error) = old_form(token, &words[at + 1..], source) else {
                    continue;
                };
                return Some(error);
            }
            _ => {}
        }
    }
    None
}

fn is_query(first: &Token) -> bool {
    ["SELECT", "WITH", "FROM"]
        .iter()
        .any(|word| first.is_word(word))
}

fn misplaced(
    kind: ClauseKind,
    span: Span,
    first: &Token,
    source: &SourceFile,
    depth: usize,
) -> Diagnostic {
    let form = kind.form();
    let (message, help) = if depth > 0 {
        (
            format!("`{form}` stands inside parentheses"),
            "give it a statement of its own: what it makes is a table or a model, which the \
             next statement can use"
                .to_owned(),
        )
    } else {
        let first = source.slice(first.span).to_uppercase();
        (
            format!("`{form}` follows a query and not `{first}`"),
            format!(
                "write `SELECT … {form} …` as a statement of its own; the clause itself names \
                 what it makes"
            ),
        )
    };
    Diagnostic::new(Code::ClauseWithoutQuery, span, message).help(help)
}

fn unknown_kind(word: &Ident) -> Diagnostic {
    let names = KINDS.map(|(name, _)| name);
    let message = format!("no ML clause is named `TO {}`", word.text);
    Diagnostic::new(Code::UnexpectedToken, word.span, message).suggest(&word.text, names, || {
        format!(
            "the clauses are {}",
            names.map(|name| format!("TO {name}")).join(", ")
        )
    })
}

/// `ANALYZE model` and `INFER model` of SQLFlow's first two years.
fn old_form(keyword: &Token, words: &[&Token], source: &SourceFile) -> Option<Diagnostic> {
    // Most words are neither.
    if !keyword.is_word("ANALYZE") && !keyword.is_word("INFER") {
        return None;
    }
    let mut model = words.first()?.span;
    for word in words {
        if word.span.start > model.end {
            break;
        }
        model = model.to(word.span);
    }
    let model = source.slice(model);
    let (form, help) = if keyword.is_word("ANALYZE") {
        (
            "TO EXPLAIN",
            format!("write `SELECT … TO EXPLAIN {model} …`"),
        )
    } else {
        let help = format!("write `SELECT … TO PREDICT table.column USING {model}`");
        ("TO PREDICT", help)
    };
    let message = format!("`{}` is now `{form}`", source.slice(keyword.span));
    Some(Diagnostic::new(Code::OldSyntax, keyword.span, message).help(help))
}

/// Parses a clause behind its keyword and puts it together with its query.
/// What is wrong with one sub-clause does not hide what is wrong with others.
/// One that cannot be read hides what is missing, which it may have been.
pub(super) fn parse(
    parser: Parser<'_>,
    kind: ClauseKind,
    keyword: Span,
    query: SqlQuery,
) -> (Option<StatementKind>, Vec<Diagnostic>) {
    let mut clause = Clause {
        parser,
        kind,
        keyword,
        seen: Vec::new(),
        parts: Parts::default(),
        is_broken: false,
        errors: Vec::new(),
    };
    let read = match kind {
        ClauseKind::Train => clause.train(query).map(StatementKind::Train),
        ClauseKind::Predict => clause.predict(query).map(StatementKind::Predict),
        ClauseKind::Explain => clause.explain(query).map(StatementKind::Explain),
        ClauseKind::Evaluate => clause.evaluate(query).map(StatementKind::Evaluate),
        ClauseKind::Run => clause.run(query).map(StatementKind::Run),
        ClauseKind::Maximize => clause
            .optimize(query, Sense::Maximize)
            .map(StatementKind::Optimize),
        ClauseKind::Minimize => clause
            .optimize(query, Sense::Minimize)
            .map(StatementKind::Optimize),
    };
    match read {
        Ok(_) if clause.is_broken => (None, clause.errors),
        Ok(kind) => (Some(kind), clause.errors),
        Err(error) => {
            clause.errors.push(error);
            (None, clause.errors)
        }
    }
}

struct Clause<'a> {
    parser: Parser<'a>,
    kind: ClauseKind,
    keyword: Span,
    seen: Vec<(&'static str, Span)>,
    parts: Parts,
    /// Whether a sub-clause could not be read.
    is_broken: bool,
    errors: Vec<Diagnostic>,
}

/// The sub-clauses read so far, of whichever kind.
#[derive(Default)]
struct Parts {
    attributes: Vec<Attribute>,
    columns: Vec<ColumnClause>,
    label: Option<Ident>,
    using: Option<Name>,
    into: Vec<Name>,
    command: Vec<String>,
    constraints: Vec<Constraint>,
}

impl Clause<'_> {
    fn train(&mut self, query: SqlQuery) -> Result<Train, Diagnostic> {
        let estimator = self.estimator()?;
        self.sub_clauses(&["WITH", "COLUMN", "LABEL", "USING", "INTO"]);
        let into = self.required_into("the name to keep the model under");
        Ok(Train {
            query,
            estimator,
            attributes: std::mem::take(&mut self.parts.attributes),
            columns: std::mem::take(&mut self.parts.columns),
            label: self.parts.label.take(),
            start_from: self.parts.using.take(),
            into,
        })
    }

    /// `[image/]dotted.name`: what stands behind the last `/` is the name.
    fn estimator(&mut self) -> Result<Estimator, Diagnostic> {
        self.expect_no_clause("an estimator")?;
        let (text, span) = self.run_or_string("an estimator")?;
        let (image, name) = match text.rsplit_once('/') {
            Some((image, name)) => (Some(image.to_owned()), name),
            None => (None, text.as_str()),
        };
        Ok(Estimator {
            image,
            name: name.to_owned(),
            span,
        })
    }

    /// A text without spaces, in quotes or not.
    fn run_or_string(&mut self, wanted: &str) -> Result<(String, Span), Diagnostic> {
        let quoted = self
            .parser
            .peek()
            .filter(|token| matches!(token.kind(), TokenKind::String | TokenKind::QuotedWord));
        if let Some(token) = quoted {
            let ident = self.parser.ident_or_string(wanted)?;
            return Ok((ident.text, token.span));
        }
        let span = self.parser.run(wanted)?;
        Ok((self.parser.source.slice(span).to_owned(), span))
    }

    fn predict(&mut self, query: SqlQuery) -> Result<Predict, Diagnostic> {
        let mut into = self.name("a table and a column: `table.column`")?;
        if into.parts.len() < 2 {
            let message = format!("`{}` names a table or a column, not both", into.dotted());
            return Err(
                Diagnostic::new(Code::UnexpectedToken, into.span, message).help(format!(
                    "write `table.column`: the table to make and the column that takes the \
                     predictions, such as `{}.prediction`",
                    into.dotted()
                )),
            );
        }
        let column = into.parts.pop().expect("there are two parts at least");
        into.span.end = into.last().span.end;
        self.sub_clauses(&["WITH", "USING"]);
        let model = self.parts.using.take();
        if model.is_none() {
            self.missing("USING", "the model to predict with");
        }
        Ok(Predict {
            query,
            into,
            column,
            attributes: std::mem::take(&mut self.parts.attributes),
            model,
        })
    }

    fn explain(&mut self, query: SqlQuery) -> Result<Explain, Diagnostic> {
        let model = self.model("the name of a model")?;
        self.sub_clauses(&["WITH", "USING", "INTO"]);
        Ok(Explain {
            query,
            model,
            attributes: std::mem::take(&mut self.parts.attributes),
            explainer: self.parts.using.take(),
            into: self.parts.into.pop(),
        })
    }

    fn evaluate(&mut self, query: SqlQuery) -> Result<Evaluate, Diagnostic> {
        let model = self.model("the name of a model")?;
        self.sub_clauses(&["WITH", "LABEL", "INTO"]);
        Ok(Evaluate {
            query,
            model,
            attributes: std::mem::take(&mut self.parts.attributes),
            label: self.parts.label.take(),
            into: self.parts.into.pop(),
        })
    }

    fn run(&mut self, query: SqlQuery) -> Result<Run, Diagnostic> {
        let (image, image_span) = self.run_or_string("an image")?;
        self.sub_clauses(&["CMD", "INTO"]);
        if self.parts.command.is_empty() {
            self.missing(
                "CMD",
                "the program to start in the image, and its arguments",
            );
        }
        Ok(Run {
            query,
            image,
            image_span,
            command: std::mem::take(&mut self.parts.command),
            into: std::mem::take(&mut self.parts.into),
        })
    }

    fn optimize(&mut self, query: SqlQuery, sense: Sense) -> Result<Optimize, Diagnostic> {
        let objective = self.expression("an expression to optimize")?;
        self.sub_clauses(&["CONSTRAINT", "WITH", "USING", "INTO"]);
        let into = self.required_into("the table that takes the solution");
        Ok(Optimize {
            query,
            sense,
            objective,
            constraints: std::mem::take(&mut self.parts.constraints),
            attributes: std::mem::take(&mut self.parts.attributes),
            solver: self.parts.using.take(),
            into,
        })
    }

    /// Reads the sub-clauses that the kind allows, in any order, each once;
    /// COLUMN may come again with another target.
    fn sub_clauses(&mut self, allowed: &[&'static str]) {
        while self.parser.peek().is_some() {
            let word = allowed.iter().find(|word| self.parser.at_word(word));
            let read = match word {
                Some(word) => self.sub_clause(word),
                None => Err(self.unexpected(allowed)),
            };
            if let Err(error) = read {
                self.errors.push(error);
                self.is_broken = true;
                self.skip_to_sub_clause(word.is_some());
            }
        }
    }

    /// Goes on to the next sub-clause. One that the error stands at is tried
    /// when it is not what has just been refused.
    fn skip_to_sub_clause(&mut self, may_stay: bool) {
        if may_stay && self.is_at_clause() && !self.parser.at_word("FOR") {
            return;
        }
        self.parser.next();
        self.parser
            .until(|parser| is_at_clause(parser) && !parser.at_word("FOR"));
    }

    fn sub_clause(&mut self, word: &'static str) -> Result<(), Diagnostic> {
        let span = self.parser.here();
        if word != "COLUMN" {
            self.once(word, span);
        }
        self.parser.next();
        match word {
            "WITH" => self.attributes()?,
            "COLUMN" => self.columns(span)?,
            "LABEL" => {
                self.expect_no_clause("a column's name")?;
                self.parts.label = Some(self.parser.ident_or_string("a column's name")?);
            }
            "USING" => self.parts.using = Some(self.model("a name")?),
            "CMD" => self.command()?,
            "CONSTRAINT" => self.constraints()?,
            _ => self.into()?,
        }
        Ok(())
    }

    /// Says so when the next words begin a sub-clause where a name or a value
    /// should stand. A sub-clause's word is a name too, as in `LABEL label`,
    /// so it counts only with the beginning of a sub-clause behind it.
    fn expect_no_clause(&self, wanted: &str) -> Result<(), Diagnostic> {
        if self.is_at_clause() {
            return Err(self.parser.expected(wanted));
        }
        Ok(())
    }

    fn is_at_clause(&self) -> bool {
        is_at_clause(&self.parser)
    }

    fn name(&mut self, wanted: &str) -> Result<Name, Diagnostic> {
        self.expect_no_clause(wanted)?;
        let name = self.parser.name(wanted)?;
        // A server, a catalog, a schema, a table and its column; servers are
        // named by SQL Server alone.
        let most = match self.parser.dialect {
            Dialect::MsSql => 5,
            _ => 4,
        };
        if name.parts.len() > most {
            let message = format!("`{}` has more parts than a name can have", name.dotted());
            let help =
                format!("a name has at most {most} parts: the last is a table or its column");
            return Err(Diagnostic::new(Code::UnexpectedToken, name.span, message).help(help));
        }
        Ok(name)
    }

    fn model(&mut self, wanted: &str) -> Result<Name, Diagnostic> {
        self.expect_no_clause(wanted)?;
        self.parser.model(wanted)
    }

    fn once(&mut self, word: &'static str, span: Span) {
        if let Some((_, first)) = self.seen.iter().find(|(seen, _)| *seen == word) {
            let message = format!("`{word}` is given twice");
            let help = match word {
                "WITH" | "CONSTRAINT" => "merge the two, with a `,` between",
                _ => "keep one of them",
            };
            self.errors.push(
                Diagnostic::new(Code::DuplicateClause, span, message)
                    .note(*first, "first here")
                    .help(help),
            );
        }
        self.seen.push((word, span));
    }

    fn unexpected(&self, allowed: &[&'static str]) -> Diagnostic {
        let listed: Vec<_> = allowed.iter().map(|word| format!("`{word}`")).collect();
        let diagnostic = self
            .parser
            .expected(&format!("{} or `;`", listed.join(", ")));
        match self.unexpected_help(allowed) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    fn unexpected_help(&self, allowed: &[&'static str]) -> Option<String> {
        let token = self.parser.peek()?;
        let text = self.parser.text(token);
        if SUB_CLAUSES.iter().any(|word| token.is_word(word)) {
            let form = self.kind.form();
            return Some(format!("`{form}` takes no `{}`", text.to_uppercase()));
        }
        if token.is_word("TO") {
            return Some("a statement has one ML clause; a `;` ends it".to_owned());
        }
        let last = self.seen.last().map(|(word, _)| *word);
        if last == Some("COLUMN") && text == "." {
            return Some(
                "columns are named as the query's result names them, without a table".to_owned(),
            );
        }
        if last == Some("WITH") && matches!(text, "+" | "-" | "*" | "/" | "%" | "(") {
            return Some(
                "values are not worked out: write the result, and a text in quotes".to_owned(),
            );
        }
        let is_attribute = self.parser.symbol_at(1, "=") || self.parser.symbol_at(1, ".");
        if is_attribute && last == Some("WITH") {
            return Some("put a `,` between attributes".to_owned());
        }
        nearest(text, allowed.iter().copied())
            .map(|meant| format!("did you mean `{meant}`?"))
            .or_else(|| sql::next_statement(self.parser.source, token))
            .or_else(|| {
                (last == Some("COLUMN") && token.ident().is_some())
                    .then(|| "put a `,` between columns".to_owned())
            })
    }

    fn missing(&mut self, word: &str, what: &str) {
        if self.is_broken {
            return;
        }
        let message = format!("`{}` needs `{word}`", self.kind.form());
        self.errors.push(
            Diagnostic::new(Code::MissingClause, self.keyword, message)
                .help(format!("add `{word} …`: {what}")),
        );
    }

    fn required_into(&mut self, what: &str) -> Option<Name> {
        if self.parts.into.is_empty() {
            self.missing("INTO", what);
            return None;
        }
        Some(self.parts.into.remove(0))
    }

    fn into(&mut self) -> Result<(), Diagnostic> {
        let mut names = vec![self.written_name()?];
        while self.parser.eat_symbol(",") {
            names.push(self.written_name()?);
        }
        if let [_, second, ..] = names.as_slice()
            && self.kind != ClauseKind::Run
        {
            let message = format!("`{}` writes into one name", self.kind.form());
            self.errors.push(
                Diagnostic::new(Code::UnexpectedToken, second.span, message)
                    .help("keep one name after `INTO`"),
            );
        }
        self.parts.into.append(&mut names);
        Ok(())
    }

    fn written_name(&mut self) -> Result<Name, Diagnostic> {
        match self.kind {
            ClauseKind::Train => self.model("a name"),
            ClauseKind::Predict
            | ClauseKind::Explain
            | ClauseKind::Evaluate
            | ClauseKind::Run
            | ClauseKind::Maximize
            | ClauseKind::Minimize => self.name("a name"),
        }
    }

    fn command(&mut self) -> Result<(), Diagnostic> {
        loop {
            match self.parser.peek().map(|token| (token, token.string())) {
                Some((_, Some(text))) => self.parts.command.push(text.to_owned()),
                // `"…"` is an identifier in some dialects and always a string here.
                Some((token, None)) if token.kind() == TokenKind::QuotedWord => {
                    let text = token.ident().map(|ident| ident.text).unwrap_or_default();
                    self.parts.command.push(text);
                }
                _ => return Err(self.parser.expected("a string")),
            }
            self.parser.next();
            if !self.parser.eat_symbol(",") {
                return Ok(());
            }
        }
    }

    fn attributes(&mut self) -> Result<(), Diagnostic> {
        loop {
            let name = self.name("an attribute's name")?;
            if !self.parser.at_symbol("=") {
                let help = format!("write `{} = value`", name.dotted());
                return Err(self.parser.expected("`=`").help(help));
            }
            self.parser.next();
            self.expect_no_clause("a value")?;
            let value = self.parser.value()?;
            self.parts.attributes.push(Attribute {
                name: name.dotted(),
                name_span: name.span,
                value,
            });
            if !self.parser.eat_symbol(",") || !self.at_attribute() {
                return Ok(());
            }
        }
    }

    /// Behind a comma: another attribute, or the end of a list with a
    /// trailing comma.
    fn at_attribute(&self) -> bool {
        self.parser.peek().is_some()
            && (self.parser.symbol_at(1, "=")
                || self.parser.symbol_at(1, ".")
                || !SUB_CLAUSES.iter().any(|word| self.parser.at_word(word)))
    }

    fn columns(&mut self, keyword: Span) -> Result<(), Diagnostic> {
        self.seen.push(("COLUMN", keyword));
        let mut columns = vec![self.column()?];
        while self.parser.eat_symbol(",") {
            if self.parser.peek().is_none() || self.is_at_clause() {
                break;
            }
            columns.push(self.column()?);
        }
        let mut target = None;
        if self.parser.at_word("FOR") {
            self.parser.next();
            target = Some(self.parser.ident("the name of a target")?);
        }
        let clause = ColumnClause {
            target,
            columns,
            span: self.parser.since(keyword.start),
        };
        let same_target = |other: &&ColumnClause| {
            other.target.as_ref().map(|t| &t.text) == clause.target.as_ref().map(|t| &t.text)
        };
        if let Some(first) = self.parts.columns.iter().find(same_target) {
            let message = match &clause.target {
                Some(target) => format!("`COLUMN … FOR {}` is given twice", target.text),
                None => "`COLUMN` is given twice".to_owned(),
            };
            self.errors.push(
                Diagnostic::new(Code::DuplicateClause, keyword, message)
                    .note(first.span, "first here")
                    .help("list all columns in one"),
            );
        }
        self.parts.columns.push(clause);
        Ok(())
    }

    fn column(&mut self) -> Result<Column, Diagnostic> {
        let wanted = "a column: a name, a string with a regular expression, `*` or a function";
        self.expect_no_clause(wanted)?;
        let Some(token) = self.parser.peek() else {
            return Err(self.parser.expected(wanted));
        };
        let start = token.span.start;
        let kind = if self.parser.eat_symbol("*") {
            ColumnKind::All
        } else if let Some(text) = token.string() {
            self.parser.next();
            ColumnKind::Pattern(text.to_owned())
        } else {
            let ident = self.parser.word(wanted)?;
            if !ident.quoted && self.parser.at_symbol("(") {
                self.call(ident)?
            } else if ident.quoted && ident.text.contains(is_pattern_sign) {
                // In dialects whose identifiers take double quotes, a text
                // that is no plain name is meant as a regular expression.
                ColumnKind::Pattern(ident.text)
            } else {
                ColumnKind::Name(ident)
            }
        };
        Ok(Column {
            kind,
            span: self.parser.since(start),
        })
    }

    fn call(&mut self, function: Ident) -> Result<ColumnKind, Diagnostic> {
        let open = self.parser.here();
        self.parser.expect_symbol("(")?;
        self.parser.enter()?;
        let mut arguments = Vec::new();
        while !self.parser.eat_symbol(")") {
            arguments.push(self.argument()?);
            if !self.parser.eat_symbol(",") {
                self.parser
                    .expect_symbol(")")
                    .map_err(|error| error.note(open, "opened here"))?;
                break;
            }
        }
        self.parser.leave();
        Ok(ColumnKind::Call {
            function,
            arguments,
        })
    }

    fn argument(&mut self) -> Result<ColumnArgument, Diagnostic> {
        let start = self.parser.here().start;
        let is_columns = self.parser.at_symbol("[")
            && self.parser.peek_at(1).is_some_and(|token| {
                matches!(token.kind(), TokenKind::Word | TokenKind::QuotedWord)
            });
        if is_columns {
            self.parser.next();
            let mut columns = Vec::new();
            while !self.parser.eat_symbol("]") {
                columns.push(self.column()?);
                if !self.parser.eat_symbol(",") {
                    self.parser.expect_symbol("]")?;
                    break;
                }
            }
            return Ok(ColumnArgument::Columns(columns, self.parser.since(start)));
        }
        match self.parser.peek() {
            Some(token) if token.ident().is_some() && !self.parser.text(token).starts_with('[') => {
                self.column().map(ColumnArgument::Column)
            }
            Some(token) if token.kind() == TokenKind::QuotedWord => self.bracket_argument(token),
            _ => self.parser.value().map(ColumnArgument::Value),
        }
    }

    /// `[…]` where the dialect reads it as a quoted identifier: a list when it
    /// reads as one, else the identifier.
    fn bracket_argument(&mut self, token: &Token) -> Result<ColumnArgument, Diagnostic> {
        let value = self.parser.value()?;
        let ValueKind::List(values) = &value.kind else {
            return Ok(ColumnArgument::Value(value));
        };
        let names: Option<Vec<Column>> = values.iter().map(as_column).collect();
        Ok(match names {
            Some(columns) if !columns.is_empty() => ColumnArgument::Columns(columns, token.span),
            _ => ColumnArgument::Value(value),
        })
    }

    fn constraints(&mut self) -> Result<(), Diagnostic> {
        loop {
            let expression = self.reported_expression("a constraint")?;
            let mut group_by = Vec::new();
            if self.parser.at_word("GROUP") {
                self.parser.next();
                if !self.parser.at_word("BY") {
                    return Err(self.parser.expected("`BY`"));
                }
                self.parser.next();
                group_by.push(self.parser.ident("a column's name")?);
                // `, name` goes on with the grouping unless it begins the next
                // constraint, which a name alone never is.
                while self.parser.at_symbol(",") && self.ends_after_name() {
                    self.parser.next();
                    group_by.push(self.parser.ident("a column's name")?);
                }
            }
            self.parts
                .constraints
                .extend(expression.map(|expression| Constraint {
                    expression,
                    group_by,
                }));
            if !self.parser.eat_symbol(",") {
                return Ok(());
            }
        }
    }

    fn ends_after_name(&self) -> bool {
        self.parser
            .peek_at(1)
            .is_some_and(|token| token.ident().is_some())
            && self.parser.peek_at(2).is_none_or(|token| {
                self.parser.text(token) == "," || SUB_CLAUSES.iter().any(|word| token.is_word(word))
            })
    }

    /// A SQL expression up to the next `,`, sub-clause or `GROUP`.
    fn expression(&mut self, wanted: &str) -> Result<Expression, Diagnostic> {
        let (tokens, span) = self.expression_tokens(wanted)?;
        self.parsed_expression(&tokens, span)
    }

    /// An expression, or none when it is one that no solver takes, which is
    /// reported: where it ends is known, so that it hides nothing behind it.
    fn reported_expression(&mut self, wanted: &str) -> Result<Option<Expression>, Diagnostic> {
        let (tokens, span) = self.expression_tokens(wanted)?;
        match self.parsed_expression(&tokens, span) {
            Ok(expression) => Ok(Some(expression)),
            Err(error) if error.code == Code::InvalidFormula => {
                self.errors.push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn expression_tokens(&mut self, wanted: &str) -> Result<(Vec<Token>, Span), Diagnostic> {
        let start = self.parser.here().start;
        let tokens = self.parser.until(|parser| {
            parser.at_symbol(",")
                || parser.at_word("GROUP")
                || SUB_CLAUSES.iter().any(|word| parser.at_word(word))
        });
        if tokens.is_empty() {
            return Err(self.parser.expected(wanted));
        }
        Ok((tokens, self.parser.since(start)))
    }

    fn parsed_expression(&self, tokens: &[Token], span: Span) -> Result<Expression, Diagnostic> {
        let formula = sql::formula(self.parser.source, self.parser.dialect, tokens, span)?;
        Ok(Expression {
            text: self.parser.source.slice(span).to_owned(),
            span,
            formula,
        })
    }
}

/// Whether the beginning of a sub-clause comes next. Its word alone may be a
/// name.
fn is_at_clause(parser: &Parser<'_>) -> bool {
    let is_clause = |token: &Token| SUB_CLAUSES.iter().any(|word| token.is_word(word));
    parser.peek().is_some_and(is_clause)
        && parser.peek_at(1).is_some_and(|next| {
            !is_clause(next) && !matches!(parser.text(next), "," | "." | "=" | "(" | ")" | "]")
        })
}

/// Whether a character shows that a quoted text is a regular expression.
fn is_pattern_sign(c: char) -> bool {
    "*+?[](){}|^$\\".contains(c)
}

fn as_column(value: &Value) -> Option<Column> {
    let (ValueKind::Word(text) | ValueKind::String(text)) = &value.kind else {
        return None;
    };
    Some(Column {
        kind: ColumnKind::Name(Ident {
            text: text.clone(),
            quoted: false,
            span: value.span,
        }),
        span: value.span,
    })
}
