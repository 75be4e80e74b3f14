//! Neural networks on Keras, under SQLFlow's names.

use super::{Attribute, Estimator, Kind, Role, Shape, attribute};
use crate::ir::Family;

pub(super) const ESTIMATORS: &[Estimator] = &[
    Estimator {
        name: "DNNClassifier",
        family: Family::Deep,
        shape: Shape::Network,
        objective: None,
        meaning: "fully connected network that predicts one of several classes",
    },
    Estimator {
        name: "DNNRegressor",
        family: Family::Deep,
        shape: Shape::Network,
        objective: None,
        meaning: "fully connected network that predicts a number",
    },
];

/// SQLFlow's default for its canned networks, which learns on few epochs.
pub(crate) const DEFAULT_OPTIMIZER: &str = "Adagrad";

pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("model.hidden_units", Kind::Integers(1), Role::Param),
    attribute(
        "model.activation_fn",
        Kind::Choice(&[
            "relu",
            "relu6",
            "leaky_relu",
            "elu",
            "selu",
            "gelu",
            "silu",
            "swish",
            "mish",
            "tanh",
            "hard_tanh",
            "sigmoid",
            "hard_sigmoid",
            "softplus",
            "softsign",
            "linear",
        ]),
        Role::Param,
    ),
    attribute("model.dropout", Kind::Number(0.0, 0.999), Role::Param),
    attribute("model.batch_norm", Kind::Bool, Role::Param),
    attribute("model.seed", Kind::Integer(0), Role::Param),
    attribute("model.weight_column", Kind::String, Role::Param),
    attribute("model.optimizer", Kind::String, Role::Optimizer),
    attribute("train.epoch", Kind::Integer(1), Role::Epochs),
    attribute("train.batch_size", Kind::Integer(1), Role::BatchSize),
    attribute("train.max_steps", Kind::Integer(0), Role::MaxSteps),
    attribute(
        "train.early_stopping",
        Kind::Integer(1),
        Role::EarlyStopping,
    ),
    attribute("validation.select", Kind::Query, Role::ValidationSelect),
    attribute("validation.metrics", Kind::Words, Role::ValidationMetrics),
    attribute(
        "train.verbose",
        Kind::Integer(0),
        Role::Ignored("progress is always shown"),
    ),
    attribute(
        "train.save_checkpoints_steps",
        Kind::Integer(1),
        Role::Ignored("the model is kept when training ends"),
    ),
    attribute(
        "train.log_every_n_iter",
        Kind::Integer(1),
        Role::Ignored("progress is always shown"),
    ),
    attribute(
        "validation.steps",
        Kind::Integer(1),
        Role::Ignored("validation reads all rows"),
    ),
    attribute(
        "validation.start_delay_secs",
        Kind::Integer(0),
        Role::Ignored("validation follows each epoch"),
    ),
    attribute(
        "validation.throttle_secs",
        Kind::Integer(0),
        Role::Ignored("validation follows each epoch"),
    ),
];

pub(super) const CLASSIFIER_ATTRIBUTES: &[Attribute] = &[
    attribute("model.n_classes", Kind::Integer(2), Role::Param),
    attribute("model.label_vocabulary", Kind::Any, Role::Param),
    attribute(
        "model.loss",
        Kind::Choice(&[
            "SparseCategoricalCrossentropy",
            "CategoricalCrossentropy",
            "CategoricalFocalCrossentropy",
        ]),
        Role::Loss,
    ),
];

pub(super) const REGRESSOR_ATTRIBUTES: &[Attribute] = &[attribute(
    "model.loss",
    Kind::Choice(&[
        "MeanSquaredError",
        "MeanAbsoluteError",
        "Huber",
        "LogCosh",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "Poisson",
    ]),
    Role::Loss,
)];

/// Keras's initializers by name.
pub(crate) const INITIALIZERS: &[&str] = &[
    "truncated_normal",
    "random_normal",
    "random_uniform",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "uniform",
    "zeros",
    "ones",
];

/// Optimizers and the parameters each takes behind `optimizer.`.
pub(super) const OPTIMIZERS: &[(&str, &[&str])] = &[
    ("Adadelta", &["learning_rate", "rho", "epsilon"]),
    (
        "Adagrad",
        &["learning_rate", "initial_accumulator_value", "epsilon"],
    ),
    (
        "Adam",
        &["learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad"],
    ),
    (
        "AdamW",
        &[
            "learning_rate",
            "weight_decay",
            "beta_1",
            "beta_2",
            "epsilon",
            "amsgrad",
        ],
    ),
    ("Adamax", &["learning_rate", "beta_1", "beta_2", "epsilon"]),
    (
        "Ftrl",
        &[
            "learning_rate",
            "learning_rate_power",
            "initial_accumulator_value",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
        ],
    ),
    ("Lion", &["learning_rate", "beta_1", "beta_2"]),
    ("Nadam", &["learning_rate", "beta_1", "beta_2", "epsilon"]),
    (
        "RMSprop",
        &["learning_rate", "rho", "momentum", "epsilon", "centered"],
    ),
    ("SGD", &["learning_rate", "momentum", "nesterov"]),
];
