CREATE TABLE clean AS SELECT * FROM readings WHERE unit <> 'kelvin;

SELECT * FROM clean TO TRAIN xgboost.gbtree LABEL temperature INTO model;
