SELECT * FROM iris
TO TRAIN DNNClassifier
WITH model.hidden_units = [64, 32], model.n_classes = 3
COLUMN sepal_length, sepal_width
COLUMN petal_length, petal_width
LABEL class
INTO iris_model;
