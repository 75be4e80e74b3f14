SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH tree_method = exact, max_depth = 0, colsample_bynode = 0.5
LABEL class
INTO my_model;
