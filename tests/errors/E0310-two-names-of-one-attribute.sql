SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH eta = 0.3, learning_rate = 0.1
LABEL class
INTO iris_model;
