SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective "reg:squarederror"
LABEL class
INTO iris_model;
