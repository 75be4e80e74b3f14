//! Lowers COLUMN clauses to feature columns of the step contract.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Argument, ArgumentValue, Family, Feature, FeatureSet, Literal};
use crate::source::Span;
use crate::syntax::ast::{
    Column, ColumnArgument, ColumnClause, ColumnKind, Ident, Value, ValueKind,
};

use super::catalog::{Estimator, INITIALIZERS, Shape, plain};
use super::pattern;

/// The functions of COLUMN, as the program writes them.
const FUNCTIONS: [&str; 11] = [
    "DENSE",
    "NUMERIC",
    "SPARSE",
    "BUCKET",
    "CATEGORY_ID",
    "SEQ_CATEGORY_ID",
    "CATEGORY_HASH",
    "WEIGHTED_CATEGORY",
    "CROSS",
    "EMBEDDING",
    "INDICATOR",
];

const CATEGORIES: &[&str] = &[
    "BUCKET",
    "CATEGORY_ID",
    "SEQ_CATEGORY_ID",
    "CATEGORY_HASH",
    "WEIGHTED_CATEGORY",
    "CROSS",
];

/// Lowers all COLUMN clauses of a statement. Without any, every selected
/// column but the label is a feature.
pub(super) fn lower(
    clauses: &[ColumnClause],
    estimator: &Estimator,
    diagnostics: &mut Diagnostics,
) -> Vec<FeatureSet> {
    let by_target = estimator.targets.len() > 1;
    if clauses.is_empty() {
        let every = |target| FeatureSet {
            target,
            features: vec![call("every", Vec::new())],
        };
        return if by_target {
            let targets = estimator.targets.iter();
            targets
                .map(|name| every(Some((*name).to_owned())))
                .collect()
        } else {
            vec![every(None)]
        };
    }
    let mut sets: Vec<FeatureSet> = Vec::new();
    for clause in clauses {
        let target = target(clause, estimator, diagnostics);
        let at = sets.iter().position(|set| set.target == target);
        let at = at.unwrap_or_else(|| {
            sets.push(FeatureSet {
                target,
                features: Vec::new(),
            });
            sets.len() - 1
        });
        for column in &clause.columns {
            match feature(column, estimator.family) {
                Ok(feature)
                    if estimator.shape == Shape::Sequence && feature.function == "numeric" =>
                {
                    let message =
                        format!("`{}` reads sequences, and this is a number", estimator.name);
                    diagnostics.push(
                        Diagnostic::new(Code::InvalidColumnFunction, column.span, message)
                            .help("write `EMBEDDING(SEQ_CATEGORY_ID(column, size), dimension)`"),
                    );
                }
                Ok(feature) => sets[at].features.push(feature),
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
    }
    sets
}

/// The target that a clause is for. An estimator with one list of columns has
/// none, whatever SQLFlow called it; a class of an image has those it says.
fn target(
    clause: &ColumnClause,
    estimator: &Estimator,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let known = estimator.targets;
    match &clause.target {
        None if known.len() < 2 => None,
        None => {
            let message = format!("`{}` takes several lists of columns", estimator.name);
            diagnostics.push(
                Diagnostic::new(Code::UnknownTarget, clause.span, message)
                    .help(format!("add `FOR {}`", known.join("` or `FOR "))),
            );
            None
        }
        Some(target) if known.contains(&target.text.as_str()) => {
            (known.len() > 1).then(|| target.text.clone())
        }
        Some(target) if known.is_empty() => Some(target.text.clone()),
        Some(target) => {
            diagnostics.push(unknown_target(target, estimator));
            None
        }
    }
}

fn unknown_target(target: &Ident, estimator: &Estimator) -> Diagnostic {
    let message = format!(
        "`{}` has no columns called `{}`",
        estimator.name, target.text
    );
    let diagnostic = Diagnostic::new(Code::UnknownTarget, target.span, message);
    if estimator.targets.len() < 2 {
        return diagnostic.help(format!(
            "it takes one list of columns: leave `FOR {}` out",
            target.text
        ));
    }
    diagnostic.suggest(&target.text, estimator.targets.iter().copied(), || {
        format!("its lists are {}", estimator.targets.join(", "))
    })
}

/// How many features COLUMN lists; `None` when the query decides.
pub(super) fn count(clauses: &[ColumnClause]) -> Option<usize> {
    let mut columns = clauses.iter().flat_map(|clause| &clause.columns).peekable();
    columns.peek()?;
    columns.try_fold(0, |count, column| match column.kind {
        ColumnKind::All | ColumnKind::Pattern(_) => None,
        ColumnKind::Name(_) | ColumnKind::Call { .. } => Some(count + 1),
    })
}

/// The columns that a COLUMN clause names, with their places.
pub(super) fn named(clauses: &[ColumnClause]) -> Vec<&Ident> {
    fn collect<'a>(column: &'a Column, names: &mut Vec<&'a Ident>) {
        match &column.kind {
            ColumnKind::Name(ident) => names.push(ident),
            ColumnKind::All | ColumnKind::Pattern(_) => {}
            ColumnKind::Call {
                function,
                arguments,
            } => {
                let is_cross = function.text.eq_ignore_ascii_case("CROSS");
                for (at, argument) in arguments.iter().enumerate() {
                    match argument {
                        // Only the first argument is a column; a later word is
                        // a delimiter, a type or a combiner.
                        ColumnArgument::Column(column) if at == 0 => collect(column, names),
                        ColumnArgument::Columns(columns, _) if is_cross => {
                            columns.iter().for_each(|column| collect(column, names));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    let mut names = Vec::new();
    for column in clauses.iter().flat_map(|clause| &clause.columns) {
        collect(column, &mut names);
    }
    names
}

fn call(function: &'static str, arguments: Vec<Argument>) -> Feature {
    Feature {
        function,
        arguments,
    }
}

fn literal(value: Literal) -> Argument {
    Argument {
        name: None,
        value: ArgumentValue::Literal(value),
    }
}

fn keyword(name: &'static str, value: Literal) -> Argument {
    Argument {
        name: Some(name),
        value: ArgumentValue::Literal(value),
    }
}

fn feature(column: &Column, family: Family) -> Result<Feature, Diagnostic> {
    match &column.kind {
        ColumnKind::All => Ok(call("every", Vec::new())),
        ColumnKind::Name(ident) => Ok(call("column", vec![literal(Literal::string(&ident.text))])),
        ColumnKind::Pattern(text) => match pattern::check(text) {
            Ok(()) => Ok(call("matching", vec![literal(Literal::string(text))])),
            Err(wrong) => Err(invalid_pattern(text, column.span, &wrong)),
        },
        ColumnKind::Call {
            function,
            arguments,
        } => Call {
            function,
            arguments,
            family,
            span: column.span,
        }
        .lower(),
    }
}

fn invalid_pattern(text: &str, span: Span, wrong: &str) -> Diagnostic {
    let message = format!("`{text}` is no regular expression: {wrong}");
    Diagnostic::new(Code::InvalidPattern, span, message).help(
        "text in quotes is a regular expression here; write `\\` in front of a sign that stands \
         for itself",
    )
}

/// One call of a column function, being checked.
struct Call<'a> {
    function: &'a Ident,
    arguments: &'a [ColumnArgument],
    family: Family,
    span: Span,
}

impl Call<'_> {
    fn lower(&self) -> Result<Feature, Diagnostic> {
        match self.function.text.to_ascii_uppercase().as_str() {
            "DENSE" | "NUMERIC" => self.dense(),
            "SPARSE" => self.sparse(),
            "BUCKET" => self.bucket(),
            "CATEGORY_ID" => self.sized("category_id"),
            "SEQ_CATEGORY_ID" => self.sized("seq_category_id"),
            "CATEGORY_HASH" => self.sized("category_hash"),
            "WEIGHTED_CATEGORY" => {
                self.expect_arguments(1, 1, "WEIGHTED_CATEGORY(category)")?;
                let source = self.source(0, &["CATEGORY_ID", "CATEGORY_HASH", "SPARSE"])?;
                Ok(call("weighted_category", vec![source]))
            }
            "CROSS" => self.cross(),
            "EMBEDDING" => self.embedding(),
            "INDICATOR" => {
                self.expect_arguments(1, 1, "INDICATOR(category)")?;
                let source = self.source(0, &[CATEGORIES, &["SPARSE", "DENSE"]].concat())?;
                Ok(call("indicator", vec![source]))
            }
            _ => Err(self.unknown()),
        }
    }

    fn unknown(&self) -> Diagnostic {
        let name = &self.function.text;
        Diagnostic::new(
            Code::UnknownColumnFunction,
            self.function.span,
            format!("no column function is named `{name}`"),
        )
        .suggest(name, FUNCTIONS, || {
            format!("the functions are {}", FUNCTIONS.join(", "))
        })
    }

    fn wrong(&self, span: Span, message: String, help: &str) -> Diagnostic {
        Diagnostic::new(Code::InvalidColumnFunction, span, message).help(help)
    }

    fn expect_arguments(&self, least: usize, most: usize, form: &str) -> Result<(), Diagnostic> {
        let count = self.arguments.len();
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let name = self.function.text.to_ascii_uppercase();
        let wanted = match (least, most) {
            (1, 1) => "one argument".to_owned(),
            _ if least == most => format!("{least} arguments"),
            _ => format!("{least} to {most} arguments"),
        };
        let message = format!("`{name}` takes {wanted}, not {count}");
        Err(self.wrong(self.span, message, &format!("write `{form}`")))
    }

    /// The column, or the inner function, that this one works on.
    fn source(&self, at: usize, allowed: &[&str]) -> Result<Argument, Diagnostic> {
        let argument = &self.arguments[at];
        let ColumnArgument::Column(column) = argument else {
            return Err(self.no_source(argument.span(), allowed));
        };
        self.source_column(column, allowed)
    }

    fn source_column(&self, column: &Column, allowed: &[&str]) -> Result<Argument, Diagnostic> {
        let value = match &column.kind {
            ColumnKind::Name(ident) => ArgumentValue::Literal(Literal::string(&ident.text)),
            ColumnKind::Call { function, .. } => {
                let name = function.text.to_ascii_uppercase();
                let name = if name == "NUMERIC" { "DENSE" } else { &name };
                if FUNCTIONS.contains(&name) && !allowed.contains(&name) {
                    return Err(self.no_source(column.span, allowed));
                }
                ArgumentValue::Feature(feature(column, self.family)?)
            }
            ColumnKind::All | ColumnKind::Pattern(_) => {
                return Err(self.no_source(column.span, allowed));
            }
        };
        Ok(Argument { name: None, value })
    }

    fn no_source(&self, span: Span, allowed: &[&str]) -> Diagnostic {
        let name = self.function.text.to_ascii_uppercase();
        let message = format!("`{name}` cannot work on this");
        let help = match allowed {
            [only] => format!("give it a column's name or `{only}(…)`"),
            _ => format!("give it a column's name or one of {}", allowed.join(", ")),
        };
        self.wrong(span, message, &help)
    }

    /// A whole number of at least 1.
    fn size(&self, at: usize, what: &str) -> Result<Literal, Diagnostic> {
        let argument = &self.arguments[at];
        match argument {
            ColumnArgument::Value(value) if is_positive(value) => Ok(plain(value)),
            _ => {
                let name = self.function.text.to_ascii_uppercase();
                let message = format!("`{name}` takes {what} as a whole number of at least 1");
                Err(self.wrong(argument.span(), message, "write a number such as `128`"))
            }
        }
    }

    /// A word or a string: a delimiter, a type, a combiner.
    fn word(&self, at: usize) -> Result<String, Diagnostic> {
        let argument = &self.arguments[at];
        match argument {
            ColumnArgument::Column(Column {
                kind: ColumnKind::Name(ident),
                ..
            }) => Ok(ident.text.clone()),
            // A quoted `"|"` is an identifier in some dialects, and looks like
            // a regular expression in others.
            ColumnArgument::Column(Column {
                kind: ColumnKind::Pattern(text),
                ..
            }) => Ok(text.clone()),
            ColumnArgument::Value(Value {
                kind: ValueKind::String(text) | ValueKind::Word(text),
                ..
            }) => Ok(text.clone()),
            _ => {
                let name = self.function.text.to_ascii_uppercase();
                let message = format!("`{name}` takes a word or a string here");
                Err(self.wrong(argument.span(), message, "such as `COMMA` or `\"|\"`"))
            }
        }
    }

    fn choice(&self, at: usize, choices: &[&str]) -> Result<String, Diagnostic> {
        let word = self.word(at)?.to_ascii_lowercase();
        if choices.contains(&word.as_str()) {
            return Ok(word);
        }
        let message = format!("`{word}` is none of {}", choices.join(", "));
        let diagnostic = self.wrong(self.arguments[at].span(), message, "");
        Err(diagnostic.suggest(&word, choices.iter().copied(), || {
            format!("write one of {}", choices.join(", "))
        }))
    }

    fn delimiter(&self, at: usize) -> Result<Literal, Diagnostic> {
        let word = self.word(at)?;
        // SQLFlow could not read the characters and named them.
        let text = match word.to_ascii_uppercase().as_str() {
            "COMMA" => ",",
            "COLON" => ":",
            "SPACE" => " ",
            "TAB" => "\t",
            _ => &word,
        };
        if text.is_empty() {
            let message = "a delimiter cannot be empty".to_owned();
            let span = self.arguments[at].span();
            return Err(self.wrong(span, message, "write `COMMA` or a string"));
        }
        Ok(Literal::string(text))
    }

    /// `shape`: a number, a list of numbers, or the word `none`.
    fn shape(&self, at: usize) -> Result<Option<Literal>, Diagnostic> {
        let argument = &self.arguments[at];
        match argument {
            ColumnArgument::Value(value) => match &value.kind {
                ValueKind::None => Ok(None),
                ValueKind::List(lengths)
                    if !lengths.is_empty() && lengths.iter().all(is_positive) =>
                {
                    Ok(Some(plain(value)))
                }
                _ if is_positive(value) => Ok(Some(plain(value))),
                _ => Err(self.no_shape(argument.span())),
            },
            ColumnArgument::Column(Column {
                kind: ColumnKind::Name(ident),
                ..
            }) if ident.text.eq_ignore_ascii_case("none") => Ok(None),
            _ => Err(self.no_shape(argument.span())),
        }
    }

    fn no_shape(&self, span: Span) -> Diagnostic {
        let message = "a shape is a number of elements".to_owned();
        self.wrong(span, message, "write `64`, `[8, 8]` or `none`")
    }

    fn column_name(&self) -> Result<Literal, Diagnostic> {
        match &self.arguments[0] {
            ColumnArgument::Column(Column {
                kind: ColumnKind::Name(ident),
                ..
            }) => Ok(Literal::string(&ident.text)),
            other => {
                let name = self.function.text.to_ascii_uppercase();
                let message = format!("`{name}` takes a column's name first");
                Err(self.wrong(other.span(), message, "name one column of the query"))
            }
        }
    }

    fn dense(&self) -> Result<Feature, Diagnostic> {
        self.expect_arguments(1, 4, "DENSE(column, shape, delimiter, type)")?;
        let mut arguments = vec![literal(self.column_name()?)];
        if self.arguments.len() > 1
            && let Some(shape) = self.shape(1)?
        {
            arguments.push(keyword("shape", shape));
        }
        if self.arguments.len() > 2 {
            arguments.push(keyword("delimiter", self.delimiter(2)?));
        }
        if self.arguments.len() > 3 {
            arguments.push(keyword("dtype", self.dtype(3)?));
        }
        Ok(call("numeric", arguments))
    }

    fn sparse(&self) -> Result<Feature, Diagnostic> {
        let form = "SPARSE(column, shape, delimiter, type, key delimiter, weight type)";
        self.expect_arguments(1, 6, form)?;
        let mut arguments = vec![literal(self.column_name()?)];
        if self.arguments.len() > 1
            && let Some(shape) = self.shape(1)?
        {
            arguments.push(keyword("shape", shape));
        }
        if self.arguments.len() > 2 {
            arguments.push(keyword("delimiter", self.delimiter(2)?));
        }
        if self.arguments.len() > 3 {
            arguments.push(keyword("dtype", self.dtype(3)?));
        }
        if self.arguments.len() > 4 {
            arguments.push(keyword("delimiter_kv", self.delimiter(4)?));
        }
        if self.arguments.len() > 5 {
            arguments.push(keyword("weight_dtype", self.dtype(5)?));
        }
        Ok(call("sparse", arguments))
    }

    fn dtype(&self, at: usize) -> Result<Literal, Diagnostic> {
        let choices = [
            "float", "float32", "float64", "int", "int32", "int64", "string",
        ];
        self.choice(at, &choices).map(Literal::string)
    }

    fn bucket(&self) -> Result<Feature, Diagnostic> {
        self.expect_arguments(2, 2, "BUCKET(column, [1, 2, 3])")?;
        let source = self.source(0, &["DENSE"])?;
        let argument = &self.arguments[1];
        let values = match argument {
            ColumnArgument::Value(Value {
                kind: ValueKind::List(values),
                ..
            }) if !values.is_empty() => values,
            _ => {
                let message = "`BUCKET` takes its boundaries as a list of numbers".to_owned();
                return Err(self.wrong(argument.span(), message, "write `[0, 10, 100]`"));
            }
        };
        let mut last = f64::NEG_INFINITY;
        for value in values {
            let number = match &value.kind {
                ValueKind::Integer(digits) | ValueKind::Float(digits) => {
                    digits.parse::<f64>().unwrap_or(f64::NAN)
                }
                _ => f64::NAN,
            };
            if number.is_nan() || number <= last {
                let message = "the boundaries of `BUCKET` must be numbers that ascend".to_owned();
                return Err(self.wrong(value.span, message, "put them in ascending order"));
            }
            last = number;
        }
        let boundaries = Literal::List(values.iter().map(plain).collect());
        Ok(call("bucket", vec![source, literal(boundaries)]))
    }

    fn sized(&self, function: &'static str) -> Result<Feature, Diagnostic> {
        let name = self.function.text.to_ascii_uppercase();
        self.expect_arguments(2, 2, &format!("{name}(column, 100)"))?;
        let source = self.source(0, &["DENSE", "SPARSE"])?;
        let size = self.size(1, "the number of categories")?;
        Ok(call(function, vec![source, literal(size)]))
    }

    fn cross(&self) -> Result<Feature, Diagnostic> {
        self.expect_arguments(2, 2, "CROSS([a, b], 1000)")?;
        let argument = &self.arguments[0];
        let ColumnArgument::Columns(columns, _) = argument else {
            let message = "`CROSS` takes its columns as a list".to_owned();
            return Err(self.wrong(argument.span(), message, "write `CROSS([a, b], 1000)`"));
        };
        if columns.len() < 2 {
            let message = "`CROSS` combines at least two columns".to_owned();
            return Err(self.wrong(argument.span(), message, "write `CROSS([a, b], 1000)`"));
        }
        let keys = columns
            .iter()
            .map(|column| self.source_column(column, &["BUCKET"]))
            .map(|key| key.map(|key| key.value))
            .collect::<Result<Vec<_>, _>>()?;
        let keys = Argument {
            name: None,
            value: ArgumentValue::Keys(keys),
        };
        let size = self.size(1, "the number of categories")?;
        Ok(call("cross", vec![keys, literal(size)]))
    }

    fn embedding(&self) -> Result<Feature, Diagnostic> {
        self.expect_arguments(2, 4, "EMBEDDING(category, 16, sum)")?;
        if !matches!(self.family, Family::Deep | Family::Custom) {
            let engine = match self.family {
                Family::ScikitLearn => "scikit-learn",
                _ => "XGBoost",
            };
            let message = format!("{engine} cannot learn an `EMBEDDING`");
            return Err(self.wrong(self.span, message, "use `INDICATOR` instead"));
        }
        let source = self.source(0, &[CATEGORIES, &["SPARSE", "DENSE"]].concat())?;
        let dimension = self.size(1, "the length of the vector")?;
        let mut arguments = vec![source, literal(dimension)];
        if self.arguments.len() > 2 {
            let combiner = self.choice(2, &["sum", "mean", "sqrtn"])?;
            arguments.push(keyword("combiner", Literal::string(combiner)));
        }
        if self.arguments.len() > 3 {
            let initializer = self.choice(3, INITIALIZERS)?;
            arguments.push(keyword("initializer", Literal::string(initializer)));
        }
        Ok(call("embedding", arguments))
    }
}

fn is_positive(value: &Value) -> bool {
    matches!(&value.kind, ValueKind::Integer(digits)
        if !digits.starts_with('-') && digits.bytes().any(|digit| digit != b'0'))
}
