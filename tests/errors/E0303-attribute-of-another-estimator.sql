SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32], max_depth = 6
LABEL class
INTO iris_model;
