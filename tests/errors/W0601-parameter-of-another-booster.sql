SELECT * FROM iris
TO TRAIN xgboost.gblinear
WITH max_depth = 6, subsample = 0.5, eta = 0.1
LABEL class
INTO my_model;
