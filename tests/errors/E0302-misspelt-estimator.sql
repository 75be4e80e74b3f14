SELECT * FROM iris
TO TRAIN xgboost.gbtre
LABEL class
INTO iris_model;
