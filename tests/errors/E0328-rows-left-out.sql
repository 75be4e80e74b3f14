SELECT * FROM iris
TO TRAIN sklearn.ensemble.ExtraTreesClassifier
WITH oob_score = TRUE
LABEL class
INTO my_model;
