SELECT * FROM iris_test TO PREDICT iris_predicted.class;
