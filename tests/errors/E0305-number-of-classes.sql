SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "multi:softprob"
LABEL class
INTO iris_model;
