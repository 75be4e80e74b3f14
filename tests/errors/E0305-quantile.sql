SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:quantileerror"
LABEL class
INTO my_model;
