CREATE TABLE iris (sepal_length DOUBLE, sepal_width DOUBLE, class VARCHAR);
CREATE TABLE flowers AS SELECT * EXCLUDE (sepal_width) FROM iris;

SELECT * FROM flowers
TO TRAIN xgboost.gbtree
WITH weight_column = "weight"
COLUMN sepal_length, sepal_width
LABEL class
INTO iris_model;
