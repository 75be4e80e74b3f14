SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32], validation.select = "SELECT * FROM iris_test", validation.metrics = "perplexity"
LABEL class
INTO iris_model;
