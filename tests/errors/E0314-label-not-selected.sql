SELECT sepal_length, sepal_width FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model;
