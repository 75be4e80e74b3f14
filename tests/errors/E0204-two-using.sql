SELECT * FROM iris_test
TO PREDICT iris_predicted.class
USING iris_model
USING iris_model_2;
