SELECT * FROM iris
TO TRAIN dnnclassifier
WITH model.n_classes = 3
LABEL class
INTO iris_model;
