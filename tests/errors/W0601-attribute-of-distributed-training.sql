SELECT * FROM iris
TO TRAIN xgboost.gbtree
WITH objective = "reg:squarederror", train.num_workers = 4, train.batch_size = 100
COLUMN sepal_length, sepal_width
LABEL class
INTO iris_model;
