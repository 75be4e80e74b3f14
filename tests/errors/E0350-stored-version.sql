SELECT * FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model@1a2b3c;
