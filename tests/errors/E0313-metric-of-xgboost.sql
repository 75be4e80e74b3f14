SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "binary:logistic", eval_metric = "logloss, eror, accuracy_score, ndcg@five"
LABEL class
INTO my_model;
