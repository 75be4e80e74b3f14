SELECT * FROM iris
TO TRAIN xgboost.XGBClassifier
WITH objective = "reg:squarederror"
LABEL class
INTO my_model;
