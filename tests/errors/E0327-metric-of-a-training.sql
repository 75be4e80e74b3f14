SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "multi:softprob", num_class = 3, eval_metric = "logloss", validation.metrics = "r2_score"
LABEL class
INTO my_model;
