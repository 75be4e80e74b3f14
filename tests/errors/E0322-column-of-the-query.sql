SELECT area, price FROM houses TO TRAIN xgboost.gbtree COLUMN area LABEL price INTO price_model;

SELECT area, estimate FROM houses_for_sale
TO PREDICT houses_with_price.estimate
USING price_model;
