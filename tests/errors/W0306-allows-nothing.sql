-- sqlflowc: allow=W0305 allow=W0301
SELECT * FROM houses TO PREDICT houses_with_price.price USING price_model;

-- sqlflowc: allow=W0302,W0305 memory=4Gi
SELECT * FROM houses
TO TRAIN xgboost.gbtree WITH objective = "reg:squarederror"
LABEL price
INTO price_model_2;
