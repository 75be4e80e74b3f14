SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32], model.optimizer = Adagrad, optimizer.momentum = 0.9
LABEL class
INTO iris_model;
