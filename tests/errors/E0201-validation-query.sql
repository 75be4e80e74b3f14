SELECT * FROM readings
TO TRAIN xgboost.gbtree
WITH validation.select = "SELECT * FORM readings_2024"
LABEL temperature
INTO temperature_model;
