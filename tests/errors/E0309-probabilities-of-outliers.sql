SELECT * FROM machines TO TRAIN sklearn.ensemble.IsolationForest INTO failures;
SELECT * FROM machines
TO PREDICT predicted.failure WITH predict.extra_outputs = "probabilities" USING failures;
