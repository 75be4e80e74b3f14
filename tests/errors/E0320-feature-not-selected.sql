SELECT area, rooms, price FROM houses TO TRAIN xgboost.gbtree COLUMN area, rooms LABEL price INTO price_model;

SELECT id, area FROM houses_for_sale
TO PREDICT houses_with_price.price
USING price_model;
