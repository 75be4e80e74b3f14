SELECT * FROM iris
TO TRAIN DNNClassifier
WITH model.hidden_units = [8], optimizer.clipnorm = 1, optimizer.clipvalue = 0.5
LABEL class
INTO my_model;
