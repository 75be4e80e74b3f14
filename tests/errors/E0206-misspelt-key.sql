-- sqlflowc: memroy=8Gi
SELECT * FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model;
