SELECT sepal_length, sepal_width FROM iris
TO EVALUATE iris_model
LABEL class
INTO iris_metrics;
