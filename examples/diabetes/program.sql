-- Predicts how far diabetes has progressed one year after a first examination.
-- Features are derived in SQL: ratios, text bands, and values on a common scale.

CREATE SCHEMA IF NOT EXISTS diabetes;

CREATE OR REPLACE TABLE diabetes.raw AS
SELECT * FROM read_csv('diabetes.csv');

-- Seven tenths for training, one for watching it, two for testing. The patients are in no
-- particular order, so a rule on the id is as good as a draw and stays the same on every run.
CREATE OR REPLACE TABLE diabetes.patients AS
SELECT
    id,
    CASE
        WHEN id % 10 = 0 THEN 'validation'
        WHEN id % 10 IN (3, 7) THEN 'test'
        ELSE 'train'
    END AS part,
    age,
    sex,
    bmi,
    blood_pressure,
    log_triglycerides,
    glucose,
    hdl,
    ldl / hdl AS ldl_per_hdl,
    blood_pressure * bmi / 100 AS pressure_load,
    CASE
        WHEN age < 35 THEN 'under 35'
        WHEN age < 50 THEN '35 to 49'
        WHEN age < 65 THEN '50 to 64'
        ELSE '65 and over'
    END AS age_band,
    CASE
        WHEN bmi < 25 THEN 'normal'
        WHEN bmi < 30 THEN 'overweight'
        ELSE 'obese'
    END AS weight_band,
    progression
FROM diabetes.raw;

-- Linear models and networks want values of similar size. Mean and spread come from the
-- training part alone, so that nothing of the test part leaks into the models.
CREATE OR REPLACE TABLE diabetes.scaled AS
WITH scale AS (
    SELECT
        avg(bmi) AS bmi_mean, stddev_samp(bmi) AS bmi_sd,
        avg(blood_pressure) AS pressure_mean, stddev_samp(blood_pressure) AS pressure_sd,
        avg(log_triglycerides) AS triglycerides_mean,
        stddev_samp(log_triglycerides) AS triglycerides_sd,
        avg(hdl) AS hdl_mean, stddev_samp(hdl) AS hdl_sd,
        avg(glucose) AS glucose_mean, stddev_samp(glucose) AS glucose_sd
    FROM diabetes.patients
    WHERE part = 'train'
)
SELECT
    id,
    part,
    (bmi - bmi_mean) / bmi_sd AS bmi_z,
    (blood_pressure - pressure_mean) / pressure_sd AS pressure_z,
    (log_triglycerides - triglycerides_mean) / triglycerides_sd AS triglycerides_z,
    (hdl - hdl_mean) / hdl_sd AS hdl_z,
    (glucose - glucose_mean) / glucose_sd AS glucose_z,
    sex,
    age_band,
    weight_band,
    progression
FROM diabetes.patients, scale;

SELECT * FROM diabetes.patients WHERE part = 'train'
TO TRAIN xgboost.gbtree
WITH
    objective = "reg:squarederror",
    eta = 0.05,
    max_depth = 3,
    min_child_weight = 5,
    subsample = 0.8,
    colsample_bytree = 0.6,
    seed = 7,
    train.num_boost_round = 40,
    validation.select = "SELECT * FROM diabetes.patients WHERE part = 'validation'"
COLUMN
    bmi, blood_pressure, log_triglycerides, glucose, hdl, ldl_per_hdl, pressure_load,
    BUCKET(age, [35, 50, 65]), INDICATOR(weight_band)
LABEL progression
INTO diabetes_gbtree;

SELECT * FROM diabetes.scaled WHERE part = 'train'
TO TRAIN xgboost.gblinear
WITH
    objective = "reg:squarederror",
    updater = "coord_descent",
    eta = 0.5,
    reg_lambda = 0.1,
    train.num_boost_round = 20,
    validation.select = "SELECT * FROM diabetes.scaled WHERE part = 'validation'"
COLUMN bmi_z, pressure_z, triglycerides_z, hdl_z, glucose_z, INDICATOR(weight_band)
LABEL progression
INTO diabetes_gblinear;

-- The network sees the text bands too: the age band as a learned vector, and each pair of
-- age and weight band as a column of its own.
SELECT * FROM diabetes.scaled WHERE part = 'train'
TO TRAIN DNNRegressor
WITH
    model.hidden_units = [32, 16],
    model.optimizer = Adam,
    optimizer.learning_rate = 0.01,
    train.epoch = 30,
    train.batch_size = 32,
    validation.select = "SELECT * FROM diabetes.scaled WHERE part = 'validation'"
COLUMN
    bmi_z, pressure_z, triglycerides_z, hdl_z, glucose_z, INDICATOR(CATEGORY_ID(sex, 3)),
    EMBEDDING(CATEGORY_HASH(age_band, 16), 4), INDICATOR(CROSS([age_band, weight_band], 32))
LABEL progression
INTO diabetes_dnn;

SELECT * FROM diabetes.patients WHERE part = 'test'
TO EVALUATE diabetes_gbtree
WITH validation.metrics = "mean_absolute_error,mean_squared_error,r2_score"
LABEL progression
INTO diabetes.gbtree_evaluation;

SELECT * FROM diabetes.scaled WHERE part = 'test'
TO EVALUATE diabetes_gblinear
WITH validation.metrics = "mean_absolute_error,mean_squared_error,r2_score"
LABEL progression
INTO diabetes.gblinear_evaluation;

SELECT * FROM diabetes.scaled WHERE part = 'test'
TO EVALUATE diabetes_dnn
WITH validation.metrics = "MeanAbsoluteError,RootMeanSquaredError"
LABEL progression
INTO diabetes.dnn_evaluation;

SELECT * FROM diabetes.patients WHERE part = 'test'
TO PREDICT diabetes.gbtree_prediction.progression
USING diabetes_gbtree;

SELECT * FROM diabetes.scaled WHERE part = 'test'
TO PREDICT diabetes.gblinear_prediction.progression
USING diabetes_gblinear;

SELECT * FROM diabetes.scaled WHERE part = 'test'
TO PREDICT diabetes.dnn_prediction.progression
USING diabetes_dnn;

SELECT * FROM diabetes.patients WHERE part = 'test'
TO EXPLAIN diabetes_gbtree
USING TreeExplainer
INTO diabetes.gbtree_explanation;

-- Are the models equally good for everybody? Mean error by weight band, beside the error of
-- always answering with the mean of the training part.
SELECT
    coalesce(actual.weight_band, 'all') AS patients,
    count(*) AS tested,
    round(avg(abs(actual.progression - baseline.progression)), 1) AS mean_error_baseline,
    round(avg(abs(actual.progression - gbtree.progression)), 1) AS mean_error_gbtree,
    round(avg(abs(actual.progression - gblinear.progression)), 1) AS mean_error_gblinear,
    round(avg(abs(actual.progression - dnn.progression)), 1) AS mean_error_dnn
FROM diabetes.patients AS actual
JOIN diabetes.gbtree_prediction AS gbtree USING (id)
JOIN diabetes.gblinear_prediction AS gblinear USING (id)
JOIN diabetes.dnn_prediction AS dnn USING (id)
CROSS JOIN (
    SELECT avg(progression) AS progression FROM diabetes.patients WHERE part = 'train'
) AS baseline
GROUP BY ROLLUP (actual.weight_band)
ORDER BY grouping(actual.weight_band), min(actual.bmi);

DROP TABLE diabetes.raw;
