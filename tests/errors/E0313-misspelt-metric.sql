SELECT * FROM iris_test
TO EVALUATE iris_model
WITH validation.metrics = "acuracy_score, f1_score"
LABEL class
INTO iris_metrics;
