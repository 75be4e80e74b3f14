SELECT * FROM iris
TO TRAIN sklearn.RandomForestClassifier
LABEL class
INTO iris_model;
