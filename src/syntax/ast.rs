//! The program as written: what the parser makes, nothing resolved.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use super::relation;
use crate::source::Span;

/// A program: its statements in order.
#[derive(Debug, Default, Serialize)]
pub struct Program {
    pub statements: Vec<Statement>,
    /// Whether all of its statements could be read.
    #[serde(skip)]
    pub is_whole: bool,
}

/// One piece of the program, up to its `;`.
#[derive(Debug, Serialize)]
pub struct Statement {
    /// From the first token to the last, without the `;`.
    pub span: Span,
    pub directives: Vec<Directive>,
    pub kind: StatementKind,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    Sql(SqlStatement),
    Train(Train),
    Predict(Predict),
    Explain(Explain),
    Evaluate(Evaluate),
    Run(Run),
    Optimize(Optimize),
    ShowTrain(ShowTrain),
}

/// An identifier as written, quotes taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    pub text: String,
    pub quoted: bool,
    pub span: Span,
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted {
            write!(f, "\"{}\"", self.text.replace('"', "\"\""))
        } else {
            f.write_str(&self.text)
        }
    }
}

impl Serialize for Ident {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A dotted name: `db.table`, `iris_model`, `train.batch_size`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub parts: Vec<Ident>,
    pub span: Span,
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts: Vec<_> = self.parts.iter().map(Ident::to_string).collect();
        serializer.serialize_str(&parts.join("."))
    }
}

impl Name {
    /// The parts joined by dots, for messages and for names of models.
    pub fn dotted(&self) -> String {
        let parts: Vec<_> = self.parts.iter().map(|part| part.text.as_str()).collect();
        parts.join(".")
    }

    pub fn last(&self) -> &Ident {
        self.parts.last().expect("a name has at least one part")
    }
}

/// A plain SQL statement and what it does to the database.
#[derive(Debug, Serialize)]
pub struct SqlStatement {
    pub span: Span,
    pub effects: Effects,
    /// What it says of the columns of tables.
    #[serde(skip)]
    pub columns: Option<Box<relation::Columns>>,
}

/// A query: what it reads and, where the text tells, what it returns.
#[derive(Debug, Serialize)]
pub struct SqlQuery {
    pub span: Span,
    pub effects: Effects,
    /// What the columns of its result follow from.
    #[serde(skip)]
    pub columns: relation::Query,
}

impl SqlQuery {
    /// Stands in for a query that does not parse; says why it is unknown.
    pub(crate) fn unknown(span: Span, why: &'static str) -> SqlQuery {
        SqlQuery {
            span,
            effects: Effects::unknown(why),
            columns: relation::Query::default(),
        }
    }
}

/// What a SQL statement reads, writes and leaves behind in its session.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Effects {
    pub reads: Vec<Name>,
    pub writes: Vec<Name>,
    /// Schemas or databases created, dropped or altered as a whole.
    pub schemas: Vec<Name>,
    /// Functions that it calls, in lower case, without their schemas.
    #[serde(skip)]
    pub calls: BTreeSet<String>,
    /// The function, macro or procedure that it defines, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defines: Option<String>,
    /// What the names of tables do not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// What the statement does beyond reading and writing tables.
    pub role: Role,
    /// The statement's verb, such as `create`, `insert` or `select`.
    pub verb: &'static str,
    /// How the query in it chooses its rows.
    #[serde(skip)]
    pub rows: Rows,
}

/// What shows of how a query chooses its rows and columns.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Which rows it takes is left to chance: why.
    pub drawn: Option<&'static str>,
    /// There are random values among those that it works out.
    pub random_values: bool,
    /// It gives a row for each row of the one table that it reads.
    pub whole_table: bool,
    /// It selects all columns of tables, however many there are.
    pub everything: bool,
    /// It reads tables and nothing else, such as functions that give rows.
    pub from_tables_only: bool,
}

impl Effects {
    pub(crate) fn unknown(why: &'static str) -> Effects {
        Effects {
            role: Role::Unknown(why),
            verb: "run",
            ..Effects::default()
        }
    }

    pub(crate) fn has(&self, detail: &Detail) -> bool {
        self.details.contains(detail)
    }
}

/// What a statement does that the names of tables in it do not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// It adds rows to what it writes: foreign keys are looked up, defaults
    /// drawn, triggers fired.
    AddsRows,
    /// It changes rows, which foreign keys may hand on.
    ChangesRows,
    /// It deletes rows, which foreign keys may hand on, and adds none.
    DeletesRows,
    /// `DROP`: what it writes is there no longer.
    Drops,
    /// The schemas that it names are databases above schemas.
    IsDatabase,
    /// `CASCADE`: what depends on what it drops or empties goes along.
    Cascades,
    /// Only the run shows whether it does all this: `IF NOT EXISTS`, a branch.
    Perhaps,
    /// What is called `from` is called `to` from here on.
    Renames {
        from: Name,
        to: Name,
    },
    /// It runs the query of a materialized view again.
    Refreshes(Name),
    /// The written name is a materialized view, which keeps its rows.
    Materializes,
    /// Rows added to what its query reads go on into what it writes.
    Follows,
    ForeignKey {
        child: Name,
        parent: Name,
        /// A change of the parent changes the child instead of failing.
        acts: bool,
    },
    /// A partition or an heir: reading and writing the whole is reading and
    /// writing the part.
    Part {
        part: Name,
        whole: Name,
    },
    /// The table's rows are in these files.
    StoredAt {
        table: Name,
        path: String,
    },
    /// Rows added to the table draw from the sequence.
    DrawnBy {
        table: Name,
        sequence: Name,
    },
    Trigger {
        table: Name,
        name: String,
    },
    DropsTrigger(String),
    Index {
        index: Name,
        table: Name,
    },
    DropsIndex(Name),
    /// It creates, drops, sets or draws from a sequence.
    Draws(Name),
    /// It only looks at a sequence, which must be there.
    ReadsSequence(Name),
    /// It asks what its session has drawn from a sequence or inserted last.
    Drawn(Name),
    LastInsert,
    /// It asks what the statement before it has done or found.
    LastStatement,
    /// A path, perhaps with wildcards.
    ReadsFile(String),
    WritesFile(String),
    /// The path is computed, so any file of the program is meant.
    ReadsAnyFile,
    /// A variable of the session is given a value or read.
    Sets(String),
    Uses(String),
    /// A cursor is declared, used or closed.
    Cursor(String),
    /// A database file is attached to the session under a name.
    Attaches {
        name: String,
        path: String,
    },
    Detaches(String),
    DropsFunction(String),
    /// It needs the schema of a function that it names.
    Within(Name),
    /// It rolls back what the transaction or savepoint has done.
    Undoes,
    /// The names in the function that it defines are looked up by its callers.
    BindsLate,
    /// Why its effects, or those of the view or function that it defines,
    /// cannot be known.
    Unknown(&'static str),
}

/// How a SQL statement takes part in the plan.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It reads and writes tables and that is all.
    #[default]
    Plain,
    /// It defines a view: reading the written name reads what this one reads.
    View,
    /// It makes a table that only its own session sees.
    Temporary,
    /// It defines a view, macro or function that only its own session sees:
    /// later statements that use it bring the definition along.
    Carried,
    /// `USE`: unqualified names mean another schema from here on.
    Use(Name),
    /// `USE CATALOG`: another database or catalog, and its default schema.
    UseCatalog(Name),
    /// `SET search_path`: unqualified names are looked up in several schemas.
    UsePath(Vec<Name>),
    /// `RESET search_path`: they mean the default schema again.
    UseDefault,
    /// `SET` and the like: session state that later statements need.
    Session,
    /// `SET LOCAL`: session state until the transaction ends.
    Local,
    /// `SET LOCAL search_path`; without names, the default one.
    LocalPath(Vec<Name>),
    /// `BEGIN`, `COMMIT`, `ROLLBACK`, and what else opens and ends a stretch of
    /// statements that only one session can run.
    Begin(Stretch),
    End(Stretch),
    /// `COMMIT AND CHAIN`: the next transaction begins at once.
    Chain,
    Savepoint(String),
    /// `RELEASE` or `ROLLBACK TO` a savepoint.
    ToSavepoint(String),
    /// `PREPARE`, `EXECUTE` and `DEALLOCATE` of the named statement; of all
    /// without a name.
    Prepare(String),
    Execute(String),
    Deallocate(Option<String>),
    /// Its effects cannot be known from its text; says why.
    Unknown(&'static str),
}

/// What keeps a stretch of statements in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stretch {
    Transaction,
    /// `SET autocommit = 0`.
    Manual,
    /// `LOCK TABLES`.
    Locks,
}

/// One `key=value` of a comment `-- sqlflowc: key=value …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Directive {
    pub key: String,
    pub value: String,
    pub span: Span,
}

/// `TO TRAIN`.
#[derive(Debug, Serialize)]
pub struct Train {
    pub query: SqlQuery,
    pub estimator: Estimator,
    pub attributes: Vec<Attribute>,
    pub columns: Vec<ColumnClause>,
    pub label: Option<Ident>,
    pub start_from: Option<Name>,
    /// `None` when the clause is missing, which is reported.
    pub into: Option<Name>,
}

/// The estimator as written: `[image/]dotted.name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimator {
    pub image: Option<String>,
    pub name: String,
    pub span: Span,
}

/// `COLUMN …`, `COLUMN … FOR target`.
#[derive(Debug, Serialize)]
pub struct ColumnClause {
    pub target: Option<Ident>,
    pub columns: Vec<Column>,
    pub span: Span,
}

/// One entry of a COLUMN clause, or an argument inside one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    pub kind: ColumnKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// `*`.
    All,
    Name(Ident),
    /// A string: a regular expression over column names.
    Pattern(String),
    Call {
        function: Ident,
        arguments: Vec<ColumnArgument>,
    },
}

/// An argument of a column function: a column or a plain value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnArgument {
    Column(Column),
    Value(Value),
    /// `[a, b, BUCKET(c, [1])]`, as CROSS takes it.
    Columns(Vec<Column>, Span),
}

impl ColumnArgument {
    pub fn span(&self) -> Span {
        match self {
            ColumnArgument::Column(column) => column.span,
            ColumnArgument::Value(value) => value.span,
            ColumnArgument::Columns(_, span) => *span,
        }
    }
}

/// `name = value` in WITH.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribute {
    pub name: String,
    pub name_span: Span,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Value {
    pub kind: ValueKind,
    pub span: Span,
}

/// A value in WITH. Numbers keep their digits, so that none are lost on the
/// way to the step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    Integer(String),
    Float(String),
    String(String),
    /// A bare word, which means the string of its letters.
    Word(String),
    Bool(bool),
    None,
    List(Vec<Value>),
}

/// `TO PREDICT table.column`.
#[derive(Debug, Serialize)]
pub struct Predict {
    pub query: SqlQuery,
    pub into: Name,
    pub column: Ident,
    pub attributes: Vec<Attribute>,
    /// `None` when `USING` is missing, which is reported.
    pub model: Option<Name>,
}

/// `TO EXPLAIN`.
#[derive(Debug, Serialize)]
pub struct Explain {
    pub query: SqlQuery,
    pub model: Name,
    pub attributes: Vec<Attribute>,
    pub explainer: Option<Name>,
    pub into: Option<Name>,
}

/// `TO EVALUATE`.
#[derive(Debug, Serialize)]
pub struct Evaluate {
    pub query: SqlQuery,
    pub model: Name,
    pub attributes: Vec<Attribute>,
    pub label: Option<Ident>,
    pub into: Option<Name>,
}

/// `TO RUN`.
#[derive(Debug, Serialize)]
pub struct Run {
    pub query: SqlQuery,
    pub image: String,
    pub image_span: Span,
    /// Empty when `CMD` is missing, which is reported.
    pub command: Vec<String>,
    pub into: Vec<Name>,
}

/// `TO MAXIMIZE`, `TO MINIMIZE`.
#[derive(Debug, Serialize)]
pub struct Optimize {
    pub query: SqlQuery,
    pub sense: Sense,
    pub objective: Expression,
    pub constraints: Vec<Constraint>,
    pub attributes: Vec<Attribute>,
    pub solver: Option<Name>,
    /// `None` when the clause is missing, which is reported.
    pub into: Option<Name>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    Maximize,
    Minimize,
}

/// A SQL expression of MAXIMIZE, MINIMIZE or CONSTRAINT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expression {
    pub text: String,
    pub span: Span,
    #[serde(skip)]
    pub formula: Formula,
}

/// What a SQL expression says, as far as a solver can take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    pub kind: FormulaKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormulaKind {
    /// A number as it is written.
    Number(String),
    /// A column of the query, or a variable to be solved for.
    Name(Ident),
    Negative(Box<Formula>),
    Arithmetic(Arithmetic, Box<Formula>, Box<Formula>),
    Comparison(Comparison, Box<Formula>, Box<Formula>),
    And(Box<Formula>, Box<Formula>),
    /// An aggregate; `COUNT(*)` has no argument.
    Aggregate(Aggregate, Option<Box<Formula>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    AtMost,
    AtLeast,
    Equal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    Sum,
    Average,
    Least,
    Greatest,
    Count,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Constraint {
    pub expression: Expression,
    pub group_by: Vec<Ident>,
}

/// `SHOW TRAIN model`.
#[derive(Debug, Serialize)]
pub struct ShowTrain {
    pub model: Name,
}
