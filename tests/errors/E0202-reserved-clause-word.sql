SELECT * FROM iris
TO TRAIN
WITH objective = "reg:squarederror"
LABEL class
INTO iris_model;
