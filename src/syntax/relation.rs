//! A query as far as the columns of its result go, and what statements do to
//! the columns of tables: what stays of a statement's syntax tree. Names are
//! places in the program's text, so that keeping them costs next to nothing.

use super::ast::Ident;
use super::types::Kind;
use crate::source::{SourceFile, Span};

/// A name as it stands in the text, with its quotes if it has any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    start: u32,
    end: u32,
    pub quoted: bool,
}

impl Word {
    /// `None` for what no text of a sensible size holds.
    pub(crate) fn new(span: Span, quoted: bool) -> Option<Word> {
        Some(Word {
            start: u32::try_from(span.start).ok()?,
            end: u32::try_from(span.end).ok()?,
            quoted,
        })
    }

    pub fn span(self) -> Span {
        Span {
            start: self.start as usize,
            end: self.end as usize,
        }
    }

    /// The name without its quotes, which are one byte each.
    pub fn text(self, source: &SourceFile) -> &str {
        let text = source.slice(self.span());
        match self.quoted {
            true => text.get(1..text.len() - 1).unwrap_or(text),
            false => text,
        }
    }

    pub fn ident(self, source: &SourceFile) -> Ident {
        Ident {
            text: self.text(source).to_owned(),
            quoted: self.quoted,
            span: self.span(),
        }
    }
}

/// A name of one or more parts: `a`, `t.a`, `s.t`.
pub type Path = Box<[Word]>;

#[derive(Debug, Default)]
pub struct Query {
    pub definitions: Vec<Definition>,
    pub body: Body,
}

/// A common table expression.
#[derive(Debug)]
pub struct Definition {
    pub name: Word,
    pub columns: Vec<Word>,
    pub query: Query,
    pub recursive: bool,
}

#[derive(Debug, Default)]
pub enum Body {
    Select(Box<Select>),
    /// `UNION` and the like; two arms at least.
    Arms {
        arms: Vec<Query>,
        by_name: bool,
    },
    Values(Vec<Value>),
    /// What has columns that cannot be told.
    #[default]
    Unknown,
}

#[derive(Debug, Default)]
pub struct Select {
    pub items: Vec<Item>,
    pub from: Vec<Joined>,
    /// Columns that its expressions name.
    pub references: Vec<Path>,
    /// The queries inside its expressions.
    pub queries: Vec<Query>,
    /// Whether its expressions may name what is no column, such as the
    /// parameter of a lambda.
    pub is_vague: bool,
}

/// One entry of a select list.
#[derive(Debug)]
pub enum Item {
    /// `name` is missing when the database makes one up.
    Value {
        name: Option<Word>,
        value: Value,
    },
    Every(Box<Every>),
    /// Any number of columns.
    Unknown,
}

/// `*` or `t.*`.
#[derive(Debug)]
pub struct Every {
    pub of: Option<Path>,
    pub except: Vec<Word>,
    pub replace: Vec<(Word, Value)>,
    pub rename: Vec<(Word, Word)>,
}

/// A relation in FROM and how it is joined to those on its left.
#[derive(Debug)]
pub struct Joined {
    pub relation: Relation,
    pub join: Join,
}

#[derive(Debug)]
pub enum Join {
    /// A comma, or the first one.
    Comma,
    /// `ON`, `CROSS`.
    Plain,
    Using(Vec<Word>),
    Natural,
    /// `SEMI` and `ANTI`: the right side's columns are not in the result.
    Hidden,
    Unknown,
}

#[derive(Debug)]
pub enum Relation {
    Table {
        name: Path,
        alias: Option<Alias>,
    },
    Query {
        query: Box<Query>,
        alias: Option<Alias>,
    },
    /// Joins in parentheses.
    Joins(Vec<Joined>),
    Unknown {
        alias: Option<Word>,
    },
}

#[derive(Debug)]
pub struct Alias {
    pub name: Word,
    pub columns: Vec<Word>,
}

/// An expression as far as its type is evident.
#[derive(Debug)]
pub enum Value {
    Column(Path),
    Of(Kind),
    Arithmetic(Box<(Value, Value)>),
    Unknown,
}

/// What a plain SQL statement says of columns.
#[derive(Debug, Default)]
pub struct Columns {
    pub query: Option<Query>,
    pub target: Option<Target>,
    pub changes: Vec<Change>,
}

/// A table whose rows a statement adds or changes, with the columns that it
/// names of it.
#[derive(Debug)]
pub struct Target {
    pub table: Path,
    pub columns: Vec<Word>,
    /// Whether each row of the statement's query has a value for each of the
    /// columns: for all of the table's when none are named.
    pub takes_rows: bool,
}

/// What a statement does to the columns of a table.
#[derive(Debug)]
pub enum Change {
    Create {
        table: Path,
        columns: Vec<(Word, Option<Kind>)>,
        /// Whether the database computes some of them.
        computes: bool,
        mode: Mode,
    },
    /// A table, or a view, of the result of the statement's query.
    CreateAs {
        table: Path,
        columns: Vec<Word>,
        mode: Mode,
        is_view: bool,
    },
    CreateLike {
        table: Path,
        like: Path,
        mode: Mode,
    },
    Drop(Path),
    Rename(Path, Path),
    Swap(Path, Path),
    AddColumn {
        table: Path,
        column: Word,
        kind: Option<Kind>,
    },
    DropColumn(Path, Word),
    /// A new name, or a new type, or both.
    ChangeColumn {
        table: Path,
        old: Word,
        new: Word,
        kind: Option<Kind>,
    },
    /// Statements before it may not have happened.
    Rollback,
}

/// What becomes of a table of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// There is none, or it is replaced.
    New,
    /// It stays as it is.
    IfNotExists,
}
