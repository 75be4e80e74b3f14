SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH monotone_constraints = [1, 0, -1]
COLUMN sepal_length, sepal_width
LABEL class
INTO my_model;
