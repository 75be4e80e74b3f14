SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", huber_slope = 2, tree_method = exact, max_bin = 64, scale_pos_weight = 2
LABEL class
INTO my_model;
