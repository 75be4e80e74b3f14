SELECT * FROM iris
TO TRAIN DNNClassifier
WITH model.hidden_units = [8], optimizer.learning_rate = fast, model.optimizer = Adam, optimizer.beta_1 = 1
LABEL class
INTO my_model;
