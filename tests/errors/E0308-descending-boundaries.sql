SELECT * FROM iris
TO TRAIN xgboost.gbtree
COLUMN BUCKET(sepal_length, [6, 5, 4])
LABEL class
INTO iris_model;
