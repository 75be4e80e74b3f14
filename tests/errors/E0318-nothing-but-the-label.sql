CREATE TABLE prices AS SELECT CAST(1 AS DOUBLE) AS price;

SELECT * FROM prices TO TRAIN xgboost.gbtree COLUMN * LABEL price INTO price_model;
