SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH process_type = update, updater = refresh
LABEL class
INTO my_model;
