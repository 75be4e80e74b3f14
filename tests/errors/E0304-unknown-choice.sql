SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "multi:softmx", num_class = 3
LABEL class
INTO iris_model;
