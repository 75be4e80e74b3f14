SELECT * FROM iris_test
TO PREDICT iris_predicted.class
COLUMN sepal_length, sepal_width
USING iris_model;
