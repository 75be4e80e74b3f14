SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror" max_depth = 4
LABEL class
INTO iris_model;
