SELECT * FROM houses
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", weight_column = sold
COLUMN area, Sold
LABEL price
INTO price_model;
