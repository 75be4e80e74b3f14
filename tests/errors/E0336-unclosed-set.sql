SELECT * FROM houses
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror"
COLUMN '[(', '*_size', 'area|(?<!x_)rooms'
LABEL price
INTO price_model;
