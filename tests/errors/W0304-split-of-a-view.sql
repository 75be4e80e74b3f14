CREATE VIEW shuffled AS SELECT *, random() AS draw FROM iris;

SELECT * FROM shuffled WHERE draw < 0.8
TO TRAIN xgboost.gbtree WITH objective = "multi:softmax", num_class = 3
COLUMN sepal_length, sepal_width
LABEL class
INTO iris_model;

SELECT * FROM shuffled WHERE draw >= 0.8 TO EVALUATE iris_model LABEL class;
