SELECT * FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model, iris_model_backup;
