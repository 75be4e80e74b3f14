SELECT * FROM iris
TO TRAIN DNNClassifier
WITH model.hidden_units = [8], model.label_vocabulary = ["a", "b", "a"]
LABEL class
INTO my_model;
