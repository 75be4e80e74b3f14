CREATE TABLE houses (built DATE, price DOUBLE);
CREATE TABLE houses_for_sale (id INTEGER, built INTEGER);

SELECT * FROM houses TO TRAIN xgboost.gbtree COLUMN built LABEL price INTO price_model;

SELECT * FROM houses_for_sale TO PREDICT houses_with_price.price USING price_model;
