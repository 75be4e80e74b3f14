SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror"
LABEL class
WITH max_depth = 4
INTO iris_model;
