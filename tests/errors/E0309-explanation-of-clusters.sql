SELECT * FROM iris TO TRAIN sklearn.cluster.KMeans INTO iris_clusters;
SELECT * FROM iris TO EXPLAIN iris_clusters;
