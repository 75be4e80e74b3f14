SELECT sepal_length, sepal_width, class FROM iris
TO TRAIN xgboost.gbtree
COLUMN sepal_lenght, sepal_width
LABEL class
INTO iris_model;
