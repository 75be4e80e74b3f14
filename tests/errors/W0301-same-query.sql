SELECT sepal_length, sepal_width, class FROM iris WHERE sepal_length > 0
TO TRAIN xgboost.gbtree
WITH objective = "multi:softmax", num_class = 3
COLUMN sepal_length, sepal_width
LABEL class
INTO iris_model;

SELECT sepal_length, sepal_width, class
FROM iris  -- all of them
WHERE sepal_length > 0
TO EVALUATE iris_model WITH validation.metrics = "accuracy_score" LABEL class;
