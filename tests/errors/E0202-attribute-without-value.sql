SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", eta =
LABEL class
INTO iris_model;
