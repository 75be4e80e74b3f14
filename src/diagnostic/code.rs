//! The closed list of diagnostic codes.

use serde::{Serialize, Serializer};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($code:ident = $name:ident, $meaning:literal;)*) => {
        /// What kind of problem a diagnostic is about. Codes are never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => stringify!($code),)*
                }
            }

            /// One line on what the code stands for.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Code::$name => $meaning,)*
                }
            }

            /// The page about the code.
            pub fn page(self) -> &'static str {
                match self {
                    $(Code::$name => include_str!(concat!(
                        "../../docs/errors/", stringify!($code), ".md"
                    )),)*
                }
            }
        }
    };
}

// E01 lexer, E02 parser, E03 semantic, E04 plan, E05 backend, E06 configuration,
// W warnings.
codes! {
    E0101 = InvalidToken, "text that is no token of the dialect, such as an unterminated string";
    E0201 = SqlSyntax, "SQL that the dialect does not allow";
    E0202 = UnexpectedToken, "something else was expected at this place of an ML clause";
    E0203 = MissingClause, "an ML statement lacks a clause that it needs";
    E0204 = DuplicateClause, "a clause is given twice";
    E0205 = ClauseWithoutQuery, "an ML clause does not follow a query";
    E0206 = UnknownDirective, "a directive comment has an unknown key or a value that does not fit";
    E0207 = EmptyProgram, "the program has no statement";
    E0208 = OldSyntax, "a form of an old SQLFlow release that has a modern replacement";
    E0209 = ClientCommand, "a command of a database's client stands in the program";
    E0210 = UnclosedBody, "the body of a procedure or a block has no end";
    E0211 = Template, "a template stands where SQL should be";
    E0301 = UnknownModel, "a model is used that the program does not train before";
    E0302 = UnknownEstimator, "no estimator has this name";
    E0303 = UnknownAttribute, "the statement has no such attribute";
    E0304 = InvalidAttribute, "an attribute's value has the wrong type or is out of range";
    E0305 = MissingAttribute, "an attribute is needed for this combination";
    E0306 = LabelAmongFeatures, "the label, or the column of weights or the like, is also a feature";
    E0307 = UnknownColumnFunction, "no feature column function has this name";
    E0308 = InvalidColumnFunction, "a feature column function's arguments do not fit";
    E0309 = ModelDoesNotFit, "the statement does not fit the kind of the model";
    E0310 = DuplicateAttribute, "an attribute is given twice";
    E0311 = UnknownExplainer, "no explainer has this name";
    E0313 = UnknownMetric, "no metric has this name";
    E0314 = UnknownColumn, "a column is not among those that the query selects";
    E0315 = UnknownTarget, "the estimator has no columns of the name behind `FOR`";
    E0316 = UnknownColumnInQuery, "a query names a column that its tables do not have";
    E0317 = DuplicateColumn, "a column that is used stands twice in the query's result";
    E0318 = NoMatchingColumn, "a pattern or `*` in `COLUMN` stands for no column";
    E0319 = ColumnTypeDoesNotFit, "a column's type does not fit what is made of it";
    E0320 = MissingInput, "a query lacks a column that the model was trained on";
    E0321 = InputTypeChanged, "a column has another type than the model was trained on";
    E0322 = ColumnTaken, "the predicted column has the name of a column of the query";
    E0323 = UnknownTable, "a table is neither in a complete schema file nor made by the program";
    E0326 = UnusableEstimator, "a class of a library that a program cannot train on its own";
    E0327 = MetricDoesNotFit, "a metric does not measure what the model predicts";
    E0328 = ConflictingAttributes, "attributes that do not go together";
    E0329 = UnwantedLabel, "a label is given to an estimator that learns without one";
    E0334 = InvalidFormula, "an expression of MAXIMIZE, MINIMIZE or CONSTRAINT is none that a solver takes";
    E0335 = UnknownSolver, "no solver has this name";
    E0350 = WrongModelVersion, "what stands behind `@` in a model's name is no version, or has no place there";
    E0336 = InvalidPattern, "a text in `COLUMN` is no regular expression";
    E0337 = WrongNumberOfValues, "an INSERT has more or fewer values than columns";
    E0338 = UnknownQualifier, "a column is named with a table that the query does not read";
    E0401 = SharedSession, "statements that share a session cannot become one step";
    E0501 = StepTooLarge, "a step is larger than a container's argument may be";
    E0502 = ArtifactTooLarge, "the manifest is larger than a cluster takes";
    E0503 = TooManySteps, "the program needs more templates than one Workflow may hold";
    E0504 = TextRewritten, "a text for a user's image is one that the engine would rewrite";
    E0505 = SecretInProgram, "a password, key or token in the program would stand in the manifest";
    E0601 = ConfigurationSyntax, "the configuration or schema file is no YAML that can be read";
    E0602 = UnknownKey, "the configuration or schema file has no key of this name";
    E0603 = InvalidSetting, "a value in the configuration or schema file does not fit its key";
    E0604 = SecretInConfiguration, "the configuration holds a secret where it takes the place of one";
    W0201 = UnparsedSql, "SQL that could not be parsed is handed on as it is";
    W0301 = EvaluationOnTrainingData, "a model is evaluated on the rows that it was trained on";
    W0302 = ModelReplacedUnused, "a model is trained again before anything has used it";
    W0303 = TableNeverRead, "a table is made and dropped and nothing reads it in between";
    W0304 = RandomSplit, "training and test rows are sampled from one table independently";
    W0305 = FeaturesNotListed, "every column of a table becomes a feature and none is listed";
    W0306 = DirectiveWithoutEffect, "a directive changes nothing where it stands";
    W0307 = ResultReplacesInput, "a result replaces a table that its own query reads";
    W0308 = ResultReplacesUnread, "a result replaces rows that nothing has read";
    W0601 = AttributeWithoutEffect, "an attribute is accepted and does nothing here";
    W0602 = TrainedAsAnother, "an estimator is trained by another library, as its counterpart there";
}

impl Code {
    pub fn severity(self) -> Severity {
        if self.as_str().starts_with('W') {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    /// Whether a message may show the line it is about, which is where a log
    /// would get to know a secret.
    pub(super) fn shows_source(self) -> bool {
        !matches!(self, Code::SecretInConfiguration | Code::SecretInProgram)
    }

    /// The code of that name, without regard to case.
    pub fn from_name(name: &str) -> Option<Code> {
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
