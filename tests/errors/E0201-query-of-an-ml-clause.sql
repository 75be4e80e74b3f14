SELECT station, temperature FROM readings WHERE
TO TRAIN xgboost.gbtree
LABEL temperature
INTO temperature_model;
