SELECT * FROM houses USING SAMPLE 80%
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror"
COLUMN area
LABEL price
INTO price_model;

SELECT * FROM houses TABLESAMPLE reservoir(20%) TO EVALUATE price_model;
