SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.early_stopping = 5
LABEL class
INTO iris_model;
