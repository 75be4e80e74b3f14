SELECT * FROM iris_test
TO PREDICT iris_predicted.class
WITH predict.extra_outputs = "probabilites"
USING iris_model;
