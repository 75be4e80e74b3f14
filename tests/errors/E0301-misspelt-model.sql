SELECT * FROM iris
TO TRAIN xgboost.gbtree
LABEL class
INTO iris_model;

SELECT * FROM iris_test TO PREDICT iris_predicted.class USING iris_modle;
