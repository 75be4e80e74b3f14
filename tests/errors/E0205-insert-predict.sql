INSERT INTO iris_predicted SELECT * FROM iris_test
TO PREDICT iris_predicted.class USING iris_model;
