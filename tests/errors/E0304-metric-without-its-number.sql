SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:tweedie", eval_metric = "tweedie-nloglik"
LABEL class
INTO my_model;
