SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH max_depth = 4, objective = "reg:squarederror", max_depth = 6
LABEL class
INTO iris_model;
