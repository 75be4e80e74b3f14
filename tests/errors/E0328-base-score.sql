SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "binary:logistic", base_score = 1.5
LABEL class
INTO my_model;
