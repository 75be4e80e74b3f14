SELECT * FROM machines TO TRAIN sklearn.ensemble.IsolationForest INTO failures;
SELECT * FROM machines TO EVALUATE failures;
