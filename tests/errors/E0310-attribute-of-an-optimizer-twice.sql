SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32], optimizer.learning_rate = 0.1, optimizer.learning_rate = 0.2
LABEL class
INTO iris_model;
