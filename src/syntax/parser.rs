//! The small parser that ML clauses are read with: a cursor over tokens
//! without space and comments.

use super::ast::{Ident, Name, Value, ValueKind};
use super::sql::{self, Dialect, Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

/// How deep values and column functions may be nested, so that no program
/// exhausts the stack.
const NESTING: usize = 64;

pub(super) struct Parser<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) dialect: Dialect,
    tokens: Vec<&'a Token>,
    at: usize,
    depth: usize,
    /// The whole statement; its end is where something is missing.
    statement: Span,
}

impl<'a> Parser<'a> {
    pub(super) fn new(
        source: &'a SourceFile,
        dialect: Dialect,
        tokens: &[&'a Token],
        statement: Span,
    ) -> Parser<'a> {
        Parser {
            source,
            dialect,
            tokens: tokens.to_vec(),
            at: 0,
            depth: 0,
            statement,
        }
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(super) fn text(&self, token: &Token) -> &'a str {
        self.source.slice(token.span)
    }

    /// The place of the next token, or just behind the statement.
    pub(super) fn here(&self) -> Span {
        self.peek().map_or(
            Span {
                start: self.statement.end,
                end: self.statement.end,
            },
            |token| token.span,
        )
    }

    /// From a place to the end of what was read last.
    pub(super) fn since(&self, start: usize) -> Span {
        let end = match self.at.checked_sub(1).and_then(|at| self.tokens.get(at)) {
            Some(token) => token.span.end,
            None => start,
        };
        Span { start, end }
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    pub(super) fn at_symbol(&self, symbol: &str) -> bool {
        self.symbol_at(0, symbol)
    }

    pub(super) fn symbol_at(&self, ahead: usize, symbol: &str) -> bool {
        self.peek_at(ahead)
            .is_some_and(|token| token.kind() == TokenKind::Symbol && self.text(token) == symbol)
    }

    pub(super) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<(), Diagnostic> {
        if self.eat_symbol(symbol) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{symbol}`")))
        }
    }

    pub(super) fn expect_end(&mut self) -> Result<(), Diagnostic> {
        match self.peek() {
            None => Ok(()),
            Some(token) => {
                let error = self.expected("the end of the statement");
                Err(match sql::next_statement(self.source, token) {
                    Some(help) => error.help(help),
                    None => error,
                })
            }
        }
    }

    /// What to say when something else was expected here.
    pub(super) fn expected(&self, wanted: &str) -> Diagnostic {
        let found = match self.peek() {
            Some(token) => {
                format!("`{}`", sql::shortened(self.text(token)))
            }
            None => "the end of the statement".to_owned(),
        };
        Diagnostic::new(
            Code::UnexpectedToken,
            self.here(),
            format!("expected {wanted}, found {found}"),
        )
    }

    /// An identifier, quoted or not.
    pub(super) fn ident(&mut self, wanted: &str) -> Result<Ident, Diagnostic> {
        match self.peek().and_then(Token::ident) {
            // No database takes `""`.
            Some(ident) if !ident.text.is_empty() => {
                self.at += 1;
                Ok(ident)
            }
            Some(_) | None => Err(self.expected(wanted)),
        }
    }

    /// An identifier, or a string literal that stands for one.
    pub(super) fn ident_or_string(&mut self, wanted: &str) -> Result<Ident, Diagnostic> {
        match self.peek() {
            Some(token) if token.string().is_some_and(|text| !text.is_empty()) => {
                self.at += 1;
                let text = token.string().unwrap_or_default().to_owned();
                Ok(Ident {
                    text,
                    quoted: true,
                    span: token.span,
                })
            }
            _ => self.word(wanted),
        }
    }

    /// A dotted name.
    pub(super) fn name(&mut self, wanted: &str) -> Result<Name, Diagnostic> {
        let first = self.word(wanted)?;
        let start = first.span.start;
        let mut parts = vec![first];
        while self.eat_symbol(".") {
            parts.push(self.word("a name after `.`")?);
        }
        Ok(Name {
            parts,
            span: self.since(start),
        })
    }

    /// A dotted name, or that of a model in a registry, which is one word:
    /// `localhost:50055/iris:v1.2`.
    pub(super) fn model(&mut self, wanted: &str) -> Result<Name, Diagnostic> {
        let start = self.at;
        let is_word = self
            .peek()
            .is_some_and(|token| token.kind() == TokenKind::Word);
        if is_word {
            let span = self.run(wanted)?;
            let text = self.source.slice(span);
            if text.contains([':', '/', '@']) {
                let text = text.to_owned();
                let quoted = false;
                let parts = vec![Ident { text, quoted, span }];
                return Ok(Name { parts, span });
            }
        }
        self.at = start;
        self.name(wanted)
    }

    /// An identifier, which may hold hyphens here: no sub-clause has a place
    /// for a name where it could be a difference.
    pub(super) fn word(&mut self, wanted: &str) -> Result<Ident, Diagnostic> {
        let mut ident = self.ident(wanted)?;
        if ident.quoted {
            return Ok(ident);
        }
        let touches = |end: usize, token: &Token| token.span.start == end;
        while let (Some(hyphen), Some(next)) = (self.peek(), self.peek_at(1))
            && self.at_symbol("-")
            && touches(ident.span.end, hyphen)
            && touches(hyphen.span.end, next)
            && matches!(next.kind(), TokenKind::Word | TokenKind::Number)
        {
            ident.span.end = next.span.end;
            self.at += 2;
        }
        ident.text = self.source.slice(ident.span).to_owned();
        Ok(ident)
    }

    /// Everything up to the next space, `,`, `(`, `)` or `]`: an estimator
    /// with its image, or a bare word such as `multi:softmax`.
    pub(super) fn run(&mut self, wanted: &str) -> Result<Span, Diagnostic> {
        let Some(first) = self.peek() else {
            return Err(self.expected(wanted));
        };
        let mut span = first.span;
        let stops = |token: &Token| matches!(self.source.slice(token.span), "," | "(" | ")" | "]");
        if stops(first) {
            return Err(self.expected(wanted));
        }
        let mut taken = 1;
        while let Some(token) = self.peek_at(taken) {
            if token.span.start != span.end || stops(token) {
                break;
            }
            span.end = token.span.end;
            taken += 1;
        }
        self.at += taken;
        Ok(span)
    }

    /// Goes one level down, into something that may hold more of its kind.
    pub(super) fn enter(&mut self) -> Result<(), Diagnostic> {
        if self.depth == NESTING {
            let message = "this is nested too deeply";
            return Err(Diagnostic::new(Code::UnexpectedToken, self.here(), message)
                .help(format!("at most {NESTING} levels can be read")));
        }
        self.depth += 1;
        Ok(())
    }

    /// Goes back up after [`Parser::enter`].
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A value of an attribute or a column function.
    pub(super) fn value(&mut self) -> Result<Value, Diagnostic> {
        let wanted = "a value: a number, a string, TRUE, FALSE, NONE, a word or a list";
        let Some(token) = self.peek() else {
            return Err(self.expected(wanted));
        };
        let start = token.span.start;
        let kind = match token.kind() {
            TokenKind::Number => {
                self.at += 1;
                number(self.text(token), "")
            }
            TokenKind::String => {
                self.at += 1;
                ValueKind::String(token.string().unwrap_or_default().to_owned())
            }
            TokenKind::QuotedWord if self.text(token).starts_with('[') => {
                self.at += 1;
                return self.bracketed(token);
            }
            TokenKind::QuotedWord => {
                self.at += 1;
                let text = token.ident().map(|ident| ident.text).unwrap_or_default();
                ValueKind::String(text)
            }
            TokenKind::Symbol if matches!(self.text(token), "-" | "+") => {
                let sign = if self.text(token) == "-" { "-" } else { "" };
                self.at += 1;
                match self.peek() {
                    Some(digits) if digits.kind() == TokenKind::Number => {
                        self.at += 1;
                        number(self.text(digits), sign)
                    }
                    _ => return Err(self.expected("a number")),
                }
            }
            TokenKind::Symbol if self.text(token) == "[" => {
                self.at += 1;
                self.enter()?;
                let list = self.list("]")?;
                self.leave();
                list
            }
            TokenKind::Word => {
                let span = self.run(wanted)?;
                word(self.source.slice(span))
            }
            _ => return Err(self.expected(wanted)),
        };
        Ok(Value {
            kind,
            span: self.since(start),
        })
    }

    fn list(&mut self, close: &str) -> Result<ValueKind, Diagnostic> {
        let mut values = Vec::new();
        while !self.eat_symbol(close) {
            values.push(self.value()?);
            if !self.eat_symbol(",") {
                self.expect_symbol(close)?;
                break;
            }
        }
        Ok(ValueKind::List(values))
    }

    /// A list in a dialect that reads `[…]` as a quoted identifier.
    fn bracketed(&self, token: &Token) -> Result<Value, Diagnostic> {
        let text = self.source.slice(token.span);
        let inner = SourceFile::new(self.source.name(), text);
        let (tokens, error) = sql::tokenize(&inner, Dialect::Generic);
        let words: Vec<&Token> = tokens.iter().filter(|token| !token.is_trivia()).collect();
        let whole = Span {
            start: 0,
            end: text.len(),
        };
        let value = match error {
            Some(error) => Err(error),
            None => Parser::new(&inner, Dialect::Generic, &words, whole).value(),
        };
        value
            .map(|mut value| {
                shift(&mut value, token.span.start);
                value
            })
            .map_err(|mut error| {
                error.span.start += token.span.start;
                error.span.end += token.span.start;
                error
            })
    }

    /// Skips to the first of the words at depth 0, or to the end, and gives
    /// the tokens passed over.
    pub(super) fn until(&mut self, stop: impl Fn(&Parser<'a>) -> bool) -> Vec<Token> {
        let mut depth = 0_usize;
        let mut passed = Vec::new();
        while let Some(token) = self.peek() {
            match self.text(token) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                _ if depth == 0 && stop(self) => break,
                _ => {}
            }
            passed.push(token.clone());
            self.at += 1;
        }
        passed
    }
}

fn shift(value: &mut Value, by: usize) {
    value.span.start += by;
    value.span.end += by;
    if let ValueKind::List(values) = &mut value.kind {
        for value in values {
            shift(value, by);
        }
    }
}

fn number(digits: &str, sign: &str) -> ValueKind {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        ValueKind::Integer(format!("{sign}{digits}"))
    } else {
        ValueKind::Float(format!("{sign}{digits}"))
    }
}

fn word(text: &str) -> ValueKind {
    match text.to_ascii_uppercase().as_str() {
        "TRUE" => ValueKind::Bool(true),
        "FALSE" => ValueKind::Bool(false),
        "NONE" | "NULL" => ValueKind::None,
        _ => ValueKind::Word(text.to_owned()),
    }
}
