SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", process_type = update
LABEL class
USING other_model
INTO my_model;
