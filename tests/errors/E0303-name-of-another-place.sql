SELECT * FROM digits
TO TRAIN DNNClassifier
WITH model.hidden_units = [16], model.n_classes = 10, model.optimizer = "Adam", optimizer.momentum = 0.9
LABEL digit
INTO digits_model;

SELECT * FROM houses
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", booster = "dart", penalty = "l2"
COLUMN area
LABEL price
INTO price_model;
