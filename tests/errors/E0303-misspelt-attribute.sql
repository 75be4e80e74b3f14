SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objectve = "multi:softmax", num_class = 3
LABEL class
INTO iris_model;
