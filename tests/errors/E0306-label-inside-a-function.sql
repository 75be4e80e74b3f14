SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32]
COLUMN sepal_length, INDICATOR(CATEGORY_ID(CLASS, 3))
LABEL class
INTO iris_model;
