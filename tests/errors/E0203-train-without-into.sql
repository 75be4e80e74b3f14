SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror"
COLUMN sepal_length, sepal_width
LABEL class;
