CREATE TABLE visits (price DOUBLE, photo BLOB, bought BOOLEAN);

SELECT * FROM visits
TO TRAIN xgboost.gbtree
COLUMN CATEGORY_ID(price, 100), photo
LABEL bought
INTO visit_model;
