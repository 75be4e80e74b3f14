SHOW TRAIN iris_model
SELECT * FROM iris;
