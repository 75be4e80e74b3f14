SELECT * FROM iris
TO TRAIN DNNClassifier
WITH model.n_classes = 3
LABEL class
INTO iris_model;
