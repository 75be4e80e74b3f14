SELECT * FROM iris
TO TRAIN xgboost.XGBRanker
WITH objective = "reg:squarederror", group = query
LABEL class
INTO my_model;
