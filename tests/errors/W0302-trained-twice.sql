SELECT * FROM houses_with_garden
TO TRAIN xgboost.gbtree WITH objective = "reg:squarederror"
COLUMN area, rooms
LABEL price
INTO price_model;

SELECT * FROM houses_without_garden
TO TRAIN xgboost.gbtree WITH objective = "reg:squarederror"
COLUMN area, rooms
LABEL price
INTO price_model;

SELECT * FROM houses_for_sale TO PREDICT houses_with_price.price USING price_model;
