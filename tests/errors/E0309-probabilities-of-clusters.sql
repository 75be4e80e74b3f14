SELECT * FROM customers TO TRAIN sklearn.cluster.KMeans WITH model.n_clusters = 3 INTO segments;
SELECT * FROM customers
TO PREDICT segmented.segment WITH predict.extra_outputs = "distance, probability" USING segments;
