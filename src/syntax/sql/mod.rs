//! The only module that names `sqlparser`: dialects, tokens, and what a
//! parsed statement reads and writes. Its syntax trees are dropped as soon as
//! they are analysed, since a tree takes a hundred times its text.

mod effects;
mod names;

use serde::Serialize;
use sqlparser::ast::Statement as SqlTree;
use sqlparser::dialect::{self, Dialect as SqlDialect, DuckDbDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token as SqlToken, TokenWithSpan, Tokenizer, Whitespace};

use super::ast::{Ident, SqlQuery, SqlStatement};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::{Position, SourceFile, Span};

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
            Dialect::Hive => &dialect::HiveDialect {},
            Dialect::MsSql => &dialect::MsSqlDialect {},
            Dialect::MySql => &dialect::MySqlDialect {},
            Dialect::Oracle => &dialect::OracleDialect,
            Dialect::PostgreSql => &dialect::PostgreSqlDialect {},
            Dialect::Redshift => &dialect::RedshiftSqlDialect {},
            Dialect::Snowflake => &dialect::SnowflakeDialect,
            Dialect::Spark => &dialect::SparkSqlDialect,
            Dialect::SQLite => &dialect::SQLiteDialect {},
            Dialect::Teradata => &dialect::TeradataDialect {},
        }
    }

    /// The spelling under which two names of a table, schema or column are the
    /// same name.
    ///
    /// MySQL compares table names by the server's file system, so it is taken
    /// to ignore case: that can add an edge and never loses one.
    pub fn fold(self, ident: &Ident) -> String {
        match self {
            Dialect::PostgreSql | Dialect::Redshift if ident.quoted => ident.text.clone(),
            Dialect::Snowflake | Dialect::Oracle | Dialect::Ansi if ident.quoted => {
                ident.text.clone()
            }
            Dialect::Snowflake | Dialect::Oracle | Dialect::Ansi => ident.text.to_uppercase(),
            Dialect::ClickHouse => ident.text.clone(),
            _ => ident.text.to_lowercase(),
        }
    }

    /// The name as the database stores it, to be quoted by a driver.
    pub fn stored(self, ident: &Ident) -> String {
        match self {
            Dialect::PostgreSql | Dialect::Redshift if !ident.quoted => ident.text.to_lowercase(),
            Dialect::Snowflake | Dialect::Oracle | Dialect::Ansi if !ident.quoted => {
                ident.text.to_uppercase()
            }
            _ => ident.text.clone(),
        }
    }

    /// The schema that an unqualified name means before any `USE`, folded.
    pub fn default_schema(self) -> Option<&'static str> {
        match self {
            Dialect::DuckDb | Dialect::SQLite => Some("main"),
            Dialect::PostgreSql | Dialect::Redshift => Some("public"),
            Dialect::Snowflake => Some("PUBLIC"),
            Dialect::MsSql => Some("dbo"),
            Dialect::Hive | Dialect::Spark | Dialect::Databricks => Some("default"),
            Dialect::ClickHouse => Some("default"),
            Dialect::Ansi
            | Dialect::BigQuery
            | Dialect::Generic
            | Dialect::MySql
            | Dialect::Oracle
            | Dialect::Teradata => None,
        }
    }
}

/// How a program's SQL is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub dialect: Dialect,
    pub unparsed: Unparsed,
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
        }
    }
}

/// A token and its place. What it is shows only through questions, so that
/// the tokenizer's own types stay in this module.
#[derive(Debug, Clone)]
pub struct Token {
    raw: TokenWithSpan,
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
        match &self.raw.token {
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
        matches!(self.raw.token, SqlToken::Whitespace(_))
    }

    /// Whether this is the unquoted word, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.raw.token, SqlToken::Word(w)
            if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
    }

    /// An identifier, quoted or not.
    pub fn ident(&self) -> Option<Ident> {
        match &self.raw.token {
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
        match &self.raw.token {
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
        matches!(&self.raw.token, SqlToken::Word(w)
            if w.quote_style.is_none() && w.keyword != Keyword::NoKeyword)
    }
}

/// Cuts a program into tokens, space and comments included. On text that is
/// no token, gives what came before and says what is wrong.
pub fn tokenize(source: &SourceFile, dialect: Dialect) -> (Vec<Token>, Option<Diagnostic>) {
    let mut raw = Vec::new();
    let result =
        Tokenizer::new(dialect.sql(), source.text()).tokenize_with_location_into_buf(&mut raw);
    // The token that failed begins where the last good one ends: what the
    // tokenizer reports is sometimes that and sometimes where it gave up.
    let end = match (&result, raw.last()) {
        (Ok(()), _) => source.text().len(),
        (Err(_), None) => 0,
        (Err(_), Some(last)) => source.offset(position(last.span.end)),
    };
    let tokens = with_spans(source.text(), raw, end);
    let diagnostic = result.err().map(|error| {
        let span = Span {
            start: end,
            end: end_of_line(source.text(), end),
        };
        token_error(source.slice(span), &error.message, span)
    });
    (tokens, diagnostic)
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

/// Turns the tokenizer's lines and columns into byte offsets in one walk
/// along the text. A token ends where the next one begins.
fn with_spans(text: &str, raw: Vec<TokenWithSpan>, end: usize) -> Vec<Token> {
    let mut chars = text.char_indices().peekable();
    let (mut line, mut column) = (1, 1);
    let mut starts = Vec::with_capacity(raw.len() + 1);
    for token in &raw {
        let Location {
            line: to_line,
            column: to_column,
        } = token.span.start;
        while (line, column) != (to_line, to_column) {
            match chars.next() {
                Some((_, '\n')) => (line, column) = (line + 1, 1),
                Some(_) => column += 1,
                None => break,
            }
        }
        starts.push(chars.peek().map_or(text.len(), |(at, _)| *at));
    }
    starts.push(end);
    raw.into_iter()
        .zip(starts.windows(2))
        .map(|(raw, window)| Token {
            raw,
            span: Span {
                start: window[0],
                end: window[1].max(window[0]),
            },
        })
        .collect()
}

fn position(location: Location) -> Position {
    Position {
        line: location.line.max(1) as usize,
        column: location.column.max(1) as usize,
    }
}

/// Parses the tokens of one plain SQL statement and says what it does.
pub fn statement(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[Token],
    span: Span,
) -> Result<SqlStatement, Diagnostic> {
    let first = tokens.iter().find(|token| !token.is_trivia());
    let statement = parse(source, dialect, tokens, span, |parser| {
        // `TABLE t` is a query that `sqlparser` knows only inside others.
        if first.is_some_and(|first| first.is_word("TABLE")) {
            return parser.parse_query().map(SqlTree::Query);
        }
        parser.parse_statement()
    })?;
    Ok(effects::statement(source, &statement, span))
}

/// Parses the tokens of the query in front of an ML clause, or of a query
/// inside an attribute.
pub fn query(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[Token],
    span: Span,
) -> Result<SqlQuery, Diagnostic> {
    let query =
        parse(source, dialect, tokens, span, Parser::parse_query).map_err(|mut error| {
            // The statement goes on behind the query.
            error.message = error
                .message
                .replace("end of the statement", "end of the query");
            error
        })?;
    Ok(effects::query(source, &query, span))
}

/// Checks that the tokens are one SQL expression.
pub fn expression(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[Token],
    span: Span,
) -> Result<(), Diagnostic> {
    parse(source, dialect, tokens, span, Parser::parse_expr).map(|_| ())
}

fn parse<T>(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[Token],
    span: Span,
    part: impl Fn(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, Diagnostic> {
    let raw = tokens.iter().map(|token| for_parser(dialect, &token.raw));
    let mut parser = Parser::new(dialect.sql())
        .with_recursion_limit(NESTING)
        .with_tokens_with_locations(raw.collect());
    part(&mut parser)
        .and_then(|part| expect_end(&mut parser).map(|()| part))
        .map_err(|error| sql_error(source, dialect, tokens, error, span))
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
fn for_parser(dialect: Dialect, token: &TokenWithSpan) -> TokenWithSpan {
    match &token.token {
        SqlToken::EscapedStringLiteral(text) if dialect == Dialect::DuckDb => TokenWithSpan {
            token: SqlToken::SingleQuotedString(text.clone()),
            span: token.span,
        },
        _ => token.clone(),
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
    let at = at.map(|at| source.offset(at));
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
        "the statement is read as SQL of `{}`; `--dialect` chooses another, and `--unparsed-sql barrier` hands such a statement on as it is",
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
    let SqlToken::Word(word) = &token.raw.token else {
        return None;
    };
    // Nearly every word of three letters is near to some keyword.
    if word.keyword != Keyword::NoKeyword || word.value.chars().count() < 4 {
        return None;
    }
    nearest(&word.value, STATEMENTS.into_iter().chain(CLAUSES))
}

/// Takes ` at Line: 3, Column: 7` off the end of a parser's message.
fn split_location(message: &str) -> (&str, Option<Position>) {
    let Some((text, place)) = message.rsplit_once(" at Line: ") else {
        return (message, None);
    };
    let parsed = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Position {
            line: line.trim().parse().ok().filter(|n| *n > 0)?,
            column: column.trim().parse().ok().filter(|n| *n > 0)?,
        })
    });
    (text, parsed)
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
