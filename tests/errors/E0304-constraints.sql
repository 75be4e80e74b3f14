SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", monotone_constraints = "(1, up)"
LABEL class
INTO my_model;
