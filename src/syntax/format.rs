//! Programs in canonical form: ML clauses laid out anew, everything else as
//! it was written.
//!
//! SQL is not touched, not a byte of it. A clause is put together from the
//! syntax tree's places, its sub-clauses in the order of the grammar, and the
//! comments between its words go where those words go: one behind a part, on
//! its line, stays behind it, and one above or in front of a part stays
//! there. A part with a comment inside is not touched either.

use unicode_width::UnicodeWidthStr;

use super::ast::{Attribute, ColumnClause, Constraint, Ident, Name, Sense, StatementKind};
use super::split::{Split, split};
use super::sql::{self, Reading, Token, TokenKind};
use super::statement;
use crate::diagnostic::{Diagnostics, Severity};
use crate::source::{SourceFile, Span};

/// A program in canonical form.
#[derive(Debug)]
pub struct Formatted {
    /// The text, with the byte order mark that the file may have had.
    pub text: String,
    /// Why a statement does not parse. It is left as it stands.
    pub errors: Diagnostics,
}

/// The columns that a list may take before it is broken into lines.
const WIDTH: usize = 100;

/// How deep the lines of a broken list are indented.
const INDENT: &str = "    ";

/// Brings a program into canonical form. What the program means does not
/// change, and what is in canonical form stays as it is.
pub fn format(source: &SourceFile, reading: impl Into<Reading>) -> Formatted {
    let reading = reading.into();
    let (tokens, error) = sql::tokenize(source, reading.dialect);
    let mut printer = Printer {
        source,
        reading,
        line_end: line_end(source.text()),
        out: String::new(),
        printed: None,
        errors: Diagnostics::default(),
    };
    let is_broken = error.is_some();
    error
        .into_iter()
        .for_each(|error| printer.errors.push(error));
    let mut pieces = pieces(source, reading, &tokens);
    // What stands before text that is no token is no whole statement.
    let tail = is_broken.then(|| pieces.pop()).flatten();
    for (at, piece) in pieces.iter().enumerate() {
        printer.piece(piece, pieces.get(at + 1).or(tail.as_ref()));
    }
    if is_broken {
        printer.tail(tail.as_ref());
    } else if !printer.out.is_empty() {
        printer.out += printer.line_end;
    }
    if source.has_mark() {
        printer.out.insert(0, SourceFile::MARK);
    }
    Formatted {
        text: printer.out,
        errors: printer.errors,
    }
}

/// The line end of the lines that are laid out anew: that of the last line,
/// which is the one that stays the last.
fn line_end(text: &str) -> &'static str {
    match text.rfind('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

struct Printer<'a> {
    source: &'a SourceFile,
    reading: Reading,
    line_end: &'static str,
    out: String,
    /// How far in the source the printed text goes.
    printed: Option<usize>,
    errors: Diagnostics,
}

/// What stands up to a `;`, or to a `/` or `GO` on a line of its own, and the
/// place of that.
struct Piece<'a> {
    tokens: &'a [Token],
    semicolon: Option<Span>,
}

fn pieces<'a>(source: &SourceFile, reading: Reading, tokens: &'a [Token]) -> Vec<Piece<'a>> {
    let Split { statements, open } = split(source, reading.dialect, tokens);
    let closed = statements.into_iter().map(|range| Piece {
        semicolon: Some(tokens[range.end].span),
        tokens: &tokens[range],
    });
    let open = Piece {
        tokens: &tokens[open],
        semicolon: None,
    };
    closed.chain(std::iter::once(open)).collect()
}

/// A comment, without the line end that its token may hold.
#[derive(Debug, Clone, Copy)]
struct Comment<'a> {
    span: Span,
    text: &'a str,
}

impl Comment<'_> {
    /// Whether it goes to the end of its line, whatever comes.
    fn ends_line(&self) -> bool {
        !self.text.starts_with("/*")
    }
}

/// The comments between two words, by the word that they belong to.
#[derive(Debug, Default)]
struct Between<'a> {
    /// On the line of the word before.
    behind: Vec<Comment<'a>>,
    /// On lines of their own.
    above: Vec<Comment<'a>>,
    /// On the line of the word after.
    before: Vec<Comment<'a>>,
}

/// Which word a comment belongs to that has both on its line.
#[derive(Debug, Clone, Copy)]
enum Nearer {
    First,
    Second,
    /// The one that stands on its side of this comma.
    Comma(usize),
}

/// A part of a clause with its comments.
#[derive(Debug)]
struct Item<'a> {
    above: Vec<Comment<'a>>,
    before: Vec<Comment<'a>>,
    text: String,
    behind: Vec<Comment<'a>>,
    /// What separates it from the item before.
    separator: &'static str,
}

/// A line of a clause: its keyword and what follows.
#[derive(Debug)]
struct Line<'a> {
    rank: usize,
    above: Vec<Comment<'a>>,
    before: Vec<Comment<'a>>,
    keyword: String,
    /// Comments on the keyword's line that the first item does not stand on.
    behind: Vec<Comment<'a>>,
    items: Vec<Item<'a>>,
    wrap: Wrap,
}

/// A clause, taken apart.
#[derive(Debug, Default)]
struct Clause<'a> {
    behind_query: Vec<Comment<'a>>,
    lines: Vec<Line<'a>>,
    /// Comments on lines of their own at the end.
    rest: Vec<Comment<'a>>,
    end: usize,
}

impl<'a> Clause<'a> {
    /// Puts comments behind what has been read last.
    fn put_behind(&mut self, comments: Vec<Comment<'a>>) {
        match self.lines.last_mut().and_then(|line| line.items.last_mut()) {
            Some(item) => item.behind = comments,
            None => self.behind_query = comments,
        }
    }
}

/// What stands between a statement and its `;`.
struct Trailing<'c, 'a> {
    comments: &'c [Comment<'a>],
    end: Option<usize>,
}

/// How a list that is too long is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrap {
    /// It is not: it has one item.
    Never,
    /// As many items on a line as fit.
    Fill,
    /// One item a line.
    Each,
}

/// Where the parts of a sub-clause stand, in the order of the source.
struct Part {
    rank: usize,
    keyword: &'static str,
    wrap: Wrap,
    items: Vec<Place>,
    /// `FOR`, and the target behind it.
    target: Option<(Span, Span)>,
}

/// How an item's text is made from its place.
enum Place {
    Verbatim(Span),
    Name(Span),
    Attribute(Span, Span),
    Column(Span),
    Constraint(Span, Vec<Span>),
    Target(Span, Span),
}

impl Place {
    fn span(&self) -> Span {
        match self {
            Place::Verbatim(span) | Place::Name(span) | Place::Column(span) => *span,
            Place::Attribute(first, last) | Place::Target(first, last) => first.to(*last),
            Place::Constraint(expression, names) => {
                names.iter().fold(*expression, |span, name| span.to(*name))
            }
        }
    }
}

impl<'a> Printer<'a> {
    /// Prints what stands up to a `;`, with it.
    fn piece(&mut self, piece: &Piece<'a>, next: Option<&Piece<'a>>) {
        let (behind, leading): (Vec<_>, Vec<_>) = self
            .leading(piece)
            .into_iter()
            .partition(|comment| self.is_behind_statement(comment.span));
        for comment in behind {
            self.append(" ", comment.text, comment.span);
        }
        let first = piece.tokens.iter().position(|token| !token.is_trivia());
        let last = piece.tokens.iter().rposition(|token| !token.is_trivia());
        let (Some(first), Some(last)) = (first, last) else {
            self.empty(&leading, piece, next);
            return;
        };
        let tokens = &piece.tokens[first..=last];
        let span = tokens[0].span.to(tokens[tokens.len() - 1].span);
        let trailing = self.comments(&piece.tokens[last + 1..]);

        let between = self.sort(None, &leading, Some(span.start), Nearer::Second);
        let start = between.before.first().map_or(span.start, |c| c.span.start);
        let above = &piece.tokens[..first];
        let reading = statement::declared_reading(self.source, self.reading, above);
        let (read, errors) = statement::kind(self.source, reading, &mut tokens.to_vec(), span);
        let is_broken = read.is_none()
            || errors
                .iter()
                .any(|error| error.code.severity() == Severity::Error);
        // Lines that are not touched keep their place under the first one.
        let untouched = match &read {
            Some(kind) if !is_broken && !matches!(kind, StatementKind::Sql(_)) => query(kind),
            Some(_) | None => Some(span),
        };
        let indent = match untouched {
            Some(span) if self.source.slice(span).contains('\n') => self.indent(start),
            Some(_) | None => "",
        };
        for comment in &between.above {
            self.own_line(*comment, indent);
        }
        self.start_line(start, indent);
        for comment in &between.before {
            self.append("", comment.text, comment.span);
            self.out.push(' ');
        }
        match read.filter(|_| !is_broken) {
            None => {
                errors.into_iter().for_each(|error| self.errors.push(error));
                self.broken(piece, span, &trailing);
            }
            Some(kind) => {
                let trailing = Trailing {
                    comments: &trailing,
                    end: piece.semicolon.map(|semicolon| semicolon.start),
                };
                let (behind, rest) = self.statement(&kind, span, tokens, &trailing, indent);
                self.end(piece, next, &behind, &rest, indent);
            }
        }
    }

    /// Prints a statement that does not parse, up to its `;`, as it stands.
    fn broken(&mut self, piece: &Piece<'a>, span: Span, trailing: &[Comment<'a>]) {
        let end = match piece.semicolon {
            Some(semicolon) => semicolon.end,
            None => trailing.last().map_or(span.end, |last| last.span.end),
        };
        let whole = Span {
            start: span.start,
            end,
        };
        self.append("", self.source.slice(whole), whole);
    }

    /// Prints the end of a statement: the comments on its line, those on
    /// lines of their own, and the `;`.
    fn end(
        &mut self,
        piece: &Piece<'a>,
        next: Option<&Piece<'a>>,
        behind: &[Comment<'a>],
        rest: &[Comment<'a>],
        indent: &str,
    ) {
        let Some(semicolon) = piece.semicolon else {
            // The `;` that may be left out at the end stands behind what
            // stays on the statement's line.
            let end = self.printed.unwrap_or(0);
            self.semicolon_behind(behind, Span { start: end, end });
            for comment in rest {
                self.own_line(*comment, "");
            }
            return;
        };
        let text = self.source.slice(semicolon);
        let line = self.source.line(semicolon.start);
        let is_free = next.is_none_or(|next| !self.has_comment_on(next, line));
        if text == ";" && rest.is_empty() && (is_free || !behind.iter().any(Comment::ends_line)) {
            self.semicolon_behind(behind, semicolon);
            return;
        }
        for comment in behind {
            self.append(" ", comment.text, comment.span);
        }
        for comment in rest {
            self.own_line(*comment, indent);
        }
        self.out += self.line_end;
        self.append(indent, text, semicolon);
    }

    /// Whether the piece begins with a comment on that line.
    fn has_comment_on(&self, piece: &Piece<'a>, line: usize) -> bool {
        let leading = self.leading(piece);
        let mut lines = leading.iter().map(|c| self.source.line(c.span.start));
        lines.any(|other| other == line)
    }

    /// The comments in front of a statement.
    fn leading(&self, piece: &Piece<'a>) -> Vec<Comment<'a>> {
        let first = piece.tokens.iter().position(|token| !token.is_trivia());
        self.comments(&piece.tokens[..first.unwrap_or(piece.tokens.len())])
    }

    /// `;` behind the comments that do not end their line.
    fn semicolon_behind(&mut self, behind: &[Comment<'a>], at: Span) {
        for comment in behind.iter().filter(|comment| !comment.ends_line()) {
            self.append(" ", comment.text, comment.span);
        }
        self.append("", ";", at);
        for comment in behind.iter().filter(|comment| comment.ends_line()) {
            self.append(" ", comment.text, comment.span);
        }
    }

    /// Prints what stands between two `;` without a statement. The second `;`
    /// goes, unless it keeps a comment from the statement below.
    fn empty(&mut self, comments: &[Comment<'a>], piece: &Piece<'a>, next: Option<&Piece<'a>>) {
        for comment in comments {
            self.own_line(*comment, "");
        }
        let Some(semicolon) = piece.semicolon else {
            return;
        };
        let line = self.source.line(semicolon.start);
        let keeps = !self.comments(piece.tokens).is_empty()
            || next.is_some_and(|next| self.has_comment_on(next, line));
        let text = self.source.slice(semicolon);
        if keeps || text != ";" {
            self.start_line(semicolon.start, "");
            self.append("", text, semicolon);
        }
    }

    /// Prints what cannot be read at the end of the text, as it stands.
    fn tail(&mut self, tail: Option<&Piece<'a>>) {
        let start = tail
            .and_then(|tail| tail.tokens.first())
            .map_or(self.printed.unwrap_or(0), |token| token.span.start);
        self.out += &self.source.text()[start..];
    }

    /// Whether a comment stands on the line on which the statement before
    /// ends: then it is no directive for the one below.
    fn is_behind_statement(&self, comment: Span) -> bool {
        self.printed
            .is_some_and(|end| self.source.line(end - 1) == self.source.line(comment.start))
    }

    fn comments(&self, tokens: &[Token]) -> Vec<Comment<'a>> {
        tokens
            .iter()
            .filter(|token| token.kind() == TokenKind::Comment)
            .map(|token| {
                let text = self.source.slice(token.span).trim_end();
                Comment {
                    span: Span {
                        start: token.span.start,
                        end: token.span.start + text.len(),
                    },
                    text,
                }
            })
            .collect()
    }

    /// Says to which of two words, or ends of the text, each comment between
    /// them belongs.
    fn sort(
        &self,
        first: Option<usize>,
        comments: &[Comment<'a>],
        second: Option<usize>,
        nearer: Nearer,
    ) -> Between<'a> {
        let is_one_line = |from: usize, to: usize| !self.source.text()[from..to].contains('\n');
        let count = comments.len();
        let mut behind = 0;
        if let Some(mut end) = first {
            while behind < count && is_one_line(end, comments[behind].span.start) {
                end = comments[behind].span.end;
                behind += 1;
            }
        }
        let mut before = count;
        if let Some(mut start) = second {
            while before > 0
                && !comments[before - 1].ends_line()
                && is_one_line(comments[before - 1].span.end, start)
            {
                before -= 1;
                start = comments[before].span.start;
            }
        }
        if before < behind {
            // All of it is one line.
            let split = match nearer {
                Nearer::First => count,
                Nearer::Second => 0,
                Nearer::Comma(comma) => comments.partition_point(|c| c.span.start < comma),
            };
            (behind, before) = (split, split);
        }
        Between {
            behind: comments[..behind].to_vec(),
            above: comments[behind..before].to_vec(),
            before: comments[before..].to_vec(),
        }
    }

    /// The blanks in front of a place when nothing else is on its line.
    fn indent(&self, start: usize) -> &'a str {
        let text = &self.source.text()[..start];
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        let before = &text[line..];
        match before.chars().all(|c| c == ' ' || c == '\t') {
            true => before,
            false => "",
        }
    }

    /// Begins the line of what stands at `start`, and keeps one blank line
    /// where there were any.
    fn start_line(&mut self, start: usize, indent: &str) {
        if let Some(printed) = self.printed {
            let lines = self.source.text()[printed..start].matches('\n').count();
            for _ in 0..lines.clamp(1, 2) {
                self.out += self.line_end;
            }
        }
        self.out += indent;
    }

    /// Prints a comment on a line of its own. One of several lines is drawn
    /// where it stands.
    fn own_line(&mut self, comment: Comment<'a>, indent: &str) {
        let indent = match comment.text.contains('\n') {
            true => self.indent(comment.span.start),
            false => indent,
        };
        self.start_line(comment.span.start, indent);
        self.append("", comment.text, comment.span);
    }

    fn append(&mut self, separator: &str, text: &str, at: Span) {
        self.out += separator;
        self.out += text;
        // What is printed in another order takes nothing back.
        self.printed = self.printed.max(Some(at.end));
    }

    /// Prints a statement without its `;`, and gives the comments that belong
    /// behind it on its last line, and below.
    fn statement(
        &mut self,
        kind: &StatementKind,
        span: Span,
        tokens: &'a [Token],
        trailing: &Trailing<'_, 'a>,
        indent: &str,
    ) -> (Vec<Comment<'a>>, Vec<Comment<'a>>) {
        if let StatementKind::Sql(_) = kind {
            self.append("", self.source.slice(span), span);
            return self.trailing(span.end, trailing.comments, trailing.end);
        }
        let Clause {
            behind_query,
            mut lines,
            rest,
            end,
        } = self.clause(kind, tokens, trailing);
        lines.sort_by_key(|line| line.rank);
        if let Some(query) = query(kind) {
            self.append("", self.source.slice(query), query);
            for comment in &behind_query {
                self.append(" ", comment.text, comment.span);
            }
            self.out += self.line_end;
        }
        let last = lines.last_mut().and_then(|line| line.items.last_mut());
        let behind = last.map_or_else(Vec::new, |item| std::mem::take(&mut item.behind));
        for (at, line) in lines.iter().enumerate() {
            if at > 0 {
                self.out += self.line_end;
            }
            self.line(line, indent);
        }
        self.printed = Some(end);
        (behind, rest)
    }

    /// The comments behind what ends at `end`, and below it.
    fn trailing(
        &self,
        end: usize,
        comments: &[Comment<'a>],
        next: Option<usize>,
    ) -> (Vec<Comment<'a>>, Vec<Comment<'a>>) {
        let mut between = self.sort(Some(end), comments, next, Nearer::First);
        between.above.append(&mut between.before);
        (between.behind, between.above)
    }

    /// Takes a clause apart, in the order of the source.
    fn clause(
        &self,
        kind: &StatementKind,
        tokens: &'a [Token],
        trailing: &Trailing<'_, 'a>,
    ) -> Clause<'a> {
        let mut cursor = Cursor {
            printer: self,
            tokens,
            at: 0,
        };
        let mut clause = Clause::default();
        let mut end = query(kind).map(|query| query.end);
        for part in parts(kind, tokens) {
            let (line, behind) = cursor.line(part, end);
            clause.put_behind(behind);
            clause.lines.push(line);
            end = Some(cursor.end());
        }
        // A comma may stand at the end of the last list.
        let mut comments = self.comments(&tokens[cursor.at..]);
        comments.extend(trailing.comments);
        let (behind, rest) = self.trailing(cursor.end(), &comments, trailing.end);
        clause.put_behind(behind);
        clause.rest = rest;
        clause.end = cursor.end();
        clause
    }

    /// Prints a line of a clause, or the lines of a list that is too long.
    fn line(&mut self, line: &Line<'a>, indent: &str) {
        for comment in &line.above {
            self.out += indent;
            self.out += comment.text;
            self.out += self.line_end;
        }
        self.out += indent;
        for comment in &line.before {
            self.out += comment.text;
            self.out.push(' ');
        }
        let before: usize = line.before.iter().map(|c| c.text.width() + 1).sum();
        self.out += &line.keyword;
        let is_broken = line.behind.iter().any(Comment::ends_line)
            || line.items.iter().any(|item| !item.above.is_empty())
            || line.wrap != Wrap::Never && has_line_ends(&line.items);
        let width = indent.width() + before + line.keyword.width() + 1 + width(&line.items);
        let is_list = line.wrap != Wrap::Never && line.items.len() > 1;
        for comment in &line.behind {
            self.out.push(' ');
            self.out += comment.text;
        }
        if !is_broken && (width <= WIDTH || !is_list) {
            self.out.push(' ');
            self.items(&line.items, Wrap::Never, "");
            return;
        }
        let indent = format!("{indent}{INDENT}");
        let wrap = match line.wrap {
            Wrap::Fill if !is_broken => Wrap::Fill,
            Wrap::Fill | Wrap::Each | Wrap::Never => Wrap::Each,
        };
        self.out += self.line_end;
        self.out += &indent;
        self.items(&line.items, wrap, &indent);
    }

    fn items(&mut self, items: &[Item<'a>], wrap: Wrap, indent: &str) {
        let mut column = indent.width();
        for (at, item) in items.iter().enumerate() {
            let separator = items.get(at + 1).map_or("", |next| next.separator);
            let width = width(std::slice::from_ref(item)) + separator.len();
            if at > 0 {
                let breaks = match wrap {
                    Wrap::Never => false,
                    Wrap::Fill => column + 1 + width > WIDTH,
                    Wrap::Each => !item.separator.is_empty() || !item.above.is_empty(),
                };
                let is_line_over = items[at - 1].behind.iter().any(Comment::ends_line);
                if breaks || is_line_over {
                    self.out += self.line_end;
                    self.out += indent;
                    column = indent.width();
                } else {
                    self.out.push(' ');
                    column += 1;
                }
            }
            for comment in &item.above {
                self.out += comment.text;
                self.out += self.line_end;
                self.out += indent;
            }
            for comment in &item.before {
                self.out += comment.text;
                self.out.push(' ');
            }
            self.out += &item.text;
            for comment in item.behind.iter().filter(|c| !c.ends_line()) {
                self.out.push(' ');
                self.out += comment.text;
            }
            self.out += separator;
            for comment in item.behind.iter().filter(|c| c.ends_line()) {
                self.out.push(' ');
                self.out += comment.text;
            }
            column += width;
        }
    }
}

/// The width of items on one line, without a comment that ends the line.
fn width(items: &[Item<'_>]) -> usize {
    let comments = |comments: &[Comment<'_>]| -> usize {
        let inner = comments.iter().filter(|comment| !comment.ends_line());
        inner.map(|comment| comment.text.width() + 1).sum()
    };
    let widths = items.iter().enumerate().map(|(at, item)| {
        let separator = if at == 0 { 0 } else { item.separator.len() + 1 };
        separator + item.text.width() + comments(&item.before) + comments(&item.behind)
    });
    widths.sum()
}

/// Whether items cannot stand on one line.
fn has_line_ends(items: &[Item<'_>]) -> bool {
    let comments = |comments: &[Comment<'_>]| comments.iter().any(|c| c.text.contains('\n'));
    items.iter().enumerate().any(|(at, item)| {
        let is_last = at + 1 == items.len();
        item.text.contains('\n') && items.len() > 1
            || comments(&item.before)
            || comments(&item.behind) && !is_last
            || !is_last && item.behind.iter().any(Comment::ends_line)
    })
}

/// Walks over a clause's tokens, from part to part.
struct Cursor<'p, 'a> {
    printer: &'p Printer<'a>,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'_, 'a> {
    /// Where the words passed so far end.
    fn end(&self) -> usize {
        self.tokens[..self.at]
            .iter()
            .rfind(|token| !token.is_trivia())
            .map_or(0, |token| token.span.end)
    }

    /// The tokens from the cursor to a place.
    fn upto(&mut self, start: usize) -> &'a [Token] {
        let from = self.at;
        self.at = self
            .tokens
            .partition_point(|token| token.span.start < start);
        &self.tokens[from..self.at]
    }

    /// Reads one line of the clause, and the comments that belong behind what
    /// ends at `end`.
    fn line(&mut self, part: Part, end: Option<usize>) -> (Line<'a>, Vec<Comment<'a>>) {
        let printer = self.printer;
        // Where the query is left behind, its tokens are.
        if let Some(end) = end {
            self.upto(end);
        }
        let first = part.items.first().map_or(0, |item| item.span().start);
        let tokens = self.upto(first);
        let words: Vec<&Token> = tokens.iter().filter(|token| is_keyword(token)).collect();
        // A comma at the end of the list before stands here, too.
        let keyword = words.first().map_or(first, |word| word.span.start);
        let keyword_end = words.last().map_or(first, |word| word.span.end);
        let comments = printer.comments(tokens);
        let (outer, inner): (Vec<_>, Vec<_>) = comments
            .into_iter()
            .partition(|comment| comment.span.start < keyword);
        let outer = printer.sort(end, &outer, Some(keyword), Nearer::First);
        let from = inner
            .first()
            .map_or(keyword_end, |c| c.span.start.min(keyword_end));
        let mut inner = printer.sort(Some(from), &inner, Some(first), Nearer::Second);
        if inner.above.is_empty() && !inner.behind.iter().any(Comment::ends_line) {
            // They are going to stand on the line of both.
            inner.before.splice(0..0, inner.behind.drain(..));
        }
        let mut items: Vec<Item<'a>> = Vec::new();
        let mut end = keyword_end;
        let targets = part
            .target
            .map(|(word, name)| (Place::Target(word, name), ""));
        let places = part.items.into_iter().map(|item| (item, ","));
        for (place, separator) in places.chain(targets) {
            let span = place.span();
            let tokens = self.upto(span.start);
            let between = match items.is_empty() {
                true => Between {
                    behind: Vec::new(),
                    above: std::mem::take(&mut inner.above),
                    before: std::mem::take(&mut inner.before),
                },
                false => {
                    let comma = tokens.iter().find(|token| printer.is_comma(token));
                    let nearer = comma.map_or(Nearer::First, |c| Nearer::Comma(c.span.start));
                    let comments = printer.comments(tokens);
                    printer.sort(Some(end), &comments, Some(span.start), nearer)
                }
            };
            if let Some(last) = items.last_mut() {
                last.behind = between.behind;
            }
            items.push(Item {
                above: between.above,
                before: between.before,
                text: printer.text(&place, self.upto(span.end)),
                behind: Vec::new(),
                separator,
            });
            end = span.end;
        }
        let line = Line {
            rank: part.rank,
            above: outer.above,
            before: outer.before,
            keyword: part.keyword.to_owned(),
            behind: inner.behind,
            items,
            wrap: part.wrap,
        };
        (line, outer.behind)
    }
}

fn is_keyword(token: &Token) -> bool {
    token.kind() == TokenKind::Word
}

impl<'a> Printer<'a> {
    fn is_comma(&self, token: &Token) -> bool {
        token.kind() == TokenKind::Symbol && self.source.slice(token.span) == ","
    }

    /// The canonical text of an item.
    fn text(&self, place: &Place, tokens: &[Token]) -> String {
        let verbatim = self.source.slice(place.span());
        // What MySQL executes in a comment's place starts like one, too.
        let is_comment = |token: &Token| {
            token.kind() == TokenKind::Comment || self.source.slice(token.span).starts_with("/*")
        };
        if tokens.iter().any(is_comment) {
            return verbatim.to_owned();
        }
        let inside = |span: Span| -> Vec<&Token> {
            tokens
                .iter()
                .filter(|token| !token.is_trivia())
                .filter(|token| span.start <= token.span.start && token.span.end <= span.end)
                .collect()
        };
        match place {
            Place::Verbatim(_) => verbatim.to_owned(),
            Place::Name(name) => self.joined(&inside(*name)),
            Place::Attribute(name, value) => format!(
                "{} = {}",
                self.joined(&inside(*name)),
                self.spaced(&inside(*value))
            ),
            Place::Column(column) => self.spaced(&inside(*column)),
            Place::Constraint(expression, names) => {
                let names: Vec<_> = names.iter().map(|name| self.source.slice(*name)).collect();
                let expression = self.source.slice(*expression);
                match names.as_slice() {
                    [] => expression.to_owned(),
                    names => format!("{expression} GROUP BY {}", names.join(", ")),
                }
            }
            Place::Target(_, target) => format!("FOR {}", self.source.slice(*target)),
        }
    }

    /// A dotted name.
    fn joined(&self, tokens: &[&Token]) -> String {
        let texts = tokens.iter().map(|token| self.source.slice(token.span));
        texts.collect()
    }

    /// A value or a column. Words without a space between them stay so: they
    /// may be one, as in `multi:softmax`.
    fn spaced(&self, tokens: &[&Token]) -> String {
        let text = |at: usize| match tokens.get(at) {
            Some(token) if token.kind() == TokenKind::Symbol => self.source.slice(token.span),
            _ => "",
        };
        let mut out = String::new();
        for (at, token) in tokens.iter().enumerate() {
            let is_trailing_comma = text(at) == "," && matches!(text(at + 1), ")" | "]");
            if is_trailing_comma {
                continue;
            }
            if let Some(before) = at.checked_sub(1) {
                let is_tight = matches!(text(at), "," | ")" | "]" | "(")
                    || matches!(text(before), "(" | "[")
                    || at == 1 && matches!(text(0), "-" | "+")
                    || matches!(text(before), "-" | "+")
                        && matches!(text(before.wrapping_sub(1)), "," | "[" | "(");
                let is_adjacent = tokens[before].span.end == token.span.start;
                if !is_tight && (!is_adjacent || text(before) == ",") {
                    out.push(' ');
                }
            }
            out += self.source.slice(token.span);
        }
        out
    }
}

/// The query of an ML statement.
fn query(kind: &StatementKind) -> Option<Span> {
    let query = match kind {
        StatementKind::Train(train) => &train.query,
        StatementKind::Predict(predict) => &predict.query,
        StatementKind::Explain(explain) => &explain.query,
        StatementKind::Evaluate(evaluate) => &evaluate.query,
        StatementKind::Run(run) => &run.query,
        StatementKind::Optimize(optimize) => &optimize.query,
        StatementKind::Sql(_) | StatementKind::ShowTrain(_) => return None,
    };
    Some(query.span)
}

/// The sub-clauses in the order of the grammar.
const SUB_CLAUSES: [&str; 7] = [
    "CONSTRAINT",
    "WITH",
    "COLUMN",
    "LABEL",
    "USING",
    "CMD",
    "INTO",
];

impl Part {
    fn new(keyword: &'static str, wrap: Wrap, items: Vec<Place>) -> Part {
        let rank = SUB_CLAUSES.iter().position(|word| *word == keyword);
        Part {
            // The clause's own keyword comes first.
            rank: rank.map_or(0, |rank| rank + 1),
            keyword,
            wrap,
            items,
            target: None,
        }
    }

    fn name(keyword: &'static str, name: Option<&Name>) -> Option<Part> {
        name.map(|name| Part::new(keyword, Wrap::Never, vec![Place::Name(name.span)]))
    }

    fn names(keyword: &'static str, names: &[Name]) -> Option<Part> {
        let places = names.iter().map(|name| Place::Name(name.span)).collect();
        (!names.is_empty()).then(|| Part::new(keyword, Wrap::Fill, places))
    }

    fn with(attributes: &[Attribute]) -> Option<Part> {
        let places = attributes
            .iter()
            .map(|attribute| Place::Attribute(attribute.name_span, attribute.value.span))
            .collect();
        (!attributes.is_empty()).then(|| Part::new("WITH", Wrap::Each, places))
    }

    fn label(label: Option<&Ident>) -> Option<Part> {
        label.map(|label| Part::new("LABEL", Wrap::Never, vec![Place::Verbatim(label.span)]))
    }

    fn columns(clause: &ColumnClause, tokens: &[Token]) -> Part {
        let places = clause
            .columns
            .iter()
            .map(|column| Place::Column(column.span))
            .collect();
        let mut part = Part::new("COLUMN", Wrap::Fill, places);
        part.target = clause.target.as_ref().and_then(|target| {
            let mut before = tokens.iter().rev().filter(|token| !token.is_trivia());
            let word = before.find(|token| token.span.end <= target.span.start)?;
            Some((word.span, target.span))
        });
        part
    }

    fn constraints(constraints: &[Constraint]) -> Option<Part> {
        let places = constraints
            .iter()
            .map(|constraint| {
                let names = constraint.group_by.iter().map(|name| name.span);
                Place::Constraint(constraint.expression.span, names.collect())
            })
            .collect();
        (!constraints.is_empty()).then(|| Part::new("CONSTRAINT", Wrap::Each, places))
    }

    /// `CMD`, whose strings have no place in the syntax tree.
    fn command(tokens: &[Token], image: Span) -> Option<Part> {
        let mut words = tokens
            .iter()
            .filter(|token| !token.is_trivia() && token.span.start >= image.end)
            .peekable();
        let is_string =
            |token: &Token| matches!(token.kind(), TokenKind::String | TokenKind::QuotedWord);
        while let Some(word) = words.next() {
            if !(word.is_word("CMD") && words.peek().is_some_and(|next| is_string(next))) {
                continue;
            }
            let list =
                words.take_while(|token| is_string(token) || token.kind() == TokenKind::Symbol);
            let strings = list
                .filter(|token| is_string(token))
                .map(|token| Place::Verbatim(token.span))
                .collect();
            return Some(Part::new("CMD", Wrap::Fill, strings));
        }
        None
    }
}

/// A clause's keyword with what it stands in front of, and its sub-clauses,
/// all in the order of the source.
fn parts(kind: &StatementKind, tokens: &[Token]) -> Vec<Part> {
    let head = |keyword, place| Some(Part::new(keyword, Wrap::Never, vec![place]));
    let mut parts: Vec<Part> = match kind {
        StatementKind::Sql(_) => Vec::new(),
        StatementKind::ShowTrain(show) => Part::name("SHOW TRAIN", Some(&show.model))
            .into_iter()
            .collect(),
        StatementKind::Train(train) => [
            head("TO TRAIN", Place::Verbatim(train.estimator.span)),
            Part::with(&train.attributes),
            Part::label(train.label.as_ref()),
            Part::name("USING", train.start_from.as_ref()),
            Part::name("INTO", train.into.as_ref()),
        ]
        .into_iter()
        .flatten()
        .chain(
            train
                .columns
                .iter()
                .map(|clause| Part::columns(clause, tokens)),
        )
        .collect(),
        StatementKind::Predict(predict) => {
            let target = predict.into.span.to(predict.column.span);
            [
                head("TO PREDICT", Place::Name(target)),
                Part::with(&predict.attributes),
                Part::name("USING", predict.model.as_ref()),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        StatementKind::Explain(explain) => [
            Part::name("TO EXPLAIN", Some(&explain.model)),
            Part::with(&explain.attributes),
            Part::name("USING", explain.explainer.as_ref()),
            Part::name("INTO", explain.into.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect(),
        StatementKind::Evaluate(evaluate) => [
            Part::name("TO EVALUATE", Some(&evaluate.model)),
            Part::with(&evaluate.attributes),
            Part::label(evaluate.label.as_ref()),
            Part::name("INTO", evaluate.into.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect(),
        StatementKind::Run(run) => [
            head("TO RUN", Place::Verbatim(run.image_span)),
            Part::command(tokens, run.image_span),
            Part::names("INTO", &run.into),
        ]
        .into_iter()
        .flatten()
        .collect(),
        StatementKind::Optimize(optimize) => {
            let keyword = match optimize.sense {
                Sense::Maximize => "TO MAXIMIZE",
                Sense::Minimize => "TO MINIMIZE",
            };
            [
                head(keyword, Place::Verbatim(optimize.objective.span)),
                Part::constraints(&optimize.constraints),
                Part::with(&optimize.attributes),
                Part::name("USING", optimize.solver.as_ref()),
                Part::name("INTO", optimize.into.as_ref()),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
    };
    parts.sort_by_key(|part| part.items.first().map(|item| item.span().start));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::sql::Dialect;

    fn formatted(text: &str) -> String {
        let source = SourceFile::new("test.sql", text);
        format(&source, Dialect::DuckDb).text
    }

    #[test]
    fn a_clause_has_a_line_for_each_part() {
        insta::assert_snapshot!(formatted(
            "select *  from t to train DNNClassifier into m label class column a,b,DENSE( c,64,COMMA ) \
             for x COLUMN * with model . hidden_units=[64,32,],train.epoch = - 1, using n;
             select * from t predict db.t.class using m with predict.batch_size=1
             ; show   train m; select 1 to run a/b:v1 into x,y cmd 'python', \"-m\""
        ), @r#"
        select *  from t
        TO TRAIN DNNClassifier
        WITH model.hidden_units = [64, 32], train.epoch = -1
        COLUMN a, b, DENSE(c, 64, COMMA) FOR x
        COLUMN *
        LABEL class
        USING n
        INTO m;
        select * from t
        TO PREDICT db.t.class
        WITH predict.batch_size = 1
        USING m;
        SHOW TRAIN m;
        select 1
        TO RUN a/b:v1
        CMD 'python', "-m"
        INTO x, y;
        "#);
    }

    #[test]
    fn long_lists_are_broken() {
        insta::assert_snapshot!(formatted(
            "SELECT * FROM t TO TRAIN xgboost.gbtree WITH objective = 'multi:softprob', num_class = 3, \
             train.num_boost_round = 30, eta = 0.1 COLUMN sepal_length, sepal_width, petal_length, \
             petal_width, DENSE(c, 64, COMMA), INDICATOR(CATEGORY_HASH(district, 50)) FOR target \
             LABEL c INTO m;
             SELECT * FROM t TO MAXIMIZE SUM((price - cost)
               * amount) CONSTRAINT SUM(amount)<=100 group by country , year, amount>=1, \
               SUM(price * amount) <= 1000 * MAX(budget_in_thousands) WITH variables='amount' INTO p;"
        ), @"
        SELECT * FROM t
        TO TRAIN xgboost.gbtree
        WITH objective = 'multi:softprob', num_class = 3, train.num_boost_round = 30, eta = 0.1
        COLUMN
            sepal_length, sepal_width, petal_length, petal_width, DENSE(c, 64, COMMA),
            INDICATOR(CATEGORY_HASH(district, 50)) FOR target
        LABEL c
        INTO m;
        SELECT * FROM t
        TO MAXIMIZE SUM((price - cost)
                       * amount)
        CONSTRAINT
            SUM(amount)<=100 GROUP BY country, year,
            amount>=1,
            SUM(price * amount) <= 1000 * MAX(budget_in_thousands)
        WITH variables = 'amount'
        INTO p;
        ");
    }

    #[test]
    fn comments_stay_with_what_they_are_about() {
        insta::assert_snapshot!(formatted(
            "-- sqlflowc: cpu=1
SELECT * -- all
FROM t -- the table
TO TRAIN xgboost.gbtree -- trees
  -- where it goes
  INTO m -- a name
  /* the answer */ LABEL c /* of all */
  -- what it learns with
  WITH -- parameters
    a = 1, -- one
    -- two comes next
    b = 2 /* two */, /* three */ c = [ 1, -- inside
  2 ]
  -- the end
;  -- behind
SELECT 1 -- done
; SELECT 2 /* done */ ;"
        ), @"
        -- sqlflowc: cpu=1
        SELECT * -- all
        FROM t -- the table
        TO TRAIN xgboost.gbtree -- trees
        -- what it learns with
        WITH -- parameters
            a = 1, -- one
            -- two comes next
            b = 2 /* two */,
            /* three */ c = [ 1, -- inside
          2 ]
        /* the answer */ LABEL c /* of all */
        -- where it goes
        INTO m -- a name
        -- the end
        ; -- behind
        SELECT 1; -- done
        SELECT 2 /* done */;
        ");
    }

    #[test]
    fn sql_and_what_does_not_parse_are_left_as_they_stand() {
        let text = "\u{feff}\r\n\r\n  select  1 ,\r\n\t2;;\r\n\r\n\r\n\r\nselec  1 ;  select 'a\nb' TO EXPLAIN m\r\n";
        assert_eq!(
            formatted(text),
            "\u{feff}  select  1 ,\r\n\t2;\r\n\r\nselec  1 ;\r\nselect 'a\nb'\r\nTO EXPLAIN m;\r\n"
        );
        let source = SourceFile::new("test.sql", text);
        assert_eq!(format(&source, Dialect::DuckDb).errors.iter().count(), 1);
        assert_eq!(
            formatted("SELECT 1 ;\n\n  SELECT 'a  \n ;"),
            "SELECT 1;\n\n  SELECT 'a  \n ;"
        );
        assert_eq!(formatted(" \n"), "");
        assert_eq!(formatted("-- nothing"), "-- nothing\n");
    }
}
