SELECT a, b, y FROM t
TO TRAIN DNNClassifier
WITH model.hidden_units = [32]
COLUMN a FOR wide
COLUMN b FOR deep
LABEL y
INTO m;
