SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [8], model.loss = Huber, loss.delt = 2
LABEL class
INTO my_model;
