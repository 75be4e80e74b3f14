-- sqlflowc:
SELECT * FROM clicks TO TRAIN xgboost.gbtree COLUMN hour LABEL clicked INTO m;
