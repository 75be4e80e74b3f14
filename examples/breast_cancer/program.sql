-- Four models give their opinion on whether a breast tumour is malignant, from what a microscope
-- measured on its cell nuclei; they vote, and the cases they disagree on go to a second look.

CREATE SCHEMA IF NOT EXISTS tumours;

CREATE OR REPLACE TABLE tumours.raw AS
SELECT * FROM read_csv('breast_cancer.csv');

-- Three fifths for training, one for watching it, one for testing. The rule is on the id, so
-- every table below agrees on it, on every run; the file is in no particular order.
CREATE OR REPLACE TABLE tumours.samples AS
SELECT
    id,
    diagnosis,
    CASE id % 5 WHEN 0 THEN 'test' WHEN 1 THEN 'validation' ELSE 'train' END AS part
FROM tumours.raw;

-- Three views of one sample: the average nucleus, the largest ones, and how much they vary.

CREATE OR REPLACE TABLE tumours.typical_nuclei AS
SELECT
    id, radius_mean, texture_mean, perimeter_mean, area_mean, smoothness_mean,
    compactness_mean, concavity_mean, concave_points_mean, symmetry_mean
FROM tumours.raw;

CREATE OR REPLACE TABLE tumours.worst_nuclei AS
SELECT
    id, radius_worst, texture_worst, perimeter_worst, area_worst, smoothness_worst,
    compactness_worst, concavity_worst, concave_points_worst, symmetry_worst
FROM tumours.raw;

-- Standard errors are skewed: their logarithms are easier to work with.
CREATE OR REPLACE TABLE tumours.variation AS
SELECT
    id,
    ln(radius_error) AS radius_variation,
    ln(texture_error) AS texture_variation,
    ln(area_error) AS area_variation,
    ln(concave_points_error + 0.001) AS concave_points_variation
FROM tumours.raw;

CREATE OR REPLACE TABLE tumours.shape AS
SELECT
    id,
    worst.radius_worst / typical.radius_mean AS radius_growth,
    worst.area_worst / typical.area_mean AS area_growth,
    worst.texture_worst - typical.texture_mean AS texture_growth,
    4 * pi() * typical.area_mean / pow(typical.perimeter_mean, 2) AS roundness,
    CASE
        WHEN worst.radius_worst < 13 THEN 'small'
        WHEN worst.radius_worst < 18 THEN 'medium'
        ELSE 'large'
    END AS size_band
FROM tumours.typical_nuclei AS typical
JOIN tumours.worst_nuclei AS worst USING (id);

CREATE OR REPLACE TABLE tumours.features AS
SELECT *
FROM tumours.samples
JOIN tumours.typical_nuclei USING (id)
JOIN tumours.worst_nuclei USING (id)
JOIN tumours.variation USING (id)
JOIN tumours.shape USING (id);

-- The trees take the features as they are.

CREATE OR REPLACE VIEW tumours.train AS
SELECT * FROM tumours.features WHERE part = 'train';

CREATE OR REPLACE VIEW tumours.validation AS
SELECT * FROM tumours.features WHERE part = 'validation';

CREATE OR REPLACE VIEW tumours.test AS
SELECT * FROM tumours.features WHERE part = 'test';

-- The linear model and the network need them on one scale, taken from the training part alone.

CREATE OR REPLACE TABLE tumours.scale AS
SELECT
    measure,
    avg(value) AS centre,
    stddev_samp(value) AS spread
FROM tumours.train
UNPIVOT (
    value FOR measure IN (
        texture_mean, concave_points_mean, radius_worst, texture_worst, smoothness_worst,
        concavity_worst, symmetry_worst, area_variation, roundness
    )
)
GROUP BY measure;

CREATE OR REPLACE TABLE tumours.scaled AS
WITH measured AS (
    SELECT id, measure, value
    FROM tumours.features
    UNPIVOT (
        value FOR measure IN (
            texture_mean, concave_points_mean, radius_worst, texture_worst, smoothness_worst,
            concavity_worst, symmetry_worst, area_variation, roundness
        )
    )
),
standardised AS (
    SELECT id, measure, (value - centre) / spread AS z
    FROM measured
    JOIN tumours.scale USING (measure)
),
wide AS (
    SELECT
        id,
        max(z) FILTER (WHERE measure = 'texture_mean') AS texture_z,
        max(z) FILTER (WHERE measure = 'concave_points_mean') AS concave_points_z,
        max(z) FILTER (WHERE measure = 'radius_worst') AS worst_radius_z,
        max(z) FILTER (WHERE measure = 'texture_worst') AS worst_texture_z,
        max(z) FILTER (WHERE measure = 'smoothness_worst') AS worst_smoothness_z,
        max(z) FILTER (WHERE measure = 'concavity_worst') AS worst_concavity_z,
        max(z) FILTER (WHERE measure = 'symmetry_worst') AS worst_symmetry_z,
        max(z) FILTER (WHERE measure = 'area_variation') AS area_variation_z,
        max(z) FILTER (WHERE measure = 'roundness') AS roundness_z
    FROM standardised
    GROUP BY id
)
SELECT samples.diagnosis, samples.part, shape.size_band, wide.*
FROM tumours.samples AS samples
JOIN tumours.shape AS shape USING (id)
JOIN wide USING (id);

-- Four models, trained at the same time.

SELECT * FROM tumours.train
TO TRAIN xgboost.gbtree
WITH
    objective = "binary:logistic",
    eval_metric = "logloss",
    eta = 0.1,
    max_depth = 3,
    subsample = 0.8,
    seed = 7,
    train.num_boost_round = 80,
    validation.select = "SELECT * FROM tumours.validation"
COLUMN
    radius_mean, texture_mean, smoothness_mean, compactness_mean, concavity_mean,
    concave_points_mean, symmetry_mean, radius_worst, texture_worst, smoothness_worst,
    compactness_worst, concavity_worst, concave_points_worst, symmetry_worst, radius_variation,
    texture_variation, area_variation, concave_points_variation
LABEL diagnosis
INTO tumours_gbtree;

-- Trees that drop out at random during training, on size and shape only.
SELECT * FROM tumours.train
TO TRAIN xgboost.dart
WITH
    objective = "binary:logistic",
    eval_metric = "logloss",
    eta = 0.2,
    max_depth = 3,
    rate_drop = 0.1,
    seed = 7,
    train.num_boost_round = 40,
    validation.select = "SELECT * FROM tumours.validation"
COLUMN
    radius_worst, area_worst, concave_points_worst, concavity_worst, texture_worst, radius_growth,
    area_growth, texture_growth, roundness, INDICATOR(size_band)
LABEL diagnosis
INTO tumours_dart;

SELECT * FROM tumours.scaled WHERE part = 'train'
TO TRAIN xgboost.gblinear
WITH
    objective = "binary:logistic",
    eval_metric = "logloss",
    updater = "coord_descent",
    eta = 0.5,
    reg_lambda = 0.01,
    train.num_boost_round = 20,
    validation.select = "SELECT * FROM tumours.scaled WHERE part = 'validation'"
COLUMN
    texture_z, concave_points_z, worst_radius_z, worst_texture_z, worst_smoothness_z,
    worst_concavity_z, worst_symmetry_z, area_variation_z, roundness_z
LABEL diagnosis
INTO tumours_gblinear;

SELECT * FROM tumours.scaled WHERE part = 'train'
TO TRAIN DNNClassifier
WITH
    model.n_classes = 2,
    model.hidden_units = [32, 16],
    model.optimizer = Adam,
    optimizer.learning_rate = 0.005,
    train.epoch = 40,
    train.batch_size = 32,
    validation.select = "SELECT * FROM tumours.scaled WHERE part = 'validation'"
COLUMN
    texture_z, concave_points_z, worst_radius_z, worst_texture_z, worst_smoothness_z,
    worst_concavity_z, worst_symmetry_z, area_variation_z, roundness_z,
    EMBEDDING(CATEGORY_HASH(size_band, 8), 2)
LABEL diagnosis
INTO tumours_dnn;

SELECT * FROM tumours.test
TO EVALUATE tumours_gbtree
WITH validation.metrics = "accuracy_score,roc_auc_score,log_loss"
LABEL diagnosis
INTO tumours.gbtree_evaluation;

SELECT * FROM tumours.test
TO EVALUATE tumours_dart
WITH validation.metrics = "accuracy_score,roc_auc_score,log_loss"
LABEL diagnosis
INTO tumours.dart_evaluation;

SELECT * FROM tumours.scaled WHERE part = 'test'
TO EVALUATE tumours_gblinear
WITH validation.metrics = "accuracy_score,roc_auc_score,log_loss"
LABEL diagnosis
INTO tumours.gblinear_evaluation;

SELECT * FROM tumours.scaled WHERE part = 'test'
TO EVALUATE tumours_dnn
WITH validation.metrics = "Accuracy,AUC"
LABEL diagnosis
INTO tumours.dnn_evaluation;

SELECT * FROM tumours.test
TO PREDICT tumours.gbtree_opinion.diagnosis
USING tumours_gbtree;

SELECT * FROM tumours.test
TO PREDICT tumours.dart_opinion.diagnosis
USING tumours_dart;

SELECT * FROM tumours.scaled WHERE part = 'test'
TO PREDICT tumours.gblinear_opinion.diagnosis
USING tumours_gblinear;

SELECT * FROM tumours.scaled WHERE part = 'test'
TO PREDICT tumours.dnn_opinion.diagnosis
USING tumours_dnn;

SELECT * FROM tumours.test
TO EXPLAIN tumours_gbtree
USING TreeExplainer
INTO tumours.gbtree_explanation;

CREATE OR REPLACE TABLE tumours.opinions AS
SELECT id, 'gbtree' AS model, diagnosis FROM tumours.gbtree_opinion
UNION ALL
SELECT id, 'dart' AS model, diagnosis FROM tumours.dart_opinion
UNION ALL
SELECT id, 'gblinear' AS model, diagnosis FROM tumours.gblinear_opinion
UNION ALL
SELECT id, 'dnn' AS model, diagnosis FROM tumours.dnn_opinion;

-- A missed malignant tumour costs more than a second look at a benign one: a tie is malignant.
CREATE OR REPLACE TABLE tumours.votes AS
SELECT
    id,
    count(*) FILTER (WHERE diagnosis = 'malignant') AS votes_for_malignant,
    count(*) AS votes,
    CASE WHEN 2 * votes_for_malignant >= votes THEN 'malignant' ELSE 'benign' END AS diagnosis
FROM tumours.opinions
GROUP BY id;

CREATE OR REPLACE TABLE tumours.scores AS
WITH answers AS (
    SELECT id, model, diagnosis FROM tumours.opinions
    UNION ALL
    SELECT id, 'vote of all four' AS model, diagnosis FROM tumours.votes
)
SELECT
    answers.model,
    count(*) AS cases,
    count(*) FILTER (WHERE answers.diagnosis = samples.diagnosis) AS correct,
    count(*) FILTER (WHERE samples.diagnosis = 'malignant' AND answers.diagnosis = 'benign')
        AS malignant_missed,
    count(*) FILTER (WHERE samples.diagnosis = 'benign' AND answers.diagnosis = 'malignant')
        AS false_alarms,
    round(100.0 * correct / cases, 1) AS percent_correct
FROM answers
JOIN tumours.samples AS samples USING (id)
GROUP BY answers.model;

SELECT * FROM tumours.scores ORDER BY correct DESC, model;

-- The cases on which the models disagree, for the pathologist.
SELECT
    votes.id,
    samples.diagnosis AS actual,
    votes.diagnosis AS voted,
    string_agg(opinions.model, ', ' ORDER BY opinions.model)
        FILTER (WHERE opinions.diagnosis = 'malignant') AS called_malignant_by,
    shape.size_band,
    round(shape.roundness, 3) AS roundness
FROM tumours.votes AS votes
JOIN tumours.opinions AS opinions USING (id)
JOIN tumours.samples AS samples USING (id)
JOIN tumours.shape AS shape USING (id)
WHERE votes.votes_for_malignant BETWEEN 1 AND votes.votes - 1
GROUP BY ALL
ORDER BY votes.id;

-- Predictions, scores and explanation stay; what was only needed on the way goes.

DROP VIEW tumours.train;

DROP VIEW tumours.validation;

DROP VIEW tumours.test;

DROP TABLE tumours.raw;

DROP TABLE tumours.typical_nuclei;

DROP TABLE tumours.worst_nuclei;

DROP TABLE tumours.variation;

DROP TABLE tumours.scale;
