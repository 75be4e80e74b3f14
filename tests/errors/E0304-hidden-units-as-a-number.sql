SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = 64
LABEL class
INTO iris_model;
