SELECT * FROM iris
TO TRAIN sklearn.linear_model.TweedieRegressor
WITH power = 0.5
LABEL class
INTO my_model;
