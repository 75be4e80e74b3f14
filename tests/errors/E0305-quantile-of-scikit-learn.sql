SELECT * FROM iris
TO TRAIN sklearn.ensemble.HistGradientBoostingRegressor
WITH loss = quantile
LABEL class
INTO my_model;
