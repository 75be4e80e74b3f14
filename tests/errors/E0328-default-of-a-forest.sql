SELECT * FROM iris
TO TRAIN xgboost.XGBRFRegressor
WITH tree_method = exact
LABEL class
INTO my_model;
