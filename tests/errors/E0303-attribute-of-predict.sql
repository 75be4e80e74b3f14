SELECT * FROM iris_test
TO PREDICT iris_predicted.class
WITH predict.batchsize = 1000
USING iris_model;
