-- Tells iris species apart by the size of their sepals and petals, with two models trained
-- side by side: boosted trees and a small neural network.

CREATE SCHEMA IF NOT EXISTS iris;

CREATE OR REPLACE TABLE iris.raw AS
SELECT * FROM read_csv('iris.csv');

-- Every fifth flower is kept back for testing. The rule is on the id, not random, so that
-- both tables agree on it on every run; the file is sorted by species, so each one gets its share.
CREATE OR REPLACE TABLE iris.train AS
SELECT * FROM iris.raw WHERE id % 5 <> 0;

CREATE OR REPLACE TABLE iris.test AS
SELECT * FROM iris.raw WHERE id % 5 = 0;

SELECT * FROM iris.train
TO TRAIN xgboost.gbtree
WITH
    objective = "multi:softprob",
    num_class = 3,
    max_depth = 3,
    eta = 0.3,
    train.num_boost_round = 30
COLUMN sepal_length, sepal_width, petal_length, petal_width
LABEL species
INTO iris_gbtree;

SELECT * FROM iris.train
TO TRAIN DNNClassifier
WITH
    model.n_classes = 3,
    model.hidden_units = [32, 16],
    model.optimizer = Adam,
    optimizer.learning_rate = 0.01,
    train.epoch = 60,
    train.batch_size = 16
COLUMN sepal_length, sepal_width, petal_length, petal_width
LABEL species
INTO iris_dnn;

SHOW TRAIN iris_gbtree;

SELECT * FROM iris.test
TO EVALUATE iris_gbtree
WITH validation.metrics = "accuracy_score,log_loss"
LABEL species
INTO iris.gbtree_evaluation;

SELECT * FROM iris.test
TO EVALUATE iris_dnn
WITH validation.metrics = "Accuracy"
LABEL species
INTO iris.dnn_evaluation;

SELECT * FROM iris.test
TO PREDICT iris.gbtree_prediction.species
USING iris_gbtree;

SELECT * FROM iris.test
TO PREDICT iris.dnn_prediction.species
USING iris_dnn;

-- How much each measurement moved each prediction of the trees.
SELECT * FROM iris.test
TO EXPLAIN iris_gbtree
USING TreeExplainer
INTO iris.gbtree_explanation;

-- Confusion matrix of both models: off the diagonal, actual and predicted species differ.
WITH predictions AS (
    SELECT 'gbtree' AS model, id, species FROM iris.gbtree_prediction
    UNION ALL
    SELECT 'dnn' AS model, id, species FROM iris.dnn_prediction
)
SELECT
    predictions.model,
    test.species AS actual,
    count(*) FILTER (WHERE predictions.species = 'setosa') AS predicted_setosa,
    count(*) FILTER (WHERE predictions.species = 'versicolor') AS predicted_versicolor,
    count(*) FILTER (WHERE predictions.species = 'virginica') AS predicted_virginica
FROM predictions
JOIN iris.test AS test USING (id)
GROUP BY predictions.model, test.species
ORDER BY predictions.model DESC, actual;

-- The models and their results stay; the copy of the file is no longer needed.
DROP TABLE iris.raw;
