CREATE TABLE iris_model AS SELECT * FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model;
