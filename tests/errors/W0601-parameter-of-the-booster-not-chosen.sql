SELECT * FROM iris
TO TRAIN xgboost.XGBRegressor
WITH booster = gblinear, max_depth = 3, alpha = 0.1
LABEL class
INTO my_model;
