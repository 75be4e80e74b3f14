SELECT * FROM iris
TO TRAIN xgboost.XGBRanker
WITH eta = 0.1
LABEL class
INTO my_model;
