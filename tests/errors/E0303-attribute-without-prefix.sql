SELECT * FROM iris
TO TRAIN DNNClassifier
WITH n_classes = 3, hidden_units = [64, 64]
LABEL class
INTO iris_model;
