SELECT * FROM digits
TO TRAIN sqlflow_models.DNNClassifier
WITH model.hidden_units = [16], model.n_classes = 10
LABEL digit
INTO digits_model;
