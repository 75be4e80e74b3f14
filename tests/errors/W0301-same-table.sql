SELECT sepal_length, sepal_width, class FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "multi:softmax", num_class = 3, validation.select = "SELECT * FROM iris"
COLUMN sepal_length, sepal_width
LABEL class
INTO iris_model;

SELECT * FROM iris TO EVALUATE iris_model LABEL class;
