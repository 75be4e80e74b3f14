-- The iris example for databases that read no files: its rows are put in by the test, which also
-- takes `iris.` for `iris_` where there are no schemas.
DROP TABLE IF EXISTS iris.train;
CREATE TABLE iris.train AS SELECT * FROM iris.raw WHERE id % 5 <> 0;
DROP TABLE IF EXISTS iris.test;
CREATE TABLE iris.test AS SELECT * FROM iris.raw WHERE id % 5 = 0;

SELECT * FROM iris.train
TO TRAIN xgboost.gbtree
WITH objective = "multi:softprob", num_class = 3, max_depth = 3, train.num_boost_round = 30
COLUMN sepal_length, sepal_width, petal_length, petal_width
LABEL species
INTO iris_gbtree;

SELECT * FROM iris.train
TO TRAIN sklearn.linear_model.LogisticRegression
WITH max_iter = 500
COLUMN sepal_length, sepal_width, petal_length, petal_width
LABEL species
INTO iris_logistic;

SHOW TRAIN iris_gbtree;

SELECT * FROM iris.test
TO EVALUATE iris_gbtree
WITH validation.metrics = "accuracy_score,log_loss"
LABEL species
INTO iris.evaluation;

SELECT * FROM iris.test
TO PREDICT iris.gbtree_prediction.species
WITH predict.extra_outputs = "probabilities"
USING iris_gbtree;

SELECT * FROM iris.test
TO PREDICT iris.logistic_prediction.species
USING iris_logistic;

SELECT * FROM iris.test
TO EXPLAIN iris_gbtree
USING TreeExplainer
INTO iris.explanation;

DROP TABLE IF EXISTS iris.toys;
CREATE TABLE iris.toys (product VARCHAR(20), gain INTEGER, work DECIMAL(4, 2), demand INTEGER);
INSERT INTO iris.toys VALUES ('soldier', 3, 1, 40), ('train', 2, 1, 60), ('puzzle', 3, 0.25, 90);

SELECT * FROM iris.toys
TO MAXIMIZE SUM(gain * amount)
CONSTRAINT SUM(work * amount) <= 80, amount <= demand
WITH variables = "amount(product)", var_type = "NonNegativeIntegers"
INTO iris.production;

SELECT actual.species, COUNT(*) AS flowers
FROM iris.test actual JOIN iris.gbtree_prediction predicted ON actual.id = predicted.id
WHERE actual.species = predicted.species
GROUP BY actual.species
ORDER BY actual.species;
