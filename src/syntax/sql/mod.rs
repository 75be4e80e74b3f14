//! The only module that names `sqlparser`: dialects, tokens, and what a
//! parsed statement reads and writes. Its syntax trees are dropped as soon as
//! they are analysed, since a tree takes a hundred times its text.

mod effects;
mod formula;
mod names;
mod phrases;
mod projection;
mod rewrite;
mod rows;

use std::num::NonZeroUsize;

use serde::Serialize;
use sqlparser::ast::Statement as SqlTree;
use sqlparser::dialect::{
    self, Dialect as SqlDialect, DuckDbDialect, HiveDialect, SparkSqlDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{
    Location, Span as SqlSpan, Token as SqlToken, TokenWithSpan, Tokenizer, Whitespace,
};

use self::phrases::{Columns, Phrase};
use super::ast::{Formula, Ident, SqlQuery, SqlStatement};
use super::relation;
use crate::diagnostic::{Code, Diagnostic, Levels, nearest};
use crate::source::{SourceFile, Span};

// DuckDB takes `E'it\'s'`, `/* a /* b */ c */` and `COMMENT ON` as PostgreSQL
// does; `sqlparser` ends that string at the second quote and that comment at
// the first `*/`.
sqlparser::derive_dialect!(
    DuckDbAsItIs,
    DuckDbDialect,
    preserve_type_id = true,
    overrides = {
        supports_string_escape_constant = true,
        supports_nested_comments = true,
        supports_comment_on = true
    }
);

// Hive and Spark take a backslash in a string for an escape.
sqlparser::derive_dialect!(
    HiveAsItIs,
    HiveDialect,
    preserve_type_id = true,
    overrides = { supports_string_literal_backslash_escape = true }
);
sqlparser::derive_dialect!(
    SparkAsItIs,
    SparkSqlDialect,
    preserve_type_id = true,
    overrides = { supports_string_literal_backslash_escape = true }
);

/// How deep a statement may be nested: what people write, and no deeper than
/// `sqlparser`'s functions for joins go on the stack of a main thread. Its own
/// limit of 50 refuses chains of `replace(…)` that exist.
const NESTING: usize = 64;

/// A SQL dialect: how text is read and how names compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Ansi,
    BigQuery,
    ClickHouse,
    Databricks,
    DuckDb,
    Generic,
    Hive,
    MsSql,
    MySql,
    Oracle,
    PostgreSql,
    Redshift,
    Snowflake,
    Spark,
    SQLite,
    Teradata,
}

impl Dialect {
    pub const ALL: &'static [Dialect] = &[
        Dialect::Ansi,
        Dialect::BigQuery,
        Dialect::ClickHouse,
        Dialect::Databricks,
        Dialect::DuckDb,
        Dialect::Generic,
        Dialect::Hive,
        Dialect::MsSql,
        Dialect::MySql,
        Dialect::Oracle,
        Dialect::PostgreSql,
        Dialect::Redshift,
        Dialect::Snowflake,
        Dialect::Spark,
        Dialect::SQLite,
        Dialect::Teradata,
    ];

    /// The name used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Ansi => "ansi",
            Dialect::BigQuery => "bigquery",
            Dialect::ClickHouse => "clickhouse",
            Dialect::Databricks => "databricks",
            Dialect::DuckDb => "duckdb",
            Dialect::Generic => "generic",
            Dialect::Hive => "hive",
            Dialect::MsSql => "mssql",
            Dialect::MySql => "mysql",
            Dialect::Oracle => "oracle",
            Dialect::PostgreSql => "postgresql",
            Dialect::Redshift => "redshift",
            Dialect::Snowflake => "snowflake",
            Dialect::Spark => "spark",
            Dialect::SQLite => "sqlite",
            Dialect::Teradata => "teradata",
        }
    }

    /// The dialect of the database that a URL leads to, if its scheme tells.
    pub fn of_url(url: &str) -> Option<Dialect> {
        let (scheme, _) = url.split_once(':')?;
        // SQLAlchemy's form names the driver too: `postgresql+psycopg://`.
        let database = scheme.split('+').next()?.to_ascii_lowercase();
        Some(match database.as_str() {
            "postgres" | "postgresql" => Dialect::PostgreSql,
            "mysql" | "mariadb" => Dialect::MySql,
            "mssql" | "sqlserver" => Dialect::MsSql,
            "maxcompute" | "hive" => Dialect::Hive,
            name => *Dialect::ALL.iter().find(|known| known.as_str() == name)?,
        })
    }

    fn sql(self) -> &'static dyn SqlDialect {
        match self {
            Dialect::Ansi => &dialect::AnsiDialect {},
            Dialect::BigQuery => &dialect::BigQueryDialect,
            Dialect::ClickHouse => &dialect::ClickHouseDialect {},
            Dialect::Databricks => &dialect::DatabricksDialect {},
            Dialect::DuckDb => &DuckDbAsItIs {
                dialect: DuckDbDialect {},
            },
            Dialect::Generic => &dialect::GenericDialect {},
            Dialect::Hive => &HiveAsItIs {
                dialect: HiveDialect {},
            },
            Dialect::MsSql => &dialect::MsSqlDialect {},
            Dialect::MySql => &dialect::MySqlDialect {},
            Dialect::Oracle => &dialect::OracleDialect,
            Dialect::PostgreSql => &dialect::PostgreSqlDialect {},
            Dialect::Redshift => &dialect::RedshiftSqlDialect {},
            Dialect::Snowflake => &dialect::SnowflakeDialect,
            Dialect::Spark => &SparkAsItIs {
                dialect: SparkSqlDialect,
            },
            Dialect::SQLite => &dialect::SQLiteDialect {},
            Dialect::Teradata => &dialect::TeradataDialect {},
        }
    }

    /// The spelling under which two names of a table, schema or column are the
    /// same name.
    ///
    /// MySQL compares table names by the server's file system and SQL Server
    /// by its collation, and BigQuery tables but not columns exactly, so they are
    /// taken to ignore case: that can add an edge and never loses one.
    pub fn fold(self, ident: &Ident) -> String {
        match self {
            Dialect::PostgreSql if ident.quoted => ident.text.clone(),
            // PostgreSQL leaves letters beyond ASCII as they are.
            Dialect::PostgreSql => ident.text.to_ascii_lowercase(),
            Dialect::Snowflake | Dialect::Oracle | Dialect::Ansi if ident.quoted => {
                ident.text.clone()
            }
            Dialect::Snowflake | Dialect::Oracle | Dialect::Ansi => ident.text.to_uppercase(),
            Dialect::ClickHouse => ident.text.clone(),
            Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::DuckDb
            | Dialect::Generic
            | Dialect::Hive
            | Dialect::MsSql
            | Dialect::MySql
            | Dialect::Redshift
            | Dialect::Spark
            | Dialect::SQLite
            | Dialect::Teradata => ident.text.to_lowercase(),
        }
    }

    /// The name as the database stores it, to be quoted by a driver.
    pub fn stored(self, ident: &Ident) -> String {
        match self {
            Dialect::PostgreSql if !ident.quoted => ident.text.to_ascii_lowercase(),
            Dialect::Redshift => ident.text.to_lowercase(),
            Dialect::Snowflake | Dialect::Oracle | Dialect::Ansi if !ident.quoted => {
                ident.text.to_uppercase()
            }
            _ => ident.text.clone(),
        }
    }

    /// The schema that an unqualified name means before any `USE`, folded;
    /// none where the connection chooses it, which the program does not show.
    pub fn default_schema(self) -> Option<&'static str> {
        match self {
            Dialect::DuckDb | Dialect::SQLite => Some("main"),
            Dialect::PostgreSql | Dialect::Redshift => Some("public"),
            Dialect::MsSql => Some("dbo"),
            Dialect::Ansi
            | Dialect::BigQuery
            | Dialect::ClickHouse
            | Dialect::Databricks
            | Dialect::Generic
            | Dialect::Hive
            | Dialect::MySql
            | Dialect::Oracle
            | Dialect::Snowflake
            | Dialect::Spark
            | Dialect::Teradata => None,
        }
    }
}

/// How a program is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub dialect: Dialect,
    pub unparsed: Unparsed,
    /// How many threads may read. What they read does not depend on it.
    pub threads: NonZeroUsize,
    /// What is done with warnings about it.
    pub levels: Levels,
}

/// What SQL means that the parser does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unparsed {
    /// An error, so that a slip is found before anything runs.
    Error,
    /// A statement of unknown effects, handed to the database as it is.
    Barrier,
}

impl From<Dialect> for Reading {
    fn from(dialect: Dialect) -> Reading {
        Reading {
            dialect,
            unparsed: Unparsed::Error,
            threads: NonZeroUsize::MIN,
            levels: Levels::default(),
        }
    }
}

/// A token and its place. What it is shows only through questions, so that
/// the tokenizer's own types stay in this module.
#[derive(Debug, Clone)]
pub struct Token {
    raw: SqlToken,
    pub span: Span,
}

/// How `dump --stage tokens` names a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Word,
    QuotedWord,
    Number,
    String,
    Symbol,
    Comment,
    Space,
}

impl TokenKind {
    pub fn as_str(self) -> &'static str {
        match self {
            TokenKind::Word => "word",
            TokenKind::QuotedWord => "quoted-word",
            TokenKind::Number => "number",
            TokenKind::String => "string",
            TokenKind::Symbol => "symbol",
            TokenKind::Comment => "comment",
            TokenKind::Space => "space",
        }
    }
}

impl Token {
    pub fn kind(&self) -> TokenKind {
        match &self.raw {
            SqlToken::Word(word) if word.quote_style.is_some() => TokenKind::QuotedWord,
            SqlToken::Word(_) => TokenKind::Word,
            SqlToken::Number(..) => TokenKind::Number,
            SqlToken::Whitespace(Whitespace::SingleLineComment { .. })
            | SqlToken::Whitespace(Whitespace::MultiLineComment(_)) => TokenKind::Comment,
            SqlToken::Whitespace(_) => TokenKind::Space,
            _ if self.string().is_some() => TokenKind::String,
            _ => TokenKind::Symbol,
        }
    }

    /// Whether this is space or a comment.
    pub fn is_trivia(&self) -> bool {
        matches!(self.raw, SqlToken::Whitespace(_))
    }

    /// Whether this is the unquoted word, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.raw, SqlToken::Word(w)
            if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
    }

    /// An identifier, quoted or not.
    pub fn ident(&self) -> Option<Ident> {
        match &self.raw {
            SqlToken::Word(word) => Some(Ident {
                text: word.value.clone(),
                quoted: word.quote_style.is_some(),
                span: self.span,
            }),
            _ => None,
        }
    }

    /// The value of a string literal, its quotes and escapes resolved as the
    /// dialect resolves them.
    pub fn string(&self) -> Option<&str> {
        match &self.raw {
            SqlToken::SingleQuotedString(text)
            | SqlToken::DoubleQuotedString(text)
            | SqlToken::TripleSingleQuotedString(text)
            | SqlToken::TripleDoubleQuotedString(text)
            | SqlToken::SingleQuotedRawStringLiteral(text)
            | SqlToken::DoubleQuotedRawStringLiteral(text)
            | SqlToken::TripleSingleQuotedRawStringLiteral(text)
            | SqlToken::TripleDoubleQuotedRawStringLiteral(text)
            | SqlToken::NationalStringLiteral(text)
            | SqlToken::EscapedStringLiteral(text)
            | SqlToken::UnicodeStringLiteral(text) => Some(text),
            SqlToken::DollarQuotedString(text) => Some(&text.value),
            SqlToken::QuoteDelimitedStringLiteral(text)
            | SqlToken::NationalQuoteDelimitedStringLiteral(text) => Some(&text.value),
            _ => None,
        }
    }

    /// Whether this is a word that SQL gives a meaning of its own, so that it
    /// cannot begin a name without quotes.
    pub fn is_sql_keyword(&self) -> bool {
        matches!(&self.raw, SqlToken::Word(w)
            if w.quote_style.is_none() && w.keyword != Keyword::NoKeyword)
    }
}

/// Cuts a program into tokens, space and comments included. On text that is
/// no token, gives what came before and says what is wrong.
pub fn tokenize(source: &SourceFile, dialect: Dialect) -> (Vec<Token>, Option<Diagnostic>) {
    let whole = Span {
        start: 0,
        end: source.text().len(),
    };
    tokenize_part(source, dialect, whole)
}

/// The same for a part of a program that begins where a token begins.
pub(super) fn tokenize_part(
    source: &SourceFile,
    dialect: Dialect,
    part: Span,
) -> (Vec<Token>, Option<Diagnostic>) {
    let (mut tokens, mut error) = tokenize_text(source, dialect, part);
    let text = source.slice(part);
    if !["{{", "{%", "{#"].iter().any(|open| text.contains(open)) {
        return (tokens, error);
    }
    let mut templates = Templates::new(source);
    let mut at = 0;
    // However many there are, the time stays linear.
    let mut budget = ODD_TEMPLATES * text.len();
    while let Some((index, template)) = odd_template(&mut templates, &tokens, at, part.end) {
        let rest = Span {
            start: template.end,
            end: part.end,
        };
        let Some(left) = budget.checked_sub(rest.end - rest.start) else {
            break;
        };
        budget = left;
        tokens.truncate(index);
        tokens.push(Token {
            // It stands nowhere in SQL, so what holds it does not parse.
            raw: SqlToken::Char('{'),
            span: template,
        });
        at = tokens.len();
        let (more, next_error) = tokenize_text(source, dialect, rest);
        tokens.extend(more);
        error = next_error;
    }
    (tokens, error)
}

/// How often a text may be read again behind templates, on average.
const ODD_TEMPLATES: usize = 64;

/// The next template that ends within a token, by its first token, as in
/// `{# it's not SQL #}`: what is no SQL was read as SQL.
fn odd_template(
    templates: &mut Templates<'_>,
    tokens: &[Token],
    at: usize,
    end: usize,
) -> Option<(usize, Span)> {
    let mut behind = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        if token.span.start < behind {
            continue;
        }
        let Some(template) = templates.at(token.span.start) else {
            continue;
        };
        behind = template.end;
        if behind > end {
            return None;
        }
        let is_boundary = tokens.last().is_some_and(|last| last.span.end == behind)
            || tokens[index..]
                .binary_search_by_key(&behind, |token| token.span.start)
                .is_ok();
        if !is_boundary {
            return Some((index, template));
        }
    }
    None
}

/// Finds templates: `{{ … }}`, `{% … %}` and `{# … #}`.
pub(super) struct Templates<'a> {
    text: &'a [u8],
    /// Up to where no `%}` and no `#}` stands, as far as was looked.
    clear: [usize; 2],
}

/// The bytes that a template has at most.
const TEMPLATE: usize = 64 * 1024;

impl<'a> Templates<'a> {
    pub(super) fn new(source: &'a SourceFile) -> Templates<'a> {
        Templates {
            text: source.text().as_bytes(),
            clear: [0; 2],
        }
    }

    /// The template that begins at a place. One with `{{` ends on its line:
    /// two braces may also begin a structure.
    pub(super) fn at(&mut self, start: usize) -> Option<Span> {
        let [b'{', sign @ (b'{' | b'%' | b'#'), rest @ ..] = self.text.get(start..)? else {
            return None;
        };
        let inside = start + 2;
        let last = inside + rest.len().min(TEMPLATE);
        if *sign == b'{' {
            let line = self.text[inside..last]
                .iter()
                .position(|byte| *byte == b'\n');
            let last = line.map_or(last, |length| inside + length);
            return self.close(start, b"}}", inside, last).ok();
        }
        let kind = usize::from(*sign == b'#');
        let close = [*sign, b'}'];
        match self.close(start, &close, inside.max(self.clear[kind]), last) {
            Ok(template) => Some(template),
            Err(clear) => {
                self.clear[kind] = self.clear[kind].max(clear);
                None
            }
        }
    }

    /// The template that ends between two places, or else up to where no end
    /// of one begins.
    fn close(&self, start: usize, close: &[u8], from: usize, to: usize) -> Result<Span, usize> {
        let found = self.text[from.min(to)..to]
            .windows(close.len())
            .position(|window| window == close);
        match found {
            Some(length) => Ok(Span {
                start,
                end: from + length + close.len(),
            }),
            None => Err(to.saturating_sub(1)),
        }
    }
}

fn tokenize_text(
    source: &SourceFile,
    dialect: Dialect,
    part: Span,
) -> (Vec<Token>, Option<Diagnostic>) {
    let text = source.slice(part);
    // Each column of an indentation is a token here.
    let mut raw = Vec::with_capacity(text.len() / 3);
    let result = Tokenizer::new(dialect.sql(), text).tokenize_with_location_into_buf(&mut raw);
    let has_hints = dialect.sql().supports_multiline_comment_hints();
    let mut places = Places::new(text);
    let mut tokens: Vec<Token> = Vec::with_capacity(raw.len() / 2);
    // The first token of an executable comment whose end has not come yet.
    let mut hint: Option<usize> = None;
    // How many tokens there were when the last of these comments ended.
    let mut hinted = 0;
    for TokenWithSpan { token, span } in raw {
        let behind = places.at;
        let start = places.byte(span.start);
        if start > behind && hint.is_some() {
            close_hint(&mut tokens, &mut hint, part.start + start);
            hinted = tokens.len();
        }
        if has_hints && text[start..].starts_with("/*!") {
            hint.get_or_insert(tokens.len());
        }
        let span = Span {
            start: part.start + start,
            end: part.start + places.byte(span.end),
        };
        let is_outside = hint.is_none() && tokens.len() > hinted;
        match tokens.last_mut() {
            // Indentation is one token and not one a column. Space in an
            // executable comment is none of the space around it.
            Some(last)
                if is_outside
                    && is_space(&token)
                    && is_plain(&last.raw)
                    && last.span.end == span.start =>
            {
                last.span.end = span.end;
            }
            _ => tokens.push(Token { raw: token, span }),
        }
    }
    if result.is_err()
        && let Some(first) = hint.take()
        && let Some(broken) = tokens.get(first)
    {
        // The comment is broken as a whole.
        places.at = broken.span.start - part.start;
        tokens.truncate(first);
    }
    let Err(error) = result else {
        close_hint(&mut tokens, &mut hint, part.end);
        return (tokens, None);
    };
    // The token that failed begins where the last good one ends: what the
    // tokenizer reports is sometimes that and sometimes where it gave up.
    let start = part.start + places.at;
    let span = Span {
        start,
        end: end_of_line(source.text(), start),
    };
    let diagnostic = token_error(source.slice(span), &error.message, span);
    (tokens, Some(diagnostic))
}

/// The tokenizer reads the inside of `/*!50110 … */` as tokens, and counts
/// their places from the comment's start without its signs: the whole comment
/// is the place of each.
fn close_hint(tokens: &mut [Token], hint: &mut Option<usize>, end: usize) {
    let Some(first) = hint.take() else { return };
    let Some(start) = tokens.get(first).map(|token| token.span.start) else {
        return;
    };
    for token in &mut tokens[first..] {
        token.span = Span { start, end };
    }
}

fn is_space(token: &SqlToken) -> bool {
    matches!(token, SqlToken::Whitespace(Whitespace::Space))
}

/// Whether this is space that more space can be added to. Comments are not,
/// and a tab is not, since it separates values in the data of a `COPY`.
fn is_plain(token: &SqlToken) -> bool {
    matches!(
        token,
        SqlToken::Whitespace(Whitespace::Space | Whitespace::Newline)
    )
}

/// Turns the tokenizer's lines and columns into byte offsets in one walk
/// along the text.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    column: u64,
}

impl Places<'_> {
    fn new(text: &str) -> Places<'_> {
        Places {
            text,
            at: 0,
            line: 1,
            column: 1,
        }
    }

    /// The byte of a place that is not before the last one asked for.
    fn byte(&mut self, to: Location) -> usize {
        while self.line < to.line {
            let Some(length) = self.text[self.at..].find('\n') else {
                break;
            };
            self.at += length + 1;
            (self.line, self.column) = (self.line + 1, 1);
        }
        let rest = &self.text[self.at..];
        let columns = to.column.saturating_sub(self.column) as usize;
        self.at += match rest.as_bytes().get(..columns) {
            Some(bytes) if bytes.is_ascii() => columns,
            _ => rest
                .char_indices()
                .nth(columns)
                .map_or(rest.len(), |(at, _)| at),
        };
        self.column = to.column;
        self.at
    }
}

/// Bytes as `sqlparser`'s places: it passes them on without a look at them, so
/// that what it makes of a statement leads back to the text without counting.
fn location(byte: usize) -> Location {
    Location {
        line: 1,
        column: byte as u64 + 1,
    }
}

/// The byte that [`location`] was given. What a parser makes up has line and
/// column 0.
fn byte(location: Location) -> usize {
    (location.column as usize).saturating_sub(1)
}

fn token_error(text: &str, message: &str, span: Span) -> Diagnostic {
    let quote = text.chars().next().unwrap_or_default();
    let (message, help) = if message.contains("comment") {
        (
            "this comment is never closed".to_owned(),
            "close it with `*/`".to_owned(),
        )
    } else if message.contains("close delimiter") {
        let close = if quote == '[' { ']' } else { quote };
        (
            "this quoted name is never closed".to_owned(),
            format!("close it with `{close}`"),
        )
    } else if message.starts_with("Unterminated") {
        let help = match quote {
            '\'' | '"' => format!("close it with `{quote}`"),
            _ => "close it with the quotes that open it".to_owned(),
        };
        ("this string is never closed".to_owned(), help)
    } else {
        let message = first_lower(message.trim_end_matches('.'));
        (
            message,
            "the rest of the program cannot be read before this is".to_owned(),
        )
    };
    Diagnostic::new(Code::InvalidToken, span, message).help(help)
}

fn end_of_line(text: &str, start: usize) -> usize {
    text[start..]
        .find(['\n', '\r'])
        .map_or(text.len(), |length| start + length)
        .max((start + 1).min(text.len()))
}

/// Parses the tokens of one plain SQL statement and says what it does. The
/// tokens are used up, unless there is an error to explain with them.
pub(super) fn statement(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &mut [Token],
    span: Span,
) -> Result<SqlStatement, Diagnostic> {
    let first = tokens.iter().find(|token| !token.is_trivia());
    // `TABLE t` is a query that `sqlparser` knows only inside others.
    let is_table = first.is_some_and(|first| first.is_word("TABLE"));
    let part = |parser: &mut Parser<'static>| {
        if is_table {
            return parser.parse_query().map(SqlTree::Query);
        }
        parser.parse_statement()
    };
    let (statement, columns) = match parse(source, dialect, tokens, span, part) {
        Ok(parsed) => parsed,
        Err(error) => {
            let Some(Phrase::Known(effects)) = phrases::phrase(dialect, tokens) else {
                return Err(error);
            };
            return Ok(SqlStatement {
                span,
                effects: *effects,
                columns: None,
            });
        }
    };
    let columns = match columns {
        Columns::Same => projection::statement(source, dialect, &statement),
        Columns::Others => None,
    };
    Ok(SqlStatement {
        columns,
        ..effects::statement(source, dialect, &statement, span)
    })
}

/// Parses the tokens of the query in front of an ML clause. The tokens are
/// used up, unless there is an error to explain with them.
pub(super) fn leading_query(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &mut [Token],
    span: Span,
) -> Result<SqlQuery, Diagnostic> {
    let (query, columns) =
        parse(source, dialect, tokens, span, Parser::parse_query).map_err(|mut error| {
            // The statement goes on behind the query.
            error.message = error
                .message
                .replace("end of the statement", "end of the query");
            error
        })?;
    let columns = match columns {
        Columns::Same => projection::query(source, dialect, &query),
        Columns::Others => relation::Query::default(),
    };
    Ok(SqlQuery {
        columns,
        ..effects::query(source, dialect, &query, span)
    })
}

/// Parses the tokens of a query inside an attribute.
pub fn query(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[Token],
    span: Span,
) -> Result<SqlQuery, Diagnostic> {
    leading_query(source, dialect, &mut tokens.to_vec(), span)
}

/// Parses the tokens of one SQL expression that a solver is to take.
pub(super) fn formula(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[Token],
    span: Span,
) -> Result<Formula, Diagnostic> {
    let mut tokens = tokens.to_vec();
    let (expression, _) = parse(source, dialect, &mut tokens, span, Parser::parse_expr)?;
    formula::formula(source, &expression, span)
}

fn parse<T>(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &mut [Token],
    span: Span,
    part: impl Fn(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<(T, Columns), Diagnostic> {
    let error = match parse_as_written(dialect, tokens, &part) {
        Ok(part) => return Ok((part, Columns::Same)),
        Err(error) => error,
    };
    let (phrase, columns) = match phrases::phrase(dialect, tokens) {
        Some(Phrase::Other(tokens, columns)) => (Some(tokens), columns),
        Some(Phrase::Known(_)) | None => (None, Columns::Same),
    };
    let other = rewrite::rewritten(dialect, phrase.as_deref().unwrap_or(tokens)).or(phrase);
    if let Some(mut other) = other
        && let Ok(part) = parse_as_written(dialect, &mut other, &part)
    {
        return Ok((part, columns));
    }
    Err(sql_error(source, dialect, tokens, error, span))
}

/// Uses the tokens up, unless there is an error.
fn parse_as_written<T>(
    dialect: Dialect,
    tokens: &mut [Token],
    part: impl Fn(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, ParserError> {
    let lent = tokens.iter_mut().map(|token| TokenWithSpan {
        token: for_parser(dialect, std::mem::replace(&mut token.raw, SqlToken::EOF)),
        span: SqlSpan::new(location(token.span.start), location(token.span.end)),
    });
    let mut parser = Parser::new(dialect.sql())
        .with_recursion_limit(NESTING)
        .with_tokens_with_locations(lent.collect());
    part(&mut parser)
        .and_then(|part| expect_end(&mut parser).map(|()| part))
        .inspect_err(|_| {
            for (token, back) in tokens.iter_mut().zip(parser.into_tokens()) {
                token.raw = back.token;
            }
        })
}

fn nested_too_deeply(tokens: &[Token], span: Span) -> Diagnostic {
    let first = tokens.iter().find(|token| !token.is_trivia());
    let place = first.map_or(span, |token| token.span);
    let message = "this statement is nested too deeply to be parsed";
    Diagnostic::new(Code::SqlSyntax, place, message)
        .help("split it with common table expressions or views")
}

/// The parser knows `E'…'` only in PostgreSQL and the generic dialect; what
/// the string holds does not matter to it.
fn for_parser(dialect: Dialect, token: SqlToken) -> SqlToken {
    match token {
        SqlToken::EscapedStringLiteral(text) if dialect == Dialect::DuckDb => {
            SqlToken::SingleQuotedString(text)
        }
        token => token,
    }
}

fn expect_end(parser: &mut Parser<'_>) -> Result<(), ParserError> {
    let next = parser.peek_token();
    match next.token {
        SqlToken::EOF => Ok(()),
        _ => parser.expected("end of statement", next),
    }
}

fn sql_error(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[Token],
    error: ParserError,
    span: Span,
) -> Diagnostic {
    let (ParserError::ParserError(message) | ParserError::TokenizerError(message)) = error else {
        return nested_too_deeply(tokens, span);
    };
    let (text, at) = split_location(&message);
    let found = tokens
        .iter()
        .find(|token| Some(token.span.start) == at && !token.is_trivia());
    let place = found.map_or_else(|| behind(span), |token| token.span);
    let found_text = found.map(|token| source.slice(token.span));
    let is_end = text.contains("end of statement");
    Diagnostic::new(Code::SqlSyntax, place, reworded(text, found_text)).help(
        match found.filter(|token| token.kind() == TokenKind::Word) {
            Some(word) => is_end
                .then(|| next_statement(source, word))
                .flatten()
                .or_else(|| misspelt_keyword(word).map(|meant| format!("did you mean `{meant}`?")))
                .unwrap_or_else(|| read_as(dialect)),
            None => read_as(dialect),
        },
    )
}

fn read_as(dialect: Dialect) -> String {
    format!(
        "the statement is read as SQL of `{}`; `--dialect` chooses another, and `-- sqlflowc: unparsed=barrier` above a statement hands it on as it is",
        dialect.as_str()
    )
}

/// A parser's message in the style of the others: `Expected: ), found: EOF` is
/// "expected `)`, found the end of the statement".
fn reworded(text: &str, found: Option<&str>) -> String {
    let Some((wanted, _)) = text
        .strip_prefix("Expected: ")
        .or_else(|| text.strip_prefix("Expected "))
        .and_then(|rest| rest.split_once(", found: "))
    else {
        return first_lower(text);
    };
    let wanted = match wanted {
        "end of statement" => "the end of the statement".to_owned(),
        "identifier" => "a name".to_owned(),
        _ if wanted.chars().any(|c| c.is_lowercase()) => wanted.to_owned(),
        _ => format!("`{wanted}`"),
    };
    match found {
        Some(found) => format!("expected {wanted}, found `{}`", shortened(found)),
        None => format!("expected {wanted}, found the end of the statement"),
    }
}

/// The beginning of a text that may be long or have several lines.
pub(super) fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(30).collect();
    if short.len() < text.len() {
        format!("{short}…")
    } else {
        short
    }
}

/// Words that begin a statement.
const STATEMENTS: [&str; 22] = [
    "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "DROP", "ALTER", "TRUNCATE",
    "COPY", "USE", "SET", "SHOW", "EXPLAIN", "BEGIN", "COMMIT", "ROLLBACK", "GRANT", "CALL",
    "ATTACH", "PRAGMA",
];

/// What to say of a word that can only begin another statement.
pub(super) fn next_statement(source: &SourceFile, token: &Token) -> Option<String> {
    let begins = STATEMENTS.iter().any(|word| token.is_word(word));
    let word = source.slice(token.span);
    begins.then(|| format!("if `{word}` begins the next statement, put a `;` in front of it"))
}

/// The keyword that an ordinary word at the place of one misspells.
fn misspelt_keyword(token: &Token) -> Option<&'static str> {
    const CLAUSES: [&str; 19] = [
        "FROM",
        "WHERE",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "JOIN",
        "UNION",
        "TABLE",
        "VIEW",
        "SCHEMA",
        "DATABASE",
        "INDEX",
        "INTO",
        "VALUES",
        "DISTINCT",
        "REPLACE",
        "TEMPORARY",
        "EXISTS",
    ];
    let SqlToken::Word(word) = &token.raw else {
        return None;
    };
    // Nearly every word of three letters is near to some keyword.
    if word.keyword != Keyword::NoKeyword || word.value.chars().count() < 4 {
        return None;
    }
    nearest(&word.value, STATEMENTS.into_iter().chain(CLAUSES))
}

/// Takes ` at Line: 1, Column: 7` off the end of a parser's message, and
/// gives the byte that is meant: see [`location`].
fn split_location(message: &str) -> (&str, Option<usize>) {
    let Some((text, place)) = message.rsplit_once(" at Line: 1, Column: ") else {
        return (message, None);
    };
    let column: Option<u64> = place.parse().ok();
    (
        text,
        column.map(|column| byte(Location { line: 1, column })),
    )
}

/// The place where something is missing at the end of a statement.
fn behind(span: Span) -> Span {
    Span {
        start: span.end,
        end: span.end,
    }
}

fn first_lower(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        // `SELECT` or another upper-case word stays as it is.
        Some(first) if !chars.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => message.to_owned(),
    }
}
