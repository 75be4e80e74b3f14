SELECT * FROM clicks
TO TRAIN DNNLinearCombinedClassifier
WITH model.dnn_hidden_units = [8]
COLUMN age
COLUMN hour FOR dnn_feature_column
LABEL clicked
INTO my_model;
