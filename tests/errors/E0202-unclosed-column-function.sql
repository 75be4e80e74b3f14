SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32]
COLUMN BUCKET(sepal_length, [4, 5, 6], sepal_width
LABEL class
INTO iris_model;
