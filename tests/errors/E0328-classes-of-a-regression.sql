SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", num_class = 3
LABEL class
INTO iris_model;
