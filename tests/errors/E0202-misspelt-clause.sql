SELECT * FROM iris
TO TRAIN xgboost.gbtree
WIHT objective = "reg:squarederror"
LABEL class
INTO iris_model;
