//! Where statements end.
//!
//! A `;` ends a statement, but for those in the bodies of procedures and
//! blocks, which need no `DELIMITER` here, and those in templates.

use std::ops::Range;

use super::sql::{Dialect, Templates, Token, TokenKind};
use crate::source::{SourceFile, Span};

/// A program's tokens, or those of a part of it, cut into statements.
pub(super) struct Split {
    /// The tokens of each statement, without the one that ends it: a `;`, or
    /// the `/` and `GO` that stand on lines of their own.
    pub(super) statements: Vec<Range<usize>>,
    /// What stands behind the last of those: a statement that is still open,
    /// or nothing but space and comments.
    pub(super) open: Range<usize>,
}

/// Cuts tokens that begin where a statement begins.
///
/// Where a statement ends depends on its own tokens alone and on none behind
/// its `;`. So a program can be read in parts: what is cut here stays cut when
/// more text follows, and only the open statement is looked at again.
pub(super) fn split(source: &SourceFile, dialect: Dialect, tokens: &[Token]) -> Split {
    let mut statements = Vec::new();
    let mut start = 0;
    let mut templates = Templates::new(source);
    let mut scanner = Scanner::new(source, dialect);
    for (at, token) in tokens.iter().enumerate() {
        if scanner.ends_at(token, &mut templates) {
            statements.push(start..at);
            start = at + 1;
            scanner = Scanner::new(source, dialect);
        }
    }
    Split {
        statements,
        open: start..tokens.len(),
    }
}

/// What a statement is besides SQL that the parser knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Plain,
    /// It has a body in a language of its own, from `BEGIN` to `END`.
    Procedural,
    /// Its body is still open; what stands there has no `END`.
    Unclosed(Span),
    /// It begins with `DELIMITER`, which is a command of MySQL's client.
    Delimiter,
}

/// Looks at a whole statement as [`split`] does.
pub(super) fn shape(source: &SourceFile, dialect: Dialect, tokens: &[Token]) -> Shape {
    let mut templates = Templates::new(source);
    let mut scanner = Scanner::new(source, dialect);
    for token in tokens {
        scanner.ends_at(token, &mut templates);
    }
    scanner.resolve(None);
    match (scanner.mode, scanner.frames.last()) {
        (Mode::Delimiter, _) => Shape::Delimiter,
        (_, Some((_, span))) => Shape::Unclosed(*span),
        (_, None) if scanner.has_body => Shape::Procedural,
        (_, None) => Shape::Plain,
    }
}

/// Reads one statement token by token and says which one ends it.
struct Scanner<'a> {
    source: &'a SourceFile,
    dialect: Dialect,
    mode: Mode,
    /// What is open in a body, with the word that opened it.
    frames: Vec<(Frame, Span)>,
    has_body: bool,
    /// A word whose meaning the next one decides.
    pending: Option<(Pending, Span)>,
    /// Whether a statement of a body may begin here.
    is_at_start: bool,
    /// Whether `IS` or `AS` begins the declarations of a subprogram.
    is_heading: bool,
    parentheses: usize,
    /// Where the last template ends.
    template: usize,
    was_delimiter: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nothing has been read.
    Start,
    /// `BEGIN` has: a transaction or a block.
    Begin,
    /// `CREATE` or `ALTER` has: something with a body or without.
    Header,
    Body,
    Plain,
    Delimiter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Declarations that a `BEGIN` or an `END` ends.
    Declarations,
    /// `BEGIN … END`.
    Block,
    /// `CASE … END`, an expression or a statement.
    Case,
    /// `IF … END IF`, `LOOP … END LOOP` and the like, where no block is around.
    Control,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    Begin,
    End,
    As,
}

/// Words behind `BEGIN` that make it begin a transaction.
const TRANSACTION: [&str; 13] = [
    "TRANSACTION",
    "TRAN",
    "WORK",
    "DISTRIBUTED",
    "ISOLATION",
    "READ",
    "NOT",
    "DEFERRABLE",
    "DEFERRED",
    "IMMEDIATE",
    "EXCLUSIVE",
    "CONCURRENT",
    "NAME",
];

/// What `CREATE` makes that has a body.
const BODIES: [&str; 7] = [
    "PROCEDURE",
    "PROC",
    "FUNCTION",
    "TRIGGER",
    "EVENT",
    "PACKAGE",
    "TASK",
];

/// Words and signs that may stand between `CREATE` and what it makes.
const BEFORE_BODIES: [&str; 18] = [
    "OR",
    "REPLACE",
    "ALTER",
    "EDITIONABLE",
    "NONEDITIONABLE",
    "DEFINER",
    "TEMP",
    "TEMPORARY",
    "AGGREGATE",
    "CONSTRAINT",
    "SECURE",
    "TYPE",
    "IF",
    "NOT",
    "EXISTS",
    "CURRENT_USER",
    "=",
    "@",
];

const CONTROL: [&str; 5] = ["IF", "WHILE", "LOOP", "FOR", "REPEAT"];

impl<'a> Scanner<'a> {
    fn new(source: &'a SourceFile, dialect: Dialect) -> Scanner<'a> {
        Scanner {
            source,
            dialect,
            mode: Mode::Start,
            frames: Vec::new(),
            has_body: false,
            pending: None,
            is_at_start: true,
            is_heading: false,
            parentheses: 0,
            template: 0,
            was_delimiter: false,
        }
    }

    /// Takes the next token, and says whether it ends the statement.
    fn ends_at(&mut self, token: &Token, templates: &mut Templates<'_>) -> bool {
        let kind = token.kind();
        if matches!(kind, TokenKind::Space | TokenKind::Comment) {
            return false;
        }
        if token.span.start < self.template {
            return false;
        }
        let text = self.source.slice(token.span);
        if kind == TokenKind::Symbol {
            if text.starts_with('{')
                && let Some(template) = templates.at(token.span.start)
            {
                self.template = template.end;
                return false;
            }
            if text == ";" {
                return self.ends_at_semicolon();
            }
        }
        if self.is_batch_end(token, text) {
            return true;
        }
        match self.mode {
            Mode::Plain => {}
            Mode::Delimiter => self.was_delimiter = token.is_word("DELIMITER"),
            Mode::Start => self.start(token),
            Mode::Header => self.header(token, text),
            Mode::Begin => {
                let is_transaction = TRANSACTION.iter().any(|word| token.is_word(word));
                // `BEGIN NOT ATOMIC` is MariaDB's block.
                let is_block =
                    !is_transaction || self.dialect == Dialect::MySql && token.is_word("NOT");
                self.mode = if is_block { Mode::Body } else { Mode::Plain };
                if is_block {
                    self.body(token, text);
                } else {
                    self.pending = None;
                }
            }
            Mode::Body => self.body(token, text),
        }
        false
    }

    fn ends_at_semicolon(&mut self) -> bool {
        if self.mode == Mode::Delimiter {
            return self.was_delimiter;
        }
        if self.mode == Mode::Begin {
            self.pending = None;
        }
        self.resolve(None);
        self.is_at_start = true;
        self.is_heading = false;
        self.frames.is_empty()
    }

    /// Whether the token stands alone on its line and ends what a client sends
    /// to the database: Oracle's `/`, SQL Server's `GO`.
    fn is_batch_end(&self, token: &Token, text: &str) -> bool {
        let is_end = match self.dialect {
            Dialect::Oracle => text == "/",
            Dialect::MsSql => token.is_word("GO"),
            _ => false,
        };
        is_end && is_alone(self.source.text(), token.span)
    }

    fn start(&mut self, token: &Token) {
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(word));
        self.is_at_start = false;
        self.mode = if is(&["CREATE", "ALTER"]) {
            Mode::Header
        } else if is(&["DELIMITER"]) {
            self.was_delimiter = true;
            Mode::Delimiter
        } else if is(&["BEGIN"]) && self.has_blocks() {
            self.pending = Some((Pending::Begin, token.span));
            Mode::Begin
        } else if is(&["DECLARE"]) && self.has_declarations() {
            self.open(Frame::Declarations, token.span);
            Mode::Body
        } else if is(&CONTROL) && self.dialect == Dialect::BigQuery {
            self.open(Frame::Control, token.span);
            self.is_at_start = is(&["LOOP", "REPEAT"]);
            Mode::Body
        } else if is(&["IF", "WHILE"]) && self.dialect == Dialect::MsSql {
            Mode::Body
        } else {
            Mode::Plain
        };
    }

    /// Whether a block may be a statement.
    fn has_blocks(&self) -> bool {
        matches!(
            self.dialect,
            Dialect::BigQuery
                | Dialect::Databricks
                | Dialect::Generic
                | Dialect::MsSql
                | Dialect::MySql
                | Dialect::Oracle
                | Dialect::Snowflake
                | Dialect::Spark
        )
    }

    /// Whether a block may begin with its declarations.
    fn has_declarations(&self) -> bool {
        matches!(self.dialect, Dialect::Oracle | Dialect::Snowflake)
    }

    fn header(&mut self, token: &Token, text: &str) {
        // `CREATE TYPE BODY` has one and `CREATE TYPE` has none.
        if token.is_word("BODY") || BODIES.iter().any(|word| token.is_word(word)) {
            self.mode = Mode::Body;
            self.is_heading = true;
            return;
        }
        let is_before = BEFORE_BODIES
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word));
        // `DEFINER = 'user'@'host'`.
        let is_user = matches!(token.kind(), TokenKind::String | TokenKind::QuotedWord)
            || text.starts_with('@');
        if !is_before && !is_user {
            self.mode = Mode::Plain;
        }
    }

    fn open(&mut self, frame: Frame, span: Span) {
        self.frames.push((frame, span));
        self.has_body = true;
    }

    fn top(&self) -> Option<Frame> {
        self.frames.last().map(|(frame, _)| *frame)
    }

    /// Takes a word of a body.
    fn body(&mut self, token: &Token, text: &str) {
        match text {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        if self.resolve(Some(token)) {
            return;
        }
        let is_at_start = std::mem::replace(&mut self.is_at_start, false);
        if token.kind() != TokenKind::Word {
            return;
        }
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(word));
        if is(&["CASE"]) {
            self.open(Frame::Case, token.span);
        } else if is(&["END"]) {
            self.pending = Some((Pending::End, token.span));
        } else if self.parentheses > 0 {
        } else if is(&["BEGIN"]) {
            self.pending = Some((Pending::Begin, token.span));
        } else if is(&["DECLARE"]) && self.has_declarations() {
            self.open(Frame::Declarations, token.span);
        } else if is(&["THEN", "ELSE", "DO", "ROW"]) {
            self.is_at_start = true;
        } else if is(&CONTROL) && is_at_start && self.is_control() {
            self.open(Frame::Control, token.span);
            self.is_at_start = is(&["LOOP", "REPEAT"]);
        } else if self.dialect == Dialect::Oracle {
            self.heading(token);
        }
    }

    /// Whether `IF` opens something by itself. Within a block it does not
    /// matter, since `END IF` is told from the block's `END`.
    fn is_control(&self) -> bool {
        match self.dialect {
            Dialect::BigQuery => true,
            Dialect::MySql => matches!(self.top(), None | Some(Frame::Control)),
            _ => false,
        }
    }

    /// PL/SQL: a subprogram's head ends with `IS` or `AS`.
    fn heading(&mut self, token: &Token) {
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(word));
        let is_declaring = self.top() == Some(Frame::Declarations);
        if is(&["IS", "AS"]) && self.is_heading {
            self.pending = Some((Pending::As, token.span));
        } else if is_declaring && is(&["PROCEDURE", "FUNCTION", "BEFORE", "AFTER", "INSTEAD"]) {
            self.is_heading = true;
        } else if is(&["COMPOUND"]) && self.frames.is_empty() {
            self.open(Frame::Declarations, token.span);
            self.is_heading = false;
        }
    }

    /// Decides what the word before meant, and says whether it takes this one
    /// with it.
    fn resolve(&mut self, next: Option<&Token>) -> bool {
        let Some((pending, span)) = self.pending.take() else {
            return false;
        };
        let is =
            |words: &[&str]| next.is_some_and(|next| words.iter().any(|word| next.is_word(word)));
        match pending {
            Pending::Begin => {
                let is_transaction = is(&["TRANSACTION", "TRAN", "WORK", "DISTRIBUTED"]);
                if is_transaction || next.is_none() {
                    return is_transaction;
                }
                if self.top() == Some(Frame::Declarations) {
                    self.frames.pop();
                }
                self.open(Frame::Block, span);
                self.is_heading = false;
                self.is_at_start = true;
                false
            }
            Pending::End => {
                let closes_control = self.dialect != Dialect::MsSql
                    && is(&CONTROL)
                    && !(is(&["FOR"]) && self.top() == Some(Frame::Case));
                if !closes_control || self.top() == Some(Frame::Control) {
                    self.frames.pop();
                }
                closes_control || is(&["CASE", "TRY", "CATCH"])
            }
            Pending::As => {
                self.is_heading = false;
                if !is(&["LANGUAGE", "EXTERNAL", "MLE"]) {
                    self.open(Frame::Declarations, span);
                }
                false
            }
        }
    }
}

/// Whether nothing else stands on the line.
fn is_alone(text: &str, span: Span) -> bool {
    let before = text[..span.start].rsplit('\n').next().unwrap_or_default();
    let behind = text[span.end..].split('\n').next().unwrap_or_default();
    before.trim().is_empty() && behind.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::sql::tokenize;

    /// Fails unless each text is one statement, alone and with others around.
    fn assert_whole(dialects: &[Dialect], statements: &[&str]) {
        for dialect in dialects {
            for statement in statements {
                let text = format!("SELECT 1;{statement};SELECT 2");
                let source = SourceFile::new("test.sql", text);
                let (tokens, error) = tokenize(&source, *dialect);
                assert!(error.is_none(), "{dialect:?} {statement}: {error:?}");
                let split = split(&source, *dialect, &tokens);
                let cut: Vec<_> = split
                    .statements
                    .iter()
                    .map(|range| {
                        let tokens = &tokens[range.clone()];
                        let span = tokens[0].span.to(tokens[tokens.len() - 1].span);
                        source.slice(span)
                    })
                    .collect();
                assert_eq!(cut, ["SELECT 1", *statement], "{dialect:?}");
            }
        }
    }

    fn all_but(without: &[Dialect]) -> Vec<Dialect> {
        let all = Dialect::ALL.iter().copied();
        all.filter(|dialect| !without.contains(dialect)).collect()
    }

    #[test]
    fn bodies_are_whole() {
        assert_whole(
            &all_but(&[Dialect::Oracle, Dialect::Snowflake]),
            &[
                "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT CASE WHEN a THEN b END; END",
                "create or replace procedure p() begin begin select 1; end; end",
                "CREATE TRIGGER t AFTER INSERT ON x BEGIN UPDATE y SET a = 1; DELETE FROM z; END",
                "CREATE FUNCTION f() RETURNS INT BEGIN DECLARE i INT; SET i = 1; RETURN i; END",
                "CREATE FUNCTION f(x INT) RETURNS INT RETURN CASE WHEN x THEN 1 ELSE 2 END",
                "CREATE PROCEDURE p() BEGIN SELECT 1; END p",
            ],
        );
        assert_whole(
            &[Dialect::MySql],
            &[
                "CREATE DEFINER = 'a'@'b' PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; END",
                "CREATE DEFINER=`root`@`localhost` TRIGGER t BEFORE INSERT ON x FOR EACH ROW \
                 IF NEW.a < 0 THEN SET NEW.a = 0; ELSE SET NEW.b = IF(a, 1, 2); END IF",
                "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 0",
                "CREATE PROCEDURE IF NOT EXISTS p() BEGIN l: LOOP SELECT 1; LEAVE l; END LOOP l; \
                 WHILE a DO SELECT 1; END WHILE; REPEAT SELECT 1; UNTIL a END REPEAT; END",
                "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE; END",
                "CREATE EVENT e ON SCHEDULE EVERY 1 HOUR DO BEGIN DELETE FROM a; DELETE FROM b; END",
                "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END",
                "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END //\nSELECT 2 //\nDELIMITER ",
                "DELIMITER ",
            ],
        );
        assert_whole(
            &[Dialect::MsSql],
            &[
                "CREATE OR ALTER PROC p AS BEGIN SET NOCOUNT ON; BEGIN TRAN; SELECT 1; COMMIT; END",
                "ALTER PROCEDURE p AS BEGIN BEGIN TRY SELECT 1; END TRY BEGIN CATCH THROW; END CATCH; END",
                "IF a = 1 BEGIN SELECT 1; SELECT 2; END ELSE BEGIN SELECT 3; END",
                "WHILE a < 1 BEGIN SET a = 1; IF b = 1 BREAK; END",
                "BEGIN TRY SELECT 1; END TRY BEGIN CATCH SELECT 2; END CATCH",
                "BEGIN IF a = 1 BEGIN SELECT 1; END IF b = 1 SELECT 2; END",
            ],
        );
        assert_whole(
            &[Dialect::Oracle],
            &[
                "CREATE OR REPLACE PROCEDURE p (a IN NUMBER) IS x NUMBER; y NUMBER; BEGIN x := 1; \
                 IF x IS NULL THEN NULL; ELSIF y > 1 THEN NULL; END IF; END p",
                "CREATE FUNCTION f RETURN NUMBER AS BEGIN FOR i IN 1 .. 3 LOOP NULL; END LOOP; \
                 RETURN CASE WHEN a THEN 1 END; EXCEPTION WHEN OTHERS THEN RETURN 0; END",
                "CREATE PROCEDURE p AS PROCEDURE q IS BEGIN NULL; END; BEGIN q; END",
                "CREATE PACKAGE k AS PROCEDURE a; FUNCTION b RETURN NUMBER; TYPE t IS TABLE OF NUMBER; END k",
                "CREATE PACKAGE BODY k IS x NUMBER; PROCEDURE a IS BEGIN NULL; END; \
                 FUNCTION b RETURN NUMBER IS y NUMBER; BEGIN RETURN 1; END b; BEGIN x := 1; END k",
                "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW DECLARE y NUMBER; BEGIN y := 1; END",
                "CREATE TRIGGER t FOR INSERT ON x COMPOUND TRIGGER n NUMBER; BEFORE STATEMENT IS BEGIN \
                 n := 0; END BEFORE STATEMENT; AFTER EACH ROW IS BEGIN n := 1; END AFTER EACH ROW; END t",
                "DECLARE x NUMBER; BEGIN x := 1; DECLARE y NUMBER; BEGIN y := 1; END; END",
                "BEGIN NULL; END",
                "CREATE TYPE BODY t AS MEMBER FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; END",
                "CREATE PROCEDURE p AS LANGUAGE JAVA NAME 'a.b()'",
                "CREATE TYPE t AS OBJECT (a NUMBER)",
            ],
        );
        assert_whole(
            &[Dialect::Snowflake],
            &[
                "CREATE PROCEDURE p() RETURNS INT LANGUAGE SQL AS BEGIN LET x := 1; RETURN x; END",
                "CREATE PROCEDURE p() RETURNS INT AS DECLARE x INT; BEGIN x := 1; \
                 FOR r IN c DO SELECT 1; END FOR; IF (x = 1) THEN RETURN 1; END IF; END",
                "CREATE PROCEDURE p() RETURNS INT LANGUAGE SQL AS $$ BEGIN a; b; END; $$",
                "CREATE TASK t SCHEDULE = '1 minute' AS BEGIN INSERT INTO a SELECT 1; SELECT 2; END",
                "DECLARE x INT; BEGIN x := 1; END",
                "BEGIN LET x := 1; RETURN x; EXCEPTION WHEN OTHER THEN RETURN 2; END",
            ],
        );
        assert_whole(
            &[Dialect::BigQuery],
            &[
                "CREATE PROCEDURE d.p() BEGIN DECLARE x INT64; IF x > 1 THEN SELECT 1; END IF; END",
                "BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT 2; END",
                "IF a THEN SELECT IF(b, 1, 2); ELSEIF c THEN IF d THEN SELECT 3; END IF; END IF",
                "WHILE a DO SELECT 1; IF b THEN BREAK; END IF; END WHILE",
                "LOOP SELECT 1; BREAK; END LOOP",
                "FOR r IN (SELECT 1) DO SELECT 2; END FOR",
                "REPEAT SELECT 1; UNTIL a END REPEAT",
                "BEGIN BEGIN TRANSACTION; SELECT 1; COMMIT TRANSACTION; END",
                "DECLARE x INT64 DEFAULT 1",
            ],
        );
        assert_whole(
            &[Dialect::PostgreSql, Dialect::Redshift, Dialect::DuckDb],
            &[
                "CREATE FUNCTION f() RETURNS INT LANGUAGE plpgsql AS $$ BEGIN a; b; END; $$",
                "DO $body$ BEGIN a; b; $$ c; $$ END; $body$",
                "CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO a VALUES (1); SELECT 2; END",
            ],
        );
    }

    #[test]
    fn what_only_looks_like_a_body_ends_at_the_semicolon() {
        assert_whole(
            Dialect::ALL,
            &[
                "BEGIN",
                "BEGIN TRANSACTION",
                "BEGIN WORK",
                "CREATE TABLE t (begin_at INT)",
                "CREATE VIEW v AS SELECT CASE WHEN a THEN b END FROM t",
                "CREATE TABLE procedure_calls AS SELECT 1",
                "DROP PROCEDURE p",
                "SELECT CASE WHEN a THEN CASE WHEN b THEN 1 END END",
                "COMMIT",
                "END",
                "SELECT ';' /* ; */ -- ;\n",
                "WITH a AS (SELECT 1) SELECT * FROM a",
            ],
        );
        let transactions = all_but(&[
            Dialect::BigQuery,
            Dialect::Databricks,
            Dialect::Generic,
            Dialect::MsSql,
            Dialect::MySql,
            Dialect::Oracle,
            Dialect::Snowflake,
            Dialect::Spark,
        ]);
        // A `;` that is forgotten behind `BEGIN` swallows nothing.
        assert_whole(&transactions, &["BEGIN INSERT INTO t VALUES (1)"]);
    }

    #[test]
    fn templates_are_whole() {
        let every_dialect = [
            "SELECT {{ a(';') }}, {{ b; c }} FROM t",
            "{% set a = 1; %} SELECT 1",
            "{%- if x -%} SELECT 1; {%- endif -%}",
            "SELECT 1 {# it's; not SQL #} + 1",
            "{# \"; #} SELECT 1",
            "{% call f(\n'a;') %}; SELECT {{ x }}",
        ];
        // Outside of its braces a `;` is one.
        assert_whole(Dialect::ALL, &every_dialect[..2]);
        assert_whole(Dialect::ALL, &every_dialect[3..5]);
        let source = SourceFile::new("test.sql", every_dialect[2]);
        let (tokens, _) = tokenize(&source, Dialect::DuckDb);
        let parts = split(&source, Dialect::DuckDb, &tokens).statements.len();
        assert_eq!(parts, 1);
        assert_whole(
            &[Dialect::DuckDb],
            &[
                "SELECT MAP {{'a': 1}: {'b': 2}}",
                "SELECT {'a': {'b': 1}}",
                "SELECT '{{ ; ' || '{#'",
            ],
        );
    }

    #[test]
    fn batches_end_at_lines_of_clients() {
        for (dialect, text) in [
            (Dialect::Oracle, "BEGIN NULL; END;\n/\nSELECT 1 / 2\n/\n"),
            (
                Dialect::MsSql,
                "CREATE PROC p AS SELECT 1\nGO\n\nSELECT go FROM t\n go \n",
            ),
        ] {
            let source = SourceFile::new("test.sql", text);
            let (tokens, _) = tokenize(&source, dialect);
            let split = split(&source, dialect, &tokens);
            let cut = split.statements.iter().map(|range| {
                let text: String = tokens[range.clone()]
                    .iter()
                    .map(|token| source.slice(token.span))
                    .collect();
                text.trim().to_owned()
            });
            let cut: Vec<_> = cut.filter(|text| !text.is_empty()).collect();
            assert_eq!(cut.len(), 2, "{cut:?}");
            assert!(tokens[split.open].iter().all(Token::is_trivia));
        }
    }
}
