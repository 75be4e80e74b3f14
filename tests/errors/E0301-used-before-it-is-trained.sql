SELECT * FROM iris_test TO EVALUATE iris_model INTO iris_metrics;

SELECT * FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model;
