CREATE TABLE houses (id INTEGER, area DOUBLE, price DOUBLE);
CREATE TABLE sales (id INTEGER, year INTEGER);

SELECT * FROM houses JOIN sales ON houses.id = sales.id
TO TRAIN xgboost.gbtree
COLUMN id, area, year
LABEL price
INTO price_model;
