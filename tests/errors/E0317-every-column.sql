CREATE TABLE houses (id INTEGER, area DOUBLE, price DOUBLE);

SELECT a.*, b.area FROM houses AS a JOIN houses AS b ON a.id = b.id
TO TRAIN xgboost.gbtree
LABEL price
INTO price_model;
