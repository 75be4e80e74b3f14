CREATE TEMPORARY TABLE clean AS SELECT * FROM iris WHERE class IS NOT NULL;

SELECT * FROM clean
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model;
