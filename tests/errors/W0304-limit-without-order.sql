SELECT * FROM iris LIMIT 120
TO TRAIN xgboost.gbtree
WITH objective = "multi:softmax", num_class = 3,
     validation.select = "SELECT * FROM iris LIMIT 30 OFFSET 120"
COLUMN sepal_length, sepal_width
LABEL class
INTO iris_model;
