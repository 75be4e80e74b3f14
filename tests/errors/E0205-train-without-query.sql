CREATE TABLE clean AS SELECT * FROM iris WHERE class IS NOT NULL;

TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror"
LABEL class
INTO iris_model;
