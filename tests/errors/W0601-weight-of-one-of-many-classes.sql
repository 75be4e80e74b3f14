SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "multi:softprob", num_class = 3, scale_pos_weight = 2
LABEL class
INTO my_model;
