SELECT * FROM iris
TO TRAIN xgboost.gbtree
COLUMN log(sepal_length), sepal_width
LABEL class
INTO iris_model;
