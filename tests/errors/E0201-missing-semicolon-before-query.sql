DROP TABLE IF EXISTS clean

SELECT * FROM readings
TO TRAIN xgboost.gbtree
LABEL temperature
INTO temperature_model;
