SELECT * FROM iris_test TO PREDICT iris_predicted.class USING iris_model@newest;

SELECT * FROM iris_test TO EVALUATE iris_model@0123456789abcdef0 LABEL class;

SHOW TRAIN iris_model@;
