SELECT * FROM iris
TO TRAIN xgboost.gbtree
COLUMN sepal_length, sepal_width, class
LABEL class
INTO iris_model;
