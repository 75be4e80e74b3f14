CREATE TABLE iris (sepal_length DOUBLE, sepal_width DOUBLE, class VARCHAR);
CREATE TABLE held_back AS SELECT sepal_length, sepal_width FROM iris;

SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "multi:softprob", num_class = 3, validation.select = "SELECT * FROM held_back"
LABEL class
INTO iris_model;

SELECT * FROM held_back TO EVALUATE iris_model INTO iris_metrics;

SELECT sepal_length FROM held_back TO EXPLAIN iris_model;
