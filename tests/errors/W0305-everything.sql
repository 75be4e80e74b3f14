SELECT * FROM houses
TO TRAIN xgboost.gbtree WITH objective = "reg:squarederror"
LABEL price
INTO price_model;
