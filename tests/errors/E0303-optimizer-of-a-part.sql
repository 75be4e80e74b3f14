SELECT * FROM clicks
TO TRAIN DNNLinearCombinedRegressor
WITH model.dnn_hidden_units = [8], optimizer.learning_rate = 0.1, linear_optimizer.beta_1 = 0.9
LABEL clicked
INTO my_model;
