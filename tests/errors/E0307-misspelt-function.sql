SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32]
COLUMN BUKCET(sepal_length, [4, 5, 6])
LABEL class
INTO iris_model;
