SELECT * FROM iris
TO TRAIN BoostedTreesClassifier
WITH model.n_trees = 50, model.n_classes = 3, model.center_bias = TRUE
LABEL class
INTO my_model;
