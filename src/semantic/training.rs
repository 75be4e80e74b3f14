//! Checks a TRAIN's estimator, attributes and label against the catalog, and
//! lowers them.

use std::borrow::Cow;

use super::attributes::{self, Checked};
use super::catalog::{self, Estimator, Explainer, Outputs, Parameter, Role, Shape, Task};
use super::columns;
use super::combinations::{self, Attributes};
use super::definitions::Access;
use super::metrics::Measured;
use super::statements::Analyzer;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Family, Literal, Setting, Train};
use crate::quantity::is_image;
use crate::syntax::ast::{self, Ident, Name};

/// What a model is: its estimator, and what the attributes make of it.
#[derive(Debug, Clone)]
pub(super) struct Nature {
    pub(super) estimator: &'static Estimator,
    /// As the program names it, which for a class of an image is all there is.
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) task: Task,
    pub(super) objective: Option<String>,
    /// What XGBoost adds in each round.
    booster: Option<String>,
    /// Whether it gives probabilities, where that is known.
    pub(super) probabilities: Option<bool>,
    pub(super) logits: Option<bool>,
}

impl Nature {
    fn new(attributes: &Attributes<'_>) -> Nature {
        let estimator = attributes.estimator;
        let trees = estimator.family == Family::XGBoost;
        let objective = trees
            .then(|| attributes.value("objective"))
            .flatten()
            .map(Cow::into_owned);
        let booster = trees.then(|| booster(attributes));
        let task = match (&objective, estimator.trained_as) {
            (Some(objective), None) => Task::of_objective(objective),
            _ => estimator.task,
        };
        let (probabilities, logits) = match (task, estimator.outputs) {
            (Task::ByObjective, _) => (None, None),
            (Task::Classification, outputs) => match outputs {
                Outputs::ByObjective => {
                    let is_hinge = objective.as_deref() == Some("binary:hinge");
                    (Some(!is_hinge), Some(true))
                }
                Outputs::ProbabilitiesAndLogits => (Some(true), Some(true)),
                Outputs::Probabilities => (Some(true), None),
                Outputs::MaybeProbabilities => (None, None),
                Outputs::Values => (Some(false), None),
            },
            (Task::Clustering, outputs) => {
                let is_mixture = outputs == Outputs::Probabilities;
                (Some(is_mixture), Some(false))
            }
            _ => (Some(false), Some(false)),
        };
        Nature {
            estimator,
            name: attributes.train.estimator.name.clone(),
            shape: match booster.as_deref() {
                Some("gblinear") => Shape::Linear,
                _ => estimator.shape,
            },
            task,
            objective,
            booster,
            probabilities,
            logits,
        }
    }

    /// Whether there is an output that features add up to.
    pub(super) fn can_be_explained(&self) -> bool {
        !matches!(self.task, Task::Clustering | Task::Transformation)
    }

    /// What a class of an image can be explained by is not known.
    pub(super) fn is_explained_by(&self, explainer: &Explainer) -> bool {
        self.estimator.family == Family::Custom
            || explainer.explains(self.estimator.family, self.shape)
    }

    /// Whether a training of this can start from a model of `from`.
    fn goes_on_from(&self, from: &Nature) -> bool {
        let same_task = self.task == from.task
            || self.task == Task::ByObjective
            || from.task == Task::ByObjective;
        self.estimator.family == from.estimator.family
            && same_task
            && match self.estimator.family {
                Family::XGBoost => self.booster == from.booster,
                Family::Deep | Family::ScikitLearn => self.estimator.name == from.estimator.name,
                Family::Custom => self.name == from.name,
            }
    }
}

fn booster(attributes: &Attributes<'_>) -> String {
    match attributes.estimator.name {
        "xgboost.gblinear" => "gblinear".to_owned(),
        "xgboost.dart" => "dart".to_owned(),
        _ => match attributes.value("booster") {
            Some(booster) => booster.into_owned(),
            None => "gbtree".to_owned(),
        },
    }
}

impl Analyzer<'_> {
    /// The catalog's entry of an estimator. What an image brings is known to
    /// the image alone.
    pub(super) fn estimator(&mut self, written: &ast::Estimator) -> Option<&'static Estimator> {
        if let Some(image) = &written.image
            && !is_image(image)
        {
            let message = format!("`{image}` is no image reference");
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownEstimator, written.span, message)
                    .help("write `registry/team/image:tag/Estimator`"),
            );
        }
        if let Some(found) = catalog::estimator(&written.name) {
            if let Some(other) = found.trained_as {
                let message = format!("`{}` is trained as `{other}`", found.name);
                self.diagnostics.push(
                    Diagnostic::new(Code::TrainedAsAnother, written.span, message).help(format!(
                        "its attributes are translated, and results can differ a little; \
                         write `{other}` to choose among all of its own"
                    )),
                );
            }
            return Some(found);
        }
        if written.image.is_some() {
            return Some(&catalog::CUSTOM);
        }
        let diagnostic = match catalog::unusable(&written.name) {
            Some(why) => Diagnostic::new(
                Code::UnusableEstimator,
                written.span,
                format!("`{}` {why}", written.name),
            )
            .help(
                "choose another one from `sqlflowc models`, or wrap it in a class of an image: \
                 `TO TRAIN registry/image:tag/package.Class`",
            ),
            None => unknown(written),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    pub(super) fn train_attributes(
        &mut self,
        train: &ast::Train,
        estimator: &'static Estimator,
        lowered: &mut Train,
        access: &mut Access,
    ) -> Nature {
        if let Some(other) = estimator.trained_as {
            other.clone_into(&mut lowered.estimator);
        }
        let parts = Parts::of(train, estimator);
        let prefix = match estimator.family {
            // `n_clusters` and SQLFlow's way, `model.n_clusters`.
            Family::ScikitLearn => "model.",
            _ => "",
        };
        let of = format!("`{}`", train.estimator.name);
        let mut own = parts.own.clone();
        own.retain(|attribute| !self.is_of_another_booster(attribute, estimator));
        let mut checked = attributes::check(
            own,
            estimator.parameters(),
            prefix,
            &of,
            &mut self.diagnostics,
        );
        self.other_boosters(&mut checked, estimator);
        let attributes = Attributes {
            estimator,
            checked: &checked,
            train,
        };
        let nature = Nature::new(&attributes);
        let measured = Measured::of(&nature);
        for attribute in &checked {
            self.apply(attribute, &measured, lowered, access);
        }
        combinations::check(&attributes, &mut self.diagnostics);
        if estimator.trained_as.is_some() {
            translate(&attributes, lowered);
        }
        match estimator.family {
            Family::XGBoost => self.xgboost(&attributes, &nature, lowered),
            Family::Deep => self.deep(&attributes, &parts, lowered),
            Family::ScikitLearn => {}
            Family::Custom => self.custom(&parts, lowered),
        }
        self.check_validation(&attributes);
        nature
    }

    fn apply(
        &mut self,
        attribute: &Checked<'_>,
        measured: &Measured<'_>,
        lowered: &mut Train,
        access: &mut Access,
    ) {
        let value = attribute.value.clone();
        let known = attribute.known;
        let mut param = |value| {
            lowered.params.push(Setting {
                name: known.own_name().to_owned(),
                value,
            });
        };
        match known.role {
            Role::Param | Role::ParamAs(_) => {
                if known.name == "eval_metric" {
                    self.check_own_metrics(&attributes::word_list(&value), measured, attribute);
                }
                param(value);
            }
            Role::ParamText => param(match value {
                Literal::List(_) => Literal::string(brackets(&value)),
                value => value,
            }),
            Role::Rounds => lowered.rounds = Some(value),
            Role::Epochs => lowered.epochs = Some(value),
            Role::BatchSize => lowered.batch_size = Some(value),
            // 0 is SQLFlow's way to say that there is no limit.
            Role::MaxSteps if value == Literal::integer(0) => {}
            Role::MaxSteps => lowered.max_steps = Some(value),
            Role::EarlyStopping => lowered.early_stopping = Some(value),
            Role::ValidationSelect => {
                self.validation_select(attribute, access);
                lowered.validation.push(setting("select", value));
            }
            Role::ValidationMetrics => {
                let metrics = attributes::word_list(&value);
                self.check_metrics(&metrics, measured, attribute.written);
                lowered.validation.push(setting("metrics", value));
            }
            Role::Optimizer
            | Role::LinearOptimizer
            | Role::DnnOptimizer
            | Role::Loss
            | Role::ExtraOutputs
            | Role::Variables
            | Role::Domains
            | Role::Ignored(_) => {}
        }
    }

    /// XGBoost lets a parameter pass that another booster has.
    fn is_of_another_booster(
        &mut self,
        attribute: &ast::Attribute,
        estimator: &'static Estimator,
    ) -> bool {
        if estimator.family != Family::XGBoost
            || estimator.trained_as.is_some()
            || is_known(estimator, &attribute.name)
        {
            return false;
        }
        let boosters = ["xgboost.gbtree", "xgboost.dart", "xgboost.gblinear"];
        let Some(other) = boosters
            .iter()
            .filter_map(|name| catalog::estimator(name))
            .find(|other| is_known(other, &attribute.name))
        else {
            return false;
        };
        let why = format!("it is a parameter of `{}`", other.name);
        self.diagnostics
            .push(attributes::without_effect(attribute, &why));
        true
    }

    /// Parameters of a booster that the training does not use do nothing.
    fn other_boosters(&mut self, checked: &mut Vec<Checked<'_>>, estimator: &'static Estimator) {
        let chosen = checked.iter().find(|c| c.known.name == "booster");
        let Some(Literal::String(chosen)) = chosen.map(|chosen| chosen.value.clone()) else {
            return;
        };
        let Some(own) = catalog::estimator(&format!("xgboost.{chosen}")) else {
            return;
        };
        checked.retain(|attribute| {
            let known = attribute.known;
            let of_another = estimator.name != own.name
                && known.name != "booster"
                && !own.parameters().any(|other| other.name == known.name);
            if of_another {
                self.diagnostics.push(attributes::without_effect(
                    attribute.written,
                    &format!("the booster `{chosen}` has no such parameter"),
                ));
            }
            !of_another
        });
    }

    fn check_validation(&mut self, attributes: &Attributes<'_>) {
        let find = |role: Role| attributes.checked.iter().find(|a| a.known.role == role);
        if let Some(stopping) = find(Role::EarlyStopping)
            && !attributes.is_meant("validation.select")
        {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::MissingAttribute,
                    stopping.written.name_span,
                    "early stopping needs data to validate on",
                )
                .help("add `validation.select = '…'`"),
            );
        }
    }

    fn xgboost(&mut self, attributes: &Attributes<'_>, nature: &Nature, lowered: &mut Train) {
        let estimator = attributes.estimator;
        let rounds = estimator.parameters().find(|p| p.role == Role::Rounds);
        // A forest is one round.
        let default = rounds.map_or("1", |rounds| estimator.default_of(rounds));
        lowered
            .rounds
            .get_or_insert_with(|| Literal::Integer(default.to_owned()));
        if let Some(objective) = estimator.default_named("objective")
            && attributes.written("objective").is_none()
        {
            let objective = Literal::string(objective);
            lowered.params.push(setting("objective", objective));
        }
        if let Some(constraints) = attributes.written("monotone_constraints")
            && nature.booster.as_deref() != Some("gblinear")
        {
            check_constraints(constraints, attributes.train, &mut self.diagnostics);
        }
    }

    fn deep(&mut self, attributes: &Attributes<'_>, parts: &Parts<'_>, lowered: &mut Train) {
        let Attributes {
            estimator,
            checked,
            train,
        } = attributes;
        let named = |role: Role| {
            let known = estimator.parameters().find(|known| known.role == role)?;
            let written = checked.iter().find(|checked| checked.known.role == role);
            Some((known, written))
        };
        for (role, prefix, parameters) in [
            (Role::Optimizer, "optimizer.", &parts.optimizer),
            (Role::LinearOptimizer, "linear_optimizer.", &parts.linear),
            (Role::DnnOptimizer, "dnn_optimizer.", &parts.dnn),
        ] {
            let Some((known, written)) = named(role) else {
                continue;
            };
            let settings = attributes::optimizer(
                written.map(|written| written.written),
                known.default,
                parameters,
                prefix,
                &mut self.diagnostics,
            );
            match role {
                Role::LinearOptimizer => lowered.linear_optimizer = settings,
                Role::DnnOptimizer => lowered.dnn_optimizer = settings,
                _ => lowered.optimizer = settings,
            }
        }
        if let Some((known, written)) = named(Role::Loss) {
            lowered.loss = attributes::loss(
                written.map(|written| &written.value),
                known.default,
                &parts.loss,
                &mut self.diagnostics,
            );
        }
        for units in ["model.hidden_units", "model.dnn_hidden_units"] {
            if estimator.parameters().any(|known| known.name == units)
                && !attributes.is_meant(units)
            {
                let message = format!("`{}` needs the sizes of its layers", estimator.name);
                self.diagnostics.push(
                    Diagnostic::new(Code::MissingAttribute, train.estimator.span, message)
                        .help(format!("add `{units} = [64, 32]`")),
                );
            }
        }
        check_vocabulary(attributes, &mut self.diagnostics);
        lowered.epochs.get_or_insert(Literal::integer(1));
        // The step chooses a batch size that fits the number of rows.
    }

    /// A class that an image brings takes what its own code says, which the
    /// compiler cannot see.
    fn custom(&mut self, parts: &Parts<'_>, lowered: &mut Train) {
        let mut given: Vec<&ast::Attribute> = Vec::new();
        for attribute in &parts.free {
            let own = own_name(attribute);
            if let Some(first) = given.iter().find(|first| own_name(first) == own) {
                let diagnostic = attributes::duplicate(attribute, first);
                self.diagnostics.push(diagnostic);
                continue;
            }
            given.push(attribute);
            lowered
                .params
                .push(setting(own, catalog::plain(&attribute.value)));
        }
        let named = |parameters: &[&ast::Attribute], name: Option<Setting>, prefix: &str| {
            let others = parameters.iter().map(|parameter| {
                let own = parameter.name.trim_start_matches(prefix);
                setting(own, catalog::plain(&parameter.value))
            });
            name.into_iter().chain(others).collect::<Vec<_>>()
        };
        let take = |params: &mut Vec<Setting>, name: &str| {
            let at = params.iter().position(|param| param.name == name)?;
            Some(setting("name", params.remove(at).value))
        };
        let optimizer = take(&mut lowered.params, "optimizer");
        let optimizer = match optimizer {
            // SQLFlow's default, once a parameter of it is given.
            None if !parts.optimizer.is_empty() => {
                Some(setting("name", Literal::string("Adagrad")))
            }
            named => named,
        };
        lowered.optimizer = named(&parts.optimizer, optimizer, "optimizer.");
        let loss = take(&mut lowered.params, "loss");
        if let (None, Some(first)) = (&loss, parts.loss.first()) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::MissingAttribute,
                    first.name_span,
                    format!("`{}` is a parameter of no loss", first.name),
                )
                .help("add `model.loss = …`"),
            );
        }
        lowered.loss = named(&parts.loss, loss, "loss.");
    }

    pub(super) fn check_label(&mut self, train: &ast::Train, estimator: &'static Estimator) {
        let name = &train.estimator.name;
        let Some(label) = &train.label else {
            if estimator.is_supervised() && estimator.family != Family::Custom {
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::MissingClause,
                        train.estimator.span,
                        format!("`TO TRAIN {name}` needs `LABEL`"),
                    )
                    .help("add `LABEL …`: the column to learn"),
                );
            }
            return;
        };
        if !estimator.is_supervised() {
            let message = format!("`{name}` learns without a label");
            self.diagnostics.push(
                Diagnostic::new(Code::UnwantedLabel, label.span, message)
                    .note(
                        train.estimator.span,
                        format!("it {}", estimator.task.verb()),
                    )
                    .help("leave `LABEL` out; to keep the column from the features, list these in `COLUMN`"),
            );
            return;
        }
        let same = |ident: &&Ident| ident.text.eq_ignore_ascii_case(&label.text);
        if let Some(feature) = columns::named(&train.columns).into_iter().find(same) {
            let message = format!("`{}` is the label and a feature", label.text);
            self.diagnostics.push(
                Diagnostic::new(Code::LabelAmongFeatures, feature.span, message)
                    .note(label.span, "the label")
                    .help("take it out of `COLUMN`: a model that sees its label learns nothing"),
            );
        }
    }

    /// Training goes on with what another training has learned, so both are
    /// of one kind.
    pub(super) fn check_start(&mut self, start: &Name, nature: &Nature) {
        if !nature.estimator.goes_on {
            let message = format!("a training of `{}` cannot start from a model", nature.name);
            self.diagnostics.push(
                Diagnostic::new(Code::ModelDoesNotFit, start.span, message)
                    .help("leave `USING` out: it is trained in one go"),
            );
            return;
        }
        let Some(model) = self.models.get(&start.dotted()) else {
            return;
        };
        let Some(from) = &model.nature else { return };
        if nature.goes_on_from(from) {
            return;
        }
        let message = if nature.name == from.name && nature.task != from.task {
            format!(
                "a training that {} cannot go on with a model that {}",
                nature.task.verb(),
                from.task.verb()
            )
        } else {
            format!("`{}` cannot go on with a `{}`", nature.name, from.name)
        };
        self.diagnostics.push(
            Diagnostic::new(Code::ModelDoesNotFit, start.span, message)
                .note(model.span, "the model is trained here")
                .help("start from a model of the same estimator, or leave `USING` out"),
        );
    }
}

fn setting(name: impl Into<String>, value: Literal) -> Setting {
    Setting {
        name: name.into(),
        value,
    }
}

fn own_name(attribute: &ast::Attribute) -> &str {
    attribute.name.trim_start_matches("model.")
}

fn unknown(written: &ast::Estimator) -> Diagnostic {
    let message = format!("no estimator is named `{}`", written.name);
    let diagnostic = Diagnostic::new(Code::UnknownEstimator, written.span, message);
    // `KMeans` is likely meant as `sklearn.cluster.KMeans`.
    let last = |name: &str| name.rsplit('.').next().map(str::to_lowercase);
    let same = catalog::estimators()
        .filter(|estimator| estimator.name.contains('.'))
        .find(|estimator| last(estimator.name) == last(&written.name));
    // SQLFlow's own are known without its package, as in `sqlflow_models.DNNClassifier`.
    let bare = written.name.rsplit('.').next().and_then(catalog::estimator);
    if let Some(same) = same.or(bare) {
        return diagnostic.help(format!("did you mean `{}`?", same.name));
    }
    let names = catalog::estimators().map(|estimator| estimator.name);
    diagnostic.suggest(&written.name, names, || {
        let listed = "`sqlflowc models` lists what this release trains";
        if written.name.contains('.') {
            format!(
                "{listed}; a class of your own needs its image: \
                 `TO TRAIN registry/image:tag/{}`",
                written.name
            )
        } else {
            listed.to_owned()
        }
    })
}

/// The attributes of a training by where they go.
struct Parts<'a> {
    /// The estimator's own, and the training's.
    own: Vec<&'a ast::Attribute>,
    optimizer: Vec<&'a ast::Attribute>,
    linear: Vec<&'a ast::Attribute>,
    dnn: Vec<&'a ast::Attribute>,
    loss: Vec<&'a ast::Attribute>,
    /// What a class of an image takes.
    free: Vec<&'a ast::Attribute>,
}

impl<'a> Parts<'a> {
    /// Which parameters an optimizer or a loss takes depends on which it is.
    fn of(train: &'a ast::Train, estimator: &'static Estimator) -> Parts<'a> {
        let is_custom = estimator.family == Family::Custom;
        let has = |role: Role| {
            is_custom
                || estimator
                    .parameters()
                    .any(|parameter| parameter.role == role)
        };
        let mut parts = Parts {
            own: Vec::new(),
            optimizer: Vec::new(),
            linear: Vec::new(),
            dnn: Vec::new(),
            loss: Vec::new(),
            free: Vec::new(),
        };
        for attribute in &train.attributes {
            let name = &attribute.name;
            let place = match name.split_once('.') {
                Some(("optimizer", _)) if has(Role::Optimizer) => &mut parts.optimizer,
                Some(("linear_optimizer", _)) if has(Role::LinearOptimizer) => &mut parts.linear,
                Some(("dnn_optimizer", _)) if has(Role::DnnOptimizer) => &mut parts.dnn,
                Some(("loss", _)) if has(Role::Loss) => &mut parts.loss,
                Some(("model", _)) | None if is_custom && !is_known(estimator, name) => {
                    &mut parts.free
                }
                _ => &mut parts.own,
            };
            place.push(attribute);
        }
        parts
    }
}

fn is_known(estimator: &Estimator, name: &str) -> bool {
    estimator
        .parameters()
        .any(|parameter: &Parameter| parameter.is_called(name))
}

/// A list as XGBoost reads it: `[[0, 1], [2, 3]]`.
fn brackets(value: &Literal) -> String {
    match value {
        Literal::List(values) => {
            let values: Vec<_> = values.iter().map(brackets).collect();
            format!("[{}]", values.join(", "))
        }
        Literal::Integer(digits) => digits.clone(),
        _ => String::new(),
    }
}

/// Gives an estimator the defaults of the one in whose place it trains.
fn translate(attributes: &Attributes<'_>, lowered: &mut Train) {
    for known in attributes.estimator.parameters() {
        if matches!(known.role, Role::ParamAs(_))
            && !known.default.is_empty()
            && attributes.written(known.name).is_none()
        {
            let value = catalog::default_literal(known.default);
            lowered.params.push(setting(known.own_name(), value));
        }
    }
    let Some(at) = lowered.params.iter().position(|p| p.name == "num_class") else {
        return;
    };
    let objective = if lowered.params[at].value == Literal::integer(2) {
        lowered.params.remove(at);
        "binary:logistic"
    } else {
        "multi:softprob"
    };
    let objective = Literal::string(objective);
    lowered.params.push(setting("objective", objective));
}

/// `[1, 0]` and `"(1, 0)"` have one sign for each feature.
fn check_constraints(constraints: &Checked<'_>, train: &ast::Train, diagnostics: &mut Diagnostics) {
    let span = constraints.written.value.span;
    let count = match &constraints.value {
        Literal::List(values) => values.len(),
        Literal::String(text) => {
            let inner = text.trim().strip_prefix('(');
            let inner = inner.and_then(|text| text.strip_suffix(')'));
            let signs: Vec<_> = inner.unwrap_or_default().split(',').collect();
            if !signs.iter().all(|s| ["1", "0", "-1"].contains(&s.trim())) {
                let message = format!("`{text}` are no constraints");
                diagnostics.push(
                    Diagnostic::new(Code::InvalidAttribute, span, message)
                        .help("write 1, 0 or -1 for each feature: `[1, 0, -1]`"),
                );
                return;
            }
            // It counts columns after encoding, which are not known here.
            return;
        }
        _ => return,
    };
    if let Some(features) = columns::count(&train.columns)
        && features != count
    {
        let message = format!("{count} constraints for {features} features");
        diagnostics.push(
            Diagnostic::new(Code::ConflictingAttributes, span, message)
                .help("write 1, 0 or -1 for each feature, in the order of `COLUMN`"),
        );
    }
}

fn check_vocabulary(attributes: &Attributes<'_>, diagnostics: &mut Diagnostics) {
    let Some(vocabulary) = attributes.written("label_vocabulary") else {
        return;
    };
    let Literal::List(words) = &vocabulary.value else {
        return;
    };
    let span = vocabulary.written.value.span;
    if let Some((at, _)) = words
        .iter()
        .enumerate()
        .find(|(at, word)| words[..*at].contains(word))
    {
        let message = format!(
            "a class is listed twice, the second time at place {}",
            at + 1
        );
        diagnostics.push(
            Diagnostic::new(Code::InvalidAttribute, span, message).help("list each class once"),
        );
        return;
    }
    if let Some(classes) = attributes.written("n_classes")
        && classes.value != Literal::integer(words.len())
    {
        let message = format!(
            "`{}` lists {} classes and `{}` says another number",
            vocabulary.written.name,
            words.len(),
            classes.written.name
        );
        diagnostics.push(
            Diagnostic::new(Code::ConflictingAttributes, span, message)
                .note(classes.written.value.span, "given here")
                .help(format!("leave `{}` out", classes.written.name)),
        );
    }
}
