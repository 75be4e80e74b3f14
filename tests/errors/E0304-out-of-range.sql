SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", eta = 3, train.num_boost_round = 0
LABEL class
INTO iris_model;
