SELECT * FROM iris
TO TRAIN xgboost.XGBRFClassifier
WITH train.num_boost_round = 50
LABEL class
INTO my_model;
