SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", max_depth = "six", subsample = [0.5]
LABEL class
INTO iris_model;
