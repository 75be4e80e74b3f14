SELECT * FROM iris
TO TRAIN xgboost.XGBRegressor
WITH objective = "binary:logistic"
LABEL class
INTO my_model;
