SELECT * FROM customers TO TRAIN sklearn.mixture.GaussianMixture WITH model.n_components = 3 INTO segments;
SELECT * FROM customers
TO PREDICT segmented.segment WITH predict.extra_outputs = "distance" USING segments;
