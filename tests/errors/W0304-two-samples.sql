CREATE TABLE iris_train AS SELECT * FROM iris WHERE random() < 0.8;
CREATE TABLE iris_test AS SELECT * FROM iris ORDER BY random() LIMIT 30;

SELECT * FROM iris_train
TO TRAIN xgboost.gbtree WITH objective = "multi:softmax", num_class = 3
COLUMN sepal_length, sepal_width
LABEL class
INTO iris_model;

SELECT * FROM iris_test TO EVALUATE iris_model LABEL class;
