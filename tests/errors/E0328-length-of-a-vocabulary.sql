SELECT * FROM iris
TO TRAIN DNNClassifier
WITH model.hidden_units = [8], model.n_classes = 3, model.label_vocabulary = ["a", "b"]
LABEL class
INTO my_model;
