//! Lowers statements one by one, in the order of the program.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::{self, Checked};
use super::catalog::{self, Role, Shape, Task};
use super::columns;
use super::definitions::{Access, Definitions};
use super::inputs::{self, Inputs};
use super::lints::Validation;
use super::metrics::Measured;
use super::optimize;
use super::reference;
use super::relations::{Column, Origin, Relation, Relations};
use super::session::{Piece, Tie, digest};
use super::settings;
use super::sql::Session;
use super::training::Nature;
use super::transactions::Saved;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::ir::{
    Action, Evaluate, Explain, Literal, Optimize, Predict, Resource, Run, Sense, Setting,
    ShowTrain, Step, Title, Train,
};
use crate::quantity::is_image;
use crate::schema::Schema;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{self, Effects, Name, SqlQuery, StatementKind};
use crate::syntax::sql::{self as syntax_sql, Dialect};
use crate::syntax::types::Kind;

/// Lowers a program's statements, knowing at each what came before.
pub(super) struct Analyzer<'a> {
    pub(super) source: &'a SourceFile,
    pub(super) dialect: Dialect,
    pub(super) definitions: Definitions,
    pub(super) session: Session,
    /// The last statement so far that inserted rows or drew from a sequence.
    pub(super) last_insert: Option<usize>,
    /// Where the open transaction began, and its savepoints.
    pub(super) saved: Vec<Saved>,
    /// The last statement so far that drew from each sequence.
    pub(super) last_drawn: BTreeMap<Resource, usize>,
    pub(super) models: BTreeMap<String, Model>,
    /// The columns of tables at this point.
    pub(super) relations: Relations,
    /// Models trained anywhere in the program, with the place of the first
    /// training.
    trained: BTreeMap<String, Span>,
    /// How many more names of models may be compared.
    comparisons: usize,
    pub(super) pieces: Vec<Piece>,
    /// The query to validate on of the training that is being lowered.
    pub(super) validation: Option<Validation>,
    pub(super) diagnostics: Diagnostics,
}

/// How often names of models may be compared to find the one that is misspelt.
/// A program that uses thousands of models that it does not train has them in
/// the model store.
const COMPARISONS: usize = 250_000;

/// What is known of a model that the program has trained so far.
pub(super) struct Model {
    /// What it is, unless its training could not be made out.
    pub(super) nature: Option<Nature>,
    image: Option<String>,
    pub(super) span: Span,
    /// What is known of the columns that it was trained on.
    inputs: Option<Inputs>,
}

impl<'a> Analyzer<'a> {
    pub(super) fn new(
        source: &'a SourceFile,
        dialect: Dialect,
        schema: Option<&Schema>,
        program: &ast::Program,
    ) -> Analyzer<'a> {
        let mut trained = BTreeMap::new();
        for statement in &program.statements {
            if let StatementKind::Train(ast::Train {
                into: Some(into), ..
            }) = &statement.kind
            {
                trained.entry(into.dotted()).or_insert(into.span);
            }
        }
        let definitions = Definitions::new(dialect, effects(program));
        Analyzer {
            source,
            dialect,
            relations: Relations::new(dialect, &definitions.scope, schema),
            definitions,
            session: Session::default(),
            saved: Vec::new(),
            last_insert: None,
            last_drawn: BTreeMap::new(),
            models: BTreeMap::new(),
            trained,
            comparisons: COMPARISONS,
            pieces: Vec::new(),
            validation: None,
            diagnostics: Diagnostics::default(),
        }
    }

    pub(super) fn finish(self) -> (Vec<Piece>, Diagnostics) {
        (self.pieces, self.diagnostics)
    }

    pub(super) fn statement(&mut self, statement: &ast::Statement) {
        match &statement.kind {
            StatementKind::Sql(sql) => self.sql(statement, sql),
            StatementKind::Train(train) => self.train(statement, train),
            StatementKind::Predict(predict) => self.predict(statement, predict),
            StatementKind::Explain(explain) => self.explain(statement, explain),
            StatementKind::Evaluate(evaluate) => self.evaluate(statement, evaluate),
            StatementKind::ShowTrain(show) => self.show_train(statement, show),
            StatementKind::Run(run) => self.run(statement, run),
            StatementKind::Optimize(optimize) => self.optimize(statement, optimize),
        }
    }

    /// Checks the columns that a statement names, and takes in what it does to
    /// the columns of tables.
    pub(super) fn columns(&mut self, sql: &ast::SqlStatement, reads: &BTreeSet<Resource>) {
        if let Some(columns) = &sql.columns {
            let found =
                self.relations
                    .statement(self.source, &self.definitions.scope, columns, reads);
            found
                .into_iter()
                .for_each(|found| self.diagnostics.push(found));
        }
        let effects = &sql.effects;
        let is_followed = sql.columns.as_ref().is_some_and(|c| !c.changes.is_empty());
        if !is_followed && !KEEPS_COLUMNS.contains(&effects.verb) {
            for name in &effects.writes {
                self.relations.forget(&self.definitions.scope, name);
            }
        }
        if effects.verb != "create" {
            for name in &effects.schemas {
                let schema = self.definitions.scope.schema(name);
                self.relations.forget_schema(&schema);
            }
        }
        let is_unknown = match &effects.role {
            ast::Role::Unknown(_) => !KEEPS_COLUMNS.contains(&effects.verb),
            ast::Role::Execute(_) => true,
            _ => false,
        };
        if is_unknown {
            self.relations.forget_all();
        }
    }

    /// The columns of the result of the query in front of an ML clause.
    fn result(&mut self, query: &SqlQuery) -> Relation {
        let (relation, found) =
            self.relations
                .result(self.source, &self.definitions.scope, &query.columns);
        found
            .into_iter()
            .for_each(|found| self.diagnostics.push(found));
        relation
    }

    fn train(&mut self, statement: &ast::Statement, train: &ast::Train) {
        let Some(estimator) = self.estimator(&train.estimator) else {
            // The model counts as trained, so that one misspelt name is one
            // message.
            return self.remember_model(train, None, None);
        };
        let model = train.into.as_ref().map(Name::dotted).unwrap_or_default();
        let mut access = self.definitions.query(&train.query.effects);
        let mut lowered = Train {
            select: self.source.slice(train.query.span).to_owned(),
            estimator: train.estimator.name.clone(),
            family: estimator.family,
            params: Vec::new(),
            rounds: None,
            epochs: None,
            batch_size: None,
            max_steps: None,
            optimizer: Vec::new(),
            linear_optimizer: Vec::new(),
            dnn_optimizer: Vec::new(),
            loss: Vec::new(),
            early_stopping: None,
            validation: Vec::new(),
            features: columns::lower(&train.columns, estimator, &mut self.diagnostics),
            label: train.label.as_ref().map(|label| label.text.clone()),
            start_from: train.start_from.as_ref().map(Name::dotted),
            into: model.clone(),
            statement: self.source.slice(statement.span).to_owned(),
        };
        let nature = self.train_attributes(train, estimator, &mut lowered, &mut access);
        self.check_label(train, estimator);
        let inputs = self.check_inputs(train, &access);
        if let Some(start) = &train.start_from {
            self.check_start(start, &nature);
            self.use_model(start, &mut access);
        }
        self.remember_model(train, Some(nature), Some(inputs));
        if let Some(Err(wrong)) = train.into.as_ref().map(reference::check_stored) {
            self.diagnostics.push(wrong);
        }
        access.writes.insert(Resource::Model(model.clone()));
        let image = train.estimator.image.clone();
        let title = Title {
            verb: "train",
            object: model,
        };
        let action = Action::Train(Box::new(lowered));
        self.push(statement, action, title, access, image, Tie::None);
    }

    fn remember_model(
        &mut self,
        train: &ast::Train,
        nature: Option<Nature>,
        inputs: Option<Inputs>,
    ) {
        if let Some(into) = &train.into {
            let model = Model {
                nature,
                image: train.estimator.image.clone(),
                span: into.span,
                inputs,
            };
            self.models.insert(into.dotted(), model);
        }
    }

    /// The query in `validation.select` reads tables like any other.
    pub(super) fn validation_select(&mut self, attribute: &Checked<'_>, access: &mut Access) {
        let Literal::String(text) = &attribute.value else {
            return;
        };
        let inner = SourceFile::new(self.source.name(), text.clone());
        let span = Span {
            start: 0,
            end: inner.text().len(),
        };
        let (tokens, error) = syntax_sql::tokenize(&inner, self.dialect);
        let query = match error {
            Some(error) => Err(error),
            None => syntax_sql::query(&inner, self.dialect, &tokens, span),
        };
        match query {
            Ok(query) => {
                let validation = self.definitions.query(&query.effects);
                access.merge(&validation);
                let reads = validation.reads;
                self.validation = Some(Validation {
                    span: attribute.written.value.span,
                    text: text.clone(),
                    rows: query.effects.rows,
                    reads,
                });
                let (relation, found) =
                    self.relations
                        .result(&inner, &self.definitions.scope, &query.columns);
                access.validation = Some((relation, attribute.written.value.span));
                for mut found in found {
                    found.span = attribute.written.value.span;
                    found.message = format!("in `validation.select`: {}", found.message);
                    self.diagnostics.push(found);
                }
            }
            Err(mut error) => {
                error.span = attribute.written.value.span;
                error.message = format!("in `validation.select`: {}", error.message);
                self.diagnostics.push(error);
            }
        }
    }

    /// Checks the columns that a training names, and says what it needs of a
    /// query.
    fn check_inputs(&mut self, train: &ast::Train, access: &Access) -> Inputs {
        let relation = self.result(&train.query);
        let inputs = inputs::train(train, &relation, &mut self.diagnostics);
        if let Some((relation, span)) = &access.validation {
            inputs.check_validation(relation, *span, &mut self.diagnostics);
        }
        inputs
    }

    fn predict(&mut self, statement: &ast::Statement, predict: &ast::Predict) {
        let checked = attributes::check(
            &predict.attributes,
            catalog::PREDICT_ATTRIBUTES.iter(),
            "",
            "`TO PREDICT`",
            &mut self.diagnostics,
        );
        let mut extra_outputs = Vec::new();
        let mut batch_size = None;
        for attribute in &checked {
            match attribute.known.role {
                Role::ExtraOutputs => {
                    extra_outputs = attributes::word_list(&attribute.value);
                    self.check_extra_outputs(
                        &extra_outputs,
                        predict.model.as_ref(),
                        attribute.written,
                    );
                }
                Role::BatchSize => batch_size = Some(attribute.value.clone()),
                _ => {}
            }
        }
        let Some(model) = &predict.model else { return };
        let relation = self.result(&predict.query);
        let inputs = self.inputs(model);
        if let Some(inputs) = &inputs {
            inputs.check_predict(predict, model, &relation, &mut self.diagnostics);
        }
        let mut access = self.definitions.query(&predict.query.effects);
        let image = self.use_model(model, &mut access);
        self.definitions.replace(&predict.into, &mut access);
        let action = Action::Predict(Predict {
            select: self.source.slice(predict.query.span).to_owned(),
            model: model.dotted(),
            into: self.definitions.stored(&predict.into),
            column: self.definitions.stored_ident(&predict.column),
            extra_outputs: extra_outputs.clone(),
            batch_size,
        });
        let title = Title {
            verb: "predict",
            object: predict.into.dotted(),
        };
        let written = inputs.map(|inputs| {
            let column = self.definitions.stored_ident(&predict.column);
            inputs.predicted(&relation, &column, &extra_outputs, predict.into.span)
        });
        self.push(statement, action, title, access, image, Tie::None);
        if let Some(written) = written {
            self.relations
                .define(&self.definitions.scope, &predict.into, written);
        }
    }

    fn check_extra_outputs(
        &mut self,
        outputs: &[String],
        model: Option<&Name>,
        written: &ast::Attribute,
    ) {
        const KNOWN: [&str; 5] = [
            "probabilities",
            "probability",
            "logits",
            "score",
            "distance",
        ];
        let model = model.and_then(|name| self.models.get(&name.dotted()));
        for output in outputs {
            if !KNOWN.contains(&output.as_str()) {
                let message = format!("no extra output is named `{output}`");
                self.diagnostics.push(
                    Diagnostic::new(Code::InvalidAttribute, written.value.span, message).suggest(
                        output,
                        KNOWN,
                        || format!("the extra outputs are {}", KNOWN.join(", ")),
                    ),
                );
                continue;
            }
            let Some((model, nature)) = model.and_then(|m| Some((m, m.nature.as_ref()?))) else {
                continue;
            };
            let has = match output.as_str() {
                "logits" => nature.logits,
                "score" | "distance" if nature.task == Task::ByObjective => None,
                "score" => Some(nature.task == Task::Detection),
                // Of scikit-learn's clusterings, those without probabilities have centers.
                "distance" => {
                    Some(nature.task == Task::Clustering && nature.probabilities == Some(false))
                }
                _ => nature.probabilities,
            };
            if has == Some(false) {
                let message = format!("`{}` gives no `{output}`", nature.name);
                let help = match nature.task {
                    Task::Detection => "leave it out, or ask for `score`".to_owned(),
                    Task::Clustering if nature.probabilities == Some(true) => {
                        "leave it out, or ask for `probability`".to_owned()
                    }
                    Task::Clustering => "leave it out, or ask for `distance`".to_owned(),
                    task => format!("leave it out: the model {}", task.verb()),
                };
                self.diagnostics.push(
                    Diagnostic::new(Code::ModelDoesNotFit, written.value.span, message)
                        .note(model.span, "the model is trained here")
                        .help(help),
                );
            }
        }
    }

    fn evaluate(&mut self, statement: &ast::Statement, evaluate: &ast::Evaluate) {
        let checked = attributes::check(
            &evaluate.attributes,
            catalog::EVALUATE_ATTRIBUTES.iter(),
            "",
            "`TO EVALUATE`",
            &mut self.diagnostics,
        );
        let mut metrics = Vec::new();
        let model = self.models.get(&evaluate.model.dotted());
        let trained = model.map(|model| model.span);
        let nature = model.and_then(|model| model.nature.clone());
        let measured = Measured::model(nature.as_ref(), trained);
        for attribute in &checked {
            if attribute.known.role == Role::ValidationMetrics {
                metrics = attributes::word_list(&attribute.value);
                self.check_metrics(&metrics, &measured, attribute.written);
            }
        }
        if let (Some(nature), Some(trained)) = (&nature, trained) {
            self.check_evaluation(evaluate, nature, trained);
        }
        let relation = self.result(&evaluate.query);
        if let Some(label) = &evaluate.label {
            inputs::check_column(label, &relation, &mut self.diagnostics);
        }
        if let Some(inputs) = self.inputs(&evaluate.model) {
            inputs.check_evaluate(evaluate, &relation, &mut self.diagnostics);
        }
        let mut access = self.definitions.query(&evaluate.query.effects);
        let image = self.use_model(&evaluate.model, &mut access);
        let into = self.result_table(evaluate.into.as_ref(), &mut access);
        let action = Action::Evaluate(Evaluate {
            select: self.source.slice(evaluate.query.span).to_owned(),
            model: evaluate.model.dotted(),
            label: evaluate.label.as_ref().map(|label| label.text.clone()),
            metrics: metrics.clone(),
            into,
        });
        let title = Title {
            verb: "evaluate",
            object: evaluate.model.dotted(),
        };
        self.push(statement, action, title, access, image, Tie::None);
        // Without names, the runtime chooses the metrics.
        if let (Some(into), false) = (&evaluate.into, metrics.is_empty()) {
            let written = measures(&metrics, into.span);
            self.relations
                .define(&self.definitions.scope, into, written);
        }
    }

    /// Whether there is a truth to measure a model by.
    fn check_evaluation(&mut self, evaluate: &ast::Evaluate, nature: &Nature, trained: Span) {
        let span = evaluate.model.span;
        let diagnostic = match (nature.task, &evaluate.label) {
            (Task::Transformation, _) => Diagnostic::new(
                Code::ModelDoesNotFit,
                span,
                format!(
                    "`{}` transforms rows, which cannot be measured",
                    nature.name
                ),
            )
            .help("evaluate a model that is trained on the transformed rows"),
            (Task::Detection, None) => Diagnostic::new(
                Code::MissingClause,
                span,
                format!("`{}` learned without a label to measure it by", nature.name),
            )
            .help("add `LABEL …`: a column with -1 for outliers and 1 for the others"),
            _ => return,
        };
        self.diagnostics
            .push(diagnostic.note(trained, "the model is trained here"));
    }

    fn result_table(&mut self, into: Option<&Name>, access: &mut Access) -> Option<Vec<String>> {
        let into = into?;
        self.definitions.replace(into, access);
        Some(self.definitions.stored(into))
    }

    fn explain(&mut self, statement: &ast::Statement, explain: &ast::Explain) {
        let checked = attributes::check(
            &explain.attributes,
            catalog::EXPLAIN_ATTRIBUTES.iter(),
            "",
            "`TO EXPLAIN`",
            &mut self.diagnostics,
        );
        let params = checked
            .iter()
            .filter(|attribute| attribute.known.role == Role::Param)
            .map(|attribute| Setting {
                name: attribute
                    .known
                    .name
                    .trim_start_matches("summary.")
                    .to_owned(),
                value: attribute.value.clone(),
            })
            .collect();
        if let Some(model) = self.models.get(&explain.model.dotted())
            && let Some(nature) = &model.nature
            && !nature.can_be_explained()
        {
            let message = format!(
                "`{}` {}, to which features contribute nothing",
                nature.name,
                nature.task.verb()
            );
            self.diagnostics.push(
                Diagnostic::new(Code::ModelDoesNotFit, explain.model.span, message)
                    .note(model.span, "the model is trained here")
                    .help("explain a model that predicts classes or numbers, or finds outliers"),
            );
        }
        let explainer = explain
            .explainer
            .as_ref()
            .and_then(|name| self.explainer(name, &explain.model));
        let relation = self.result(&explain.query);
        // That one looks at the model only.
        if explainer.as_deref() != Some("XGBoostExplainer")
            && let Some(inputs) = self.inputs(&explain.model)
        {
            inputs.check_query(&explain.model, &relation, &mut self.diagnostics);
        }
        let mut access = self.definitions.query(&explain.query.effects);
        let image = self.use_model(&explain.model, &mut access);
        let into = self.result_table(explain.into.as_ref(), &mut access);
        let action = Action::Explain(Explain {
            select: self.source.slice(explain.query.span).to_owned(),
            model: explain.model.dotted(),
            explainer: explainer.clone(),
            params,
            into,
        });
        let title = Title {
            verb: "explain",
            object: explain.model.dotted(),
        };
        self.push(statement, action, title, access, image, Tie::None);
        // The columns of other explanations depend on the model's classes.
        let nature = self.models.get(&explain.model.dotted());
        let nature = nature.and_then(|model| model.nature.as_ref());
        if let (Some(into), Some(nature), Some("XGBoostExplainer")) =
            (&explain.into, nature, explainer.as_deref())
        {
            let written = importance(nature, into.span);
            self.relations
                .define(&self.definitions.scope, into, written);
        }
    }

    fn inputs(&self, model: &Name) -> Option<Inputs> {
        self.models.get(&model.dotted())?.inputs.clone()
    }

    fn explainer(&mut self, name: &Name, model: &Name) -> Option<String> {
        let text = name.dotted();
        let Some(known) = catalog::EXPLAINERS.iter().find(|known| known.name == text) else {
            let names = catalog::EXPLAINERS.iter().map(|known| known.name);
            let message = format!("no explainer is named `{text}`");
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownExplainer, name.span, message).suggest(
                    &text,
                    names.clone(),
                    || {
                        format!(
                            "the explainers are {}",
                            names.collect::<Vec<_>>().join(", ")
                        )
                    },
                ),
            );
            return None;
        };
        if let Some(trained) = self.models.get(&model.dotted())
            && let Some(nature) = &trained.nature
            && nature.can_be_explained()
            && !nature.is_explained_by(known)
        {
            let message = format!("`{text}` cannot explain a `{}`", nature.name);
            let fitting = catalog::EXPLAINERS
                .iter()
                .filter(|known| nature.is_explained_by(known))
                .map(|known| format!("`{}`", known.name))
                .collect::<Vec<_>>();
            self.diagnostics.push(
                Diagnostic::new(Code::ModelDoesNotFit, name.span, message)
                    .note(trained.span, "the model is trained here")
                    .help(format!(
                        "use {}, or leave `USING` out",
                        fitting.join(" or ")
                    )),
            );
        }
        Some(text)
    }

    fn run(&mut self, statement: &ast::Statement, run: &ast::Run) {
        if !is_image(&run.image) {
            let message = format!("`{}` is no image reference", run.image);
            self.diagnostics.push(
                Diagnostic::new(Code::UnexpectedToken, run.image_span, message)
                    .help("write `registry/team/image:tag`"),
            );
        }
        self.result(&run.query);
        let mut access = self.definitions.query(&run.query.effects);
        if run.into.is_empty() {
            access.barrier =
                Some("the program that it runs may do anything; `INTO` says what it writes");
        }
        let into = run
            .into
            .iter()
            .filter_map(|into| self.result_table(Some(into), &mut access))
            .collect();
        let object = match run.into.first() {
            Some(into) => into.dotted(),
            None => image_name(&run.image).to_owned(),
        };
        let title = Title {
            verb: "run",
            object,
        };
        let action = Action::Run(Run {
            select: self.source.slice(run.query.span).to_owned(),
            image: run.image.clone(),
            command: run.command.clone(),
            into,
        });
        let image = Some(run.image.clone());
        self.push(statement, action, title, access, image, Tie::None);
    }

    fn optimize(&mut self, statement: &ast::Statement, optimize: &ast::Optimize) {
        let sense = match optimize.sense {
            ast::Sense::Maximize => Sense::Maximize,
            ast::Sense::Minimize => Sense::Minimize,
        };
        let checked = attributes::check(
            &optimize.attributes,
            catalog::OPTIMIZE_ATTRIBUTES.iter(),
            "",
            &format!("`TO {}`", sense.as_str().to_uppercase()),
            &mut self.diagnostics,
        );
        let problem = optimize::lower(optimize, &checked, &mut self.diagnostics);
        let relation = self.result(&optimize.query);
        for column in &problem.columns {
            inputs::check_column(column, &relation, &mut self.diagnostics);
        }
        // The columns that tell unknowns apart stand inside of `variables`.
        for (column, span) in &problem.index {
            inputs::check_name(column, *span, &relation, &mut self.diagnostics);
        }
        let mut access = self.definitions.query(&optimize.query.effects);
        let into = self.result_table(optimize.into.as_ref(), &mut access);
        // Without one of them, an error has been reported.
        let (Some(objective), Some(into)) = (problem.objective, into) else {
            return;
        };
        let title = Title {
            verb: sense.as_str(),
            object: optimize.into.as_ref().map(Name::dotted).unwrap_or_default(),
        };
        let action = Action::Optimize(Optimize {
            select: self.source.slice(optimize.query.span).to_owned(),
            sense,
            objective,
            constraints: problem.constraints,
            variables: problem.variables,
            params: problem.params,
            into,
        });
        self.push(statement, action, title, access, None, Tie::None);
    }

    fn show_train(&mut self, statement: &ast::Statement, show: &ast::ShowTrain) {
        let mut access = Access::default();
        let image = self.use_model(&show.model, &mut access);
        let model = show.model.dotted();
        let title = Title {
            verb: "show",
            object: model.clone(),
        };
        let action = Action::ShowTrain(ShowTrain { model });
        self.push(statement, action, title, access, image, Tie::None);
    }

    /// Adds the read of a model and gives the image that its steps run in.
    ///
    /// A model that the program does not train may be in the model store from
    /// an earlier run. It is an error only where the program shows that it
    /// is not meant so: the model is trained further down, or its name is a
    /// misspelling of one that is trained above. A version is always of an
    /// earlier run, since nobody knows it before the model is trained.
    fn use_model(&mut self, name: &Name, access: &mut Access) -> Option<String> {
        let reference = name.dotted();
        let text = reference::stored(&reference).to_owned();
        if let Err(wrong) = reference::check(name) {
            self.diagnostics.push(wrong);
        }
        access.reads.insert(Resource::Model(text.clone()));
        if let Some(model) = self.models.get(&text) {
            return model.image.clone();
        }
        let says_version = text != reference;
        if let Some(later) = self.trained.get(&text)
            && !says_version
        {
            let message = format!("model `{text}` is used before it is trained");
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownModel, name.span, message)
                    .note(*later, "it is trained here")
                    .help("move the training up"),
            );
        } else if let Some(meant) = self.misspelt_model(&text).map(str::to_owned) {
            let message = format!("no model named `{text}`");
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownModel, name.span, message)
                    .help(format!("did you mean `{meant}`?")),
            );
        }
        None
    }

    /// The trained model whose name this misspells. Names that differ in a
    /// number or in their last letter are usually two models: `model_1` and
    /// `model_2`, `a` and `b`.
    fn misspelt_model(&mut self, text: &str) -> Option<&str> {
        if text.chars().count() < 5 {
            return None;
        }
        self.comparisons = self.comparisons.checked_sub(self.models.len())?;
        let meant = nearest(text, self.models.keys().map(String::as_str))?;
        let letters = |name: &str| -> Vec<char> {
            let name: Vec<char> = name.chars().filter(|c| !c.is_ascii_digit()).collect();
            name
        };
        let (wrong, right) = (letters(text), letters(meant));
        let but_last = |name: &[char]| name[..name.len().saturating_sub(1)].to_vec();
        let is_other =
            wrong == right || (wrong.len() == right.len() && but_last(&wrong) == but_last(&right));
        (!is_other).then_some(meant)
    }

    pub(super) fn push(
        &mut self,
        statement: &ast::Statement,
        action: Action,
        title: Title,
        access: Access,
        image: Option<String>,
        tie: Tie,
    ) {
        if !matches!(action, Action::Query(_)) {
            for table in &access.writes {
                if let Resource::Table(table) = table {
                    self.relations.forget_key(table);
                }
            }
            if access.barrier.is_some() {
                self.relations.forget_all();
            }
        }
        let settings = settings::lower(&statement.directives, &mut self.diagnostics);
        let mut reads = access.reads;
        if !matches!(action, Action::ShowTrain(_)) {
            reads.extend(self.definitions.scope.current());
        }
        let mut bonds = access.bonds;
        if !matches!(action, Action::Query(_)) {
            let text = self.source.slice(statement.span);
            bonds.extend(self.definitions.mentioned(text));
        }
        // A sequence behind a column of type `serial` shows in no statement.
        let last_drawn = access
            .asked
            .iter()
            .map(|sequence| self.last_drawn.get(sequence).copied().or(self.last_insert));
        let last_insert = self.last_insert.filter(|_| access.asks_last);
        let previous = self.pieces.len().checked_sub(1);
        let previous = previous.filter(|_| access.asks_previous);
        let asked = last_drawn.flatten().chain(last_insert).chain(previous);
        let asked: BTreeSet<usize> = asked.collect();
        for last in asked {
            let bond = self.definitions.new_bond();
            self.pieces[last].bonds.insert(bond);
            bonds.insert(bond);
        }
        let (replayed, session) = self.session.replay(&access.carried).into_iter().unzip();
        let step = Step {
            action,
            lines: self.source.lines(statement.span),
            span: statement.span,
            session,
            reads,
            writes: access.writes,
            barrier: access.barrier,
            settings,
            image,
            title,
            digest: digest(self.source.slice(statement.span)),
        };
        self.pieces.push(Piece {
            step,
            tie,
            bonds,
            replayed,
            directives: statement.directives.clone(),
        });
    }
}

/// Verbs of statements that leave the columns of tables as they are.
const KEEPS_COLUMNS: [&str; 17] = [
    "select", "insert", "update", "delete", "merge", "truncate", "index", "copy", "load",
    "analyze", "explain", "describe", "comment", "macro", "function", "use", "set",
];

/// Whether a `SET` or the like may change which table a name means.
pub(super) fn is_about_names(text: &str) -> bool {
    let text = text.to_lowercase();
    ["path", "schema", "catalog", "database", "warehouse", "role"]
        .iter()
        .any(|word| text.contains(word))
}

fn effects(program: &ast::Program) -> impl Iterator<Item = &Effects> + Clone {
    program
        .statements
        .iter()
        .filter_map(|statement| match &statement.kind {
            StatementKind::Sql(sql) => Some(&sql.effects),
            StatementKind::Train(train) => Some(&train.query.effects),
            StatementKind::Predict(predict) => Some(&predict.query.effects),
            StatementKind::Explain(explain) => Some(&explain.query.effects),
            StatementKind::Evaluate(evaluate) => Some(&evaluate.query.effects),
            StatementKind::Run(run) => Some(&run.query.effects),
            StatementKind::Optimize(optimize) => Some(&optimize.query.effects),
            StatementKind::ShowTrain(_) => None,
        })
}

/// The table of one row that an evaluation writes.
fn measures(metrics: &[String], span: Span) -> Relation {
    let names = std::iter::once("loss").chain(metrics.iter().map(String::as_str));
    let columns = names.map(|name| Column {
        name: Some(name.into()),
        kind: None,
    });
    Relation {
        columns: columns.collect(),
        origin: Origin::Statement(span),
        ..Relation::default()
    }
}

/// The table that says how much a model of XGBoost uses each feature.
fn importance(nature: &Nature, span: Span) -> Relation {
    let measures: &[&str] = match nature.shape {
        Shape::Linear => &["coefficient"],
        _ => &["fscore", "gain"],
    };
    let column = |name: &str, kind| Column {
        name: Some(name.into()),
        kind: Some(kind),
    };
    let measures = measures.iter().map(|name| column(name, Kind::Float));
    Relation {
        columns: std::iter::once(column("feature", Kind::Text))
            .chain(measures)
            .collect(),
        origin: Origin::Statement(span),
        ..Relation::default()
    }
}

/// The last part of an image's path, without tag and digest.
fn image_name(image: &str) -> &str {
    let path = image.split('@').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}
