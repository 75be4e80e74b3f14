SELECT * FROM iris
TO TRAIN xgboost.XGBRFClassifier
WITH n_estimators = 10, num_parallel_tree = 20, seed = 1, random_state = 2
LABEL class
INTO my_model;
