SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32], model.optimizer = Adma, optimizer.learning_rate = 0.01
LABEL class
INTO iris_model;
