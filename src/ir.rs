//! What will be done: every name bound, every default filled in.
//!
//! One [`Step`] is one unit of work. The IR says what; backends say how.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::source::Span;

/// The steps of a program, in its order.
#[derive(Debug, Default, Serialize)]
pub struct Ir {
    pub version: u32,
    pub steps: Vec<Step>,
}

/// The version of the IR's and the plan's JSON form.
pub const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub struct Step {
    pub action: Action,
    /// First and last line in the program, from 1.
    pub lines: (usize, usize),
    #[serde(skip)]
    pub span: Span,
    /// `USE`, `SET` and the like, which the step replays on its own connection.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub session: Vec<String>,
    pub reads: BTreeSet<Resource>,
    pub writes: BTreeSet<Resource>,
    /// Why nothing may move across this step, when nothing may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barrier: Option<&'static str>,
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// The image that a custom estimator brings, for every step of its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(skip)]
    pub title: Title,
    /// The start of the SHA-256 of the statement's text, in hexadecimal.
    pub digest: String,
}

/// What a step is called after: a verb and the words of its object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Title {
    pub verb: &'static str,
    pub object: String,
}

/// Something that statements read and write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A schema or database as a whole.
    Schema(String),
    /// A table or view, by its name folded as the dialect compares names.
    Table(String),
    /// A model in the model store.
    Model(String),
    /// A sequence, which whoever draws from it writes.
    Sequence(String),
    /// A file or a folder of files; a path with wildcards is what reads it.
    File(String),
    /// A function, macro or procedure that the program defines.
    Function(String),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Schema(name) => write!(f, "schema:{name}"),
            Resource::Table(name) => write!(f, "table:{name}"),
            Resource::Model(name) => write!(f, "model:{name}"),
            Resource::Sequence(name) => write!(f, "sequence:{name}"),
            Resource::File(path) => write!(f, "file:{path}"),
            Resource::Function(name) => write!(f, "function:{name}"),
        }
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a step does.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    Query(Query),
    Train(Box<Train>),
    Predict(Predict),
    Evaluate(Evaluate),
    Explain(Explain),
    ShowTrain(ShowTrain),
    Run(Run),
    Optimize(Optimize),
}

impl Action {
    /// Every kind of step.
    pub const KINDS: [&'static str; 8] = [
        "query",
        "train",
        "predict",
        "evaluate",
        "explain",
        "show_train",
        "run",
        "optimize",
    ];

    /// The step's kind, as the step contract names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Action::Query(_) => "query",
            Action::Train(_) => "train",
            Action::Predict(_) => "predict",
            Action::Evaluate(_) => "evaluate",
            Action::Explain(_) => "explain",
            Action::ShowTrain(_) => "show_train",
            Action::Run(_) => "run",
            Action::Optimize(_) => "optimize",
        }
    }
}

/// SQL statements that share one connection, byte for byte as written.
#[derive(Debug, Serialize)]
pub struct Query {
    pub statements: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Train {
    pub select: String,
    pub estimator: String,
    pub family: Family,
    pub params: Vec<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<Literal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<Literal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<Literal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<Literal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub optimizer: Vec<Setting>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub linear_optimizer: Vec<Setting>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dnn_optimizer: Vec<Setting>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loss: Vec<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<Literal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validation: Vec<Setting>,
    pub features: Vec<FeatureSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<String>,
    pub into: String,
    /// The whole statement, which is kept with the model.
    pub statement: String,
}

/// Which libraries train and serve a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    #[serde(rename = "xgboost")]
    XGBoost,
    Deep,
    ScikitLearn,
    /// A class that an image brings.
    Custom,
}

/// A name and its value, in the program's order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    pub name: String,
    pub value: Literal,
}

/// A plain value. Numbers keep the digits they were written with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    Integer(String),
    Float(String),
    String(String),
    Bool(bool),
    None,
    List(Vec<Literal>),
}

impl Literal {
    pub fn integer(value: usize) -> Literal {
        Literal::Integer(value.to_string())
    }

    pub fn string(text: impl Into<String>) -> Literal {
        Literal::String(text.into())
    }
}

/// The features of one target; without a target, of the whole model.
#[derive(Debug, Serialize)]
pub struct FeatureSet {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    pub features: Vec<Feature>,
}

/// One feature column: a function of the step contract and its arguments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Feature {
    pub function: &'static str,
    pub arguments: Vec<Argument>,
}

/// An argument of a feature column, by position or by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Argument {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    pub value: ArgumentValue,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ArgumentValue {
    Literal(Literal),
    Feature(Feature),
    Keys(Vec<ArgumentValue>),
}

#[derive(Debug, Serialize)]
pub struct Predict {
    pub select: String,
    pub model: String,
    /// The table's name in parts, as the database stores it.
    pub into: Vec<String>,
    pub column: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_outputs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<Literal>,
}

#[derive(Debug, Serialize)]
pub struct Evaluate {
    pub select: String,
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct Explain {
    pub select: String,
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explainer: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct ShowTrain {
    pub model: String,
}

/// A program of an image, started on a query.
#[derive(Debug, Serialize)]
pub struct Run {
    pub select: String,
    pub image: String,
    pub command: Vec<String>,
    /// The tables that it makes, by their names in parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub into: Vec<Vec<String>>,
}

impl Run {
    /// The tables' names as a program gets them: parts joined by dots, tables
    /// by commas.
    pub fn tables(&self) -> String {
        let tables: Vec<_> = self.into.iter().map(|parts| parts.join(".")).collect();
        tables.join(",")
    }
}

/// Variables to be solved for, over the rows of a query.
#[derive(Debug, Serialize)]
pub struct Optimize {
    pub select: String,
    pub sense: Sense,
    pub objective: Objective,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    pub variables: Vec<Variable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Setting>,
    pub into: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    Maximize,
    Minimize,
}

impl Sense {
    pub fn as_str(self) -> &'static str {
        match self {
            Sense::Maximize => "maximize",
            Sense::Minimize => "minimize",
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Objective {
    /// As it is written.
    pub text: String,
    pub formula: Formula,
}

/// `left <= right`, for all rows, for each row or for each group of rows.
#[derive(Debug, Serialize)]
pub struct Constraint {
    /// As it is written.
    pub text: String,
    pub left: Formula,
    pub operator: &'static str,
    pub right: Formula,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<String>,
}

/// One unknown for each combination of values in the index columns.
#[derive(Debug, Serialize)]
pub struct Variable {
    pub name: String,
    pub index: Vec<String>,
    /// `NonNegativeIntegers` and the like.
    pub domain: &'static str,
}

/// A number worked out from columns and variables.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    Number(String),
    Column(String),
    Variable(String),
    Negative(Box<Formula>),
    Arithmetic {
        operator: &'static str,
        left: Box<Formula>,
        right: Box<Formula>,
    },
    /// `sum`, `average`, `least`, `greatest` or `count`, over the rows.
    Aggregate {
        function: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        argument: Option<Box<Formula>>,
    },
}

/// What directives ask of the machine that runs a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// A Kubernetes quantity: `4`, `500m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// A Kubernetes quantity: `8Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Settings {
    pub fn is_empty(&self) -> bool {
        *self == Settings::default()
    }

    /// Takes from a further statement of the same step what none has said.
    pub(crate) fn merge(&mut self, other: Settings) {
        let Settings {
            cpu,
            memory,
            gpu,
            timeout_seconds,
            retries,
            image,
        } = other;
        self.cpu = self.cpu.take().or(cpu);
        self.memory = self.memory.take().or(memory);
        self.gpu = self.gpu.or(gpu);
        self.timeout_seconds = self.timeout_seconds.or(timeout_seconds);
        self.retries = self.retries.or(retries);
        self.image = self.image.take().or(image);
    }
}
