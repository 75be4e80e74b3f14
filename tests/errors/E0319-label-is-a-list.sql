CREATE TABLE visits (pages INTEGER, clicks INTEGER[]);

SELECT * FROM visits TO TRAIN xgboost.gbtree COLUMN DENSE(pages, 3) LABEL clicks INTO visit_model;
