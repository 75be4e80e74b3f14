SELECT * FROM iris
TO TRAIN xgboost.gblinear
WITH feature_selector = greedy
LABEL class
INTO my_model;
