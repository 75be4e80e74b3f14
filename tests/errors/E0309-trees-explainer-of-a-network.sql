SELECT * FROM iris
TO TRAIN DNNRegressor
WITH model.hidden_units = [64, 32]
LABEL class
INTO iris_model;

SELECT * FROM iris TO EXPLAIN iris_model USING TreeExplainer;
